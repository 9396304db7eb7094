"""Claims marked right or wrong, and what the wrong ones come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from backprop.checks.claims import Claim, doubtful
from backprop.checks.points import MOST, Point, Question, Subject
from backprop.checks.suspects import Key, Suspect, Way
from backprop.checks.words import number
from backprop.engine import by_names, local_slopes
from backprop.errors import BackpropError
from backprop.evaluation.gradient import Gradient, missing_inputs
from backprop.language import Model
from backprop.operations import OPERATIONS
from backprop.values import Value, in_order

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
    values = values or {}
    gradient = model.grad(values, of)
    _all_given(model, claims, values)
    by_name: dict[str, list[Claim]] = {}
    for claim in claims:
        by_name.setdefault(claim.of, []).append(claim)
    marks: dict[int, Marked] = {}
    for name, its_claims in by_name.items():
        model.grad(values, of)  # the Values begin at the given point again
        subject = Subject(model, name, its_claims)
        marks |= _marks(subject, its_claims, tolerance, seed)
    model.grad(values, of)
    return Sheet(gradient, tuple(marks[id(claim)] for claim in claims))


def _all_given(model: Model, claims: Sequence[Claim], values: Mapping[str, float]) -> None:
    """Raises MissingInputs for inputs without a number that only a claim needs."""
    given = {*values, *model.defaults}
    absent = [name for name in model.inputs if name not in given]
    if absent:
        roots: Iterable[Value] = (
            each for claim in claims for each in (model.values[claim.of], claim.root)
        )
        needed = {value.label for value in in_order(roots) if value.label}
        names = [name for name in absent if name in needed]
        if names:
            raise missing_inputs(model, "a claim", names)


@dataclass
class _Answer:
    """What is known of a claim while it is being marked. wrong: points at which it is wrong, with what
    is claimed and what is right there; tested: all the points at which both have a value."""

    question: Question
    claimed: float
    right: float
    whole: bool
    here: bool
    points: int = 0
    agreeing: int = 0
    wrong: list[tuple[Point, float, float]] = field(default_factory=list)
    tested: list[Point] = field(default_factory=list)
    other_branch: bool = True
    """Whether it is wrong only where another branch is taken than at the given point."""

    def try_at(self, point: Point, tolerance: float, other_branch: bool) -> None:
        question = self.question
        if not question.whole:
            return
        self.points += 1
        self.tested.append(point)
        if question.agrees(tolerance):
            self.agreeing += 1
        else:
            self.wrong.append((point, question.claimed, question.right))
            self.other_branch = self.other_branch and other_branch


Others = Mapping[str, _Answer]
"""By the name that a claim differentiates by, what is known of it."""


def _marks(
    subject: Subject, claims: Sequence[Claim], tolerance: float, seed: int
) -> dict[int, Marked]:
    """All claims about one name: first at the given point, formulas at others, then the reasons."""
    subject.at(subject.start)
    answers: list[_Answer] = []
    for claim in claims:
        question = Question(subject, claim)
        here = question.agrees(tolerance)
        answer = _Answer(question, question.claimed, question.right, question.whole, here)
        if answer.whole:
            answer.tested.append(subject.start)
        if not here:
            answer.wrong.append((subject.start, answer.claimed, answer.right))
        answers.append(answer)
    taken = _branches(subject)
    waiting = [answer for answer in answers if answer.question.claim.formula]
    for point in subject.points(seed) if waiting else ():
        other_branch = _branches(subject) != taken
        for answer in waiting:
            answer.try_at(point, tolerance, other_branch)
        waiting = [answer for answer in waiting if answer.points < MOST]
        if not waiting:
            break
    sheet = {answer.question.claim.by: answer for answer in answers}
    return {id(answer.question.claim): _marked(answer, sheet) for answer in answers}


def _marked(answer: _Answer, sheet: Others) -> Marked:
    question = answer.question
    claim, subject = question.claim, question.subject
    if not answer.wrong:
        return Marked(claim, answer.claimed, answer.right, True, answer.points, answer.agreeing)
    example, its_claimed, its_right = answer.wrong[0]
    tested = answer.tested[: _TESTED + 1]
    if tested:  # sentences have the numbers of the first point, and are about the example
        tested = [example, *(point for point in tested if point != example)]
    if not answer.whole and not answer.here:
        tested = [point for point in tested if point != subject.start]
    kind, diagnosis = _diagnosis(answer, sheet, tested)
    subject.at(example)
    chain = f"{claim.name} = {number(its_right)}"
    if question.by in question.graph and question.by is not question.graph.root:
        chain = Way(subject.model, question.graph, question.by).chain()
    return Marked(
        claim, answer.claimed, answer.right, False, answer.points, answer.agreeing,
        subject.named(example), its_claimed, its_right, answer.here, kind, diagnosis, chain,
    )  # fmt: skip


def _diagnosis(answer: _Answer, sheet: Others, tested: Sequence[Point]) -> tuple[str, str]:
    """The simplest mistake that gives what is claimed at every tested point, in a sentence."""
    question, here, other_branch = answer.question, answer.here, answer.other_branch
    claim, subject = question.claim, question.subject
    of, by = claim.of, claim.by
    if not tested:
        return "no value", "the claim has no value at this point"
    if question.by not in question.graph:
        return "independent", f"{of} does not depend on {by}: the derivative is 0"
    if of == by:
        return "itself", f"the derivative of {of} by itself is 1"
    way = Way(subject.model, question.graph, question.by)
    if all(_claimed_at(question, point) == 0 for point in tested) and not way.large:
        users = ", ".join(
            dict.fromkeys(way.equation(e.step) for e in way.uses if e.operand is way.by)
        )
        return "zero", f"{of} does depend on {by}, through {users}"
    carried = _carried(question, way, sheet, tested)
    if carried:
        return "carried", carried
    suspects = _suspects(question, way, tested)
    if suspects:
        found = min(suspects, key=lambda each: each.rank)
        subject.at(tested[0])
        if here and other_branch:
            return "branch", f"{_BRANCH}: {found.say()}"
        return found.kind, found.say()
    if here and other_branch:
        return "branch", _BRANCH
    if here:
        return "coincidence", "it is right at the given point, but not as a formula"
    return "", ""


def _claimed_at(question: Question, point: Point) -> float:
    question.subject.at(point)
    return question.claimed


def _suspects(question: Question, way: Way, tested: Sequence[Point]) -> list[Suspect]:
    """The mistakes that give what is claimed at all these points; sentences are for the first."""
    left: dict[Key, Suspect] | None = None
    for point in reversed(tested):  # the first one last: the sentences have its numbers
        question.subject.at(point)
        fitting = {
            key: suspect
            for key, suspect in way.suspects()
            if (left is None or key in left) and question.same(question.claimed, suspect.value)
        }
        left = fitting
        if not left:
            return []
    return [*(left or {}).values()]


def _carried(question: Question, way: Way, sheet: Others, tested: Sequence[Point]) -> str:
    """A sentence, if the claim is what a wrong claim further up gives with right local derivatives."""
    uses = [edge for edge in way.uses if edge.operand is way.by and edge.step is not way.graph.root]
    guilty = [
        sheet[edge.step.label]
        for edge in uses
        if edge.step.label in sheet and sheet[edge.step.label].wrong
    ]
    if not guilty:
        return ""
    for point in tested:
        question.subject.at(point)
        total = question.right
        for edge in uses:
            if edge.step.label in sheet:
                claimed = sheet[edge.step.label].question.claimed
                total += (claimed - edge.step.grad) * by_names(edge.step)[way.by]
        if not question.same(question.claimed, total):
            return ""
    first = guilty[0].question.claim
    return (
        f"it follows from the claim {first.name} = {first.text}, which is wrong;"
        " the step from there is right"
    )


def _branches(subject: Subject) -> tuple[bool, ...]:
    """Which branches are taken, by the slopes that are 0, and the signs of those of abs and its kin."""
    taken: list[bool] = []
    for step in subject.graph.order:
        if step.prev and (OPERATIONS[step.op].corner or OPERATIONS[step.op].says):
            for slope in local_slopes(step):
                taken += [slope == 0, slope < 0]
    return tuple(taken)
