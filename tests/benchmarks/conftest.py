"""The table that the benchmarks fill, and its printing at the end of the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.contest import Launcher
from benchmarks.table import Table

TABLE = pytest.StashKey[Table]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = Table()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    table = terminalreporter.config.stash.get(TABLE, Table())
    if table.sections:
        terminalreporter.section("backprop and its peers, in turn in one run")
        for line in table.lines():
            terminalreporter.write_line(line)


@pytest.fixture
def table(request: pytest.FixtureRequest) -> Table:
    return request.config.stash[TABLE]


@pytest.fixture
def whole(request: pytest.FixtureRequest) -> bool:
    """Whether the largest sizes are asked for, `--whole`."""
    return bool(request.config.getoption("--whole"))


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    started = Launcher()
    yield started
    started.close()
