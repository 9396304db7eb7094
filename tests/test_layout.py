"""Layouts: the direction that fits a slide, titles that no arrow crosses, widths, time limits, parts."""

import os
import re
import shutil
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PIL import Image

from backprop.reports import drawing, graphviz_program
from counting import steps
from running import CLASSIC, POINT
from running import backprop as run

SVG = "{http://www.w3.org/2000/svg}"
EXAMPLES = Path(drawing.__file__).parent.parent / "examples"
PROGRAMS = [
    pytest.param("dot", marks=pytest.mark.skipif(not shutil.which("dot"), reason="no Graphviz")),
    "graphviz-pure",
]


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What draws: Graphviz itself, and the program that comes with the package."""
    if request.param == "graphviz-pure":
        monkeypatch.setattr(graphviz_program, "program_that_draws", graphviz_program.graphviz_pure)
    name: str = request.param
    return name


def drawn(*arguments: str) -> ElementTree.Element:
    ran = run("draw", *arguments, "-o", "-")
    assert (ran.status, ran.complaints) == (0, "")
    return ElementTree.fromstring(ran.out)


def size(svg: ElementTree.Element) -> tuple[float, float]:
    """In points."""
    wide, high = (float((svg.get(side) or "").removesuffix("pt")) for side in ("width", "height"))
    return wide, high


def groups(svg: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [group for group in svg.iter(f"{SVG}g") if group.get("class") == kind]


def arrows(svg: ElementTree.Element) -> list[list[tuple[float, float]]]:
    """Points along each arrow: its Bézier curves halved six times (de Casteljau)."""
    found = []
    for path in (path for edge in groups(svg, "edge") for path in edge.iter(f"{SVG}path")):
        numbers = [*map(float, re.findall(r"-?\d+(?:\.\d+)?", path.get("d") or ""))]
        ends = [complex(x, y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
        curves = [ends[k : k + 4] for k in range(0, len(ends) - 1, 3)]
        for _ in range(6):
            halves = []
            for a, b, c, d in curves:
                ab, bc, cd = (a + b) / 2, (b + c) / 2, (c + d) / 2
                abc, bcd = (ab + bc) / 2, (bc + cd) / 2
                middle = (abc + bcd) / 2
                halves += [[a, ab, abc, middle], [middle, bcd, cd, d]]
            curves = halves
        found.append([(point.real, point.imag) for curve in curves for point in curve])
    return found


@pytest.mark.skipif(not shutil.which("dot"), reason="no Graphviz")
@pytest.mark.parametrize("name", ["exercise_06_softmax_of_two", "exercise_10_least_squares"])
def test_titles_from_the_top_are_whole(name: str) -> None:
    svg = drawn(str(EXAMPLES / f"{name}.eq"), "--direction", "TB")
    titles = ["".join(cluster.itertext()) for cluster in groups(svg, "cluster")]
    assert titles
    assert not [title for title in titles if "…" in title]


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize(
    "name",
    ["exercise_08_one_neuron", "exercise_10_least_squares", "mazur_network", "pendulum_period"],
)
def test_no_arrow_crosses_a_title(name: str, direction: str, program: str) -> None:
    svg = drawn(str(EXAMPLES / f"{name}.eq"), "--direction", direction)
    points = [point for arrow in arrows(svg) for point in arrow]
    titles = [title for cluster in groups(svg, "cluster") for title in cluster.iter(f"{SVG}text")]
    assert titles
    for title in titles:
        text, middle = title.text or "", float(title.get("x") or 0)
        line = float(title.get("y") or 0)
        half = 2.1 * len(text)  # of 12 points, with narrow brackets
        crossed = [(x, y) for x, y in points if abs(x - middle) < half and line - 8 < y < line]
        assert not crossed, text


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_groups_have_room_for_their_titles(direction: str, program: str) -> None:
    for text, titles in (
        (CLASSIC, {"e = a*b", "d = e+c", "L = d*f"}),
        ("a_long_name = a*b + a/b; d = a_long_name + c*f; L = d - f", {"a_long_name = a*b + a/b"}),
    ):
        svg = drawn("-e", text, "--set", POINT, "--direction", direction)
        found = {}
        for cluster in groups(svg, "cluster"):
            (border,), (title,) = cluster.iter(f"{SVG}path"), cluster.iter(f"{SVG}text")
            ends = [
                float(x) for x, _ in re.findall(r"(-?[\d.]+),(-?[\d.]+)", border.get("d") or "")
            ]
            text, middle = title.text or "", float(title.get("x") or 0)
            found[text] = middle - 2.1 * len(text) > min(ends) and middle < max(ends)
        assert titles <= {*found}
        assert all(found.values())
    svg = drawn(str(EXAMPLES / "exercise_08_one_neuron.eq"), "--direction", direction)
    texts = {cluster.findtext(f".//{SVG}text") for cluster in groups(svg, "cluster")}
    assert {"error = h - target", "z = w1*x1 + w2*x2 + b"} <= texts
    svg = drawn(str(EXAMPLES / "exercise_10_least_squares.eq"), "--direction", direction)
    texts = {cluster.findtext(f".//{SVG}text") for cluster in groups(svg, "cluster")}
    assert {f"r{k} = slope*x{k} + offset - y{k}" for k in (1, 2, 3)} <= texts


@pytest.mark.parametrize("name", ["mazur_network", "pendulum_period"])
def test_groups_are_no_wider_than_what_is_in_them(name: str, program: str) -> None:
    svg = drawn(str(EXAMPLES / f"{name}.eq"), "--direction", "TB")
    boxes = {}
    for node in groups(svg, "node"):  # a number is a text alone
        edges = [float(text.get("x") or 0) for text in node.iter(f"{SVG}text")]
        for shape in node.iter():
            edges += map(float, re.findall(r"(-?[\d.]+),", shape.get("points") or ""))
        boxes[node.findtext(f"{SVG}title")] = edges
    checked = 0
    for cluster in groups(svg, "cluster"):
        (border,), (title,) = cluster.iter(f"{SVG}path"), cluster.iter(f"{SVG}text")
        sides = [float(x) for x in re.findall(r"(-?[\d.]+),-?[\d.]+", border.get("d") or "")]
        text, middle = title.text or "", float(title.get("x") or 0)
        group = (cluster.findtext(f"{SVG}title") or "").removeprefix("cluster ")
        inside = [
            x for box, edges in boxes.items() for x in edges if (box or "").split(" ")[0] == group
        ]
        half = 4.0 * len(text)  # of 12 points, with wide letters
        ends = min(*inside, middle - half), max(*inside, middle + half)
        assert ends[0] - 30 < min(sides), text
        assert max(sides) < ends[1] + 30, text
        checked += 1
    assert checked > 5


def test_a_graph_as_text_has_the_direction_of_its_picture(
    tmp_path: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def direction(*words: str) -> str:
        file = tmp_path / "graph.dot"
        assert run("draw", *words, "-o", str(file)).status == 0
        (found,) = re.findall(r"rankdir=(\w+)", file.read_text("utf-8"))
        return str(found)

    wide = str(EXAMPLES / "exercise_08_one_neuron.eq")
    assert direction("-e", CLASSIC, "--set", POINT) == "LR"
    assert direction(wide) == "TB"
    assert direction(wide, "--direction", "LR") == "LR"
    monkeypatch.setattr(graphviz_program, "program_that_draws", lambda: None)
    assert direction(wide) == "LR"


def test_the_direction_fits_a_slide(program: str) -> None:
    long = "a=2.123456789012345, b=-3.123456789012345, c=10.12345678901234, f=-2.123456789012345"
    for options in (["--set", POINT], ["--set", long], ["--set", long, "--digits", "17"]):
        wide, high = size(drawn("-e", CLASSIC, *options))  # as everybody knows it
        assert wide > 4 * high
    for name in ("exercise_08_one_neuron", "two_moons"):
        file = str(EXAMPLES / f"{name}.eq")
        across, _ = size(drawn(file, "--direction", "LR"))
        assert across > 2100
        assert size(drawn(file)) == size(drawn(file, "--direction", "tb"))


def test_where_neither_direction_fits_it_is_the_better_one(program: str) -> None:
    """Forty inputs of one sum: beside each other they are five times as far as below each other."""
    text = "y = " + " + ".join(f"x{k}" for k in range(40))
    values = ",".join(f"x{k}=1" for k in range(40))
    arguments = ("-e", text, "--set", values, "--detail", "equations")
    assert size(drawn(*arguments)) == size(drawn(*arguments, "--direction", "LR"))


def test_width_and_background(tmp_path: Path, program: str) -> None:
    for wide in (400, 3000):
        svg = drawn("-e", CLASSIC, "--set", POINT, "--width", str(wide))
        assert size(svg)[0] == pytest.approx(wide * 72 / 96, abs=1.5)
        file = tmp_path / "g.png"
        options = ("--width", str(wide), "--transparent", "-o", str(file))
        assert run("draw", "-e", CLASSIC, "--set", POINT, *options).status == 0
        with Image.open(file) as picture:
            assert abs(picture.width - wide) <= 2
            assert picture.convert("RGBA").getpixel((1, 1)) in [(0, 0, 0, 0), (255, 255, 255, 0)]
    assert run("draw", "-e", CLASSIC, "--set", POINT, "-o", str(file)).status == 0
    with Image.open(file) as picture:
        assert picture.convert("RGBA").getpixel((1, 1)) == (255, 255, 255, 255)


def test_the_program_has_a_time_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, begun = tmp_path / "slow", tmp_path / "begun"
    slow.write_text(
        f"#!{sys.executable}\nimport os, time\n"
        f"open({str(begun)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    )
    slow.chmod(0o755)
    monkeypatch.setattr(graphviz_program, "program_that_draws", lambda: str(slow))
    out = tmp_path / "g.svg"
    ran = run("draw", "-e", CLASSIC, "--set", POINT, "--timeout", "1", "-o", str(out))
    assert (ran.status, out.exists()) == (1, False)
    assert "slow has not drawn this in 1 second" in ran.err
    assert "--timeout 4" in ran.err
    if begun.exists() and (number := begun.read_text()):  # it got as far as that
        with pytest.raises(ProcessLookupError):
            os.kill(int(number), 0)


def test_a_depth_beyond_the_graph_costs_nothing(tmp_path: Path) -> None:
    def draw(depth: int) -> None:
        words = ("--focus", "a", "--depth", str(depth), "-o", str(tmp_path / "g.dot"))
        assert run("draw", "-e", "b = 2*a; a = 1", *words).status == 0

    draw(2)
    assert steps(lambda: draw(10**9)) < 1.2 * steps(lambda: draw(2))


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--width", "99"], "width"), (["--width", "8001"], "width"), (["--width", "wide"], "width"),
     (["--timeout", "0"], "timeout"), (["--timeout", "long"], "timeout"), (["--timeout", "-3"], "timeout"),
     (["--transparent=3"], "transparent"), (["--direction", "RL"], "LR, TB")],
)  # fmt: skip
def test_wrong_values(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("draw", "-e", CLASSIC, "--set", POINT, *options)
    assert ran.status == 2
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert list(tmp_path.iterdir()) == []


def test_arrows_count_as_well(tmp_path: Path) -> None:
    """34 equations of 34 inputs: few boxes, but more than a thousand arrows."""
    inputs = " + ".join(f"x{k}" for k in range(34))
    lines = [f"y{k} = {inputs}" for k in range(34)]
    lines += ["L = " + " + ".join(f"y{k}" for k in range(34)), *(f"x{k} = 1" for k in range(34))]
    file, out = tmp_path / "wide.eq", tmp_path / "g.svg"
    file.write_text("\n".join(lines))
    ran = run("draw", str(file), "--detail", "equations", "-o", str(out))
    assert (ran.status, out.exists()) == (1, False)
    assert "69 boxes and circles with 1,190 arrows" in ran.err  # 34·34 + 34


FAMILIES = """
h[i] = tanh(sum(w[i,k]*x[k] for k in 1..30)) for i in 1..20
L = sum(h[i]*v[i] for i in 1..20)
w[i,k] ~ uniform(-1, 1) for i in 1..20, k in 1..30
x[k] ~ uniform(-1, 1) for k in 1..30
v[i] ~ uniform(-1, 1) for i in 1..20
"""


@pytest.mark.parametrize(
    ("named", "boxes"),
    [("h", {"h[1..20]", "w[1..20,1..30]", "x[1..30]", "L"}), ("v", {"v[1..20]", "L"}),
     ("w[*,2]", {"w[1..20,1..30]", "h[1..20]"}), ("L", {"L", "h[1..20]", "v[1..20]"}), ("v[3]", {"v[3]", "L"})],
)  # fmt: skip
def test_focus_takes_families(named: str, boxes: set[str], tmp_path: Path) -> None:
    file = tmp_path / "families.eq"
    file.write_text(FAMILIES)
    svg = drawn(str(file), "--detail", "equations", "--focus", named)
    assert {node.findtext(f"{SVG}title") for node in groups(svg, "node")} == boxes


def test_a_part_that_is_proposed_can_be_drawn(tmp_path: Path) -> None:
    """A sum of 500: next to it everything is too much."""
    file, out = tmp_path / "sum.eq", str(tmp_path / "g.svg")
    names = [f"x{k}" for k in range(500)]
    lines = [f"L = s^2; s = {' + '.join(names)}", *(f"{name} = 1" for name in names)]
    file.write_text("\n".join(lines))
    options = ("--detail", "equations", "-o", out)
    for focus in ((), ("--focus", "L", "--depth", "9")):
        ran = run("draw", str(file), *options, *focus)
        assert ran.status == 1
        depth = re.search(r"--depth (\d)", ran.err)
        assert depth
        assert depth[1] == "1"
        assert ("--focus L" in ran.err) == (not focus)
        assert run("draw", str(file), *options, "--focus", "L", "--depth", depth[1]).status == 0
