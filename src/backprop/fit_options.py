"""What can be said of a fit: its options, all of them with their defaults, and their ranges."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypedDict

from backprop.descent_options import GivenBounds
from backprop.options import Option, Range, fields, names_option


class FitOptions(TypedDict, total=False):
    """What can be said of a fit, in Python and on the command line: to add an option, add a field."""

    # fmt: off
    only: Annotated[Sequence[str], names_option("--only", "Fit these parameters only.", "inputs")]
    freeze: Annotated[Sequence[str], names_option("--freeze", "Hold these parameters.", "inputs")]
    bounds: Annotated[GivenBounds | None, Option(
        "--bounds TEXT", 'Limits, instead of those in the equations: "a=0..1, b=..5".', offers="bounds",
    )]
    by: Annotated[str, Option(
        "--by TEXT", 'One number for each value of a column: "sample: a, b"; sample alone: of all.', "",
    )]
    sigma: Annotated[str, Option(
        "--sigma TEXT", "The error of each row: a column, a number, or an expression of columns.", "",
    )]
    sigma_x: Annotated[str, Option(
        "--sigma-x TEXT", "The error of the column on the right: of one of several, x=0.1.", "",
    )]
    absolute_sigma: Annotated[bool, Option(
        "--absolute-sigma", "--sigma and --sigma-x are errors as such; otherwise they only weigh rows.",
        needs=("sigma", "sigma_x"),
    )]
    poisson: Annotated[bool, Option("--poisson", "What is fitted are counts: the most likely parameters.")]
    loss: Annotated[str | None, Option(
        "--loss huber|soft_l1|cauchy", "A sum in which outliers count less than their squares.",
        choices=("huber", "soft_l1", "cauchy"),
    )]
    loss_scale: Annotated[float | None, Option(
        "--loss-scale NUMBER", "From which size on residuals count less. Default: by their median.",
        takes=Range(1e-300, 1e300), wrong="--loss-scale is {}; it must be above 0", needs=("loss",),
    )]
    starts: Annotated[int, Option(
        "--starts N", "Runs from so many starts, all but one at random.", 1, min=1,
    )]
    steps: Annotated[int, Option("--steps N", "The most steps of a run.", 2000, min=1)]
    intervals: Annotated[str | None, Option(
        "--intervals profile|bootstrap",
        "Intervals that need not be symmetric: by profiles of the sum of squares, or by samples of the rows.",
        choices=("profile", "bootstrap"),
    )]
    level: Annotated[float, Option(
        "--level NUMBER", "How sure intervals and bands are.", 0.95,
        takes=Range(1e-9, 1 - 1e-9), wrong="--level is {}; it must be between 0 and 1",
    )]
    correlations: Annotated[bool, Option("--correlations", "All correlations, and not only large ones.")]
    # fmt: on


def complete(given: Mapping[str, Any]) -> FitOptions:
    """All options of a fit: those given, and the defaults of the others. Raises TypeError for one that there
    is not, BadOption for a value that makes no sense."""
    for name in given:
        if name not in FitOptions.__annotations__:
            raise TypeError(f"a fit has no option {name!r}")
    found: Any = {}
    for name, _, default, option in fields(FitOptions):
        found[name] = given.get(name, default)
        option.check(found[name])
        if wrong := option.out_of_range(found[name]):
            raise wrong
    options: FitOptions = found
    return options
