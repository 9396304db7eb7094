"""Whatever comes in, an answer or an error comes out: never a traceback, never a hang."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from running import Ran, backprop

TOKENS = """a b x y L f g pi inf 2 3.5 .5 1e-3 1e400 0 ( ) [ ] , = == != < <= > >= + - * / ^ ** ; ~ .. # if for in
and or not sin exp log sqrt gamma min max sum mean relu polygamma leaky_relu x' α 速 − × ½ ² ⁻ ⁿ ³√ √ ∛ ° ⌊ ⌋ ‖ ∞ π 𝑥 ′ ① ᵃ é & | ! : " ' { } \\ $ %
\t \n \r \r\n \x00 \u200b \ufeff \xa0""".replace("\n", " \n ").split(" ")
TOKENS = [token for token in TOKENS if token] + [" ", "\n", "\n"]

quiet = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
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
def test_random_bytes(data: bytes) -> None:
    _is_civil(backprop("grad", "-", stdin=data))


@settings(quiet, max_examples=600)
@given(st.lists(st.sampled_from(TOKENS), max_size=40).map(" ".join))
def test_random_tokens(text: str) -> None:
    _is_civil(backprop("grad", "-", "--set", "a=1", stdin=text.encode("utf-8", "surrogatepass")))


@settings(quiet, max_examples=300)
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


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "L", "q"]), inner)
    ),
    max_leaves=6,
)


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
