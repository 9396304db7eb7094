"""A page as one HTML file: its picture, its steps, the numbers as generated JavaScript, and what happens on
it, from the files beside this one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, partial
from html import escape
from math import isfinite

from backprop.derivation.steps import SymbolicDerivation
from backprop.engine.writers.javascript.page_numbers import javascript_numbers
from backprop.numbers import exact, shown
from backprop.page_content import LargePage, PageContent, PageControl, PageRows
from backprop.reports.diagnostics import visible
from backprop.reports.explain.html import body as derivation_body
from backprop.reports.page import descent_section
from backprop.reports.page.derivation_list import DerivationList, named_rule
from backprop.reports.page.explained_words import in_language
from backprop.reports.page.guess_section import asks, mistakes
from backprop.reports.page.help_section import keys, legend
from backprop.reports.page.node_table_section import node_table
from backprop.reports.page.page_folded import folded_svg
from backprop.reports.page.page_parts import Markup, document, filled, joined, part, text_of
from backprop.reports.page.page_policy import hash_of
from backprop.reports.page.page_svg import svg
from backprop.reports.page.still_picture import still
from backprop.reports.right_to_left import in_order, names_apart
from backprop.reports.themes import THEMES

SCRIPTS = (
    "format model steps graph room families pictures paper derivation controls chance rows address inspect"
    " check plot landscape descent explain descent_panel node_table spoken answers questions guess main"
).split()
"""The files of the page in the order in which one needs another."""

LANGUAGES = "en", "de"
"""Those in which there are texts."""

_CONSTANTS = 24
"""So many constants are listed; all stand in the equations."""

_WIDTH = re.compile(r'<svg[^>]* width="([\d.]+)')
_UPRIGHT = 700
"""Points: wider pictures of large pages are printed on turned paper."""

_IMPORT = re.compile(r"^import .*?;\n", re.M | re.S)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const))|^export \{[^}]*\};\n", re.M)


def write(page: PageContent | LargePage, language: str, seconds: float) -> str:
    """The HTML of a page. language: of LANGUAGES. seconds: that laying out may take. Raises CannotDraw."""
    texts = words(language)
    page = page._replace(
        title=visible(page.title)
    )  # names of files may have bytes that are no text
    if isinstance(page, LargePage):
        return _large(page, language, texts, seconds)
    style, script = _style("page", "node_table", "descent", "phone", "print"), _script(page, texts)
    policy = (
        f"default-src 'none'; script-src '{hash_of(script)}'; style-src '{hash_of(style)}'; base-uri 'none';"
        " form-action 'none'"
    )
    name, listed = page.nodes[page.output].name, DerivationList(page, texts)
    parts = {
        **texts,
        "language": language,
        "policy": Markup(policy),
        "style": Markup(style),
        "title": page.title or name,
        "heading": _heading(page.title),
        "output": name,
        "bar": _bar(texts, page.folded is not None),
        "help_box": filled(
            "help.html", {**texts, "legend": legend(page, texts), "keys_table": keys(page, texts)}
        ),
        "guess_panel": filled("guess.html", texts),
        "heads": part("heads"),
        "picture": svg(page, texts, seconds),
        "folded": folded_svg(page, page.folded, texts, seconds) if page.folded else "",
        "lines": joined(listed.lines(), "\n"),
        "controls": joined(
            _control(page, at, each, texts) for at, each in enumerate(page.controls)
        ),
        "given": _constants(page, texts),
        **_rows(page, texts),
        "source": _equations(page.source, texts),
        "node_table": node_table(page, listed.formulas(), texts),
        "descent_section": _descent(page, texts),
        "script": Markup(script),
    }
    return document("page.html", parts)


def _large(page: LargePage, language: str, texts: Mapping[str, str], seconds: float) -> str:
    """A page without scripts: the picture of families, and the derivation rule by rule."""
    said = partial(in_language, texts=texts)
    picture: Markup | str = ""
    style = _style("page", "phone", "print")
    if page.picture:
        picture = still(page.picture, texts, seconds)
        if float(_WIDTH.search(picture)[1]) > _UPRIGHT:  # type: ignore[index]
            style += "@page { size: landscape; }"
    lines = derivation_body(page.derivation, said) if page.derivation else []
    in_rules = isinstance(page.derivation, SymbolicDerivation)
    explained = "large_explained" if in_rules else "large_in_steps"
    parts = {
        **texts,
        "language": language,
        "policy": Markup(
            f"default-src 'none'; style-src '{hash_of(style)}'; base-uri 'none'; form-action 'none'"
        ),
        "style": Markup(style),
        "title": page.title or page.output,
        "heading": _heading(page.title),
        "value": f"{page.output} = {shown(page.value)}",
        "large": texts["large" if picture else "larger"],
        "heads": part("heads") if picture else "",
        "picture": picture,
        "lines": joined(map(Markup, lines), "\n"),
        "explained": texts[explained] if page.derivation else "",
        "source": _equations(page.source, texts),
    }
    return document("large.html", parts)


def _heading(title: str) -> str:
    """What stands before the output."""
    return f"{title}: " if title else ""


def _descent(page: PageContent, texts: Mapping[str, str]) -> Markup | str:
    """The part that descends; a page of constants has none."""
    if not page.controls:
        return ""
    output = page.nodes[page.output].name
    aim = texts["descent_rises" if page.climbs else "descent_falls"].format(output=output)
    if page.rows:
        aim += f" {texts['descent_row'].format(output=output)}"
    parts = {**texts, "aim": aim, "optimizers": descent_section.options(texts)}
    return filled("descent.html", parts)


def _bar(texts: Mapping[str, str], folds: bool) -> Markup:
    presses = dict.fromkeys(["forward", "backward", "back", "step", "play", "reset", "guess"], "")
    presses |= {"play": "false", "guess": "false"}
    if folds:
        presses |= {"fold": "true", "unfold": "false"}
    buttons = joined(
        part("button", id=key, text=texts[key], pressed=part("pressed", pressed=now) if now else "")
        for key, now in presses.items()
    )
    return part(
        "bar", buttons=buttons, **{key: texts[key] for key in ("help_title", "place", "speed")}
    )


def _control(page: PageContent, at: int, control: PageControl, texts: Mapping[str, str]) -> Markup:
    name = page.nodes[control.node].name
    ends = {"min": control.least, "max": control.most}
    bounds = joined(
        part("bound", end=key, number=exact(number))
        for key, number in ends.items()
        if isfinite(number)
    )
    slider, value = (texts[key].format(name=name) for key in ("slider_of", "value_of"))
    return part("control", at=at, name=name, slider=slider, value=value, bounds=bounds)


def _rows(page: PageContent, texts: Mapping[str, str]) -> dict[str, str]:
    """The control that goes through the rows of a table, and what is said of them."""
    if page.rows is None:
        return {"rows": "", "rows_note": ""}
    count, size = min(len(each) for each in page.rows.numbers.values()), page.rows.size
    output = page.nodes[page.output].name
    note = texts["rows_note"].format(size=f"{size:,}", output=output, value=shown(page.rows.value))
    if count < size:
        note += f" {texts['rows_some'].format(count=f'{count:,}')}"
    return {
        "rows": filled("rows.html", {**texts, "most": count}),
        "rows_note": part("rows_note", text=note),
    }


def _constants(page: PageContent, texts: Mapping[str, str]) -> Markup | str:
    moved = {each.node for each in page.controls} | {*(page.rows.numbers if page.rows else ())}
    some = [
        f"{page.nodes[node].name} = {exact(number)}"
        for node, number in page.values.items()
        if node not in moved
    ]
    if not some:
        return ""
    listed = ", ".join([*some[:_CONSTANTS], *(["…"] if len(some) > _CONSTANTS else [])])
    return part("note", text=f"{texts['constants']}: {listed}")


def _equations(source: str, texts: Mapping[str, str]) -> Markup:
    """The text of a file. What its first lines say of it stands below, so that the equations are seen."""
    lines = source.strip("\n").split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip()[:1] not in ("", "#")), 0)
    found = [part("source", title=texts["equations"], text=joined(map(_line, lines[first:]), "\n"))]
    if first > 1:
        said = "\n".join(re.sub("^ *# ?", "", line) for line in lines[:first]).strip("\n")
        found.append(part("about", title=texts["about"], text=said))
    return joined(found, "\n")


def _line(line: str) -> Markup:
    """A line of equations, in which names and what is said may be written from right to left."""
    formula, sign, comment = line.partition("#")
    parts = [
        part("apart", text=each) if at % 2 else Markup(escape(each))
        for at, each in enumerate(names_apart(formula))
    ]
    return joined([*parts, Markup(sign), *([part("apart", text=comment)] if comment else [])])


def _lesson(page: PageContent, texts: Mapping[str, str]) -> dict[str, object]:
    """What the scripts know of the page."""
    return {
        "output": page.output,
        "nodes": [
            {
                "name": node.name,
                "own": node.role not in ("step", "number"),
                "moves": node.role != "number",
                "title": in_order(page.title_of(at)),
            }
            for at, node in enumerate(page.nodes)
        ],
        "leaves": [*page.values],
        "values": [*page.values.values()],
        "controls": [_bounds(each) for each in page.controls],
        "steps": [
            {
                "node": step.node,
                "rule": named_rule(step.rule, texts),
                "edges": [share.edge for share in step.shares],
            }
            for step in page.steps
        ],
        "asks": asks(page),
        "used": {str(node): edges for node, edges in page.used.items()},
        "descent": descent_section.descent_data(page),
        "rows": page.rows and _columns(page.rows),
    }


def _columns(rows: PageRows) -> dict[str, object]:
    """The rows of a table as columns of equal length."""
    columns = [*rows.numbers.values()]
    return {"nodes": [*rows.numbers], "columns": columns, "count": len(columns[0])}


def _bounds(control: PageControl) -> dict[str, object]:
    """A control without what is infinite, which JSON has not."""
    found: dict[str, object] = {"node": control.node, "low": control.low, "high": control.high}
    if isfinite(control.least):
        found["least"] = control.least
    if isfinite(control.most):
        found["most"] = control.most
    return found


def _script(page: PageContent, texts: Mapping[str, str]) -> str:
    graph = page.graph
    leaves = [graph.order[node] for node in page.values]
    values = {
        "sources": "\n".join(map(_source, SCRIPTS)),
        "lesson": _json(_lesson(page, texts)),
        "texts": _json(texts),
        "numbers": javascript_numbers(graph, leaves),
        "updates": descent_section.descent_updates(),
        "mistakes": mistakes(),
    }
    return filled("script.template", {key: Markup(text) for key, text in values.items()})


def _json(found: object) -> str:
    """As JSON that may stand in a script of a page: no `<` begins a tag in it."""
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def words(language: str) -> dict[str, str]:
    """The texts of a language by their keys."""
    found: dict[str, str] = json.loads(text_of(f"texts/{language}.json"))
    return found


@cache
def _source(name: str) -> str:
    """A script without what joins modules: in a page they stand one behind the other."""
    return _EXPORT.sub("", _IMPORT.sub("", text_of(f"{name}.js")))


def _style(*names: str) -> str:
    """The style of these files, with the colours of pictures."""
    light, dark = THEMES["light"], THEMES["dark"]
    rules = [text_of(f"{name}.css") for name in names]
    for theme, around in (
        (light, "{}"),
        (dark, "@media screen and (prefers-color-scheme: dark) {{ {} }}"),
    ):
        some = " ".join(
            f'.net [data-fill="{name}"] > rect {{ fill: {fill}; }}'
            f' .net [data-fill="{name}"]:not(.constant) text {{ fill: {theme.text_on(fill)}; }}'
            for name, fill in theme.fills.items()
        )
        rules.append(around.format(some))
    return "\n".join(rules)
