"""Values and gradients of all members, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.engine.underflow import SCALE
from backprop.loops.arrays import ArrayWriter, Spread, finite
from backprop.loops.chunked import KEPT, Chunked, held, sizes, stages
from backprop.loops.domains import Reals
from backprop.loops.file_numbers import FileNumbers
from backprop.loops.parts import ArrayWalk, Turn
from backprop.loops.plan import Plan
from backprop.loops.recurrence import Recurrence
from backprop.loops.slice_sums import SliceSums, often_read
from backprop.loops.stepped import Stepped
from backprop.loops.walks import Doubtful, EndlessSlopes, bring_back, labels, walk_through
from backprop.syntax.functions import LOST, TINY

SAME, UNSEEN, NEARLY = 1e-13, 1e-300, 1e-11
"""How far apart numbers are the same with and without what is too small for a double: relative, and
of intermediate results absolute; below UNSEEN relative, where no unrolled graph can say more."""


class Found(NamedTuple):
    """Values and gradients, by family; reached: whether a member leads to the output. zeros: whether
    gradients that are 0 are so exactly."""

    values: Mapping[str, Reals]
    gradients: Mapping[str, Reals]
    reached: Mapping[str, NDArray[numpy.bool_]]
    zeros: bool = False


class Small(NamedTuple):
    """Whether values, or gradients, were too small for a double."""

    values: bool
    gradients: bool


def gradient(
    plan: Plan, numbers: Mapping[str, FileNumbers], output: str, place: int, noted: bool = False
) -> Found:
    """The values of all members and the derivatives of one of them by each. numbers: of each family
    those of its inputs. noted: whether what a note may be due for is in doubt, too. Raises
    Doubtful, TooLarge where memory does not hold what is between members."""
    plan.check_room(held(plan.runs, plan.uses))
    found, small = _swept(plan, numbers, output, place, noted=noted)
    if small.values:  # then what is too small must have no say
        other, _ = _swept(plan, numbers, output, place, LOST, SCALE)
        for name in plan.families:
            if not (
                same(found.values[name], other.values[name])
                and same(found.gradients[name], other.gradients[name], TINY, not plan.unrolls)
            ):
                raise Doubtful(name)
    elif small.gradients:  # what is too small even then is left out, as of other large graphs
        del found  # which is as large as memory allows, perhaps
        found, _ = _swept(plan, numbers, output, place, scale=SCALE)
    return found._replace(zeros=not (small.values or small.gradients))


def same(numbers: Reals, others: Reals, unseen: float = UNSEEN, nearly: bool = False) -> bool:
    """Whether numbers with and without what is too small for a double are the same. unseen: how far
    apart they may be in any case, where both are smaller. nearly: whether small ones need be so nearly."""
    with numpy.errstate(all="ignore"):
        apart = numpy.abs(numbers - others)
        size = numpy.maximum(numpy.abs(numbers), numpy.abs(others))
        same = (apart <= SAME * size) | ((apart <= unseen) & (unseen > size))
        if nearly:
            same |= (apart <= NEARLY * size) & (size < UNSEEN)
    return bool((same | numpy.isnan(numbers)).all())


def _swept(
    plan: Plan,
    numbers: Mapping[str, FileNumbers],
    output: str,
    place: int,
    more: float = 0.0,
    scale: float = 1.0,
    noted: bool = False,
) -> tuple[Found, Small]:
    """Values and gradients, and whether something was too small for a double. more: added to that.
    scale: of the gradients on the way."""
    writer = ArrayWriter(more)
    values = own_numbers(plan, numbers)
    again = sum(sizes(plan.runs).values()) > KEPT
    steps = [_Way(plan, run, again) for run in plan.runs]
    rows: dict[int, Spread] = {}
    met: list[tuple[str, Any]] = []
    reached = plan.reached(output, place)
    with writer.watched():
        for way in steps:
            met += way.forward(values, rows, writer, noted and way.leads(reached))
        gradients = {name: numpy.full(len(each), -0.0) for name, each in values.items()}
        gradients[output][place] = scale
        lost, writer.small = writer.small, False
        by_row: dict[int, Spread] = {}
        while steps:
            steps.pop().backward(values, rows, gradients, by_row, reached, writer)
    if any(gradients[family][places].any() for family, places in met):
        raise Doubtful("a border")
    endless = {name: ~numpy.isfinite(x) for name, x in gradients.items() if not finite(x)}
    for name, which in endless.items():
        at = int(numpy.argmax(which))
        count = sum(int(each.sum()) for each in endless.values())
        raise EndlessSlopes(plan.families[name].labels(numpy.array([at]))[0], count)
    for each in gradients.values():
        each += 0.0
        each /= scale
    return Found(values, gradients, reached), Small(lost, writer.small)


def own_numbers(plan: Plan, numbers: Mapping[str, FileNumbers]) -> dict[str, Reals]:
    """The numbers of families to compute others in: those of families that are computed are copies."""
    computed: set[str] = set()
    for run in plan.runs:
        computed.update(
            each.family for each in (run.bodies if isinstance(run, Recurrence) else [run])
        )
    return {
        name: each.copy() if name in computed else numpy.asarray(each)
        for name, each in numbers.items()
    }


class _Way:
    """The way through one run and back. again: whether what is between members is computed again on the
    way back."""

    def __init__(self, plan: Plan, run: Turn | Recurrence, again: bool) -> None:
        self._plan, self._run, self._again = plan, run, again
        self._turns: Sequence[Turn | Chunked] = ()
        if isinstance(run, Turn) and again:
            self._turns = stages(run, plan.uses)
        elif not isinstance(run, Stepped):
            self._turns = run.turns
        self._walks: list[ArrayWalk | None] = []

    def leads(self, reached: Mapping[str, NDArray[numpy.bool_]]) -> bool:
        """Whether some of its members lead to the output: others bring no gradient."""
        bodies = self._run.bodies if isinstance(self._run, Recurrence) else [self._run]
        return any(not x.family or bool(reached[x.family][x.target].any()) for x in bodies)

    def forward(
        self,
        values: Mapping[str, Reals],
        rows: dict[int, Spread],
        writer: ArrayWriter,
        noted: bool,
    ) -> list[tuple[str, Any]]:
        """Compute its members; where labels are met, if that is noted."""
        if isinstance(self._run, Stepped):
            found = self._run.forward(values, rows, writer.more)
            if not found.finite or (noted and found.border):
                raise Doubtful("a recurrence")
            writer.small |= found.small
            return [(use.family, use.places) for use in found.labels] if noted else []
        met: list[tuple[str, Any]] = []
        for turn in self._turns:
            if isinstance(turn, Chunked):
                met += turn.forward(values, rows, writer, noted)
                self._walks.append(None)
                continue
            walk = walk_through(turn.part, writer, values, rows)
            walk.forward()
            if not walk.is_finite():
                raise Doubtful(turn.family)
            if noted:
                met += labels(walk, turn)
            if turn.family:
                values[turn.family][turn.target] = walk.found[turn.part.roots[0]]
            else:
                rows |= {row: walk.found[row] for row in turn.part.roots}
            self._walks.append(None if self._again else walk)
            turn.part.forget()
        return met

    def backward(
        self,
        values: Mapping[str, Reals],
        rows: Mapping[int, Spread],
        gradients: dict[str, Reals],
        by_row: dict[int, Spread],
        reached: Mapping[str, NDArray[numpy.bool_]],
        writer: ArrayWriter,
    ) -> None:
        """Add what its members bring to the gradients of what they read, and of rows."""
        if isinstance(self._run, Stepped):
            rest = rows, gradients, by_row, reached, writer.more
            writer.small |= self._run.backward(values, *rest)
            return
        often = None
        if isinstance(self._run, Recurrence):
            own = {body.family for body in self._run.bodies}
            others = {name: len(each) for name, each in gradients.items() if name not in own}
            parts = [body.part for body in self._run.bodies]
            often = often_read(parts, others, len(self._turns))
        sums = SliceSums(gradients, by_row, often)
        for turn in reversed(self._turns):
            walk = self._walks.pop()
            if isinstance(turn, Chunked):
                turn.backward(values, rows, gradients, sums.by_row, reached, writer)
                continue
            if not turn.family or reached[turn.family][turn.target].any():
                if walk is None:
                    walk = walk_through(turn.part, writer, values, rows)
                    walk.forward()
                walk.once = True
                bring_back(walk, turn, gradients, sums.by_row)
                sums.next()
            turn.part.forget()
        sums.end()
