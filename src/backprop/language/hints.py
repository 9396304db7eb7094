"""What is meant by a call of a function that there is not: a text that can take its place."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby

from backprop.errors import Label, mend
from backprop.meanings import MEANT, logarithm
from backprop.names import family, gathered, nearest
from backprop.numbers import few, whole_number
from backprop.operations import FUNCTIONS, GATHERS, OPERATIONS
from backprop.row import CALL
from backprop.source import Span, one_line
from backprop.syntax.case import POWERS, SIGNS, defines, own, product, raised, unglued
from backprop.syntax.grammar import Node, roots
from backprop.syntax.leibniz import leibniz
from backprop.syntax.matrices import OF_MATRICES
from backprop.syntax.parser import Statement, formula
from backprop.syntax.ranges import RANGES
from backprop.syntax.scanner import Tokens, statements

_SLOT = re.compile(r"<([xyzw])>|\[([xyzw])\]")
_SLOTS = "xyzw"
_LONGEST = 40
"""Longer arguments stand as x, y, z and w in a hint."""


def meant(statement: Statement, call: Node) -> list[str]:
    """The hints for a call by its name, and for one with a decimal comma in it: `floor(0,25)`."""
    if advice := _of_matrix(statement, call):
        return [advice]
    found, tokens = _by_name(statement, call), statement.tokens
    text = one_line(tokens.span(call.first, call.last).text)
    point = _DECIMAL_COMMA.sub(".", text, count=1)
    if point == text or tokens.texts[call.token] not in FUNCTIONS or len(text) > 2 * _LONGEST:
        return [f"or {each}" if at else mend(each) for at, each in enumerate(found)]
    others = (f"for two arguments write {each}" for each in found)
    return [f"for a decimal comma write {point}", *others]


def _of_matrix(statement: Statement, call: Node) -> str:
    """The hint for a function of a matrix, of a family: `inv(A)` is one, and `inv(2)` none."""
    tokens = statement.tokens
    advice = OF_MATRICES.get(tokens.texts[call.token].lower(), "")
    given = tokens.texts[call.token + 2 : call.last]
    text = tokens.source.text
    return advice if any(each.isidentifier() and _indices(each, text) for each in given) else ""


_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")


def _by_name(statement: Statement, call: Node) -> list[str]:
    """What may be meant by a call, by its name; nothing for a name that is in no table.

    Each can be put in the place of the call as it stands: of `sqr(a + 1)^3` it is `((a + 1)^2)`.
    """
    tokens, nodes = statement.tokens, statement.shape.nodes
    name, count = tokens.texts[call.token], call.operands
    if name[-1] == "ˆ" or (name[0] == "π" and name[1:] in FUNCTIONS):
        made = own(tokens, call.first, call.last).replace("ˆ", "^", 1)
        within = OPERATIONS["^" if "^" in made else "*"].binding <= _around(nodes, call)
        return [f"({made})" if within else made]
    small = name.lower()
    texts = MEANT.get(name) or MEANT.get(small) or [*filter(None, [logarithm(name, "[x]")])]
    arguments = _arguments(nodes, call)
    fitting = [text for text in texts if len(_slots(text)) == count]
    if not fitting and (small in FUNCTIONS or any(len(_slots(text)) < count for text in texts)):
        return []  # none leaves out an argument
    spans = [tokens.span(each.first, each.last) for each in arguments]
    if small in _ROOTS and [tokens.kinds[each.first] for each in arguments][:1] == ["NUMBER"]:
        spans, arguments = spans[::-1], arguments[::-1]  # root(3, x), whose order is first
    given = {slot: one_line(span.text) for slot, span in zip(_SLOTS, spans, strict=False)}
    if not fitting or max(map(len, given.values()), default=0) > _LONGEST:
        given, bound = {slot: slot for slot in _SLOTS}, set(_SLOTS)
    else:
        bound = {n for n, each in zip(_SLOTS, arguments, strict=False) if each.kind != "operation"}

    def put(slot: re.Match[str]) -> str:
        name = slot[1] or slot[2]
        return given[name] if slot[2] or name in bound else f"({given[name]})"

    around = _around(nodes, call)
    found: list[str] = []
    for text in fitting or texts:
        root = formula(_SLOT.sub("x", text)).shape.nodes[-1]
        loose = root.operation and OPERATIONS[root.operation].binding <= around
        made = _SLOT.sub(put, text)
        found.append(f"({made})" if loose else made)
    return found


_ROOTS = frozenset("root nthroot nroot rootn surd real_root".split())


def instead(name: str, place: Span) -> tuple[Span, list[str]]:
    """What may be meant by an input without a number: `π*r` by `πr`, `x^2` by `xˆ2`, `sin(-x)` by
    `sin -x`. place: where it stands. Answers with the place of what the hints can take the place of.
    """
    text = place.source.text
    own_name, _, index = name.partition("[")
    if index and (called := own_name.lower()) in FUNCTIONS:
        inside = place.text.partition("[")[2].removesuffix("]")
        hint = f"{called} is a function: its argument stands in round brackets, {called}({inside or 'x'})"
        return place, [hint]
    if name[0] == "d" and (found := leibniz(text, place.start))[1] and place.text == name:
        hint = f"if {name} is no name of yours, write {found[1]}"
        return place._replace(end=found[0]), [hint]
    glued = unglued(name, text)
    if len(name) > 1 and name.isalpha() and all(defines(text, letter) for letter in name):
        glued = "*".join(name)
    function = _with_argument(name, text) or _of_small_base(name)
    strange = glued != name or name in FUNCTIONS or name.endswith("ˆ") or function
    tokens = next(statements(place.source, start=place.start)) if strange else None
    if not isinstance(tokens, Tokens) or place.text != name:
        return place, []
    if name in FUNCTIONS:
        return _called(name, tokens) if _signed(tokens) else (place, [_FUNCTION.format(name)])
    if function:
        last, hints = raised(tokens, 0), [f"if {name} is no name of yours, write {function}"]
        if power := own(tokens, 1, last):
            within = function.replace(")", f"{power})", 1)
            hints = [f"if {name} is no name of yours, write {within}", f"or {function}{power}"]
        return tokens.span(0, last), hints
    if name[-1] == "ˆ":
        last = raised(tokens, 1) if _signed(tokens) else 0
        meant = f"{name[:-1]}^{own(tokens, 1, last)}" if last else name
    else:
        last = raised(tokens, 0)
        meant = own(tokens, 0, last)
        if meant.startswith(name):
            meant = glued + meant.removeprefix(name)
    if meant == name:
        return place, []
    if text[: place.start].rstrip().endswith(_HOLD):
        meant = f"({meant})"
    return tokens.span(0, last), [f"if {name} is no name of yours, write {meant}"]


_HOLD = "/", "÷", "∕", "^", "**", "√", "∛"
"""What holds its operand more tightly than a product."""

_GLUED = re.compile(r"(a?(?:sin|cos|tan)h?|exp|ln|log|sqrt)(\d*)([^\W\d]\w*)")


def _with_argument(name: str, text: str) -> str:
    """`sin(2*x)` of the name `sin2x`, if the text has an `x`; "" of others."""
    found = _GLUED.fullmatch(name)
    if not found or (found[1] + found[2] in FUNCTIONS and found[2]):
        return ""
    known = re.search(rf"(?<!\w){re.escape(found[3])}(?!\w)", text)
    return f"{found[1]}({found[2]}{'*' if found[2] else ''}{found[3]})" if known else ""


def _of_small_base(name: str) -> str:
    """`log(x)/log(a)` of the name `logₐx`; "" of others."""
    found = re.fullmatch(r"(log(?:[₀-₉]+|[ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ]))([^\W\d_]\w*)", name)
    return logarithm(found[1], found[2], factor=True) if found else ""


_FUNCTION = "{0} is a function, too: its argument stands in brackets, {0}(x)"


def _called(name: str, tokens: Tokens) -> tuple[Span, list[str]]:
    """What is underlined, and hints, for a function without brackets before a sign: `exp -x/2`."""
    once = raised(tokens, 1)
    last = product(tokens, once)
    hints = [f"for the function write {name}({own(tokens, 1, last)})"]
    if last > once:
        hints.append(f"or {name}({own(tokens, 1, once)}){own(tokens, once + 1, last)}")
    return tokens.span(0, last), hints


def _signed(tokens: Tokens) -> bool:
    """Whether a sign that touches the operand behind it follows a name: `sin -x`, no `sin - x`."""
    signed = {*tokens.kinds[1:2]} <= {*SIGNS} and raised(tokens, 1) > 1
    return signed and tokens.touch(1, 2) and (not tokens.touch(0, 1) or tokens.texts[0][-1] == "ˆ")


def _slots(text: str) -> set[str]:
    return {slot[1] or slot[2] for slot in _SLOT.finditer(text)}


def written_out(statement: Statement, call: Node, name: str) -> list[str]:
    """The hint for `sum`, `prod` or `mean`, the name, of arguments that are listed, or of none."""
    tokens, nodes = statement.tokens, statement.shape.nodes
    terms = list[str]()
    for each in _arguments(nodes, call):
        text = one_line(tokens.span(each.first, each.last).text)
        terms.append(f"({text})" if each.kind == "operation" else text)
    if not terms:
        return [f"write {name}(x[i] for i in 1..n)"]
    found = _terms(name, terms, nodes, call)
    given = [one_line(tokens.span(each.first, each.last).text) for each in _arguments(nodes, call)]
    orders = (given[1:] + given[:1], given) if len(given) == 4 else ()
    for index, low, high, body in orders:  # sum(w[i], i, 1, 3)
        if index.isidentifier() and re.search(rf"(?<!\w){index}(?!\w)", body):
            over = f"for all of an index write {name}({body} for {index} in {low}..{high})"
            return [over, f"for these terms {found}"]
    return [mend(found)]


def _terms(name: str, terms: Sequence[str], nodes: Sequence[Node], call: Node) -> str:
    """The terms of a call with the operations between them."""
    row = GATHERS[name]
    text = (" + " if row.joined_by == "+" else row.joined_by).join(terms)
    text = f"({text})/{len(terms)}" if row.divided else text
    loose = OPERATIONS["/" if row.divided else row.joined_by].binding <= _around(nodes, call)
    return f"({text})" if loose else text


def of_family(statement: Statement, call: Node) -> str:
    """The hint for `sum(x)` where x is the name of a family: to gather its members."""
    tokens = statement.tokens
    name, inside = tokens.texts[call.token], own(tokens, call.token + 2, call.last - 1)
    if member := _MEMBER.search(inside):
        span = _indices(member[1], tokens.source.text)
        return f"write {name}({inside} for {member[2]} in {span})" if span else ""
    if not re.fullmatch(r"[^\W\d]\w*", inside):
        return ""
    span = _indices(inside, tokens.source.text)
    if many := re.search(
        rf"(?<![\w.]){re.escape(inside)}\s*\[[^][,]*,([^][]*)\]\s*[=~]", tokens.source.text
    ):
        return f"write {name}({inside}[*{',*' * (1 + many[1].count(','))}])"
    return f"write {name}({inside}[i] for i in {span})" if span else ""


_MEMBER = re.compile(r"([^\W\d]\w*)\[\s*([^\W\d]\w*)\s*\]")
"""A member of a family by a name for its index."""


def of_members(statement: Statement, many: Node, defined: Collection[str]) -> str:
    """The hint for `max(w[*])`: the same over an index. Others than gathers take one member.
    defined: the functions of the file."""
    tokens, nodes = statement.tokens, statement.shape.nodes
    behind = nodes[nodes.index(many) + 1 :]
    member = next(each for each in behind if each.kind == "index")
    calls = (each for each in behind if each.kind == "call" and each.start <= many.start)
    call = next((each for each in calls if tokens.texts[each.token] in GATHERS), None)
    family = tokens.texts[member.token]
    if call and call.operands == 1 and tokens.texts[call.token] not in defined:
        within = nodes[call.start : nodes.index(call)]
        if [each.kind in ("star", "slice") for each in within].count(True) == 1:
            index = next(each for each in "ijkmn" if each not in tokens.texts or each == "n")
            alone = member.operands == 1 and _indices(family, tokens.source.text)
            all_of_them = alone or f"1..{'n' if index != 'n' else 'N'}"
            low, _, high = all_of_them.partition("..")
            span = own(tokens, many.first, many.last)
            if many.kind == "star":
                span = all_of_them
            elif many.operation == "low":
                span += high or "n"
            elif many.operation == "high":
                span = (low if high else "1") + span
            before = own(tokens, call.first, many.first - 1)
            after = own(tokens, many.last + 1, call.last - 1)
            return f"write {before}{index}{after} for {index} in {span})"
    indices = ", ".join("1" * member.operands)
    return f"name one member, such as {family}[{indices}]"


def _indices(name: str, text: str) -> str:
    """What the index of a family runs through, as far as the text says it: `1..3`, `1..n`, `…`; "" for
    no family."""
    left = rf"(?<![\w.]){re.escape(name)}\s*\[([^][=]*)\]\s*[=~](?!=)"
    over = r"(?:[^;#\n]*?\bfor\s+(\w+)\s+in\s+(\w+\s*\.\.\s*\w+))?"
    found = [(index.strip(), *rest) for index, *rest in re.findall(left + over, text)]
    numbers = sorted(whole_number(index) for index, *_ in found if index.isdecimal())
    if numbers and len(numbers) == len(found):
        row = numbers == [*range(numbers[0], numbers[-1] + 1)]
        return f"{numbers[0]}..{numbers[-1]}" if row else f"{numbers}"
    if found:
        index, running, span = found[0]
        return span if len(found) == 1 and index == running else "…"
    return "1..n" if re.search(rf"(?<!\w){re.escape(name)}\s*\[", text) else ""


def resembled(name: str, names: Iterable[str]) -> str | None:
    """As `nearest`, but of members of families that resemble each other: `x[1]` is no slip of `F[1]`."""
    near = nearest(name, names)
    return near if near and nearest(family(name) or name, [family(near) or near]) else None


def unused(names: Sequence[str], place: Callable[[str], Span | None]) -> Iterator[Label]:
    """Where outputs are defined, a family once: names that no other equation uses. place: of an equation."""
    for _, each in groupby(names, lambda name: name.partition("[")[0]):
        own = [*each]
        if here := place(own[0]):
            yield Label(here, f"{few(gathered(own))}: no other equation uses it")


def member(statement: Statement, call: Node) -> list[str]:
    """The hints for `x(1)` where x is the name of a family or of another value of the file."""
    tokens, at = statement.tokens, call.token
    name, inside = tokens.texts[at], own(tokens, at + 2, call.last - 1)
    if not call.operands or not _indices(name, tokens.source.text):
        factor = call.operands == 1 and tokens.kinds[at - 1] not in ("DIVIDE", *POWERS)
        return [f"write {name}*({inside})"] if factor and defines(tokens.source.text, name) else []
    return [f"for a member write {name}[{inside}]", f"for a product {name}*({inside})"]


def otherwise(name: str, count: int) -> list[str]:
    """The hints for a function that there is not and whose name is near to none."""
    if name.lower() in OF_MATRICES:
        return [OF_MATRICES[name.lower()]]
    if name in RANGES:
        return ["a range stands behind for: x[i] = … for i in 1..n"]
    if name.lower() in _COUNTS:
        return ["how many there are is a number of its own: n = 10, or sum(1 for i in 1..n)"]
    if name.lower() in _GRADIENTS:
        return [_GRADIENTS[name.lower()]]
    if count != 1:
        return [f"define it in the equations: {name}({', '.join('xyz'[:count])}) = …"]
    plain = name.rstrip("'′")
    if plain != name:
        command = f"or ask 'backprop grad --of {plain}'"
        return [f"a derivative is by a name: write derivative({plain}, x), {command}"]
    return [f"if {name} is a value, a product needs its '*': {name}*(…)"]


_BY_NAME = "a derivative is by one name: derivative(V, x)"

_GRADIENTS = {
    **dict.fromkeys(("del", "diff", "grad", "gradient", "jacobian", "nabla"), _BY_NAME),
    "div": "write the sum of the derivatives: derivative(u, x) + derivative(v, y)",
    "hessian": "a second derivative is by two names: derivative(derivative(V, x), y)",
    "laplacian": "write the sum: derivative(derivative(V, x), x) + derivative(derivative(V, y), y)",
}
"""What a call of one argument has instead that is of all names elsewhere."""

_COUNTS = frozenset("len length size count numel".split())


def _arguments(nodes: Sequence[Node], call: Node) -> list[Node]:
    return [nodes[each] for each in roots(nodes, call.start, nodes.index(call) - 1)]


def _around(nodes: Sequence[Node], call: Node) -> int:
    """How tightly the operation holds its operands together that a call is an operand of; 0: none is."""
    at = nodes.index(call)
    parent = next((node for node in nodes[at + 1 :] if node.start <= at), call)
    row = OPERATIONS.get(parent.operation)
    return row.binding if row and row.binding < CALL else 0
