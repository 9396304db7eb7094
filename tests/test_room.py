"""What memory does not hold is refused before it is made, at its place."""

from __future__ import annotations

import tracemalloc

import pytest

from backprop.errors import TooLarge
from backprop.loops import plan, room
from backprop.loops.chunked import held
from backprop.loops.worth import read_model
from backprop.memory import available
from backprop.source import Source
from gradbench import PROBLEMS
from running import backprop

LOGISTIC = (
    "n = {0}; a = 3.2; x[0] = 0.5; x[t+1] = a*x[t]*(1 - x[t]) for t in 0..n-1; L = x[n]; output L"
)


@pytest.mark.parametrize(
    ("text", "place", "number", "needed"),
    [
        (LOGISTIC.format("10^12"), "t in 0..n-1", "1,000,000,000,000", "30 TB"),
        ("x[i] = i for i in 1..10; L = sum(x[i]*k for i in 1..10, k in 1..10^11)", "k in 1..10^11", "1,000,000,000,020", "8 TB"),
        ("h[i,j] = i*j for i in 1..10^6, j in i..i+10^6; L = h[1,1]", "j in i..i+10^6", "1,000,002,000,000", "30 TB"),
        ("h[i,j] = i*j for i in 1..10^7, j in 1..i; L = h[1,1]", "j in 1..i", "50,000,015,000,000", "5,000 TB"),
    ],
)  # fmt: skip
def test_what_no_memory_holds(text: str, place: str, number: str, needed: str) -> None:
    text = text.replace("10^12", "1000000000000").replace("10^11", "100000000000")
    text = text.replace("10^6", "1000000").replace("10^7", "10000000")
    place = place.replace("10^11", "100000000000").replace("10^6", "1000000")
    ran = backprop("grad", "-e", text)
    assert ran.status == 1
    assert f"{number} combinations of indices need about {needed} of memory, and " in ran.err
    assert "take smaller ranges" in ran.err
    _, line, carets, *_ = ran.err.splitlines()
    at = carets.index("^")
    assert line[at : at + len(place)] == place


def test_three_times_what_may_be_unrolled_runs() -> None:
    """Where memory holds it: 30 million steps are read, and not unrolled."""
    model = read_model(Source("<text>", LOGISTIC.format(3_000_000)))
    assert model.loops
    model.loops.check_room(held(model.loops.runs, model.loops.uses))


def test_what_is_between_members_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "n = 100000; x[i] = cos(i) for i in 1..n; y[i] = exp(sin(x[i])*x[i] + 1) for i in 1..n; L = mean(y[*])"
    model = read_model(Source("<text>", text))
    for module in (plan, room):
        monkeypatch.setattr(module, "available", lambda: 10_000_000)
    with pytest.raises(TooLarge) as raised:
        model.swept({}, "L")
    assert "100,000 members of y, and all that leads to them, need about 12 MB" in str(raised.value)
    assert f":{text.rindex('i in 1..n') + 1}: " in str(raised.value)
    monkeypatch.setattr(plan, "available", lambda: 100_000_000)
    assert model.swept({}, "L")


def test_a_recurrence_that_is_read_again_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "available", lambda: 31_000_000)
    assert read_model(Source("<text>", LOGISTIC.format(1_000_000))).loops
    with pytest.raises(TooLarge):
        read_model(Source("<text>", LOGISTIC.format(1_100_000)))


@pytest.mark.parametrize(
    "text",
    [
        "k = 0.5; x[i] = sin(i*k) for i in 1..n; L = sum(x[*]); output L",
        "a = 0.5; x[0] = 1; x[t+1] = a*x[t] + 1 for t in 0..n-1; L = x[n]; output L",
        "k = 0.5; x[i] ~ normal(0, 1) for i in 1..n; L = k*sum(x[*]); output L",
        "k = 0.5; x[i,j] = sin(i*k + j) for i in 1..200, j in 1..n/200 if i != j; L = sum(x[*,1]); output L",
        "k = 0.5; L = sum(sin(i*k + j) for i in 1..200, j in 1..n/200 if i != j); output L",
        "k = 0.5; x[i,j] = sin(i*k + j) for i in 1..630, j in 1..i; L = sum(x[*,*]); output L",
        "k = 0.5; const t[i] = mod(7*i, 100) for i in 1..n; w[j] = j for j in 0..99; y[i] = w[t[i]]*k for i in 1..n; L = sum(y[*]); output L",
    ],
)
def test_what_is_counted_is_taken(text: str) -> None:
    """By Python and NumPy, for reading, and for values and gradients: no more, and not less than a fifth."""
    warm = read_model(Source("<text>", f"n = 400; {text}"), many=0)
    assert warm.swept({}, "L", False)
    source = Source("<text>", f"n = 200000; {text}")
    tracemalloc.start()
    try:
        model = read_model(source)
        assert model.loops
        assert model.swept({}, "L", False)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    counted = model.loops.builder.room.needed
    between = sum(held(model.loops.runs, model.loops.uses).values())
    assert most < counted + 16 * between + 2e6
    assert most > (counted + 16 * between) / 5


MIXTURE = PROBLEMS["gaussian_mixture"].text({"n": 1000, "d": 64, "k": 100})


def test_a_sum_in_each_member_takes_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mixture in 64 dimensions goes through 200 million combinations, and has 7 million members."""
    monkeypatch.setattr(room, "available", lambda: 2_000_000_000)
    monkeypatch.setattr(plan, "available", lambda: 400_000_000)
    model = read_model(Source("<text>", MIXTURE))
    assert model.loops
    model.loops.check_room({})
    model.loops.check_room(held(model.loops.runs, model.loops.uses))
    monkeypatch.setattr(plan, "available", lambda: 150_000_000)
    with pytest.raises(
        TooLarge, match="6,400,000 members of u, and all that leads to them, need about "
    ):
        model.loops.check_room({})
    monkeypatch.setattr(room, "available", lambda: 1_500_000_000)
    with pytest.raises(TooLarge, match="combinations of indices need about "):
        read_model(Source("<text>", MIXTURE))


def test_what_machine_code_reads_again_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "available", lambda: 300_000_000)
    text = "k = 0.5; L = sum(sin(i*0.001*k) for i in 1..32000000); output L"
    model = read_model(Source("<text>", text))
    assert model.loops
    assert model.loops.builder.room.needed == 8 * 32_000_000
    assert model.swept({}, "L", False)  # not refused when machine code reads it


def test_sizes_in_words() -> None:
    sizes = [room.size(each) for each in (999, 12_345, 2.5e6, 999e6, 8e10, 3e12, 4e16)]
    assert sizes == ["1 kB", "12 kB", "2.5 MB", "999 MB", "80 GB", "3 TB", "40,000 TB"]
    assert 1 << 20 < available() < 1 << 50
