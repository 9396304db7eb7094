"""The step of loops that has no value, where it is plain which one a walk through single steps meets
first: it alone is made, to be told of as there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy
from numpy.typing import NDArray

from backprop.errors import NotFinite
from backprop.evaluation import diagnosis
from backprop.graph import Columns, Place, in_order
from backprop.language.families import right
from backprop.language.model import Model
from backprop.loops import gathers
from backprop.loops.arrays import ArrayWriter, Spread
from backprop.loops.domains import Domain, Reals
from backprop.loops.file_numbers import FileNumbers
from backprop.loops.loop_model import LoopModel
from backprop.loops.many import NotLoops
from backprop.loops.parts import ArrayWalk, part
from backprop.loops.passes import own_numbers
from backprop.loops.plan import Plan
from backprop.loops.recurrence import Recurrence
from backprop.loops.rows import Gathered, Index, Lift, Read
from backprop.loops.stepped import Stepped
from backprop.loops.visits import visits
from backprop.loops.walks import walk_through
from backprop.memory import available
from backprop.operations import OPERATIONS
from backprop.source import pack

_ROOM = 24
"""Bytes that a step takes for each of its combinations: its value, and room to look at it."""

_Marks = NDArray[numpy.bool_]


def no_value(model: LoopModel, values: Mapping[str, float], output: str) -> NotFinite | None:
    """The error of the first step that leads to an output and is not finite; None where there is none,
    and where only a walk through all steps tells which is the first one."""
    plan = model.plan
    of, place = model.kind(output)
    columns = plan.columns
    steps = [row for row in range(len(columns)) if columns.is_step(row)]
    chooses = (row for row in steps if row not in columns.specials)
    if plan.builder.derivatives or any(OPERATIONS[columns.op(row)].says for row in chooses):
        return None  # then not all that is read has a say
    if _ROOM * sum(columns.homes[row].size for row in steps) > available() / 2:
        return None
    try:
        numbers = model.numbers(values)
        for name in plan.families:
            if not numpy.isfinite(numbers[name][:-1][plan.inputs_of(name)]).all():
                return None
        found = _computed(plan, numbers)
        begun = [
            each for number in plan.computed for each in _begun(plan, number, found, of.name, place)
        ]
        if not begun or len({(each.number, each.home) for each in begun}) > 1:
            return None
        first = _first(plan, begun, of.name, place)
        return None if first is None else _told(model, *first)
    except (NotLoops, TypeError, ValueError, OverflowError):  # of what is given others speak
        return None


def _computed(plan: Plan, numbers: Mapping[str, FileNumbers]) -> dict[str, Reals]:
    """The values of all members, whatever they are."""
    values, rows = own_numbers(plan, numbers), dict[int, Spread]()
    writer = ArrayWriter()
    with writer.watched():
        for run in plan.runs:
            if isinstance(run, Stepped):
                run.forward(values, rows)
                continue
            for turn in run.turns:
                walk = walk_through(turn.part, writer, values, rows)
                walk.forward()
                if turn.family:
                    values[turn.family][turn.target] = walk.found[turn.part.roots[0]]
                else:
                    rows |= {row: walk.found[row] for row in turn.part.roots}
                turn.part.forget()
    return values


class _Begun:
    """A step of a statement that is not finite for some combinations, though its operands are. marks:
    for which. home: what it runs through. walk: with all numbers of the statement."""

    def __init__(self, number: int, row: int, home: Domain, marks: _Marks, walk: ArrayWalk) -> None:
        self.number, self.row, self.home, self.marks, self.walk = number, row, home, marks, walk


def _begun(
    plan: Plan, number: int, values: Mapping[str, Reals], output: str, place: int
) -> list[_Begun]:
    """Where a statement has steps that begin to have no value, for members that lead to the output."""
    columns, loop = plan.columns, plan.loops[number]
    block = part(columns, [loop.root], plan.uses)
    writer = ArrayWriter()
    with writer.watched():
        walk = walk_through(block, writer, values, {})
        walk.forward()
    places = plan.families[loop.family].places(loop.indices)
    leads = plan.reached(output, place)[loop.family][places] & plan.computed[number]
    found: list[_Begun] = []
    for step in block.steps:
        home, special = columns.homes[step], columns.specials.get(step)
        spoilt = ~_finite(walk, step, home)
        if isinstance(special, Lift) or not spoilt.any():
            continue
        if isinstance(special, Gathered):
            inner = _finite(walk, special.row, columns.homes[special.row])
            terms = numpy.where(inner, walk.found[special.row], special.gather.empty or 0.0)
            with writer.watched():  # what is not finite stays so, whatever is added
                some = gathers.value(writer, special.gather, block.domains[step], terms)
            if not numpy.isfinite(some).all():
                raise NotLoops("a sum has no value where its terms have one")
            continue
        for operand in columns.operands(step):
            at = columns.homes[operand]
            spoilt &= (
                home.lifted(_finite(walk, operand, at), at)
                if at.parent
                else _finite(walk, operand, at)
            )
        if not spoilt.any():
            continue
        if loop.domain not in home.around():
            raise NotLoops("a step that several members share has no value")
        spoilt &= home.lifted(leads, loop.domain) if loop.domain.parent else leads
        if spoilt.any():
            found.append(_Begun(number, step, home, spoilt, walk))
    return found


def _finite(walk: ArrayWalk, row: int, home: Domain) -> _Marks:
    numbers = numpy.asarray(walk.found[row], dtype=float)
    found: _Marks = numpy.isfinite(numpy.broadcast_to(numbers, home.size))
    return found


def _first(
    plan: Plan, begun: list[_Begun], output: str, place: int
) -> tuple[_Begun, int, int] | None:
    """Which of some steps of one statement a walk from the output leaves first, with its combination and
    that of its member; None where that is not plain."""
    loop = plan.loops[begun[0].number]
    home = begun[0].home
    up = (
        home.lifted(numpy.arange(loop.domain.size), loop.domain)
        if loop.domain.parent
        else numpy.zeros(home.size, int)
    )
    any_ = numpy.logical_or.reduce([each.marks for each in begun])
    members = numpy.unique(up[any_])
    if len(members) > 1:
        for run in plan.runs:
            if isinstance(run, Recurrence) and any(x.family == loop.family for x in run.bodies):
                return None
        own = plan.families[loop.family].places(loop.indices)[members]
        members = members[[numpy.argmin(visits(plan, output, place)[loop.family][own])]]
    at = int(numpy.flatnonzero(any_ & (up == members[0]))[0])
    order = {row: turn for turn, row in enumerate(in_order([loop.root], plan.columns.operands))}
    here = min((each for each in begun if each.marks[at]), key=lambda each: order[each.row])
    return here, at, int(members[0])


def _told(model: LoopModel, begun: _Begun, at: int, member: int) -> NotFinite:
    """The error of a step at one combination. member: that of the statement."""
    plan, new = model.plan, Columns()
    old, loop = plan.columns, plan.loops[begun.number]
    names: dict[str, int] = {}
    numbers: dict[int, float] = {}

    def source(row: int) -> int:
        while isinstance(special := old.specials.get(row), Lift):
            row = special.row
        return row

    def combination(home: Domain) -> int:
        found, domain = at, begun.home
        while domain is not home:
            if domain.parent is None:
                raise NotLoops("a value depends on indices that stand beside it")
            found, domain = int(domain.up[found]), domain.parent
        return found

    def place_of(row: int) -> Place:
        place: Any = old.places[row] or None
        return (place or 0, old.callers[row]) if row in old.callers else place

    def value(row: int) -> float:
        home = old.homes[row]
        found = numpy.broadcast_to(numpy.asarray(begun.walk.found[row], dtype=float), home.size)
        return float(found[combination(home)])

    def made(row: int, deep: int = diagnosis.DEEP) -> int:
        special, place = old.specials.get(row), place_of(row)
        if old.is_number(row) or isinstance(special, Index):
            return new.number(old.constant(row) if old.is_number(row) else value(row), place)
        if isinstance(special, Read):
            where = combination(old.homes[row])
            family = plan.families[special.family]
            label = family.labels(
                family.places([each[where : where + 1] for each in special.indices])
            )[0]
            if label not in names:
                names[label] = new.input(place)
                numbers[names[label]] = value(row)
            return names[label]
        parts: list[int] = []
        if isinstance(special, Gathered):
            op, arity = "/" if special.gather.divided else special.gather.joined_by, 2
        else:
            op, arity = old.op(row), len(old.operands(row))
            inner = [source(each) for each in old.operands(row)]
            parts = [made(each, deep - 1) for each in inner] if deep else []
            still = old.is_number(inner[0]) or isinstance(old.specials.get(inner[0]), Index)
            if op == "neg" and still:
                return new.number(value(row), place)
        node = new.step(op, parts or [new.number(0.0) for _ in range(arity)], place)
        numbers[node] = value(row)
        return node

    rows = [source(each) for each in old.operands(begun.row)]
    nodes = {row: made(row) for row in rows}
    step = new.step(old.op(begun.row), [nodes[row] for row in rows], place_of(begun.row))
    numbers[step] = value(begun.row)
    family = plan.families[loop.family]
    label = family.labels(family.places([each[member : member + 1] for each in loop.indices]))[0]
    names[label] = step if source(loop.root) == begun.row else new.step("copy", (step,))
    span = right(loop.statement, plan.last(loop))
    alone = Model(
        model.source,
        new,
        names,
        places={label: pack(span.start, span.end)},
        functions=model.functions,
    )
    alone.laid = model.laid
    data = new.start()
    for node, number in numbers.items():
        data[node] = number
    return diagnosis.no_value(alone, step, data)
