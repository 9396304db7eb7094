"""Hostile inputs of every kind, and what is asked of the answers.

A kind is a Hypothesis strategy of Cases; what texts are made of is the grammar, and what options
are given comes from their own declarations, so that new ones are tried as well.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from math import inf, isfinite
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from lark import Lark

from backprop import parse
from backprop.cli.help import COMMANDS, TAKING_LINES
from backprop.cli.run import command
from backprop.descent.optimizers import OPTIMIZERS, SCHEDULES
from backprop.descent.result import State
from backprop.operations import FUNCTIONS, GATHERS
from backprop.options import Field, fields
from backprop.reports import DOCUMENTS, PICTURES, TABLES
from running import EXAMPLES, Ran, backprop

PATIENCE = 10
"""Seconds of the processor that no input may take; the largest have a few ten thousand characters."""

TOKENS = """a b x y L f g w[1] w[2] w[*] w[1..3] w[i] pi inf 2 3.5 .5 1e-3 1e400 0 ( ) [ ] , = == != < <= > >= + - * / ^ ** ; ~ .. # if for in
and or not sin exp log sqrt gamma min max sum mean relu polygamma leaky_relu const minimize maximize output ± 5% +/- 2.0(1) | x' α 速 − × ½ ² ⁻ ⁿ ³√ √ ∛ ° ⌊ ⌋ ‖ ∞ π 𝑥 ′ ① ᵃ é & ! : " ' { } \\ $ % ∂L/∂a dL/da d? ...
\\frac{x}{2} script <script> ` * _a_ __b__ => -> ← := 1,000 0x1F 1_000 \t \n \r \r\n \x00 \x1b[31m \u200b \u202e \ufeff \xa0 \u2028 \udcff""".replace(
    "\n", " \n "
).split(" ")
TOKENS = [token for token in TOKENS if token] + [" ", "\n", "\n"]

NAMES = "a b c x y L w[1] w[2] w[i] w[1,2] x' α _a_ script e d f g".split()
TERMINALS = {
    "NAME": [*NAMES, *FUNCTIONS, *GATHERS, "pi", "inf"], "NUMBER": "0 1 2 3 10 0.5 .5 1e-3 1e308 1e-320 1e400 ½".split(),
    "CONCISE": ["2.0(1)", "6.67430(15)e-11"], "SUPER_NUMBER": ["²", "⁻¹", "⁰"], "SUPER_MINUS": ["⁻"],
    "SUPER_NAME": ["ⁿ", "ˣ"], "CONST": ["const "], "GOAL": ["minimize ", "maximize ", "output "],
    "PERCENT": ["%"], "PLUSMINUS": ["±", "+/-"], "NEWLINE": ["\n"], "BLANK": [" "], "COMMENT": ["# x\n"],
    "FOR": [" for "], "IN": [" in "], "IF": [" if ", "if"], "AND": [" and "], "OR": [" or "], "NOT": [" not "],
    "MINUS": ["-", "−"], "TIMES": ["*", "·"], "DIVIDE": ["/", "÷"], "SQRT": ["√"], "CBRT": ["∛"], "BAR": ["|"],
    "LE": ["<=", "≤"], "GE": [">="], "NE": ["!="],
}  # fmt: skip

HOSTILE_NAMES = [
    "no\x1b[31mfile", "a b", "-x", "a\nb", "x" * 300, "nul\x00", "\udcff", "\u202egnp", "[red]x[/red]", "$(id)",
    "", ".", "..", "missing/x", "ok.eq", "-", "/dev/null", "/dev/full", "values.json", "é", "%s{}", "a;b", "~",
]  # fmt: skip


class Case(NamedTuple):
    """A command line with the files that lie beside it, what comes down its pipe, and variables."""

    words: tuple[str, ...]
    files: Mapping[str, bytes] = {}
    stdin: bytes = b""
    environment: Mapping[str, str] = {}

    @property
    def line(self) -> str:
        """What to paste into bash."""
        made = [
            f"printf %b {_quoted(data)} > {_shell(name)}; " for name, data in self.files.items()
        ]
        pipe = f"printf %b {_quoted(self.stdin)} | " if self.stdin else ""
        set_ = "".join(f"{name}={_shell(text)} " for name, text in self.environment.items())
        return f"{''.join(made)}{pipe}{set_}backprop {' '.join(map(_shell, self.words))}"


def _quoted(data: bytes) -> str:
    """For `printf %b`."""
    plain = "".join(chr(c) if 32 <= c < 127 and c not in b"\\'" else f"\\x{c:02x}" for c in data)
    return f"'{plain}'"


def _shell(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    data = word.encode("utf-8", "surrogateescape")
    return "$'" + "".join(
        chr(c) if 32 <= c < 127 and c not in b"\\'" else f"\\x{c:02x}" for c in data
    ) + "'"  # fmt: skip


class Hangs(BaseException):
    """It takes too long."""


class Uncivil(AssertionError):
    """An answer that nobody should get."""


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Hangs

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def run(case: Case, folder: Path) -> Ran:
    """What comes of a case in this folder. Raises what its answer must not be."""
    for old in folder.iterdir():
        if old.is_file():
            old.unlink()
    for name, data in case.files.items():
        (folder / name).write_bytes(data)
    before = {each.name for each in folder.iterdir()}
    with _limited(PATIENCE), patch.dict(os.environ, case.environment):
        ran = backprop(*case.words, stdin=case.stdin)
    judge(case, ran)
    for name in {*ran.wrote} & {"s.json", "h.json", "h.csv", "new.eq"}:
        read_back((folder / name).read_text("utf-8"), name)
    new = {each.name for each in folder.iterdir()} - before
    if left := [name for name in new if name.startswith(".backprop-")]:
        raise Uncivil(f"left behind: {left}")
    if ran.status == 2 and new:
        raise Uncivil(f"written though the line is wrong: {new}")
    return ran


def read_back(text: str, name: str) -> None:
    """Raise for what a descent has written and nobody can read."""
    if name == "new.eq":
        parse(text)
        return
    if name.endswith(".csv"):
        first, *rows = csv.reader(io.StringIO(text))
        if not rows or {*map(len, rows)} != {len(first)}:
            raise Uncivil(f"rows of other lengths in {name}")
        return
    found = json.loads(text, parse_constant=_no_json)
    if name == "s.json":
        State.from_json(found)


def _no_json(constant: str) -> None:
    raise Uncivil(f"{constant} in JSON")


def judge(case: Case, ran: Ran) -> None:
    """Raise Uncivil for an answer that is neither a result nor an error."""
    if case.environment:  # a shell asks; status 1 says that there is nothing to offer
        odd = [each for each in ran.out if not each.isprintable() and each not in "\n\t\u200d"]
        if ran.err or ran.status not in (0, 1) or "Traceback" in ran.out or odd:
            raise Uncivil(f"to a shell: status {ran.status}, {odd}, and said: {ran.err[:80]!r}")
        return
    wrong = "error:" in ran.err.lower()
    checks = case.words[:1] in (("check",), ("descend",))
    if ran.status not in (0, 1, 2):
        raise Uncivil(f"status {ran.status}")
    if "Traceback" in ran.err + ran.out:
        raise Uncivil("a traceback")
    if (ran.status != 0) != wrong and not (checks and ran.status == 1):
        raise Uncivil(f"status {ran.status}, and said: {ran.err[:80]!r}")
    if ran.status == 2 and ran.out:
        raise Uncivil("printed though the line is wrong")
    quoted = "--save" in " ".join(case.words) or case.words[:1] in (("example",), ("help",))
    seen = ran.err if quoted else ran.err + ran.out
    own = "\n\u200d\u00a0" if "html" in case.words else "\n\u200d"  # pages have `if` and a blank
    if hidden := [each for each in seen if not each.isprintable() and each not in own]:
        raise Uncivil(f"not made visible: {hidden[0]!r}")
    formats = [word for option, word in pairwise(case.words) if option == "--format"]
    if ran.status == 0 and formats[-1:] == ["json"] and case.words[0] in ("grad", "explain"):
        for line in ran.out.splitlines():
            json.loads(line)


@cache
def _grammar() -> Lark:
    text = (Path(__file__).parent.parent / "grammars" / "equations.lark").read_text("utf-8")
    return Lark(
        text, parser="lalr", lexer="basic", start=["file", "expression"], maybe_placeholders=False
    )


@cache
def _rules() -> Mapping[str, list[list[tuple[bool, str]]]]:
    """For each name of the grammar what it may be: terminals and names, the shortest first."""
    made: dict[str, list[list[tuple[bool, str]]]] = {}
    for rule in _grammar().rules:
        parts = [(each.is_term, each.name) for each in rule.expansion]
        made.setdefault(rule.origin.name, []).append(parts)
    depth: dict[str, float] = {}
    for _ in made:
        for name, options in made.items():
            sizes = [
                max((0 if term else depth.get(each, inf) for term, each in parts), default=0)
                for parts in options
            ]
            depth[name] = 1 + min(sizes)
    for options in made.values():
        options.sort(
            key=lambda parts: max((0 if term else depth[each] for term, each in parts), default=0)
        )
    return made


@st.composite
def grammatical(draw: Callable[[Any], Any], start: str, most: int = 12) -> str:
    """Texts that the grammar has, of about as many words."""
    rules, words = _rules(), list[str]()
    spelled = {each.name: [each.pattern.value] for each in _grammar().terminals} | TERMINALS
    waiting = [(False, start)]
    while waiting:
        terminal, name = waiting.pop()
        if terminal:
            words.append(draw(st.sampled_from(spelled[name])))
            continue
        options = rules[name]
        chosen = 0 if len(words) + len(waiting) > most else draw(st.integers(0, len(options) - 1))
        waiting += reversed(options[chosen])
    return " ".join(words) if draw(st.booleans()) else "".join(words)


tokens = st.lists(st.sampled_from(TOKENS), max_size=25).map(" ".join)
joined = st.lists(st.sampled_from(TOKENS), max_size=12).map("".join)
values = st.sampled_from(["a=1", "a=1, b=2", "a=1,b=-2,c=0,x=0.5,y=3,L=1,w=2"])


def utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def spoil(data: bytes, at: float, what: bytes, cut: int) -> bytes:
    """A file with a piece in the middle replaced."""
    place = int(at * len(data))
    return data[:place] + what + data[place + cut :]


@cache
def files() -> list[bytes]:
    return [
        path.read_bytes() for path in sorted(EXAMPLES.glob("*/*.eq")) if path.stat().st_size < 1500
    ]


spoiled = st.builds(
    spoil,
    st.deferred(lambda: st.sampled_from(files())),
    st.floats(0, 1),
    st.one_of(st.sampled_from(TOKENS).map(utf8), st.binary(max_size=4)),
    st.integers(0, 6),
)


def _large(piece: str, times: int, start: str, end: str) -> bytes:
    return utf8(start + piece * times + end)


sizes = st.builds(
    _large,
    st.one_of(
        st.sampled_from(["(", "-", "not ", "a+", "a*", "a^", "sin(", "[", "w[", "max(a,", "if(a,b,", "\n", ";", " ", "#", "y=1;", "9", "a,", "²", "√", "|", "*", "const a,"]),
        joined,
    ),
    st.sampled_from([2, 10, 100, 400, 4400]),
    st.sampled_from(["", "y = ", "y = a", "f(x) = ", "y[i] = i for i in 1..3; z = ", "y = 1e"]),
    st.sampled_from(["", "1", "a", ")", "; a = 1", "\n"]),
)  # fmt: skip

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "L", "q", "w[1]", "data", "inputs", "x\x1b"]), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip

OK = b"M = sum(w[i]*a for i in 1..3); L = (a*b - 2)^2 + sin(a) + M; a = 1 in 0..5; b = 2; w[i] = i for i in 1..3\n"
"""With one output, for commands that take one."""

SMALL = {
    "--steps": ["1", "3"],
    "--max-nodes": ["0", "1", "50", "100000"],
    "--width": ["99", "100", "640", "8001"],
}
"""Values of options whose others would only cost time."""

_OFFERED = {
    "names": NAMES, "equations": NAMES, "inputs": NAMES, "settings": ["a=1", "b=1/3", "a=1,b=2", "w[1]=2"],
    "bounds": ["a=0..1", "a=..5", "b=1..", "*=0..1"], "optimizers": [*OPTIMIZERS], "schedules": [*SCHEDULES],
    "examples": ["classic", "two_moons"], "pages": ["language", *COMMANDS],
}  # fmt: skip


def _endings() -> list[str]:
    known = (TABLES, DOCUMENTS, PICTURES)
    return sorted(
        {f"out{end}" for formats in known for end in formats.endings} - {"out.png", "out.pdf"}
    )


def values_of(field: Field) -> st.SearchStrategy[str]:
    """What an option is given: what it takes, its ends and what lies beyond them, and what it does
    not take."""
    option, flag = field.option, [*field.option.flags, ""][-1]
    if flag in SMALL:
        return st.sampled_from(SMALL[flag])
    if option.path:
        return st.sampled_from([*HOSTILE_NAMES, *_endings()])
    known = [*map(str, option.choices)]
    known += _OFFERED.get(option.offers, []) if isinstance(option.offers, str) else [*option.offers]
    ends = [option.min, option.max, *(option.takes or ())[:2], option.default]
    for end in ends:
        if isinstance(end, (int, float)) and not isinstance(end, bool) and isfinite(end):
            known += [f"{end}", f"{end - 1}", f"{end + 1}"]
    known += ["", "0", "-1", "1e400", "nan", "0.5", "9" * 5000, "1,5", "é", "*", "\x1b[31m"]
    return st.one_of(st.sampled_from(known), st.sampled_from(known), joined, tokens)


@st.composite
def command_lines(draw: Callable[[Any], Any]) -> Case:
    """A command with some of its options."""
    name = draw(
        st.sampled_from(
            [each for each in COMMANDS if each not in ("draw", *TAKING_LINES)] * 3 + ["draw"]
        )
    )
    own = fields(command(name))
    words = [name]
    if name not in ("help", "example"):
        words.append(draw(st.sampled_from(["ok.eq"] * 4 + ["-"])))
    for field in draw(st.lists(st.sampled_from(own), max_size=4)):
        if not field.option.flags:
            words += [draw(values_of(field))] if name in ("help", "example") else []
            continue
        flag = draw(st.sampled_from(field.option.flags))
        if field.kind is bool:
            words.append(flag)
        elif draw(st.booleans()) and flag.startswith("--"):
            words.append(f"{flag}={draw(values_of(field))}")
        else:
            words += [flag, draw(values_of(field))]
    if name == "descend" and not re.search("--steps", " ".join(words)):
        words += ["--steps", "3"]
    if name == "draw" and "-o" not in words:
        words += ["-o", draw(st.sampled_from(["out.dot", "out.svg"]))]
    # the program itself says what a word with a zero byte is: none that a system can pass on
    words = [word.replace("\0", "") for word in words]
    return Case(tuple(words), {"ok.eq": OK, "values.json": b'{"a": 3}'}, OK)


def _formats() -> st.SearchStrategy[tuple[str, ...]]:
    return st.sampled_from([("grad", each) for each in TABLES.names] + [("check", "table"), ("check", "markdown")] + [("explain", each) for each in DOCUMENTS.names])  # fmt: skip


def _piped(data: bytes, form: tuple[str, str], given: str) -> Case:
    return Case((form[0], "-", "--set", given, "--format", form[1]), {}, data)


def _texts(text: str, given: str, name: str) -> Case:
    words = {
        "of": ("grad", f"--of={text}"), "wrt": ("grad", f"--wrt={text}"), "only": ("grad", f"--only={text}"),
        "set": ("grad", f"--set={text}"), "claim": ("check", f"--claim={text}"), "paths": ("explain", f"--paths={text}"),
        "freeze": ("descend", "--steps", "2", f"--freeze={text}"), "bounds": ("descend", "--steps", "2", f"--bounds={text}"),
        "expr": ("grad", "-e", f"y = {text}", "--set", given),
    }[name]  # fmt: skip
    words = tuple(word.replace("\0", "") for word in words)
    return Case(words if name == "expr" else (words[0], "ok.eq", *words[1:]), {"ok.eq": OK})


KINDS: Mapping[str, st.SearchStrategy[Case]] = {
    "bytes": st.builds(_piped, st.binary(max_size=60), _formats(), values),
    "tokens": st.builds(_piped, tokens.map(utf8), _formats(), values),
    "grammar": st.builds(_piped, grammatical("file").map(utf8), _formats(), values),
    "formulas": st.builds(_piped, grammatical("expression").map(lambda text: utf8(f"y = {text}")), _formats(), values),
    "files": st.builds(_piped, spoiled, _formats(), values),
    "sizes": st.builds(_piped, sizes, st.just(("grad", "table")), values),
    "texts": st.builds(_texts, st.one_of(joined, tokens), values, st.sampled_from("of wrt only set claim paths freeze bounds expr".split())),
    "json": JSON.map(lambda found: Case(("grad", "ok.eq", "--values", "v.json"), {"ok.eq": OK, "v.json": json.dumps(found).encode()})),
    "lines": command_lines(),
}  # fmt: skip


WEIGHTS = {"sizes": 15, "lines": 200, "files": 200, "tokens": 200}
"""How many inputs of a kind a round has; 100 of the others. They cost about the same time."""


def search(
    kind: str, cases: st.SearchStrategy[Case], seed: int, folder: Path, end: float, found: dict[str, str]
) -> int:  # fmt: skip
    """Try inputs of a kind, some at a time; how many there were. What was found is put into `found`,
    as small as Hypothesis makes it: the line that shows it, by what it is called. end: when time is up."""
    tried, last = 0, ("", "")

    @hypothesis.seed(seed)
    @settings(
        max_examples=WEIGHTS.get(kind, 100), database=None, deadline=None, phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False, print_blob=False,
    )  # fmt: skip
    @given(cases)
    def one(case: Case) -> None:
        nonlocal tried, last
        if time.monotonic() > end:
            return
        tried += 1
        try:
            run(case, folder)
        except (Exception, Hangs) as error:
            place = known_place(error)
            if place not in found:
                last = place, f"{kind}: {place}: {str(error)[-200:]}\n    {case.line}"
                raise Uncivil(place) from None

    try:
        one()
    except (Uncivil, HypothesisException):
        found[last[0]] = last[1]
    return tried


def known_place(error: BaseException) -> str:
    """What a finding is called: two of one name are one."""
    place, at = "", error.__traceback__
    while at is not None:
        file = at.tb_frame.f_code.co_filename
        if f"{os.sep}backprop{os.sep}" in file and "tests" not in file:
            place = f"{file.rpartition('backprop' + os.sep)[2]}:{at.tb_lineno}"
        at = at.tb_next
    return f"{type(error).__name__} {place or re.sub(r'[0-9]+', '', str(error))[:60]}"
