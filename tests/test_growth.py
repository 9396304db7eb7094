"""What repeats a thing twice as often takes twice the work and no more: values of options, files of
numbers, claims, indices, mistakes. Steps are counted, not seconds."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import backprop as library
from backprop import options
from backprop.checks import claims, differentials, points, sheets
from backprop.descent import choices
from backprop.engine.writers.formulas import Formulas
from backprop.errors import TooLarge
from backprop.evaluation.leaves import refused
from backprop.names import Names, unknown_name
from backprop.source import Source
from backprop.syntax import case, comments, mending
from backtracking import Matcher
from counting import growth, steps
from running import backprop

EQUATIONS = "a = 2; w[i] = i for i in 1..5; L = a*w[1] + sum(w[*])"
LINEAR = 2.3
"""How many times the work for twice as much may be."""


def tried(work: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The patterns that `work` looks for, each with its text, through the functions of `re`."""
    found: list[tuple[str, str]] = []
    for own in (re.findall, re.finditer, re.split, re.sub):

        def called(pattern: str, *texts: Any, own: Callable[..., Any] = own, **named: Any) -> Any:
            found.append((pattern, texts[-1]))
            return own(pattern, *texts, **named)

        monkeypatch.setattr(re, own.__name__, called)
    work()
    return found


# -------------------------------------------------------------------------------------- patterns


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"a(?:b|bc)*?(c+)\1", "abbccabcbccc"), (r"(?<![\w])\w+\s*(?!=)", "a b = c d= e"),
        (r"(?m)^[^=\n]*= (\d+)$", "a = 1\nb = 2x\nc = 33"), (r"(a++b|[^\Wa])*", "aabxab aa"),
        (r"x(?(1)y)|(a)\b", "a x xy ab"), (choices._INTERVAL, "a in 0..1"),
    ],
)  # fmt: skip
def test_the_matcher_finds_what_python_finds(pattern: Any, text: str) -> None:
    pattern = re.compile(pattern)
    assert Matcher(pattern, text).found() == len([*pattern.finditer(text)])
    assert Matcher(pattern, text).full() == bool(pattern.fullmatch(text))


def test_the_matcher_counts_what_is_tried_again() -> None:
    def work(pattern: str, size: int) -> int:
        matcher = Matcher(pattern, "a" * size + "!")
        matcher.found()
        return matcher.steps

    assert work("(a|a)+b", 12) > 1.9 * work("(a|a)+b", 11)  # exponential
    assert 3.5 < work("a+b", 80) / work("a+b", 40) < 4.1  # each of the a begins one
    assert work("(?<!a)a++b", 80) / work("(?<!a)a++b", 40) < LINEAR


_FULL: list[tuple[re.Pattern[str], str]] = [
    (choices._INTERVAL, ""), (choices._INTERVAL, "a="), (choices._INTERVAL, "a in ["),
    (choices._CHOICE, "adam"), (choices._LOOSE, "adam "), (choices._LOOSE, "adam a=b"),
    (claims._PATH, ""), (claims._BEGINS, ""), (claims._BEGINS, "n"), (differentials._LEFT, ""),
    (differentials._PLAIN, ""),
]  # fmt: skip
_FOUND = [
    sheets._VERDICT, sheets._IN_DOUBLES, sheets._HEADING, sheets._INTRO, sheets._INPUTS,
    sheets._NO_CLAIM, differentials._LAYOUT, differentials._PARTIAL, differentials._QUOTIENT,
    differentials._OPERATOR, differentials._GRADIENT, mending._MATH, mending._BEFORE_A_BRACKET,
    comments._SIGN,
]  # fmt: skip
_UNITS = [
    "a", "1", " ", "=", "a=", "a[", "[*", "n[", "n ", "n→", "..", ",", "(", "(a", ")", "\\(", "$a", "\\frac{",
    "d/d a[", "∂n/", "a ", "a=bb", "=bb", "in ", "x \n", "x  \r\n", "\n", " is right", "Paths from ", "∈", "a.",
]  # fmt: skip


@pytest.mark.parametrize("unit", _UNITS)
def test_patterns_look_at_no_part_of_a_text_again_and_again(unit: str) -> None:
    def work(pattern: re.Pattern[str], text: str, full: bool) -> int:
        matcher = Matcher(pattern, text)
        matcher.full() if full else matcher.found()
        return matcher.steps

    cases = [(pattern, before, True) for pattern, before in _FULL]
    cases += [(pattern, "", False) for pattern in _FOUND]
    for pattern, before, full in cases:
        for end in ("", "!", "]", "\n\nb"):
            texts = [before + unit * size + end for size in (20, 40)]
            small, large = (work(pattern, text, full) for text in texts)
            assert large < 500 or large / small < LINEAR, (pattern.pattern, unit, end)


@pytest.mark.parametrize("unit", _UNITS)
@pytest.mark.parametrize(
    "work",
    [
        lambda text: options.names(text),
        lambda text: Names(["a"]).meant("a*" + text),
        lambda text: case._defined.__wrapped__(text),
        lambda text: case.values.__wrapped__(text),
        lambda text: backprop("descend", "-e", EQUATIONS, "--lr", text + "1"),
    ],
    ids=["names", "patterns", "defined", "values", "numbers"],
)
def test_patterns_in_functions_look_at_no_part_of_a_text_again_and_again(
    work: Callable[[str], object], unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []
    for size in (30, 60):
        with monkeypatch.context() as patched:
            pairs = tried(lambda size=size: work(unit * size), patched)  # type: ignore[misc]
        matchers = [Matcher(*pair) for pair in pairs]
        [each.found() for each in matchers]
        tries.append(sum(each.steps for each in matchers))
    assert tries[1] < 500 or tries[1] / tries[0] < LINEAR


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a in 0..1", "a=0..1"), ("a=[0, 1]", "a=0..1"), ("a ∈ [0,1]", "a=0..1"),
        ("w[*] in -1..1", "w[*]=-1..1"), ("a = [ 0.5,1.5 ]", "a=0.5..1.5"),
    ],
)  # fmt: skip
def test_bounds_in_other_forms_are_told_what_to_write(text: str, meant: str) -> None:
    ran = backprop("descend", "-e", EQUATIONS, "--bounds", text)
    assert (ran.status, f"write {meant}\n" in ran.err) == (2, True)


def test_a_page_of_steps_with_blanks_at_the_ends_of_lines_is_a_sheet() -> None:
    """Each of the lines could end at each of its blanks, and all together in 2^60 ways."""
    sheet = Source("<sheet>", "Forward pass\n---\n" + "x  \n" * 60 + " da = 1")
    assert sheets.unmarked(sheet).text.split("\n")[2:] == ["x  "] * 60 + [" da = 1"]


# ------------------------------------------------------------------------------- numbers and names


def _many(size: int) -> str:
    return "; ".join(f"a{at} = 1" for at in range(size)) + "; L = a0*a1"


@pytest.mark.parametrize(
    "numbers",
    [
        lambda at: {f"a{at}": [1]},  # no family
        lambda at: {f"q{at}": [1]},
        lambda at: {f"q{at}": 1},
        lambda at: {f"f{at}": [1, 2]},
    ],
)
def test_the_work_for_numbers_in_json_grows_as_they_do(
    tmp_path: Path, numbers: Callable[[int], dict[str, object]]
) -> None:
    file = tmp_path / "numbers.json"

    def read(size: int) -> None:
        file.write_text(json.dumps({k: v for at in range(size) for k, v in numbers(at).items()}))
        families = "; ".join(f"f{at}[1] = 1; f{at}[2] = 2" for at in range(size))
        backprop("grad", "-e", f"{_many(size)}; {families}", "--of", "L", "--values", str(file))

    read(2)  # 20 mistakes are shown, whatever there are
    assert (
        steps(lambda: read(400)) - steps(lambda: read(200))
        < 1.2 * (steps(lambda: read(200)) - steps(lambda: read(100))) * 2
    )


def test_the_work_for_objects_a_line_grows_as_they_do(tmp_path: Path) -> None:
    file = tmp_path / "numbers.json"

    def read(size: int) -> None:
        one = '{"schema": "x", "output": "L", "inputs": {"a0": 3}}\n'
        file.write_text(one * size)
        assert "L = 3" in backprop("grad", "-e", _many(2), "--values", str(file)).out

    assert growth(read, 300) < LINEAR


def test_texts_in_json_are_no_members(tmp_path: Path) -> None:
    file = tmp_path / "numbers.json"
    file.write_text('{"a0": ["\\"a1\\": 5, \\"a0\\": 2"], "a1": 3}')
    ran = backprop("grad", "-e", _many(2), "--values", str(file))
    assert f"{file}:1:8: error: 'a0' is one number, and a list is given for it" in ran.err
    assert "twice" not in ran.err


def test_names_are_not_looked_through_for_a_mistake_that_is_not_shown() -> None:
    def names() -> Iterator[str]:
        raise AssertionError
        yield ""

    assert "no 'q'" in unknown_name("q", names(), "these equations", near=False).message


def test_an_equation_that_is_given_a_number_is_told_of_a_few_inputs() -> None:
    model = library.parse("; ".join(f"x{at} = 1" for at in range(50)) + "; y = x0")
    looked = 0

    def inputs() -> Iterator[str]:
        nonlocal looked
        for name in [f"x{at}" for at in range(50)]:
            looked += 1
            yield name

    model.__dict__["inputs"] = inputs()
    assert refused(model, "y")
    assert looked == 8


# ------------------------------------------------------------------------------------------ claims


@pytest.mark.parametrize("link", ["1", "2", "a/a", "q", "?", "1 +"])
def test_the_work_for_a_chain_of_claims_grows_as_it_does(link: str) -> None:
    def check(size: int) -> None:
        backprop("check", "-e", "a = 2; L = 1*a", "--claim", "dL/da = " + " = ".join([link] * size))

    assert growth(check, 100) < LINEAR


def test_the_work_for_a_claim_of_unknown_names_grows_as_they_do() -> None:
    def check(size: int) -> None:
        claim = "a0 = " + "+".join(f"q{at}" for at in range(size))
        assert backprop("check", "-e", _many(size), "--claim", claim).status == 1

    assert growth(check, 200) < LINEAR


def test_the_derivatives_of_equations_along_a_path_need_no_gradients() -> None:
    def check(size: int) -> None:
        text = "; ".join(f"a{at + 1} = a{at} + 1" for at in range(size))
        path = " → ".join(f"a{at}" for at in range(size + 1))
        claim = ["--set", "a0 = 1", "--claim", f"{path}: 1"]
        assert backprop("check", "-e", text, *claim).status == 0

    assert growth(check, 40) < LINEAR


@pytest.mark.parametrize("claim", ["3", "3*a{0}", "2*a{0} + abs(a{0} - a0)"])
def test_the_derivatives_of_an_equation_are_found_once_for_all_wrong_claims(
    claim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each point: the given one, and twenty others for formulas."""
    looked = Counter[str]()

    def counted(place: object, name: str) -> None:
        own = getattr(place, name)

        def called(*given: Any) -> Any:
            looked[name] += 1
            return own(*given)

        monkeypatch.setattr(place, name, called)

    counted(Formulas, "partials")
    counted(points, "by_names")
    counted(points, "branches")
    text = "; ".join(f"a{at} = {at + 1}" for at in range(20))
    text += "; L = " + " + ".join(f"a{at}^2" for at in range(20))
    claims = "; ".join(f"da{at} = {claim.format(at)}" for at in range(1, 20))
    ran = backprop("check", "-e", text, "--claim", claims)
    assert ran.out.endswith("19 of 19 claims are wrong\n")
    assert looked["partials"] == 1
    assert looked["by_names"] <= 21
    assert looked["branches"] <= 21 * 39  # the steps of L


def test_of_a_way_that_is_too_long_to_look_at_no_more_is_walked() -> None:
    def check(size: int) -> None:
        text = "; ".join(f"a{at + 1} = 2*a{at}/2" for at in range(size))
        claims = "; ".join(f"da{at} = 3" for at in range(0, size // 2, 20))
        ran = backprop("check", "-e", f"{text}; a0 = 1", "--claim", claims)
        assert f"∂a{size}/∂a0 = 3 is wrong" in ran.out

    assert growth(check, 800) < LINEAR


# ----------------------------------------------------------------------------------------- indices


def _members(count: int, of: int) -> str:
    indices = "ijklmn"[:of]
    ranges = ", ".join(f"{index} in 1..{round(count ** (1 / of))}" for index in indices)
    return f"w[{','.join(indices)}] = 1 for {ranges}; L = w[{','.join('1' * of)}]"


@pytest.mark.parametrize("of", [2, 3, 6])
def test_members_with_many_indices_cost_little_more_than_with_one(of: int) -> None:
    one, several = (steps(lambda k=k: library.parse(_members(4096, k))) for k in (1, of))  # type: ignore[misc]
    assert several < 1.5 * one


def test_too_many_members_with_six_indices_are_refused_at_once() -> None:
    def read() -> None:
        with pytest.raises(TooLarge):
            library.parse(_members(10**12, 6), max_nodes=100_000)

    read()  # which imports what reads loops
    assert steps(read) < 100_000


# ---------------------------------------------------------------------------------------- mistakes


def test_a_comment_of_another_language_is_looked_for_in_its_own_statement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = 0

    class Counted:
        """A pattern that counts how much of a text it is looked for in."""

        def __init__(self, own: re.Pattern[str]) -> None:
            self.own = own

        def finditer(self, text: str, start: int, end: int) -> Iterator[re.Match[str]]:
            nonlocal looked
            looked += end - start
            return self.own.finditer(text, start, end)

        def match(self, text: str, at: int) -> re.Match[str] | None:
            nonlocal looked
            found = self.own.match(text, at)
            looked += found.end() - at if found else 1
            return found

    text = "x = 2 y // of z\n" * 400
    monkeypatch.setattr(comments, "_SIGN", Counted(comments._SIGN))
    monkeypatch.setattr(comments, "_COMMENT", Counted(comments._COMMENT))
    assert backprop("grad", "-", stdin=text.encode()).status == 2
    assert 0 < looked < 3 * len(text)


def test_what_a_text_defines_is_found_once_for_all_its_mistakes() -> None:
    text = "".join(f"y{at} = πa{at}\u200b + x{at}.z + nap{at}.max(1, 2)\n" for at in range(3000))
    case._defined.cache_clear()
    case.values.cache_clear()
    assert backprop("grad", "-", stdin=text.encode()).status == 2
    assert case._defined.cache_info().misses <= 1
    assert case.values.cache_info().misses <= 1


@pytest.mark.parametrize(
    "line",
    ["y{0} = sum(w{0})", "w{0}[1] = 1; y{0} = max(w{0})", "w{0}[k] = w{0}[k-1] for k in 1..2"],
)
def test_the_work_for_mistakes_in_many_families_grows_as_they_do(line: str) -> None:
    def read(size: int) -> None:
        text = "\n".join(line.format(at) for at in range(size))
        assert backprop("grad", "-", stdin=text.encode()).status == 1

    assert growth(read, 150) < LINEAR


@pytest.mark.parametrize("call", ["log_2(a)", "max(a)", "sin(a, a)", "atan2(a)", "quux(a)"])
def test_the_work_for_mistakes_in_one_statement_grows_as_they_do(call: str) -> None:
    def read(size: int) -> None:
        text = "a = 2; L = " + "+".join([call] * size)
        assert backprop("grad", "-", stdin=text.encode()).status == 1

    assert growth(read, 150) < LINEAR


# ----------------------------------------------------------------- what stands behind a point


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("x = 1; y = nap.exp(x)", ["write exp"]),
        ("x = 1; y = nap.atan2(x, 2)", ["write atan2"]),
        ("x = 1; y = nap.linalg.norm(x)", ["write norm"]),
        ("a = 1; y = nap.max(a, 2)", ["if nap is a module write max(a, 2)", "if it is a number max(nap, a, 2)"]),
        ("nap = 1; a = nap; y = nap.max(a, 2)", ["write max(nap, a, 2)"]),
        ("x = 1; z = 2*x; y = x.exp(z)", ["write x*exp(z)"]),
        ("x = 1; z = 2*x; y = x.pow(2)", ["write pow(x, 2)"]),
        ("x = 1; z = 2*x; y = x.clamp(0, 1)", ["write clamp(x, 0, 1)"]),
        ("x = 1; y = x.sum()", ["write sum(x)"]),
        ("x[1] = 1; y = x.sum()", ["write sum(x[*])"]),
        ("x = 1; y = foo.bar(x)", ["if foo is a module write bar(x)", "if it is a number bar(foo, x)"]),
        ("y = foo.bar", ["write foo_bar"]),
        ("y = 2*nap.pi", ["for the number write pi", "for a name nap_pi"]),
        ("y = 2*nap.e", ["for the number write exp(1)", "for a name nap_e"]),
        ("x = 1; y = np.exp(x)", ["write exp"]),
        ("np = 1; y = np.exp()", ["write exp(np)"]),
    ],
)  # fmt: skip
def test_a_point_between_names_is_a_module_a_method_or_a_product(
    text: str, hints: list[str]
) -> None:
    ran = backprop("grad", "-e", text)
    lines = ran.err.splitlines()
    assert [line.removeprefix("   = ") for line in lines if line.startswith("   = ")] == hints
