"""Derivatives that a person claims: `da = 6`, `b: -4`, `dL/da = f*b`, a file of such lines."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from backprop.errors import (
    LIMIT,
    BackpropError,
    Label,
    NameDefinedTwice,
    UnexpectedText,
    UnknownName,
)
from backprop.files import read_source
from backprop.graph import Graph
from backprop.language import Formulas, Model
from backprop.source import Source, Span, normal, one_line
from backprop.suggest import nearest, unknown_name
from backprop.syntax.scanner import LIST_ENDS, Tokens, control_characters, statements

_SIGNS = dict(zip("NAME LSQB RSQB DIVIDE ASSIGN : ∂ 𝜕".split(), "n[]/==∂∂", strict=True))
_LEFT = re.compile(r"(∂?)(n(?:\[[^]]*\])?)(?:/(∂?)(n(?:\[[^]]*\])?))?")
"""A left side with a sign for each token: `∂L/∂w[1]` is `∂n/∂n[?]`."""

_NUMBER = re.compile(r"[+-]?\s*(\d*)(\.\d*)?(?:[eE]([+-]?\d+))?")
_HOW = "write da = 6, dL/da = f*b or ∂L/∂a = f*b"


@dataclass(frozen=True)
class Claim:
    """The derivative of `of` by `by` is the output of `graph`: a number, or a formula of the names of
    the file.

    The graphs of all claims that are read at once share their columns, which begin as the model's.
    text: what stands on the right. place: where it stands. rounding: by how much the number may be
    off because of the digits that it was written with; 0 for one that is exact. formula: whether it
    has names in it, so that it says something about other points too.
    """

    of: str
    by: str
    text: str
    graph: Graph
    place: Span
    rounding: float
    formula: bool
    doubt: str = ""
    """What else the left side could mean: the name behind the d of a name of the file."""

    @property
    def name(self) -> str:
        return f"∂{self.of}/∂{self.by}"


def read_claims(
    model: Model, output: str, texts: Sequence[str] = (), files: Sequence[str] = ()
) -> list[Claim]:
    """The claims of texts such as `da = 6, b: -4` and of files of such lines.

    A name alone, or with a `d` or `∂` before it, stands for the derivative of `output` by it. A name
    of the file that begins with d is itself, unless it stands in a fraction, where each side begins
    with a d of its own: `dL/ddt`. Raises SyntaxFaults, UnknownName, NameDefinedTwice, CannotRead.
    """
    sources = [Source("<--claim>", text) for text in texts] + [read_source(path) for path in files]
    formulas = Formulas(model)
    claims: dict[tuple[str, str], Claim] = {}
    errors: list[BackpropError] = []
    for source in sources:
        faults = control_characters(source)
        errors += faults
        for tokens in () if faults else statements(source, LIST_ENDS):
            if len(errors) > LIMIT:
                break
            if isinstance(tokens, BackpropError):
                errors.append(tokens)
                continue
            try:
                claim = _claim(model, output, tokens, formulas)
            except BackpropError as error:
                errors += error.all
                continue
            first = claims.setdefault((claim.of, claim.by), claim)
            if first is not claim:
                message = f"the derivative of {claim.of} by {claim.by} is claimed twice"
                labels = Label(claim.place, "again here"), Label(first.place, "first here")
                hints = [doubtful(each) for each in (first, claim) if each.doubt]
                hints = hints or ["remove one of them"]
                errors.append(NameDefinedTwice(message, *labels, hints=hints))
    if not claims and not errors and sources:
        source = sources[0]
        errors.append(
            UnexpectedText("there is no claim in this text", where=source.name, hints=[_HOW])
        )
    if errors:
        # in the order of the texts, and not by offset as within a single one
        errors[0].also = tuple(errors[1:])
        raise errors[0]
    return list(claims.values())


def doubtful(claim: Claim) -> str:
    """How a left side was read that can be read in two ways."""
    return (
        f"{claim.by!r} is read as the name {claim.by};"
        f" for the derivative by {claim.doubt} write d{claim.of}/d{claim.doubt}"
    )


def _claim(model: Model, output: str, tokens: Tokens, formulas: Formulas) -> Claim:
    kinds = tokens.kinds
    words = zip(kinds, tokens.texts, strict=True)
    signs = "".join(_SIGNS.get(kind) or _SIGNS.get(text, "?") for kind, text in words)
    middle = signs.find("=")
    whole = tokens.whole
    if middle < 0:
        raise UnexpectedText("this is no claim: it has no '='", whole, hints=[_HOW])
    if middle == 0:
        raise UnexpectedText("a name is missing here", tokens.span(0), hints=[_HOW])
    of, by = _derivative(model, output, tokens, signs[:middle])
    if middle == len(kinds) - 1:
        raise UnexpectedText("a number or a formula is missing here", tokens.after(), hints=[_HOW])
    # What is left of '=' may be a fraction, and '=' may be ':'; to the language it is `a = formula`.
    name, first = 0, middle + 1
    statement = Tokens(
        tokens.source,
        ("NAME", "ASSIGN", *kinds[first:]),
        ["a", "=", *tokens.texts[first:]],
        array("Q", [tokens.starts[name], tokens.starts[middle], *tokens.starts[first:]]),
        array("Q", [tokens.ends[middle - 1], tokens.ends[middle], *tokens.ends[first:]]),
    )
    graph = Graph(formulas.columns, [formulas.read(statement)], model.labels)
    text = one_line(tokens.span(first, -1).text)
    formula = any(node in model.labels for node in graph.order)
    rounding = 0.0 if formula else _rounding(text)
    # `dt` for t has by == "t"; only a name that was taken as it stands can be in doubt
    as_it_stands = middle == 1 and normal(tokens.texts[0]) == by
    doubt = by[1:] if as_it_stands and by[0] == "d" and by[1:] in model.names else ""
    return Claim(of, by, text, graph, whole, rounding, formula, doubt)


def _derivative(model: Model, output: str, tokens: Tokens, left: str) -> tuple[str, str]:
    """The two names of a left side: what is differentiated, and by what. left: its signs."""
    found = _LEFT.fullmatch(left)
    if not found:
        raise UnexpectedText("this is no derivative", tokens.span(0, len(left) - 1), hints=[_HOW])
    parts: list[tuple[bool, str, Span]] = []
    for name in (2, 4) if found[4] else (2,):  # dL/dw[1,2] has two, the second with indices
        begin, behind = found.span(name)
        text = normal("".join(tokens.texts[begin:behind]))
        parts.append((bool(found[name - 1]), text, tokens.span(begin, behind - 1)))
    if len(parts) == 1:
        return output, _alone(model, *parts[0])
    top, bottom = (_differential(model, *part) for part in parts)
    return top, bottom


def _alone(model: Model, partial: bool, name: str, span: Span) -> str:
    """The name in `a`, `da` or `∂a`: exactly that name, before the one behind a d."""
    bare = name[1:] if not partial and name[0] == "d" else ""
    for known in (name, bare):
        if known in model.names:
            return known
    meant = bare if bare and nearest(bare, model.names) else name
    raise unknown_name(meant, model.names, "these equations", span)


def _differential(model: Model, partial: bool, name: str, span: Span) -> str:
    """The name in one side of a fraction: what stands behind its d or ∂."""
    bare = name if partial else name[1:]
    if (partial or name[0] == "d") and bare in model.names:
        return bare
    if not partial and name in model.names:
        hints = [f"for a derivative of or by {name!r} write d{name} or ∂{name}"]
        message = f"{name!r} is a name of these equations, and no differential"
        raise UnknownName(message, span, hints=hints)
    if not partial and name[0] != "d":
        raise UnexpectedText(f"{name!r} is no differential", span, hints=[_HOW])
    raise unknown_name(bare or name, model.names, "these equations", span)


def _rounding(text: str) -> float:
    """Half a unit of the last digit of a number that may have been rounded; else 0.

    It may have been, if it was written with three digits that count, or with two where a point
    or an exponent says that it is no count of things: 0.33, 3.1, 1235; but not 12, 100 or 0.3.
    """
    found = _NUMBER.fullmatch(text)
    if not found or not (found[1] or found[2]):
        return 0.0
    whole, behind, exponent = found[1], (found[2] or "")[1:], int(found[3] or 0)
    plain = found[2] is None and found[3] is None
    digits = (whole + behind).lstrip("0")
    counting = len(digits.rstrip("0") if plain else digits)
    if counting < (3 if plain else 2) or abs(exponent) > 400:
        return 0.0
    return float(0.5 * 10.0 ** max(exponent - len(behind), -330)) if exponent < 300 else 0.0
