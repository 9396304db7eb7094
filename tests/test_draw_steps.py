"""`draw` in steps: what is known after each, what is lit, worksheets, animations, folders of frames."""

from __future__ import annotations

import inspect
import json
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import backprop
from backprop import gallery
from backprop.derivation import derivation
from backprop.errors import BadOption, CannotWrite
from backprop.evaluation.gradient import evaluate
from backprop.inputs import Asked
from backprop.page_content import page_content
from backprop.picture import DETAILED
from backprop.reports.canvas import sheet
from backprop.reports.themes import THEMES
from backprop.step_pictures import stepped_picture
from browser import CHROMIUM, DRIVER
from running import CLASSIC, POINT, interruptible
from running import backprop as run

needs_browser = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium")

SVG = "{http://www.w3.org/2000/svg}"
GIVEN = ("-e", CLASSIC, "--set", POINT)
DATA = {"a": 2, "b": -3, "e": -6, "c": 10, "d": 4, "f": -2, "L": -8}
GRAD = {"a": 6, "b": -4, "e": -2, "c": -2, "d": -2, "f": 4, "L": 1}
WHEN_DATA = {"a": 0, "b": 0, "c": 0, "f": 0, "e": 1, "d": 2, "L": 3}
WHEN_GRAD = {"L": 4, "d": 5, "f": 5, "c": 6, "e": 6, "a": 7, "b": 7}
LIT = {
    1: {"e", "e *"}, 2: {"d", "d +"}, 3: {"L", "L *"}, 4: {"L"}, 5: {"L", "L *", "d", "f"},
    6: {"d", "d +", "c", "e"}, 7: {"e", "e *", "a", "b"},
}  # fmt: skip
BLUE = "#0b57d0"

Groups = dict[str, list[ElementTree.Element]]


def groups(svg: bytes | str) -> Groups:
    """The shapes of a picture by the box, circle or arrow that they are of."""
    found: Groups = defaultdict(list)
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        found[group.get("data-of", "")] += [*group]
    return found


def texts(shapes: list[ElementTree.Element]) -> list[str]:
    return [each.text or "" for each in shapes if each.tag == f"{SVG}text"]


def lines(shapes: list[ElementTree.Element]) -> int:
    """How many lines to write on there are."""
    return sum(each.get("stroke-width") == "0.75" for each in shapes)


def lit(found: Groups) -> set[str]:
    """What has a thick outline in the colour of a step."""
    thick = {
        name: [each for each in shapes if each.get("stroke") == BLUE and float(each.get("stroke-width", "1")) >= 2.5]
        for name, shapes in found.items()
    }  # fmt: skip
    return {name for name, some in thick.items() if some}


def places(found: Groups) -> Mapping[str, list[tuple[str, str]]]:
    """Where outlines are, of each box."""
    return {
        name: [(each.tag, each.get("points", "") + each.get("d", "")) for each in shapes if each.get("stroke")]
        for name, shapes in found.items()
    }  # fmt: skip


def drawn(*arguments: str) -> str:
    ran = run("draw", *arguments, "-o", "-")
    assert (ran.status, ran.err) == (0, ""), ran.err
    return ran.out


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[Groups]:
    folder = tmp_path_factory.mktemp("frames") / "steps"
    ran = run("draw", *GIVEN, "--frames", str(folder))
    assert ran.status == 0
    assert ran.err == f"wrote 7 pictures into {folder}: step_01.svg to step_07.svg\n"
    assert sorted(os.listdir(folder)) == [f"step_0{number}.svg" for number in range(1, 8)]
    return [groups((folder / f"step_0{number}.svg").read_bytes()) for number in range(1, 8)]


@pytest.mark.parametrize("number", range(1, 8))
def test_each_frame_has_what_is_computed_by_then(frames: list[Groups], number: int) -> None:
    found = frames[number - 1]
    for name in DATA:
        data = [str(DATA[name])] if WHEN_DATA[name] <= number else []
        grad = [str(GRAD[name])] if WHEN_GRAD[name] <= number else []
        assert texts(found[name]) == [name, "data", *data, "grad", *grad], name
    arrows = [text for name, some in found.items() if "arrow" in name for text in texts(some)]
    slopes = {
        5: ["∂L/∂d = -2", "∂L/∂f = 4"],
        6: ["∂d/∂e = 1", "∂d/∂c = 1"],
        7: ["∂e/∂a = -3", "∂e/∂b = 2"],
    }
    assert sorted(arrows) == sorted(
        text for step, some in slopes.items() if step <= number for text in some
    )
    assert {name for name in lit(found) if "arrow" not in name} == LIT[number]
    assert len([name for name in lit(found) if "arrow" in name]) == (0 if number == 4 else 3)
    bold = {name for name, some in found.items() if any(each.get("font-weight") for each in some)}
    new = {1: {"e"}, 2: {"d"}, 3: {"L"}, 4: {"L"}, 5: {"d", "f"}, 6: {"c", "e"}, 7: {"a", "b"}}
    assert bold == new[number]


def test_nothing_moves_between_frames_and_a_single_step_is_one_of_them(
    frames: list[Groups],
) -> None:
    assert all(places(each) == places(frames[0]) for each in frames)
    for name in DATA:  # words stay where they are
        wheres = {
            tuple(
                (each.get("x"), each.text) for each in some[name] if each.text in ("data", "grad")
            )
            for some in frames
        }
        assert len(wheres) == 1
    for number in (0, 3, 7):
        found = groups(drawn(*GIVEN, "--step", str(number)))
        assert places(found) == places(frames[0])
        if number:
            assert {name: texts(some) for name, some in found.items()} == {
                name: texts(some) for name, some in frames[number - 1].items()
            }


def test_hover_texts_give_nothing_away(frames: list[Groups]) -> None:
    titles = [
        [each.text or "" for some in found.values() for each in some if each.tag == f"{SVG}title"]
        for found in frames
    ]
    assert not any("∂" in text for text in titles[3])
    assert any("∂L/∂e · ∂e/∂a = -2 · -3 = 6" in text for text in titles[6])
    assert not any(
        "∂" in text or "slope" in text
        for text in re.findall("<title>.*?</title>", drawn(*GIVEN, "--blank"))
    )


SHARED = "u = x*y; v = 7*x - 4*y; L = u*v; x = 3; y = -2"


def test_a_name_used_twice_gets_its_gradient_share_by_share() -> None:
    model = backprop.parse(SHARED)
    explained = run("explain", "-e", SHARED, "--detail", "operations").out
    assert "together: ∂L/∂x = 580 + 64 = 644" in explained or "together: ∂L/∂x" in explained
    drawings = model.draw_steps()
    seen = [texts(groups(drawings.picture(step))["x"])[-1] for step in range(drawings.steps + 1)]
    parts = {
        shares.by: shares
        for step in derivation(model, evaluate(model, {}), "operations").backward
        for shares in step.totals
    }
    first, _ = parts["x"].shares
    assert seen[-1] == str(int(parts["x"].total)) == str(int(model.grad().gradients["x"]))
    assert f"{int(first)} + …" in seen
    assert seen.index(f"{int(first)} + …") < seen.index(seen[-1])


def numbers_in_explain(*arguments: str) -> list[int]:
    out = run("explain", *arguments, "--all").out
    return [int(found) for found in re.findall(r"^ *(\d+)\. ", out, re.M)]


@pytest.mark.parametrize("name", [each.name for each in gallery.examples()])
def test_steps_are_those_of_explain_and_of_pages(name: str, tmp_path: Path) -> None:
    """In number, in what each is about, and in what is known after it: every gradient is there when
    `explain` says `together`, or has its only share."""
    path = tmp_path / "f.eq"
    path.write_bytes(gallery.example(name).data)
    model = backprop.load(path)
    found = evaluate(model, {}, None, noted=True)
    for detail in ("equations", "operations"):
        if len(found.graph.order) > 400:
            continue
        stepped, _ = stepped_picture(Asked(model, {}, None), detail, [], 1, True, "backward")
        explained = derivation(model, found, detail, whole=True)
        assert [each.number for each in stepped.moments] == [*range(1, stepped.last + 1)]
        forward = [step.name for step in explained.forward]
        backward = [step.name for step in explained.backward]
        told = [each.equation.partition(" = ")[0] for each in stepped.moments]
        assert told == [*forward, "", *backward]
        whole = {name: some[-1] for name, some in stepped.gradients.items() if some}
        assert all(each.whole for each in whole.values())
        boxes = {box.id: box for box in stepped.picture.boxes}
        assert {name: each.sum for name, each in whole.items()} == pytest.approx(
            {name: boxes[name].grad for name in whole}, nan_ok=True
        )
        for step in explained.backward:
            for share in step.shares:
                if share.by in boxes:
                    arrived = stepped.gradient(share.by, step.number)
                    assert arrived
                    assert arrived.whole == (
                        share.single or any(share.by == each.by for each in step.totals)
                    )
        if detail == "operations":
            page = page_content(model, found, "")
            assert [page.nodes[each.node].name for each in page.steps] == forward
            there = [page.nodes[each.node].name for each in reversed(page.steps) if each.shares]
            assert there == backward
    if len(found.graph.order) <= DETAILED:
        assert (
            numbers_in_explain(str(path), "--detail", "equations")[-1] <= found.graph.order[-1] * 9
        )


def test_frames_of_both_details_have_the_numbers_of_explain(tmp_path: Path) -> None:
    for detail in ("equations", "operations"):
        folder = tmp_path / detail
        assert run("draw", "-e", SHARED, "--detail", detail, "--frames", str(folder)).status == 0
        wanted = numbers_in_explain("-e", SHARED, "--detail", detail)
        assert wanted == [*range(1, len(wanted) + 1)]
        assert sorted(os.listdir(folder)) == [f"step_{each:02}.svg" for each in wanted]
        captions = [
            re.search(r"step (\d+) of (\d+), \w+: ([^<]*)", (folder / each).read_text())
            for each in sorted(os.listdir(folder))
        ]
        assert [int(each[1]) for each in captions if each] == wanted
        assert {int(each[2]) for each in captions if each} == {len(wanted)}


def test_only_the_forward_pass() -> None:
    first, last = (
        groups(drawn(*GIVEN, "--pass", "forward", "--step", str(each))) for each in (1, 3)
    )
    assert texts(first["e"]) == ["e", "data", "-6"]
    assert texts(first["d"]) == ["d", "data"]
    assert texts(last["L"]) == ["L", "data", "-8"]
    ran = run("draw", *GIVEN, "--pass", "forward", "--step", "4", "-o", "-")
    assert (ran.status, ran.out) == (2, "")
    assert "there is no step 4: 3 steps are drawn" in ran.err


@pytest.mark.parametrize("step", ["-1", "8", "1000000"])
def test_a_step_that_there_is_not(step: str) -> None:
    ran = run("draw", *GIVEN, "--step", step, "-o", "-")
    assert ran.status == 2
    assert f"there is no step {step}: 7 steps are drawn" in ran.err
    assert "from 0 to 7" in ran.err


def test_a_step_that_there_is_not_of_a_single_one() -> None:
    ran = run("draw", "-e", "L = 3", "--step", "2", "-o", "-")
    assert (ran.status, ran.out) == (2, "")
    assert "there is no step 2: 1 step is drawn" in ran.err


def test_names_from_right_to_left_leave_numbers_at_their_places() -> None:
    """A browser would show `∂L/∂x = -2` with such a name as `∂L/∂2- = x`, and `x-y` as `y-x`."""
    name, other = "\u05d0\u05d1_1", "\u0637\u0648\u0644"
    given = ("-e", f"L = {name}-{other}*f", "--set", f"{name}=1, {other}=3, f=-2")
    for more in ((), ("--step", "5"), ("--animate",)):
        out = run("draw", *given, *more, "-o", "-").out
        assert f"∂L/∂{name}\u200e = 1" in out
        assert f">L = {name}\u200e-{other}\u200e*f</text>" in out.replace("&#45;", "-")
    assert "\u200e" not in run("draw", *given, "--step", "3", "--format", "tex", "-o", "-").out


def test_a_part_keeps_the_numbers_of_the_whole(tmp_path: Path) -> None:
    folder = tmp_path / "part"
    assert run("draw", *GIVEN, "--focus", "d", "--depth", "0", "--frames", str(folder)).status == 0
    found = sorted(os.listdir(folder))
    assert found == ["step_02.svg", "step_05.svg", "step_06.svg"]
    assert texts(groups((folder / "step_05.svg").read_bytes())["d"]) == [
        "d",
        "data",
        "4",
        "grad",
        "-2",
    ]


def test_members_of_families_have_boxes_of_their_own() -> None:
    text = "y[i] = x[i]^2 for i in 1..3; L = sum(y[i] for i in 1..3); x[i] = i for i in 1..3"
    found = groups(drawn("-e", text, "--detail", "equations", "--step", "2"))
    assert [texts(found[f"y[{each}]"])[2] for each in (1, 2)] == ["1", "4"]
    assert texts(found["y[3]"])[1:] == ["data", "grad"]


WORKSHEETS = [
    ("operations", CLASSIC, POINT),
    ("equations", CLASSIC, POINT),
    ("operations", "y = sin(x)^2 + x", "x=1.3"),
]


@pytest.mark.parametrize(("detail", "text", "point"), WORKSHEETS)
def test_a_worksheet_hides_what_explain_hides(detail: str, text: str, point: str) -> None:
    given = ("-e", text, "--set", point, "--detail", detail)
    model = backprop.parse(text)
    numbers = {k.strip(): float(v) for k, v in (each.split("=") for each in point.split(","))}
    svg = drawn(*given, "--blank")
    found = groups(svg)
    gradient = model.grad(**numbers)
    steps = run("explain", *given, "--hide-answers").out
    for name, number in numbers.items():  # what is given is shown in both
        assert texts(found[name])[:3] == [name, "data", f"{number:.4f}".removesuffix(".0000")]
        assert lines(found[name]) == 1
        assert f"{name} = " in steps
    for name, shapes in found.items():
        if "data" in texts(shapes) and name not in numbers:
            assert lines(shapes) == 2
            assert [each for each in texts(shapes) if re.search(r"\d", each)] == [
                each for each in texts(shapes)[:1] if re.search(r"\d", each)
            ]
    arrows = {name: shapes for name, shapes in found.items() if "arrow" in name}
    assert sum(map(lines, arrows.values())) == sum(
        len(step.shares) for step in derivation(model, evaluate(model, numbers), detail).backward
    )
    assert all(
        text.endswith("=") or ":" in text for some in arrows.values() for text in texts(some)
    )
    assert "positive, large" not in svg
    answers = {f"{each:.4f}" for each in (*gradient.gradients.values(), gradient.value) if each % 1}
    assert not any(each in svg for each in answers)
    assert lit(found) == set()


def test_the_lines_of_a_worksheet_are_long_enough_to_write_on() -> None:
    found = groups(drawn(*GIVEN, "--blank"))
    ends = [
        each.get("points", "")
        for some in found.values()
        for each in some
        if each.get("stroke-width") == "0.75"
    ]
    sizes = [float(end.split()[1].split(",")[0]) - float(end.split(",")[0]) for end in ends]
    assert len(ends) == 3 + 7 + 6
    assert min(sizes) >= 50  # 18 mm; a number of four digits and a sign by hand


def test_the_rest_of_a_worksheet_after_some_steps() -> None:
    found = groups(drawn(*GIVEN, "--blank", "--step", "5"))
    assert texts(found["d"]) == ["d", "data", "4", "grad", "-2"]
    assert lines(found["c"]) == 1
    assert lines(found["d"]) == 0


def test_room_tells_nothing_of_an_answer() -> None:
    small, large = (
        drawn("-e", "y = a*b", "--set", f"a={n}, b=3", "--blank") for n in ("2", "123457")
    )
    boxes = [
        [each.get("points") for each in groups(svg)["y"] if each.tag == f"{SVG}polygon"]
        for svg in (small, large)
    ]
    sizes = [
        {
            round(float(b.split(",")[0]) - float(a.split(",")[0]))
            for a, b in [(box[0].split()[0], box[0].split()[2])]
        }
        for box in boxes
        if box[0]
    ]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("stands still: --animate has no place there", ["--animate", "-o", "x.tex"]),
        ("stands still: --animate has no place there", ["--animate", "-o", "x.png"]),
        ("two ways to draw steps", ["--animate", "--frames", "x"]),
        ("two ways to draw steps", ["--frames", "x", "--step", "2"]),
        ("a worksheet stands still", ["--animate", "--blank"]),
        ("-o y.svg is one picture", ["--frames", "x", "-o", "y.svg"]),
        ("has no steps and no blanks", ["--blank", "-o", "y.dot"]),
        ("has no steps and no blanks", ["--frames", "x", "--format", "dot"]),
        ("it must be from 0.05 to 3600", ["--animate", "--interval", "0"]),
        ("it must be from 0.05 to 3600", ["--animate", "--interval", "-1"]),
        ("--interval is of --animate", ["--interval", "2"]),
        ("has no name", ["--frames", ""]),
        ("none is for standard output", ["--frames", "-"]),
        ("there is no format 'gif'", ["--frames", "x", "--format", "gif"]),
        ("there is no comment", ["--title"]),
    ],
)
def test_what_cannot_be_together_is_refused(
    said: str, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("draw", *GIVEN, *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert "  = " in ran.err or "must be from" in ran.err  # what to do
    assert os.listdir(tmp_path) == []


def test_tables_larger_than_memory_and_large_graphs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("x\n" + "1.5\n" * 3000)
    data = ("-e", "L = sum(w*x)", "--set", "w=1", "--data", str(tmp_path / "d.csv"))
    for more in ((), ("--memory", "0.0001M")):
        ran = run("draw", *data, *more, "--step", "1", "-o", "-")
        assert ran.status in (1, 2)
        assert ran.out == ""
        assert "steps" in ran.err
        assert "  = " in ran.err
    long = "; ".join(f"x{each + 1} = x{each}*2" for each in range(500))
    ran = run("draw", "-e", f"{long}; x0 = 1", "--animate", "-o", "-")
    assert (ran.status, ran.out) == (1, "")
    assert "more than steps are drawn of" in ran.err


def test_headings() -> None:
    comment = "# A product & a <sum>\ne = a*b; d = e+c; L = d*f"
    for more in ((), ("--step", "2"), ("--blank",), ("--animate",)):
        assert "A product &amp; a &lt;sum&gt;" in drawn(
            "-e", comment, "--set", POINT, *more, "--title"
        )
        assert "Lesson 1" in drawn("--title", "Lesson 1", "-e", comment, "--set", POINT, *more)
        assert "Lesson 1" in drawn("--title=Lesson\n 1", "-e", comment, "--set", POINT, *more)
        assert "product" not in drawn("-e", comment, "--set", POINT, *more)
    odd = drawn(*GIVEN, "--step", "2", "--title", "a\x1b[31m\x07 b")
    ElementTree.fromstring(odd)
    assert "a&lt;U+001B&gt;[31m" in odd
    assert "<B>x</B>" in run(
        "draw", *GIVEN, "--title", "<B>x</B>", "--step", "1", "--format", "tex", "-o", "-"
    ).out.replace(r"\ensuremath{<}", "<").replace(r"\ensuremath{>}", ">")


@pytest.mark.parametrize(
    ("begin", "heading"),
    [
        ("# One\n", "One"),
        ("\r\n  ## One \r\n# Two\r\n", "One"),
        ("# One\r", "One"),
        ("#!/usr/bin/env -S backprop grad\n\n# One\n", "One"),
        ("#!/usr/bin/env -S backprop grad\n", "lesson"),
        ("########\n#\n# One #\n########\n", "One #"),
        ("# ----\n", "lesson"),
        ("b = 2 # Two\n# Three\n", "lesson"),
        ("", "lesson"),
    ],
)
def test_the_heading_is_what_a_file_begins_with(begin: str, heading: str, tmp_path: Path) -> None:
    path = tmp_path / "lesson.eq"
    path.write_text(f"{begin}L = a*2\na = 1\n", newline="")
    assert f">{heading}<" in drawn(str(path), "--title")


@pytest.mark.parametrize("more", [[], ["--step", "2"]])
def test_colours_take_no_more_room_below_a_long_heading(more: list[str]) -> None:
    def width(title: str) -> float:
        svg = ElementTree.fromstring(drawn("-e", "y = x^2; x = 2", *more, "--title", title))
        (points,) = [
            each.get("points")
            for each in svg.iter(f"{SVG}polygon")
            if each.get("fill") == THEMES["light"].falling[-1]
        ]
        across = [float(pair.split(",")[0]) for pair in str(points).split()]
        return max(across) - min(across)

    assert width("A heading that is much longer " * 4) < 1.1 * width("Short")


def test_letters_of_small_pictures_keep_their_widths() -> None:
    """Where what stands behind them has its place."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # for this test only

    words = "data", "grad", "∂loss/∂(box)", "1.6000"
    with sheet((500, 100), "".join(words), ("Arial", "Liberation Sans", "DejaVu Sans")) as drawing:
        figure, axes = drawing

        def width(text: Any, dots: int) -> float:
            figure.set_dpi(dots)
            return (
                float(text.get_window_extent(FigureCanvasAgg(figure).get_renderer()).width) / dots
            )

        for word in words:
            text = axes.text(0, 50, word, fontsize=12)
            assert width(text, 40) == pytest.approx(width(text, 600), rel=0.01)


def test_both_verbs_of_a_program_take_the_same() -> None:
    one, all_steps = (
        dict(inspect.signature(each).parameters)
        for each in (backprop.Model.draw, backprop.Model.draw_steps)
    )
    del all_steps["blank"]
    assert [*one] == [*all_steps]
    for name, parameter in one.items():
        if name != "direction":  # which fits a slide is seen once all is laid out
            assert parameter == all_steps[name]


def test_a_file_is_no_heading(tmp_path: Path) -> None:
    path = tmp_path / "lesson.eq"
    path.write_text("# One\nL = a*2\na = 1\n")
    ran = run("draw", "--title", str(path))
    assert ran.status == 2
    assert f"backprop draw {path} --title" in ran.err
    assert "One" in drawn(str(path), "--title")
    assert ">lesson<" in drawn(str(path), "--title", "lesson")


def sizes(path: Path) -> Any:
    data = path.read_bytes()
    if path.suffix == ".png":
        assert data[:4] == b"\x89PNG"
        return data[16:24]
    if path.suffix == ".pdf":
        return re.findall(rb"/MediaBox \[ ?([^]]*)\]", data)
    if path.suffix == ".tex":
        return re.findall(rb"\\useasboundingbox .*", data)
    return re.findall(rb'<svg [^>]*width="([^"]*)" height="([^"]*)" viewBox="([^"]*)"', data)


@pytest.mark.parametrize("format", ["svg", "png", "pdf", "tex"])
def test_frames_in_each_format_are_of_one_size(format: str, tmp_path: Path) -> None:
    folder = tmp_path / "steps"
    more = ("--format", format, "--theme", "dark", "--title", "T", "--width", "600")
    for _ in range(2):  # the second time in place of the first ones, and the same to the bit
        before = (
            {each.name: each.read_bytes() for each in folder.iterdir()} if folder.exists() else {}
        )
        ran = run("draw", *GIVEN, "--frames", str(folder), *more)
        assert ran.status == 0, ran.err
        found = {each.name: each.read_bytes() for each in folder.iterdir()}
        assert sorted(found) == [f"step_0{number}.{format}" for number in range(1, 8)]
        assert not before or before == found
    assert len({str(sizes(each)) for each in folder.iterdir()}) == 1
    assert sizes(folder / f"step_01.{format}")
    if format == "png":
        assert int.from_bytes(sizes(folder / "step_01.png")[:4]) == 600


def test_frames_of_an_earlier_run_make_way_and_other_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "steps"
    assert run("draw", *GIVEN, "--frames", str(folder)).status == 0
    (folder / "notes.txt").write_text("mine")
    (folder / "step_99.svg").write_text("<svg/>")  # by its name only
    assert run("draw", *GIVEN, "--frames", str(folder), "--format", "tex").status == 0
    assert run("draw", *GIVEN, "--frames", str(folder), "--pass", "forward").status == 0
    kept = ["notes.txt", "step_01.svg", "step_02.svg", "step_03.svg", "step_99.svg"]
    assert sorted(each for each in os.listdir(folder) if not each.endswith("tex")) == kept
    assert len(os.listdir(folder)) == len(kept) + 7
    (folder / "step_05.svg").write_text(drawn(*GIVEN, "--animate"))  # no picture of one step
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    ran = run("draw", "-e", SHARED, "--frames", str(folder))
    assert ran.status == 1
    assert "step_05.svg exists already, and is no picture of a step" in ran.err
    assert before == {each.name: each.read_bytes() for each in folder.iterdir()}


def test_folders_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    for name, said in (
        ("file", "it is no folder"),
        ("gone", "it is no folder"),
        ("no/such", "there is no folder"),
    ):
        ran = run("draw", *GIVEN, "--frames", str(tmp_path / name))
        assert ran.status == 1
        assert said in ran.err
    assert sorted(os.listdir(tmp_path)) == ["file", "gone"]
    if os.geteuid():
        (tmp_path / "closed").mkdir(mode=0o500)
        assert "ermission denied" in run("draw", *GIVEN, "--frames", str(tmp_path / "closed")).err


def test_an_error_on_the_way_leaves_no_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "steps"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("backprop.reports.graphviz_program.graphviz_pure", lambda: None)
    ran = run("draw", *GIVEN, "--frames", str(folder))
    assert ran.status == 1
    assert "no program that lays out graphs" in ran.err
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_ctrl_c_leaves_the_frames_of_before(tmp_path: Path) -> None:
    folder = tmp_path / "steps"
    assert run("draw", *GIVEN, "--frames", str(folder), "--format", "png").status == 0
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    long = "; ".join(f"x{each + 1} = sin(x{each})*2" for each in range(25))
    command = [
        sys.executable,
        "-m",
        "backprop",
        "draw",
        "-e",
        f"{long}; x0 = 1",
        "--detail",
        "operations",
    ]
    process = subprocess.Popen(
        [*command, "--frames", str(folder), "--format", "png"], stderr=subprocess.PIPE, preexec_fn=interruptible,
    )  # fmt: skip
    end = time.monotonic() + 60
    while not [*folder.glob(".backprop-*/*.png")] and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert before == {each.name: each.read_bytes() for each in folder.iterdir()}


def test_an_animation_has_neither_script_nor_smil() -> None:
    svg = drawn(*GIVEN, "--animate", "--interval", "0.5")
    tags = {each.tag.removeprefix(SVG) for each in ElementTree.fromstring(svg).iter()}
    assert tags == {"svg", "style", "g", "title", "path", "polygon", "polyline", "ellipse", "text"}
    assert "prefers-reduced-motion: no-preference" in svg
    assert 'aria-label="backprop draw, 7 steps"' in svg  # and not one of them
    assert "url(" not in svg
    assert "href" not in svg
    still = ElementTree.fromstring(svg)
    for group in still.iter(
        f"{SVG}g"
    ):  # what has no styles, and who wants no motion, sees the whole
        name = group.get("data-of")
        if name in DATA:
            shown = [
                each.text for each in group.iter(f"{SVG}text") if each.get("visibility") != "hidden"
            ]
            assert shown == [name, "data", str(DATA[name]), "grad", str(GRAD[name])]


SEEN = """
const of = {};
for (const group of document.querySelectorAll("g[data-of]")) {
  const texts = [...group.querySelectorAll("text")].filter((each) => getComputedStyle(each).visibility === "visible");
  of[group.dataset.of] = {
    texts: texts.map((each) => each.textContent),
    lit: [...group.querySelectorAll("polygon, path, ellipse")].some((each) => each.getAttribute("stroke") === "#0b57d0"
      && getComputedStyle(each).visibility === "visible"),
  };
}
return of;
"""

AT = """
for (const each of document.getAnimations()) { each.pause(); each.currentTime = arguments[0]; }
return document.getAnimations().length;
"""


@needs_browser
def test_an_animation_in_a_browser(driver: Any, tmp_path: Path) -> None:
    path = tmp_path / "steps.svg"
    assert run("draw", *GIVEN, "--animate", "--interval", "0.5", "-o", str(path)).status == 0
    driver.get(path.as_uri())
    assert driver.execute_script(AT, 0) > 10
    for number in (*range(8), 8, 11.9, 13, 18):  # twelve pictures' time; then from the start again
        for fraction in (0.05, 0.95):
            driver.execute_script(AT, 500 * (number + fraction if number % 1 == 0 else number))
            found = driver.execute_script(SEEN)
            at = int(number) % 13
            ended = at >= 8
            for name in DATA:
                data = [str(DATA[name])] if ended or WHEN_DATA[name] <= at else []
                grad = [str(GRAD[name])] if ended or WHEN_GRAD[name] <= at else []
                assert found[name]["texts"] == [name, "data", *data, "grad", *grad], (number, name)
            seen = {name for name, each in found.items() if each["lit"] and "arrow" not in name}
            assert seen == (set() if ended else LIT.get(at, set())), number
    assert not driver.get_log("browser")


@needs_browser
def test_who_wants_no_motion_sees_the_whole(driver: Any, tmp_path: Path) -> None:
    path = tmp_path / "steps.svg"
    assert run("draw", *GIVEN, "--animate", "-o", str(path)).status == 0
    reduced = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": reduced})
    try:
        driver.get(path.as_uri())
        assert driver.execute_script("return document.getAnimations().length") == 0
        found = driver.execute_script(SEEN)
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    for name in DATA:
        assert found[name]["texts"] == [name, "data", str(DATA[name]), "grad", str(GRAD[name])]
        assert not found[name]["lit"]


@needs_browser
def test_an_animation_moves_within_a_page_too(driver: Any, tmp_path: Path) -> None:
    """As a picture of a page: what is drawn of it changes by itself."""
    run("draw", *GIVEN, "--animate", "--interval", "0.1", "-o", str(tmp_path / "steps.svg"))
    (tmp_path / "page.html").write_text("<!doctype html><meta charset=utf-8><img src=steps.svg>")
    driver.get((tmp_path / "page.html").as_uri())
    seen = set[bytes]()
    end = time.monotonic() + 20
    while len(seen) < 4 and time.monotonic() < end:
        seen.add(driver.get_screenshot_as_png())
    assert len(seen) >= 4


def test_what_a_program_asks_for(tmp_path: Path) -> None:
    model = backprop.parse(CLASSIC)
    drawings = model.draw_steps(a=2, b=-3, c=10, f=-2, title="Lesson")
    assert repr(drawings) == "<7 steps of L>"
    assert texts(groups(drawings.picture(5))["f"]) == ["f", "data", "-2", "grad", "4"]
    assert drawings._repr_svg_() == drawings.animation()
    assert "Lesson" in drawings.animation(2)
    assert drawings.save(tmp_path / "steps", "tex") == [f"step_0{each}.tex" for each in range(1, 8)]
    for step in (-1, 8, 1.5, True):
        with pytest.raises(BadOption, match="7 steps are drawn"):
            drawings.picture(step)  # type: ignore[arg-type]
    with pytest.raises(BadOption, match="there is no format"):
        drawings.picture(1, "gif")
    for seconds in (0, -1, 1e-9, float("nan"), float("inf")):  # those of the command
        with pytest.raises(BadOption, match=r"from 0\.05 to 3600 seconds"):
            drawings.animation(seconds)
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite):
        drawings.save(tmp_path / "file")
    sheet = model.draw_steps(a=2, b=-3, c=10, f=-2, blank=True)
    assert lines(groups(sheet._repr_svg_())["L"]) == 2
    assert "Lesson" in model.draw(a=2, b=-3, c=10, f=-2, title="Lesson").source
    assert json.dumps(drawings.steps) == "7"


def test_names_that_pictures_have_of_their_own() -> None:
    text = "arrow = a*step + 2*a; step = a^2; node = arrow*step; a = 3"
    ends = [
        drawn("-e", text, "--of", "node", *more)
        for more in (("--step", "11"), ("--blank",), ("--animate",))
    ]
    assert texts(groups(ends[0])["arrow"]) == ["arrow", "data", "33", "grad", "9"]
    assert lines(groups(ends[1])["arrow"]) == 2


def test_a_heading_stands_alone_anywhere_on_a_line() -> None:
    lesson = b"# Lesson\nL = 2*a\na = 1\n"
    for words in (
        ["--title", "-"],
        ["-", "--title"],
        ["--title", "--step", "1", "-"],
        ["--title", "--", "-"],
    ):
        ran = run("draw", "-o", "-", *words, stdin=lesson)
        assert ran.status == 0, ran.err
        assert ">Lesson<" in ran.out
    assert ">T<" in run("draw", "--title", "T", "-", "-o", "-", stdin=lesson).out


def test_operations_have_the_names_of_explain() -> None:
    given = ("-e", "y = sin(x)^2 + 2*x; x = 1")
    found = drawn(*given, "--step", "3")
    shown = [
        text for some in groups(found).values() for text in texts(some) if text.startswith("v")
    ]
    assert sorted(shown) == ["v1 = sin(x)", "v2 = sin(x)^2", "v3 = 2*x"]
    assert "step 3 of 9, forward: v3 = 2*x" in found
    assert " 3. v3 = 2·x" in run("explain", *given, "--detail", "operations").out
