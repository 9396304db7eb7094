"""Equations over columns in two texts: what is computed of a single row, and what is computed once.

`L = mean((y - a*x)^2) + a^2` is, of a row, the term `term1 = (y - a*x)^2`, and, once,
`L = (sum1/count1) + a^2`, where `sum1` is the sum of the terms of all rows. Both are texts of the
language, so that everything that reads, differentiates and compiles equations does so with these.
A member that a column names, `alpha[county]`, is of a row an input of its own, `taken1`, whose numbers are
those of the members that `index1_1 = county` says.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from backprop.language.column_names import words_of
from backprop.language.gathering_functions import written_out
from backprop.language.laid import COUNT, Data, RowNumbers
from backprop.language.over_rows import Laying
from backprop.operations import GATHERS
from backprop.source import Source
from backprop.syntax.grammar import Node, roots
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens

_CLAUSES = "range", "listed"
_NAME = re.compile(r"[^\W\d][\w']*")


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


class TakenMember(NamedTuple):
    """A member of a family that rows name. name: what it is called in the text of a row, perhaps a family.
    indices: each a number, a name in that text, or ~ of a number: that of an index of its own. table: the
    number of its table. line: the equation that makes an input of it."""

    name: str
    family: str
    indices: Sequence[int | str]
    table: int
    line: str


class TwoTexts(NamedTuple):
    """The text of a row, without the lines of what is taken, and what is computed once. sums: what leads from
    one to the other. taken: what leads back. counts: by name the number of the table whose rows these
    count. columns: by name the number of the table. families: what else has rows, with the number of its
    table."""

    row: Source
    once: Source
    sums: Sequence[SummedTerm]
    taken: Sequence[TakenMember]
    counts: dict[str, int]
    columns: dict[str, int]
    families: dict[str, int]


def apart(
    statements: Sequence[Statement], data: Sequence[Data], source: Source, every: bool = False
) -> TwoTexts:
    """Statements as two texts. every: whether sums go through the rows of every table, needed or not. Raises
    NotApart, and what `over_rows` raises."""
    statements = written_out(statements)
    words = words_of(statements)
    tables = []
    for table in data:
        names = [name for name in table.names if name in words]
        tables.append(RowNumbers(table.name, 0, dict.fromkeys(names), str))
    return _Parting(statements, [each for each in tables if each.numbers], data, source).apart(
        every
    )


class _Parting(Laying):
    """Cuts statements where rows are gathered."""

    def apart(self, every: bool) -> TwoTexts:
        """The two texts. every: as of `apart`."""
        constants = self._constants()
        kept = [each for each in self._statements if each not in constants]
        for at, table in enumerate(self._tables):
            self._of |= dict.fromkeys(table.numbers, at)
        columns = dict(self._of)
        self._find(kept)
        words = {text for each in kept for text in each.tokens.texts}
        used = words_of(kept)
        self._names = (name for name in _numbered("term", "sum") if not {*name} & words)
        roots_ = {word.partition("_")[0] for word in words}
        self._takes = (name for name in _numbered("taken", "index") if not {*name} & roots_)
        self._known: dict[tuple[str, ...], str] = {}
        self.taken: list[TakenMember] = []
        self.sums: list[SummedTerm] = []
        self.counts: dict[str, int] = {}
        self.terms: list[str] = []
        row, once = list[str](), list[str]()
        for each in kept:
            for of_row, text in self._parted(each):
                (row if of_row else once).append(text)
            if self._is_given(each):
                row.append(_text(each))
        if not (self.sums or self.counts):
            raise NotApart("nothing that gathers rows is a number of its own")
        if every or not self.sums:
            once += self._not_summed({name: at for name, at in columns.items() if name in used})
        read = {word for text in (*row, *self.terms) for word in _NAME.findall(text)}
        read -= _bound(kept)
        for name in columns:  # what is counted only has numbers, too
            if name in used and name not in read:
                self.terms.append(f"{next(self._names)[0]} = {name}")
        families = {name: at for name, at in self._of.items() if name not in columns}
        name = self._source.name
        return TwoTexts(
            Source(name, "\n".join([*row, *self.terms])),
            Source(name, "\n".join(once)),
            self.sums,
            self.taken,
            self.counts,
            {name: at for name, at in columns.items() if name in used},
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
            yield True, self._text_of(statement, gathers)
            if not live:
                yield False, _text(statement)
            return
        if shape.form in ("declaration", "goal"):
            if shape.form == "goal":
                yield False, _text(statement)
            return
        self._of_one_table(statement, None, [*live.values()])
        yield bool(live), self._text_of(statement, gathers)

    def _text_of(self, statement: Statement, gathers: Sequence[int]) -> str:
        """A statement with names in place of what it gathers, and of members that rows name."""
        nodes = statement.shape.nodes
        rows = [at for at in range(len(nodes)) if self._reads_rows(statement, at)]
        taken = []
        for at, node in enumerate(nodes):
            if node.kind == "index" and any(node.start <= each < at for each in rows):
                if self._has_rows(statement, at):
                    raise NotApart("rows name a row")
                taken.append(at)
        return _Rewritten(self, statement, gathers, taken).text()

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
            mean = f"{total}{indices}/{self._count(table)}"
            return mean if _stands_free(tokens, node) else f"({mean})"
        return f"{total}{indices}"

    def member(self, statement: Statement, at: int) -> str:
        """What stands for a member that rows name where it stood."""
        tokens, nodes = statement.tokens, statement.shape.nodes
        node = nodes[at]
        clauses = self._around(statement, node)
        around = [word for word, _ in clauses]
        own = f"[{', '.join(around)}]" if around else ""
        ranges = f" for {', '.join(clause for _, clause in clauses)}" if around else ""
        parts = [nodes[root] for root in roots(nodes, node.start, at - 1)]
        texts = [_piece(statement, each.first, each.last) for each in parts]
        key = tokens.texts[node.token], *texts, ranges
        if key not in self._known:
            name, word = next(self._takes)
            self._known[key] = name
            indices = list[int | str]()
            for text, each in zip(texts, parts, strict=True):
                if each.kind == "number" and text.isdecimal():
                    indices.append(int(text))
                elif text in around:
                    indices.append(~around.index(text))
                else:
                    self._refuse_steps(statement, each)
                    index = f"{word}_{len(indices) + 1}"
                    indices.append(index)
                    self.terms.append(f"{index}{own} = {text}{ranges}")
            table, line = self._table_in(statement, node), f"{name}{own} = 0{ranges}"
            self.taken.append(TakenMember(name, key[0], indices, table, line))
        return self._known[key] + own

    def _refuse_steps(self, statement: Statement, index: Node) -> None:
        """Raise NotApart for an index that is more than a formula of columns and numbers."""
        tokens, shape = statement
        hidden = {tokens.texts[at] for at in shape.parameters}
        for each in shape.nodes:
            if index.first <= each.first and each.last <= index.last:
                known = each.kind in ("name", "number", "operation")
                if not known or tokens.texts[each.token] in hidden:
                    raise NotApart("rows name a member by more than a formula")

    def _count(self, table: int) -> str:
        for name, at in self.counts.items():
            if at == table:
                return name
        names = {text for each in self._statements for text in each.tokens.texts} | {*self.counts}
        name = next(each for each in _one_after_another("count") if each not in names)
        self.counts[name] = table
        return name

    def _not_summed(self, columns: Mapping[str, int]) -> Iterator[str]:
        """Equations with sums that nothing needs, of tables through whose rows no other sum goes: of what has
        rows there may be something to say all the same."""
        summed = {each.table for each in self.sums}
        for table in sorted({*columns.values()} - summed):
            column = next(each for each, at in columns.items() if at == table)
            term, total = next(self._names)
            self.terms.append(f"{term} = 0*{column}")
            self.sums.append(SummedTerm(term, total, table, "sum"))
            yield f"{next(self._names)[0]} = {total}"

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
    """A statement as text, with names in place of what it gathers, and of members that rows name."""

    def __init__(
        self,
        parting: _Parting,
        statement: Statement,
        gathers: Sequence[int],
        taken: Sequence[int],
    ) -> None:
        self._parting, self._statement = parting, statement
        self._taken = {*taken}
        self._replaced = [*gathers, *taken]

    def text(self) -> str:
        # what is gathered is computed from an input of this text: without the word const
        begin = int(self._statement.shape.const and bool(self._replaced))
        return self._piece(begin, len(self._statement.tokens.kinds) - 1, self._replaced)

    def _piece(self, first: int, last: int, replaced: Collection[int]) -> str:
        """Some of the tokens."""
        nodes = self._statement.shape.nodes
        outer = [
            at for at in replaced if not any(_within(nodes[at], nodes[other]) for other in replaced)
        ]
        parts, begin = list[str](), first
        for at in sorted(outer, key=lambda at: nodes[at].first):
            node = nodes[at]
            parts.append(_piece(self._statement, begin, node.first - 1))
            begin = node.last + 1
            if at in self._taken:
                parts.append(self._parting.member(self._statement, at))
                continue
            within = [other for other in replaced if _within(nodes[other], node)]
            # the name, the bracket, the argument, the bracket
            inside = self._piece(node.first + 2, node.last - 1, within)
            parts.append(self._parting.lifted(self._statement, node, inside))
        parts.append(_piece(self._statement, begin, last))
        return " ".join(filter(None, parts))


def _bound(statements: Sequence[Statement]) -> set[str]:
    """Names of parameters and indices, which say nothing of a column of that name."""
    found = set[str]()
    for tokens, shape in statements:
        places = *shape.parameters, *(n.token for n in shape.nodes if n.kind in _CLAUSES)
        found.update(tokens.texts[at] for at in places)
    return found


def _stands_free(tokens: Tokens, node: Node) -> bool:
    """Whether a quotient in the place of a call needs no brackets."""
    before, after = tokens.texts[node.first - 1], tokens.texts[node.last + 1 : node.last + 2]
    return before in (*"=+-(,",) and (not after or after[0] in (*"+-),", "for"))


def _within(one: Node, other: Node) -> bool:
    """Whether a node stands inside another one."""
    return one is not other and other.first <= one.first and one.last <= other.last


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


def _numbered(one: str, other: str) -> Iterator[tuple[str, str]]:
    yield from zip(_one_after_another(one), _one_after_another(other), strict=True)


def _one_after_another(word: str) -> Iterator[str]:
    for number in range(1, 1_000_000):
        yield f"{word}{number}"
