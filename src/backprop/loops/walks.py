"""A walk through a part of a text: what it reads, what stands on a border, and what it brings back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy

from backprop.loops.affine import Places
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Reals
from backprop.loops.parts import ArrayWalk, Block, Turn
from backprop.loops.scattered import added
from backprop.operations import EQUALITIES


class Doubtful(Exception):
    """What is not finite, or undecided: it is found out, and told, with the unrolled graph."""


class EndlessSlopes(Doubtful):
    """Gradients that are no finite numbers. count: how many. first: the name that one is by."""

    def __init__(self, first: str, count: int) -> None:
        super().__init__("a gradient")
        self.first, self.count = first, count


def labels(walk: ArrayWalk, run: Turn) -> Iterator[tuple[str, Any]]:
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
    seeds: Mapping[int, Spread] | None = None,
) -> Mapping[int, Spread]:
    """Add what a part brings to the gradients of what it reads, and of rows computed elsewhere. Those of
    others, too, are among the ones it returns. seeds: of its rows, if not what came to its roots."""
    part = run.part
    if seeds is None:
        seeds = _arrived(run, gradients, by_row)
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


def _arrived(
    run: Turn, gradients: Mapping[str, Reals], by_row: dict[int, Spread]
) -> dict[int, Spread]:
    """The gradients of the roots of a part. by_row: loses them."""
    part = run.part
    if not run.family:  # what another loop has of these rows, it counts by itself
        return {row: by_row.pop(row) for row in part.roots if row in by_row}
    seed = gradients[run.family][run.target]
    alone = part.columns.homes[part.roots[0]] is part.columns.whole
    return {part.roots[0]: float(seed[0]) if alone else seed}
