"""A picture after each of its steps: one layout for all, so that nothing moves between them."""

from __future__ import annotations

from collections.abc import Sequence

from backprop.numbers import shortened
from backprop.picture import Box
from backprop.picture_steps import PictureStep, SteppedPicture
from backprop.reports.drawing import arrow_texts, number, numbers_of, with_room, words_of
from backprop.reports.shapes.letter_widths import wide, widest
from backprop.reports.shapes.shape import NONE, DrawnShape, Scene, ShapePoint
from backprop.reports.shapes.svg_shapes import scene_of
from backprop.reports.themes import PIXEL, THEMES, Look, WidestTexts

_BLANK, _SHORT_BLANK = "_" * 11, "_" * 10
"""WidestTexts for a number that is written by hand: of a box 73 points, of an arrow 55."""

_MORE = " + …"
"""Behind a sum that is not whole yet."""

_LIT, _LIT_ARROW = 4.0, 2.5
"""How wide the lines of what a step is about are."""

MARK = "backprop draw"
"""What the files of pictures in steps say of themselves."""

_LONG = 60
"""The longest equation in the line that tells the step."""

_RULE = 0.75
"""How wide the line is on which a number is written by hand."""


class StepScenes:
    """The pictures of all steps. numbers: those of the steps that are drawn. blank: whether what is not
    computed has a line to write on; then its room tells nothing of the number. Raises CannotDraw."""

    def __init__(
        self, stepped: SteppedPicture, look: Look, blank: bool, numbers: Sequence[int]
    ) -> None:
        self._stepped, self._look, self._blank = stepped, look, blank
        self._theme = THEMES[look.theme]
        self._boxes = {box.id: box for box in stepped.picture.boxes}
        self._moments = {each.number: each for each in stepped.moments}
        self._texts = {
            f"arrow:{at}": arrow_texts(arrow, look, stepped.picture.output)
            for at, arrow in enumerate(stepped.picture.arrows)
            if arrow.slope is not None and look.grads
        }
        laid = numbers if blank else range(stepped.last + 1)
        self._rooms = {id: self._room(box, laid) for id, box in self._boxes.items()}
        self._caption = widest([self.caption(each) for each in laid if each])
        arrows = {id: self._arrow(id, laid) for id in self._texts}
        colours = any(stepped.gradient(id, max(laid)) for id in self._boxes)
        room = WidestTexts(self._rooms, arrows, self._caption, colours, blank)
        base = scene_of(with_room(stepped.picture, look, room))
        self._base = base._replace(scale=look.width and look.width * PIXEL / base.width)
        self._parts: dict[str, list[int]] = {}
        for at, shape in enumerate(base.shapes):
            self._parts.setdefault(shape.owner, []).append(at)

    def caption(self, number: int) -> str:
        """`step 6 of 7, backward: d = e + c`."""
        moment = self._moments.get(number)
        begin = f"step {number} of {self._stepped.last}"
        if moment is None:
            return begin
        if moment.part == "start":
            output = self._stepped.picture.output
            return f"{begin}, backward: ∂{output}/∂{output} = 1"
        return f"{begin}, {moment.part}: {shortened(moment.equation, _LONG)}"

    def scene(self, number: int, is_told: bool = True) -> Scene:
        """The picture after so many steps. is_told: whether the last of them is lit, and named."""
        mark = f"{MARK}, step {number} of {self._stepped.last}"
        shapes = [shape for some in self.slots(number, is_told) for shape in some]
        return self._base._replace(shapes=shapes, mark=mark)

    def slots(self, number: int, is_told: bool = True) -> list[list[DrawnShape]]:
        """The shapes after so many steps, in the place of each of the layout's: none, one or more."""
        moment = self._moments.get(number) if is_told else None
        found = [[shape] for shape in self._base.shapes]
        for owner, parts in self._parts.items():
            shapes = [self._base.shapes[at] for at in parts]
            own = _place(owner) if owner.startswith("arrow:") else owner
            lit = moment is not None and own in moment.lit
            if owner in self._boxes:
                made = self._box(self._boxes[owner], shapes, number, moment)
            elif owner.startswith("arrow:"):
                made = self._arrow_after(owner, shapes, number, lit)
            elif owner:
                made = [[self._lit(each) if lit and not each.text else each] for each in shapes]
            else:
                made = [self._beside(each, number if is_told else 0) for each in shapes]
            for at, some in zip(parts, made, strict=True):
                found[at] = some
        return found

    def _room(self, box: Box, numbers: Sequence[int]) -> tuple[str, str]:
        """The widest texts of the two numbers of a box."""
        known = {self._stepped.has_data(box.id, each) for each in numbers}
        data = [numbers_of(box, self._look)[0]] * (True in known)
        arrived = [self._stepped.gradient(box.id, each) for each in numbers]
        grads = [self._grad(each.sum, each.whole) for each in arrived if each]
        empty = [_BLANK] * self._blank
        return widest(data + empty * (False in known)), widest(grads + empty * (None in arrived))

    def _grad(self, sum: float, whole: bool) -> str:
        return number(sum, self._look.digits) + ("" if whole else _MORE)

    def _arrow(self, id: str, numbers: Sequence[int]) -> str:
        """The widest text of an arrow."""
        before, text, _ = self._texts[id]
        known = any(self._stepped.has_slope(_place(id), each) for each in numbers)
        above = "\n" * self._blank  # room to write between the lines
        return above + before + widest([text] * known + [_SHORT_BLANK] * self._blank)

    def _beside(self, shape: DrawnShape, number: int) -> list[DrawnShape]:
        """What belongs to no box and no arrow; the line that tells the step among it."""
        if not self._caption or shape.text.split() != self._caption.split():
            return [shape]
        return [shape._replace(text=self.caption(number))] if number else []

    def _box(
        self, box: Box, shapes: Sequence[DrawnShape], number: int, moment: PictureStep | None
    ) -> list[list[DrawnShape]]:
        if box.role == "number":
            return [[each] for each in shapes]
        lit = moment is not None and box.id in moment.lit
        new = moment is not None and box.id in moment.new
        arrived = self._stepped.gradient(box.id, number) if self._look.grads else None
        whole = arrived is not None and arrived.whole
        ink = self._theme.faint if box.role == "constant" else self._theme.ink
        texts = [at for at, each in enumerate(shapes) if each.kind == "text"]
        count = 2 if self._look.grads else 1
        made = []
        for shape in shapes:
            if shape.kind == "text":
                shape = shape if whole else shape._replace(fill=ink)
            elif not whole and shape.fill != NONE:
                shape = shape._replace(fill=NONE)
            if lit and shape.kind in ("polygon", "path"):
                shape = self._lit(shape)
            made.append([shape])
        fields = zip(texts[-count:], words_of(box), self._rooms[box.id], strict=False)
        data = numbers_of(box, self._look)[0]
        forward = moment is not None and moment.part == "forward"
        known = [
            (data if self._stepped.has_data(box.id, number) else "", new and forward),
            (self._grad(arrived.sum, arrived.whole) if arrived else "", new and not forward),
        ]
        for (at, word, room), (text, bold) in zip(fields, known, strict=False):
            made[at] = self._number(made[at][0], f"{word} ", room, text, bold)
        return made

    def _number(
        self, shape: DrawnShape, word: str, room: str, text: str, bold: bool = False
    ) -> list[DrawnShape]:
        """A word, and a number behind it, or a line to write it on. shape: both as they were laid out; room:
        the text of the number there."""
        size = shape.size
        left, y = shape.points[0][0] - wide(word + room, size) / 2, shape.points[0][1]
        at = left + wide(word, size)
        found = [shape._replace(text=word.rstrip(), points=((left, y),), anchor="start")]
        if text:
            found.append(shape._replace(text=text, points=((at, y),), anchor="start", bold=bold))
        elif self._blank:
            end = left + wide(word + room, size)
            found.append(self._line((at, y + 3), (end, y + 3), shape))
        return found if word else found[1:]

    def _line(self, begin: ShapePoint, end: ShapePoint, like: DrawnShape) -> DrawnShape:
        return DrawnShape("line", (begin, end), stroke=like.fill, width=_RULE, owner=like.owner)

    def _arrow_after(
        self, owner: str, shapes: Sequence[DrawnShape], number: int, lit: bool
    ) -> list[list[DrawnShape]]:
        known = self._stepped.has_slope(_place(owner), number) and owner in self._texts
        made: list[list[DrawnShape]] = []
        for shape in shapes:
            shape = shape._replace(hint=shape.hint if known else "")
            if shape.kind == "text" and not shape.text.strip():
                made.append([])
            elif shape.kind != "text":
                head = shape.kind == "polygon"
                lit_up = shape._replace(stroke=self._theme.lit, width=_LIT_ARROW)
                lit_up = lit_up._replace(fill=self._theme.lit) if head else lit_up
                made.append([lit_up if lit else shape])
            else:
                made.append(self._slope(shape, owner, known))
        return made

    def _slope(self, shape: DrawnShape, owner: str, known: bool) -> list[DrawnShape]:
        """The number of an arrow; before it is known nothing, or what it is of and a line to write it on."""
        before, text, _ = self._texts[owner]
        if known:
            return [shape._replace(text=before + text)]
        return self._number(shape, before, _SHORT_BLANK, "") if self._blank else []

    def _lit(self, shape: DrawnShape) -> DrawnShape:
        return shape._replace(stroke=self._theme.lit, width=max(_LIT, shape.width))


def _place(owner: str) -> int:
    """The place of an arrow."""
    return int(owner.partition(":")[2])
