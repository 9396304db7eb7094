"""What `backprop diff` has to say: equations for derivatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from backprop.errors import BackpropError


class DerivativeEquation(NamedTuple):
    """An equation for a derivative, or for what such equations need.

    name: what it is called in an equation file. text: its right side. of, wrt: which derivative it is;
    "" and none for an equation of the file itself. behind: the clauses of an indexed equation.
    """

    name: str
    text: str
    of: str = ""
    wrt: tuple[str, ...] = ()
    behind: str = ""

    @property
    def line(self) -> str:
        """The equation as a file has it."""
        return f"{self.name} = {self.text} {self.behind}".rstrip()

    @property
    def order(self) -> int:
        return len(self.wrt)


class DerivativeReport(NamedTuple):
    """Derivatives as formulas.

    outputs: of what. given: the statements of the inputs that are used, as the file has them.
    equations: operands first. asked: the names of those that were asked for. shape: `nested` or
    `steps`. alone: whether an expression was asked about, and only formulas are the answer. pretty: as
    mathematics. several: whether there are several inputs, and derivatives so are partial ones.
    said: sentences on how they were chosen. labels: which derivative a name of an equation is. besides:
    derivatives that others are of or by, and that have no equation.
    """

    outputs: Sequence[str]
    given: Sequence[str]
    equations: Sequence[DerivativeEquation]
    asked: Sequence[str]
    shape: str
    alone: bool = False
    pretty: bool = False
    several: bool = True
    notes: Sequence[BackpropError] = ()
    warnings: Sequence[BackpropError] = ()
    said: Sequence[str] = ()
    besides: Sequence[DerivativeEquation] = ()

    @property
    def labels(self) -> Mapping[str, DerivativeEquation]:
        """The derivatives by what they are called, families by their name."""
        equations = (*self.besides, *self.equations)
        return {each.name.partition("[")[0]: each for each in equations if each.of}

    def derivative(self, name: str) -> DerivativeEquation | None:
        """Which derivative a name of a formula is: `dL_dh[p]` by `h[p]`."""
        family, _, index = name.partition("[")
        found = self.labels.get(family)
        if found is None or not index:
            return found
        left = _indices(name)
        of = found.of if found.of in self.outputs else _with(found.of, left)  # x[6] is an output
        wrt = [_with(each, left) for each in found.wrt]
        return found._replace(name=name, of=of, wrt=tuple(wrt))


def _with(name: str, left: list[str]) -> str:
    """A name with as many indices as it has, of those that are left."""
    base, count = name.partition("[")[0], len(_indices(name))
    own, left[:count] = left[:count], []
    return f"{base}[{','.join(own)}]" if own else base


def _indices(name: str) -> list[str]:
    """`i` and `max(k,1)` of `x[i,max(k,1)]`."""
    found, depth = [""], 0
    for each in name.partition("[")[2][:-1]:
        depth += (each in "([") - (each in ")]")
        if each == "," and not depth:
            found.append("")
        else:
            found[-1] += each
    return [each.strip() for each in found] if found != [""] else []
