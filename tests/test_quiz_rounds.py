"""The rounds of a quiz: numbers that did not come before, questions chosen from many, what is to practise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from running import CLASSIC, POINT, backprop


def objects(*words: str, answers: str = "") -> list[dict[str, Any]]:
    found = backprop("quiz", *words, "--format", "json", stdin=answers.encode())
    assert (found.status, found.err) == (0, "")
    return [json.loads(line) for line in found.out.splitlines()]


def rounds(*words: str, answers: str = "\n" * 600) -> list[dict[str, Any]]:
    return [each for each in objects(*words, answers=answers) if each["event"] == "round"]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--level", "3", "--ask", "forward"], 9),  # of one input that functions tie down
        (["--level", "6", "--ask", "forward"], 9),
        (["-e", "const m = 2.5; E = m*v^2/2; x = 0.5; v = 1 in -2..2"], 9),
    ],
)
def test_no_two_rounds_have_the_same_numbers(words: list[str], count: int) -> None:
    found = rounds(*words, "--rounds", str(count))
    assert len(found) == len({str(each["inputs"]) for each in found}) == count
    assert not any(each["told"] and "before" in each["told"][-1] for each in found)
    if words[1] == "3":  # there are ten whole numbers
        assert all(each["inputs"]["x"] == round(each["inputs"]["x"]) for each in found)


def test_an_exercise_that_comes_again_has_other_numbers() -> None:
    """Than before, and than the file's own, whatever the seed."""
    for seed in "0123":
        found = rounds("--level", "3", "--ask", "backward", "--seed", seed, answers="\n" * 12)
        assert [each["level"] for each in found] == [3] * len(found)
        assert len({str(each["inputs"]) for each in found}) == len(found) > 2


def test_where_there_are_no_other_numbers_that_is_said() -> None:
    found = rounds("-e", "y = x^2; x = 1.5 in 1.4..1.6", "--rounds", "40")
    seen = [str(each["inputs"]) for each in found]
    for at, each in enumerate(found):
        told = "numbers that did not come before were not found" in each["told"]
        assert told == (seen[at] in seen[:at])


def test_what_is_given_stays() -> None:
    [found] = rounds("-e", "y = x^2 + c", "--set", "x=2")
    assert found["inputs"]["x"] == 2
    assert "what is not given takes random numbers, --seed 0" in found["told"][0]


LOOP = "x[0] = 1; x[t+1] = x[t] + 0.1*a*x[t] for t in 0..n-1; a = 0.3; L = (x[n] - 2)^2; n = "


def test_of_many_questions_some_are_asked() -> None:
    """In the order of the passes, and others by another seed; which is said."""
    kept = []
    for seed in ("0", "0", "1"):
        found = objects("-e", LOOP + "40", "--seed", seed, answers="?\n" * 100)
        begin, end = found[0], found[-1]
        assert begin["questions"] == end["shown"] == 100
        assert "these are 100 of " in begin["told"][-1]
        asked = [(each["step"], each["prompt"]) for each in found if each["event"] == "question"]
        assert [step for step, _ in asked] == sorted(step for step, _ in asked)
        kept.append(asked)
    assert kept[0] == kept[1] != kept[2]


def test_of_many_equations_some_are_asked_about() -> None:
    """Each with its right answer, though the others are not derived."""
    found = objects("-e", LOOP + "2000", "--set", "a=0.01", answers="?\n" * 100)
    assert "asked about are 12 of 2,001 equations, by --seed 0" in found[0]["told"][0]
    verdicts = [each for each in found if each["event"] == "verdict"]
    assert len(verdicts) == found[0]["questions"] > 30
    right = [each["formula"] if each["right"] is None else str(each["right"]) for each in verdicts]
    again = objects("-e", LOOP + "2000", "--set", "a=0.01", answers="\n".join([*right[:12], ""]))
    assert again[-1]["right"] == 12
    for each in found:  # x[t] is 1.001^t
        if each["event"] == "question" and each["kind"] == "forward" and each["of"] != "L":
            [verdict] = [v for v in verdicts if v["question"] == each["question"]]
            assert verdict["right"] == pytest.approx(1.001 ** int(each["of"][2:-1]), rel=1e-12)


NEURON = "z = w*x + b; h = tanh(2*z); L = h^2; w = 2; const x = 3; b = -5.5"


def test_what_is_practised_is_what_an_equation_takes_by_that_name() -> None:
    found = objects("-e", NEURON, answers="?\n" * 20)
    asked = [each["prompt"] for each in found if each["event"] == "question"]
    rules = [each["rules"] for each in found if each["event"] == "verdict"]
    assert dict(zip(asked, rules, strict=True)) == {
        "z = w·x + b = ?": ["values"],
        "h = tanh(2·z) = ?": ["values"],
        "L = h^2 = ?": ["values"],
        "∂L/∂h as a formula = ?": ["power rule"],
        "∂L/∂h = ?": ["power rule"],
        "∂h/∂z as a formula = ?": ["chain rule", "derivative of tanh", "constant factor rule"],
        "∂h/∂z = ?": ["chain rule", "derivative of tanh", "constant factor rule"],
        "∂L/∂z = ?": ["chain rule", "derivative of tanh", "constant factor rule"],
        "∂z/∂b = ?": ["sum rule"],
        "∂L/∂b = ?": ["chain rule", "sum rule"],
        "∂z/∂w as a formula = ?": ["sum rule", "product rule"],
        "∂z/∂w = ?": ["sum rule", "product rule"],
        "∂L/∂w = ?": ["chain rule", "sum rule", "product rule"],
    }
    # rules are counted one by one: who misses all products misses that rule most
    missed = "".join("?\n" if "product rule" in each else "\n" for each in rules)
    score = objects("-e", NEURON, answers=missed)[-1]
    assert [(each["rule"], each["missed"]) for each in score["practise"]] == [
        ("sum rule", 3),
        ("product rule", 3),
        ("chain rule", 1),
    ]


def test_an_answer_that_was_wrong_at_the_end_is_wrong() -> None:
    line = ["-e", CLASSIC, "--set", POINT]
    score = objects(*line, answers="-6\n5\n")[-1]
    assert (score["right"], score["wrong"], score["left"]) == (1, 1, 15)
    assert score["practise"] == [{"rule": "values", "missed": 1, "asked": 2}]
    score = objects(*line, answers="5\nq\n")[-1]
    assert (score["wrong"], score["left"]) == (1, 16)


def test_a_program_is_told_what_is_written_for_numbers() -> None:
    found = objects("-e", "y = exp(x)*w; x = log(2) - 6; w = 0.20")[0]
    assert found["texts"] == {"x": "log(2) - 6"}
    plain = backprop("quiz", "-e", "y = exp(x)*w; x = log(2) - 6; w = 0.20").out
    assert "  x = log(2) − 6 = −5.30685, w = 0.2\n" in plain
