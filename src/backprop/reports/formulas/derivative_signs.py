"""How derivatives are written: `∂L/∂a`, `d²y/dx²`, and in LaTeX."""

from __future__ import annotations

from itertools import groupby

from backprop.report.derivative_report import DerivativeEquation, DerivativeReport
from backprop.syntax.latex_names import Naming

_SMALL = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def sign(found: DerivativeReport, each: DerivativeEquation) -> str:
    """`∂L/∂a`, `∂²L/∂a∂b`; with one input `dy/dx`."""
    d, order = "∂" if found.several else "d", _raised(each.order)
    below = "".join(f"{d}{name}{_raised(len([*same]))}" for name, same in groupby(each.wrt))
    return f"{d}{order}{each.of}/{below}"


def _raised(number: int) -> str:
    return "" if number == 1 else str(number).translate(_SMALL)


def latex_sign(found: DerivativeReport, each: DerivativeEquation, naming: Naming) -> str:
    d = r"\partial " if found.several else "d"
    below = r"\,".join(
        f"{d}{naming.name(name)}{_power(len([*same]))}" for name, same in groupby(each.wrt)
    )
    above = f"{d.strip()}{_power(each.order)}"
    above += " " if above.endswith("l") else ""
    return rf"\frac{{{above}{naming.name(each.of)}}}{{{below}}}"


def _power(number: int) -> str:
    return "" if number == 1 else f"^{{{number}}}"
