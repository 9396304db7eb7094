"""Indices from families that are computed from constants: as loops, against Python and unrolled texts."""

from __future__ import annotations

import pytest

from backprop.errors import BackpropError
from backprop.evaluation.gradient import gradient
from backprop.language.reading import read_carefully
from backprop.loops import worth
from backprop.loops.worth import read_model
from backprop.source import Source
from running import backprop, unrolled

X = "x[k] = k^2 + 1 for k in 0..20; "

TEXTS = {
    "k = 3; c[i] = mod(i, k) + 1 for i in 0..9; ": lambda i: i % 3 + 1,
    "k = 3; const c[i] = mod(i, k) + 1 for i in 0..9; ": lambda i: i % 3 + 1,
    "const k = 3; c[i] = mod(i, k) + 1 for i in 0..9; ": lambda i: i % 3 + 1,
    "k = 3; m = 2*k; c[i] = mod(i, m - k) + 1 for i in 0..9; ": lambda i: i % 3 + 1,
    "h(i) = floor(i/2); c[i] = h(i) + h(i + 1) for i in 0..9; ": lambda i: i // 2 + (i + 1) // 2,
    "k = 2; h(i) = floor(i/k); c[i] = h(i) for i in 0..9; ": lambda i: i // 2,
    "const d[j] = 9 - j for j in 0..9; c[i] = d[i] + 1 for i in 0..9; ": lambda i: 10 - i,
    "d[j] = mod(7*j, 10)/2 for j in 0..9; c[i] = 2*d[d[0] + i] + 1 for i in 0..9; ": lambda i: 7 * i % 10 + 1,
    "d[j] = j for j in 0..9; c[i] = sum(d[j] for j in 0..i if j > 6) for i in 0..9; ": lambda i: sum(range(7, i + 1)) % 20,
    "d[j] = j/4 for j in 0..9; e[j] = 2*d[j] for j in 0..9; c[i] = 2*e[i] for i in 0..9; ": lambda i: i,
    "d[1] = 5; d[2] = 7; c[i] = d[1 + (i > 4)] for i in 0..9; ": lambda i: 7 if i > 4 else 5,
    "c[i] = i for i in 0..4; k = 1; c[i] = i - k for i in 5..9; ": lambda i: i if i < 5 else i - 1,
    "n = 4; c[i] = max(n - i, 0) for i in 0..9; ": lambda i: max(4 - i, 0),
    "d[j] = j for j in 0..9; k = d[3]; c[i] = mod(i, k) for i in 0..9; ": lambda i: i % 3,
}  # fmt: skip
"""What makes a table, and its numbers."""


@pytest.mark.parametrize("text", TEXTS)
def test_computed_tables_are_indices_of_loops(text: str) -> None:
    if "if j > 6" in text:
        text = text.replace("for i in 0..9; ", "for i in 0..8; ").replace("c[i] =", "c[i] =")
    last = 8 if "if j > 6" in text else 9
    table = TEXTS.get(text) or TEXTS[text.replace("for i in 0..8; ", "for i in 0..9; ")]
    whole_text = f"{text}{X}L = sum(x[c[i]]*(i + 1) for i in 0..{last})"
    loops = read_model(Source("", whole_text), many=0)
    whole = read_carefully(Source("", whole_text))
    assert loops.loops
    found, expected = gradient(loops, {}, "L"), gradient(whole, {}, "L")
    assert found.data == expected.data
    assert found.gradients == expected.gradients
    assert expected.value == sum((table(i) ** 2 + 1) * (i + 1) for i in range(last + 1))
    assert set(loops.fixed) == set(whole.fixed)


def test_what_is_shown_is_what_unrolled_texts_show(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in TEXTS:
        if "if j > 6" in text:
            continue
        command = ("grad", "-e", f"{text}{X}L = sum(x[c[i]]*(i + 1) for i in 0..9)")
        whole = backprop(*command)
        with monkeypatch.context() as patch:
            patch.setattr(worth, "MANY", 0)
            assert backprop(*command) == whole, text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("k = 2; c[i] = i/k for i in 0..9; ", "in y[1] (i = 1): c[1] is 0.5, no whole number"),
        ("k = 2; c[i] = i + 12*(i == 8) for i in 0..9; ", "in y[8] (i = 8): x[20] is not defined; x has the indices 0..9"),
        ("d[j] = j for j in 0..9; c[i] = sum(d[*]) - 40 for i in 0..9; ", "in y[0] (i = 0): c[0] is no constant of these equations"),
        ("c[i] = mod(i, k) for i in 0..9; ", "in y[0] (i = 0): c[0] is no constant of these equations"),
        ("k ~ uniform(0, 1); c[i] = mod(i, k) for i in 0..9; ", "in y[0] (i = 0): c[0] is no constant of these equations"),
        ("c[i] = c[i - 1] + 1 for i in 1..9; c[0] = 0; ", "in y[0] (i = 0): c[1] is no constant of these equations"),
        ("k = 2; const c[i] = mod(i, k) for i in 0..9; const d[i] = i*x[i] for i in 1..3; ", "in d[1] (i = 1): 'd[1]' is computed from other names, so that it is no constant"),
        ("k = 2; const c[i] = mod(i, k) for i in 0..9; m = 2; const x[2] = 3; const d[i] = i*x[i+1] for i in 1..3; ", "'x[2]' is defined twice"),
        ("k = 2; const c[i] = mod(i, k) for i in 0..9; const z[0] = 1; z[i] = i for i in 1..3; const d[i] = i*z[i-1] for i in 1..3; ", "in d[2] (i = 2): 'd[2]' is computed"),
        ("k = 2; const c[i] = mod(i, k) for i in 0..9; p[i] = x[i] for i in 1..n; n = 0*k; q = p[2]; ", "p[2] is not defined; p has no members"),
    ],
)  # fmt: skip
def test_what_is_no_index_is_told_as_of_small_texts(text: str, said: str) -> None:
    whole = f"{text}x[k] = k for k in 0..9; y[i] = x[c[i]] for i in 0..9; L = sum(y[*])"
    found = [*map(str, [_error(whole, 0), _error(whole, 1e9)])]
    assert found[0] == found[1]
    assert said in found[0]


def _error(text: str, many: float) -> BackpropError:
    with pytest.raises(BackpropError) as raised:
        read_model(Source("", text), many=many)
    return raised.value


def test_large_tables_are_no_steps() -> None:
    text = "k = 3; c[i] = mod(i, k) + 1 for i in 1..n; a[j] = j for j in 1..k; L = sum(a[c[i]]*i for i in 1..n)"
    found = read_model(Source("", "n = 300000; " + text))
    assert found.loops
    slopes = gradient(found, {}, "L").gradients
    assert [slopes[f"a[{j}]"] for j in (1, 2, 3)] == [
        sum(i for i in range(1, 300001) if i % 3 == j - 1) for j in (1, 2, 3)
    ]


def test_what_is_computed_from_constants_may_be_const() -> None:
    """Tables show it as one, it is no output that nothing uses, and an index as any other table."""
    text = "k = 3; const c[i] = mod(i, k) + 1 for i in 1..n; a[j] = j for j in 1..k; const g = 2; const h = g^2; const q[i] = h*c[i] for i in 1..n; L = h*sum(a[c[i]]*i for i in 1..n)"
    few = backprop("grad", "-e", f"n = 9; {text}", "--only", "L, a[*], h, q[2], c[4]")
    assert few == unrolled("grad", "-e", f"n = 9; {text}", "--only", "L, a[*], h, q[2], c[4]")
    assert "q[2]  constant" in few.out
    assert "L = 348" in few.out  # 4*(1*(3 + 6 + 9) + 2*(1 + 4 + 7) + 3*(2 + 5 + 8))
    for size in (9, 200_000):
        found = read_model(Source("", f"n = {size}; {text}"))
        assert bool(found.loops) == (size > 9)
        assert found.outputs == ["L"]
        assert found.constants[-1] == f"q[{size}]"
        assert "h" in found.constants


def test_formulas_of_derivatives_keep_computed_tables() -> None:
    text = "n = 4; k = 3; a[i] = i for i in 1..3; c[i] = mod(i, k) + 1 for i in 1..n; L = sum(c[i]*a[c[i]] for i in 1..n)"
    found = backprop("diff", "-e", text)
    assert (
        found.out.splitlines()[-1]
        == "dL_da[i] = sum(c[p] for p in 1..n if c[p] == i) for i in 1..3"
    )
