"""What is found of blocks of rows by repeating what NumPy was asked for with another block: the same bits as by
going through the graph."""

from __future__ import annotations

import random
from typing import Any

import numpy
import pytest

from backprop.by_rows import held_rows, recorded
from backprop.by_rows.block_kernel import NotSure
from backprop.by_rows.recorded import Again, NotRecorded, Recorded, Recording, holds, repeated
from backprop.by_rows.reductions import CHUNK
from backprop.operations import FUNCTIONS
from sizes import size
from test_by_rows import Given, passed
from test_over_rows import random_formula

ROWS = 7 * CHUNK + 321
"""Seven whole blocks, and some rows."""

FEWER = size(5, 7) * CHUNK + 321
"""Enough that two blocks are repeated."""


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_rows, "BLOCK", CHUNK)


def both(monkeypatch: pytest.MonkeyPatch, text: str, table: Given, watched: bool) -> int:
    """Hold what passes find with and without repeating against one another; how many blocks were repeated."""
    times = [0]

    def counted(self: Again, columns: Any, rows: int) -> Any:
        found = plain_call(self, columns, rows)
        times[0] += found is not None
        return found

    plain_call = Again.__call__
    with monkeypatch.context() as patch:
        patch.setattr(recorded, "_BEFORE", 1 << 60)
        plain = found_in(text, table, watched)
    with monkeypatch.context() as patch:
        patch.setattr(Again, "__call__", counted)
        assert found_in(text, table, watched) == plain
    return times[0]


def found_in(text: str, table: Given, watched: bool) -> list[str]:
    """All that passes find, to the bit, or why they find nothing."""
    try:
        found: Any = passed(text, table, watched=watched)
    except NotSure as error:
        return [f"{error} {error.row}"]
    parts = [found.value.hex()]
    parts += [f"{name} {number.hex()}" for name, number in sorted(found.gradients.items())]
    for every in (found.values, found.slopes):
        for name, each in sorted(every.items()):
            numbers = each.least, each.most, each.total
            parts.append(f"{name} {each.count} {[float(number).hex() for number in numbers]}")
    return parts


@pytest.mark.parametrize(
    ("name", "watched"),
    [  # mpmath computes the slopes of digamma number by number, as those of lgamma: ten seconds
        pytest.param(
            name, watched, marks=pytest.mark.whole if watched and name == "digamma" else ()
        )
        for name in sorted(FUNCTIONS)
        for watched in (False, True)
    ],
)
@pytest.mark.one_in(2)
def test_every_function(monkeypatch: pytest.MonkeyPatch, name: str, watched: bool) -> None:
    row = FUNCTIONS[name]
    if not row.called or row.chooses or row.arity > 3:
        return
    spots = numpy.random.default_rng(3).uniform(0.1, 0.9, (row.arity, FEWER))
    if row.name == "acosh":
        spots += 1
    words = ["x", "y", "z"][: row.arity]
    table = Given(**dict(zip(words, spots, strict=True)))
    both(monkeypatch, f"a = 1.5; L = sum(a*{name}({', '.join(words)}))", table, watched)


PEAKS = "a = 3; b = 0.2; c = 0.4; L = mean((y - a*exp(-((x - b)/c)^2))^2)"


@pytest.mark.parametrize("watched", [False, True])
def test_all_but_the_first_blocks_and_the_last_one_are_repeated(
    monkeypatch: pytest.MonkeyPatch, watched: bool
) -> None:
    x, y = numpy.random.default_rng(4).normal(size=(2, ROWS))
    assert both(monkeypatch, PEAKS, Given(x=x, y=y), watched) == 7 - recorded._BEFORE
    x[::3] = 0  # numbers that are 0 because a factor is
    assert both(monkeypatch, PEAKS, Given(x=x, y=y), watched) == 7 - recorded._BEFORE


@pytest.mark.parametrize("spot", [1e-300, -1e-300, 1e160, 0.0])
def test_a_block_that_is_unlike_the_others_is_gone_through(
    monkeypatch: pytest.MonkeyPatch, spot: float
) -> None:
    x, y = numpy.random.default_rng(5).normal(size=(2, ROWS))
    x[6 * CHUNK + 17] = spot
    both(monkeypatch, "a = 1e-9; L = sum(a*x*x*y + if(x > 0.5, x, a*x))", Given(x=x, y=y), True)


@pytest.mark.parametrize("number", range(40))
def test_random_models(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    draw = random.Random(number)
    text = f"a = 0.7; b = 1.3; L = mean(x*{random_formula(draw, 4, ['x', 'y', 'a', 'b'])})"
    x, y = numpy.random.default_rng(number).uniform(0.2, 2, (2, FEWER))
    both(monkeypatch, text, Given(x=x, y=y), bool(number % 2))


def test_rooms_are_not_written_over_while_they_are_needed() -> None:
    recording = Recording(4)
    x = recording.array(numpy.arange(4.0))
    one = x * 2.0
    view = one.reshape(2, 2)
    other = x + 1.0  # which must not take the room of what `view` shows
    last = other * 3.0
    found = repeated(recording, [x], [view, last, one.sum()])
    rooms = [numpy.empty(4) for _ in range(found.rooms)]
    for start in (0.0, 10.0):
        numbers = numpy.arange(start, start + 4)
        result = found.call([numbers], rooms)
        assert result is not None
        assert result[0].tolist() == (numbers * 2).reshape(2, 2).tolist()
        assert result[1].tolist() == ((numbers + 1) * 3).tolist()
        assert result[2] == (numbers * 2).sum()


def test_looks_that_find_something_else_end_it() -> None:
    recording = Recording(3)
    x = recording.array(numpy.array([1.0, 2.0, 3.0]))
    assert holds(lambda numbers: bool(numbers.min() > 0), x)
    assert not (x > 5).any()
    found = repeated(recording, [x], [x + 1.0])
    rooms = [numpy.empty(3)]
    again = found.call([numpy.array([3.0, 2.0, 1.0])], rooms)
    assert again
    assert again[0].tolist() == [4, 3, 2]
    assert found.call([numpy.array([-1.0, 2.0, 1.0])], rooms) is None
    assert found.call([numpy.array([6.0, 2.0, 1.0])], rooms) is None


def test_what_is_not_written_down_is_said() -> None:
    x = Recorded(Recording(2), numpy.array([1.0, 2.0]))
    for asked in (lambda: float(x), lambda: [*x], lambda: numpy.asarray(x), lambda: x[x > 1]):
        with pytest.raises(NotRecorded):
            asked()  # type: ignore[no-untyped-call]
