r"""Derivatives as LaTeX: the lines of an `align*`."""

from __future__ import annotations

from collections.abc import Iterator

from backprop.report.derivative_report import DerivativeEquation, DerivativeReport
from backprop.reports.formulas.derivative_signs import latex_sign
from backprop.reports.formulas.latex_lines import WIDEST, lines, width
from backprop.reports.style import Style
from backprop.syntax.latex import latex, latex_clauses
from backprop.syntax.latex_names import Naming
from backprop.syntax.latex_products import as_printed
from backprop.syntax.notation import names_in
from backprop.syntax.parser import formula


def write(found: DerivativeReport, style: Style) -> str:
    """A fragment that needs amsmath."""
    rows, parts = list[str](), [*_parts(found)]
    widest = max(width(left) for left, _, _ in parts)
    for left, right, behind in parts:
        own = lines(right, widest)
        if behind and width(own[-1] + behind) + widest > WIDEST + _BESIDE:
            own.append(behind.lstrip())
        else:
            own[-1] += behind
        rows.append(f"{left} &= " + " \\\\\n&\\quad ".join(own))
    return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}\n"


_BESIDE = 4
"""Letters more are on a line that ends with ranges."""


def sides(found: DerivativeReport) -> Iterator[tuple[str, str]]:
    """The left and the right side of every equation, in math mode."""
    for left, right, behind in _parts(found):
        yield left, right + behind


def _parts(found: DerivativeReport) -> Iterator[tuple[str, str, str]]:
    """The left and the right side of every equation, and for which indices it is."""
    statements = [formula(each.text) for each in found.equations]
    names = {*found.outputs, *(name for each in found.equations for name in each.wrt)}
    for statement in statements:
        names |= names_in(statement)
    derivatives: dict[str, DerivativeEquation] = {}
    waiting = [*names]
    while waiting:  # of a derivative by a derivative, what that is of and by
        name = waiting.pop()
        made = found.derivative(name)
        if made is not None and name not in derivatives:
            derivatives[name] = made
            inner = {made.of, *made.wrt} - names
            names |= inner
            waiting += inner
    naming = Naming(sorted(names - derivatives.keys()))
    signs = {name: latex_sign(found, each, naming) for name, each in derivatives.items()}
    for each, statement in zip(found.equations, statements, strict=True):
        left = latex_sign(found, each, naming) if each.of else naming.name(each.name)
        behind = rf" \quad {latex_clauses(each.behind, naming)}" if each.behind else ""
        yield left, as_printed(latex(statement, signs, naming)), behind
