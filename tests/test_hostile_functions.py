"""Descents of functions that nobody would descend: whatever the optimizer, there is an ending, and what it says
is true by values at 40 digits."""

import json
import warnings
from math import log

import pytest

import backprop
from backprop.descent.optimizers import OPTIMIZERS
from backprop.errors import BackpropError
from hostile_claims import Claims
from hostile_functions import hostile
from running import backprop as command

SEARCHES = ("auto", "newton", "lbfgs", "bfgs", "cg")
FEW, WHOLE = 16, 500
"""So many functions are tried, in parts, and with --whole."""

PARTS = 4
STEPS, LONGER = 40, 200
"""The most steps of first-order optimizers, and of searches."""


@pytest.fixture
def count(request: pytest.FixtureRequest) -> int:
    return WHOLE if request.config.getoption("--whole") else FEW


def found_wrong(seed: int, optimizer: str) -> list[str]:
    """What is untrue of the end of a descent, a text each; nothing where it is an error at the start."""
    of = hostile(seed)
    steps = LONGER if optimizer in SEARCHES else STEPS
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            found = backprop.parse(of.text).descend(of="f", optimizer=optimizer, steps=steps)
        except BackpropError:
            return []
        except Exception as error:
            return [f"{seed} {optimizer}: {error!r} | {of.text}"]
    said = f"| {found.stopped}: {found.reason} | {found.parameters} | {of.text}"
    return [f"{seed} {optimizer}: {each} {said}" for each in Claims(of, found).wrong()]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.one_in(2)
def test_endings_of_hostile_functions_are_true(part: int, count: int) -> None:
    """Every optimizer in turn; all of them on each with --whole."""
    names = [*OPTIMIZERS]
    wrong = []
    for seed in range(part, count, PARTS):
        chosen = (
            names if count == WHOLE else [names[seed % len(names)], SEARCHES[seed // PARTS % 2]]
        )
        for optimizer in chosen:
            wrong += found_wrong(seed, optimizer)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("seed", "optimizer"),
    [
        (369, "auto"),  # sin of 1e66: rounding hides all around a corner
        (460, "newton"),
        (460, "auto"),
        (453, "gd"),  # a move of 1e-310 is none
        (630, "auto"),
        (644, "auto"),  # an edge is not where doubles end
        (534, "auto"),  # a saddle beside a jump is no plateau
        (962, "auto"),  # nor is a bound an end
        (274, "lbfgs"),  # slopes in the scales of inputs are beyond doubles
        (965, "cg"),  # what has bounds does not grow beyond them
        (3, "cg"),  # slopes along creases are beyond doubles
    ],
)
def test_what_was_untrue(seed: int, optimizer: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert not found_wrong(seed, optimizer)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("start", [1e-310, 1e-200, -1e-30])
@pytest.mark.parametrize("optimizer", ["auto", "lbfgs", "newton", "gd"])
@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("abs(x - 1)", 1),
        ("max(x, -2*x) + (x + 2.9)^2", -1.9),
        ("(x - 1)^2", 1),
        ("exp(x) - 2*x", log(2)),
        ("log(1 + exp(-x)) + abs(x - 3)", 3),
    ],
)
def test_a_start_next_to_0_is_as_good_as_0(
    text: str, at: float, optimizer: str, start: float
) -> None:
    found = backprop.parse(f"f = {text}").descend({"x": start}, optimizer=optimizer)
    assert found.converged, found.reason
    assert found.parameters["x"] == pytest.approx(at, abs=1e-6)


def test_the_claims_can_fail() -> None:
    """A minimum that is none, and numbers that are others, are told."""
    of = hostile(0)
    start = dict(of.start)
    found = backprop.parse(of.text).descend(of="f", steps=0)
    object.__setattr__(found, "stopped", "minimum")
    assert any("converged is" in each for each in Claims(of, found).wrong())
    object.__setattr__(found, "value", 2 * found.value + 1)
    assert any("its value is" in each for each in Claims(of, found).wrong())
    assert found.parameters == start


def test_the_status_is_that_of_the_ending(count: int) -> None:
    """1 for what has no end or cannot go on, or no value at the start; else 0; never a traceback."""
    for seed in range(0, count, 4):
        of = hostile(seed)
        ran = command("descend", "-e", of.text, "--of", "f", "--steps", "20", "--format", "json")
        assert "Traceback" not in ran.err + ran.out, of.text
        if not ran.out:
            assert (ran.status, "error:" in ran.err) == (1, True), of.text
            continue
        stopped = json.loads(ran.out)["stopped"]
        failed = stopped in ("falls without end", "rises without end", "cannot go on")
        assert ran.status == int(failed), (of.text, stopped, ran.err)
