"""The options that commands share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Optional

from backprop.cli.declared import Argument, Option
from backprop.commands import DEFAULT_FILE, FILE_VARIABLE
from backprop.errors import BadOption
from backprop.suggest import did_you_mean

File = Annotated[
    Optional[str],
    Argument(
        metavar="FILE",
        show_default=False,
        help=f"Equations; - is standard input. Default: {DEFAULT_FILE}, or what {FILE_VARIABLE} names.",
    ),
]
Expressions = Annotated[
    list[str],
    Option("-e", "--expr", metavar="TEXT", help="Equations as text, instead of FILE; repeatable."),
]
Settings = Annotated[
    list[str],
    Option("--set", metavar="TEXT", help='Numbers for inputs: "a=2, b=1/3"; repeatable.'),
]
Values = Annotated[
    list[str],
    Option("--values", metavar="FILE", help="Numbers for inputs, as lines a = 2 or as JSON."),
]
Of = Annotated[
    list[str],
    Option("--of", metavar="NAME", help="The output; repeatable. Default: the only one."),
]
Wrt = Annotated[
    list[str],
    Option("--wrt", metavar="NAMES", help='Gradients by these names only: "a, b"; repeatable.'),
]
Format = Annotated[
    Optional[str],
    Option(
        "--format",
        metavar="NAME",
        show_default=False,
        help="table, json, csv, markdown or latex. Default: what the ending of -o says, or table.",
    ),
]
Output = Annotated[
    Optional[str],
    Option(
        "-o",
        "--output",
        metavar="FILE",
        show_default=False,
        help="Write to a file, whole or not at all, instead of standard output.",
    ),
]


def _digits(default: str) -> Option:
    """The option --digits; a picture has another default than a table."""
    return Option(
        "--digits",
        metavar="N",
        min=1,
        max=17,
        show_default=False,
        help=f"Significant digits. Default: {default}.",
    )


Digits = Annotated[Optional[int], _digits("10 in tables and documents, all in JSON and CSV")]
Seed = Annotated[
    int,
    Option(
        "--seed", metavar="N", help="Which random numbers `~` draws, and which points check tries."
    ),
]


Whole = Annotated[
    bool, Option("--all", help="Every member of a large family has a row of its own.")
]
Shown = Annotated[
    list[str], Option("--only", metavar="NAMES", help='Rows of these only: "a, w[1,*]".')
]
Engine = Annotated[
    str,
    Option(
        "--engine",
        metavar="NAME",
        help="What computes: python, native (machine code), or auto, the faster one.",
    ),
]
MaxNodes = Annotated[
    int,
    Option("--max-nodes", metavar="N", min=1, help="The most values to unroll to."),
]
OneOutput = Annotated[
    Optional[str],
    Option("--of", metavar="NAME", show_default=False, help="The output. Default: the only one."),
]
PictureFile = Annotated[
    str,
    Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Where to; .svg, .png, .pdf, .dot or .gv. - is SVG to standard output.",
    ),
]
ThemeName = Annotated[str, Option("--theme", metavar="NAME", help="light, dark or mono.")]
Direction = Annotated[
    str, Option("--direction", metavar="LR|TB", help="From left to right, or from the top.")
]
Pass = Annotated[
    str, Option("--pass", metavar="NAME", help="forward: data only; backward: gradients too.")
]
Detail = Annotated[
    Optional[str],
    Option(
        "--detail",
        metavar="NAME",
        show_default=False,
        help="operations, or equations: one box each. Default: by size.",
    ),
]
Focus = Annotated[
    Optional[str],
    Option("--focus", metavar="NAME", show_default=False, help="Only what is near this name."),
]
Depth = Annotated[
    int, Option("--depth", metavar="N", min=0, help="How many equations around --focus.")
]

StepDigits = Annotated[Optional[int], _digits("6, and all in JSON")]
PictureDigits = Annotated[Optional[int], _digits("four decimals")]


def names(texts: list[str]) -> list[str]:
    """`--of "L, M" --of N` as names, in normal form C; `w[1, *]` is one of them."""
    import re
    import unicodedata

    joined = unicodedata.normalize("NFC", ",".join(texts))
    found = re.findall(r"[^\s,\[\]]+(?:\s*\[[^\]]*\])?|\S", joined.replace("\n", " "))
    return [re.sub(r"\s+", "", each) for each in found if each != ","]


def one_name(text: str | None) -> str | None:
    """`--of L` where there can be only one. Raises BadOption for several."""
    found = names([text]) if text else []
    if len(found) > 1:
        raise BadOption("there is one output at a time", hints=["give --of a single name"])
    return found[0] if found else None


def one_of(option: str, given: str, known: Iterable[str]) -> str:
    """The value of an option that has a few; BadOption otherwise."""
    known = list(known)
    if given not in known:
        raise BadOption(
            f"there is no {option} {given!r}",
            hints=[*did_you_mean(given, known), f"there are {', '.join(known)}"],
        )
    return given
