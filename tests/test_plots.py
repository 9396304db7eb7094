"""Plots of descents that diverge: the curves are seen, at any size and sign of their numbers.

What is seen is read from the SVG: where each step of a curve stands on the page.
"""

import itertools
import math
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from tests.running import backprop

from backprop.reports.bent import Bend, bend_for

BLUE = "#0072b2"
"""The ink of the output in its plot, and of the first parameter in the one below."""


def curves(file: Path) -> list[list[tuple[float, float]]]:
    """The points of every blue line of a plot, in order; samples in legends are not clipped."""
    found = []
    path = rf'<path d="(M [^"]*)" clip-path="[^>]*style="fill: none; stroke: {BLUE}'
    for line in re.findall(path, file.read_text("utf-8")):
        numbers = [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", line)]
        found.append([*zip(numbers[::2], numbers[1::2], strict=True)])
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        ["L = a^2 + b^2 + c^2; a = 2; b = 1; c = 0.001", "--lr", "1.5", "--steps", "3000"],  # 1e307
        ["L = a^4 - b^2; a = 2; b = 1", "--lr", "0.5"],
        ["L = a^3; a = -1", "--lr", "0.5"],  # to -9e241
        ["L = a^4; a = 2", "--lr", "1"],
        ["L = a - b; a = 0; b = 0", "--lr", "1e306"],  # to -1.8e308, with one size of step
    ],
    ids=lambda arguments: arguments[0],
)
def test_curves_of_a_diverged_run_are_seen(arguments: list[str], tmp_path: Path) -> None:
    file = tmp_path / "p.svg"
    ran = backprop("descend", "-e", *arguments, "--plot", str(file))
    assert ran.status == 1
    assert ran.status == 1
    assert "the last finite value" in ran.out
    found = curves(file)
    assert len(found) >= 2
    for line in found[:2]:
        assert all(math.isfinite(y) and 0 < y < 6 * 72 for _, y in line)  # on the page
        heights = [y for _, y in line]
        span = max(heights) - min(heights)
        assert span > 72  # more than an inch
        # without its last step it is no flat line
        rest = heights[:-1]
        assert max(rest) - min(rest) > span / 10


@pytest.mark.parametrize("number", ["1e308", "-1.7e308", "1e-320", "0"])
def test_a_run_without_a_step_at_any_size(number: str, tmp_path: Path) -> None:
    for text in ("L = a", "L = a + b"):
        for ending in ("svg", "png"):
            file = tmp_path / f"p.{ending}"
            ran = backprop("descend", "-e", text, "--set", f"a={number}, b=0", "--lr", "1",
                           "--steps", "0", "--plot", str(file))  # fmt: skip
            assert ran.status in (0, 1, 2)
            assert "Traceback" not in ran.err
            assert file.exists() or "b" not in text


def test_an_ordinary_run_has_an_ordinary_axis() -> None:
    assert bend_for([[5.0, 4.0, 2.0, 1.0]]) == Bend(0.0)
    assert bend_for([[0.0, 1e-8, 1e-4, 2.0, 3.0, 3.0]]) == Bend(0.0)  # begins small, and settles
    assert bend_for([[1e6, 3.0, 1.0, 1.0]]) == Bend(0.0)  # falls
    assert bend_for([[1.0, -3.0, 9.0, -1e5], [0.5, 0.5, 0.5, 0.5]]) == Bend(1.0)
    assert bend_for([]) == bend_for([[0.0]]) == bend_for([[math.nan]]) == Bend(0.0)


@pytest.mark.parametrize("straight", [1e-300, 1e-3, 1.0, 2.5, 1e300])
def test_bending_keeps_order_and_sign_and_can_be_undone(straight: float) -> None:
    bend = Bend(straight)
    numbers = [0.0, straight, 7 * straight, 1e5 * straight, 1.7976931348623157e308]
    places = bend.all(numbers)
    assert places == sorted(places)
    assert places[0] == 0
    assert places[1] == pytest.approx(math.log10(2), rel=1e-12)  # log10(1 + 1)
    assert places[2] == pytest.approx(math.log10(8), rel=1e-12)
    assert bend.all([-each for each in numbers]) == [-place for place in places]
    for number, place in zip(numbers[:-1], places, strict=False):
        assert bend.back(place) == pytest.approx(number, rel=1e-9, abs=straight * 1e-12)
    assert 1.7e308 < bend.back(places[-1]) < math.inf
    low, high = -places[-1], places[-1]
    ticks = bend.ticks(low, high)
    assert 2 < len(ticks) < 24
    assert ticks[0.0] == "0"
    apart = sorted(ticks)
    assert min(b - a for a, b in itertools.pairwise(apart)) > (high - low) / 40


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved while a test runs."""
    found: list[Figure] = []
    save = Figure.savefig

    def savefig(self: Figure, *arguments: Any, **settings: Any) -> None:
        found.append(self)
        save(self, *arguments, **settings)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return found


def test_one_parameter_has_its_curve_with_the_path(tmp_path: Path, figures: list[Figure]) -> None:
    text = "y = (x - 2)^2 + sin(5*x); x = -1"
    assert backprop("descend", "-e", text, "--plot", str(tmp_path / "p.png")).status == 0
    curve, path, start, end = figures[0].axes[3].lines
    points = [(float(x), float(y)) for line in (curve, path) for x, y in line.get_xydata()]
    assert len(points) > 500
    assert all(y == pytest.approx((x - 2) ** 2 + math.sin(5 * x), rel=1e-9) for x, y in points)
    assert (start.get_label(), float(start.get_xdata()[0])) == ("start", -1)
    assert float(end.get_xdata()[0]) == path.get_xdata()[-1]


def test_a_curve_beside_a_pole_leaves_room_for_the_path(
    tmp_path: Path, figures: list[Figure]
) -> None:
    text = "y = 1/x + x; x = 0.1"
    assert (
        backprop("descend", "-e", text, "--lr", "0.01", "--plot", str(tmp_path / "p.png")).status
        == 0
    )
    low, high = figures[0].axes[3].get_ylim()
    assert low < 2 < 10.1 < high < 30
    assert low > -30


@pytest.mark.parametrize("steepness", [100, 1000, 10000])
def test_a_map_of_a_bent_valley_has_no_islands(
    steepness: int, tmp_path: Path, figures: list[Figure]
) -> None:
    """Below any height, Rosenbrock's valley is in one piece with the minimum at (1, 1): a closed line
    of equal height goes around that."""
    text = f"L = (1 - a)^2 + {steepness}*(b - a^2)^2; a = -1.2; b = 1"
    options = ("--optimizer", "bfgs", "--plot", str(tmp_path / "p.png"))
    assert backprop("descend", "-e", text, *options).status == 0
    contours = [each for each in figures[0].axes[3].collections if isinstance(each, QuadContourSet)]
    lines = [line for level in contours[-1].allsegs for line in level if len(line)]
    assert len(lines) > 8
    for line in lines:
        if tuple(line[0]) == tuple(line[-1]):
            assert Polygon(line).contains_point((1, 1))


def test_legends_are_whole_and_beside_the_curves(tmp_path: Path, figures: list[Figure]) -> None:
    names = [f"a_parameter_whose_name_is_longer_than_others_{k}" for k in range(3)]
    text = f"the_output_of_all_of_these_parameters = {'^2 + '.join(names)}^2"
    values = ",".join(f"{name}={k + 1}" for k, name in enumerate(names))
    ran = backprop("descend", "-e", text, "--set", values, "--plot", str(tmp_path / "p.png"))
    assert ran.status == 0
    (figure,) = figures
    page = figure.bbox
    legends = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    assert len(legends) == 2
    for legend in legends:
        box = legend.get_window_extent()
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1
        assert not any(box.overlaps(axes.get_window_extent()) for axes in figure.axes)
    labels = [label.get_text() for label in legends[1].get_texts()]
    assert len({*labels}) == 3
    assert [label[-1] for label in labels] == ["0", "1", "2"]


def test_a_plot_is_as_wide_as_is_asked_for_and_without_a_background(tmp_path: Path) -> None:
    def plot(format: str, *more: str) -> bytes:
        file = tmp_path / f"p.{format}"
        text = "a = 3; b = 1; L = (a - 1)^2 + 3*(b + 2)^2"
        assert backprop("descend", "-e", text, "--plot", str(file), *more).status == 0
        return file.read_bytes()

    # the size and the kind of a PNG stand in its head: width, height, bits, 6 for colours with alpha
    head = struct.unpack(">IIBB", plot("png", "--width", "640", "--transparent")[16:26])
    assert head == (640, 384, 8, 6)
    assert b'width="480pt"' in plot("svg", "--width", "640")  # 96 an inch, 72 points an inch
    assert re.search(rb"/MediaBox \[ 0 0 480 288 \]", plot("pdf", "--width", "640"))

    def sizes(width: int) -> tuple[float, float]:
        """The size of letters in pixels, and of the widest line, in an SVG so wide."""
        svg = plot("svg", "--width", str(width)).decode()
        letters = {float(each) for each in re.findall(r"scale\((0\.\d+) -", svg)}
        lines = {float(each) for each in re.findall(r"stroke-width: ([\d.]+)", svg)}
        return min(letters) * 100 * 96 / 72, max(lines)

    # as one picture, larger and smaller; letters stay 9 pixels high
    (large, thick), (less, thin), (small, thinnest) = map(sizes, (1920, 960, 400))
    assert large == pytest.approx(2 * less)
    assert thick == pytest.approx(2 * thin)
    assert small == pytest.approx(9)
    assert thinnest < thin
    assert struct.unpack(">II", plot("png", "--width", "400")[16:24]) == (400, 384)
    paper = rb"fill: #ffffff"
    assert len(re.findall(paper, plot("svg"))) > len(
        re.findall(paper, plot("svg", "--transparent"))
    )
    lost = backprop("descend", "-e", "L = (a - 1)^2; a = 3", "--transparent")
    assert (lost.status, lost.out) == (2, "")
    assert "--transparent is of --plot, and none is asked for\n  = add --plot FILE" in lost.err


def test_fonts_that_nothing_needs_are_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from matplotlib import font_manager

    kept = [each for each in font_manager.fontManager.ttflist if each.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", kept)
    font_manager.fontManager._findfont_cached.cache_clear()
    line = ["-e", "L = (x - 1)^2 + sin(3*x)", "--set", "x=-1", "--lr", "0.05", "--steps", "30"]
    ran = backprop("descend", *line, "--plot", str(tmp_path / "a.png"))
    assert ran.status == 0
    assert not ran.complaints
    assert "findfont" not in caplog.text


def test_of_thousands_of_parameters_a_readable_few_are_drawn(
    tmp_path: Path, figures: list[Figure]
) -> None:
    """The eight that change most in colours, a hundred others in grey, which the legend says."""
    text = "x[i] = i/2 for i in 1..3000; L = sum((x[i] - 1)^2*(1 + mod(i, 7)) for i in 1..3000)"
    ran = backprop(
        "descend", "-e", text, "--optimizer", "gd", "--lr", "0.01", "--steps", "5",
        "--plot", str(tmp_path / "a.svg"),
    )  # fmt: skip
    assert ran.wrote
    (figure,) = figures
    below = figure.axes[-1]
    assert len(below.get_lines()) == 108
    legend = below.get_legend()
    assert legend is not None
    assert legend.get_title().get_text() == "and 100 of 2,992 more in grey"
