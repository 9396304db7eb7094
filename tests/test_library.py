"""The verbs of a Model in Python, and how their results look when printed and in a notebook."""

from __future__ import annotations

import copy
import math
import pickle
import re
from pathlib import Path
from typing import Any

import pytest

import backprop
from backprop.errors import BackpropError, BadOption, MissingInputs, TooLarge, UnknownName
from running import CLASSIC, POINT
from running import backprop as run

MODEL = "h = tanh(k*x); L = (h - y)^2; x = 2; y = 1"
NUMBERS = {"a": 2, "b": -3, "c": 10, "f": -2}


def test_numbers_by_keyword_are_those_of_a_mapping() -> None:
    model = backprop.parse(MODEL)
    h = math.tanh(0.1)
    slope = 2 * (h - 1) * (1 - h * h) * 2
    for found in (model.grad(k=0.05), model.grad({"k": 0.05}), model.grad({"k": 9}, k=0.05)):
        assert math.isclose(found.gradients["k"], slope, rel_tol=1e-12)
    with pytest.raises(UnknownName, match="kk"):
        model.grad(kk=0.05)
    with pytest.raises(MissingInputs):
        model.explain()


def test_print_writes_what_the_command_does() -> None:
    model = backprop.parse(CLASSIC)
    given = "-e", CLASSIC, "--set", POINT
    claim = "dL/da = f*a; db = 4; dd/de = 1"
    for found, command in (
        (model.grad(a=2, b=-3, c=10, f=-2), ["grad"]),
        (model.explain(NUMBERS), ["explain"]),
        (model.explain(NUMBERS, only=["a"], steps_of="backward", detail="operations"),
         ["explain", "--only", "a", "--steps-of", "backward", "--detail", "operations"]),
        (model.explain(NUMBERS, paths="a, b"), ["explain", "--paths", "a, b"]),
        (model.check(NUMBERS), ["check"]),
        (model.check(NUMBERS, claim=claim), ["check", "--claim", claim]),
        (model.check(NUMBERS, precise=True), ["check", "--precise"]),
        (model.descend(NUMBERS, lr=0.001, steps=3), ["descend", "--lr", "0.001", "--steps", "3"]),
    ):  # fmt: skip
        assert str(found) + "\n" == run(command[0], *given, *command[1:]).out
        assert len(repr(found)) < 200


def test_a_picture_is_that_of_the_command() -> None:
    model = backprop.parse(CLASSIC)
    drawn = model.draw(NUMBERS, theme="mono", passes="forward", focus=["e"], detail="equations")
    assert "∂" not in drawn.source
    assert "data -6" in drawn.source.replace("\\", "")
    assert "fillcolor=none" in drawn.source


@pytest.mark.parametrize(
    ("verb", "options", "said"),
    [("explain", {"detail": "equation"}, "equations"), ("explain", {"steps_of": "all"}, "both"),
     ("draw", {"theme": "drak"}, "did you mean 'dark'"), ("draw", {"direction": "up"}, "LR, TB"),
     ("draw", {"depth": -1}, "at least 0"), ("draw", {"passes": "forwards"}, "forward"), ("draw", {"detail": "all"}, "operations"),
     ("check", {"tolerance": 2, "claim": "da = 6"}, "between 0 and 1")],
)  # fmt: skip
def test_arguments_that_make_no_sense(verb: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(BadOption) as caught:
        getattr(backprop.parse(CLASSIC), verb)(NUMBERS, **options)
    assert said in str(caught.value)


def test_how_much_may_be_unrolled_is_said_in_python_too(tmp_path: Path) -> None:
    text = "L = sum(i*x for i in 1..100); x = 2"
    with pytest.raises(TooLarge):
        backprop.parse(text, max_nodes=100)
    (tmp_path / "eqs.txt").write_text(text, encoding="utf-8")
    model = backprop.load(tmp_path / "eqs.txt", max_nodes=1000)
    program = pickle.loads(pickle.dumps(backprop.compile(model, engine="python")))
    assert program([2.0])[0] == 2 * 5050
    with pytest.raises(BadOption, match="at least 1"):
        backprop.parse(text, max_nodes=0)


def test_a_copied_gradient_is_the_same_numbers_as_a_table() -> None:
    found = backprop.parse(CLASSIC).grad(NUMBERS)
    for other in (copy.copy(found), pickle.loads(pickle.dumps(found)), found._replace(output="L")):
        assert other == found
        assert re.search(r"^a +2 +6$", str(other), re.M)


def test_of_large_models_nothing_is_long() -> None:
    text = "; ".join([f"y{k} = x{k}*x{k}" for k in range(500)])
    model = backprop.parse(f"{text}; L = {'+'.join(f'y{k}' for k in range(500))}")
    numbers = dict.fromkeys(model.inputs, 1.0)
    found = model.grad(numbers)
    assert str(found).count("\n") > 1000  # print has all
    descent = model.descend(numbers, steps=3, every=1)
    results = [model, found, descent, descent.state, descent.best, model.check(numbers)]
    assert all(len(repr(each)) < 300 for each in results)
    for shown in (model, found, descent):
        bundle = shown._repr_mimebundle_()
        assert "image/svg+xml" not in bundle
        assert bundle["text/plain"].count("\n") < 80
        assert bundle["text/html"].count("<tr") < 80
        assert re.search(r"… and [\d,]+ rows more", bundle["text/html"])
    assert len(repr(backprop.parse(text))) < 100


def test_a_notebook_shows_tables_and_pages() -> None:
    nbformat = pytest.importorskip("nbformat")
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(code)
        for code in (
            "import backprop\nm = backprop.parse('L = (w - 3)^2')\nm",
            "m.grad(w=1)",
            "m.descend({'w': 1}, steps=20)",
            "m.check(w=1)",
            "m.explain(w=1)",
            "m.draw(w=1)",
            "m",
            "print(m.grad(w=1))",
        )
    ]
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    *cells, printed = (cell.outputs[-1] for cell in notebook.cells)
    model, gradient, descent, check, explained, drawn, again = (cell.data for cell in cells)
    for bundle, number in (
        (gradient, ">-4<"),
        (descent, ">3<"),
        (check, ">agrees<"),
        (again, ">3<"),
    ):
        assert "<table>" in bundle["text/html"]
        assert number in bundle["text/html"]
    assert "(w - 3)^2" in model["text/html"]
    assert "<math" in explained["text/html"]
    assert "<body" not in explained["text/html"]
    assert "∂L/∂w = 2·(w − 3)" in explained["text/plain"]
    assert "<svg" in drawn["image/svg+xml"]
    assert "<svg" in again["text/html"]
    assert printed["text"].startswith("L = 4\n\nname")


def test_what_is_shown_is_escaped() -> None:
    shown = backprop.parse("a = 2; L = if(a < 3, a, 1)").grad()._repr_mimebundle_()["text/html"]
    assert "a &lt; 3" in shown
    assert "a < 3" not in shown


def test_warnings_and_notes_are_printed_with_the_table() -> None:
    found = backprop.parse("x = 0; y = abs(x)").grad()
    assert "note: " in str(found)
    assert "note: " in found._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"only": ""}, "there is no '' in the inputs"), ({"only": ["b", ""]}, "there is no '' in the inputs"),
        ({"freeze": [""]}, "there is no '' in the inputs"), ({"lr": 10**400}, "is inf"), ({"lr": -(10**400)}, "is -inf"),
        ({"steps": 10**5000}, "whole number"), ({"target": 10**400}, "the target is inf"), ({"optimizer": 3}, "no optimizer 3"),
        ({"schedule": None}, "no schedule None"), ({"engine": 1}, "no engine 1"), ({"engine": b"native"}, "no engine b'native'"),
    ],
)  # fmt: skip
def test_options_of_other_kinds_are_told(options: Any, said: str) -> None:
    with pytest.raises(BackpropError, match=re.escape(said)):
        backprop.parse("a = 1; b = 2; L = a*b").descend(**options)


def test_half_a_surrogate_pair_is_no_text() -> None:
    """Python's own texts have them, and no file has: UTF-8 would begin with the byte 0xED."""
    model = backprop.parse("a = 1; L = 2*a")
    for ask in (lambda: model.check(claim="\ud800 = 2"), lambda: backprop.parse("a\ud800 = 2")):
        with pytest.raises(BackpropError, match=r"0xED|U\+D800"):
            ask()


def test_derivatives_as_formulas() -> None:
    """What the command writes, with its options; the same in a notebook."""
    model = backprop.parse("e = a*b; d = e + tanh(c); L = d*f; f = 2")
    found = model.diff()
    for name, options in {
        "text": ["--format", "text"],
        "latex": ["--format", "latex"],
        "markdown": ["--format", "markdown"],
    }.items():
        line = ["-e", "e = a*b; d = e + tanh(c); L = d*f; f = 2", *options]
        assert getattr(found, name) == run("diff", *line).out.rstrip("\n")
    assert found.formulas == {
        "dL_da": "b*f",
        "dL_db": "a*f",
        "dL_dc": "f*sech(c)^2",
        "dL_df": "a*b + tanh(c)",
    }
    assert str(found) == found.text
    assert repr(found) == "<derivatives: dL_da, dL_db, dL_dc, dL_df>"
    bundle = found._repr_mimebundle_()
    assert bundle["text/markdown"] == found.markdown
    assert bundle["text/latex"] == found.latex
    assert str(model.diff(wrt="c", pretty=True)) == "dL/dc = f·(1 − tanh(c)^2)"
    assert pickle.loads(pickle.dumps(found.formulas)) == found.formulas
    assert copy.copy(found).latex == found.latex


def test_options_of_derivatives_are_those_of_the_command(capfd: pytest.CaptureFixture[str]) -> None:
    model = backprop.parse("d = a*b; L = d^2; a = 1")
    assert model.diff(wrt="a, b", order=2).formulas == {"d2L_da_db": "4*a*b"}
    assert "dL_dd" in str(model.diff(shape="steps"))
    assert str(model.diff("d", wrt=["b"], values={"a": 3})) == "a = 3\ndd_db = a"
    long = backprop.parse("L = " + " + ".join(f"x^{n}*sin(x*{n})" for n in range(2, 40)))
    assert "dL_dx" in long.diff().formulas
    assert capfd.readouterr() == ("", "")  # what the command says of its shape
    assert "step by step" in long.diff().said[0]
    with pytest.raises(BadOption, match="order"):
        model.diff(order=0)
    with pytest.raises(BadOption, match="nested"):
        model.diff(shape="flat")
    with pytest.raises(BackpropError, match="'q'"):
        model.diff(wrt="q")
    looped = backprop.parse("L = sum(w*x[i] for i in 1..n); x[i] = i for i in 1..n; n = 9")
    assert "sum(x[i] for i in 1..n)" in str(looped.diff(wrt="w"))
