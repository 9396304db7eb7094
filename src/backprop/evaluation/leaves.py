"""The numbers of a Model's inputs: those that are given, and the file's own."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from itertools import chain, islice
from types import MappingProxyType

from backprop.engine.underflow import too_small
from backprop.errors import (
    LIMIT,
    BackpropError,
    Label,
    NotAnInput,
    NotANumber,
    NotFinite,
    OutsideBounds,
    raise_all,
)
from backprop.evaluation import diagnosis
from backprop.evaluation.shaken import moves
from backprop.graph import Graph
from backprop.language import Model
from backprop.language.declarations import written_bounds
from backprop.names import Names, unknown_name
from backprop.numbers import as_double, shown
from backprop.source import Span, normal
from backprop.values import without_names

_NOWHERE: Mapping[str, Span] = MappingProxyType({})


def inputs_at(model: Model, values: Mapping[str, float]) -> tuple[dict[int, float], set[int]]:
    """The number of every input, from `values` or the file, by row; and the rows that have none.
    Raises UnknownName, NotAnInput, NotANumber, NotFinite."""
    errors: list[BackpropError] = []
    given: dict[str, float] = {}
    for name, number in ((normal(key), number) for key, number in values.items()):
        if error := refused(model, name, near=len(errors) < LIMIT):
            errors.append(error)
            continue
        try:
            given[name] = as_double(number)
        except (TypeError, ValueError, OverflowError):
            shown = f"{number!r:.40}"
            errors.append(NotANumber(f"{name} = {shown} is no number that a double can hold"))
    raise_all(errors)
    numbers = constants(model)
    missing: set[int] = set()
    for name in model.inputs:
        node = model.names[name]
        if name in given:
            numbers[node] = given[name]
        elif name in model.defaults:
            numbers[node] = default(model, name)
        else:
            missing.add(node)
    return numbers, missing


def outside(
    model: Model,
    numbers: Mapping[str, float],
    replaced: Iterable[str] = (),
    places: Mapping[str, Span] = _NOWHERE,
) -> list[OutsideBounds]:
    """An error for each number given that is not within the bounds that the file has for its input.

    replaced: names or patterns of the inputs that have other bounds. places: where the numbers stand.
    """
    named = {normal(name): number for name, number in numbers.items()} if model.bounds else {}
    given = {name: number for name, number in named.items() if name in model.bounds}
    known = Names(given)
    others = {name for pattern in replaced for name in known.matching(pattern)}
    errors: list[OutsideBounds] = []
    for name, number in given.items():
        low, high = model.bounds[name]
        with suppress(TypeError, ValueError, OverflowError):  # of what is no number others speak
            number = as_double(number)
        if name in others or not isinstance(number, float) or not (number < low or number > high):
            continue
        message = f"{name} = {shown(number)} lies outside its bounds {written_bounds(low, high)}"
        labels = [Label(Span.at(model.source, model.written[name]), "its bounds")]
        if name in places:
            labels.insert(0, Label(places[name], "given here"))
        hints = ["give a number within them, or change the bounds in the equations"]
        errors.append(OutsideBounds(message, *labels, hints=hints))
    return errors


def constants(model: Model) -> dict[int, float]:
    """The numbers of the constants of indices and ranges, which nobody can set, by row."""
    return {
        model.names[name]: default(model, name) for name in model.fixed if name in model.defaults
    }


def default(model: Model, name: str) -> float:
    """The number that the file gives an input: of a constant of ranges, bounds or draws the double
    with which these were read. Raises NotFinite."""
    if model.loops:
        return model.default(name)
    return number_of(model, model.defaults[name], name not in model.read_with)


def look_at_all(model: Model) -> None:
    """Look at the numbers of the file for rounding, for who then reads them off the Model."""
    if model.loops:  # none of which rounding makes what it is
        return
    for name in model.defaults:
        with suppress(NotFinite):  # another number stands for it, or it has been told
            default(model, name)


def by_rounding(model: Model, values: Collection[str]) -> list[BackpropError]:
    """A warning for each number of the file that rounding makes what it is, but for those of the
    names in `values`, for which others are given."""
    if not model.rounded:
        return []
    given = set(map(normal, values))
    roots = [root for name, root in model.defaults.items() if name not in given]
    return [model.rounded[root] for root in roots if root in model.rounded]


def number_of(model: Model, root: int, restores: bool = True) -> float:
    """The number that an expression without names, a row of the model, stands for. restores: whether
    it has the digits that rounding takes. Raises NotFinite."""
    if model.columns.is_number(root):
        return model.columns.constant(root)
    order, data = without_names(model.columns, root)
    diagnosis.values(model, order, len(order), data)
    if sum(map(model.columns.is_step, order)) < 2:
        return data[root]
    if root not in model.looked_at:
        model.looked_at[root] = _with_more_digits(model, root, data, restores)
    return model.looked_at[root]


def _with_more_digits(model: Model, root: int, data: Mapping[int, float], restores: bool) -> float:
    """The number of an expression of several steps, whose double is known: what of it is rounding,
    or too small on the way, is computed with more digits. restores: whether that counts."""
    graph, data = Graph(model.columns, [root]), {**data}
    if too_small(graph, data) or moves(graph, data):
        from backprop.evaluation.indeterminate import exactly  # which has mpmath compute: 40 ms

        found, warnings = exactly(model, graph, data, restores)
        model.rounded.update(dict.fromkeys([root] if warnings else (), *warnings))
        return found
    return data[root]


def refused(
    model: Model, name: str, span: Span | None = None, near: bool = True
) -> BackpropError | None:
    """The error for a name that is no input, and can take no number; None for an input.

    near: whether to look for the input that may be meant.
    """
    if model.laid and model.laid.is_column(name):
        message = (
            f"{name.partition('[')[0]} is a column of data, whose numbers are those of the file"
        )
        hints = ["leave it out, or give the column another name: --column"]
        return NotAnInput(message, *([span] if span else []), hints=hints)
    if name not in model.names:
        known = chain(model.inputs, (each for each in model.fixed if not model.is_equation(each)))
        return unknown_name(name, known, "the inputs of these equations", span, near)
    if name in model.fixed and not model.is_equation(name):
        message = (
            f"{name!r} is in an index, a range, a draw, bounds or an uncertainty (±):"
            " the number of equations or what is said of their inputs depends on it"
        )
        hint = "change it in the equations, or give it where they are read: --set on a command line"
    elif model.is_equation(name):
        text = model.instance_of(name)
        shown = text if len(text) <= 60 else "…"
        message = f"{name!r} is computed by its equation, {name} = {shown}; it cannot be set"
        fixed = filter(model.read_with.__contains__, model.names)
        constants = (each for each in fixed if not model.is_equation(each))
        laid, known = model.laid, chain(constants, model.inputs)
        free = (each for each in known if laid is None or not laid.is_column(each))
        hint = f"set the inputs: {', '.join(islice(free, 8))}"
    else:
        return None
    return NotAnInput(message, *([span] if span else []), hints=[hint])
