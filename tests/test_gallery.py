"""The packaged examples: they run, their derivatives are right, and the command gives them out."""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import mpmath
import numpy
import pytest

import backprop as package
from backprop import files, gallery
from backprop.errors import BadOption, CannotWrite
from running import POINT, Ran, backprop

mp = mpmath.mp.clone()
mp.dps = 30

EXAMPLES = gallery.examples()
BOTH_SHELVES = [*EXAMPLES, *gallery.larger()]  # of the second, test_gradbench.py
TABLES = Path(__file__).parent / "tables"
NAMES = [example.name for example in EXAMPLES]
EXERCISES = [example for example in EXAMPLES if example.name.startswith("exercise")]
MODELS = {
    "logistic_regression": "loss",
    "mazur_network": "E_total",
    "one_neuron": "loss",
    "pendulum_period": "period",
    "portfolio": "worth",
    "predator_prey": "misfit",
    "spring_chain": "energy",
    "two_moons": "loss",
}
"""The examples to be descended or with indices, and their outputs. Each has a test of its own below, which runs what its
comment says and compares with the answer found in another way; so they are not in FORMULAS."""

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
each_exercise = pytest.mark.parametrize("example", EXERCISES, ids=lambda each: each.name)


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + mp.exp(-z))


def _cross_entropy(w: Any, x: Any, b: Any, t: Any) -> Any:
    p = _sigmoid(w * x + b)
    return -t * mp.log(p) - (1 - t) * mp.log(1 - p)


def _softmax(s1: Any, s2: Any) -> Any:
    return (5 * mp.exp(s1) - 10 * mp.exp(s2)) / (mp.exp(s1) + mp.exp(s2))


def _two_layers(w1: Any, b1: Any, w2: Any, b2: Any, v1: Any, v2: Any, x: Any, target: Any) -> Any:
    return (v1 * mp.tanh(w1 * x + b1) + v2 * mp.tanh(w2 * x + b2) - target) ** 2


def _staged(x: Any, y: Any) -> Any:
    return (x + _sigmoid(y)) / (_sigmoid(x) + (x + y) ** 2)


def _line(slope: Any, offset: Any, x1: Any, y1: Any, x2: Any, y2: Any, x3: Any, y3: Any) -> Any:
    points = [(x1, y1), (x2, y2), (x3, y3)]
    return sum((slope * x + offset - y) ** 2 for x, y in points)


FORMULAS: dict[str, tuple[Callable[..., Any], str, dict[str, Any]]] = {
    "classic": (
        lambda a, b, c, f: (a * b + c) * f,
        "a b c f",
        {"a": 6, "b": -4, "c": -2, "f": 4, "d": -2, "e": -2},
    ),
    "cs231n_1_circuit": (
        lambda x, y, z: (x + y) * z,
        "x y z",
        {"q": -4, "x": -4, "y": -4, "z": 3},
    ),
    "cs231n_2_neuron": (
        lambda w0, x0, w1, x1, w2: _sigmoid(w0 * x0 + w1 * x1 + w2),
        "w0 x0 w1 x1 w2",
        {},
    ),
    "cs231n_3_staged": (_staged, "x y", {}),
    "cs231n_4_gates": (
        lambda x, y, z, w: 2 * (x * y + max(z, w)),
        "x y z w",
        {"product": 2, "larger": 2, "total": 2, "x": -8, "y": 6, "z": 2, "w": 0},
    ),
    "exercise_01_product": (
        lambda a, b, c: a * b * c,
        "a b c",
        {"p": 2, "c": -15, "a": -10, "b": 6},
    ),
    "exercise_02_quotient": (
        lambda a, b, c, d: a * b / (c - d),
        "a b c d",
        {"u": 0.25, "v": -3, "a": 2, "b": 1.5, "c": -3, "d": 3},
    ),
    "exercise_03_nested_chain": (
        lambda x: mp.sqrt((10 - 3 * x) ** 2 + 9) ** 3,
        "x",
        {"s": 75, "w": 7.5, "u": 60, "x": -180},
    ),
    "exercise_04_shared_variable": (
        lambda x, y: x * y * (7 * x - 4 * y),
        "x y",
        {"u": -6, "v": 10, "x": 40, "y": -52},
    ),
    "exercise_05_relu": (
        lambda x, y: 8 * max(5 * x + 4 * y, 0) - 9 * max(x * y, 0),
        "x y",
        {"h1": 8, "h2": -9, "z1": 8, "z2": 0, "x": 40, "y": 32},
    ),
    "exercise_06_softmax_of_two": (
        _softmax,
        "s1 s2",
        {"p1": 5, "p2": -10, "total": 0.7, "e1": 1.2, "e2": -0.3, "s1": 2.4, "s2": -2.4},
    ),
    "exercise_07_logistic_loss": (
        _cross_entropy,
        "w x b t",
        {"p": 3.125, "z": 0.5, "w": 1.5, "x": -2, "b": 0.5},
    ),
    "exercise_08_one_neuron": (
        lambda w1, x1, w2, x2, b, target: (mp.tanh(w1 * x1 + w2 * x2 + b) - target) ** 2,
        "w1 x1 w2 x2 b target",
        {"error": 2.5, "h": 2.5, "z": 1.6, "w1": 8, "x1": 4.8, "w2": -3.2, "x2": 11.2, "b": 1.6},
    ),
    "exercise_09_two_layers": (
        _two_layers,
        "w1 b1 w2 b2 v1 v2 x target",
        {
            "y": -0.5,
            "v1": -0.3,
            "v2": 0.4,
            "h1": -2.5,
            "h2": 5,
            "z1": -1.6,
            "z2": 1.8,
            "w1": -4.8,
            "b1": -1.6,
            "w2": 5.4,
            "b2": 1.8,
            "x": -10.4,
        },
    ),
    "exercise_10_least_squares": (
        _line,
        "slope offset x1 y1 x2 y2 x3 y3",
        {"r1": 6, "r2": -8, "r3": 14, "slope": 58, "offset": 12},
    ),
}
"""For each: the output written anew, its inputs in order, and the answers found by hand."""

CHOSEN: dict[str, dict[str, Any]] = {
    "exercise_06_softmax_of_two": {"s1": mp.log(2), "s2": mp.log(8)},
    "exercise_07_logistic_loss": {"b": 12 + mp.log(4), "t": mp.mpf("0.3")},
    "exercise_08_one_neuron": {"b": mp.log(2) - 1, "target": mp.mpf("-0.65")},
    "exercise_09_two_layers": {"b1": mp.log(2) - 6, "b2": 12 - mp.log(3)},
}
"""Inputs that are no doubles; the others are taken from the file."""


def commands(name: str) -> list[list[str]]:
    """What the first comment says to try, without `backprop`: the words of each command."""
    comment = gallery.example(name).text.partition("\n\n")[0]
    joined = re.sub(r"\\\n# +", "", comment)
    found = re.findall(r"^# (?:Try|then|and): +backprop (.+)$", joined, re.M)
    return [shlex.split(each) for each in found]


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Runs what the comment of an example says to try, in a new folder with a copy of it: gives what
    each command says as JSON. `more` are options for the first of them."""

    def run(name: str, *more: str) -> list[Any]:
        monkeypatch.chdir(tmp_path)
        assert backprop("example", name, "--copy", ".").status == 0
        found = []
        for at, command in enumerate(commands(name)):
            ran: Ran = backprop(*command, *([] if at else more), "--format", "json")
            assert (ran.status, ran.complaints) == (0, "")
            found.append(json.loads(ran.out))
        return found

    return run


def question(example: gallery.Example) -> tuple[str, list[str]]:
    """The output and the names that an exercise asks for."""
    found = re.search(r"^# Find the derivative of (\w+) by (.*)\.$", example.text, re.M)
    assert found
    return found[1], re.split(r", | and ", found[2])


@each_example
def test_it_runs_without_a_word_of_warning(example: gallery.Example, tmp_path: Path) -> None:
    path = tmp_path / example.file_name
    path.write_bytes(example.data)
    ran = backprop("grad", str(path))
    assert (ran.status, ran.err) == (0, "")
    assert backprop("grad", "-", stdin=example.data).out == ran.out
    if example.name in MODELS:
        assert ran.out.startswith(f"{MODELS[example.name]} = ")


@pytest.mark.parametrize("name", FORMULAS)
def test_the_gradients_are_those_of_the_formula_written_anew(name: str) -> None:
    formula, inputs, answers = FORMULAS[name]
    model = package.parse(gallery.example(name).text)
    gradient = model.grad({})
    point = [mp.mpf(gradient.data[each]) for each in inputs.split()]
    for at, each in enumerate(inputs.split()):
        chosen = CHOSEN.get(name, {}).get(each, point[at])
        assert point[at] == pytest.approx(chosen, rel=1e-15)
        point[at] = chosen
    assert float(formula(*point)) == pytest.approx(gradient.value, rel=1e-13)
    for at, each in enumerate(inputs.split()):
        orders = tuple(int(at == other) for other in range(len(point)))
        slope = mp.diff(formula, tuple(point), orders)
        assert gradient.gradients[each] == pytest.approx(float(slope), rel=1e-13, abs=1e-13), each
        if each in answers:
            assert float(slope) == pytest.approx(answers[each], rel=1e-15), each
    for each, answer in answers.items():
        assert gradient.gradients[each] == pytest.approx(answer, rel=1e-13), each


def test_every_example_is_checked_in_one_way_or_the_other() -> None:
    assert sorted([*FORMULAS, *MODELS]) == NAMES


def test_every_exercise_has_its_answers() -> None:
    kinds = "product quotient nested_chain shared_variable relu softmax_of_two logistic_loss"
    names = [*kinds.split(), "one_neuron", "two_layers", "least_squares"]
    expected = [f"exercise_{number:02}_{name}" for number, name in enumerate(names, 1)]
    assert [example.name for example in EXERCISES] == expected
    for example in EXERCISES:
        assert set(question(example)[1]) == set(FORMULAS[example.name][2])


@each_exercise
def test_an_exercise_asks_for_names_that_it_has(example: gallery.Example) -> None:
    output, names = question(example)
    gradient = package.parse(example.text).grad({})
    assert output == gradient.output
    assert set(names) <= set(gradient.gradients)
    for command in ("backprop explain {} --hide-answers", "backprop check {} --claims "):
        assert command.format(example.file_name) in example.text


@each_example
def test_it_can_be_read_everywhere(example: gallery.Example) -> None:
    assert example.data.isascii()
    assert b"\r" not in example.data
    assert example.text.startswith(f"# {example.title}\n")
    assert example.text.endswith("\n")
    assert max(map(len, example.text.splitlines())) < (90 if example.name in MODELS else 80)
    if example.name in MODELS:
        assert commands(example.name)[0][1] == example.file_name
        assert "\n# What comes out" in example.text
    else:
        assert f"backprop grad {example.file_name}" in example.text or example in EXERCISES


def says(name: str, *numbers: str) -> bool:
    """Are these in what the comment says comes out?"""
    comment = gallery.example(name).text.partition("# What comes out")[2].partition("\n\n")[0]
    return set(numbers) <= set(re.findall(r"-?\d+(?:\.\d+)?", comment))


def test_one_neuron(tried: Callable[..., list[Any]]) -> None:
    """Against the loss with both weights at their bound, and its lowest point by mpmath."""
    first, after, trained = tried("one_neuron")
    assert first["value"] == pytest.approx(math.log(2), rel=1e-15)
    assert first["gradients"] == {"w[1]": -0.25, "w[2]": -0.25, "b": -0.25}
    rows = [(0, 0), (10, 1), (10, 1), (20, 1)]  # 10*x1 + 10*x2, and the answer
    b = mp.findroot(lambda b: mp.fsum(_sigmoid(z + b) - t for z, t in rows), -5)
    loss = float(mp.fsum(_cross_entropy(1, z, b, t) for z, t in rows) / 4)
    for z, t in rows[1:]:
        assert _sigmoid(z + b) < t  # the loss would fall further, were there no bounds
    assert after["converged"]
    assert after["parameters"] == pytest.approx({"w[1]": 10, "w[2]": 10, "b": float(b)}, abs=1e-5)
    assert after["value"] == pytest.approx(loss, rel=1e-9)
    assert trained["value"] == 4
    assert says("one_neuron", f"{loss:.6f}", "10", f"{float(b):.4f}", "4")


PUBLISHED = {
    "net_h1": "0.3775",
    "out_h1": "0.593269992",
    "out_h2": "0.596884378",
    "net_o1": "1.105905967",
    "out_o1": "0.75136507",
    "out_o2": "0.772928465",
    "E_o1": "0.274811083",
    "E_o2": "0.023560026",
    "E_total": "0.298371109",
}
"""What Mazur's page has of the forward pass."""

STEPPED = {
    "w1": "0.149780716",
    "w2": "0.19956143",
    "w3": "0.24975114",
    "w4": "0.29950229",
    "w5": "0.35891648",
    "w6": "0.408666186",
    "w7": "0.511301270",
    "w8": "0.561370121",
}
"""And of the weights after one step."""


def _published(number: float, text: str) -> bool:
    """Is this the number, but for one unit in its last digit? The page computes on with rounded ones."""
    return abs(number - float(text)) < 1.01 * 10.0 ** -len(text.partition(".")[2])


def test_mazurs_network(tried: Callable[..., list[Any]]) -> None:
    """Against the digits on the page, and the errors after its steps by NumPy.

    https://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example/
    """
    first, stepped, trained = tried("mazur_network")
    for name, text in PUBLISHED.items():
        assert _published(first["data"][name], text), name
    slopes = {"out_o1": "0.74136507", "w5": "0.082167041", "w1": "0.000438568"}
    slopes |= {"net_o1": "0.138498562", "out_h1": "0.036350306"}
    for name, text in slopes.items():
        assert _published(first["gradients"][name], text), name
    assert list(stepped["parameters"]) == [f"w{number}" for number in range(1, 9)]
    for name, text in STEPPED.items():
        assert _published(stepped["parameters"][name], text), name
    ran = backprop(*commands("mazur_network")[1])
    assert "\n  w5 ← 0.4 − 0.5·0.08216704056 = 0.3589164797\n" in ran.out
    errors = {(n, early): _mazurs_error(n, early) for n in (1, 10000) for early in (False, True)}
    assert _published(errors[1, True], "0.291027924")
    assert stepped["value"] == pytest.approx(errors[1, False], rel=1e-13)
    assert trained["value"] == pytest.approx(errors[10000, False], rel=1e-9)
    one, many = f"{errors[1, False]:.9f}", f"{errors[10000, False]:.10f}"
    texts = [PUBLISHED["E_total"], slopes["w5"], slopes["w1"], *STEPPED.values()]
    assert says("mazur_network", *texts, one, "0.291027924", many)


def _mazurs_error(steps: int, early: bool) -> float:
    """What is left of the error after these steps; early: if the hidden layer's slopes are computed
    with the new weights of the output layer."""
    x, target = numpy.array([0.05, 0.1]), numpy.array([0.01, 0.99])
    hidden = numpy.array([[0.15, 0.2], [0.25, 0.3]])
    output = numpy.array([[0.4, 0.45], [0.5, 0.55]])
    for step in range(steps + 1):
        h = 1 / (1 + numpy.exp(-hidden @ x - 0.35))
        o = 1 / (1 + numpy.exp(-output @ h - 0.6))
        if step == steps:
            break
        by_net = (o - target) * o * (1 - o)
        new = output - 0.5 * numpy.outer(by_net, h)
        by_h = (new if early else output).T @ by_net
        hidden = hidden - 0.5 * numpy.outer(by_h * h * (1 - h), x)
        output = new
    return float(((o - target) ** 2).sum() / 2)


def test_the_circuits_of_cs231n_have_their_published_numbers() -> None:
    """Those in the drawings of https://cs231n.github.io/optimization-2/."""
    circuits = {
        "cs231n_1_circuit": ("q 3 f -12", "q -4 x -4 y -4 z 3"),
        "cs231n_2_neuron": (
            "dot 1.00 minus -1.00 e 0.37 plus_one 1.37 f 0.73",
            "dot 0.20 minus -0.20 e -0.53 w0 -0.20 x0 0.39 w1 -0.39 x1 -0.59 w2 0.20",
        ),
        "cs231n_4_gates": (
            "product -12.00 larger 2.00 total -10.00 f -20.00",
            "x -8.00 y 6.00 z 2.00 w 0.00 product 2.00 larger 2.00 total 2.00 f 1.00",
        ),
    }
    for name, texts in circuits.items():
        gradient = package.parse(gallery.example(name).text).grad({})
        for numbers, text in zip((gradient.data, gradient.gradients), texts, strict=True):
            names, published = text.split()[::2], text.split()[1::2]
            for each, digits in zip(names, published, strict=True):
                assert numbers[each] == pytest.approx(float(digits), abs=0.005), (name, each)
    comment = " ".join(gallery.example("cs231n_3_staged").text.split("\n# "))
    point = (mp.mpf(3), mp.mpf(-4))
    slopes = [mp.diff(_staged, point, orders) for orders in ((1, 0), (0, 1))]
    value, by_x, by_y = (f"{float(each):.6f}" for each in (_staged(*point), *slopes))
    assert f"f = {value}, by x {by_x}, by y {by_y}." in comment


DATA = {
    "classic": "",
    "cs231n_1_circuit": "",
    "cs231n_2_neuron": "x0 x1",
    "cs231n_3_staged": "",
    "cs231n_4_gates": "",
    "exercise_07_logistic_loss": "x t",
    "exercise_08_one_neuron": "x1 x2 target",
    "exercise_09_two_layers": "x target",
    "exercise_10_least_squares": "x1 y1 x2 y2 x3 y3",
    "logistic_regression": "hours passed",
    "mazur_network": "i1 i2 b1 b2 target_o1 target_o2",
    "one_neuron": "x t",
    "pendulum_period": "a gravity",
    "portfolio": "fear mu sd r",
    "predator_prey": "hare lynx dt saw",
    "spring_chain": "n k m g x y",
    "two_moons": "n x t",
}
"""What is data: the names, or families with members, that are const."""

DESCENDED = [name for name in DATA if re.search(r"^m\w+ize ", gallery.example(name).text, re.M)]
"""Those with a `minimize` or `maximize`."""


def test_examples_say_what_is_data() -> None:
    for example in EXAMPLES:
        constants = package.parse(example.text).constants
        families = {name.partition("[")[0] for name in constants}
        assert families == set(DATA.get(example.name, "").split()), example.name


def test_a_pendulum_swings_fastest_where_it_is_shortest_and_hardly_swings() -> None:
    """At the lower bound of its length, and at an angle of 0: 2*pi*sqrt(0.1/9.81)."""
    ran = backprop(
        "descend", "-", "--format", "json", stdin=gallery.example("pendulum_period").data
    )
    found = json.loads(ran.out)
    assert found["parameters"] == pytest.approx({"length": 0.1, "angle": 0}, abs=1e-8)
    assert found["value"] == pytest.approx(2 * math.pi * math.sqrt(0.1 / 9.81), rel=1e-12)


@pytest.mark.parametrize("name", DESCENDED)
def test_a_descent_needs_no_other_word(name: str) -> None:
    """To a minimum or maximum, without a warning that something looks like data."""
    ran = backprop("descend", "-", "--format", "json", stdin=gallery.example(name).data)
    assert (ran.status, ran.err) == (0, "")
    found = json.loads(ran.out)
    assert found["converged"] or name == "two_moons", found["reason"]
    assert found["gradient_norm"] <= 1e-8
    rises = found["value"] > found["start_value"]
    assert rises == (name == "portfolio")


def test_logistic_regression(tried: Callable[..., list[Any]]) -> None:
    """Against the zero of the gradient, found by mpmath."""
    (found,) = tried("logistic_regression")
    hours = "0.5 0.75 1 1.25 1.5 1.75 1.75 2 2.25 2.5 2.75 3 3.25 3.5 4 4.25 4.5 4.75 5 5.5".split()
    rows = list(zip(map(mp.mpf, hours), map(int, "00000010101010111111"), strict=True))

    def slopes(w: Any, b: Any) -> list[Any]:
        errors = [_sigmoid(w * x + b) - y for x, y in rows]
        return [mp.fsum(e * x for e, (x, _) in zip(errors, rows, strict=True)), mp.fsum(errors)]

    w, b = map(float, mp.findroot(slopes, (1, -3)))
    loss = float(mp.fsum(_cross_entropy(w, x, b, y) for x, y in rows) / 20)
    assert found["converged"]
    assert found["parameters"] == pytest.approx({"w": w, "b": b}, abs=1e-6)
    assert found["value"] == pytest.approx(loss, rel=1e-12)
    assert says("logistic_regression", f"{loss:.6f}", f"{w:.6f}", f"{b:.6f}", f"{math.exp(w):.1f}")


def test_predator_and_prey(tried: Callable[..., list[Any]]) -> None:
    """The rates that made the counts, and at the start the gradient by dual numbers, forwards."""
    (found,) = tried("predator_prey")
    true = {"a": 1.1, "b": 0.4, "c": 0.1, "d": 0.4}
    assert found["parameters"] == pytest.approx(true, abs=5e-7)
    assert found["value"] < 1e-10

    def counts(a: float, b: float, c: float, d: float) -> list[tuple[float, ...]]:
        """Of every 100th step: hare, lynx, and the derivatives of both by the four rates."""
        hare, lynx, kept = 10.0, 5.0, []
        by_hare, by_lynx = numpy.zeros(4), numpy.zeros(4)
        for step in range(1, 1001):
            more = numpy.array([hare, -hare * lynx, 0, 0])
            less = numpy.array([0, 0, hare * lynx, -lynx])
            by_hare, by_lynx = (
                by_hare + 0.02 * (more + (a - b * lynx) * by_hare - b * hare * by_lynx),
                by_lynx + 0.02 * (less + (c * hare - d) * by_lynx + c * lynx * by_hare),
            )
            hare, lynx = hare + 0.02 * (a - b * lynx) * hare, lynx + 0.02 * (c * hare - d) * lynx
            if step % 100 == 0:
                kept.append((hare, lynx, *by_hare, *by_lynx))
        return kept

    text = gallery.example("predator_prey").text
    seen = [tuple(map(float, row)) for row in re.findall(r"= (\S+); saw\[\d+,2\] = (\S+)", text)]
    made = counts(**true)
    assert seen == [tuple(float(f"{each:.6f}") for each in row[:2]) for row in made]
    at = numpy.array(counts(**found["start"]))
    off = at[:, :2] - numpy.array(seen)
    misfit = (off**2).sum() / 10
    slopes = 2 * (off[:, :1] * at[:, 2:6] + off[:, 1:] * at[:, 6:]).sum(axis=0) / 10
    assert found["start_value"] == pytest.approx(misfit, rel=1e-9)
    assert [found["start_gradients"][name] for name in "abcd"] == pytest.approx(slopes, rel=1e-9)
    assert says("predator_prey", f"{misfit:.4f}", *map(str, true.values()))


def test_portfolio(tried: Callable[..., list[Any]]) -> None:
    """Against the linear system of Lagrange's multiplier."""
    found, best = tried("portfolio")
    mu = numpy.array([0.03, 0.04, 0.065, 0.09])
    sd = numpy.array([0.02, 0.06, 0.15, 0.22])
    r = numpy.array([[1, 0, 0, 0], [0, 1, 0.2, 0.1], [0, 0.2, 1, 0.5], [0, 0.1, 0.5, 1]])
    risk = r * numpy.outer(sd, sd)
    one = numpy.ones((4, 1))
    system = numpy.block([[5 * risk, one], [one.T, numpy.zeros((1, 1))]])
    *shares, multiplier = numpy.linalg.solve(system, [*mu, 1])
    gain, variance = mu @ shares, shares @ risk @ shares
    assert [best["data"][f"share[{i}]"] for i in range(1, 5)] == pytest.approx(shares, abs=5e-6)
    slopes = [best["gradients"][f"share[{i}]"] for i in range(1, 5)]
    assert slopes == pytest.approx([multiplier] * 4, abs=1e-6)
    assert found["value"] == pytest.approx(gain - 5 / 2 * variance, rel=1e-10)
    assert best["data"]["gain"] == pytest.approx(gain, abs=1e-7)
    assert best["data"]["variance"] == pytest.approx(variance, abs=1e-7)
    texts = [f"{each:.4f}" for each in (*shares, gain, variance, multiplier)]
    worths = [f"{found['start_value']:.6f}", f"{found['value']:.6f}"]
    assert says("portfolio", *texts, *worths)


def test_spring_chain(tried: Callable[..., list[Any]]) -> None:
    """Against the parabola, by its closed form."""
    (found,) = tried("spring_chain")
    drop = 0.1 * 9.81 / (2 * 5)
    assert len(found["parameters"]) == 18
    for i in range(1, 10):
        assert found["parameters"][f"x[{i}]"] == pytest.approx(i, abs=1e-6)
        assert found["parameters"][f"y[{i}]"] == pytest.approx(-drop * i * (10 - i), abs=1e-6)
    falls = [-drop * i * (10 - i) for i in range(11)]
    steps = [high - low for low, high in pairwise(falls)]
    energy = 5 / 2 * sum(1 + step**2 for step in steps) + 0.1 * 9.81 * sum(falls)
    assert found["value"] == pytest.approx(energy, rel=1e-12)
    assert says("spring_chain", f"{energy:.6f}", f"{falls[5]:.4f}")


def test_pendulum_period(tried: Callable[..., list[Any]]) -> None:
    """Against the complete elliptic integral."""
    (found,) = tried("pendulum_period")

    def period(length: Any, gravity: Any, angle: Any) -> Any:
        return 4 * mp.sqrt(length / gravity) * mp.ellipk(mp.sin(angle / 2) ** 2)

    point = (mp.mpf(1), mp.mpf(9.81), mp.pi / 3)
    expected = [mp.diff(period, point, n) for n in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))]
    slopes = [found["gradients"][name] for name in ("length", "gravity", "angle")]
    assert [found["value"], *slopes] == pytest.approx(list(map(float, expected)), rel=1e-14)
    assert says("pendulum_period", *(f"{float(each):.6f}" for each in expected))


MOONS: dict[str, Any] = json.loads((TABLES / "torch_moons.json").read_text("utf-8"))


def test_the_gradients_on_two_moons_are_those_of_torch() -> None:
    found = package.parse(gallery.example("two_moons").text).grad({}, "loss")
    names = list(MOONS["gradients"])
    assert len(names) == 337
    assert {name: found.data[name] for name in names} == MOONS["parameters"]
    assert found.value == pytest.approx(MOONS["loss"], rel=1e-12, abs=1e-15)
    for name in names:
        expected = pytest.approx(MOONS["gradients"][name], rel=1e-12, abs=1e-15)
        assert found.gradients[name] == expected, name


def test_two_moons_are_told_apart(tried: Callable[..., list[Any]], tmp_path: Path) -> None:
    """A point on the wrong side costs log(2) or more: a mean loss of 0.001 leaves no room for one."""
    found, trained = tried("two_moons")
    assert found["start"] == MOONS["parameters"]
    assert found["stopped"] == "flat"  # it hardly falls any more
    assert found["value"] < 0.000001
    assert trained["value"] == 1
    assert (tmp_path / "loss.svg").read_bytes().startswith(b"<?xml")
    assert found["steps"] < 400
    assert says("two_moons", f"{found['start_value']:.6f}", "0.000001", "0.001", "100")
    few = backprop(*"descend two_moons.eq --optimizer lbfgs --target 0.001 --format json".split())
    assert json.loads(few.out)["steps"] < 40
    again = backprop("grad", "trained.eq", "--of", "loss", "--format", "json")
    data = json.loads(again.out)["data"]
    assert data["loss"] == found["value"]
    assert all(data[f"o[{p}]"] * (1 if p <= 50 else -1) > 0 for p in range(1, 101))


def test_names_with_and_without_their_ending() -> None:
    assert gallery.example("classic") == gallery.example("classic.eq")
    assert gallery.example("classic").title.startswith("The classic")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("clasic", "classic"),
        ("Classic", "classic"),
        ("exercise_1_product.eq", "exercise_01_product"),
        ("quotient", "exercise_02_quotient"),
        ("07", "exercise_07_logistic_loss"),
    ],
)
def test_an_unknown_name(name: str, meant: str) -> None:
    with pytest.raises(BadOption) as caught:
        gallery.example(name)
    assert caught.value.hints[0] == f"did you mean {meant!r}?"
    ran = backprop("example", name)
    assert (ran.status, ran.out) == (2, "")
    assert f"there is no example {name!r}" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("name", ["", "zzz", ".eq", "../gallery.py", "/etc/passwd"])
def test_a_name_that_is_near_to_none(name: str) -> None:
    ran = backprop("example", name)
    assert (ran.status, ran.out) == (2, "")
    assert "list them: backprop example" in ran.err
    assert "did you mean" not in ran.err


def test_the_list_has_every_example_in_80_columns() -> None:
    ran = backprop("example")
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= 80
    rows = [re.split(r"  +", line, maxsplit=1) for line in lines[2 : 2 + len(EXAMPLES)]]
    assert rows == [[example.name, example.title] for example in EXAMPLES]
    column = lines[0].index("title")
    assert all(line[column - 2 : column].isspace() for line in lines[2 : 2 + len(EXAMPLES)])


def test_one_example_goes_down_a_pipe() -> None:
    printed = backprop("example", "classic")
    assert (printed.status, printed.err) == (0, "")
    assert printed.out == gallery.example("classic").text
    ran = backprop("grad", "-", "--format", "json", stdin=printed.out.encode())
    same = backprop("grad", "-e", "e = a*b; d = e+c; L = d*f", "--set", POINT, "--format", "json")
    assert json.loads(ran.out)["gradients"] == json.loads(same.out)["gradients"]


def test_a_copy_makes_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "practice"
    ran = backprop("example", "classic.eq", "--copy", str(folder))
    assert (ran.status, ran.out, ran.err) == (0, "", f"wrote {folder / 'classic.eq'}\n")
    assert (folder / "classic.eq").read_bytes() == gallery.example("classic").data
    assert os.listdir(folder) == ["classic.eq"]


def test_copies_of_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = backprop("example", "--copy", ".")
    assert (ran.status, ran.out, ran.complaints) == (0, "", "")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        example.file_name: example.data for example in BOTH_SHELVES
    }
    assert ran.wrote == [os.path.join(".", example.file_name) for example in BOTH_SHELVES]


def test_what_is_there_stays_unless_forced(tmp_path: Path) -> None:
    own = tmp_path / "classic.eq"
    own.write_text("L = my*work")
    for arguments in (["classic"], []):
        ran = backprop("example", *arguments, "--copy", str(tmp_path))
        assert (ran.status, ran.out) == (1, "")
        assert f"{own} exists already" in ran.err
        assert "--force" in ran.err
        assert own.read_text() == "L = my*work"
        assert os.listdir(tmp_path) == ["classic.eq"]
    ran = backprop("example", "--copy", str(tmp_path), "--force")
    assert (ran.status, ran.complaints) == (0, "")
    assert own.read_bytes() == gallery.example("classic").data
    assert len(os.listdir(tmp_path)) == len(BOTH_SHELVES)


def test_a_link_that_leads_nowhere_is_there_too(tmp_path: Path) -> None:
    (tmp_path / "classic.eq").symlink_to(tmp_path / "elsewhere")
    assert backprop("example", "classic", "--copy", str(tmp_path)).status == 1
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("L = a*b")
    for folder in (file, file / "below", tmp_path / ("x" * 300)):
        ran = backprop("example", "--copy", str(folder))
        assert (ran.status, ran.out) == (1, "")
        assert "cannot be made" in ran.err
        assert "Traceback" not in ran.err
    assert os.listdir(tmp_path) == ["file"]
    assert file.read_text() == "L = a*b"


def test_a_folder_without_permission() -> None:
    """As somebody who may not write there: root, who may do all, becomes nobody for the while."""
    backprop("example", "classic")  # what is imported late is imported now
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            runs = [
                backprop("example", "classic", "--copy", str(at)) for at in (folder, folder / "new")
            ]
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o700)
        for ran in runs:
            assert (ran.status, ran.out) == (1, "")
            assert "permission denied" in ran.err
        assert os.listdir(folder) == []


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "classic.eq").mkdir()
    ran = backprop("example", "--copy", str(tmp_path), "--force")
    assert (ran.status, ran.out) == (1, "")
    assert "is a directory" in ran.err
    assert os.listdir(tmp_path) == ["classic.eq"]


def test_a_file_that_cannot_be_written_does_not_keep_the_others_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: str, data: bytes) -> bool:
        if "05" in os.path.basename(path):
            raise CannotWrite(f"{path} cannot be written: no space left on device")
        return files.write_whole(path, data)

    monkeypatch.setattr("backprop.cli.printing.write_whole", write)
    ran = backprop("example", "--copy", str(tmp_path / "a"))
    assert (ran.status, ran.out) == (1, "")
    assert "no space left" in ran.err
    others = [example for example in BOTH_SHELVES if "05" not in example.name]
    assert {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()} == {
        example.file_name: example.data for example in others
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--force"], "--force is for copies"), (["classic", "--copy", ""], "has no name")],
)
def test_options_that_make_no_sense(arguments: list[str], said: str) -> None:
    ran = backprop("example", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
