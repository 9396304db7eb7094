"""The table of operations on arrays: values and slopes of all members at once, by NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from math import copysign, inf, isfinite, nan
from typing import Any

import numpy

from backprop.chain.walk import NOTHING, Operand, Texts
from backprop.loops.domains import Reals
from backprop.numerics import inside, power
from backprop.operations import CONSTANTS, OPERATIONS
from backprop.row import COMPARISON
from backprop.syntax import functions
from backprop.syntax.fold import fold
from backprop.syntax.functions import TINY
from backprop.syntax.parser import formula

Spread = Operand[Reals]
"""One number for all combinations of indices, or one for each."""

_EXACT: Mapping[str, Any] = {
    "llvm.sqrt": numpy.sqrt,
    "llvm.fabs": numpy.abs,
    "llvm.floor": numpy.floor,
    "llvm.ceil": numpy.ceil,
    "llvm.roundeven": numpy.rint,
}
"""Functions of NumPy, by what LLVM calls them, that have the same bits everywhere."""

_PLAIN: Mapping[str, Any] = {
    "+": numpy.add,
    "-": numpy.subtract,
    "*": numpy.multiply,
    "/": numpy.divide,
}
"""Operations of the processor, which keeps a mark of what is too small."""


class ArrayWriter(Texts[Reals]):
    """Computes values and slopes of arrays. more: added, with its sign, to what is too small for a
    double. small: whether something was too small for a double, and so has lost digits. steps: how
    recurrences of single steps are gone through, one of `loop_code.WRITERS`."""

    steps = ""

    def __init__(self, more: float = 0.0) -> None:
        self.more = more
        self.small = False
        self.wanted: Sequence[bool] = ()
        """Of which operands slopes are asked for next, if not of all."""

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Within it the processor's mark is read after each operation on arrays."""
        with numpy.errstate(all="ignore", under="call", call=self._mark):
            yield

    def _mark(self, *_: object) -> None:
        self.small = True

    def value(self, name: str, operands: Sequence[Spread]) -> Spread:
        """The value of an operation."""
        if name in _PLAIN and not self.more:
            result: Spread = _PLAIN[name](operands[0], operands[1])
            return result
        if all(isinstance(each, float) for each in operands):
            found: Spread = functions.value(name)(*operands)
        else:
            found = _function(name)(self, *operands)
        return self.kept(name, found, operands)

    def kept(self, name: str, found: Spread, operands: Sequence[Spread]) -> Spread:
        """A value, looked at whether it has lost digits."""
        if not functions.can_vanish(name):
            return found
        if isinstance(found, float):
            small = -TINY < found < TINY and (found or all(map(numpy.all, operands)))
            self.small |= bool(small)
            return found + copysign(self.more, found) if small else found
        lost = numpy.abs(found) < TINY
        if not lost.any():
            return found
        made = found != 0
        lost &= made | numpy.logical_and.reduce(numpy.broadcast_arrays(*operands), axis=0)
        if lost.any():
            self.small = True
            if self.more:
                found = numpy.where(lost, found + numpy.copysign(self.more, found), found)
        return found

    def slopes(self, name: str, operands: Sequence[Spread], out: Spread) -> tuple[Spread, ...]:
        row = OPERATIONS[name]
        names = {**dict(zip(row.operands, operands, strict=True)), "out": out}
        wanted, self.wanted = self.wanted or [True] * len(operands), ()
        pairs = zip(self.texts(row, out), wanted, strict=True)
        return tuple(self.text(text, names) if asked else 0.0 for text, asked in pairs)

    def text(self, text: str, names: Mapping[str, Spread]) -> Spread:
        function, own = _compiled(text)
        return function(self, *[names[name] for name in own])

    def used(self, slope: Spread, name: str, numbers: Sequence[Spread], at: int) -> Spread:
        """A slope, looked at as a value is."""
        if functions.can_be_lost(name)[at] and not isinstance(slope, float):
            return self.kept("*", slope, numbers)
        return slope

    def product(self, gradient: Spread, slope: Spread, careful: bool) -> Spread:
        """Gradient times slope; careful: NOTHING where the gradient is."""
        found = self.value("*", [gradient, slope])
        if not careful:
            return found
        if isinstance(found, float):
            return gradient if is_nothing(gradient) else found + 0.0
        return numpy.where(is_nothing(gradient), NOTHING, numpy.add(found, 0.0))

    def branch(self, gradient: Spread, slope: Spread) -> Spread:
        if isinstance(slope, float):
            return gradient if slope else NOTHING
        return numpy.where(slope != 0, gradient, NOTHING)

    def gathered(self, share: Spread) -> Spread:
        """What comes to the terms of what is gathered."""
        return share

    def arrived(self, gradient: Spread) -> Spread:
        return gradient + 0.0


def is_nothing(gradient: Spread) -> Any:
    """Where no gradient has arrived."""
    return (numpy.asarray(gradient) == 0) & numpy.signbit(gradient)


def finite(numbers: Spread) -> bool:
    """Whether all are finite."""
    if isinstance(numbers, float):
        return isfinite(numbers)
    with numpy.errstate(all="ignore"):
        total = numbers.sum()  # a fifth of the time of looking at each
    return bool(numpy.isfinite(total)) or bool(numpy.isfinite(numbers).all())


def norm(numbers: Reals) -> float:
    """The root of the sum of the squares, which may be beyond doubles; inf and nan are left out."""
    sizes = numpy.abs(numbers[numpy.isfinite(numbers)])
    largest = float(sizes.max(initial=0.0))
    return largest * float(numpy.sqrt(numpy.square(sizes / largest).sum())) if largest else 0.0


@cache
def _compiled(text: str) -> tuple[Callable[..., Spread], tuple[str, ...]]:
    """A formula of the table as a function of a writer and of numbers for its names, and these."""
    return compiled(text, called)


def called(operation: str, operands: Sequence[str]) -> str:
    """The call of an operation, as Python."""
    return f"writer.value({operation!r}, ({', '.join(operands)},))"


def compiled(
    text: str, apply: Callable[[str, list[str]], str]
) -> tuple[Callable[..., Spread], tuple[str, ...]]:
    """As `_compiled`. apply: writes an operation, as `called` does."""
    own: dict[str, None] = {}

    def name(word: str) -> str:
        if word in CONSTANTS:
            return repr(CONSTANTS[word])
        own[word] = None
        return word

    code = fold(formula(text), lambda number: repr(float(number)), name, apply)
    scope: dict[str, Any] = {"inf": inf, "nan": nan}
    function: Callable[..., Spread] = eval(f"lambda writer, {', '.join(own)}: {code}", scope)
    return function, tuple(own)


@cache
def _function(name: str) -> Callable[..., Spread]:
    """The value of an operation as a function of a writer and the operands."""
    row = OPERATIONS[name]
    if row.chooses:
        return _chosen
    if plain := _PLAIN.get(name):
        return lambda _, x, y: plain(x, y)
    if name == "neg":
        return lambda _, x: numpy.negative(x)
    if name == "copy":
        return lambda _, x: x
    if row.binding == COMPARISON:
        compare = _COMPARED[name]
        return lambda _, x, y: compare(x, y).astype(float)
    if isinstance(row.value, str) or "(" in row.machine:
        text = row.value if isinstance(row.value, str) else row.machine
        return lambda writer, *numbers: writer.text(
            text, dict(zip(row.operands, numbers, strict=True))
        )
    # NumPy's own exp, tanh, … are off by another last digit than those of single numbers
    exactly = _EXACT.get(row.machine)

    def computed(writer: ArrayWriter, *numbers: Spread) -> Spread:
        names = dict(zip(row.operands, numbers, strict=True))
        if name == "^" and isinstance(numbers[1], float) and numbers[1] in (1, 2):
            base = numpy.asarray(numbers[0])
            return base if numbers[1] == 1 else _squared(base)
        if not exactly:
            return _one_by_one(row.value, numbers)
        out = numpy.asarray(exactly(*numbers), dtype=float)
        return writer.text(row.mended, {**names, "out": out}) if row.mended else out

    return computed


_SOME = 1 << 16
"""So many numbers are looked at at a time where that takes more memory than they do."""


def _one_by_one(function: Any, numbers: Sequence[Spread]) -> Reals:
    """What a function of single numbers makes of arrays."""
    arrays = [each.reshape(-1) for each in numpy.broadcast_arrays(*numbers)]
    found = numpy.empty(arrays[0].size)
    for at in range(0, len(found), _SOME):
        lists = [each[at : at + _SOME].tolist() for each in arrays]
        try:
            some = numpy.fromiter(map(inside(function), *lists), float, len(lists[0]))
        except (ValueError, OverflowError):
            some = numpy.fromiter(map(function, *lists), float, len(lists[0]))
        found[at : at + _SOME] = some
    return found.reshape(numpy.broadcast_shapes(*map(numpy.shape, numbers)))


def _squared(numbers: Reals) -> Reals:
    """`_squared_all`, some at a time: the arrays in between are many."""
    if len(numbers) <= _SOME:
        return _squared_all(numbers)
    found = numpy.empty(len(numbers))
    for at in range(0, len(numbers), _SOME):
        found[at : at + _SOME] = _squared_all(numbers[at : at + _SOME])
    return found


def _squared_all(numbers: Reals) -> Reals:
    """What math.pow makes of numbers and 2: x*x, or the other double near it where the square lies
    nearly half way between two; it is a few hundredths of their distance off at most."""
    with numpy.errstate(all="ignore"):
        found = numbers * numbers
        large = numbers * 134217729.0  # 2^27 + 1: Dekker's product, without rounding
        high = large - (large - numbers)
        low = numbers - high
        apart = ((high * high - found) + 2 * high * low) + low * low
        sure = numpy.abs(apart) < 0.45 * numpy.spacing(found)
        sure &= (found > 1e-280) & (found < 1e280)
    if not sure.all():
        found[~sure] = _one_by_one(power, [numbers[~sure], 2.0])
    return found


def _chosen(_: ArrayWriter, condition: Spread, taken: Spread, other: Spread) -> Spread:
    return numpy.where(numpy.not_equal(condition, 0), taken, other)


_COMPARED = {
    "<": numpy.less,
    "<=": numpy.less_equal,
    ">": numpy.greater,
    ">=": numpy.greater_equal,
    "==": numpy.equal,
    "!=": numpy.not_equal,
}
