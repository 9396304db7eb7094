"""Claims marked right or wrong, and what the wrong ones come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from backprop.checks.claims import Claim, doubtful
from backprop.checks.points import MOST, Comparison, Subject
from backprop.checks.suspects import Key, Mistakes, Suspect
from backprop.checks.way import Way
from backprop.checks.words import number
from backprop.errors import BackpropError
from backprop.evaluation.gradient import Gradient, evaluate
from backprop.evaluation.inputs import missing_inputs
from backprop.graph import Graph, in_order
from backprop.language import Model
from backprop.operations import OPERATIONS
from backprop.values import ByNode, Numbers, by_names, local_slopes

_TESTED = 8
"""Random points at which a reason is tried."""

_BRANCH = "it is right only where the same branches are taken as at the given point"


@dataclass(frozen=True)
class Marked:
    """A claim, and what came of it.

    claimed, right: both numbers at the given point. correct: there and at every other point. points,
    agreeing: how many other points a formula was tried at, and at how many it was right. example,
    example_claimed, example_right: a point at which it is wrong, by name, and both numbers there; of
    a correct claim None. kind: of mistake, "" if none is recognised. diagnosis: in a sentence.
    chain: the right value as the product of its local derivatives.
    """

    claim: Claim
    claimed: float
    right: float
    correct: bool
    points: int = 0
    agreeing: int = 0
    example: Mapping[str, float] | None = None
    example_claimed: float = 0.0
    example_right: float = 0.0
    elsewhere: bool = False
    kind: str = ""
    diagnosis: str = ""
    chain: str = ""


@dataclass(frozen=True)
class Sheet:
    """An answer sheet, marked."""

    gradient: Gradient
    marks: tuple[Marked, ...]

    @property
    def right(self) -> bool:
        return all(each.correct for each in self.marks)

    @property
    def warnings(self) -> list[BackpropError]:
        return [
            BackpropError(doubtful(each.claim), each.claim.place)
            for each in self.marks
            if each.claim.doubt
        ]


def mark(
    model: Model,
    claims: Sequence[Claim],
    values: Mapping[str, float] | None = None,
    of: str | None = None,
    tolerance: float = 0.0,
    seed: int = 0,
) -> Sheet:
    """Mark claims at these numbers for inputs; formulas at random points as well.

    A number is right if it is the derivative to 9 digits, or as far as it was written and rounded, or
    within `tolerance` of it, relative. seed: of the random points. Raises what `Model.grad` raises.
    """
    found = evaluate(model, values or {}, of)
    data = found.numbers.data
    by_name: dict[str, list[Claim]] = {}
    for claim in claims:
        by_name.setdefault(claim.of, []).append(claim)
    _all_given(model, claims, data)
    marks: dict[int, Marked] = {}
    for name, its_claims in by_name.items():
        marks |= _marks(Subject(model, name, its_claims, data), its_claims, tolerance, seed)
    return Sheet(found.gradient, tuple(marks[id(claim)] for claim in claims))


def _all_given(model: Model, claims: Sequence[Claim], data: Sequence[float]) -> None:
    """Raises MissingInputs for inputs without a number that only a claim needs."""
    absent = [name for name in model.inputs if isnan(data[model.names[name]])]
    if absent:
        roots = [each for claim in claims for each in (model.names[claim.of], claim.graph.output)]
        needed = set(in_order(roots, claims[0].graph.operands))
        names = [name for name in absent if model.names[name] in needed]
        if names:
            raise missing_inputs(model, "a claim", names)


class _Answer:
    """What is known of a claim while it is being marked.

    here: whether it is right at the given point. agreeing: at how many of the other `points` it is.
    wrong: the points at which it is not. tested: all the points at which both numbers have a value.
    other_branch: whether it is wrong only where another branch is taken than at the given point.
    """

    def __init__(self, compared: Comparison, tolerance: float) -> None:
        start = compared.subject.start
        self.compared = compared
        self.claim = compared.claim
        self.tolerance = tolerance
        self.here = compared.agrees(start, tolerance)
        self.points = self.agreeing = 0
        self.wrong = [] if self.here else [start]
        self.tested = [start] if compared.whole(start) else []
        self.other_branch = True

    def try_at(self, point: Numbers, other_branch: bool) -> None:
        if not self.compared.whole(point):
            return
        self.points += 1
        self.tested.append(point)
        if self.compared.agrees(point, self.tolerance):
            self.agreeing += 1
        else:
            self.wrong.append(point)
            self.other_branch = self.other_branch and other_branch


Others = Mapping[str, _Answer]
"""By the name that a claim differentiates by, what is known of it."""


def _marks(
    subject: Subject, claims: Sequence[Claim], tolerance: float, seed: int
) -> dict[int, Marked]:
    """All claims about one name: first at the given point, formulas at others, then the reasons."""
    answers = [_Answer(Comparison(subject, claim), tolerance) for claim in claims]
    taken = _branches(subject.graph, subject.start.data)
    waiting = [answer for answer in answers if answer.claim.formula]
    for point in subject.points(seed) if waiting else ():
        other_branch = _branches(subject.graph, point.data) != taken
        for answer in waiting:
            answer.try_at(point, other_branch)
        waiting = [answer for answer in waiting if answer.points < MOST]
        if not waiting:
            break
    sheet = {answer.claim.by: answer for answer in answers}
    return {id(answer.claim): _marked(answer, sheet) for answer in answers}


def _marked(answer: _Answer, sheet: Others) -> Marked:
    compared, claim, subject = answer.compared, answer.claim, answer.compared.subject
    claimed, right = compared.claimed(subject.start), compared.right(subject.start)
    if not answer.wrong:
        return Marked(claim, claimed, right, True, answer.points, answer.agreeing)
    example = answer.wrong[0]
    tested = [point for point in answer.tested[: _TESTED + 1] if point is not example]
    if compared.whole(example):
        tested.insert(0, example)  # sentences have the numbers of the first point
    its_claimed, its_right = compared.claimed(example), compared.right(example)
    way = Way(subject.model, subject.graph, compared.by)
    kind, diagnosis = _diagnosis(answer, way, sheet, tested)
    chain = f"{claim.name} = {number(its_right)}"
    if compared.by in subject.graph and claim.of != claim.by:
        chain = Mistakes(way, example).chain()
    return Marked(
        claim, claimed, right, False, answer.points, answer.agreeing,
        subject.named(example), its_claimed, its_right, answer.here, kind, diagnosis, chain,
    )  # fmt: skip


def _diagnosis(
    answer: _Answer, way: Way, sheet: Others, tested: Sequence[Numbers]
) -> tuple[str, str]:
    """The simplest mistake that gives what is claimed at every tested point, in a sentence."""
    compared, other_branch = answer.compared, answer.here and answer.other_branch
    of, by = answer.claim.of, answer.claim.by
    if not tested:
        return "no value", "the claim has no value at this point"
    if compared.by not in compared.graph:
        return "independent", f"{of} does not depend on {by}: the derivative is 0"
    if of == by:
        return "itself", f"the derivative of {of} by itself is 1"
    if all(compared.claimed(point) == 0 for point in tested) and not way.large:
        users = [way.equation(each.step) for each in way.uses if each.operand == way.by]
        return "zero", f"{of} does depend on {by}, through {', '.join(dict.fromkeys(users))}"
    carried = _carried(compared, way, sheet, tested)
    if carried:
        return "carried", carried
    found = _suspect(compared, way, tested)
    if found:
        sentence = Mistakes(way, tested[0]).sentence(found.key)
        return ("branch", f"{_BRANCH}: {sentence}") if other_branch else (found.kind, sentence)
    if other_branch:
        return "branch", _BRANCH
    if answer.here:
        return "coincidence", "it is right at the given point, but not as a formula"
    return "", ""


def _suspect(compared: Comparison, way: Way, tested: Sequence[Numbers]) -> Suspect | None:
    """The simplest mistake that gives what is claimed at all these points, if there is any."""
    left: dict[Key, Suspect] | None = None
    for point in reversed(tested):
        claimed = compared.claimed(point)
        left = {
            suspect.key: suspect
            for suspect in Mistakes(way, point).suspects()
            if (left is None or suspect.key in left) and compared.same(claimed, suspect.value)
        }
        if not left:
            return None
    return min((left or {}).values(), key=lambda each: each.rank, default=None)


def _carried(compared: Comparison, way: Way, sheet: Others, tested: Sequence[Numbers]) -> str:
    """A sentence, if the claim is what a wrong claim further up gives with right local derivatives."""
    graph = way.graph
    above = {
        edge.step: sheet[name]
        for edge in way.uses
        if edge.operand == way.by
        and edge.step != graph.output
        and (name := graph.label(edge.step)) in sheet
    }
    guilty = [answer.claim for answer in above.values() if answer.wrong]
    if not guilty:
        return ""
    for point in tested:
        total = compared.right(point)
        for step, answer in above.items():
            off = answer.compared.claimed(point) - point.gradients[step]
            total += off * by_names(graph, step, point.data)[way.by]
        if not compared.same(compared.claimed(point), total):
            return ""
    return (
        f"it follows from the claim {guilty[0].name} = {guilty[0].text}, which is wrong;"
        " the step from there is right"
    )


def _branches(graph: Graph, data: ByNode) -> list[bool]:
    """Which branches are taken, by the slopes that are 0, and the signs of those of abs and its kin."""
    taken: list[bool] = []
    for step in graph.steps:
        row = OPERATIONS[graph.op(step)]
        if row.corner or row.says:
            for slope in local_slopes(graph, step, data):
                taken += [slope == 0, slope < 0]
    return taken
