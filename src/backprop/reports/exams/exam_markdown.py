"""An exam in Markdown, with mathematics between dollar signs, as GitHub and others show it."""

from collections.abc import Iterator

from backprop.quizzes.exams import Exam, ExamVariant
from backprop.reports.exams.question_sheets import GRAPH, ExamText, Sheets, check_files
from backprop.reports.markdown_table import words
from backprop.reports.style import Style

_BLANK = "________________"


def write(exam: Exam, style: Style, folder: str | None) -> Iterator[ExamText]:
    """The files of an exam; folder: where they go; None: one file, the sheets first, without a name."""
    page = _MarkdownSheets(exam, style)
    if folder is None:
        parts = [page.sheet(each) for each in exam.variants]
        parts += [page.key(each, folder) for each in exam.variants]
        yield ExamText("", "\n---\n\n".join([*parts, page.table()]))
        return
    for each in exam.variants:
        number = page.number_of(each)
        yield ExamText(f"variant_{number}.md", page.sheet(each))
        if each.graph:
            yield ExamText(f"graph_{number}.svg", each.graph)
        yield ExamText(f"key_{number}.md", page.key(each, folder))
        yield from check_files(page, each)
    yield ExamText("keys.md", page.table())


class _MarkdownSheets(Sheets):
    def words(self, text: str) -> str:
        return words(text)

    def sheet(self, variant: ExamVariant) -> str:
        """A question sheet."""
        count = len(variant.questions)
        lines = [f"# {self.words(self.exam.title)}", ""]
        lines += [
            f"**Variant {self.number_of(variant)}** · Name: {_BLANK}{_BLANK} · Points: ____ / {count}"
        ]
        lines += ["", "## Equations", "", *(f"- ${each}$" for each in self.equations())]
        lines += ["", "## Numbers", "", *(f"- ${self.given(each)}$" for each in variant.given)]
        lines += ["", "## Questions", "", self.words(self.rule), ""]
        for each in variant.questions:
            lines += [
                f"{each.number}. {self.lead(each)}${self.asked(each)} {self.sign(each)}$ {_BLANK}",
                "",
            ]
        if variant.graph:
            lines += [f"## {GRAPH}", "", f"![{GRAPH}](graph_{self.number_of(variant)}.svg)", ""]
        return "\n".join(lines)

    def key(self, variant: ExamVariant, folder: str | None) -> str:
        """A key, with the line by which each answer is found."""
        number = self.number_of(variant)
        lines = [f"# {self.words(self.exam.title)}", "", f"**Key of variant {number}**", ""]
        lines += ["; ".join(f"${self.given(each)}$" for each in variant.given) + ".", ""]
        for each in variant.questions:
            lines += [f"{each.number}. {self.lead(each)}${self.working(each, variant)}$"]
        command = self.checking(variant, folder)
        if command:
            lines += ["", "Confirmed by:", "", f"    {command}"]
        return "\n".join([*lines, ""])

    def table(self) -> str:
        """The answers of all variants."""
        lines = [f"# {self.words(self.exam.title)}", "", "**Keys of all variants**", ""]
        for table in self.tables():
            lines.append("| | question | " + " | ".join(map(str, table.variants)) + " |")
            lines.append("| --: | :-- |" + " --: |" * len(table.variants))
            for number, asked, answers in table.rows:
                cells = " | ".join(f"${_in_cell(each)}$" if each else "" for each in answers)
                lines.append(f"| {number} | ${_in_cell(asked)}$ | {cells} |")
            lines.append("")
        return "\n".join(lines)


def _in_cell(mathematics: str) -> str:
    """Mathematics in a table, where a bar would end the cell."""
    return mathematics.replace("|", r"\vert ")
