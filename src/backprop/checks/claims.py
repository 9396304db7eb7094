"""Derivatives that a person claims: `da = 6`, `b: -4`, `dL/da = f*b`, a file of such lines."""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from backprop.errors import (
    LIMIT,
    BackpropError,
    UnexpectedText,
    UnknownName,
    defined_twice,
    raise_first,
)
from backprop.files import read_source, typed
from backprop.graph import Graph
from backprop.language import FormulaReader, Model
from backprop.names import nearest, unknown_name
from backprop.source import Span, normal, one_line
from backprop.syntax.scanner import LIST_ENDS, Tokens, control_characters, statements

_SIGNS = dict(zip("NAME LSQB RSQB DIVIDE ASSIGN : ∂ 𝜕".split(), "n[]/==∂∂", strict=True))
_LEFT = re.compile(r"(∂?)(n(?:\[[^]]*\])?)(?:/(∂?)(n(?:\[[^]]*\])?))?")
"""A left side with a sign for each token: `∂L/∂w[1]` is `∂n/∂n[?]`."""

_HOW = "write da = 6, dL/da = f*b or ∂L/∂a = f*b"


@dataclass(frozen=True)
class Claim:
    """The derivative of `of` by `by` is the output of `graph`: a number, or a formula of names.

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
    """How the left side was read, where it could be the derivative by the name behind its d as well."""

    @property
    def name(self) -> str:
        return f"∂{self.of}/∂{self.by}"


def read_claims(
    model: Model, output: str, texts: Sequence[str] = (), files: Sequence[str] = ()
) -> list[Claim]:
    """The claims of texts such as `da = 6, b: -4` and of files of such lines.

    A name alone, or with a `d` or `∂` before it, stands for the derivative of `output` by it. A
    name of the file that begins with d is itself, unless it stands in a fraction, where each side
    begins with a d of its own: `dL/ddt`. Raises SyntaxFaults, UnknownName, NameDefinedTwice,
    CannotRead.
    """
    sources = [typed(text, "<--claim>") for text in texts] + [read_source(path) for path in files]
    formulas = FormulaReader(model)
    claims: dict[tuple[str, str], Claim] = {}
    errors: list[BackpropError] = []
    for source in sources:
        faults = control_characters(source)
        errors += faults
        for tokens in () if faults else statements(source, LIST_ENDS):
            if len(errors) > LIMIT:
                break
            try:
                if isinstance(tokens, BackpropError):
                    raise tokens
                claim = _claim(model, output, tokens, formulas)
            except BackpropError as error:
                errors += error.all
                continue
            first = claims.setdefault((claim.of, claim.by), claim)
            if first is not claim:
                message = f"the derivative of {claim.of} by {claim.by} is claimed twice"
                hints = [each.doubt for each in (first, claim) if each.doubt]
                errors.append(defined_twice(message, claim.place, first.place, *hints))
    if sources and not claims and not errors:
        where = sources[0].name
        raise UnexpectedText("there is no claim in this text", where=where, hints=[_HOW])
    raise_first(errors)  # in the order of the texts, and not by offset as within a single one
    return list(claims.values())


def _claim(model: Model, output: str, tokens: Tokens, formulas: FormulaReader) -> Claim:
    _, kinds, texts, starts, _ = tokens
    words = zip(kinds, texts, strict=True)
    signs = "".join(_SIGNS.get(kind) or _SIGNS.get(text, "?") for kind, text in words)
    middle = signs.find("=")
    if middle < 0:
        raise UnexpectedText("this is no claim: it has no '='", tokens.whole, hints=[_HOW])
    if middle == 0:
        raise UnexpectedText("a name is missing here", tokens.span(0), hints=[_HOW])
    of, by = _derivative(model, output, tokens, signs[:middle])
    first = middle + 1
    if first == len(kinds):
        raise UnexpectedText("a number or a formula is missing here", tokens.after(), hints=[_HOW])
    # What is left of '=' may be a fraction, and '=' may be ':'; to the language it is `a = formula`.
    statement = tokens.since(middle - 1)._replace(
        kinds=("NAME", "ASSIGN", *kinds[first:]),
        texts=["a", "=", *texts[first:]],
        starts=array("Q", [starts[0], *starts[middle:]]),
    )
    graph = Graph(formulas.columns, [formulas.read(statement)], model.labels)
    text = one_line(tokens.span(first, -1).text)
    formula = any(node in model.labels for node in graph.order)
    rounding = 0.0 if formula else _rounding(text.replace("−", "-"))
    # `dt` for t has by == "t"; only a name that was taken as it stands can be in doubt
    doubt, bare = "", by[1:]
    if middle == 1 and normal(texts[0]) == by and by[0] == "d" and bare in model.names:
        doubt = f"{by!r} is read as the name {by}; for the derivative by {bare} write d{of}/d{bare}"
    return Claim(of, by, text, graph, tokens.whole, rounding, formula, doubt)


def _derivative(model: Model, output: str, tokens: Tokens, left: str) -> tuple[str, str]:
    """The two names of a left side: what is differentiated, and by what. left: its signs."""
    found = _LEFT.fullmatch(left)
    if not found:
        raise UnexpectedText("this is no derivative", tokens.span(0, len(left) - 1), hints=[_HOW])

    def part(name: int) -> tuple[Model, bool, str, Span]:
        begin, behind = found.span(name)
        text = normal("".join(tokens.texts[begin:behind]))
        return model, bool(found[name - 1]), text, tokens.span(begin, behind - 1)

    if not found[4]:
        return output, _alone(*part(2))
    return _differential(*part(2)), _differential(*part(4))


def _alone(model: Model, partial: bool, name: str, span: Span) -> str:
    """The name in `a`, `da` or `∂a`: exactly that name, before the one behind a d."""
    bare = normal(name[1:]) if not partial and name[0] == "d" else ""
    for known in (name, bare):
        if known in model.names:
            return known
    meant = bare if bare and nearest(bare, model.names) else name
    raise unknown_name(meant, model.names, "these equations", span)


def _differential(model: Model, partial: bool, name: str, span: Span) -> str:
    """The name in one side of a fraction: what stands behind its d or ∂."""
    bare = name if partial else normal(name.removeprefix("d"))
    differential = partial or name[0] == "d"
    if differential and bare in model.names:
        return bare
    if not partial and name in model.names:
        hints = [f"for a derivative of or by {name!r} write d{name} or ∂{name}"]
        message = f"{name!r} is a name of these equations, and no differential"
        raise UnknownName(message, span, hints=hints)
    if not differential:
        raise UnexpectedText(f"{name!r} is no differential", span, hints=[_HOW])
    raise unknown_name(bare or name, model.names, "these equations", span)
