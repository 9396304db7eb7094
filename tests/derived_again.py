"""Derivatives that `diff` has written, read again and computed, beside what `grad` says."""

from __future__ import annotations

import math
from sys import float_info

import pytest

import backprop as library
from backprop.report.derivative_report import DerivativeReport
from backprop.reports.formulas.formula_text import write
from backprop.reports.style import Style

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
    labels = {}
    for name, wanted in result.gradients.items():
        family, bracket, rest = name.partition("[")
        label = f"{families.get(family, '')}{bracket}{rest}"
        if label in whole.names and math.isfinite(wanted):
            labels[label] = wanted
    computed = [label for label in labels if whole.is_equation(label)]
    data = whole.grad(known, of=computed[0]).data if computed else {}
    for label, wanted in labels.items():
        if label not in computed:
            assert whole.default(label) == pytest.approx(wanted, rel=1e-15)
        elif data[label] != pytest.approx(wanted, rel=4 * EPSILON, abs=0):
            assert_same(whole.grad(known, of=label), wanted, label)
    return len(labels)


def assert_same(own: library.Gradient, wanted: float, said: str) -> None:
    """That a derivative which was read again is what `grad` says, to 4 units times one and its condition:
    how far it moves per relative change of its inputs and named steps."""
    moved = sum(abs(slope * own.data[name]) for name, slope in own.gradients.items())
    slack = 4 * EPSILON * (abs(wanted) + moved)
    assert own.value == pytest.approx(wanted, rel=0, abs=slack + TINY), said
