"""Random numbers for inputs at which everything that can be asked is tidy.

Tidy is a number between 0.001 and 10,000 in size that is exact with at most 6 significant digits; one that a
function such as exp or sqrt has a part in may be asked in 4 digits instead, see `tidy_numbers`. A point is
tidy if all its values, derivatives of single equations, shares and gradients are, if nothing stands at a
corner or at a jump, if nothing is 0 but behind a gate that is shut, and some gradient by an input is not 0.

Inputs are whole numbers of both signs, but 0, 1 and -1, which hide mistakes: a product with 1 looks like a
sum with 0. Where whole numbers are not enough, simple fractions, in the size of the file's numbers; where
exp, tanh or sigmoid stand, numbers such as log(2) - 6 as well, at which these have short values. Two inputs
differ in size if they can. Bounds hold; what is const, or decides indices and ranges, keeps its number.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import log10
from random import Random
from types import MappingProxyType
from typing import NamedTuple

from backprop.errors import BadOption
from backprop.language import Model
from backprop.numbers import few
from backprop.numbers import rounded as rounded_to
from backprop.quizzes.asked_numbers import AskedNumber, AskedNumbers, numbers_of
from backprop.quizzes.input_choices import WIDTHS, Choices, pick
from backprop.quizzes.tidy_numbers import LEAST, MOST, TidyInput, count_digits, fault

_UGLY, _WORST = 40.0, 1e6
_ALIKE = 6.0
_SWEEPS = 3
_STARTS = 6
_VAIN, _VAIN_ALONE = 40, 12
"""After so many tries in vain there is no hope of another point, or of a single one."""
_PATIENCE, _PATIENCE_ALONE, _MORE = 2_000_000, 330_000, 60_000
"""So many numbers are looked at, and so many more for each point that is found. How many points are asked
for makes no difference: as many as an error says there are can be had."""
_AHEAD = 12
"""Where numbers are rounded at all points so far, so many more are looked at: at another one fewer may be."""
_TRIED = 14
"""The most numbers of an input that are tried in one go."""


class TidyPoint(NamedTuple):
    """Inputs at which all is tidy. rounded: how many of the numbers are asked in 4 digits. answers: all that
    can be asked for, by which points are told apart."""

    inputs: Mapping[str, TidyInput]
    rounded: int
    answers: tuple[float, ...]


def is_tidy(model: Model, output: str | None, inputs: Mapping[str, float]) -> bool:
    """Whether all that can be asked is tidy where inputs have these numbers, others those of the file."""
    return not untidy(model, output, inputs)


def untidy(model: Model, output: str | None, inputs: Mapping[str, float]) -> dict[str, str]:
    """What is not tidy there, each with its fault: `{"∂L/∂v": "no short number"}`."""
    asked = AskedNumbers(model, model.output(output))
    data = asked.data(numbers_of(model, inputs))
    found = {
        each.name: wrong
        for each in (*asked.values(data), *asked.derivatives(data))
        if (wrong := fault(*each[1:]))
    }
    return found or asked.spoiled(data)


def tidy_inputs(
    model: Model,
    output: str | None,
    random: Random,
    vary: Sequence[str] = (),
    kept: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, float]:
    """Random numbers for the inputs that are not const at which all that is asked is tidy.

    The numbers are floats that have a `text`, which the language reads: `log(2) - 6`. vary: names that are
    const and yet to be chosen. kept: the numbers of inputs that are not. The same `random` gives the same
    numbers in every process and version of Python. Raises BadOption, ChooseOutput, UnknownName,
    MissingInputs.
    """
    [found] = _Search(model, model.output(output), random, vary, kept).different(1)
    return dict(found.inputs)


def tidy_others(
    model: Model, output: str, count: int, random: Random, kept: Mapping[str, float]
) -> list[dict[str, float]]:
    """So many different ones as of `tidy_inputs`, whole numbers first, though more numbers are rounded.
    Raises BadOption where there are fewer."""
    return [dict(each.inputs) for each in _Search(model, output, random, (), kept).first(count)]


def tidy_variants(
    model: Model,
    output: str | None,
    count: int,
    random: Random,
    vary: Sequence[str] = (),
    kept: Mapping[str, float] = MappingProxyType({}),
) -> list[TidyPoint]:
    """So many points as of `tidy_inputs`, no two with the same answers, of which as few numbers as possible
    are rounded, and of all about as many.

    Where what is const leaves too few of them, or only with more numbers that are rounded, it is chosen as
    well, unless `vary` names some. Raises BadOption, which says how many there are.
    """
    output, found = model.output(output), list[TidyPoint]()
    try:
        found = _Search(model, output, random, vary, kept).different(count)
        rounded = [each.rounded for each in found]
        if max(rounded) == min(rounded):
            return found
    except BadOption:
        if vary or not model.constants:
            raise
    every = () if vary else [name for name in model.inputs if name in model.held]
    try:
        others = _Search(model, output, random, every, kept).different(count) if every else found
    except BadOption:
        if not found:
            raise
        others = found
    most = max(each.rounded for each in others)
    return others if not found or most < max(each.rounded for each in found) else found


class _Search:
    """Looks for tidy points: from random ones, input by input to what is tidier."""

    def __init__(
        self,
        model: Model,
        output: str,
        random: Random,
        vary: Sequence[str],
        kept: Mapping[str, float],
    ) -> None:
        self._model, self._random = model, random
        self._asked = AskedNumbers(model, output)
        self._choices = Choices(model, self._asked, vary, kept)
        self._varying = self._choices.varying
        known = numbers_of(model, {**kept, **dict.fromkeys(self._varying, 2.0)})
        self._start = {name: TidyInput(number) for name, number in known.items()}
        self._faults: dict[str, int] = {}
        self._left = 0

    def different(self, count: int) -> list[TidyPoint]:
        """So many different points; see `tidy_variants`."""
        if not self._varying:
            hints = ["let some of its constants vary: --vary NAMES"]
            raise BadOption("these equations have no input that is not const", hints=hints)
        found: dict[tuple[float, ...], TidyPoint] = {}
        self._left = _PATIENCE if count > 1 else _PATIENCE_ALONE
        for width in range(WIDTHS):
            for point in self._points(width, count):
                found.setdefault(point.answers, point)
                least = min(each.rounded for each in found.values())
                exact = sum(each.rounded == least for each in found.values())
                if exact >= count and (not least or len(found) >= count + _AHEAD):
                    break
                if len(found) >= 2 * count and exact <= count // 4:
                    break
            if chosen := self._fewest_rounded(found, count, width):
                return chosen
        raise self._too_few(len(found), count)

    def first(self, count: int) -> list[TidyPoint]:
        """So many different points, the first ones that there are."""
        found: dict[tuple[float, ...], TidyPoint] = {}
        self._left = _PATIENCE
        for width in range(WIDTHS):
            for point in self._points(width, count):
                found.setdefault(point.answers, point)
                if len(found) == count:
                    return [*found.values()]
        raise self._too_few(len(found), count)

    def _fewest_rounded(
        self, found: Mapping[tuple[float, ...], TidyPoint], count: int, width: int
    ) -> list[TidyPoint]:
        """The first of them of which few numbers are rounded; [] if wider choices may give fewer."""
        points = [*found.values()]
        rounded = sorted(each.rounded for each in points)
        if len(points) < count:
            return []
        exact = sum(each == rounded[0] for each in rounded)
        # a few that happen to be exact among many are no reason to look for more of them
        if count // 4 < exact < count and width + 1 < WIDTHS:
            return []
        most = rounded[count - 1]
        return [each for each in points if each.rounded <= most][:count]

    def _points(self, width: int, count: int) -> Iterator[TidyPoint]:
        """Tidy points; ends when there have been too many tries in vain. Where there are few inputs to
        choose among, each is looked at."""
        every = self._every(width)
        if every is not None:
            for numbers in every:
                if point := self._tidy(numbers):
                    yield point
        seen = set[tuple[float, ...]]()
        vain = 0
        while vain < (_VAIN if count > 1 else _VAIN_ALONE) and self._left > 0:
            point = self._climbed(width)
            key = point.answers if point else ()
            vain = 0 if point and key not in seen else vain + 1
            if point and key not in seen:
                seen.add(key)
                self._left += _MORE
                yield point

    def _every(self, width: int) -> list[dict[str, TidyInput]] | None:
        """All numbers of a single input, in random order; None for several."""
        if len(self._varying) > 1:
            return None
        [name] = self._varying
        numbers = [*self._choices.domain(name, width)]
        mixed = [
            numbers.pop(int(self._random.random() * len(numbers))) for _ in range(len(numbers))
        ]
        return [{**self._start, name: each} for each in mixed]

    def _climbed(self, width: int) -> TidyPoint | None:
        """A tidy point, reached from a random one, or None."""
        random = self._random
        # inputs that functions tie together move no more one by one: a good start counts
        starts = [self._random_start(width) for _ in range(_STARTS)]
        numbers = min(starts, key=self._look)
        cost = self._cost(numbers, _WORST * 1e6)
        for _ in range(_SWEEPS):
            before = cost
            order = [*self._varying]
            while order:
                name = order.pop(int(random.random() * len(order)))
                cost = self._moved(name, numbers, cost, width)
            if cost >= before or cost == 0:
                break
        return self._tidy(numbers)

    def _random_start(self, width: int) -> dict[str, TidyInput]:
        """Random numbers of different sizes, most of them at which functions have short values."""
        random, numbers = self._random, dict(self._start)
        for name in self._varying:
            domain = self._choices.domain(name, width)
            numbers[name] = pick(random, domain) if domain else numbers[name]
        for name in self._varying:
            if (solved := self._choices.solved(name, numbers, random)) and random.random() < 0.8:
                numbers[name] = pick(random, solved)
        return numbers

    def _moved(self, name: str, numbers: dict[str, TidyInput], cost: float, width: int) -> float:
        """The cost after one input has taken the best of some numbers."""
        random = self._random
        domain = self._choices.domain(name, width)
        some = [pick(random, domain) for _ in range(min(_TRIED, len(domain)))]
        some += self._choices.solved(name, numbers, random)
        for chosen in dict.fromkeys(some):
            before = numbers[name]
            numbers[name] = chosen
            found = self._cost(numbers, cost)
            if found < cost:
                cost = found
            else:
                numbers[name] = before
        return cost

    def _tidy(self, numbers: Mapping[str, TidyInput]) -> TidyPoint | None:
        """The point, if all is tidy there."""
        asked = self._asked
        data = asked.data(numbers)
        found = [*asked.values(data), *asked.derivatives(data)]
        self._left -= len(found)
        faults = {each.name: wrong for each in found if (wrong := fault(*each[1:]))}
        faults = faults or asked.spoiled(data)
        if not faults and not self._moves(found):
            faults = {asked.output: "does not move"}
        for name, wrong in faults.items():
            each = f"{name}: {wrong}"
            self._faults[each] = self._faults.get(each, 0) + 1
        if faults:
            return None
        rounded = sum(each.number != 0 and not count_digits(each.number) for each in found)
        answers = tuple(rounded_to(each.number, 9) for each in found)
        return TidyPoint({name: numbers[name] for name in self._varying}, rounded, answers)

    def _too_few(self, there: int, count: int) -> BadOption:
        """The error that says how many points there are, and what is in the way of others."""
        name = self._model.source.name
        some = f"{there:,} different" if there else "no"
        message = f"{some} inputs were found that give tidy numbers; {count:,} were asked for"
        worst = sorted(self._faults, key=lambda each: (-self._faults[each], each))[:3]
        hints = [f"mostly in the way: {few(worst)}"] if worst else []
        if there:
            hints.insert(0, f"ask for at most {there:,}")
        if any(each in self._model.defaults for each in self._model.constants):
            hints.append("let some of its constants vary: --vary NAMES")
        return BadOption(message, hints=hints, where=name)

    def _moves(self, found: Sequence[AskedNumber]) -> bool:
        """Whether some gradient by an input is not 0."""
        by = {f"∂{self._asked.output}/∂{name}" for name in self._varying}
        return any(each.number for each in found if each.name in by)

    def _cost(self, numbers: Mapping[str, TidyInput], most: float) -> float:
        """How far a point is from being tidy, and how long its numbers are; `most` or more, where that
        is known early."""
        asked = self._asked
        data = asked.data(numbers)
        cost = self._look(numbers)
        values = asked.values(data)
        self._left -= len(values)
        for each in values:
            cost += _cost(each)
            if each.number in (1, -1):
                cost += 2
            if cost >= most:
                return cost
        if asked.at_corner(data):
            cost += _UGLY
        seen = {each.number for each in values}
        # of two that are alike one may be taken for the other, and where they cancel all looks simple
        cost += _ALIKE * (len(values) - len({abs(each) for each in seen}))
        if cost >= most:
            return cost
        derivatives = asked.derivatives(data)
        self._left -= len(derivatives)
        for each in derivatives:
            cost += _cost(each)
            if (
                each.number and each.number in seen
            ):  # as 2*x and x^2 at 2: who took one for the other is right
                cost += 0.5
            if cost >= most:
                return cost
        return cost

    def _look(self, numbers: Mapping[str, TidyInput]) -> float:
        """What is to be said against the inputs themselves: equal sizes, one sign only, fractions."""
        chosen = [numbers[name] for name in self._varying]
        cost = _ALIKE * (len(chosen) - len({abs(each) for each in chosen}))
        fractions = [each for each in chosen if each % 1 and "log" not in each.text]
        far = sum(max(0.0, abs(each) - 20) for each in chosen if "log" in each.text)
        return cost + len(fractions) / 2 + far / 10


def _cost(each: AskedNumber) -> float:
    """How far one number is from being tidy; small for one that is tidy but long."""
    number = each.number
    wrong = fault(number, each.rounds, each.vanishes)
    if not wrong:
        digits = count_digits(number)
        return 4.0 if not digits else max(0, digits - 4) * 0.5
    if wrong == "infinite":
        return _WORST
    size = abs(number)
    if size >= MOST:
        return _UGLY + 10 * log10(size / MOST)
    if 0 < size < LEAST:
        return _UGLY + min(50.0, 10 * log10(LEAST / size))
    return _UGLY if wrong != "rounds to a short number" else _UGLY / 2
