"""What `backprop fit` does: files and options in, a fit out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import chain
from math import nan
from typing import TYPE_CHECKING, NamedTuple

from backprop import fit_texts, streamed_matrices
from backprop.data_pinned import pinned
from backprop.descent.choices import bounds_of, given_bounds, parameters
from backprop.errors import (
    BackpropError,
    BadOption,
    ChooseOutput,
    MissingInputs,
    NotFinite,
    NothingToMove,
)
from backprop.fit.fit_rows import FitRows
from backprop.fit.fitting import fit
from backprop.fit.found_fit import FitAsked
from backprop.fit_mistakes import (
    look_at_columns,
    look_at_left_sides,
    no_model,
    same_in_all_rows,
    used_by_nothing,
)
from backprop.inputs import Inputs, Opened
from backprop.language import Model
from backprop.language.laid import Data
from backprop.language.model_texts import model_texts, with_models
from backprop.language.modelled import RESIDUALS, NotSquares
from backprop.language.read_words import compared_with_texts, meanings, words_read
from backprop.loops.worth import MANY_OFTEN
from backprop.report import declared
from backprop.report.fit_report import FitReport
from backprop.source import Source

if TYPE_CHECKING:
    from backprop.fit.fit_points import FitPoint
    from backprop.fit.likelihood import Likelihood
    from backprop.fit_groups import Grouped
    from backprop.fit_options import FitOptions


_STARTS = 1.0, 0.3, -0.7
"""Numbers of parameters at which a row is looked at that has no residual."""


class Fitting(NamedTuple):
    """A fit that is ready to run. model: with the numbers of a person, perhaps of the first row. opened: the
    equations as they were written. names: of the parameters. whole: reads the model of all rows. grouped:
    what those of groups are called."""

    model: Model
    numbers: Mapping[str, float]
    output: str
    opened: Opened
    names: Sequence[str]
    options: FitOptions
    asked: FitAsked
    read_given: fit_texts.ReadGiven
    whole: Callable[[], Model]
    grouped: Grouped | None = None

    def run(self, tell: Callable[[FitPoint], object] = lambda point: None) -> FitReport:
        """Fit. tell: is told of every step."""
        try:
            found = fit(self.asked, tell)
        except MissingInputs:  # no start has residuals
            _look_at_rows(self.whole(), self.numbers, self.output, self.names)
            raise
        if self.output == RESIDUALS:
            more = (
                same_in_all_rows(self.opened, self.model),
                used_by_nothing(self.opened, self.model),
            )
            found = found._replace(verdicts=[*found.verdicts, *chain.from_iterable(more)])
        every = parameters(self.model, self.output)
        frozen = {name: self._number(name) for name in every if name not in self.names}
        inputs = {**self.known, **dict(zip(self.names, found.x.tolist(), strict=True))}
        models = [each.whole for each in model_texts(self.opened.source)]
        report = FitReport(
            found,
            self.output,
            models if self.output == RESIDUALS else (),
            self.asked.bounds,
            frozen,
            inputs,
            fit_texts.weights_in_words(self.options),
            self.model.warnings,
            self.options["correlations"],
            self.asked.rows.mean,
            self.options["level"],
            declared(self.model),
        )
        return self.grouped.shown(report) if self.grouped else report

    @property
    def called(self) -> Sequence[str]:
        """What its parameters are called."""
        return [*map(self.grouped.call, self.names)] if self.grouped else self.names

    def saved(self, report: FitReport) -> str:
        """The equations, comments and all, with the numbers that were found in them."""
        from backprop.language import with_defaults

        return with_defaults(self.model, {**self.numbers, **self.inputs(report)}, {})

    def inputs(self, report: FitReport) -> Mapping[str, float]:
        """The numbers of all inputs at the end, by the names that the equations have."""
        if not self.grouped:
            return report.inputs
        return {n: report.inputs[self.grouped.call(n)] for n in (*self.known, *self.names)}

    def _number(self, name: str) -> float:
        return self.known.get(name, nan)

    def read(self, opened: Opened) -> tuple[Model, Mapping[str, float]]:
        """Other equations, without the numbers that a person gives."""
        return self.read_given(opened, False)

    @property
    def known(self) -> dict[str, float]:
        """The numbers of all inputs that have one at the start."""
        known = {**self.model.default_numbers(), **self.numbers}
        laid = self.model.laid
        return {n: x for n, x in known.items() if not (laid and laid.is_column(n))}


def prepared(inputs: Inputs, options: FitOptions) -> Fitting:
    """Read everything that a fit needs. Raises NeedsData, BadOption and what reading raises."""
    opened = inputs.opened()
    if (
        not model_texts(opened.source)
        and not inputs.of
        and RESIDUALS not in meanings(opened.source)
    ):
        no_model(opened)
    opened = with_same_rows(opened, options)
    if inputs.skip_bad_rows and not opened.heads():
        opened = opened._replace(tables=_good_rows(opened, inputs, options))  # type: ignore[arg-type]
        inputs = inputs._replace(skip_bad_rows=False)
    bare = inputs._replace(settings=(), values=())
    grouped = None
    if options["by"]:
        from backprop.fit_groups import by_groups
        from backprop.given import opened_all

        plain, _ = bare.given((), MANY_OFTEN, opened, opened.heads())
        grouped = by_groups(opened, options["by"], plain, all_parameters(plain, inputs.output))
        opened = grouped.opened
        files = [Source(each.name, grouped.text(each.text)) for each in opened_all(inputs.values)]
        settings = [grouped.text(each) for each in inputs.settings]
        inputs = inputs._replace(settings=settings, values=files)  # type: ignore[arg-type]

    own = grouped.options(options) if grouped else options
    limits = given_bounds(own["bounds"])  # in the place of those of the equations

    def read_given(text: Opened, numbers: bool) -> tuple[Model, Mapping[str, float]]:
        return (inputs if numbers else bare).given(limits, MANY_OFTEN, text, text.heads())

    return ready(opened, read_given, inputs.output, options, inputs.seed, grouped)


def with_same_rows(opened: Opened, options: FitOptions) -> Opened:
    """Equations with tables of which the same rows count for all texts that a fit makes of the equations."""
    more = f"{options['sigma']} {options['sigma_x']} {options['by'].partition(':')[0]}"
    said = {*words_read(opened.source.text)}
    words = {*said, *words_read(more)}
    for table in opened.tables:
        if len(getattr(table, "left_out", ())) and not (words - said).isdisjoint(table.names):
            message = f"{table.name}: --skip-bad-rows looks at the equations, and not at {more}"
            hints = ["leave such rows out: --where", "or let it have more memory: --memory 8G"]
            raise BadOption(message, hints=hints)
    tables = pinned(opened.tables, words, compared_with_texts(opened.source))
    return opened._replace(tables=tables)  # type: ignore[arg-type]


def _good_rows(opened: Opened, inputs: Inputs, options: FitOptions) -> Sequence[Data]:
    """Tables without the rows of which something is not finite at the start; where there is none, of which a
    left side is not."""
    limits = given_bounds(options["bounds"])
    try:
        return inputs.good_tables(opened.source, opened.tables, MANY_OFTEN, limits)
    except MissingInputs:
        left = with_models(opened.source, lambda model: f"{model.left} ~ 0{model.rest}")
        with suppress(MissingInputs, ChooseOutput):
            return inputs.good_tables(left, opened.tables, MANY_OFTEN, limits)
        return opened.tables


def ready(
    opened: Opened,
    read_given: fit_texts.ReadGiven,
    of: str | None,
    options: FitOptions,
    seed: int,
    grouped: Grouped | None = None,
) -> Fitting:
    """A fit of equations. read_given: reads them; of: the output, if one is named. seed: of what is at
    random. grouped: what made them of those of a person, if they have parameters of groups."""
    asked_for = options
    if grouped:
        options = grouped.options(options)
    look_at_columns(opened)
    weighs = options["sigma"] and not options["sigma_x"]
    text = fit_texts.weighted(opened, options["sigma"]) if weighs else opened
    model, numbers, whole = _read(text, read_given, options, of is None and not grouped)
    output = RESIDUALS if of is None and RESIDUALS in model.names else model.output(of)
    if output == RESIDUALS:
        look_at_left_sides(opened, model)
    if options["loss"]:
        fit_texts.look_at_loss(opened, output, options)
    names = _parameters(model, output, options)
    names = grouped.in_order(names) if grouped else names
    _look_at_others(model, output, names, numbers)
    limits = bounds_of(model, names, given_bounds(options["bounds"]))
    known = {**model.default_numbers(), **numbers}
    if grouped and any(name not in known for name in names):
        plain = grouped.plain

        def alone(asked: FitOptions) -> Mapping[str, float]:
            def read(text: Opened, numbers: bool) -> tuple[Model, Mapping[str, float]]:
                return read_given(text, False)[0], {}

            return ready(plain, read, of, asked, seed).run().parameters

        known = {**grouped.begun(alone, asked_for), **known}
    start = {name: known[name] for name in names if name in known}
    others = {name: number for name, number in known.items() if name not in start}
    likely: Likelihood | None = None
    try:
        rows = FitRows(model, output, names, {**others, **start})
    except NotSquares as error:
        if not model.laid:
            hints = [f"write it as a model, y ~ …, or as {output} = sum((…)^2)"]
            hints.append(f"any other output without --data: backprop descend --of {output}")
            raise ChooseOutput(f"fit is for rows of data: {error}", hints=hints) from None
        from backprop.likelihoods import likelihood

        rows, likely = likelihood(whole(), others, output, names, limits, options)
    if likely and len(start) == len(names):
        _evaluate(whole(), numbers, output)
    elif len(start) == len(names) and rows.triangle([start[name] for name in names]) is None:
        _evaluate(whole(), numbers, output)  # says which row is not finite
    if options["sigma"]:
        fit_texts.refuse_parameters(options["sigma"], names)
        fit_texts.look_at_sigma(opened, read_given, numbers, options["sigma"])
    robust, counts = None, None
    if options["poisson"]:
        rows, counts = fit_texts.counted(opened, read_given, names, others, start, options)
    if options["sigma_x"]:
        rows = fit_texts.with_x_errors(opened, read_given, rows, {**others, **start}, options)
        fit_texts.refuse_parameters(options["sigma_x"], names)
    if options["loss"]:
        robust = fit_texts.robust(text, read_given, rows, {**others, **start}, options)
    other = robust or counts or likely or options["sigma_x"]
    asked = FitAsked(
        robust.rows if robust else rows, start, limits,
        bool(counts or (options["absolute_sigma"] and (options["sigma"] or options["sigma_x"]))),
        options["starts"], seed, options["steps"],
        lambda: nan if other else fit_texts.total(opened, read_given, numbers, options["sigma"]),
        options["intervals"], options["level"], robust=robust, counts=counts, likelihood=likely,
    )  # fmt: skip
    here = model, numbers, output, opened, names, options, asked, read_given, whole
    return Fitting(*here, grouped)


def _read(
    text: Opened, read_given: fit_texts.ReadGiven, options: FitOptions, by_heads: bool
) -> tuple[Model, Mapping[str, float], Callable[[], Model]]:
    """The Model and the numbers of its inputs, and what reads that of all rows. by_heads: whether the first
    one may be of the first rows, which is read in a moment."""

    @cache
    def whole() -> tuple[Model, Mapping[str, float]]:
        return read_given(text, True)

    some = text.seen_by_heads() if by_heads and not options["poisson"] else None
    if some and model_texts(text.source):
        with suppress(BackpropError):  # which is told of all rows
            return *read_given(some, True), lambda: whole()[0]
    return *whole(), lambda: whole()[0]


def all_parameters(model: Model, of: str | None) -> list[str]:
    """What can be fitted of equations."""
    return parameters(
        model, RESIDUALS if of is None and RESIDUALS in model.names else model.output(of)
    )


def _parameters(model: Model, output: str, options: FitOptions) -> list[str]:
    """What is fitted. Raises NothingToMove."""
    try:
        return parameters(model, output, options["only"], options["freeze"])
    except NothingToMove as error:
        if output == RESIDUALS and not (options["only"] or options["freeze"]):
            error.hints = ("give what is to be found a name: y ~ a*x",)
        raise


def _look_at_others(
    model: Model, output: str, names: Sequence[str], numbers: Mapping[str, float]
) -> None:
    """Raise MissingInputs for an input without a number that is not fitted."""
    known = {*model.default_numbers(), *numbers}
    if any(name not in known for name in parameters(model, output) if name not in names):
        _evaluate(model, {**dict.fromkeys(names, 1.0), **numbers}, output)


def _evaluate(model: Model, numbers: Mapping[str, float], output: str) -> None:
    """Raise what computing the output raises."""
    from backprop.evaluation.gradient import evaluate  # for mistakes, and likelihoods

    if streamed_matrices.is_streamed(model):
        streamed_matrices.gradient(model, numbers, output, "python")
    else:
        evaluate(model, {**numbers}, output, restores=False)


def _look_at_rows(
    model: Model, numbers: Mapping[str, float], output: str, names: Sequence[str]
) -> None:
    """Raise NotFinite for a step that has no value whatever the parameters are: one of data alone."""
    found = list[NotFinite]()
    for start in _STARTS:
        own = {name: numbers.get(name, start) for name in names}
        try:
            _evaluate(model, {**numbers, **own}, output)
        except NotFinite as error:
            found.append(error)
        except BackpropError:
            return
    if len(found) == len(_STARTS) and len({each.message for each in found}) == 1:
        raise found[0]
