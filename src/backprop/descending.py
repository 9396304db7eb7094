"""What `backprop descend` does: files and options in, a descent that is ready to run, a report out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backprop.errors import BackpropError, CannotWrite
from backprop.evaluation.leaves import look_at_all
from backprop.inputs import Inputs, Opened
from backprop.language import Model
from backprop.language.laid import data_of
from backprop.loops.worth import MANY_OFTEN
from backprop.report import declared
from backprop.source import Source

if TYPE_CHECKING:
    from backprop.descent import Descent, State
    from backprop.descent.history import ToldBetween
    from backprop.descent.problem import Problem
    from backprop.descent_options import DescentOptions
    from backprop.language.laid import Data
    from backprop.report.descent_report import DescentReport

_PLOTTED = {1: 1000, 2: 50_000}
"""About how many points the curve of one parameter, or the map of two, is made of."""


class Descending(NamedTuple):
    """A descent that is ready to run: everything that a person gave has been read and understood."""

    model: Model
    of: str | None
    numbers: Mapping[str, float]
    options: DescentOptions
    state: State | None
    validate: Sequence[Data] = ()

    @property
    def output(self) -> str:
        """Its name. Raises ChooseOutput; a run looks at the options before."""
        return self.model.output(self.of)

    @property
    def known(self) -> dict[str, float]:
        """The number of every input that has one, before anything moves."""
        look_at_all(self.model)
        numbers = {**self.model.default_numbers(), **self.numbers}
        named = (*self.model.inputs, *self.model.fixed)
        laid = self.model.laid
        return {
            name: numbers[name]
            for name in named
            if name in numbers and not (laid and laid.is_column(name))
        }

    @property
    def free(self) -> list[str]:
        """The parameters."""
        from backprop.descent.choices import parameters

        return parameters(self.model, self.output, self.options["only"], self.options["freeze"])

    def run(
        self,
        callback: Callable[..., object],
        callback_every: int,
        whole: bool,
        folder: str | None,
        between: ToldBetween | None = None,
    ) -> DescentReport:
        """Descend; the report has the Descent. whole: its table has every member of a family.
        folder: where its history waits in a file, as far as it is long. between: as of `Errand`."""
        from backprop.descent import Errand, descend
        from backprop.descent.choices import parameters
        from backprop.descent.spool import Spool
        from backprop.report.descent_report import DescentReport

        given, told = (self.model, self.numbers, self.of), (callback, callback_every)
        run = Errand(*given, *told, self.state, Spool(folder))
        asked = run._replace(validate=self.validate, between=between)
        found, _ = descend(asked, **self.options)
        kept = [
            name for name in parameters(self.model, found.output) if name not in found.parameters
        ]
        leading = self.model.leading(found.output)
        still = (*self.model.constants, *self.model.fixed)
        constants = [name for name in dict.fromkeys(still) if name in leading]
        if laid := self.model.laid:  # whose columns are data, and no names that could move
            constants = [name for name in constants if not laid.is_column(name)]
        inputs = {**self.known, **found.parameters}
        return DescentReport(found, kept, constants, whole, inputs, declared(self.model))

    def saved(self, parameters: Mapping[str, float]) -> str:
        """The equation text with these numbers, and the bounds that replaced those of the text. Raises
        CannotWrite if it could not be read."""
        from backprop.descent.choices import bounds_of, given_bounds
        from backprop.language import with_defaults
        from backprop.language.declarations import FREE
        from backprop.loops.worth import read_model

        limits = bounds_of(self.model, self.model.inputs, given_bounds(self.options["bounds"]))
        replaced = {
            name: limits.get(name, FREE)
            for name, ends in self.model.bounds.items()
            if name not in self.model.read_with and limits.get(name, FREE) != ends
        }
        look_at_all(self.model)
        text = with_defaults(self.model, {**self.numbers, **parameters}, replaced)
        try:
            read_model(
                Source("<--save>", text),
                self.model.seed,
                sys.maxsize,
                tables=data_of(self.model.laid),
            )
        except BackpropError as error:
            wrong = error.all[0]
            message = f"the equations are not saved, since they would not read: {wrong.message}"
            hints = ["write this line of the file in another way; the numbers are in the report"]
            raise CannotWrite(message, *wrong.labels, hints=hints) from None
        return text

    @property
    def _is_streamed(self) -> bool:
        """Whether each evaluation is a pass over files."""
        if self.model.laid is None:
            return False
        from backprop.data_streamed import is_streamed  # for data only

        return is_streamed(self.model.laid)

    def ground(self, found: Descent) -> Problem | None:
        """The output as a function of one or two parameters; None where there are more."""
        from backprop.descent.begin import begin
        from backprop.descent.problem import Problem

        runs = _PLOTTED.get(len(found.parameters))
        if runs is None or self._is_streamed:
            return None
        at = {**self.numbers, **found.parameters}
        return Problem(begin(self.model, at, found.output, self.free, "auto", runs)[0], {})


def descend(
    inputs: Inputs, options: Mapping[str, Any], state: str | None, validate: Sequence[str] = ()
) -> Descending:
    """Read everything that a descent needs. options: as they stand on a command line: bounds are
    texts such as `a=0..1`. state: the file of an earlier run, which need not exist yet. validate: files
    of rows that no update sees."""
    from backprop.descent.choices import read_bounds
    from backprop.descent.result import read_state

    given: Any = {**options, "bounds": read_bounds(options["bounds"])}
    opened = inputs.opened()
    heads = opened.heads()
    model, numbers = inputs.given(given["bounds"], MANY_OFTEN, opened, heads)
    found = read_state(state) if state else None
    validated = Opened(opened.source, inputs.tables(validate))
    others = validated.heads() or validated.tables
    return Descending(model, inputs.output, numbers, given, found, others)
