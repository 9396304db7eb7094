"""The values of rows, level by level: the forward pass through a nest of loops."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from math import inf, isfinite
from typing import Any

from backprop.chain.walk import NOTHING, Operand
from backprop.engine.writers.llvm import Bit
from backprop.loops.domains import Domain
from backprop.loops.many import NotLoops
from backprop.loops.native.keeping import Keeping, slopes_call
from backprop.loops.rows import Gathered, Index, Lift, Read


class Forward(Keeping):
    """Forward of rows. bad: by width, a slot that is not 0 where something is not finite. firsts: of
    gathers what is kept besides their value."""

    _levels: dict[Domain, list[int]]
    _looked: set[int]
    _skipped: frozenset[int] = frozenset()
    """Single rows that are written elsewhere."""
    bad: dict[int, str]
    firsts: dict[int, Operand[str]]
    _times_here: frozenset[Domain] = frozenset()
    """The domains of the times of a recurrence here, which come in an order of their own."""

    @abstractmethod
    def _clear(self, domain: Domain) -> None:
        """Begin the sums of what comes from further in."""

    @abstractmethod
    def _backward(self, domain: Domain) -> None:
        """The gradients of the rows whose home is this domain."""

    def level(self, domain: Domain) -> None:
        """The rows whose home is this domain."""
        self._now = domain
        for row in self._levels.get(domain, ()):
            if row in self._skipped:
                continue
            self._forward(row)
            if self._looking and row in self._looked:
                self._look(self.found[row])

    def _look(self, number: Operand[str]) -> None:
        """Note what is not finite."""
        code = self.code
        if isinstance(number, float) and isfinite(number):
            return
        if code.width not in self.bad:
            slot = self._slot(None)
            self.bad[code.width] = slot
            self.entry.append(f"  store {code.double} {code.write(0.0)}, ptr {slot}")
        text = code.write(number)
        # a multiplication, as it is one instruction with the addition where these may be fused
        off = code.emit(f"fmul {code.double} {text}, {code.write(0.0)}")
        self._add_to(self.bad[code.width], off)

    def _forward(self, row: int) -> None:
        columns = self.columns
        found: Operand[str] | None
        special, home = columns.specials.get(row), columns.homes[row]
        if isinstance(special, Index):
            fit = self._fit(row, lambda: special.known, home)
            self._set(row, self._doubles(fit, home))
        elif isinstance(special, Read):
            at = self._whole(self._place(row, special, home), home)
            at = self._near(special.family, *at)
            self._set(row, self._load(self._pointer("v", special.family), *at))
        elif isinstance(special, Lift):
            if special.row not in self.found:
                raise NotLoops("a loop needs what is computed behind it")
            self._set(row, self.found[special.row])
        elif isinstance(special, Gathered):
            kept = self._kept(row, home)
            found = self._gathered(row, special) if kept is None else kept
            if self._is_long(special, home):
                self._keep(row, home, found)
            self._set(row, found)
        else:
            if self._stays(row, home):
                found = self._in_first(row, home)
            elif self._recalled(row, home):
                found = self._value(row, home)
                kept = self._kept(row, home)
                found = found if kept is None else kept
            elif (found := self._kept(row, home)) is None:
                found = self._value(row, home)
            self._set(row, found)

    def _value(self, row: int, home: Domain) -> Operand[str]:
        """The value of an operation."""
        columns = self.columns
        operands = [self.found[each] for each in columns.operands(row)]
        if columns.op(row) == "^" and (first := self._counts(row, home)) is not None:
            return self._power(home, operands[0], first)
        op, code = columns.op(row), self.code
        code.called = []
        found = code.value(op, operands)
        code.given = []
        if self._looking and home.depth and row in self.movers and code.called:
            if slopes_call(op):
                for at, each in enumerate(code.called):
                    self._keep((row, at), home, each)
                if self._place_of_root(row) is not None:
                    self._keep(row, home, found)
            else:
                self._keep(row, home, found)
        return found

    def _counts(self, row: int, home: Domain) -> float | None:
        """The first exponent of a power of what stays that counts up, 1 by 1, in the innermost loop; None of
        others."""
        base, exponent = self.columns.operands(row)
        special = self.columns.specials.get(exponent)
        stays = isinstance(self.columns.specials.get(base), Lift)
        if (
            home.depth < 2
            or not stays
            or not isinstance(special, Index)
            or home in self._times_here
        ):
            return None
        fit = self._fit(exponent, lambda: special.known, self.columns.homes[exponent])
        steps = (*[0] * (home.depth - 2), 1)
        alone = fit.table is None and not fit.row and fit.steps == steps
        return float(fit.base) if alone and self.columns.homes[exponent] is home else None

    def _power(self, home: Domain, base: Operand[str], exponent: float) -> Operand[str]:
        """The power before times the base: relative to the exponent, which is the condition number of a
        power, that is rounded as often. exponent: the first one; without factors a product is 1."""
        code, slot = self.code, self._slot(None)
        first = code.emit(f"icmp eq i64 {self._k[home]}, 0")

        def begin() -> None:
            self._put(code.value("^", [base, exponent]) if exponent else 1.0, slot)

        self._if(first, begin)
        later = code.emit(f"xor i1 {first}, true")
        self._if(later, lambda: self._put(code.value("*", [self._get(slot), base]), slot))
        return self._get(slot)

    def _chain(self, outer: Domain, inner: Domain) -> list[Domain]:
        """The domains between two, from the outside."""
        found: list[Domain] = []
        for domain in inner.around():
            if domain is outer:
                return found[::-1]
            found.append(domain)
        raise AssertionError("no nest")

    def _nest(
        self, chain: Sequence[Domain], inside: Callable[[], None], back: bool, adds: bool = False
    ) -> None:
        """Loops, one in the other; back: with the gradients of their rows. adds: whether what is inside adds
        to a sum."""
        if not chain:
            inside()
            return
        domain, before = chain[0], self._now

        def within() -> None:
            self.level(domain)
            if back:
                self._clear(domain)
            self._nest(chain[1:], inside, back, adds)
            self._now = domain
            if back:
                self._backward(domain)

        self._inside(domain, within, back or adds)
        self._now = before

    def _gathered(self, row: int, special: Gathered) -> Operand[str]:
        columns, code = self.columns, self.code
        home, inner = columns.homes[row], columns.homes[special.row]
        chain = self._chain(home, inner)
        gather, rows = special.gather, chain[0].depth == 1
        how = gather.joined_by
        width = self.vector[chain[0]][0] if rows else code.width

        many = inner.size // max(1, chain[0].size if rows else home.size)

        def terms(inside: Callable[[Operand[str]], None], adds: bool = False) -> None:
            self._nest(chain, lambda: inside(self.found[special.row]), False, adds)

        if how in ("min", "max", "pivot", "logsumexp"):
            found = self._extreme(row, special, terms, chain, width, many)
        else:
            found = self._folded(how, terms, rows, width, row, many)
        if gather.divided:
            found = code.value("/", [found, self._count(row, inner, home)])
        return found

    def _folded(
        self, how: str, terms: Any, rows: bool, width: int, row: int, many: int
    ) -> Operand[str]:
        """The terms joined. many: how many of them each sum takes."""
        code = self.code
        neutral = {"+": 0.0, "*": 1.0, "hypot": 0.0}[how]
        if how == "+" and rows:
            slots: list[tuple[str, str, str]] = []

            def add(term: Operand[str]) -> None:
                if not slots:
                    slots.append(self._row_sum())
                self._sum_to(slots[0][0], self._masked(term, NOTHING), many)

            terms(add, True)
            return code.value("+", [self._total(slots[0], width), 0.0])
        code.width, was = width, code.width
        slot = self._slot(neutral)
        zeros = self._slot(0.0) if how == "*" else ""
        code.width = was
        self._bases[slot] = len(self._loops)

        def join(term: Operand[str]) -> None:
            if how == "*":
                term = self._masked(term, 1.0) if rows else term
                zero = Bit(
                    code.emit(f"fcmp oeq {code.double} {code.write(term)}, {code.write(0.0)}")
                )
                self._add_to(zeros, code.chosen(zero, 1.0, 0.0))
                self._put(code.value("*", [self._get(slot), code.chosen(zero, 1.0, term)]), slot)
                return
            if how == "+":
                self._sum_to(slot, term, many)
                return
            if how == "hypot":
                term = self._masked(term, 0.0) if rows else term
                term = code.call("llvm.fabs", [term])
            self._put(code.value(how, [self._get(slot), term]), slot)

        terms(join, how == "+")
        found = self.across(slot, width, how) if rows else self._get(slot)
        if how == "*":
            count = self.across(zeros, width) if rows else self._get(zeros)
            self.firsts[row], self.firsts[~row] = found, count
            if self._looking:  # a 0 would hide it
                self._look(found)
            none = code.emit(f"fcmp oeq {code.double} {code.write(count)}, {code.write(0.0)}")
            return code.chosen(none, found, 0.0)
        return found

    def root_of_share(self, below: Operand[str]) -> str:
        """The root of exp(below): where exp(below) is too small for a double, a gradient times it need not
        be. What is far below, and the gradient times the square is 0, is taken for -1380."""
        code, half = self.code, self.code.value("*", [below, 0.5])
        text, least = code.write(half), -690.0
        low = code.emit(f"fcmp olt {code.double} {text}, {code.write(least)}")
        return code.write(code.value("exp", [code.chosen(low, least, text)]))

    def _extreme(
        self,
        row: int,
        special: Gathered,
        terms: Any,
        chain: Sequence[Domain],
        width: int,
        many: int,
    ) -> Operand[str]:
        """The extreme of terms, of a logsumexp around the largest. The first one is kept."""
        code, how, rows = self.code, special.gather.joined_by, chain[0].depth == 1
        least = how == "min"
        far = inf if least else -inf
        code.width, was = width, code.width
        slot, first = self._slot(far), self._slot(inf)
        code.width = was

        def look(term: Operand[str]) -> None:
            term = self._masked(term, far) if rows else term
            so_far = self._get(slot)
            test = f"fcmp {'olt' if least else 'ogt'} {code.double} {code.write(term)}, {so_far}"
            further = code.emit(test)
            self._put(code.chosen(further, term, so_far), slot)
            at = code.chosen(further, self._ordinal(chain[-1]), self._get(first))
            self._put(at, first)

        terms(look)
        found: Operand[str]
        if rows and width > 1:
            found = self.across(slot, width, "min" if least else "max")
            text = code.write(found)
            code.width = width
            same = code.emit(f"fcmp oeq {code.double} {self._get(slot)}, {self._splat(text)}")
            candidates = code.chosen(same, self._get(first), inf)
            self._put(candidates, first)
            code.width = 1
            at: Operand[str] = self.across(first, width, "min")
        else:
            found, at = self._get(slot), self._get(first)
        self.firsts[row] = at
        if how != "logsumexp":
            return found
        top, outer = found, code.width
        slots: list[Any] = []
        if not rows:
            slots.append(self._slot(0.0))
            self._bases[slots[0]] = len(self._loops)

        def add(term: Operand[str]) -> None:
            if rows and not slots:
                slots.append(self._row_sum())
            wide = self.here(top, outer)
            below = code.value("below", [term, wide])
            root = self.root_of_share(below)
            if self._looking and row in self.movers:
                self._keep(~row, chain[-1], root)
            far = code.emit(f"fcmp olt {code.double} {root}, {code.write(2.0**-511)}")
            part = code.chosen(far, 0.0, root)
            share = code.value("*", [part, part])
            place = self.here(at, outer)
            same = code.emit(
                f"fcmp oeq {code.double} {code.write(self._ordinal(chain[-1]))}, {code.write(place)}"
            )
            share = code.chosen(same, 0.0, share)
            share = self._masked(share, 0.0) if rows else share
            self._sum_to(slots[0][0] if rows else slots[0], share, many)

        terms(add, True)
        total = self._total(slots[0], width) if rows else self._get(slots[0])
        self.firsts[~row] = code.value("/", [1.0, code.value("+", [total, 1.0])])
        return code.value("above", [top, code.value("log1p", [code.value("+", [total, 0.0])])])
