"""What random inputs are chosen from: whole numbers, simple fractions, and numbers such as log(2) - 6 at
which functions have short values."""

from collections.abc import Collection, Sequence
from functools import cache
from math import floor, inf, isfinite, log, log10
from random import Random
from typing import NamedTuple, TypeVar

from backprop.graph import in_order
from backprop.language import Model
from backprop.language.declarations import default
from backprop.numbers import rounded
from backprop.operations import OPERATIONS
from backprop.quizzes.asked_numbers import AskedNumbers
from backprop.quizzes.tidy_numbers import TidyInput, count_digits, plain
from backprop.syntax import functions
from backprop.values import forward

T = TypeVar("T")

WIDTHS = 4
"""How many sets of numbers there are to choose from, each larger than the one before it."""

_SHORT = 3
"""A point where a function is tidy has a value and slopes of so many digits."""
_LOGARITHMS = (
    "2", "3", "4", "5", "6", "7", "8", "9", "10", "12", "15", "16", "19", "20", "24", "25", "1.5", "2.5",
)  # fmt: skip
_SMALL = tuple(range(2, 10))
_FEW = 8
"""Of fewer numbers within bounds there are others to look for."""
_FARTHEST = 60.0
_OPERANDS = 3
"""Of so many functions the operands are brought to where they have short values in one go."""


class Target(NamedTuple):
    """A number at which a function has a short value, and how it is written: `log(2)`, "" for itself."""

    number: float
    text: str


class Choices:
    """The numbers that each input may take.

    vary: constants that are chosen as well. kept: inputs that are not. varying: the inputs that are chosen.
    """

    def __init__(
        self, model: Model, asked: AskedNumbers, vary: Collection[str], kept: Collection[str]
    ) -> None:
        graph = asked.graph
        self.model, self.asked = model, asked
        leads = {*graph.inputs}
        self.varying = [
            name
            for name in model.inputs
            if model.names[name] in leads
            and name not in kept
            and (name in vary or not (name in model.held and name in model.defaults))
        ]
        self._domains: dict[tuple[str, int], list[TidyInput]] = {}
        self._targets = self._find_targets()
        self._leading: dict[int, list[int]] = {}

    def _find_targets(self) -> dict[str, list[tuple[int, Sequence[Target]]]]:
        """For each input the operands of functions that it leads to, and where these have short values."""
        graph, found = self.asked.graph, dict[str, list[tuple[int, Sequence[Target]]]]()
        named = {node: name for name, node in self.model.names.items()}
        above: dict[int, set[int]] = {}
        for node in graph.order:
            own = {node} if node in graph.inputs else set[int]()
            above[node] = own.union(*(above[each] for each in graph.operands(node)))
        for step in sorted(self.asked.functions):
            operands = [each for each in graph.operands(step) if not graph.is_number(each)]
            unary = OPERATIONS[graph.op(step)].arity == 1 and len(operands) == 1
            targets = tidy_points(graph.op(step)) if unary else ()
            if not targets:
                continue
            for node in sorted(above[operands[0]]):
                found.setdefault(named[node], []).append((operands[0], targets))
        return found

    def domain(self, name: str, width: int) -> list[TidyInput]:
        """The numbers for an input, within its bounds. width: below WIDTHS, 0 for the fewest."""
        key = name, width
        if key not in self._domains:
            low, high = self.model.bounds.get(name, (-inf, inf))
            usual = self._usual(name)
            numbers = [each for each in _scaled(usual, width) if low < each < high]
            if (
                name in self.model.held and usual
            ):  # what is known stays what it is: a share, a length
                numbers = [each for each in numbers if each * usual > 0]
            if len(numbers) < _FEW and isfinite(low) and isfinite(high):
                numbers = sorted({*numbers, *_between(low, high, width)})
            self._domains[key] = [TidyInput(each) for each in numbers if low <= each <= high]
        return self._domains[key]

    def _usual(self, name: str) -> float:
        """The number of the file, 0 where it has none."""
        root = self.model.defaults.get(name)
        return 0.0 if root is None else default(self.model.columns, root)

    def solved(self, name: str, numbers: dict[str, TidyInput], random: Random) -> list[TidyInput]:
        """Numbers for an input that bring the operand of a function to where it has a short value."""
        found: list[TidyInput] = []
        low, high = self.model.bounds.get(name, (-inf, inf))
        leaf = self.model.names[name]
        reached = self._targets.get(name, ())
        if len(reached) > _OPERANDS:
            reached = [pick(random, reached) for _ in range(_OPERANDS)]
        for operand, targets in reached:
            slope, rest = (1.0, 0.0) if operand == leaf else self._linear(name, operand, numbers)
            if abs(slope) != 1 or not (rest == 0 or count_digits(rest)):
                continue
            for _ in range(3):
                target = pick(random, targets)
                chosen = _put(target, slope, rest)
                if low <= chosen <= high and 0 < abs(chosen) < _FARTHEST:
                    found.append(chosen)
        return found

    def _linear(
        self, name: str, operand: int, numbers: dict[str, TidyInput]
    ) -> tuple[float, float]:
        """The slope and the start of an operand as a line over an input; a slope of 0 if it is none."""
        if operand not in self._leading:
            steps = in_order([operand], self.asked.graph.operands)
            self._leading[operand] = [each for each in steps if self.asked.graph.is_step(each)]
        start, at = self.asked.start(numbers), list[float]()
        for number in (0.0, 1.0, 3.0):
            start[self.model.names[name]] = number
            forward(self.asked.graph, self._leading[operand], start)
            at.append(start[operand])
        slope = round(at[1] - at[0], 9)
        if not all(map(isfinite, at)) or abs(at[2] - at[0] - 3 * slope) > 1e-9:
            return 0.0, 0.0
        return slope, rounded(at[0], 12)


def _put(target: Target, slope: float, rest: float) -> TidyInput:
    """The number x at which slope*x + rest is the target, for a slope of 1 or -1."""
    whole = -rest / slope + 0.0
    if not target.text:
        return TidyInput(rounded((target.number - rest) / slope, 12))
    sign = target.text.startswith("-") != (slope < 0)
    logarithm = target.text.lstrip("-")
    number = whole + (-1 if sign else 1) * abs(target.number)
    if not whole:
        return TidyInput(number, f"-{logarithm}" if sign else logarithm)
    if sign:
        return TidyInput(number, f"{plain(whole)} - {logarithm}")
    if whole < 0:
        return TidyInput(number, f"{logarithm} - {plain(-whole)}")
    return TidyInput(number, f"{plain(whole)} + {logarithm}")


@cache
def tidy_points(name: str) -> tuple[Target, ...]:
    """Where a function of one operand, and its slope, are short numbers: of tanh at log(2)."""
    points = [Target(float(number), "") for number in (*range(-20, 21), 25, 36, 49, 64, 100)]
    points += [Target(number / 4, "") for number in range(1, 40) if number % 4]
    for text in _LOGARITHMS:
        points += [
            Target(log(float(text)), f"log({text})"),
            Target(-log(float(text)), f"-log({text})"),
        ]
    value, slopes = functions.value(name), functions.slopes(name)
    return tuple(each for each in points if _is_short(each.number, value, slopes))


def _is_short(
    number: float, value: functions.Function, slopes: Sequence[functions.Function]
) -> bool:
    found = value(number)
    numbers = [found, *(slope(number, found) for slope in slopes)] if isfinite(found) else [found]
    return all(
        isfinite(each) and 0.001 < abs(each) < 1000 and 0 < count_digits(each) <= _SHORT
        for each in numbers
    )


def _scaled(usual: float, width: int) -> list[float]:
    """Numbers of the size of a usual one, of both signs."""
    usual = usual if isfinite(usual) else 0.0
    whole = usual == round(usual) or count_digits(usual) == 0
    size = floor(log10(abs(usual))) if usual else 0
    if (whole and abs(usual) < 20) or abs(size) > 12:
        found = [float(each) for each in _SMALL]
        if width > 0:
            found += [each + 0.5 for each in range(10)] + [10.0, 12.0, 15.0, 20.0]
        if width > 1:
            found += [each / 4 for each in range(1, 20, 2)] + [11.0, 13.0, 14.0, 16.0, 18.0]
        if width > 2:
            found += [each / 10 for each in range(1, 100) if each % 5]
    else:
        unit = 10.0**size
        found = [rounded(each * unit, 6) for each in (*_SMALL, 1.5, 2.5, 3.5, 4.5)]
        if width > 0:
            found += [rounded(each / 10 * unit, 6) for each in range(11, 100) if each % 5]
        if width > 1:
            found += [rounded(each * unit, 6) for each in (0.5, 0.6, 0.8, 12, 15, 20)]
    return sorted({*found, *(-each for each in found)})


def _between(low: float, high: float, width: int) -> list[float]:
    """Short numbers within bounds."""
    unit = 10.0 ** floor(log10((high - low) / 8)) if high > low else 1.0
    step = (
        unit
        if width
        else next(each for each in (5 * unit, 2 * unit, unit) if (high - low) / each >= 8)
    )
    first, last = floor(low / step) + 1, floor(high / step)
    numbers = [rounded(each * step, 6) for each in range(first, min(last + 1, first + 400))]
    return [each for each in numbers if low < each < high and each not in (0, 1, -1)]


def pick(random: Random, some: Sequence[T]) -> T:
    """One of them. Only `random()` is the same for a seed in every version of Python."""
    return some[int(random.random() * len(some))]
