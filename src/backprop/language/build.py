"""Statements → columns: names resolved, functions expanded, indexed equations unrolled.

One loop over a statement's nodes, which are in postfix order, with a stack of the rows that still
wait for their operation. A call of a function of the file begins a frame of its own on a second
stack, and so does every term of a sum; nothing recurses.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from backprop.errors import BackpropError, UnexpectedText, UnknownName
from backprop.graph import Columns, Place, joined, parted
from backprop.language import families
from backprop.language.arguments import (
    OF_FAMILIES,
    SHARED,
    MemberIndex,
    Members,
    MembersByIndex,
    fitting,
    paired,
    shared,
)
from backprop.language.declarations import DeclarationReader, not_of_an_equation
from backprop.language.families import Families
from backprop.language.frames import Frame, Unrolling, called_with, derived_by
from backprop.language.index_code import Scope
from backprop.language.integers import Argument, beyond_range
from backprop.language.laid import is_count
from backprop.numbers import exact
from backprop.operations import CONSTANTS, DERIVATIVE, FUNCTIONS, GATHERS, Gather
from backprop.source import Span, one_line, pack
from backprop.syntax.bodies import Body, Nodes, Parts, ends_of
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens

if TYPE_CHECKING:
    from backprop.language.in_equations import Derivatives

EXPECTED = -1
"""Stands for the row of a name that a statement further down defines."""

_FAR = 2**53
"""No index is as large."""


class Builder:
    """The columns of a file while it is being read, the rows of its names, and its functions.

    names: the row of every name, EXPECTED for one that is defined further down. order: the names in
    file order; an input that no statement defines stands before its first use. defaults: the rows
    of right sides without names. places: the right sides, packed spans. repeated: the whole
    statements of members and of what is drawn, packed spans.
    """

    def __init__(
        self,
        names: Mapping[str, int] = MappingProxyType({}),
        columns: Columns | None = None,
        functions: Mapping[str, Statement] = MappingProxyType({}),
        members: Families | None = None,
    ) -> None:
        self.functions = functions
        self.families = members or Families()
        self.names = {**names}
        self.columns = Columns() if columns is None else columns
        self.families.integers.columns = self.columns
        self.order: list[str] = []
        self.defaults: dict[str, int] = {}
        self.places: dict[str, int] = {}
        self.repeated: dict[str, int] = {}
        self.declarations = DeclarationReader(self.families.integers, self.columns, self.defaults)
        self.errors: list[BackpropError] = self.families.errors
        self.derivatives: Derivatives | None = None
        """Those that stand in equations, if any do."""
        self.uses_names = False
        """Whether the last expression is computed from names."""
        self._begin = 0
        self._keys = MembersByIndex(names)

    def equation(self, statement: Statement) -> None:
        """Give the name of an equation, or each member of an indexed one, its step or its default;
        what a `~` defines, what is drawn. What `const` and a goal name is looked at in the end."""
        tokens, shape = statement
        whole = pack(tokens.starts[0], tokens.ends[-1])
        random = shape.drawn

        if shape.form in ("declaration", "goal"):
            self.declarations.later.append(statement)
            return

        def define(label: str, scope: Scope, parts: Parts, place: int) -> None:
            if random:
                self.uses_names = False
                drawn = self.families.draw(tokens, parts.body, label, scope)
                root = self.columns.number(*drawn)
            else:
                root = self.expression(tokens, parts.body, scope)
            self._define(label, root, place)
            if shape.const and self.uses_names and not shape.limited:
                self.declarations.computed.append((label, statement, parts, scope))
            elif shape.const or shape.limited:
                if self.uses_names:
                    raise not_of_an_equation(label, statement, parts)
                self.declarations.of_input(label, statement, parts, scope, root)
            if shape.form != "equation":
                self.repeated[label] = whole

        self.families.each_member(statement, define)

    def _define(self, name: str, root: int, place: int) -> None:
        columns, node = self.columns, self.names.get(name, EXPECTED)
        self.places[name] = place
        self.order.append(name)
        if not self.uses_names:
            self.defaults[name] = root
            self.names[name] = self._input(name, place) if node == EXPECTED else node
            return
        if root < self._begin or not columns.is_step(root):  # another name, or a number
            root = columns.step("copy", (root,), place)
        if node == EXPECTED:
            self.names[name] = root
        else:
            columns.define(node, root)

    def expression(self, tokens: Tokens, body: Body, scope: Scope) -> int:
        """The row of an expression; older than the expression only if that is a name alone.

        Raises a MeaningFault or UnexpectedText for an index that cannot be computed, a member that
        is not there, or too many rows.
        """
        stack: list[Any] = []
        columns, names, uses_names = self.columns, self.names, False
        self._begin = len(columns)
        self.families.spend(len(body.nodes), tokens)
        frames = [Frame(iter(body.nodes), body, tokens, scope, None)]
        before = ""
        while frames:
            frame = frames[-1]
            tokens, scope, caller = frame.tokens, frame.scope, frame.caller
            texts, starts, ends = tokens.texts, tokens.starts, tokens.ends
            for kind, operation, token, count, first, last, _ in frame.nodes:
                if kind == "name":
                    name = texts[token]
                    found = scope.get(name) if scope else None
                    if found is None:
                        node = names.get(name, EXPECTED)
                        if node < 0:
                            at = pack(starts[token], ends[token])
                            node = self._new_name(name, name, tokens, at)
                    elif isinstance(found, Argument):
                        node = found.node
                    elif isinstance(found, Members):
                        message = f"{name!r} has members, and this is none of them"
                        hints = [f"write {name}[…], or {name}[*]"]
                        raise UnknownName(message, tokens.span(token), hints=hints)
                    else:  # the variable of a clause
                        node = self._variable(found, pack(starts[token], ends[token]))
                    uses_names = uses_names or not columns.is_number(node)
                    stack.append(node)
                    before = kind
                    continue
                at = pack(starts[first], ends[last])
                place: Place = at if caller is None else (at, caller)
                if operation == "neg" and columns.is_number(stack[-1]):  # -3 is a number
                    positive = stack.pop()
                    number = -columns.constant(positive)
                    if before == "number":
                        columns.drop(positive)
                    stack.append(columns.number(number, place))
                elif kind == "operation":
                    operands = stack[-count:]
                    del stack[-count:]
                    stack.append(columns.step(operation, operands, place))
                elif kind == "number":
                    uses_names = uses_names or is_count(texts[token])
                    stack.append(self._number(tokens, token, place))
                elif kind == "index":
                    parts, uses_names, family = frame.body.parts[token], True, texts[token]
                    if parts.many or isinstance(scope.get(family), Members | Argument):
                        stack.append(self._of_family(tokens, family, parts, scope, at))
                        before = kind
                        continue
                    node = self._member(tokens, family, parts, scope, at)
                    stack.append(node)
                elif kind == "gather":
                    parts = frame.body.parts[token]
                    scopes = self._scopes(tokens, parts, scope)
                    row, span = GATHERS[texts[token]], tokens.span(first, last)
                    begun = Unrolling(row, parts.body, scopes, span, place, len(stack))
                    frames.append(frame._replace(nodes=iter(()), sum=begun))
                    break
                else:
                    begin = len(stack) - count
                    operands = stack[begin:]
                    del stack[begin:]
                    function = self.functions.get(texts[token])
                    if function is not None:
                        if texts[token] in self._deriving:
                            by = self._deriving[texts[token]]
                            kept = self._kept_derivatives()
                            operands = kept.arguments(function, operands, by, place)
                        frames.append(called_with(function, operands, place))
                        break
                    if texts[token] == DERIVATIVE:
                        kept = self._kept_derivatives()
                        stack.append(kept.add(operands, scope, tokens, last, place))
                    else:
                        span = tokens.span(first, last)
                        stack.append(self._call(texts[token], operands, span, place))
                before = kind
            else:
                frames.pop()
                if frame.sum is not None:
                    self._next_term(frames, frame, frame.sum, stack)
                before = ""
        self.uses_names = uses_names
        root: int = stack[0]
        return root

    def _variable(self, found: Any, place: int) -> int:
        """The row of the variable of a clause."""
        return self.columns.number(found, place)

    def _scopes(self, tokens: Tokens, parts: Parts, scope: Scope) -> Iterator[dict[str, Any]]:
        """What the variables of a sum run through."""
        return self.families.scopes(tokens, parts, scope)

    def _member(self, tokens: Tokens, family: str, parts: Parts, scope: Scope, place: int) -> int:
        """The row of a member, `w[i,1]`."""
        name = self.families.label(tokens, family, parts.indices, scope)
        node = self.names.get(name, EXPECTED)
        if node >= 0:
            return node
        try:
            return self._new_name(name, family, tokens, place)
        except UnknownName as error:
            raise self._because(error, tokens, parts.indices, scope) from None

    def _because(
        self, error: UnknownName, tokens: Tokens, indices: Sequence[Nodes], scope: Scope
    ) -> UnknownName:
        """The error for a member that is not there, with what in tables named it."""
        found = [self.families.integers.tables(tokens, each, scope) for each in indices]
        said = [f"{name} is {exact(number)}" for name, number in chain.from_iterable(found)]
        error.hints = (*error.hints, *said)
        return error

    def _of_family(
        self, tokens: Tokens, name: str, parts: Parts, scope: Scope, place: int
    ) -> int | Members:
        """What `w[1,*]` stands for: the members that it names; or of a family that a function was
        called with a member. Raises UnknownName."""
        integers, given = self.families.integers, scope.get(name)
        here = Span.at(tokens.source, place)
        pattern: list[int | range | None] = []
        for nodes in parts.indices:
            if nodes[-1].kind == "star":
                pattern.append(None)
            elif nodes[-1].kind == "slice":
                ends = [integers.integer(tokens, each, scope) for each in ends_of(nodes)]
                low = -_FAR if nodes[-1].operation == "high" else ends[0]
                high = _FAR if nodes[-1].operation == "low" else ends[-1]
                pattern.append(range(low, high + 1))
            else:
                pattern.append(integers.integer(tokens, nodes, scope))
        if isinstance(given, Members):
            if not parts.many:
                return given.at(
                    tuple(each for each in pattern if isinstance(each, int)), name, here
                )
            rows: Mapping[MemberIndex, Any] = given.rows
        elif isinstance(given, Argument):
            raise UnknownName(f"{name!r} has no indices here", here)
        else:
            rows = self._keys.of(name)
        found: dict[MemberIndex, Any] = fitting(rows, pattern)
        if not found:
            hints = []
            if not rows:
                hints = [f"give {name} members: {name}[1] = 2, or {name}[i] = … for i in 1..n"]
            elif not isinstance(given, Members):
                hints = [f"it has {families.extent(name, [*rows.values()])}"]
                if pattern == [None]:
                    stars = ",".join("*" * len(next(iter(rows))))
                    hints.append(f"for all of them write {name}[{stars}]")
            raise UnknownName(f"{one_line(here.text)} has no members", here, hints=hints)
        self.families.spend(len(found), tokens)
        if not isinstance(given, Members):
            for key, label in found.items():
                node = self.names.get(label, EXPECTED)
                found[key] = node if node >= 0 else self._new_name(label, name, tokens, place)
        return Members(one_line(here.text), found)

    def _next_term(
        self, frames: list[Frame], ended: Frame, begun: Unrolling, stack: list[int]
    ) -> None:
        """Begin the next term of a sum, after the frame that has ended; or put its terms together."""
        scope = next(begun.scopes, None)
        if scope is None:
            terms = stack[begun.first :]
            if not terms and begun.row.empty is None:
                raise UnexpectedText(f"the {begun.row.name} of nothing: no index fits", begun.span)
            stack[begun.first :] = [self._summed(begun.row, terms, begun.place)]
            return
        nodes = begun.body.nodes
        self.families.spend(len(nodes), ended.tokens)
        frames.append(ended._replace(nodes=iter(nodes), body=begun.body, scope=scope))

    def _summed(self, row: Gather, terms: list[int], place: Place) -> int:
        """The terms of a sum, product, … as one row: as if they had been written out."""
        columns = self.columns
        if not terms:
            assert row.empty is not None
            return columns.number(row.empty, place)
        total = self._joined(row.joined_by, terms, place)
        if row.divided:
            total = columns.step("/", (total, columns.number(len(terms), place)), place)
        return total

    def _new_name(self, name: str, family: str, tokens: Tokens, place: int) -> int:
        """A name, or a member of a family, without a row: a constant, a new input, or, until it is
        defined, an equation further down."""
        if name not in self.names:
            if name in CONSTANTS:
                return self.columns.number(CONSTANTS[name], place)
            self.families.refuse(name, family, Span.at(tokens.source, place), self.names)
            self.order.append(name)
        self.names[name] = node = self._input(name, place)
        return node

    def _input(self, name: str, place: int) -> int:
        node = self.columns.input(place)
        self.families.integers.met(name, node)
        return node

    def _number(self, tokens: Tokens, token: int, place: Place) -> int:
        if fault := beyond_range(tokens, token):
            self.errors.append(fault)
        return self.columns.number(float(tokens.texts[token]), place)

    @cached_property
    def _deriving(self) -> Mapping[str, frozenset[str]]:
        """Of functions of the file in which derivatives stand the names by which they are taken."""
        found = {name: derived_by(each) for name, each in self.functions.items()}
        return {name: by for name, by in found.items() if by and DERIVATIVE not in self.functions}

    def _kept_derivatives(self) -> "Derivatives":
        """What derivatives are kept in, and the arguments of functions in which they stand."""
        if self.derivatives is None:
            from backprop.language.in_equations import Derivatives  # few files have some

            self.derivatives = Derivatives(self.columns)
        return self.derivatives

    def _call(self, name: str, operands: list[Any], span: Span, place: Place) -> int:
        """A function of the table, or of families; the number of its arguments was checked before."""
        many = [each for each in operands if isinstance(each, Members)]
        if many and name in OF_FAMILIES:
            return self._of_members(name, operands, span, place)
        if many:
            rows = (
                each.rows.values() if isinstance(each, Members) else [each] for each in operands
            )
            operands = [*chain.from_iterable(rows)]
            if name in GATHERS and len(many) == 1:
                return self._summed(GATHERS[name], operands, place)
        row = FUNCTIONS[name]
        missing = row.arity - len(operands)
        if missing > 0 and not many:
            operands += map(self.columns.number, row.defaults[-missing:])
        if row.folds:
            return self._joined(row.name, operands, place)
        return self.columns.step(row.name, operands, place)

    def _of_members(self, name: str, operands: list[Any], span: Span, place: Place) -> int:
        """The dot product, the norm, or a member of the softmax of families."""
        step, first = self.columns.step, operands[0]
        if name == "norm":
            rows = [*first.rows.values()]
            return (
                step("abs", rows, place) if len(rows) == 1 else self._joined("hypot", rows, place)
            )
        if name == "dot":
            pairs = paired(name, first, operands[1], span)
            return self._joined("+", [step("*", each, place) for each in pairs], place)
        index = self.families.integers.of_argument(operands[1])
        if index is None or not index.is_integer():
            hints = ["give softmax an index that is known before anything is computed"]
            raise UnexpectedText("which member is meant depends on a value", span, hints=hints)
        chosen = first.at((int(index),), "the family", span)
        made = partial(step, place=place)
        return shared(chosen, *parted(SHARED, [*first.rows.values()], made), made)

    def _joined(self, operation: str, operands: list[int], place: Place) -> int:
        return joined(operation, operands, lambda op, parts: self.columns.step(op, parts, place))
