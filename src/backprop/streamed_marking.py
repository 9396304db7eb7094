"""`check --claim` of tables that memory does not hold: claims beside what passes over all rows find.

A formula is tried at the given point and at a few others, each a pass. What a wrong claim comes from is found
out of all rows at once, and is not said here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from math import nan
from types import MappingProxyType

from backprop.checks.claims import Claim
from backprop.checks.marking import Marked, Sheet
from backprop.checks.points import Answer, Subject
from backprop.descent.streamed_objective import StreamedObjective
from backprop.errors import BackpropError, BadOption, NotFinite, raise_all
from backprop.evaluation.gradient import Gradient
from backprop.graph import in_order
from backprop.language import Model
from backprop.names import family
from backprop.values import Numbers, forward

_POINTS = 5
"""Other points at which a formula is tried."""


def mark(
    model: Model,
    claims: Sequence[Claim],
    values: Mapping[str, float],
    of: str,
    tolerance: float,
    seed: int,
) -> Sheet:
    """What `checks.mark` finds, without what mistakes there are. model: of first rows. Raises BadOption for
    claims about rows, and those with derivatives in them."""
    raise_all([each.refused for each in claims if each.refused] or _refused(model, claims))
    passes = _Gradients(model, values)
    gradient = passes.at(of, {})
    by_name: dict[str, list[Claim]] = {}
    marks: dict[Claim, Marked] = {claim: Marked(claim, nan, nan, True) for claim in claims}
    for claim in claims:
        if not claim.blank:
            by_name.setdefault(claim.of, []).append(claim)
    for name, its in by_name.items():
        subject = _StreamedSubject(model, name, its, passes)
        both = {each: [Answer(subject, one, tolerance) for one in each.readings] for each in its}
        waiting = [answer for some in both.values() for answer in some if answer.claim.formula]
        for point in islice(subject.points(seed), _POINTS) if waiting else ():
            for answer in waiting:
                answer.try_at(point)
        for claim, some in both.items():
            answer = min(some, key=lambda each: bool(each.wrong))
            marks[claim] = _marked(claim, answer)
    return Sheet(gradient, tuple(marks.values()))


def _marked(claim: Claim, answer: Answer) -> Marked:
    subject = answer.subject
    found = Marked(claim, *answer.both(subject.start), not answer.wrong, *answer.counts)
    if not answer.wrong:
        return found
    example = answer.wrong[0]
    at = {n: x for n, x in subject.named(example).items() if not _has_rows(subject.model, n)}
    return Marked(
        *(claim, found.claimed, found.right, False, found.points, found.agreeing),
        *(at, *answer.both(example), answer.here),
    )


def _has_rows(model: Model, name: str) -> bool:
    return model.laid is not None and family(name) in model.laid.families


def _refused(model: Model, claims: Sequence[Claim]) -> list[BackpropError]:
    found: list[BackpropError] = []
    hints = ["let it have more: --memory 8G"]
    for each in claims:
        labels = model.labels
        needs = partial(_own, labels, each.graph.operands)
        inside = in_order(each.roots, needs)  # not what leads to names
        names = [each.of, each.by, *(labels.get(node, "") for node in inside)]
        row = next((name for name in names if _has_rows(model, name)), "")
        if row:
            message = (
                f"{row} is of one row, and of tables larger than memory claims are of what all have"
            )
            found.append(BadOption(message, each.place, hints=hints))
        elif each.part or each.slopes.keys() & {*inside}:
            message = (
                "of tables larger than memory claims are numbers, or formulas without derivatives"
            )
            found.append(BadOption(message, each.place, hints=hints))
    return found


def _own(
    labels: Mapping[int, str], operands: Callable[[int], Sequence[int]], node: int
) -> Sequence[int]:
    return () if node in labels else operands(node)


class _Gradients:
    """The gradients of outputs over all rows. values: by name, at the given point."""

    def __init__(self, model: Model, values: Mapping[str, float]) -> None:
        self._model, self._values = model, values

    def at(self, name: str, moved: Mapping[str, float]) -> Gradient:
        """The gradient of a name by all that rows have in common. moved: other numbers. Raises NotFinite."""
        values = {**self._values, **moved}
        objective = StreamedObjective(self._model, name, (), values)
        try:
            return objective.noted()[0]
        except NotFinite as error:
            raise objective.explained(error) from None


class _StreamedSubject(Subject):
    """As Subject, where numbers and gradients are those of all rows."""

    def __init__(
        self, model: Model, name: str, claims: Sequence[Claim], passes: _Gradients
    ) -> None:
        self._passes, self._name = passes, name
        data = claims[0].graph.columns.start()
        for label in model.defaults:  # of columns those of the first row
            data[model.names[label]] = model.default(label)
        for label, number in passes.at(name, {}).data.items():
            data[model.names[label]] = number
        super().__init__(model, name, claims, data, {})

    def _at(
        self,
        inputs: Mapping[int, float],
        known: Mapping[int, Sequence[float]] = MappingProxyType({}),
    ) -> Numbers:
        names = self.model.names
        asked = {self.model.labels.get(node, ""): number for node, number in inputs.items()}
        own = {name for name in asked if not _has_rows(self.model, name)}.intersection(names)
        moved = {name: asked[name] for name in own if not self.model.is_equation(name)}
        data, gradients = [*self._numbers], [0.0] * len(self._numbers)
        for node, number in inputs.items():
            data[node] = number
        try:
            found = self._passes.at(self._name, moved)
        except NotFinite:
            return Numbers([nan] * len(data), gradients)
        forward(self.graph, self._names, data)
        for label, number in found.data.items():
            data[names[label]] = number
        unnamed = [step for step in self._names if self.model.labels.get(step) not in found.data]
        forward(self.graph, unnamed, data)
        for label, slope in found.gradients.items():
            gradients[names[label]] = slope
        forward(self.graph, self._rest, data)
        return Numbers(data, gradients)

    def exactly(self, claim: Claim, by: int) -> tuple[float, float] | None:
        return None
