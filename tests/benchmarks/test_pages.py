"""Pages: from an input event to the new numbers in the document, on a graph of 200 boxes; and how soon a page is
painted."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

import pytest

import backprop
from benchmarks.table import Table, duration
from browser import CHROMIUM, DRIVER, Page, browser

SECTION = "9. Pages"
EVENTS = 200

MOVE = """
const slider = document.querySelector('input[type=range][data-name]');
const [low, high] = [Number(slider.min), Number(slider.max)];
const times = [];
for (let at = 0; at < arguments[0]; at += 1) {
  slider.value = low + (high - low) * (at % 100 + 0.5) / 100;
  const begin = performance.now();
  slider.dispatchEvent(new Event('input', {bubbles: true}));
  document.body.getBoundingClientRect();  // with the layout
  times.push(performance.now() - begin);
}
return times;
"""
PAINTED = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def text(layers: int) -> str:
    """A net of layers of four neurons, two operations each."""
    lines = [f"x{at} = 0.{at + 3}" for at in range(4)]
    before = [f"x{at}" for at in range(4)]
    for layer in range(layers):
        now = [f"h{layer}_{at}" for at in range(4)]
        lines += [
            f"{name} = tanh({one}*{other})"
            for name, one, other in zip(now, before, before[1:] + before[:1], strict=True)
        ]
        before = now
    return "; ".join([*lines, f"L = {' + '.join(before)}"])


@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium")
def test_an_input_event(benchmark: Any, table: Table, tmp_path: Path) -> None:
    model = backprop.parse(text(23))
    model.page(title="a net").save(tmp_path / "net.html")
    with browser(tmp_path / "browser") as driver:
        page = Page(driver, tmp_path / "net.html")
        boxes = page.run("return document.querySelectorAll('.box').length")
        assert 180 <= boxes <= 220
        painted = page.run(PAINTED)
        times = benchmark.pedantic(page.run, args=(MOVE, EVENTS), rounds=1)
        moved = page.values()
        found = model.grad({name: moved[name] for name in model.inputs})
        assert page.gradients() == pytest.approx(dict(found.gradients), rel=1e-12)
    what = f"an input event, {boxes} boxes, median of {EVENTS}"
    table.add(SECTION, what, "limit 16 ms", duration(median(times) / 1000))
    table.add(SECTION, "first paint", "limit 300 ms", duration(painted / 1000))
