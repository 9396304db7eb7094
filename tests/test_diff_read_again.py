"""What `diff` writes can be read again, and is what `grad` says: members that are given, statements that it
takes, members that are there."""

from __future__ import annotations

import pytest

import backprop as library
from backprop.language import with_defaults
from running import backprop

PARTLY = "n = 4; x[i] = i for i in 1..n; c[i] = 2 + sum(x[j]^2 for j in 1..i-1) for i in 1..n; L = c[1]*c[2]*x[1]*logsumexp(c[*]) + c[3]"
"""c[1] is an input, and the other members of its statement are computed."""

WITH_RANGES = "n=4; a=2 in 0..5; x[i] = 1.5 ± 0.1 in 0..9 for i in 1..n; const y[i] = sin(i) for i in 1..n; L = sum((a*x[i] - y[i])^2 for i in 1..n)"
ALONE = "x[1] = 0.7 ± 0.1 in 0..5; x[i] = i for i in 2..4; c[1, 2] = 4; L = sum(x[i]^2 for i in 1..4)*x[1]*sin(c[1,2]*x[4])"
DRAWN = "n=3; x[i] ~ normal(0, 1) for i in 1..n; w[i,k] ~ normal(0, 1) for i in 1..n, k in 1..2; L = sum((w[i,k]*x[i] - 1)^3 for i in 1..n, k in 1..2)"
NOT_INDEXED = "const m; m[1]=2; m[2]=1; x[i] = 0.3*i for i in 1..3; d[i,i] = tanh(x[i]*x[3]) for i in 1..2; d[i,j] = logsumexp(d[i,k] + d[k+1,j] for k in i..j-1)/2 for i in 1..1, j in i+1..2; L = d[1,2]^2 + x[m[1]]"


@pytest.mark.parametrize("shape", ["nested", "steps"])
@pytest.mark.parametrize(
    ("text", "given"),
    [
        (PARTLY, "x[2]=3"), (PARTLY, "x=3"), (PARTLY, "x[1]=0.5, x[4]=2"), (PARTLY, "c[1]=0.5"), (PARTLY, "n=5, x[5]=3"),
        (WITH_RANGES, "x[2]=3"), (WITH_RANGES, "y[1]=3, a=1"), (ALONE, "x[1]=3, c[1,2]=3"), (ALONE, "x[2]=3"),
        (DRAWN, "x[1]=3"), (DRAWN, "w[1,2]=0"), (NOT_INDEXED, "x[2]=0.5"), (NOT_INDEXED, "x[3]=1, x[1]=0"),
    ],
)  # fmt: skip
def test_members_that_are_given_are_written_once(text: str, given: str, shape: str) -> None:
    ran = backprop("diff", "-e", text, "--set", given, "--shape", shape)
    if shape == "nested" and "too long" in ran.err:
        return
    again = library.parse(ran.out)
    numbers = {
        name: float(value) for name, _, value in (each.partition("=") for each in given.split(", "))
    }
    own = library.parse(text)
    families = {name for name in numbers if name not in own.inputs and name not in own.fixed}
    for name in families:
        number = numbers.pop(name)
        numbers |= {each: number for each in own.inputs if each.startswith(f"{name}[")}
    text = text.replace("n = 4", "n = 5") if numbers.pop("n", None) else text
    gradients = library.parse(text).grad(numbers, of="L").gradients
    compared = 0
    for name, right in gradients.items():
        family, _, index = name.partition("[")
        alone = f"dL_d{family}_{index[:-1].replace(',', '_')}" if index else f"dL_d{family}"
        for label in {f"dL_d{name}", alone}.intersection(again.names):
            value = again.grad(of=label).value if again.is_equation(label) else again.default(label)
            assert value == pytest.approx(right, rel=1e-12, abs=1e-14), label
            compared += 1
    assert compared > 2
    for name in {*numbers}.intersection(again.names):
        assert again.default(name) == numbers[name]


def test_they_keep_their_indices_and_limits() -> None:
    out = backprop("diff", "-e", WITH_RANGES, "--set", "x[2]=3, a=1").out.splitlines()
    assert "x[2] = 3 ± 0.1 in 0..9" in out
    assert "x[3] = 1.5 ± 0.1 in 0..9" in out
    assert "a=1 in 0..5" in out
    assert "dL_dx[i] = 2*a*(a*x[i] - y[i]) for i in 1..n" in out
    out = backprop("diff", "-e", DRAWN, "--set", "x[1]=3").out
    assert "w[i,k] ~ normal(0, 1) for i in 1..n, k in 1..2" in out
    assert "x[1] = 3\nx[2] = -0." in out


def test_a_statement_that_is_partly_a_number_keeps_its_equations() -> None:
    again = library.parse(with_defaults(library.parse(PARTLY), {"c[1]": 5.0}))
    right = library.parse(PARTLY).grad({"c[1]": 5.0}, of="L")
    assert again.grad(of="L").gradients == right.gradients
    assert again.is_equation("c[3]")
    assert again.default("c[1]") == 5


def test_members_that_are_numbers_stand_beside_equations_of_the_others() -> None:
    text = NOT_INDEXED.replace("m[1]=2", "m[1]=2; c[i] = sum(x[j] for j in 1..i-1) for i in 1..2").replace("d[1,2]^2", "d[1,2]^2*exp(c[1] + c[2])")  # fmt: skip
    out = backprop("diff", "-e", text, "--shape", "steps").out
    assert "c[1] = 0" in out.splitlines()
    assert "c[2] = x[1]" in out.splitlines()
    value = library.parse(out).grad(of="dL_dx_1").value
    assert value == pytest.approx(library.parse(text).grad(of="L").gradients["x[1]"], rel=1e-14)


@pytest.mark.parametrize(
    ("text", "of", "first"),
    [
        # the output's own member stands in its derivative
        ("x[k] = 0.3*k for k in 1..3; y[i] = hypot(x[2]*x[i], x[1]) for i in 1..3", "y[3]", "dy_3_dx"),
        ("x[k] = 0.3*k for k in 1..3; y[i,2] = norm(x[*])*i for i in 1..3", "y[1,2]", "dy_1_2_dx"),
        # a statement calls functions of the file
        ("g(x) = 2*x^2; G(u) = u/(1 + g(u)); n = 3; x[i] = G(i)*2 for i in 1..n; L = sum(x[i]^3 for i in 1..n)", "L", "dL_dx"),
        (NOT_INDEXED.replace("0.3*i for", "G(i)/2 for") + "; g(x) = x^2; G(u) = u/(1 + g(u))", "L", "dL_dx"),
        # o[p,i-1] that reads h[i-1] is there from i = 2 on
        ("n = 6; x[i] = 0.3*i for i in 1..n; o[i,j] = x[j+1]*x[j]*(i + 1) for i in 0..2, j in i+1..n-1; L = sum(sin(o[i,j]) for i in 0..2, j in i+1..n-1)", "L", "dL_dx"),
        ("n = 9; x[i] = 0.3*i for i in 1..n; o[i,j] = x[j-2]*x[j]^2 for i in 2..4, j in i+1..n; L = sum(o[i,j]^2 for i in 2..4, j in i+1..n)", "L", "dL_dx"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", [1, 2])
def test_all_that_is_named_is_there(text: str, of: str, first: str, order: int) -> None:
    again = library.parse(backprop("diff", "-e", text, "--of", of, "--order", str(order)).out)
    if order == 2:
        return
    compared = 0
    gradients = library.parse(text).grad(of=of).gradients
    for name, right in ((each, gradients[each]) for each in gradients if each.startswith("x[")):
        index = name.partition("[")[2][:-1]
        for label in {f"{first}[{index}]", f"{first}_{index}"}.intersection(again.names):
            value = again.grad(of=label).value if again.is_equation(label) else again.default(label)
            assert value == pytest.approx(right, rel=1e-12, abs=1e-14), label
            compared += 1
    assert compared >= 3


@pytest.mark.parametrize("shape", ["nested", "steps"])
@pytest.mark.parametrize(
    "text",
    [
        "sech(k) = k^2; x = sech(2); w = 0.3; L = tanh(w*x)", "cos(k) = k^2; sq(k) = cos(k) + 1; x = sq(2); w = 1; L = sin(w*x)",
        "sech(k) = k^2; w = 1; x[i] = sech(i) for i in 1..3; L = sum(tanh(w*x[i]) for i in 1..3)",
        "sech(k) = k^2/4; w = 1; x[i] = sech(i) for i in 1..3; h[i] = w*sech(x[i]) for i in 1..3; L = sum(tanh(h[i]) for i in 1..3)",
        "sech_(k) = k; sech(k) = sech_(k)^2; x = sech(2); w = 0.3; L = tanh(w*x)",
    ],
)  # fmt: skip
def test_functions_that_are_called_as_one_of_the_languages(text: str, shape: str) -> None:
    """The file's own stand among its numbers; slopes mean the language's."""
    again, own = library.parse(str(library.parse(text).diff(of="L", shape=shape))), library.parse(text).grad(of="L").gradients  # fmt: skip
    assert again.grad(of="dL_dw").value == pytest.approx(own["w"], rel=1e-14)
