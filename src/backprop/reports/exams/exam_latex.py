r"""An exam in LaTeX that needs nothing but amsmath and geometry: a sheet a page, or a file."""

from collections.abc import Iterator
from itertools import dropwhile

from backprop.quizzes.exams import Exam, ExamVariant
from backprop.reports.exams.question_sheets import (
    ABREAST,
    GRAPH,
    ExamText,
    Sheets,
    check_files,
)
from backprop.reports.explain.latex_document import whole_document
from backprop.reports.style import Style
from backprop.syntax.latex import latex_text

_ACROSS, _BETWEEN = 75, 2
"""So many characters stand in a line beside what is asked, and so many are left empty between columns."""


def _blank(width: int) -> str:
    return rf"\underline{{\hspace{{{width}em}}}}"


def _typed(text: str) -> str:
    """A command line as it is typed: LaTeX makes one dash of two hyphens, and curls what quotes."""
    return text.replace("--", "-{}-").replace("'", r"\textquotesingle{}")


def write(exam: Exam, style: Style, folder: str | None) -> Iterator[ExamText]:
    """The files of an exam; folder: where they go; None: one document, the sheets first, without a name."""
    page = _LatexSheets(exam, style)
    if folder is None:
        parts = [page.sheet(each) for each in exam.variants]
        parts += [page.key(each, folder) for each in exam.variants]
        yield ExamText("", whole_document("\n\\newpage\n".join([*parts, page.table()])))
        return
    for each in exam.variants:
        number = page.number_of(each)
        yield ExamText(f"variant_{number}.tex", whole_document(page.sheet(each)))
        yield ExamText(f"key_{number}.tex", whole_document(page.key(each, folder)))
        yield from check_files(page, each)
    yield ExamText("keys.tex", whole_document(page.table()))


class _LatexSheets(Sheets):
    def words(self, text: str) -> str:
        return latex_text(text).replace("≈", r"$\approx$")

    def _heading(self, left: str) -> list[str]:
        title = self.words(self.exam.title)
        return [rf"\section*{{{title}}}", rf"\noindent\textbf{{{left}}}"]

    def sheet(self, variant: ExamVariant) -> str:
        """A question sheet."""
        lines = self._heading(f"Variant {self.number_of(variant)}")
        lines[-1] += (
            rf"\hfill Name: {_blank(16)}\hfill Points: {_blank(3)} / {len(variant.questions)}\par"
        )
        lines += [r"\subsection*{Equations}", *self._rows(self.equations())]
        lines += [r"\subsection*{Numbers}", *self._inline(variant)]
        lines += [r"\subsection*{Questions}", self.words(self.rule), r"\begin{enumerate}"]
        for each in variant.questions:
            asked = rf"$\displaystyle {self.asked(each)} {self.sign(each)}$"
            lines.append(rf"\item {self.lead(each)}{asked} {_blank(9)}\vspace{{0.5em}}")
        lines.append(r"\end{enumerate}")
        if variant.graph:
            # without what it says of itself as a file
            drawn = dropwhile(lambda line: line.startswith("%"), variant.graph.splitlines())
            lines += [rf"\subsection*{{{GRAPH}}}", *drawn]
        return "\n".join(lines)

    def key(self, variant: ExamVariant, folder: str | None) -> str:
        """A key, with the line by which each answer is found."""
        number = self.number_of(variant)
        lines = [
            *self._heading(f"Key of variant {number}"),
            r"\par\medskip",
            *self._inline(variant),
        ]
        lines += [r"\begin{enumerate}"]
        for each in variant.questions:
            lines.append(rf"\item {self.lead(each)}$\displaystyle {self.working(each, variant)}$")
        lines += [r"\end{enumerate}"]
        command = self.checking(variant, folder)
        if command:
            lines += [rf"Confirmed by: \texttt{{{_typed(self.words(command))}}}"]
        return "\n".join(lines)

    def abreast(self) -> int:
        """So many that formulas, too, stand on the page."""
        answers = {each.answer for variant in self.exam.variants for each in variant.questions}
        # what stands one above the other in a fraction takes half the room
        longest = max(len(each) / (2 if "/" in each else 1) for each in answers)
        return max(1, min(ABREAST, int(_ACROSS / (longest + _BETWEEN))))

    def table(self) -> str:
        """The answers of all variants."""
        lines = [*self._heading("Keys of all variants"), r"\par\medskip"]
        for table in self.tables():
            form = "rl" + "r" * len(table.variants)
            lines.append(r"\par\medskip")
            lines += [
                rf"{{\renewcommand{{\arraystretch}}{{1.6}}\begin{{tabular}}{{{form}}}",
                r"\hline",
            ]
            lines += [" & question & " + " & ".join(map(str, table.variants)) + r" \\", r"\hline"]
            for number, asked, answers in table.rows:
                cells = " & ".join(f"${each}$" if each else "" for each in answers)
                lines.append(rf"{number} & ${asked}$ & {cells} \\")
            lines += [r"\hline", r"\end{tabular}}"]
        return "\n".join(lines)

    def _rows(self, formulas: list[str]) -> list[str]:
        return [rf"\par\smallskip$\displaystyle {each}$" for each in formulas]

    def _inline(self, variant: ExamVariant) -> list[str]:
        found = [f"${self.given(each)}$" for each in variant.given]
        return [r" \quad ".join(found) + r"\par"]
