"""When what a picture shows is computed: the steps of both passes, numbered as in `explain`.

After step K there is in the picture what the first K steps have computed. A gradient that several
uses add to arrives share by share.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from backprop.derivation.steps import Computed, Derivation, Passed
from backprop.picture import Picture


class PictureStep(NamedTuple):
    """A step. number: as `explain` has it. part: forward, start or backward. equation: what is computed, or
    gone through: `e = a*b`. lit: the ids of the boxes and circles that it is about, and the places of arrows;
    new: those of which it computes a number."""

    number: int
    part: str
    equation: str
    lit: frozenset[str | int]
    new: frozenset[str | int]


class Arrived(NamedTuple):
    """What has come to a gradient after a step. whole: whether that is all."""

    number: int
    sum: float
    whole: bool


class SteppedPicture(NamedTuple):
    """A picture and its steps. last: the number of the last step, seen or not. moments: the steps of which
    something is seen, in order. data: of each box that is computed the step that does it. gradients: of
    each box what arrives when. slopes: of each arrow with a number, by its place, the step that takes it.
    forward: the number of the last step of the forward pass."""

    picture: Picture
    last: int
    moments: Sequence[PictureStep]
    data: Mapping[str, int]
    gradients: Mapping[str, Sequence[Arrived]]
    slopes: Mapping[int, int]
    forward: int

    def moment(self, number: int) -> PictureStep | None:
        """A step, if anything of it is seen."""
        return next((each for each in self.moments if each.number == number), None)

    def has_data(self, box: str, number: int) -> bool:
        """Whether a value is known after a step: of what is given always."""
        return self.data.get(box, 0) <= number

    def gradient(self, box: str, number: int) -> Arrived | None:
        """What has come to a gradient after a step; None for nothing."""
        found = [each for each in self.gradients.get(box, ()) if each.number <= number]
        return found[-1] if found else None

    def has_slope(self, arrow: int, number: int) -> bool:
        """Whether the number of an arrow is known after a step."""
        return arrow in self.slopes and self.slopes[arrow] <= number


def in_steps(picture: Picture, found: Derivation, names: Mapping[str, str]) -> SteppedPicture:
    """The steps of a picture that is drawn box by box. found: the derivation of the same output in the same
    detail; without a backward pass for a picture of values alone. names: the box of each name in it."""
    making = _Making(picture, names)
    for step in found.forward:
        making.compute(step)
    if found.start:
        making.start(found.start)
        expected = Counter(share.by for step in found.backward for share in step.shares)
        for passed in found.backward:
            making.go_through(passed, expected)
        making.rest(found.start)
    numbers = [step.number for step in found.forward] + [step.number for step in found.backward]
    return SteppedPicture(
        picture, max([found.start, *numbers]), making.moments, making.data, making.gradients,
        making.slopes, max((step.number for step in found.forward), default=0),
    )  # fmt: skip


class _Making:
    """What is known of the steps so far."""

    def __init__(self, picture: Picture, names: Mapping[str, str]) -> None:
        self.picture = picture
        self.boxes = {box.id: box for box in picture.boxes}
        self.of = {name: id for name, id in names.items() if id in self.boxes}
        circles = {circle.id for circle in picture.circles}
        self.circles = {arrow.head: arrow.tail for arrow in picture.arrows if arrow.tail in circles}
        self.into: dict[str, list[int]] = defaultdict(list)
        """The arrows to a box, or to the circle before it."""
        for at, arrow in enumerate(picture.arrows):
            self.into[arrow.head].append(at)
        self.moments: list[PictureStep] = []
        self.data: dict[str, int] = {}
        self.gradients: dict[str, list[Arrived]] = defaultdict(list)
        self.slopes: dict[int, int] = {}
        self.shares: dict[str, list[float]] = defaultdict(list)

    def compute(self, step: Computed) -> None:
        """A step of the forward pass."""
        box = self.of.get(step.name)
        if box is not None:
            self.data[box] = step.number
            self._add(step.number, "forward", step, {box, *self._around(box)}, {box})

    def start(self, number: int) -> None:
        """∂L/∂L = 1."""
        output = self.picture.output
        if output in self.boxes:
            self.gradients[output].append(Arrived(number, self.boxes[output].grad, True))
            self.moments.append(
                PictureStep(number, "start", "", frozenset({output}), frozenset({output}))
            )

    def go_through(self, step: Passed, expected: Mapping[str, int]) -> None:
        """A step of the backward pass. expected: how many shares come to each name."""
        box = self.of.get(step.name)
        new = set[str | int]()
        lit: set[str | int] = {box, *self._around(box)} if box is not None else set()
        for at in self._arrows(box):
            if self.picture.arrows[at].slope is not None:
                self.slopes[at] = step.number
                new.add(at)
        for name, products in _by_name(step):
            own = self.of.get(name)
            self.shares[name] += products
            if own is None:
                continue
            arrived = self.shares[name]
            whole = len(arrived) == expected[name]
            total = self.boxes[own].grad if whole else sum(map(float, arrived))
            self.gradients[own].append(Arrived(step.number, total, whole))
            new.add(own)
        lit |= new
        if lit:
            self._add(step.number, "backward", step, lit, new)

    def rest(self, number: int) -> None:
        """Nothing adds to what is left; it is known from the start on. number: of that."""
        for id, box in self.boxes.items():
            if not self.gradients[id] and box.role != "number":
                self.gradients[id].append(Arrived(number, box.grad, True))
        for at, arrow in enumerate(self.picture.arrows):
            if arrow.slope is not None:
                self.slopes.setdefault(at, number)

    def _add(
        self,
        number: int,
        part: str,
        step: Computed | Passed,
        lit: Iterable[str | int],
        new: Iterable[str | int],
    ) -> None:
        equation = f"{step.name} = {step.equation}" if step.equation else step.name
        self.moments.append(PictureStep(number, part, equation, frozenset(lit), frozenset(new)))

    def _around(self, box: str) -> Iterable[str | int]:
        """The circle before a box, and all arrows that lead to it."""
        circle = self.circles.get(box)
        return [*([circle] if circle else ()), *self.into[box], *self._arrows(box)]

    def _arrows(self, box: str | None) -> Sequence[int]:
        """The arrows from what the equation of a box uses."""
        return self.into.get(self.circles.get(box, box), ()) if box is not None else ()


def _by_name(step: Passed) -> Iterable[tuple[str, list[float]]]:
    found: dict[str, list[float]] = {}
    for share in step.shares:
        found.setdefault(share.by, []).append(share.product)
    return found.items()
