"""The second shelf of the gallery: values and gradients against NumPy's, what the comments say, sizes."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy
import pytest
from scipy.stats import multivariate_normal

import backprop as library
from backprop import gallery
from gradbench import PROBLEMS, Sizes
from running import backprop

LARGER = gallery.larger()
SIZES: list[tuple[str, dict[str, int]]] = [
    ("gaussian_mixture", {"n": 20, "d": 2, "k": 5}), ("gaussian_mixture", {"n": 13, "d": 5, "k": 3}),
    ("gaussian_mixture", {"n": 3, "d": 1, "k": 1}), ("k_means", {"n": 40, "k": 4, "d": 2}), ("k_means", {"n": 50, "k": 7, "d": 3}),
    ("log_sum_exp", {"n": 100}), ("log_sum_exp", {"n": 1}), ("polynomial", {"n": 20, "m": 5}), ("polynomial", {"n": 21, "m": 16}),
    ("powers", {"n": 20, "m": 5}), ("powers", {"n": 21, "m": 16}), ("lstm", {"layers": 2, "n": 8, "bits": 6}),
    ("lstm", {"layers": 3, "n": 20, "bits": 8}), ("lstm", {"layers": 1, "n": 2, "bits": 1}),
    ("particle", {"n": 400}), ("particle", {"n": 30}), ("saddle", {"n": 40}), ("saddle", {"n": 1}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sizes"), SIZES, ids=[f"{name}-{'-'.join(map(str, sizes.values()))}" for name, sizes in SIZES]
)  # fmt: skip
def test_the_gradient_is_that_by_hand(name: str, sizes: Sizes) -> None:
    problem = PROBLEMS[name]
    given = problem.inputs(sizes)
    value, slopes = problem.gradient(sizes, given)
    found = library.parse(problem.text(sizes)).grad()
    assert found.output == problem.output
    for member, number in problem.by_name(sizes, given).items():
        assert found.data[member] == pytest.approx(number, rel=1e-14), member
    assert found.value == pytest.approx(value, rel=1e-12)
    expected = problem.by_name(sizes, slopes)
    close = 1e-13 * max(map(abs, expected.values()))
    for member, slope in expected.items():
        assert found.gradients[member] == pytest.approx(slope, rel=1e-10, abs=close), member


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_gradient_by_hand_is_that_of_differences(name: str) -> None:
    """Central ones along a direction in which all inputs move."""
    problem, sizes = PROBLEMS[name], next(sizes for each, sizes in SIZES if each == name)
    given = problem.inputs(sizes)
    _, slopes = problem.gradient(sizes, given)

    def along(step: float) -> float:
        moved = dict(given)
        for family, slope in slopes.items():
            moved[family] = given[family] + step * slope
        return problem.gradient(sizes, moved)[0]

    squared = sum(float((slope**2).sum()) for slope in slopes.values())
    step = 1e-4 / math.sqrt(squared)
    differences = (8 * (along(step) - along(-step)) - along(2 * step) + along(-2 * step)) / (12 * step)  # fmt: skip
    assert differences == pytest.approx(squared, rel=1e-7)


def test_the_mixture_is_one_of_normal_densities() -> None:
    """By SciPy's, whose covariance is the inverse of the squared factor; weights are a softmax."""
    sizes = {"n": 13, "d": 3, "k": 4}
    given = PROBLEMS["gaussian_mixture"].inputs(sizes)
    densities = 0.0
    weights = numpy.exp(given["alpha"]) / numpy.exp(given["alpha"]).sum()
    for c, weight in enumerate(weights):
        factor = given["l"][c] + numpy.diag(numpy.exp(given["q"][c]))
        covariance = numpy.linalg.inv(factor.T @ factor)
        normal = multivariate_normal(given["mu"][c], covariance)
        densities = densities + weight * normal.pdf(given["x"])
    found = library.parse(PROBLEMS["gaussian_mixture"].text(sizes)).grad().data
    likelihood = found["L"] - found["prior"]
    assert likelihood == pytest.approx(float(numpy.log(densities).sum()), rel=1e-12)


def test_every_larger_example_is_a_problem_with_its_sizes() -> None:
    assert sorted(PROBLEMS) == [example.name for example in LARGER]
    for example in LARGER:
        sizes = next(sizes for each, sizes in SIZES if each == example.name)
        assert PROBLEMS[example.name].text(sizes) == example.text  # as they stand in the file
        assert example.text.startswith(f"# {example.title}\n")
        assert example.data.isascii()
        assert max(map(len, example.text.splitlines())) < 90
        moves = {each.name for each in PROBLEMS[example.name].families(sizes) if each.moves}
        constants = {name.partition("[")[0] for name in library.parse(example.text).constants}
        assert moves.isdisjoint(constants)


def test_sizes_are_set() -> None:
    sizes = {"n": 60, "d": 3, "k": 5}
    ran = backprop("grad", "-", "--set", "n=60, d=3", "--format", "json", stdin=gallery.example("gaussian_mixture").data)  # fmt: skip
    problem = PROBLEMS["gaussian_mixture"]
    value, _ = problem.gradient(sizes, problem.inputs(sizes))
    assert json.loads(ran.out)["value"] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("example", LARGER, ids=lambda each: each.name)
def test_what_the_comment_says_comes_out(
    example: gallery.Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every number with six digits in the comment is the value, or the first, of a command there."""
    import shlex

    monkeypatch.chdir(tmp_path)
    assert backprop("example", example.name, "--copy", ".").status == 0
    comment = example.text.partition("\n\n")[0]
    shown: set[str] = set()
    for command in re.findall(r"^# (?:Try|then): +backprop (.+)$", comment, re.M):
        ran = backprop(*shlex.split(command), "--format", "json")
        assert (ran.status, ran.complaints) == (0, "")
        found = json.loads(ran.out)
        shown |= {f"{found[each]:.6f}" for each in ("value", "start_value") if each in found}
    said = set(re.findall(r"-?\d+\.\d{6}", comment.partition("# What comes out")[2]))
    assert said
    assert said <= shown


def test_the_list_has_a_second_shelf() -> None:
    ran = backprop("example")
    assert (ran.status, ran.err) == (0, "")
    rows = [re.split(r"  +", line, maxsplit=1) for line in ran.out.splitlines()]
    at = rows.index(["larger", "title"])
    assert rows[at + 2 : at + 2 + len(LARGER)] == [[each.name, each.title] for each in LARGER]
    assert max(map(len, ran.out.splitlines())) <= 80
    assert backprop("example", "k_means").out == gallery.example("k_means").text
    assert "did you mean 'k_means'?" in backprop("example", "kmeans").err
