"""Derivatives of a text with indices, as a text with indices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from sys import maxsize

from backprop.algebra.careful import careful
from backprop.algebra.formula import ONE, Formula, TooLong, in_order
from backprop.algebra.from_text import of_text
from backprop.algebra.indexed import MemberFormula, loops_in
from backprop.algebra.tidy import simplified
from backprop.language.model import Model
from backprop.language.reading import parsed
from backprop.operations import CONSTANTS
from backprop.symbolic.by_names import DerivativeNames
from backprop.symbolic.derivatives_read import DerivativesRead
from backprop.symbolic.distant_members import DistantMembers
from backprop.symbolic.domains_of import MembersPart
from backprop.symbolic.forward_families import MovedFamily, SeededFamily
from backprop.symbolic.given_members import GivenMembers, with_given
from backprop.symbolic.indexed_orders import IndexedOrders, closed_equations, named_well
from backprop.symbolic.kept_statements import defined_by, written
from backprop.symbolic.known_members import with_known_members
from backprop.symbolic.loops_read import IndexedEquation, IndexedReader, NotIndexed
from backprop.symbolic.members_read import at_member
from backprop.symbolic.of_families import IndexedDerived
from backprop.symbolic.on_diagonals import on_diagonals
from backprop.symbolic.reached_members import reached
from backprop.symbolic.request import paths
from backprop.symbolic.zero_families import without_zeros
from backprop.syntax.grammar import roots
from backprop.syntax.parser import Statement


class IndexedText:
    """The statements of a Model's text as formulas with indices. numbers: of what ranges are made of, if
    they are others than the file's. Raises NotIndexed."""

    def __init__(
        self,
        model: Model,
        numbers: Mapping[str, float] | None = None,
        textbook: bool = False,
        strict: bool = False,
    ) -> None:
        self._strict = strict
        text = parsed(model.source, model.seed, maxsize, model.sizes)
        self._model = model
        self._text = text
        if not any(shape.indexed for _, shape in text.statements):
            raise NotIndexed
        self.numbers = numbers or {
            name: model.default(name) for name in model.fixed if not model.is_equation(name)
        }
        try:
            members = {} if numbers else self._members()
            self.reader = IndexedReader(text, self.numbers, members)
        except (TooLong, RecursionError, KeyError):
            raise NotIndexed from None
        self.equations = self.reader.equations
        self._textbook = textbook
        self._told: list[IndexedDerived] = []
        self._read = DerivativesRead(
            self.reader, textbook, self.numbers, self._read_derivative, self._distant
        )
        self.equations = self._read.equations

    def _members(self) -> Mapping[str, int]:
        """How many members each family has; of none where they are in arrays."""
        if self._model.loops:
            return {}
        return Counter(name.partition("[")[0] for name in self._model.names if "[" in name)

    def inputs(self) -> list[str]:
        """What is derived by if nothing else is said: single names and families that are no const."""
        fixed, constants = {*self._model.fixed}, {*self._constants()}
        defined = {each.name for each in self.equations}
        implied = dict.fromkeys(
            name
            for each in self.equations
            if each.formula is not None
            for name in sorted(each.formula.names - {clause.name for clause in each.clauses})
            if name not in defined and name not in CONSTANTS
        )
        own = [each.name for each in self.equations if each.is_input]
        return [name for name in dict.fromkeys([*own, *implied]) if name not in fixed | constants]

    def _constants(self) -> Iterator[str]:
        for tokens, shape in self._text.statements:
            if shape.form == "declaration":
                for root in roots(shape.nodes, 0, len(shape.nodes) - 1):
                    node = shape.nodes[root]
                    if any(each.kind != "star" for each in shape.nodes[node.start : root]):
                        raise NotIndexed  # some members of a family
                    yield tokens.texts[node.token]
            elif shape.const:
                name = tokens.texts[shape.target]
                own = [each.statement for each in self.equations if each.name == name]
                if all(each is not None and each.shape.const for each in own):
                    yield name

    def take_output(self, of: str) -> None:
        """A member of a family as an output of its own."""
        if "[" in of and all(each.name != of for each in self.equations):
            indices = self._indices_of(of)
            family = of.partition("[")[0]
            if any(each is None for each in indices):
                raise NotIndexed
            found = [
                formula
                for each in self.equations
                if each.name == family and each.formula is not None and not each.is_input
                for part, formula in at_member(
                    MembersPart(each.indices, each.clauses, each.condition, self.numbers),
                    each.formula,
                    indices,
                )
                if not part.clauses and part.condition is None
            ]
            member = MemberFormula(family, [each for each in indices if each is not None])
            around = {family} & set().union(*map(self._leading, self._names_in(family)))
            own = found[0] if len(found) == 1 and not around else member
            self.equations = [*self.equations, IndexedEquation(of, (), (), None, own)]

    def orders(self, of: str, wrt: Sequence[str], order: int) -> list[tuple[str, ...]]:
        """The derivatives of an output, each as the names that it is by: by all inputs that lead there, if
        none are given."""
        if not wrt:  # members that are constants are left out
            self.equations = [
                each._replace(is_const=each.statement is not None and each.statement.shape.const)
                for each in self.equations
            ]
        names = [*wrt] or [each for each in self.inputs() if each in self._leading(of)]
        return paths(names, order, bool(wrt))

    def _names_in(self, family: str) -> set[str]:
        """The names in the right sides of a family."""
        right = [each.formula for each in self.equations if each.name == family and each.formula]
        return set().union(*(each.names for each in right))

    def _leading(self, of: str) -> set[str]:
        found, waiting = set[str](), [of]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [
                    other
                    for each in self.equations
                    if each.name == name and each.formula is not None
                    for other in each.formula.names
                ]
        return found

    def on_the_way(self, of: str) -> list[IndexedEquation]:
        """The equations that lead to an output, the last first."""
        leads = self._leading(of)
        return [each for each in reversed(self._in_order(of)) if each.name in leads]

    def _in_order(self, of: str) -> list[IndexedEquation]:
        """The equations, operands first where that can be."""
        by_name: dict[str, list[IndexedEquation]] = {}
        for each in self.equations:
            by_name.setdefault(each.name, []).append(each)
        order: dict[str, None] = {}
        waiting, seen = [of], set[str]()
        while waiting:
            name = waiting[-1]
            inner = [
                other
                for each in by_name.get(name, ())
                if each.formula is not None
                for other in in_order(each.formula)
                if other in by_name and other not in seen
            ]
            seen.add(name)
            if inner:
                waiting.append(inner[0])
                seen.add(inner[0])
                continue
            order[name] = None
            waiting.pop()
        return [each for name in order for each in by_name.get(name, ())]

    def derivatives(
        self,
        of: str,
        orders: Sequence[tuple[str, ...]],
        names: DerivativeNames,
        closed: bool,
    ) -> list[IndexedDerived]:
        """The equations of the derivatives of an output, each given by the names that it is by. closed: in
        the inputs alone. Raises NotIndexed, TooLong."""
        found = self._derivatives(of, orders, names, closed)
        if not closed:
            found = with_known_members(found, self.equations)
            found = without_zeros(found, self.numbers)
        words = self.reader.words
        found = [on_diagonals(each, self.numbers, words) for each in found]
        read = [each for each in self._read.needed(found) if each not in self._told]
        self._told += read
        if self._textbook:
            return [*read, *found]
        return [
            each._replace(equation=each.equation._replace(formula=careful(each.equation.formula)))
            for each in (*read, *found)
        ]

    def _distant(
        self,
        equations: Sequence[IndexedEquation],
        of: str,
        by: str,
        reads: Sequence[tuple[Formula, ...]],
        names: DerivativeNames,
    ) -> list[IndexedDerived]:
        """The derivative of a family by one whose members are a fixed way apart."""
        fresh = self.reader.fresh
        made = DistantMembers(equations, of, by, reads, fresh, self.numbers, self._textbook)
        return named_well(made.equations(names), self.reader)

    def _read_derivative(
        self, equations: Sequence[IndexedEquation], of: str, by: str, names: DerivativeNames
    ) -> list[IndexedDerived]:
        """The derivative of a name or a family by another one."""
        before, self.equations = self.equations, [*equations]
        try:
            return self._derivatives(of, [(by,)], names, closed=False, whole=True)
        except NotIndexed:  # of a recurrence by its own members
            moved = MovedFamily(equations, by, self.reader.fresh)
            self.equations = moved.equations
            found = self._derivatives(of, [(moved.moved,)], names, closed=False, whole=True)
            return moved.joined(found, names)
        finally:
            self.equations = before

    def _derivatives(
        self,
        of: str,
        orders: Sequence[tuple[str, ...]],
        names: DerivativeNames,
        closed: bool,
        whole: bool = False,
    ) -> list[IndexedDerived]:
        """whole: by all members of a family, also by those on the way."""
        if not closed and any(each.name == of and each.indices for each in self.equations):
            try:
                return self._from_the_front(of, orders, names, whole)
            except NotIndexed:
                pass
        equations, asked = self.equations, [*orders]
        members = () if closed or whole else self._computed_members(orders)
        if members:
            given = {each.partition("[")[0]: self._indices_of(each) for each in members}
            equations = with_given(equations, given, self.numbers)
            first = sorted(orders[0], key=lambda name: name not in members)  # others move them
            asked = [tuple(first)]
        plain = [tuple(name.partition("[")[0] for name in path) for path in asked]
        wrt = [name for path in plain for name in path]
        apart = None
        if closed:
            if any(not each.is_input for each in equations if each.name in wrt):
                raise NotIndexed
            equations = closed_equations(equations, of, wrt)
        elif (not whole and any(len(path) > 1 for path in plain)) or (
            plain != asked and all(self._is_given(name) for path in asked for name in path)
        ):
            apart = GivenMembers(equations, {*wrt}, self.reader.fresh)
            equations = apart.equations
            plain = [tuple(map(apart.own, path)) for path in plain]
            asked = [tuple(map(apart.own, path)) for path in asked]
        moved = {apart.own(each.partition("[")[0]) for each in members if apart}
        made = IndexedOrders(
            self.reader, equations, of, self.numbers, self._textbook, names, moved, self._strict
        )
        found = made.derivatives([*dict.fromkeys(plain)])
        if plain != asked:
            found = [*self._of_members(found, asked)]
        if apart:
            found = apart.joined(found, names)
        if members:
            own = [each.equation.name for each in found if each.equation.asked]
            wanted = [index for name in first for index in self._indices_of(name)]
            found = reached(found, own[0], wanted, self.numbers)
        if closed and not all(each.equation.asked for each in found):
            raise NotIndexed
        return found

    def _from_the_front(
        self, of: str, orders: Sequence[tuple[str, ...]], names: DerivativeNames, whole: bool
    ) -> list[IndexedDerived]:
        """Derivatives of all members of a family. Raises NotIndexed, TooLong."""
        seeded, before = SeededFamily(self.equations, of, self.reader.fresh), self.equations
        try:
            self.equations = seeded.equations
            paths = [(*path, seeded.seed) for path in orders]
            found = self._derivatives(seeded.output, paths, names, False, whole)
        finally:
            self.equations = before
        return seeded.joined(found, names)

    def _of_members(
        self, found: Sequence[IndexedDerived], orders: Sequence[tuple[str, ...]]
    ) -> Iterator[IndexedDerived]:
        """Derivatives by members of families, `x[2]`, from those by all members."""
        used = {name for each in found for name in each.equation.formula.names}
        for each in found:
            if not each.equation.asked:
                yield each
                continue
            if each.equation.name in used:  # by one member it takes those by others
                if any(len(path) > 1 for path in orders):
                    raise NotIndexed
                yield each
                continue
            done: list[IndexedDerived] = []
            for path in orders:
                if tuple(name.partition("[")[0] for name in path) != each.equation.wrt:
                    continue
                wanted = [index for name in path for index in self._indices_of(name)]
                if len(wanted) != len(each.indices):
                    raise NotIndexed
                piece = MembersPart(each.indices, each.clauses, each.condition, self.numbers)
                for part, formula in at_member(piece, each.equation.formula, wanted):
                    own = each.equation._replace(formula=simplified(formula))
                    made = IndexedDerived(
                        own, part.indices, part.clauses, part.condition, each.ranks
                    )
                    if made not in done:
                        done.append(made)
            yield from done

    def _computed_members(self, orders: Sequence[tuple[str, ...]]) -> list[str]:
        """The members that have equations of other names, and are derived by besides names that lead to
        them; none where two are of one family."""
        path = orders[0] if len(orders) == 1 and len(orders[0]) > 1 else ()
        members = [name for name in dict.fromkeys(path) if "[" in name and "*" not in name]
        members = [name for name in members if not self._is_given(name)]
        families = {name.partition("[")[0] for name in members}
        others = {name.partition("[")[0] for name in path if name not in members}
        return members if len(families) == len(members) and families.isdisjoint(others) else []

    def _is_given(self, name: str) -> bool:
        """Whether a member of a family, or one of those that are meant, has no equation of other names."""
        wanted = self._indices_of(name)
        pieces = [
            MembersPart(each.indices, each.clauses, each.condition, self.numbers)
            for each in self.equations
            if each.name == name.partition("[")[0] and (each.is_input or each.formula is None)
        ]
        return any(True for each in pieces for _ in at_member(each, ONE, wanted))

    def _indices_of(self, name: str) -> list[Formula | None]:
        """The indices of a member, None where a star stands; of a family by itself, all of them."""
        family, bracket, rest = name.partition("[")
        if not bracket:
            ranks = {len(each.indices) for each in self.equations if each.name == family}
            return [None] * max(ranks, default=0)
        given = [each.strip() for each in rest.rstrip("]").split(",")]
        if not all(each == "*" or each.lstrip("-").isdigit() for each in given):
            raise NotIndexed  # a range of members
        return [None if each == "*" else of_text(each) for each in given]

    def loops(self) -> int:
        """How many loops are inside one another at most, in the equations of the file."""
        return max(loops_in(each.clauses, each.formula) for each in self.equations)

    def needed(
        self, found: Sequence[IndexedDerived], apart: Mapping[int, Sequence[str]]
    ) -> list[str]:
        """The statements of the file that equations use, as they stand there. apart: what takes the place of
        some, by where they begin."""
        waiting: list[str] = []
        for each in found:
            formulas: list[Formula] = [each.equation.formula, *each.clauses, *each.indices]
            formulas += [each.condition] if each.condition is not None else []
            waiting += [name for formula in formulas for name in formula.names]
        lines: dict[int, Statement] = {}
        done: set[str] = set()
        while waiting:
            name = waiting.pop().partition("[")[0]  # an output may be a member, y[3]
            if name in done:
                continue
            done.add(name)
            for statement in self._text.statements:
                tokens, shape = statement
                if shape.form == "goal" or name not in defined_by(statement):
                    continue
                lines[tokens.starts[0]] = statement
                if shape.form != "declaration":
                    waiting += [
                        word
                        for word, kind in zip(tokens.texts, tokens.kinds, strict=True)
                        if kind == "NAME"
                    ]
        return [
            line for at in sorted(lines) for line in apart.get(at) or [written(lines[at], done)]
        ]
