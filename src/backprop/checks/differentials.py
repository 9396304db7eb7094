"""How people write derivatives: `da`, `∂L/∂a`, `dL/da`, `y'`, and which names they mean."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from backprop.errors import UnexpectedText, UnknownName, mend
from backprop.language import Model
from backprop.names import nearest, unknown_name
from backprop.numbers import either
from backprop.source import Span, normal
from backprop.syntax.case import POWERS, RAISING, ROOTS
from backprop.syntax.scanner import Tokens

HOW = "write da = 6, dL/da = f*b or ∂L/∂a = f*b"

_SIGNS = dict(
    zip("NAME LSQB RSQB DIVIDE ASSIGN MINUS GT : ∂ 𝜕 →".split(), "n[]/=->:∂∂→", strict=True)
)
NAME = r"n(?:\[[^][]*\])?"
"""A name or a member among signs."""

_FRACTION = re.compile(rf"(∂?)({NAME})/(∂?)({NAME})")
_LEFT = re.compile(rf"(∂?)({NAME})(?:/(∂?)({NAME}))?")
"""A left side with a sign for each token: `∂L/∂w[1]` is `∂n/∂n[?]`."""

_LAYOUT = re.compile(r"\$|\\[\[\](]|\\displaystyle|\\left\.?|&|\*\*")
_PARTIAL = re.compile(r"\\partial\s*|\\mathrm\s*\{?d\}?\s*(?=\w)")
_QUOTIENT = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
"""What stands around a derivative in LaTeX and Markdown, its d, and its fraction."""

_PLAIN = re.compile(r"∂?[^\W\d][\w'′’]*(?:\[[^]]*\])?(?:/∂?[^\W\d][\w'′’]*(?:\[[^]]*\])?)?")
"""A left side that can be read."""

_BINDING = {"DIVIDE", *POWERS, *ROOTS}


class Derivative(NamedTuple):
    """The derivative of a name by another, and the tokens that it takes up."""

    of: str
    by: str
    first: int = 0
    behind: int = 0

    @property
    def text(self) -> str:
        return f"∂{self.of}/∂{self.by}"


def signs(tokens: Tokens) -> str:
    """A sign for each token, in which patterns are looked for."""
    words = zip(tokens.kinds, tokens.texts, strict=True)
    return "".join(_SIGNS.get(kind) or _SIGNS.get(text, "?") for kind, text in words)


def named(tokens: Tokens, first: int, behind: int) -> str:
    """The name that these tokens are."""
    return normal("".join(tokens.texts[first:behind]))


def left_side(model: Model, output: str, tokens: Tokens) -> Derivative:
    """The derivative that a left side is; of a name alone that of the output by it."""
    higher = _HIGHER.match(tokens.whole.text)
    if higher and normal(tokens.texts[0]) not in model.names:
        of, by = higher[1], higher[2] or "a"
        by = by if by in model.names else by.rstrip("23456789")  # d2y/dx2
        hint = f"name the first in the equations, g = derivative({of}, {by}), and claim dg/d{by}"
        raise UnexpectedText(_FIRST, tokens.whole, hints=[hint])
    found = _LEFT.fullmatch(signs(tokens))
    if not found:
        meant = _PARTIAL.sub("∂", _LAYOUT.sub("", tokens.whole.text))
        meant = _QUOTIENT.sub(r"\1/\2", meant).strip()
        meant = _GRADIENT.sub(r"d\1\2", _OPERATOR.sub(r"\1\4/\2\3", meant))
        meant = re.sub(r"(?<!\w)d\s+(?=\w)|(?<!\w)\s+|\s+(?!\w)", lambda m: m[0].strip(), meant)
        plain = meant != tokens.whole.text and _PLAIN.fullmatch(meant)
        hint = mend(meant) if plain else HOW
        raise UnexpectedText("this is no derivative", tokens.whole, hints=[hint])
    if found[4]:
        return Derivative(
            _differential(model, tokens, found, 2), _differential(model, tokens, found, 4)
        )
    name, span = named(tokens, *found.span(2)), tokens.span(found.start(2), -1)
    if not found[1] and (prime := _prime(model, name, span)):
        return prime
    return Derivative(output, _alone(model, bool(found[1]), name, span))


_NAME = r"[^\W\d]\w*(?:\[[^][]*\])?"
_FIRST = "claims are about first derivatives"
_HIGHER = re.compile(
    rf"[d∂](?:\^?[2-9]|[²³⁴])\s*({_NAME})(?:\s*/\s*[d∂]\s*([^\W\d](?:(?!d[^\W\d]|[²³⁴])\w)*(?:\[[^][]*\])?))?"
)
"""A second derivative, `d2L/da2` or `∂²L/∂a∂b`: of what, and by what first."""

_OPERATOR = re.compile(rf"(d|∂)\s*/\s*(d|∂)\s*({_NAME})(?:\s*\(\s*|\s+)({_NAME})\s*\)?")
_GRADIENT = re.compile(rf"(?:(?:grad(?:ient)?\s+(?:of\s+)?|∇\s*)({_NAME})|(?<!\w)({_NAME})\.grad)")
"""What others call a derivative: `d/da y`, `grad a`, `a.grad`."""


def within(model: Model, tokens: Tokens) -> Iterator[Derivative]:
    """The derivatives in a formula. A fraction without ∂ is one if its sides are no names of the
    file, and what stands behind their d is. Raises UnknownName, UnexpectedText."""
    text, at = signs(tokens), 0
    while at < len(text):
        found = _FRACTION.match(text, at)
        if found and ("∂" in found[0] or _differentials(model, tokens, found)):
            of, by = (_differential(model, tokens, found, part) for part in (2, 4))
            yield _alone_in_product(tokens, Derivative(of, by, *found.span()))
            at = found.end()
            continue
        if text[at] == "∂":
            hints = ["write both of its sides: ∂L/∂a"]
            raise UnexpectedText("a derivative is missing a side", tokens.span(at), hints=hints)
        if text[at] == "n" and (prime := _prime(model, tokens.texts[at], tokens.span(at))):
            yield prime._replace(first=at, behind=at + 1)
        at += 1


def _alone_in_product(tokens: Tokens, found: Derivative) -> Derivative:
    """A derivative, if nothing beside it could take one of its sides away."""
    before, after = tokens.kinds[: found.first][-1:], tokens.kinds[found.behind :][:1]
    if not _BINDING.isdisjoint(before) or not RAISING.isdisjoint(after):
        message = "it is not clear what belongs to this derivative"
        hints = [f"put brackets around it: ({found.text})"]
        raise UnexpectedText(message, tokens.span(found.first, found.behind - 1), hints=hints)
    return found


def _differentials(model: Model, tokens: Tokens, found: re.Match[str]) -> bool:
    """Whether both sides of a fraction are a d with a name of the file, and no names themselves."""
    for part in (2, 4):
        name = named(tokens, *found.span(part))
        if name in model.names or name[0] != "d" or normal(name[1:]) not in model.names:
            return False
    return True


def _prime(model: Model, name: str, span: Span) -> Derivative | None:
    """The derivative of y by the only input, if the name is `y'`; None if it is none with a prime."""
    bare = name.rstrip("'")
    if bare == name or name in model.names or bare not in model.names:
        return None
    if name != f"{bare}'":
        raise UnexpectedText(_FIRST, span, hints=[f"write {bare}'"])
    inputs = [each for each in model.inputs if each not in model.held]
    if len(inputs) != 1:
        message = f"{name} may be a derivative by any of {len(inputs)} inputs"
        ways = either([f"∂{bare}/∂{each}" for each in inputs[:4]]) if inputs else HOW
        raise UnexpectedText(message, span, hints=[f"write {ways}"])
    return Derivative(bare, inputs[0])


def _alone(model: Model, partial: bool, name: str, span: Span) -> str:
    """The name in `a`, `da` or `∂a`: exactly that name, before the one behind a d."""
    bare = normal(name[1:]) if not partial and name[0] == "d" else ""
    for known in (name, bare):
        if known in model.names:
            return known
    meant = bare if bare and nearest(bare, model.names) else name
    raise unknown_name(meant, model.names, "these equations", span)


def _differential(model: Model, tokens: Tokens, found: re.Match[str], part: int) -> str:
    """The name in one side of a fraction: what stands behind its d or ∂."""
    begin, behind = found.span(part)
    name, span = named(tokens, begin, behind), tokens.span(begin, behind - 1)
    partial = bool(found[part - 1])
    bare = name if partial else normal(name.removeprefix("d"))
    differential = partial or name[0] == "d"
    if differential and bare in model.names:
        return bare
    if not partial and name in model.names:
        hints = [f"for a derivative of or by {name!r} write d{name} or ∂{name}"]
        message = f"{name!r} is a name of these equations, and no differential"
        raise UnknownName(message, span, hints=hints)
    if not differential:
        raise UnexpectedText(f"{name!r} is no differential", span, hints=[HOW])
    raise unknown_name(bare or name, model.names, "these equations", span)
