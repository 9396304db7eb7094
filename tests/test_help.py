"""`backprop help`, and the truth of its pages: what stands in them is run, its tables are the code's.

In a page an indented block is one of these: a command behind `$` with what it prints; rows `written`
and what is read or said; the tables of functions, optimizers and schedules; the `keys of` what a
command prints as JSON; or a file of equations, in which a number behind `#` is the value of the
name on that line.
"""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Iterator

import pytest

import backprop as library
from backprop import gallery
from backprop.cli.help import COMMANDS
from backprop.descent.optimizers import FIRST_ORDER, SCHEDULES, SECOND_ORDER, defaults
from backprop.errors import BackpropError
from backprop.language.distributions import DISTRIBUTIONS
from backprop.operations import CONSTANTS, FUNCTIONS, GATHERS
from backprop.synonyms import ALIASES
from backprop.syntax.spelling import RESERVED
from running import backprop

PAGES = {page.name: page.text for page in gallery.pages()}
LANGUAGE = PAGES["language"]
BLOCKS = [
    textwrap.dedent(block)
    for text in PAGES.values()
    for block in re.findall(r"^ {4}.*\n(?:\n*^ {4}.*\n)*", text, re.M)
]
CONSOLES = [block for block in BLOCKS if block.startswith("$ ")]
ROWS = [
    (head, *re.split(r"\s{2,}", row.strip(), maxsplit=1))
    for block in BLOCKS
    if block.startswith("written ")
    for head, *rows in [block.splitlines()]
    for row in rows
]
KEYS = {
    head.removeprefix("keys of "): re.findall(r"^([a-z_0-9.[\]]+) +\S", rows, re.M)
    for block in BLOCKS
    if block.startswith("keys of ")
    for head, rows in [block.split("\n", 1)]
}
FILES = [
    block
    for block in BLOCKS
    if not block.startswith(("$ ", "written ", "function ", "keys of ", "gd ", "constant "))
]
AT = {"x": 0.7, "y": 1.3, "n": 3.0, "a": 2.5, "b": 0.4, "c": 4.0, "e": 2.0, "x'": 5.0, "μ": 0.1}


EVERYTHING = "L=(a-1)^2*b; const c=3; b=2 in 0..5; t=1 ± 0.1; M=L+c*a*t; output M; N=M"
ROOT = "f=sqrt(x)^2"
"""What prints all keys: the equations with numbers, and what follows the command."""
PRINTED = {
    "every command": [("grad", EVERYTHING, "a=3"), ("grad", ROOT, "x=0")],
    "grad": [("grad", ROOT, "x=1"), ("grad --data -", "L = mean((y - a*x)^2)", "a=3")],
    "jacobian": [
        ("jacobian --of L --of M", EVERYTHING, "a=3"),
        ("jacobian --sparse", EVERYTHING, "a=3"),
        ("jacobian --along a=1 --order 2", EVERYTHING, "a=3"),
    ],
    "hessian": [
        (f"hessian {way}", EVERYTHING, "a=3")
        for way in ("", "--times a=1", "--diagonal", "--sparse")
    ],
    "diff": [("diff", EVERYTHING, "a=3")],
    "descend": [
        ("descend --only a --starts 2", EVERYTHING, "a=3"),
        ("descend --data - --batch 2", "L = mean((y - a*x)^2)", "a=3"),
    ],
    "fit": [
        ("fit --data - --intervals profile", "y ~ a*x + b", ""),
        ("fit --data - --loss huber", "y ~ a*x + b", ""),
    ],
    "check": [
        ("check", "f = abs(x) + y^2", "x=0, y=1"),
        ("check", "n=9000; w[i]=i for i in 1..n; f=sum(w[i]^2 for i in 1..n)", ""),
    ],
    "check of claims": [
        ("check --claim 'dx = 3*x*y; dy = 4'", "f = x*x*y", "x=1.5, y=2"),
        ("check --claim 'dx = 4e-440'", "f = x^4*1e-200", "x=1e-80"),
    ],
    "explain": [
        ("explain", EVERYTHING, "a=3"),
        ("explain --paths a", EVERYTHING, "a=3"),
        ("explain", "f = x^4*1e-200", "x=1e-80"),
    ],
    "explain --symbolic": [("explain --symbolic", EVERYTHING, "a=3")],
}


def paths(found: object, known: set[str], at: str = "") -> Iterator[str]:
    """The keys in an object of JSON, as the page writes them; not those by names of the file."""
    if at and not any(other.startswith((f"{at}.", f"{at}[]")) for other in known):
        return
    if isinstance(found, dict):
        for key, value in found.items():
            here = f"{at}.{key}" if at else key
            yield here
            yield from paths(value, known, here)
    elif isinstance(found, list):
        for each in found:
            yield from paths(each, known, f"{at}[]")


def functions_table() -> str:
    """The page's table of functions: what each is called with, its slopes, and what it needs."""
    lines = ["function             slopes"]
    for name, row in FUNCTIONS.items():
        if name != row.name:  # another name of the same
            continue
        # a slope that fits a line stays on one
        slopes = [each.replace(" ", "\xa0") if len(each) < 54 else each for each in row.slopes]
        needs = f"  needs {row.domain}" if row.domain else ""
        text = f"{row.form:<19}  {', '.join(slopes)}{needs}"
        made = textwrap.wrap(text, 75, subsequent_indent=21 * " ", break_on_hyphens=False)
        lines += [line.replace("\xa0", " ") for line in made]
    return "".join(f"    {line}\n" for line in lines)


def optimizers_table() -> str:
    """The page's table of optimizers: their updates, then their numbers with the defaults."""
    lines = []
    for row in (*FIRST_ORDER, *SECOND_ORDER):
        updates = row.formulas() if row in FIRST_ORDER else [row.own]
        options = {**({"lr": row.lr} if row.lr else {}), **defaults(row)}
        numbers = "; ".join(f"{name} = {number:g}" for name, number in options.items())
        shown = [
            part
            for update in (*updates, *([f"with {numbers}"] if numbers else []))
            for part in textwrap.wrap(update, 65, subsequent_indent="  ", break_on_hyphens=False)
        ]
        lines += [f"{row.name:<10}{shown[0]}", *(" " * 10 + part for part in shown[1:])]
    return "".join(f"    {line}\n" for line in lines)


def schedules_table() -> str:
    """The page's table of schedules: by what each multiplies the step size."""
    return "".join(f"    {row.form:<28}{row.factor}\n" for row in SCHEDULES.values())


def value(expression: str) -> float:
    model = library.parse(f"result_ = {expression}")
    return model.grad({name: AT[name] for name in model.inputs if name in AT}, of="result_").value


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_printed_as_it_is_and_fits_a_terminal(name: str) -> None:
    ran = backprop("help", name)
    assert (ran.status, ran.out, ran.err) == (0, PAGES[name], "")
    assert max(map(len, ran.out.splitlines())) < 80


def test_without_a_name_the_pages_are_listed() -> None:
    ran = backprop("help")
    assert (ran.status, ran.err) == (0, "")
    for page in gallery.pages():
        assert re.search(rf"^{page.name} +{page.title}$", ran.out, re.M)


def test_the_list_of_commands_cuts_no_sentence() -> None:
    listed = backprop("--help").out.partition("Commands:")[2].partition("Example:")[0]
    rows = [line.split(maxsplit=1) for line in listed.strip().splitlines()]
    assert [row[0] for row in rows] == list(COMMANDS)
    assert all(row[1].endswith(".") and "..." not in row[1] for row in rows)


@pytest.mark.parametrize("command", COMMANDS)
def test_of_a_command_its_options_are_shown(command: str) -> None:
    ran = backprop("help", command)
    assert ran == backprop(command, "--help")
    assert ran.status == 0


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("langage", "language"),
        ("lang", "language"),
        ("gradd", "grad"),
        ("", ""),
        ("grad.md", "grad"),
    ],
)
def test_a_page_that_there_is_not(name: str, meant: str) -> None:
    ran = backprop("help", name)
    assert (ran.status, ran.out) == (2, "")
    assert f"no page and no command {name!r}" in ran.err
    assert "list them: backprop help" in ran.err
    assert (f"did you mean {meant!r}?" in ran.err) == bool(meant)


def test_the_table_of_functions_is_the_code_s() -> None:
    mend = "put what `python tests/test_help.py` prints into pages/language.md"
    assert functions_table() in LANGUAGE, mend


def test_the_tables_of_optimizers_are_the_code_s() -> None:
    mend = "put what `python tests/test_help.py` prints into pages/optimizers.md"
    assert optimizers_table() in PAGES["optimizers"], mend
    assert schedules_table() in PAGES["optimizers"], mend


def test_every_other_name_every_gather_and_all_that_comes_later_is_named() -> None:
    words = set(re.findall(r"\w+", LANGUAGE))
    inverses = {name for name in ALIASES if re.fullmatch("arc(sin|cos|tan)[h2]?|ar...h", name)}
    assert {*ALIASES, *GATHERS, *CONSTANTS, "count", *DISTRIBUTIONS, *RESERVED} - inverses <= words


@pytest.mark.parametrize("console", CONSOLES, ids=lambda text: text.splitlines()[0][:50])
def test_every_command_prints_what_the_page_shows(console: str) -> None:
    command, _, expected = console.partition("\n")
    ran = backprop(*shlex.split(command.removeprefix("$ "))[1:])
    assert ran.out + ran.err == expected


@pytest.mark.parametrize("section", PRINTED)
def test_every_key_that_is_printed_is_on_the_page_and_the_other_way_round(section: str) -> None:
    known = set(KEYS[section])
    found: set[str] = set()
    for command, text, numbers in PRINTED[section]:
        given = ["--set", numbers] if numbers else []
        rows = b"x,y\n1,2\n2,3\n3,5\n"
        ran = backprop(*shlex.split(command), "-e", text, *given, "--format", "json", stdin=rows)
        for line in ran.out.splitlines():
            found |= set(paths(json.loads(line), known))
    of_all = set(KEYS["every command"])
    if section == "every command":
        found -= set(KEYS["grad"])
    elif section in {"check of claims", "explain --symbolic"}:
        found -= set(KEYS[section.split()[0]])
    assert found - of_all == known - of_all


@pytest.mark.parametrize("text", FILES, ids=lambda text: text.splitlines()[0][:50])
def test_every_file_computes_what_the_page_says(text: str) -> None:
    model = library.parse(text)
    said = re.findall(r"^(?:const )?(\S+) = .*# (-?[\d.]+(?:e-?\d+)?)$", text, re.M)
    for name, number in said:
        assert model.grad(of=name).value == pytest.approx(float(number), rel=1e-9), name
    assert said or all(model.grad(of=name).value is not None for name in model.outputs)


@pytest.mark.parametrize(("head", "text", "meant"), ROWS, ids=[text for _, text, _ in ROWS])
def test_what_is_written_is_read_or_refused_as_the_page_says(
    head: str, text: str, meant: str
) -> None:
    if head.endswith("read as"):
        assert value(text) == value(meant)
        return
    with pytest.raises(BackpropError) as caught:
        library.parse(f"result_ = {text}")
    for each in meant.split(" or "):
        assert any(each in hint for hint in caught.value.hints), caught.value.hints


if __name__ == "__main__":
    print(functions_table(), optimizers_table(), schedules_table(), sep="\n", end="")
