"""The lines of JavaScript that compute a graph and its derivatives; see `walk.Writer`.

A node is `v[i]`, its gradient `g[i]`; an edge, from an operand to the step that uses it, has a slope
`s[e]` and a share `h[e]`, what it brings to the gradient of the operand.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cache, reduce
from importlib.resources import files
from types import MappingProxyType

from backprop.chain.walk import Operand, Texts, Walk
from backprop.engine.writers.javascript.javascript_table import FUNCTIONS, PATTERNS, TRUTH, number
from backprop.graph import Graph
from backprop.operations import CONSTANTS, OPERATIONS
from backprop.syntax import functions
from backprop.syntax.fold import fold
from backprop.syntax.parser import Statement, formula

_SHORT = 12
"""Formulas of slopes of so many characters are written where they are used, longer ones once."""


class JavaScriptWriter(Texts[str]):
    """Lines of JavaScript in the making, and the functions that they call."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.functions: dict[str, str] = {}
        """By name, the functions of the table that are called."""
        self.helpers: dict[str, None] = dict.fromkeys(("again", "operands", "settled"))
        """The functions of `helpers.js` that are called."""
        self.first = 0
        """The number of the edge to the first operand of the step whose slopes are written."""
        self._edge = 0

    def put(self, line: str) -> None:
        self.lines.append(line)

    def taken(self) -> str:
        """The lines since this was asked last."""
        found, self.lines = self.lines, []
        return "\n".join(found)

    def value(self, name: str, operands: Sequence[Operand[str]]) -> Operand[str]:
        if all(isinstance(each, float) for each in operands):
            return functions.value(name)(*[float(each) for each in operands])
        if name == "+" and written(operands[1]).startswith("h["):  # shares, one after the other
            return f"{operands[0]} + {operands[1]}"
        return self.called(name, list(map(written, operands)))

    def called(self, name: str, operands: Sequence[str]) -> str:
        """The value of an operation as an expression; the functions that it calls are kept."""
        if name == "if":
            operands = [condition(operands[0]), *operands[1:]]
        if name in PATTERNS:
            return PATTERNS[name].format(*operands)
        if name in FUNCTIONS:
            self.helpers[FUNCTIONS[name]] = None
            return f"{FUNCTIONS[name]}({', '.join(operands)})"
        row = OPERATIONS[name]
        text = row.value if isinstance(row.value, str) else row.machine
        made = {"not": "negated", "and": "both", "or": "either"}.get(name, name)
        return self._function(made, text, row.operands, operands)

    def _function(
        self, name: str, text: str, parameters: Sequence[str], operands: Sequence[str]
    ) -> str:
        """A call of a formula of the table, which is written once."""
        if name not in self.functions:
            self.functions[name] = ""  # its place, before those that it calls
            code = self.statement(formula(text), dict(zip(parameters, parameters, strict=True)))
            self.functions[name] = f"const {name} = ({', '.join(parameters)}) => {written(code)};"
        return f"{name}({', '.join(operands)})"

    def statement(self, statement: Statement, names: Mapping[str, Operand[str]]) -> Operand[str]:
        def apply(name: str, operands: list[Operand[str]]) -> Operand[str]:
            if OPERATIONS[name].folds:
                return reduce(lambda one, other: self.value(name, [one, other]), operands)
            return self.value(name, operands)

        def named(name: str) -> Operand[str]:
            return names[name] if name in names else self.constant(name)

        return fold(statement, float, named, apply)

    def slopes(
        self, name: str, operands: Sequence[Operand[str]], out: Operand[str]
    ) -> tuple[Operand[str], ...]:
        row, found = OPERATIONS[name], list[Operand[str]]()
        if row.chooses:
            operands = [self.chosen(operands[0]), *operands[1:]]
        names = {**dict(zip(row.operands, operands, strict=True)), "out": out}
        for at, text in enumerate(row.slopes):
            if len(text) <= _SHORT:
                slope = self.text(text, names)
            else:
                used = [each for each in names if re.search(rf"\b{each}\b", text)]
                called = f"{name if name.isidentifier() else 'power'}_slope{at}"
                slope = self._function(called, text, used, [written(names[each]) for each in used])
            if isinstance(slope, float):
                self.put(f"s[{self.first + at}] = {number(slope)};")
            found.append(slope)
        return tuple(found)

    def used(
        self, slope: Operand[str], name: str, numbers: Sequence[Operand[str]], at: int
    ) -> Operand[str]:
        self._edge = self.first + at
        if isinstance(slope, float):
            return slope
        self.put(f"s[{self._edge}] = {slope};")
        return f"s[{self._edge}]"

    def product(self, gradient: Operand[str], slope: Operand[str], careful: bool) -> Operand[str]:
        if careful:
            self.helpers["times"] = None
            return self._share(f"times({gradient}, {written(slope)})")
        return self._share(written(gradient) if slope == 1.0 else f"{gradient}*{written(slope)}")

    def branch(self, gradient: Operand[str], slope: Operand[str]) -> Operand[str]:
        return self._share(f"{written(slope)} ? {gradient} : -0")

    def chosen(self, operand: Operand[str]) -> Operand[str]:
        """A condition: with the values that choose branches."""
        return f"w{operand[1:]}" if isinstance(operand, str) else operand

    def arrived(self, gradient: Operand[str]) -> Operand[str]:
        if written(gradient).startswith("h["):
            self.put(f"{gradient} += 0;")
            return gradient
        return f"{gradient} + 0"

    def _share(self, text: str) -> str:
        self.put(f"h[{self._edge}] = {text};")
        return f"h[{self._edge}]"


class NumberedWalk(Walk[str]):
    """The walk through a graph whose nodes have the numbers of their places in its order."""

    def __init__(self, writer: JavaScriptWriter, graph: Graph, known: Iterable[int]) -> None:
        self.at = {node: at for at, node in enumerate(graph.order)}
        super().__init__(writer, graph, graph.steps, {each: self.name(each) for each in known})
        self.lines = writer
        self.edges: list[tuple[int, int, int]] = []
        """Operand, step, place, of every use."""
        self.changing: list[list[int]] = []
        """Of every edge the nodes by whose values its slope changes, but for choices."""
        self.lossy: list[int] = []
        """The edges whose slope may be too small for a double."""
        self._first: dict[int, int] = {}
        """Of the steps whose slopes are not written yet their first edges."""
        for step in graph.steps:
            self._first[step] = len(self.edges)
            inside, op = graph.operands(step), graph.op(step)
            nodes, lossy = (*inside, step), functions.can_be_lost(op)
            places_of = changing(op, known_operands(graph, step))
            for place, (operand, places) in enumerate(zip(inside, places_of, strict=True)):
                if lossy[place]:
                    self.lossy.append(len(self.edges))
                self.changing.append(sorted({self.at[nodes[each]] for each in places}))
                self.edges.append((self.at[operand], self.at[step], place))

    def name(self, node: int) -> str:
        return f"v[{self.at[node]}]"

    def made(self, step: int, operands: Sequence[Operand[str]]) -> Operand[str]:
        if self.chooses(step):
            operands = [self.lines.chosen(operands[0]), *operands[1:]]
        found = written(super().made(step, operands))
        self.lines.put(f"values[{self.at[step]}] = (v{', w' if 'w[' in found else ''}) => {found};")
        return self.name(step)

    def shares(
        self, step: int, gradient: Operand[str], moving: Container[int]
    ) -> Iterator[tuple[int, Operand[str]]]:
        name = f"g[{self.at[step]}]"
        self.lines.put(f"{name} = {gradient};")
        self.lines.first = self._first.pop(step)
        yield from super().shares(step, name, moving)

    def other_slopes(self) -> None:
        """Write those of the steps to which no gradient comes, as to what a condition is made of."""
        for step, first in self._first.items():
            self.lines.first = first
            operands, op = self.graph.operands(step), self.graph.op(step)
            called, out = [self.found[each] for each in operands], self.found[step]
            for at, slope in enumerate(self.lines.slopes(op, called, out)):
                if not self.graph.is_number(operands[at]):
                    self.lines.used(slope, op, (*called, out), at)


def known_operands(graph: Graph, step: int) -> tuple[float | None, ...]:
    """Of each operand of a step its number, if that stands in the equations."""
    return tuple(
        graph.constant(each) if graph.is_number(each) else None for each in graph.operands(step)
    )


def written(operand: Operand[str]) -> str:
    """An operand as it stands in an expression."""
    return operand if isinstance(operand, str) else number(operand)


def condition(text: str) -> str:
    """Whether a number is other than 0; NaN is, as it is in Python."""
    if text.startswith("(") and text.endswith(TRUTH):  # every expression has brackets of its own
        return text.removeprefix("(").removesuffix(TRUTH)
    return f"{text} !== 0"


@cache
def changing(name: str, known: tuple[float | None, ...] = ()) -> tuple[tuple[int, ...], ...]:
    """Of each slope of an operation the places of the operands, and of the value behind them, by which
    it changes, but for choices. known: of each operand its number, if that stands in the equations."""
    row = OPERATIONS[name]
    places: dict[str, float | set[int]] = {"out": {row.arity}}
    for at, each in enumerate(row.operands):
        number_of = known[at] if at < len(known) else None
        places[each] = {at} if number_of is None else number_of

    def apply(name: str, parts: list[float | set[int]]) -> float | set[int]:
        numbers = [each for each in parts if not isinstance(each, set)]
        if OPERATIONS[name].chooses and not isinstance(parts[0], set):
            return parts[1] if parts[0] else parts[2]
        if len(numbers) == len(parts) and not OPERATIONS[name].folds:
            return functions.value(name)(*numbers)
        return set[int]().union(*(each for each in parts if isinstance(each, set)))

    if row.chooses:
        return tuple(() for _ in row.slopes)
    made = [
        fold(formula(text), float, {**CONSTANTS, **places}.__getitem__, apply)
        for text in row.slopes
    ]
    return tuple(tuple(sorted(each)) if isinstance(each, set) else () for each in made)


@cache
def text_of(file: str) -> str:
    """A file of JavaScript beside this one, without comments; `/* name */` is a place to be filled."""
    text = (files("backprop.engine.writers.javascript") / file).read_text("utf-8")
    text = re.sub(r"^\s*/\*[*\n].*?\*/\n", "", text, flags=re.M | re.S)
    return re.sub(r"^\s*// [^\n]*\n| +// [^\n]*$", "", text, flags=re.M)


FILES = "helpers.js", "settled.js", "page_limits.js", "turning.js", "wide.js", "page_rows.js"
"""Those of which a page gets the functions that it needs."""


@cache
def _helpers() -> Mapping[str, str]:
    """The functions and constants of the files of helpers by name."""
    text = "\n".join(map(text_of, FILES))
    found = re.split(r"^(?=(?:function|const) )", text, flags=re.M)[1:]
    return {re.split(r"\W+", each, maxsplit=2)[1]: each.strip() for each in found}


def helpers(names: Iterable[str], instead: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """The functions of `helpers.js` of these names, and all that they call. instead: what takes the
    place of some functions, where they always give the same."""
    known = {**_helpers(), **{each: f"const {each} = {text};" for each, text in instead.items()}}
    found, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += set(re.findall(r"\w+", known[name])) & known.keys() - found
    return [text for name, text in known.items() if name in found]
