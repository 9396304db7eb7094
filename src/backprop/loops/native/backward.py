"""The gradients of rows, level by level: the backward pass through a nest of loops."""

from __future__ import annotations

from backprop.chain.walk import NOTHING, Operand
from backprop.loops.domains import Domain
from backprop.loops.native.forward import Forward
from backprop.loops.rows import Gathered, Lift, Read
from backprop.operations import OPERATIONS


class Backward(Forward):
    """Backward of rows. slots: of the rows that are
    used further in, by row."""

    slots: dict[int, str]
    sums: dict[int, Operand[str]]

    def _clear(self, domain: Domain) -> None:
        """Begin the sums of what comes from further in."""
        for row in self._levels.get(domain, ()):
            if row in self.slots:
                self._put(NOTHING, self.slots[row])
                self._bases[self.slots[row]] = len(self._loops)

    def _bring(self, row: int, share: Operand[str]) -> None:
        """Add to the gradient of a row."""
        home = self.columns.homes[row]
        if home is self._now:
            before = self.sums.get(row)
            self.sums[row] = share if before is None else self.code.value("+", [before, share])
        elif home is self.columns.whole and self._rows:
            if row not in self._rows.slots:
                self._rows.slots[row] = self._row_sum()
            rows = max(1, self._grid(self._now).rows)
            self._sum_to(self._rows.slots[row][0], share, self._now.size // rows)
        else:
            self._sum_to(self.slots[row], share, self._now.size // max(1, home.size))

    def _backward(self, domain: Domain) -> None:
        """The gradients of the rows whose home is this domain."""
        columns, code = self.columns, self.code
        self._now = domain
        for row in reversed(self._levels.get(domain, ())):
            if row in self._skipped:
                continue
            gradient = self.sums.pop(row, None)
            if row in self.slots and row in self.movers:
                more = self._get(self.slots[row])
                gradient = more if gradient is None else code.value("+", [gradient, more])
            if gradient is None or row not in self.movers:
                continue
            special = columns.specials.get(row)
            if isinstance(special, Read):
                at = self._whole(self._place(row, special, domain), domain)
                at = self._near(special.family, *at)
                all_lanes = code.width > 1 and len(at[0]) == 1 and not at[1]
                rows = self._grid(domain).rows if all_lanes else 0
                self._add(special.family, gradient, *at, self.repeats(row, special, domain, rows))
            elif isinstance(special, Lift):
                self._bring(special.row, gradient)
            elif isinstance(special, Gathered):
                self._gathered_back(row, special, gradient)
                self._now = domain
            else:
                for operand, share in self.shares(row, gradient, self.movers):
                    self._bring(operand, share)

    def _gathered_back(self, row: int, special: Gathered, gradient: Operand[str]) -> None:
        columns, code = self.columns, self.code
        home, inner = columns.homes[row], columns.homes[special.row]
        chain, gather = self._chain(home, inner), special.gather
        how, width = gather.joined_by, code.width
        if gather.divided:
            gradient = code.value("/", [gradient, self._count(row, inner, home)])
        out = self.found[row]

        def inside() -> None:
            given = self.here(gradient, width)
            if chain[0].depth == 1:
                given = self._masked(given, NOTHING)
            term = self.found[special.row]
            if how == "+":
                share: Operand[str] = given
            elif how == "logsumexp":
                root = part = self._kept(~row, inner)
                if root is None:
                    below = code.value("-", [term, self.here(out, width)])
                    root = part = self.root_of_share(below)
                else:
                    part = code.value("*", [root, self.here(self.firsts[~row], width)])
                share = code.value("*", [code.product(given, part, True), root])
            elif how == "hypot":
                slope = code.text(
                    OPERATIONS["hypot"].slopes[0], {"x": term, "out": self.here(out, width)}
                )
                share = code.product(given, slope, True)
            elif how == "*":
                share = code.product(given, self._others(row, term, width), True)
            else:
                place = code.write(self.here(self.firsts[row], width))
                mine = code.write(self._ordinal(chain[-1]))
                first = code.emit(f"fcmp oeq {code.double} {mine}, {place}")
                share = code.chosen(first, given, NOTHING)
            self._bring(special.row, share)

        self._nest(chain, inside, True)

    def _others(self, row: int, term: Operand[str], width: int) -> Operand[str]:
        """The product of the other terms."""
        code = self.code
        product, zeros = (self.here(self.firsts[each], width) for each in (row, ~row))
        texts = [code.write(each) for each in (term, zeros)]
        zero = code.emit(f"fcmp oeq {code.double} {texts[0]}, {code.write(0.0)}")
        none = code.emit(f"fcmp oeq {code.double} {texts[1]}, {code.write(0.0)}")
        one = code.emit(f"fcmp oeq {code.double} {texts[1]}, {code.write(1.0)}")
        bit = code.type("i1")
        alone = code.emit(f"and {bit} {zero}, {one}")
        quotient = code.value("/", [product, code.chosen(zero, 1.0, term)])
        return code.chosen(none, quotient, code.chosen(alone, product, 0.0))
