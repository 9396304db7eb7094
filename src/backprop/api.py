"""The library: what a program can ask of equations and of Values, all in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Unpack

from backprop import language
from backprop import values as plain
from backprop.errors import BackpropError, raise_all
from backprop.evaluation.gradient import Gradient, evaluate, settled
from backprop.evaluation.leaves import outside
from backprop.options import DescentOptions, documented
from backprop.source import Source

if TYPE_CHECKING:
    from os import PathLike

    from graphviz import Digraph

    from backprop.descent import Descent, State
    from backprop.descent.run import Callback


def _shown(error: BackpropError) -> str:
    """An error with its lines, carets and hints, and all that were found with it."""
    from backprop.reports.diagnostics import text

    return text(error)


BackpropError.shown = _shown


class Value(plain.Value):
    __doc__ = plain.Value.__doc__
    __slots__ = ()

    def backward(self) -> None:
        """Set `grad`, here and in everything that leads here, to the derivative of self by it: nan
        where the chain rule meets 0·∞ and does not decide (`Model.grad` asks the values)."""
        graph, values = plain.graph_of([self])
        gradients = [0.0] * len(values)
        settled(graph, [value.data for value in values], gradients)
        for value, gradient in zip(values, gradients, strict=True):
            value.grad = gradient

    def draw(self, *, theme: str = "light", direction: str = "LR") -> Digraph:
        """The graph that leads here, as a picture: a `graphviz.Digraph`. Call `backward()` first."""
        from backprop.reports.drawing import draw_value

        return draw_value(self, theme, direction)

    draw_dot = draw

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """In a notebook: the picture and the text."""
        from backprop.reports.drawing import value_bundle

        return value_bundle(self)


class Model(language.Model):
    __doc__ = language.Model.__doc__

    _numbers: plain.Numbers | None = None
    """Those of the last gradient."""
    _made: Sequence[Value] = ()

    @cached_property
    def values(self) -> Mapping[str, Value]:
        """The named Values in file order, with the numbers of the last gradient or descent."""
        self._made = plain.values_of(self.columns, self.names, Value)
        if self._numbers is not None:
            self._leave(self._numbers)
        return {name: self._made[node] for name, node in self.names.items()}

    def _leave(self, numbers: plain.Numbers) -> None:
        """Give the Values their numbers, now or when they are made: the one place where a Model does."""
        self._numbers = numbers
        if self._made:
            for value, data, gradient in zip(self._made, *numbers, strict=True):
                value.data, value.grad = data, gradient

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """In a notebook: the picture with the numbers of the last gradient, and the text."""
        from backprop.reports.drawing import model_bundle

        return model_bundle(self, self._numbers)

    def grad(
        self,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        engine: str = "auto",
    ) -> Gradient:
        """The value of the output `of` and its gradient by every name that it depends on.

        values: numbers for inputs; they take the place of the file's defaults. of: by default the
        goal of the file, or the one equation that no other uses. engine: `python`, `native` (machine
        code, whose last bits may differ), or `auto`, which is `python` here: for many runs there is
        `backprop.compile`.
        The Values of the model take the numbers, so calls from several threads need a lock or a
        model each. Raises MissingInputs, UnknownName, NotAnInput, OutsideBounds, ChooseOutput,
        NotFinite.
        """
        raise_all(outside(self, values or {}))
        found = evaluate(self, values or {}, of, engine, noted=True)
        self._leave(found.numbers)
        return found.gradient

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

        Constants stay, and inputs stay within the bounds of the file, where `bounds` has no others.
        Without `of` the goal of the file says which output, and which way.

        values: as for `grad`; where the descent starts. callback: called with a `Step` after each
        step, or every so many (`callback_every`; 0: now and then, which lets a compiled loop run),
        and after the last; True ends the run. state: that of the Descent to continue. options:
        those below, which are those of the command line; names stand in lists here, `bounds` is
        `{"w*": (0, 1)}`, and `every` says which steps `history` keeps, if any.

            >>> import backprop
            >>> model = backprop.parse("e = a*b; d = e+c; L = d*f; a=2; b=-3; c=10; f=-2")
            >>> model.descend(lr=0.001, steps=10).value
            -8.73245129422151

        Divergence is no exception: `stopped` is then "diverged", and the numbers are the last
        finite ones. Raises what `grad` raises, NothingToMove, BadOption, and InfiniteSlope where
        the start has no finite gradient.
        """
        from backprop.descent import descend

        found, numbers = descend(self, values, of, callback, callback_every, state, **options)
        if numbers is not None:
            self._leave(numbers)
        return found


def parse(text: str, name: str = "<text>", *, seed: int = 0) -> Model:
    """The Model of an equation text. `name` is what error messages call the text; `seed` that of
    the inputs that are drawn at random.

    Raises BackpropError, whose `all` has every error found.
    """
    return _model(Source(name, text.removeprefix("\ufeff")), seed)


def load(path: str | PathLike[str], *, seed: int = 0) -> Model:
    """The Model of an equation file, which is UTF-8. Raises BackpropError, CannotRead included."""
    from backprop.files import read_source

    return _model(read_source(path), seed)


def _model(source: Source, seed: int) -> Model:
    found = language.read_model(source, seed)
    found.__class__ = Model
    assert isinstance(found, Model)
    return found
