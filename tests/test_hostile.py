"""Texts that nobody writes: numbers of thousands of digits, names of thousands of stars, ranges of
millions. Each has an answer or an error at its place, after work that grows as the text does."""

import unicodedata

import pytest

import backprop as library
from backprop.errors import TooLarge
from backprop.evaluation.gradient import evaluate
from backprop.evaluation.unrounded import Unrounded
from backprop.language.reading import read_carefully
from backprop.loops import room
from backprop.names import Names
from backprop.picture import picture
from backprop.source import Source, normal
from backprop.syntax import case
from counting import growth, steps
from running import backprop

NINES, ONE = "9" * 5000, "0" * 5000 + "1"
"""More digits than Python reads at once (4,300): a number beyond everything, and 1."""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"x[{ONE}] = 2; L = x[1]*3", "L = 6"),
        (f"a = 2; L = sum(a*i for i in {ONE}..{ONE}2)", "L = 156"),
        (f"a = 2; L = a*1e-{ONE}", "L = 0.2"),
        (f"a = 2 ± {ONE}% in {ONE}..1e{ONE}; L = 3*a", "L = 6"),
        (f"a = 2.0({ONE})e-{ONE}; L = 3*a", "L = 0.6"),
        (f"w{ONE} = 2; w{NINES} = 3; L = w{ONE}*w{NINES}", "L = 6"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [["grad"], ["grad", "--format=latex"], *(["explain", f"--format={each}"] for each in ("text", "html", "latex", "markdown", "json"))],
    ids=lambda command: "".join(command),
)  # fmt: skip
def test_thousands_of_digits_are_a_number_like_another(
    text: str, value: str, command: list[str]
) -> None:
    ran = backprop(*command, "-", stdin=text.encode())
    assert (ran.status, ran.err) == (0, "")
    assert command != ["grad"] or ran.out.splitlines()[0] == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"x[{NINES}] = 2; L = 1", "this is no number of this size"),
        (f"L = sum(i for i in 1..{NINES})", "this is no number of this size"),
        (f"L = sum(i for i in range({NINES}))", "a range reads for i in 1..n"),
        (f"a = 2; L = a*0x{'f' * 5000}", "numbers are decimal"),
        (f"L = {'1' * 5000}₁₆", "small digits belong to a name"),
        (f"a = 2 ± 1e{NINES}‰; L = 3*a", "there is no ‰"),
        (f"a = 2 ± 1e{NINES} ppb; L = 3*a", "there is no ppb"),
        ("a = 2 ± 1e900000000 ppm; L = 3*a", "there is no ppm"),
    ],
)
def test_thousands_of_digits_where_they_make_no_sense_are_told(text: str, said: str) -> None:
    ran = backprop("grad", "-", stdin=text.encode())
    assert ran.status in (1, 2)
    assert f"error: {said}" in ran.err.splitlines()[0]


@pytest.mark.parametrize("exponent", ["9" * 5000, "1000000", "900001", "999999999999"])
@pytest.mark.parametrize(("sign", "size"), [("", "large"), ("-", "small")])
def test_a_claim_beyond_what_decimals_hold_is_told(exponent: str, sign: str, size: str) -> None:
    ran = backprop("check", "-e", "a = 2; L = 3*a", "--claim", f"da = 1e{sign}{exponent}")
    assert (ran.status, ran.out) == (2, "")
    assert f"<--claim>:1:6: error: a number too {size} for a double" in ran.err


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [(f"da = 0{ONE}e{ONE}", "wrong"), (f"da = 30e-{ONE}", "right")],
)
def test_a_claim_of_thousands_of_digits_is_marked(claim: str, verdict: str) -> None:
    ran = backprop("check", "-e", "a = 2; L = 3*a", "--claim", claim, "--format=csv")
    assert ran.out.splitlines()[1].split(",")[5] == verdict
    assert not ran.err


# ------------------------------------------------------------------------------- names of many stars


@pytest.mark.parametrize("end", ["", "b", "?b", "a"])
def test_stars_match_without_trying_everything(end: str) -> None:
    known = Names(["a" * 60, "a" * 59 + "b"])
    fitting = {"": [0, 1], "b": [1], "?b": [1], "a": [0]}[end]  # by hand
    names = ["a" * 60, "a" * 59 + "b"]
    assert known.matching("*".join("a" * 30) + "*" + end) == [names[at] for at in fitting]


def test_a_range_behind_a_star_is_any_index_in_it() -> None:
    known = Names(["w[9,2,7]", "w[2,9,7]", "w[9,9,7]", "w[7]", "w[2,7]"])
    assert known.matching("w[*,1..3,*]") == ["w[9,2,7]"]
    assert known.matching("w[*,1..9,*]") == ["w[9,2,7]", "w[2,9,7]", "w[9,9,7]"]
    assert known.matching("w[*..,7]") == []  # no index by itself, so no range
    assert known.matching("w[*7]") == ["w[9,2,7]", "w[2,9,7]", "w[9,9,7]", "w[7]", "w[2,7]"]


def test_the_work_for_stars_grows_as_they_do() -> None:
    names = Names(["a" * 4000])
    assert growth(lambda size: names.matching("a*" * size + "b"), 500) < 2.2


def test_the_work_for_unknown_names_grows_as_they_do() -> None:
    text = "; ".join(f"a{at} = 1" for at in range(100)) + "; L = a1*a2"

    def given(size: int) -> None:
        values = ", ".join(f"q{at} = 1" for at in range(size))
        assert backprop("grad", "-e", text, "--set", values).status == 1

    assert growth(given, 300) < 2.2


# ------------------------------------------------------------------ ranges that are counted beforehand

_MANY = ", ".join(f"i{at} in 1..10" for at in range(19))
_CHAIN = "i0 in 1..10, " + ", ".join(f"i{at} in 1..10+0*i{at - 1}" for at in range(1, 19))
_INDICES = ",".join(f"i{at}" for at in range(19))


@pytest.mark.parametrize(
    "text",
    [
        f"w[{_INDICES}] = 1 for {_MANY}; L = 2",
        f"w[{_INDICES}] ~ uniform(0, 1) for {_MANY}; L = 2",
        f"a = 2; L = sum(a for {_MANY})",
        f"a = 2; L = sum(a for {_MANY} if i0 < 0)",
        f"w[{_INDICES}] = 1 for {_CHAIN}; L = 2",
        f"a = 2; L = sum(a for {_CHAIN}, j in 1..i18-20)",
        "a = 2; L = sum(sum(sum(a*i*j*k for i in 1..1000) for j in 1..1000) for k in 1..1000)",
        "a = 2; L = sum(a for i in 1..9999999 if i > 0)",
        "n = sum(i for i in 1..9999999); a = 2; L = sum(a for i in 1..n)",
        # 2^14 values
        "f0(x) = x; "
        + "".join(f"f{i + 1}(x) = f{i}(x) + f{i}(x); " for i in range(14))
        + "a = 2; L = f14(a)",
    ],
)
def test_what_is_too_large_is_refused_before_it_is_made(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "available", lambda: 100_000_000)  # what loops may take

    def read() -> None:
        with pytest.raises(TooLarge):
            library.parse(text, max_nodes=10_000)

    read()  # which imports what reads loops
    assert steps(read) < 2_000_000  # a member takes some hundred


def test_a_condition_is_asked_for_every_number_and_only_what_fits_is_kept() -> None:
    """The limit is for what is kept; the statements behind it are read."""
    ran = backprop("grad", "-e", "a = 2\nL = sum(a*i for i in 1..1000000 if i < 0) + a; M = 3*L")
    assert (ran.status, ran.err, ran.out.splitlines()[0]) == (0, "", "M = 6")

    def read(size: int) -> None:
        library.parse(f"a = 2; L = sum(a*i for i in 1..{size} if i == 7)")

    assert steps(lambda: read(2000)) - steps(lambda: read(1000)) < 30_000


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("i < j and not i == 2", [(1, 2), (1, 3)]),
        ("mod(i + j, 2) == 0 or i > 2", [(1, 1), (1, 3), (2, 2), (3, 1), (3, 2), (3, 3)]),
        ("i^2 - j == 1", [(2, 3)]),
        ("i*j - n", [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 2), (3, 3)]),
        ("-i + half > -2", [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]),
        ("i == sum(k for k in 1..j)", [(1, 1), (3, 2)]),
        ("if(i < 2, j, 0) and 1/i < 2", [(1, 1), (1, 2), (1, 3)]),
    ],
)
def test_conditions_hold_where_they_do_by_hand(condition: str, kept: list[tuple[int, int]]) -> None:
    text = (
        "n = 3; half = 0.5; x = 10; y = 1; L = sum(x^i*y^j for i in 1..3, j in 1..3 if CONDITION)"
    )
    gradient = library.parse(text.replace("CONDITION", condition)).grad(of="L")
    assert gradient.value == sum(10**i for i, _ in kept)
    assert gradient.gradients["y"] == sum(10**i * j for i, j in kept)


@pytest.mark.parametrize(
    ("condition", "column"), [("1/(i - 3) > 0", 35), ("q < i", 35), ("i*10^16 > 3", 37)]
)
def test_a_condition_without_a_value_is_underlined(condition: str, column: int) -> None:
    ran = backprop("grad", "-e", f"a = 2; L = sum(a for i in 1..5 if {condition})")
    assert ran.err.startswith(f"<-e>:1:{column}: error: ")


# --------------------------------------------------------------------------------- lines of nothing


@pytest.mark.parametrize(
    "nothing", ["\n", "\r", "\r\n", ";", " ; ", "\n#\n", "# x = (\n"], ids=repr
)
@pytest.mark.parametrize("text", ["a = 2\n{}\nL = 3*a", "a = 2; L = 3*(\n{}\na)"])
def test_lines_that_say_nothing_take_one_step_together(text: str, nothing: str) -> None:
    if ";" in nothing and "(" in text:
        return  # it ends an equation

    def read(size: int) -> None:
        source = Source("<text>", text.format(nothing * size))
        assert list(read_carefully(source).names) == ["a", "L"]

    read(1)
    assert steps(lambda: read(20_000)) < steps(lambda: read(1)) + 1000


# ------------------------------------------------------------------------------ mistakes in long lines


@pytest.mark.parametrize(
    "text",
    [
        "a<b<{}", "L = a*|{}", "L = a*sin²{}", "L = a*=____{}", "L = a=b{}", "\u0301\u0323{}", "a\u0301\u0323{}",
        "L = sum({}a a", "L = x[1{}+0] a", "L = max(a{},a", "L = a{}²a",
    ],
)  # fmt: skip
def test_the_work_for_a_mistake_in_a_long_line_grows_as_the_line_does(text: str) -> None:
    before, after = text.split("{}")
    part = before.split(" ")[-1] if " " in before else before
    part = {"x[1": "+0", "max(a": ",a", "a": "²"}.get(part, part)

    def read(size: int) -> str:
        return backprop("grad", "-", stdin=f"{before}{part * size}{after}".encode()).err

    assert growth(read, 150) < 2.3
    assert len(read(5000)) < 20_000  # and what is said fits a screen or two


def test_marks_on_a_letter_are_brought_into_order_as_unicode_has_it() -> None:
    for text in ("a\u0301\u0323" * 100, "b" + "\u0301\u0323\u0327" * 100 + "é한" * 20):
        assert normal(text) == unicodedata.normalize("NFC", text)
    many = normal("b" + "\u0301\u0323" * 100_000)  # Python's own way takes minutes
    assert many == "\u1e05" + "\u0323" * 99_999 + "\u0301" * 100_000


def test_the_words_of_a_text_are_found_once_for_all_its_mistakes() -> None:
    case._words.cache_clear()
    ran = backprop("grad", "-", stdin=("a\n" + "πa\u200ba\n" * 20_000).encode())
    assert ran.status == 2
    assert ran.err.endswith("and 19981 more errors\n")
    assert case._words.cache_info()[:2] == (19_999, 1)


def test_a_picture_near_a_name_costs_what_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slopes are computed for what is shown: at 60 digits they take most of the time."""
    asked: list[int] = []
    partials = Unrounded.partials

    def counted(self: Unrounded, node: int, known: dict[int, float]) -> dict[int, float]:
        asked.append(node)
        return partials(self, node, known)

    monkeypatch.setattr(Unrounded, "partials", counted)
    text = "h[i] = tanh(w*i) for i in 1..200; L = mean(h[i] for i in 1..200); w = 1"
    graph, at, _ = evaluate(library.parse(text), {})
    near = picture(graph, at, names=["h[3]"], depth=0)
    assert [box.id for box in near.boxes if box.role == "intermediate"] == ["h[3]"]
    assert len(asked) == 2  # of the product and of tanh
    picture(graph, at)
    assert len(asked) > 400
