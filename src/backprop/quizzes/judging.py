"""What an answer is worth: right, wrong, and what a wrong one looks like, as `check` marks claims."""

import re
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import NamedTuple

from backprop.checks import mark, read_claims
from backprop.checks.claims import Claim
from backprop.checks.marking import Marked, Sheet
from backprop.checks.mistake_table import BY_NAME, TRIED, WHOLE
from backprop.errors import BackpropError
from backprop.language import Model
from backprop.numbers import listed, spoken
from backprop.operations import DERIVATIVE
from backprop.quizzes.answer_lines import links, unreadable
from backprop.quizzes.questions import (
    BACKWARD,
    FORMULA,
    FORWARD,
    LOCAL,
    SHARE,
    SUM,
    Question,
)
from backprop.quizzes.value_mistakes import value_mistake

RIGHT, WRONG, UNREAD = "right", "wrong", "unread"
"""What comes of an answer. What is unread is none, and may be written again."""

_SETS = 4

_MOST_PARTS = 20
"""Between equals signs: of large equations each takes a second."""

_NEAR = 1e-3
"""So far, relative, may numbers on the way to an answer be from what is right: they are rounded."""

_OF_SUMS = "this is", "a sign error", "the share"
"""How the sentences on mistakes begin that are made with shares as a whole."""

_OF_TERMS = re.compile(r", −?1, (?:the factor|is divided)")
"""In a sentence on a factor in the derivative of a sum, of which nobody thinks."""

_PLAIN = re.compile(r"[-+−]?\s*\d*(\.\d*)?(?:[eE]([-+]?\d{1,3}))?")
_CALLED = re.compile(rf"(?<!\w){DERIVATIVE}\s*\(")
_DERIVED = re.compile(r"[∂d] *[^\W\d][\w'′, \[\]]*/ *[∂d] *[^\W\d][\w'′, \[\]]*")


class Verdict(NamedTuple):
    """What comes of an answer.

    outcome: RIGHT, WRONG or UNREAD. mistake: its kind, for programs, as of `check`; "" if none is
    recognised. said: what it looks like, or why it could not be read, in a sentence; "" if there is nothing
    to say. example: of a wrong formula a point at which it is, in a sentence, or "".
    """

    outcome: str
    mistake: str = ""
    said: str = ""
    example: str = ""


def judged(
    question: Question, text: str, model: Model, numbers: Mapping[str, float], output: str
) -> Verdict:
    """The verdict on an answer to a question about an output at these numbers for the inputs."""
    try:
        return _judged(question, text.strip(), model, numbers, output)
    except BackpropError as error:
        first = error.all[0]
        return Verdict(UNREAD, "", "; ".join([first.message, *first.hints[:1]]))


def _judged(
    question: Question, text: str, model: Model, numbers: Mapping[str, float], output: str
) -> Verdict:
    if unread := unreadable(text):
        return Verdict(UNREAD, "", unread)
    parts = links(question, text, output, frozenset(model.names))
    if not all(parts):
        return Verdict(UNREAD, "", "an answer is missing")
    if len(parts) > _MOST_PARTS:
        return Verdict(UNREAD, "", f"a line has at most {_MOST_PARTS} parts")
    claims = [_claim(question, each, model, output) for each in parts]
    if any(each.blank for each in claims):
        return Verdict(UNREAD, "", "an answer is missing")
    why = [_no_answer(question, *each) for each in zip(parts, claims, strict=True)]
    if all(why):
        return Verdict(UNREAD, "", why[-1])
    found = [_marked(claim, numbers, output) for claim in claims]
    if not isfinite(found[-1][1].claimed) and not claims[-1].formula:
        return Verdict(UNREAD, "", "this has no finite value, and what is asked for has one")
    for at, (sheet, marked) in enumerate(found):
        is_answer = not why[at] and (claims[at].formula or at == len(parts) - 1)
        if marked.correct if is_answer else _is_near(marked):
            continue
        if len(parts) > 1 and at == 0 and _is_another(question, parts[0], model):
            return Verdict(UNREAD, "", f"asked is {question.derivative or question.of}")
        kind, said = _mistake(question, marked, sheet)
        if not kind and _is_rough(parts[at], marked):
            return Verdict(UNREAD, "", "it is right as far as it goes: write more digits")
        here, last = marked.claimed, found[-1][1].claimed
        if abs(here - last) > _NEAR * abs(last):
            apart = f"{parts[at]} is {spoken(here)}, and not {spoken(last)}"
            if _PLAIN.fullmatch(parts[at]):
                apart = f"{parts[at]} is not {spoken(last)}"
            return Verdict(WRONG, kind, "; ".join(filter(None, (apart, said))))
        return Verdict(WRONG, kind, said, _example(marked))
    for (sheet, marked), reason in zip(found, why, strict=True):
        if question.kind == FORMULA and not reason and marked.kind:
            # right at this point or in this branch alone, which is enough where no formula is more
            own = _claim(question, question.formula, model, output)
            if _marked(own, numbers, output)[1].kind != marked.kind:
                return Verdict(WRONG, *_mistake(question, marked, sheet), _example(marked))
    return Verdict(RIGHT)


def _is_near(marked: Marked) -> bool:
    """Whether what stands on the way to an answer comes to what is right, as people round."""
    claimed, right = marked.claimed, marked.right
    near = abs(claimed - right) <= _NEAR * abs(right)
    return near or marked.claim.is_as_written(claimed, right)


def _is_another(question: Question, text: str, model: Model) -> bool:
    """Whether this is the name of something else that could be asked for: the answer is to that."""
    if question.by:
        return bool(_DERIVED.fullmatch(text))
    return text in model.names


def _marked(claim: Claim, numbers: Mapping[str, float], output: str) -> tuple[Sheet, Marked]:
    """What comes of a claim. A formula is tried at several sets of random points: at those of one it may be
    that none is in another branch."""
    for seed in range(_SETS if claim.formula else 1):
        sheet = mark(claim.model, [claim], numbers, output, seed=seed)
        (marked,) = sheet.marks
        if marked.kind or not marked.correct:
            break
    return sheet, marked


def _mistake(question: Question, marked: Marked, sheet: Sheet) -> tuple[str, str]:
    """The kind of a mistake and its sentence; two empty texts where none is recognised."""
    gradient, claim = sheet.gradient, marked.claim
    if question.kind == FORWARD:

        def is_claimed(number: float) -> bool:
            return claim.is_as_written(marked.claimed, number)

        return value_mistake(question, gradient.data, is_claimed)
    if question.part == SUM and not marked.diagnosis.startswith(_OF_SUMS):
        return _of_whole(marked)  # shares are given, so that no mistake was made within one
    if not claim.formula and _OF_TERMS.search(marked.diagnosis):
        return _of_whole(marked)
    row = BY_NAME["with upstream"]
    upstream = gradient.gradients.get(question.name, 0.0)
    given = row.gives({"upstream": upstream, "local": question.answer})
    is_local = question.kind == LOCAL and question.name != gradient.output and not claim.formula
    if is_local and marked.kind != "sign" and given is not None:
        upper = f"∂{gradient.output}/∂{question.name}"
        if claim.is_as_written(marked.claimed, given):
            return row.kind, row.said.format(lower=question.derivative, upper=upper)
    is_one = question.kind == LOCAL and not claim.formula and marked.claimed == 1
    if is_one and marked.kind == "missing factor":  # of what is asked all is missing
        return marked.kind, f"1 means that {question.of} changes exactly as {question.by} does"
    return marked.kind, marked.diagnosis.replace("the claim", "the answer")


def _of_whole(marked: Marked) -> tuple[str, str]:
    """What a number may have to do with the right one, whatever it is made of: twice of it, its square."""
    for row in sorted(TRIED[WHOLE], key=lambda each: each.rank):
        value = row.gives({"right": marked.right})
        if value is not None and marked.claim.is_as_written(marked.claimed, value):
            return row.kind, row.said.format(asked="derivative")
    return "", ""


def _claim(question: Question, text: str, model: Model, output: str) -> Claim:
    """What an answer claims."""
    of, by, part = question.of, question.by, question.part
    if question.kind == FORWARD:
        lead = f"∂{of}/∂{of} ="
    elif part == SUM or (part != SHARE and question.kind != BACKWARD):
        lead = f"∂{of}/∂{by} ="
    elif question.name == of:  # of the equation of what is derived
        lead = f"∂{of}/∂{by} =" if part != SHARE else f"share of ∂{of}/∂{by} ="
    else:  # what comes to that equation is given, so that no mistake was made before it
        lead = f"share of ∂{of}/∂{by}: ∂{of}/∂{question.name} · ∂{question.name}/∂{by} ="
    claims = read_claims(model, output, [f"{lead} {text}"])
    claim = claims[-1]
    if question.kind == FORWARD:
        claim = replace(claim, truth=claim.model.names[of], part=of)
    if not claim.formula and question.off > claim.rounding:
        claim = replace(claim, rounding=question.off)
    return claim


def _no_answer(question: Question, text: str, claim: Claim) -> str:
    """Why a claim does not answer a question, even if it is true."""
    if not claim.slopes.keys().isdisjoint(claim.graph.inputs):
        return "write what these derivatives are"
    if DERIVATIVE not in claim.model.functions and _CALLED.search(text):
        return "write what this derivative is"
    if question.kind == FORWARD and claim.formula:
        return "a number is asked for"
    if question.kind == FORMULA and not claim.formula:
        return "a formula is asked for, with the names of the equation"
    return ""


def _is_rough(text: str, marked: Marked) -> bool:
    """Whether a number is what is right, rounded to fewer digits than an answer needs: 0.3 of 1/3."""
    found = _PLAIN.fullmatch(text)
    if not found or not marked.claimed:
        return False
    last = int(found[2] or 0) - len((found[1] or ".")[1:])
    return abs(marked.claimed - marked.right) <= 0.5 * 10.0**last * (1 + 1e-9)


def _example(marked: Marked) -> str:
    """`at a = 3, b = −2 it is 5, and the answer gives 6`; of a formula that is wrong at the given point
    only what it gives there: the number is asked for next."""
    if not marked.example or not marked.claim.formula:
        return ""
    if not marked.elsewhere:
        return f"with these numbers the answer gives {spoken(marked.example_claimed)}"
    at = listed([f"{name} = {spoken(number)}" for name, number in marked.example.items()], 6)
    right, claimed = spoken(marked.example_right), spoken(marked.example_claimed)
    return f"at {at} it is {right}, and the answer gives {claimed}"
