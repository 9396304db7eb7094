"""`backprop quiz --exam`: sheets and keys, and that `check` confirms every key through the command."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import backprop as package
from backprop import gallery
from backprop.errors import BackpropError
from backprop.quizzes.exams import make_exam
from backprop.quizzes.questions import KINDS
from running import Ran, backprop
from sizes import size

EXERCISES = [each.name for each in gallery.examples() if each.name.startswith("exercise")]
SMALL = "# A test\nu = a*b; L = u + b; a = 2; b = 3\n"
HOSTILE = (
    "# Prüfung №1: 50% & m_{x} \\frac $1 ^ ~ <b>Δ≈3</b> | `c` *s* _u_ [l](u) # {\n"
    "λ_1 = α*größe^2; y_a[k] = λ_1*w[k] + x' for k in 1..2; L = y_a[1]*y_a[2] + abs(α) + max(α, 1.5)\n"
    "größe = 2; α = 3; w[k] = 2 for k in 1..2; x' = 3\n"
)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "small.eq").write_text(SMALL)
    return tmp_path


def exam(folder: Path, *options: str, file: str = "small.eq", to: str = "exam") -> Ran:
    return backprop("quiz", str(folder / file), "--exam", str(folder / to), *options)


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("name", EXERCISES)
def test_check_confirms_the_keys_of_an_exercise(name: str, tmp_path: Path) -> None:
    """The claims of every key, and the same ones with another sign, which are wrong."""
    count = size(3, 30)
    (tmp_path / "x.eq").write_text(gallery.example(name).text)
    ran = exam(tmp_path, "--variants", str(count), "--ask", ",".join(KINDS), file="x.eq")
    assert ran.status == 0, ran.err
    assert ("note: x1, x2 and target, though const, are chosen" in ran.err) == (
        "08" in name and count == 30
    )
    sheets = {(tmp_path / "exam" / f"variant_{at:02}.md").read_text() for at in range(1, count + 1)}
    assert len(sheets) == count
    for at in range(1, count + 1):
        values = tmp_path / "exam" / f"values_{at:02}.txt"
        claims = tmp_path / "exam" / f"claims_{at:02}.txt"
        file = str(tmp_path / "x.eq")
        marked = backprop("check", file, "--values", str(values), "--claims", str(claims))
        assert marked.status == 0, marked.out
        lines = claims.read_text().splitlines()
        wrong = [re.sub(r"= (-?)([\d.]+)$", r"= \1\g<2>1", line) for line in lines]
        wrong = [new for new, old in zip(wrong, lines, strict=True) if new != old]
        claims.write_text("\n".join(wrong))
        marked = backprop(
            "check", file, "--values", str(values), "--claims", str(claims), "--format", "json"
        )
        assert marked.status == 1
        verdicts = [json.loads(line).get("verdict") for line in marked.out.splitlines()]
        assert "right" not in verdicts


def test_what_is_in_a_folder(small: Path) -> None:
    ran = exam(small, "--variants", "2")
    assert (ran.status, ran.out) == (0, "")
    assert ran.err == f"wrote 9 files into {small / 'exam'}: variant_01.md to keys.md\n"
    assert names_in(small / "exam") == [
        "claims_01.txt", "claims_02.txt", "key_01.md", "key_02.md", "keys.md",
        "values_01.txt", "values_02.txt", "variant_01.md", "variant_02.md",
    ]  # fmt: skip
    sheet = (small / "exam" / "variant_01.md").read_text()
    assert sheet.startswith("# A test\n\n**Variant 01** · Name: ____")
    assert "All numbers are exact, with at most 6 significant digits." in sheet
    key = (small / "exam" / "key_01.md").read_text()
    command = next(line for line in key.splitlines() if "backprop check" in line)
    ran = backprop(*shlex.split(command)[1:])
    assert (ran.status, ran.out.splitlines()[-1]) == (0, "all claims are right")


def test_numbers_of_a_sheet_are_those_of_its_key(small: Path) -> None:
    """The answers of the sheet by hand: u = a*b, L = u + b."""
    exam(small, "--variants", "5", to="exam.json")
    found = json.loads((small / "exam.json").read_text())
    assert (found["exam"], found["output"], found["seed"]) == ("A test", "L", 0)
    assert found["equations"] == {"u": "a*b", "L": "u + b"}
    for each in found["variants"]:
        a, b = each["inputs"]["a"], each["inputs"]["b"]
        assert each["texts"] == {"a": f"{a:g}", "b": f"{b:g}"}
        answers = {
            (q["kind"], q["of"], q["by"], q["part"], q["through"]): float(q["answer"])
            for q in each["questions"]
        }
        assert answers == {
            ("forward", "u", None, None, None): a * b,
            ("forward", "L", None, None, None): a * b + b,
            ("local", "L", "u", None, None): 1,
            ("local", "L", "b", "share", "L"): 1,
            ("local", "u", "a", None, None): b,
            ("backward", "L", "a", None, None): b,
            ("local", "u", "b", None, None): a,
            ("backward", "L", "b", "share", "u"): a,
            ("backward", "L", "b", "sum", None): a + 1,
        }
        assert f"share of ∂L/∂b: ∂L/∂u * ∂u/∂b = {a:g}" in each["claims"]


def test_the_same_seed_is_the_same_exam(small: Path) -> None:
    for name, seed in (("one", "3"), ("two", "3"), ("other", "4")):
        assert exam(small, "--variants", "3", "--seed", seed, to=name).status == 0
    texts = [
        [
            (small / name / file).read_text().replace(str(small / name), "")
            for file in names_in(small / "one")
            if name != "other" or "key" not in file  # which name the seed
        ]
        for name in ("one", "two", "other")
    ]
    assert texts[0] == texts[1]
    assert not {*texts[0]} & {text for text in texts[2] if text.startswith("# A test")}


def test_numbers_that_are_drawn_keep_their_seed(tmp_path: Path) -> None:
    (tmp_path / "small.eq").write_text("const m ~ uniform(1, 2); L = a*m; a = 3")
    assert exam(tmp_path, "--variants", "1", "--seed", "5").status == 0
    [command] = re.findall(
        r"^    (backprop check .*)", (tmp_path / "exam" / "key_01.md").read_text(), re.M
    )
    assert "--seed 5" in command
    assert backprop(*shlex.split(command)[1:]).status == 0


def test_formulas_are_asked_if_they_are_named(small: Path) -> None:
    exam(small, "--variants", "1", to="exam.json")
    exam(small, "--variants", "1", "--ask", "formula", to="formulas.json")
    plain, formulas = (
        json.loads((small / name).read_text())["variants"][0]["questions"]
        for name in ("exam.json", "formulas.json")
    )
    assert {each["kind"] for each in plain} == {"forward", "local", "backward"}
    asked = {
        (each["of"], each["by"]): each["answer"] for each in formulas if each["kind"] == "formula"
    }
    assert asked == {("u", "a"): "b", ("u", "b"): "a"}


def test_rounded_answers_say_so(tmp_path: Path) -> None:
    (tmp_path / "small.eq").write_text("L = exp(a)*b; a = 2; b = 3")
    exam(tmp_path, "--variants", "1", "--set", "a=1.5", to="exam.md")
    text = (tmp_path / "exam.md").read_text()
    assert "Behind ≈ it is to be rounded to 4 significant digits" in text
    assert re.search(r"\\frac\{\\partial L\}\{\\partial b\} \\approx\$ ____", text)
    assert re.search(r"\\partial b\} = e\^\{a\} = e\^\{1.5\} \\approx 4.482\$", text)


def test_logarithms_among_inputs_are_read_back(tmp_path: Path) -> None:
    (tmp_path / "small.eq").write_text(gallery.example("exercise_08_one_neuron").text)
    exam(tmp_path, "--variants", "3")
    values = (tmp_path / "exam" / "values_01.txt").read_text()
    assert re.search(r"^b = .*log\(\d+\)", values, re.M)
    file, path = str(tmp_path / "small.eq"), str(tmp_path / "exam" / "values_01.txt")
    found = json.loads(backprop("grad", file, "--values", path, "--format", "json").out)
    assert abs(found["data"]["h"]) == pytest.approx(0.6) or abs(
        found["data"]["h"]
    ) == pytest.approx(0.8)


def test_a_number_that_is_a_formula_is_given_as_one(tmp_path: Path) -> None:
    """What is exact behind e^s is so for log(8), and not for the first digits of it."""
    small, soft = tmp_path / "small.eq", tmp_path / "soft.eq"
    small.write_text("const c = √2; const d = |-3|; const h = -.5e1; L = s*c*d*h; s = 1")
    soft.write_text(gallery.example("exercise_06_softmax_of_two").text)
    assert exam(tmp_path, "--variants", "1").status == 0
    sheet = (tmp_path / "exam" / "variant_01.md").read_text()
    for given in (r"c = \sqrt{2} \approx 1.41421", r"d = \left|-3\right| = 3", "h = -5"):
        assert f"- ${given}$" in sheet
    assert exam(tmp_path, "--variants", "3", file=soft.name, to="soft.md").status == 0
    given = re.findall(r"- \$s_\{[12]\} = (.*)\$", (tmp_path / "soft.md").read_text())
    assert len(given) == 6
    for each in given:
        assert re.fullmatch(r"-?\\ln\\left\(\d+\\right\) \\approx -?\d\.\d+", each)


def test_a_sheet_has_all_that_its_equations_name(tmp_path: Path) -> None:
    """Functions of the file, those that these call, and ends of ranges."""
    text = "f(x) = 2*g(x)  # twice\ng(t) = if(t > 0, t*k, -t)\nh(t) = t; n = 3; x[i] = i for i in 1..n\n"
    (tmp_path / "small.eq").write_text(text + "L = f(a)*sum(x[i]^2 for i in 1..n); a = 1; k = 2")
    assert exam(tmp_path, "--variants", "2", to="exam.md").status == 0
    sheet = (tmp_path / "exam.md").read_text()
    assert r"- $f\left(x\right) = 2 \cdot g\left(x\right)$" in sheet
    assert r"- $g\left(t\right) = \begin{cases}t \cdot k & \text{if } t > 0 \\ -t &" in sheet
    assert "- $n = 3$" in sheet
    assert r"h\left" not in sheet


def test_formulas_stand_on_the_page(tmp_path: Path) -> None:
    """In tables of keys, too: as many variants stand side by side as there is room for."""
    text = "u = sin(a*b)*exp(c)/(1+b^2); L = u^2 + (a - b*c)^2*u; a = 1; b = 2; c = 1"
    (tmp_path / "small.eq").write_text(text)
    assert exam(tmp_path, "--variants", "6", "--ask", "formula", to="exam.tex").status == 0
    assert "question & 1 & 2 \\\\" in (tmp_path / "exam.tex").read_text()
    if shutil.which("pdflatex"):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "exam.tex"]
        made = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
        assert made.returncode == 0
        assert b"Overfull" not in made.stdout


def test_a_command_is_printed_as_it_is_typed(tmp_path: Path) -> None:
    """Where a name has what nobody sees, it is told what it is, and no command says it."""
    (tmp_path / "small.eq").write_text(SMALL)
    options = ("--variants", "1", "--format", "latex")
    assert exam(tmp_path, *options, to="my exam").status == 0
    key = (tmp_path / "my exam" / "key_01.tex").read_text()
    assert r"L -{}-values \textquotesingle{}" in key
    ran = exam(tmp_path, *options, to="a\x1b[31mb\nc")
    assert "a<U+001B>[31mb<U+000A>c: variant_01" in ran.err
    assert "Confirmed" not in (tmp_path / "a\x1b[31mb\nc" / "key_01.tex").read_text()


def test_names_and_titles_of_every_kind(tmp_path: Path) -> None:
    """What LaTeX and Markdown read as more than text stays text, and pdflatex takes it."""
    name = "Ü 100% & #1 $x.eq"
    (tmp_path / name).write_text(HOSTILE)
    options = ("--variants", "7", "--ask", ",".join(KINDS))
    assert exam(tmp_path, *options, file=name).status == 0
    text = (tmp_path / "exam" / "variant_01.md").read_text()
    assert text.startswith(
        r"# Prüfung №1: 50% \& m\_{x} \\frac \$1 ^ \~ \<b\>Δ≈3\</b\> \| \`c\` \*s\* \_u\_ \[l\](u)"
    )
    table = (tmp_path / "exam" / "keys.md").read_text().splitlines()
    rows = [line for line in table if line.startswith("|")]
    assert {line.count("|") for line in rows} == {9, 4}  # 7 variants, six abreast
    ran = exam(tmp_path, *options, file=name, to="exam.tex")
    assert ran.status == 0, ran.err
    document = (tmp_path / "exam.tex").read_text()
    assert document.count(r"\newpage") == 14
    assert exam(tmp_path, *options, "--format", "latex", file=name, to="apart").status == 0
    if shutil.which("pdflatex"):
        for path in (tmp_path / "exam.tex", tmp_path / "apart" / "key_01.tex"):
            command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name]
            made = subprocess.run(
                command, cwd=path.parent, capture_output=True, timeout=120, check=False
            )
            assert made.returncode == 0, made.stdout[-2000:].decode("utf-8", "replace")


def test_an_exam_of_an_exercise_without_a_file(tmp_path: Path) -> None:
    ran = backprop("quiz", "--level", "8", "--exam", str(tmp_path / "e.md"), "--variants", "1")
    assert ran.status == 0, ran.err
    assert (tmp_path / "e.md").read_text().startswith("# Exercise 8, one neuron: tanh")


def test_standard_output(small: Path) -> None:
    file = str(small / "small.eq")
    for format, start in (
        ("markdown", "# A test"),
        ("latex", r"\documentclass"),
        ("json", '{"schema"'),
    ):
        ran = backprop("quiz", file, "--exam", "-", "--variants", "1", "--format", format)
        assert (ran.status, ran.err) == (0, "")
        assert ran.out.startswith(start)
    ran = backprop("quiz", "-", "--exam", "-", "--variants", "1", stdin=SMALL.encode())
    assert ran.out.startswith("# A test")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--variants", "0"], "--variants"),
        (["--variants", "1001"], "--variants"),
        (["--variants", "1000000"], "--variants"),
        (["--format", "pdf"], "pdf"),
        (["--format", "text"], "text"),
        (["--ask", "everything"], "everything"),
        (["--rounds", "2"], "--rounds"),
        (["--vary", "q"], "'q'"),
        (["--vary", "L"], "L"),
        (["--set", "a=2, b=3"], "no input"),
    ],
)
def test_options_that_cannot_be(options: list[str], says: str, small: Path) -> None:
    ran = exam(small, *options)
    assert ran.status in (1, 2), ran.err
    assert says in ran.err
    assert "Traceback" not in ran.err
    assert names_in(small) == ["small.eq"]


def test_too_few_variants(small: Path) -> None:
    (small / "small.eq").write_text("L = a^2; a = 2 in 1.5..4.5")
    ran = exam(small, "--variants", "500")
    assert ran.status == 2
    there = re.search(
        r"error: (?:.*: )?(\d+) different inputs were found that give tidy numbers; 500 ", ran.err
    )
    assert there, ran.err
    assert exam(small, "--variants", there[1]).status == 0


def test_what_is_there_stays(small: Path) -> None:
    """Without --force nothing is written over, and what is no exam is never touched."""
    folder = small / "exam"
    assert exam(small, "--variants", "3").status == 0
    (folder / "notes.md").write_text("mine")
    before = {name: (folder / name).read_bytes() for name in names_in(folder)}
    ran = exam(small, "--variants", "2", "--seed", "1")
    assert ran.status == 1
    assert "exists already, and so do 12 more" in ran.err
    assert {name: (folder / name).read_bytes() for name in names_in(folder)} == before
    assert exam(small, "--variants", "2", "--seed", "1", "--force").status == 0
    assert [name for name in names_in(folder) if "3" in name] == []  # no key of an earlier exam
    assert (folder / "notes.md").read_text() == "mine"
    (small / "exam.md").write_text("mine")
    assert exam(small, to="exam.md").status == 1
    assert (small / "exam.md").read_text() == "mine"


def test_where_it_cannot_be_written(small: Path) -> None:
    for to, says in (
        ("small.eq", "ending"), ("no/such/place", "There is no folder"), ("exam.docx", ".docx"), ("", "name"),
    ):  # fmt: skip
        ran = backprop("quiz", str(small / "small.eq"), "--exam", str(small / to) if to else "")
        assert ran.status in (1, 2), (to, ran.err)
        assert says.lower() in ran.err.lower(), ran.err
    (small / "eqs.md").write_text(SMALL)
    ran = exam(small, file="eqs.md", to="eqs.md")
    assert (ran.status, "is read and would be lost" in ran.err) == (2, True)
    (small / "exam").mkdir()
    (small / "exam" / "key_01.md").write_text(SMALL)
    ran = exam(small, "--force", file="exam/key_01.md")
    assert (ran.status, "is read and would be lost" in ran.err) == (2, True)
    assert (small / "exam" / "key_01.md").read_text() == SMALL
    (small / "file").write_text("")
    assert "no folder" in exam(small, to="file").err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only(small: Path) -> None:
    (small / "exam").mkdir(mode=0o555)
    ran = exam(small)
    assert (ran.status, "ermission denied" in ran.err) == (2, True)


def test_nothing_is_half_written(small: Path) -> None:
    """A disk that is full at the third file leaves the folder as it was."""
    assert exam(small, "--variants", "1").status == 0
    before = {each.name: each.read_bytes() for each in (small / "exam").iterdir()}
    count = 0

    def opened(path: Any, *more: Any, **options: Any) -> Any:
        nonlocal count
        if ".backprop-" in str(path):
            count += 1
            if count == 3:
                raise OSError(28, "No space left on device")
        return open(path, *more, **options)

    with patch("backprop.reports.output_folder.open", opened, create=True):
        ran = exam(small, "--variants", "4", "--force")
    assert ran.status == 1
    assert "no space left on device" in ran.err
    assert {each.name: each.read_bytes() for each in (small / "exam").iterdir()} == before
    assert names_in(small) == ["exam", "small.eq"]


def test_a_key_that_is_not_right_is_not_written(small: Path) -> None:
    """If the answers were wrong, `check` would say so before anything is there."""
    with patch("backprop.quizzes.exams.answer_text", lambda number: "7.25"):
        ran = exam(small, "--variants", "1")
    assert ran.status == 1
    assert "the key of variant 1 is not confirmed" in ran.err
    assert names_in(small) == ["small.eq"]


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes of this kind")
def test_a_pipe_that_is_closed(small: Path) -> None:
    command = f"{sys.executable} -m backprop quiz small.eq --exam - --variants 30 | head -n 1"
    ran = subprocess.run(
        ["bash", "-c", command], cwd=small, capture_output=True, text=True, check=False
    )
    assert ran.stdout == "# A test\n"
    assert "Traceback" not in ran.stderr


def test_large_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "small.eq").write_text(
        "x[i+1] = x[i]*a for i in 1..n; L = x[n+1]; x[1] = 2; a = 1; n = 500"
    )
    ran = exam(tmp_path)
    assert ran.status == 1
    assert "501 equations are more than a person is asked about" in ran.err
    ran = exam(tmp_path, "--set", "n=300000")  # inputs are not counted, where nothing is unrolled
    assert "these equations are more than a person is asked about" in ran.err
    assert "take fewer members, such as --set n=3\n" in ran.err
    assert exam(tmp_path, "--set", "n=3", "--variants", "1").status == 0


def test_every_key_of_the_json_is_told(small: Path) -> None:
    exam(small, "--variants", "1", to="exam.json")
    [rows] = re.findall(r"^    keys of exam\n((?:    .*\n)+)", gallery.page("json", ()).text, re.M)
    told = set(re.findall(r"^    ([a-z_.[\]]+) ", rows, re.M))
    found = json.loads((small / "exam.json").read_text())
    [variant] = found.pop("variants")
    keys = {*found, *(f"variants[].{key}" for key in variant)}
    keys |= {f"variants[].questions[].{key}" for each in variant["questions"] for key in each}
    assert keys == told


def test_exams_in_python() -> None:
    found = make_exam(package.parse(SMALL), None, 4, 0, kept={"a": 4})
    assert [each.data["a"] for each in found.variants] == [4, 4, 4, 4]
    assert len({each.data["b"] for each in found.variants}) == 4
    assert all("a = 4" in each.values for each in found.variants)
    with pytest.raises(BackpropError, match="a is computed from nothing"):
        make_exam(package.parse("a = 3"), None, 1, 0)
    with pytest.raises(BackpropError, match="nothing to ask"):
        make_exam(package.parse("L = 3*a"), None, 1, 0, ["forward"], only=["a"])


def test_ctrl_c_ends_with_130(tmp_path: Path) -> None:
    (tmp_path / "small.eq").write_text(gallery.example("mazur_network").text)
    command = [
        sys.executable,
        "-m",
        "backprop",
        "quiz",
        "small.eq",
        "--exam",
        "exam",
        "--variants",
        "900",
    ]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert names_in(tmp_path) == ["small.eq"]


def test_sheets_with_a_picture_to_be_filled_in(tmp_path: Path) -> None:
    """With the numbers of its sheet, and none that is asked for; those of an earlier exam go."""
    (tmp_path / "small.eq").write_text("# A test\nu = a*b; L = u + b; a = 2; b = 3")
    assert exam(tmp_path, "--variants", "2", "--picture").status == 0
    folder = tmp_path / "exam"
    assert [each for each in names_in(folder) if "graph" in each] == [
        "graph_01.svg",
        "graph_02.svg",
    ]
    found = exam(tmp_path, "--variants", "2", to="exam.json")
    assert found.status == 0
    for each in json.loads((tmp_path / "exam.json").read_text())["variants"]:
        drawn = (folder / f"graph_0{each['variant']}.svg").read_text().replace("−", "-")
        texts = re.findall(r">([^<>]*)</text>", drawn)
        numbers = [at for at, text in enumerate(texts) if re.fullmatch(r"-?[\d.]+", text)]
        assert {texts[at - 1] for at in numbers} == {"data"}
        assert sorted(float(texts[at]) for at in numbers) == sorted(each["inputs"].values())
        sheet = (folder / f"variant_0{each['variant']}.md").read_text()
        assert sheet.endswith(
            "## The graph, to be filled in\n\n"
            f"![The graph, to be filled in](graph_0{each['variant']}.svg)\n"
        )
        assert "graph_" not in (folder / f"key_0{each['variant']}.md").read_text()
    exam(tmp_path, "--variants", "1", "--ask", "forward", "--picture", "--force")
    assert [each for each in names_in(folder) if "graph" in each] == ["graph_01.svg"]
    assert "grad" not in (folder / "graph_01.svg").read_text()  # no derivative is asked for
    exam(tmp_path, "--variants", "2", "--picture", to="exam.tex")
    text = (tmp_path / "exam.tex").read_text()
    assert text.count(r"\begin{tikzpicture}") == 2
    assert text.count(r"\usepackage{tikz}") == 1
    if shutil.which("pdflatex"):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "exam.tex"]
        made = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
        assert made.returncode == 0, made.stdout
        assert b"Overfull" not in made.stdout
    assert r"\usepackage{tikz}" not in exam(tmp_path, "--format", "latex", to="-").out


@pytest.mark.parametrize(
    ("to", "says"),
    [("exam.json", "an exam in json has no pictures"), ("exam.md", "one file has no room")],
)
def test_where_there_is_no_room_for_pictures(to: str, says: str, small: Path) -> None:
    ran = exam(small, "--picture", to=to)
    assert (ran.status, says in ran.err) == (2, True), ran.err
    assert names_in(small) == ["small.eq"]


def test_two_rows_of_a_table_of_keys_ask_for_two_things(tmp_path: Path) -> None:
    """Shares, their sum and parts of one equation are told apart."""
    (tmp_path / "small.eq").write_text(gallery.example("exercise_06_softmax_of_two").text)
    exam(tmp_path, "--variants", "1")
    table = (tmp_path / "exam" / "keys.md").read_text()
    asked = re.findall(r"^\| \d+ \| (\S.*?) \|", table, re.M)
    assert len(asked) == len({*asked}) == 27
    sheet = (tmp_path / "exam" / "variant_01.md").read_text()
    equation = r"p_{1} = \frac{e_{1}}{\mathrm{total}}"
    assert rf"of ${equation}$ alone: $\frac{{\partial p_{{1}}}}{{\partial e_{{1}}}} =$" in sheet


def test_the_title_is_that_of_pages_and_pictures(tmp_path: Path) -> None:
    (tmp_path / "small.eq").write_text("#####\n#\n#  My title\n# more\nL = a*b; a = 2; b = 3")
    sheet = backprop("quiz", str(tmp_path / "small.eq"), "--exam", "-", "--variants", "1").out
    assert sheet.startswith("# My title\n")
    assert backprop("quiz", str(tmp_path / "small.eq")).out.startswith("My title\n\n")
    (tmp_path / "small.eq").write_text("L = a*b; a = 2; b = 3")
    sheet = backprop("quiz", str(tmp_path / "small.eq"), "--exam", "-", "--variants", "1").out
    assert sheet.startswith("# small\n")
