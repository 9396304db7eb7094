"""How derivatives are written: `∂L/∂a`, `d²y/dx²`, and in LaTeX."""

from __future__ import annotations

from itertools import groupby

from backprop.report.derivative_report import DerivativeEquation, DerivativeReport
from backprop.syntax.latex_names import Naming

_SMALL = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def sign(found: DerivativeReport, each: DerivativeEquation) -> str:
    """`∂L/∂a`, `∂²L/∂a∂b`; with one input `dy/dx`; by a derivative `∂L/∂(∂s[i]/∂w)`."""
    d, order = "∂" if found.several else "d", _raised(each.order)

    def called(name: str) -> str:
        inner = found.derivative(name)
        return name if inner is None else f"({sign(found, inner)})"

    below = "".join(f"{d}{called(name)}{_raised(len([*same]))}" for name, same in groupby(each.wrt))
    return f"{d}{order}{called(each.of)}/{below}"


def _raised(number: int) -> str:
    return "" if number == 1 else str(number).translate(_SMALL)


def latex_sign(found: DerivativeReport, each: DerivativeEquation, naming: Naming) -> str:
    d = r"\partial " if found.several else "d"

    def called(name: str) -> str:
        inner = found.derivative(name)
        whole = rf"\left({latex_sign(found, inner, naming)}\right)" if inner is not None else ""
        return whole or naming.name(name)

    below = r"\,".join(
        f"{d}{called(name)}{_power(len([*same]))}" for name, same in groupby(each.wrt)
    )
    above = f"{d.strip()}{_power(each.order)}"
    above += " " if above.endswith("l") else ""
    return rf"\frac{{{above}{called(each.of)}}}{{{below}}}"


def _power(number: int) -> str:
    return "" if number == 1 else f"^{{{number}}}"
