"""Text → statements: each the tokens it is made of and the shape that the grammar gives it."""

from contextlib import suppress
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from backprop.errors import LIMIT, SyntaxFault, raise_all
from backprop.operations import CONSTANTS
from backprop.source import LINE_END, Source, Span
from backprop.syntax.grammar import Node, Shape, Unfit, shape
from backprop.syntax.scanner import ENDS, Tokens, control_characters, statements


class Statement(NamedTuple):
    """One statement, or one expression: `tokens` has its text, `shape` what it says."""

    tokens: Tokens
    shape: Shape

    def word(self, node: Node) -> str:
        """The text of a leaf: a number, a name, a member such as `w[1,2]`; else the node's token."""
        if node.kind == "index":
            return "".join(self.tokens.texts[node.first : node.last + 1])
        return self.tokens.texts[node.token]


class Settings(NamedTuple):
    """What only a text of numbers has.

    many: what sets many names at once, `w[*,1] = 0`: the pattern, its right side and its place.
    links: by the offset of a statement what stands between the name and the number that counts,
    the last one: `3 − 0.1·2` of `x ← 3 − 0.1·2 = 2.8`.
    """

    many: list[tuple[str, Statement, Span]]
    links: dict[int, list[Statement]]

    def take(self, tokens: Tokens) -> Tokens:
        """A statement without its links, which are kept here. Raises SyntaxFaults."""
        _, *links = tokens.sides()
        if len(links) < 2 or not all(link.kinds for link in links):
            return tokens
        *others, last = links
        self.links[tokens.starts[0]] = [shaped(link.as_right_side()) for link in others]
        return tokens.without(tokens.sign + 1, len(tokens.kinds) - len(last.kinds))


def read(
    source: Source,
    ends: frozenset[str] = ENDS,
    settings: Settings | None = None,
    start: str = "statement",
    chains: dict[int, Tokens] | None = None,
) -> tuple[list[Statement], list[SyntaxFault]]:
    """The statements that read well, and an error for each of the others (up to a limit).

    settings: of a text of numbers takes what others do not have. start: what they are, statements
    or each an `expression`. chains: takes, by their offsets, the whole statements that go on behind
    an equation, `e = a*b = 2*(-3) = -6`.
    """
    found: list[Statement] = []
    errors: list[SyntaxFault] = [*control_characters(source)]
    opened: SyntaxFault | None = None
    for tokens in () if errors else statements(source, ends):
        if not isinstance(tokens, Tokens):
            if tokens.meant:
                from backprop.syntax.mending import settled  # for a mistake only

                tokens.hints = (settled(tokens.hints[0], tokens.meant, _causes),)
            errors.append(tokens)
            opened = tokens
            continue
        if opened and _goes_on(opened, tokens):
            continue
        opened = None
        if settings is not None:
            tokens = _assigned(tokens)
        if "OTHER" in tokens.kinds:
            errors += unread(tokens)
            continue
        try:
            if settings is not None:
                tokens = settings.take(tokens)
            many = None if settings is None else _pattern(tokens)
            if settings is not None and many is not None:
                settings.many.append(many)
            else:
                found.append(_statement(tokens, start, settings is None, chains))
        except Unfit as unfit:
            errors += unread(tokens, unfit)
        except SyntaxFault as fault:
            errors.append(fault)
        if len(errors) > 10 * LIMIT:  # no equation file: enough is known
            break
    return found, errors


def _goes_on(opened: SyntaxFault, tokens: Tokens) -> bool:
    """Whether tokens are what is left of `max(x; y)` behind its `;`, of which enough was said."""
    begin, start = opened.labels[0].span.start, tokens.starts[0]
    return "ASSIGN" not in tokens.kinds and not LINE_END.search(tokens.source.text, begin, start)


def _statement(
    tokens: Tokens, start: str, plain: bool, chains: dict[int, Tokens] | None
) -> Statement:
    """A statement; of a chain of equalities its equation. Raises Unfit, SyntaxFaults."""
    try:
        return Statement(tokens, shape(tokens.kinds, start))
    except Unfit:
        if not plain or start != "statement":
            raise
        if "TILDE" in tokens.kinds:
            with suppress(Unfit):
                return Statement(tokens, shape(tokens.kinds, "modelled"))
        if (filled := _without_blanks(tokens)) is not tokens:
            return _statement(filled, start, plain, chains)
        equation = _equation(tokens)
        if equation is None:
            raise
    if chains is not None:
        chains[tokens.starts[0]] = tokens
    return equation


def _without_blanks(tokens: Tokens) -> Tokens:
    """An equation of a worksheet, `e = a*b = ____ = ____`, without the blanks at its end."""
    last, signs = len(tokens.kinds), tokens.kinds.count("ASSIGN")
    while signs > 1 and tokens.kinds[last - 2 : last] == (
        "ASSIGN",
        "NAME",
    ):
        if len(tokens.texts[last - 1]) < 2 or tokens.texts[last - 1].strip("_"):
            break
        last, signs = last - 2, signs - 1
    return tokens if last == len(tokens.kinds) else tokens.since(0, last)


def _equation(tokens: Tokens) -> Statement | None:
    """The equation of `e = a*b = 2*(-3) = -6`: a chain in which a formula is followed by others, if
    any, and these by numbers. None if the statement is none. Raises SyntaxFaults for its links."""
    left, *links = tokens.sides()
    named = [_has_names(link) for link in links]
    if links and _CALL in pairwise(links[0].kinds):
        named[0] = True  # in a function of the file there may be names
    sides = (left, *links)
    if len(links) < 2 or not all(side.kinds for side in sides) or named[-1]:
        return None
    if named != sorted(named, reverse=True):
        return None
    begin = tokens.since(0, len(left.kinds) + 1 + len(links[0].kinds))
    try:
        equation = Statement(begin, shape(begin.kinds))
    except Unfit:
        return None
    plain = equation.shape.form in ("equation", "indexed_equation")
    parts = [equation, *(shaped(link.as_right_side()) for link in links[1:])]
    return equation if plain and not any(each.shape.limited for each in parts) else None


def _has_names(tokens: Tokens) -> bool:
    """Whether a formula has names in it besides those of functions and of numbers."""
    words = zip(tokens.kinds, tokens.texts, (*tokens.kinds[1:], ""), strict=False)
    return any(
        kind == "NAME" and after != "LPAR" and text not in _NUMBERS for kind, text, after in words
    )


_NUMBERS = {*CONSTANTS, "nan"}
_CALL = ("NAME", "LPAR")


def unread(tokens: Tokens, unfit: Unfit | None = None) -> list[SyntaxFault]:
    """What is wrong with a statement; of several mistakes that are mended for sure, one error."""
    from backprop.syntax.mending import at_once  # for a mistake only

    return at_once(tokens, _causes(tokens, unfit), _causes)


def _causes(tokens: Tokens, unfit: Unfit | None) -> list[SyntaxFault]:
    """The unknown characters of a statement, or why the grammar has no place for it."""
    from backprop.syntax.comments import foreign_comment  # for a mistake only
    from backprop.syntax.functions_elsewhere import function_elsewhere

    if whole := foreign_comment(tokens) or function_elsewhere(tokens):
        return [whole]
    if unfit is None:
        from backprop.syntax.characters import unknown_characters  # for a mistake only: 2 ms

        return unknown_characters(tokens)
    from backprop.syntax.faults import explain_all

    return explain_all(tokens, unfit)


def shaped(tokens: Tokens) -> Statement:
    """The statement of these tokens. Raises SyntaxFaults."""
    try:
        return Statement(tokens, shape(tokens.kinds))
    except Unfit as unfit:
        raise unread(tokens, unfit)[0] from None


def _assigned(tokens: Tokens) -> Tokens:
    """Tokens with `=` for the arrow of an update: `x ← 2`, or `x <- 2` where there are no others."""
    kinds, texts = [*tokens.kinds], [*tokens.texts]
    at = texts.index("←") if "←" in texts else -1
    if at < 0 and ("LT", "MINUS") in pairwise(kinds):
        at = kinds.index("LT")
        if kinds[at + 1] == "MINUS" and tokens.ends[at] == tokens.starts[at + 1]:
            tokens = tokens.without(at, at + 1)
            kinds, texts = [*tokens.kinds], [*tokens.texts]
        else:
            at = -1
    if at < 0 or "ASSIGN" in kinds[:at]:
        return tokens
    kinds[at], texts[at] = "ASSIGN", "="
    return tokens._replace(kinds=tuple(kinds), texts=texts)


def _pattern(tokens: Tokens) -> tuple[str, Statement, Span] | None:
    """The pattern of `w[*,1] = 0`, the right side, and where the pattern stands. Raises Unfit."""
    kinds = tokens.kinds
    at = kinds.index("ASSIGN") if "ASSIGN" in kinds else 0
    if not {"TIMES", "RANGE"} & set(kinds[:at]):
        return None
    right = tokens.since(at + 1)
    statement = Statement(right, shape(right.kinds, "expression"))
    return "".join(tokens.texts[:at]), statement, tokens.span(0, at - 1)


def formula(text: str) -> Statement:
    """An expression alone, such as a slope in the table of operations. Raises SyntaxFault."""
    return equations(text, start="expression")[0]


@lru_cache(maxsize=1024)
def equations(
    text: str, name: str = "<formula>", start: str = "statement"
) -> tuple[Statement, ...]:
    """The statements of a text of our own, such as an optimizer's update. Raises SyntaxFault."""
    found, errors = read(Source(name, text), start=start)
    raise_all(errors)
    return tuple(found)
