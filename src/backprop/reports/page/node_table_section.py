"""The table of a page's nodes: a row for each box, in the order of the steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backprop.page_content import PageContent
from backprop.reports.page.page_parts import Markup, filled, joined, part


def node_table(
    page: PageContent, formulas: Mapping[int, Markup], texts: Mapping[str, str]
) -> Markup:
    """The section. formulas: of each step. texts: the words of a language."""
    rows = joined(_rows(page, formulas, texts), "\n")
    return filled("node_table.html", {**texts, "node_rows": rows})


def _rows(
    page: PageContent, formulas: Mapping[int, Markup], texts: Mapping[str, str]
) -> Iterator[Markup]:
    moved = [each.node for each in page.controls]
    for node in dict.fromkeys([*moved, *page.values]):  # as the sliders stand
        kind = "is_constant" if page.nodes[node].role == "constant" else "is_input"
        yield _row(page, node, texts[kind])
    for step in page.steps:
        yield _row(page, step.node, formulas[step.node])


def _row(page: PageContent, node: int, formula: str) -> Markup:
    return part("node_row", node=node, name=page.nodes[node].name, formula=formula)
