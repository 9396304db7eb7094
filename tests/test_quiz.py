"""The questions of a quiz, and what answers are worth."""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from math import floor
from random import Random
from typing import Any

import pytest
from mpmath import mp, mpf

from backprop import gallery
from backprop.language import Model
from backprop.loops.worth import read_model
from backprop.numbers import half_unit
from backprop.options import MaxNodes, Seed, default_of
from backprop.quizzes.judging import RIGHT, UNREAD, WRONG, judged
from backprop.quizzes.questions import (
    BACKWARD,
    FORMULA,
    FORWARD,
    KINDS,
    LOCAL,
    SUM,
    Question,
    questions,
)
from backprop.quizzes.questions import asked as quiz_of
from backprop.source import Source
from quiz_truth import Equations, drawn, evaluated, slope, truth, values


def read(text: str) -> Model:
    return read_model(Source("<test>", text), default_of(Seed), default_of(MaxNodes))


CLASSIC = gallery.example("classic").text


def test_the_order_is_that_of_the_passes():
    asked = questions(read(CLASSIC), {}, None, KINDS)
    assert [each.prompt for each in asked] == [
        "e = a·b = ?", "d = e + c = ?", "L = d·f = ?",
        "∂L/∂d as a formula = ?", "∂L/∂d = ?", "∂L/∂f as a formula = ?", "∂L/∂f = ?",
        "∂d/∂c = ?", "∂L/∂c = ?", "∂d/∂e = ?", "∂L/∂e = ?",
        "∂e/∂a as a formula = ?", "∂e/∂a = ?", "∂L/∂a = ?",
        "∂e/∂b as a formula = ?", "∂e/∂b = ?", "∂L/∂b = ?",
    ]  # fmt: skip
    assert [each.step for each in asked] == [1, 2, 3, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7]
    assert asked[0].given == (("a", 2.0), ("b", -3.0))
    assert asked[0].answer == -6.0
    assert asked[-1].given == (("∂L/∂e", -2.0), ("a", 2.0), ("b", -3.0))
    assert asked[-1].rules == ("chain rule", "product rule")
    assert asked[-1].answer_text == "−4"


def test_shares_are_asked_for_one_by_one_and_then_their_sum():
    asked = questions(read("u = x*y; v = 7*x - 4*y; L = u*v; x = 2; y = 5"), {}, "L", ["backward"])
    assert [(each.prompt, each.answer) for each in asked] == [
        ("∂L/∂u = ?", -6),
        ("∂L/∂v = ?", 10),
        ("share of ∂L/∂x: ∂L/∂v · ∂v/∂x = ?", 70),
        ("share of ∂L/∂y: ∂L/∂v · ∂v/∂y = ?", -40),
        ("share of ∂L/∂x: ∂L/∂u · ∂u/∂x = ?", -30),
        ("share of ∂L/∂y: ∂L/∂u · ∂u/∂y = ?", -12),
        ("∂L/∂x = ?", 40),
        ("∂L/∂y = ?", -52),
    ]


def _outcome(question: Question, text: str, model: Model) -> str:
    return judged(question, text, model, {}, "L").outcome


def test_each_right_answer_is_right():
    for name in ("classic", "exercise_04_shared_variable", "exercise_06_softmax_of_two"):
        model = read(gallery.example(name).text)
        for question in questions(model, {}, "L", KINDS):
            assert _outcome(question, question.answer_text, model) == RIGHT, question
            if question.kind != "formula":
                assert _outcome(question, repr(question.answer), model) == RIGHT, question
                assert _outcome(question, repr(question.answer + 1), model) == WRONG, question
            assert _outcome(question, f"= {question.answer_text}", model) == RIGHT, question
            assert _outcome(question, "", model) == UNREAD


def _short(number: Any, digits: int) -> str:
    """A number rounded to so many digits, without a point that says nothing."""
    text: str = mp.nstr(number, digits, strip_zeros=False)
    return text.rstrip(".")


def _rounded(number: Any) -> Iterator[str]:
    """How people write a number that they have rounded."""
    for digits in (3, 4, 6, 9, 15):
        text = _short(number, digits)
        yield text
        yield text.replace("-", "−")
    yield f"{float(number):.4e}"
    yield f" {float(number)!r} "


def _right(question: Question, number: Any, found: Equations) -> Iterator[str]:
    """Right answers, made without the program."""
    yield from _rounded(number)
    part = Fraction(str(mp.nstr(number, 40))).limit_denominator(2000)
    if abs(mpf(part.numerator) / part.denominator - number) < mpf(10) ** -30 * max(1, abs(number)):
        yield f"{part.numerator}/{part.denominator}"
    if question.kind != BACKWARD:
        yield f"{question.derivative or question.of} = {_short(number, 6)}"
    shown = {name: mpf(f"{value:.{question.digits}g}") for name, value in question.given}
    if question.kind == FORWARD:  # reckoned with the numbers as they are shown
        yield mp.nstr(evaluated(found.equations[question.of], shown), 12)
    elif question.part == SUM:
        yield " + ".join(f"{mpf(f'{value:.{question.digits}g}')}" for _, value in question.given)
        return
    else:
        yield question.formula if question.kind == LOCAL else f"{mp.nstr(number / 7, 25)}*7"


def _wrong(number: Any) -> Iterator[str]:
    """Numbers that are near to the right one, and those of usual mistakes."""
    for digits in (3, 4):
        text = mp.nstr(number, digits, strip_zeros=False)
        unit = mpf(10) ** (floor(mp.log10(abs(number))) - digits + 1) if number else mpf(1)
        for units in (1.6, -1.6, 20):
            yield mp.nstr(mpf(text) + units * unit, digits + 3)
    yield from (mp.nstr(number * factor, 12) for factor in (-1, 2, 0.5, 1.01, 10, 0.1, 0))
    yield mp.nstr(number + 1, 12)


def test_numbers_are_judged_as_mpmath_has_them(request: pytest.FixtureRequest) -> None:
    """Right answers, rounded and written as people do, are right, and wrong ones wrong."""
    seeds = range(200 if request.config.getoption("--whole") else 5)
    asked = 0
    with mp.workdps(50):
        for seed in seeds:
            found = drawn(seed)
            model = read(found.text)
            for question in questions(model, {}, "L", [FORWARD, LOCAL, BACKWARD]):
                number = truth(question, found, "L")
                size = abs(number) or mpf(1)
                if not 1e-6 < size < 1e12 or bool(number) != bool(question.answer):
                    continue
                for text in _right(question, number, found):
                    outcome = _outcome(question, text, model)
                    # of 130 nobody knows whether it was 129.96
                    rough = outcome != RIGHT and text.split()[-1].strip("+-−").isdigit()
                    assert rough or outcome == RIGHT, (seed, text, number, question)
                for text in _wrong(number):
                    if abs(mpf(text) - number) > max(2e-3 * abs(number), half_unit(text)):
                        assert _outcome(question, text, model) != RIGHT, (seed, text, question)
                asked += 1
    assert asked > 10 * len(seeds)


NEURON = "z = w*x + b; h = tanh(z); loss = (h - t)^2; w = 2; x = 3; b = -5.5; t = 0.25"
SHARED = "u = x*y; v = 7*x - 4*y; L = u*v; x = 2; y = 5"
MISTAKES = [
    # values
    (CLASSIC, "e = a·b = ?", "6", "sign", "a sign error"),
    (CLASSIC, "e = a·b = ?", "-1", "operation", "this comes of + in place of ·"),
    (CLASSIC, "d = e + c = ?", "16", "sign", "this comes of e = 6 in place of −6"),
    (CLASSIC, "d = e + c = ?", "10", "value", "this is the value of c"),
    (CLASSIC, "L = d·f = ?", "-16", "factor", "this is twice the value"),
    ("L = a*b; a = 2; b = 4", "L = a·b = ?", "1/8", "reciprocal", "this is 1 divided by the value"),
    ("L = a*b; a = 3; b = 4", "L = a·b = ?", "144", "power", "this is the value squared"),
    # local derivatives
    (CLASSIC, "∂e/∂a = ?", "6", "upstream", "this is ∂e/∂a times the gradient ∂L/∂e; asked is ∂e/∂a alone"),
    (CLASSIC, "∂e/∂a = ?", "3", "sign", "a sign error"),
    (CLASSIC, "∂e/∂a = ?", "2", "swapped", "the local derivative of e = a*b with respect to a is b, the answer has a"),
    (CLASSIC, "∂e/∂a = ?", "0", "zero", "e does depend on a, through e = a*b"),
    (CLASSIC, "∂e/∂a = ?", "1", "missing factor", "1 means that e changes exactly as a does"),
    (CLASSIC, "∂d/∂c = ?", "4", "value", "this is the value of d"),
    (NEURON, "∂h/∂z = ?", "0.462117", "value", "this is the value of h"),
    # gradients
    (CLASSIC, "∂L/∂e = ?", "1", "early", "it stops too early: this is ∂d/∂e; the factor ∂L/∂d = −2 is missing"),
    (CLASSIC, "∂L/∂a = ?", "-3", "early", "it stops too early: this is ∂e/∂a; the factor ∂L/∂e = −2 is missing"),
    (CLASSIC, "∂L/∂a = ?", "-2", "local", "the local derivative is missing: this is ∂L/∂e; the factor ∂e/∂a = −3 is missing"),
    (CLASSIC, "∂L/∂a = ?", "-6", "sign", "a sign error"),
    # shares and sums
    (SHARED, "share of ∂L/∂x: ∂L/∂u · ∂u/∂x = ?", "40", "whole", "this is all of ∂L/∂x, and not only the share through u = x*y"),
    (SHARED, "share of ∂L/∂x: ∂L/∂u · ∂u/∂x = ?", "5", "early", "it stops too early: this is ∂u/∂x; the factor ∂L/∂u = −6 is missing"),
    (SHARED, "share of ∂L/∂x: ∂L/∂u · ∂u/∂x = ?", "-6", "local", "the local derivative is missing: this is ∂L/∂u; the factor ∂u/∂x = 5 is missing"),
    (SHARED, "share of ∂L/∂x: ∂L/∂u · ∂u/∂x = ?", "30", "sign", "a sign error"),
    (SHARED, "share of ∂L/∂x: ∂L/∂u · ∂u/∂x = ?", "-12", "swapped", "the local derivative of u = x*y with respect to x is y, the answer has x"),
    (SHARED, "share of ∂L/∂x: ∂L/∂u · ∂u/∂x = ?", "0", "zero", "0 means that nothing changes with it"),
    (SHARED, "share of ∂L/∂x: ∂L/∂u · ∂u/∂x = ?", "-6/5", "reciprocal", "the derivative of u = x*y with respect to x, y = 5, is upside down"),
    (SHARED, "share of ∂L/∂x: ∂L/∂v · ∂v/∂x = ?", "10", "local", "the local derivative is missing: this is ∂L/∂v; the factor ∂v/∂x = 7 is missing"),
    (SHARED, "share of ∂L/∂y: ∂L/∂v · ∂v/∂y = ?", "-2.5", "reciprocal", "the derivative of v = 7*x - 4*y with respect to y, −4, is upside down"),
    (SHARED, "∂L/∂x = ?", "80", "factor", "this is twice the derivative"),
    ("u = a + 6; L = u/(1 + a^2); a = 0.5", "share of ∂L/∂a from this equation alone = ?", "-8.32", "factor", "this is twice the derivative"),
    (SHARED, "∂L/∂x = ?", "70", "missing contribution", "the share through u = x*y, −30, is forgotten"),
    (SHARED, "∂L/∂x = ?", "100", "sign", "a sign error in the derivative of u = x*y with respect to x, y = 5"),
    # formulas
    (CLASSIC, "∂e/∂a as a formula = ?", "a", "swapped", "the local derivative of e = a*b with respect to a is b, the answer has a"),
    (CLASSIC, "∂e/∂a as a formula = ?", "-b", "sign", "a sign error"),
    ("L = x^3; x = 2", "∂L/∂x as a formula = ?", "x^2", "factor", "in the derivative of L = x^3 with respect to x, 12, the factor 3 is missing"),
    ("u = x*y; L = u + x^2; x = 3; y = 5", "share of ∂L/∂x from this equation alone, as a formula = ?", "x", "factor", "in the derivative of x^2 with respect to x inside L = u + x^2, 6, the factor 2 is missing"),
    ("L = exp(x*y); x = 0.5; y = 3", "∂L/∂x as a formula = ?", "L", "missing factor", "the derivative of x*y with respect to x inside L = exp(x*y), 3, is missing"),
]  # fmt: skip
"""Equations, a question, a wrong answer, the kind of its mistake, and what is said of it."""


@pytest.mark.parametrize(("text", "prompt", "answer", "kind", "said"), MISTAKES)
def test_a_wrong_answer_says_what_it_looks_like(
    text: str, prompt: str, answer: str, kind: str, said: str
) -> None:
    model = read(text)
    output = model.output(None)
    (question,) = [each for each in questions(model, {}, None) if each.prompt == prompt]
    found = judged(question, answer, model, {}, output)
    assert (found.outcome, found.mistake, found.said) == (WRONG, kind, said)


DEEP = "u = a*b; v = tanh(u); w = c*v; L = w^2 + u; a = 0.5; b = 3; c = 4"


@pytest.mark.parametrize(
    ("prompt", "answers"),
    [
        # what is given is right: these would be mistakes in equations behind it, or within shares
        ("∂L/∂v = ?", ["14.48237206"]),
        ("∂L/∂a = ?", ["10.851182"]),
        ("∂L/∂u = ?", ["5", "0.18", "3.62", "0.905"]),
        # no operand of a sum is a factor in its derivative
        ("share of ∂L/∂u from this equation alone = ?", ["13.1", "14.6"]),
    ],
)
def test_no_mistake_is_looked_for_where_none_can_be(prompt: str, answers: list[str]) -> None:
    model = read(DEEP)
    (question,) = [each for each in questions(model, {}, "L") if each.prompt == prompt]
    for answer in answers:
        found = judged(question, answer, model, {}, "L")
        assert found.outcome == WRONG
        assert not re.search(r"w = c|L = w|v = tanh|w\^2|too many|divided", found.said), found.said


def _same_formulas(text: str) -> Iterator[str]:
    """The same formula as others would write it."""
    yield f"({text})*1"
    yield f"0 - (-({text}))"
    yield f"({text})/2 + ({text})/2"
    yield text.replace("*", "·").replace("-", "−").replace("^2", "²")
    sympy = pytest.importorskip("sympy", reason='pip install -e ".[referee]"')
    names = {name: sympy.Symbol(name) for name in re.findall(r"\b[a-zA-Z]\w*\b(?!\()", text)}
    if not re.search(r"sigmoid|relu", text):
        found = sympy.sympify(text.replace("^", "**"), locals=names)
        yield from map(str, (sympy.expand(found), sympy.factor(found), sympy.together(found)))


def _other_formulas(text: str, names: list[str]) -> Iterator[str]:
    """Formulas that are near to it, and no such formula."""
    yield f"-({text})"
    yield f"2*({text})"
    yield f"({text})^2"
    yield f"1/({text})"
    yield f"({text})*1.001"
    for name in names:
        yield f"({text})*{name}"
        yield f"({text}) + {name}"
        yield re.sub(rf"\b{names[0]}\b", name, text)
        yield name


def _alone(equation: str, known: dict[str, Any], x: Any) -> Any:
    """An equation by one of its names, which stands in `known` under none."""
    return evaluated(equation, {**known, known[""]: x})


def test_formulas_are_judged_as_mpmath_has_them(request: pytest.FixtureRequest) -> None:
    """A formula is right if it is the derivative everywhere: of names of equations, as mpmath computes both at
    points of its own."""
    seeds = range(100 if request.config.getoption("--whole") else 3)
    tried = {RIGHT: 0, WRONG: 0}
    with mp.workdps(50):
        for seed in seeds:
            found = drawn(seed)
            model = read(found.text)
            pick = Random(seed)
            points = [
                values(
                    found._replace(
                        inputs={name: str(pick.uniform(0.5, 3)) for name in found.inputs}
                    )
                )
                for _ in range(4)
            ]
            points.append(values(found))
            for question in questions(model, {}, "L", [FORMULA]):
                own = found.equations[question.name]
                if question.kind != FORMULA or "relu" in own:  # whose formula is that of a branch
                    continue
                if max(map(abs, points[-1].values())) > 1e6:
                    continue
                text = question.formula
                names = sorted(
                    set(re.findall(r"\b[a-z]\w*\b(?!\()", found.equations[question.name]))
                )
                for point in points:  # it is the derivative
                    known = {**point, "": question.by}
                    right = slope(
                        partial(_alone, found.equations[question.name], known), point[question.by]
                    )
                    size = max(1, abs(right))
                    assert abs(evaluated(text, point) - right) < 1e-12 * size
                for other in _same_formulas(text):
                    tried[RIGHT] += 1
                    assert _outcome(question, other, model) == RIGHT, (seed, other, question)
                for other in _other_formulas(text, names):
                    try:
                        apart = [
                            abs(evaluated(other, at) / evaluated(text, at) - 1) for at in points
                        ]
                    except ZeroDivisionError:
                        continue
                    if max(apart) > 1e-5:
                        tried[WRONG] += 1
                        assert _outcome(question, other, model) != RIGHT, (seed, other, question)
    assert min(tried.values()) > 10 * len(seeds)


def test_a_formula_that_is_right_in_one_branch_alone() -> None:
    """Where the right formula is one of a branch, too, it is right; else it is not."""
    model = read("u = relu(b)*b; v = (u + 2*a)^2; L = v*a; a = 3; b = -2")
    (question,) = [
        each for each in questions(model, {}, "L", [FORMULA]) if (each.of, each.by) == ("v", "a")
    ]
    assert _outcome(question, "8*a", model) == WRONG
    assert _outcome(question, "4*(u + 2*a)", model) == RIGHT
    found = judged(question, "8*a", model, {}, "L")
    assert "where the same branches are taken" in found.said
    model = read("L = if(a > 0, a^2, b); a = 3; b = 2")
    (question,) = questions(model, {}, "L", [FORMULA])[:1]
    assert (question.by, question.formula) == ("a", "2*a")
    assert _outcome(question, "2*a", model) == RIGHT
    assert _outcome(question, "if(a > 0, 2*a, 0)", model) == RIGHT
    model = read("L = a*x + b; a = 3; b = 2; const x = 4; const y = 4")
    (question,) = [each for each in questions(model, {}, "L", [FORMULA]) if each.by == "a"]
    assert [_outcome(question, each, model) for each in ("x", "8 - x", "a + 1")] == [
        RIGHT,
        WRONG,
        WRONG,
    ]


def test_no_mistake_of_the_table_is_taken_for_right(request: pytest.FixtureRequest) -> None:
    """The numbers that mistakes give are wrong, unless they are the right one, too; and have a name."""
    seeds = range(150 if request.config.getoption("--whole") else 4)
    tried = 0
    with mp.workdps(50):
        for seed in seeds:
            found = drawn(seed)
            model = read(found.text)
            known = questions(model, {}, "L", [LOCAL, BACKWARD])
            answers = {each: truth(each, found, "L") for each in known}
            numbers = values(found)
            for question, number in answers.items():
                if not number or not 1e-4 < abs(number) < 1e6:
                    continue
                near = [number * factor for factor in (-1, 2, -2, 3, 4, 0.5, 0.25)] + [
                    1 / number,
                    number**2,
                    numbers["L"],
                    numbers[question.by],
                ]
                near += [other for each, other in answers.items() if each.name == question.name]
                for claimed in near:
                    text = mp.nstr(claimed, 14)
                    if claimed and abs(claimed - number) > max(1e-3 * abs(number), half_unit(text)):
                        verdict = judged(question, text, model, {}, "L")
                        assert verdict.outcome == WRONG, (seed, claimed, question)
                        tried += 1
                        if claimed in near[:9]:
                            assert verdict.mistake, (seed, claimed, question)
    assert tried > 50 * len(seeds)


@pytest.mark.parametrize(
    "zero", ["sin(pi)", "cos(pi/2)", "sin(2*pi*b)", "tan(3*pi)", "exp(log(b)) - b"]
)
def test_what_is_0_but_for_rounding_is_0(zero: str) -> None:
    """Who answers 0 is right, and pi is rounded, too."""
    model = read(f"y = ({zero})*a; L = y + a; b = 3")
    numbers = {"a": 2.0}
    for question in quiz_of(model, numbers, "L", ("forward",)).questions[:1]:
        assert judged(question, "0", model, numbers, "L").outcome == RIGHT
        for wrong in ("1e-6", "2", "-1e-6"):
            assert judged(question, wrong, model, numbers, "L").outcome == WRONG


def test_what_rounding_leaves_no_digits_of_is_not_asked() -> None:
    """Else an answer that is far from right would be as right as the number that doubles give."""
    quiz = quiz_of(read("u = (1e16 + x) - 1e16; v = u*y; L = v + y; x = 1; y = 3"), {}, "L")
    assert [
        each.prompt for each in quiz.questions if "u" in f"{each.of}{each.by}{each.equation}"
    ] == []
    assert any("of which rounding leaves too few digits" in each for each in quiz.told)
    model = read("L = 0.1 + x - 0.3; x = 0.2")
    (question,) = questions(model, {}, "L", [FORWARD])
    assert [_outcome(question, each, model) for each in ("0", "0.1", "1e-9")] == [
        RIGHT,
        WRONG,
        WRONG,
    ]


def test_a_wrong_formula_has_an_example() -> None:
    """At another point if it is right at the given one; else it does not tell the number that is asked next."""
    model = read(CLASSIC)
    (question,) = [
        each for each in questions(model, {}, "L") if each.prompt == "∂e/∂a as a formula = ?"
    ]
    assert judged(question, "a", model, {}, "L").example == "with these numbers the answer gives 2"
    found = judged(question, "b + a - 2", model, {}, "L").example
    told = re.fullmatch(r"at .*a = (\S+),.* it is (\S+), and the answer gives (\S+)", found)
    assert told
    at, right, given = (float(each.replace("−", "-").rstrip(",")) for each in told.groups())
    assert given == pytest.approx(right + at - 2, rel=1e-8)
