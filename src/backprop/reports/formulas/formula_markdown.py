"""Derivatives as Markdown with mathematics between dollar signs."""

from backprop.report.derivative_report import DerivativeReport
from backprop.reports.formulas.formula_latex import sides
from backprop.reports.style import Style


def write(found: DerivativeReport, style: Style) -> str:
    """A list, an item an equation."""
    return "".join(f"- ${left} = {right}$\n" for left, right in sides(found))
