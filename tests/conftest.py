"""Options and fixtures that tests share."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import pytest
from hypothesis import settings

from sizes import ask_for_whole


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium, for all tests of pages."""
    from browser import browser  # with Selenium

    with browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="run the slow suites at their whole size")
    parser.addoption(
        "--fuzz", type=float, default=0.0, metavar="MINUTES", help="hostile inputs, so long"
    )
    parser.addoption(
        "--accept", action="store_true", help="rewrite expected outputs, to be read in the diff"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Random inputs are the same in every run, unless the whole size is asked for: CI must not be
    a lottery."""
    config.addinivalue_line("markers", "whole: a size or a text that only --whole asks for")
    config.addinivalue_line(
        "markers", "one_in(n): of about so many cases one is tested, of --whole all"
    )
    settings.register_profile("steady", derandomize=True, max_examples=300)
    settings.register_profile("searching", max_examples=4000)
    # a look at all objects takes 0.3 s, most of them thousands of tests: a tenth of the run were such looks
    gc.set_threshold(*gc.get_threshold()[:2], 200)
    ask_for_whole(config.getoption("--whole"))
    settings.load_profile("searching" if config.getoption("--whole") else "steady")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is marked `whole` is no test of other runs, nor are most cases of what is marked `one_in`: they do
    not collect it."""
    if not config.getoption("--whole"):
        left_out = [each for each in items if _is_left_out(each)]
        config.hook.pytest_deselected(items=left_out)
        known = {*map(id, left_out)}
        items[:] = [each for each in items if id(each) not in known]


def _is_left_out(item: pytest.Item) -> bool:
    few = item.get_closest_marker("one_in")
    # by its name, so that a case is the same in every run, and not by its place: those of an engine are
    # each third, or each second
    return item.get_closest_marker("whole") is not None or (
        few is not None and crc32(item.nodeid.encode()) % few.args[0] != 0
    )


@pytest.fixture
def points(request: pytest.FixtureRequest) -> int:
    """How many points of its domain an operation is tested at."""
    return 1500 if request.config.getoption("--whole") else 24


@pytest.fixture
def chain(request: pytest.FixtureRequest) -> int:
    """How many equations a long chain has."""
    return 1_000_000 if request.config.getoption("--whole") else 100_000


@pytest.fixture
def points_of_rows(request: pytest.FixtureRequest) -> int:
    """How many points an operation is computed at by each engine, besides its samples."""
    return 3000 if request.config.getoption("--whole") else 30


@pytest.fixture
def only_new_garbage() -> Iterator[None]:
    """`gc.collect` looks at what the test makes, and not half a second long at all that was there before."""
    gc.freeze()
    yield
    gc.unfreeze()
