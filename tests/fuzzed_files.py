"""Hostile files beside the equations, and half-typed words: more kinds of input for `fuzzing`.

States of descents, sheets of claims, numbers in lines, worksheets with their keys, all that a descent
writes, and what a shell asks for while somebody types.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from backprop.cli.help import COMMANDS
from backprop.cli.run import COMPLETION, command
from backprop.descent.optimizers import OPTIMIZERS, SCHEDULES
from backprop.options import fields
from backprop.reports import DOCUMENTS, HISTORIES, TABLES
from fuzzing import (
    HOSTILE_NAMES,
    JSON,
    KINDS,
    OK,
    TOKENS,
    Case,
    files,
    grammatical,
    joined,
    spoil,
    spoiled,
    tokens,
    utf8,
)  # fmt: skip

_pieces = st.one_of(st.sampled_from(TOKENS).map(utf8), st.binary(max_size=4))


def _perhaps_spoiled(texts: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """These, and these with a piece replaced."""
    whole = texts.map(utf8)
    return whole | st.builds(spoil, whole, st.floats(0, 1), _pieces, st.integers(0, 6))


# ------------------------------------------------------------------------------ states of descents

_numbers = st.one_of(st.sampled_from([0, 1.5, -2, 1e308, 5e-324, "inf", "-inf", "1", None]), JSON)
_columns = st.dictionaries(st.sampled_from(["a", "b", "w[1]", "q", "L"]), _numbers, max_size=4)
_counts = st.sampled_from([0, 1, 3, 2**53 - 1, 2**53, -1, 1.0, True, 10**400, None, "3"])
_state = {
    "schema": st.sampled_from([1] * 9 + [0, "1", None]),
    "optimizer": st.sampled_from([*OPTIMIZERS, "q", "\x1b[31m", None]),
    "steps": _counts, "updates": _counts,
    "searched": st.sampled_from([None, 0.5, 1e-320, 0, -1, "inf", "0.1", 1e308, []]),
    "parameters": st.just({"a": 1, "b": 2}) | _columns | JSON,
    "memory": st.dictionaries(st.sampled_from(["m", "v", "t", "h", "q"]), _columns | JSON, max_size=3) | JSON,
    "inputs": _columns | JSON,
}  # fmt: skip
_wholesome = st.builds(
    lambda optimizer, numbers, names: {
        "schema": 1, "optimizer": optimizer, "steps": 3, "updates": 3, "searched": numbers[0],
        "parameters": {"a": numbers[1], "b": numbers[2]},
        "memory": {name: {"a": numbers[1], "b": numbers[2]} for name in names}, "inputs": {"a": 1},
    },
    st.sampled_from([*OPTIMIZERS]),
    st.tuples(*[st.floats(1e-6, 5) | st.floats(1e-320, 1e308)] * 3),
    st.lists(st.sampled_from(["m", "v", "s", "d", "g", "step", "best"]), max_size=3),
)  # fmt: skip
states = st.one_of(_wholesome, _wholesome, st.fixed_dictionaries({}, optional=_state), JSON).map(
    json.dumps
)


def _continued(data: bytes, optimizer: str, schedule: str, rate: list[str]) -> Case:
    words = ("descend", "ok.eq", "--steps", "3", "--state", "s.json", *rate)
    chosen = ("--optimizer", optimizer, "--schedule", schedule if rate else "constant")
    return Case((*words, *chosen), {"ok.eq": OK, "s.json": data})


# ------------------------------------------------------------------------- what a descent writes

_texts = st.one_of(
    spoiled, grammatical("file", 30).map(utf8), st.deferred(lambda: st.sampled_from(files()))
)
_sets = st.sampled_from([[], [], ["--set", "a=1,b=-2,c=0,x=0.5,y=3,L=1,w=2"], ["--set", "a=1"]])


def _written(data: bytes, ending: str, given: list[str], more: list[str]) -> Case:
    kept = ("--state", "s.json", "--history", f"h{ending}", "--save", "new.eq")
    return Case(("descend", "-", "--steps", "3", *given, *kept, *more), {}, data)


_steps = st.sampled_from([
    [], ["--lr", "0.1"], ["--optimizer", "lbfgs"], ["--optimizer", "adam", "--lr", "1e300"], ["--maximize"],
    ["--every", "2"], ["--trace"], ["--format", "json"], ["--explain-step", "1"], ["--bounds", "*=0..1"],
])  # fmt: skip


# ----------------------------------------------------------------------- sheets, numbers and keys

_left = st.sampled_from(
    ["da", "dL/db", "∂L/∂a", "∂M/∂w[1]", "dw", "a", "L", "dL", "d", "∂L/∂a · ∂a/∂b", "  1. ∂L/∂L"]
)
_right = st.one_of(grammatical("expression"), joined, tokens, st.sampled_from(["6", "f*b", "0x1F", "1e400", "nan", "12 (1e−400)", "3 − 0.1·2 = 2.8", "___"]))  # fmt: skip
_numerals = st.floats(-1e3, 1e3).map(str) | st.sampled_from(
    ["6", "f*b", "2*(a*b - 2)*b + cos(a) + 6", "1/3", "12 (1e−400)"]
)
_signs = st.sampled_from([" = ", ": ", "=", " ≈ ", " ← ", " ", " == "])
_claimed = st.lists(st.tuples(_left, _signs, _right | _numerals).map("".join), max_size=6).map(
    "\n".join
)
_given = st.lists(st.tuples(st.sampled_from(["a", "b", "w[1]", "w", "w*", "q", "L"]), _signs, _right | _numerals).map("".join), max_size=6).map("\n".join)  # fmt: skip


def _sheet(data: bytes, format: str, more: list[str]) -> Case:
    return Case(("check", "ok.eq", "--claims", "c.txt", "--format", format, *more), {"ok.eq": OK, "c.txt": data})  # fmt: skip


def _worksheet(data: bytes, format: str, given: list[str], key: str) -> Case:
    words = ("explain", "-", *given, "--hide-answers", "--answers", key, "--format", format)
    return Case(words, {}, data)


# ------------------------------------------------------------------------------- half-typed words

_halves = st.sampled_from(["-", "--", "--o", "--set=", '"', "'", '"a=1, ', "a,", "w[", "w[1", "\\", "$", "~", "ok", "cla", "lan", "adam(", "=", ","])  # fmt: skip


@st.composite
def completions(draw: Callable[[Any], Any]) -> Case:
    """A line that is not finished, in one of the shells."""
    name = draw(st.sampled_from([*COMMANDS] * 3 + ["", "gr", "\x1b"]))
    words = ["backprop", name]
    own = fields(command(name)) if name in COMMANDS else []
    flags = ["--help", *(flag for field in own for flag in field.option.flags)]
    any_word = st.one_of(
        st.sampled_from(flags), st.sampled_from(flags), _halves, joined,
        st.sampled_from(["ok.eq", "bad.eq", "-", *HOSTILE_NAMES]), grammatical("expression"),
    )  # fmt: skip
    words += draw(st.lists(any_word, max_size=5))
    shell = draw(st.sampled_from(["bash", "zsh", "fish"]))
    line = draw(st.sampled_from(["\n", " "])).join(words).replace("\0", "")
    asked = {
        COMPLETION: f"complete_{shell}", "COMP_WORDS": line, "_TYPER_COMPLETE_ARGS": line,
        "COMP_CWORD": str(len(words) - draw(st.sampled_from([1, 1, 1, 0, 2]))),
        "_TYPER_COMPLETE_FISH_ACTION": draw(st.sampled_from(["get-args", "is-args"])),
    }  # fmt: skip
    beside = {"ok.eq": OK, "eqs.txt": OK, "bad.eq": draw(_texts)}
    return Case((), beside, environment=asked)


KINDS: Mapping[str, st.SearchStrategy[Case]] = {
    **KINDS,
    "states": st.builds(
        _continued, _perhaps_spoiled(states), st.sampled_from([*OPTIMIZERS]), st.sampled_from([*SCHEDULES]),
        st.sampled_from([[], ["--lr", "0.01"]]),
    ),
    "descents": st.builds(_written, _texts, st.sampled_from(HISTORIES.endings), _sets, _steps),
    "sheets": st.builds(
        _sheet, _perhaps_spoiled(_claimed), st.sampled_from(TABLES.names), st.sampled_from([[], ["--tolerance", "0.01"]])
    ),
    "numbers": _perhaps_spoiled(_given).map(
        lambda data: Case(("grad", "ok.eq", "--values", "v.txt"), {"ok.eq": OK, "v.txt": data})
    ),
    "worksheets": st.builds(_worksheet, _texts, st.sampled_from(DOCUMENTS.names), _sets, st.sampled_from(["key.txt"] * 8 + ["key.md", "-", "k", ""])),
    "completions": completions(),
}  # fmt: skip
"""Those of `fuzzing`, and these."""
