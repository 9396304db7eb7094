"""`derivative(V, x)` in equations: its values and its own derivatives, against mpmath and by hand."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from math import atan, exp, inf, isclose, pi, sin, tan
from pathlib import Path
from typing import Any

import pytest

import backprop
from backprop.checks.gradients import check_gradient
from backprop.errors import NotFinite
from backprop.evaluation import decided
from backprop.evaluation.gradient import evaluate
from backprop.language.reading import quickly, read_carefully
from backprop.numbers import shown
from backprop.operations import OPERATIONS
from backprop.row import Operation
from backprop.source import Source
from counting import growth
from running import backprop as command
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
        ("g(t) = 1 + derivative(t, x); x = 2; y = g(x^2)", 1),
        ("f(t) = t*x; g(t) = derivative(f(t), x); x = 2; y = g(x^2)", 4),
        ("g(t) = 1 + derivative(derivative(t^2*x, t), x); x = 2; y = g(x^2)", 9),
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


Body = Callable[[Mapping[str, Any], Any], Any]
"""The value of a function of the file, given the numbers of names and of its parameter t."""


def body(rng: random.Random, deep: int, functions: Sequence[tuple[str, Body]]) -> tuple[str, Body]:
    """The body of a random function of t, of names, and of functions before it."""
    if not deep or rng.random() < 0.2:
        leaf = rng.choice("ttxye2")
        if leaf == "e":
            return "e", lambda at, t: at["x"] * at["y"] + exact.sin(at["x"])
        if leaf == "2":
            return "2", lambda at, t: exact.mpf(2)
        return leaf, lambda at, t: t if leaf == "t" else at[leaf]
    (one, f), (other, g) = (body(rng, deep - 1, functions) for _ in range(2))
    kind = rng.choice(["+", "*", "sin", "exp", "call", "by t", "by x", "if"])
    if kind == "call" and functions:
        name, inner = rng.choice(functions)
        return f"{name}({one})", lambda at, t: inner(at, f(at, t))
    made: dict[str, tuple[str, Body]] = {
        "+": (f"({one} + {other})", lambda at, t: f(at, t) + g(at, t)),
        "*": (f"({one}*{other})", lambda at, t: f(at, t) * g(at, t)),
        "sin": (f"sin({one})", lambda at, t: exact.sin(f(at, t))),
        "exp": (f"exp(-({one})^2)", lambda at, t: exact.exp(-(f(at, t) ** 2))),
        "by t": (f"derivative({one}, t)", lambda at, t: exact.diff(lambda s: f(at, s), t)),
        "by x": (
            f"derivative({one}, x)",
            lambda at, t: exact.diff(lambda s: f({**at, "x": s}, t), at["x"]),
        ),
        "if": (
            f"if({one} > 0.25*{other} + 0.2, {one}*t, {other})",  # mostly no tie
            lambda at, t: f(at, t) * t if f(at, t) > g(at, t) / 4 + exact.mpf(0.2) else g(at, t),
        ),
    }
    return made.get(kind, (one, f))


@pytest.mark.parametrize("seed", range(40))
def test_functions_with_derivatives_in_them(seed: int) -> None:
    """By their parameters, which are called with what depends on names, and by names."""
    rng = random.Random(seed)
    point = {name: rng.uniform(0.4, 1.4) for name in "xy"}
    functions: list[tuple[str, Body]] = []
    lines = [f"{name} = {number!r}" for name, number in point.items()] + ["e = x*y + sin(x)"]
    for name in ("f", "g", "h"):
        text, function = body(rng, 3, functions)
        lines.append(f"{name}(t) = {text}")
        functions.append((name, function))
    text = "; ".join([*lines, "z = h(x*y)*f(x + 1) + y"])
    if text.count("derivative") > 4:  # which mpmath takes long for
        return
    first, last = functions[0][1], functions[-1][1]

    def whole(x: Any, y: Any) -> Any:
        at = {"x": x, "y": y}
        return last(at, x * y) * first(at, x + 1) + y

    found = backprop.parse(text).grad(of="z")
    with exact.workdps(60):
        precise = tuple(map(exact.mpf, point.values()))
        assert found.value == pytest.approx(float(whole(*precise)), rel=1e-12, abs=1e-12), text
        for name, orders in (("x", (1, 0)), ("y", (0, 1))):
            slope = float(exact.diff(whole, precise, orders))
            there = found.gradients.get(name, 0.0)
            assert there == pytest.approx(slope, rel=1e-12, abs=1e-12), (text, name)


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


def said(*arguments: str, text: str) -> str:
    ran = command(*arguments, "-", stdin=text.encode())
    assert ran.status == 0, ran.err
    return ran.out


CHAIN = """n = 4; k = 3
x[i] = i/2 + sin(i)/5 for i in 1..n
V = sum(k*(x[i+1] - x[i] - 0.4)^2/2 + exp(-(x[i+1] - x[i])^2) for i in 1..n-1)
F[i] = -derivative(V, x[i]) for i in 1..n
L = sum(F[i]^2 for i in 1..n)
"""
NEWTON = "f(t) = t^2 - a; newton(t) = t - f(t)/derivative(f(t), t); a = 2; x = 1.5; y = newton(newton(x))"


@pytest.mark.parametrize("text", [CHAIN, NEWTON])
def test_every_command_takes_it(text: str, tmp_path: Path) -> None:
    assert "gradients agree with differences" in said("check", text=text)
    assert "eigenvalues" in said("hessian", text=text)
    assert "∂/∂" in said("jacobian", text=text)
    assert "after" in said("descend", "--steps", "3", text=text)
    out = tmp_path / "graph.dot"
    said("draw", "-o", str(out), text=text)
    assert "derivative" in out.read_text("utf-8") or "newton" in out.read_text("utf-8")


@pytest.mark.parametrize("text", [CHAIN, NEWTON])
def test_what_is_explained_is_read_again(text: str, tmp_path: Path) -> None:
    """Every derivative that it prints is one that `check` finds right."""
    claims = tmp_path / "claims.txt"
    claims.write_text(said("explain", "--digits", "12", text=text), encoding="utf-8")
    assert "are right" in said("check", "--claims", str(claims), text=text)


def test_a_force_is_explained_by_its_formula() -> None:
    found = said("explain", text="k = 3; x = 2; V = k*x^2/2; F = -derivative(V, x)")
    assert "1. F = −derivative(V, x) = −k·x = −3·2 = −6" in found
    assert "∂F/∂k = −x = −2" in found
    latex = said("explain", "--format", "latex", text="x = 2; V = x^2; F = derivative(V, x) + 1")
    assert r"F = \frac{\partial V}{\partial x} + 1" in latex
    nested = said(
        "explain", "--format", "markdown", text="x = 2; y = derivative(derivative(x^3, x), x)"
    )
    assert r"\frac{\partial}{\partial x} \left(\frac{\partial}{\partial x}" in nested


@pytest.mark.parametrize("engine", ["python", "native"])
def test_compiled_programs(engine: str) -> None:
    model = backprop.parse(CHAIN)
    found = model.grad()
    program = backprop.compile(model, engine=engine)
    value, slopes = program([found.data[name] for name in program.inputs])
    assert value == pytest.approx(found.value, rel=1e-13)
    expected = [found.gradients[name] for name in program.inputs]
    assert [*slopes] == pytest.approx(expected, rel=1e-12)


def test_a_potential_need_not_be_an_output() -> None:
    model = backprop.parse("x = 2; V = x^2; F = -derivative(V, x)")
    assert model.outputs == ["F"]
    ran = command("grad", "-e", "x = 2; V = x^2; F = -derivative(V, x)", "--format", "csv")
    assert "V,differentiated,V = x^2,4.0," in ran.out


def test_long_texts_are_read_alike() -> None:
    """By the quick route and by the ordinary one: the same rows, but for their order."""
    rng = random.Random(3)
    lines = [f"x{i} = {rng.random()!r}" for i in range(20)]
    for i in range(400):
        one, other = rng.sample([f"x{j}" for j in range(20)] + [f"v{j}" for j in range(i)][-9:], 2)
        lines.append(f"v{i} = sin({one})*{other} + 0.5*{one}")
    lines += [f"F{i} = -derivative(V, x{i})" for i in range(20)]
    lines += ["V = v399 + v398^2", "K = " + " + ".join(f"F{i}^2" for i in range(20))]
    source = Source("<text>", "\n".join(lines))
    quick, careful = quickly(source, 10**7), read_carefully(source)
    assert quick is not None
    one, other = (evaluate(each, {}, "K").gradient for each in (quick, careful))
    assert one.value == other.value
    assert one.gradients == other.gradients


@pytest.mark.parametrize(
    "lines",
    [
        [  # one potential, a derivative by each of many
            "x[i] = i/n for i in 1..n",
            "V = sum(sin(x[i])*x[i]^2 for i in 1..n)",
            "F[i] = -derivative(V, x[i]) for i in 1..n",
        ],
        [  # a motion with a derivative in each step
            "x[0] = 1; v[0] = 0",
            "E[t] = 3*x[t]^2/2 + v[t]^2/2 for t in 0..n",
            "v[t+1] = v[t] - 0.01*derivative(E[t], x[t]) for t in 0..n-1",
            "x[t+1] = x[t] + 0.01*derivative(E[t], v[t]) for t in 0..n-1",
        ],
        [  # a function
            "f(t) = sin(t)*t",
            "d(t) = derivative(f(t), t)",
            "x[0] = 1",
            "x[i] = 0.9*d(x[i-1]) for i in 1..n",
        ],
    ],
)
def test_the_work_is_linear(lines: list[str]) -> None:
    """In steps of the interpreter, which no other program on the machine changes."""
    assert growth(lambda n: backprop.parse("\n".join([f"n = {n}", *lines])), 60) < 2.3


def test_large_files_with_derivatives_are_loops() -> None:
    """Also of recurrences."""
    text = "n = 20000; x[i] = i/n for i in 1..n; F[i] = derivative(x[i]^2, x[i]) for i in 1..n; L = sum(F[*])"
    ran = command("grad", "-", "--verbose", stdin=text.encode())
    assert "read as loops over arrays" in ran.err
    assert ran.out.startswith("L = 20001")
    text = "n = 50000; a = 0.5; x[0] = 1; x[i] = x[i-1] + a*sin(x[i-1])/n for i in 1..n; D = derivative(x[n], a)"
    ran = command("grad", "-", "--verbose", "--of", "D", stdin=text.encode())
    assert "read as loops over arrays" in ran.err
    # dx/da of x' = a*sin(x) at time 1 is sin(x) there, but for Euler's error of 1/n
    right = sin(2 * atan(tan(0.5) * exp(0.5)))
    assert isclose(float(ran.out.split()[2]), right, rel_tol=1e-4)


def test_a_warning_names_both() -> None:
    ran = command("grad", "-e", "x = 2; z = 1; V = x^2; F = x*derivative(V, z)")
    assert ran.status == 0
    assert "warning: V does not depend on z: derivative(V, z) is 0" in ran.err
    text = "x^2"
    for _ in range(9):
        text = f"derivative({text}, x)"
    assert command("grad", "-e", f"x = 2; y = {text}").err.count("warning: ") == 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("diff(V, x)", "derivative(V, x)"),
        ("D(V, x)", "derivative(V, x)"),
        ("diff(V, x, 2)", "derivative(derivative(V, x), x)"),
        ("grad(V, x)", "derivative(V, x)"),
        ("d(V)/d(x)", "derivative(V, x)"),
        ("∂V/∂x", "derivative(V, x)"),
        ("∂²V/∂x∂y", "derivative(derivative(V, y), x)"),
        (r"\frac{\partial V}{\partial x}", "derivative(V, x)"),
        (r"\frac{dV}{dx}", "derivative(V, x)"),
        (r"\frac{d^2 V}{d x^2}", "derivative(derivative(V, x), x)"),
        ("d/dx x^2", "derivative(x^2, x)"),
        ("d/dx (x^2 + 1)", "derivative(x^2 + 1, x)"),
        ("V'(x)", "derivative(V, x)"),
        ("f'(x)", "derivative(f(x), x)"),
        ("f''(x)", "derivative(derivative(f(x), x), x)"),
        ("dV/dx", "derivative(V, x)"),
    ],
)
def test_what_others_write_is_told_as_it_can_be_written(written: str, meant: str) -> None:
    start = "f(t) = t^3; x = 2; y = 3; V = x^2*y; F = V + "
    with pytest.raises(backprop.errors.BackpropError) as caught:
        backprop.parse(start + written).grad(of="F")
    hints = [hint for each in caught.value.all for hint in each.hints]
    assert any(hint.endswith(f"write {meant}") for hint in hints), hints
    backprop.parse(start + meant).grad(of="F")


def test_k_means_and_the_diagonal_of_its_hessian() -> None:
    """GradBench asks for it: a centre is moved by the points that are nearest to it, twice each."""
    text = """n = 12; k = 3
        x[p,i] ~ uniform(0, 1) for p in 1..n, i in 1..2
        c[j,i] ~ uniform(0, 1) for j in 1..k, i in 1..2
        cost = sum(min(sum((x[p,i] - c[j,i])^2 for i in 1..2) for j in 1..k) for p in 1..n)
        g[j,i] = derivative(cost, c[j,i]) for j in 1..k, i in 1..2
        h[j,i] = derivative(g[j,i], c[j,i]) for j in 1..k, i in 1..2
        newton[j,i] = c[j,i] - g[j,i]/h[j,i] for j in 1..k, i in 1..2
        y = sum(newton[*,*])"""
    found = backprop.parse(text).grad().data
    points = [[found[f"x[{p},{i}]"] for i in (1, 2)] for p in range(1, 13)]
    centres = [[found[f"c[{j},{i}]"] for i in (1, 2)] for j in range(1, 4)]
    nearest = [
        min(
            range(3),
            key=lambda j: sum((a - b) ** 2 for a, b in zip(point, centres[j], strict=True)),
        )
        for point in points
    ]
    assert {*nearest} == {0, 1, 2}
    for j in range(3):
        own = [point for point, at in zip(points, nearest, strict=True) if at == j]
        for i in range(2):
            assert found[f"h[{j + 1},{i + 1}]"] == 2 * len(own)
            mean = sum(point[i] for point in own) / len(own)  # Newton's step is Lloyd's
            assert found[f"newton[{j + 1},{i + 1}]"] == pytest.approx(mean, rel=1e-12)


CORNERS = {  # at 0: the first derivative, and the second one
    "sqrt(x)^2": (1, 0), "x*sqrt(x)": (0, inf), "sqrt(x)^4": (0, 2), "sqrt(x)*x^2": (0, 0),
    "sqrt(x)^3": (0, inf), "sqrt(x)*sqrt(x)": (1, 0), "(x^0.5)^2": (1, 0), "sqrt(x^4)": (0, 2),
    "cbrt(x)^3": (1, 0), "cbrt(x^3)": (1, 0), "cbrt(x)*x": (0, inf), "cbrt(x)*x^2": (0, 0),
    "acosh(x+1)^2": (2, -2 / 3), "acos(1-x)^2": (2, 2 / 3), "asin(x-1)*x": (-pi / 2, inf),
    "sqrt(x^2)": (0, 0), "sqrt(abs(x))^2": (0, 0), "sqrt(1-cos(x))": (0, 0),
}  # fmt: skip
"""Where the chain rule meets 0·∞; the last three have a corner, as abs has one."""


@pytest.mark.parametrize(("text", "first", "second"), [(x, *y) for x, y in CORNERS.items()])
def test_where_the_chain_rule_does_not_decide_it_is_what_grad_says(
    text: str, first: float, second: float
) -> None:
    plain = backprop.parse(f"f = {text}").grad(x=0)
    assert plain.gradients["x"] == pytest.approx(first, rel=1e-15, abs=0)
    found = backprop.parse(f"a = 3; y = a*derivative({text}, x) + x").grad(x=0)
    assert found.value == pytest.approx(3 * first, rel=1e-15, abs=0)
    assert found.gradients["a"] == found.value / 3
    assert found.gradients["x"] == pytest.approx(3 * second + 1, rel=1e-13)
    assert any("the chain rule does not decide" in each.message for each in found.warnings)
    twice = backprop.parse(f"y = 1 + derivative(derivative({text}, x), x)")
    if second == inf:
        with pytest.raises(NotFinite, match="is inf"):
            twice.grad(x=0)
    else:
        assert twice.grad(x=0).value == pytest.approx(1 + second, rel=1e-13)


@pytest.mark.parametrize(
    "text", ["hypot(sqrt(x), 0)", "max(sqrt(x), 0)", "asin(1 - x)", "sqrt(abs(x))", "x^x"]
)
def test_what_grad_calls_infinite_is_no_number(text: str) -> None:
    for deep in (f"derivative({text}, x)", f"derivative(derivative({text}, x), x)"):
        with pytest.raises(NotFinite):
            backprop.parse(f"y = {deep}").grad(x=0)


def test_what_is_not_asked_for_may_have_no_derivative() -> None:
    found = backprop.parse("s = derivative(sqrt(x)^2, x); t = derivative(sqrt(x), x); y = 2*s")
    assert found.grad(of="y", x=0).value == 2
    assert backprop.parse("y = if(x > 0, derivative(sqrt(x), x), 7)").grad(x=0).value == 7


def test_by_a_name_with_an_equation_at_a_corner() -> None:
    found = backprop.parse("a = x^2; f = sqrt(a)^4; y = derivative(f, a)").grad(of="y", x=0)
    assert found.value == 0
    assert found.gradients == {"x": 0, "a": 2, "y": 1}


NO_CORNERS = {  # at 0: the second derivative, and the third
    "abs(x)^2": (2, 0), "abs(x)^4": (0, 0), "hypot(x, 0)^2": (2, 0), "hypot(x^2, 0)": (2, 0),
    "hypot(x, 2*x)^2": (10, 0), "hypot(3*x, x)^4": (0, 0), "abs(x)*sign(x)*x": (2, 0),
    "relu(x)^2 + relu(-x)^2": (2, 0), "max(x, 0)^4": (0, 0), "min(x, -x)^2": (2, 0),
    "x*abs(x)*sign(x)": (2, 0), "abs(x)^2 + 5*x^3": (2, 30), "elu(x)^4": (0, 0),
    "clamp(x, 0, 1)^4": (0, 0), "if(x > 0, x^3, -x^4) + abs(x^2)": (2, 0), "norm(v[*])^2": (18, 0),
}  # fmt: skip
"""Functions that are smooth at 0, or have a third derivative from one side alone, which then is the one
taken; their steps stand on borders. v is (2·x, √5·x)."""


@pytest.mark.parametrize(("text", "second", "third"), [(x, *y) for x, y in NO_CORNERS.items()])
def test_at_corners_that_are_none_it_is_what_hessian_says(
    text: str, second: float, third: float
) -> None:
    start = "v[1] = 2*x; v[2] = sqrt(5)*x; " if "norm" in text else ""
    matrix = backprop.parse(f"{start}f = {text}").hessian(x=0).matrix
    assert matrix.tolist() == [[pytest.approx(second, rel=1e-13)]]
    once = backprop.parse(f"{start}a = 3; y = a*derivative({text}, x) + x^2 + 7*x").grad(x=0)
    assert once.value == 0
    assert once.gradients["x"] == pytest.approx(3 * second + 7, rel=1e-13)
    twice = backprop.parse(f"{start}a = 3; y = a*derivative(derivative({text}, x), x) + x")
    found = twice.grad(x=0)
    assert found.value == pytest.approx(3 * second, rel=1e-13)
    assert found.gradients["a"] == pytest.approx(second, rel=1e-13)
    assert found.gradients["x"] == pytest.approx(3 * third + 1, rel=1e-13)
    named = backprop.parse(f"{start}f = {text}; g = derivative(f, x); y = derivative(g*x + g, x)")
    assert named.grad(of="y", x=0).value == pytest.approx(second, rel=1e-13)


@pytest.mark.parametrize(("text", "second"), [(x, y) for x, (y, _) in NO_CORNERS.items()])
def test_jacobian_check_and_explain_know_it(text: str, second: float) -> None:
    """All say what grad does, and differences agree, unless nothing moves."""
    start = "v[1] = 2*x; v[2] = sqrt(5)*x; " if "norm" in text else ""
    model = backprop.parse(f"{start}y = derivative({text}, x); z = derivative(y, x) + x")
    at = {"x": 0.0}
    for mode in ("forward", "reverse"):
        found = model.jacobian(at, of=["y", "z"], wrt=["x"], mode=mode)
        assert found.values.tolist() == pytest.approx([0, second], rel=1e-13)
        right = [model.grad(at, of=name).gradients["x"] for name in ("y", "z")]
        assert found.jacobian[:, 0].tolist() == right
    way = model.along({"x": 2}, at, of=["y"]).derivatives
    assert way.tolist() == [[pytest.approx(2 * second, rel=1e-13)]]
    for output, slope in (("y", second), ("z", 1.0)):
        [check] = check_gradient(model, at, of=output).checks
        told = check.verdict in ("corner", "edge", "jump")
        assert told or check.numeric == pytest.approx(slope, rel=1e-9, abs=1e-9)
    equation = str(model.explain(at, of="z", steps_of="forward"))
    assert equation.endswith(f" = {shown(second)}")


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("cbrt(y)^6 + x*y", 1), ("sqrt(y)^2*3 + sin(x)*y", 1), ("sqrt(y)^4 + y*exp(2*x)", 2),
        ("x^3*y - cbrt(y)^3", 0), ("sqrt(y)^2*x + y*x", 2), ("if(sqrt(y)^2 < 1, x*y, y) - sqrt(y)^4", 1),
    ],
)  # fmt: skip
def test_a_slope_goes_by_what_has_no_value(text: str, slope: float) -> None:
    """The derivative by y at y = 0 is a sum, of which the chain rule does not decide one term."""
    found = backprop.parse(f"f = {text}; g = derivative(f, y)").grad(of="g", x=0, y=0)
    assert found.gradients["x"] == slope


def test_many_derivatives_at_corners_that_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """60 groups of them; and with less work than they take, which is told."""
    text = """x[i] = 0 for i in 1..{0}; V = sum(hypot(x[i], x[i+1])^2 for i in 1..{0}-1)
        F[i] = derivative(V, x[i]) for i in 1..{0}; L = sum(F[i]*i for i in 1..{0})
        H[i] = derivative(F[i], x[i]) for i in 1..{0}; T = sum(H[i]*i for i in 1..{0})"""
    model = backprop.parse(text.format(60))
    by = model.grad(of="L")
    assert not (*by.warnings, *by.notes)
    inner = {f"x[{i}]": 4 * i for i in range(2, 60)}
    right = {"x[1]": 2, "x[60]": 120, **inner}
    assert {name: by.gradients[name] for name in right} == pytest.approx(right, rel=1e-12)
    found = model.grad(of="T")
    assert found.value == pytest.approx(sum(right.values()), rel=1e-12)
    assert len(found.warnings) <= 12
    monkeypatch.setattr(decided, "_WORK", 500)
    some = model.grad(of="T")
    assert any("too many to be looked at" in each.message for each in some.warnings)


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("y*cbrt(y)*x", 0),  # 4/3*cbrt(y)*x
        ("cbrt(y)^4*exp(x)", 0),
        ("y*cbrt(y)*x + y*x^3", 12),
        ("sqrt(y)^2*sin(x) + y*cbrt(y)*x^3", -0.4161468365471424),  # cos(x)
    ],
)
def test_by_what_does_not_meet_the_corner_it_is_the_derivative_of_that_slope(
    text: str, slope: float
) -> None:
    """Beside the corner it is by an infinite slope that the derivative moves, and not by x."""
    found = backprop.parse(f"O = derivative({text}, y) + 3*x").grad(x=2, y=0)
    assert found.gradients["x"] == pytest.approx(slope + 3, rel=1e-12)
    one_up = backprop.parse(f"L = {text}").hessian(x=2, y=0)
    at = one_up.inputs.index("x"), one_up.inputs.index("y")
    assert one_up.matrix[at] == pytest.approx(slope, rel=1e-12)
