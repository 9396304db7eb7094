"""A page as it is served while its file is watched: with the part that follows the file."""

from __future__ import annotations

import json
import re
from functools import cache
from html import escape
from importlib.resources import files

from backprop.reports.page.page_policy import hash_of

_POLICY = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")([^"]*)(">)')
_EXPORT = re.compile(r"^export ", re.M)


def live_page(html: str, number: int, language: str) -> tuple[str, str]:
    """A page with the part that follows its file, and its Content-Security-Policy. number: which of the
    pages that were made it is."""
    script = "\n".join(
        [
            '"use strict";\n(() => {',
            _EXPORT.sub("", _text("live.js")),
            f"follow({number}, {json.dumps(_words(language), ensure_ascii=False)});",
            "})();",
        ]
    )
    style = _text("live.css")
    found = _POLICY.search(html)
    assert found
    policy = _with_parts(found[2], script, style)
    begin, end = html.split("<body>", 1)
    head = _POLICY.sub(lambda old: f"{old[1]}{policy}{old[3]}", begin, count=1)
    head = head.replace("</head>", f"<style>{style}</style></head>", 1)
    body, last = end.rsplit("</body>", 1)
    panel = '<div id="live" role="status" hidden><p></p><pre tabindex="0" hidden></pre></div>'
    return f"{head}<body>{panel}{body}<script>{script}</script></body>{last}", policy


def page_of_nothing(title: str, language: str) -> str:
    """What is served before there is a page."""
    style = _text("page.css")
    policy = (
        f"default-src 'none'; style-src '{hash_of(style)}'; base-uri 'none'; form-action 'none'"
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style></head><body>\n"
        f"<main><h1>{escape(title)}</h1><p>{escape(_words(language)['waiting'])}</p></main>\n"
        "</body></html>\n"
    )


def _with_parts(policy: str, script: str, style: str) -> str:
    """A policy that allows these as well, and to ask the page's own server alone."""
    parts = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    for name, text in (("script-src", script), ("style-src", style)):
        parts[name] = f"{parts.get(name, '')} '{hash_of(text)}'".strip()
    parts["connect-src"] = "'self'"
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def _words(language: str) -> dict[str, str]:
    found: dict[str, dict[str, str]] = json.loads(_text("live_texts.json"))
    return found[language]


@cache
def _text(name: str) -> str:
    return files("backprop.reports").joinpath("page", name).read_text("utf-8")
