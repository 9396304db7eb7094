"""Families as arguments: `sum(w[1,*])`, `dot(a[*], b[*])`, and `f(a[*], i)` of the file's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from backprop.errors import Label, UnexpectedText, UnknownName, WrongNumberOfArguments
from backprop.names import family, indices
from backprop.operations import FUNCTIONS, GATHERS, OPERATIONS
from backprop.source import Span, one_line
from backprop.syntax.grammar import Node, roots
from backprop.syntax.parser import Statement

Pattern = Sequence[int | range | None]
"""What stands in the brackets: a number, a range of them, or None for `*`."""

MemberIndex = tuple[int, ...]

OF_FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"dot": ("a[*]", "b[*]"), "norm": ("a[*]",), "softmax": ("a[*]", "c")}
)
"""Functions of families: the dot product, the Euclidean norm, and of softmax the member with index c."""

SHARED = "logsumexp"
"""Of what the shares are that `softmax` gives."""


def shared(chosen: int, pivot: int, rest: int, step: Callable[[str, Sequence[int]], int]) -> int:
    """What a term has of the sum of `exp` of all. pivot, rest: all of them, as of `parted`; from these
    no digits are lost where terms are large. step: makes a step."""
    take = OPERATIONS[SHARED].around[1]
    return step("exp", [step("-", [step(take, [chosen, pivot]), rest])])


T = TypeVar("T")


class Members(NamedTuple):
    """What `w[1,*]` stands for: what it is called there, and rows by the indices that are left open."""

    text: str
    rows: Mapping[MemberIndex, int]

    def at(self, key: MemberIndex, name: str, place: Span) -> int:
        """The row of one member. Raises UnknownName. name: what the family is called at `place`."""
        if key not in self.rows:
            asked = ",".join(map(str, key))
            there = ", ".join(",".join(map(str, each)) for each in [*self.rows][:3])
            more = ", …" if len(self.rows) > 3 else ""
            hints = [f"it has the ind{'ices' if len(self.rows) > 1 else 'ex'} {there}{more}"]
            message = f"{name} is {self.text} here, which has no member {asked}"
            raise UnknownName(message, place, hints=hints)
        return self.rows[key]

    def among(self, pattern: Pattern, text: str) -> Members:
        """Those whose indices fit. text: what these are called."""
        return Members(text, fitting(self.rows, pattern))


class MembersByIndex:
    """The families of some names, each with the names of its members by their indices."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._names = names
        self._known: dict[str, dict[MemberIndex, str]] | None = None

    def of(self, name: str) -> Mapping[MemberIndex, str]:
        """The members of a family, in the order of their indices."""
        if self._known is None:
            self._known = {}
            for each in self._names:
                if base := family(each):
                    self._known.setdefault(base, {})[tuple(indices(each))] = each
        return dict(sorted(self._known.get(name, {}).items()))


def fitting(rows: Mapping[MemberIndex, T], pattern: Pattern) -> dict[MemberIndex, T]:
    """What fits a pattern, by the indices that this leaves open."""
    found = {}
    for key, row in rows.items():
        if len(key) == len(pattern) and all(
            want is None or (at in want if isinstance(want, range) else at == want)
            for at, want in zip(key, pattern, strict=True)
        ):
            pairs = zip(key, pattern, strict=True)
            found[tuple(at for at, want in pairs if not isinstance(want, int))] = row
    return found


def is_open(nodes: Sequence[Node], at: int) -> bool:
    """Whether a node stands for many members: `w[1,*]`."""
    node = nodes[at]
    within = roots(nodes, node.start, at - 1) if node.kind == "index" else ()
    return any(nodes[each].kind in ("star", "slice") for each in within)


def stars(function: Statement) -> list[int]:
    """For each parameter of a function of the file how many indices it has as a family, 0 for a
    number: of `f(a[*,*], i)` 2 and 0."""
    kinds = function.tokens.kinds
    found = []
    for token in function.shape.parameters:
        last = kinds.index("RSQB", token) if kinds[token + 1] == "LSQB" else token
        found.append(kinds[token:last].count("TIMES"))
    return found


def takes_families(name: str, functions: Mapping[str, Statement]) -> bool:
    """Whether a function has arguments that are families."""
    return any(stars(functions[name])) if name in functions else name in OF_FAMILIES


def taken(
    statement: Statement, at: int, functions: Mapping[str, Statement]
) -> tuple[set[int], WrongNumberOfArguments | None]:
    """The arguments of a call that are families, and may be, as nodes; and what is wrong with them.
    at: the call among the nodes."""
    tokens, nodes = statement.tokens, statement.shape.nodes
    node = nodes[at]
    name, given = tokens.texts[node.token], roots(nodes, node.start, at - 1)
    found = {each for each in given if is_open(nodes, each)}
    if name in functions:
        wanted, due = stars(functions[name]), functions[name]
        parameters = [due.tokens.texts[each] for each in due.shape.parameters]
        forms = [
            f"{each}[{','.join('*' * many)}]" if many else each
            for each, many in zip(parameters, wanted, strict=True)
        ]
    elif name in OF_FAMILIES:
        forms = [*OF_FAMILIES[name]]
        wanted = [each.count("*") for each in forms]
    else:
        folds = name in FUNCTIONS and FUNCTIONS[name].folds
        return (found if folds or (name in GATHERS and len(given) == 1) else set()), None
    if not found and not any(wanted):
        return found, None
    where = tokens.span(node.first, node.last)
    texts = [one_line(tokens.span(nodes[each].first, nodes[each].last).text) for each in given]
    written = f"write {name}({', '.join(_filled(forms, texts, tokens.source.text))})"
    if len(given) != len(wanted):
        message = f"{name} takes {len(wanted)} argument{'s' * (len(wanted) > 1)}, not {len(given)}"
        return found, WrongNumberOfArguments(message, where, hints=[written])
    for each, many in zip(given, wanted, strict=True):
        if bool(many) != (each in found):
            place = tokens.span(nodes[each].first, nodes[each].last)
            what = "a family" if many else "one number"
            message = f"{name} takes {what} here, not {one_line(place.text)}"
            labels = [Label(place)]
            if name in functions:
                labels.append(
                    Label(
                        functions[name].tokens.span(0, functions[name].tokens.sign - 1),
                        "defined here",
                    )
                )
            return found, WrongNumberOfArguments(message, *labels, hints=[written])
    return found, None


def _filled(forms: Sequence[str], given: Sequence[str], text: str) -> list[str]:
    """The forms of arguments with what is given in their places, where that is known: `x[*]` for
    `a[*]` where x is a family of one index in the text."""
    filled, found = [*forms], False
    for at, (form, name) in enumerate(zip(forms, given, strict=False)):
        if "[" in form and re.search(rf"(?<![\w.]){re.escape(name)}\s*\[[^][,]*\]\s*[=~]", text):
            filled[at], found = f"{name}[*]", True
        elif "[" in name or ("[" not in form and len(forms) == len(given)):
            filled[at] = name
    return filled if found else [*forms]


def paired(name: str, first: Members, second: Members, place: Span) -> list[tuple[int, int]]:
    """The rows of two families by the same indices. Raises UnexpectedText where one has others."""
    if first.rows.keys() != second.rows.keys():
        odd = min(first.rows.keys() ^ second.rows.keys())
        has, lacks = (first, second) if odd in first.rows else (second, first)
        index = ",".join(map(str, odd))
        message = f"{name} takes two families of the same indices"
        hints = [f"{has.text} has a member {index}, {lacks.text} has none"]
        raise UnexpectedText(message, place, hints=hints)
    return [(row, second.rows[key]) for key, row in first.rows.items()]
