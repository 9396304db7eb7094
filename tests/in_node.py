"""What the JavaScript of a page computes, in node or in a browser: many graphs and points in one process, or page."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from backprop.engine.writers.javascript.page_numbers import javascript_numbers
from backprop.graph import Graph

NODE = shutil.which("node")


class Page(NamedTuple):
    """What a page has at a point, by the numbers of its nodes and edges."""

    edges: list[list[int]]
    values: list[float]
    gradients: list[float]
    slopes: list[float]
    shares: list[float]
    plain: list[float]
    open: list[int]
    unfit: list[int]


Runner = Callable[[str], Any]
"""What gives the value of a script's last `return`, of which JSON can be made."""


def run(script: str) -> Any:
    """In node."""
    assert NODE, "node is not installed"
    whole = f'"use strict"; console.log(JSON.stringify((() => {{\n{script}\n}})()));'
    done = subprocess.run([NODE, "-"], input=whole, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[:4000]
    return json.loads(done.stdout)


def in_browser(driver: Any, path: Path) -> Runner:
    """In a browser, on a page that is written there."""

    def found(script: str) -> Any:
        whole = f'"use strict"; window.found = JSON.stringify((() => {{\n{script}\n}})());'
        path.write_text(f'<!DOCTYPE html><meta charset="utf-8"><script>{whole}</script>', "utf-8")
        driver.get(path.as_uri())
        log, made = driver.get_log("browser"), driver.execute_script("return window.found ?? null")
        assert made is not None, log
        assert not log, log
        return json.loads(made)

    return found


def pages(
    asked: Sequence[tuple[Graph, Sequence[Sequence[float]]]], large: int = 2_000, by: Runner = run
) -> list[list[Page]]:
    """For each graph and each point, the numbers of its inputs in the order of the graph, a Page."""
    parts = []
    for graph, points in asked:
        leaves = [n for n in graph.order if not graph.operands(n) and not graph.is_number(n)]
        parts.append(f"[{javascript_numbers(graph, leaves, large)}, {json.dumps(points)}]")
    script = (
        "const all = [];\n"
        "const text = (x) => Array.from(x, (each) => Object.is(each, -0) ? '-0.0' : String(each));\n"
        f"for (const [page, points] of [{', '.join(parts)}]) {{\n"
        "  all.push(points.map((point) => { const v = page.forward(point);\n"
        "    const b = page.backward(v);\n"
        "    return [page.edges, text(v), text(b.gradients), text(b.slopes), text(b.shares), text(page.plain(v)), b.open, b.unfit]; }));\n"
        "}\nreturn all;\n"
    )
    return [[_page(each) for each in points] for points in by(script)]


def _page(found: list[Any]) -> Page:
    edges, *numbers, left, unfit = found
    return Page(edges, *([_number(text) for text in each] for each in numbers), left, unfit)


def _number(text: str) -> float:
    return float(text.replace("Infinity", "inf"))
