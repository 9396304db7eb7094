"""Lines of mathematics as plain text and as LaTeX."""

from __future__ import annotations

from backprop.numbers import printed, shown
from backprop.operations import COMPARISON, OPERATIONS, SIGN, SUM
from backprop.reports.explain.document import (
    Blank,
    Formula,
    Line,
    Name,
    Number,
    Part,
    Partial,
)
from backprop.syntax.latex import latex as latex_formula
from backprop.syntax.latex import latex_name, latex_number
from backprop.syntax.notation import typographic
from backprop.syntax.parser import formula

DIGITS = 6
"""Significant digits unless --digits says otherwise: what a person compares with a calculation."""

_BLANK = "____"


def text(line: Line, digits: int | None) -> str:
    """A line as plain text: `∂L/∂a = ∂L/∂e · b = −2 · (−3) = 6`."""
    lead = f"{line.lead} " if line.lead else ""
    if line.lead_part is not None:
        lead += _text(line.lead_part, digits, False)
    lead = f"{lead.strip()}: " if lead else ""
    return lead + " = ".join(_text(part, digits, False) for part in line.parts)


def _text(part: Part, digits: int | None, inside: bool) -> str:
    """inside: behind a sign, where what is negative needs brackets."""
    if isinstance(part, Partial):
        return f"∂{part.of}/∂{part.by}"
    if isinstance(part, Name):
        return part.text
    if isinstance(part, Blank):
        return _BLANK
    if isinstance(part, Number):
        found = printed(part.value, digits or DIGITS)
        return f"({found})" if inside and found[0] == "−" else found
    if isinstance(part, Formula):
        names = {
            name: printed(value, digits or DIGITS) for name, value in (part.numbers or {}).items()
        }
        found = typographic(formula(part.text), names)
        return f"({found})" if _is_loose(part.text, inside) else found
    gap = " · " if part.sign == "*" else " + "
    return gap.join(_text(each, digits, at > 0) for at, each in enumerate(part.parts))


def latex(line: Line, digits: int | None) -> str:
    """A line in LaTeX's math mode, without its lead."""
    return " = ".join(_latex(part, digits, False) for part in line.parts)


def latex_part(part: Part) -> str:
    """One part in LaTeX's math mode."""
    return _latex(part, None, False)


def _latex(part: Part, digits: int | None, inside: bool) -> str:
    if isinstance(part, Partial):
        return rf"\frac{{\partial {latex_name(part.of)}}}{{\partial {latex_name(part.by)}}}"
    if isinstance(part, Name):
        return latex_name(part.text)
    if isinstance(part, Blank):
        return r"\underline{\hspace{3em}}"
    if isinstance(part, Number):
        found = latex_number(shown(part.value, digits or DIGITS))
        return rf"\left({found}\right)" if inside and found[0] == "-" else found
    if isinstance(part, Formula):
        names = {
            name: latex_number(shown(value, digits or DIGITS))
            for name, value in (part.numbers or {}).items()
        }
        found = latex_formula(formula(part.text), names)
        return rf"\left({found}\right)" if _is_loose(part.text, inside) else found
    gap = r" \cdot " if part.sign == "*" else " + "
    return gap.join(_latex(each, digits, at > 0) for at, each in enumerate(part.parts))


def _is_loose(text: str, inside: bool) -> bool:
    """Whether a formula needs brackets: as a factor a sum, a difference, something negative; between
    equality signs a comparison or a condition."""
    root = formula(text).shape.nodes[-1]
    if not root.operation or root.operation == "if":
        return False
    return OPERATIONS[root.operation].binding in ((SUM, SIGN) if inside else ()) or (
        OPERATIONS[root.operation].binding <= COMPARISON
    )
