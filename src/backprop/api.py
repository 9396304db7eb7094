"""The library: what a program can ask of equations and of Values, all in one place."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property, partial
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from backprop import language
from backprop import options as declared
from backprop import values as plain
from backprop.descent_options import DescentOptions
from backprop.errors import BackpropError, BadOption, NoDataYet, raise_all
from backprop.evaluation import gradient as plain_gradient
from backprop.evaluation.gradient import evaluate
from backprop.evaluation.leaves import outside
from backprop.loops.worth import read_model
from backprop.members_by_name import each_by_name
from backprop.model_fits import FitVerb
from backprop.options import default_of, documented, names
from backprop.showing import Bundle, Shown
from backprop.shown_gradient import Gradient
from backprop.source import Source
from backprop.value import Value

if TYPE_CHECKING:
    from os import PathLike

    from backprop.descent import Descent, State
    from backprop.descent.history import Callback
    from backprop.evaluation.program import Program, compile  # noqa: A004
    from backprop.report import Table
    from backprop.report.check_report import CheckReport

__all__ = ["BackpropError", "Gradient", "Model", "Program", "Value", "compile", "load", "parse"]


def __getattr__(name: str) -> Any:
    """`Program` and `compile`, which bring the engines: imported when they are first used."""
    if name in ("Program", "compile"):
        return getattr(import_module("backprop.evaluation.program"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _late(module: str, name: str) -> Callable[[Any], Any]:
    """A function of a module of `reports`, which is imported when it is first called."""
    return lambda found: getattr(import_module(f"backprop.reports.{module}"), name)(found)


BackpropError.shown = _late("diagnostics", "text")
Shown.as_text = _late("notebook", "text")
Shown.as_bundle = _late("notebook", "bundle")


class Model(FitVerb, Shown):
    __doc__ = language.Model.__doc__

    _with_verbs = staticmethod(lambda found: _with_verbs(found))
    _numbers: plain.Numbers | None = None
    """Those of the last gradient."""
    _made: Sequence[Value] = ()
    _point: tuple[Mapping[str, float], str, bool] | None = None
    """The numbers and the output of the last gradient or descent that loops computed, and whether it
    was a gradient, of which more is asked."""

    @cached_property
    def values(self) -> Mapping[str, Value]:
        """The named Values in file order, with the numbers of the last gradient or descent."""
        self._settle()
        self._made = plain.values_of(self.columns, self.names, Value)
        if self._numbers is not None:
            self._leave(self._numbers)
        return {name: self._made[node] for name, node in self.names.items()}

    def _settle(self) -> None:
        """Find the numbers of the last gradient, if loops computed it; unrolls a Model of loops."""
        self._in_memory()
        if self._point:
            values, output, more = self._point
            self._leave(evaluate(self, values, output, by_values=more, restores=more).numbers)

    def _leave(self, numbers: plain.Numbers) -> None:
        """Give the Values their numbers, now or when they are made."""
        self._numbers, self._point = numbers, None
        if self._made:
            plain.leave(self._made, numbers)

    def table(self) -> Table:
        """A row a name: role, equation, and the numbers of the last gradient, if there was one."""
        from backprop.report.model_table import model_table

        self._settle()
        return model_table(self, self._numbers)

    def _repr_mimebundle_(self, **_: object) -> Bundle:
        """In a notebook: the picture with the numbers of the last gradient, and the table."""
        from backprop.reports.notebook import model_bundle

        self._settle()
        return model_bundle(self, self._numbers)

    @documented
    def grad(
        self,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        engine: declared.EngineName = default_of(declared.EngineName),
        data: Any = None,
        **numbers: float,
    ) -> Gradient:
        """The value of the output `of` and its gradient by every name that it depends on.

        values: numbers for inputs; they take the place of the file's defaults. A family's name, or a
        pattern, `w[1,*]`, stands for all its members: with one number, or an array of as many. numbers: the
        same by keyword, `model.grad(k=0.05)`, for names that are no argument here. of: by default the
        goal of the file, or the one equation that no other uses. engine: `native` is machine code,
        whose last bits may differ, `auto` is `python` here: for many runs there is
        `backprop.compile`. What is read as loops over arrays is computed by these, with `native` by
        machine code where nothing is in doubt.
        data: a table in the place of that which the Model was read with, as of `parse`: then its Values
        stay as they are. Otherwise these take the numbers, so calls from several threads need a lock or
        a model each. Raises MissingInputs, UnknownName, NotAnInput, OutsideBounds, ChooseOutput,
        NotFinite.
        """
        if data is not None:
            return self.over(data).grad({**(values or {}), **numbers}, of, engine=engine)
        given = each_by_name(self, values, numbers)
        raise_all(outside(self, given))
        if larger := self._streamed(given, of, engine):
            return Gradient(*larger)
        self.engine = engine
        if looped := plain_gradient.by_loops(self, given, of):
            self._point = given, looped.output, True
            gradient = Gradient(*looped)
            gradient._of_model = self
            return gradient
        found = evaluate(self, given, of, engine, noted=True)
        self._leave(found.numbers)
        gradient = Gradient(*found.gradient)
        gradient._of_model = self
        return gradient

    def derivative(self, of: str | None = None, wrt: str = "", order: int = 1) -> Model:
        """A Model of the same equations with one more, the derivative of the output `of` by `wrt`, which
        is its output: `dL_da`, of the second order `d2L_da2`; over the same rows, and with the same sizes.

        of: as for `grad`. wrt: an input, a member of a family, or a name with an equation, as `grad` has
        it. order: from 1 to 10. Numbers are those of the file. It can be differentiated again, compiled,
        drawn and explained. Raises UnknownName, ChooseOutput, BadOption.

            >>> import backprop
            >>> slope = backprop.parse("L = a^3*b; a = 2; b = 5").derivative("L", "a")
            >>> slope.grad().value, slope.derivative(wrt="b").grad().value
            (60.0, 12.0)
        """
        from backprop.language.declarations import Goal
        from backprop.language.derivative_text import derived_text
        from backprop.language.laid import data_of

        text, name = derived_text(self, self.output(of), wrt, order)
        read = partial(read_model, seed=self.seed, most=sys.maxsize)
        source, tables = Source(self.source.name, text), data_of(self.laid)
        found = _with_verbs(read(source, sizes=self.sizes, tables=tables))
        found.goal = Goal("output", name)
        return found

    def check(
        self,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        claim: str | Sequence[str] = (),
        tolerance: float | None = None,
        precise: bool = False,
        only: Sequence[str] = (),
        all: bool = False,
        **numbers: float,
    ) -> CheckReport:
        """The gradient against differences of values; with `claim`, derivatives that a person
        worked out, marked. The result prints as a table; `right` says whether nothing is wrong.

        values, of, numbers: as for `grad`. claim: texts such as "da = 6, dL/db = f*a". tolerance:
        how far a claim may be off, relative. precise: differences at 60 digits and more. only: the
        inputs to check, if not all. all: the table has every member of a large family. Raises what
        `grad` raises, and BadOption.

            >>> import backprop
            >>> backprop.parse("L = x^2").check(x=3, claim="dL/dx = 2*x").right
            True
        """
        from backprop import commands

        claims = [claim] if isinstance(claim, str) else claim
        asked = self._asked(values, of, numbers)
        return commands.check(asked, claims, (), precise, tolerance, all, names(only))

    @documented
    def descend(
        self,
        values: Mapping[str, float] | None = None,
        *,
        of: str | None = None,
        callback: Callback | None = None,
        callback_every: int = 1,
        state: State | None = None,
        validate: Any = None,
        **options: Unpack[DescentOptions],
    ) -> Descent:
        """Change the inputs step by step so that the output `of` falls (or rises, with `maximize`).

        Constants stay, and inputs stay within the bounds of the file, where `bounds` has no others.
        Without `of` the goal of the file says which output, and which way.

        values: as for `grad`; where the descent starts. callback: called with a `Step` after each
        step, or every so many (`callback_every`; 0: now and then, which lets a compiled loop run),
        and after the last; True ends the run. state: that of the Descent to continue. validate: rows that no
        update of minibatches (`batch`) sees, as `data` of `parse`. options:
        those below, which are those of the command line; names stand in lists here, `bounds` is
        `{"w*": (0, None)}` or "w*=0..", and `every` says which steps `history` keeps, if any.

            >>> import backprop
            >>> model = backprop.parse("e = a*b; d = e+c; L = d*f; a=2; b=-3; c=10; f=-2")
            >>> model.descend(lr=0.001, steps=10).value
            -8.73245129422151

        A fall without end and a step without a value are no exceptions: `failed` is then true, and the
        numbers are the last finite ones. Raises what `grad` raises, NothingToMove and BadOption.
        """
        from backprop.descent import Errand, descend

        others: Sequence[Any] = ()
        if validate is not None:
            from backprop.data_tables import given_tables  # of data only

            others = given_tables(validate, self.source)
        values, told = each_by_name(self, values), (callback, callback_every, state)
        asked = Errand(self, values, of, *told, validate=others)
        found, ended = descend(asked, **options)
        if ended and self.loops:
            self._point = {**values, **found.parameters}, found.output, False
        elif ended and not self._is_streamed:
            self._leave(ended.evaluation().numbers)
        return found


@documented
def parse(
    text: str,
    name: str = "<text>",
    *,
    seed: declared.Seed = default_of(declared.Seed),
    max_nodes: declared.MaxNodes = default_of(declared.MaxNodes),
    sizes: Mapping[str, Any] = MappingProxyType({}),
    data: Any = None,
) -> Model:
    """The Model of an equation text. `name` is what error messages call the text.

    sizes: numbers, of a family nested lists, in the place of those that the text has for what ranges,
    indices, draws and bounds are made of: `{"n": 1000, "county": [1, 3, 2]}`.

    data: a table whose columns stand for names: a mapping of sequences of numbers, one for each row, a table
    of pyarrow, pandas or polars, what `read_data` gives, or a list of several. A text that gathers rows can
    do without until numbers are asked for: `parse(text).grad(values, data=…)`.

    Raises BackpropError, whose `all` has every error found.

        >>> import backprop
        >>> backprop.parse("L = a*sum(i for i in 1..n)", sizes={"n": 3}).grad(a=2).value
        12.0
    """
    if not isinstance(text, str):
        raise TypeError(f"parse takes a text, not {type(text).__name__}: load reads a file")
    return _model(Source(name, text.removeprefix("\ufeff")), seed, max_nodes, sizes, data)


@documented
def load(
    path: str | PathLike[str],
    *,
    seed: declared.Seed = default_of(declared.Seed),
    max_nodes: declared.MaxNodes = default_of(declared.MaxNodes),
    sizes: Mapping[str, Any] = MappingProxyType({}),
    data: Any = None,
) -> Model:
    """The Model of an equation file, which is UTF-8. sizes, data: see `parse`. Raises BackpropError,
    CannotRead included."""
    from backprop.files import is_table, read_source

    if is_table(os.fspath(path)) and os.path.exists(path):
        hints = [f"read it for data=: backprop.read_data({os.fspath(path)!r})"]
        raise BadOption(f"{os.fspath(path)} is a table, and no file of equations", hints=hints)
    return _model(read_source(path, "a text goes to backprop.parse"), seed, max_nodes, sizes, data)


@cache
def _looped() -> type[Model]:
    """A Model of loops, which is the other kind as soon as something needs every step."""
    from backprop.loops.loop_model import LoopModel  # with NumPy, which few need

    return type(
        "Model", (LoopModel, Model), {"plain": Model, "kept": ("_point",), "__doc__": Model.__doc__}
    )


def _model(
    source: Source,
    seed: int,
    most: int,
    sizes: Mapping[str, Any] = MappingProxyType({}),
    data: Any = None,
) -> Model:
    read = partial(read_model, seed=seed, most=most)
    if data is not None:
        from backprop.data_tables import given_tables  # for who gives some

        read = partial(read, tables=given_tables(data, source))
    try:
        if sizes:
            from backprop.given import read_sizes  # for who gives some

            return _with_verbs(read_sizes(source, sizes, seed, read))
        return _with_verbs(read(source))
    except BackpropError as error:
        if data is None and all(isinstance(each, NoDataYet) for each in error.all):
            return Model.awaiting(source, seed, sizes, error)
        raise


def _with_verbs(found: language.Model) -> Model:
    """What was read as a Model of programs."""
    found.__class__ = _looped() if found.loops else Model
    assert isinstance(found, Model)
    return found
