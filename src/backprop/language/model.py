"""`Model`: what an equation file means."""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from backprop.errors import BackpropError, ChooseOutput, LooksAlike
from backprop.graph import Columns, Graph, Place, in_order
from backprop.language.build import Builder
from backprop.language.declarations import NONE, Bounds, Declarations, default, without_brackets
from backprop.language.laid import readable
from backprop.language.sizes import NO_SIZES, GivenSizes
from backprop.names import Either, family, gathered, indices, matching, meant, unknown_name
from backprop.numbers import listed
from backprop.source import Source, Span, normal, one_line, pack
from backprop.syntax.bodies import prepared
from backprop.syntax.grammar import shape
from backprop.syntax.scanner import statement_at

if TYPE_CHECKING:
    from backprop.language.in_equations import Differentiation
    from backprop.language.laid import Laid
    from backprop.language.links import Worked  # few files have some

_CHOOSE = "choose one: --of {0}, or in the equations: output {0}"

_MOST_SHOWN = 100
"""The most outputs that a message lists; a family is one of them."""


class Model:
    """The names of an equation file, and how each is computed.

    names: the row of every name in `columns`, in file order; an input that no statement defines
    stands before the equation that first uses it. defaults: the inputs that the file gives a
    number, each with the row of its right side (`2*pi`). places: the right sides, packed spans, of
    the names for which they are known. fixed: the names that indices, ranges, draws, bounds and ± were
    made with, which cannot be set any more. repeated: the whole statement of every member of a
    family, as a packed span. functions: the names of the functions that the file defines. seed: what
    was drawn at random, was drawn with it. warnings: what is doubtful in the text, though it can be
    read.

    What the file says besides: constants, the names that are `const`, in file order, which no
    descent moves; bounds, of an input `(low, high)`, infinite where there is none; uncertainties, of
    an input its standard uncertainty, in its own unit; goal, None or the output that the commands
    take by themselves, with `kind` minimize, maximize or output, and `name`.

        >>> import backprop
        >>> model = backprop.parse("const g = 9.81; t = 2.0(1) in 0..; s = g*t^2/2; minimize s")
        >>> model.constants, model.bounds, model.uncertainties
        (('g',), {'t': (0.0, inf)}, {'t': 0.1})
        >>> model.goal
        Goal(kind='minimize', name='s')
    """

    loops: Any = None
    """Its indexed equations as loops over arrays, until something needs every step of its own."""

    sizes: GivenSizes = NO_SIZES
    """The numbers from outside that there were when it was read."""
    given: Mapping[str, float] = MappingProxyType({})
    """Those of them that stand in the place of numbers of the text."""
    engine: str = "auto"
    """What gradients of loops are to be computed by: "native", machine code, where nothing is in doubt."""
    slow: str = ""
    """Why they were computed by something else, if that was asked for, in words behind "since"."""

    def __init__(
        self,
        source: Source,
        columns: Columns,
        names: Mapping[str, int],
        defaults: Mapping[str, int] = MappingProxyType({}),
        places: Mapping[str, int] = MappingProxyType({}),
        fixed: Sequence[str] = (),
        repeated: Mapping[str, int] = MappingProxyType({}),
        functions: Iterable[str] = (),
        seed: int = 0,
        declared: Declarations = NONE,
        warnings: Sequence[BackpropError] = (),
    ) -> None:
        self.source = source
        self.columns = columns
        self.names = names
        self.defaults = defaults or {}
        self.fixed: Collection[str] = tuple(fixed)
        self.read_with: Container[str] = frozenset(fixed)
        self.constants: Collection[str] = declared.constants
        self._bounds = {**declared.bounds}
        self._uncertainties = {**declared.uncertainties}
        self.goal = declared.goal
        self.written = {**declared.written}
        self.repeated = repeated or {}
        self.functions = frozenset(functions)
        self.seed = seed
        self.warnings = warnings
        self.worked: Mapping[str, Sequence[Worked]] = {}
        """By name the formulas and the last number that stand behind its equation, if any do."""
        self.laid: Laid | None = None  # what has rows, where columns of data stand for names
        self.derivations: Mapping[int, Differentiation] = {}
        """The derivatives in equations, by row."""
        self.looked_at: dict[int, float] = {}
        """The numbers of right sides without names, by row, that have been looked at for rounding."""
        self.rounded: dict[int, BackpropError] = {}
        """Of these the ones that rounding makes what they are, each with a warning that says so."""
        self._graphs: dict[tuple[int, ...], Graph] = {}
        self._known_places = places or {}
        self._last_read: tuple[int, str, list[Place]] = (0, "", [])
        """The places found in one statement: who asks for one mostly asks for its neighbours."""

    def __repr__(self) -> str:
        count, outputs = len(self.names), listed(gathered(self.outputs), 6) or "none"
        return f"Model({self.source.name}: {count} names, outputs {outputs})"

    def take(self, sizes: GivenSizes) -> None:
        """Let numbers from outside that this was read with stand for those of the text."""
        self.sizes = sizes
        self.given = {name: sizes.used[name].number for name in sizes.used if name in self.fixed}
        if self.given:
            self._put_given()

    def _put_given(self) -> None:
        rows = {name: self.columns.number(number) for name, number in self.given.items()}
        self.defaults = {**self.defaults, **rows}

    def add_names(self, names: Mapping[str, int], places: Mapping[str, int]) -> None:
        """Give these rows names, and let what they are called stand at these places."""
        self.names = names
        self._known_places = {**self._known_places, **places}
        self._graphs = {}
        for known in ("labels", "inputs", "outputs"):
            self.__dict__.pop(known, None)

    @cached_property
    def labels(self) -> Mapping[int, str]:
        """The name of every row that has one."""
        return dict(zip(self.names.values(), self.names, strict=True))

    @cached_property
    def inputs(self) -> list[str]:
        """The names that can be given a number, in file order."""
        first, fixed = self.columns.first, set(self.fixed)
        return [n for n, node in self.names.items() if first[node] < 0 and n not in fixed]

    @property
    def settable(self) -> Collection[str]:
        """`inputs`, of which those that a pattern means may be found without a look at all."""
        return self.inputs

    def is_equation(self, name: str) -> bool:
        """Whether a name is computed from others."""
        return self.columns.is_step(self.names[name])

    def inputs_among(self, names: Collection[str]) -> list[str]:
        """Those of some names that are not computed from others."""
        return [name for name in names if not self.is_equation(name)]

    @cached_property
    def derived(self) -> frozenset[int]:
        """What derivatives in equations are of and by, which so is used there."""
        return frozenset(node for each in self.derivations.values() for node in each[:2])

    def is_differentiated(self, name: str) -> bool:
        """Whether a name has an equation, and derivatives in other equations are of it, or by it."""
        return self.is_equation(name) and self.names[name] in self.derived

    @cached_property
    def outputs(self) -> list[str]:
        """The equations that no other equation uses, in file order; in a file of inputs, all of
        those. A const never is one, nor a name that only ranges and bounds use."""
        columns = self.columns
        if self.functions:  # whose arguments may be computed and then not used
            rows = in_order(self.names.values(), columns.operands)
            used = set(chain.from_iterable(map(columns.operands, rows)))
        else:
            used = {*columns.first, *columns.second, *chain.from_iterable(columns.more.values())}
        used |= self.derived
        unused = [n for n, node in self.names.items() if node not in used and n not in self.still]
        if outputs := [name for name in unused if self.is_equation(name)]:
            return self.laid.single(outputs) if self.laid else outputs
        return [name for name in self.names if name not in self.still]

    @cached_property
    def held(self) -> Container[str]:
        """The names that are `const`, to ask for one."""
        return self.constants if self.loops else frozenset(self.constants)

    @cached_property
    def still(self) -> Container[str]:
        """The names that no descent and no check moves: what is `const`, and what decides ranges and
        indices."""
        return Either(self.held, self.fixed) if self.loops else {*self.fixed, *self.constants}

    def meant_outputs(self, of: Iterable[str]) -> list[str]:
        """The outputs that names, families and patterns mean; `*` alone is every output. Raises
        UnknownName."""
        found: dict[str, None] = {}
        for each in of:
            own = self.outputs if each == "*" else meant([each], self.names, "these equations")
            found |= dict.fromkeys(own)
        return [*found]

    def graph(self, *names: str) -> Graph:
        """The graph that leads to these names, made once."""
        nodes = tuple(self.names[name] for name in names)
        if nodes not in self._graphs:
            self._graphs[nodes] = Graph(self.columns, nodes, self.labels)
        return self._graphs[nodes]

    def default(self, name: str) -> float:
        """The number that the file gives an input; inf or nan where its right side has no finite value.
        What rounding takes of it is there if it has been looked at."""
        root = self.defaults[name]
        known = self.looked_at.get(root)
        return default(self.columns, root) if known is None else known

    def default_numbers(self) -> dict[str, float]:
        """What `default` says of every name that has one, in the order of the file."""
        return {name: self.default(name) for name in self.defaults}

    def leading(self, output: str) -> set[str]:
        """The inputs and constants that lead to an output."""
        labels = self.labels
        return {labels[node] for node in self.graph(output).inputs if node in labels}

    def givers(self, names: Iterable[str]) -> Iterator[str]:
        """One of these names for each statement that gives members of a family their numbers, and does
        not draw them at random."""
        known = self.repeated.keys() & self.defaults.keys()
        statements = {self.repeated[name]: name for name in names if name in known}
        for whole, name in statements.items():
            if not self.draws(whole):
                yield name

    def output(self, of: str | None = None) -> str:
        """The output to differentiate: `of`, the goal of the file, or the only one there is. Raises
        UnknownName, or ChooseOutput where there are several."""
        if of is not None:
            of = normal(of)
            if of not in self.names:
                raise self._no_output(of)
            return of
        if self.goal:
            return self.goal.name
        outputs = self.outputs
        if len(outputs) == 1 and not (self.laid and self.laid.has_rows(outputs[0])):
            return outputs[0]
        if not outputs:
            more = ", or used in ranges and bounds" if self.fixed else ""
            message = f"there is no output: every name is const{more}"
            hints = ["add an equation that uses them", _CHOOSE.format([*self.names][-1])]
            raise ChooseOutput(message, hints=hints, where=self.source.name)
        if self.laid and (error := self.laid.no_output(outputs, self.source.name)):
            raise error
        shown = gathered(outputs)
        more = f", … and {len(shown) - _MOST_SHOWN} more" if len(shown) > _MOST_SHOWN else ""
        message = f"there are {len(outputs):,} outputs: {', '.join(shown[:_MOST_SHOWN])}{more}"
        from backprop.language.hints import unused  # for a mistake only

        labels = unused(outputs, self.equation)
        hints = [f"is {name}, used once, meant to be {near}?" for name, near in self._slips()]
        hints += [each.message for each in self.warnings[:3] if isinstance(each, LooksAlike)]
        hints.append(_CHOOSE.format(outputs[-1]))
        raise ChooseOutput(message, *islice(labels, 6), hints=hints, where=self.source.name)

    def _no_output(self, of: str) -> BackpropError:
        """The error for what is no name: a family, of which one member is due, or something else."""
        members = matching(of, self.names)
        if not members:
            return unknown_name(of, self.names, "these equations")
        if self.laid and (error := self.laid.no_output([of], self.source.name)):
            return error
        count = f"{len(members):,} numbers" if len(members) > 1 else "the number of a family"
        hints = [f'choose one: --of "{members[-1]}"']
        if len(members) > 1 and (own := family(members[-1])):
            stars = ",".join("*" * len(indices(members[-1])))
            hints.append(f"or gather them in the equations, as sum({own}[{stars}]) does")
            if len(members) <= _MOST_SHOWN:
                hints.append(f'grad, jacobian and diff take each: --of "{own}[{stars}]"')
        message = f"{of!r} is {count}, and an output is a single one"
        return ChooseOutput(message, hints=hints, where=self.source.name)

    def _slips(self) -> Iterator[tuple[str, str]]:
        """Inputs without a number that are used once, each with the name that it resembles of those
        that the file defines."""
        from backprop.language.hints import resembled

        columns = self.columns
        undefined = {name for name in self.inputs if name not in self.defaults}
        known = [name for name in self.names if name not in undefined]
        for name in islice(filter(undefined.__contains__, self.inputs), 50):
            node = self.names[name]
            uses = columns.first.count(node) + columns.second.count(node)
            uses += sum(each.count(node) for each in columns.more.values())
            if uses == 1 and (near := resembled(name, known)):
                yield name, near

    @property
    def bounds(self) -> Mapping[str, Bounds]:
        """Of an input with bounds these, to be read only."""
        return MappingProxyType(self._bounds)

    @property
    def uncertainties(self) -> Mapping[str, float]:
        """Of an input with a standard uncertainty this, to be read only."""
        return MappingProxyType(self._uncertainties)

    def equation(self, name: str) -> Span | None:
        """The right side of the equation for `name`; None for an input that has none."""
        if name in self._known_places:
            return Span.at(self.source, self._known_places[name])
        node = self.defaults.get(name, self.names[name])
        start = self.columns.places[node]
        if start >= 0 or not (name in self.defaults or self.columns.is_step(node)):
            return None
        tokens = statement_at(self.source, ~start)
        return tokens.span(tokens.sign + 1, -1)

    def text(self, node: int) -> str:
        """The text of a row on one line: a right side, a step of one; "" for an input without."""
        name = self.labels.get(node)
        spans = self.span(node) if name is None else [self.equation(name)]
        text = readable(self.laid, one_line(spans[0].text)) if spans and spans[0] else ""
        return without_brackets(text) if name in self.uncertainties else text

    def instance(self, node: int) -> str:
        """The text of a row on one line; of a member of a family with numbers for its indices, so
        that it can be read without the others."""
        name = self.labels.get(node, "")
        if name not in self.repeated or name not in self._known_places:
            return self.text(node)
        whole, right = self.repeated[name], self._known_places[name]
        from backprop.language.members import member_text  # for families only

        spans = Span.at(self.source, whole), Span.at(self.source, right)
        text = member_text(*spans, name, self.laid)
        return without_brackets(text) if name in self.uncertainties else text

    def draws(self, whole: int) -> bool:
        """Whether a statement, a packed span of `repeated`, draws its numbers at random."""
        span = Span.at(self.source, whole)
        if "~" not in span.text:
            return False
        tokens = statement_at(self.source, span.start)  # it may be in a comment
        return tokens.kinds[tokens.sign] == "TILDE"

    def text_of(self, name: str) -> str:
        """The right side of a name on one line, "" for an input without."""
        return self.text(self.names[name])

    def instance_of(self, name: str) -> str:
        """The right side of a member with numbers for its indices, of another name as `text_of`."""
        return self.instance(self.names[name])

    def span(self, node: int) -> list[Span]:
        """Where a row stands: its text, then, inside a function, the calls that led there."""
        caller = self._place(node)
        spans = []
        while caller is not None:
            place, caller = caller if isinstance(caller, tuple) else (caller, None)
            spans.append(Span.at(self.source, place))
        return spans

    def _place(self, node: int) -> Place:
        """The place of a row, None for one that stands nowhere."""
        columns = self.columns
        start = columns.places[node]
        if start >= 0:
            caller = columns.callers.get(node)
            return (start or None) if caller is None else (start, caller)
        if self._last_read[0] != start:
            self._last_read = start, *self._read_again(~start)
        _, name, places = self._last_read
        if self.names.get(name) == node and columns.is_step(node):
            return places[-1] or None
        first = node
        while first and columns.places[first - 1] == start:
            first -= 1
        return places[node - first] or None

    def _read_again(self, start: int) -> tuple[str, list[Place]]:
        """The name of the statement at `start`, and the places of the rows that it made, in order.

        The quick route (`by_shape.py`) keeps for each row the offset at which its statement begins,
        and nothing else. Read again by the ordinary route, the statement gives the same rows in the
        same order, each with its place.
        """
        tokens = statement_at(self.source, start)
        parsed = shape(tokens.kinds)
        name = tokens.texts[parsed.target]
        scratch = Columns()
        known = {each: scratch.input() for each in tokens.texts if each in self.names}
        begin = len(scratch)
        root = Builder(known, scratch).expression(tokens, prepared(parsed).body, {})
        made: list[Place] = [*scratch.places[begin:]]
        if root < begin or name in self.defaults:
            made.append(pack(tokens.starts[tokens.sign + 1], tokens.ends[-1]))
        return name, made
