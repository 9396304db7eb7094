"""The equations of a fit written otherwise: weighed, with losses, with counts; and what is wrong with the
numbers of their rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from math import nan
from typing import TYPE_CHECKING, Any

import numpy

from backprop.errors import BackpropError, BadData, BadOption, NotFinite
from backprop.evaluation.gradient import evaluate
from backprop.fit.counts import Counts, counts_texts
from backprop.fit.fit_rows import FitRows
from backprop.fit.robust import Robust, named_apart, robust_texts
from backprop.fit.x_errors import WeighedRows
from backprop.fit_columns import read_by
from backprop.inputs import Opened
from backprop.language import Model
from backprop.language.apart import NotApart
from backprop.language.model_texts import ModelText, model_texts, with_models
from backprop.language.modelled import RESIDUALS, NotSquares
from backprop.language.read_words import meanings, words_in, words_read, words_through
from backprop.loops.domains import Reals
from backprop.names import did_you_mean
from backprop.numbers import listed, shown
from backprop.source import Source
from backprop.syntax.parser import read

if TYPE_CHECKING:
    from backprop.fit_options import FitOptions

ReadGiven = Callable[[Opened, bool], tuple[Model, Mapping[str, float]]]
"""Reads equations, and the numbers that a person gives for their inputs, if these are wanted."""

_NEW = "the_mean_of_the_left_side"
"""A parameter of a name that no file has."""


def weighted(opened: Opened, sigma: str) -> Opened:
    """Equations whose residuals are divided by a column, a number or an expression. Raises BadOption."""
    found, errors = read(Source("--sigma", sigma), start="expression")
    if errors or len(found) != 1:
        hints = ["give a column, a number, or an expression of columns: --sigma 0.1*y"]
        raise BadOption(f"--sigma {sigma!r} is no expression", hints=hints)
    if not model_texts(opened.source):
        hints = ["write a model, y ~ …; a sum of squares has its weights in it"]
        raise BadOption("--sigma is for model statements", hints=hints)

    for model in model_texts(opened.source):
        table = read_by(opened, model).table
        for other in opened.tables:
            lacks = [name for name in words_read(sigma) if name in other.names]
            if table and lacks and not {*lacks} <= {*table.names}:
                message = f"--sigma {sigma} is of {other.name}, and {model.whole} of {table.name}"
                both = f"({model.left})/s ~ ({model.right})/s"
                raise BadOption(message, hints=[f"write the errors into each model: {both}"])

    def weighted(model: ModelText) -> str:
        return f"({model.left})/({sigma}) ~ ({model.right})/({sigma}){model.rest}"

    return opened._replace(source=with_models(opened.source, weighted))


def with_x_errors(
    opened: Opened,
    read_given: ReadGiven,
    plain: FitRows,
    given: Mapping[str, float],
    options: FitOptions,
) -> WeighedRows:
    """Rows that are weighed by the errors of a column on the right side, too. plain: the residuals without
    weights. given: numbers for all inputs. Raises BadOption for what has none."""
    sides = model_texts(opened.source)
    if not sides or options["poisson"] or options["loss"]:
        what = "--poisson" if options["poisson"] else "--loss"
        message = (
            f"--sigma-x has no meaning with {what}"
            if sides
            else "--sigma-x is for model statements"
        )
        hints = ["leave one of both out"] if sides else ["write a model, y ~ …"]
        raise BadOption(message, hints=hints)
    if options["intervals"] == "bootstrap":
        hints = ["by the profile of the sum of squares: --intervals profile"]
        raise BadOption("samples of rows have no weights by --sigma-x", hints=hints)
    if not plain.in_memory:
        hints = ["let it have more, as --memory 8G"]
        raise BadOption("--sigma-x is for rows in memory, and this table is larger", hints=hints)

    def numbers(make: Callable[[ModelText], str]) -> FitRows | None:
        text = opened._replace(source=with_models(opened.source, make))
        try:
            model, _ = read_given(text, False)
            return FitRows(model, RESIDUALS, plain.names, {**model.default_numbers(), **given})
        except NotSquares:
            return None

    def slope(model: ModelText) -> str:
        by = _moved_by_x(opened, options, model, given)
        return f"0 ~ -({by}) - 0*({model.left}){model.rest}"

    slopes = numbers(slope)
    own = numbers(lambda model: f"({options['sigma'] or 0}) ~ 0*({model.left}){model.rest}")
    _look_at_x_errors(opened, numbers, options, given)

    def widths(at: Sequence[float]) -> Reals | None:
        moved, still = (each.each(at, slopes=False) if each else None for each in (slopes, own))
        if moved is None:
            return None
        y = 0.0 if still is None else still.columns[-1]
        found: Reals = numpy.hypot(moved.columns[-1], y)
        return found

    return WeighedRows(plain, widths)


def _look_at_x_errors(
    opened: Opened,
    numbers: Callable[[Callable[[ModelText], str]], FitRows | None],
    options: FitOptions,
    given: Mapping[str, float],
) -> None:
    """Raise BadOption for errors of a column below 0. numbers: makes rows of other model statements."""

    def error(model: ModelText) -> str:
        _, text = error_of_x(opened, options, model, given)
        return f"({text or 0}) ~ 0*({model.left}){model.rest}"

    rows = numbers(error)
    each = rows.each([given.get(name, 1.0) for name in rows.names], slopes=False) if rows else None
    if rows is None or each is None or not (each.columns[-1] < 0).any():
        return
    row = int(numpy.argmax(each.columns[-1] < 0))
    number, place = shown(float(each.columns[-1][row]), 6), rows.place(each.where, row)
    message = f"--sigma-x {options['sigma_x']} is {number} at {place}: an error is not below 0"
    raise BadOption(message, hints=['leave such rows out: --where "…"'])


def error_text(opened: Opened, options: FitOptions, model: ModelText, known: Container[str]) -> str:
    """The error of each row of a model statement, as an expression; "" where none was given. known: names
    with numbers."""
    sigma = options["sigma"]
    if not options["sigma_x"]:
        return sigma
    by = _moved_by_x(opened, options, model, known)
    return f"sqrt(({sigma or 0})^2 + ({by})^2)"


def _moved_by_x(
    opened: Opened, options: FitOptions, model: ModelText, known: Container[str]
) -> str:
    """By how much the error of a column moves the right side, as an expression. known: names with numbers."""
    x, error = error_of_x(opened, options, model, known)
    return f"derivative({model.right}, {x})*({error})" if x else "0"


def error_of_x(
    opened: Opened, options: FitOptions, model: ModelText, known: Container[str]
) -> tuple[str, str]:
    """The column of which `--sigma-x` says the error, and that as an expression, of a model statement that
    reads the column; "" of others. known: names with numbers."""
    if not options["sigma_x"]:
        return "", ""
    means = meanings(opened.source)
    sides = [[*words_through(each.right, means)] for each in model_texts(opened.source)]
    x, error = _column_and_error(opened, sides, options["sigma_x"], known)
    return (x, error) if x in words_through(model.right, means) else ("", "")


def weights_in_words(options: FitOptions) -> str:
    """How much a row counts; "" for all the same."""
    sigma, of_x = options["sigma"], options["sigma_x"]
    if not of_x:
        return f"1/({sigma})²" if sigma else ""
    name, sign, error = of_x.rpartition("=")
    slope = f"slope² by {name.strip()}" if sign else "slope²"
    own = f"({sigma})² + " if sigma else ""
    return f"1/({own}{slope}·({error.strip()})²), the slope held within a solve, until both settle"


def _column_and_error(
    opened: Opened, sides: Sequence[Sequence[str]], text: str, known: Container[str]
) -> tuple[str, str]:
    """The column of which `--sigma-x` says the error, and that: `x=0.1`, or the error alone where there is
    one column. sides: the names that each right side reads. known: names with numbers. Raises BadOption."""
    columns = {name for table in opened.tables for name in table.names}
    words = (word for side in sides for word in side)
    there = [*dict.fromkeys(word for word in words if word in columns)]
    name, sign, error = text.partition("=")
    if not sign or error.startswith("="):
        name, error = there[0] if len(there) == 1 else "", text
    name = name.strip()
    if name not in there:
        some = listed(there, 8) if there else "none"
        message = f"--sigma-x {text!r} does not say of which column: on the right there is {some}"
        raise BadOption(message, hints=[f"write --sigma-x {there[0] if there else 'x'}=0.1"])
    found, errors = read(Source("--sigma-x", error), start="expression")
    if errors or len(found) != 1:
        hints = ["give a column, a number, or an expression of columns: --sigma-x 0.1"]
        raise BadOption(f"--sigma-x {error!r} is no expression", hints=hints)
    for word in re.findall(r"[^\W\d][\w']*(?!\w*\s*\()", error):
        if word not in columns and word not in known:
            hints = did_you_mean(word, columns) or [f"the columns are {listed(sorted(columns), 8)}"]
            raise BadOption(f"--sigma-x {error} has {word} in it, which is no column", hints=hints)
    return name, error


def look_at_loss(opened: Opened, output: str, options: FitOptions) -> None:
    """Raise BadOption for a loss of what has none."""
    if output != RESIDUALS or not model_texts(opened.source):
        hints = ["write a model, y ~ …; any other loss can be written out: backprop descend --of L"]
        raise BadOption("--loss is for model statements", hints=hints)
    if options["intervals"] == "profile":
        hints = ["by samples of the rows: --intervals bootstrap"]
        raise BadOption("profiles are of sums of squares, and --loss is none", hints=hints)


def robust(
    weighted: Opened,
    read_given: ReadGiven,
    plain: FitRows,
    given: Mapping[str, float],
    options: FitOptions,
) -> Robust:
    """The loss of the residuals of equations. plain: those themselves. given: numbers for all inputs."""
    words = words_in(weighted.source.text)
    function, scale = (named_apart(words, name) for name in ("robust", "robust_scale"))
    assert options["loss"]
    statement, term = robust_texts(options["loss"], function, scale)

    def make(model: ModelText) -> str:
        return f"0 ~ -{term(f'{model.left} - ({model.right})')}{model.rest}"

    text = with_models(weighted.source, make)
    source = Source(text.name, f"{text.text}\n{statement}\n")
    model, _ = read_given(weighted._replace(source=source), False)
    rows = FitRows(model, RESIDUALS, plain.names, {**given, scale: 1.0})
    return Robust(options["loss"], plain, rows, scale, options["loss_scale"])


def refuse_parameters(sigma: str, names: Sequence[str]) -> None:
    """Raise BadOption for errors of data that have in them what is fitted, or what is no column."""
    words = words_in(sigma)
    odd = [word for word in words if word in names]
    if odd:
        message = f"--sigma {sigma} has {odd[0]} in it, which is no column, and would be fitted"
        raise BadOption(message, hints=["give a column, a number, or an expression of columns"])


def look_at_sigma(
    opened: Opened, read_given: ReadGiven, given: Mapping[str, float], sigma: str
) -> None:
    """Raise BadOption for errors of data that are 0, or less."""
    text = with_models(opened.source, lambda model: f"({sigma}) ~ 0*({model.left}){model.rest}")
    try:
        model, _ = read_given(opened._replace(source=text), False)
        known = {**model.default_numbers(), **given}
        each = FitRows(model, RESIDUALS, [], known).each([])
    except (NotSquares, NotApart):
        return
    if each is None:
        try:
            evaluate(model, {**given}, RESIDUALS, restores=False)
        except NotFinite as error:
            message = f"--sigma {sigma} has no finite value in some row"
            raise BadOption(message, hints=error.hints) from None
        return
    if not (each.columns[-1] <= 0).any():
        return
    row = int(numpy.argmax(each.columns[-1] <= 0))
    place = FitRows(model, RESIDUALS, [], known).place(each.where, row)
    number = shown(float(each.columns[-1][row]), 6)
    message = f"--sigma {sigma} is {number} at {place}: an error of data is more than 0"
    raise BadOption(message, hints=['leave such rows out: --where "…"'])


def total(opened: Opened, read_given: ReadGiven, given: Mapping[str, float], sigma: str) -> float:
    """The sum of squares about the mean of what is fitted, of several statements each about its own; nan
    where that is not known. sigma: of which the squares weigh rows, if that was given."""
    models = model_texts(opened.source)
    if not models or any(each.rest for each in models):
        return nan
    names = [f"{_NEW}_{at}" for at in range(len(models))]
    fresh, weight = iter(names), f"/({sigma})" if sigma else ""

    def mean(model: ModelText) -> str:
        return f"({model.left}){weight} ~ {next(fresh)}{weight}"

    text = opened._replace(source=with_models(opened.source, mean))
    try:
        model, _ = read_given(text.seen_by_heads() or text, False)
        known = {**model.default_numbers(), **given}
        known |= dict.fromkeys(names, 0.0)
        triangle = FitRows(model, RESIDUALS, names, known, False).triangle([0.0] * len(names))
    except (BackpropError, NotSquares):
        return nan
    return nan if triangle is None else float(triangle[-1, -1]) ** 2


def counted(
    opened: Opened,
    read_given: ReadGiven,
    names: Sequence[str],
    given: Mapping[str, float],
    start: Mapping[str, float],
    options: FitOptions,
) -> tuple[FitRows, Counts]:
    """The rows of the deviance of counts. given: numbers of inputs that are no parameters; start: of
    parameters. Raises BadOption for what are no counts, BadData for counts and means below 0."""
    if not model_texts(opened.source):
        hints = ["write a model: y ~ …, with counts on its left side"]
        raise BadOption("--poisson is for model statements", hints=hints)
    for name, why in _NO_COUNTS.items():
        if options[name] and options[name] != "profile":  # type: ignore[literal-required]
            flag = f"--{name}{' bootstrap' if name == 'intervals' else ''}"
            message = f"{flag} has no meaning with --poisson: {why}"
            raise BadOption(message, hints=["leave it out"])
    _look_at_counts(
        opened, read_given, given, {**given, **start} if len(start) == len(names) else None
    )
    words = words_in(opened.source.text)
    statement, term = counts_texts(named_apart(words, "poisson"))

    def make(model: ModelText) -> str:
        return f"0 ~ -{term(f'({model.left})', f'({model.right})')}{model.rest}"

    text = with_models(opened.source, make)
    source = Source(text.name, f"{text.text}\n{statement}\n")
    model, _ = read_given(opened._replace(source=source), False)
    rows = FitRows(model, RESIDUALS, names, {**given, **start})

    def hessian(some: Sequence[str], x: Reals) -> Reals | None:
        from backprop.evaluation.hessian_matrix import hessian_at  # of counts alone

        laid, numbers = model.laid, dict(zip(names, x.tolist(), strict=True))
        values = {n: x for n, x in given.items() if not (laid and laid.is_column(n))} | numbers
        try:
            return hessian_at(model, values, RESIDUALS, some).matrix if rows.in_memory else None
        except BackpropError:
            return None

    return rows, Counts(names, hessian)


def _look_at_counts(
    opened: Opened,
    read_given: ReadGiven,
    given: Mapping[str, float],
    start: Mapping[str, float] | None,
) -> None:
    """Raise BadData for counts below 0, and for means that are not above 0. start: all numbers, if there
    are."""

    def look(
        make: Callable[[ModelText], str], known: Mapping[str, float], wrong: Callable[[Reals], Any]
    ) -> tuple[str, str] | None:
        """A number of a row that is wrong, and where it stands."""
        text = opened._replace(source=with_models(opened.source, make))
        try:
            model, _ = read_given(text, False)
            rows = FitRows(model, RESIDUALS, [], {**model.default_numbers(), **known})
            each = rows.each([])
        except (NotSquares, NotApart):
            return None
        if each is None or not wrong(each.columns[-1]).any():
            return None
        at = int(numpy.argmax(wrong(each.columns[-1])))
        return shown(float(each.columns[-1][at]), 6), rows.place(each.where, at)

    found = look(lambda model: f"{model.left} ~ 0{model.rest}", given, lambda y: y < 0)
    if found:
        message = f"what is fitted is {found[0]} at {found[1]}: a count is not below 0"
        raise BadData(message, hints=['leave such rows out: --where "…"'])
    every = look(
        lambda model: f"{model.left} ~ 0{model.rest}", given, lambda y: (y == 0) & ~y.any()
    )
    if every:
        message = (
            "every count is 0: the likeliest mean is as small as can be, and has no parameters"
        )
        raise BadData(message, hints=["give rows with counts above 0"])
    if start is None:
        return
    found = look(lambda model: f"0 ~ -({model.right}){model.rest}", start, lambda y: y <= 0)
    if found:
        message = f"the model is {found[0]} at {found[1]}: the mean of counts is above 0"
        hints = ["give another start, or write a model that is above 0, as exp(…)"]
        raise BadData(message, hints=hints)


_NO_COUNTS = {
    "sigma": "the error of a count is the root of its mean",
    "loss": "it is a loss of its own",
    "intervals": "samples of rows are fitted by squares; --intervals profile has the ends of the likelihood",
}
"""Options that have no meaning for counts, and why."""
