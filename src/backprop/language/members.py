"""The equation of one member of a family: `tanh(w[2,1]*x[1])` of `h[i] = tanh(w[i,1]*x[1]) for …`."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from backprop.language.index_code import plain
from backprop.names import indices
from backprop.source import Source, Span, one_line
from backprop.syntax.bodies import prepared
from backprop.syntax.grammar import Shape, roots, shape
from backprop.syntax.scanner import Tokens, statement_at

if TYPE_CHECKING:
    from backprop.language.laid import Laid


class _Index(NamedTuple):
    """An index of a left side, which is made of one variable: its place among the indices, and what
    it is for a number of the variable, such as 2*t - 1; `zero` and `step` are that for 0 and 1."""

    variable: str
    at: int
    number: Callable[[Mapping[str, int]], tuple[int, ...]]
    zero: int
    step: int


class _Template(NamedTuple):
    """A right side, cut where variables stand: these are every second piece."""

    left: tuple[_Index, ...]
    pieces: list[str]


def member_text(whole: Span, right: Span, name: str, laid: "Laid | None" = None) -> str:
    """The right side of the equation of a member on one line, with numbers for its indices; "" for one of
    a column of data.

    whole: the statement; right: its right side. laid: what has rows. Where the indices of the left side
    are no sums and products of whole numbers and one variable each, the text stays as it is.
    """
    if whole.start == whole.end:
        return ""
    if laid and laid.plain:
        text, part = laid.plain(whole.text), laid.plain(right.text)
        begin, source = text.rfind(part), Source(whole.source.name, text)
        whole, right = Span(source, 0, len(text)), Span(source, begin, begin + len(part))
    template, scope = _template(whole, right), dict[str, str]()
    numbers = indices(name)
    for variable, at, number, zero, step in template.left:
        value = (numbers[at] - zero) // step
        if number({variable: value})[0] == numbers[at]:
            scope[variable] = str(value) if value >= 0 else f"({value})"
    pieces = [*template.pieces]
    pieces[1::2] = [scope.get(each, each) for each in pieces[1::2]]
    text = one_line("".join(pieces))
    return laid.at_row(text, name) if laid else text


@lru_cache(8)
def _template(whole: Span, right: Span) -> _Template:
    """The right side of a statement as a template for all of its members."""
    tokens = statement_at(*whole)
    found = shape(tokens.kinds)
    parts, left = prepared(found), list[_Index]()
    for clause in parts.clauses:
        variable = tokens.texts[clause.node.token]
        for at, nodes in enumerate(parts.indices):
            number = plain(tokens, (nodes,), {variable: 0})
            zero, one = (number({variable: each})[0] for each in (0, 1)) if number else (0, 0)
            if number and zero != one:
                left.append(_Index(variable, at, number, zero, one - zero))
    cut, pieces, variables = right.start, list[str](), {each.variable for each in left}
    others = _of_sums(tokens, found)
    for at, text in enumerate(tokens.texts):
        inside = text in variables and right.start <= tokens.starts[at] < right.end
        called = tokens.kinds[at + 1 : at + 2] in (("LPAR",), ("LSQB",))  # a function, a family
        if inside and not called and at not in others:
            pieces += [whole.source.text[cut : tokens.starts[at]], text]
            cut = tokens.ends[at]
    return _Template(tuple(left), [*pieces, whole.source.text[cut : right.end]])


def _of_sums(tokens: Tokens, found: Shape) -> set[int]:
    """The tokens that are the variable of a sum, in all that it sums up."""
    others, texts = set[int](), tokens.texts
    for number, gather in enumerate(found.nodes):
        if gather.kind == "gather":
            clauses = (found.nodes[at] for at in roots(found.nodes, gather.start, number - 1))
            own = {texts[each.token] for each in clauses if each.kind in ("range", "listed")}
            inside = range(gather.first, gather.last + 1)
            others.update(at for at in inside if texts[at] in own)
    return others
