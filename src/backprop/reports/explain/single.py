"""What a derivation says of one question: its line, and its step with that line."""

from collections.abc import Sequence
from typing import TypeVar

from backprop.derivation import Derivation, Share
from backprop.derivation.steps import Total
from backprop.quizzes.questions import FORMULA, LOCAL, SHARE, SUM, Question, line, said
from backprop.reports.explain.document import Section, Written
from backprop.reports.explain.text import TextDocument
from backprop.reports.style import Style

ShareOrTotal = TypeVar("ShareOrTotal", Share, Total)


class _Single(TextDocument):
    """The step with this number alone."""

    def __init__(self, found: Derivation, style: Style, number: int) -> None:
        self._wanted = number
        self.step = Written(number, "", "", [])
        super().__init__(found, style, False)

    def section(self, part: Section) -> list[str]:
        for step in part.steps:
            if step.number == self._wanted:
                self.step = step
        return []


def step_lines(found: Derivation, question: Question, style: Style) -> list[str]:
    """The step of a question as `explain` writes it, with the line of what is asked for, and its notes."""
    page = _Single(found, style, question.step)
    notes = [note for step in found.backward if step.number == question.step for note in step.notes]
    lines = [answer_line(found, question), *map(page.note, notes if question.by else ())]
    return page.numbered([page.step._replace(lines=lines)])


def answer_line(found: Derivation, question: Question) -> str:
    """What `explain` says of what a question asks for: `∂L/∂c = ∂L/∂d · ∂d/∂c = −2 · 1 = −2`."""
    whole = question.derivative if question.part != SHARE else f"share of {question.derivative}:"
    if question.kind == FORMULA:
        return f"{whole}{' =' * (question.part != SHARE)} {line(question.formula)}"
    is_sum = question.part == SUM
    backward = [
        step._replace(
            shares=[] if is_sum else _only(step.shares, question.by),
            totals=_only(step.totals, question.by) if is_sum else [],
            notes=[],
        )
        for step in found.backward
        if step.number == question.step
    ]
    lines = _Single(found._replace(backward=backward), Style(), question.step).step.lines
    if question.kind != LOCAL or question.name == found.output:
        return lines[-1]
    if len(lines) > 1:  # the local derivative has a line of its own
        return lines[0]
    terms = [question.derivative, line(question.formula or "0"), said(question.answer)]
    return " = ".join(dict.fromkeys(terms))


def _only(parts: Sequence[ShareOrTotal], by: str) -> list[ShareOrTotal]:
    return [each for each in parts if each.by == by]
