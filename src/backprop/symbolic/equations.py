"""What equations compute, as formulas of the names that they use.

A formula holds on the whole domain: an `if` stays one. Where an equation is longer than anybody reads,
parts of it get names of their own, so that the work and the result stay linear.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from copy import copy

from backprop.algebra.formula import (
    Formula,
    Product,
    Sum,
    Symbol,
    TooLong,
    is_negative,
    number,
    value_of,
)
from backprop.algebra.from_text import rebuilt
from backprop.algebra.normal import by_numbers, operation, plus, power, times
from backprop.graph import Graph
from backprop.operations import OPERATIONS
from backprop.symbolic.far_out import held

_JOINING = frozenset({"*", "/", "^", "sqrt"})
"""Operations of which the normal form joins what is inside with what is around."""

MOST_PARTS = 60
"""A formula of more parts that goes on is cut: what it is so far gets a name."""

_SHARED = 5
"""A formula of more parts that several steps take, as derivatives in equations have them, gets a name: all
that is in it would be written in each of them again."""


class Equations:
    """The equations that lead to the outputs of a graph, as formulas.

    taken: the names of the file, which no part gets, and of constants that the file uses otherwise.
    formulas: by name, operands first, those of parts among them. parts: the names that are not the
    file's.
    """

    def __init__(self, graph: Graph, taken: Container[str], prefix: str = "v") -> None:
        self._graph = graph
        self._taken = taken
        self._prefix = prefix
        self._named = by_numbers(taken)
        self._literal: dict[str, Formula | None] = {}
        self._places = {name: step for step, name in graph.labels.items()}
        self.formulas: dict[str, Formula] = {}
        self.parts: set[str] = set()
        self.divisors: set[Formula] = set()
        """The bases of powers with names in their exponents by which something is divided."""
        labels = graph.labels
        waiting: dict[int, Formula] = {}
        users = graph.users
        for step in graph.steps:
            name = labels.get(step)
            made = self._step(step, waiting, MOST_PARTS if name is None else 2 * MOST_PARTS)
            if name is not None:
                self.formulas[name] = made
            elif made.size > _SHARED and len(users.get(step, ())) > 1:
                waiting[step] = self._part(made)
            else:
                waiting[step] = made

    def _step(self, step: int, waiting: Mapping[int, Formula], most: int) -> Formula:
        """The formula of a step; a part of its own where it is long."""
        graph = self._graph
        row, operands = OPERATIONS[graph.op(step)], graph.operands(step)
        if row.written:  # a pivot is taken away and put back: it cancels
            return self._operand(operands[row.slopes[-1] == "1"], waiting)
        found = [self._operand(each, waiting) for each in operands]
        if row.name == "/" and isinstance(found[1], Product):
            self.divisors |= {base for base, by in found[1].powers if value_of(by) is None}
        try:
            made = operation(row.name, found)
            if made.size <= most:
                return made
        except TooLong:
            pass
        sizes = [each.size for each in found]
        longest = sizes.index(max(sizes))
        cut = found[longest]
        found = [self._part(each) if each == cut else each for each in found]
        if sum(each.size for each in found) > most:
            found = [self._part(each) if each.size > 1 else each for each in found]
        return operation(row.name, found)

    def literal(self, name: str) -> Formula | None:
        """The formula of an equation as it is computed, step by step: `(x/y)^2` is no `x^2/y^2`, which is
        lost where y^2 is 0. None where that is its formula, and of what is long."""
        if name not in self._literal:
            self._literal[name] = self._computed(name)
        return self._literal[name]

    def _computed(self, name: str) -> Formula | None:
        graph, usual = self._graph, self.formulas.get(name)
        own = self._places.get(name)
        if own is None or usual is None or not graph.is_step(own):
            return None
        if usual.size > MOST_PARTS or "/" not in usual.text():
            return None  # without a line nothing is lost
        leads, waiting = set[int](), [own]
        while waiting:
            step = waiting.pop()
            if step not in leads and len(leads) < MOST_PARTS:
                leads.add(step)
                inner = (each for each in graph.operands(step) if graph.is_step(each))
                waiting += [each for each in inner if each not in graph.labels]
        made: dict[int, Formula] = {}
        for step in sorted(leads):
            row, operands = OPERATIONS[graph.op(step)], graph.operands(step)
            if row.written or any(
                each not in made and graph.is_step(each) and each not in graph.labels
                for each in operands
            ):
                return None
            found = [self._operand(each, made) for each in operands]
            if row.name in _JOINING:
                divides = row.name == "/"  # what is divided by turns around
                found = [each if divides and at else apart(each) for at, each in enumerate(found)]
            try:
                made[step] = operation(row.name, found)
            except TooLong:
                return None
        computed = made[own]
        alike = computed.text() == usual.text() or computed.names != usual.names
        return None if alike else computed

    def _part(self, found: Formula) -> Formula:
        """A name of its own for a formula."""
        name = f"{self._prefix}{len(self.parts) + 1}"
        while name in self._taken or name in self.formulas:
            name += "_"
        self.parts.add(name)
        self.formulas[name] = found
        return Symbol(name)

    def _operand(self, node: int, waiting: Mapping[int, Formula]) -> Formula:
        label = self._graph.labels.get(node)
        if label is not None:
            return Symbol(label)
        if self._graph.is_number(node):
            value = self._graph.constant(node)
            return self._named.get(value) or number(value)
        return waiting[node]

    def with_more(self, formulas: Mapping[str, Formula]) -> Equations:
        """These equations and others that use them."""
        twin = copy(self)
        twin.parts, twin._literal = {*self.parts}, {**self._literal}
        twin.formulas = {**self.formulas, **formulas}
        return twin

    def cut(self, most: int) -> Equations:
        """These equations in pieces of at most so many parts, where one operation has no more."""
        twin = copy(self)
        twin.parts, twin.formulas, twin._literal = {*self.parts}, {}, {}
        known: dict[Formula, Formula] = {}
        for name, found in self.formulas.items():
            twin.formulas[name] = twin._smaller(found, most, known)
        return twin

    def _smaller(self, found: Formula, most: int, known: dict[Formula, Formula]) -> Formula:
        """A formula with names for what is large in it."""
        if found.size <= most:
            return found

        def named(part: Formula) -> Formula:
            small = self._smaller(part, most, known)
            if small.size <= most // 4:
                return small
            if part not in known:
                known[part] = self._part(small)
            return known[part]

        return self._in_groups(rebuilt(found, named), most)

    def _in_groups(self, found: Formula, most: int) -> Formula:
        """A product or a sum of many small parts, with names for groups of them."""
        while found.size > most and isinstance(found, Sum | Product):
            is_sum = isinstance(found, Sum)
            parts = [*found.terms] if isinstance(found, Sum) else [power(*p) for p in found.powers]
            groups: list[list[Formula]] = [[]]
            for part in parts:
                if groups[-1] and sum(each.size for each in groups[-1]) + part.size > most // 2:
                    groups.append([])
                groups[-1].append(part)
            if len(groups) == len(parts):
                break
            join = plus if is_sum else times
            whole = [each[0] if len(each) == 1 else self._part(join(*each)) for each in groups]
            if isinstance(found, Product):
                whole.insert(0, Product(found.coefficient, (), found.decimal))
            found = join(*whole)
        return found

    def used(self, names: Sequence[str]) -> set[str]:
        """These names and all that leads to them."""
        found: set[str] = set()
        waiting = [*names]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                if name in self.formulas:
                    waiting += self.formulas[name].names
        return found


def apart(found: Formula) -> Formula:
    """A quotient as one value; products are joined, as who reads them expects."""
    powers = found.powers if isinstance(found, Product) else ()
    return held(found) if any(is_negative(by) for _, by in powers) else found
