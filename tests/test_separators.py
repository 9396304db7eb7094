"""Statements side by side without a separator, and numbers with commas where commas separate."""

import pytest

import backprop as library
from backprop.checks.claims import read_claims
from backprop.given import from_lines
from backprop.source import Source
from running import backprop

SIDE_BY_SIDE = [
    ("a=2 b=3", {"a": 2, "b": 3}),
    ("a = 2 b = 3 c=4", {"a": 2, "b": 3, "c": 4}),
    ("a=(2) b=-3", {"a": 2, "b": -3}),
    ("a=2, b=3 c=4", {"a": 2, "b": 3, "c": 4}),
    ("a=2*3\tb=max(1, 2)", {"a": 6, "b": 2}),
    ("w[1]=2 w[2]=3", {"w[1]": 2, "w[2]": 3}),
    ("a=6,0", {"a": 6}),
    ("a=-6,5", {"a": -6.5}),
    ("a=-6,5e3, b=1", {"a": -6500, "b": 1}),
    ("a=1.000,5", {"a": 1000.5}),
    ("a=1,000.5", {"a": 1000.5}),
    ("a=1,000,000", {"a": 1e6}),
    ("a=6,5*2", {"a": 13}),
]


def mended(text: str, error: library.BackpropError) -> str:
    """The text with the first hint of each error in the place of what it underlines."""
    for each in sorted(error.all, key=lambda each: -each.labels[0].span.start):
        span = each.labels[0].span
        text = text[: span.start] + each.hints[0].removeprefix("write ") + text[span.end :]
    return text


@pytest.mark.parametrize(("text", "numbers"), SIDE_BY_SIDE)
def test_numbers_without_a_separator_or_with_a_comma_are_told_how_they_are_written(
    text: str, numbers: dict[str, float]
) -> None:
    with pytest.raises(library.BackpropError) as raised:
        from_lines(Source("<--set>", text))
    given = from_lines(Source("<--set>", mended(text, raised.value)))
    assert {name: number for name, (number, *_) in given.items()} == numbers


def test_claims_without_a_separator_ask_whether_a_product_is_meant() -> None:
    model = library.parse("L = a*b; a = 3; b = 2")
    for text, numbers in [
        ("da = 2 db = 3", [2, 3]),
        ("a = 2 b = 3", [2, 3]),
        ("∂L/∂a = 2 ∂L/∂b = 3", [2, 3]),
        ("dL/da = 2 dL/db = 3", [2, 3]),
        ("∂L/∂a = 2,0", [2]),
        ("da = 1.000,5, db = 3,5", [1000.5, 3.5]),
    ]:
        with pytest.raises(library.BackpropError) as raised:
            read_claims(model, "L", [text])
        claims = read_claims(model, "L", [mended(text, raised.value)])
        assert [float(each.text) for each in claims] == numbers
    with pytest.raises(library.BackpropError, match="side by side") as raised:
        read_claims(model, "L", ["a = 2 b = 4"])
    assert raised.value.hints[1] == "or, for a product, a = 2*b = 4"
    assert raised.value.hints[0] == "write a = 2; b = 4"
    with pytest.raises(library.BackpropError, match="product") as raised:
        read_claims(model, "L", ["a = 2b = 4"])


@pytest.mark.parametrize("claim", ["dx = 6 ± 0.1", "dx = 6 in 0..7", "dx = 6.0(1)", "dx = 6 ± 5%"])
def test_what_a_claim_says_of_its_number_is_not_left_out(claim: str) -> None:
    ran = backprop("check", "-e", "x = 3; y = x^2", "--claim", claim)
    assert ran.status == 2 or ran.status == 1
    assert "leave" not in ran.err
    assert "digits" in ran.err


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a=2 b=3; y=a*b", "a=2; b=3; y=a*b"),
        ("a = 2 # one\nw[1]=2 w[2]=3 c=4 # two\n", "a = 2 # one\nw[1]=2; w[2]=3; c=4 # two\n"),
        ("const a=2 const b=3", "const a=2; const b=3"),
        ("y = x^2 minimize y", "y = x^2; minimize y"),
        ("y = f(2) f(x)=x", "y = f(2); f(x)=x"),
        ("y = a b ~ uniform(0, 1)", "y = a; b ~ uniform(0, 1)"),
        ("w[i] = 1 for i in 1..3 b = 2", "w[i] = 1 for i in 1..3; b = 2"),
        ("a = 2 in 0..3 b = 1", "a = 2 in 0..3; b = 1"),
    ],
)
def test_two_statements_in_a_line_are_told_apart(text: str, meant: str) -> None:
    with pytest.raises(library.BackpropError) as raised:
        library.parse(text)
    assert mended(text, raised.value) == meant
    library.parse(meant)
