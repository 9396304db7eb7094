"""`backprop draw`."""

from typing import Annotated

from backprop import commands, options
from backprop.cli.onlooker import ending
from backprop.cli.printing import complain, put, transparent_option, width_option, write
from backprop.inputs import Inputs
from backprop.numbers import either
from backprop.options import option
from backprop.reports import PICTURES
from backprop.reports.themes import TIMEOUT, Look, ThemeName

EXAMPLE = 'Example: backprop draw -e "e = a*b; L = e+c" --set "a=2, b=-3, c=10" -o graph.png'


def draw(
    inputs: Inputs,
    *,
    output: str = option(
        "-o, --output FILE", f"Where to; {either(PICTURES.endings)}. - is SVG to standard output.",
        "graph.svg", path="written",
    ),
    theme: ThemeName,
    direction: options.Direction,
    passes: options.Pass,
    detail: options.DetailBySize,
    focus: list[str] = options.names_option("--focus", "Only what is near these names."),
    depth: options.Depth,
    whole: bool = options.all_option("Draw everything, however large."),
    digits: options.PictureDigits,
    transparent: Annotated[bool, transparent_option()],
    width: Annotated[int | None, width_option("as wide as text of 12 points makes it")],
    timeout: int = option(
        "--timeout SECONDS", "How long laying out may take.", TIMEOUT, min=1, max=86400,
    ),
) -> None:  # fmt: skip
    """The graph with data and gradients, as a picture.

    An arrow carries the local derivative: the gradient where it leads to, times the number on it,
    is what it adds to the gradient where it comes from.
    """
    wrong = f"{output} has no ending of a picture"
    format = "svg" if output == "-" else PICTURES.of_file(output, wrong)
    look = Look(theme, direction, passes == "backward", digits, transparent, width, timeout)
    picture, gradient = commands.draw(inputs, detail, focus, depth, whole)
    with ending():
        drawn = PICTURES.writer(format)(picture, look, format)
    if output == "-":
        put(drawn.decode())
    else:
        write(output, drawn)
    complain(gradient.warnings, "warning")
    complain(gradient.notes, "note")
