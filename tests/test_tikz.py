r"""Pictures as TikZ: fragments that pdflatex sets within a document, whatever stands in names and headings."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from backprop import gallery
from backprop.operations import OPERATIONS
from backprop.reports.shapes.tex_letters import tex
from running import CLASSIC, POINT
from running import backprop as run

GIVEN = ("-e", CLASSIC, "--set", POINT)
DOCUMENT = r"""\documentclass{article}
\usepackage{tikz}
\begin{document}
%s
\end{document}
"""


def has_tikz() -> bool:
    if not shutil.which("pdflatex"):
        return False
    found = subprocess.run(["kpsewhich", "tikz.sty"], capture_output=True, check=False)
    return found.returncode == 0


needs_tikz = pytest.mark.skipif(not has_tikz(), reason="there is no TikZ")


def compiled(folder: Path, *bodies: str, head: str = DOCUMENT) -> str:
    """What pdflatex says of a document."""
    text = "\n\n".join(rf"\noindent {each}" for each in bodies)
    (folder / "lesson.tex").write_text(head % text, "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "lesson.tex"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    said = ran.stdout.decode("utf-8", "replace")
    assert ran.returncode == 0, said[-3000:]
    assert "Overfull" not in said
    assert "Missing character" not in said
    return said


def fragment(*arguments: str) -> str:
    ran = run("draw", *arguments, "--format", "tex", "-o", "-")
    assert (ran.status, ran.err) == (0, ""), ran.err
    return ran.out


ODD = r"""a$b%c_d{e}f\g^h~i"j`k|l<m>n&o#p '' -- ?` ,, é ß ñ ŝ ł ø Ж 速 → ∑ ∂ ≤ α Ω ħ ẋ ² ½ µ 😀 \input{x} \end{document} %"""
ODD_NAMES = "α_1 = x'*速; y̌ = α_1^2 # % & _ \\\nL = y̌*α_1 + sigmoid_2*Ж"
AT_ODD_NAMES = "x'=2, 速=3, sigmoid_2=1, Ж=4"


@needs_tikz
def test_documents_with_everything_compile(tmp_path: Path) -> None:
    """One document: the whole, steps, worksheets, themes, odd names and headings, families, examples."""
    bodies = [
        fragment(*GIVEN),
        *(fragment(*GIVEN, "--step", str(step)) for step in (0, 3, 5, 7)),
        fragment(*GIVEN, "--blank", "--direction", "TB"),
        fragment(*GIVEN, "--theme", "dark", "--step", "6", "--width", "300"),
        fragment(*GIVEN, "--theme", "mono", "--transparent"),
        fragment("-e", ODD_NAMES, "--set", AT_ODD_NAMES, "--title", ODD),
        fragment("-e", ODD_NAMES, "--set", AT_ODD_NAMES, "--title", ODD, "--blank"),
        fragment(
            "-e",
            "y[i] = x[i]^2 for i in 1..3; L = sum(y[i] for i in 1..3)",
            "--set",
            "x[1]=1, x[2]=2, x[3]=3",
        ),
    ]
    for each in map(gallery.example, ("one_neuron", "exercise_02_quotient", "mazur_network")):
        path = tmp_path / f"{each.name}.eq"
        path.write_bytes(each.data)
        bodies.append(fragment(str(path), "--title"))
    compiled(tmp_path, *bodies)
    assert (tmp_path / "lesson.pdf").read_bytes().startswith(b"%PDF")


@needs_tikz
def test_frames_within_a_presentation(tmp_path: Path) -> None:
    """A picture a step, which `\\input` shows; of one size, and no wider than a line."""
    folder = tmp_path / "steps"
    assert run("draw", *GIVEN, "--frames", str(folder), "--format", "tex").status == 0
    measure = r"\setbox0\hbox{\input{steps/step_0%d}}\typeout{SIZE \the\wd0,\the\ht0,\the\dp0; \the\linewidth}"
    said = compiled(tmp_path, *(measure % step for step in range(1, 8)))
    sizes = re.findall(r"SIZE ([\d.]+)pt,([\d.]+)pt,([\d.]+)pt; ([\d.]+)pt", said)
    assert len(sizes) == 7
    assert len({*sizes}) == 1
    assert float(sizes[0][0]) == pytest.approx(float(sizes[0][3]), abs=0.1)


@needs_tikz
def test_a_picture_that_begins_a_paragraph_is_no_wider_than_its_line(tmp_path: Path) -> None:
    """After text, below a heading, in a list, in columns: nothing is said to be overfull."""
    (tmp_path / "graph.tex").write_text(fragment(*GIVEN, "--blank"), "utf-8")
    lines = (r"Text.", r"\input{graph}", r"\section{One}", r"\input{graph}",
             r"\begin{itemize}\item \input{graph}\end{itemize}", r"\begin{quote}\input{graph}\end{quote}")  # fmt: skip
    for head in (DOCUMENT, DOCUMENT.replace("{article}", "[twocolumn]{article}")):
        compiled(tmp_path, "Before.", head=head.replace("%s", "%s\n\n" + "\n\n".join(lines)))


@needs_tikz
def test_signs_may_mean_something_else_in_a_document(tmp_path: Path) -> None:
    """As babel has it: Turkish has a meaning for `=`, Spanish for `<`, `>` and `.`, French for `;` and `:`."""
    other = r"\begingroup\lccode126 %d \lowercase{\endgroup\protected\def~{\errmessage{sign}}}\catcode%d 13 "
    signs = [other % (ord(each), ord(each)) for each in "!\"'*+,-./:;<>?|`="]
    head = DOCUMENT.replace("%s", "\n".join(["", *signs, ""]).replace("%", "%%") + "%s")
    compiled(tmp_path, fragment(*GIVEN, "--title", ODD), fragment(*GIVEN, "--step", "5"), head=head)


@needs_tikz
def test_every_sign_is_set_as_it_stands(tmp_path: Path) -> None:
    signs = "".join(map(chr, range(32, 127))) + "".join(row.sign for row in OPERATIONS.values())
    others = "".join(
        map(
            chr,
            [
                *range(0xA0, 0x250),
                *range(0x370, 0x3FF),
                *range(0x1E00, 0x1EFF),
                *range(0x2200, 0x2280),
            ],
        )
    )
    for encoding in ("OT1", "T1"):
        head = DOCUMENT.replace(
            r"\begin", rf"\usepackage[{encoding}]{{fontenc}}" + "\n" + r"\begin", 1
        )
        lines = [tex(signs[at : at + 8]) for at in range(0, len(signs), 8)]
        lines += [tex(others[at : at + 4]) for at in range(0, len(others), 4)]
        (tmp_path / encoding).mkdir()
        compiled(tmp_path / encoding, *lines, head=head)


def test_texts_for_tex() -> None:
    assert tex("é") == r"\'{e}"
    assert tex("x_1 & 50 %") == r"x\_1 \& 50 \%"
    assert tex("α-β") == r"\ensuremath{\alpha}\ensuremath{-}\ensuremath{\beta}"
    assert tex("速") == r"\ifdefined\Umathcode 速\else{[U+901F]}\fi{}"
    assert tex("a\n\x1bb") == "a  b"
    for each in map(chr, range(32, 127)):
        if not each.isalnum() and each not in " !()+,./:;=?@[]":
            assert tex(each) != each or each == "-", each


def test_a_fragment_says_what_it_needs_and_has_the_numbers_of_the_svg() -> None:
    out = fragment(*GIVEN, "--step", "7", "--title", "Lesson")
    head = out.splitlines()[:3]
    assert head[0] == "% backprop draw, step 7 of 7"
    assert r"\usepackage{tikz}; no TikZ library is needed" in head[1]
    assert out.isascii()
    shown = [
        text.replace(r"\ensuremath{-}", "-") for text in re.findall(r"hbox\{(.*)\}\\ifdim", out)
    ]
    for number in ("6", "-4", "-2", "4", "1", "10", "-8", "-3"):
        assert number in shown
    svg = run("draw", *GIVEN, "--step", "7", "--title", "Lesson", "-o", "-").out
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    partial = {r"\ensuremath{\partial}": "∂", r"\ensuremath{\times}": "×", r"\ensuremath{*}": "*"}
    plain = []
    for text in shown:
        for tex_sign, sign in partial.items():
            text = text.replace(tex_sign, sign)
        plain.append(text)
    assert sorted(plain) == sorted(text.strip() for text in texts if text.strip())
    places = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"', svg)
    assert sorted(places) == sorted(re.findall(r"\\node.*at \(([\d.]+),([\d.]+)\)", out))


def test_the_ending_says_the_format(tmp_path: Path) -> None:
    path = tmp_path / "graph.tex"
    assert run("draw", *GIVEN, "-o", str(path)).wrote == [str(path)]
    assert path.read_text() == fragment(*GIVEN)
    for theme, colour in (("light", "B35806"), ("dark", "1B1B1F"), ("mono", "")):
        assert colour in fragment(*GIVEN, "--theme", theme)
