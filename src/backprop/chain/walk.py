"""The chain rule that generates: it goes through the steps of a graph, forward and backward, and a
writer makes of each what it makes: a line of Python, instructions of LLVM, a formula, a graph.

The steps come in the order in which the interpreter (`values.forward`, `values.backward`) takes
them, and so do the shares of every gradient, so that what is rounded is the same. Code that
computes so reports *that* something is not finite; the interpreter then computes the same point
again and finds *where*, and whether it matters. The loops of `native/loops.py` are the same rule for
steps that a tape lays out in rows, from the same slopes. What is not finite shows in the outputs, unless a
step on the way makes a number of it (`1/inf`): `looked_at` names the operands of such steps.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from math import inf, isfinite, nan
from typing import Generic, Protocol, TypeAlias, TypeVar

from backprop.graph import NUMBER, Columns, Graph, depending, in_order
from backprop.operations import CONSTANTS, OPERATIONS
from backprop.row import Operation
from backprop.syntax import functions
from backprop.syntax.fold import fold
from backprop.syntax.parser import Statement, formula

T = TypeVar("T")

Operand: TypeAlias = float | T
"""A number that is known already, or what the writer made: the name of a variable, a register, a row."""

NOTHING = -0.0
"""The gradient where none has arrived, because a branch was not taken: it stays what it is when it
is added to itself, times any slope, and gives way to all else. Gradients that come to be 0 are 0.0,
and times an infinite slope nan: what is then right, the interpreter finds out."""

_BAD = (inf, -inf, nan)
_OTHERS = (0.0, 1.0, -1.0, 0.5, 3.0, -2.5, 1e300, inf, -inf, nan)


class Writer(Protocol[T]):
    """Makes something of operations; every method answers with what its result is called."""

    def value(self, name: str, operands: Sequence[Operand[T]]) -> Operand[T]:
        """The value of an operation of the table."""

    def slopes(
        self, name: str, operands: Sequence[Operand[T]], out: Operand[T]
    ) -> Sequence[Operand[T]]:
        """Its slopes by each operand, given its value."""

    def used(
        self, slope: Operand[T], name: str, numbers: Sequence[Operand[T]], at: int
    ) -> Operand[T]:
        """The slope by operand `at` before a gradient is multiplied with it. numbers: the operands
        and the value."""
        return slope

    def product(self, gradient: Operand[T], slope: Operand[T], careful: bool) -> Operand[T]:
        """Gradient times slope; careful: NOTHING if the gradient is, whatever the slope is."""

    def branch(self, gradient: Operand[T], slope: Operand[T]) -> Operand[T]:
        """What comes to a branch of a choice: the gradient where its slope is 1, else NOTHING."""
        return self.product(gradient, slope, False)

    def arrived(self, gradient: Operand[T]) -> Operand[T]:
        """A gradient that is not NOTHING, even if it is -0.0."""
        return gradient

    def begin(self) -> None:
        """What `too_small` is about begins here."""
        return

    def computed(self, name: str, operands: Sequence[Operand[T]], out: Operand[T]) -> None:
        """The value of a step has been written."""
        return

    def too_small(self) -> list[Operand[T]]:
        """What is not finite if the value of one of the steps is too small for a double, and its
        operands are not 0, or one of the products, and its factors are not, or one of the slopes
        that were used, and its numbers are not."""
        return []


class Texts(Writer[T]):
    """A writer that makes the slopes of an operation by writing the table's formulas for them."""

    def slopes(
        self, name: str, operands: Sequence[Operand[T]], out: Operand[T]
    ) -> tuple[Operand[T], ...]:
        row = OPERATIONS[name]
        names = {**dict(zip(row.operands, operands, strict=True)), "out": out}
        return tuple(self.text(text, names) for text in self.texts(row, out))

    def texts(self, row: Operation, out: Operand[T]) -> tuple[str, ...]:
        """The texts of an operation's slopes, given its value."""
        return row.slopes

    def text(self, text: str, names: Mapping[str, Operand[T]]) -> Operand[T]:
        """A formula of the table, its names replaced by operands."""
        if text in names:  # as nearly all slopes of products and sums
            return names[text]
        return self.statement(formula(text), names)

    def statement(self, statement: Statement, names: Mapping[str, Operand[T]]) -> Operand[T]:
        """The right side of a statement, its names replaced by operands."""

        def named(name: str) -> Operand[T]:
            return names[name] if name in names else self.constant(name)

        return fold(statement, float, named, self.value)

    def constant(self, name: str) -> Operand[T]:
        """What a constant of the table's formulas is called."""
        return CONSTANTS[name]


class Walk(Generic[T]):
    """A walk through some steps of a graph with a writer.

    steps: operands first. known: what the writer calls the nodes that the steps begin with; numbers
    of the equations need not be in it. `found` has what every node is called, after `forward` the
    steps too. For code that computes no values of its own (formulas beside a graph that has them),
    give what the steps are called in `known` and leave `forward` out.

        walk = Walk(writer, graph, graph.steps, {leaf: "x", other: "y"})
        walk.forward()
        out = walk.found[graph.output]
        by_leaf = walk.backward({graph.output: 1.0}, [leaf, other])
    """

    def __init__(
        self,
        writer: Writer[T],
        graph: Graph | Columns,
        steps: Sequence[int],
        known: Mapping[int, Operand[T]],
    ) -> None:
        self.writer = writer
        self.graph = graph
        self.steps = steps
        self.found: dict[int, Operand[T]] = dict(known)
        for step in steps:
            for operand in graph.operands(step):
                if operand not in self.found and graph.is_number(operand):
                    self.found[operand] = graph.constant(operand)
        choices = [step for step in steps if self.chooses(step)]
        branches = [each for step in choices for each in graph.operands(step)[1:]]
        self.guarded = set(in_order(branches, graph.operands)) if branches else set()
        """What leads to a branch that may not be taken."""

    def chooses(self, step: int) -> bool:
        """Whether the value of a step is that of a branch."""
        return OPERATIONS[self.graph.op(step)].chooses

    def forward(self) -> None:
        """Write the value of every step."""
        for step in self.steps:
            operands = [self.found[each] for each in self.graph.operands(step)]
            self.found[step] = self.made(step, operands)

    def made(self, step: int, operands: Sequence[Operand[T]]) -> Operand[T]:
        """The value of a step, given those of its operands."""
        name = self.graph.op(step)
        out = self.writer.value(name, operands)
        self.writer.computed(name, operands, out)
        return out

    def looked_at(self, outputs: Iterable[int]) -> list[Operand[T]]:
        """What must be finite for all to be, after `forward`: the outputs, and what a step hides."""
        graph = self.graph
        looked = dict.fromkeys(outputs)
        for step in self.steps:
            operands = graph.operands(step)
            called = [self.found[each] for each in operands]
            known = tuple(each if isinstance(each, float) else None for each in called)
            for at, operand in enumerate(operands):
                if not graph.is_number(operand) and hides(graph.op(step), at, known):
                    looked[operand] = None
        return [self.found[each] for each in looked]

    def backward(
        self, seeds: Mapping[int, Operand[T]], wrt: Iterable[int]
    ) -> dict[int, Operand[T]]:
        """Write the gradients by each of `wrt`, from the last step back, and return them.

        seeds: the gradients that outputs begin with: 1.0 at one for its derivatives; the
        derivatives of something by each of several outputs for those of that thing.
        """
        wanted = list(wrt)
        kept = {*wanted}  # of others nothing is asked for again
        moving = self.moving(wanted)
        sums = dict(seeds)
        for step in reversed(self.steps):
            gradient = sums.get(step) if step in kept else sums.pop(step, None)
            if gradient is None or step not in moving:
                continue
            for operand, share in self.shares(step, gradient, moving):
                before = sums.get(operand)
                if before is not None:
                    share = self.writer.value("+", [before, share])
                sums[operand] = share
        return {each: sums.get(each, 0.0) for each in wanted}

    def moving(self, wanted: Iterable[int]) -> Container[int]:
        """These nodes and the steps that depend on them."""
        return depending(self.graph, wanted, self.steps)

    def shares(
        self, step: int, gradient: Operand[T], moving: Container[int]
    ) -> Iterator[tuple[int, Operand[T]]]:
        """What a step brings to the gradients of its operands, of those that are `moving`."""
        operands, name = self.graph.operands(step), self.graph.op(step)
        called, out = [self.named(each) for each in operands], self.named(step)
        slopes = self.writer.slopes(name, called, out)
        numbers = (*called, out)
        for at, (operand, slope) in enumerate(zip(operands, slopes, strict=True)):
            if operand in moving and not (isinstance(slope, float) and slope == 0.0):
                used = self.writer.used(slope, name, numbers, at)
                yield operand, self._share(step, operand, gradient, used)

    def named(self, row: int) -> Operand[T]:
        """What a row is called in slopes."""
        return self.found[row]

    def _share(
        self, step: int, operand: int, gradient: Operand[T], slope: Operand[T]
    ) -> Operand[T]:
        """What the gradient of a step brings to that of an operand."""
        writer, inside = self.writer, step in self.guarded
        enters = operand in self.guarded and not inside
        if self.chooses(step):
            return writer.branch(writer.arrived(gradient) if enters else gradient, slope)
        whole = isinstance(gradient, float) and gradient == 1.0
        share = slope if whole else writer.product(gradient, slope, inside)
        return writer.arrived(share) if enters else share


def value_and_gradient(
    writer: Writer[T],
    graph: Graph,
    wrt: Sequence[int],
    known: Mapping[int, Operand[T]],
    scale: float = 1.0,
) -> tuple[Operand[T], list[Operand[T]], list[Operand[T]]]:
    """Write a graph's output and its derivatives by each of `wrt`; those, and what must be finite
    for all to be right. known: what the inputs are called. scale: a power of 2 that the gradients
    are multiplied with on the way, so that none becomes too small."""
    walk = Walk(writer, graph, graph.steps, known)
    writer.begin()
    walk.forward()
    gradient = walk.backward({graph.output: scale}, wrt)
    looked = walk.looked_at(graph.outputs) + writer.too_small()
    for leaf in walk.guarded.intersection(wrt):  # NOTHING is 0 for the reader
        gradient[leaf] = writer.value("+", [gradient[leaf], 0.0])
    if scale != 1.0:
        gradient = {leaf: writer.value("*", [each, 1 / scale]) for leaf, each in gradient.items()}
    return walk.found[graph.output], [*gradient.values()], looked


@cache
def hides(name: str, at: int, known: tuple[float | None, ...]) -> bool:
    """Whether the operation `name` can have a finite value where its operand number `at` is not finite.

    known: for each operand its number, if that stands in the equations, else None. Found by trying:
    inf, -inf and nan for the operand, all sorts of numbers for the others that are not known.
    """
    row = OPERATIONS[name]
    if row.says:
        return True
    choices: list[tuple[float, ...]] = [
        _OTHERS if number is None else (number,) for number in known
    ]
    choices[at] = _BAD
    value = functions.value(name)
    return any(isfinite(value(*operands)) for operands in product(*choices))


def signature(graph: Graph, wrt: Sequence[int], fixed: Sequence[int]) -> str:
    """A text that two graphs have in common only if they have the same code."""
    number: dict[int, int] = {}
    parts: list[str] = []
    for node in (*wrt, *fixed, *graph.order):
        if node in number:
            continue
        number[node] = len(number)
        if operands := graph.operands(node):
            parts.append(f"{graph.op(node)} {' '.join([str(number[each]) for each in operands])}")
        else:
            parts.append(graph.constant(node).hex() if graph.op(node) == NUMBER else "x")
    return f"{len(wrt)} {len(fixed)} {number[graph.output]}: {', '.join(parts)}"
