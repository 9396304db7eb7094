"""Claims marked right or wrong, and what the wrong ones come from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import isnan, nan

from backprop.checks import mistake_table as table
from backprop.checks.claims import Claim
from backprop.checks.points import Answer, Subject
from backprop.checks.shares import ShareMistakes, way_through
from backprop.checks.suspects import Mistakes, Suspect
from backprop.checks.way import Way
from backprop.errors import NotFinite, raise_all
from backprop.evaluation.borders import kind
from backprop.evaluation.gradient import Evaluation, Gradient, evaluate
from backprop.evaluation.missing import missing_inputs
from backprop.evaluation.unrounded import Unrounded
from backprop.graph import Graph, in_order
from backprop.language import Model
from backprop.numbers import listed, spoken
from backprop.operations import OPERATIONS
from backprop.values import Numbers, by_names

_BRANCH = "it is right only where the same branches are taken as at the given point"

_TESTED = 8
"""Random points at which a reason is tried."""

_ALIKE = 3
"""The fewest of them that will do, where the same branches are taken at these."""


@dataclass(frozen=True)
class Marked:
    """A claim, and what came of it.

    claimed, right: both numbers at the given point. correct: there and at every other point.
    points, agreeing: how many other points a formula was tried at, and at how many it was right.
    example, example_claimed, example_right: a point at which it is wrong, by name, and both numbers
    there; of a correct claim None. kind: of mistake, "" if none is recognised. diagnosis: in a
    sentence. chain: the right value as the product of its local derivatives.
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

    @property
    def verdict(self) -> str:
        """In a word."""
        if self.claim.blank:
            return "unanswered"
        return "wrong" if not self.correct else "right here" if self.kind else "right"


@dataclass(frozen=True)
class Sheet:
    """An answer sheet, marked."""

    gradient: Gradient
    marks: tuple[Marked, ...]

    @property
    def right(self) -> bool:
        return all(each.correct for each in self.marks)


def mark(
    model: Model,
    claims: Sequence[Claim],
    values: Mapping[str, float] | None = None,
    of: str | None = None,
    tolerance: float = 0.0,
    seed: int = 0,
) -> Sheet:
    """Mark claims at these numbers for inputs; formulas at random points as well.

    A number is right if it is the derivative to 9 digits, or as far as it was written and rounded,
    or within `tolerance` of it, relative. seed: of the random points. Raises as `Model.grad`.
    """
    if claims:
        model = claims[0].model
    found = evaluate(model, values or {}, of)
    data = found.numbers.data
    answered = [claim for claim in claims if not claim.blank]
    roots = [each for claim in answered for each in (model.names[claim.of], *claim.roots)]
    if answered:
        roots += [each.of for each in answered[0].slopes.values()]
    needed = set(in_order(roots, answered[0].graph.operands)) if answered else set()
    inputs = {name: model.names[name] for name in model.inputs}
    absent = [name for name, node in inputs.items() if node in needed and isnan(data[node])]
    if absent:
        raise missing_inputs(model, "a claim", absent)
    raise_all(
        [
            each.refused
            for each in answered
            if each.refused
            and not Unrounded(found.graph, *found.numbers).unsure
            and not Unrounded(model.graph(each.of), *found.numbers).unsure
        ]
    )
    by_name: dict[str, list[Claim]] = {}
    for claim in answered:
        by_name.setdefault(claim.of, []).append(claim)
    derived = {model.names[name] for name in by_name}
    slopes = [each for claim in answered[:1] for each in claim.slopes.values()]
    derived.update(each.of for each in slopes if not each.direct)
    gradients = {
        node: known
        for node in derived
        if (known := _gradients(model, found, values, model.labels[node]))
    }
    marks: dict[Claim, Marked] = {claim: Marked(claim, nan, nan, True) for claim in claims}
    for name, its_claims in by_name.items():
        subject = Subject(model, name, its_claims, data, gradients)
        readings = {
            claim: [Answer(subject, each, tolerance) for each in claim.readings]
            for claim in its_claims
        }
        waiting = [each for both in readings.values() for each in both if each.claim.formula]
        for point in subject.points(seed) if waiting else ():
            waiting = [answer for answer in waiting if answer.try_at(point)]
            if not waiting:
                break
        # the reading that is right, or the first one
        answers = {
            claim: min(both, key=lambda answer: bool(answer.wrong)).with_moved(seed)
            for claim, both in readings.items()
        }
        sheet = {claim.by: each for claim, each in answers.items() if not claim.part}
        marks |= {claim: _marked(claim, answer, sheet) for claim, answer in answers.items()}
    return Sheet(found.gradient, tuple(marks[claim] for claim in claims))


def _gradients(
    model: Model, found: Evaluation, values: Mapping[str, float] | None, name: str
) -> Sequence[float] | None:
    """The derivatives of a name by every node of the Model; None where it has no value. found:
    the Model at this point, evaluated for its output."""
    if name == found.gradient.output:
        return found.numbers.gradients
    try:
        return evaluate(model, values or {}, name).numbers.gradients
    except NotFinite:
        return None


def _marked(claim: Claim, answer: Answer, sheet: Mapping[str, Answer]) -> Marked:
    """What came of a claim. sheet: by the name that a claim differentiates by, what is known of it."""
    subject = answer.subject
    at_start = *answer.both(subject.start), not answer.wrong, *answer.counts
    if not answer.wrong:
        return Marked(claim, *at_start)
    example = answer.wrong[0]
    at, there = subject.named(example), answer.both(example)
    kind, diagnosis, chain = "", "", f"{claim.name} = {spoken(there[1])}"
    if not claim.part:
        tested = [point for point in answer.tested[: _TESTED + 1] if point is not example]
        if answer.whole(example):
            tested.insert(0, example)  # sentences have the numbers of the first point
        way = Way(subject, answer.by)
        kind, diagnosis = _diagnosis(answer, way, sheet, tested)
        if answer.by in subject.graph and claim.of != claim.by and not answer.beyond:
            chain = Mistakes(way, example).chain()
    elif claim.through >= 0 and answer.by in subject.graph and not answer.beyond:
        kind, diagnosis = _of_share(answer, Way(subject, answer.by))
    if claim.part and _in_other_branches(answer):
        kind, diagnosis = "branch", _BRANCH
    here = kind == "branch"
    if answer.held and kind != "branch":
        # a derivative by an input is one where that moves, whatever is said of it
        here = answer.by not in answer.held
        data, label = subject.start.data, subject.graph.label
        at_held = [f"{label(node)} = {spoken(data[node])}" for node in answer.held]
        only = f"it is right only at {listed(at_held)}"
        more = diagnosis if kind not in ("", "coincidence") else "as a formula it is another one"
        kind, diagnosis = "constant", f"{only}: {more}"
    at_start = *answer.both(subject.start), here, *answer.counts
    return Marked(claim, *at_start, at, *there, answer.here, kind, diagnosis, chain)


def _diagnosis(
    answer: Answer, way: Way, sheet: Mapping[str, Answer], tested: Sequence[Numbers]
) -> tuple[str, str]:
    """The simplest mistake that gives what is claimed at every tested point, in a sentence."""
    of, by = answer.claim.of, answer.claim.by
    if answer.beyond:  # the mistakes that are known are tried in doubles
        return "", ""
    if not tested:
        return "no value", "the claim has no value at this point"
    if answer.by not in answer.graph:
        return "independent", f"{of} does not depend on {by}: the derivative is 0"
    if of == by:
        return "itself", f"the derivative of {of} by itself is 1"
    if all(answer.claimed(point) == 0 for point in tested) and not way.large:
        users = [way.equation(each.step) for each in way.uses if each.operand == way.by]
        return "zero", f"{of} does depend on {by}, through {', '.join(dict.fromkeys(users))}"
    if carried := _carried(answer, way, sheet, tested):
        return "carried", carried
    found, only = _suspect(answer, way, [*tested, *answer.moved_points()]), ""
    if not found and answer.claim.formula:
        branches = [answer.subject.local(point).branches for point in tested]
        same = [
            point for point, taken in zip(tested, branches, strict=True) if taken == branches[0]
        ]
        if _ALIKE <= len(same) < len(tested):
            found = _suspect(answer, way, same)
            only = "where the same branches are taken as at this point: "
    sentence = only + Mistakes(way, tested[0]).sentence(found) if found else ""
    if _in_other_branches(answer):
        return "branch", f"{_BRANCH}: {sentence}" if sentence else _BRANCH
    if found:
        return found.kind, sentence
    if answer.here:
        return "coincidence", "it is right at the given point, but not as a formula"
    return "", ""


def _of_share(answer: Answer, way: Way) -> tuple[str, str]:
    """The simplest mistake that gives what is claimed as a share, in a sentence."""
    through, tested = answer.claim.through, answer.tested[: _TESTED + 1]
    if way.large or not tested:
        return "", ""
    inside = way_through(way, through)

    def at(point: Numbers) -> Mistakes:
        return ShareMistakes(inside, point, through, answer.right(point))

    if all(answer.claimed(point) == 0 != answer.right(point) for point in tested):
        zero = table.BY_NAME["zero"]
        return zero.kind, zero.said
    found = _simplest(answer, at, tested)
    return (found.kind, at(tested[0]).sentence(found)) if found else ("", "")


def _suspect(answer: Answer, way: Way, tested: Sequence[Numbers]) -> Suspect | None:
    """The simplest mistake that gives what is claimed at all these points, if there is any."""
    return _simplest(answer, partial(Mistakes, way), tested)


def _simplest(
    answer: Answer, at: Callable[[Numbers], Mistakes], tested: Sequence[Numbers]
) -> Suspect | None:
    """The simplest mistake that gives what is claimed at all these points. at: those at a point."""
    left: dict[tuple[object, ...], Suspect] = {}
    for point in tested:
        claimed, suspects = answer.claimed(point), at(point).suspects()
        fitting = {each.key: each for each in suspects if answer.same(claimed, each.value)}
        left = {key: each for key, each in (left or fitting).items() if key in fitting}
        if not left:
            break
    return min(left.values(), key=lambda each: each.rank, default=None)


def _carried(
    answer: Answer, way: Way, sheet: Mapping[str, Answer], tested: Sequence[Numbers]
) -> str:
    """A sentence, if the claim is what a wrong claim further up gives with right local derivatives."""
    graph = way.graph
    users = [each.step for each in way.uses if each.operand == way.by and each.step != graph.output]
    above = {step: sheet[name] for step in users if (name := graph.label(step)) in sheet}
    guilty = [each.claim for each in above.values() if each.wrong]
    if not guilty:
        return ""
    for point in tested:
        total = answer.right(point)
        for step, each in above.items():
            off = each.claimed(point) - point.gradients[step]
            total += by_names(graph, step, point.data, off)[way.by]
        if not answer.same(answer.claimed(point), total):
            return ""
    return (
        f"it follows from the claim {guilty[0].name} = {guilty[0].text}, which is wrong;"
        " the step from there is right"
    )


def _in_other_branches(answer: Answer) -> bool:
    """Whether it is right at the given point and at others, and wrong only where other branches are
    taken."""
    if not answer.here:
        return False
    local = answer.subject.local
    taken = local(answer.subject.start).branches
    if any(local(point).branches == taken for point in answer.wrong):
        return False
    return answer.points > len(answer.wrong) or _at_ties(answer)


def _at_ties(answer: Answer) -> bool:
    """Whether it is right at random points where each tie at the given point, as of max, is
    settled as there: its value is the first operand's everywhere."""
    subject, claim, data = answer.subject, answer.claim, answer.subject.start.data
    settled = claim.graph.columns.copy()
    for graph in (subject.graph, claim.graph):
        for step in graph.steps:
            first, second, *_ = *graph.operands(step), -1
            row = OPERATIONS[graph.op(step)]
            if row.corner and kind(row) == "ties" and data[first] == data[second]:
                settled.second[step] = first
    claim = replace(claim, graph=Graph(settled, claim.graph.outputs, claim.graph.labels))
    other = Answer(Subject(subject.model, claim.of, [claim], data, {}), claim, answer.tolerance)
    any(not other.try_at(point) for point in other.subject.points(0))
    return other.points > 0 and not other.wrong
