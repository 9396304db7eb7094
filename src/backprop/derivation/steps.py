"""The chain rule step by step, as plain data.

Every formula is a text in the equation language, every number the one that the gradient is made of:
what is written as text, LaTeX, MathML or JSON comes from the same steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Given:
    """An input and its number."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Computed:
    """An equation computed in the forward pass: `e = a*b`.

    expanded: what functions of the file and an `if` make of it at this point, "" if there are none.
    """

    number: int
    name: str
    equation: str
    expanded: str
    value: float


@dataclass(frozen=True, slots=True)
class Share:
    """What an equation adds to the gradient by a name that it uses.

    by: the name. formula: the derivative of the equation by it, "" if it is too long to write.
    local: its number. upstream: the gradient by the equation itself. product: the two multiplied.
    single: whether this is the whole gradient by the name, because nothing else uses it. use: which
    use of the name in this operation it is, 0 if there is one only.
    """

    by: str
    formula: str
    local: float
    upstream: float
    product: float
    single: bool
    use: int = 0


@dataclass(frozen=True, slots=True)
class Total:
    """The gradient by a name as the sum of its shares."""

    by: str
    shares: tuple[float, ...]
    total: float


@dataclass(frozen=True, slots=True)
class Passed:
    """An equation met in the backward pass. rules: what its differentiation is called. notes: which
    slope was taken at a corner, and what else a person should know."""

    number: int
    name: str
    equation: str
    rules: tuple[str, ...]
    shares: tuple[Share, ...]
    totals: tuple[Total, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """One way from a name to the output. names: from the name on. factors: the derivative of each
    name by the one before it. product: of all."""

    names: tuple[str, ...]
    factors: tuple[float, ...]
    product: float


@dataclass(frozen=True)
class Derivation:
    """Everything there is to explain about one output.

    data: the number of every name. start: the number of the backward pass's first step, ∂L/∂L = 1; 0
    where the backward pass is not explained. paths: for each name that was asked for.
    """

    output: str
    value: float
    data: Mapping[str, float]
    given: tuple[Given, ...] = ()
    forward: tuple[Computed, ...] = ()
    start: int = 0
    backward: tuple[Passed, ...] = ()
    paths: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
