"""Derivatives that `diff` has written, read again and computed, beside what `grad` says."""

from __future__ import annotations

import math

import pytest

import backprop as library
from backprop.report.derivative_report import DerivativeReport
from backprop.reports.formulas.formula_text import write
from backprop.reports.style import Style


def compare_families(text: str, numbers: dict[str, float], found: DerivativeReport, of: str) -> int:
    """Every derivative by a member, written and read again, with what `grad` says."""
    whole, result = library.parse(write(found, Style())), library.parse(text).grad(numbers, of=of)
    families = {
        each.wrt[0].partition("[")[0]: each.name.partition("[")[0] for each in found.equations
    }
    known = {name: number for name, number in numbers.items() if name in whole.inputs}
    labels = {}
    for name, wanted in result.gradients.items():
        family, bracket, rest = name.partition("[")
        label = f"{families.get(family, '')}{bracket}{rest}"
        if label in whole.names and math.isfinite(wanted):
            labels[label] = wanted
    computed = [label for label in labels if whole.is_equation(label)]
    compared = 0
    for label in computed:
        own = whole.grad(known, of=label)
        slack = 1 + sum(abs(slope * own.data[name]) for name, slope in own.gradients.items()) / max(
            abs(own.value), 1e-300
        )
        wanted = labels[label]
        assert own.value == pytest.approx(wanted, rel=min(1e-6, 4e-15 * slack), abs=1e-13), label
        compared += 1
    for label in labels.keys() - set(computed):
        assert whole.default(label) == pytest.approx(labels[label])
    return compared
