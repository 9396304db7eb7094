"""What a person chooses: an optimizer or a schedule with its numbers, parameters by pattern, bounds."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import chain
from math import inf
from typing import TYPE_CHECKING, TypeVar

from backprop.descent_options import GivenBounds
from backprop.errors import (
    LIMIT,
    BackpropError,
    BadOption,
    NotAnInput,
    NotANumber,
    NothingToMove,
    UnexpectedText,
    raise_all,
)
from backprop.evaluation.leaves import number_of, refused
from backprop.given import from_lines
from backprop.language import Model, read_settings
from backprop.language.declarations import FREE, Bounds, wrong_bounds
from backprop.names import Names, did_you_mean, unknown_choice
from backprop.numbers import exact, shortened, shown
from backprop.source import Source, Span, normal
from backprop.syntax.scanner import LIST_ENDS, Tokens, statements

if TYPE_CHECKING:
    from backprop.descent.optimizers import Minimizer, Optimizer, Schedule

Entry = TypeVar("Entry", bound="Optimizer | Minimizer | Schedule")

Limits = dict[str, Bounds]
"""For each name its bounds."""

_CHOICE = re.compile(r"\s*([\w-]+)(?:\s*\((.*)\))?\s*", re.S)
_PAIR = r"(\w+)\s*=\s*([^\s,;=)}\]]+)"
_LOOSE = re.compile(
    rf"\s*([\w-]+)(?:\s*[,:;({{\[]|\s)\s*({_PAIR}(?:[\s,;]+{_PAIR})*)[\s,;]*(?:[\])}}]\s*)?"
)
"""An optimizer and its numbers without the two brackets: `adam,lr=0.1`, `adam(beta1=0.9`."""


def choice(option: str, text: object, table: Mapping[str, Entry]) -> tuple[Entry, dict[str, float]]:
    """The row that `adam` or `adam(beta1=0.95)` names, and all its options with their numbers.
    Raises BadOption for what the table does not have, the errors of a setting for a bad number."""
    from backprop.descent.optimizers import defaults  # for descents alone

    if not isinstance(text, str):
        raise unknown_choice(option, text, table)
    found = _CHOICE.fullmatch(text)
    name = found[1].lower() if found else text
    if found is None and (loose := _LOOSE.fullmatch(text)) and loose[1].lower() in table:
        raise _without_brackets(option, loose[1].lower(), dict(re.findall(_PAIR, loose[2])))
    if found is None or name not in table:
        raise unknown_choice(option, found[1] if found else text, table)
    row = table[name]
    options = defaults(row)
    whole, start = Source(f"<--{option}>", text), max(found.start(2), 0)
    given = found[2] or ""
    if options and given.strip() and "=" not in given:
        hints = [f"write {name}({next(iter(options))}={given.strip()})"]
        place = Span(whole, start, start + len(given))
        raise BadOption(f"the options of {name} have names", place, hints=hints)
    try:
        _take(row, name, options, Source(whole.name, given))
    except BackpropError as error:
        for each in error.all:  # the text is what was typed
            each.labels = tuple(
                label._replace(span=Span(whole, start + label.span.start, start + label.span.end))
                for label in each.labels
            )
        raise
    return row, options


def _take(
    row: "Optimizer | Minimizer | Schedule", name: str, options: dict[str, float], source: Source
) -> None:
    """Enter the numbers of `beta1=0.95`. Raises as `choice`."""
    for key, setting in read_settings(source).items() if source.text.strip() else ():
        if key not in options:
            hints = ["the step size is --lr"] if key == "lr" else did_you_mean(key, options)
            hints = hints or [f"it has {', '.join(options) or 'no options'}"]
            raise BadOption(f"{name} has no option {key!r}", setting.name, hints=hints)
        options[key] = number = number_of(setting.model, setting.root)
        if not (takes := row.options[key][1]).has(number):
            raise BadOption(f"{key} must be {takes}", setting.name)


def _without_brackets(option: str, name: str, given: Mapping[str, str]) -> BadOption:
    """The error for `adam,lr=0.1`, whose numbers have no brackets; `lr` is an option of its own."""
    lr = f" --lr {given['lr']}" if "lr" in given else ""
    own = ", ".join(f"{key}={value}" for key, value in given.items() if key != "lr")
    meant = f'"{name}({own})"' if own else name
    message = f"the numbers of {name} stand in brackets" if own else f"{name} has no option 'lr'"
    return BadOption(message, hints=[f"write --{option} {meant}{lr}"])


def parameters(
    model: Model, output: str, only: Sequence[str] = (), freeze: Sequence[str] = ()
) -> list[str]:
    """The inputs that a descent moves: those that lead to the output, `only` these, `freeze` not
    those; never a constant.

    only, freeze: names, families or patterns (`w*`). Raises UnknownName, NotAnInput, NothingToMove.
    """
    leading = model.leading(output)
    constants = model.held
    inputs = [name for name in model.inputs if name in leading]
    only, freeze = ([each] if isinstance(each, str) else each for each in (only, freeze))
    known = Names(model.inputs)
    for pattern in only:
        _refuse_constants(model, constants, _meant(model, known, [pattern]), "only")
    frozen = set(matching(model, freeze))
    wanted = [*filter({*matching(model, only)}.__contains__, inputs)] if only else inputs
    chosen = [name for name in wanted if name not in constants]
    free = [name for name in chosen if name not in frozen]
    if free:
        return free
    if inputs and all(name in constants for name in inputs):
        message, hint = f"every input of {output} is const", "take const away from some of them"
    elif not inputs:
        message, hint = f"{output} depends on no input", "name another output: --of NAME"
    elif chosen:  # and frozen, all of them
        which = " that --only names" if only else ""
        still = (
            "frozen" if only or not any(name in constants for name in inputs) else "const or frozen"
        )
        message = f"every input of {output}{which} is {still}"
        hint = "freeze fewer of them" if len(chosen) > 1 else f"do not freeze {chosen[0]}"
    else:
        message = f"{output} depends on none of the inputs that may move"
        hint = f"it depends on {', '.join(inputs[:8])}"
    message = f"nothing is free to move: {message}"
    raise NothingToMove(message, hints=[hint], where=model.source.name)


def _refuse_constants(
    model: Model, constants: Container[str], names: Sequence[str], option: str
) -> None:
    """Raise NotAnInput where an option is about constants alone."""
    if all(name in constants for name in names):
        message = f"{names[0]!r} is const in the equations, so that no descent moves it"
        hints = [f"leave it out of --{option}, or take const away"]
        raise NotAnInput(message, hints=hints, where=model.source.name)


def matching(model: Model, wanted: Iterable[str]) -> list[str]:
    """The inputs that any of the patterns names, in file order; every pattern must name one."""
    found = set(_meant(model, Names(model.inputs), wanted))
    return [name for name in model.inputs if name in found]


def _meant(model: Model, inputs: Names, wanted: Iterable[str]) -> list[str]:
    """The inputs that each of the patterns names, one after the other."""
    found: list[str] = []
    errors: list[BackpropError] = []
    for pattern in map(normal, wanted):
        names, missing = inputs.meant(pattern)
        found += names
        if missing is not None and (error := refused(model, missing, near=len(errors) < LIMIT)):
            errors.append(error)
    raise_all(errors)
    return found


def read_bounds(texts: Sequence[str]) -> Limits:
    """The bounds of `a=0..1, b=..5, w*=-1..1`, for each name or pattern.

    An end that is left out is infinite. Raises SyntaxFaults, NotANumber for names in a bound, and
    BadOption for bounds the wrong way round, and for two that leave no room.
    """
    found: Limits = {}
    errors: list[BackpropError] = []
    for tokens in chain(*(statements(Source("<--bounds>", text), LIST_ENDS) for text in texts)):
        try:
            if isinstance(tokens, BackpropError):
                raise tokens
            _narrow(found, *_bound(tokens), tokens.whole)
        except BackpropError as error:
            errors += error.all
    raise_all(errors)
    return found


def _narrow(found: Limits, name: str, low: float, high: float, *place: Span) -> None:
    """Let a name have these bounds too. Raises BadOption where that leaves it no room."""
    before = found.get(name, (low, high))
    found[name] = low, high = max(low, before[0]), min(high, before[1])
    if low > high:
        message = f"the bounds of {name} leave no room: no number is within all of them"
        raise BadOption(message, *place)


_INTERVAL = re.compile(
    r"([^\s=∈]+)(?:\s*[=∈]|\s+in\b)\s*(?:\[\s*)?((?:(?!\.\.)[^\s,=])+)\s*(?:\.\.|,)\s*([^\s,=]+?)\s*\]?"
)
"""Bounds as files have them, and as an interval: `a in 0..1`, `a=[0, 1]`. There is one place at which
each part can end, so that nothing is tried twice."""


def _bound(tokens: Tokens) -> tuple[str, float, float]:
    """The name or pattern, the least and the largest number of `a=0..1`."""
    whole, kinds = tokens.whole, tokens.kinds
    middle = kinds.index("ASSIGN") if kinds.count("ASSIGN") == 1 else 0
    if not middle or kinds[middle:].count("RANGE") != 1:
        from backprop.syntax.misstated import as_bounds  # for a mistake only

        compared = as_bounds(tokens).rpartition(": ")[2]
        meant = "name=low..high, name=low.. or name=..high"
        if " = … in " in compared:
            meant = compared.replace(" = … in ", "=")
        if found := _INTERVAL.fullmatch(whole.text):
            meant = "{}={}..{}".format(*found.groups())
        raise UnexpectedText("this is no bound", whole, hints=[f"write {meant}"])
    dots = kinds.index("RANGE", middle)
    ends = [-inf, inf]
    errors: list[BackpropError] = []
    for at, (first, behind) in enumerate([(middle + 1, dots), (dots + 1, len(kinds))]):
        if first == behind:
            continue
        side = tokens.span(first, behind - 1)
        try:
            ends[at] = from_lines(Source("<--bounds>", f"x = {side.text}"))["x"][0]
        except BackpropError as error:
            no_number = "a bound must be a number or an expression of numbers"
            message = no_number if isinstance(error, NotANumber) else error.message
            errors.append(type(error)(message, side))
    raise_all(errors)
    name, (low, high) = normal(tokens.span(0, middle - 1).text), ends
    if wrong := wrong_bounds(low, high, f"the bounds of {name}"):
        least, _, largest = tokens.span(middle + 1, -1).text.partition("..")
        hints = [f"write {name}={largest.strip()}..{least.strip()}"] if low > high else []
        raise BadOption(wrong, whole, hints=hints)
    return name, low, high


def given_bounds(bounds: GivenBounds | None) -> Limits:
    """The bounds for each name or pattern, as a program gives them: texts as on the command line, or
    pairs of numbers. Raises BadOption for anything else, and what `read_bounds` raises."""
    if not isinstance(bounds, Mapping):
        texts = [bounds] if isinstance(bounds, str) else bounds or []
        if not isinstance(texts, Sequence) or not all(isinstance(each, str) for each in texts):
            raise BadOption(f"bounds cannot be {shortened(repr(bounds), 40)}", hints=[_BOUNDS])
        return read_bounds(texts)
    found: Limits = {}
    for name, ends in bounds.items():
        try:
            low, high = ends
            if isinstance(ends, str) or isinstance(low, str) or isinstance(high, str):
                raise TypeError
            low, high = -inf if low is None else float(low), inf if high is None else float(high)
            found[normal(name)] = low, high
        except (TypeError, ValueError, OverflowError):
            message = f"the bounds of {name} cannot be {shortened(repr(ends), 40)}"
            raise BadOption(message, hints=[_BOUNDS]) from None
    return found


_BOUNDS = 'give "a=0..1, b=..5", or {"a": (0, 1), "b": (None, 5)}'


def bounds_of(model: Model, free: Sequence[str], bounds: Mapping[str, Bounds]) -> Limits:
    """The bounds of each free parameter, patterns resolved; a later one narrows an earlier one. Those
    of the file hold for names that none of the patterns names; what limits nothing is left out. Raises
    UnknownName, NotAnInput for what is const, and BadOption for bounds the wrong way round."""
    found: Limits = {}
    moving, constants, inputs = set(free), model.held, Names(model.inputs)
    for pattern, (low, high) in bounds.items():
        if wrong := wrong_bounds(low, high, f"the bounds of {pattern}"):
            hints = [f"write {pattern}={exact(high)}..{exact(low)}"] if low > high else []
            raise BadOption(f"{wrong}: {shown(low)}..{shown(high)}", hints=hints)
        _refuse_constants(model, constants, names := _meant(model, inputs, [pattern]), "bounds")
        for name in filter(moving.__contains__, names):
            _narrow(found, name, low, high)
    found = {name: model.bounds[name] for name in free if name in model.bounds} | found
    return {name: ends for name, ends in found.items() if ends != FREE}
