"""Values and gradients of all members, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.engine.underflow import SCALE
from backprop.loops.affine import Places
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Reals
from backprop.loops.parts import ArrayWalk, Block, Turn, added
from backprop.loops.plan import Plan
from backprop.loops.slice_sums import SliceSums
from backprop.loops.stepped import Stepped
from backprop.operations import EQUALITIES
from backprop.syntax.functions import TINY

SAME, UNSEEN = 1e-13, 1e-300
"""How far apart numbers are the same with and without what is too small for a double: relative, and
of intermediate results absolute."""


class Doubtful(Exception):
    """What is not finite, or undecided: it is found out, and told, with the unrolled graph."""


class Found(NamedTuple):
    """Values and gradients, by family; reached: whether a member leads to the output."""

    values: Mapping[str, Reals]
    gradients: Mapping[str, Reals]
    reached: Mapping[str, NDArray[numpy.bool_]]


class Small(NamedTuple):
    """Whether values, or gradients, were too small for a double."""

    values: bool
    gradients: bool


def gradient(
    plan: Plan, numbers: Mapping[str, Reals], output: str, place: int, noted: bool = False
) -> Found:
    """The values of all members and the derivatives of one of them by each. numbers: of each family
    those of its inputs. noted: whether what a note may be due for is in doubt, too. Raises
    Doubtful."""
    found, small = _swept(plan, numbers, output, place, noted=noted)
    if small.values:  # then what is too small must have no say
        other, _ = _swept(plan, numbers, output, place, TINY * 1.5, SCALE)
        for name in plan.families:
            if not (
                same(found.values[name], other.values[name])
                and same(found.gradients[name], other.gradients[name], TINY)
            ):
                raise Doubtful(name)
    elif small.gradients:  # what is too small even then is left out, as of other large graphs
        del found  # which is as large as memory allows, perhaps
        found, _ = _swept(plan, numbers, output, place, scale=SCALE)
    return found


def same(numbers: Reals, others: Reals, unseen: float = UNSEEN) -> bool:
    """Whether numbers with and without what is too small for a double are the same. unseen: how far
    apart they may be in any case, where both are smaller."""
    with numpy.errstate(all="ignore"):
        apart = numpy.abs(numbers - others)
        size = numpy.maximum(numpy.abs(numbers), numpy.abs(others))
        same = (apart <= SAME * size) | ((apart <= unseen) & (unseen > size))
    return bool((same | numpy.isnan(numbers)).all())


def _swept(
    plan: Plan,
    numbers: Mapping[str, Reals],
    output: str,
    place: int,
    more: float = 0.0,
    scale: float = 1.0,
    noted: bool = False,
) -> tuple[Found, Small]:
    """Values and gradients, and whether something was too small for a double. more: added to that.
    scale: of the gradients on the way."""
    writer = ArrayWriter(more)
    values = {name: each.copy() for name, each in numbers.items()}
    walks: list[ArrayWalk] = []
    rows: dict[int, Spread] = {}
    labels: list[tuple[str, Any]] = []
    with writer.watched():
        for run in plan.units():
            if isinstance(run, Stepped):
                met = run.forward(values, rows, more)
                if not met.finite or (noted and met.border):
                    raise Doubtful("a recurrence")
                writer.small |= met.small
                labels += [(use.family, use.places) for use in met.labels] if noted else []
                continue
            walk = walk_through(run.part, writer, values, rows)
            walk.forward()
            if not walk.is_finite():
                raise Doubtful(run.family)
            if noted:
                labels += _labels(walk, run)
            if run.family:
                values[run.family][run.target] = walk.found[run.part.roots[0]]
            else:
                rows |= {row: walk.found[row] for row in run.part.roots}
            walks.append(walk)
            run.part.forget()
        gradients = {name: numpy.full(len(each), -0.0) for name, each in values.items()}
        gradients[output][place] = scale
        lost, writer.small = writer.small, False
        reached = plan.reached(output, place)
        by_row: dict[int, Spread] = {}
        for whole in reversed(plan.runs):
            if isinstance(whole, Stepped):
                writer.small |= whole.backward(values, rows, gradients, by_row, reached, more)
                continue
            sums = SliceSums(plan, whole, gradients, by_row)
            for turn in reversed(whole.turns):
                made = walks.pop()
                if not turn.family or reached[turn.family][turn.target].any():
                    made.once = True
                    bring_back(made, turn, gradients, sums.by_row)
                    sums.next()
                del made
                turn.part.forget()
            sums.end()
    if any(gradients[family][places].any() for family, places in labels):
        raise Doubtful("a border")
    for each in gradients.values():
        if not numpy.isfinite(each).all():
            raise Doubtful("a gradient")
        each += 0.0
        each /= scale
    return Found(values, gradients, reached), Small(lost, writer.small)


def _labels(walk: ArrayWalk, run: Turn) -> Iterator[tuple[str, Any]]:
    """Where borders are met by what may be labels, inputs that an equality asks for: these, which so
    must have no slope. Raises Doubtful for other borders."""
    for step, met in walk.borders():
        columns = run.part.columns
        uses = [use for use in run.part.uses if use.row in columns.operands(step)]
        others = len([each for each in columns.operands(step) if not columns.is_number(each)])
        if columns.op(step) not in EQUALITIES or not uses or len(uses) < others:
            raise Doubtful("a border")
        for use in uses:
            if columns.homes[use.row] is not columns.homes[step]:
                yield use.family, use.places
            else:
                yield use.family, _some(use.places, met)


def _some(places: Places, met: Any) -> Any:
    """Those of some places for which a border is met."""
    if isinstance(places, slice):
        places = numpy.arange(places.start, places.stop)
    return places[numpy.broadcast_to(met, len(places))]


def walk_through(
    part: Block, writer: ArrayWriter, values: Mapping[str, Reals], rows: Mapping[int, Spread]
) -> ArrayWalk:
    """A walk through a part. values: of the members that it reads. rows: those computed elsewhere."""
    known: dict[int, Spread] = {row: rows[row] for row in part.outer}
    for row, family, places in part.uses:
        whole = part.columns.homes[row] is part.columns.whole
        known[row] = float(values[family][places][0]) if whole else values[family][places]
    return ArrayWalk.through(part, writer, known)


def bring_back(
    walk: ArrayWalk,
    run: Turn,
    gradients: dict[str, Reals],
    by_row: dict[int, Spread],
    others: Sequence[int] = (),
) -> Mapping[int, Spread]:
    """Add what a part brings to the gradients of what it reads, and of rows computed elsewhere. Those of
    others, too, are among the ones it returns."""
    part = run.part
    seeds: dict[int, Spread] = {}
    if not run.family:  # what another loop has of these rows, it counts by itself
        seeds = {row: by_row.pop(row) for row in part.roots if row in by_row}
    else:
        seed = gradients[run.family][run.target]
        alone = part.columns.homes[part.roots[0]] is part.columns.whole
        seeds[part.roots[0]] = float(seed[0]) if alone else seed
    found = walk.backward(seeds, [*(use.row for use in part.uses), *part.outer, *others])
    for row, family, places in part.uses:
        given = found[row]
        if isinstance(given, float) and given == 0.0:
            continue
        more = numpy.atleast_1d(numpy.asarray(given, dtype=float))
        gradients[family] = added(gradients[family], places, more)
    for row in part.outer:
        by_row[row] = by_row[row] + found[row] if row in by_row else found[row]
    return found
