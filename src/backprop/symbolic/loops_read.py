"""Statements with indices as formulas: what a text says before any of it is unrolled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import chain, count, pairwise
from typing import Any, NamedTuple

from backprop.algebra.formula import Formula, Symbol, number
from backprop.algebra.from_text import gathered, substituted
from backprop.algebra.indexed import MemberFormula, RangeFormula
from backprop.algebra.normal import operation
from backprop.language.reading import Parsed
from backprop.operations import CONSTANTS, DERIVATIVE, FUNCTIONS
from backprop.symbolic.domains_of import solve
from backprop.syntax import functions
from backprop.syntax.fold import fold_nodes
from backprop.syntax.grammar import LIMITS, Node, roots
from backprop.syntax.parser import Statement, formula

CONDITION = "condition"


class NotIndexed(Exception):
    """The text says something that has no formula with indices here; it is unrolled."""


class IndexedEquation(NamedTuple):
    """A statement: what it defines, for which indices, and the right side.

    name: of the family, or of the single name, which has no indices. clauses, condition: of its indices.
    formula: the right side; None of what is drawn at random. is_input: whether that is computed from
    no names.
    """

    name: str
    indices: tuple[Formula, ...]
    clauses: tuple[RangeFormula, ...]
    condition: Formula | None
    formula: Formula | None
    statement: Statement
    is_input: bool = False


class _Condition(NamedTuple):
    formula: Formula


class _Star(NamedTuple):
    """A family with stars for some indices."""

    family: str
    indices: tuple[Formula | None, ...]


class IndexedReader:
    """The statements of a text as formulas. numbers: of its constants. Raises NotIndexed."""

    def __init__(self, text: Parsed, numbers: Mapping[str, float]) -> None:
        self._numbers = numbers
        self._functions = text.functions
        self._taken = {
            word for tokens, _ in text.statements for word in tokens.texts if word.isidentifier()
        }
        self._defining: dict[str, list[Statement]] = {}
        for each in text.statements:
            if each.shape.form not in ("function", "declaration", "goal"):
                self._defining.setdefault(each.tokens.texts[each.shape.target], []).append(each)
        self.equations: list[IndexedEquation] = []
        for statements in self._defining.values():
            self.equations += map(self._equation, statements)
        self.equations = [each._replace(is_input=not _computed(each)) for each in self.equations]

    def fresh(self, base: str = "p") -> str:
        """A name for an index that the text does not have."""
        for name in chain((base, *"pqrsuvklmijt"), (f"{base}{at}" for at in count(1))):
            if name not in self._taken:
                self._taken.add(name)
                return str(name)
        raise AssertionError("names never end")

    def _equation(self, statement: Statement) -> IndexedEquation:
        tokens, shape = statement
        nodes = shape.nodes
        parts = roots(nodes, 0, len(nodes) - 1)
        clauses: list[RangeFormula] = []
        condition = None
        if nodes[parts[-1]].kind == "condition":
            condition = self._formula(statement, parts[-1] - 1)
            parts.pop()
        while nodes[parts[-1]].kind in ("range", "listed"):
            clauses.insert(0, self._formula(statement, parts.pop()))
        while nodes[parts[-1]].kind in LIMITS:
            parts.pop()
        right = None if shape.drawn else self._formula(statement, parts[-1])
        if not shape.drawn and not isinstance(right, Formula):
            raise NotIndexed
        indices = tuple(self._formula(statement, part) for part in parts[:-1])
        if not all(isinstance(each, Formula) for each in indices):
            raise NotIndexed
        return IndexedEquation(
            tokens.texts[shape.target], indices, tuple(clauses), condition, right, statement
        )

    def _formula(self, statement: Statement, root: int, names: Mapping[str, Any] = {}) -> Any:
        """What the expression that ends with a node says. names: of a function's parameters."""
        nodes = statement.shape.nodes
        own = nodes[nodes[root].start : root + 1]
        return fold_nodes(own, lambda node, operands: self._node(statement, node, operands, names))

    def _node(
        self, statement: Statement, node: Node, operands: list[Any], names: Mapping[str, Any]
    ) -> Any:
        word = statement.tokens.texts[node.token]
        if node.kind == "number":
            return number(float(word))
        if node.kind == "name":
            return names.get(word) or Symbol(word)
        if node.kind == "index":
            return self._index(names.get(word, word), operands)
        if node.kind == "star":
            return None
        if node.kind == "range":
            return RangeFormula(word, operands)
        if node.kind == "listed":
            return RangeFormula(word, operands, listed=True)
        if node.kind == CONDITION:
            return _Condition(operands[0])
        if node.kind == "gather":
            return self._gather(word, operands)
        if node.kind in ("operation", "call") and node.operation:
            return self._operation(node.operation, operands)
        if node.kind == "call":
            return self._call(word, operands)
        raise NotIndexed

    def _index(self, family: Any, operands: list[Any]) -> Any:
        if isinstance(family, _Star):  # a parameter of a function, a[i], where a is w[1,*]
            given = iter(operands)
            filled = tuple(next(given, None) if each is None else each for each in family.indices)
            return self._index(family.family, [*filled])
        if not isinstance(family, str):
            raise NotIndexed
        if any(each is None for each in operands):
            return _Star(family, tuple(operands))
        return MemberFormula(family, operands)

    def _gather(self, name: str, operands: list[Any]) -> Formula:
        body, *rest = operands
        condition = None
        if isinstance(rest[-1], _Condition):
            condition = rest.pop().formula
        if not isinstance(body, Formula):
            raise NotIndexed
        return gathered(name, body, rest, condition)

    def _operation(self, name: str, operands: list[Any]) -> Formula:
        if not all(isinstance(each, Formula) for each in operands):
            raise NotIndexed
        return operation(name, operands)

    def _call(self, word: str, operands: list[Any]) -> Formula:
        function = self._functions.get(word)
        if function is not None:
            tokens, shape = function
            parameters = [tokens.texts[each] for each in shape.parameters]
            parameters = list(dict.fromkeys(parameters))
            if len(parameters) != len(operands):
                raise NotIndexed
            made = self._formula(
                function, len(shape.nodes) - 1, dict(zip(parameters, operands, strict=True))
            )
            if not isinstance(made, Formula):
                raise NotIndexed
            return made
        if any(isinstance(each, _Star) for each in operands):
            return self._of_stars(word, operands)
        row = FUNCTIONS.get(word)
        if row is None or word == DERIVATIVE:
            raise NotIndexed
        if len(operands) < row.arity:
            missing = row.arity - len(operands)
            operands = [*operands, *map(number, row.defaults[-missing:])]
        if row.folds and len(operands) > 2:
            found: Formula = reduce(
                lambda one, other: self._operation(row.name, [one, other]), operands
            )
            return found
        return self._operation(row.name, operands)

    def _of_stars(self, word: str, operands: list[Any]) -> Formula:
        """`sum(a[*])`, `dot(a[*], b[*])`, `norm(a[*])`, … as gathers over the indices of the family."""
        first = operands[0]
        if not isinstance(first, _Star):
            raise NotIndexed
        clauses, members = self._spread(first)
        if word in ("sum", "mean", "prod", "logsumexp") and len(operands) == 1:
            return gathered(word, members[0], clauses)
        if word == "norm" and len(operands) == 1:
            square = operation("^", [members[0], number(2.0)])
            total = gathered("sum", square, clauses)
            zero = number(0.0)  # where all are 0 its slopes are, as those of hypot
            return operation(
                "if", [operation("==", [total, zero]), zero, operation("sqrt", [total])]
            )
        if word == "dot" and len(operands) == 2 and isinstance(operands[1], _Star):
            other = self._filled(operands[1], [Symbol(each.name) for each in clauses])
            return gathered("sum", operation("*", [members[0], other]), clauses)
        raise NotIndexed

    def _spread(self, star: _Star) -> tuple[list[RangeFormula], list[Formula]]:
        """Clauses for the stars of a family, which run through all its members, and its member there."""
        statements = [self._equation(each) for each in self._defining.get(star.family, [])]
        if not statements or any(len(each.indices) != len(star.indices) for each in statements):
            raise NotIndexed
        clauses, names = [], list[Formula]()
        for at, given in enumerate(star.indices):
            if given is None:
                base, low, high = self._extent(statements, at)
                name = self.fresh(base)
                clauses.append(RangeFormula(name, [low, high]))
                names.append(Symbol(name))
        return clauses, [self._filled(star, names)]

    def _extent(
        self, statements: Sequence[IndexedEquation], at: int
    ) -> tuple[str, Formula, Formula]:
        """What an index of a family runs through, from the first to the last number without a hole: a
        name for it and the two ends."""
        found: list[tuple[str, Formula, Formula]] = []
        for each in statements:
            ranges = {clause.name: clause for clause in each.clauses}
            index = each.indices[at]
            own = [name for name in ranges if name in index.names]
            if len(statements) > 1 and len(each.indices) > 1:
                raise NotIndexed
            if each.condition is not None or len(own) > 1:
                raise NotIndexed
            if not own:
                found.append(("i", index, index))
                continue
            clause = ranges[own[0]]
            whole = all(each.names.isdisjoint(ranges) for each in clause.items)
            if clause.listed or len(clause.items) != 2 or not whole or solve(index, own[0]) is None:
                raise NotIndexed
            ends = [substituted(index, {own[0]: item}) for item in clause.items]
            low, high = sorted(ends, key=self._value)
            found.append((own[0], low, high))
        found.sort(key=lambda each: self._value(each[1]))
        for (_, _, before), (_, after, _) in pairwise(found):
            if self._value(after) != self._value(before) + 1:
                raise NotIndexed
        names = [name for name, low, high in found if low is not high] or ["i"]
        return names[0], found[0][1], found[-1][2]

    def _value(self, index: Formula) -> float:
        return functions.evaluated(formula(index.text()), dict(self._numbers))

    def _filled(self, star: _Star, names: Sequence[Formula]) -> Formula:
        given = iter(names)
        filled = [next(given, None) if each is None else each for each in star.indices]
        if any(each is None for each in filled):
            raise NotIndexed
        return MemberFormula(star.family, [each for each in filled if each is not None])


def _computed(found: IndexedEquation) -> bool:
    """Whether a right side has names in it besides its indices."""
    if found.formula is None:
        return False
    return bool(found.formula.names - {each.name for each in found.clauses} - CONSTANTS.keys())
