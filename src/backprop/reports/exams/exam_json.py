"""An exam as JSON: one object, in full precision."""

from collections.abc import Iterator
from typing import Any

from backprop.quizzes.exams import Exam, ExamQuestion, ExamVariant
from backprop.quizzes.questions import SHARE
from backprop.report import SCHEMA
from backprop.reports.exams.question_sheets import ExamText
from backprop.reports.json_lines import line
from backprop.reports.style import Style


def write(exam: Exam, style: Style, folder: str | None) -> Iterator[ExamText]:
    """One file, `exam.json` in a folder."""
    found = {
        "schema": SCHEMA,
        "exam": exam.title,
        "output": exam.output,
        "seed": exam.seed,
        "equations": dict(exam.equations),
        "variants": [_variant(each) for each in exam.variants],
    }
    yield ExamText("exam.json" if folder is not None else "", line(found, style) + "\n")


def _variant(variant: ExamVariant) -> dict[str, Any]:
    return {
        "variant": variant.number,
        "inputs": {each.name: each.number for each in variant.given},
        "texts": {each.name: each.text for each in variant.given},
        "questions": [_question(each) for each in variant.questions],
        "claims": [*variant.claims],
    }


def _question(each: ExamQuestion) -> dict[str, Any]:
    return {
        "number": each.number,
        "kind": each.kind,
        "of": each.of,
        "by": each.by or None,
        "part": each.part or None,
        "through": each.name if each.part == SHARE else None,
        "answer": each.answer,
        "value": each.value,
        "rounded": each.rounds,
    }
