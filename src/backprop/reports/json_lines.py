"""A report as JSON: one object a line. The shapes are promises; README has them."""

import json
from math import isfinite
from typing import Any

from backprop.numbers import rounded
from backprop.report import Records
from backprop.reports.numbers import Style


def write(report: Records, style: Style) -> str:
    """The report's objects; what JSON cannot say is `"nan"`, `"inf"` or `"-inf"`."""
    return "".join(line(found, style) + "\n" for found in report.objects())


def line(found: Any, style: Style) -> str:
    """Plain data as JSON on one line."""
    return json.dumps(_plain(found, style.digits), ensure_ascii=style.ascii, allow_nan=False)


def _plain(item: Any, digits: int | None) -> Any:
    """The same with numbers as JSON can hold them; what a report holds is never deep."""
    if isinstance(item, float):
        return rounded(item, digits) if isfinite(item) else f"{item}"
    if isinstance(item, dict):
        return {key: _plain(each, digits) for key, each in item.items()}
    if isinstance(item, (list, tuple)):
        return [_plain(each, digits) for each in item]
    return item
