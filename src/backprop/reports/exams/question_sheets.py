"""What stands on question sheets and keys; a format says how the pieces look."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from math import isnan
from typing import NamedTuple

from backprop.numbers import shown
from backprop.operations import DERIVATIVE
from backprop.quizzes.exams import Exam, ExamGiven, ExamQuestion, ExamVariant
from backprop.quizzes.questions import BACKWARD, FORMULA, FORWARD, SHARE, SUM
from backprop.quizzes.tidy_numbers import EXACT, ROUNDED, fixed_text
from backprop.reports.explain.mathematics import Term, in_latex
from backprop.reports.style import Style
from backprop.syntax.latex import latex
from backprop.syntax.latex_names import Naming
from backprop.syntax.notation import names_in
from backprop.syntax.parser import formula

_PLAIN = re.compile(r"\s*-?\s*(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*", re.ASCII | re.IGNORECASE)
"""A number and its sign; `log(2)` and `√2` say more than their digits."""

_LONGEST = 30
"""The most tokens of a formula that is written again with numbers in it."""

_LONG = 24
"""So many questions stand one below the other in a table: more do not fit on a page."""

ABREAST = 6
"""So many variants stand side by side in the table of the keys."""


class ExamText(NamedTuple):
    """A file of an exam: its name, and what stands in it."""

    name: str
    text: str


class AnswerTable(NamedTuple):
    """The keys of some variants, side by side: their numbers, and for each question its mathematics and their
    answers."""

    variants: Sequence[int]
    rows: Sequence[tuple[int, str, Sequence[str]]]


class Sheets(ABC):
    """The sheets and keys of an exam in one format."""

    def __init__(self, exam: Exam, style: Style) -> None:
        self.exam = exam
        self._digits = style.digits or EXACT
        texts = [text for _, text in exam.equations]
        texts += [each.formula for v in exam.variants[:1] for each in v.questions]
        names = exam.names.union(*(names_in(formula(each)) for each in texts if each))
        self._naming = Naming(names)
        self.notation = in_latex(names)

    @abstractmethod
    def words(self, text: str) -> str:
        """A text without mathematics."""

    @property
    def rule(self) -> str:
        """How answers are to be given, for a sheet."""
        kinds = {each.kind for variant in self.exam.variants for each in variant.questions}
        sentences = []
        if self.exam.rounds:
            sentences += [
                f"Behind = a number is exact, with at most {EXACT} significant digits.",
                f"Behind ≈ it is to be rounded to {ROUNDED} significant digits (0.08215, −1.500).",
                "Calculate with more on the way.",
            ]
        elif kinds - {FORMULA}:
            sentences.append(f"All numbers are exact, with at most {EXACT} significant digits.")
        if FORMULA in kinds:
            sentences.append("A formula has the names of the equations in it.")
        return " ".join(sentences)

    def number_of(self, variant: ExamVariant) -> str:
        """`07` of the sheets 01 to 30: as many digits for each."""
        return str(variant.number).zfill(max(2, len(str(len(self.exam.variants)))))

    def equations(self) -> list[str]:
        """The equations as mathematics, in the order of the forward pass, below the functions they call."""
        calls = [
            f"{self.formula(head)} = {self.formula(text)}" for head, text in self.exam.functions
        ]
        return calls + [
            f"{self.name(name)} = {self.formula(text)}" for name, text in self.exam.equations
        ]

    def name(self, name: str) -> str:
        return self.notation.name(name)

    def formula(self, text: str) -> str:
        return latex(formula(text), naming=self._naming)

    def given(self, each: ExamGiven) -> str:
        """`b = \\log(2) - 6 \\approx -5.307` as mathematics."""
        statement = formula(each.text)
        if _PLAIN.fullmatch(each.text):
            return f"{self.name(each.name)} = {fixed_text(each.number)}"
        about = shown(each.number, self._digits, zeros=True)
        exact = float(about) == each.number
        sign = "=" if exact else r"\approx"
        return f"{self.name(each.name)} = {latex(statement, naming=self._naming)} {sign} {about}"

    def asked(self, each: ExamQuestion) -> str:
        """The left side of a question, `z = w x + b` or `∂L/∂x`, as mathematics."""
        if each.kind == FORWARD:
            right = f" = {self.formula(each.equation)}" if each.equation else ""
            return self.name(each.of) + right
        derivative = self._derivative(each.of, each.by)
        if each.part != SHARE or each.kind != BACKWARD:
            return derivative
        return rf"\text{{share of }} {derivative} \text{{ through }} {self.name(each.name)}"

    def lead(self, each: ExamQuestion) -> str:
        """What stands before it, with a space behind it, or ""."""
        words = ["as a formula"] * (each.kind == FORMULA)
        words += ["all shares together"] * (each.part == SUM)
        if each.part == SHARE and each.kind != BACKWARD:
            equation = f" = {self.formula(each.equation)}" if each.equation else ""
            words.append(f"of ${self.name(each.name)}{equation}$ alone")
        return f"{', '.join(words)}: " if words else ""

    def sign(self, each: ExamQuestion) -> str:
        """What stands before the answer."""
        return r"\approx" if each.rounds else "="

    def answer(self, each: ExamQuestion) -> str:
        """The answer as mathematics."""
        return self.formula(each.answer) if each.kind == FORMULA else each.answer

    def working(self, each: ExamQuestion, variant: ExamVariant) -> str:
        """The line of a key: what is asked, how it is found, and the answer."""
        middle = [each for each in self._middle(each, variant) if each]
        texts = [self.asked(each), *middle]
        answer = self.answer(each)
        kept = [text for at, text in enumerate(texts) if text not in texts[:at] and text != answer]
        return " = ".join(kept) + f" {self.sign(each)} {answer}"

    def _middle(self, each: ExamQuestion, variant: ExamVariant) -> Iterator[str]:
        if each.kind == FORMULA:
            return
        if each.formula:
            if each.kind != FORWARD:
                yield self.formula(each.formula)
            yield self._filled(each.formula, variant)
            return
        if each.part == SUM:
            yield self.notation.joined(" + ", map(self._term, each.factors)).text
            return
        if each.factors:
            upstream, local = (
                self._derivative(each.of, each.name),
                self._derivative(each.name, each.by),
            )
            yield rf"{upstream} \cdot {local}"
            yield self.notation.joined(self.notation.times, map(self._term, each.factors)).text

    def _term(self, number: float) -> Term:
        text = self.notation.number(number, self._digits)
        return Term(text, text.startswith("-"))

    def _filled(self, text: str, variant: ExamVariant) -> str:
        """A formula with numbers for its names; "" where it is long, or has none."""
        found = formula(text)
        numbers = {name: variant.data[name] for name in names_in(found) if name in variant.data}
        if not numbers or len(found.tokens.kinds) > _LONGEST or DERIVATIVE in found.tokens.texts:
            return ""
        if any(map(isnan, numbers.values())):
            return ""
        return self.notation.filled(text, numbers, self._digits).text

    def _derivative(self, of: str, by: str) -> str:
        return self.notation.derivative(of, by).text

    def tables(self) -> Iterator[AnswerTable]:
        """The keys side by side."""
        variants, abreast = self.exam.variants, self.abreast()
        for at in range(0, len(variants), abreast):
            some = variants[at : at + abreast]
            most = max(some, key=lambda each: len(each.questions)).questions
            rows = [
                (
                    each.number,
                    self.short(each),
                    [self.answer(v.questions[row]) if row < len(v.questions) else "" for v in some],
                )
                for row, each in enumerate(most)
            ]
            for first in range(0, len(rows), _LONG):
                yield AnswerTable([each.number for each in some], rows[first : first + _LONG])

    def abreast(self) -> int:
        """How many variants stand side by side."""
        return ABREAST

    def short(self, each: ExamQuestion) -> str:
        """What is asked, for the narrow column of a table."""
        if each.kind == FORWARD:
            return self.name(each.of)
        derivative = self._derivative(each.of, each.by)
        if each.part != SHARE:
            return derivative
        through = rf"\text{{ through }} {self.name(each.name)}"
        return derivative + (through if each.kind == BACKWARD else r"\text{ alone}")

    def checking(self, variant: ExamVariant, folder: str | None) -> str:
        """The command that confirms a key, "" where there are no files for it, or it cannot be printed.
        folder: where they are."""
        name, number = self.exam.source, self.number_of(variant)
        if name.startswith("<") or folder is None or not variant.claims:
            return ""
        if not f"{name}{folder}".isprintable():
            return ""
        from os.path import join
        from shlex import quote

        words = ["backprop", "check", name, "--of", self.exam.output]
        words += ["--seed", str(self.exam.seed)] if self.exam.seed else []
        words += ["--values", join(folder, f"values_{number}.txt")]
        words += ["--claims", join(folder, f"claims_{number}.txt")]
        return " ".join(map(quote, words))


GRAPH = "The graph, to be filled in"
"""The heading of a picture."""


def check_files(sheets: Sheets, variant: ExamVariant) -> Iterator[ExamText]:
    """What `check` confirms a key by: the numbers of a sheet and the claims of its key."""
    number = sheets.number_of(variant)
    yield ExamText(f"values_{number}.txt", "\n".join([*variant.values, ""]))
    if variant.claims:
        yield ExamText(f"claims_{number}.txt", "\n".join([*variant.claims, ""]))
