"""The certified fits of NIST's Statistical Reference Datasets, as equations.

The data lie in the installed package `refnx`: a file for each problem, with two starts, the certified
parameters and the certified sum of squares (https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml). The
formulas are those of the files, in our language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

_GAUSS = "b1*exp(-b2*x) + b3*exp(-(x - b4)^2/b5^2) + b6*exp(-(x - b7)^2/b8^2)"
_CUBICS = "(b1 + b2*x + b3*x^2 + b4*x^3)/(1 + b5*x + b6*x^2 + b7*x^3)"
_DECAYS = "b1*exp(-b2*x) + b3*exp(-b4*x) + b5*exp(-b6*x)"
_YEARS = "b1 + b2*cos(2*pi*x/12) + b3*sin(2*pi*x/12)"

MODELS = {
    "Bennett5": "b1*(b2 + x)^(-1/b3)",
    "BoxBOD": "b1*(1 - exp(-b2*x))",
    "Chwirut1": "exp(-b1*x)/(b2 + b3*x)",
    "Chwirut2": "exp(-b1*x)/(b2 + b3*x)",
    "DanWood": "b1*x^b2",
    "ENSO": _YEARS + "".join(f" + b{n + 1}*cos(2*pi*x/b{n}) + b{n + 2}*sin(2*pi*x/b{n})" for n in (4, 7)),
    "Eckerle4": "b1/b2*exp(-0.5*((x - b3)/b2)^2)",
    "Gauss1": _GAUSS,
    "Gauss2": _GAUSS,
    "Gauss3": _GAUSS,
    "Hahn1": _CUBICS,
    "Kirby2": "(b1 + b2*x + b3*x^2)/(1 + b4*x + b5*x^2)",
    "Lanczos1": _DECAYS,
    "Lanczos2": _DECAYS,
    "Lanczos3": _DECAYS,
    "MGH09": "b1*(x^2 + x*b2)/(x^2 + x*b3 + b4)",
    "MGH10": "b1*exp(b2/(x + b3))",
    "MGH17": "b1 + b2*exp(-x*b4) + b3*exp(-x*b5)",
    "Misra1a": "b1*(1 - exp(-b2*x))",
    "Misra1b": "b1*(1 - (1 + b2*x/2)^(-2))",
    "Misra1c": "b1*(1 - (1 + 2*b2*x)^(-0.5))",
    "Misra1d": "b1*b2*x*(1 + b2*x)^(-1)",
    "Nelson": "b1 - b2*x*exp(-b3*z)",
    "Rat42": "b1/(1 + exp(b2 - b3*x))",
    "Rat43": "b1/(1 + exp(b2 - b3*x))^(1/b4)",
    "Roszman1": "b1 - b2*x - atan(b3/(x - b4))/pi",
    "Thurber": _CUBICS,
}  # fmt: skip
"""The right side of each problem, in its parameters and the columns x and z; Nelson's is of log(y)."""


class CertifiedFit(NamedTuple):
    """A problem: its equations, whose output is `L`; the two starts; the certified parameters and sum of
    squares."""

    name: str
    equations: str
    starts: tuple[dict[str, float], dict[str, float]]
    parameters: dict[str, float]
    least: float


def certified_fits() -> Iterator[CertifiedFit]:
    """All of them, by name."""
    folder = files("refnx").joinpath("analysis", "tests", "NIST_STRD")
    for name, model in MODELS.items():
        yield _read(name, model, folder.joinpath(f"{name}.dat").read_text("utf-8"))


def _read(name: str, model: str, text: str) -> CertifiedFit:
    lines = text.splitlines()

    def section(title: str) -> list[str]:
        found = re.search(rf"{title}\s+\(lines\s+(\d+)\s+to\s+(\d+)\)", text)
        assert found, (name, title)
        return lines[int(found[1]) - 1 : int(found[2])]

    columns: list[list[float]] = [[], [], []]
    for line in section("Starting Values"):
        for column, number in zip(columns, line.partition("=")[2].split()[:3], strict=True):
            column.append(float(number))
    first, second, certified = (
        {f"b{at}": number for at, number in enumerate(column, 1)} for column in columns
    )
    least = re.search(r"Residual Sum of Squares:\s+(\S+)", text)
    assert least, name
    rows = [[float(cell) for cell in line.split()] for line in section("Data") if line.strip()]
    data = [
        f"const {column}[{at}] = {number!r}"
        for column, numbers in zip("yxz", zip(*rows, strict=True), strict=False)
        for at, number in enumerate(numbers, 1)
    ]
    left = "log(y[i])" if name == "Nelson" else "y[i]"
    right = re.sub(r"\b([xz])\b", r"\1[i]", model)
    equation = f"L = sum(({left} - ({right}))^2 for i in 1..{len(rows)})"
    return CertifiedFit(
        name, "\n".join([*data, equation]), (first, second), certified, float(least[1])
    )
