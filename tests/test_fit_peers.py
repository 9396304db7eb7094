"""Fits beside curve_fit, lmfit and iminuit's MINOS on ten of NIST's problems: errors, correlations, the sum of
squares, bands and profiles; Jacobians of the peers are SymPy's."""

from __future__ import annotations

from functools import cache
from math import erf, sqrt
from typing import Any, NamedTuple

import numpy
import pytest
from scipy.optimize import curve_fit
from scipy.stats import t as student

import backprop
from certified_fits import MODELS
from test_fit import CERTIFIED, columns_of

PROBLEMS = "Chwirut2 DanWood Eckerle4 Gauss1 Kirby2 MGH17 Misra1a Misra1b Rat42 Thurber".split()
PEERS = 'pip install -e ".[peers,referee]"'

ONE = erf(1 / sqrt(2))
"""The level of an interval of one standard error to each side."""


class Peer(NamedTuple):
    """A model as functions of x, (n,), and of P parameters: values, (n,), and their derivatives, (n, P)."""

    model: Any
    slopes: Any
    names: list[str]
    start: list[float]


@cache
def peer(name: str) -> Peer:
    sympy = pytest.importorskip("sympy", reason=PEERS)
    names = [*CERTIFIED[name].parameters]
    symbols = {each: sympy.Symbol(each) for each in ("x", *names)}
    formula = sympy.sympify(MODELS[name].replace("^", "**"), locals=symbols)
    every = [symbols[each] for each in ("x", *names)]
    model = sympy.lambdify(every, formula, "numpy")
    parts = [sympy.lambdify(every, formula.diff(symbols[each]), "numpy") for each in names]

    def slopes(x: Any, *b: float) -> Any:
        return numpy.column_stack([part(x, *b) + 0 * x for part in parts])

    return Peer(model, slopes, names, [*CERTIFIED[name].parameters.values()])


def near(one: Any, other: Any, close: float) -> bool:
    one, other = numpy.asarray(one), numpy.asarray(other)
    return bool((numpy.abs(one - other) <= close * numpy.abs(other)).all())


@pytest.mark.parametrize("name", PROBLEMS)
def test_errors_correlations_and_bands_are_those_of_curve_fit(name: str) -> None:
    data, by = columns_of(name), peer(name)
    x, y = data["x"], data["y"]
    found = backprop.parse(f"y ~ {MODELS[name]}", data=data).fit(values=CERTIFIED[name].starts[1])
    at, covariance = curve_fit(by.model, x, y, by.start, jac=by.slopes, ftol=1e-15, xtol=1e-15)
    assert near([found.parameters[each] for each in by.names], at, 1e-6)
    order = [found.found.names.index(each) for each in by.names]
    errors = numpy.sqrt(numpy.diagonal(covariance))
    assert near([found.errors[each] for each in by.names], errors, 1e-6)
    mine = found.correlations[numpy.ix_(order, order)]
    assert numpy.abs(mine - covariance / errors / errors[:, None]).max() < 1e-6
    rest = y - by.model(x, *at)
    dof = len(y) - len(at)
    assert near(found.value, rest @ rest, 1e-9)
    assert near(found.found.statistics.reduced, rest @ rest / dof, 1e-9)
    bands = found.predict()
    width = student.ppf(0.975, dof)
    own = numpy.einsum("ni,ij,nj->n", by.slopes(x, *at), covariance, by.slopes(x, *at))
    for sign, curve, rows in ((-1, "curve_low", "data_low"), (1, "curve_high", "data_high")):
        ends = by.model(x, *at) + sign * width * numpy.sqrt(own)
        size = numpy.abs(y).max()
        assert numpy.abs(bands[curve] - ends).max() < 1e-6 * size
        ends = by.model(x, *at) + sign * width * numpy.sqrt(own + rest @ rest / dof)
        assert numpy.abs(bands[rows] - ends).max() < 1e-6 * size


@pytest.mark.parametrize("name", PROBLEMS)
def test_so_they_are_those_of_lmfit_with_its_criteria(name: str) -> None:
    lmfit = pytest.importorskip("lmfit", reason=PEERS)
    data, by = columns_of(name), peer(name)
    x, y = data["x"], data["y"]
    some = lmfit.Parameters()
    for each, number in zip(by.names, by.start, strict=True):
        some.add(each, value=number)

    def numbers(given: Any) -> list[float]:
        return [given[each].value for each in by.names]

    theirs = lmfit.minimize(
        lambda given: by.model(x, *numbers(given)) - y,
        some,
        Dfun=lambda given: by.slopes(x, *numbers(given)),
        ftol=1e-15,
        xtol=1e-15,
    )
    found = backprop.parse(f"y ~ {MODELS[name]}", data=data).fit(values=CERTIFIED[name].starts[1])
    said = next(found.objects())
    assert near(said["value"], theirs.chisqr, 1e-9)
    assert near(said["reduced_chi2"], theirs.redchi, 1e-9)
    assert said["aic"] == pytest.approx(theirs.aic, rel=1e-6, abs=1e-6)
    assert said["bic"] == pytest.approx(theirs.bic, rel=1e-6, abs=1e-6)
    for each in by.names:
        assert near(found.errors[each], theirs.params[each].stderr, 1e-6)


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("name", PROBLEMS)
def test_profiles_end_where_those_of_minos_do(name: str, absolute: bool) -> None:
    """With the errors of the data known where the sum of squares has risen by 1, else by t²·s². MINOS's ends
    are known to a few parts in a thousand of what it looks for."""
    iminuit = pytest.importorskip("iminuit", reason=PEERS)
    data, by = columns_of(name), peer(name)
    x, y = data["x"], data["y"]
    least = CERTIFIED[name].least
    dof = len(y) - len(by.start)
    sigma = sqrt(least / dof) * 0.7 if absolute else 1.0
    options: Any = {"sigma": repr(sigma), "absolute_sigma": True} if absolute else {}
    found = backprop.parse(f"y ~ {MODELS[name]}", data=data).fit(
        values=CERTIFIED[name].starts[1], intervals="profile", level=ONE, **options
    )

    def squares(b: Any) -> float:
        rest = (by.model(x, *b) - y) / sigma
        return float(rest @ rest)

    def slopes(b: Any) -> Any:
        return 2 * by.slopes(x, *b).T @ (by.model(x, *b) - y) / sigma**2

    minuit = iminuit.Minuit(squares, by.start, grad=slopes, name=by.names)
    rise = 1.0 if absolute else student.ppf((1 + ONE) / 2, dof) ** 2 * least / dof
    minuit.errordef, minuit.strategy, minuit.tol = rise, 2, 1e-6
    minuit.migrad()
    minuit.hesse()
    minuit.minos()
    ends = dict(zip(found.found.names, found.found.intervals, strict=True))
    for each in by.names:
        theirs = minuit.merrors[each]
        if theirs.is_valid:
            x_ = found.parameters[each]
            assert near(
                [ends[each].low - x_, ends[each].high - x_], [theirs.lower, theirs.upper], 1e-3
            )
    assert sum(minuit.merrors[each].is_valid for each in by.names) >= len(by.names) / 2


def test_groups_with_a_shared_parameter_are_lmfits_recipe_of_several_datasets() -> None:
    """Five peaks of one width, each with a height and a place of its own."""
    lmfit = pytest.importorskip("lmfit", reason=PEERS)
    chance = numpy.random.default_rng(2021)
    x = numpy.linspace(-1, 2, 151)

    def peak(height: float, place: float, width: float) -> Any:
        return height * numpy.exp(-((x - place) ** 2) / (2 * width**2))

    sets = [
        peak(0.6 + 9.5 * chance.random(), -0.2 + 1.2 * chance.random(), 0.3)
        + chance.normal(size=x.size, scale=0.1)
        for _ in range(5)
    ]
    some = lmfit.Parameters()
    some.add("width", value=0.4)
    for at in range(5):
        some.add(f"height_{at}", value=5.0)
        some.add(f"place_{at}", value=0.4)

    def rest(given: Any) -> Any:
        parts = [
            sets[at] - peak(given[f"height_{at}"], given[f"place_{at}"], given["width"])
            for at in range(5)
        ]
        return numpy.concatenate(parts)

    theirs = lmfit.minimize(rest, some, ftol=1e-15, xtol=1e-15)
    data = {
        "x": numpy.tile(x, 5),
        "y": numpy.concatenate(sets),
        "set": [f"s{at}" for at in range(5) for _ in x],
    }
    text = "y ~ height*exp(-(x - place)^2/(2*width^2)); height = 5; place = 0.4; width = 0.4"
    found = backprop.parse(text, data=data).fit(by="set: height, place")
    assert near(found.value, theirs.chisqr, 1e-9)
    pairs = {"width": "width"}
    for at in range(5):
        pairs |= {f"height[s{at}]": f"height_{at}", f"place[s{at}]": f"place_{at}"}
    for mine, other in pairs.items():
        assert near(found.parameters[mine], theirs.params[other].value, 1e-6)
        assert near(found.errors[mine], theirs.params[other].stderr, 1e-4)  # of its differences


def test_two_statements_that_share_parameters_are_lmfits_simultaneous_fit() -> None:
    lmfit = pytest.importorskip("lmfit", reason=PEERS)
    chance = numpy.random.default_rng(7)
    t = numpy.linspace(0, 5, 80)
    u = 3 * numpy.exp(-0.8 * t) + 0.05 * chance.normal(size=80)
    v = 3 * (1 - numpy.exp(-0.8 * t)) + 0.5 + 0.05 * chance.normal(size=80)
    some = lmfit.Parameters()
    for name, number in (("a", 1.0), ("k", 1.0), ("c", 0.0)):
        some.add(name, value=number)

    def rest(given: Any) -> Any:
        a, k, c = (given[name].value for name in "akc")
        decayed = a * numpy.exp(-k * t)
        return numpy.concatenate([u - decayed, v - (a - decayed + c)])

    theirs = lmfit.minimize(rest, some, ftol=1e-15, xtol=1e-15)
    text = "u ~ a*exp(-k*t); v ~ a*(1 - exp(-k*t)) + c; a = 1; k = 1; c = 0"
    found = backprop.parse(text, data={"t": t, "u": u, "v": v}).fit()
    assert near(found.value, theirs.chisqr, 1e-9)
    for name in "akc":
        assert near(found.parameters[name], theirs.params[name].value, 1e-6)
        assert near(found.errors[name], theirs.params[name].stderr, 1e-4)


@pytest.mark.parametrize("way", ["deviance", "likelihood"])
def test_counts_are_those_of_iminuit(way: str) -> None:
    """Values, errors, and MINOS's ends, of the negative logarithm of Poisson's likelihood."""
    iminuit = pytest.importorskip("iminuit", reason=PEERS)
    chance = numpy.random.default_rng(11)
    x = chance.uniform(-1, 2, 150)
    k = chance.poisson(4 * numpy.exp(-0.7 * x) + 0.6).astype(float)
    data = {"x": x, "k": k}
    start = "a = 2; b = 1; c = 1 in 0.01.."
    if way == "deviance":
        model = backprop.parse(f"k ~ a*exp(-b*x) + c; {start}", data=data)
        found = model.fit(poisson=True, intervals="profile", level=ONE)
    else:
        text = f"m = a*exp(-b*x) + c; L = sum(m - k*log(m)); {start}"
        found = backprop.parse(text, data=data).fit(of="L", intervals="profile", level=ONE)

    def negative(a: float, b: float, c: float) -> float:
        mean = a * numpy.exp(-b * x) + c
        if (mean <= 0).any():
            return 1e9
        return float((mean - k * numpy.log(mean)).sum())

    minuit = iminuit.Minuit(negative, a=4, b=0.7, c=0.6)
    minuit.errordef, minuit.strategy, minuit.tol = 0.5, 2, 1e-6
    minuit.migrad()
    minuit.hesse()
    minuit.minos()
    ends = dict(zip(found.found.names, found.found.intervals, strict=True))
    for name in "abc":
        error = minuit.errors[name]
        assert abs(found.parameters[name] - minuit.values[name]) < 1e-4 * error
        assert near(found.errors[name], error, 1e-3)
        theirs, at = minuit.merrors[name], found.parameters[name]
        assert near([ends[name].low - at, ends[name].high - at], [theirs.lower, theirs.upper], 2e-3)
