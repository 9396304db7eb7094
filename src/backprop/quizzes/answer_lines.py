"""The line that a person types for an answer: what stands around it, and its parts between equals signs."""

import re

from backprop.quizzes.questions import SHARE, SUM, Question

LONGEST = 1000
"""Characters of an answer."""

_SIGN = re.compile(r"^(?:==|:=|[=≈≃≅≐~])\s*(?=[^\s=])")
"""What people write before an answer."""
_EQUALS = re.compile(r"==|:=|(?<![<>!])=|[≈≃≅≐]")
_COMPARED = re.compile(r"<=?|(?<!-)>=?|[≤≥≠]|!=|(?<!\w)(?:and|or|not)(?!\w)")
_COMMA = re.compile(r"([-+−]?)(\d*),(\d+)")
_BRACKETS = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
_FILLED = "\0"
"""Stands for what is inside of brackets."""


def unreadable(text: str) -> str:
    """Why a text is no answer, if that is plain to see."""
    if len(text) > LONGEST:
        return f"an answer has at most {LONGEST:,} characters"
    if any("\ud800" <= each <= "\udfff" for each in text):
        return "these bytes are no UTF-8"
    if comma := _COMMA.fullmatch(text):
        return f"write {comma[1]}{comma[2] or 0}.{comma[3]}: the decimal sign is a point"
    outside = _outside(text.partition("#")[0])
    if ";" in text or "\n" in text or "," in outside:
        return "one answer at a time"
    if found := _COMPARED.search(outside):
        return f"with '{found[0]}' it is true or false: write a number or a formula"
    return ""


def _outside(text: str) -> str:
    """A text of the same length in which what is in brackets is hidden."""
    count = 1
    while count:
        text, count = _BRACKETS.subn(lambda found: _FILLED * len(found[0]), text)
    return text


def links(question: Question, text: str, output: str, known: frozenset[str]) -> list[str]:
    """The parts of `2*-3 = -6`; without the name of what is asked for, `e = -6`, or `share of ∂L/∂a:`, as
    the tool itself writes before it. known: the names of the equations."""
    text = _SIGN.sub("", text.partition("#")[0].strip())
    if question.part in (SHARE, SUM):
        lead, colon, rest = text.partition(":")
        asked = "together" if question.part == SUM else f"shareof{question.derivative}"
        text = rest if colon and lead.replace(" ", "") == asked else text
    own, outside = _names(question, output, known), _outside(text)
    lead, colon, rest = text.partition(":")
    if colon and lead.replace(" ", "") in {*own, question.by} and rest[:1] != "=":
        return links(question, rest, output, known)
    found, begin = list[str](), 0
    for sign in _EQUALS.finditer(outside):
        found.append(text[begin : sign.start()].strip())
        begin = sign.end()
    first, *others = [*found, text[begin:].strip()]
    return others if others and first.replace(" ", "") in own else [first, *others]


def _names(question: Question, output: str, known: frozenset[str]) -> set[str]:
    """What is asked for, as people call it."""
    of, by = question.of, question.by
    if not by:
        return {of}
    names = {f"∂{of}/∂{by}", f"d{of}/d{by}"}
    if question.part == SHARE:
        names |= {f"shareof{each}" for each in names}
    # `da` is the derivative of the output, as `check` has it, unless there is such a name
    return names | ({f"d{by}", f"∂{by}"} - known if of == output else set())
