"""The numbers of a page: a graph's values, and the derivatives of its output, in JavaScript."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from math import isclose, isfinite

from backprop.chain.walk import Operand
from backprop.engine.writers.javascript.javascript_table import WIDE, number
from backprop.engine.writers.javascript.javascript_writer import (
    JavaScriptWriter,
    NumberedWalk,
    changing,
    helpers,
    known_operands,
    text_of,
    written,
)
from backprop.graph import Graph
from backprop.operations import OPERATIONS
from backprop.row import COMPARISON
from backprop.syntax import functions
from backprop.syntax.parser import formula

_LARGE = 2_000
"""Graphs of more steps have rows of numbers instead of lines."""


def javascript_numbers(graph: Graph, leaves: Sequence[int], large: int = _LARGE) -> str:
    """The text of a JavaScript expression, an object that computes a graph in a page.

    leaves: the nodes whose numbers `forward` takes, in that order. Nodes have the numbers of their
    places in `graph.order`. large: graphs of more steps are written as rows of numbers.

        nodes        how many there are
        edges        [operand, step, place] of each use of an operand, in the order of the steps
        forward(x)   the value of every node
        backward(v)  of such values: `gradients`, the derivatives of the output by every node;
                     `slopes` and `shares`, of every edge its slope, and that times the gradient of
                     the step; `open`, the nodes whose derivative the page cannot decide: it is NaN;
                     `unfit`, the nodes that have a say in the output and no finite value: if there is
                     one there are no derivatives, and where the output has a number it is none.
        plain(v)     the derivatives as doubles give them, however few digits rounding leaves; NaN where
                     something is too small, or `unfit`
    """
    writer = JavaScriptWriter()
    inputs = [node for node in graph.order if not graph.operands(node)]
    given = {leaf: place for place, leaf in enumerate(leaves)}
    at = {node: place for place, node in enumerate(graph.order)}
    for node in inputs:
        number_of = f"x[{given[node]}]" if node in given else number(graph.constant(node))
        writer.put(f"v[{at[node]}] = {number_of};")
    begin = writer.taken()
    page = (_rows if len(graph.steps) > large else _lines)(writer, graph, at)
    code = [*helpers(writer.helpers, _instead(graph)), *writer.functions.values()]
    return _filled(
        "page_numbers.js",
        {
            "/* functions */": "\n".join(code),
            "/* page */": page,
            "/* leaves */": begin,
        },
    )


def _instead(graph: Graph) -> Mapping[str, str]:
    """The functions of which a graph has no need, and what they give: of steps that have no sides, and
    whose slopes are infinite only where a product is too large."""
    steps = {(graph.op(step), known_operands(graph, step)) for step in graph.steps}
    found: dict[str, str] = {}
    sides = [_KINDS[each] for each in ("jumping", "signed", "tied", "wrapping")]
    if not any(holds(op) for holds in sides for op, _ in steps):
        found |= dict.fromkeys(("turning", "behind"), "() => []")
        found |= dict.fromkeys(("hasSides", "isOnBorder"), "() => false")
        found["around"] = "(page, v) => v"
    if all(functions.slopes_stay_finite(op, known) for op, known in steps):
        found["undecided"] = "leftOpen"
    return found


def _lines(writer: JavaScriptWriter, graph: Graph, at: Mapping[int, int]) -> str:
    """The parts of a page, a line a step."""
    inputs = [node for node in graph.inputs if node in at]
    walk = NumberedWalk(writer, graph, inputs)
    walk.forward()
    values = writer.taken()
    wanted = [node for node in graph.order if not graph.is_number(node)]
    found = walk.backward({graph.output: "seed"}, wanted)
    walk.other_slopes()
    for node in inputs:
        writer.put(f"g[{at[node]}] = {written(found[node])};")
    parts = {
        "/* values */": values,
        "/* gradients */": writer.taken(),
        "nodes: 0": f"nodes: {len(graph.order)}",
        "edges: []": f"edges: {_listed(walk.edges)}",
        "ops: []": f"ops: {_listed([_op(graph, node) for node in graph.order])}",
        "changing: []": f"changing: {_listed(walk.changing)}",
        "lossy: new Set([])": f"lossy: new Set({_listed(walk.lossy)})",
    }
    names = dict.fromkeys(map(graph.op, graph.steps))
    smooth = {name: at_0 for name in names if (at_0 := _at_0(name))}
    parts["linear: {}"] = f"linear: {_listed(smooth)}"
    wides = [f"{json.dumps(name)}: {_wide(writer, name)}" for name in names if name in WIDE]
    parts["wides: {}"] = f"wides: {{ {', '.join(wides)} }}"
    for what, holds in _KINDS.items():
        steps = [at[step] for step in graph.steps if holds(graph.op(step))]
        parts[f"{what}: new Set([])"] = f"{what}: new Set({_listed(steps)})"
    says = {at[step]: _said(graph.op(step)) for step in graph.steps}
    choices = [(step, said) for step, said in says.items() if said]
    parts["says: new Map([])"] = f"says: new Map({_listed(choices)})"
    return _filled("page_lines.js", parts)


def _rows(writer: JavaScriptWriter, graph: Graph, at: Mapping[int, int]) -> str:
    """The parts of a page, of each step its operation and its operands; the operations once."""
    writer.helpers["pageOfRows"] = None
    kinds: dict[_SlopesKind, int] = {}
    rows: list[list[int]] = [[] for _ in graph.order]
    for step in graph.steps:
        kind = graph.op(step), changing(graph.op(step), known_operands(graph, step))
        operands = [at[each] for each in graph.operands(step)]
        rows[at[step]] = [kinds.setdefault(kind, len(kinds)), *operands]
    made = ",\n".join(_kind(writer, *kind) for kind in kinds)
    fixed = [at[node] for node in graph.order if graph.is_number(node)]
    return f"const page = pageOfRows([\n{made},\n], {_listed(rows)}, {_listed(fixed)});"


def _at_0(name: str) -> tuple[float, float, float] | None:
    """Value and slope of an operation of one operand at 0, and, where the slope is 0, how fast it
    changes; None where the operation is not smooth there."""
    row = OPERATIONS[name]
    if row.arity != 1 or row.corner or row.jump:
        return None
    value = functions.value(name)(0.0)
    slope = functions.slopes(name)[0](0.0, value)
    if not (isfinite(value) and isfinite(slope)):
        return None
    bend, further = (functions.slopes(name)[0](x, value) / x for x in (1e-200, 1e-150))
    is_known = slope == 0 and isfinite(bend) and isclose(bend, further, rel_tol=1e-14)
    return value, slope, bend if is_known else 0.0


def _wide(writer: JavaScriptWriter, name: str) -> str:
    """What `wide.js` has of an operation."""
    if name not in WIDE:
        return "null"
    writer.helpers[WIDE[name]] = None
    return WIDE[name]


def _op(graph: Graph, node: int) -> str:
    return graph.op(node) if graph.is_step(node) else ""


_SlopesKind = tuple[str, tuple[tuple[int, ...], ...]]
"""An operation, and by which places its slopes change."""


def _kind(writer: JavaScriptWriter, name: str, places: tuple[tuple[int, ...], ...]) -> str:
    """An operation, as `pageOfRows` takes it."""
    row = OPERATIONS[name]
    names: dict[str, Operand[str]] = {each: each for each in (*row.operands, "out")}
    value = writer.called(name, row.operands)
    slopes = [written(writer.statement(formula(text), names)) for text in row.slopes]
    parameters = ", ".join(names)
    parts = {
        "name": json.dumps(name),
        "linear": _listed(_at_0(name)),
        "wide": _wide(writer, name),
        "value": f"({', '.join(row.operands)}) => {value}",
        "slopes": f"[{', '.join(_slope(each, parameters) for each in slopes)}]",
        "changing": _listed(places),
        "lossy": _listed(functions.can_be_lost(name)),
        "says": _listed(_said(name)),
        "chooses": _listed(row.chooses),
        **{what: _listed(holds(name)) for what, holds in _KINDS.items()},
    }
    return f"{{ {', '.join(f'{part}: {code}' for part, code in parts.items())} }}"


def _slope(code: str, parameters: str) -> str:
    return code if re.fullmatch(r"[\d.]+|\(-[\d.]+\)|NaN", code) else f"({parameters}) => {code}"


_KINDS: Mapping[str, Callable[[str], bool]] = {
    "vanishing": functions.can_vanish,
    "rounding": functions.rounds_always,
    "kept": functions.gives_back,
    "jumping": lambda name: not functions.has_slopes(name),
    "signed": lambda name: _border(name) == f"{OPERATIONS[name].operands[0]} == 0",
    "tied": lambda name: _border(name) == " == ".join(OPERATIONS[name].operands[:2]),
    "wrapping": lambda name: OPERATIONS[name].unrounded and bool(OPERATIONS[name].jump),
}
"""What `settled.js` asks of operations."""


def _border(name: str) -> str:
    """Where an operation has its corner or its jump, as a condition of its operands."""
    row = OPERATIONS[name]
    tied = row.binding == COMPARISON or name == "clamp"
    return " == ".join(row.operands[:2]) if tied else row.corner or row.jump


def _filled(file: str, parts: Mapping[str, str]) -> str:
    """A template of the package with these parts in their places."""
    text = text_of(file)
    for place, code in parts.items():
        text = text.replace(place, code, 1)
    return text.strip()


def _listed(numbers: object) -> str:
    """Whole numbers, or lists of such, as JavaScript reads them."""
    return json.dumps(numbers, separators=(",", ":"))


def _said(name: str) -> list[tuple[int, ...]] | None:
    """Which operands of an operation have a say in its value, where its first one is true, and where
    it is not; None if all have, always."""
    row = OPERATIONS[name]
    return row.says and [row.says(*[truth] * row.arity) for truth in (1.0, 0.0)]
