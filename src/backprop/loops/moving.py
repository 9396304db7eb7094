"""What of a plan moves when some inputs do: the rest is computed once."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from backprop.graph import depending
from backprop.loops.affine import Places, count_of, seen
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Reals, Wholes
from backprop.loops.file_numbers import FileNumbers, lacking
from backprop.loops.many import NotLoops
from backprop.loops.parts import Block, Turn
from backprop.loops.plan import Plan
from backprop.loops.stepped import Stepped
from backprop.loops.walks import walk_through

Leaves = tuple[str, Wholes]
"""Some inputs of a family: its name, and where they stand among its numbers."""


class Ready(NamedTuple):
    """What stands ready for passes: the units that move, of turns the rows that do, and the numbers of
    all families, and of rows. small: whether something that stays was too small for a double."""

    units: Sequence[Turn | Stepped]
    numbers: Mapping[str, Reals]
    rows: Mapping[int, Spread]
    small: bool

    @property
    def parts(self) -> Iterator[tuple[Block, str, Places]]:
        """Of each statement that moves what is computed, the family and the places of its members."""
        for unit in self.units:
            if isinstance(unit, Stepped):
                for body in unit.bodies:
                    yield body.part, body.family, body.target
            else:
                yield unit

    @property
    def size(self) -> int:
        """About how many steps are computed in a pass, unrolled."""
        return sum(_size(*each) for each in self.parts)

    @property
    def kept(self) -> dict[str, int]:
        """About how many numbers between members a pass keeps, by the family that they lead to."""
        found: dict[str, int] = {}
        for unit in self.units:
            if isinstance(unit, Turn):
                found[unit.family] = found.get(unit.family, 0) + _size(*unit)
        return found


class Moving:
    """What leads from some inputs, the leaves, to an output. numbers: those of all inputs, by family.
    moved: of each family the members that depend on leaves, after `ready`."""

    def __init__(
        self,
        plan: Plan,
        output: tuple[str, int],
        leaves: Sequence[tuple[str, slice | Wholes]],
        numbers: Mapping[str, FileNumbers],
    ) -> None:
        self.plan, self.numbers = plan, numbers
        self.reached = plan.reached(*output)
        self.moved = {
            name: numpy.zeros(each.size + 1, dtype=bool) for name, each in plan.families.items()
        }
        for name, places in leaves:
            self.moved[name][places] = True
        self._rows: set[int] = set()
        """The rows that depend on leaves, of those that are kept."""
        for name, which in self.reached.items():
            inputs = plan.inputs_of(name) & which[:-1] & ~self.moved[name][:-1]
            if lacking(numbers[name], inputs):
                raise NotLoops("an input has no number")

    def ready(self, more: float) -> Ready:
        """Compute what stays. more: added to what is too small for a double. Raises NotLoops where that
        is not finite."""
        values = {name: each.copy() for name, each in self.numbers.items()}
        writer = ArrayWriter(more)
        rows: dict[int, Spread] = {}
        units: list[Turn | Stepped] = []
        narrowed: dict[Any, set[int]] = {}
        with writer.watched():
            for unit in self._needed():
                if isinstance(unit, Stepped):
                    if any([*self._read(body.part)] for body in unit.bodies):
                        units.append(unit)
                        for body in unit.bodies:
                            self.moved[body.family][body.target] = True
                        continue
                    met = unit.forward(values, rows, more)
                    writer.small |= met.small
                    if not met.finite:
                        raise NotLoops("what stays is not finite")
                    continue
                part = unit.part
                moving = [*self._read(part)]
                key = id(part.steps), *moving
                if key not in narrowed:
                    narrowed[key] = depending(part.columns, moving, part.steps)
                which = narrowed[key]
                walk = walk_through(staying(part, which), writer, values, rows)
                walk.forward()
                if not walk.is_finite():
                    raise NotLoops("what stays is not finite")
                still = walk.part.roots
                if len(still) < len(part.roots):
                    units.append(unit._replace(part=_moving(part, which, walk.found)))
                if not unit.family:
                    rows |= {row: walk.found[row] for row in still}
                    self._rows.update(which.intersection(part.roots))
                elif still:
                    values[unit.family][unit.target] = walk.found[still[0]]
                else:
                    self.moved[unit.family][unit.target] = True
        return Ready(units, values, rows, writer.small)

    def _read(self, part: Block) -> Iterator[int]:
        """The rows of a part from elsewhere that depend on leaves."""
        for use in part.uses:
            if self.moved[use.family][seen(use.places)].any():
                yield use.row
        yield from self._rows.intersection(part.outer)

    def _needed(self) -> list[Turn | Stepped]:
        """What leads to the output, in order."""
        found: list[Turn | Stepped] = []
        rows: set[int] = set()
        for unit in reversed(self.plan.units()):
            bodies = unit.bodies if isinstance(unit, Stepped) else [unit]
            if any(_asked(each.family, each.target, self.reached) for each in bodies) or (
                isinstance(unit, Turn) and not rows.isdisjoint(unit.part.roots)
            ):
                rows.update(row for each in bodies for row in each.part.outer)
                found.append(unit)
        return found[::-1]


def _asked(family: str, target: Places, reached: Mapping[str, NDArray[numpy.bool_]]) -> bool:
    return bool(family) and bool(reached[family][target].any())


def staying(part: Block, which: Container[int]) -> Block:
    """A part without these rows."""
    return part._replace(
        roots=[row for row in part.roots if row not in which],
        steps=[row for row in part.steps if row not in which],
        outer=[row for row in part.outer if row not in which],
        uses=[use for use in part.uses if use.row not in which],
        looked=[row for row in part.looked if row not in which],
    )


def _moving(part: Block, which: set[int], found: Mapping[int, Any]) -> Block:
    """A part of which only these rows are left, and what is found of the others."""
    columns = part.columns
    steps = [step for step in part.steps if step in which]
    others = {each for step in steps for each in columns.operands(step)} - which
    return part._replace(
        roots=[row for row in part.roots if row in which],
        steps=steps,
        outer=[row for row in part.outer if row in which],
        known={row: found[row] for row in others},
        uses=[use for use in part.uses if use.row in which],
        ups={row: up for row, up in part.ups.items() if row in which},
        domains={row: each for row, each in part.domains.items() if row in which},
        moving=which,
        looked=[row for row in part.looked if row in which],
        bordering=[row for row in part.bordering if row in which],
    )


def _size(part: Block, family: str, target: Places) -> int:
    """About how many steps a part takes, unrolled."""
    whole = part.columns.homes[part.roots[0]].size
    return part.size * count_of(target) // max(whole, 1) if family else part.size
