"""`Model`: what an equation file means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Unpack

from backprop.errors import ChooseOutput, Label
from backprop.options import DescentOptions, documented
from backprop.source import Source, Span, normal, one_line
from backprop.suggest import unknown_name
from backprop.values import Later, Place, Value, in_order

if TYPE_CHECKING:
    from backprop.descent import Descent, State
    from backprop.descent.run import Callback
    from backprop.evaluation.gradient import Gradient


class Model:
    """The named Values of an equation file.

    values: every named Value in file order; an input that no statement defines stands before the
    equation that first uses it. defaults: the inputs that the file gives a number, each with the
    Value of its right side (`2*pi`). places: the right side of every equation, as a packed span.
    constants: the names that indices and ranges were made with, which cannot be set any more.
    repeated: the whole statement of every member of a family, as a packed span.
    functions: the names of the functions that the file defines.

        >>> import backprop
        >>> model = backprop.parse("e = a*b; d = e+c; L = d*f")
        >>> model.grad({"a": 2, "b": -3, "c": 10, "f": -2}).gradients["a"]
        6.0
    """

    def __init__(
        self,
        source: Source,
        values: Mapping[str, Value],
        defaults: Mapping[str, Value],
        places: Mapping[str, int],
        constants: Sequence[str] = (),
        repeated: Mapping[str, int] = MappingProxyType({}),
        functions: Iterable[str] = (),
    ) -> None:
        self.source = source
        self.values = values
        self.defaults = defaults
        self.places = places
        self.constants = tuple(constants)
        self.repeated = repeated
        self.functions = frozenset(functions)

    def __repr__(self) -> str:
        return f"Model({self.source.name}: {len(self.values)} names, outputs {', '.join(self.outputs)})"

    @cached_property
    def inputs(self) -> list[str]:
        """The names that can be given a number, in file order."""
        fixed = set(self.constants)
        return [name for name, value in self.values.items() if not value.op and name not in fixed]

    @cached_property
    def outputs(self) -> list[str]:
        """The equations that no other equation uses, in file order; in a file of inputs, all."""
        return self._unused(_operands(in_order(self.values.values())))

    def _unused(self, used: set[Value]) -> list[str]:
        fixed = set(self.constants)
        computed = [name for name, value in self.values.items() if value.op and name not in fixed]
        return [name for name in computed if self.values[name] not in used] or list(self.values)

    def leading(self, of: str | None = None) -> tuple[str, list[Value]]:
        """The name of the output (see `output`), and the Values that lead to it, operands first."""
        if of is None and "outputs" not in self.__dict__:
            order = in_order(self.values.values())
            used = _operands(order)
            self.outputs = self._unused(used)
            if len(self.outputs) == 1:  # to which all that is used leads: no second walk
                root = self.values[self.outputs[0]]
                if len(order) > len(used) + 1:
                    order = [value for value in order if value in used or value is root]
                if order[-1] is not root:
                    order.remove(root)
                    order.append(root)
                return self.outputs[0], order
        name = self.output(of)
        return name, in_order([self.values[name]])

    def output(self, of: str | None = None) -> str:
        """The output to differentiate: `of`, or the only one there is.

        Raises UnknownName, or ChooseOutput where there are several.
        """
        if of is not None:
            of = normal(of)
            if of not in self.values:
                raise unknown_name(of, self.values, "these equations")
            return of
        outputs = self.outputs
        if len(outputs) == 1:
            return outputs[0]
        shown = [name for name in outputs if name in self.places][:6]
        raise ChooseOutput(
            f"there are {len(outputs)} outputs: {_listed(outputs)}",
            *(Label(self.equation(name), f"{name}: no other equation uses it") for name in shown),
            hints=[f"choose one: --of {outputs[-1]}"],
            where=self.source.name,
        )

    def equation(self, name: str) -> Span:
        """The right side of the equation for `name`. KeyError for an input that has none."""
        return Span.at(self.source, self.places[name])

    def text(self, value: Value) -> str:
        """The text of a Value on one line: a right side, a step of one; "" for an input without."""
        if value.label:
            return one_line(self.equation(value.label).text) if value.label in self.places else ""
        spans = self.span(value.place)
        return one_line(spans[0].text) if spans else ""

    def span(self, place: Place) -> list[Span]:
        """Where a Value stands: its text, then, inside a function, the calls that led there."""
        spans = []
        if isinstance(place, Later):
            from backprop.language.places import LatePlaces  # needed with long texts only

            assert isinstance(self.places, LatePlaces)
            place = self.places.find(place)
        while isinstance(place, tuple):
            spans.append(Span.at(self.source, place[0]))
            place = place[1]
        if isinstance(place, int):
            spans.append(Span.at(self.source, place))
        return spans

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """In a notebook: the picture with the numbers of the last gradient, and the text."""
        from backprop.reports.notebook import model_bundle  # the door upwards

        return model_bundle(self)

    def grad(
        self,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        engine: str = "auto",
    ) -> Gradient:
        """The value of the output `of` and its gradient by every name that it depends on.

        values: numbers for inputs; they take the place of the file's defaults. of: by default the
        one equation that no other uses. engine: `python`, `native` (machine code, whose last bits may
        differ), or `auto`, which is `python` here: for many runs there is `backprop.compile`. The
        Values of the model take the numbers, so calls from several threads need a lock or a model
        each. Raises MissingInputs, UnknownName, NotAnInput, ChooseOutput, NotFinite.
        """
        from backprop.evaluation.gradient import gradient  # the door upwards, as in values.py

        return gradient(self, values or {}, of, engine)

    @documented
    def descend(
        self,
        values: Mapping[str, float] | None = None,
        *,
        of: str | None = None,
        callback: Callback | None = None,
        callback_every: int = 1,
        state: State | None = None,
        **options: Unpack[DescentOptions],
    ) -> Descent:
        """Change the inputs step by step so that the output `of` falls (or rises, with `maximize`).

        values: as for `grad`; where the descent starts. callback: called with a `Step` after each step,
        or every so many (`callback_every`; 0: now and then, which lets a compiled loop run), and after
        the last; True ends the run. state: that of the Descent to continue. options: those below, which are
        those of the command line; names stand in lists here, `bounds` is `{"w*": (0, 1)}`, and
        `every` says which steps `history` keeps, if any.

            >>> import backprop
            >>> model = backprop.parse("e = a*b; d = e+c; L = d*f; a=2; b=-3; c=10; f=-2")
            >>> model.descend(lr=0.001, steps=10).value
            -8.73245129422151

        Divergence is no exception: `stopped` is then "diverged", and the numbers are the last finite
        ones. Raises what `grad` raises, NothingToMove, BadOption, and InfiniteSlope where the start
        has no finite gradient.
        """
        from backprop.descent import descend  # the door upwards, as in values.py

        return descend(
            self,
            values,
            of=of,
            callback=callback,
            callback_every=callback_every,
            state=state,
            **options,
        )


def _listed(names: list[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown}, … and {len(names) - most} more"


def _operands(order: Iterable[Value]) -> set[Value]:
    """What is an operand of something."""
    return set(chain.from_iterable(map(attrgetter("prev"), order)))
