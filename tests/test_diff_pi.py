"""Files in which `pi` is a name as any other: their derivatives have the circle's pi as a number."""

from __future__ import annotations

import random

import pytest

import backprop as library
from running import backprop


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("pi = 3; L = erf(q)*pi", "dL_dq = 2*pi*exp(-q^2)/sqrt(3.141592653589793)"), ("π = 2; L = erf(x*π)", "dL_dpi = 2*x*exp(-x^2*pi^2)/sqrt(3.141592653589793)"),
        ("L = erf(q)*pi", "dL_dq = 2*sqrt(pi)*exp(-q^2)"), ("pi(x) = x^2; L = pi(3*y)*pi", "dL_dy = 18*y*pi"), ("pi = -2; L = sqrt(pi^2*x)", "dL_dx = pi^2/(2*sqrt(pi^2*x))"),
        ("pi[i] = q*i for i in 1..2; L = sum(erf(pi[i]*q) for i in 1..2)", "dL_dq = 4*q*sum(i*exp(-q^4*i^2) for i in 1..2)/sqrt(3.141592653589793)"),
        ("L = sum(erf(x[pi]*q)*pi for pi in 1..3)", "dL_dq = 2*sum(p*x[p]*exp(-x[p]^2*q^2) for p in 1..3)/sqrt(pi)"), ("inf = 2; L = inf*x^2", "dL_dx = 2*inf*x"),
        ("pi_ = 3; pi = 2; L = erf(q)*pi*pi_", "dL_dq = 2*pi*pi_*exp(-q^2)/sqrt(3.141592653589793)"), ("pi' = 3; L = erf(q)*pi'", "dL_dq = 2*pi'*exp(-q^2)/sqrt(pi)"),
    ],
)  # fmt: skip
def test_lines(text: str, line: str) -> None:
    assert line in str(library.parse(text).diff(of="L")).splitlines()


@pytest.mark.parametrize("shape", ["nested", "steps"])
def test_numbers_are_those_of_grad(shape: str) -> None:
    chance, compared = random.Random(f"pi {shape}"), 0
    for _ in range(60):
        u = chance.choice(
            [
                "erf(q)*pi",
                "erfc(pi)*q",
                "normcdf(pi*q)",
                "erfinv(pi/9)*q",
                "sqrt(pi^2)*q",
                "sin(pi)*q",
                "if(pi > 3, q, q^2)",
                "atan2(q, pi)",
                "gamma(pi)*q^2",
            ]
        )
        text = f"u = {u}; L = {chance.choice(['u', 'u*pi', 'erf(u)*pi', 'cos(pi*u)', 'pi^2*u'])}"
        model, point = (
            library.parse(f"pi = 3; {text}"),
            {"pi": chance.choice((-1.2, 0.4, 3.5)), "q": chance.uniform(0.2, 1)},
        )
        again, own = (
            library.parse(str(model.diff(of="L", shape=shape))),
            model.grad(point, of="L").gradients,
        )
        for name in "q", "pi":
            given = {one: number for one, number in point.items() if one in again.inputs}
            found = (
                again.grad(given, of=f"dL_d{name}").value
                if again.is_equation(f"dL_d{name}")
                else again.default(f"dL_d{name}")
            )
            assert found == pytest.approx(own[name], rel=1e-12, abs=1e-15), (text, point, name)
            compared += 1
    assert compared == 120


def test_steps_of_the_derivation_have_the_files_name() -> None:
    ran = backprop("explain", "-e", "pi = 3; L = erf(q)*pi", "--symbolic")
    assert "result: 2·pi·exp(−q^2)/sqrt(3.141592653589793)" in ran.out
    assert "pi_" not in ran.out


def test_messages_are_about_the_file() -> None:
    ran = backprop(
        "diff", "-e", "pi = 3; x[i] = pi*i for i in 1..3; L = sum(x[i] for i in 1..3)", "--wrt", "q"
    )
    assert "'q'" in ran.err
    ran = backprop("diff", "-e", "pi = 3; L = tanh(pi)", "--pretty", "--set", "pi=2")
    assert (ran.out, "pi_" in ran.err) == ("dL/dpi = 1 − tanh(pi)^2\n", False)
