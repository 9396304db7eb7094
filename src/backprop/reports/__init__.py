"""The formats of all that can be written: a table of them for each kind of output, a row a format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar

from backprop.errors import BadOption

if TYPE_CHECKING:
    from backprop.cornering import Corner
    from backprop.derivation import Derivation
    from backprop.derivation.steps import SymbolicDerivation
    from backprop.descent import Descent
    from backprop.descent.problem import Problem
    from backprop.fit_pictures import FitPicture
    from backprop.picture import Picture
    from backprop.quizzes.exams import Exam
    from backprop.quizzes.session import QuizWriter
    from backprop.report import Records, Report
    from backprop.report.derivative_report import DerivativeReport
    from backprop.reports.exams.question_sheets import ExamText
    from backprop.reports.shapes.shape import Scene
    from backprop.reports.style import Style
    from backprop.reports.themes import Look

Write = TypeVar("Write")

_SPELLINGS = {".markdown": ".md", ".htm": ".html", ".jsonl": ".json", ".ndjson": ".json"}
"""Other spellings of an ending."""


def ending(path: str) -> str:
    """The ending of a file, `.md` for `notes.markdown` too, "" if there is none."""
    from pathlib import PurePath  # for files only: 3 ms

    found = PurePath(path).suffix.lower()
    return _SPELLINGS.get(found, found)


class Formats(Generic[Write]):
    """The formats of one kind of output.

    function: what writes a format, in its module. rows: for each, the module of this folder that
    writes it, and the endings of its files. A function that knows several formats has the
    name of the wanted one as its last argument. names: in the order of the table; the first is the
    one where nothing says another. endings: in the same order.
    """

    def __init__(self, function: str = "write", /, **rows: tuple[str, ...]) -> None:
        self._function = function
        self._modules = {name: module for name, (module, *_) in rows.items()}
        self._endings = {each: name for name, (_, *own) in rows.items() for each in own}
        self.names = [*self._modules]
        self.endings = [*self._endings]

    def of_file(self, path: str, wrong: str, hints: Iterable[str] = ()) -> str:
        """The format that the ending of a path says. Raises BadOption if it says none."""
        found = self._endings.get(ending(path))
        if found is None:
            raise BadOption(wrong, hints=hints or [f"the endings are {', '.join(self.endings)}"])
        return found

    def writer(self, name: str) -> Write:
        """The function that writes the format `name`; only its module is imported."""
        module = import_module(f"backprop.reports.{self._modules[name]}")
        write: Write = getattr(module, self._function)
        return write


TABLES: Formats[Callable[[Report, Style], str]] = Formats(
    table=("table", ".txt"),
    json=("json_lines", ".json"),
    csv=("csv_rows", ".csv"),
    markdown=("markdown_table", ".md"),
    latex=("latex_table", ".tex"),
)
"""What `grad`, `check` and `descend` print."""

WITHOUT_NOTES = ("latex", "csv")
"""Those of them that have no room for what `--explain-step` shows."""

DOCUMENTS: Formats[Callable[[Derivation | SymbolicDerivation, Style, bool], str]] = Formats(
    text=("explain.text", ".txt"),
    markdown=("explain.markdown", ".md"),
    latex=("explain.latex_document", ".tex"),
    html=("explain.html", ".html"),
    json=("explain.json", ".json"),
)
"""What `explain` prints; with blanks for the answers if the last argument is true."""

FRAGMENTS = ("latex", "html")
"""Those of them that `--fragment` makes for another document."""

FORMULAS: Formats[Callable[[DerivativeReport, Style], str]] = Formats(
    text=("formulas.formula_text", ".txt", ".eq"),
    latex=("formulas.formula_latex", ".tex"),
    markdown=("formulas.formula_markdown", ".md"),
    json=("formulas.formula_json", ".json"),
)
"""What `diff` prints."""

EXAMS: Formats[Callable[[Exam, Style, str | None], Iterator[ExamText]]] = Formats(
    markdown=("exams.exam_markdown", ".md"),
    latex=("exams.exam_latex", ".tex"),
    json=("exams.exam_json", ".json"),
)
"""What `quiz --exam` writes: several files if the last argument is the folder for them, else one."""

PICTURES: Formats[Callable[[Picture, Look, str], bytes]] = Formats(
    svg=("drawing", ".svg"),
    png=("drawing", ".png"),
    pdf=("drawing", ".pdf"),
    tex=("shapes.tikz", ".tex"),
    dot=("drawing", ".dot", ".gv"),
)
"""What `draw` draws."""

STEPS: Formats[Callable[[Scene, str], bytes]] = Formats(
    svg=("shapes.step_files", ".svg"),
    png=("shapes.step_files", ".png"),
    pdf=("shapes.step_files", ".pdf"),
    tex=("shapes.step_files", ".tex"),
)
"""What `draw` draws of one step, and of a worksheet."""

QUIZZES: Formats[Callable[[Style], QuizWriter]] = Formats(
    "writer", text=("quiz_text",), json=("quiz_json",)
)
"""How `quiz` asks: what makes a writer of one format."""

HISTORIES: Formats[Callable[[Records, Style], Iterator[str]]] = Formats(
    "pieces", csv=("csv_rows", ".csv"), json=("json_lines", ".json")
)
"""The steps of a descent, for `--history`: piece by piece."""

PLOTS: Formats[Callable[[Descent, Problem | None, str, bool, int | None], bytes]] = Formats(
    svg=("plot", ".svg"), png=("plot", ".png"), pdf=("plot", ".pdf")
)
"""The course of a descent, for `--plot`."""

FIT_PLOTS: Formats[Callable[[FitPicture, str, bool, int | None], bytes]] = Formats(
    svg=("fit_plot", ".svg"), png=("fit_plot", ".png"), pdf=("fit_plot", ".pdf")
)
"""A fit with its data, for its `--plot`."""

CORNERS: Formats[Callable[[Corner, str, bool, int | None], bytes]] = Formats(
    svg=("corner_plot", ".svg"), png=("corner_plot", ".png"), pdf=("corner_plot", ".pdf")
)
"""What a fit says of pairs of parameters, for its `--corner`."""
