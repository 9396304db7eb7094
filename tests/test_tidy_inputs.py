"""Random inputs that give tidy numbers: judged by SymPy's derivatives in mpmath's numbers of 50 digits."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from random import Random
from typing import Any

import mpmath
import pytest

import backprop
from backprop import gallery
from backprop.errors import BadOption
from backprop.language import Model
from backprop.quizzes.tidy_inputs import is_tidy, tidy_inputs, tidy_variants, untidy
from backprop.quizzes.tidy_numbers import answer_text, count_digits, fault
from sizes import size

EXERCISES = [each.name for each in gallery.examples() if each.name.startswith("exercise")]
MANY = {"exercise_02_quotient", "exercise_05_relu", "exercise_08_one_neuron"}
FEW = {"exercise_07_logistic_loss", "exercise_08_one_neuron"}
"""Where what is const has to vary for sheets with other answers on each."""
DIGITS = mpmath.MPContext()
DIGITS.dps = 50


@cache
def model_of(name: str) -> Model:
    return backprop.parse(gallery.example(name).text)


@cache
def referee(name: str) -> tuple[list[str], list[str], Any]:
    """The inputs of an exercise, what is asked for, and a function of the numbers of the inputs that
    gives the numbers of that: the values, the local derivatives and the gradient, by SymPy."""
    sympy = pytest.importorskip("sympy", reason='pip install -e ".[referee]"')
    lines = [line.partition("#")[0] for line in gallery.example(name).text.splitlines()]
    statements = [each.strip().removeprefix("const ") for line in lines for each in line.split(";")]
    pairs = [tuple(map(str.strip, each.split("=", 1))) for each in statements if "=" in each]
    texts = {
        left: sympy.sympify(right.replace("^", "**"), _names(sympy, pairs)) for left, right in pairs
    }
    inputs = [left for left in texts if not texts[left].free_symbols]
    steps = [left for left in texts if left not in inputs]
    output = steps[-1]
    relu = {sympy.Function("relu"): lambda x: sympy.Piecewise((x, x > 0), (0, True))}
    known: dict[Any, Any] = {}
    asked: dict[str, Any] = {}
    for step in steps:  # of which each stands below those that it uses
        for old, new in relu.items():
            texts[step] = texts[step].replace(old, new)
        known[sympy.Symbol(step)] = texts[step].subs(known)
        asked[step] = known[sympy.Symbol(step)]
    for step in steps:
        for used in texts[step].free_symbols:
            asked[f"∂{step}/∂{used}"] = sympy.diff(texts[step], used).subs(known)
    for by in texts:
        if by == output:
            continue
        whole = sympy.Symbol(output)
        for step in reversed(steps[steps.index(by) + 1 if by in steps else 0 :]):
            whole = whole.subs(sympy.Symbol(step), texts[step])
        asked[f"∂{output}/∂{by}"] = sympy.diff(whole, sympy.Symbol(by)).subs(known)
    symbols = list(map(sympy.Symbol, inputs))
    return inputs, list(asked), sympy.lambdify(symbols, list(asked.values()), DIGITS)


def _names(sympy: Any, pairs: list[tuple[str, ...]]) -> dict[str, Any]:
    """What SymPy takes for its own: the logistic function, and names such as `beta`."""
    own = {left: sympy.Symbol(left) for left, _ in pairs}
    sigmoid = sympy.Lambda(sympy.Symbol("x"), 1 / (1 + sympy.exp(-sympy.Symbol("x"))))
    return own | {"sigmoid": sigmoid}


def judged(name: str, inputs: Any) -> Iterator[tuple[str, Any]]:
    """What is asked for, and its number with 50 digits; of what is const no derivative is asked for."""
    names, asked, numbers = referee(name)
    model = model_of(name)
    known = {"log": DIGITS.log}
    texts = {each: getattr(inputs.get(each), "text", model.text_of(each)) for each in names}
    at = [eval(_in_digits(text), known | {"mpf": DIGITS.mpf}) for text in texts.values()]
    for what, number in zip(asked, numbers(*at), strict=True):
        if what.rpartition("∂")[2] not in model.still:
            yield what, number


def _in_digits(text: str) -> str:
    return re.sub(r"\d+(\.\d+)?", lambda found: f"mpf('{found[0]}')", text)


@cache
def functions_in(name: str) -> bool:
    return any(word in gallery.example(name).text for word in ("exp(", "log(", "sqrt(", "tanh("))


@pytest.mark.parametrize("name", EXERCISES)
def test_thirty_variants_of_an_exercise(name: str) -> None:
    model, count = model_of(name), 30 if name in MANY else size(5, 30)
    points = tidy_variants(model, None, count, Random(1))
    assert len({tuple(point.inputs.values()) for point in points}) == count
    varied = {name for name in points[0].inputs if name in model.constants}
    assert bool(varied) == (name in FEW)
    answers = []
    for point in points:
        assert not {0, 1, -1}.intersection(point.inputs.values())
        assert point.inputs.keys() - varied == set(model.inputs) - set(model.constants)
        answers.append(tuple(round(number, 9) for _, number in judged(name, point.inputs)))
        long = []
        for what, number in judged(name, point.inputs):
            mantissa = DIGITS.nstr(number, 6, strip_zeros=True)
            if number == 0 or abs(DIGITS.mpf(mantissa) - number) < abs(number) * 1e-40:
                assert number or "relu" in name
            else:
                long.append(what)
                four = DIGITS.nstr(number, 4, strip_zeros=True).replace(".", "").strip("0-")
                assert len(four) > 1, (what, number)
            assert number == 0 or 0.001 <= abs(number) < 10_000, (what, number)
        # where no function is, all is exact; otherwise most is, but where there is one input only
        assert functions_in(name) or not long
        assert len(long) <= 2 or "nested" in name
    assert len({*answers}) == count  # who copies from a neighbour is wrong somewhere


def test_both_sides_of_a_gate_come_up() -> None:
    points = tidy_variants(model_of("exercise_05_relu"), None, 30, Random(2))
    shut = [
        (4 * p.inputs["y"] + 5 * p.inputs["x"] < 0, p.inputs["x"] * p.inputs["y"] < 0)
        for p in points
    ]
    assert {each[0] for each in shut} == {each[1] for each in shut} == {True, False}


def test_signs_are_mixed() -> None:
    points = tidy_variants(model_of("classic"), None, 30, Random(3))
    for name in "abcf":
        assert 5 <= sum(point.inputs[name] < 0 for point in points) <= 25
        assert len({point.inputs[name] for point in points}) >= 8


def test_a_seed_gives_the_same_numbers_everywhere() -> None:
    code = (
        "import random, backprop; from backprop.quizzes.tidy_inputs import tidy_inputs;"
        "from backprop import gallery;"
        "found = tidy_inputs("
        "backprop.parse(gallery.example('exercise_09_two_layers').text), None, random.Random(7)); print({name: each.text for name, each in found.items()})"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True,
            text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(texts) == 1
    found = tidy_inputs(model_of("exercise_09_two_layers"), None, Random(7))
    assert texts == {f"{_texts(found)}\n"}


def test_numbers_of_a_seed() -> None:
    """What was printed once for a class is to be had again."""
    found = tidy_inputs(model_of("exercise_08_one_neuron"), None, Random(1))
    assert _texts(found) == {"w1": "-6", "w2": "-9", "b": "12 - log(2)"}


def _texts(inputs: Mapping[str, float]) -> dict[str, str]:
    return {name: getattr(each, "text", "") for name, each in inputs.items()}


def test_what_the_file_says_of_inputs_holds() -> None:
    text = (
        "const g = 9.81; n = 3; a = 2 in 0..5; b = 0.3 in 0..1; c = -1 in ..0; d = 20 in 12..25\n"
        "s = sum(k*a for k in 1..n); L = s*b/c + d"
    )
    for point in tidy_variants(backprop.parse(text), "L", 20, Random(0)):
        assert list(point.inputs) == ["a", "b", "c", "d"]
        assert 0 < point.inputs["a"] < 5
        assert 0 < point.inputs["b"] < 1
        assert point.inputs["c"] < 0
        assert 12 < point.inputs["d"] < 25


def test_the_size_of_the_numbers_is_that_of_the_file() -> None:
    points = tidy_variants(
        backprop.parse(gallery.example("mazur_network").text), None, 5, Random(0)
    )
    for point in points:
        assert all(0.1 <= abs(each) < 1 for each in point.inputs.values())
        assert not {"b1", "i1"} & point.inputs.keys()


def test_constants_vary_if_they_are_named() -> None:
    model = model_of("exercise_08_one_neuron")
    points = tidy_variants(model, None, 10, Random(0), ("x1", "target"))
    assert len({point.inputs["x1"] for point in points}) > 3
    assert all("x2" not in point.inputs for point in points)


def test_constants_vary_where_answers_would_be_the_same() -> None:
    """They keep sign and size; a number that is given keeps itself."""
    model = model_of("exercise_07_logistic_loss")
    for point in tidy_variants(model, None, 30, Random(0)):
        assert 0 < point.inputs["t"] < 1
        assert point.inputs["x"] > 0
    points = tidy_variants(model, None, 20, Random(0), kept={"t": 0.3})
    assert all(point.inputs.keys() == {"w", "b", "x"} for point in points)
    assert len(tidy_variants(model, None, 3, Random(0))[0].inputs) == 2


def test_twenty_inputs() -> None:
    layers = "; ".join(
        f"h{i} = {' + '.join(f'w{i}{k}*x{k}' for k in range(1, 4))} + b{i}; g{i} = {f}(h{i})"
        for i, f in enumerate(("tanh", "relu", "sigmoid"), 1)
    )
    model = backprop.parse(f"{layers}; y = v1*g1 + v2*g2 + v3*g3 + c; L = (y - t)^2")
    assert len(model.inputs) == 20
    for seed in range(3):
        assert is_tidy(model, None, tidy_inputs(model, None, Random(seed)))


def test_where_there_are_too_few() -> None:
    model = backprop.parse("a = 2 in 1.5..4.5; L = 3*a")
    with pytest.raises(BadOption, match=r"[0-9]+ different inputs were found") as caught:
        tidy_variants(model, None, 100, Random(0))
    there = int(caught.value.message.split()[0].replace(",", ""))
    assert len(tidy_variants(model, None, there, Random(0))) == there
    model = backprop.parse("L = x/y; x = 2 in 1.5..2.5; y = 2 in 1.5..2.5")
    with pytest.raises(BadOption, match=r"[0-9]+ different inputs were found") as caught:
        tidy_variants(model, None, 1000, Random(0))
    there = int(caught.value.message.split()[0].replace(",", ""))
    assert len(tidy_variants(model, None, there, Random(0))) == there
    with pytest.raises(BadOption, match="no inputs were found"):
        tidy_inputs(backprop.parse("L = 1e9*a + 1/3"), None, Random(0))
    with pytest.raises(BadOption, match="no input that is not const"):
        tidy_inputs(backprop.parse("const a = 3; L = 2*a"), None, Random(0))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a = 2; b = 4; L = a/b", ""),
        ("a = 2; b = 3; L = a/b", "no short number"),
        ("a = 2; b = 3; L = a*b - 6", "0"),
        ("a = 2; b = -3; L = relu(a*b) + a", ""),
        ("a = 2; b = 0; u = a*b; L = u + a", "0"),
        ("a = 2; b = 2; L = max(a, b)*a", "stands at its corner"),
        ("a = 12; L = 5*sigmoid(a)", "too small"),
        ("a = 10; L = 200*sigmoid(a)", "rounds to a short number"),
        ("a = 2; L = exp(a)", ""),
        ("a = 2; L = exp(a) + 1/(a + 1)", ""),
        ("a = 2; u = 1/(a + 1); L = exp(a)*u", "no short number"),
        ("a = log(2); L = tanh(a)", ""),
        ("a = 200; L = a^2", "too large"),
        ("a = 2.25; L = a^5", "no short number"),
        ("a = -1; L = sqrt(a)", "infinite"),
        ("a = -2; b = 3; L = max(log(a), b)*a", "has no value"),
        ("a = -2; b = 3; L = if(a > 0, log(a), b)*a", ""),
        ("a = 6; L = max(sigmoid(a*a), 0.5) + 2", "too small"),
        ("const x = 0; w = 2; b = 3; z = w*x + b; L = z^2", ""),
    ],
)
def test_what_is_tidy(text: str, wrong: str) -> None:
    found = untidy(backprop.parse(text), None, {})
    assert (wrong in found.values()) if wrong else not found, found
    assert is_tidy(backprop.parse(text), None, {}) is not bool(wrong)


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (0.1 + 0.2, 1, "0.3"), (1.5625, 5, "1.5625"), (-0.0225, 3, "-0.0225"), (7200.0, 2, "7200"),
        (1 / 3, 0, "0.3333"), (2 / 3000, 0, "0.0006667"), (-1234.5678, 0, "-1235"),
        (123.4567, 0, "123.5"), (12.34567, 0, "12.35"), (1e-3, 1, "0.001"), (5e-5, 1, "0.00005"), (0.0, 1, "0"),
    ],
)  # fmt: skip
def test_how_a_number_is_asked(number: float, digits: int, text: str) -> None:
    assert count_digits(number) == digits
    assert answer_text(number) == text
    assert not digits or not number or not fault(number) or abs(number) < 0.001
