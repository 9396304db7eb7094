"""`Model`: what an equation file means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from types import MappingProxyType

from backprop.errors import ChooseOutput, Label
from backprop.graph import Columns, Graph, in_order
from backprop.language.places import Places
from backprop.source import Source, Span, normal, one_line
from backprop.suggest import unknown_name
from backprop.values import forward


class Model:
    """The names of an equation file, and how each is computed.

    names: the row of every name in `columns`, in file order; an input that no statement defines stands
    before the equation that first uses it. defaults: the inputs that the file gives a number, each
    with the row of its right side (`2*pi`). places: where rows and right sides stand in the text.
    constants: the names that indices and ranges were made with, which cannot be set any more.
    repeated: the whole statement of every member of a family, as a packed span. functions: the names
    of the functions that the file defines. seed: what was drawn at random, was drawn with it.
    """

    def __init__(
        self,
        source: Source,
        columns: Columns,
        names: Mapping[str, int],
        defaults: Mapping[str, int] = MappingProxyType({}),
        places: Places | None = None,
        constants: Sequence[str] = (),
        repeated: Mapping[str, int] = MappingProxyType({}),
        functions: Iterable[str] = (),
        seed: int = 0,
    ) -> None:
        self.source = source
        self.columns = columns
        self.names = names
        self.defaults = defaults
        self.places = places or Places(source, columns, names)
        self.constants = tuple(constants)
        self.repeated = repeated
        self.functions = frozenset(functions)
        self.seed = seed
        self._graphs: dict[tuple[int, ...], Graph] = {}

    def __repr__(self) -> str:
        return (
            f"Model({self.source.name}: {len(self.names)} names, outputs {', '.join(self.outputs)})"
        )

    @cached_property
    def labels(self) -> Mapping[int, str]:
        """The name of every row that has one."""
        return dict(zip(self.names.values(), self.names, strict=True))

    @cached_property
    def inputs(self) -> list[str]:
        """The names that can be given a number, in file order."""
        first, fixed = self.columns.first, set(self.constants)
        return [n for n, node in self.names.items() if first[node] < 0 and n not in fixed]

    def is_equation(self, name: str) -> bool:
        """Whether a name is computed from others."""
        return self.columns.is_step(self.names[name])

    @cached_property
    def outputs(self) -> list[str]:
        """The equations that no other equation uses, in file order; in a file of inputs, all."""
        columns = self.columns
        if self.functions:  # whose arguments may be computed and then not used
            rows = in_order(self.names.values(), columns.operands)
            used = set(chain.from_iterable(map(columns.operands, rows)))
        else:
            used = {*columns.first, *columns.second, *chain.from_iterable(columns.more.values())}
        fixed = set(self.constants)
        unused = [n for n, node in self.names.items() if node not in used and n not in fixed]
        return [name for name in unused if self.is_equation(name)] or list(self.names)

    def graph(self, *names: str) -> Graph:
        """The graph that leads to these names, made once."""
        nodes = tuple(self.names[name] for name in names)
        if nodes not in self._graphs:
            self._graphs[nodes] = Graph(self.columns, nodes, self.labels)
        return self._graphs[nodes]

    def default(self, name: str) -> float:
        """The number that the file gives an input; inf or nan where its right side has no finite value."""
        columns, root = self.columns, self.defaults[name]
        if not columns.is_step(root):
            return columns.constant(root)
        order = in_order([root], columns.operands)
        data = {node: columns.constant(node) for node in order if columns.is_number(node)}
        forward(columns, filter(columns.is_step, order), data)
        return data[root]

    def output(self, of: str | None = None) -> str:
        """The output to differentiate: `of`, or the only one there is.

        Raises UnknownName, or ChooseOutput where there are several.
        """
        if of is not None:
            of = normal(of)
            if of not in self.names:
                raise unknown_name(of, self.names, "these equations")
            return of
        outputs = self.outputs
        if len(outputs) == 1:
            return outputs[0]
        places = {name: place for name in outputs if (place := self.equation(name))}
        raise ChooseOutput(
            f"there are {len(outputs)} outputs: {_listed(outputs)}",
            *(
                Label(place, f"{name}: no other equation uses it")
                for name, place in [*places.items()][:6]
            ),
            hints=[f"choose one: --of {outputs[-1]}"],
            where=self.source.name,
        )

    def equation(self, name: str) -> Span | None:
        """The right side of the equation for `name`; None for an input that has none."""
        place = self.places.right_side(name)
        return None if place is None else Span.at(self.source, place)

    def text(self, node: int) -> str:
        """The text of a row on one line: a right side, a step of one; "" for an input without."""
        name = self.labels.get(node)
        if name is not None:
            span = self.equation(name)
            return one_line(span.text) if span else ""
        spans = self.span(node)
        return one_line(spans[0].text) if spans else ""

    def span(self, node: int) -> list[Span]:
        """Where a row stands: its text, then, inside a function, the calls that led there."""
        place = self.places.find(node)
        spans = []
        while isinstance(place, tuple):
            spans.append(Span.at(self.source, place[0]))
            place = place[1]
        if place is not None:
            spans.append(Span.at(self.source, place))
        return spans


def _listed(names: list[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown}, … and {len(names) - most} more"
