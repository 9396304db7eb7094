"""Blocks of rows in memory by copies of the process: in order, whatever becomes of a copy, and none is left."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import numpy
import pytest

import backprop
from backprop.by_rows import forked, threads
from backprop.by_rows.held_rows import BLOCK
from backprop.by_rows.rows_engine import found_over_rows

MANY = 40

pytestmark = pytest.mark.skipif(not forked.can_fork(), reason="processes cannot be copied")


@pytest.fixture(autouse=True)
def _none_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Of the copies that a test makes, in whose process others may run, too."""
    made, fork = list[int](), os.fork

    def forking() -> int:
        made.append(fork())
        return made[-1]

    monkeypatch.setattr(os, "fork", forking)
    yield
    forked.ended()
    for process in made:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)


def slow(block: int) -> int:
    time.sleep(0.002)
    return block


@pytest.mark.parametrize("count", [2, 3, 7])
def test_several_processes_have_a_part_and_results_come_in_order(count: int) -> None:
    def part(block: int) -> tuple[int, int]:
        return slow(block) ** 2, os.getpid()

    with threads.over_blocks(count) as mapped:
        found = [*mapped(part, range(MANY))]
    assert [square for square, _ in found] == [each * each for each in range(MANY)]
    assert 2 <= len({process for _, process in found}) <= count


def test_few_blocks_and_short_ones_stay_in_the_process() -> None:
    with threads.over_blocks(2) as mapped:
        assert {*mapped(lambda _: os.getpid(), range(5))} == {os.getpid()}
        assert {*mapped(lambda _: os.getpid(), range(100))} == {os.getpid()}


def test_large_results_stay_in_the_process() -> None:
    def part(block: int) -> tuple[int, bytes]:
        return os.getpid() + 0 * slow(block), bytes(60_000)

    with threads.over_blocks(2) as mapped:
        assert {process for process, _ in mapped(part, range(MANY))} == {os.getpid()}


def test_what_cannot_be_handed_over_stays_in_the_process() -> None:
    with threads.over_blocks(2) as mapped:
        found = [*mapped(lambda block: (slow(block), lambda: block), range(MANY))]
    assert [number for number, _ in found] == [call() for _, call in found] == [*range(MANY)]


@pytest.mark.parametrize("bad", [0, 7, 30, MANY - 1])
def test_what_is_raised_in_a_copy_is_raised_after_what_came_before(bad: int) -> None:
    def part(block: int) -> int:
        if slow(block) == bad:
            raise ValueError(f"block {block}")
        return block

    found = list[int]()
    with threads.over_blocks(3) as mapped, pytest.raises(ValueError, match=f"block {bad}"):
        found.extend(mapped(part, range(MANY)))
    assert found == [*range(bad)]


def test_the_part_of_a_copy_that_is_killed_is_done_again() -> None:
    own = os.getpid()

    def part(block: int) -> int:
        if os.getpid() != own:
            os.kill(os.getpid(), signal.SIGKILL)
        return slow(block)

    with threads.over_blocks(2) as mapped:
        assert [*mapped(part, range(MANY))] == [*range(MANY)]


def test_who_stops_in_between_leaves_no_copy_at_work() -> None:
    with threads.over_blocks(4) as mapped:
        coming = mapped(slow, range(1000))
        assert [next(coming) for _ in range(12)] == [*range(12)]
        coming.close()


def test_a_process_with_threads_is_not_copied() -> None:
    own, done = os.getpid(), threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        with threads.over_blocks(2) as mapped:
            assert {*mapped(lambda block: os.getpid() + 0 * slow(block), range(MANY))} == {own}
    finally:
        done.set()
        other.join()


@pytest.mark.parametrize("rows", [30 * BLOCK, 30 * BLOCK + 1, 31 * BLOCK - 1])
def test_values_and_gradients_have_the_same_bits(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = numpy.random.default_rng(rows)
    data = {"x": chance.normal(size=rows), "y": chance.normal(size=rows)}
    text = "a = 0.3; b = 2; m = a*sin(b*x) + exp(-x^2)*cos(a*x); L = mean((y - m)^2) + max(m)/10"
    model = backprop.parse(text, data=data)
    monkeypatch.setattr(forked, "_WORTH", 0)
    copies = list[int]()
    read = forked._read
    monkeypatch.setattr(forked, "_read", lambda copy: copies.append(1) or read(copy))
    found = []
    for count in (1, 2, 3):
        threads.allow(count)
        found.append(found_over_rows(model, "L", {}))
    threads.allow(0)
    assert copies
    assert found[0] is not None
    x, y = data["x"], data["y"]
    wave, other = numpy.sin(2 * x), numpy.exp(-(x**2))
    m = 0.3 * wave + other * numpy.cos(0.3 * x)
    assert found[0].value == pytest.approx(numpy.mean((y - m) ** 2) + m.max() / 10, rel=1e-12)
    at = m.argmax()
    by_a = wave - other * x * numpy.sin(0.3 * x)
    expected = numpy.mean(-2 * (y - m) * by_a) + by_a[at] / 10
    assert found[0].gradients["a"] == pytest.approx(expected, rel=1e-10)
    for each in found[1:]:
        assert each is not None
        assert each.value == found[0].value
        assert each.gradients == found[0].gradients


def test_tasks_are_shared_from_the_first_long_one_on() -> None:
    own = os.getpid()

    def task(number: int) -> tuple[int, int]:
        time.sleep(0.01)
        return number * number, os.getpid()

    threads.allow(3)
    try:
        found = [*threads.over_tasks(task, range(12))]
        short = [*threads.over_tasks(lambda number: (number, os.getpid()), range(12))]
    finally:
        threads.allow(0)
    assert [square for square, _ in found] == [number * number for number in range(12)]
    assert len({process for _, process in found}) >= 2
    assert short == [(number, own) for number in range(12)]


def test_profiles_of_a_fit_have_the_same_ends_by_one_process_and_by_several() -> None:
    chance = numpy.random.default_rng(3)
    x = numpy.linspace(0, 4, 300)
    data = {"x": x, "y": 3 * numpy.exp(-0.7 * x) + 0.5 + 0.1 * chance.normal(size=300)}
    model = backprop.parse("y ~ a*exp(-b*x) + c; a = 2; b = 1; c = 0", data=data)
    found = []
    for count in (1, 2, 3):
        threads.allow(count)
        try:
            found.append(model.fit(intervals="profile").found.intervals)
        finally:
            threads.allow(0)
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 3
