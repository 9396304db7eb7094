"""What a person chooses by name: an optimizer or a schedule with its numbers, parameters by pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from backprop import patterns as patterns_of
from backprop.descent.optimizers import Minimizer, Optimizer, Schedule, defaults
from backprop.errors import BackpropError, BadOption, NothingToMove, raise_all
from backprop.evaluation.inputs import not_an_input, number_of
from backprop.language import Model, read_settings
from backprop.source import Source, normal
from backprop.suggest import did_you_mean, unknown_choice, unknown_name

Row = TypeVar("Row", bound=Optimizer | Minimizer | Schedule)

_CHOICE = re.compile(r"\s*([\w-]+)\s*(?:\((.*)\))?\s*", re.S)


def choice(option: str, text: str, table: Mapping[str, Row]) -> tuple[Row, dict[str, float]]:
    """The row that `adam` or `adam(beta1=0.95)` names, and all its options with their numbers.

    Raises BadOption for what the table does not have, the errors of a setting for a bad number.
    """
    found = _CHOICE.fullmatch(text)
    name = found[1].lower() if found else text
    row = table.get(name)
    if row is None or found is None:
        raise unknown_choice(option, name, table)
    options = defaults(row)
    source = Source(f"<--{option}>", found[2] or "")
    for key, setting in read_settings(source).items() if source.text.strip() else ():
        if key not in options:
            hints = (
                ["the step size is --lr"]
                if key == "lr"
                else did_you_mean(key, options)
                or [f"it has {', '.join(options)}" if options else "it has no options"]
            )
            raise BadOption(f"{name} has no option {key!r}", setting.name, hints=hints)
        options[key] = number = number_of(setting.model, setting.root)
        takes = row.options[key][1]
        if not takes.has(number):
            raise BadOption(f"{key} must be {takes}", setting.name)
    if options.get("initial_trust_radius", 0) >= options.get("max_trust_radius", 1):
        raise BadOption("initial_trust_radius must be less than max_trust_radius")
    return row, options


def parameters(
    model: Model, output: str, only: Sequence[str] = (), freeze: Sequence[str] = ()
) -> list[str]:
    """The inputs that a descent moves: those that lead to the output, `only` these, `freeze` not those.

    only, freeze: names, families or patterns (`w*`). Raises UnknownName, NotAnInput, NothingToMove.
    """
    leading = set(model.graph(output).inputs)
    inputs = [name for name in model.inputs if model.names[name] in leading]
    only, freeze = ([each] if isinstance(each, str) else each for each in (only, freeze))
    wanted = matching(model, only) if only else set(inputs)
    kept = matching(model, freeze)
    free = [name for name in inputs if name in wanted and name not in kept]
    if not free:
        if not inputs:
            message, hint = f"{output} depends on no input", "name another output: --of NAME"
        elif kept:
            message, hint = f"every input of {output} is frozen", "freeze fewer of them"
        else:
            message = f"{output} depends on none of the inputs that may move"
            hint = f"it depends on {', '.join(inputs[:8])}"
        raise NothingToMove(
            f"nothing is free to move: {message}", hints=[hint], where=model.source.name
        )
    return free


def matching(model: Model, wanted: Iterable[str]) -> set[str]:
    """The inputs that any of the patterns names; every pattern must name one."""
    found: set[str] = set()
    errors: list[BackpropError] = []
    for pattern in map(normal, wanted):
        names = patterns_of.matching(pattern, model.inputs)
        if not names:
            if pattern in model.names:
                errors.append(not_an_input(model, pattern))
            else:
                errors.append(unknown_name(pattern, model.inputs, "the inputs of these equations"))
        found.update(names)
    raise_all(errors)
    return found


def bounds_of(
    model: Model, free: Sequence[str], bounds: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """The bounds of each free parameter, patterns resolved; a later one narrows an earlier one.

    Raises UnknownName and NotAnInput, BadOption for bounds the wrong way round.
    """
    found: dict[str, tuple[float, float]] = {}
    for pattern, (low, high) in ((each, map(float, ends)) for each, ends in bounds.items()):
        if not low <= high:
            raise BadOption(
                f"the bounds of {pattern} are the wrong way round: {low:g}..{high:g}",
                hints=[f"write {pattern}={high:g}..{low:g}"] if low > high else [],
            )
        for name in matching(model, [pattern]):
            if name not in free:
                continue
            before = found.get(name, (low, high))
            found[name] = max(low, before[0]), min(high, before[1])
            if found[name][0] > found[name][1]:
                raise BadOption(
                    f"the bounds of {name} leave no room: no number is within all of them"
                )
    return found
