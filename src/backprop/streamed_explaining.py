"""`explain` of one row of tables that memory does not hold: its equations, and what passes over all find.

The equations of the row are a text of their own, in which the row's names have its number, `m[3]`, and what
is gathered is what this row brings beside the rest: `sum1 = term1[3] + rest1`. Values of the rest, and the
gradients by all that rows have in common, are those of all rows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import exp, log1p
from typing import TYPE_CHECKING, NamedTuple

from backprop.errors import BadData, BadOption, NotFinite
from backprop.evaluation.gradient import Evaluation, Gradient
from backprop.graph import Graph, in_order
from backprop.language import Model
from backprop.language.laid import Data, data_of
from backprop.language.text_columns import without_truths
from backprop.names import family, meant
from backprop.numbers import exact, listed
from backprop.operations import GATHERS
from backprop.source import Source
from backprop.syntax.parser import read
from backprop.values import Numbers, backward, forward

if TYPE_CHECKING:
    from backprop.by_rows.block_kernel import Summed
    from backprop.by_rows.held_rows import HeldRows
    from backprop.by_rows.passing import SumsAndSlopes
    from backprop.by_rows.row_program import RowProgram
    from backprop.data_streamed import StreamedRows
    from backprop.derivation import Derivation
    from backprop.descent.streamed_objective import StreamedObjective

_WORD = re.compile(r"(?<![\w'.])([^\W\d][\w']*)(?!\s*\()")


def explained(
    model: Model,
    numbers: Mapping[str, float],
    of: str | None,
    row: int | None,
    only: Sequence[str],
    steps: str,
) -> tuple[Derivation, Gradient]:
    """The derivation of one row, counted from 1, and the gradient over all. model: of first rows of the
    tables. only, steps: as of `derivation`. Raises BadOption for no row, or none that is there."""
    if row is None:
        name = listed(list(dict.fromkeys(each.name for each in data_of(model.laid))), 1)
        message = f"{name} is larger than memory is to hold at once: one row is explained at a time"
        hints = ["say which: --row 1", "or let it have more: --memory 8G"]
        raise BadData(message, hints=hints, where=name)
    return _of_row(model, numbers, model.output(of), row, only, steps)


def _of_row(
    model: Model,
    numbers: Mapping[str, float],
    output: str,
    row: int,
    only: Sequence[str],
    steps: str,
    tables: Sequence[Data] = (),
) -> tuple[Derivation, Gradient]:
    """As `explained`. tables: as of `StreamedObjective`."""
    from backprop.derivation.chain_rule import derivation
    from backprop.descent.streamed_objective import StreamedObjective  # with NumPy

    objective = StreamedObjective(model, output, (), numbers, tables=tables)
    try:
        gradient, passed = objective.noted()
    except NotFinite as error:
        raise (error if tables else objective.explained(error)) from None
    some = OneRow(objective.program, passed, row, _rows_at(objective, row))
    part, at = some.model, some.evaluation(gradient)
    members = _Members(at.graph, some.numbers)
    names = [*some.computed, *some.totals, *meant(only, some.numbers, "this row")]
    own = {*some.computed, *some.columns}
    return derivation(part, at, "equations", names, steps, members=members, row=own), gradient


def of_row(
    model: Model,
    numbers: Mapping[str, float],
    of: str | None,
    row: int,
    only: Sequence[str],
    steps: str,
) -> tuple[Derivation, Gradient] | None:
    """As `explained`, of tables in memory where nothing is computed of a row by an equation of its own, so
    that the equations have no step of it; None where something is, or where this is not the way."""
    import numpy

    from backprop.language.some_rows import SomeRows
    from backprop.loops.worth import read_model

    laid = model.laid
    if laid is None or laid.families.keys() - laid.columns or row < 1:
        return None
    twice = [SomeRows(each, numpy.zeros(2, numpy.int64)) for each in laid.data]
    few = read_model(model.source, model.seed, sizes=model.sizes, tables=twice)
    try:
        return _of_row(few, numbers, model.output(of), row, only, steps, laid.data)
    except (BadData, NotFinite):
        return None


def _rows_at(objective: StreamedObjective, row: int) -> list[Mapping[str, float] | None]:
    """Of each table the numbers of that row; None of one that is shorter. Raises BadOption."""
    sizes = [each.count() for each in objective.streams]
    if row > max(sizes):
        hints = [f"there are rows 1 to {max(sizes):,}"]
        raise BadOption(f"there is no row {row:,}", hints=hints)
    return rows_of(objective.streams, sizes, row)


def rows_of(
    sources: Sequence[HeldRows | StreamedRows], sizes: Sequence[int], row: int
) -> list[Mapping[str, float] | None]:
    """Of each table the numbers of a row, counted from 1; None of one that is shorter."""
    return [
        each.row(row - 1) if row <= size else None
        for each, size in zip(sources, sizes, strict=True)
    ]


class _Joined(NamedTuple):
    """What makes a total of this row's term and the rest: the right side, the number of the rest, and the
    slope by the term."""

    text: str
    rest: float
    slope: float


class OneRow:
    """The equations of a row. rows: of each table its numbers there, None where it is shorter."""

    def __init__(
        self,
        program: RowProgram,
        passed: SumsAndSlopes,
        row: int,
        rows: Sequence[Mapping[str, float] | None],
    ) -> None:
        self._program, self._passed, self._row, self._rows = program, passed, row, rows
        parts = program.apart
        self.numbers: Mapping[str, float] = {}
        """What all names are worth, after `evaluation`."""
        self._words = {
            word for each in (parts.row, parts.once) for word in _WORD.findall(each.text)
        }
        self._tables = {**parts.columns, **parts.families}
        self._tables |= {each.term: each.table for each in parts.sums}
        for each in parts.taken:
            self._tables |= dict.fromkeys([each.name, *self._indices(each.indices)], each.table)
        self._values = self._values_of_row()
        self._sums = [each for each in program.sums if rows[each.table] is not None]
        self._joined = {each.total: self._join(each, at) for at, each in enumerate(self._sums, 1)}

    @staticmethod
    def _indices(indices: Iterable[int | str]) -> Iterator[str]:
        return (each for each in indices if isinstance(each, str))

    def _values_of_row(self) -> dict[int, float]:
        """What the nodes of the row are worth."""
        program = self._program
        columns, names = program.row.columns, program.row.names
        data = columns.start()
        for name, node in program.of_row.of_columns.items():
            table = program.apart.columns[name]
            data[node] = (self._rows[table] or {}).get(name, 0.0)
        for name, node in program.shared.items():
            data[node] = self._passed.data[name]
        for leaf, member in self._members_taken(data):
            data[leaf] = self._passed.data[member]
        forward(
            columns,
            [n for n in in_order([*names.values()], columns.operands) if columns.is_step(n)],
            data,
        )
        return dict(enumerate(data))

    def _members_taken(self, data: list[float]) -> Iterator[tuple[int, str]]:
        """The inputs of the row that are members which it names, with these."""
        import numpy

        program = self._program
        columns = program.row.columns
        for leaf, each in program.of_row.taken.items():
            nodes = [node for node in each.nodes if node >= 0]
            forward(
                columns, [n for n in in_order(nodes, columns.operands) if columns.is_step(n)], data
            )
            at = each.positions(lambda node: numpy.array([data[node]]), 1)[0]
            if at >= 0:
                yield leaf, each.members[at]

    def _join(self, each: Summed, at: int) -> _Joined:
        import numpy

        term, total = self._values[each.term], self._passed.data.get(each.total, 0.0)
        name, rest = self._called(each.name), next(self._free(f"rest{at}"))
        state = self._passed.states[each.total]
        slopes = each.reduction.slopes(state, numpy.array([term]), 1, self._row - 1)
        slope = float(numpy.atleast_1d(slopes)[0])
        joins = GATHERS[each.gather].joined_by
        if joins == "+":
            return _Joined(f"{name} + {rest}", total - term, slope)
        if joins == "*" and term:
            return _Joined(f"{name}*{rest}", total / term, slope)
        if joins in ("min", "max"):
            return _Joined(name if slope else f"{joins}({rest}, {name})", total, slope)
        if joins == "logsumexp" and 0 < slope < 1 and term < total:
            return _Joined(f"{joins}({name}, {rest})", total + log1p(-exp(term - total)), slope)
        return _Joined(f"{exact(slope)}*({name}) + {rest}", total - slope * term, slope)

    def _free(self, name: str) -> Iterator[str]:
        while name in self._words:
            name += "_"
        yield name

    def _called(self, text: str, apart: Collection[str] = ()) -> str:
        """A text with the number of the row behind all that has rows. apart: names that mean others."""
        pieces, end = list[str](), 0
        for found in _WORD.finditer(text):
            word = found[1]
            if word not in self._tables or word in apart or self._rows[self._tables[word]] is None:
                continue
            at, depth = found.end(), 0
            if text[at : at + 1] == "[":
                while True:
                    depth += (text[at] == "[") - (text[at] == "]")
                    if not depth:
                        break
                    at += 1
                pieces += [text[end:at], f",{self._row}"]
            else:
                pieces += [text[end:at], f"[{self._row}]"]
            end = at
        return "".join([*pieces, text[end:]])

    @cached_property
    def model(self) -> Model:
        """The equations of the row, and what is computed once, as a Model."""
        from backprop.by_rows.row_models import read_part

        parts, program = self._program.apart, self._program
        lines = dict[str, None]()
        for text in (parts.once, parts.row):
            for statement in read(text)[0]:
                tokens, shape = statement
                whole = tokens.whole.text
                is_function = shape.form == "function"
                own = (
                    {tokens.texts[each] for each in shape.parameters} if is_function else set[str]()
                )
                shown = without_truths(whole, program.of_row.still)
                lines[self._called(shown, own)] = None
        for table, row in enumerate(self._rows):
            for name, number in (row or {}).items():
                if parts.columns.get(name) == table:
                    lines[f"{name}[{self._row}] = {exact(number)}"] = None
        for name in parts.counts:
            lines[f"{name} = {exact(self._passed.data.get(name, 0.0))}"] = None
        data = [self._values[node] for node in range(len(self._values))]
        labels = {node: name for name, node in program.row.names.items()}
        for leaf, member in self._members_taken(data):
            lines[f"{self._called(labels[leaf])} = {member}"] = None
        for at, each in enumerate(self._sums, 1):
            joined, rest = self._joined[each.total], next(self._free(f"rest{at}"))
            lines[f"{each.total} = {joined.text}"] = None
            if rest in joined.text:
                lines[f"{rest} = {exact(joined.rest)}"] = None
        for each in program.sums:
            if self._rows[each.table] is None:
                lines[f"{each.total} = {exact(self._passed.data[each.total])}"] = None
        return read_part(Source(parts.once.name, "\n".join(lines)), program.seed, program.sizes)

    @cached_property
    def computed(self) -> list[str]:
        """What is computed of the row alone, as far as it leads to the output."""
        graph = self.model.graph(self._program.output)
        some = {*self._tables} - {*self._program.apart.columns}
        return [graph.label(node) for node in graph.steps if (family(graph.label(node)) in some)]

    @property
    def columns(self) -> list[str]:
        """The columns, of this row."""
        of = self._program.apart.columns
        return [f"{name}[{self._row}]" for name, at in of.items() if self._rows[at] is not None]

    @property
    def totals(self) -> list[str]:
        """What is gathered over rows, of this one too."""
        return [each.total for each in self._sums]

    def _slopes_of_row(self) -> dict[str, float]:
        """The gradient by every name of the row, as the sums over all rows have it."""
        program = self._program
        columns, names = program.row.columns, program.row.names
        found: dict[int, float] = defaultdict(float)
        for each in self._sums:
            found[each.term] += (
                self._passed.gradients.get(each.total, 0.0) * self._joined[each.total].slope
            )
        terms = [each.term for each in self._sums]
        graph = Graph(columns, terms, {node: name for name, node in names.items()})
        data = [self._values[node] for node in range(len(self._values))]
        backward(graph, graph.steps, data, found)
        own = {name: node for name, node in names.items() if (family(name) or name) in self._tables}
        return {self._called(name): found[node] for name, node in own.items()}

    def named(self) -> dict[str, tuple[float, float]]:
        """Of every name of the row its number, and the gradient by it."""
        numbers = {
            self._called(name): self._values[node] for name, node in self._program.row.names.items()
        }
        return {name: (numbers[name], slope) for name, slope in self._slopes_of_row().items()}

    def evaluation(self, gradient: Gradient) -> Evaluation:
        """What all names of the row's Model are worth. gradient: over all rows."""
        model, output = self.model, self._program.output
        graph = model.graph(output)
        data = model.columns.start()
        known = self._passed.data
        for name in model.inputs:
            data[model.names[name]] = known.get(
                name, model.default(name) if name in model.defaults else 0.0
            )
        forward(graph.columns, graph.steps, data)
        slopes = [0.0] * len(data)
        by = {**self._passed.gradients, **self._slopes_of_row(), output: 1.0}
        for node, label in graph.labels.items():
            slopes[node] = by.get(label, 0.0)
        for root in [node for node in graph.labels if graph.is_step(node)]:
            inside: dict[int, float] = defaultdict(float, {root: slopes[root]})
            backward(graph, graph.equation(root), data, inside)
            for step in inside.keys() - graph.labels.keys():
                slopes[step] = inside[step]
        self.numbers = {name: data[node] for node, name in graph.labels.items()}
        return Evaluation(graph, Numbers(data, slopes), gradient)


class _Members:
    """As `AllMembers`, of a graph of which all is there. numbers: by name."""

    linear: Collection[str] = ()

    def __init__(self, graph: Graph, numbers: Mapping[str, float]) -> None:
        self._graph, self.numbers = graph, numbers
        named = [node for node in graph.order if graph.is_step(node) and graph.label(node)]
        self._ranks = {graph.label(node): at for at, node in enumerate(named)}
        self._nodes = {name: node for node, name in graph.labels.items()}
        self.operations: Mapping[int, str] = {}

    @property
    def count(self) -> int:
        return len(self._ranks)

    def in_file(self, names: Iterable[str]) -> list[str]:
        asked = {*names}
        return [name for name in self.numbers if name in asked]

    def rank(self, name: str) -> int:
        return self._ranks.get(name, -1)

    def turn(self, name: str) -> int:
        return self.count - self.rank(name)

    def reaches(self, names: Collection[str], name: str) -> bool:
        some = [self._nodes[each] for each in names]
        return name in names or self._nodes[name] in in_order(some, self._graph.operands)
