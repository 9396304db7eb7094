"""`backprop draw`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

from backprop import commands, options, streamed_matrices
from backprop.cli.onlooker import ending
from backprop.cli.printing import (
    chosen_format,
    complain,
    format_option,
    put,
    tell,
    transparent_option,
    width_option,
    write,
)
from backprop.errors import BadOption
from backprop.evaluation.gradient import Gradient
from backprop.inputs import Asked, Inputs
from backprop.numbers import either
from backprop.options import option
from backprop.places import STANDARD
from backprop.reports import PICTURES, STEPS
from backprop.reports.themes import TIMEOUT, Look, ThemeName

EXAMPLE = 'Example: backprop draw -e "e = a*b; L = e+c" --set "a=2, b=-3, c=10" -o graph.png'

_USUAL = "graph.svg"


def draw(
    inputs: Inputs,
    *,
    output: str | None = option(
        "-o, --output FILE",
        f"Where to; {either(PICTURES.endings)}. - is standard output. Default: {_USUAL}.",
        path="written", usual=_USUAL,
    ),
    format: Annotated[str | None, format_option(PICTURES)],
    title: str | None = option(
        "--title [TEXT]", "A heading: the text, or without one the file's first comment.", alone=True,
    ),
    theme: ThemeName,
    direction: options.Direction,
    passes: options.Pass,
    detail: options.DetailBySize,
    focus: list[str] = options.names_option("--focus", "Only what is near these names."),
    depth: options.Depth,
    whole: bool = options.all_option("Draw everything, however large."),
    step: int | None = option(
        "--step K",
        "The picture after K steps, numbered as in explain with this --detail; 0 is before the first.",
    ),
    frames: str | None = option(
        "--frames DIR", "A picture a step, of one size, into this folder: step_01.svg, …", path="folder",
    ),
    animate: bool = option("--animate", "Both passes as one SVG that moves, again and again."),
    interval: options.StepSeconds,
    blank: bool = option(
        "--blank", "A worksheet: lines to write on for what is computed, or for what comes after --step.",
    ),
    digits: options.PictureDigits,
    transparent: Annotated[bool, transparent_option()],
    width: Annotated[int | None, width_option("as wide as text of 12 points makes it")],
    timeout: int = option(
        "--timeout SECONDS", "How long laying out may take.", TIMEOUT, min=1, max=86400,
    ),
) -> None:  # fmt: skip
    """The graph with data and gradients, as a picture or step by step.

    An arrow carries the local derivative: the gradient where it leads to, times
    the number on it, is what it adds to the gradient where it comes from.
    """
    _check(output, step, frames, animate, interval, blank)
    in_steps = blank or animate or step is not None or frames is not None
    format = _format(format, output, in_steps)
    if animate and format != "svg":
        hints = [
            "write an SVG: -o steps.svg",
            f"or a picture a step: --frames steps --format {format}",
        ]
        raise BadOption(
            f"a picture in {format} stands still: --animate has no place there", hints=hints
        )
    look = Look(theme, direction, passes == "backward", digits, transparent, width, timeout)
    asked: Inputs | Asked = inputs
    if title is not None:
        asked, heading = _headed(inputs, title)
        look = look._replace(title=heading)
    if not in_steps:
        picture, gradient = commands.draw(asked, detail, focus, depth, whole)
        with ending():
            drawn = PICTURES.writer(format)(picture, look, format)
    else:
        from backprop.reports.shapes import all_steps  # with the layout
        from backprop.step_pictures import stepped_picture

        folder = None
        if frames is not None:
            from backprop.reports.shapes.frame_folder import FrameFolder

            folder = FrameFolder(frames, format)
        stepped, gradient = stepped_picture(asked, detail, focus, depth, whole, passes)
        number = all_steps.step_number(stepped, step, blank)
        with ending():
            if folder:
                numbers = [moment.number for moment in stepped.moments]
                pictures = all_steps.frames(stepped, look, format, blank, numbers)
                names = folder.write(numbers, pictures, stepped.last)
            elif animate:
                drawn = all_steps.animation(stepped, look, interval)
            else:
                drawn = all_steps.one(stepped, look, format, number, blank)
    if frames is None:
        _put(drawn, output, format)
    else:
        count = f"{len(names)} picture{'s' * (len(names) != 1)}"
        between = " to ".join(dict.fromkeys((names[0], names[-1])))
        tell(f"wrote {count} into {frames}: {between}")
    if not blank:  # they name slopes
        _complain(gradient)


def _check(
    output: str | None, step: int | None, frames: str | None, animate: bool, interval: float, blank: bool
) -> None:  # fmt: skip
    """Raise BadOption for options of steps that cannot be together, and for an interval that is none."""
    if wrong := options.by_name(draw, "interval").out_of_range(interval):
        raise wrong
    given = {"--animate": animate, "--frames": frames is not None, "--step": step is not None}
    both = [name for name, there in given.items() if there]
    if len(both) > 1:
        message = f"{both[0]} and {both[1]} are two ways to draw steps"
        raise BadOption(message, hints=[f"leave {both[1]} out, or {both[0]}"])
    if frames is not None and output is not None:
        message = f"--frames writes into its folder, and -o {output} is one picture"
        raise BadOption(message, hints=["leave -o out, and say the format: --format png"])
    if blank and animate:
        hints = ["a worksheet: leave --animate out", "an animation: leave --blank out"]
        raise BadOption("a worksheet stands still: --animate has no place in --blank", hints=hints)


def _format(format: str | None, output: str | None, in_steps: bool) -> str:
    """The format of the picture. Raises BadOption."""
    if format is not None:
        found = chosen_format(format, output, PICTURES)
    elif output is None or output == STANDARD:
        found = PICTURES.names[0]
    else:
        found = PICTURES.of_file(output, f"{output} has no ending of a picture")
    if in_steps and found not in STEPS.names:
        hints = [f"steps and worksheets are drawn as {either(STEPS.names)}"]
        raise BadOption(f"a graph for Graphviz, {found}, has no steps and no blanks", hints=hints)
    return found


def _headed(inputs: Inputs, title: str) -> tuple[Asked, str]:
    """The inputs read, and the heading: the text, or what the equations say. Raises BadOption."""
    from backprop.page_content import headed

    if title and inputs.file is None and not inputs.expressions and os.path.isfile(title):
        hints = [
            f"name the file first: backprop draw {title} --title",
            "or say what the heading is: --title=TEXT",
        ]
        raise BadOption(f"{title} stands where a heading is expected", hints=hints)
    asked = streamed_matrices.asked(inputs)
    heading = headed(title, asked.model.source)
    if not heading:
        hints = ["give it: --title TEXT", "or begin the equations with one: # A product and a sum"]
        raise BadOption("there is no comment that the heading can be", hints=hints)
    return asked, heading


def _put(drawn: bytes, output: str | None, format: str) -> None:
    if output == STANDARD and format in ("png", "pdf"):
        put("")  # there is a standard output
        sys.stdout.buffer.write(drawn)
        sys.stdout.buffer.flush()
    elif output == STANDARD:
        put(drawn.decode())
    else:
        write(output or f"{_USUAL.partition('.')[0]}.{format}", drawn)


def _complain(gradient: Gradient) -> None:
    complain(gradient.warnings, "warning")
    complain(gradient.notes, "note")
