"""The questions of a quiz, and what answers are worth."""

from backprop import gallery
from backprop.language import Model
from backprop.loops.worth import read_model
from backprop.options import MaxNodes, Seed, default_of
from backprop.quizzes.judging import RIGHT, UNREAD, WRONG, judged
from backprop.quizzes.questions import KINDS, Question, questions
from backprop.source import Source


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
    assert asked[-1].rule == "product rule"
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
            assert _outcome(question, "", model) == UNREAD
