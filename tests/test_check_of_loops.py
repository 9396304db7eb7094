"""`check` of Models that stay loops: the verdicts are those of the same texts unrolled."""

import time

import pytest

from backprop.checks import GradientCheck, check_gradient, quick_loops
from backprop.errors import BackpropError
from backprop.language.reading import read_carefully
from backprop.loops.worth import read_model
from backprop.source import Source
from running import backprop
from sizes import size

N = size(600, 1500)
BEGIN = f"n = {N}; a[i] = sin(i) + 2 for i in 1..n; b = 0.3; c = 0.7; "

TEXTS = {
    "smooth": BEGIN + "h[i] = tanh(b*a[i] + c*a[i]^2) for i in 1..n; L = mean(h[i]^2 for i in 1..n)",
    "product": BEGIN + "L = prod(1 + b*sin(a[i])/n + c/n for i in 1..n)",
    "steep": BEGIN + "L = mean(sqrt(1e-9*b*a[i]) + log(c) for i in 1..n)",
    "near an edge": BEGIN + "L = mean(sqrt(b*a[i] - 0.299) + c for i in 1..n)",
    "large": BEGIN + "L = exp(sum(b*a[i] + c for i in 1..n)/10)",
    "least squares": BEGIN + "L = sum((b*a[i] + c - sin(a[i]))^2 for i in 1..n)",
    "triangle": "n = 45; a[i] = sin(i) + 2 for i in 1..n; b = 0.3; c = 2; L = sum(a[i]*a[j]*b^c for i in 1..n, j in 1..i)",
    "const": "const " + BEGIN.partition("; ")[2] + f"n = {N}; L = sum((b*a[i] + c)^3 for i in 1..n)",
}  # fmt: skip

CLOSER = {
    "on a bound": BEGIN.replace("b = 0.3", "b = 1 in 1..2") + "L = mean(b*a[i] + c for i in 1..n)",
    "no slope": BEGIN.replace("b = 0.3", "b = 0") + "L = mean(a[i]*b^2 + c for i in 1..n)",
    "a step": BEGIN + "L = mean(floor(b)*a[i] + c for i in 1..n)",
    "a corner": BEGIN + "L = mean(abs(b - 0.3)*a[i] + c for i in 1..n)",
    "cancelled": BEGIN + "L = sum(1e8*b + a[i] - 1e8*b + c for i in 1..n)",
    "short waves": BEGIN.replace("b = 0.3", "b = 1e17") + "L = mean(sin(b*a[i]) + c for i in 1..n)",
    "a recurrence": f"n = {N}; v[0] = 0.1; b = 1.1; c = 0.01; a[1] = 0; v[t+1] = v[t] + c*sin(b*v[t]) for t in 0..n-1; L = v[n]^2 + a[1]",
}  # fmt: skip

ONLY = ["a[1..4]", "b", "c"]


def both(text: str, only: list[str]) -> tuple[GradientCheck, GradientCheck]:
    loops, whole = read_model(Source("", text), many=0), read_carefully(Source("", text))
    assert loops.loops
    return check_gradient(loops, among=only), check_gradient(whole, among=only)


@pytest.mark.parametrize("name", [*TEXTS, *CLOSER])
def test_verdicts_are_those_of_the_unrolled_text(name: str) -> None:
    text = {**TEXTS, **CLOSER}[name]
    only = [each for each in ONLY if name != "const" or "a" not in each]
    only = only if name != "a recurrence" else ["v[0]", "b", "c"]
    found, expected = both(text, only)
    assert (found.method, found.right) == (expected.method, expected.right)
    for one, other in zip(found.checks, expected.checks, strict=True):
        assert (one.name, one.value) == (other.name, other.value)
        assert (one.verdict, one.note) == (other.verdict, other.note)
        assert one.gradient == pytest.approx(other.gradient, rel=1e-11)
        if one.numeric == one.numeric:
            assert abs(one.numeric - other.numeric) <= one.uncertainty + other.uncertainty


@pytest.mark.parametrize("name", [*TEXTS])
def test_smooth_texts_stay_loops(name: str) -> None:
    model = read_model(Source("", TEXTS[name]), many=0)
    found = check_gradient(model, among=["b", "c"])
    assert model.loops
    assert [check.verdict for check in found.checks] == ["agrees", "agrees"]


@pytest.mark.parametrize("name", [*TEXTS])
def test_a_wrong_gradient_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quick look at loops believes no gradient that is a little off."""
    model = read_model(Source("", TEXTS[name]), many=0)
    right = quick_loops.by_loops

    def wrong(*asked: object) -> object:
        found = right(*asked)  # type: ignore[arg-type]
        assert found
        return found._replace(gradients={k: 1.01 * v for k, v in found.gradients.items()})

    monkeypatch.setattr(quick_loops, "by_loops", wrong)
    found = quick_loops.seen(model, {}, None, ["b", "c"])
    assert found
    assert found[1] == {}


def test_given_numbers_count() -> None:
    found, expected = (
        check_gradient(model, {"b": 0.5}, among=["b"]).checks[0]
        for model in (read_model(Source("", TEXTS["smooth"]), many=0), read_carefully(Source("", TEXTS["smooth"])))
    )  # fmt: skip
    assert found.value == expected.value == 0.5
    assert found.numeric == pytest.approx(expected.numeric, rel=1e-8)


@pytest.mark.parametrize("only", ["n", "q", "h[1]", "a[1700]"])
def test_what_cannot_be_checked_says_the_same(only: str) -> None:
    said = []
    for model in (read_model(Source("", TEXTS["smooth"]), many=0), read_carefully(Source("", TEXTS["smooth"]))):  # fmt: skip
        with pytest.raises(BackpropError) as caught:
            check_gradient(model, among=[only])
        said.append((caught.value.message, caught.value.hints))
    assert said[0] == said[1]


def test_one_input_of_very_many_is_checked_at_once() -> None:
    """It took 37 s as a graph of 1.5 million steps."""
    text = TEXTS["smooth"].replace(f"n = {N}", "n = 100000")
    start = time.process_time()
    ran = backprop("check", "-e", text, "--only", "b", "--verbose")
    assert time.process_time() - start < 15
    assert ran.status == 0
    assert "the gradient agrees with differences" in ran.out
    assert "unrolled after all" not in ran.err


def test_noise_of_a_smooth_output_is_no_corner() -> None:
    """A recurrence that doubles every difference some hundred times over: no step of it has a
    corner, and the values beside the point are what rounding makes of them."""
    text = (
        "n = 10000; u[t] = sin(t/10) for t in 1..n; const u[*]; s[0] = 0.026398456002307613;"
        "w1 = -1.1382743647307751; w2 = 1.0588181230544929; b = 5.2481897315912425e-05;"
        "wo = 2.075646081816759; s[t] = tanh(w1*s[t-1] + w2*u[t] + b) for t in 1..n;"
        "L = mean((wo*s[t] - u[t+1])^2 for t in 1..n-1); output L"
    )
    ran = backprop("check", "-e", text, "--only", "w1, w2, b")
    assert ran.status == 0
    assert "corner" not in ran.out
    assert "cannot tell" in ran.out
