"""What a file declares: constants, bounds and uncertainties of inputs, and the output to take."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from math import inf, isfinite
from types import MappingProxyType
from typing import NamedTuple

from backprop.errors import (
    LIMIT,
    BackpropError,
    Label,
    NotAnInput,
    NotANumber,
    NotYetSupported,
    OutsideBounds,
    TooLarge,
    UnexpectedText,
    defined_twice,
)
from backprop.graph import Columns, in_order
from backprop.language.computed_constants import ComputedConstant, moving, words_of
from backprop.language.index_code import Scope
from backprop.language.integers import Integers, NoNumber
from backprop.names import Names, in_member, matching, unknown_name
from backprop.numbers import shown, whole_number
from backprop.source import Span, pack
from backprop.syntax.bodies import Limit, Parts, prepared
from backprop.syntax.grammar import Node, roots
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens
from backprop.values import without_names

Bounds = tuple[float, float]
"""The least and the largest number allowed; infinite where there is none."""

FREE: Bounds = (-inf, inf)
"""Bounds that limit nothing."""


class Goal(NamedTuple):
    """`minimize L`: the output that a command takes by itself. kind: `minimize`, `maximize` or
    `output`. name: the output."""

    kind: str
    name: str


class Declarations(NamedTuple):
    """What a file declares besides its equations.

    constants: the inputs that are `const`, in file order. bounds, uncertainties: of the inputs that
    have some. written: of these the whole right sides, packed spans.
    """

    constants: Collection[str] = ()
    bounds: Mapping[str, Bounds] = MappingProxyType({})
    uncertainties: Mapping[str, float] = MappingProxyType({})
    goal: Goal | None = None
    written: Mapping[str, int] = MappingProxyType({})


NONE = Declarations()

CONCISE = r"([-+\u2212]?\s*[0-9]*\.[0-9]+)\([0-9]+\)((?:[eE][-+\u2212]?[0-9]+)?)"
"""A right side that is a number with its uncertainty in brackets."""


class DeclarationReader:
    """What was declared while a text was read. The names of `const x` and `minimize L` may be defined
    further down: `all` looks at them when everything is read."""

    def __init__(self, integers: Integers, columns: Columns, defaults: Mapping[str, int]) -> None:
        self.integers = integers
        self.columns = columns
        self.defaults = defaults
        self.constants: dict[str, Span] = {}
        """Each with the place that says so."""
        self.bounds: dict[str, Bounds] = {}
        self.uncertainties: dict[str, float] = {}
        self.written: dict[str, int] = {}
        self.later: list[Statement] = []
        self.computed: list[ComputedConstant] = []
        """What is `const` and computed, which nothing may move, with the variables of its indices."""
        self._by_members: list[tuple[str, Statement, Parts, Scope, int]] = []
        """What is said with members of families, which may be defined further down, too."""

    def of_input(
        self, name: str, statement: Statement, parts: Parts, scope: Scope, root: int
    ) -> None:
        """Take what a statement says of an input. root: the row of its default. Raises NotANumber
        for what is no constant, OutsideBounds."""
        if statement.shape.const:
            self.constants[name] = place_of(statement)
        items = (node for limit in parts.limits for item in limit.items for node in item)
        if self.integers.member is None and any(node.kind == "index" for node in items):
            self._by_members.append((name, statement, parts, scope, root))
            return
        self.limit(name, statement, parts, scope, default(self.columns, root))

    def limit(
        self, name: str, statement: Statement, parts: Parts, scope: Scope, number: float
    ) -> None:
        """Take the bounds and the uncertainty of an input whose default is `number`."""
        tokens = statement.tokens
        for limit in parts.limits:
            self._refuse_itself(name, tokens, limit)
            if limit.node.kind == "bounds":
                self.bounds[name] = low, high = self._bounds(tokens, limit, scope)
                if (number < low or number > high) and not self._given(name):
                    drawn = statement.shape.drawn
                    value = tokens.span(tokens.sign + 1, parts.limits[0].node.first - 1)
                    another = "another --seed" if drawn else "a number within them"
                    text = f"{name} = {shown(number)}{', as drawn,' if drawn else ''}"
                    raise OutsideBounds(
                        f"{text} lies outside its bounds {written_bounds(low, high)}",
                        Label(value, "this number"),
                        Label(_span(tokens, limit.node), "its bounds"),
                        hints=[f"give it {another}, or wider bounds"],
                    )
            else:
                self.uncertainties[name] = self._uncertainty(tokens, limit, scope, number)
        if parts.limits:
            last = parts.limits[-1].node.last
            self.written[name] = pack(tokens.starts[tokens.sign + 1], tokens.ends[last])

    def _given(self, name: str) -> bool:
        """Whether another number is given for an input, whose bounds may have been given as well: it is
        looked at where it stands."""
        sizes = self.integers.sizes
        return bool(sizes.used) and name in sizes.among([name])

    def _refuse_itself(self, name: str, tokens: Tokens, limit: Limit) -> None:
        """Raise NotANumber where what stands behind a default needs the name itself."""
        for node in (each for item in limit.items for each in item):
            if node.kind != "name":
                continue
            word = tokens.texts[node.token]
            through = self._needing(name, word)
            if word == name or through:
                hints = ["write a number there"]
                message = f"what limits {name} cannot depend on it"
                raise NotANumber(message, _span(tokens, node), *through, hints=hints)

    def _needing(self, name: str, constant: str) -> list[Span]:
        """The equation by which a constant needs a name, be it by way of others; none where it does not."""
        seen: set[str] = set()
        open_ = [constant]
        while open_:
            at = open_.pop()
            if at in seen or at not in self.integers.sources:
                continue
            seen.add(at)
            statement = self.integers.sources[at]
            words = words_of(statement.tokens, prepared(statement.shape))
            if name in words:
                return [statement.tokens.whole]
            open_ += words
        return []

    def _number(self, tokens: Tokens, nodes: Sequence[Node], scope: Scope, what: str) -> float:
        """The number of a constant expression. Raises NotANumber."""
        try:
            return self.integers.number(tokens, tuple(nodes), scope, free=True)
        except (NotYetSupported, TooLarge):  # members, which may be defined further down
            raise
        except BackpropError as error:
            place = error.labels[0].span
            hint = "write numbers, or names that the file gives numbers"
            wrong = f"is no constant expression: {place.text!r} is not known here"
            wrong = error.what if isinstance(error, NoNumber) else wrong
            raise NotANumber(f"{what} {wrong}", place, hints=[hint]) from None

    def _bounds(self, tokens: Tokens, limit: Limit, scope: Scope) -> Bounds:
        node = limit.node
        ends = [self._number(tokens, each, scope, "a bound") for each in limit.items]
        low = float(ends[0]) if node.operation != "high" else -inf
        high = float(ends[-1]) if node.operation != "low" else inf
        place = _span(tokens, node)
        if "..." in place.text:
            hints = ["write .. between the ends, and a digit before a point: in 0..0.5"]
            raise UnexpectedText("three points in bounds", place, hints=hints)
        if wrong := wrong_bounds(low, high, "these bounds"):
            hints = ["an end that is left out is infinite: in 0.."]
            if low > high:
                sides = [tokens.span(each[0].first, each[-1].last).text for each in limit.items]
                hints = [f"write in {sides[1]}..{sides[0]}"]
            raise OutsideBounds(wrong, place, hints=hints)
        return low, high

    def _uncertainty(self, tokens: Tokens, limit: Limit, scope: Scope, number: float) -> float:
        """The standard uncertainty of an input whose default is `number`."""
        kind, place = limit.node.kind, _span(tokens, limit.node)
        if kind == "concise":
            return _of_last_digits(place.text)
        found = self._number(tokens, limit.items[0], scope, "an uncertainty")
        if not (found >= 0 and isfinite(found)):
            hints = ["an uncertainty is a finite number, 0 or more"]
            raise NotANumber(f"{shown(found)} is no uncertainty", place, hints=hints)
        return found * abs(number) / 100 if kind == "percent" else float(found)

    def all(self, names: Mapping[str, int], errors: list[BackpropError]) -> Declarations:
        """All that was declared, of these names. errors: takes what cannot be so."""
        if not errors:
            self._with_members(names, errors)
        goals: list[tuple[Goal, Span]] = []
        known = Names(names)
        for statement in self.later:
            if len(errors) > 10 * LIMIT:  # enough is known
                break
            tokens, shape = statement
            for root in roots(shape.nodes, 0, len(shape.nodes) - 1):
                place = _span(tokens, shape.nodes[root])
                try:
                    pattern = self._pattern(statement, root)
                    if shape.form == "goal":
                        name = _of_goal(pattern, names, place)
                        goals.append((Goal(tokens.texts[0], name), tokens.whole))
                    else:
                        self._declare(pattern, names, known, place)
                except BackpropError as error:
                    errors.append(error)
        for goal, place in goals[1:]:
            first, at = goals[0]
            message = f"a second output to take, besides {first.name}: {goal.name}"
            hint = "a file has one minimize, maximize or output; --of NAME chooses another"
            errors.append(defined_twice(message, place, at, hint))
        if self.computed:
            self._unmoved(names, errors)
        constants = tuple(filter(self.constants.__contains__, names)) if self.constants else ()
        goal_ = goals[0][0] if goals else None
        return Declarations(constants, self.bounds, self.uncertainties, goal_, self.written)

    def _with_members(self, names: Mapping[str, int], errors: list[BackpropError]) -> None:
        """Take what is said with members of families, as in `a = 2 in 0..x[1]`."""
        columns, integers = self.columns, self.integers
        inputs = {names[name]: name for name in self.defaults} if self._by_members else {}
        given = integers.sizes.read(inputs.values())
        numbers = {
            row: given[name] if name in given else default(columns, self.defaults[name])
            for row, name in inputs.items()
        }
        limited = {names[name] for name, *_ in self._by_members}
        met: set[int] = set()  # each row is looked at once, however many bounds need it
        doubtful: set[int] = set()  # those that need an input which is limited by members itself
        for each in self._by_members:

            def member(label: str, place: Span, of: str = each[0]) -> float:
                row = names.get(label)
                number = None if row is None else integers.of_row(row, numbers)
                if row is None or number is None:
                    raise NotANumber(f"{label} is no constant", place)
                for new in in_order([row], lambda at: () if at in met else columns.operands(at)):
                    met.add(new)
                    if new in limited or not doubtful.isdisjoint(columns.operands(new)):
                        doubtful.add(new)
                    if new in inputs:
                        integers.known[inputs[new]] = numbers[new]
                if row in doubtful and names[of] in in_order([row], columns.operands):
                    raise NotANumber(f"{label} is no constant", place)
                integers.known[label] = number
                return number

            integers.member = member
            try:
                self.of_input(*each)
            except BackpropError as error:
                errors.append(error)
            if len(errors) > 10 * LIMIT:
                break
        integers.member = None

    def _unmoved(self, names: Mapping[str, int], errors: list[BackpropError]) -> None:
        """Take what is const and computed. errors: takes what moves."""
        still = self.constants.keys() | self.integers.known.keys()
        for name, statement, parts, scope in moving(self.computed, self.columns, names, still):
            error = not_of_an_equation(name, statement, parts)
            error.message = in_member(name, scope) + error.message
            errors.append(error)
        for name, statement, *_ in self.computed:
            self.constants[name] = place_of(statement)

    def _pattern(self, statement: Statement, root: int) -> str:
        """`x`, `x[2]`, `x[*]`, `x[1..3]`, with the numbers of its indices."""
        tokens, nodes = statement.tokens, statement.shape.nodes
        node = nodes[root]
        name = tokens.texts[node.token]
        if node.kind == "name":
            return name

        def index(at: int) -> str:
            part = nodes[nodes[at].start : at + 1]
            if part[-1].kind == "star":
                return "*"
            if part[-1].kind != "slice":
                return str(self.integers.integer(tokens, part, {}))
            ends = "..".join(map(index, roots(nodes, part[-1].start, at - 1)))
            return {"low": f"{ends}..", "high": f"..{ends}"}.get(part[-1].operation, ends)

        return f"{name}[{','.join(map(index, roots(nodes, node.start, root - 1)))}]"

    def _declare(self, pattern: str, names: Mapping[str, int], known: Names, place: Span) -> None:
        """Make constants of the inputs that `const x[*]` names. Raises UnknownName, NotAnInput,
        NameDefinedTwice."""
        if hold := getattr(names, "hold", None):  # of which each family is at hand
            hold(pattern, known)
            return
        found, missing = known.meant(pattern)
        if missing:
            raise unknown_name(missing, names, "these equations", place)
        rows = [names[name] for name in found]  # of loops only a few
        steps = {*filter(self.columns.is_step, {*rows})}
        inputs = [name for name, row in zip(found, rows, strict=True) if row not in steps]
        if not inputs:
            message = f"{found[0]!r} is computed by its equation, so that it is no constant"
            hints = ["only inputs are const; what is computed from them alone does not move"]
            raise NotAnInput(message, place, hints=hints)
        if all(name in self.constants for name in inputs):
            raise defined_twice(f"{pattern!r} is const already", place, self.constants[inputs[0]])
        for name in inputs:
            self.constants.setdefault(name, place)


def _of_goal(name: str, names: Mapping[str, int], place: Span) -> str:
    """The output that a goal names. Raises UnknownName and UnexpectedText."""
    if name in names:
        return name
    many = matching(name, names)
    if not many:
        raise unknown_name(name, names, "these equations", place)
    hints = [f"name one of them, such as {many[0]}, or an equation that sums them up"]
    raise UnexpectedText(f"{name!r} has {len(many)} members, and one is due", place, hints=hints)


def place_of(statement: Statement) -> Span:
    """Where a statement says that what it defines is const."""
    return statement.tokens.span(0, statement.tokens.sign - 1)


def not_of_an_equation(name: str, statement: Statement, parts: Parts) -> NotAnInput:
    """The error for `const`, bounds or an uncertainty where a name is computed from others."""
    tokens = statement.tokens
    if statement.shape.const:
        message = f"{name!r} is computed from other names, so that it is no constant"
        hints = ["leave const out: what is computed from constants alone does not move"]
        return NotAnInput(message, tokens.span(0), hints=hints)
    node = parts.limits[0].node
    what = "bounds" if node.kind == "bounds" else "an uncertainty"
    message = f"{name!r} is computed from other names, and only an input has {what}"
    hints = [f"give {what} to the inputs that it is computed from"]
    if what != "bounds":
        hints.append("for both signs write two equations, one with + and one with -")
    return NotAnInput(message, _span(tokens, node), hints=hints)


def default(columns: Columns, root: int) -> float:
    """The number of a right side without names; inf or nan where it has no finite value."""
    if columns.is_number(root):
        return columns.constant(root)
    return without_names(columns, root)[1][root]


def wrong_bounds(low: float, high: float, called: str) -> str:
    """Why no number is within bounds, "" if some are. called: what a sentence calls them."""
    if not low <= high:
        return f"{called} are the wrong way round"
    return f"no number is within {called}" if inf in (low, -high) else ""


def written_bounds(low: float, high: float, write: Callable[[float], str] = shown) -> str:
    """`0..1`, `0..`, `..1`. write: what makes a text of an end."""
    return "..".join(write(end) if isfinite(end) else "" for end in (low, high))


def without_brackets(text: str) -> str:
    """`6.67430(15)e-11` as `6.67430e-11`; any other right side as it is."""
    found = re.fullmatch(CONCISE, text)
    return found[1] + found[2] if found else text


def _of_last_digits(text: str) -> float:
    """The uncertainty of `6.67430(15)e-11`: 1.5e-15, as its brackets count its last digits."""
    mantissa, _, rest = text.partition("(")
    digits, _, exponent = rest.lower().partition(")")
    power = whole_number(exponent.lstrip("e").replace("−", "-") or "0")
    return float(f"{digits}e{power - len(mantissa.partition('.')[2])}")


def _span(tokens: Tokens, node: Node) -> Span:
    return tokens.span(node.first, node.last)
