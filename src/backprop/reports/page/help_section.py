"""What a page tells of itself: what its picture means, and its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backprop.page_content import PageContent
from backprop.picture import Picture
from backprop.reports.page.page_parts import Markup, joined, part

_SWATCHES = {
    "rise": "rise2",
    "fall": "fall2",
    "flat": "flat",
    "blank": "none",
}
"""What colours mean: the keys of texts, and what they are called in the style."""

_KEYS = {
    "← →": "key_step",
    "Home End": "key_ends",
    "Space": "key_play",
    "F": "key_forward",
    "B": "key_backward",
    "R": "key_reset",
    "G": "key_check",
    "U": "key_update",
    "Enter": "key_enter",
    "Esc": "key_escape",
    "?": "key_help",
}
"""Keys, of which some have names in texts, and the texts of what they do."""


def legend(page: PageContent, texts: Mapping[str, str]) -> Markup:
    """Terms and what they mean, as parts of a list in HTML."""
    output = page.nodes[page.output].name
    return joined(
        part("term", term=term, text=texts[key].replace("{output}", output))
        for term, key in _terms(page, texts)
    )


def still_legend(picture: Picture, texts: Mapping[str, str]) -> Markup:
    """What the picture of a page without scripts means."""
    has_slopes = any(each.slope is not None for each in picture.arrows)
    terms: list[tuple[str, str]] = [
        ("data", "means_data"),
        ("grad", "means_grad"),
        ("|data| ≤", "means_largest"),
        *([(part("swatch_arrow"), "means_arrow")] if has_slopes else []),
        *((_swatch(_SWATCHES[key]), f"means_{key}") for key in ("rise", "fall", "flat")),
        (_swatch("none", "fixed"), "means_constant"),
        (_swatch("none", "last"), "means_output"),
    ]
    return joined(
        part("term", term=term, text=texts[key].replace("{output}", picture.output))
        for term, key in terms
    )


def _terms(page: PageContent, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "data", "means_data"
    yield "grad", "means_grad"
    yield "1 + …", "means_more"
    yield part("swatch_arrow"), "means_arrow"
    for key, fill in _SWATCHES.items():
        yield _swatch(fill), f"means_{key}"
    yield _swatch("none", "now"), "means_now"
    yield _swatch("none", "input"), "means_input"
    if len(page.values) > len(page.controls):
        yield _swatch("none", "fixed"), "means_constant"
    yield _swatch("none", "last"), "means_output"
    if any(node.role == "step" for node in page.nodes):
        yield "v1, v2, …", "means_step"
    if page.folded:
        yield "+ −", "means_family"
        yield "|data| ≤", "means_largest"
        yield _swatch("none", "outside"), "means_guest"
    if page.controls:
        yield texts["descent"], "means_descent"


def keys(page: PageContent, texts: Mapping[str, str]) -> Markup:
    """The rows of the table of keys."""
    return joined(
        part("key", key=texts.get(key, key), text=texts[text])
        for key, text in _KEYS.items()
        if key != "U" or page.controls
    )


def _swatch(fill: str, kind: str = "") -> Markup:
    return part("swatch", fill=fill, kind=kind)
