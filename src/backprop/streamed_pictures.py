"""`draw` of tables that memory does not hold: a column is a stack of boxes, with numbers of all rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING

from backprop import picture as pictures
from backprop.errors import BadOption, NotFinite
from backprop.evaluation.gradient import Gradient
from backprop.language import Model
from backprop.language.laid import Laid, gathers_rows
from backprop.names import Together, family, meant
from backprop.picture import Arrow, Box, Picture, box_of_several
from backprop.values import Numbers, forward

if TYPE_CHECKING:
    from backprop.by_rows.passing import SumsAndSlopes
    from backprop.by_rows.reductions import Extremes


def streamed_picture(
    model: Model,
    numbers: Mapping[str, float],
    of: str | None,
    focus: Sequence[str],
    depth: int,
    detail: str | None,
) -> tuple[Picture, Gradient, Sequence[str]]:
    """The picture, the gradient, and the names that are meant, of a Model of first rows. The options are
    those of `draw`. Raises BadOption for single operations."""
    from backprop.descent.streamed_objective import StreamedObjective  # with NumPy

    if detail == "operations":
        hints = ["draw one box an equation: --detail equations", "or let it have more: --memory 8G"]
        raise BadOption("tables larger than memory are drawn an equation a box", hints=hints)
    objective = StreamedObjective(model, model.output(of), (), numbers)
    try:
        gradient, passed = objective.noted(watched=True)
    except NotFinite as error:
        raise objective.explained(error) from None
    laid = model.laid
    assert laid
    drawing = _Stacks(laid, passed, [each.count() for each in objective.streams])
    graph = model.graph(gradient.output)
    data, slopes = model.columns.start(), [0.0] * len(model.columns)
    for node in graph.order:
        if label := graph.label(node):
            data[node], slopes[node] = drawing.numbers(label)
        elif graph.is_step(node):
            forward(graph.columns, (node,), data)
    slopes[graph.output] = 1.0
    constants = {model.names[name] for name in model.constants if name in model.names}
    ranks = {name: at for at, name in enumerate(model.names)}
    found = pictures.of_families(graph, Numbers(data, slopes), model.text, constants, ranks)
    names = [graph.label(node) for node in graph.order if graph.label(node)]
    near = [
        *dict.fromkeys(
            meant([*map(drawing.first, focus)], names, f"what leads to {gradient.output}")
        )
    ]
    return drawing.stacked(pictures.focus(found, near, depth) if focus else found), gradient, near


class _Stacks:
    """Boxes of columns, and of what is computed of them row by row. sizes: of each table its rows."""

    def __init__(self, laid: Laid, passed: SumsAndSlopes, sizes: Sequence[int]) -> None:
        self._laid, self._passed, self._sizes = laid, passed, sizes

    def first(self, name: str) -> str:
        """The member of the first row in the place of that of any other."""
        return re.sub(r"\d+\s*\]$", "1]", name) if family(name) in self._laid.families else name

    def numbers(self, name: str) -> tuple[float, float]:
        """What a name is worth, and the gradient by it; of what has rows the largest in size."""
        passed = self._passed
        if family(name) not in self._laid.families:
            return passed.data.get(name, 0.0), passed.gradients.get(name, 0.0)
        of, _, inside = name.partition("[")
        others = inside.rstrip("]").rpartition(",")[0]
        key = f"{of}[{others}]" if others else of
        return _largest(passed.values.get(key)), _largest(passed.slopes.get(key))

    def stacked(self, found: Picture) -> Picture:
        """A picture of first rows as one of all."""
        ids = {box.id: self._id(box) for box in found.boxes}
        boxes = [self._stack(box, ids[box.id]) for box in found.boxes]
        unknown = {box.id for box in found.boxes if gathers_rows(box.equation)}
        slopes = {box.id: box.grad for box in found.boxes}

        def plain(arrow: Arrow) -> bool:
            """Whether it is between single numbers."""
            return ids[arrow.tail] == arrow.tail and ids[arrow.head] == arrow.head

        arrows = [
            each
            if plain(each) and each.head not in unknown
            else Arrow(ids[each.tail], ids[each.head])
            for each in found.arrows
        ]
        for at, each in enumerate(found.arrows):
            if plain(each) and each.head in unknown:
                others = [it for it in found.arrows if it.tail == each.tail and it is not each]
                # what all rows bring together is what nothing else brings
                if all(plain(it) and it.head not in unknown for it in others):
                    share = slopes[each.tail] - fsum(it.share for it in others)
                    arrows[at] = _with_share(each, share, slopes[each.head])
        groups = {ids.get(name, name): text for name, text in found.groups.items()}
        return Picture(found.output, boxes, found.circles, arrows, groups)

    def _id(self, box: Box) -> str:
        names = box.id.names if isinstance(box.id, Together) else (box.id,)
        if family(names[0]) not in self._laid.families:
            return box.id
        size = self._sizes[self._laid.families[family(names[0])]]
        inside = box.id.partition("[")[2].rpartition("]")[0].rpartition(",")[0]
        before = f"{inside}," if inside else ""
        return Together(f"{family(names[0])}[{before}1..{size}]")

    def _stack(self, box: Box, id: str) -> Box:
        if id == box.id or not isinstance(id, Together):
            return box
        size = self._sizes[self._laid.families[family(id)]]
        some = max(box.members // max(self._heads(box), 1), 1)
        return box_of_several(box, id, box.data, box.grad, some * size)

    def _heads(self, box: Box) -> int:
        """How many first rows a box is of."""
        return self._laid.tables[self._laid.families[family(box.id)]].size


def _with_share(arrow: Arrow, share: float, upstream: float) -> Arrow:
    """An arrow with what it adds to the gradient by its tail. upstream: the gradient by its head."""
    if not upstream:
        return Arrow(arrow.tail, arrow.head)
    return arrow._replace(slope=share / upstream, upstream=upstream, share=share)


def _largest(some: Extremes | None) -> float:
    if some is None or not some.count:
        return 0.0
    return some.most if some.most >= -some.least else some.least
