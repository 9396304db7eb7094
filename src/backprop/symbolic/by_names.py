"""The gradient of an output as formulas: closed ones in the inputs alone, or step by step.

Closed: every name is replaced by its equation, and the formula derived by each input. Step by step:
intermediates keep their names, the derivative of the output by each is an equation of its own,
`dL_dd = f`, and what two need stands once.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from copy import copy
from itertools import groupby
from typing import NamedTuple

from backprop.algebra.formula import (
    ONE,
    ZERO,
    Formula,
    Product,
    Sum,
    Symbol,
    TooLong,
    in_order,
    is_number,
)
from backprop.algebra.from_text import substituted
from backprop.algebra.normal import plus, times
from backprop.algebra.tidy import simplified
from backprop.symbolic.chain import Chain
from backprop.symbolic.equations import Equations, apart
from backprop.symbolic.far_out import joined_again
from backprop.symbolic.guarded import Guards
from backprop.symbolic.same_shapes import SameShapes, with_names

PART = "_part"
"""Between a derivative and the number of a part of it."""

_LONGEST_SUM = 160
"""A gradient of more parts is added up in steps."""


_OWN = "own value"
"""Stands for the name of an equation; no name of the language has a blank."""


class Derived(NamedTuple):
    """An equation for a derivative, or for what such equations need.

    name: what it is called. formula: its right side. of, wrt: which derivative it is; "" and none for
    an intermediate of the file. asked: whether it was asked for.
    """

    name: str
    formula: Formula
    of: str = ""
    wrt: tuple[str, ...] = ()
    asked: bool = False
    is_lost: bool = False


class DerivativeNames:
    """Names for derivatives that no other name has: `dL_da`, `d2L_da2`, `d3L_da2_db`."""

    def __init__(self, taken: Container[str]) -> None:
        self._taken = taken
        self._given: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._parts = 0
        self._new = 0

    def __call__(self, of: str, wrt: Sequence[str]) -> str:
        """`d2s_dw_du` of ds_dw by u, and `ds_dw_by_dh_dw` of it by a derivative."""
        if of in self._given and self._given.keys().isdisjoint(wrt):
            inner, before = self._given[of]
            return self(inner, (*before, *wrt))
        order = f"{len(wrt)}" if len(wrt) > 1 else ""
        below = ""
        for each, group in groupby(wrt):
            plain, times = self._plain(each), len([*group])
            if times > 1 and plain[-1].isdigit():
                below += f"_d{plain}" * times  # d2L_dx1_dx1, since d2L_dx12 is of x12
            else:
                below += f"_d{plain}{times if times > 1 else ''}"
        name, asked = f"d{order}{self._plain(of)}{below}", (of, tuple(wrt))
        if of in self._given:
            name = f"{of}_by_{'_'.join(map(self._plain, wrt))}"
        while name in self._taken or self._given.get(name, asked) != asked:
            name += "_"
        self._given[name] = asked
        return name

    def meaning(self, name: str) -> tuple[str, tuple[str, ...]]:
        """Of what and by what a derivative is that was named; another name is itself."""
        return self._given.get(name, (name, ()))

    def _plain(self, name: str) -> str:
        """A name as a part of another one: without brackets, commas and primes. One that is as it is
        keeps its own: that of x[1] gives way to x_1."""
        primes = len(name) - len(name.rstrip("'"))
        plain = "".join(each if each.isalnum() or each == "_" else "_" for each in name.rstrip("'"))
        plain = (plain.rstrip("_") or "_") + "_prime" * primes
        while plain != name and plain in self._taken:
            plain += "_"
        return plain

    def new_part(self, label: str = "") -> str:
        """A name for what is no derivative: `v1`; for a part of one `dL_dx_part1`: `dL_dx_1` is by x_1."""
        while True:
            self._new += 1
            name = f"{label}{PART}{self._new}" if label else f"v{self._new}"
            if name not in self._taken and name not in self._given:
                return name

    def part(self, label: str) -> str:
        """A name for a part of a sum that has many terms: `dL_dw_1`."""
        self._parts += 1
        found = f"{label}_{self._parts}"
        while found in self._taken:
            found += "_"
        return found


class PathName(NamedTuple):
    """What a derivative is called, of what and by what it is. again: after how many names the step was
    made that it is by; None of what the file names."""

    name: str
    of: str
    wrt: tuple[str, ...]
    again: int | None = None


class PathNames:
    """What the steps of a derivative by several names are, one name after the other.

    How `dL_dx` moves with the step `dL_db` of its equations is how b moves with x: that is `db_dx`. How
    it moves with b is `d2L_dx_db`.
    """

    def __init__(self, naming: DerivativeNames, of: str) -> None:
        self._naming = naming
        self._of = of
        self._path: tuple[str, ...] = ()
        self._made: dict[str, tuple[int, str]] = {}
        self._meant: dict[str, tuple[str, tuple[str, ...]]] = {}

    def __call__(self, name: str) -> PathName:
        """The derivative by a name, of that by the names so far."""
        again, of, wrt = None, self._of, (*self._path, name)
        if name in self._made:
            again, by = self._made[name]
            of, before = self._meant.get(by, (by, ()))
            wrt = (*before, *self._path[again:])
        made = self._naming(of, wrt)
        while made in self._made:  # steps that come to the same
            made += "_"
        self._made[made] = len(self._path), name
        self._meant[made] = of, wrt
        return PathName(made, of, wrt, again)

    def part(self, label: str) -> str:
        """A name for a part of what is called so."""
        return self._naming.part(label)

    def after(self, name: str) -> PathNames:
        """The names for one derivative more."""
        twin = copy(self)
        twin._path = (*self._path, name)
        twin._made, twin._meant = {**self._made}, {**self._meant}
        return twin

    def twin(self) -> PathNames:
        found = copy(self)
        found._made, found._meant = {**self._made}, {**self._meant}
        return found


def closed(
    equations: Equations, of: str, kept: Container[str] = (), literally: bool = False
) -> Formula:
    """An output as one formula of the inputs, and of the names that are kept; or literally, as it is
    computed. Raises TooLong."""
    known: dict[str, Formula] = {}
    leads = equations.used([of])
    for name, found in equations.formulas.items():  # operands first
        if name in leads and (name == of or name not in kept):
            found = equations.literal(name) or found if literally else found
            by = {each: known[each] for each in found.names if each in known}
            made = substituted(found, by)
            known[name] = apart(made) if literally and name != of else made
    return known.get(of, Symbol(of))


def _computed(equations: Equations, of: str, usual: Formula) -> Formula | None:
    """What `closed` says literally; None where that is nothing else, or too long."""
    try:
        literal = closed(equations, of, literally=True)
    except TooLong:
        return None
    return literal if literal.text() != usual.text() else None


def nested(
    equations: Equations,
    of: str,
    orders: Iterable[Sequence[str]],
    naming: DerivativeNames,
    textbook: bool,
    far: bool,
) -> list[Derived]:
    """Closed formulas of some derivatives, each given by the names that it is by. far: that have values as
    far out as steps. Raises TooLong."""
    chains: dict[str, Chain] = {}
    known: dict[tuple[str, ...], Formula] = {}
    found = []

    literal: dict[Formula, Formula | None] = {}

    def derivative(part: Formula, name: str) -> Formula:
        chain = chains.setdefault(name, Chain(name, textbook, far=far))
        return chain.derivative(part, literal.get(part))

    for wrt in orders:
        kept = [name for name in reversed(equations.formulas) if name in wrt]
        if kept:
            made = closed(equations, of, kept)
            for at, name in enumerate(kept):  # of what the others lead to first: it moves with them
                for _ in range(wrt.count(name)):
                    made = derivative(made, name)
                inner = closed(equations, name, kept[at + 1 :])
                made = simplified(substituted(made, {name: inner}))
            for name in wrt:
                made = made if name in kept else derivative(made, name)
        else:
            if () not in known:
                known[()] = closed(equations, of)
                if far:
                    literal[known[()]] = _computed(equations, of, known[()])
            for at, name in enumerate(wrt):
                path = tuple(wrt[: at + 1])
                if path not in known:
                    known[path] = derivative(known[path[:-1]], name)
            made = known[tuple(wrt)]
        lost = any(chains[name].is_lost for name in wrt)
        found.append(Derived(naming(of, wrt), made, of, tuple(wrt), True, lost))
    return found


class DerivedSteps(NamedTuple):
    """Equations of derivatives, operands first, the equations that they use, and what they are called."""

    equations: Equations
    derived: list[Derived]
    names: PathNames


def in_steps(
    equations: Equations, of: str, wrt: Sequence[str], names: PathNames, textbook: bool
) -> DerivedSteps:
    """The derivatives of an output by some names: of equations in smaller pieces where the derivative of
    a long one would have too many parts."""
    for most in _PIECES:
        own = names.twin()
        try:
            return DerivedSteps(equations, _in_steps(equations, of, wrt, own, textbook), own)
        except TooLong:
            equations = equations.cut(most)
    own = names.twin()
    return DerivedSteps(equations, _in_steps(equations, of, wrt, own, textbook), own)


_PIECES = 60, 30, 15


def _in_steps(
    equations: Equations, of: str, wrt: Sequence[str], names: PathNames, textbook: bool
) -> list[Derived]:
    """The derivatives of an output by some names, and all that they need, operands first. Raises
    TooLong."""
    wanted, shapes, guards = set(wrt), SameShapes(), Guards(equations.formulas)
    leads = _leading(equations, of, wanted)
    order = [name for name in equations.formulas if name in leads]
    sums: dict[str, list[Formula]] = {of: [ONE]}
    adjoints: list[Derived] = []
    moving = leads | wanted

    def finish(name: str) -> Formula:
        """The derivative of the output by a name, as other equations write it."""
        terms = sums.get(name, [ZERO])
        label = None
        while sum(each.size for each in terms) > _LONGEST_SUM:
            label = label or names(name)
            terms = parts_of(terms, label.name)
        made = shapes.of(plus(*terms), "", joined)
        asked = name in wanted
        if asked or not is_number(made):
            label = label or names(name)
            guards.take(name, label.name, made)
            adjoints.append(Derived(label.name, made, label.of, label.wrt, asked))
            return made if is_number(made) else Symbol(label.name)
        return made

    def parts_of(terms: Sequence[Formula], label: str) -> list[Formula]:
        """Many terms as the sums of some, each with a name of its own."""
        found, waiting = list[Formula](), list[Formula]()
        for at, term in enumerate(terms, 1):
            waiting.append(term)
            if sum(each.size for each in waiting) > _LONGEST_SUM // 4 or at == len(terms):
                part = names.part(label)
                adjoints.append(Derived(part, plus(*waiting)))
                guards.take(part, part, adjoints[-1].formula)
                found.append(Symbol(part))
                waiting = []
        return found

    def joined(found: Formula, _: str) -> Formula:
        """A sum of slopes that are simplified, each times what stands behind it."""
        terms = found.terms if isinstance(found, Sum) else (found,)
        parts = [
            part for each in terms for part in (each.parts if isinstance(each, Product) else ())
        ]
        return simplified(found, {part: part for part in parts})

    def local(found: Formula, by: str) -> Formula:
        """How an equation moves with a name in it; its own value is called _OWN."""
        usual = joined_again(found)
        named = {found: Symbol(_OWN), usual: Symbol(_OWN)}
        literal = found if usual != found else None
        return Chain(by, textbook, named, far=not textbook).derivative(usual, literal)

    for name in reversed(order):
        outer = finish(name)
        found = equations.formulas[name]
        if not textbook:
            found = equations.literal(name) or found
        own = Symbol(name)
        for each in [each for each in in_order(found) if each in moving]:
            slope = with_names(shapes.of(found, each, local), {_OWN: own})
            if slope != ZERO:
                term = times(slope, outer) if outer != ONE else slope
                sums.setdefault(each, []).append(guards.guarded(name, slope, term))
    inputs = [name for name in wrt if name not in equations.formulas]
    for name in inputs:
        finish(name)
    return adjoints


def _leading(equations: Equations, of: str, wanted: set[str]) -> set[str]:
    """The equations on the way from the wanted names to an output."""
    moving = set(wanted)
    for name, found in equations.formulas.items():
        if not found.names.isdisjoint(moving):
            moving.add(name)
    return equations.used([of]) & moving


def needed(derived: Sequence[Derived], equations: Equations) -> list[str]:
    """The intermediates that formulas of derivatives use, operands first."""
    used: set[str] = set()
    for each in derived:
        used |= each.formula.names
    leads = equations.used([*used])
    return [name for name in equations.formulas if name in leads]
