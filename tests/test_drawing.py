"""Pictures: what stands in them, escaping, sizes, renderers, notebooks."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path

import pytest

import backprop
from backprop import Value
from backprop.errors import CannotDraw
from backprop.evaluation.gradient import evaluate
from backprop.picture import focus, picture
from backprop.reports import drawing, graphviz_program
from backprop.reports.drawing import digraph, render
from backprop.reports.themes import Look
from backprop.values import Numbers, graph_of
from running import CLASSIC, POINT
from running import backprop as run

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"


def parts(
    svg: bytes | str,
) -> tuple[dict[str, list[str]], list[tuple[str, str, list[str]]], list[str]]:
    """Nodes by id with their texts, edges with theirs, and the labels of clusters."""
    nodes, edges, clusters = {}, [], []
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        texts = [text.text or "" for text in group.iter(f"{SVG}text")]
        if group.get("class") == "node":
            nodes[title.text or ""] = texts
        elif group.get("class") == "edge":
            tail, head = (title.text or "").split("->")
            edges.append((tail, head, [text.replace("\xa0", " ").strip() for text in texts]))
        elif group.get("class") == "cluster":
            clusters += texts
    return nodes, edges, clusters


def drawn(
    *arguments: str,
) -> tuple[dict[str, list[str]], list[tuple[str, str, list[str]]], list[str]]:
    ran = run("draw", *arguments, "-o", "-")
    assert (ran.status, ran.err) == (0, "")
    return parts(ran.out)


def fields(texts: list[str]) -> list[str]:
    return [text.replace("\xa0", " ").strip() for text in texts]


CLASSIC_DATA = {"a": 2, "b": -3, "e": -6, "c": 10, "d": 4, "f": -2, "L": -8}
CLASSIC_GRAD = {"a": 6, "b": -4, "e": -2, "c": -2, "d": -2, "f": 4, "L": 1}


def test_the_picture_after_the_backward_pass() -> None:
    nodes, edges, clusters = drawn("-e", CLASSIC, "--set", POINT)
    for name, data in CLASSIC_DATA.items():
        assert fields(nodes[name]) == [name, f"data {data}", f"grad {CLASSIC_GRAD[name]}"]
    assert set(nodes) - set(CLASSIC_DATA) == {"e *", "d +", "L *"}
    assert sorted((tail, head, *texts) for tail, head, texts in edges) == sorted([
        ("a", "e *", "∂e/∂a = -3"), ("b", "e *", "∂e/∂b = 2"), ("e *", "e"),
        ("e", "d +", "∂d/∂e = 1"), ("c", "d +", "∂d/∂c = 1"), ("d +", "d"),
        ("d", "L *", "∂L/∂d = -2"), ("f", "L *", "∂L/∂f = 4"), ("L *", "L"),
    ])  # fmt: skip
    assert clusters == ["e = a*b", "d = e+c", "L = d*f"]


def test_the_picture_before_the_backward_pass_has_data_only() -> None:
    nodes, edges, _ = drawn("-e", CLASSIC, "--set", POINT, "--pass", "forward")
    for name, data in CLASSIC_DATA.items():
        assert fields(nodes[name]) == [name, f"data {data}"]
    assert all(not texts for _, _, texts in edges)


def test_the_picture_after_one_step_of_descent() -> None:
    nodes, _, _ = drawn("-e", CLASSIC, "--set", "a=1.994, b=-2.996, c=10.002, f=-2.004")
    shown = {name: fields(nodes[name])[1] for name in "Led"}
    assert shown == {"L": "data -8.0721", "e": "data -5.9740", "d": "data 4.0280"}


def test_hover_text_has_equation_slope_and_product() -> None:
    ran = run("draw", "-e", CLASSIC, "--set", POINT, "-o", "-")
    titles = {a.get(f"{XLINK}title") for a in ElementTree.fromstring(ran.out).iter(f"{SVG}a")}
    assert "e = a*b" in titles
    assert any(
        "x*y has the slope y" in t and "∂L/∂e · ∂e/∂a = -2 · -3 = 6" in t for t in titles if t
    )


def test_equations_as_boxes_carry_whole_derivatives() -> None:
    nodes, edges, _ = drawn(
        "-e", "y = 3*x^2 + 1/x; z = y*x", "--set", "x=2", "--detail", "equations"
    )
    assert fields(nodes["y"])[0] == "y = 3*x^2 + 1/x"
    assert {(tail, head): texts for tail, head, texts in edges} == {
        ("x", "y"): ["∂y/∂x = 11.7500"], ("y", "z"): ["∂z/∂y = 2"],
        ("x", "z"): ["share of ∂z/∂x: 12.5000"],  # which is 12.5 + 2*11.75 in all
    }  # fmt: skip


def test_chain_rule_reads_off_the_picture() -> None:
    """The gradient of a box is the sum over its arrows: gradient behind them times their number."""
    model = backprop.parse(
        "s = sigmoid(w*x + b); t = if(s > 0.5, s*s, -s); L = (t - w)^2 + max(s, t, b)"
    )
    graph, numbers, _ = evaluate(model, {"w": 0.3, "x": -2, "b": 0.4})
    for detail in ("operations", "equations"):
        found = picture(graph, numbers, model.text, detail)
        received: dict[str, float] = {}
        for arrow in found.arrows:
            if arrow.slope is not None:
                received[arrow.tail] = received.get(arrow.tail, 0.0) + arrow.upstream * arrow.slope
        for box in found.boxes:
            if box.role not in ("output", "number"):
                assert received[box.id] == pytest.approx(box.grad, rel=1e-12), box.id


def test_a_repeated_operand_has_two_arrows() -> None:
    """With their numbers only: each is 3, but ∂y/∂a is 6."""
    _, edges, _ = drawn("-e", "y = a*a", "--set", "a=3")
    assert [texts for tail, _, texts in edges if tail == "a"] == [["3"], ["3"]]


@pytest.mark.parametrize(
    "name",
    [
        "digraph",
        "node",
        "edge",
        "graph",
        "subgraph",
        "strict",
        "__proto__",
        "速度",
        "x'",
        "y_1'",
        "α",
    ],
)
def test_every_name_draws(name: str) -> None:
    nodes, _, _ = drawn("-e", f"{name} = 2*q; out = {name}^2", "--set", "q=1")
    assert fields(nodes[name])[0] == name


@pytest.mark.parametrize(
    "label", ["<b>", "a|b", "{x}", 'say "hi"', "a & b", "back\\slash", "\\N", "new\\nline", "<<T>>"]
)
def test_any_label_of_a_value_is_escaped(label: str) -> None:
    value = Value(1, label) * 2
    value.backward()
    nodes, _, _ = parts(render(value.draw(), "svg"))
    assert label in {fields(texts)[0] for texts in nodes.values()}


def test_formulas_with_comparisons_are_escaped() -> None:
    _, _, clusters = drawn("-e", "y = if(a < 1 and a >= -1, a, 2*a)", "--set", "a=3")
    assert clusters == ["y = if(a < 1 and a >= -1, a, 2*a)"]


def test_the_same_input_gives_the_same_bytes() -> None:
    arguments = ("draw", "-e", CLASSIC + "; M = L*tanh(L*a)", "--set", POINT, "-o", "-")
    assert run(*arguments).out == run(*arguments).out
    assert not re.search(r"0x[0-9a-f]{6}|\d{10}", run(*arguments).out)


@pytest.mark.parametrize(
    ("ending", "magic"),
    [
        (".svg", b"<?xml"),
        (".png", b"\x89PNG"),
        (".dot", b"digraph equations"),
        (".gv", b"digraph equations"),
    ],
)
def test_the_ending_decides(tmp_path: Path, ending: str, magic: bytes) -> None:
    file = tmp_path / f"g{ending}"
    ran = run("draw", "-e", CLASSIC, "--set", POINT, "-o", str(file))
    assert (ran.status, ran.out, ran.complaints) == (0, "", "")
    assert file.read_bytes().startswith(magic)


def test_without_o_it_is_graph_svg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("draw", "-e", CLASSIC, "--set", POINT).status == 0
    assert [path.name for path in tmp_path.iterdir()] == ["graph.svg"]


def test_pdf_says_what_to_install_where_only_the_small_program_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphviz_program, "program_that_draws", graphviz_program.graphviz_pure)
    ran = run("draw", "-e", CLASSIC, "--set", POINT, "-o", str(tmp_path / "g.pdf"))
    assert (ran.status, list(tmp_path.iterdir())) == (1, [])
    assert "apt-get install graphviz" in ran.err


def test_without_any_program_dot_still_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphviz_program, "program_that_draws", lambda: None)
    ran = run("draw", "-e", CLASSIC, "--set", POINT, "-o", str(tmp_path / "g.png"))
    assert (ran.status, "pip install graphviz-pure" in ran.err) == (1, True)
    assert run("draw", "-e", CLASSIC, "--set", POINT, "-o", str(tmp_path / "g.dot")).status == 0
    with pytest.raises(CannotDraw):
        render(Value(1, "a").draw(), "svg")


def test_blanks_that_do_not_break_are_seen_in_the_text_of_an_svg(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Graphviz has some in legends: whoever reads the text sees them, and whoever draws it draws the same."""
    svg = b"<svg>a\xc2\xa0b</svg>"
    monkeypatch.setattr(drawing, "_best", lambda graphs, run: (graphs[0], "", ""))
    monkeypatch.setattr(graphviz_program, "runner", lambda *_: lambda text, *options: svg)
    found = render(Value(1, "a").draw(), "svg")
    assert found == b"<svg>a&#160;b</svg>"
    assert ElementTree.fromstring(found).text == "a\u00a0b"


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz's own dot")
def test_both_programs_draw_the_same_structure(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("-e", CLASSIC + "; M = L*tanh(L*a)", "--set", POINT)
    monkeypatch.setattr(graphviz_program, "program_that_draws", graphviz_program.graphviz_pure)
    small = drawn(*arguments)
    monkeypatch.setattr(graphviz_program, "program_that_draws", lambda: shutil.which("dot"))
    large = drawn(*arguments)
    assert small[0] == large[0]
    assert sorted(small[1]) == sorted(large[1])
    assert sorted(small[2]) == sorted(large[2])


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--theme", "drak"], "did you mean 'dark'"), (["--direction", "up"], "LR, TB"), (["--pass", "forwards"], "forward"),
     (["--detail", "all"], "equations"), (["-o", "g.jpeg2"], ".svg"), (["-o", "graph"], "ending"), (["--focus", "q"], "'q'"),
     (["--of", "a, b"], "one output"), (["--depth", "-1"], "depth")],
)  # fmt: skip
def test_options_that_make_no_sense(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("draw", "-e", CLASSIC, "--set", POINT, *options)
    assert ran.status in (1, 2)
    assert said in ran.err
    assert list(tmp_path.iterdir()) == []


def chain(count: int) -> str:
    return "\n".join(["x0 = 1", *(f"x{k + 1} = sin(x{k}) + x{k}*0.5" for k in range(count))])


def test_large_graphs_ask_what_to_draw(tmp_path: Path) -> None:
    file, out = tmp_path / "long.eq", tmp_path / "g.svg"
    file.write_text(chain(500))
    ran = run("draw", str(file), "-o", str(out))
    assert (ran.status, out.exists()) == (1, False)
    assert "501 boxes and circles" in ran.err
    assert all(option in ran.err for option in ("--focus", "--all"))
    assert (
        "--detail equations" in run("draw", str(file), "-o", str(out), "--detail", "operations").err
    )
    assert run("draw", str(file), "-o", str(out), "--all").status == 0
    nodes, _, _ = drawn(str(file), "--focus", "x250", "--depth", "2", "--detail", "equations")
    assert set(nodes) == {"x248", "x249", "x250", "x251", "x252"}


def test_the_detail_follows_the_size() -> None:
    assert "x1 sin" not in drawn("-e", chain(30).replace("\n", ";"))[0]
    assert any(" +" in name for name in drawn("-e", chain(5).replace("\n", ";"))[0])


@pytest.mark.parametrize("theme", ["light", "dark", "mono"])
def test_themes_and_roles(theme: str) -> None:
    values = [Value(2, "a"), Value(-3, "b")]
    output = values[0] * values[1]
    output.label = "L"
    output.backward()
    source = output.draw(theme=theme).source
    assert source.count("Mrecord") == 2
    assert "penwidth=2.5" in source
    assert ("fillcolor=none" in source) == (theme == "mono")
    assert output.draw_dot().source == output.draw().source


def test_direction_turns_the_picture() -> None:
    def height(direction: str) -> float:
        svg = run("draw", "-e", CLASSIC, "--set", POINT, "-o", "-", "--direction", direction).out
        return float(ElementTree.fromstring(svg).get("height", "").removesuffix("pt"))

    assert height("TB") > 2 * height("LR")


def test_boxes_do_not_overlap() -> None:
    model = backprop.parse(
        "; ".join(f"y{k} = x{k}*x{(k * 7 + 1) % 20} + y{k - 1}" for k in range(1, 20)) + "; y0 = x0"
    )
    graph, numbers, _ = evaluate(model, {f"x{k}": k for k in range(20)}, "y19")
    svg = render(digraph(picture(graph, numbers, model.text), Look()), "svg")
    boxes = []
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        if group.get("class") == "node":
            for shape in group.iter(f"{SVG}polygon"):
                points = [tuple(map(float, p.split(","))) for p in shape.get("points", "").split()]
                xs, ys = [p[0] for p in points], [p[1] for p in points]
                boxes.append((min(xs), max(xs), min(ys), max(ys)))
    assert len(boxes) > 30
    for at, one in enumerate(boxes):
        for other in boxes[at + 1 :]:
            assert (
                one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2]
            )


def test_a_notebook_shows_values_and_models() -> None:
    nbformat = pytest.importorskip("nbformat")
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(code)
        for code in (
            "import backprop\na = backprop.Value(2, 'a'); L = a*a*3; L.backward(); L",
            "m = backprop.parse('a = 2; y = a^2'); m",
            "L.draw()",
            "backprop.parse('y = x^2')",
        )
    ]
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = [cell.outputs[-1].data for cell in notebook.cells]
    assert all("grad" in bundle["image/svg+xml"] for bundle in shown[:3])
    assert shown[0]["text/plain"] == "Value(data=12.0, grad=1.0)"
    assert set(shown[3]) == {"text/plain", "text/html"}  # no numbers, no picture


def test_depth_is_no_matter() -> None:
    x = Value(1.0, "x")
    y = x
    for _ in range(3000):
        y = y + x
    y.backward()
    graph, values = graph_of([y])
    found = picture(graph, Numbers([v.data for v in values], [v.grad for v in values]))
    assert found.size > 6000
    assert all(a.id != b.id for a, b in pairwise(found.boxes))
    assert focus(found, ["output"], 10**9).size == found.size


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz's own dot")
def test_a_pdf_is_as_wide_as_is_asked_for(tmp_path: Path) -> None:
    """400 pixels at 96 an inch are 300 points; no margin is added to them."""
    file = tmp_path / "graph.pdf"
    ran = run("draw", "-e", "x = 1; L = x^2", "-o", str(file), "--width", "400")
    assert ran.status == 0
    box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ", file.read_bytes())
    assert box
    assert float(box[1]) == pytest.approx(300, abs=1)
