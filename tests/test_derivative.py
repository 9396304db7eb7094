"""`derivative(V, x)` in equations: its values and its own derivatives, against mpmath and by hand."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import backprop
from backprop.operations import OPERATIONS
from backprop.row import Operation
from truth import mp as exact
from truth import truth

SMOOTH = tuple(
    row
    for row in OPERATIONS.values()
    if not row.written
    and row.name not in ("copy", "neg")
    and any(slope != "0" for slope in row.slopes)
)
"""Operations that have slopes, as an equation file writes them."""


def value(text: str, **numbers: float) -> float:
    found: float = backprop.parse(text).grad(**numbers).value
    return found


def test_a_force_and_what_it_depends_on() -> None:
    found = backprop.parse("k = 3; x = 2; V = k*x^2/2; F = -derivative(V, x)").grad()
    assert (found.output, found.value) == ("F", -6)
    assert found.gradients == {"k": -2, "x": -3, "F": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 2; f = x^4; y = derivative(derivative(f, x), x)", 48),
        ("x = 2; y = derivative(derivative(derivative(x^4, x), x), x)", 48),
        ("x = 2; y = 1 + 3*derivative(x^2, x)^2", 49),
        ("y = derivative(V, x); V = a^2; a = 3*x; x = 2", 36),  # further down
        ("x = 2; a = x^2; V = a*x; y = derivative(V, a)", 2),  # by a name with an equation
        ("x = 2; a = x^2; V = a*x; y = derivative(V, x)", 12),
        ("x = 2; y = derivative(x, x)", 1),
        ("x = 2; a = x^2; y = derivative(a, a)", 1),
        ("x = -1; y = derivative(if(x > 0, sqrt(x), 0), x)", 0),
        ("x = 4; y = derivative(if(x > 0, sqrt(x), 0), x)", 0.25),
        ("x = 2; y = if(derivative(x^2, x) > 3, derivative(x^3, x), 7)", 12),
        ("x[i] = i for i in 1..3; V = sum(x[i]^2*x[1] for i in 1..3); y = derivative(V, x[1])", 16),
        ("x = 2; y = sum(derivative(x^i, x) for i in 1..3)", 17),
        ("f(t) = t^3; d(t) = derivative(f(t), t); x = 2; y = d(x) + d(3) + d(x + 2)", 12 + 27 + 48),
        ("f(t) = t^3; d(t) = derivative(f(t), t); dd(t) = derivative(d(t), t); y = dd(2)", 12),
        ("p(n, t) = derivative(t^n, t); y = p(3, 2)", 12),
        ("g(t, u) = derivative(t*u, t); x = 2; y = g(x, x)", 2),  # the other one is not moved
        ("c = 3; g(t) = derivative(t*x, x); x = 2; a = x^2; y = g(a)", 4),  # nor is an argument
        ("c = 3; g(t) = derivative(t*x, t); x = 2; y = g(x)", 2),
        ("V(a[*]) = a[1]*a[2]^2; F(a[*]) = derivative(V(a[*]), a[2]); x[i] = i for i in 1..2; y = F(x[*])", 4),
        ("q(k) = derivative(V, x[k]); V = x[1]*x[2]^2; x[i] = i for i in 1..2; y = q(2)", 4),
        ("const g = 2; y = derivative(g^2, g)", 4),
        ("x' = 2; y = derivative(x'^2, x')", 4),
        ("derivative = 3; y = derivative(derivative^2, derivative)", 6),
        ("derivative(a, b) = a - b; x = 2; y = derivative(x^2, x)", 2),  # the file's own
    ],
)  # fmt: skip
def test_values(text: str, expected: float) -> None:
    assert backprop.parse(text).grad(of="y").value == expected


def test_equal_values_stay_different_names() -> None:
    """b is equal to a, and no a: what is derived by a does not move with b."""
    text = "x = 2; y = 3; a = x*y; b = x*y; L = a*b; D = derivative(L, a); z = {}"
    assert value(text.format("D")) == 6
    assert value(text.format("derivative(D, b)")) == 1
    assert value(text.format("derivative(D, a)")) == 0
    two = "x = 2; f(t) = derivative(t^3, t); g(t) = derivative(f(t) + t^3, t); z = g(x)*f(x)"
    assert value(two) == (12 + 12) * 12


@pytest.mark.parametrize("row", SMOOTH, ids=lambda row: row.name)
def test_three_orders_of_every_operation(row: Operation) -> None:
    points = [at for at in row.samples if all(0.05 < abs(each) < 8 for each in at)][:2]
    given = [f"{name} = {{}}" for name in row.operands]
    for point in points:
        start = "; ".join(given).format(*map(repr, point))
        for at in moving(row):
            name, text = row.operands[at], row.form
            with exact.workdps(60):
                operands = tuple(map(exact.mpf, point))
                for order in (1, 2, 3):
                    text = f"derivative({text}, {name})"
                    orders = tuple(order * (each == at) for each in range(len(point)))
                    expected = exact.diff(truth(row.name), operands, orders)
                    found = value(f"{start}; z = {text}")
                    assert found == pytest.approx(float(expected), rel=1e-12, abs=1e-12), text


def moving(row: Operation) -> list[int]:
    """The operands by which an operation has a slope that is no constant of the text."""
    return [at for at, slope in enumerate(row.slopes) if slope not in ("0", "0/0")]


@pytest.mark.parametrize("seed", range(12))
def test_random_models_with_derivatives_in_them(seed: int) -> None:
    """Equations of which some are replaced by derivatives of others, up to three orders deep."""
    rng = random.Random(seed)
    names = ["x", "y", "z"]
    point = {name: rng.uniform(0.3, 1.7) for name in names}
    lines = [f"{name} = {number!r}" for name, number in point.items()]
    made: dict[str, Callable[[Mapping[str, Any]], Any]] = {
        name: (lambda numbers, name=name: numbers[name]) for name in names
    }
    order = dict.fromkeys(names, 0)

    def derived(of: str, by: str) -> Callable[[Mapping[str, Any]], Any]:
        def found(numbers: Mapping[str, Any]) -> Any:
            there = made[of]
            keys = [*numbers]
            function = lambda *at: there(dict(zip(keys, at, strict=True)))  # noqa: E731
            return exact.diff(
                function, tuple(numbers.values()), tuple(int(key == by) for key in keys)
            )

        return found

    for at in range(9):
        new, one, other = f"v{at}", rng.choice([*made][-4:]), rng.choice([*made])
        kind = rng.choice(["+", "*", "/", "sin", "exp", "if", "derivative", "derivative"])
        if kind == "derivative" and order[one] < 3 and one not in point:
            by = rng.choice("xyz")
            lines.append(f"{new} = derivative({one}, {by})")
            made[new], order[new] = derived(one, by), order[one] + 1
            continue
        f, g = made[one], made[other]
        text, function = {
            "+": (f"{one} - 2*{other}", lambda n, f=f, g=g: f(n) - 2 * g(n)),
            "/": (f"{one}/(1 + {other}^2)", lambda n, f=f, g=g: f(n) / (1 + g(n) ** 2)),
            "sin": (f"sin({one} + {other})", lambda n, f=f, g=g: exact.sin(f(n) + g(n))),
            "exp": (f"exp(-{one}^2)", lambda n, f=f: exact.exp(-(f(n) ** 2))),
            "if": (
                f"if({one} > {other}, {one}*y, {other}*x)",
                lambda n, f=f, g=g: f(n) * n["y"] if f(n) > g(n) else g(n) * n["x"],
            ),
        }.get(kind, (f"{one}*{other}", lambda n, f=f, g=g: f(n) * g(n)))
        lines.append(f"{new} = {text}")
        made[new], order[new] = function, max(order[one], order[other])
    output = [*made][-1]
    text = "\n".join(lines)
    found = backprop.parse(text).grad(of=output)
    with exact.workdps(60):
        precise = {name: exact.mpf(number) for name, number in point.items()}
        assert found.value == pytest.approx(float(made[output](precise)), rel=1e-11, abs=1e-11), (
            text
        )
        for name in names:
            slope = float(derived(output, name)(precise))
            there = found.gradients.get(name, 0.0)
            assert there == pytest.approx(slope, rel=1e-10, abs=1e-10), (text, name)
