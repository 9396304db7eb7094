"""What an answer is worth: right, wrong, and what a wrong one looks like, as `check` marks claims."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from backprop.checks import mark, read_claims
from backprop.checks.claims import Claim
from backprop.checks.marking import Marked, Sheet
from backprop.checks.mistake_table import BY_NAME
from backprop.errors import BackpropError
from backprop.language import Model
from backprop.numbers import listed, spoken
from backprop.quizzes.questions import FORMULA, FORWARD, LOCAL, SHARE, Question
from backprop.quizzes.value_mistakes import value_mistake

RIGHT, WRONG, UNREAD = "right", "wrong", "unread"
"""What comes of an answer. What is unread is none, and may be written again."""

LONGEST = 1000
"""Characters of an answer."""

_SETS = 4

_EQUALS = re.compile(r"(?<![<>=!])=(?!=)")
_PLAIN = re.compile(r"[-+−]?\s*\d*(\.\d*)?(?:[eE]([-+]?\d{1,3}))?")
_SIGN = re.compile(r"^[=≈] *(?=[^ =])")
"""What people write before an answer."""

_COMMA = re.compile(r"([-+−]?)(\d*),(\d+)")
_BRACKETS = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")


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
        return _judged(question, _SIGN.sub("", text.strip()), model, numbers, output)
    except BackpropError as error:
        first = error.all[0]
        return Verdict(UNREAD, "", "; ".join([first.message, *first.hints[:1]]))


def _judged(
    question: Question, text: str, model: Model, numbers: Mapping[str, float], output: str
) -> Verdict:
    if found := _unreadable(text):
        return Verdict(UNREAD, "", found)
    for link in _links(question, text):
        if not link or link.startswith("#"):
            return Verdict(UNREAD, "", "an answer is missing")
        claim = _claim(question, link, model, output)
        if found := _no_answer(question, claim):
            return Verdict(UNREAD, "", found)
        sheet, marked = _marked(claim, numbers, output)
        if not marked.correct:
            kind, said = _mistake(question, marked, sheet)
            if not kind and _is_rough(link, marked):
                return Verdict(UNREAD, "", "it is right as far as it goes: write more digits")
            return Verdict(WRONG, kind, said, _example(marked))
        if question.kind == FORMULA and marked.kind:
            # right at this point or in this branch alone, which is enough where no formula is more
            own = _claim(question, question.formula, model, output)
            if _marked(own, numbers, output)[1].kind != marked.kind:
                return Verdict(WRONG, *_mistake(question, marked, sheet), _example(marked))
    return Verdict(RIGHT)


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
    row = BY_NAME["with upstream"]
    upstream = gradient.gradients.get(question.name, 0.0)
    given = row.gives({"upstream": upstream, "local": question.answer})
    is_local = question.kind == LOCAL and question.name != gradient.output and not claim.formula
    if is_local and marked.kind != "sign" and given is not None:
        upper = f"∂{gradient.output}/∂{question.name}"
        if claim.is_as_written(marked.claimed, given):
            return row.kind, row.said.format(lower=question.derivative, upper=upper)
    return marked.kind, marked.diagnosis.replace("the claim", "the answer")


def _unreadable(text: str) -> str:
    """Why a text is no answer, if that is plain to see."""
    if len(text) > LONGEST:
        return f"an answer has at most {LONGEST:,} characters"
    if comma := _COMMA.fullmatch(text):
        return f"write {comma[1]}{comma[2] or 0}.{comma[3]}: the decimal sign is a point"
    outside, count = text.partition("#")[0], 1
    while count:
        outside, count = _BRACKETS.subn("", outside)
    if ";" in text or "\n" in text or "," in outside:
        return "one answer at a time"
    return ""


def _links(question: Question, text: str) -> list[str]:
    """The parts of `2*-3 = -6`; without the name of what is asked for, `e = -6`."""
    first, *others = _EQUALS.split(text)
    of, by = question.of, question.by
    names = {of} if not by else {f"∂{of}/∂{by}", f"d{of}/d{by}"}
    links = others if others and first.replace(" ", "") in names else [first, *others]
    return [link.strip() for link in links]


def _claim(question: Question, text: str, model: Model, output: str) -> Claim:
    """What an answer claims."""
    of, by, part = question.of, question.by, question.part
    if question.kind == FORWARD:
        lead = f"∂{of}/∂{of} ="
    elif part != SHARE:
        lead = f"∂{of}/∂{by} ="
    elif question.name == of:
        lead = f"share of ∂{of}/∂{by} ="
    else:
        lead = f"share of ∂{of}/∂{by}: ∂{of}/∂{question.name} · ∂{question.name}/∂{by} ="
    claims = read_claims(model, output, [f"{lead} {text}"])
    claim = claims[-1]
    if question.kind == FORWARD:
        claim = replace(claim, truth=claim.model.names[of], part=of)
    if not claim.formula and question.off > claim.rounding:
        claim = replace(claim, rounding=question.off)
    return claim


def _no_answer(question: Question, claim: Claim) -> str:
    """Why a claim does not answer a question."""
    if claim.blank:
        return "an answer is missing"
    if not claim.slopes.keys().isdisjoint(claim.graph.inputs):
        return "write what these derivatives are"
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
