"""Steps of loops that have no value: the errors are those of the unrolled texts, and nothing is unrolled."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType

import pytest

from backprop import commands
from backprop.checks import check_gradient
from backprop.descent import Errand
from backprop.descent.minimize import descend as model_descend
from backprop.errors import BackpropError
from backprop.evaluation.gradient import gradient
from backprop.evaluation.several import jacobian
from backprop.inputs import Asked
from backprop.language import Model
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, sequence
from backprop.loops.worth import read_model
from backprop.source import Source
from indexed_models import random_indexed
from running import backprop

REST = "const n = 40; x[i] = (i - m)/n for i in 1..n; m = 0.5; output L"

TOLD = [
    "y[i] = log(x[i] - 0.1) for i in 1..n; L = sum(y[i] for i in 1..n)",
    "L = sum(log(x[i] - 0.1) for i in 1..n)",
    "L = sum(1/(x[i] - x[7]) for i in 1..n)",
    "y[i] = a/(i - 5) + sqrt(x[i]) for i in 1..n; L = mean(y[i] for i in 1..n); a = 2",
    "y[i] = exp(800*x[i] + 600) + i for i in 1..n; L = sum(y[i] for i in 1..n)",
    "L = sum(y[i,j]^2 for i in 1..n, j in 1..3); y[i,j] = w[j]/(i - 2*j) for i in 1..n, j in 1..3; w[j] = j for j in 1..3",
    "y[i] = log(sum(x[j]*(i - 20.5) for j in 1..n)) for i in 1..n; L = sum(y[i] for i in 1..n)",
    "y[i] = 1/(mean(x[j] for j in 1..i) - 0.0125) for i in 1..n; L = sum(y[i] for i in 1..n)",
    "f(u, v) = log(u) - v; y[i] = f(x[i] - 0.2, i)*2 for i in 1..n; L = sum(y[i] for i in 1..n)",
    "f(u) = 1/u; L = sum(f(f(x[i] - x[9])) for i in 1..n)",
    "s[0] = 3; s[i] = sqrt(s[i-1] - 0.3) for i in 1..n; L = s[n]",
    "s[0] = 3; v[0] = 1; s[i] = s[i-1]*1e30 for i in 1..n; v[i] = v[i-1] + s[i-1] for i in 1..n; L = v[n]",
    "y[i] = log(-x[i])*log(-i) for i in 1..n; L = sum(y[i] for i in 1..n)",
    "y[i] = (-x[i])^0.5 for i in 1..n; z[i] = y[n-i+1]*2 for i in 1..n; L = sum(z[i] for i in 1..n)",
    "y[i] = gamma(-i*1.0)*x[i] for i in 1..n; L = prod(y[i] for i in 1..n)",
    "L = acos(x[n] + 1) + sum(x[i] for i in 1..n)",
    "y[i] = log(i - 7) + x[i] for i in 1..n; L = sum(y[i] for i in 1..n)",
]
"""The error is found without single steps."""

OTHERS = [
    "y[i] = exp(800*x[i] + 600) + i for i in 1..n; L = sum(y[i]^2 for i in 1..n)",
    "y[i] = if(x[i] > 0.5, log(x[i] - 0.6), 1) for i in 1..n; L = sum(y[i] for i in 1..n)",
    "y[i] = log(x[i] - 0.5) for i in 1..n; z[i] = 1/(x[i] - x[3]) for i in 1..n; L = sum(y[i]*z[i] for i in 1..n)",
    "y[i] = x[i]*1e308 for i in 1..n; L = sum(y[i]*1 for i in 1..n)",
    "y[i] = log(-x[i]) for i in 1..n; L = sum(x[i] for i in 1..n)",
    "y[i] = 1e308 + i*2e307 for i in 1..n; L = mean(y[i]*x[n] for i in 1..n)",
    "y[i] = x[n]*5e307 + i*2e307 for i in 1..n; L = mean(y[i] for i in 1..n)",
    "y[i] = x[n]*10*i + 1/(i - 20) for i in 1..n; L = prod(y[i]*1e30 for i in 1..n)",
]
"""There it takes all steps to tell."""


NOTHING: Mapping[str, float] = MappingProxyType({})


def check(model: Model, values: Mapping[str, float]) -> object:
    return check_gradient(model, values)


def explain(model: Model, values: Mapping[str, float]) -> object:
    return commands.explain(Asked(model, values, None), "equations", [], ["L"], "both", False)


def draw(model: Model, values: Mapping[str, float]) -> object:
    return commands.draw(Asked(model, values, None), None, [], 1, False)


def descend(model: Model, values: Mapping[str, float]) -> object:
    return model_descend(Errand(model, values), steps=1)


def jacobian_of(model: Model, values: Mapping[str, float]) -> object:
    return jacobian(model, values, ["L"], ["m"])


WAYS = [gradient, check, explain, draw, descend, jacobian_of]


def told(
    text: str,
    many: float,
    values: Mapping[str, float] = NOTHING,
    way: Callable[..., object] = gradient,
) -> tuple[str, bool]:
    """What is said, and whether the text is still one of loops."""
    source = Source("<text>", text)
    model = read_model(source, many=many) if many < 1 else read_carefully(source)
    try:
        way(model, values)
    except BackpropError as error:
        labels = [(each.span.start, each.span.end, each.text) for each in error.labels]
        said = f"{type(error).__name__} {error.message} {labels} {error.hints}"
        return said, bool(model.loops)
    return "", bool(model.loops)


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", TOLD[::5])
def test_each_command_tells_the_first_step_without_value(
    text: str, way: Callable[..., object]
) -> None:
    found, loops = told(f"{REST}; {text}", 0, way=way)
    assert loops
    assert found
    assert found == told(f"{REST}; {text}", 1, way=way)[0] == told(f"{REST}; {text}", 1)[0]


@pytest.mark.parametrize("text", TOLD)
def test_the_first_step_without_value_is_told(text: str) -> None:
    found, loops = told(f"{REST}; {text}", 0)
    assert loops
    assert found
    assert found == told(f"{REST}; {text}", 1)[0]


@pytest.mark.parametrize("text", [*TOLD, *OTHERS])
@pytest.mark.parametrize("m", ["0.5", "3", "-7", "40"])
def test_errors_are_those_of_single_steps(text: str, m: str) -> None:
    text = f"{REST}; {text}".replace("m = 0.5", f"m = {m}")
    assert told(text, 0)[0] == told(text, 1)[0]


def test_errors_of_random_models_are_those_of_single_steps(
    request: pytest.FixtureRequest,
) -> None:
    models = 800 if request.config.getoption("--whole") else 30
    met = 0
    for number in range(models):
        text, values = random_indexed(number)
        draw = random.Random(number)
        odd = {
            name: draw.choice([each, 0.0, -each, 1e200, -1e-200]) for name, each in values.items()
        }
        found, _ = told(text, 0, odd)
        assert found == told(text, 1, odd)[0]
        met += bool(found)
    assert met


def test_a_gradient_that_is_no_finite_number_is_told_as_that_and_not_as_a_limit() -> None:
    text = "a = 3.9; x[1] = 0.3; x[i] = a*x[i-1]*(1 - x[i-1]) for i in 2..n; L = x[n]"
    ran = backprop("grad", "-e", f"n = 30000; {text}", "--max-nodes", "20000")
    assert ran.status == 1
    assert "error: the gradient by a is no finite number, nor are those by " in ran.err
    assert "over 20,000 values" not in ran.err
    # the same, unrolled, is told as warnings, with the numbers
    assert "the gradient overflows" in backprop("grad", "-e", f"n = 30000; {text}").err


def test_inputs_without_a_number_are_told_of_without_unrolling() -> None:
    text = "y[i] = x[i + 1]*x[i]^2 + k2 for i in 1..n; L = sum(y[*])"
    small = backprop("grad", "-e", f"n = 40;    {text}").err
    large = backprop("grad", "-e", f"n = 40000; {text}", "--max-nodes", "1000").err
    assert "the inputs x[1..41], k2 have no value" in small
    assert large == small.replace("n = 40;   ", "n = 40000;").replace("1..41", "1..40001")
