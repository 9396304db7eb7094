"""What an interactive page of an equation file has to show when it is driven by `drive_page.js`: from the numbers
of the library, and from nothing that the page itself has computed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import backprop
from backprop import gallery
from backprop.evaluation.gradient import Evaluation, evaluate
from backprop.page_content import PageContent, page_content
from backprop.reports.page.page_html import words
from backprop.values import local_slopes

DRIVE = (Path(__file__).parent / "drive_page.js").read_text("utf-8")

FOLDED = "two_moons_of_four"
"""Two moons with four points and two neurons a layer: of a size that is computed in the page, families folded."""

EXAMPLES = [
    "classic", *(each.name for each in gallery.examples() if each.name.startswith("exercise")),
    "one_neuron", "mazur_network", FOLDED,
]  # fmt: skip

WORDS = words("en")

MOST_PATHS = 40


def text_of(name: str) -> str:
    """The equations of an example."""
    if name != FOLDED:
        return gallery.example(name).text
    text = gallery.example("two_moons").text.replace("1..16", "1..2").replace("n = 100", "n = 4")
    text = text.replace("1..50", "1..2").replace("51..n", "3..n")
    lines = [line for line in text.splitlines() if not line.startswith("x[")]
    points = "x[1,1] = 1.128; x[1,2] = 0.176; x[2,1] = -0.29; x[2,2] = 0.983; x[3,1] = 0.19; x[3,2] = 0.538"
    return "\n".join([*lines, points, "x[4,1] = 1.2; x[4,2] = -0.4\n"])


def read(text: str) -> float:
    """A number as the page writes it."""
    return float(text.replace("−", "-").strip("()"))


def is_shown(text: str, number: float) -> bool:
    """Whether this is how the page shows a number: four decimals, or four digits of what is large or small."""
    if math.isnan(number):
        return text == "nan"
    found = read(text)
    if number == 0 or 1e-3 <= abs(number) < 1e6:
        return abs(found - number) <= 0.50001e-4
    return abs(found - number) <= 0.50001e-3 * abs(number)


class Numbers(NamedTuple):
    """What there is at a point, by node; of edges their local derivatives and what they add."""

    data: list[float]
    gradients: list[float]
    slopes: list[float]
    shares: list[float]
    by_name: tuple[Mapping[str, float], Mapping[str, float]]


class Edge(NamedTuple):
    """From an operand to a step; use: which of several in it, 0 of one."""

    tail: int
    head: int
    use: int
    moves: bool


class Lesson:
    """A file, and what its page has to show."""

    def __init__(self, name: str) -> None:
        self.model = backprop.parse(text_of(name))
        self.content: PageContent = page_content(self.model, self._evaluated({}), "")
        self.names = [node.name for node in self.content.nodes]
        self.output = self.content.output
        self.inputs = {self.names[each.node]: each.value for each in self.content.controls}
        self._descents = dict[object, Any]()
        self.steps = {step.node: step for step in self.content.steps}

    def _evaluated(self, given: Mapping[str, float]) -> Evaluation:
        return evaluate(self.model, given)

    @cached_property
    def edges(self) -> list[Edge]:
        graph = self.content.graph
        place = {node: at for at, node in enumerate(graph.order)}
        uses = {each.edge: each.use for step in self.content.steps for each in step.shares}
        found = list[Edge]()
        for node in graph.order:
            for operand in graph.operands(node):
                edge = len(found)
                found.append(Edge(place[operand], place[node], uses.get(edge, 0), edge in uses))
        return found

    @cached_property
    def keys(self) -> list[str]:
        """The steps in their order."""
        steps = self.content.steps
        backward = [f"b{step.node}" for step in reversed(steps) if step.shares]
        return [*(f"f{step.node}" for step in steps), "start", *backward]

    @cached_property
    def turn(self) -> dict[int, int]:
        """Of each edge the place at which it adds."""
        at = {key: place for place, key in enumerate(self.keys, 1)}
        return {
            share.edge: at[f"b{step.node}"] for step in self.content.steps for share in step.shares
        }

    def numbers(self, given: Mapping[str, float]) -> Numbers:
        """What the library has at a point."""
        found = self._evaluated(given)
        graph, data = found.graph, found.numbers.data
        own = found.gradient
        slopes = [
            slope
            for node in graph.order
            if graph.operands(node)
            for slope in local_slopes(graph, node, data)
        ]
        gradients = [found.numbers.gradients[node] for node in graph.order]
        shares = [
            gradients[edge.head] * slope for edge, slope in zip(self.edges, slopes, strict=True)
        ]
        values = {
            name: own.data[name] for name in own.gradients
        }  # others do not lead to the output
        return Numbers(
            [data[node] for node in graph.order], gradients, slopes, shares, (values, own.gradients)
        )

    def gradient(self, node: int, place: int, numbers: Numbers) -> tuple[float, bool] | None:
        """What has come to the gradient of a node, and whether that is all; None of nothing."""
        begun = place > len(self.content.steps)
        if node == self.output:
            return (1.0, True) if begun else None
        uses = self.content.used.get(node, [])
        if not uses:
            return (numbers.gradients[node], True) if begun else None
        some = [edge for edge in uses if self.turn[edge] <= place]
        if not some:
            return None
        whole = len(some) == len(uses)
        return sum(numbers.shares[edge] for edge in some), whole

    def paths(self, node: int, numbers: Numbers) -> list[tuple[str, float]]:
        """The ways from a node to the output, and the products of their local derivatives."""
        found, waiting = [], [(node, (self.names[node],), 1.0)]
        while waiting:
            at, way, product = waiting.pop()
            if at == self.output:
                found.append((" → ".join(way), product))
            for edge in self.content.used.get(at, []):
                head = self.edges[edge].head
                waiting.append((head, (*way, self.names[head]), product * numbers.slopes[edge]))
        return found

    def descended(self, optimizer: str, rate: float, steps: int, explained: int = 0) -> Any:
        """A descent as the command makes it; once for all windows."""
        asked = optimizer, rate, steps, explained
        if asked not in self._descents:
            more = {"explain_step": explained} if explained else {}
            self._descents[asked] = self.model.descend(
                optimizer=optimizer, lr=rate, steps=steps, **more
            )
        return self._descents[asked]

    def answers(self, numbers: Numbers) -> dict[str, dict[str, str]]:
        """What is right in guess mode: by what is asked for."""
        own, out = self.names, self.names[self.output]
        gradients, local = {f"∂{out}/∂{out}": 1.0}, dict[str, float]()
        for edge, (tail, head, use, moves) in enumerate(self.edges):
            if not moves:
                continue
            by = f"∂{out}/∂{own[tail]}"
            used = f" {WORDS['guess_use'].format(use=use)}" if use else ""
            local[f"∂{own[head]}/∂{own[tail]}{used}"] = numbers.slopes[edge]
            gradients[by] = numbers.gradients[tail]
            if len(self.content.used[tail]) > 1:
                share = WORDS["guess_share_of"].format(step=own[head], by=by) + used
                gradients[share] = numbers.shares[edge]
        return {
            "gradient": {key: repr(number) for key, number in gradients.items()},
            "local": {key: repr(number) for key, number in local.items()},
        }

    def moves(self) -> list[list[Any]]:
        """Inputs by sliders and by fields, each within its bounds: name, kind, number."""
        found = list[list[Any]]()
        for at, control in enumerate(self.content.controls):
            name = self.names[control.node]
            part = (0.37 + 0.31 * at) % 1
            ends = control.value, control.high if at % 2 else control.low
            found.append([name, "range", ends[0] + 0.4 * part * (ends[1] - ends[0])])
            if at % 3 == 0:
                number = ends[0] + (0.21 if at % 2 else -0.13) * (1 + abs(ends[0]))
                found.append(
                    [name, "number", min(control.most, max(control.least, round(number, 3)))]
                )
        return found[:12]

    def plan(self) -> dict[str, Any]:
        """What the driver is to do."""
        moves = self.moves()
        return {
            "moves": moves,
            "kept": moves[:2],
            "place": len(self.keys) * 2 // 3,
            "answers": self.answers(self.numbers({})),
            "descents": [["gd", 1e-3, 3], ["momentum", 1e-3, 3], ["adam", 0.01, 3]],
            "rates": [1.0, 1e200],
        }


def plain(name: str) -> str:
    """A name as formulas have it, without what lowers a part of it."""
    return re.sub(r"[_\[\]]", "", name)


def moved(
    moves: Sequence[Sequence[Any]], found: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, float]]:
    """What the inputs are after each move: a browser may round where it puts a slider."""
    given = dict[str, float]()
    for (name, _, _), each in zip(moves, found, strict=True):
        given[name] = each["is"]
        yield dict(given)
