"""Derivatives as JSON."""

import json

from backprop.report import SCHEMA
from backprop.report.derivative_report import DerivativeReport
from backprop.reports.style import Style


def write(found: DerivativeReport, style: Style) -> str:
    """One object on a line: the equations, operands first, and of each which derivative it is."""
    asked = {*found.asked}
    said = {
        "schema": SCHEMA,
        "outputs": [*found.outputs],
        "shape": found.shape,
        "given": [*found.given],
        "equations": [
            {
                "name": each.name,
                "formula": each.text,
                **({"for": each.behind} if each.behind else {}),
                "of": each.of or None,
                "wrt": [*each.wrt],
                "order": each.order,
                "asked": each.name in asked,
            }
            for each in found.equations
        ],
    }
    return json.dumps(said, ensure_ascii=False) + "\n"
