"""Functions of the file in indices, ranges and conditions: `half(i) = floor(i/2)` in `x[half(i)]`.

There they are arithmetic of whole numbers like all else, and give way to nothing: a function of the
file that is called `floor` is meant by `floor(i)`.
"""

from collections.abc import Mapping, Sequence
from weakref import proxy

from backprop.errors import BackpropError, Label, NotANumber, TooLarge
from backprop.language.families import Families, left, ready_made
from backprop.language.integers import NoNumber
from backprop.numbers import call_text
from backprop.source import Span, one_line
from backprop.syntax.bodies import Nodes
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens

DEEPEST = 50
"""So many functions may call one another, one after the other."""

_KEPT = 2**14
"""The most results that are remembered: members next to one another call alike."""


def provide(families: Families, functions: Mapping[str, Statement]) -> None:
    """Let indices and ranges call these functions."""
    families.integers.own = functions
    if functions:
        families.integers.called = _Calls(proxy(families), functions).number


def whole_body(function: Statement) -> tuple[Tokens, Nodes, list[str]]:
    """The body of a function, with indices and sums in their places, and its parameters."""
    tokens, shape = function
    last = len(shape.nodes) - 1
    nodes = shape.nodes[shape.nodes[last].start :]
    return tokens, nodes, [tokens.texts[at] for at in shape.parameters]


class _Calls:
    """Calls of functions of the file with numbers."""

    def __init__(self, families: Families, functions: Mapping[str, Statement]) -> None:
        self._families, self._functions = families, functions
        self._known: dict[tuple[str, tuple[float, ...], bool], float] = {}
        self._depth = 0

    def number(self, name: str, operands: Sequence[float], place: Span, free: bool) -> float:
        """The number of a call. place: where it stands; free: as in `Integers`. Raises NoNumber,
        NotANumber, TooLarge."""
        key = name, tuple(operands), free
        if key in self._known:
            return self._known[key]
        if self._depth >= DEEPEST:
            message = f"functions that call one another, more than {DEEPEST} deep"
            raise TooLarge(
                message, place, hints=["in an index or a range write fewer into one another"]
            )
        function = self._functions[name]
        tokens, shape = function
        parameters = [tokens.texts[at] for at in shape.parameters]
        scope = dict(zip(parameters, operands, strict=True))
        body = ready_made(function).body
        self._families.spend(len(body.nodes), tokens)
        self._depth += 1
        try:
            found = self._families.integers.of_body(tokens, body, scope, free)
        except TooLarge:
            raise
        except BackpropError as error:
            raise _within(name, operands, place, function, error) from None
        finally:
            self._depth -= 1
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[key] = found
        return found


def _within(
    name: str, operands: Sequence[float], place: Span, function: Statement, error: BackpropError
) -> BackpropError:
    """The error for a call, from that in the body of the function."""
    call = call_text(name, operands)
    if isinstance(error, NoNumber):
        inner = [label._replace(text=label.text or error.what) for label in error.labels]
        return NoNumber(f"{call} {error.what}", error.what, place, error.hints, inner)
    if isinstance(error, NotANumber) and (word := one_line(error.labels[0].span.text)):
        constant = f"give {word} a number in the file, as {word} = 3"
        hints = [f"indices must be known before anything is computed: {constant}"]
        if word.isidentifier():
            hints[0] += f", or make it an argument of {name}"
        inner = [Label(error.labels[0].span, f"of {name}"), *error.labels[1:]]
        return NotANumber(
            error.message, Label(place, "an index or a range needs one"), *inner, hints=hints
        )
    error.labels = (Label(place), *error.labels, Label(left(function)))
    return error
