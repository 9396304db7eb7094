"""What equation files mean: LANGUAGE, sentence by sentence."""

from __future__ import annotations

import math
import time
from itertools import permutations

import pytest

import backprop
from backprop import errors
from running import CLASSIC


def value(expression: str, **names: float) -> float:
    return backprop.parse(f"result_ = {expression}").grad(names, of="result_").value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("2", 2), ("2.5", 2.5), (".5", 0.5), ("1e-3", 0.001), ("2.", 2), ("1.5E+2", 150),
        ("2^3", 8), ("2**3", 8), ("2^3^2", 512), ("-2^2", -4), ("(-2)^2", 4), ("2^-1", 0.5),
        ("2^-2^2", 0.0625), ("2^+1", 2), ("--2", 2), ("2*-3", -6), ("-2*3", -6), ("6/3/2", 1), ("6/3*2", 4),
        ("1-2-3", -4), ("1-(2-3)", 2), ("1+2*3", 7), ("2*3^2", 18), ("-3^2*2", -18), ("4-+3", 1),
        ("1 < 2", 1), ("2 <= 1", 0), ("1 == 1", 1), ("1 != 1", 0), ("2 > 1", 1), ("2 >= 3", 0),
        ("1 + 1 < 3 * 1", 1), ("not 1 < 2", 0), ("not 0 and 0", 0), ("not (0 and 0)", 1),
        ("1 or 0 and 0", 1), ("(1 or 0) and 0", 0), ("5 and 3", 1), ("not not 3", 1),
        ("if(1 < 2, 10, 20)", 10), ("if(0, 10, 20)", 20), ("if(1, if(0, 1, 2), 3)", 2),
        ("min(3, 1, 2)", 1), ("max(3, 1, 2)", 3), ("hypot(3, 4)", 5), ("hypot(2, 3, 6)", 7), ("pow(2, 10)", 1024),
        ("leaky_relu(-2)", -0.02), ("leaky_relu(-2, 0.5)", -1), ("pi", math.pi), ("2*pi", 2 * math.pi),
        ("min(1, inf)", 1), ("atan2(1, -1)", 3 * math.pi / 4), ("2 # comment", 2),
    ],
)  # fmt: skip
def test_expressions_have_the_value_that_a_person_expects(expression: str, expected: float) -> None:
    assert value(expression) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ";", " ; ; \n\n"])
def test_statements_end_at_line_ends_and_semicolons(end: str) -> None:
    model = backprop.parse(f"\ufeffa = 2{end}y = a^2{end}")
    assert model.grad().gradients == {"a": 4, "y": 1}


@pytest.mark.parametrize(
    "text",
    ["y = (a\n + b)", "y = a +\n b", "y =\n a + b", "y = max(a + b,\n -inf)", "y = a + # why\n\n b",
     "y = min(\n\n a + b, inf\n)", "y = (a # (\n + b)"],
)  # fmt: skip
def test_a_line_end_inside_brackets_or_after_an_operator_ends_nothing(text: str) -> None:
    assert backprop.parse(text).grad({"a": 1, "b": 2}).value == 3


def test_statements_may_stand_in_any_order() -> None:
    for order in permutations(CLASSIC.split("; ")):
        found = backprop.parse("\n".join(order)).grad({"a": 2, "b": -3, "c": 10, "f": -2})
        assert found.value == -8
        assert found.gradients == {"a": 6, "b": -4, "c": -2, "d": -2, "e": -2, "f": 4, "L": 1}


def test_an_equation_without_names_is_an_input_with_that_default() -> None:
    model = backprop.parse("c = 2*pi; k = -3; y = c*k*x")
    assert model.inputs == ["c", "k", "x"]
    assert model.grad({"x": 1}).value == pytest.approx(-6 * math.pi)
    assert model.grad({"x": 1, "c": 2}).value == -6


def test_names_in_file_order_with_free_inputs_before_their_first_use() -> None:
    assert list(backprop.parse(CLASSIC).values) == ["a", "b", "e", "c", "d", "f", "L"]
    assert list(backprop.parse("L = x; a = 1; x = a*b").values) == ["L", "a", "b", "x"]


def test_names_of_any_script_and_in_normal_form() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    found = backprop.parse(f"y = {composed}*{decomposed} + α' + x₁ + दूरी + 速度 + _a1").grad(
        dict.fromkeys((composed, "α'", "x₁", "दूरी", "速度", "_a1"), 3.0)
    )
    assert found.gradients[composed] == 6
    assert len(found.gradients) == 7


def test_variables_and_functions_live_apart_and_constants_give_way() -> None:
    model = backprop.parse("gamma = 0.9; y = gamma*gamma(5) + pi; pi = 3")
    assert model.grad().value == pytest.approx(24.6)
    assert model.grad().gradients["pi"] == 1
    assert "e" in backprop.parse("y = e*2").inputs


def test_functions_are_expanded_where_they_are_called() -> None:
    text = "f(x, y) = x^2 + k*y; g(t) = f(t, f(t, 1)); k = 2; z = g(a) + f(1, a)"
    # g(a) = a^2 + 2(a^2 + 2), f(1, a) = 1 + 2a
    found = backprop.parse(text).grad({"a": 3})
    assert found.value == 9 + 2 * 11 + 1 + 6
    assert found.gradients == {"k": (9 + 2) + 2 * 1 + 3, "a": 6 + 12 + 2, "z": 1}


def test_parameters_hide_names_of_the_file() -> None:
    found = backprop.parse("x = 5; f(x) = x^2; y = f(3*x) + x").grad()
    assert (found.value, found.gradients["x"]) == (230, 2 * 15 * 3 + 1)


def test_a_function_may_be_defined_below_its_use_and_take_a_built_in_name() -> None:
    found = backprop.parse("y = gamma(0.6); v = y*1; gamma(b) = 1/sqrt(1 - b^2)").grad(of="v")
    assert found.value == pytest.approx(1.25)


def test_identity_functions_and_aliases() -> None:
    found = backprop.parse("id(x) = x; two(x, y) = y; b = a; y = id(b)*two(a, id(b))").grad(
        {"a": 3}
    )
    assert found.gradients == {"a": 6, "b": 6, "y": 1}
    assert found.data == {"a": 3, "b": 3, "y": 9}


def test_a_function_without_parameters_of_its_own_use() -> None:
    assert backprop.parse("k() = 2*a; y = k() + k()").grad({"a": 1}).gradients["a"] == 4
    assert backprop.parse("three(x) = 3; y = three(a)*a").grad({"a": 2}).gradients["a"] == 3


def test_what_later_versions_compute_is_read_and_refused_by_name() -> None:
    with pytest.raises(errors.NotYetSupported):
        backprop.parse("A ~ normal(mu, 1); y = A")


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "min", "max"])
def test_gathering_rows_needs_data(name: str) -> None:
    model = backprop.parse(f"L = {name}(x^2)")  # which may yet be given some
    with pytest.raises(errors.NeedsData):
        model.grad(x=1)


@pytest.mark.parametrize("text", ["", " \n\t\n", "# only this", ";;", "f(x) = x"])
def test_a_text_without_equation_says_so(text: str) -> None:
    with pytest.raises(errors.NoEquation, match="equation"):
        backprop.parse(text)


def test_all_errors_of_a_text_come_at_once_and_in_order() -> None:
    with pytest.raises(errors.BackpropError) as caught:
        backprop.parse("a = 2x\nb = sen(1)\na = = 2\nc = (1\nd = 4\nd = 5")
    lines = [
        error.labels[0].span.source.position(error.labels[0].span.start)[0]
        for error in caught.value.all
    ]
    assert lines == [1, 2, 3, 4, 6]


def test_an_open_bracket_does_not_swallow_the_rest() -> None:
    with pytest.raises(errors.UnclosedBracket) as caught:
        backprop.parse("y = (a + b\nz = 2x\nw = ((1)\n")
    assert [type(error).__name__ for error in caught.value.all] == [
        "UnclosedBracket", "UnexpectedText", "UnclosedBracket",
    ]  # fmt: skip


# ---------------------------------------------------------------------- nothing recurses


def test_a_sum_of_100_000_terms() -> None:
    found = backprop.parse("y = " + "+".join(["x"] * 100_000)).grad({"x": 0.5})
    assert (found.value, found.gradients["x"]) == (50_000, 100_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(" * 10_000 + "x" + ")" * 10_000, 1.0),
        ("-" * 10_000 + "x", 1.0),
        ("x^" * 10_000 + "x", 1.0),
        ("sin(" * 10_000 + "x" + ")" * 10_000, None),
        ("if(1, " * 5_000 + "x" + ", 0)" * 5_000, 1.0),
        ("not " * 10_000 + "x", 0.0),
    ],
    ids=["brackets", "signs", "powers", "calls", "choices", "nots"],
)
def test_deep_expressions(text: str, expected: float | None) -> None:
    gradient = backprop.parse(f"y = {text}").grad({"x": 1.0}).gradients["x"]
    assert gradient == expected if expected is not None else 0 < gradient < 1


def test_a_chain_of_equations_however_long(chain: int) -> None:
    """x_k = x_(k-1) * 0.5 + x_(k-1)*0.5 keeps its value, and the gradient is 1."""
    lines = [f"x{k} = x{k - 1}*0.5 + x{k - 1}*0.5" for k in range(1, chain)]
    found = backprop.parse("\n".join(lines)).grad({"x0": 3.0})
    assert found.value == 3.0
    assert found.gradients["x0"] == 1.0


def test_a_chain_written_backwards() -> None:
    lines = [f"x{k} = x{k - 1} + 1" for k in range(1, 20_000)]
    assert backprop.parse("\n".join(lines[::-1])).grad({"x0": 0.0}).value == 19_999


def test_functions_that_call_functions_20_000_deep() -> None:
    lines = ["f0(x) = x"] + [f"f{k}(x) = f{k - 1}(x) + 1" for k in range(1, 20_000)]
    assert backprop.parse("\n".join([*lines, "y = f19999(a)"])).grad({"a": 0.0}).value == 19_999


def test_an_expansion_without_end_in_sight_is_refused_at_once() -> None:
    lines = ["f0(x) = x"] + [f"f{k}(x) = f{k - 1}(x)*f{k - 1}(x)" for k in range(1, 100)]
    start = time.process_time()
    with pytest.raises(errors.TooLarge):
        backprop.parse("\n".join([*lines, "y = f99(a)"]))
    assert time.process_time() - start < 5


def test_reading_takes_time_in_proportion_to_the_text() -> None:
    """Ten times the text takes about ten times the time, not a hundred times."""

    def seconds(count: int) -> float:
        text = "\n".join(f"v{k} = x{k}*y{k} + sin(z{k})" for k in range(count))
        start = time.process_time()
        backprop.parse(text)
        return time.process_time() - start

    seconds(100)
    assert seconds(20_000) < 40 * max(seconds(2_000), 0.01)


@pytest.mark.parametrize(
    "text",
    [
        "L = " + " + ".join(f"x{k}" for k in range(50_000)),
        "\n".join(f"x{k} = x{(k + 1) % 20_000}" for k in range(20_000)),
        "\n".join(f"a{k} = b{k}\nb{k} = a{k}" for k in range(5_000)),
        "\n".join(f"y = {k}" for k in range(50_000)),
        "y = " + "x + " * 100_000 + "2x",
    ],
    ids=["missing", "a circle", "circles", "twice", "a long line"],
)
def test_errors_take_no_longer_than_reading(text: str) -> None:
    start = time.process_time()
    with pytest.raises(errors.BackpropError):
        backprop.parse(text).grad()
    assert time.process_time() - start < 20  # some seconds; minutes where it is quadratic


NAMES = [f"x{k}" for k in range(60_000)]


@pytest.mark.parametrize(
    "text",
    [
        f"const {', '.join(NAMES)}\ny = {' + '.join(NAMES)}",
        "x = 1\ny = x" + " = 1" * 30_000,
    ],
    ids=["a list of names", "a chain"],
)
def test_long_statements_are_read_in_linear_time(text: str) -> None:
    start = time.process_time()
    assert backprop.parse(text).outputs == ["y"]
    assert time.process_time() - start < 6  # about 1 s; 12 s and more where it is quadratic


def test_calls_inside_calls_share_their_arguments() -> None:
    """f(f(… f(a) …)) sixty deep has sixty additions, not 2^60 paths to walk."""
    found = backprop.parse("f(x) = x + x; y = " + "f(" * 60 + "a" + ")" * 60).grad({"a": 1.0})
    assert found.gradients["a"] == 2.0**60


def test_suggestions_are_looked_up_only_for_what_is_shown() -> None:
    start = time.process_time()
    with pytest.raises(errors.BackpropError):
        backprop.parse("\n".join(f"f{k}(x) = x^2 + g{k}(x)" for k in range(5_000)))
    assert time.process_time() - start < 10


def test_places_far_into_a_text() -> None:
    """Offsets are kept in 64 bits, two of them in one number."""
    model = backprop.parse("#" * 20_000_000 + "\nf(x) = sin(x)*2\nL = a*f(a + 1)")
    (use, call) = model.span(model.columns.operands(model.names["L"])[1])
    assert (use.text, call.text) == ("sin(x)*2", "f(a + 1)")
