"""Lines that people type for answers: whole lines of mathematics, names before them, what is no answer."""

import pytest

from backprop import gallery
from backprop.language import Model
from backprop.loops.worth import read_model
from backprop.options import MaxNodes, Seed, default_of
from backprop.quizzes.judging import RIGHT, UNREAD, WRONG, judged
from backprop.quizzes.questions import asked
from backprop.reports.explain.single import answer_line
from backprop.source import Source


def read(text: str) -> Model:
    return read_model(Source("<test>", text), default_of(Seed), default_of(MaxNodes))


CLASSIC = "a = 2; b = -3; c = 10; f = -2; e = a*b; d = e + c; L = d*f"
SHARED = "u = x*y; v = 7*x - 4*y; L = u*v; x = 2; y = 5"

SWAPPED = "the local derivative of e = a*b with respect to a is b, the answer has a"

LINES = [
    # a whole line: the last part is the answer
    (CLASSIC, "e = a·b = ?", "e = a*b = 2*-3 = -6", RIGHT, ""),
    (CLASSIC, "e = a·b = ?", "a*b = -6", RIGHT, ""),
    (CLASSIC, "e = a·b = ?", "-6 = e", RIGHT, ""),
    (CLASSIC, "e = a·b = ?", "-exp(1.5) = -6", WRONG, "-exp(1.5) is −4.48168907, and not −6"),
    (CLASSIC, "e = a·b = ?", "-exp(1.7918) = -6", RIGHT, ""),
    (CLASSIC, "e = a·b = ?", "e = a*b = 6", WRONG, "a sign error"),
    (CLASSIC, "e = a·b = ?", "a*c = -6", WRONG, "a*c is 20, and not −6"),
    (CLASSIC, "e = a·b = ?", "7 = -6", WRONG, "7 is not −6"),
    (CLASSIC, "e = a·b = ?", "2*3 = -6", WRONG, "2*3 is 6, and not −6; a sign error"),
    (CLASSIC, "e = a·b = ?", "e = a*b", UNREAD, "a number is asked for"),
    (CLASSIC, "∂L/∂a = ?", "∂L/∂a = ∂L/∂e · ∂e/∂a = ∂L/∂e · b = −2 · (−3) = 6", RIGHT, ""),
    (CLASSIC, "∂L/∂a = ?", "dL/da = dL/de*de/da = 6", RIGHT, ""),
    (CLASSIC, "∂L/∂a = ?", "∂L/∂a = ∂L/∂e · a = −2 · 2 = -4", WRONG, SWAPPED),
    (CLASSIC, "∂L/∂a = ?", "∂L/∂e · a = 6", WRONG, f"∂L/∂e · a is −4, and not 6; {SWAPPED}"),
    (CLASSIC, "∂L/∂a = ?", "∂L/∂a = ∂L/∂e · ∂e/∂a", UNREAD, "write what these derivatives are"),
    (CLASSIC, "∂e/∂a as a formula = ?", "b = -3", RIGHT, ""),
    (CLASSIC, "∂e/∂a as a formula = ?", "b = 3", WRONG, "a sign error"),
    (CLASSIC, "∂e/∂a as a formula = ?", "-3", UNREAD, "a formula is asked for, with the names of the equation"),
    (SHARED, "share of ∂L/∂x: ∂L/∂v · ∂v/∂x = ?", "∂L/∂v·7 = 70", RIGHT, ""),
    (SHARED, "∂L/∂x = ?", "∂L/∂x = 70 + (−30) = 40", RIGHT, ""),
    # what stands before an answer
    (CLASSIC, "e = a·b = ?", "e: -6", RIGHT, ""),
    (CLASSIC, "e = a·b = ?", "e := -6", RIGHT, ""),
    (CLASSIC, "e = a·b = ?", "e ≈ -6", RIGHT, ""),
    (CLASSIC, "e = a·b = ?", "~ -6", RIGHT, ""),
    (CLASSIC, "e = a·b = ?", "e == -6", RIGHT, ""),
    (CLASSIC, "∂L/∂a = ?", "da = 6", RIGHT, ""),
    (CLASSIC, "∂L/∂a = ?", "a: 6", RIGHT, ""),
    (CLASSIC, "e = a·b = ?", "e: ", UNREAD, "an answer is missing"),
    # the answer to something else
    (CLASSIC, "e = a·b = ?", "d = -6", UNREAD, "asked is e"),
    (CLASSIC, "∂L/∂a = ?", "∂L/∂b = 6", UNREAD, "asked is ∂L/∂a"),
    (CLASSIC, "∂e/∂a = ?", "∂L/∂a = -3", UNREAD, "asked is ∂e/∂a"),
    ("w1 = 2; x[3] = 4; p2 = w1*x[3]; L = p2^2", "∂L/∂p2 = ?", "∂p2/∂w1 = 3", UNREAD, "asked is ∂L/∂p2"),
    ("w1 = 2; x[3] = 4; p2 = w1*x[3]; L = p2^2", "∂L/∂p2 = ?", "∂p2/∂x[3] = 3", UNREAD, "asked is ∂L/∂p2"),
    # no answers
    (CLASSIC, "e = a·b = ?", "-6 >= -6", UNREAD, "with '>=' it is true or false: write a number or a formula"),
    (CLASSIC, "e = a·b = ?", "-6 or 6", UNREAD, "with 'or' it is true or false: write a number or a formula"),
    (CLASSIC, "e = a·b = ?", "if(1 == 1, -6, 0)", RIGHT, ""),
    (CLASSIC, "e = a·b = ?", "=".join(["-6"] * 20), RIGHT, ""),
    (CLASSIC, "e = a·b = ?", "=".join(["-6"] * 21), UNREAD, "a line has at most 20 parts"),
    (CLASSIC, "e = a·b = ?", "0/0", UNREAD, "this has no finite value, and what is asked for has one"),
    (CLASSIC, "e = a·b = ?", "\udcff-6", UNREAD, "these bytes are no UTF-8"),
    (CLASSIC, "∂e/∂a as a formula = ?", "derivative(e, a)", UNREAD, "write what this derivative is"),
    (CLASSIC, "∂e/∂a = ?", "derivative(a*b, a)", UNREAD, "write what this derivative is"),
]  # fmt: skip
"""Equations, a question, a line, and what comes of it."""


@pytest.mark.parametrize(("text", "prompt", "typed", "outcome", "said"), LINES)
def test_a_line_is_read_as_people_mean_it(
    text: str, prompt: str, typed: str, outcome: str, said: str
) -> None:
    model = read(text)
    quiz = asked(model, {}, "L")
    (question,) = [each for each in quiz.questions if each.prompt == prompt]
    found = judged(question, typed, model, {}, "L")
    assert (found.outcome, found.said) == (outcome, said)


@pytest.mark.parametrize(
    "name", [each.name for each in gallery.examples() if "exercise" in each.name]
)
def test_lines_that_the_tool_writes_are_answers(name: str) -> None:
    """What `?` shows is right, typed whole."""
    model = read(gallery.example(name).text)
    output = model.output(None)
    quiz = asked(model, {}, output)
    for question in quiz.questions:
        line = answer_line(quiz.derivation, question)
        assert judged(question, line, model, {}, output).outcome == RIGHT, (question.prompt, line)
