"""What `backprop hessian` has to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from sys import float_info
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backprop.errors import BackpropError, TooLarge
from backprop.evaluation.curvature import MOST, Curving, Leaning
from backprop.evaluation.hessian_matrix import Curved
from backprop.language import Model
from backprop.numbers import few, listed, shown
from backprop.report import SCHEMA, Column, Table
from backprop.report.matrix import counted, derivatives, fits, no_inputs, refuse
from backprop.showing import Shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEW = 8
"""The most names in a direction that a sentence lists."""

_DIGITS = 6
"""Of numbers in sentences."""


_SOLVED = 8 * float_info.epsilon
"""What the rounding of their computation leaves of eigenvalues that are 0, relative to the largest and to
how many there are."""

_DENSE = 3000
"""The most inputs whose matrix is kept: 72 MB."""


def room(model: Model, names: Sequence[str], large: bool) -> None:
    """Raise TooLarge if there is no room for the matrix of these inputs. large: whether it needs to fit
    on no page."""
    count = len(names)
    part = f'or a part of it: --wrt "{listed(names, 2)}"'
    if count > _DENSE:
        message = f"a matrix of {count:,} by {count:,} second derivatives is too large to be kept"
        parts = "those that can be other than 0: --sparse", "or --diagonal, or --times a direction"
        raise TooLarge(message, hints=[*parts, part], where=model.source.name)
    if not large and not fits((count, count)):
        raise refuse("the Hessian", (count, count), part)


class _Hessian(NamedTuple):
    found: Curved
    declared: Mapping[str, Any] = MappingProxyType({})
    whole: bool = False
    digits: int = _DIGITS

    def __repr__(self) -> str:
        name = self.found.gradient.output
        by = counted(len(self.found.inputs), "input")
        return f"Hessian({name} by {by}, {self.found.curvature.verdict})"


class Hessian(Shown, _Hessian):
    """The result of `Model.hessian`, and what `backprop hessian` has to say: a matrix of second
    derivatives. declared: what the JSON has of the file. whole: whether a table has it, however
    large it is. digits: of numbers in sentences."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the n inputs."""
        return self.found.inputs

    @property
    def value(self) -> float:
        """Of the output."""
        return self.found.gradient.value

    @property
    def gradient(self) -> NDArray[np.float64]:
        """By the inputs: float64, shape (n,)."""
        return np.array(self._slopes())

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The derivatives by an input and another: float64, shape (n, n); nan where there is none."""
        found: NDArray[np.float64] = self.found.matrix
        return found

    @property
    def eigenvalues(self) -> NDArray[np.float64] | None:
        """From the lowest on: float64, shape (n,); None where the matrix has none."""
        found: NDArray[np.float64] | None = self.found.curvature.eigenvalues
        return found

    @property
    def verdict(self) -> str:
        """What kind of point this is, as `evaluation.curvature.Curving` has it."""
        return self.found.curvature.verdict

    @property
    def warnings(self) -> Sequence[BackpropError]:
        return self.found.warnings

    @property
    def notes(self) -> Sequence[BackpropError]:
        return self.found.notes

    def table(self) -> Table:
        """A row an input: its number, its gradient, and its second derivatives with each input; of
        many inputs that by itself alone."""
        if not self.whole and not fits(self.matrix.shape):
            return self._diagonal()
        columns = [*self._first(), *derivatives(self.inputs, self.matrix)]
        return Table(columns, heads=self._heads(), tail=self._words())

    def _words(self) -> list[str]:
        bounds = at_bounds(self.found, self.declared, self.digits)
        return [*words(self.found, self.digits, bool(bounds)), *bounds]

    def _diagonal(self) -> Table:
        numbers = self.found.matrix.diagonal().tolist()
        columns = [*self._first(), Column("second", numbers)]
        size = len(self.found.inputs)
        more = f"the matrix itself, {size} by {size}, is .matrix"
        return Table(columns, heads=self._heads(), tail=[*self._words(), more])

    def records(self) -> list[Column]:
        """One row for each input: name, data, grad, and a column for each input."""
        both = zip(self.inputs, self.matrix.T.tolist(), strict=True)
        return [*self._first(), *(Column(name, numbers) for name, numbers in both)]

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object; the README has its shape."""
        found, gradient = self.found, self.found.gradient
        eigenvalues = found.curvature.eigenvalues
        notes = {"notes": [*map(str, found.notes)]} if found.notes else {}
        yield {
            "schema": SCHEMA,
            "output": gradient.output,
            "value": gradient.value,
            "inputs": [*found.inputs],
            "gradient": self._slopes(),
            "hessian": found.matrix.tolist(),
            "eigenvalues": None if eigenvalues is None else eigenvalues.tolist(),
            "verdict": found.curvature.verdict,
            "data": gradient.data,
            **self.declared,
            **notes,
        }

    def _heads(self) -> list[tuple[str | float, ...]]:
        return [(f"{self.found.gradient.output} = ", self.found.gradient.value)]

    def _slopes(self) -> list[float]:
        gradients = self.found.gradient.gradients
        return [gradients.get(name, 0.0) for name in self.found.inputs]

    def _first(self) -> list[Column]:
        names = self.found.inputs
        return [
            Column("name", names, "name"),
            Column("data", [self.found.gradient.data.get(name) for name in names]),
            Column("grad", self._slopes()),
        ]


def words(found: Curved, digits: int = _DIGITS, bounded: bool = False) -> list[str]:
    """The eigenvalues, and what they say of the point, in sentences, with numbers of so many digits.
    bounded: whether another sentence follows that says what bounds change."""
    said = found.curvature
    if said.verdict == "no inputs":
        return [no_inputs(found.gradient.output)]
    if said.verdict == "too many inputs":
        return [f"no eigenvalues: they are computed of up to {MOST:,} inputs"]
    if said.verdict == "not smooth":
        if np.isinf(found.matrix).any():
            return [
                "second derivatives are not finite here, and do not tell what kind of point this is"
            ]
        return ["not smooth here: second derivatives do not tell what kind of point this is"]
    verdict = _verdict(said, found.inputs, _zero(found, digits), digits)
    if bounded and verdict.startswith("no "):
        verdict = f"without bounds {verdict}"
    return [*_eigenvalues(said, digits), verdict]


def at_bounds(found: Curved, declared: Mapping[str, Any], digits: int) -> list[str]:
    """What bounds of the file change of what second derivatives say, in a sentence: inputs that stand at
    theirs, where the output goes on beyond. declared: what the JSON has of the file."""
    bounds, gradient = declared.get("bounds", {}), found.gradient
    sign = -1.0 if "maximize" in declared.get("goal", {}) else 1.0
    slopes = sign * np.array([gradient.gradients.get(name, 0.0) for name in found.inputs])
    held = np.zeros(len(slopes), bool)
    for at, name in enumerate(found.inputs):
        low, high = bounds.get(name, (-np.inf, np.inf))
        number = gradient.data.get(name)
        held[at] = (number == low and slopes[at] > 0) or (number == high and slopes[at] < 0)
    if not held.any():
        return []
    names = [name for name, is_held in zip(found.inputs, held, strict=True) if is_held]
    what = few([f"{name} = {shown(gradient.data[name], digits)}" for name in names], 3)
    goes, kind = ("rises", "maximum") if sign < 0 else ("falls", "minimum")
    stands = "stands at its bound" if len(names) == 1 else "stand at their bounds"
    free = sign * found.matrix[~held][:, ~held]
    rest = not slopes[~held].any() and np.isfinite(free).all()
    if rest and (held.all() or np.linalg.eigvalsh(free).min() > found.curvature.error):
        end = f"within the bounds this is a {kind}"
    else:
        end = "within the bounds descend tells what this is"
    return [f"{what} {stands}, beyond which {gradient.output} {goes}: {end}"]


def _eigenvalues(said: Curving, digits: int) -> list[str]:
    if said.eigenvalues is None:
        return []
    numbers = said.eigenvalues.tolist()
    if len(numbers) == 1:
        return []
    solved = _SOLVED * len(numbers) * max(map(abs, numbers))
    for at in sorted(range(len(numbers)), key=lambda at: abs(numbers[at]))[: said.signs[1]]:
        if abs(numbers[at]) <= solved:
            numbers[at] = 0.0
    if not fits((len(numbers), len(numbers))):
        ends = f"from {shown(numbers[0], digits)} to {shown(numbers[-1], digits)}"
        return [f"{len(numbers)} eigenvalues {ends}"]
    return ["eigenvalues: " + ", ".join(shown(each, digits) for each in numbers)]


_SMALL = 1e-6
"""A gradient that changes the output by a smaller part of it, if the inputs change by as much as they are, is
called 0 where it may be that."""


def _zero(found: Curved, digits: int) -> str:
    """How a gradient is called that counts as 0."""
    said, of = found.curvature, found.gradient
    if said.below:
        way = {"minimum": "fall", "maximum": "rise"}.get(said.verdict, "fall or rise")
        return f"what {of.output} could still {way} is below its rounding"
    reach = sum(abs(of.data[name] * of.gradients.get(name, 0.0)) for name in found.inputs)
    if reach <= _SMALL * abs(of.value) or said.norm <= _SMALL:
        return "the gradient is 0"
    return f"the gradient, of length {shown(said.norm, digits)}, is no more than its rounding"


def _verdict(said: Curving, names: Sequence[str], zero: str, digits: int) -> str:
    """What kind of point this is, or why that is not known. zero: as of `_zero`."""
    down, _, up = said.signs
    everywhere = " in all directions" if len(names) > 1 else ""
    length = f"the gradient is not 0, its length is {shown(said.norm, digits)}"
    ways = few([_way(each, names) for each in said.flat], 3) if said.flat else ""
    match said.verdict:
        case "minimum" | "maximum":
            bent = "up" if said.verdict == "minimum" else "down"
            return f"a {said.verdict}: {zero}, and the output curves {bent}{everywhere}"
        case "saddle":
            return f"a saddle: {zero}, and the output curves {_both(down, up, said, ways)}"
        case "curved both ways":
            return f"{length}; the output curves {_both(down, up, said, ways)}"
        case "curved up" | "curved down":
            bent, point = ("up", "minimum") if up else ("down", "maximum")
            near = ""
            if said.step and all(map(isfinite, said.step)):
                far, lower = (shown(abs(each), digits) for each in said.step)
                which = "lower" if up else "higher"
                near = f"; the {point} of its parabola is {far} away, {lower} {which}"
            return f"no {point}: {length}; the output curves {bent}{everywhere}{near}"
        case "flat":
            rest = "a minimum" if up else "a maximum" if down else "a minimum, a maximum or neither"
            other = f", curved {'up' if up else 'down'} otherwise" if up or down else ""
            if said.stationary:
                end = f"second derivatives do not tell whether this is {rest}"
                return f"flat along {ways}{other}: {zero}, and {end}"
            return f"{length}; straight along {ways}{other}"
    if not isfinite(said.error):
        return "cannot tell: rounding: nobody knows how far it moves numbers"
    what = f"along {ways} the second derivatives are as small as their rounding"
    size = f", up to {shown(said.error, 1)}" if said.error else ""
    end = "" if said.stationary else f"; {length}"
    return f"cannot tell: rounding: {what}{size}{end}"


def _both(down: int, up: int, said: Curving, ways: str) -> str:
    """`up in 2 directions and down in 1, and is flat along c`."""
    many = "direction" if up == 1 else "directions"
    is_flat = "by no more than its rounding" if said.lost else "is flat"
    rest = f", and {is_flat} along {ways}" if ways else ""
    return f"up in {up} {many} and down in {down}{rest}"


def _way(way: Leaning, names: Sequence[str]) -> str:
    """`a - 0.5*b`."""
    text = ""
    for place, part in list(way.items())[:_FEW]:
        size = "" if shown(abs(part), 3) == "1" else f"{shown(abs(part), 3)}*"
        sign = " - " if part < 0 else " + " if text else ""
        text += f"{sign}{size}{names[place]}"
    return text + (" + …" if len(way) > _FEW else "")
