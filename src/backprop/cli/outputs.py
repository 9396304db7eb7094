"""The files that a descent writes besides its report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from backprop.cli.printing import Results, put, transparent_option, width_option, write
from backprop.descending import Descending
from backprop.errors import BackpropError
from backprop.files import write_whole
from backprop.numbers import either
from backprop.options import Option
from backprop.places import STANDARD
from backprop.reports import HISTORIES, PLOTS, Formats
from backprop.reports.style import Style

if TYPE_CHECKING:
    from backprop.descent import State
    from backprop.descent.history import ToldBetween
    from backprop.report.descent_report import DescentReport


class Files(NamedTuple):
    """The paths that were given for each."""

    # fmt: off
    history: Annotated[str | None, Option(
        "--history FILE", f"Every step, as {either(HISTORIES.endings)}.", path="written",
    )]
    plot: Annotated[str | None, Option(
        "--plot FILE",
        "Output, gradient norm and parameters against the steps, with the path on the curve of one"
        f" parameter or the map of two; as {either(PLOTS.endings)}.",
        path="written",
    )]
    transparent: Annotated[bool, transparent_option("plot")]
    width: Annotated[int | None, width_option("1050 for --plot, 1500 with a curve or a map", "plot")]
    save: Annotated[str | None, Option(
        "--save FILE",
        "The equations, comments and all, with the new numbers in them, which --values reads too;"
        " - is standard output.",
        path="saved",
    )]
    keep_best: Annotated[bool, Option(
        "--keep-best", "Let --save write the best numbers of the run, not the last.", needs=("save",),
    )]
    state: Annotated[str | None, Option(
        "--state FILE",
        "Where the last run with this file stood, the optimizer's memory included: read if"
        " there is one, written at the end.",
        path="state",
    )]
    # fmt: on

    def check(self) -> None:
        """Raise BadOption for an ending that says no format, before any work is done."""
        _format(HISTORIES, "history", self.history)
        _format(PLOTS, "plot", self.plot)

    @property
    def folder(self) -> str | None:
        """Where a long history waits for its end: where there must be room for it anyway."""
        path = self.history
        return None if path is None else os.path.dirname(os.path.realpath(path))

    def write(self, prepared: Descending, report: DescentReport, results: Results) -> None:
        """Every file that was asked for; what goes wrong with one waits in `results`."""
        found = report.descent

        def saved() -> bytes:
            best = found.best if found.failed or self.keep_best else found
            return prepared.saved(best.parameters).encode()

        def state() -> bytes:
            return _state(found.state, report.inputs)

        def listed() -> Iterator[bytes]:
            from backprop.report.descent_report import HistoryReport

            format = _format(HISTORIES, "history", self.history)
            return map(
                str.encode, HISTORIES.writer(format)(HistoryReport(found, report.inputs), Style())
            )

        def drawn() -> bytes:
            format = _format(PLOTS, "plot", self.plot)
            ground = prepared.ground(found)
            return PLOTS.writer(format)(found, ground, format, self.transparent, self.width)

        # where a descent leads nowhere, an older state is the better one
        kept = self.state if not found.failed else None
        files: list[tuple[Callable[[], bytes | Iterator[bytes]], str | None]]
        files = [(saved, self.save), (state, kept), (listed, self.history), (drawn, self.plot)]
        for data, path in files:
            with results.each():
                if path == STANDARD:  # the equations
                    put(saved().decode())
                elif path is not None:
                    write(path, data())

    def between(self, prepared: Descending) -> ToldBetween | None:
        """What writes the equations and the state while a run by minibatches goes on, so that a run whose
        machine fails is not lost; None where neither is asked for."""
        save = None if self.save == STANDARD else self.save
        if not (save or self.state):
            return None

        def write_both(state: State, parameters: dict[str, float]) -> None:
            with suppress(BackpropError, OSError):  # the end of the run says what is wrong
                if self.state:
                    write_whole(self.state, _state(state, {**prepared.known, **state.parameters}))
                if save:
                    write_whole(save, prepared.saved(parameters).encode())

        return write_both


def _state(state: State, inputs: Mapping[str, float]) -> bytes:
    """What stands in the file of a state."""
    from backprop.reports.json_lines import line

    kept = {**state.as_json(), "inputs": dict(inputs)}  # --values reads them
    return (line(kept, Style(ascii=True)) + "\n").encode()


def _format(formats: Formats[Any], option: str, path: str | None) -> str:
    """The format that the path given for an option says, "" for no path. Raises BadOption."""
    wrong = f"--{option} {path}: this ending says no format"
    return formats.of_file(path, wrong) if path is not None else ""
