"""The graph of one output as a picture in plain data: boxes, circles and arrows with what they say.

In the detail `operations` a box is a Value and a circle an operation; each arrow into a circle
carries the local derivative, so that the chain rule can be read off: gradient behind it times the
number on it. In the detail `equations` a box is a named Value with its formula, and an arrow
carries the derivative of the whole equation by a name that it uses.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from backprop.evaluation.gradient import partials
from backprop.evaluation.unrounded import Unrounded, times
from backprop.graph import Graph, in_order
from backprop.names import Together, shape, together
from backprop.numbers import shortened
from backprop.operations import OPERATIONS
from backprop.values import Numbers, local_slopes

_SHORT, LONG = 16, 40
"""The longest texts of a step and of an equation that a box shows; hover text has all of it."""

DETAILED = 80
"""Up to this many boxes and circles every operation is drawn, unless something else is asked for."""

INPUTS = ("input", "constant")
"""The roles of boxes that no equation computes."""

MOST, MOST_ARROWS = 400, 1000
"""Pictures with more boxes and circles, or more arrows, are drawn only when asked for, whole or in part."""


class Box(NamedTuple):
    """A Value. label: its name, or a short text of it. role: input, constant, number, step
    (unnamed), intermediate or output. equation: its right side; formula: as much of that as is shown
    beside the label. members: how many Values it stands for; data and grad are then the largest in size."""

    id: str
    label: str
    role: str
    data: float
    grad: float
    equation: str
    group: str
    formula: str = ""
    members: int = 1


class Circle(NamedTuple):
    """An operation."""

    id: str
    symbol: str
    group: str


class Arrow(NamedTuple):
    """From an operand to an operation, or to the equation that uses it; `slope` is None on the way
    from a circle to its result. by, of: what is derived by what. formula: that of the slope.
    upstream: the gradient by the head. share: that times the slope, which is what the arrow adds to
    the gradient by the tail; single: this is all of it, because nothing else uses the tail."""

    tail: str
    head: str
    slope: float | None = None
    of: str = ""
    by: str = ""
    formula: str = ""
    upstream: float = 0.0
    share: float = 0.0
    single: bool = True


class Picture(NamedTuple):
    """groups: for each named equation its text, in order. size: what was drawn, boxes and circles."""

    output: str
    boxes: list[Box]
    circles: list[Circle]
    arrows: list[Arrow]
    groups: dict[str, str]

    @property
    def size(self) -> int:
        return len(self.boxes) + len(self.circles)

    @property
    def large(self) -> bool:
        """Whether it is more than a page can show."""
        return is_large(self.size, len(self.arrows))


def is_large(size: int, arrows: int) -> bool:
    """Whether so many boxes and circles, or so many arrows, are more than a page can show."""
    return size > MOST or arrows > MOST_ARROWS


def picture(
    graph: Graph,
    numbers: Numbers,
    text_of: Callable[[int], str] = lambda node: "",
    detail: str = "operations",
    constants: Collection[int] = (),
    names: Collection[str] = (),
    depth: int = 0,
    uses: Mapping[str, int] | None = None,
) -> Picture:
    """The picture of everything that leads to the output of a graph. text_of: the text of a node
    in its equation, "" if there is none. constants: the inputs that are such. names: if there are
    any, only what is within `depth` equations of these is drawn. uses: how many equations use a name,
    where the graph has not all of them."""
    drawing = _Drawing(graph, numbers, text_of, constants, uses is None)
    if uses:
        at = {graph.label(node): node for node in graph.order}
        drawing.users.update({at[name]: uses[name] - drawing.users[at[name]] for name in uses})
    add = drawing.add_equation if detail == "equations" else drawing.add_operation
    if names:
        drawing.wanted = dict.fromkeys(drawing.near(names, depth))
    for node in drawing.wanted:
        add(node)
    return drawing.picture


def of_families(
    graph: Graph,
    numbers: Numbers,
    text_of: Callable[[int], str],
    constants: Collection[int],
    ranks: Mapping[str, int],
) -> Picture:
    """The picture of equations with one box for each indexed equation: `h[1..16] = tanh(…)`. An
    arrow stands for all between two boxes, and carries a number only where it is one. ranks: where names
    stand in the file. The others as for `picture`."""
    drawing = _Drawing(graph, numbers, text_of, constants, True)
    for node in graph.order:
        drawing.add_equation(node, numbered=False)
    return _folded(drawing.picture, ranks, drawing.numbered)


def _folded(
    whole: Picture, ranks: Mapping[str, int], numbered: Callable[[Arrow], Arrow]
) -> Picture:
    members: dict[tuple[object, ...], list[Box]] = {}
    for box in sorted(whole.boxes, key=lambda each: ranks[each.id]):
        # one key for all members of an indexed equation, or of a family of inputs
        formula = box.equation if box.role not in INPUTS else ""
        members.setdefault((shape(box.id), box.role, formula), []).append(box)
    boxes: list[Box] = []
    owner: dict[str, str] = {}
    for box, *others in members.values():
        ids = [box.id, *(each.id for each in others)]
        if others:
            data = max((each.data for each in (box, *others)), key=_size)
            grad = max((each.grad for each in (box, *others)), key=_size)
            box = box_of_several(box, together(ids), data, grad, len(ids))
        owner |= dict.fromkeys(ids, box.id)
        boxes.append(box)
    between: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in whole.arrows:
        between.setdefault((owner[arrow.tail], owner[arrow.head]), []).append(arrow)
    arrows = [
        Arrow(tail, head) if more else numbered(arrow)._replace(tail=tail, head=head)
        for (tail, head), (arrow, *more) in between.items()
    ]
    return in_turn(whole.output, boxes, arrows)


def box_of_several(first: Box, id: Together, data: float, grad: float, members: int) -> Box:
    """The box of several members. first: that of the first one. data, grad: the largest in size."""
    group = id if first.group else ""
    return first._replace(id=id, label=id, data=data, grad=grad, group=group, members=members)


def called(box: Box, name: str) -> Box:
    """A box of a step, with the name that the derivation has for it."""
    if box.role != "step":
        return box
    return box._replace(label=f"{name} = {box.label}" if box.label else name)


def in_turn(output: str, boxes: Iterable[Box], arrows: Iterable[Arrow]) -> Picture:
    """The picture with each box behind those that lead there, as far as these stand in no circle. boxes: in
    the order of the file."""
    by_id = {box.id: box for box in boxes}
    place = {id: at for at, id in enumerate(by_id)}
    read: dict[str, list[str]] = {id: [] for id in by_id}
    for arrow in arrows:
        read[arrow.head].append(arrow.tail)
    order = in_order([output], lambda each: sorted(read[each], key=place.__getitem__))
    turns = {id: at for at, id in enumerate(order)}
    arrows = sorted(arrows, key=lambda each: (turns[each.head], turns[each.tail]))
    return Picture(output, [by_id[id] for id in order], [], arrows, {})


def focus(whole: Picture, names: Collection[str], depth: int) -> Picture:
    """The part of a picture within `depth` equations of `names`, towards inputs and output. A box for
    several members of a family is near where one of them is."""
    owner = {box.id: box.group or box.id for box in whole.boxes}
    owner |= {circle.id: circle.group for circle in whole.circles}
    near: dict[str, set[str]] = {}
    for arrow in whole.arrows:
        tail, head = owner[arrow.tail], owner[arrow.head]
        near.setdefault(tail, set()).add(head)
        near.setdefault(head, set()).add(tail)
    families = {*map(shape, names)}
    begin = {*names} | {
        box.id
        for box in whole.boxes
        if isinstance(box.id, Together) and shape(box.id.names[0]) in families
    }
    kept = _within(near, begin, depth)
    shown = {id for id, name in owner.items() if name in kept}
    return Picture(
        whole.output,
        [box for box in whole.boxes if box.id in shown],
        [circle for circle in whole.circles if circle.id in shown],
        [arrow for arrow in whole.arrows if {arrow.tail, arrow.head} <= shown],
        {group: text for group, text in whole.groups.items() if group in kept},
    )


def _within(near: Mapping[str, Collection[str]], begin: set[str], depth: int) -> set[str]:
    """What is at most so many steps from where it begins. near: what is one step away."""
    kept = edge = begin
    while edge and depth > 0:
        depth -= 1
        edge = {other for at in edge for other in near.get(at, ())} - kept
        kept = kept | edge
    return kept


class _Drawing:
    """What is drawn of a graph, node by node.

    ids: of each node, made of names. owners: the name whose equation it belongs to. uses: how often
    an equation, by its name, uses a node; users: how many equations use it. wanted: the nodes that
    are drawn, in order.
    """

    def __init__(
        self,
        graph: Graph,
        numbers: Numbers,
        text_of: Callable[[int], str],
        constants: Collection[int],
        whole: bool,
    ) -> None:
        """whole: whether the graph has all that leads to its output."""
        self.graph = graph
        self.wanted = dict.fromkeys(graph.order)
        self.constants = constants
        self.data, self.gradients = numbers
        self.unrounded = Unrounded(graph, *numbers, whole)
        self.text_of = text_of
        self.ids: dict[int, str] = {}
        self.owners = {graph.output: "output"}
        self.uses: Counter[tuple[str, int]] = Counter()
        taken: Counter[str] = Counter()
        for node in reversed(graph.order):  # a step belongs to who uses it first
            label = graph.label(node)
            owner = self.owners[node] = label or self.owners[node]
            name = owner if label or node == graph.output else f"{owner} step"
            taken[name] += 1
            self.ids[node] = name if label and taken[name] == 1 else f"{name} {taken[name]}"
            for operand in graph.operands(node):
                self.owners.setdefault(operand, owner)
                self.uses[owner, operand] += 1
        self.users = Counter(operand for _, operand in self.uses)
        self.picture = Picture(self.ids[graph.output], [], [], [], {})
        self._latest: tuple[int, Mapping[int, float]] = -1, {}

    def near(self, names: Collection[str], depth: int) -> list[int]:
        """The nodes of what is within so many equations of these names."""
        graph, near = self.graph, dict[str, set[str]]()
        inputs = {*graph.inputs}
        own = {node: (self.ids if node in inputs else self.owners)[node] for node in graph.order}
        for node in graph.order:
            for operand in graph.operands(node):
                near.setdefault(own[operand], set()).add(own[node])
                near.setdefault(own[node], set()).add(own[operand])
        kept = _within(near, {*names}, depth)
        return [node for node in graph.order if own[node] in kept]

    def add_operation(self, node: int) -> None:
        """Add a box for a node, and a circle for its operation."""
        graph, ids, label, text = self.graph, self.ids, self.graph.label(node), self.text_of(node)
        if not label and text in map(self.text_of, graph.users.get(node, ())):
            text = ""  # a part of `mean(…)`, of `min(a, b, c)`
        box = self._add_box(node, text)
        if not graph.is_step(node):
            return
        if label:
            self.picture.groups[label] = text
        row = OPERATIONS[graph.op(node)]
        circle = f"{box.id} {row.name}"
        self.picture.circles.append(Circle(circle, row.sign, box.group))
        operands, slopes = graph.operands(node), local_slopes(graph, node, self.data)
        if len({*operands}) == len(operands):
            known = dict(zip(operands, slopes, strict=True))
            slopes = [*self.unrounded.partials(node, known).values()]
        for operand, number, formula in zip(graph.operands(node), slopes, row.slopes, strict=True):
            slope = None if graph.is_number(operand) else number
            # ∂u/∂a only where it is all of it: in u = a*b + a each use has a part.
            once = self.uses[self.owners[node], operand] == 1
            by = graph.label(operand) if once else ""
            said = f"{row.form} has the slope {formula}"
            arrow = Arrow(ids[operand], circle, slope, label, by, said)
            self._add_arrow(arrow, node, operand, once and self.users[operand] == 1)
        self.picture.arrows.append(Arrow(circle, box.id))

    def add_equation(self, node: int, numbered: bool = True) -> None:
        """Add a box for a name with its equation; nothing for a node inside one. numbered: whether arrows
        have numbers."""
        graph, ids, label, text = self.graph, self.ids, self.graph.label(node), self.text_of(node)
        if not label and node != graph.output:
            return
        self._add_box(node, text, shortened(text, LONG) if graph.is_step(node) else "")
        if not numbered:
            arrows = (Arrow(ids[operand], ids[node]) for operand in graph.uses(node))
            self.picture.arrows.extend(arrows)
            return
        for operand in self._partials(node):
            self._add_arrow(self._arrow(node, operand), node, operand, self.users[operand] == 1)

    def _partials(self, node: int) -> Mapping[int, float]:
        """The derivatives of an equation by what it uses."""
        if self._latest[0] != node:
            known = partials(self.graph, node, self.data)
            self._latest = node, self.unrounded.partials(node, known)
        return self._latest[1]

    def _arrow(self, node: int, operand: int) -> Arrow:
        """The arrow to a name from what its equation uses."""
        label, slope = self.graph.label(node), self._partials(node)[operand]
        said = f"{label} = {self.text_of(node)}"
        ids = self.ids
        return Arrow(ids[operand], ids[node], slope, label, self.graph.label(operand), said)

    def numbered(self, arrow: Arrow) -> Arrow:
        """An arrow between names with its numbers."""
        head, tail = self._by_id[arrow.head], self._by_id[arrow.tail]
        return self._weighed(self._arrow(head, tail), head, tail, self.users[tail] == 1)

    @cached_property
    def _by_id(self) -> Mapping[str, int]:
        return {id: node for node, id in self.ids.items()}

    def _add_arrow(self, arrow: Arrow, node: int, operand: int, single: bool) -> None:
        """Add the arrow from an operand to a node."""
        if operand in self.wanted:
            self.picture.arrows.append(self._weighed(arrow, node, operand, single))

    def _weighed(self, arrow: Arrow, node: int, operand: int, single: bool) -> Arrow:
        """The arrow from an operand to a node with what it adds to the gradient: where that is
        all of it, the gradient itself, since a product may end in other bits."""
        if arrow.slope is None:
            return arrow
        upstream, whole = map(self.unrounded.gradient, (node, operand))
        added = whole if single else times(upstream, arrow.slope)
        slope = added if single and node == self.graph.output else arrow.slope
        return arrow._replace(slope=slope, upstream=upstream, share=added, single=single)

    def _add_box(self, node: int, text: str, formula: str = "") -> Box:
        graph, label = self.graph, self.graph.label(node)
        if graph.is_step(node):
            role = "intermediate" if label else "step"
        else:
            role = "constant" if node in self.constants else "input"
            role = "number" if graph.is_number(node) else role
        group = "" if role in INPUTS else self.owners[node]
        role = "output" if node == graph.output else role
        shown = label or (text if len(text) <= _SHORT else "")
        numbers = (self.data[node], self.gradients[node])
        box = Box(self.ids[node], shown, role, *numbers, text, group, formula)
        self.picture.boxes.append(box)
        return box


def _size(number: float) -> tuple[bool, float, float]:
    """For the largest of some numbers: nan if there is one; of two as large that above 0."""
    return number != number, abs(number), number
