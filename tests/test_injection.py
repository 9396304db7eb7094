"""Text that a person gives stays text, whatever it goes into: read back by readers of their own."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from backprop.cli.help import COMMANDS, TAKING_LINES
from backprop.cli.run import command
from backprop.options import fields
from running import Ran, backprop

MODEL = """# </script><img src=x onerror=alert(1)> --> ]]> \\end{document} "quoted" `code` $x$ | *b*
script = 2
_a_ = 3 in -1..5
__b__ = -_a_*script*plaintext   # <b>
style = if(_a_ <script and __b__> 0, __b__, _a_*2)
relu' = relu(script*_a_*0) + plaintext*script*_a_
L = -style*__b__ + relu'
"""
"""Names that are tags, emphasis and macros elsewhere; signs that are, too, with none around them."""

GIVEN = ("-e", MODEL, "--set", "plaintext=1", "--of", "L")
CLAIMS = ("--claim", "dL/d_a_ = -__b__*script, d__b__ = 3 <script, dscript = -1")
COMMAND_LINES = {
    "grad": ["grad", *GIVEN],
    "two": ["grad", *GIVEN, "--of", "__b__"],
    "check": ["check", *GIVEN],
    "claims": ["check", *GIVEN, *CLAIMS],
    "descend": ["descend", *GIVEN, "--steps", "2", "--freeze", "_a_"],
    "explain": ["explain", *GIVEN],
    "operations": ["explain", *GIVEN, "--detail", "operations"],
    "paths": ["explain", *GIVEN, "--paths", "_a_"],
    "blank": ["explain", *GIVEN, "--hide-answers"],
}
TABLES = ["grad", "two", "check", "claims", "descend"]
DOCUMENTS = ["explain", "operations", "paths", "blank"]


def said(line: str, format: str, *more: str) -> str:
    """What a command prints in a format. A claim is wrong: its check has the status 1."""
    ran = backprop(*COMMAND_LINES[line], "--format", format, *more)
    assert ran.status == (line == "claims")
    return ran.out


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_markdown_has_no_tags_and_no_emphasis_but_its_own(line: str) -> None:
    more = ["--explain-step", "1"] if line == "descend" else []
    text = said(line, "markdown", *more)
    # what a reader with mathematics sees between dollars is a formula, for TeX
    words = re.sub(r"(?<!\\)\$[^$\n]*\$", "formula", text)
    for page in (text, words):
        tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(page)
        found = [each for token in tokens for each in (token, *(token.children or []))]
        assert not [each.content for each in found if each.type.startswith("html")]
    notes = [part for part in words.splitlines() if re.match(r"\s*- \*", part)]
    assert sum(each.type == "em_open" for each in found) == len(notes)
    assert not [each for each in found if each.type in ("strong_open", "link_open", "image")]
    shown = "\n".join(each.content for each in found if each.type in ("text", "code_inline"))
    if line == "explain":
        assert "the condition _a_ <script and __b__> 0 " in shown
    elif line == "two":
        assert "∂__b__" in shown
    elif line == "paths":
        assert "Paths from _a_" in shown
        assert "_a_ → __b__ → L" in shown


class _Tags(HTMLParser):
    """The tags and the attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = set[str](), set[str](), ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("line", DOCUMENTS)
def test_a_web_page_has_no_tags_but_its_own(line: str) -> None:
    simple = _Tags(backprop("explain", "-e", "L = if(a < b, a*b, 1/a)", "--set", "a=1,b=2", "--format", "html").out)  # fmt: skip
    found = _Tags(said(line, "html"))
    mathematics = {"mtext", "mtable", "mtr", "mtd", "munder", "mover", "msub", "msup", "mspace", "mstyle", "mfrac"}  # fmt: skip
    assert found.tags <= simple.tags | mathematics | {"span", "code", "ol", "ul", "p"}
    assert not {name for name in found.attributes if name.startswith("on")} | {
        "src", "href",
    } & found.attributes  # fmt: skip
    if line == "explain":
        assert "the condition _a_ <script and __b__> 0 " in found.text


@pytest.mark.parametrize("detail", ["operations", "equations"])
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_pictures_are_shapes_and_text(detail: str, direction: str) -> None:
    options = ["--detail", detail, "--direction", direction, "-o", "-"]
    ran = backprop("draw", *GIVEN, *options)
    root = ElementTree.fromstring(ran.out)
    tags = {each.tag.rpartition("}")[2] for each in root.iter()}
    assert tags <= {"svg", "g", "title", "text", "path", "polygon", "polyline", "ellipse", "a"}
    attributes = {name.rpartition("}")[2] for each in root.iter() for name in each.attrib}
    assert not [name for name in attributes if name.startswith("on") or name == "href"]
    titles = {text for each in root.iter() for name, text in each.attrib.items() if "title" in name}
    texts = {(each.text or "").strip() for each in root.iter()}
    assert "__b__ = -_a_*script*plaintext" in titles | texts
    assert "style = if(_a_ <script and __b__> 0, __b__, _a_*2)" in titles | texts


@pytest.mark.parametrize("line", TABLES)
def test_a_spreadsheet_computes_no_cell_of_a_csv(line: str) -> None:
    titles, *rows = csv.reader(io.StringIO(said(line, "csv")))
    assert rows
    for cell in (each for row in [titles, *rows] for each in row):
        if re.match(r"[=+\-@\t\r]", cell):
            float(cell)  # a number
    if line == "grad":
        cells = {row[1]: dict(zip(titles, row, strict=True)) for row in rows}
        assert cells["L"]["equation"] == "L = -style*__b__ + relu'"
        assert (cells["_a_"]["equation"], cells["_a_"]["bounds"]) == ("_a_ = 3", "_a_ in -1..5")
        assert float(cells["__b__"]["data"]) == -3 * 2 * 1
    elif line == "claims":
        assert [row[2] for row in rows][2] == "∂L/∂script = -1"


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_json_has_the_names_as_they_are(line: str) -> None:
    found = json.loads(said(line, "json").splitlines()[0])
    assert found["output"] == "L"
    assert "_a_" in json.dumps(found)


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_latex_has_no_commands_but_its_own(line: str) -> None:
    own = """begin end documentclass usepackage ifdefined else fi Umathcode fontspec let left right leftbracket rightbracket
    renewcommand mathopen mathclose bgroup aftergroup egroup setlength parindent raggedright section subsection
    item par medskip enspace quad displaystyle emph frac partial cdot mathrm operatorname hline text land lor
    textbackslash textasciicircum textasciitilde ldots ensuremath to le ge ne prime underline hspace infty
    sum prod neq leq geq tanh ifdim linewidth providecommand resizebox width""".split()  # fmt: skip
    text = said(line, "latex")
    assert {*re.findall(r"\\([a-zA-Z]+)", text)} <= {*own}
    mathematics = re.sub(r"\$[^$]*\$|\\ensuremath\{[^}]*\}", "", text.replace(r"\$", ""))
    assert not re.search(r"(?<!\\)[_^]", re.sub(r"\\textsubscript\{[^}]*\}", "", mathematics))


HOSTILE = {
    # colours, the title of the window; eight-bit, a return, a line feed, a tab; from right to left, an
    # isolate, nothing to see, a separator of lines, a mark of the byte order
    "signs": "\x1b[31mred\x1b[0m\x1b]0;t\x07\x9b31m\ra\nb\tc\x7f\u202egnp.exe\u2066\u200b\u2028\ufeffd",
    "bytes": "a\udcffb\x1b[0m",
}
"""What a terminal obeys, or does not show; and what is no text."""


def is_seen(ran: Ran) -> bool:
    """Whether all that was written can be seen."""
    return all(each.isprintable() or each == "\n" for each in ran.out + ran.err)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("seen")
    (made / "ok.eq").write_text("L = a*b; a = 1; b = 2\n")
    return made


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", COMMANDS)
def test_values_of_options_are_made_visible(
    folder: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    file = [] if name in ("help", "example") else ["ok.eq"]
    lines: Iterator[list[str]] = (
        [*file, flag, start + text]
        for field, start in product(fields(command(name)), ("", "a=", "x.svg"))
        for flag in field.option.flags
        if field.kind is not bool and not ("copy" in flag and "\n" in text)
    )
    alone = [] if name in TAKING_LINES else [[text]]  # a file that is waited for
    for line in [*lines, [*file, text], *alone, [*file, f"--{text}"], [*file, f"-{text}=1"]]:
        assert is_seen(backprop(name, *line)), line


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_names_of_files_and_variables_and_keys_are_made_visible(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    known = ["-e", "L = a*b; a = 1; b = 2"]
    made = Path(f"folder {text}")
    made.mkdir()
    path = str(made / text)
    assert backprop("grad", *known, "-o", f"{path}.json").status == 0
    for line in (
        ["grad", path], ["grad", str(made)], ["grad", *known, "-o", str(made)], ["grad", *known, "-o", path],
        ["grad", *known, "-o", f"{path}.txt"], ["draw", *known, "-o", f"{path}.svg"],
        ["draw", *known, "-o", path], ["descend", *known, "--save", f"{path}.eq", "--steps", "2"],
        ["descend", *known, "--history", f"{path}.csv", "--plot", f"{path}.png", "--steps", "2"],
        ["descend", *known, "--state", f"{path}.json"], ["descend", *known, "--history", path],
        ["grad", *known, "--values", path], ["check", *known, "--claims", f"{path}.eq"],
        ["grad", f"{path}.eq", "-o", f"{path}.eq"], ["example", "classic", "--copy", path],
        ["example", "classic", "--copy", path], [text], [f"--{text}"],
    ):  # fmt: skip
        assert is_seen(backprop(*line)), line
    for found in ({text: 1}, {"a": text}, {"data": {text: 1}}, {"a": [text]}, [text]):
        Path("values.json").write_text(json.dumps(found))
        assert is_seen(backprop("grad", *known, "--values", "values.json")), found
        assert is_seen(backprop("descend", *known, "--state", "values.json")), found
    path = str(made / f"equations {text}")
    for equations in (f"L = a*{text}", f"L = a; a = 1  # {text}", f"{text} = 1", f"# {text}\nL = "):
        Path(path).write_bytes(equations.encode("utf-8", "surrogateescape"))
        for name in ("grad", "check", "explain"):
            assert is_seen(backprop(name, path)), equations
    for variable in ("BACKPROP_FILE", "BACKPROP_CACHE", "COLUMNS", "_BACKPROP_COMPLETE"):
        monkeypatch.setenv(variable, text)
        assert is_seen(backprop("grad", *known))
        assert is_seen(backprop("grad"))
        monkeypatch.delenv(variable)
