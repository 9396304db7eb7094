"""The words of `explain` in the language of a page: its texts whose keys begin with `explained`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from backprop.page_content import DERIVATIVE_OF
from backprop.reports.page.derivation_list import named_rule

_EXPLAINED = "explained "
_FIELD = re.compile(r"\\{(\w+)\\}")


def in_language(text: str, texts: Mapping[str, str]) -> str:
    """What a text of `explain` is called; one that has no name, as a formula, stays as it is."""
    known = texts.get(_EXPLAINED + text)
    if known is not None:
        return known
    some = [key for key in texts if key.startswith(_EXPLAINED) and "{" in key]
    for key in sorted(some, key=len, reverse=True):  # what says most
        pattern = _FIELD.sub(r"(?P<\1>.+)", re.escape(key.removeprefix(_EXPLAINED)))
        if found := re.fullmatch(pattern, text):
            parts = {name: in_language(each, texts) for name, each in found.groupdict().items()}
            return texts[key].format(**parts)
    rules = text.split(", ")
    if all(each.startswith(DERIVATIVE_OF) or f"rule {each}" in texts for each in rules):
        return ", ".join(named_rule(each, texts) for each in rules)
    return text
