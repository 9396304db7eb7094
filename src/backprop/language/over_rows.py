"""Equations over columns of data: a column is a family over one more index, the row.

`m = a*exp(-b*x)` with a column x is `m[row] = a*exp(-b*x[row]) for row in 1..n`, and a gatherer of one
argument, `mean((y - m)^2)`, is `mean((y[row] - m[row])^2 for row in 1..n)`. What is added to a statement
are tokens without a place of their own, so that all that is said of it shows the text as it was written.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence

from backprop.errors import NeedsData
from backprop.language.arguments import is_open
from backprop.language.column_names import check_names, words_of
from backprop.language.distributions import COLUMN
from backprop.language.headers import header_hints, rename_hints
from backprop.language.laid import COUNT, Data, Laid, RowNumbers, count_text
from backprop.numbers import listed
from backprop.operations import GATHERS
from backprop.source import Source
from backprop.syntax.grammar import Node
from backprop.syntax.parser import Statement, shaped
from backprop.syntax.scanner import Tokens

TokenPiece = tuple[str, str]
"""The kind and the text of a token."""


def over_rows(statements: Sequence[Statement], data: Sequence[Data], source: Source) -> Laid:
    """Statements with the indices that their columns have. Raises NameDefinedTwice for a column that is
    named like an equation, NeedsData for expressions over two tables."""
    words = words_of(statements)
    for table in data:
        check_names(statements, table)
    tables = [each.rows([name for name in each.names if name in words]) for each in data]
    laid = Laying(statements, [each for each in tables if each.numbers], data, source).laid()
    return laid._replace(data=data)


def gathered_over(laid: Laid, statement: Statement) -> Statement:
    """A further statement whose gatherers are over rows that are known; others stay, and so do statements
    that name single rows. Raises NeedsData for one over two tables."""
    found = Laying((), laid.tables, laid.data, statement.tokens.source)
    return found.further(laid, statement)


class _Edit:
    """Tokens that are put into a statement, and others that are left out."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._behind: dict[int, list[TokenPiece]] = {}
        self._gone: set[int] = set()

    def put(self, at: int, pieces: Iterable[TokenPiece]) -> None:
        """Put pieces right behind a token."""
        self._behind.setdefault(at, []).extend(pieces)

    def swap(self, first: int, last: int, piece: TokenPiece) -> None:
        """One token in the place of some."""
        self._gone.update(range(first, last + 1))
        self.put(last, [piece])

    def made(self) -> Tokens:
        """All tokens."""
        old = self._tokens
        kinds, texts = list[str](), list[str]()
        starts, ends = array("Q"), array("Q")
        for at, kind in enumerate(old.kinds):
            if at not in self._gone:
                kinds.append(kind)
                texts.append(old.texts[at])
                starts.append(old.starts[at])
                ends.append(old.ends[at])
            for more, text in self._behind.get(at, ()):
                kinds.append(more)
                texts.append(text)
                swapped = at in self._gone
                starts.append(old.starts[min(self._gone)] if swapped else old.ends[at])
                ends.append(old.ends[at])
        return Tokens(old.source, tuple(kinds), texts, starts, ends)


class Laying:
    def __init__(
        self,
        statements: Sequence[Statement],
        tables: Sequence[RowNumbers],
        data: Sequence[Data],
        source: Source,
    ) -> None:
        self._statements, self._tables, self._source = statements, tables, source
        self._given = data
        self._functions = {
            each.tokens.texts[each.shape.target]: each
            for each in statements
            if each.shape.form == "function"
        }
        self._words = {text for each in statements for text in each.tokens.texts}
        free = (name for name in _index_names() if name not in self._words)
        self._index = [next(free) for _ in tables]
        self._of: dict[str, int] = {}
        """Of each name that has rows the number of its table."""
        self._called: dict[str, set[int]] = {}
        """Of functions whose bodies have columns in them the tables."""

    def laid(self) -> Laid:
        """All statements as they are over rows."""
        constants = self._constants()
        kept = [each for each in self._statements if each not in constants]
        for at, table in enumerate(self._tables):
            self._of |= dict.fromkeys(table.numbers, at)
        columns = {*self._of}
        self._find(kept)
        used = words_of(kept) & columns
        made = [self._with_rows(each) for each in kept]
        declared = {
            each.tokens.texts[node.token]
            for each in kept
            if each.shape.form == "declaration"
            for node in each.shape.nodes
        }
        end = len(self._source.text)
        for name in sorted(used):
            made.append(self._data(name, end))
            if name not in declared:
                made.append(self._statement([("CONST", "const"), ("NAME", name)], end))
        families = {
            name: at for name, at in self._of.items() if name in used or name not in columns
        }
        shown = [name for name in self._of if name in used]
        return Laid(made, families, shown, self._index, self._tables)

    def further(self, laid: Laid, statement: Statement) -> Statement:
        """As `gathered_over`."""
        self._of, self._index = dict(laid.families), [*laid.variables]
        gathers = list[int]()
        live = self._leaves(statement, gathers)
        texts, nodes = statement.tokens.texts, statement.shape.nodes
        single = any(
            node.kind == "index"
            and texts[node.token] in self._of
            and node.operands >= laid.indices(texts[node.token])
            for node in nodes
        )
        return self._with_rows(statement) if gathers and not live and not single else statement

    def _constants(self) -> list[Statement]:
        """The statements of constants that columns stand for."""
        names = {name for table in self._tables for name in table.numbers}
        return [
            each
            for each in self._statements
            if each.shape.form == "equation"
            and each.shape.kinds[0] == "CONST"
            and self._target(each) in names
        ]

    def _target(self, statement: Statement) -> str:
        return statement.tokens.texts[statement.shape.target]

    def _find(self, statements: Sequence[Statement]) -> None:
        """Find what has rows: what is computed from columns and is not gathered."""
        grows = True
        while grows:
            grows = False
            for each in statements:
                form, name = each.shape.form, self._target(each)
                if form not in ("equation", "indexed_equation", "function"):
                    continue
                tables = {*self._leaves(each).values()}
                if form == "function":
                    if tables - self._called.get(name, set()):
                        self._called[name] = tables
                        grows = True
                elif tables and name not in self._of:
                    self._of[name] = min(tables)
                    grows = True

    def _leaves(self, statement: Statement, gathers: list[int] | None = None) -> dict[int, int]:
        """The nodes of a statement that have rows and are not gathered, each with its table. gathers: takes
        the calls that gather. Raises NeedsData for a gatherer over two tables."""
        tokens, shape = statement
        nodes, live = shape.nodes, dict[int, int]()
        for at, node in enumerate(nodes):
            name = tokens.texts[node.token]
            if node.kind in ("name", "index") and self._has_rows(statement, at):
                live[at] = self._of[name]
            elif node.kind == "call":
                for table in self._called.get(name, ()):
                    live[at] = table
                inside = [each for each in live if node.start <= each < at]
                counts = name == COUNT and name not in self._functions
                if not inside or node.operands != 1 or not (counts or _gathers(name)):
                    continue
                if name in self._functions or is_open(nodes, at - 1):
                    continue
                self._of_one_table(statement, node, [live[each] for each in inside])
                if gathers is not None:
                    gathers.append(at)
                for each in inside:
                    del live[each]
        return live

    def _has_rows(self, statement: Statement, at: int) -> bool:
        """Whether a name or a member in a statement is one for each row."""
        tokens, shape = statement
        node = shape.nodes[at]
        name = tokens.texts[node.token]
        if name not in self._of or self._is_variable(statement, name):
            return False
        return shape.form != "function" or name not in {
            tokens.texts[each] for each in shape.parameters
        }

    def _is_variable(self, statement: Statement, name: str) -> bool:
        """Whether a name is that of an index."""
        return any(
            node.kind in ("range", "listed") and statement.tokens.texts[node.token] == name
            for node in statement.shape.nodes
        )

    def _of_one_table(self, statement: Statement, node: Node | None, tables: Sequence[int]) -> None:
        """Raise NeedsData for what has columns of two tables."""
        if len({*tables}) < 2:
            return
        one, other = (self._tables[at].name for at in sorted({*tables})[:2])
        tokens = statement.tokens
        place = tokens.span(node.first, node.last) if node else tokens.whole
        message = f"this has columns of {one} and of {other}, whose rows do not belong together"
        hints = ["gather the columns of one of them first, as mean(x) does"]
        raise NeedsData(message, place, hints=hints)

    def _with_rows(self, statement: Statement) -> Statement:
        """A statement with its rows."""
        tokens, shape = statement
        if shape.form not in ("equation", "indexed_equation", "function", "indexed_distribution"):
            return statement
        gathers = list[int]()
        live = self._leaves(statement, gathers)
        self._refuse_others(statement, gathers)
        name = self._target(statement)
        tables = {*live.values()}
        if shape.form != "function":
            self._of_one_table(statement, None, [*tables])
        every = [at for at in range(len(shape.nodes)) if self._reads_rows(statement, at)]
        if not (every or gathers or tables):
            return statement
        edit = _Edit(tokens)
        counted = list[tuple[int, int]]()
        for at in gathers:
            node = shape.nodes[at]
            if tokens.texts[node.token] == COUNT:
                size = self._tables[self._table_in(statement, node)].size
                edit.swap(node.first, node.last, ("NUMBER", count_text(size)))
                counted.append((node.start, at))
        for at in every:
            node = shape.nodes[at]
            if any(start <= at < end for start, end in counted):
                continue
            word = tokens.texts[node.token]
            if node.kind == "call":
                index = [piece for t in sorted(self._called[word]) for piece in self._more(t)]
                edit.put(node.last - 1, index if node.operands else index[1:])
            elif node.kind == "index":
                edit.put(node.last - 1, self._more(self._of[word]))
            else:
                edit.put(node.token, self._index_of(self._of[word]))
        for at in gathers:  # behind what its argument ends with
            node = shape.nodes[at]
            if tokens.texts[node.token] != COUNT:
                edit.put(
                    node.last - 1, [("FOR", "for"), *self._clause(self._table_in(statement, node))]
                )
        if shape.form == "function":
            if tables:
                closing = tokens.kinds.index("RPAR")
                index = [piece for t in sorted(tables) for piece in self._more(t)]
                edit.put(closing - 1, index if shape.parameters else index[1:])
        elif tables:
            table = self._of[name]
            if shape.form == "equation":
                edit.put(shape.target, self._index_of(table))
            else:
                edit.put(tokens.sign - 2, self._more(table))
            self._over_all(statement, edit, table)
        return shaped(edit.made())

    def _refuse_others(self, statement: Statement, gathers: Sequence[int]) -> None:
        """Raise NeedsData for a gatherer of what is no column."""
        tokens, shape = statement
        for at, node in enumerate(shape.nodes):
            name = tokens.texts[node.token]
            if node.kind != "call" or node.operands != 1 or name in self._functions:
                continue
            gathered = name == COUNT or (name in GATHERS and not is_open(shape.nodes, at - 1))
            if gathered and at not in gathers and shape.form != "function":
                known = [each for table in self._given for each in table.names]
                message = f"{name}(…) is of the rows of data, and there is no column in it"
                odd = [hint for table in self._given for hint in header_hints(table.names)]
                hints = [f"the columns are {listed(known, 8)}"]
                hints += odd or rename_hints(known, self._words)
                raise NeedsData(message, tokens.span(node.first, node.last), hints=hints)

    def _reads_rows(self, statement: Statement, at: int) -> bool:
        node = statement.shape.nodes[at]
        if node.kind == "call":
            return statement.tokens.texts[node.token] in self._called
        return node.kind in ("name", "index") and self._has_rows(statement, at)

    def _table_in(self, statement: Statement, node: Node) -> int:
        """The table of what a call gathers."""
        tokens, shape = statement
        for at in range(node.start, len(shape.nodes)):
            if self._reads_rows(statement, at):
                word = tokens.texts[shape.nodes[at].token]
                return self._of[word] if word in self._of else min(self._called[word])
        raise AssertionError("a gatherer of rows without any")

    def _over_all(self, statement: Statement, edit: _Edit, table: int) -> None:
        """Let a statement run through the rows."""
        tokens, clauses = statement.tokens, self._clause(table)
        clause = next(
            (
                node
                for node in statement.shape.nodes
                if node.kind in ("range", "listed") and not self._within_sum(statement, node)
            ),
            None,
        )
        if clause is None:
            edit.put(len(tokens.kinds) - 1, [("FOR", "for"), *clauses])
        else:
            edit.put(clause.first - 1, [*clauses, ("COMMA", ",")])

    def _within_sum(self, statement: Statement, clause: Node) -> bool:
        return any(
            node.kind == "gather" and node.first <= clause.first <= node.last
            for node in statement.shape.nodes
        )

    def _clause(self, table: int) -> list[TokenPiece]:
        ends = ("NUMBER", "1"), ("RANGE", ".."), ("NUMBER", str(self._tables[table].size))
        return [("NAME", self._index[table]), ("IN", "in"), *ends]

    def _index_of(self, table: int) -> list[TokenPiece]:
        return [("LSQB", "["), ("NAME", self._index[table]), ("RSQB", "]")]

    def _more(self, table: int) -> list[TokenPiece]:
        return [("COMMA", ","), ("NAME", self._index[table])]

    def _data(self, name: str, end: int) -> Statement:
        """The statement of a column: its numbers are drawn from the data."""
        table = self._of[name]
        number = [*self._tables[table].numbers].index(name)
        at = *self._index_of(table)[1:2], *_numbers(table, number)
        drawn = ("TILDE", "~"), ("NAME", COLUMN), ("LPAR", "("), *at, ("RPAR", ")")
        pieces = [("NAME", name), *self._index_of(table), *drawn]
        return self._statement([*pieces, ("FOR", "for"), *self._clause(table)], end)

    def _statement(self, pieces: Sequence[TokenPiece], end: int) -> Statement:
        places = array("Q", [end] * len(pieces))
        kinds, texts = zip(*pieces, strict=True)
        return shaped(Tokens(self._source, kinds, [*texts], places, places[:]))


def _numbers(*numbers: int) -> Iterator[TokenPiece]:
    """Further arguments of a call."""
    for each in numbers:
        yield "COMMA", ","
        yield "NUMBER", str(each)


def _gathers(name: str) -> bool:
    return name in GATHERS


def _index_names() -> Iterable[str]:
    yield "row"
    for number in range(1, 1000):
        yield f"row{number}"
