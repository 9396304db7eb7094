"""The chain rule step by step, as plain data.

Every formula is a text in the equation language, every number the one that the gradient is made of:
what is written as text, LaTeX, MathML or JSON comes from the same steps.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from backprop.evaluation.unrounded import is_product
from backprop.showing import Shown


class AllMembers(Protocol):
    """What is known of all members of loops, of which only some are explained."""

    @property
    def count(self) -> int:
        """How many are computed and lead to the output."""
        ...

    @property
    def linear(self) -> Collection[str]:
        """The names of those that are too long for formulas: of these only numbers are known."""
        ...

    @property
    def operations(self) -> Mapping[int, str]:
        """The names of single operations by their rows, if these are explained."""
        ...

    @property
    def numbers(self) -> Mapping[str, float]:
        """The values of all names that lead to the output."""
        ...

    def in_file(self, names: Iterable[str]) -> list[str]:
        """A few names in the order of the file."""
        ...

    def rank(self, name: str) -> int:
        """How many of these are computed before this one; below 0 for an input."""
        ...

    def turn(self, name: str) -> int:
        """How many steps back from the output the equation of a name is met in."""
        ...

    def reaches(self, names: Collection[str], name: str) -> bool:
        """Whether one of some names depends on another name, or is that."""
        ...


class WhenAsked(Mapping[str, float]):
    """Numbers by name that are looked up when somebody asks for one: of a million names few do."""

    def __init__(self, find: Callable[[], Mapping[str, float]]) -> None:
        self._find = find

    @cached_property
    def _known(self) -> Mapping[str, float]:
        return self._find()

    def __getitem__(self, name: str) -> float:
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class Computed(NamedTuple):
    """An equation computed in the forward pass: `e = a*b`.

    expanded: what functions of the file and an `if` make of it at this point, "" if there are none.
    """

    number: int
    name: str
    equation: str
    expanded: str
    value: float


class Share(NamedTuple):
    """What an equation adds to the gradient by a name that it uses.

    by: the name. formula: the derivative of the equation by it, "" if it is too long to write.
    local: its number. upstream: the gradient by the equation itself. single: whether this is the
    whole gradient by the name, because nothing else uses it. product: the two multiplied; of a
    single share the gradient to the bit. use: which use of the name in this operation it is, 0 if
    there is one only. whole: whether `local` is the whole derivative of the equation's name by the
    other: that it is not reached on other ways as well.
    """

    by: str
    formula: str
    local: float
    upstream: float
    product: float
    single: bool
    use: int = 0
    whole: bool = True

    @property
    def is_product(self) -> bool:
        """Whether this is upstream times local indeed, and not 0·∞, which may be anything."""
        return is_product(self.upstream, self.local, self.product)


class Total(NamedTuple):
    """The gradient by a name as the sum of its shares; total: the gradient itself, to the bit."""

    by: str
    shares: Sequence[float]
    total: float


class Passed(NamedTuple):
    """An equation met in the backward pass. rules: what its differentiation is called. notes: which
    slope was taken at a corner, and what else a person should know."""

    number: int
    name: str
    equation: str
    rules: Sequence[str]
    shares: Sequence[Share]
    totals: Sequence[Total]
    notes: Sequence[str]


class Path(NamedTuple):
    """One way from a name to the output. names: from the name on. factors: the derivative of each
    name by the one before it. product: of all; of the only path the gradient, to the bit."""

    names: Sequence[str]
    factors: Sequence[float]
    product: float


class _Derivation(NamedTuple):
    output: str
    value: float
    data: Mapping[str, float]
    given: Mapping[str, float] = MappingProxyType({})
    forward: Sequence[Computed] = ()
    start: int = 0
    backward: Sequence[Passed] = ()
    paths: Mapping[str, Sequence[Path]] = MappingProxyType({})
    gradients: Mapping[str, float] = MappingProxyType({})
    inputs: Mapping[str, float] = MappingProxyType({})
    declared: Mapping[str, Any] = MappingProxyType({})

    def __repr__(self) -> str:
        return f"Derivation({self.output} = {self.value!r})"


class Derivation(Shown, _Derivation):
    """Everything there is to explain about one output.

    data: the number of every name. given: those of the inputs that have a part in it. start: the
    number of the backward pass's first step, ∂L/∂L = 1; 0 where the backward pass is not explained.
    paths: for each name that was asked for. gradients: by these names. inputs: the number of every
    input of the file. declared: what the JSON has of the file, its constants among it.
    """


class RulePiece(NamedTuple):
    """A part of a formula and its derivative. name: what the rule calls it, `u`; "" for a term. by: by
    what it is derived; how: the rule, or the step, that says so."""

    name: str
    formula: str
    by: str
    derivative: str
    how: str


class RuleStep(NamedTuple):
    """One rule applied to a formula: its pieces, and what comes out. law: the rule itself, in them. put:
    that with the pieces put in, before it is simplified; "" where no law is told."""

    number: int
    formula: str
    rule: str
    law: str
    pieces: tuple[RulePiece, ...]
    derivative: str
    put: str = ""


class RuleSteps(NamedTuple):
    """How the derivative of a formula by a name comes about; the last step is the whole.

    of: what is derived, an equation of the file or the output; "" where there is the output alone. name:
    what other steps call the derivative. behind: for which indices that is.
    """

    by: str
    steps: tuple[RuleStep, ...]
    derivative: str
    of: str = ""
    name: str = ""
    behind: str = ""

    @property
    def title(self) -> str:
        """`derivative of L by w[k], dL_dw[k], for k in 1..m`."""
        of = f" of {self.of}" if self.of else ""
        more = [each for each in (self.name, self.behind) if each]
        return ", ".join([f"Derivative{of} by {self.by}", *more])


class _SymbolicDerivation(NamedTuple):
    output: str
    formula: str
    parts: tuple[RuleSteps, ...]

    def __repr__(self) -> str:
        return f"<rule by rule: {self.output}>"


class SymbolicDerivation(Shown, _SymbolicDerivation):
    """The derivatives of an output by some names, rule by rule. formula: the output, of the inputs."""
