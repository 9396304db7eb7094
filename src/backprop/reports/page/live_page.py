"""A page as it is served while its file is watched: with the part that follows the file."""

from __future__ import annotations

import json
import re

from backprop.reports.page.page_parts import Markup, document, filled, part, text_of
from backprop.reports.page.page_policy import hash_of

_POLICY = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")([^"]*)(">)')
_EXPORT = re.compile(r"^export ", re.M)


def live_page(html: str, number: int, language: str) -> tuple[str, str]:
    """A page with the part that follows its file, and its Content-Security-Policy. number: which of the
    pages that were made it is."""
    words = Markup(json.dumps(_words(language), ensure_ascii=False))
    source = Markup(_EXPORT.sub("", text_of("live.js")))
    script = filled("live_script.template", {"source": source, "number": number, "words": words})
    style = text_of("live.css")
    found = _POLICY.search(html)
    assert found
    policy = _with_parts(found[2], script, style)
    begin, end = html.split("<body>", 1)
    head = _POLICY.sub(lambda old: f"{old[1]}{policy}{old[3]}", begin, count=1)
    head = head.replace("</head>", f"{part('style', text=Markup(style))}</head>", 1)
    body, last = end.rsplit("</body>", 1)
    last = f"{part('script', text=Markup(script))}</body>{last}"
    return f"{head}<body>{part('live')}{body}{last}", policy


def page_of_nothing(title: str, language: str) -> str:
    """What is served before there is a page."""
    style = text_of("page.css")
    policy = (
        f"default-src 'none'; style-src '{hash_of(style)}'; base-uri 'none'; form-action 'none'"
    )
    values = {
        "language": language,
        "policy": Markup(policy),
        "style": Markup(style),
        "title": title,
        "waiting": _words(language)["waiting"],
    }
    return document("waiting.html", values)


def _with_parts(policy: str, script: str, style: str) -> str:
    """A policy that allows these as well, and to ask the page's own server alone."""
    parts = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    for name, text in (("script-src", script), ("style-src", style)):
        parts[name] = f"{parts.get(name, '')} '{hash_of(text)}'".strip()
    parts["connect-src"] = "'self'"
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def _words(language: str) -> dict[str, str]:
    found: dict[str, dict[str, str]] = json.loads(text_of("live_texts.json"))
    return found[language]
