r"""Formulas, names and numbers as LaTeX: `x^2/(1 + y)` as `\frac{x^{2}}{1 + y}`.

Written from the syntax, so that it looks like what the person wrote, with brackets only where they
are needed. A formula is written from its root down with an explicit stack, in linear time.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

from backprop.numbers import whole_number
from backprop.operations import DERIVATIVE, FUNCTIONS, GATHERS, OPERATIONS
from backprop.row import CALL, COMPARISON, OR, POWER, PRODUCT, Operation
from backprop.syntax.grammar import Node, roots
from backprop.syntax.latex_names import Naming, escaped, letter, letters
from backprop.syntax.parser import Statement, formula

_SLOT = re.compile(r"(\{\w+\}|<\w+>|\[\w+\])")

_POWER, _CALL = "e^{x}", r"\exp\left([x]\right)"
"""The exponential function as a power and as a function."""

_BEGINNINGS = ("(", "|", "{", ", ", r"\lfloor ", r"\lceil ")
"""What stands where a sum or a product begins."""

_SIGNS = ("+ ", "- ", r"\cdot ", "} ")
"""Behind these a minus needs brackets; the last stands behind the indices of a sum."""

_WITHOUT = "\0"
"""Stands where the minus behind it is left out."""

_TEXT = {
    "\\": r"\textbackslash{}", "_": r"\_", "^": r"\textasciicircum{}", "&": r"\&", "%": r"\%", "#": r"\#",
    "$": r"\$", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "…": r"\ldots{}",
    "<": r"\ensuremath{<}", ">": r"\ensuremath{>}", "→": r"\ensuremath{\to}",
    "−": r"\ensuremath{-}", "∂": r"\ensuremath{\partial}", "·": r"\ensuremath{\cdot}",
    "≤": r"\ensuremath{\le}", "≥": r"\ensuremath{\ge}", "≠": r"\ensuremath{\ne}",
}  # fmt: skip

_ALONE = Naming()
"""How names look that stand alone."""

_Part = str | tuple[int, int]
"""Text, or the number of a node or of an operand, with how tightly it must hold together."""


def latex(
    statement: Statement, names: Mapping[str, str] = MappingProxyType({}), naming: Naming = _ALONE
) -> str:
    """A formula in LaTeX's math mode. names: the LaTeX that stands for a name, such as its number.
    naming: how the names look."""
    return _written(statement, [(len(statement.shape.nodes) - 1, OR)], names, naming)


def latex_clauses(clauses: str, naming: Naming = _ALONE) -> str:
    """The clauses behind an indexed equation, `for t in 1..n-1 if t != k`, in math mode."""
    statement = formula(f"sum(0 {clauses})")
    nodes = statement.shape.nodes
    _, *found = roots(nodes, nodes[-1].start, len(nodes) - 2)
    parts: list[_Part] = []
    for each in found:
        parts += [r",\; " if nodes[each].kind != "condition" else r" \text{ if } ", (each, 0)]
    return _written(statement, parts[:0:-1], MappingProxyType({}), naming)


def _written(
    statement: Statement, waiting: list[_Part], names: Mapping[str, str], naming: Naming
) -> str:
    """Parts of a formula, one after the other. waiting: last first."""
    nodes = statement.shape.nodes
    written: list[str] = []
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            written += [item] if item else []
            continue
        at, needed = item
        node = nodes[at]
        text = names.get(statement.word(node)) if node.kind in ("name", "index") else None
        if text is not None:
            # a negative number stands without brackets only where a sum or a product begins
            begins = not written or written[-1].endswith(_BEGINNINGS)
            product = text[0] == "-" or r"\cdot" in text or "10^" in text  # a power, too
            fits = needed <= PRODUCT or not product
            fits = fits and (needed <= POWER or not text.startswith(r"\frac"))  # what is raised
            alone = fits and (begins or text[0] != "-")
            written.append(text if alone else rf"\left({text}\right)")
            continue
        parts, binding = _parts(node, statement, roots(nodes, node.start, at - 1), naming)
        behind_sign = written and written[-1].endswith(_SIGNS)
        if binding < needed or (behind_sign and _is_minus(nodes, at)):
            parts = [r"\left(", *parts, r"\right)"]
        waiting += reversed(parts)
    return "".join(written).replace(f"{_WITHOUT}-", "")


def _is_minus(nodes: Sequence[Node], at: int) -> bool:
    """Whether a node is a product that begins with a minus: it stands before the whole fraction."""
    while nodes[at].operation in ("*", "/"):
        at = roots(nodes, nodes[at].start, at - 1)[0]
    return nodes[at].operation == "neg"


def latex_number(text: str) -> str:
    """A number in math mode; `2e-3` as `2 \\cdot 10^{-3}`."""
    mantissa, _, exponent = text.lower().partition("e")
    words = {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\text{nan}"}
    if text in words:
        return words[text]
    if not exponent:
        return mantissa
    power = f"10^{{{whole_number(exponent)}}}"
    if mantissa in ("1", "-1"):
        return power if mantissa == "1" else f"-{power}"
    return rf"{mantissa} \cdot {power}"


def latex_text(text: str) -> str:
    """A sentence in text mode, with its mathematical signs and Greek letters in math mode."""
    return "".join(_TEXT.get(sign) or _in_text(sign) for sign in letters(text))


def _in_text(sign: str) -> str:
    found = letter(sign)
    if found.startswith("_"):
        return rf"\textsubscript{found[1:]}"
    return rf"\ensuremath{{{found}}}" if found else sign


def _parts(
    node: Node, statement: Statement, operands: list[int], naming: Naming
) -> tuple[list[_Part], int]:
    """The pieces that a node is written with, and how tightly they hold together."""
    word = statement.tokens.texts[node.token]
    if node.kind == "number":
        return [latex_number(word)], PRODUCT if "e" in word.lower() else CALL
    if node.kind == "name":
        return [naming.name(word)], CALL
    if node.kind == "index":
        return naming.member(word, _joined(operands, ",")), CALL
    if node.kind == "gather":
        body, *clauses = operands
        gather, within = GATHERS[word], statement.shape.nodes
        if gather.sign and all(within[each].kind == "range" for each in clauses):
            signs: list[_Part] = []
            for each in clauses:
                low, high = roots(within, within[each].start, each - 1)
                index = naming.name(statement.tokens.texts[within[each].token])
                signs += [rf"{gather.latex}_{{{index} = ", (low, OR), "}^{", (high, OR), "} "]
            return [*signs, (body, PRODUCT)], PRODUCT
        below = _joined(clauses, r",\, ", 0)
        return [gather.latex or _upright(word), "_{", *below, "} ", (body, PRODUCT)], PRODUCT
    if node.kind == "star":
        return ["*"], CALL
    if node.kind == "slice":
        return _between(node, operands), CALL
    if node.kind == "range":
        return [naming.name(word), " = ", *_joined(operands, r", \ldots, ")], CALL
    if node.kind == "listed":
        return [naming.name(word), r" \in \{", *_joined(operands, ", "), r"\}"], CALL
    if node.kind == "condition":
        return [(operands[0], OR)], CALL
    nodes = statement.shape.nodes
    if node.operation == "/" and _is_minus(nodes, operands[0]):
        alone = nodes[operands[0]].operation == "neg"
        begin = rf"-\frac{{{'' if alone else _WITHOUT}"
        return [begin, (operands[0] - alone, OR), "}{", (operands[1], OR), "}"], PRODUCT
    if node.kind == "call" and word == DERIVATIVE and len(operands) == 2:
        of, by = ((each, CALL) for each in operands)
        if nodes[operands[0]].kind in ("name", "index"):
            return [r"\frac{\partial ", of, r"}{\partial ", by, "}"], PRODUCT
        return [r"\frac{\partial}{\partial ", by, "} ", of], PRODUCT
    row = OPERATIONS[node.operation] if node.operation else FUNCTIONS.get(word)
    if row is None or not row.latex or len(operands) != row.arity:
        return [
            _upright(row.name if row else word),
            r"\left(",
            *_joined(operands, ", "),
            r"\right)",
        ], CALL
    if naming.has_e and _POWER in row.latex:  # e^x would be a power of that name
        binding = CALL if row.latex == _POWER else row.tex_binding
        row = row._replace(latex=row.latex.replace(_POWER, _CALL), tex_binding=binding)
    # what stands behind a sum would be in it
    tight = PRODUCT + 1 if node.operation == "*" and nodes[operands[0]].kind == "gather" else 0
    return [
        piece if isinstance(piece, str) else (operands[piece[0]], max(piece[1], tight))
        for piece in _template(row)
    ], row.tex_binding or row.binding


def _upright(word: str) -> str:
    """The name of a function that LaTeX has no command for."""
    return rf"\operatorname{{{escaped(word)}}}" if len(word) > 1 else word


def _between(node: Node, ends: list[int]) -> list[_Part]:
    """The ends of a range of members, with dots between them."""
    low: list[_Part] = [] if node.operation == "high" else [(ends[0], OR), " "]
    high: list[_Part] = [] if node.operation == "low" else [" ", (ends[-1], OR)]
    return [*low, r"\ldots", *high]


def _joined(operands: list[int], separator: str, binding: int = OR) -> list[_Part]:
    """The operands with a text between them."""
    parts: list[_Part] = []
    for operand in operands:
        parts += [(operand, binding), separator]
    return parts[:-1]


@cache
def _template(row: Operation) -> list[_Part]:
    """A row's LaTeX as pieces: text, or an operand's number with the binding that it needs."""
    pieces: list[_Part] = []
    for at, piece in enumerate(_SLOT.split(row.latex)):
        if at % 2 == 0 or piece[1:-1] not in row.operands:
            pieces.append(piece)
            continue
        number = row.operands.index(piece[1:-1])
        # A left operand of equal binding needs no brackets, except below a power.
        tighter = number > 0 or row.name in ("^", "neg") or row.binding == COMPARISON
        slot = number, row.binding + tighter if piece[0] == "<" else OR
        pieces += ["{", slot, "}"] if piece[0] == "{" else [slot]
    return pieces
