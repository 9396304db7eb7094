"""Two names of one document never look alike: in LaTeX, in MathML, among the names of steps.

What is seen is told without the code that writes it: fonts and braces are taken away, since a
reader may not notice the first and cannot see the second; what stands below is marked.
"""

import random
import re
import shutil
import subprocess
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from backprop.syntax.latex import latex
from backprop.syntax.latex_names import Naming
from backprop.syntax.parser import formula
from running import backprop

ALIKE = [
    "x1 x_1 x₁ x[1] x__1 x_₁ x1' x_1' x'[1] x1[1] x_1_1 x1_1 x_1[1] x₁[1] x[1,1] x11 x_11 x[11] x₁₁ x' x'' x",
    "alpha α alpha1 alpha_1 α1 α_1 α₁ alpha[1] α[1] x_alpha x_α αβ α_β alpha_beta alpha_β Α Alpha A",
    "v1 v_1 v₁ v[1] V1 v v' w1 w_1",
    "pi π p_i p[1] Pi Π pi1 π1 π_1",
    "e e1 e_1 exp x e' e[1]",
    "omicron ο o Omicron Ο O ς sigma σ varsigma",
    "_x x_ _ x__ __x _1 _₁ x1y x1_y x_1y ab a_b a_b_c a_b__c a__b_c",
    "loss_max loss_m_a_x lossmax loss[1] loss1 loss_1 loss_1_2 loss[1,2] loss[12] loss[-1]",
    "x̂ x x̄ x̂1 x̂_1 xhat ẋ ẍ ñ n n̂ θ̂ θ ϑ ά α έ ϵ ε ς σ ħ h ℓ l",
    "Αx Ax Α1 A1 Βο Bo ΒΟ BO όx ox Αθ Aθ Ξο Ξo",
    "速度 速度1 速度_1 速度₁ 速_度 Δx Δ_x Delta_x Deltax Δx1",
]  # fmt: skip

_SIGNS = "x v alpha α β pi π e Δ 1 2 ₁ ₂ _ __ max ж".split()


def seen(text: str) -> str:
    r"""What a reader sees of LaTeX: `x_{\mathrm{max}}` is x↓max↑."""
    text = text.replace(r"\_", "＿").replace("{}", "")
    for command, sign in (
        ("alpha", "α"),
        ("beta", "β"),
        ("pi", "π"),
        ("sigma", "σ"),
        ("Delta", "Δ"),
        ("Pi", "Π"),
        ("Xi", "Ξ"),
        ("theta", "θ"),
        ("vartheta", "ϑ"),
        ("epsilon", "ε"),
        ("varepsilon", "ϵ"),
        ("varsigma", "ς"),
        ("hbar", "ħ"),
        ("ell", "ℓ"),
        ("hat", "^"),
        ("bar", "¯"),
        ("dot", "˙"),
        ("ddot", "¨"),
        ("acute", "´"),
    ):
        text = re.sub(rf"\\{command}(?![a-z])", sign, text)
    text = re.sub(r"\\(mathrm|text|texttt|left|right)(?![a-z])", "", text)
    assert "\\" not in text, text
    pieces, open_ = "", []
    for at, sign in enumerate(text):
        if sign == "{":
            open_.append(text[at - 1 : at] == "_")
            pieces += "↓" if open_[-1] else ""
        elif sign == "}":
            pieces += "↑" if open_.pop() else ""
        else:
            pieces += sign
    return pieces.replace("_", "").replace(" ", "")


def looks(names: Iterable[str]) -> list[str]:
    """What is seen of each name in a document that has them all."""
    names = list(names)
    naming = Naming(names)
    return [seen(naming.name(name)) for name in names]


@pytest.mark.parametrize("line", ALIKE, ids=lambda line: line.partition(" ")[0])
def test_names_that_resemble_each_other_look_different(line: str) -> None:
    names = line.split()
    assert len({*looks(names)}) == len(names)
    for pair in combinations(names, 2):
        one, other = looks(pair)
        assert one != other, pair


def test_names_at_random_look_different() -> None:
    chance = random.Random(13)
    for _ in range(20_000):
        names = set()
        while len(names) < 2:
            name = "".join(chance.choices(_SIGNS, k=chance.randrange(1, 5)))
            if chance.random() < 0.3:
                name += f"[{','.join(chance.choices(['1', '2', '11', '-1'], k=chance.randrange(1, 3)))}]"
            elif chance.random() < 0.2:
                name += "'"
            if not name[0].isdecimal():
                names.add(name)
        one, other = looks(names)
        assert one != other, names


def test_a_name_that_nothing_resembles_is_written_as_ever() -> None:
    plain = Naming("x1 y_1 z₁ w[1] alpha β loss".split())
    assert [plain.name(name) for name in "x1 y_1 z₁ w[1] w[2,3] alpha β loss".split()] == [
        "x_{1}", "y_{1}", "z_{1}", "w_{1}", "w_{2,3}", r"\alpha", r"\beta", r"\mathrm{loss}",
    ]  # fmt: skip


def test_members_of_families_with_a_subscript_of_their_own() -> None:
    """TeX stops at a second subscript: x_{1}_{t}."""
    naming = Naming(["x1[2]", "t"])
    assert latex(formula("x1[t+1]*x1[2]^2"), naming=naming) == r"x_{1}[t + 1] \cdot x_{1}[2]^{2}"
    assert latex(formula("y[t]*y[2]^2")) == r"y_{t} \cdot y_{2}^{2}"


def test_the_exponential_function_is_no_power_of_a_name() -> None:
    own = Naming(["e", "x"])
    assert latex(formula("exp(x)*e^x"), naming=own) == r"\exp\left(x\right) \cdot e^{x}"
    assert latex(formula("expm1(x)^2"), naming=own) == r"\left(\exp\left(x\right) - 1\right)^{2}"
    assert latex(formula("exp(x)^2"), naming=own) == r"\exp\left(x\right)^{2}"
    assert latex(formula("exp(x)")) == "e^{x}"


FILES = {
    "x1 x_1 x₁ x[1]": "L = x1*x_1*x₁*x[1]; x1 = 2; x_1 = 3; x₁ = 5; x[1] = 7",
    "alpha α": "L = alpha*α; alpha = 2; α = 3",
    "Δx x̂ ẍ": "L = Δx*x̂*ẍ*θ̂^2*σόα*ς*ϑ*ħ_ℓ*Αx; Δx = 2; x̂ = 3; ẍ = 1; θ̂ = 2; σόα = 1; ς = 2; ϑ = 3; ħ_ℓ = 1; Αx = 2",
    "x1 x1[2] x1_2": "L = sum(x1[i] for i in 1..2)*x1_2; x1[i] = i for i in 1..2; x1_2 = 3",
    "v_1 v1": "L = sin(v_1*a)*cos(v1); v_1 = 2; a = 3; v1 = 4",
    "e": "L = exp(x)*e^x; e = 2; x = 3",
    "π pi": "L = π*sin(x)*pi; π = 3; x = 2",
}  # fmt: skip


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_documents_and_tables_keep_names_apart(file: str, tmp_path: Path) -> None:
    """Derivatives by different names look different, and pdflatex takes what is written."""
    table = backprop("grad", "-e", file, "--format", "latex").out
    first = [line.split(" & ")[0] for line in table.splitlines() if " & " in line][1:]
    assert len({seen(cell.strip("$")) for cell in first}) == len(first)
    documents = [table]
    for detail in ("equations", "operations"):
        line = ["explain", "-e", file, "--detail", detail, "--format"]
        shown = backprop(*line, "latex").out
        by = {
            *re.findall(
                r"\\displaystyle \\frac\{\\partial L\}\{\\partial ((?:[^{}]|\{[^{}]*\})+)\}", shown
            )
        }
        known = set(re.findall(r"∂L/∂(\S+) =", backprop(*line, "text").out))
        assert len(known) > 1
        assert len({seen(each) for each in by}) == len(by) == len(known)
        documents.append(shown)
        page = backprop(*line, "html").out
        rendered = set()
        for found in re.findall("<math.*?</math>", page):
            tree = ElementTree.fromstring(found)
            fraction = tree.find(".//{*}mfrac")
            if fraction is not None and seen_in(fraction[0]) == "∂L":
                rendered.add(seen_in(fraction[1]))
        assert len(rendered) == len(known)
    if shutil.which("pdflatex"):
        for at, text in enumerate(documents):
            if "documentclass" not in text:
                text = f"\\documentclass{{article}}\\usepackage{{amsmath}}\\begin{{document}}\n{text}\\end{{document}}"
            (tmp_path / f"{at}.tex").write_text(text, "utf-8")
            command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{at}.tex"]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
            assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


def seen_in(element: ElementTree.Element) -> str:
    """What a reader sees of MathML, what stands below marked."""
    parts = [seen_in(child) for child in element]
    if element.tag.endswith("msub"):
        return f"{parts[0]}↓{parts[1]}↑"
    return (element.text or "") + "".join(parts)


@pytest.mark.parametrize(
    ("file", "step"),
    [
        ("L = sin(v_1*a); v_1 = 1", "u1"),
        ("L = sin(v1*a); v1 = 1", "u1"),
        ("L = sin(v₁*u[1]*a); v₁ = 1; u[1] = 1", "w1"),
        ("L = sin(v*velocity*a); v = 1; velocity = 1", "v1"),
    ],
)
def test_steps_have_names_that_the_file_has_nothing_like(file: str, step: str) -> None:
    ran = backprop("explain", "-e", file, "--set", "a=1", "--detail", "operations")
    assert f"  1. {step} = " in ran.out


def test_names_in_markdown_are_no_emphasis() -> None:
    line = ["explain", "-e", "_b = _a*2; L = _b*c_", "--set", "_a=1, c_=2", "--paths", "_a"]
    assert r"\_a → \_b → L" in backprop(*line, "--format", "markdown").out


DIAGONALS = """
h[i,i] = sin(x) for i in 1..20
z = x*2
h[i,21-i] = cos(x)*z for i in 1..20
L = sum(h[i,i] + h[i,21-i]*2 for i in 1..20)
"""


def test_parts_of_a_family_that_span_the_same_indices_are_two_rows_and_two_boxes() -> None:
    line = ["-e", DIAGONALS, "--set", "x=1"]
    names = [row[:18].strip() for row in backprop("grad", *line).out.splitlines()]
    assert {"h[1,1] … h[20,20]", "h[1,20] … h[20,1]"} < {*names}
    found = backprop("grad", *line, "--format", "latex").out
    assert r"$h_{1,20} \ldots h_{20,1}$ & intermediate & $\cos" in found
    drawn = backprop("draw", *line, "--detail", "equations", "-o", "-").out
    assert "h[1,1] … h[20,20] = sin(x) <" in drawn
    assert "h[1,20] … h[20,1] = cos(x)*z <" in drawn


def test_every_column_of_the_table_stands_in_latex() -> None:
    """The table in a pipe has two spaces between columns."""
    for line in (
        ["grad", "-e", "e = a*b; L = e + c; k = 2", "--of", "L", "--set", "a=1, b=2, c=3"],
        ["grad", "-e", DIAGONALS, "--set", "x=1"],
        ["check", "-e", "L = abs(a)*b", "--set", "a=0, b=2"],
        ["check", "-e", "L = a*b", "--set", "a=1, b=2", "--claim", "da = b; db = 3"],
        ["check", "-e", "e = a*b; L = e^2", "--set", "a=1, b=2", "--claim", "de/da = b"],
        ["descend", "-e", "L = a^2 + b^2", "--set", "a=1, b=2", "--bounds", "a=0..5"],
    ):
        table = backprop(*line).out.splitlines()
        titles = re.split(r"\s{2,}", table[table.index("") + 1].strip())
        found = backprop(*line, "--format", "latex").out.splitlines()
        own = found[found.index(r"\hline") + 1].removesuffix(r" \\").split(" & ")
        assert len(own) == len(titles)
        assert all(row.count(" & ") == len(own) - 1 for row in found if " & " in row)
        body = backprop(*line).out.split("\n\n")[1]
        for word in ("agrees", "corner", "right", "wrong", "input", "0..5"):
            assert (word in body) == any(f"& {word}" in row for row in found), (line, word)
