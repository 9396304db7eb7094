"""Statements with indices as formulas: what a text says before any of it is unrolled."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence, Set
from functools import reduce
from itertools import chain, count
from typing import Any, NamedTuple

from backprop.algebra.formula import ONE, Formula, Symbol, number
from backprop.algebra.from_text import gathered, renamed, substituted
from backprop.algebra.indexed import (
    DerivativeFormula,
    GatherFormula,
    MemberFormula,
    RangeFormula,
    families,
    index_names,
    names_derived,
    through,
)
from backprop.algebra.normal import minus, operation
from backprop.language.arguments import SHARED
from backprop.language.reading import Parsed
from backprop.operations import CONSTANTS, DERIVATIVE, FUNCTIONS, GATHERS
from backprop.symbolic.implied_families import FamilyBox, FamilyScope, boxes, shapes
from backprop.symbolic.stars_spread import FamilyRanges, StarRanges, spread
from backprop.syntax.fold import fold_nodes
from backprop.syntax.grammar import LIMITS, Node, roots
from backprop.syntax.parser import Statement

CONDITION = "condition"


class NotIndexed(Exception):
    """The text says something that has no formula with indices here; it is unrolled."""


class IndexedEquation(NamedTuple):
    """A statement: what it defines, for which indices, and the right side.

    name: of the family, or of the single name, which has no indices. clauses, condition: of its indices.
    formula: the right side; None of what is drawn at random. is_input: whether that is computed from
    no names. is_const: whether no derivative is by it.
    """

    name: str
    indices: tuple[Formula, ...]
    clauses: tuple[RangeFormula, ...]
    condition: Formula | None
    formula: Formula | None
    statement: Statement | None = None
    is_input: bool = False
    is_const: bool = False

    @property
    def left(self) -> str:
        """`h[i]`."""
        return MemberFormula(self.name, self.indices).text() if self.indices else self.name

    @property
    def behind(self) -> str:
        """`for i in 1..n`."""
        return through(self.clauses, self.condition)


class _Condition(NamedTuple):
    formula: Formula


class _Star(NamedTuple):
    """A family with stars for some indices."""

    family: str
    indices: tuple[Formula | None, ...]


class IndexedReader:
    """The statements of a text as formulas. numbers: of its constants. members: how many each family has,
    as far as that is known. Raises NotIndexed."""

    def __init__(
        self, text: Parsed, numbers: Mapping[str, float], members: Mapping[str, int]
    ) -> None:
        self._numbers = numbers
        self._members = members
        self.derivatives: dict[str, tuple[str, str]] = {}
        """Families that stand for derivatives, `derivative(x[t], a)`: of what and by what each is."""
        self.bases: dict[str, str] = {}
        """The names of the text after which others were made."""
        self._known_boxes: Mapping[str, FamilyBox | None] | None = None
        self._functions = text.functions
        self.words = frozenset(  # that no index gets
            word for tokens, _ in text.statements for word in tokens.texts if word.isidentifier()
        )
        self._taken = {*self.words}
        self._defining: dict[str, list[Statement]] = {}
        for each in text.statements:
            if each.shape.form not in ("function", "declaration", "goal"):
                self._defining.setdefault(each.tokens.texts[each.shape.target], []).append(each)
        ranges = ((t, n) for t, shape in text.statements for n in shape.nodes if n.kind == "range")
        self._indices = {t.texts[n.token] for t, n in ranges}.difference(self._defining)
        self.equations: list[IndexedEquation] = []
        for statements in self._defining.values():
            self.equations += map(self._equation, statements)
        self.equations = [each._replace(is_input=not _computed(each)) for each in self.equations]
        defined = {each.name for each in self.equations}
        self._indices = {
            name
            for each in self.equations
            for part in (*each.clauses, *([] if each.formula is None else [each.formula]))
            for name in index_names(part)
            if name not in defined
        }
        self.equations += self._implied()

    def fresh(self, base: str = "p") -> str:
        """A name for an index that the text does not have, and that was not given before."""
        name = _first_free(base, self._taken)
        self._taken.add(name)
        self.bases[name] = self.bases.get(base, base)
        return name

    def letter(self, base: str, taken: Set[str]) -> str:
        """A name for an index in an equation that has some: that of the text it was made from, if the
        equation does not have it, else one that the text does not have."""
        if base in self._indices and base not in taken:
            return base
        return _first_free(base, self.words.union(taken))

    def _implied(self) -> list[IndexedEquation]:
        """Equations without right sides for the families that are read and not defined."""
        scopes, defined = _scopes(self.equations), {*self._defining}
        others = shapes(scopes, defined, self._numbers, self._members, self.fresh)
        return [
            IndexedEquation(name, *shape, None, is_input=True)
            for name, box in self._implied_boxes(self.equations).items()
            for shape in ([box.shape(self.fresh)] if box else others[name])
        ]

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
        body = ONE if right is None else right
        whole = self._apart(GatherFormula("sum", body, clauses, condition))
        if whole.clauses != tuple(clauses):
            by = dict(zip((e.name for e in clauses), (e.name for e in whole.clauses), strict=True))
            put = {name: Symbol(other) for name, other in by.items() if name != other}
            indices = tuple(substituted(each, put) for each in indices)
            clauses, condition = [*whole.clauses], whole.condition
            right = right and whole.body
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
        for at, clause in enumerate(
            rest
        ):  # which may be of an index around it, called as one behind it
            if not clause.names.isdisjoint({each.name for each in rest[at:]}):
                raise NotIndexed
        whole = self._apart(GatherFormula(name, body, rest, condition))
        return gathered(name, whole.body, whole.clauses, whole.condition)

    def _apart(self, found: GatherFormula) -> GatherFormula:
        """What is gathered, in which no index is called as a family that is read, `q[q] for q in 1..n`, or as
        a constant."""
        same = sorted(found.bound.intersection([*families(found), *CONSTANTS]))
        by: dict[str, Formula] = {name: Symbol(self.fresh(name)) for name in same}
        return renamed(found, by) if by else found

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
            put: dict[str, Formula] = {}  # after an index of the function has got another name
            names = {
                name: self._held(given, put)
                for name, given in zip(parameters, operands, strict=True)
            }
            made = self._formula(function, len(shape.nodes) - 1, names)
            named = self.words - self._indices
            moving = {name for name, given in put.items() if not given.names.isdisjoint(named)}
            if not isinstance(made, Formula) or not names_derived(made).isdisjoint(moving):
                raise NotIndexed  # in a derivative by what is no parameter these stay what they are
            return substituted(made, put)
        if any(isinstance(each, _Star) for each in operands):
            return self._of_stars(word, operands)
        if word == DERIVATIVE:
            return self._derivative(operands)
        row = FUNCTIONS.get(word)
        if row is None:
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

    def _derivative(self, operands: Sequence[Any]) -> Formula:
        """`derivative(x[t], a)` as a member of a family of its own."""
        names, indices = list[str](), list[Formula]()
        by = operands[1]
        if not isinstance(by, MemberFormula) and not (
            isinstance(by, Symbol) and by.name in self.words  # and no parameter of a function
        ):
            raise NotIndexed
        if not isinstance(operands[0], MemberFormula | Symbol):
            if not isinstance(operands[0], Formula):
                raise NotIndexed
            return DerivativeFormula(*operands)
        for each in operands:
            indices += each.indices if isinstance(each, MemberFormula) else ()
            names.append(each.family if isinstance(each, MemberFormula) else each.name)
        name = f"derivative of {' by '.join(names)}"
        self.derivatives[name] = names[0], names[1]
        return MemberFormula(name, indices) if indices else Symbol(name)

    def _held(self, given: Any, put: dict[str, Formula]) -> Any:
        """What is given to a function with names in the place of formulas."""
        if isinstance(given, _Star):
            indices = [None if each is None else self._held(each, put) for each in given.indices]
            return _Star(given.family, tuple(indices))
        if not isinstance(given, Formula) or not given.names:
            return given
        name = self.fresh("u")
        put[name] = given
        return Symbol(name)

    def _of_stars(self, word: str, operands: list[Any]) -> Formula:
        """`sum(a[*])`, `dot(a[*], b[*])`, `norm(a[*])`, … as gathers over the indices of the family."""
        first = operands[0]
        if not isinstance(first, _Star):
            raise NotIndexed
        clauses, where, names = self._spread(first)
        member = self._filled(first, names)
        if word in GATHERS and len(operands) == 1:
            return gathered(word, member, clauses, where)
        if word == "softmax" and len(operands) == 2 and isinstance(operands[1], Formula):
            own = self._filled(first, [operands[1]])
            return operation("exp", [minus(own, gathered(SHARED, member, clauses, where))])
        if word == "norm" and len(operands) == 1:
            square = operation("^", [member, number(2.0)])
            total = gathered("sum", square, clauses, where)
            zero = number(0.0)  # where all are 0 its slopes are, as those of hypot
            return operation(
                "if", [operation("==", [total, zero]), zero, operation("sqrt", [total])]
            )
        if word == "dot" and len(operands) == 2 and isinstance(operands[1], _Star):
            other = self._filled(operands[1], names)
            return gathered("sum", operation("*", [member, other]), clauses, where)
        raise NotIndexed

    def _spread(self, star: _Star) -> StarRanges:
        """Ranges for the stars of a family, which run through all its members."""
        statements = [self._equation(each) for each in self._defining.get(star.family, [])]
        ranges = [FamilyRanges(each.indices, each.clauses, each.condition) for each in statements]
        implied = None if statements else self._boxes().get(star.family)
        found = spread(star.indices, ranges, implied, self.fresh, self._numbers)
        if found is None:
            raise NotIndexed
        return found

    def _boxes(self) -> Mapping[str, FamilyBox | None]:
        """The ranges of families that no statement defines, as the statements without stars of them say."""
        if self._known_boxes is None:
            self._known_boxes = {}
            found: list[IndexedEquation] = []
            for statements in self._defining.values():
                for each in statements:
                    try:
                        found.append(self._equation(each))
                    except NotIndexed:
                        continue
            self._known_boxes = self._implied_boxes(found)
        return self._known_boxes

    def _implied_boxes(
        self, equations: Sequence[IndexedEquation]
    ) -> Mapping[str, FamilyBox | None]:
        found = boxes(_scopes(equations), {*self._defining}, self._numbers, self._members)
        return {
            name: box if box is not None and self._has_all(name, box) else None
            for name, box in found.items()
        }

    def _has_all(self, family: str, box: FamilyBox) -> bool:
        """Whether a family has no other members than those in ranges, as far as members are known."""
        count = self._members.get(family)
        return count is None or count == box.size

    def _filled(self, star: _Star, names: Sequence[Formula]) -> Formula:
        given = iter(names)
        filled = [next(given, None) if each is None else each for each in star.indices]
        if any(each is None for each in filled):
            raise NotIndexed
        return MemberFormula(star.family, [each for each in filled if each is not None])


def _scopes(equations: Sequence[IndexedEquation]) -> list[FamilyScope]:
    computed = [each for each in equations if each.formula is not None]
    return [FamilyScope(each.formula or ONE, each.clauses, each.condition) for each in computed]


def _first_free(base: str, taken: Container[str]) -> str:
    for name in chain((base, *"pqrsuvklmijt"), (f"{base}{at}" for at in count(1))):
        if name not in taken:
            return str(name)
    raise AssertionError("names never end")


def _computed(found: IndexedEquation) -> bool:
    """Whether a right side has names in it besides its indices."""
    names = frozenset() if found.formula is None else found.formula.names
    return bool(names - {each.name for each in found.clauses} - CONSTANTS.keys())
