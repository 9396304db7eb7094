r"""A report as a LaTeX `tabular`, equations and derivatives in math mode. For documents with amsmath."""

from __future__ import annotations

from backprop.language import formula
from backprop.language.notation import latex, latex_name, latex_number
from backprop.report import GradientReport
from backprop.reports.numbers import Style, shown


def gradient(report: GradientReport, style: Style) -> str:
    """Columns name, equation, value and one derivative for each output."""
    outputs = [latex_name(result.output) for result in report.results]
    grads = [rf"$\partial {name}/\partial\,\cdot$" for name in outputs]
    lines = [
        rf"\begin{{tabular}}{{llr{'r' * len(grads)}}}",
        r"\hline",
        " & ".join(["name", "equation", "value", *grads]) + r" \\",
        r"\hline",
    ]
    for row in report.rows:
        name = latex_name(row.name)
        equation = f"${name} = {latex(formula(row.equation))}$" if row.equation else ""
        numbers = [shown(number, style.digits) for number in (row.data, *row.gradients)]
        cells = [
            f"${name}$",
            equation,
            *(f"${latex_number(text)}$" if text else "" for text in numbers),
        ]
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\hline", r"\end{tabular}"]) + "\n"
