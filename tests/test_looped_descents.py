"""Descents of indexed equations by loops, against the same text unrolled."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from math import isclose
from pathlib import Path
from typing import Any

import pytest

from backprop import inputs
from backprop.descent import line_method, objective
from backprop.loops import sequence
from backprop.loops.loop_model import LoopModel
from backprop.loops.worth import read_model
from backprop.source import Source
from indexed_models import random_indexed
from running import Ran, backprop

LARGER = Path(inputs.__file__).parent / "examples" / "larger"

Descend = Callable[..., Ran]


@pytest.fixture
def unrolled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Has an entry for each time that a Model of loops was unrolled."""
    found: list[str] = []
    whole = LoopModel.unrolled

    def noted(self: LoopModel) -> Any:
        found.append(self.source.name)
        return whole(self)

    monkeypatch.setattr(LoopModel, "unrolled", noted)
    return found


@pytest.fixture
def descend(monkeypatch: pytest.MonkeyPatch) -> Descend:
    """`backprop descend`, with loops for texts of any size, or for none."""
    monkeypatch.setattr(sequence, "THIN", 0)

    def run(*arguments: str, loops: bool = True) -> Ran:
        many = 0 if loops else float("inf")

        def read(source: Source, seed: int, most: int, *more: Any) -> Any:
            return read_model(source, seed, most, many, *more[1:])

        monkeypatch.setattr(inputs, "read_model", read)
        return backprop("descend", *arguments)

    return run


def near(found: Any, right: Any, tolerance: float) -> bool:
    """Whether what JSON has is the same, but for the last digits of numbers, in texts for all."""
    if isinstance(right, dict):
        return found.keys() == right.keys() and all(
            near(found[name], right[name], tolerance) for name in right
        )
    if isinstance(right, list):
        return len(found) == len(right) and all(
            near(one, other, tolerance) for one, other in zip(found, right, strict=True)
        )
    if isinstance(right, float):
        return isclose(found, right, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(right, str):
        return re.sub(r"[-+\d.e]+", "#", found) == re.sub(r"[-+\d.e]+", "#", right)
    return bool(found == right)


def without_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """L-BFGS takes the units of inputs from second derivatives, which loops do not always have, and its first
    step from differences: without them both ways take the same steps."""
    monkeypatch.setattr(line_method, "input_scales", lambda run: None)
    monkeypatch.setattr(line_method, "bend_along", lambda *_: float("nan"))


WAYS = (
    ("gd", "--lr", "0.01"), ("adam", "--lr", "0.01"), ("momentum", "--lr", "0.01"), ("lbfgs",),
    ("nadam", "--lr", "0.01", "--clip", "0.5"), ("gd", "--until-grad", "0.1", "--maximize"),
)  # fmt: skip


@pytest.mark.parametrize("group", range(4))
def test_random_models_descend_as_they_do_unrolled(
    descend: Descend, group: int, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(sequence, "STEPS", 0 if group % 2 == 0 else 10**6)
    monkeypatch.setattr(objective, "_WORK", float("inf"))  # no gradients from beside a point
    without_units(monkeypatch)
    models = 60 if request.config.getoption("--whole") else 8
    compared = 0
    for number in range(group * models, (group + 1) * models):
        text, values = random_indexed(number)
        if not read_model(Source("<text>", text), many=0).loops:
            continue
        numbers = [f"--set={name}={value!r}" for name, value in values.items()]
        optimizer, *more = WAYS[number % len(WAYS)]
        line = ["-e", text, *numbers, "--optimizer", optimizer, *more, "--steps", "2"]
        found = descend(*line, "--format", "json")
        right = descend(*line, "--format", "json", loops=False)
        assert (found.status, found.err) == (right.status, right.err), number
        if right.out:
            compared += 1
            assert near(json.loads(found.out), json.loads(right.out), 1e-9), number
    assert compared > models / 2


@pytest.mark.parametrize("optimizer", ["gd", "lbfgs", "adam", "cg"])
@pytest.mark.parametrize("name", ["gaussian_mixture", "k_means", "polynomial", "powers", "lstm"])
def test_the_larger_examples_are_never_unrolled(
    descend: Descend,
    unrolled: list[str],
    name: str,
    optimizer: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_units(monkeypatch)
    rate = ("--lr", "0.01") if optimizer == "adam" else ()
    line = [str(LARGER / f"{name}.eq"), "--optimizer", optimizer, *rate, "--steps", "4"]
    found = descend(*line, "--format", "json")
    assert not unrolled
    right = descend(*line, "--format", "json", loops=False)
    assert near(json.loads(found.out), json.loads(right.out), 1e-9)


CORNER = """
n = 60
const t[i] = mod(i, 7)/7 for i in 1..n
w = 0.5; b = 0.1
h[i] = abs(w) + abs(b - 1)*t[i] for i in 1..n
L = mean(h[i] for i in 1..n)
minimize L
"""


@pytest.mark.parametrize(
    "more",
    [
        "--steps 10", "--of h[3]", "--only n", "--only t", "--only t[1]", "--freeze w,b", "--only zz",
        "--bounds t=0..1", "--of h", "--of w", "--of n", "--set w=nan", "--set w=1e308,b=-1e308",
        "--set w=0,b=1", "--set w=1e308 --lr 1 --steps 5", "--optimizer newton --bounds w=0..1",
        "--set h[4]=1", "--set t[4]=1 --steps 3", "--set q=1", "--format markdown --steps 3",
        "--target 0.3 --optimizer adam --lr 0.01 --explain-step 2", "--schedule cosine --lr 0.1 --steps 4",
        "--optimizer lbfgs --steps 6 --trace", "--lr 1e300 --maximize --steps 20", "--engine nat",
    ],
)  # fmt: skip
def test_what_is_said_of_corners_and_mistakes_is_the_same(
    descend: Descend, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_units(monkeypatch)
    found = descend("-e", CORNER, *more.split())
    right = descend("-e", CORNER, *more.split(), loops=False)
    assert (found.status, found.err) == (right.status, right.err)
    assert near(found.out, right.out, 0.0)


def test_files_that_are_written_are_the_same(descend: Descend, tmp_path: Path) -> None:
    written = []
    for loops in (True, False):
        own = tmp_path / f"{loops}.eq"
        own.write_text(CORNER + "# the end\n", "utf-8")
        more = ["--save", str(own), "--state", str(tmp_path / f"{loops}.json")]
        ran = descend(str(own), "--steps", "3", *more, loops=loops)
        assert not ran.status
        written.append(own.read_text("utf-8"))
    assert near(*written, 0.0)
    assert written[0] != CORNER + "# the end\n"
    assert "# the end" in written[0]


def test_what_has_no_value_is_found_where_it_is_told(descend: Descend, unrolled: list[str]) -> None:
    """A line search that goes too far is no reason to unroll, and neither is the end of a run."""
    text = "x[i] = i/50 for i in 1..50; L = sum(exp(exp(x[i]^4)) - 1000*x[i] for i in 1..50)"
    found = descend("-e", text, "--steps", "5")
    assert not found.status
    assert not unrolled
    found = descend("-e", text, "--lr", "10", "--steps", "9")
    assert not unrolled
    right = descend("-e", text, "--lr", "10", "--steps", "9", loops=False)
    assert (found.status, found.out, found.err) == (1, right.out, right.err)
    assert "overflows" in found.err


def test_an_end_that_cannot_be_unrolled_is_told(descend: Descend) -> None:
    ran = descend("-e", CORNER, "--set", "w=0,b=1", "--max-nodes", "50")
    assert not ran.status
    assert "the end of the run is not looked at step by step" in ran.err
    assert "--max-nodes" in ran.err


def test_saving_unrolls_nothing(descend: Descend, unrolled: list[str]) -> None:
    """Statements for many inputs give way to one for each, as they do unrolled."""
    text = (
        "u[i] ~ normal(0, 1) for i in 1..9; v[i] = i/10 in -1..2 for i in 1..9; a = 2*3 # six\n"
        "n = 9; L = sum((u[i] - v[i]*a)^2 for i in 1..n) + w; w = 1 in 0..\n"
    )
    more = ["--steps", "3", "--save", "-", "--bounds", "a=0..7", "--freeze", "v[3]"]
    found = descend("-e", text, "--set", "n=8", *more)
    assert not unrolled
    right = descend("-e", text, "--set", "n=8", *more, loops=False)
    assert near(found.out, right.out, 0.0)
    assert "u[9] = " in found.out
