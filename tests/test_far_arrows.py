"""Pictures of 300 to 400 boxes: laid out in a few seconds, whatever their shape, with every arrow."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from random import Random
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from xml.etree import ElementTree

import pytest

import backprop
from backprop import gallery
from backprop.evaluation.gradient import evaluate
from backprop.page_content import page_content
from backprop.picture import Picture
from backprop.reports import drawing
from backprop.reports.far_arrows import near
from backprop.reports.page.page_layout import laid_out
from backprop.reports.themes import Look

pytestmark = pytest.mark.skipif(not shutil.which("dot"), reason="no Graphviz")


def skipping(seed: int) -> str:
    """Steps that use any two before them."""
    chance, names = Random(seed), ["a0", "a1", "a2"]
    lines = [f"{name} = 0.5" for name in names]
    for at in range(165):
        one, other = chance.choice(names), chance.choice(names[-3:])
        lines.append(f"n{at} = tanh({one}*{other})")
        names.append(f"n{at}")
    return "; ".join([*lines, "L = n164 + n163 + n162", "output L"])


SHAPES = {
    "chain": "x[0] = 0.5; k = 1.1; x[t+1] = x[t] + k*sin(x[t]) for t in 0..118; L = x[119]",
    "sum": "a = 0.5; " + "".join(f"h{at} = sin(a*{at}); " for at in range(75))
    + "L = " + " + ".join(f"h{at}" for at in range(75)),
    "one equation": "a = 1; b = 2; L = " + " + ".join(f"sin(a*{at} + b)" for at in range(70)),
    "powers": "x = 0.3; L = " + "(" * 98 + "1" + "".join(f"*x + {at})" for at in range(98)),
    "skips": skipping(1),
    "long names": "; ".join(
        ["a_state_0 = 0.5", "a_very_long_name_that_goes_on_and_on = 1.1"]
        + [f"a_state_{at + 1} = sin(a_very_long_name_that_goes_on_and_on*a_state_{at})" for at in range(110)]
        + ["L = a_state_110"]
    ),
}  # fmt: skip


def picture_of(text: str) -> Picture:
    model = backprop.parse(text)
    return page_content(model, evaluate(model, {}), "").picture


def seconds() -> float:
    """Of the processor, here and in programs that have ended."""
    return sum(getrusage(who).ru_utime for who in (RUSAGE_SELF, RUSAGE_CHILDREN))


@pytest.mark.parametrize("name", SHAPES)
def test_a_page_of_many_boxes_is_laid_out_soon(name: str) -> None:
    picture = picture_of(SHAPES[name])
    assert near(picture)
    begin = seconds()
    laid = laid_out(picture, 60)
    assert seconds() - begin < 5
    assert len(laid.curves) == len(picture.arrows)
    for arrow, curve in zip(picture.arrows, laid.curves, strict=True):
        numbers = [*map(float, re.findall(r"-?[\d.]+", curve.path))]
        tail, head = laid.spots[arrow.tail], laid.spots[arrow.head]
        # Graphviz writes five digits
        assert abs(numbers[0] - tail.x) <= tail.width / 2 + 1 + 1e-4 * laid.width
        assert abs(numbers[1] - tail.y) <= tail.height / 2 + 1
        assert abs(numbers[-2] - head.x) <= head.width / 2 + 13 + 1e-4 * laid.width
        assert abs(numbers[-1] - head.y) <= head.height / 2 + 13
        assert tail.x < head.x
        assert min(numbers) >= 0
        assert max(numbers[::2]) <= laid.width
        assert max(numbers[1::2]) <= laid.height


@pytest.mark.parametrize(("name", "direction"), [("sum", "TB"), ("powers", "LR")])
def test_and_so_is_a_picture(name: str, direction: str | None) -> None:
    picture = picture_of(SHAPES[name])
    begin = seconds()
    svg = drawing.write(picture, Look(direction=direction, timeout=60), "svg")
    assert seconds() - begin < 10
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    edges = [each for each in root.iter(f"{space}g") if each.get("class") == "edge"]
    drawn = Counter(each.findtext(f"{space}title") for each in edges)
    assert drawn == Counter(f"{arrow.tail}->{arrow.head}" for arrow in picture.arrows)
    wide, high = (float((root.get(key) or "").removesuffix("pt")) for key in ("width", "height"))
    for edge in edges:
        for path in edge.iter(f"{space}path"):
            numbers = [*map(float, re.findall(r"-?[\d.]+", path.get("d") or ""))]
            assert 0 <= min(numbers[::2]) <= max(numbers[::2]) <= wide
            assert 0 <= -max(numbers[1::2]) <= -min(numbers[1::2]) <= high
    whole = drawing.write(picture, Look(direction=direction, timeout=60), "dot").decode()
    assert whole.count(" -> ") == len(picture.arrows)


def test_arrows_of_small_pictures_are_laid_out_together() -> None:
    for name in ("mazur_network", "exercise_08_one_neuron", "spring_chain"):
        assert not near(picture_of(gallery.example(name).text)), name
