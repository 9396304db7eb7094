"""Generated Python that goes through the single steps of a recurrence, time after time.

for n in range(0, 1000):
    v0 = values0[n]
    v1 = (a0 * v0)
    v2 = (1.0 - v0)
    v3 = (v1 * v2)
    values0[n + 1] = v3
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from math import copysign
from random import Random
from typing import Any

from backprop.chain.walk import NOTHING, Operand, Walk
from backprop.engine import underflow
from backprop.engine.writers.python import PythonWriter, written
from backprop.graph import in_order
from backprop.loops import edges
from backprop.loops.domains import Reals, Wholes
from backprop.loops.moments import Border, Course, Leaf, Moment, Period, view
from backprop.loops.parts import Use
from backprop.loops.rounded import SIZE
from backprop.loops.step_sums import end_sums, no_rests, often_read, parts, two_sum
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.syntax.functions import TINY
from backprop.syntax.parser import formula

_NAME = re.compile(r"[A-Za-z_]\w*")
_MADE = re.compile(r"    (v\d+) = (.*)")

_FACTORS = 2**16 + 1
"""So many factors near 1 are drawn, and used again and again: a prime, so that steps get others each time."""


class LoopCode:
    """Makes the code. families, rows: what it reads and writes the numbers of, in the order in which it
    takes them. labels: what stands behind each of the marks for equalities that it gives back."""

    def __init__(self, periods: Sequence[Period]) -> None:
        self.periods = periods
        sources: dict[str | int, None] = {}
        self.own: dict[str, None] = {}
        """The families that it computes."""
        self.labels: dict[tuple[int, ...], tuple[Use, ...]] = {}
        for period in periods:
            for moment in period.moments:
                self.own[moment.family] = None
                sources.update(dict.fromkeys(leaf.source for leaf in moment.leaves.values()))
                for border in moment.borders:
                    if border.labels:
                        self.labels[_rows(border)] = border.labels
        self.families = [*dict.fromkeys([*self.own, *(x for x in sources if isinstance(x, str))])]
        self.rows = [each for each in sources if isinstance(each, int)]
        self._number = {each: at for at, each in enumerate([*self.families, *self.rows])}

    def forward(self, how: str) -> Callable[..., tuple[bool, ...]]:
        """A function of the numbers of `families` and then of `rows`, as one list, and of what is added
        to small values if that is "shifted". how: one of WRITERS. It gives back whether all is finite that
        may hide, whether a value is too small as far as is looked at, whether a border is met, and of each
        of `labels`."""
        code = _Code(self, how)
        marks = ["border", *(f"label{at}" for at in range(len(self.labels)))]
        lines = [f"    {' = '.join(['small', *marks])} = False"]
        for period in self.periods:
            code.begin(period)
            for moment in period.moments:
                walk = code.walk(moment)
                for node, at in moment.targets:
                    place = code.place("values", moment.family, at)
                    code.say(f"{place} = {written(walk.found[node])}")
                looked = dict.fromkeys(written(walk.found[each]) for each in moment.looked)
                if looked:
                    finite = " and ".join(f"isfinite({each})" for each in looked)
                    code.say(f"if not ({finite}): return False, small, {', '.join(marks)}")
                for border in moment.borders:
                    code.border(border, walk)
            lines += code.loop(f"range({period.start}, {period.stop})")
        lines.append(f"    return True, small or {code.lost}, {', '.join(marks)}")
        run: Callable[..., tuple[bool, ...]]
        run = _made("numbers, more", self._unpacked("values", "numbers"), lines, code.scope)
        return run

    def backward(self, how: str) -> Callable[..., bool]:
        """A function of the numbers of `families` and `rows`, of their gradients, of the number of the last
        time that has some and one more, and of what is added to what is too small. It adds to the
        gradients, and gives back whether one is too small as far as is looked at."""
        code = _Code(self, how)
        often = sorted(self.number(each) for each in code.often)
        lines = ["    small = False", *(f"    rests{at} = no_rests(slopes{at})" for at in often)]
        for period in reversed(self.periods):
            code.begin(period)
            for moment in reversed(period.moments):
                code.back(moment)
            lines += code.loop(f"range(min({period.stop}, last) - 1, {period.start - 1}, -1)")
        lines += [f"    end_sums(slopes{at}, rests{at})" for at in often]
        lines.append(f"    return small or {code.lost}")
        unpacked = [*self._unpacked("values", "numbers"), *self._unpacked("slopes", "gradients")]
        run: Callable[..., bool]
        run = _made("numbers, gradients, last, more", unpacked, lines, code.scope)
        return run

    def reach(self) -> Callable[..., None]:
        """A function of marks of the members of `families` and of `rows`, and of two numbers of times: it
        marks what marked members depend on that are computed from the one on to before the other."""
        code = _Code(self, "")
        lines: list[str] = []
        for period in reversed(self.periods):
            code.begin(period)
            for moment in reversed(period.moments):
                for node, at in moment.targets:
                    code.say(f"if {code.place('marks', moment.family, at)}:")
                    for each in in_order([node], moment.columns.operands):
                        if each in moment.leaves:
                            source, at, _ = moment.leaves[each]
                            if isinstance(source, int):  # all of a row, or nothing
                                at = Course(0)
                            code.say(f"    {code.place('marks', source, at)} = True")
                    code.say("    pass")
            first = f"max({period.start}, first) - 1"
            lines += code.loop(f"range(min({period.stop}, last) - 1, {first}, -1)")
        run: Callable[..., None]
        run = _made(
            "all_marks, first, last", self._unpacked("marks", "all_marks"), lines, code.scope
        )
        return run

    def _unpacked(self, name: str, whole: str) -> list[str]:
        return [f"    {name}{at} = {whole}[{at}]" for at in self._number.values()]

    def number(self, source: str | int) -> int:
        """The number of a family or a row."""
        return self._number[source]


def _made(
    parameters: str, first: Sequence[str], lines: Sequence[str], scope: dict[str, Any]
) -> Any:
    exec("\n".join([f"def run({parameters}):", *first, *lines]), scope)
    return scope["run"]


class _Shifting(PythonWriter):
    """Adds `more`, with their signs, to values that are too small for a double."""

    def computed(self, name: str, operands: Sequence[Operand[str]], out: Operand[str]) -> None:
        if functions.can_vanish(name):
            self._shift(out, operands)

    def used(
        self, slope: Operand[str], name: str, numbers: Sequence[Operand[str]], at: int
    ) -> Operand[str]:
        if functions.can_be_lost(name)[at] and isinstance(slope, str):
            slope = slope if slope.isidentifier() else self.put(slope)
            self._shift(slope, numbers)
        return slope

    def product(self, gradient: Operand[str], slope: Operand[str], careful: bool) -> Operand[str]:
        found = super().product(gradient, slope, careful)
        if found != gradient:
            self._shift(found, (gradient, slope))
        return found

    def _shift(self, name: Operand[str], operands: Sequence[Operand[str]]) -> None:
        if isinstance(name, str):
            known = ", ".join(map(written, operands))
            self.lines.append(f"    {name} = shifted({name}, more, {known})")


def _shifted(found: float, more: float, *operands: float) -> float:
    small = -TINY < found < TINY and (found or all(operands))
    return found + copysign(more, found) if small else found


class _Shaking(PythonWriter):
    """Changes each value that may be rounded, as `rounded.Shaken` does, each time by another factor."""

    def value(self, name: str, operands: Sequence[Operand[str]]) -> Operand[str]:
        found = super().value(name, operands)
        if not functions.has_slopes(name):
            return found
        looked = [found, *(() if functions.rounds_always(name) else operands)]
        if len(looked) == 1 or any(isinstance(x, float) and not x.is_integer() for x in looked):
            return self.put(f"{found}*factor()")
        broken = " or ".join(f"{each} % 1.0" for each in looked if isinstance(each, str))
        return self.put(f"{found}*factor() if {broken} else {found}")


def _factors() -> Callable[[], float]:
    """Numbers near 1, one after the other: what is whole, and made of that by an operator, is not changed.
    They are drawn when the first is asked for: most code changes nothing."""

    def endless() -> Iterator[float]:
        while True:
            yield from _drawn()

    return endless().__next__


@cache
def _drawn() -> tuple[float, ...]:
    up, down, chance = 1 + SIZE, 1 - SIZE, Random(0).random
    return tuple([up if chance() < 0.5 else down for _ in range(_FACTORS)])


class _Sizing(PythonWriter):
    """Has the sizes of slopes in their place, as `rounded.Sizes` does."""

    def used(
        self, slope: Operand[str], name: str, numbers: Sequence[Operand[str]], at: int
    ) -> Operand[str]:
        used = super().used(slope, name, numbers, at)
        return abs(used) if isinstance(used, float) else self.put(f"abs({used})")


WRITERS = {"": PythonWriter, "shifted": _Shifting, "shaken": _Shaking, "sizes": _Sizing}
"""How a recurrence is gone through."""


class _Code:
    """The lines of a function in the making, period by period."""

    def __init__(self, whole: LoopCode, how: str) -> None:
        self.whole = whole
        self.looks = not how and not underflow.functions()
        self.writer = WRITERS[how](self.looks)
        self.scope = self.writer.scope
        self.scope |= {"shifted": _shifted, "factor": _factors(), "parts": parts}
        self.scope |= {"no_rests": no_rests, "end_sums": end_sums}
        self.often = often_read(whole.periods, whole.own)

    @property
    def lost(self) -> bool:
        """Whether something is too small at every time."""
        return self.writer.lost

    def begin(self, period: Period) -> None:
        self.start = period.start
        self.writer.lines, self.writer.products = [], []
        self._before: dict[str, str] = {}
        """What is the same at all times, which is read before the loop, and what that is called."""
        self._sums: dict[str, str] = {}
        """Gradients of what is the same at all times, which are added up in the loop."""

    def say(self, line: str) -> None:
        self.writer.lines.append(f"    {line}")

    def loop(self, times: str) -> Iterator[str]:
        """The lines of the period that was begun last."""
        if self.looks:
            for each in self.writer.too_small():
                self.say(f"small = small or {written(each)} != {written(each)}")
        for value, name in self._before.items():
            yield f"    {name} = {value}"
        inside = "    "
        for name in self._sums.values():
            yield f"    rest_of_{name} = {NOTHING}"
        if self._sums:
            yield f"    for some in parts({times}):"
            inside, times = "        ", "some"
        for name in self._sums.values():
            yield f"{inside}{name} = {NOTHING}"
        yield f"{inside}for n in {times}:"
        for line in _needed(self.writer.lines):
            yield f"{inside}{line}"
        yield f"{inside}    pass"
        for slope, name in self._sums.items():
            for line in two_sum(slope, name, f"rest_of_{name}"):
                yield f"{inside}{line}"
        for slope, name in self._sums.items():
            yield f"    {slope} += rest_of_{name}"

    def place(self, name: str, source: str | int, at: Course) -> str:
        """The number of a member or of a row."""
        return f"{name}{self.whole.number(source)}[{self._index(at)}]"

    def _index(self, at: Course) -> str:
        if at.table is not None:
            return self._listed(at.table)
        if at.by in (0, 1, -1):
            turn = "" if not at.by else "n" if at.by > 0 else "-n"
        else:
            turn = f"{at.by}*n"
        if not at.by or at.base:
            turn = f"{turn} + {at.base}" if turn else f"{at.base}"
        return turn

    def _listed(self, table: Wholes | Reals) -> str:
        name = f"table{len(self.scope)}"
        self.scope[name] = view(table)
        return f"{name}[n - {self.start}]" if self.start else f"{name}[n]"

    def _number(self, at: Course) -> str:
        """A number that goes on in time, as a double."""
        if at.table is not None:
            return self._listed(at.table)
        return f"{float(at.base)!r} + {float(at.by)!r}*n"

    def walk(self, moment: Moment) -> Walk[str]:
        """A walk through a moment that has written its values."""
        known: dict[int, Operand[str]] = {}
        for node, leaf in moment.leaves.items():
            value = self.place("values", leaf.source, leaf.at)
            if self._stays(leaf):
                known[node] = self._before.setdefault(value, f"known{len(self._before)}")
            else:
                known[node] = self.writer.put(value)
        for node, number in moment.numbers.items():
            known[node] = self.writer.put(self._number(number))
        walk = Walk(self.writer, moment.columns, moment.steps, known)
        walk.found |= {
            node: moment.columns.constant(node)
            for node, _ in moment.targets
            if moment.columns.is_number(node)
        }
        walk.forward()
        return walk

    def _stays(self, leaf: Leaf) -> bool:
        """Whether it is the same at all times, and known before."""
        return leaf.at.table is None and not leaf.at.by and leaf.source not in self.whole.own

    def back(self, moment: Moment) -> None:
        """The gradients of one moment."""
        walk = self.walk(moment)
        seeds: dict[int, Operand[str]] = {}
        for node, at in reversed(moment.targets):
            if moment.columns.is_step(node):
                walk.found[node] = self.writer.put(self.place("values", moment.family, at))
            slope = self.place("slopes", moment.family, at)
            if moment.family in self.often:
                slope = f"{slope} + {self.place('rests', moment.family, at)}"
            seed: Operand[str] = self.writer.put(slope)
            if node in seeds:
                seed = self.writer.value("+", [seeds[node], seed])
            seeds[node] = seed
        for node, gradient in walk.backward(seeds, moment.leaves).items():
            if isinstance(gradient, float) and gradient == 0.0:
                continue
            leaf = moment.leaves[node]
            slope = self.place("slopes", leaf.source, leaf.at)
            if self._stays(leaf):
                slope = self._sums.setdefault(slope, f"sum{len(self._sums)}")
            elif leaf.source in self.often:
                rest = self.place("rests", leaf.source, leaf.at)
                for line in two_sum(slope, written(gradient), rest):
                    self.say(line)
                continue
            self.say(f"{slope} += {written(gradient)}")

    def border(self, border: Border, walk: Walk[str]) -> None:
        """Look whether a step stands on a border."""
        operands = [written(walk.found[each]) for each in border.operands]
        if border.op in ("min of", "max of"):
            equal = [f"({each} == {written(walk.found[border.step])})" for each in operands]
            condition = f"{' + '.join(equal)} > 1"
        elif border.op == "hypot of":
            condition = f"{written(walk.found[border.step])} == 0"
        else:
            text = edges.condition(border.op, border.still)
            if not text:
                return
            names = dict(zip(OPERATIONS[border.op].operands, operands, strict=True))
            condition = functions.python(formula(text), self.scope, names)
        mark = f"label{[*self.whole.labels].index(_rows(border))}" if border.labels else "border"
        self.say(f"if {condition}: {mark} = True")


def _rows(border: Border) -> tuple[int, ...]:
    return tuple(use.row for use in border.labels)


def _needed(lines: Sequence[str]) -> list[str]:
    """These lines without values that no later line needs."""
    used: set[str] = set()
    kept: list[str] = []
    for line in reversed(lines):
        made = _MADE.fullmatch(line)
        if made and made[1] not in used:
            continue
        kept.append(line)
        used.update(_NAME.findall(made[2] if made else line))
    return kept[::-1]
