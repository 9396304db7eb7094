"""What Lark makes of the grammar, as the text in `grammars/equations.tables` that the package reads.

`python tests/grammar_tables.py` writes that file anew, after a change of `grammars/equations.lark`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lark import Lark
from lark.grammar import Rule
from lark.lexer import PatternStr, TerminalDef

from backprop.syntax.grammar import _Emitter

FOLDER = Path(__file__).parent.parent / "grammars"
STARTS = ["file", "statement", "expression", "modelled"]


def made(grammar: str) -> str:
    """The tables of a grammar; `backprop.syntax.lalr.Tables` says what stands where."""
    lark = Lark(grammar, parser="lalr", lexer="basic", start=STARTS, maybe_placeholders=False)
    data, memo = lark.memo_serialize([TerminalDef, Rule])  # what Lark itself writes into a file
    table = data["parser"]["parser"]
    rules = [at for at, item in memo.items() if item["__type__"] == "Rule"]
    number = {at: -1 - position for position, at in enumerate(rules)}
    rows = {
        state: sorted((table["tokens"][token], action) for token, action in actions.items())
        for state, actions in table["states"].items()
    }
    # Lark's own numbers differ from run to run: here states are numbered as they are met
    states = dict.fromkeys(table["start_states"][name] for name in STARTS)
    waiting = list(states)
    for state in waiting:
        found = [to for _, (reduces, to) in rows[state] if not reduces and to not in states]
        states.update(dict.fromkeys(found))
        waiting += dict.fromkeys(found)
    place = {state: position for position, state in enumerate(states)}
    lines = [
        " ".join(
            f"{token} {number[to['@']] if reduces else place[to]}"
            for token, (reduces, to) in rows[state]
        )
        for state in states
    ]
    spelled = {terminal.name: _spelled(terminal) for terminal in lark.terminals}
    spelled["STARS"] = spelled["POWER"]  # two spellings of one operation
    starts = [
        f"{name} {place[table['start_states'][name]]} {place[table['end_states'][name]]}"
        for name in STARTS
    ]
    head = [
        f"{len(rules)} {len(states)}",
        " ".join(starts),
        " ".join(f"{name} {word}" for name, word in spelled.items()),
    ]
    pattern = _pattern(lark.terminals)
    rows_of_rules = (_line(memo[at]) for at in rules)
    return "\n".join([*head, *rows_of_rules, *lines, pattern, _plain(pattern)])


_FIRST = re.compile(r"(?:\[|\(\?:)\\?([-*/<>!]=?)")
"""What stands first in a terminal that has several signs: `[*·×⋅∗]`, `(?:<=|≤)`."""


def _spelled(terminal: Any) -> str:
    """How a terminal is spelled in the language itself; of one with many spellings, its name."""
    text: str = terminal.pattern.value
    if isinstance(terminal.pattern, PatternStr):
        return text
    found = _FIRST.match(text)
    return found[1] if found else terminal.name.lower()


def _line(rule: Any) -> str:
    """A rule of Lark's as a line: its left side, the action, and what becomes of its parts."""
    options, parts = rule["options"], rule["expansion"]
    drops = not options["keep_all_tokens"]
    action = rule["alias"] or rule["origin"]["name"]
    if options["expand1"] and not rule["alias"] and len(parts) == 1:
        action = "="  # `?sum: product` hands its only part on
    elif not hasattr(_Emitter, action):
        action = "*"
    how = "".join(
        ("d" if drops and part["filter_out"] else "k")
        if part["__type__"] == "Terminal"
        else ("i" if part["name"].startswith("_") else "k")
        for part in parts
    )
    return f"{rule['origin']['name']} {action} {how or '-'}"


def _pattern(terminals: Any) -> str:
    ordered = sorted(
        terminals,
        key=lambda t: (-t.priority, not isinstance(t.pattern, PatternStr), -len(t.pattern.value)),
    )
    groups = {terminal.name: terminal.pattern.to_regexp() for terminal in ordered}
    blank = groups.pop("BLANK")
    named = "|".join(f"(?P<{name}>{pattern})" for name, pattern in groups.items())
    pattern = rf"(?:{blank})?(?:{named}|(?P<BLANK>\Z)|(?P<OTHER>.))"
    for character, escape in (("\r", r"\r"), ("\n", r"\n"), ("\t", r"\t")):
        pattern = pattern.replace(character, escape)
    return pattern.encode("ascii", "backslashreplace").decode()


_HIGH = r"(?:\\x[89a-f][0-9a-f]|\\u[0-9a-f]{4})"
_SET_OR_HIGH = re.compile(rf"\[(\^?)((?:\\.|[^\]\\])*)\]|{_HIGH}|\\.")


def _plain(pattern: str) -> str:
    """The same for texts that are ASCII, a quarter as long: nothing else can stand there."""

    def plain(found: re.Match[str]) -> str:
        if not found[0].startswith("["):
            return "(?!)" if re.fullmatch(_HIGH, found[0]) else found[0]
        inside = re.sub(rf"{_HIGH}(?:-{_HIGH})?", "", found[2])
        return f"[{found[1]}{inside}]" if inside else "(?!)"

    return _SET_OR_HIGH.sub(plain, pattern)


if __name__ == "__main__":
    grammar = (FOLDER / "equations.lark").read_text("utf-8")
    (FOLDER / "equations.tables").write_text(made(grammar), "utf-8")
