"""Whatever comes in, an answer or an error comes out: never a traceback, never a hang.

`pytest tests/test_fuzz.py --fuzz 10` tries inputs of all kinds for ten minutes, the same ones in
every run; with `--whole` others each time. What it finds is printed as a line for bash.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fuzzed_files import KINDS
from fuzzing import JSON, TOKENS, search
from running import Ran, backprop
from sizes import size

quiet = settings(
    max_examples=size(100, 150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def _is_civil(ran: Ran) -> None:
    assert ran.status in (0, 1, 2)
    assert "Traceback" not in ran.err + ran.out
    assert (ran.status == 0) == ("error:" not in ran.err.lower())
    if ran.status:
        assert ran.out == ""
        assert ran.err


@quiet
@given(st.binary(max_size=120))
@example(b"\xef\xbb\xbf\xef\xbb\xbfy = 1")
@example(b"y = \xed\xa0\x80")
@example(b"a <")
@example(b"n = 3; w[i] = 1 for i in 1..n; h[i] = w[i + 3.5] for i in 1..n")
@example(b"h = nap.exp(x) + x.sin()")
@example(b"L = a\na in\n")
def test_random_bytes(data: bytes) -> None:
    _is_civil(backprop("grad", "-", stdin=data))


@settings(quiet, max_examples=size(400, 600))
@given(st.lists(st.sampled_from(TOKENS), max_size=40).map(" ".join))
def test_random_tokens(text: str) -> None:
    _is_civil(backprop("grad", "-", "--set", "a=1", stdin=text.encode("utf-8", "surrogatepass")))


@settings(quiet, max_examples=size(200, 300))
@given(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join))
def test_random_right_sides(text: str) -> None:
    _is_civil(
        backprop("grad", "-e", f"y = {text}", "--set", "a=1, b=-2, x=0.5", "--format", "latex")
    )


@quiet
@given(st.text(max_size=60))
def test_random_settings(text: str) -> None:
    _is_civil(backprop("grad", "-e", "L = a*b", "--set", "a=1,b=2", f"--set={text}"))


@quiet
@given(st.text(max_size=40))
def test_random_names(text: str) -> None:
    _is_civil(backprop("grad", "-e", "L = a*b; a = 1; b = 2", f"--of={text}", f"--wrt={text}"))


@quiet
@given(JSON.map(json.dumps) | st.text(max_size=40).map(lambda text: "{" + text))
@example('{"a": ' + "[" * 100_000)
@example('{"a": 1, "a": 2}')
@example('{"a": ' + "9" * 5000 + "}")
@example('{"a": NaN, "b": -Infinity}')
def test_random_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "values.json").write_text(text, encoding="utf-8", errors="surrogatepass")
    _is_civil(
        backprop("grad", "-e", "L = a*b; a = 1; b = 2", "--values", str(tmp_path / "values.json"))
    )


@pytest.mark.parametrize("operand", ["0", "-1", "1e308", "5e-324", "inf", "-inf", "2.5"])
def test_every_function_at_strange_numbers(operand: str) -> None:
    from backprop.operations import FUNCTIONS

    for name, row in FUNCTIONS.items():
        names = ("a", "b", "c")[: row.arity]
        settings = ", ".join(f"{each}={operand}" for each in names)
        _is_civil(backprop("grad", "-e", f"y = {name}({', '.join(names)})", "--set", settings))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # out of time there
def test_hostile_inputs_for_minutes(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes, whole = (request.config.getoption(name) for name in ("--fuzz", "--whole"))
    if not minutes:
        pytest.skip("only with --fuzz MINUTES")
    monkeypatch.chdir(tmp_path)
    seed = time.time_ns() // 1_000_000 if whole else 0
    end = time.monotonic() + 60 * minutes
    tried, found = Counter[str](), dict[str, str]()
    for kind in cycle(KINDS):
        if time.monotonic() > end:
            break
        tried[kind] += search(kind, KINDS[kind], seed, tmp_path, end, found)
        seed += 1
    print(f"{tried.total():,} inputs: {', '.join(f'{n:,} {kind}' for kind, n in tried.items())}")
    assert not found, "\n".join(["", *found.values()])
