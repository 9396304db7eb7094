"""L-BFGS, BFGS, conjugate gradients and their line search: against formulas of textbooks, the six functions of
Moré and Thuente, and scipy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from math import cos, inf, pi, sin, sqrt
from random import Random
from typing import Any

import numpy
import pytest
from scipy import optimize

import backprop
from backprop.descent import line_search
from backprop.descent.conjugate import Conjugate
from backprop.descent.course import Run, Stop
from backprop.descent.limited_memory import LimitedMemory
from backprop.descent.line_method import Directions, LineMethod
from backprop.descent.line_search import LineSearch
from backprop.descent.objective import GraphObjective
from backprop.descent.problem import Problem
from backprop.descent.quasi_newton import InverseHessian
from backprop.descent.vectors import Change
from backprop.descent.walls import Walls
from backprop.descent_options import complete
from backprop.evaluation.gradient import evaluate
from standard_functions import STANDARD_FUNCTIONS

Line = Callable[[float], tuple[float, float]]


def _first(a: float, b: float = 2) -> tuple[float, float]:
    """Function (5.1)."""
    return -a / (a**2 + b), (a**2 - b) / (a**2 + b) ** 2


def _second(a: float, b: float = 0.004) -> tuple[float, float]:
    """Function (5.2)."""
    return (a + b) ** 5 - 2 * (a + b) ** 4, 5 * (a + b) ** 4 - 8 * (a + b) ** 3


def _third(a: float, b: float = 0.01, waves: int = 39) -> tuple[float, float]:
    """Function (5.3)."""
    if a <= 1 - b:
        base, slope = 1 - a, -1.0
    elif a >= 1 + b:
        base, slope = a - 1, 1.0
    else:
        base, slope = (a - 1) ** 2 / (2 * b) + b / 2, (a - 1) / b
    more = 2 * (1 - b) / (waves * pi) * sin(waves * pi / 2 * a)
    return base + more, slope + (1 - b) * cos(waves * pi / 2 * a)


def _yanai(b: float, c: float) -> Line:
    """Function (5.4)."""
    g, h = sqrt(1 + b**2) - b, sqrt(1 + c**2) - c

    def line(a: float) -> tuple[float, float]:
        one, two = sqrt((1 - a) ** 2 + c**2), sqrt(a**2 + b**2)
        return g * one + h * two, -g * (1 - a) / one + h * a / two

    return line


LINES: list[Line] = [_first, _second, _third, _yanai(0.001, 0.001), _yanai(0.01, 0.001), _yanai(0.001, 0.01)]  # fmt: skip


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("first", [1e-3, 1e-1, 1e1, 1e3])
def test_both_conditions_of_wolfe_hold_after_few_trials(
    at: int, first: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the paper's first steps; it needs 1 to 16 trials for conditions of its own. The interval is
    narrowed until they hold."""
    monkeypatch.setattr(line_search, "_NARROW", 1e-10)
    value, slope = LINES[at](0.0)
    search = LineSearch(value, slope, first)
    for _ in range(20):
        step = search.step
        there = LINES[at](step)
        if not search.tried(*there):
            break
    assert search.good
    assert there[0] <= value + 1e-3 * step * slope
    assert abs(there[1]) <= -0.9 * slope


def test_a_line_without_end_is_followed_far_and_a_wall_turned_back_from() -> None:
    search, trials = LineSearch(0.0, -1.0, 1.0), 1
    while search.tried(-search.step, -1.0):
        trials += 1
    assert search.step >= 1e10
    assert trials < 25
    search = LineSearch(0.0, -1.0, 1.0)
    while search.tried(*((inf, inf) if search.step > 0.01 else (-search.step, -1.0))):
        assert search.step < 1
    assert search.step < 0.02


def run_of(text: str, count: int) -> Run:
    model = backprop.parse(text)
    names = [f"x[{at}]" for at in range(1, count + 1)]
    objective = GraphObjective(model, evaluate(model, {}, "L"), names, {})
    return Run(Problem(objective, {}), complete({"steps": 6, "until_grad": 0.0}))


@pytest.mark.parametrize("count", [7, 60])
def test_the_direction_is_that_of_the_whole_matrix(count: int) -> None:
    """Nocedal and Wright (6.17), from the multiple of the unit matrix (7.20), with all steps remembered."""
    run = run_of(
        "L = sum((x[i] - 1/i)^2*i + exp(x[i]/3) for i in 1..n) + sum(sin(x[i])*x[i+1] for i in 1..n-1)"
        f"; x[i] ~ uniform(-1, 1) for i in 1..n; n = {count}",
        count,
    )
    memory = LimitedMemory(count, 20)
    with pytest.raises(Stop):
        LineMethod(run, Walls(run), memory).descend()
    pairs = [(numpy.array(s), numpy.array(y)) for s, y, *_ in memory.changes]
    assert len(pairs) == 6
    step, change = pairs[-1]
    inverse = by_the_formula(pairs, (step @ change) / (change @ change))
    random = Random(0)
    gradient = numpy.array([random.gauss(0, 1) for _ in range(count)])
    found = memory.direction(gradient.tolist() if count == 7 else gradient)
    assert numpy.array(found) == pytest.approx(-inverse @ gradient, rel=1e-9, abs=1e-12)


def by_the_formula(pairs: list[Any], multiple: float) -> Any:
    """Nocedal and Wright (6.17), from a multiple of the unit matrix."""
    inverse = numpy.identity(len(pairs[0][0])) * multiple
    for step, change in pairs:
        left = numpy.identity(len(step)) - numpy.outer(step, change) / (step @ change)
        inverse = left @ inverse @ left.T + numpy.outer(step, step) / (step @ change)
    return inverse


def changes(count: int) -> list[Any]:
    """Random steps, and how the gradient of a parabola changes with them."""
    chance = numpy.random.default_rng(3)
    root = chance.standard_normal((count, count))
    steps = chance.standard_normal((4, count))
    return [(step, root @ (root.T @ step)) for step in steps]


def learn(memory: Directions, pairs: list[Any]) -> None:
    for step, change in pairs:
        memory.learn(
            Change(
                memory.of.numbers(step.tolist()),
                memory.of.numbers(change.tolist()),
                step @ change,
                -1.0,
            )
        )


def test_bfgs_keeps_the_whole_matrix() -> None:
    """What is held does not move, and the others go where they would if it were no parameter at all."""
    pairs, memory = changes(6), InverseHessian()
    learn(memory, pairs)
    step, change = pairs[0]
    inverse = by_the_formula(pairs, (step @ change) / (change @ change))
    assert memory.matrix == pytest.approx(inverse, rel=1e-9)
    gradient = numpy.array([1.0, -2.0, 0.0, 0.5, 0.0, 3.0])
    assert memory.direction(gradient) == pytest.approx(-inverse @ gradient, rel=1e-9)
    held, free = [2, 4], [0, 1, 3, 5]
    found = memory.direction(gradient, held)
    bends = numpy.linalg.inv(inverse)[numpy.ix_(free, free)]
    assert found[free] == pytest.approx(-numpy.linalg.solve(bends, gradient[free]), rel=1e-6)
    assert found[held] == pytest.approx(0, abs=1e-9)
    memory.forget()
    assert memory.direction(gradient) == pytest.approx(-gradient)


def test_conjugate_gradients_solve_a_parabola_in_as_many_steps_as_it_has_inputs() -> None:
    """Where lines are searched exactly, as here by the parabola itself: Hestenes and Stiefel, 1952."""
    chance = numpy.random.default_rng(5)
    root = chance.standard_normal((5, 5))
    bends, memory, x = root @ root.T, Conjugate(5), chance.standard_normal(5)
    for _ in range(5):
        gradient = bends @ x
        way = numpy.array(memory.direction(gradient.tolist()))
        step = -(gradient @ way) / (way @ bends @ way) * way
        change = bends @ step
        memory.learn(Change(step.tolist(), change.tolist(), step @ change, step @ gradient))
        x = x + step
    assert x == pytest.approx(numpy.zeros(5), abs=1e-8)
    assert memory.first(-2.0) == pytest.approx(step @ gradient / -2.0)


@pytest.mark.parametrize("optimizer", ["lbfgs", "bfgs", "cg", "newton"])
def test_bounds_hold_for_all_that_search(optimizer: str) -> None:
    """The lowest point by scipy's method for bounds, with four of ten inputs held."""
    text = (
        "L = sum((x[i] - i/3)^2*i for i in 1..10) + sum(x[i]*x[i+1] for i in 1..9) + exp(x[1]/5)"
        "; x[i] = 1 in 0.5..2 for i in 1..10"
    )
    found = backprop.parse(text).descend(optimizer=optimizer)
    program = backprop.compile(backprop.parse(text))
    other = optimize.minimize(
        lambda x: program(x), numpy.ones(10), jac=True, bounds=[(0.5, 2)] * 10, tol=1e-12
    )
    assert found.stopped == "minimum at bounds", found.reason
    assert list(found.parameters.values()) == pytest.approx(other.x.tolist(), abs=1e-5)
    assert found.value == pytest.approx(other.fun, rel=1e-9)


def test_it_takes_no_more_evaluations_than_scipy_and_ends_as_low() -> None:
    """On the standard functions, to the same gradient norm, with as many steps remembered."""
    ours = theirs = compared = 0
    for function in STANDARD_FUNCTIONS:
        model = backprop.parse(function.equations)
        own = model.descend(function.start, optimizer="lbfgs", until_grad=1e-8)
        program = backprop.compile(model)
        start = [function.start[name] for name in program.inputs]
        options = {"maxcor": 10, "ftol": 0, "gtol": 1e-8, "maxiter": 1000, "maxfun": 10**5}

        def walled(x: Any, program: Any = program) -> Any:
            try:
                return program(x)
            except backprop.BackpropError:
                return 1e300, numpy.zeros(len(x))

        other = optimize.minimize(walled, start, jac=True, method="L-BFGS-B", options=options)
        if other.fun == pytest.approx(own.value, rel=1e-5, abs=1e-10):
            compared += 1
            ours, theirs = ours + own.evaluations, theirs + other.nfev
        assert own.converged, function.name
    assert compared > 30
    assert ours <= 1.1 * theirs


def test_the_method_of_few_parameters_is_that_of_many() -> None:
    """A parameter without a say makes 51 of 50: arrays compute what lists did."""
    text = "L = sum((x[i] - i/20)^4 + (x[i] - x[i+1])^2 for i in 1..48) + x[50]^2; x[i] = 1 for i in 1..50"
    few = backprop.parse(text).descend(optimizer="lbfgs", steps=40)
    many = backprop.parse(f"{text}; L2 = L + 0*y; y = 3").descend(
        of="L2", optimizer="lbfgs", steps=40
    )
    assert few.steps == many.steps == 40
    assert many.values[:15] == pytest.approx(few.values[:15], rel=1e-9)
    assert many.value == pytest.approx(few.value, rel=1e-3)


def test_nothing_heavy_is_imported_for_a_given_step_size() -> None:
    """For a given step size; only a verdict on the end asks for arrays."""
    code = (
        "import sys, backprop\n"
        "found = backprop.parse('L = (1 - x)^2 + 100*(y - x^2)^2; x = -1; y = 1').descend(lr=0.001, steps=5)\n"
        "assert found.stopped == 'steps'\n"
        "print([name for name in ('numpy', 'scipy') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
