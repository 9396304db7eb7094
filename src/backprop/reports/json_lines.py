"""A report as JSON: one object a line. The shapes are promises; README has them."""

import json
from collections.abc import Iterator
from itertools import islice
from math import isfinite
from typing import Any

from backprop.numbers import rounded
from backprop.report import Records
from backprop.reports.style import Style

_PIECE = 4096
"""The numbers of a column that are written at once."""


def write(report: Records, style: Style) -> str:
    """The report's objects; what JSON cannot say is `"nan"`, `"inf"` or `"-inf"`."""
    return "".join(pieces(report, style))


def pieces(report: Records, style: Style) -> Iterator[str]:
    """The objects in pieces: the columns of a history are longer than one wants in memory."""
    for found in report.objects():
        yield from _pieces(found, style)
        yield "\n"


def line(found: Any, style: Style) -> str:
    """Plain data as JSON on one line."""
    return json.dumps(_plain(found, style.digits), ensure_ascii=style.ascii, allow_nan=False)


def _pieces(item: Any, style: Style) -> Iterator[str]:
    """An object whose values, or theirs, may be columns: arrays, or other columns of a history."""
    if hasattr(item, "tolist"):
        before, numbers = "[", iter(item)
        while piece := [*islice(numbers, _PIECE)]:
            yield before + line(piece, style)[1:-1]
            before = ", "
        yield "]" if before != "[" else "[]"
    elif isinstance(item, dict) and any(
        issubclass(kind, dict) or hasattr(kind, "tolist") for kind in {*map(type, item.values())}
    ):
        before = "{"
        for key, each in item.items():
            yield f"{before}{line(key, style)}: "
            yield from _pieces(each, style)
            before = ", "
        yield "}"
    else:
        yield line(item, style)


def _plain(item: Any, digits: int | None) -> Any:
    """What a report holds, with numbers as JSON can hold them; it is never deep."""
    if isinstance(item, float):
        return rounded(item, digits) if isfinite(item) else f"{float(item)}"
    if isinstance(item, dict):
        plain = digits is None and {*map(type, item.values())} == {float}
        if plain and all(map(isfinite, item.values())):  # as it is
            return item
        return {key: _plain(each, digits) for key, each in item.items()}
    if isinstance(item, (list, tuple)):
        plain = digits is None and {*map(type, item)} == {float}
        if plain and all(map(isfinite, item)):
            return item
        return [_plain(each, digits) for each in item]
    return item
