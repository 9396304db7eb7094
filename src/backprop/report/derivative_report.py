"""What `backprop diff` has to say: equations for derivatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from backprop.errors import BackpropError


class Equation(NamedTuple):
    """An equation for a derivative, or for what such equations need.

    name: what it is called in an equation file. text: its right side. of, wrt: which derivative it is;
    "" and none for an equation of the file itself.
    """

    name: str
    text: str
    of: str = ""
    wrt: tuple[str, ...] = ()

    @property
    def order(self) -> int:
        return len(self.wrt)


class DerivativeReport(NamedTuple):
    """Derivatives as formulas.

    outputs: of what. given: the statements of the inputs that are used, as the file has them.
    equations: operands first. asked: the names of those that were asked for. shape: `nested` or
    `steps`. alone: whether an expression was asked about, and only formulas are the answer. pretty: as
    mathematics. several: whether there are several inputs, and derivatives so are partial ones.
    labels: which derivative a name of an equation is. doubtful: whether a textbook's form stands
    for an accurate slope somewhere.
    """

    outputs: Sequence[str]
    given: Sequence[str]
    equations: Sequence[Equation]
    asked: Sequence[str]
    shape: str
    alone: bool = False
    pretty: bool = False
    several: bool = True
    doubtful: bool = False
    notes: Sequence[BackpropError] = ()
    warnings: Sequence[BackpropError] = ()

    @property
    def labels(self) -> Mapping[str, Equation]:
        """The derivatives by what they are called."""
        return {each.name: each for each in self.equations if each.of}
