"""`backprop page`."""

from backprop import paging
from backprop.cli.onlooker import ending
from backprop.cli.printing import complain, put, write
from backprop.errors import BadOption
from backprop.inputs import Inputs, say
from backprop.options import option
from backprop.reports.themes import TIMEOUT

EXAMPLE = 'Example: backprop page -e "e = a*b; L = e+c" --set "a=2, b=-3, c=10" -o lesson.html'

_ENDINGS = ".html", ".htm"


def page(
    inputs: Inputs,
    *,
    output: str = option(
        "-o, --output FILE", "Where to, with the ending .html. - is standard output.", "lesson.html",
        path="written",
    ),
    title: str | None = option(
        "--title TEXT", "The heading. Default: the file's first comment, or its name."
    ),
    language: str = option(
        "--language NAME", "Of the page's own words: en or de.", "en", choices=("en", "de")
    ),
    timeout: int = option(
        "--timeout SECONDS", "How long laying out may take.", TIMEOUT, min=1, max=86400
    ),
) -> None:  # fmt: skip
    """An interactive page: sliders, and both passes step by step.

    A click on a box tells its chain rule. One file that opens from disk in any browser and needs no
    network; its numbers are computed in the page. Of a table that is too long for one picture it shows one
    row at a time.
    """
    from backprop.page_content import PageContent
    from backprop.reports.page.page_html import write as written  # with MathML, and the layout

    if output != "-" and not output.lower().endswith(_ENDINGS):
        hints = [
            "write a page: -o lesson.html",
            "pictures are drawn by draw: backprop draw -o graph.svg",
        ]
        raise BadOption(f"{output} has no ending of a page", hints=hints)
    content, gradient = paging.page(inputs, title)
    with ending():
        made = written(content, language, timeout)
    if output == "-":
        put(made)
    else:
        write(output, made.encode())
    if isinstance(content, PageContent) and content.rows:
        say(f"of the {content.rows.size:,} rows of the table the page shows one at a time")
    complain(gradient.warnings, "warning")
    complain(gradient.notes, "note")
