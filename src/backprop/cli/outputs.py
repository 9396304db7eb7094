"""The files that a descent writes besides its report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from backprop.cli.printing import check_files, put
from backprop.commands import Descending
from backprop.errors import BackpropError, BadOption, raise_first
from backprop.files import write_whole
from backprop.numbers import either
from backprop.options import Option
from backprop.reports import HISTORIES, PLOTS, Formats
from backprop.reports.numbers import Style

if TYPE_CHECKING:
    from backprop.report.descent import DescentReport


class Files(NamedTuple):
    """The paths that were given for each."""

    # fmt: off
    history: Annotated[str | None, Option(
        "--history FILE", f"Every step, as {either(HISTORIES.endings)}.",
    )]
    plot: Annotated[str | None, Option(
        "--plot FILE",
        "Output, gradient norm and parameters against the steps, with a map of two parameters;"
        f" as {either(PLOTS.endings)}.",
    )]
    save: Annotated[str | None, Option(
        "--save FILE",
        "The equations, comments and all, with the new numbers in them, which --values reads too;"
        " - is standard output.",
    )]
    state: Annotated[str | None, Option(
        "--state FILE",
        "Where the last run with this file stood, the optimizer's memory included: read if"
        " there is one, written at the end.",
    )]
    # fmt: on

    def check(self, report: str | None, read: Sequence[str | None] = ()) -> None:
        """Raise BadOption or CannotWrite before any work is done.

        report: where that goes. read: files that are read, of which only --save may replace one.
        """
        _format(HISTORIES, "history", self.history)
        _format(PLOTS, "plot", self.plot)
        if self.state == "-":
            raise BadOption("--state - would be read and written at once", hints=["name a file"])
        check_files([self.history, self.plot, self.save, self.state, report], read, self.save)

    def write(self, prepared: Descending, report: DescentReport) -> None:
        """Every file that was asked for; what goes wrong with one does not keep the others away."""
        import json

        found = report.descent

        def saved() -> bytes:
            return prepared.saved(report).encode()

        def state() -> bytes:
            return (json.dumps(found.state.as_json(), allow_nan=False) + "\n").encode()

        def listed() -> bytes:
            from backprop.report.descent import HistoryReport

            format = _format(HISTORIES, "history", self.history)
            return HISTORIES.writer(format)(HistoryReport(found), Style()).encode()

        def drawn() -> bytes:
            format = _format(PLOTS, "plot", self.plot)
            return PLOTS.writer(format)(found, prepared.height(found), format)

        if self.save == "-":
            put(prepared.saved(report))
        # where a descent leads nowhere, an older state is the better one
        kept = self.state if found.stopped != "diverged" else None
        files = {saved: self.save, state: kept, listed: self.history, drawn: self.plot}
        errors: list[BackpropError] = []
        for data, path in files.items():
            try:
                if path is not None and path != "-":
                    write_whole(path, data())
            except BackpropError as error:
                errors.append(error)
        raise_first(errors)


def _format(formats: Formats[Any], option: str, path: str | None) -> str:
    """The format that the path given for an option says, "" for no path. Raises BadOption."""
    wrong = f"--{option} {path}: this ending says no format"
    return formats.of_file(path, wrong) if path is not None else ""
