"""Which gradients a check is asked for, and the quick look at one of them."""

from collections.abc import Collection, Sequence

from backprop.checks import differences
from backprop.checks.along import Along
from backprop.checks.verdict import AGREES, Check, Compared, judge
from backprop.errors import NotAnInput
from backprop.evaluation.gradient import Gradient
from backprop.language import Model
from backprop.names import Names, gathered, meant
from backprop.numbers import listed


def chosen(model: Model, gradient: Gradient, among: Sequence[str]) -> list[str]:
    """The inputs that move an output, by all but the constants. among: names and patterns of those
    that are asked for, if not all. Raises NotAnInput, UnknownName."""
    moving = model.inputs_among(gradient.gradients)
    inputs = [name for name in moving if name not in model.still]
    if not among:
        return inputs
    _refuse(model, among, inputs, gradient.output)
    kept = {*meant(among, inputs, f"the inputs of {gradient.output}")}
    return [name for name in inputs if name in kept]


def at_a_glance(asked: Compared, function: Along) -> Check | None:
    """The verdict where the output is a smooth function with this gradient, by few looks or by many;
    None where it may be none."""
    if asked.gradient == 0.0 or function.inner:
        return None
    for look in (differences.quick_sides, differences.sides):
        found = look(function)
        check = found and judge(asked, found)
        if found and check and check.verdict == AGREES and not found.flat:
            return check
    return None


def _refuse(model: Model, among: Sequence[str], inputs: Collection[str], output: str) -> None:
    """Raise NotAnInput where a name that is asked for is there, and has nothing to be checked."""
    known, constants = Names(model.names), model.held
    for pattern in among:
        found = known.matching(pattern)
        if not found or not set(inputs).isdisjoint(found):
            continue
        name, hints = found[0], [f"the inputs of {output} are: {listed(gathered([*inputs]), 10)}"]
        message = f"{output} does not depend on {name!r}"
        if name in model.fixed and name not in constants:
            message = f"{name!r} decides ranges or indices, so that no check moves it"
        elif name in constants:
            message = f"{name!r} is const in the equations, so that no check moves it"
            hints = ["leave it out of --only, or take const away"]
        elif model.is_equation(name):
            message = f"{name!r} is computed by its equation, and inputs are checked"
        raise NotAnInput(message, hints=hints, where=model.source.name)
