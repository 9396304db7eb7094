"""Matrices of derivatives of many members of loops by few inputs, against the text unrolled."""

from __future__ import annotations

import random

import numpy
import pytest

from backprop.evaluation.forward_loops import forward_by_loops, inputs_of_loops
from backprop.evaluation.several import inputs_of, jacobian
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, sequence
from backprop.loops.worth import read_model
from backprop.source import Source
from indexed_models import of_group, random_indexed
from running import backprop


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a single member, and the least of outputs, too, are run as such."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


@pytest.mark.parametrize("group", range(4))
def test_random_models_have_the_matrix_of_the_unrolled_text(
    group: int, request: pytest.FixtureRequest
) -> None:
    compared = 0
    for number in of_group(group, request, 20, 150):
        text, values = random_indexed(number)
        source, chance = Source("<text>", text), random.Random(number)
        looped, right = read_model(source, many=0), read_carefully(source)
        if not looped.loops:
            continue
        computed = [name for name in right.names if right.is_equation(name)]
        of = chance.sample(computed, min(len(computed), 12))
        by = inputs_of_loops(looped, of)
        assert by == inputs_of(right, of)
        if len(of) < 9 or not by:
            continue
        by = chance.sample(by, min(len(by), 3))
        found = forward_by_loops(looped, values, of, by, None)
        if found is None:
            continue
        compared += 1
        assert looped.loops
        other = jacobian(right, values, of, by, "forward")
        assert numpy.allclose(found[0], other.values, rtol=1e-11, atol=1e-13)
        assert numpy.allclose(found[1], other.jacobian, rtol=1e-9, atol=1e-11), number
    assert compared > len(of_group(group, request, 20, 150)) / 4


def test_rows_of_many_members_need_no_single_steps() -> None:
    text = "n = 30000; a = 0.5; b = 2; m[i] = a*exp(-b*i/n) for i in 1..n"
    ran = backprop("jacobian", "-e", text, "--of", "m", "--format", "csv", "--verbose")
    assert "unrolled after all" not in ran.err
    assert "forward mode: 2 sweeps from 2 inputs on" in ran.err
    cells = ran.out.splitlines()[15000].split(",")
    slope = numpy.exp(-1)
    assert cells[0] == "m[15000]"
    assert [float(each) for each in cells[1:]] == pytest.approx([0.5 * slope, slope, -0.25 * slope])
