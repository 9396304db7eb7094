"""The graph of one output as a picture in plain data: boxes, circles and arrows with what they say.

In the detail `operations` a box is a Value and a circle an operation; each arrow into a circle carries
the local derivative, so that the chain rule can be read off: gradient behind it times the number on
it. In the detail `equations` a box is a named Value with its formula, and an arrow carries the
derivative of the whole equation by a name that it uses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from backprop.engine import by_names, local_slopes
from backprop.operations import OPERATIONS
from backprop.patterns import family, spanned
from backprop.values import NUMBER, Value, in_order

TextOf = Callable[[Value], str]
"""The text of a Value in its equation, "" if there is none."""

_SHORT, _LONG = 16, 40
"""The longest texts of a step and of an equation that a box shows; hover text has all of it."""

DETAILED = 80
"""Up to this many boxes and circles every operation is drawn, unless something else is asked for."""

MOST = 400
"""Larger pictures are drawn only when asked for, whole or in part."""


@dataclass(frozen=True, slots=True)
class Box:
    """A Value. role: input, number, step (unnamed), intermediate or output."""

    id: str
    label: str
    role: str
    data: float
    grad: float
    equation: str
    group: str
    count: int = 1
    """How many Values it stands for; data and grad are then the largest in size."""


@dataclass(frozen=True, slots=True)
class Circle:
    """An operation."""

    id: str
    symbol: str
    group: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """From an operand to an operation, or to the equation that uses it; `slope` is None on the way
    from a circle to its result. by, of: what is derived by what. formula: the slope as a formula."""

    tail: str
    head: str
    slope: float | None = None
    of: str = ""
    by: str = ""
    formula: str = ""
    upstream: float = 0.0


@dataclass(frozen=True)
class Picture:
    """groups: for each named equation its text, in order. size: what was drawn, boxes and circles."""

    output: str
    boxes: tuple[Box, ...]
    circles: tuple[Circle, ...]
    arrows: tuple[Arrow, ...]
    groups: Mapping[str, str]

    @property
    def size(self) -> int:
        return len(self.boxes) + len(self.circles)


def picture(
    output: Value, text_of: TextOf = lambda value: "", detail: str = "operations"
) -> Picture:
    """The picture of everything that leads to `output`, whose `data` and `grad` are set."""
    order = in_order([output])
    names = _ids(order, output)
    if detail == "equations":
        return _equations(order, output, names, text_of)
    return _operations(order, output, names, text_of)


def folded(whole: Picture) -> Picture:
    """The picture of equations with one box for each indexed equation: `h[1..16] = tanh(…)`.

    An arrow stands for all between two boxes, and carries a number only where it is one.
    """
    members: dict[tuple[str, str, str], list[Box]] = {}
    for box in whole.boxes:
        # one key for all members of an indexed equation, or of a family of inputs
        name = f"{family(box.id)}/{box.id.count(',')}" if family(box.id) else box.id
        formula = box.equation if box.role != "input" else ""
        members.setdefault((name, box.role, formula), []).append(box)
    boxes: list[Box] = []
    owner: dict[str, str] = {}
    for inside in members.values():
        first = inside[0]
        if len(inside) == 1:
            boxes.append(first)
            owner[first.id] = first.id
            continue
        id = f"{family(first.id)}[{spanned([box.id for box in inside])}]"
        owner |= {box.id: id for box in inside}
        _, equals, right = first.label.partition(" = ")
        label = f"{id}{equals}{right}"
        data = max((box.data for box in inside), key=abs)
        grad = max((box.grad for box in inside), key=abs)
        boxes.append(replace(first, id=id, label=label, data=data, grad=grad, count=len(inside)))
    between: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in whole.arrows:
        between.setdefault((owner[arrow.tail], owner[arrow.head]), []).append(arrow)
    arrows = tuple(
        replace(found[0], tail=tail, head=head)
        if len(found) == 1
        else Arrow(tail, head, formula=found[0].formula)
        for (tail, head), found in between.items()
    )
    return replace(whole, boxes=tuple(boxes), arrows=arrows)


def focus(whole: Picture, names: Sequence[str], depth: int) -> Picture:
    """The part of a picture within `depth` equations of `names`, towards inputs and output."""
    owner = {box.id: box.group or box.id for box in whole.boxes}
    owner |= {circle.id: circle.group for circle in whole.circles}
    near: dict[str, set[str]] = {}
    for arrow in whole.arrows:
        tail, head = owner[arrow.tail], owner[arrow.head]
        near.setdefault(tail, set()).add(head)
        near.setdefault(head, set()).add(tail)
    kept = edge = {*names}
    for _ in range(depth):
        edge = {other for at in edge for other in near.get(at, ())} - kept
        kept = kept | edge
    boxes = tuple(box for box in whole.boxes if owner[box.id] in kept)
    circles = tuple(circle for circle in whole.circles if circle.group in kept)
    shown = {box.id for box in boxes} | {circle.id for circle in circles}
    arrows = tuple(arrow for arrow in whole.arrows if arrow.tail in shown and arrow.head in shown)
    groups = {group: text for group, text in whole.groups.items() if group in kept}
    return replace(whole, boxes=boxes, circles=circles, arrows=arrows, groups=groups)


def _ids(order: Sequence[Value], output: Value) -> dict[Value, tuple[str, str]]:
    """For each Value an id made of names, and the named Value whose equation it belongs to."""
    ids: dict[Value, tuple[str, str]] = {}
    taken: dict[str, int] = {}
    for value in reversed(order):  # from results to operands: a step belongs to who uses it first
        if value.label or value is output:
            name = owner = value.label or "output"
        else:
            owner = ids[value][1] if value in ids else ""
            name = f"{owner} step"
        taken[name] = count = taken.get(name, 0) + 1
        ids[value] = (name if count == 1 and value.label else f"{name} {count}", owner)
        for operand in value.prev:
            ids.setdefault(operand, ("", owner))
    return ids


def _box(
    value: Value,
    output: Value,
    ids: Mapping[Value, tuple[str, str]],
    text: str,
    whole: bool = False,
) -> Box:
    """The box of a Value; `whole`: it stands for its whole equation."""
    if value is output:
        role = "output"
    elif value.op == NUMBER:
        role = "number"
    elif not value.prev:
        role = "input"
    else:
        role = "intermediate" if value.label else "step"
    label = value.label or (text if len(text) <= _SHORT else "")
    if whole and value.prev and text:
        label = f"{label} = {text if len(text) <= _LONG else text[: _LONG - 1] + '…'}"
    group = ids[value][1] if value.prev or value.op == NUMBER else ""
    return Box(ids[value][0], label, role, value.data, value.grad, text, group)


def _operations(
    order: Sequence[Value], output: Value, ids: Mapping[Value, tuple[str, str]], text_of: TextOf
) -> Picture:
    boxes, circles, arrows = [], [], []
    groups: dict[str, str] = {}
    uses = Counter((ids[value][1], operand) for value in order for operand in value.prev)
    for value in order:
        text = text_of(value)
        box = _box(value, output, ids, text)
        boxes.append(box)
        if not value.prev:
            continue
        if value.label:
            groups[value.label] = text
        row = OPERATIONS[value.op]
        circle = f"{box.id} {row.name}"
        circles.append(Circle(circle, row.sign, box.group))
        slopes = local_slopes(value)
        for operand, slope, formula in zip(value.prev, slopes, row.slopes, strict=True):
            arrows.append(
                Arrow(
                    ids[operand][0],
                    circle,
                    slope if operand.op != NUMBER else None,
                    value.label,
                    # ∂u/∂a only where it is all of it: in u = a*b + a each use has a part.
                    operand.label if uses[ids[value][1], operand] == 1 else "",
                    f"{row.form} has the slope {formula}",
                    value.grad,
                )
            )
        arrows.append(Arrow(circle, box.id))
    return Picture(ids[output][0], tuple(boxes), tuple(circles), tuple(arrows), groups)


def _equations(
    order: Sequence[Value], output: Value, ids: Mapping[Value, tuple[str, str]], text_of: TextOf
) -> Picture:
    boxes, arrows = [], []
    for value in order:
        if not value.label and value is not output:
            continue
        text = text_of(value)
        boxes.append(_box(value, output, ids, text, whole=True))
        for name, slope in by_names(value).items():
            arrows.append(
                Arrow(
                    ids[name][0], ids[value][0], slope, value.label, name.label,
                    f"{value.label} = {text}", value.grad,
                )
            )  # fmt: skip
    return Picture(ids[output][0], tuple(boxes), (), tuple(arrows), {})
