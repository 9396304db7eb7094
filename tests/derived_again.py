"""Derivatives that `diff` has written, read again and computed, beside what `grad` says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from itertools import product
from sys import float_info
from typing import Any

import pytest

import backprop as library
from backprop.graph import Graph, in_order
from backprop.language import Model
from backprop.report.derivative_report import DerivativeReport
from backprop.reports.formulas.formula_text import write
from backprop.reports.style import Style
from backprop.values import derivatives, forward, summed_sizes
from truth import mp, truth

EPSILON, TINY = float_info.epsilon, float_info.min


def compare_families(text: str, numbers: dict[str, float], found: DerivativeReport, of: str) -> int:
    """Every derivative that is asked for, by members too, written and read again, with what `grad` says."""
    whole, result = library.parse(write(found, Style())), library.parse(text).grad(numbers, of=of)
    families = {
        each.wrt[0].partition("[")[0]: each.name.partition("[")[0]
        for each in found.equations
        if each.name in found.asked  # what intermediates are worth is in these
    }
    known = {name: number for name, number in numbers.items() if name in whole.inputs}
    labels, named = dict[str, float](), dict[str, str]()
    for name, wanted in result.gradients.items():
        family, bracket, rest = name.partition("[")
        label = f"{families.get(family, '')}{bracket}{rest}"
        if label in whole.names and math.isfinite(wanted):
            labels[label] = wanted
            named[label] = name
    computed = [label for label in labels if whole.is_equation(label)]
    data = whole.grad(known, of=computed[0]).data if computed else {}
    for label, wanted in labels.items():
        if label not in computed:
            assert whole.default(label) == pytest.approx(wanted, rel=1e-15)
        elif data[label] != pytest.approx(wanted, rel=4 * EPSILON, abs=0):
            own, name = whole.grad(known, of=label), named[label]
            place = text, numbers, of, name
            assert_same(
                own, wanted, label, partial(true_slope, *place), partial(size_of_terms, *place)
            )
    return len(labels)


def compare_second(
    text: str, numbers: Mapping[str, float], found: DerivativeReport, of: str
) -> int:
    """Every second derivative that is asked for, of members too, written and read again, with `hessian`:
    to 1e-12 times one and its condition, which is that of its sums where they cancel."""
    whole, hessian = library.parse(write(found, Style())), library.parse(text).hessian(numbers, of=of)  # fmt: skip
    families = {
        tuple(each.partition("[")[0] for each in equation.wrt): equation.name.partition("[")[0]
        for equation in found.equations
        if equation.name in found.asked
    }
    known = {name: number for name, number in numbers.items() if name in whole.inputs}
    wanted = dict[str, float]()
    for (one, row), (other, column) in product(enumerate(hessian.inputs), repeat=2):
        parts = [row.partition("["), column.partition("[")]
        label = families.get((parts[0][0], parts[1][0]))
        indices = ",".join(rest[:-1] for _, _, rest in parts if rest)
        if label is not None and math.isfinite(hessian.matrix[one][other]):
            wanted[f"{label}[{indices}]" if indices else label] = hessian.matrix[one][other]
    computed = [name for name in wanted if whole.is_equation(name)]
    data = whole.grad(known, of=computed[0]).data if computed else {}
    for name, right in wanted.items():
        value = data[name] if name in data else whole.default(name)
        if abs(value - right) > 1e-12 * abs(right) + TINY:
            own = whole.grad(known, of=name)
            moved = sum(abs(s * own.data[each]) for each, s in own.gradients.items() if s)
            if abs(value - right) > 1e-12 * (abs(right) + moved):
                moved += size_of_sums(write(found, Style()), known, name)
            assert abs(value - right) <= 1e-12 * (abs(right) + moved), (name, value, right)
    return len(wanted)


def assert_same(
    own: library.Gradient | float,
    wanted: float,
    said: str,
    true: Callable[[], float],
    terms: Callable[[], float] = lambda: 0.0,
) -> None:
    """That a derivative which was read again is what `grad` says, to 4 units times one and its condition:
    how far it moves per relative change of its inputs and named steps; where terms cancel, of these too.

    terms: how large the terms are of which the chain rule adds up the derivative, each of which is rounded,
    by `grad` or in the formula. Where they cancel, no input moves what is left of that: the condition of a
    sum is that of its terms (N. J. Higham, The accuracy of floating point summation, SIAM Journal on
    Scientific Computing 14 (1993) 783-799). true: what both are compared with, too, in that case.
    """
    value, moved = own if isinstance(own, float) else own.value, 0.0
    if abs(value - wanted) <= 4 * EPSILON * abs(wanted):
        return  # whatever its condition is, which may have no value itself
    if not isinstance(own, float):  # a step that does not count may have no value
        moved = sum(abs(s * own.data[name]) for name, s in own.gradients.items() if s)
    if abs(value - wanted) <= 4 * EPSILON * (abs(wanted) + moved) + TINY:
        return
    slack = 4 * EPSILON * (abs(wanted) + moved + terms()) + TINY
    assert abs(value - wanted) <= slack, f"{said}: grad has {wanted}, the formula {value}"
    right = true()
    assert value == pytest.approx(right, rel=0, abs=slack), f"{said}: the formula has {value}"
    assert wanted == pytest.approx(right, rel=0, abs=slack), f"{said}: grad has {wanted}"


def size_of_terms(text: str, numbers: Mapping[str, float], of: str, by: str) -> float:
    """The sizes of the terms of a derivative, one for each way from the output to a name, added up."""
    model, data, graph = _at(text, numbers, of)
    return summed_sizes(graph, data)[model.names[by]]


def size_of_sums(text: str, numbers: Mapping[str, float], of: str) -> float:
    """How far the terms of all sums in an output's formula, each of which is rounded, move it per unit of
    their last places: `condition` of these sums."""
    _, data, graph = _at(text, numbers, of)
    moves = derivatives(graph, data)
    return sum(
        abs(data[term] * moves[step])
        for step in graph.steps
        if graph.op(step) in ("+", "-")
        for term in graph.operands(step)
    )


def _at(text: str, numbers: Mapping[str, float], of: str) -> tuple[Model, list[float], Graph]:
    """A text, the values of all its steps at a point, and those that lead to an output."""
    model = library.parse(text)
    graph, data = model.graph(of), model.columns.start()
    known = model.grad(numbers, of=of).data
    for name in known.keys() & {*model.inputs, *model.fixed}:
        data[model.names[name]] = known[name]
    forward(graph, graph.steps, data)
    return model, data, graph


@lru_cache(maxsize=64)  # a text's derivatives are asked for one after the other
def _unrolled(text: str, numbers: tuple[tuple[str, float], ...], of: str) -> tuple[Any, Any]:
    """The steps that lead to an output, operands first, and the numbers that doubles have for its names."""
    model = library.parse(text)
    steps = in_order([model.values[of]], lambda each: each.prev)
    return steps, library.parse(text).grad(dict(numbers), of=of).data


def true_slope(text: str, numbers: Mapping[str, float], of: str, by: str) -> float:
    """A derivative of unrolled equations by mpmath: a difference quotient of 600 bits of their values."""
    steps, doubles = _unrolled(text, tuple(numbers.items()), of)

    def at(moved: Any) -> Any:
        found: dict[int, Any] = {}
        for each in steps:
            if each.prev:
                found[id(each)] = truth(each.op)(*(found[id(one)] for one in each.prev))
            else:
                found[id(each)] = mp.mpf(doubles.get(each.label, each.data))
            if each.label == by:
                found[id(each)] += moved
        return found[id(steps[-1])]

    with mp.workprec(600):
        step = mp.mpf(2) ** -200
        return float((at(step) - at(-step)) / (2 * step))
