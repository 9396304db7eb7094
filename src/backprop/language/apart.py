"""Equations over columns in two texts: what is computed of a single row, and what is computed once.

`L = mean((y - a*x)^2) + a^2` is, of a row, the term `term1 = (y - a*x)^2`, and, once,
`L = (sum1/count1) + a^2`, where `sum1` is the sum of the terms of all rows. Both are texts of the
language, so that everything that reads, differentiates and compiles equations does so with these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from backprop.language.gathering_functions import written_out
from backprop.language.laid import COUNT, Data, RowNumbers
from backprop.language.over_rows import Laying
from backprop.operations import GATHERS
from backprop.source import Source
from backprop.syntax.grammar import Node
from backprop.syntax.parser import Statement

_CLAUSES = "range", "listed"


class NotApart(Exception):
    """Equations that do not come apart so. reason: in words behind "since"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SummedTerm(NamedTuple):
    """What is gathered over rows. term: what it is called in the text of a row; total: what is made of it is
    called in both texts; both may be families. table: the number of its table. gather: by what, of
    `operations.GATHERS`; of a mean it is the sum."""

    term: str
    total: str
    table: int
    gather: str


class TwoTexts(NamedTuple):
    """The text of a row, and what is computed once. sums: what leads from one to the other. counts: by name
    the number of the table whose rows these count. columns: by name the number of the table. families:
    what else has rows, with the number of its table."""

    row: Source
    once: Source
    sums: Sequence[SummedTerm]
    counts: dict[str, int]
    columns: dict[str, int]
    families: dict[str, int]


def apart(statements: Sequence[Statement], data: Sequence[Data], source: Source) -> TwoTexts:
    """Statements as two texts. Raises NotApart, and what `over_rows` raises."""
    statements = written_out(statements)
    words = {text for each in statements for text in each.tokens.texts}
    tables = []
    for table in data:
        names = [name for name in table.names if name in words]
        tables.append(RowNumbers(table.name, 0, dict.fromkeys(names), str))
    return _Parting(statements, [each for each in tables if each.numbers], data, source).apart()


class _Parting(Laying):
    """Cuts statements where rows are gathered."""

    def apart(self) -> TwoTexts:
        """The two texts."""
        constants = self._constants()
        kept = [each for each in self._statements if each not in constants]
        for at, table in enumerate(self._tables):
            self._of |= dict.fromkeys(table.numbers, at)
        columns = dict(self._of)
        self._find(kept)
        words = {text for each in kept for text in each.tokens.texts}
        self._names = (name for name in _numbered() if not {*name} & words)
        self.sums: list[SummedTerm] = []
        self.counts: dict[str, int] = {}
        self.terms: list[str] = []
        row, once = list[str](), list[str]()
        for each in kept:
            for of_row, text in self._parted(each):
                (row if of_row else once).append(text)
            if self._is_given(each):
                row.append(_text(each))
        if not self.sums:
            raise NotApart("nothing that gathers rows is a number of its own")
        families = {name: at for name, at in self._of.items() if name not in columns}
        name = self._source.name
        return TwoTexts(
            Source(name, "\n".join([*row, *self.terms])),
            Source(name, "\n".join(once)),
            self.sums,
            self.counts,
            {name: at for name, at in columns.items() if name in words},
            families,
        )

    def _parted(self, statement: Statement) -> Iterator[tuple[bool, str]]:
        """A statement as text, of a row or not."""
        shape = statement.shape
        gathers = list[int]()
        live = self._leaves(statement, gathers)
        self._refuse_others(statement, gathers)
        if shape.form == "function":
            if gathers:
                raise NotApart("a function gathers rows")
            if not live:
                yield True, _text(statement)
                yield False, _text(statement)
                return
            yield True, _text(statement)
            return
        if shape.form in ("declaration", "goal"):
            if shape.form == "goal":
                yield False, _text(statement)
            return
        self._of_one_table(statement, None, [*live.values()])
        text = _Rewritten(self, statement, gathers).text()
        yield bool(live), text

    def _is_given(self, statement: Statement) -> bool:
        """Whether a statement gives inputs numbers, on which ranges may depend."""
        shape = statement.shape
        if shape.form not in ("equation", "indexed_equation"):
            return shape.form in ("distribution", "indexed_distribution")
        indices = {
            statement.tokens.texts[node.token] for node in shape.nodes if node.kind in _CLAUSES
        }
        return not any(
            node.kind in ("name", "index", "call", "gather")
            and statement.tokens.texts[node.token] not in indices
            for node in shape.nodes
        )

    def lifted(self, statement: Statement, node: Node, inside: str) -> str:
        """What stands for a gatherer of rows where it stood. inside: its argument, as text."""
        tokens = statement.tokens
        name = tokens.texts[node.token]
        table = self._table_in(statement, node)
        if name == COUNT:
            return self._count(table)
        around = self._around(statement, node)
        indices = f"[{', '.join(word for word, _ in around)}]" if around else ""
        clauses = f" for {', '.join(clause for _, clause in around)}" if around else ""
        term, total = next(self._names)
        self.terms.append(f"{term}{indices} = {inside}{clauses}")
        self.sums.append(SummedTerm(term, total, table, name))
        if GATHERS[name].divided:
            return f"({total}{indices}/{self._count(table)})"
        return f"{total}{indices}"

    def _count(self, table: int) -> str:
        for name, at in self.counts.items():
            if at == table:
                return name
        names = {text for each in self._statements for text in each.tokens.texts} | {*self.counts}
        name = next(each for each in _one_after_another("count") if each not in names)
        self.counts[name] = table
        return name

    def _around(self, statement: Statement, node: Node) -> list[tuple[str, str]]:
        """The indices that a gatherer reads, each with its clause, in the order in which they stand."""
        tokens, nodes = statement.tokens, statement.shape.nodes
        inside = {tokens.texts[at] for at in range(node.first, node.last + 1)}
        found = list[tuple[str, str]]()
        for each in nodes:
            if each.kind not in _CLAUSES or node.first <= each.first <= node.last:
                continue
            if any(
                other.kind == "gather"
                and other.first <= each.first <= other.last
                and not other.first <= node.first <= other.last
                for other in nodes
            ):
                continue
            if each.kind == "listed":
                raise NotApart("a sum over rows stands within a list of indices")
            found.append((tokens.texts[each.token], _piece(statement, each.first, each.last)))
        if any(each.kind == "condition" for each in nodes) and found:
            raise NotApart("a sum over rows stands where indices have a condition")
        needed = {*inside}
        for word, clause in reversed(found):
            if word in needed:
                needed.update(clause.replace(".", " ").split())
        return [each for each in found if each[0] in needed]


class _Rewritten:
    """A statement as text, with names in place of what it gathers."""

    def __init__(self, parting: _Parting, statement: Statement, gathers: Sequence[int]) -> None:
        self._parting, self._statement = parting, statement
        nodes = statement.shape.nodes
        self._gathers = [nodes[at] for at in gathers]

    def text(self) -> str:
        return self._piece(0, len(self._statement.tokens.kinds) - 1, self._gathers)

    def _piece(self, first: int, last: int, gathers: Collection[Node]) -> str:
        """Some of the tokens."""
        outer = [
            each
            for each in gathers
            if not any(
                other is not each and other.first <= each.first and each.last <= other.last
                for other in gathers
            )
        ]
        parts, at = list[str](), first
        for each in sorted(outer, key=lambda node: node.first):
            parts.append(_piece(self._statement, at, each.first - 1))
            within = [
                other
                for other in gathers
                if other is not each and each.first <= other.first and other.last <= each.last
            ]
            # the name, the bracket, the argument, the bracket
            inside = self._piece(each.first + 2, each.last - 1, within)
            parts.append(self._parting.lifted(self._statement, each, inside))
            at = each.last + 1
        parts.append(_piece(self._statement, at, last))
        return " ".join(filter(None, parts))


def _text(statement: Statement) -> str:
    return _piece(statement, 0, len(statement.tokens.kinds) - 1)


def _piece(statement: Statement, first: int, last: int) -> str:
    """Some tokens as text: a blank where something stands between two."""
    tokens, parts = statement.tokens, list[str]()
    for at in range(first, last + 1):
        if at > first and tokens.starts[at] > tokens.ends[at - 1]:
            parts.append(" ")
        parts.append(tokens.texts[at])
    return "".join(parts)


def _numbered() -> Iterator[tuple[str, str]]:
    yield from zip(_one_after_another("term"), _one_after_another("sum"), strict=True)


def _one_after_another(word: str) -> Iterator[str]:
    for number in range(1, 1_000_000):
        yield f"{word}{number}"
