"""What can be said of a descent: its options, all of them with their defaults, and their ranges."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypedDict

from backprop.options import EngineName, Option, Range, fields, names_option

GivenBounds = Sequence[str] | Mapping[str, tuple[float | None, float | None]]
"""Texts such as `a=0..1`, or for each name or pattern its ends; None is one that is open."""

_POSITIVE = Range(0, outside=0)
_NOT_NEGATIVE = Range(0)
_COUNT = Range(0, whole=True)


class DescentOptions(TypedDict, total=False):
    """What can be said of a descent, in Python and on the command line: to add an option, add a field."""

    # fmt: off
    lr: Annotated[float | None, Option(
        "--lr NUMBER",
        "The step size, of gd where no optimizer is named. Default: its own, or chosen step by step.",
        takes=_POSITIVE, wrong="--lr is {}; it must be a positive finite number",
    )]
    steps: Annotated[int, Option("--steps N", "The most steps.", 1000, takes=_COUNT)]
    optimizer: Annotated[str, Option(
        "--optimizer NAME", '{optimizers}; with options: "adam(beta1=0.95)".', "auto",
        offers="optimizers",
    )]
    schedule: Annotated[str, Option(
        "--schedule NAME", "How --lr changes: {schedules}.", "constant", offers="schedules",
    )]
    clip: Annotated[float | None, Option(
        "--clip NUMBER", "The largest gradient norm that an update sees.",
        takes=_POSITIVE, wrong="gradients cannot be clipped to {}; give a positive number",
    )]
    only: Annotated[Sequence[str], names_option(
        "--only", 'Move these inputs only: "a, w*"; * and ? stand for any letters.', "inputs",
    )]
    freeze: Annotated[Sequence[str], names_option(
        "--freeze", "Leave these inputs where they are.", "inputs",
    )]
    bounds: Annotated[GivenBounds | None, Option(
        "--bounds TEXT", 'Limits, instead of those in the equations: "a=0..1, b=..5, w*=-1..1".',
        offers="bounds",
    )]
    maximize: Annotated[bool, Option("--maximize", "Climb, so that the output rises.")]
    until_grad: Annotated[float | None, Option(
        "--until-grad NUMBER", "Stop at this gradient norm.", takes=_NOT_NEGATIVE,
    )]
    until_change: Annotated[float | None, Option(
        "--until-change NUMBER",
        "Stop when a step changes the output by at most this part of its range so far.",
        takes=_NOT_NEGATIVE,
    )]
    target: Annotated[float | None, Option(
        "--target NUMBER", "Stop at this output.",
        takes=Range(), wrong="the target is {}; give a number",
    )]
    starts: Annotated[int, Option(
        "--starts N",
        "Descend from N starts, the given one and others at random, and tell the best and where all ended.",
        1, min=1,
    )]
    every: Annotated[int | None, Option(
        "--every N", "Trace and history take every Nth step only.", min=1,
        needs=("trace", "history", "plot"),
    )]
    batch: Annotated[int | None, Option(
        "--batch N", "Rows of --data that each update sees: minibatches, for the first-order optimizers.",
        min=1, needs=("data",),
    )]
    epochs: Annotated[int | None, Option(
        "--epochs N", "How often all rows are gone through. Default: 10.", min=1, needs=("batch",),
    )]
    shuffle: Annotated[bool, Option(
        "--shuffle", "Take the rows in another order in each epoch, the same for the same --seed.",
        needs=("batch",),
    )]
    patience: Annotated[int | None, Option(
        "--patience N",
        "Stop after N epochs in which --validate has got no better, and go back to the best one.",
        min=1, needs=("validate",),
    )]
    explain_step: Annotated[int | None, Option(
        "--explain-step K", "Show update K with its numbers.", min=1,
    )]
    engine: EngineName
    # fmt: on


def complete(given: Mapping[str, Any]) -> DescentOptions:
    """All options of a descent: those given, and the defaults of the others. Raises TypeError for
    one that there is not."""
    for name in given:
        if name not in DescentOptions.__annotations__:
            numbers = f"; numbers of inputs go in front, as {{{name!r}: 1.0}}"
            raise TypeError(f"a descent has no option {name!r}{numbers}")
    found: Any = {name: given.get(name, default) for name, _, default, _ in fields(DescentOptions)}
    options: DescentOptions = found
    return options


def check_ranges(options: Mapping[str, Any]) -> None:
    """Raise BadOption for a number that makes no sense, by itself and for any optimizer."""
    for name, _, _, option in fields(DescentOptions):
        number = options[name]
        option.check(number)
        downhill = name == "lr" and number is not None and number < 0
        hints = ["to climb, give a positive one and --maximize"] if downhill else []
        if wrong := option.out_of_range(number, hints):
            raise wrong
