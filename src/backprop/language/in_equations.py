"""`derivative(V, x)` in equations: kept while a text is read, and computed once all of it is.

A derivative is total, through all equations, and these may stand further down. So its row is an
input at first, and the steps of the chain rule take its place in the end: one sweep through all that
leads to V serves every derivative of V. A derivative of what has derivatives in it comes after them.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any, NamedTuple

from backprop.chain.in_place import DerivativesInPlace
from backprop.errors import LIMIT, BackpropError, TooLarge, UnexpectedText, ZeroDerivative
from backprop.graph import CODES, Columns, Place, in_order
from backprop.language.arguments import Members
from backprop.language.asked_derivatives import BY
from backprop.language.families import Families
from backprop.language.index_code import Scope
from backprop.language.integers import Argument
from backprop.names import did_you_mean, gathered
from backprop.numbers import few, shortened
from backprop.operations import DERIVATIVE
from backprop.source import Span, one_line
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens

_LONGEST = 60
"""The most characters of a derivative in a message."""


_Bracket = tuple[int, int]
"""Where a derivative stands: the identity of the tokens, and its closing bracket among them."""


class Differentiation(NamedTuple):
    """Of which row a derivative is, by which, and what does not move meanwhile."""

    of: int
    by: int
    held: frozenset[int]


class _Asked(NamedTuple):
    """A derivative: of which row, by which, and what does not move meanwhile, as arguments of the
    function it stands in. last: its closing bracket among the tokens."""

    of: int
    by: int
    held: frozenset[int]
    tokens: Tokens
    last: int
    place: Place


class Derivatives:
    """The derivatives in a text that is being read."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._asked: dict[int, _Asked] = {}
        self._own: set[int] = set()
        """The arguments of functions in which derivatives stand, each a row of its own."""
        self.known: dict[int, Differentiation] = {}
        """Those that are computed, by row."""

    def arguments(
        self, function: Statement, operands: list[Any], by: Collection[str], place: Place
    ) -> list[Any]:
        """The arguments of a function in which derivatives are taken by some names: each a row of its
        own, so that what moves with a parameter is that and nothing else. A number stays one, which
        may be an index, unless something is derived by it."""

        def own(row: int, name: str) -> int:
            if self._columns.is_number(row) and name not in by:
                return row
            copied = self.copied(row, place)
            self._own.add(copied)
            return copied

        found: list[Any] = []
        for token, operand in zip(function.shape.parameters, operands, strict=True):
            name = function.tokens.texts[token]
            if isinstance(operand, Members):
                rows = {key: own(row, name) for key, row in operand.rows.items()}
                found.append(operand._replace(rows=rows))
            else:
                found.append(own(operand, name))
        return found

    def copied(self, row: int, place: Place) -> int:
        """A row with the numbers of another one."""
        return self._columns.step("copy", (row,), place)

    def add(
        self, operands: list[int], scope: Scope, tokens: Tokens, last: int, place: Place
    ) -> int:
        """The row of a derivative, an input until it is computed. last: its closing bracket. Raises
        UnexpectedText for one by a number."""
        of, by = operands
        columns = self._columns
        if columns.is_number(by):
            at = last - 1
            while tokens.kinds[at] == "RPAR":
                at -= 1
            what = f"{tokens.texts[at]} is a number here"
            message = f"{what}, and a derivative is by what can be another number"
            raise UnexpectedText(message, tokens.span(at), hints=[f"it is {BY}"])
        held = frozenset[int]()
        own = columns.is_step(of) or of in self._asked  # what stands elsewhere uses none of them
        if by not in self._own and own:
            given = {each.node for each in scope.values() if isinstance(each, Argument)}
            held = frozenset(row for row in given & self._own if row <= of)
        row = columns.input(place)
        self._asked[row] = _Asked(of, by, held, tokens, last, place)
        return row

    def stand(self) -> None:
        """Let each derivative be a step that needs what it is of, so that circles can be seen."""
        columns = self._columns
        columns.in_order = False
        for row, asked in self._asked.items():
            columns.ops[row], columns.first[row] = CODES["copy"], asked.of

    def compute(self, names: Mapping[str, int], families: Families) -> list[BackpropError]:
        """Put the steps of the chain rule in the places of the derivatives, which stand in no circle.
        Answers with warnings for those that are 0 because nothing depends on anything. Raises
        TooLarge."""
        columns, asked = self._columns, self._asked
        order = in_order(asked, columns.operands)
        by = {each.by for each in asked.values()}
        walk = DerivativesInPlace(columns, {*names.values(), *self._own, *by}, order, by)
        groups: dict[tuple[int, frozenset[int]], list[int]] = {}
        for row, each in asked.items():
            groups.setdefault((each.of, each.held), []).append(row)
        still, sizes = list[int](), list[int]()
        for row in order:
            if row not in asked:
                continue
            key = asked[row].of, asked[row].held
            group = groups.pop(key, [])
            if group:
                begin = len(columns)
                found = walk.derivatives(row, key[0], [asked[each].by for each in group], key[1])
                sizes.append(len(columns) - begin)
                try:
                    families.spend(sizes[-1], asked[row].tokens)
                except TooLarge as error:
                    if _multiply(sizes):
                        error.hints = (_INSIDE,)
                    raise
                self._place(begin, asked[row].place)
                for one, root in zip(group, found, strict=True):
                    self._become(one, root, begin)
                    if root is None:
                        still.append(one)
        self.known = {row: Differentiation(*each[:3]) for row, each in asked.items()}
        warnings = [*self._constant(still, names)] if still else []
        warnings.sort(key=lambda each: each.labels[0].span.start)
        asked.clear()
        return warnings

    def _place(self, begin: int, place: Place) -> None:
        """Let the rows from `begin` on stand where a derivative stands."""
        columns, caller = self._columns, None
        if isinstance(place, tuple):
            place, caller = place
        for row in range(begin, len(columns)):
            columns.places[row] = place or 0
            if caller is not None:
                columns.callers[row] = caller

    def _become(self, row: int, root: int | None, begin: int) -> None:
        """Make a derivative what its new row is, or a copy of one that there was before."""
        columns = self._columns
        if root is None:
            root = columns.number(0.0)
        if begin <= root:
            columns.ops[row], columns.first[row] = columns.ops[root], columns.first[root]
            columns.second[row] = columns.second[root]
            if root in columns.more:
                columns.more[row] = columns.more[root]
        else:
            columns.first[row] = root

    def _constant(self, rows: list[int], names: Mapping[str, int]) -> Iterator[BackpropError]:
        """A warning for each place where derivatives are 0 because nothing depends on anything. Among
        those of derivatives zeros are no news if there are others."""
        labels = {row: name for name, row in names.items()}
        places: dict[_Bracket, list[_Asked]] = {}
        zeros = {*rows}
        for row in sorted(rows):
            each = self._asked[row]
            if each.of in zeros:  # told
                continue
            places.setdefault((id(each.tokens), each.last), []).append(each)
        others: dict[_Bracket, list[_Asked]] = {}
        for row in self._asked.keys() - zeros:
            each = self._asked[row]
            others.setdefault((id(each.tokens), each.last), []).append(each)
        for place, found in islice(places.items(), LIMIT):
            of, by, _ = _arguments(found[0].tokens, found[0].last)
            if place in others and DERIVATIVE in of.text:
                continue
            told = Zeros(found[0].tokens, found[0].last)
            if not {each.by for each in found}.isdisjoint(
                each.by for each in others.get(place, ())
            ):
                yield told.of_some(labels.get(found[0].of, ""), labels.get(found[0].by, ""))
                continue
            names_by = list(dict.fromkeys(labels.get(each.by, by.text) for each in found))
            used = () if place in others else in_order([found[0].of], self._columns.operands)
            yield told.of_all(names_by, [labels[node] for node in used if node in labels])


_INSIDE = (
    "each derivative here is one of those before it, and takes over twice their values: take fewer"
)


def _multiply(sizes: Sequence[int]) -> bool:
    """Whether the last derivatives took more than twice the values of the one before, each."""
    last = sizes[-6:]
    return len(last) == 6 and all(2 * one < other for one, other in pairwise(last))


_STAYS = "a parameter of the function stays what it is there, whatever it is called with"


class Zeros(NamedTuple):
    """The derivatives of one place of a text that are 0. last: the closing bracket of that place."""

    tokens: Tokens
    last: int

    @property
    def is_of_a_derivative(self) -> bool:
        return DERIVATIVE in _arguments(self.tokens, self.last)[0].text

    def of_all(self, by: Sequence[str], used: Iterable[str]) -> ZeroDerivative:
        """The warning for those of one number. by: what they are by. used: the names that it is made of."""
        whole, text, by_text, call = self._texts()
        shown = gathered(by)
        message = f"{text} does not depend on {few(shown)}: {call} is 0"
        names = [*used]
        hints = [_STAYS] if shown[0] in names else did_you_mean(shown[0], names)
        members = [name for name in names if name.startswith(f"{by_text}[")]
        if members:
            one = members[0]
            hints = [f"{one} is a name of its own: write {DERIVATIVE}({text}, {one})"]
        if re.search(rf"(?m)(^|;)\s*{re.escape(text)}\s*\([^()]*\)\s*=", self.tokens.source.text):
            hints = [f"{text} is a function: write {DERIVATIVE}({text}({by_text}), {by_text})"]
        return ZeroDerivative(message, whole, hints=hints)

    def of_some(self, of: str, by: str) -> ZeroDerivative:
        """The warning for those of several numbers. of, by: the names of the first, "" for what has none."""
        whole, one, other, call = self._texts()
        such = f", such as {of} and {by}" if of and by else ""
        message = f"{one} does not depend on {other} in some cases{such}"
        return ZeroDerivative(f"{message}: {call} is 0 there", whole)

    def _texts(self) -> tuple[Span, str, str, str]:
        """All of it, and what stands there: what it is of, by, all of it."""
        spans = _arguments(self.tokens, self.last)
        of, by, call = (shortened(one_line(each.text), _LONGEST) for each in spans)
        return spans[-1], of, by, call


def _arguments(tokens: Tokens, last: int) -> tuple[Span, Span, Span]:
    """What a derivative is of, by, and all of it. last: its closing bracket."""
    depth, at, by = 0, last - 1, last - 1
    while depth >= 0:
        depth += tokens.kinds[at] in ("RPAR", "RSQB")
        depth -= tokens.kinds[at] in ("LPAR", "LSQB")
        if tokens.kinds[at] == "COMMA" and not depth and by == last - 1:
            by = at
        at -= 1
    return tokens.span(at + 2, by - 1), tokens.span(by + 1, last - 1), tokens.span(at, last)
