"""Guess mode of interactive pages, in a real browser: what is asked, what is right, every kind of mistake, the
score and its text; and how far a typed number may be off, in node."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from importlib.resources import files
from math import cos, sin
from pathlib import Path
from typing import Any

import pytest

from backprop import gallery, parse
from backprop.checks import mark, read_claims
from backprop.checks.mistake_table import BY_NAME
from backprop.numbers import half_unit
from backprop.reports.page.guess_section import ROWS
from backprop.reports.page.page_html import LANGUAGES, words
from browser import CHROMIUM, DRIVER, Page, axed, written
from in_node import NODE
from in_node import run as in_node
from running import backprop as run

in_browser = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium")

CLASSIC = "e = a*b; d = e+c; L = d*f; a = 2; b = -3; c = 10; f = -2"
TWICE = "a = 3; b = 2 in 0..5; d = a*b; L = d*a + a"


class Game(Page):
    """A page on which is guessed."""

    def type(self, text: str) -> str:
        """Type an answer, and what is told then."""
        field = self.driver.find_element("id", "answer")
        field.clear()
        field.send_keys(text, "\ue007")
        self.faults()
        return self.told()

    def told(self) -> str:
        return self.text("told")

    def asked(self) -> str:
        return self.text("asked")

    def score(self) -> str:
        return self.text("score")

    def text(self, id: str) -> str:
        found: str = self.run(
            "const one = document.getElementById(arguments[0]);"
            "return one.checkVisibility() ? one.textContent : ''",
            id,
        )
        return found

    def focus(self) -> str:
        found: str = self.run("return document.activeElement.id")
        return found

    def choose(self, what: str) -> None:
        self.run(
            "const one = document.getElementById('guess-what'); one.value = arguments[0];"
            "one.dispatchEvent(new Event('change'))",
            what,
        )

    def go_to(self, question: str) -> None:
        """Have all numbers shown that are asked for before this one."""
        for _ in range(40):
            if self.asked() == question:
                return
            self.press("show")
        raise AssertionError(self.asked())


Open = Callable[..., Game]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="module")
def saves(driver: Any, saved: Path) -> None:
    """What a page saves comes into a folder of its own."""
    where = {"behavior": "allow", "downloadPath": str(saved)}
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", where)


@pytest.fixture
def opened(driver: Any, saves: None, tmp_path: Path) -> Open:
    def make(text: str, *options: str, fragment: str = "") -> Game:
        game = Game(driver, written(tmp_path, text, *options), fragment)
        game.press("guess")
        if re.fullmatch(r"∂(.+)/∂\1 = \?", game.asked()):  # what each of these passes begins with
            game.type("1")
        return game

    return make


@in_browser
def test_numbers_stay_blank_until_they_are_answered(opened: Open) -> None:
    game = opened(CLASSIC)
    assert (
        game.run("return document.getElementById('guess').getAttribute('aria-pressed')") == "true"
    )
    assert game.asked() == "∂L/∂d = ?"
    assert [game.shown(name, "grad") for name in "Ldefcab"] == ["1", "", "", "", "", "", ""]
    assert [game.shown(name, "data") for name in "Ld"] == ["−8", "4"]
    for key in ("ArrowRight", "End"):
        game.key(key)
        assert game.shown("d", "grad") == ""
    for button in ("step", "backward", "play"):
        game.press(button)
        assert game.shown("d", "grad") == ""
    wait_for(
        game, "return document.getElementById('play').getAttribute('aria-pressed') === 'false'"
    )
    assert game.shown("d", "grad") == ""
    assert "This is told when its step is made" in told_of(game, "a")
    assert "6" not in told_of(game, "a")
    assert game.run("return document.getElementById('check').disabled")
    for question, answer in (
        ("∂L/∂d = ?", "-2"), ("∂L/∂f = ?", "4"), ("∂L/∂e = ?", "-2"), ("∂L/∂c = ?", "-2"),
        ("∂L/∂a = ?", "6"), ("∂L/∂b = ?", "-4"),
    ):  # fmt: skip
        assert game.asked() == question
        asked = question[4:5]
        assert game.shown(asked, "grad") == ""
        assert game.type(answer).startswith(f"Right: ∂L/∂{asked} = ")
    assert [game.shown(name, "grad") for name in "defcab"] == ["−2", "−2", "4", "−2", "6", "−4"]
    assert game.score() == "right 7 · wrong 0 · shown 0"
    assert game.asked() == ""
    assert game.text("between") == "That was the last step."
    assert "=−2·(−3)=6" in told_of(game, "a")
    assert not game.run("return document.getElementById('check').disabled")


def wait_for(game: Game, condition: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(game.driver, 10).until(lambda _: game.run(condition))


def told_of(game: Game, name: str) -> str:
    """What a click on a box tells."""
    game.run(
        "[...document.querySelectorAll('.box')].find((one) => one.dataset.name === arguments[0])"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))",
        name,
    )
    return str(game.run("return document.querySelector('#inspector .told ul').textContent"))


X, Y, W = 1.3, 1.7, 0.9
U = X * Y
V, UP = U**3, W * 3 * U**2  # v, and ∂L/∂u
CHAIN = f"u = x*y; v = u^3; L = v*w; x = {X}; y = {Y}; w = {W}"
BY_X = UP * Y

A, B = 1.3, 0.7
D = A * B
SUM = 1 + D + A * B  # of L = d*a + a by a, d = a*b
USED = f"d = a*b; L = d*a + a; a = {A}; b = {B}"

BOTH = f"p = sin(x); q = x^2; L = p*q; x = {X}"
SINE = f"u = sin(x); q = u^2; L = q*w; x = {X}; w = {W}"
QUOTIENT = "p = s/t; L = p*w; s = 1.3; t = 1.7; w = 0.9"

# a graph, what is asked, a wrong answer, the row of the table, what it looks like
MISTAKES: list[tuple[str, str, float, str, str]] = [
    (CHAIN, "∂L/∂x", 0, "zero", "0 means that nothing changes with it"),
    (CHAIN, "∂L/∂x", -BY_X, "sign", "a sign error"),
    (CHAIN, "∂L/∂x", X, "value", "this is the value of x"),
    (CHAIN, "∂L/∂x", U, "value", "this is the value of u"),
    (CHAIN, "∂L/∂x", V * W, "value", "this is the value of L"),
    (CHAIN, "∂L/∂x", 1 / BY_X, "reciprocal", "this is 1 divided by it"),
    (CHAIN, "∂L/∂x", 2 * BY_X, "twice", "this is twice as much"),
    (CHAIN, "∂L/∂x", BY_X / 2, "half", "this is half of it"),
    (CHAIN, "∂L/∂x", 3 * BY_X, "three times", "this is three times as much"),
    (CHAIN, "∂L/∂x", BY_X / 3, "a third of", "this is a third of it"),
    (CHAIN, "∂L/∂x", 4 * BY_X, "four times", "this is four times as much"),
    (CHAIN, "∂L/∂x", BY_X / 4, "a quarter of", "this is a quarter of it"),
    (CHAIN, "∂L/∂x", -2 * BY_X, "−2 times", "this is −2 times as much"),
    (CHAIN, "∂L/∂x", -BY_X / 2, "−1/2 times", "this is −1/2 of it"),
    (CHAIN, "∂L/∂x", BY_X**2, "squared", "this is its square"),
    (CHAIN, "∂L/∂x", Y, "early", "this is ∂u/∂x alone; the upstream derivative ∂L/∂u is missing"),
    (CHAIN, "∂L/∂x", UP, "late", "this is ∂L/∂u alone; the local derivative ∂u/∂x is missing"),
    (CHAIN, "∂L/∂x", UP * X, "swapped", "∂u/∂y stands in place of ∂u/∂x"),
    (
        SINE,
        "∂L/∂x",
        2 * sin(X) ** 2 * W,
        "value in place",
        "the value of u stands in place of ∂u/∂x",
    ),
    (CHAIN, "∂L/∂x", UP / Y, "upside down", "∂u/∂x is upside down"),
    (CHAIN, "∂L/∂u", W * U**2, "factor missing", "in ∂v/∂u, the factor 3 is missing"),
    (CHAIN, "∂L/∂u", W * 3 * U, "factor missing", "in ∂v/∂u, the factor u is missing"),
    (CHAIN, "∂L/∂u", W * 3 * U**3, "factor too many", "in ∂v/∂u, the factor u is too many"),
    (CHAIN, "∂L/∂u", W * 3, "power missing", "in ∂v/∂u, the power of u is missing"),
    (QUOTIENT, "∂L/∂s", W / Y**2, "divided", "∂p/∂s is divided by t"),
    (USED, "∂L/∂a", SUM - D, "forgotten", "the share through d is forgotten"),
    (BOTH, "∂L/∂x", X**2 * cos(X) + sin(X), "missing", "the local derivative ∂q/∂x is missing"),
]


@in_browser
@pytest.mark.parametrize(
    ("text", "asked", "answer", "row", "looks"), MISTAKES, ids=[each[3] + each[1] for each in MISTAKES]
)  # fmt: skip
def test_a_mistake_is_told_by_its_kind(
    opened: Open, text: str, asked: str, answer: float, row: str, looks: str
) -> None:
    game = opened(text)
    game.go_to(f"{asked} = ?")
    told = game.type(repr(answer))
    assert told == f"Wrong: {asked} is not {answer!r}. It looks like this: {looks}."
    assert words("en")[f"mistake {row}"]
    assert game.asked() == f"{asked} = ?"
    assert game.score().startswith("right 1 · wrong 1 ·")


OTHERS = U, W / Y**2, SUM - D
"""Answers for which `check`, which looks along the whole way, has another reason, or none."""

SAME = [each[:4] for each in MISTAKES if each[2] not in OTHERS]


@pytest.mark.parametrize(("text", "asked", "answer", "row"), SAME, ids=[each[3] for each in SAME])
def test_the_command_check_says_the_same(text: str, asked: str, answer: float, row: str) -> None:
    model = parse(text)
    (marked,) = mark(model, read_claims(model, "L", [f"{asked} = {answer!r}"])).marks
    assert marked.kind == BY_NAME[row].kind


def test_every_row_is_tried_and_has_a_sentence() -> None:
    tried = {each[3] for each in MISTAKES} | {"with upstream", "all shares", "only", "share sign"}
    assert {row.name for row in ROWS} == tried
    for language in LANGUAGES:
        told = {key.removeprefix("mistake ") for key in words(language) if key[:8] == "mistake "}
        assert told == {row.name for row in ROWS}


@in_browser
def test_what_several_uses_add_is_asked_one_by_one_and_then_the_sum(opened: Open) -> None:
    game = opened(TWICE)  # L = v1 + a, v1 = d*a, d = a*b
    questions = []
    while asked := game.asked():
        questions.append(asked)
        game.press("show")
    assert questions == [
        "∂L/∂v1 = ?", "what L adds to ∂L/∂a: how much?", "∂L/∂d = ?", "what v1 adds to ∂L/∂a: how much?",
        "what d adds to ∂L/∂a: how much?", "∂L/∂a = ?", "∂L/∂b = ?",
    ]  # fmt: skip
    assert game.score() == "right 1 · wrong 0 · shown 7"
    game = opened("x = 3; L = x*x")
    assert game.asked() == "what L adds to ∂L/∂x (by use 1): how much?"
    assert game.type("3") == "Right: what L adds to ∂L/∂x (by use 1) = 3"
    assert game.type("6").endswith(
        "It looks like this: this is all of ∂L/∂x; asked is what one use adds."
    )
    game.type("3")
    assert game.type("9").endswith("It looks like this: this is the value of L.")
    assert game.type("6") == "Right: ∂L/∂x = 6"


@in_browser
def test_mistakes_with_several_uses(opened: Open) -> None:
    p, q = sin(X), X**2  # L = p*q, by x: q*cos(x) + p*2*x
    game = opened(BOTH)
    game.go_to("∂L/∂x = ?")
    one, other = q * cos(X), p * 2 * X
    for answer, looks in (
        (one, "the share through q is forgotten"),
        (one - other, "a sign error in the share through q"),
        (other - one, "a sign error in the share through p"),
        (one + p, "the local derivative ∂q/∂x is missing"),
        (one + p / (2 * X), "∂q/∂x is upside down"),
        (one + p * X, "in ∂q/∂x, the factor 2 is missing"),
        (one + p * q, "the value of q stands in place of ∂q/∂x"),
    ):
        assert game.type(repr(answer)).endswith(f"It looks like this: {looks}.")
    assert game.type("0.123456").endswith("It looks like none of the usual mistakes.")
    game = opened("x = 1.3; y = 0.7; L = x*y + sin(x) + x^2")
    game.go_to("∂L/∂x = ?")
    assert game.type(repr(2 * 1.3)).endswith(
        "this is only the share through v4; others are forgotten."
    )


@in_browser
def test_local_derivatives_are_asked(opened: Open) -> None:
    game = opened(CLASSIC)
    game.choose("local")
    for question, answer in (
        ("∂L/∂d", "-2"), ("∂L/∂f", "4"), ("∂d/∂e", "1"), ("∂d/∂c", "1"), ("∂e/∂a", "-3"), ("∂e/∂b", "2")
    ):  # fmt: skip
        assert game.asked() == f"{question} = ?"
        if question == "∂e/∂a":
            like = "It looks like this: this is ∂e/∂a times ∂L/∂e; asked is ∂e/∂a alone."
            assert game.type("6").endswith(like)
            assert game.type("2").endswith("It looks like this: ∂e/∂b stands in place of ∂e/∂a.")
        assert game.type(answer).startswith("Right")
    assert game.shown("a", "grad") == "6"


@in_browser
def test_keys_alone_will_do(opened: Open) -> None:
    game = opened(CLASSIC)
    keys = game.driver.switch_to
    game.press("guess")
    assert game.run("return document.getElementById('guessing').hidden")
    game.run("document.getElementById('guess').focus()")
    keys.active_element.send_keys(" ")
    assert game.focus() == "answer"
    keys.active_element.send_keys("4\ue007")
    assert game.told().startswith("Wrong: ∂L/∂d is not 4.")
    assert game.run("return document.getElementById('told').getAttribute('role')") == "status"
    keys.active_element.send_keys("−2\ue007")  # typed over what was wrong
    assert game.told() == "Right: ∂L/∂d = −2"
    keys.active_element.send_keys("\ue004\ue004\ue007")  # the tab key twice, enter: show it
    assert game.told() == "∂L/∂f = 4"
    assert game.focus() == "answer"
    game.run("document.activeElement.blur()")
    game.key("ArrowRight")
    assert game.focus() == "answer"
    for answer in ("-2", "-2", "6", "-4"):
        keys.active_element.send_keys(answer, "\ue007")
    assert game.focus() == "guess-again"
    assert game.score() == "right 6 · wrong 1 · shown 1"
    keys.active_element.send_keys("\ue007")
    assert game.asked() == "∂L/∂L = ?"
    assert game.score() == "right 0 · wrong 0 · shown 0"


@in_browser
def test_what_moves_in_between_is_asked_as_it_is_now(opened: Open) -> None:
    game = opened(CLASSIC)
    game.type("-2")
    game.type("77")
    game.set("f", 3, "number")
    assert game.told() == ""
    assert game.asked() == "∂L/∂d = ?"  # it was answered for another f
    assert game.shown("d", "grad") == ""
    assert game.type("-2").endswith("It looks like none of the usual mistakes.")
    assert game.type("3").startswith("Right")
    game.type("4")
    game.press("back")
    assert game.told() == ""
    assert game.shown("d", "grad") == ""
    assert game.text("between") == "The questions come in the backward pass: step on."
    game.press("step")
    assert game.shown("d", "grad") == "3"  # answered, and still the same
    assert game.asked() == "∂L/∂e = ?"
    game.key("Home")
    assert game.asked() == ""
    game.press("forward")
    game.set("f", 5, "number")
    game.press("step")
    assert game.asked() == "∂L/∂d = ?"
    game.type("5")
    assert game.asked() == "∂L/∂e = ?"  # ∂L/∂f is still 4
    assert game.score() == "right 5 · wrong 2 · shown 0"
    game.press("reset")
    game.press("backward")
    assert game.asked() == "∂L/∂L = ?"
    game.press("guess")
    game.press("backward")
    assert game.shown("a", "grad") == "6"
    game.press("guess")
    assert game.asked() == "∂L/∂L = ?"
    assert game.score() == "right 5 · wrong 2 · shown 0"


EXERCISES = [each.name for each in gallery.examples() if each.name.startswith("exercise")]
PASSES = [
    *((name, "gradient") for name in ("classic", "mazur_network", "one_neuron", *EXERCISES)),
    *((name, "local") for name in ("mazur_network", "exercise_05_relu")),
]


@in_browser
@pytest.mark.parametrize(("name", "what"), PASSES)
def test_a_whole_pass_is_answered_with_the_numbers_of_grad(
    opened: Open, name: str, what: str
) -> None:
    text = gallery.example(name).text
    gradients = parse(text).grad().gradients
    game = opened(text)
    game.choose(what)
    answered = 0
    while asked := game.asked():
        by = asked[len("∂L/∂") - 1 :].partition("∂")[2].removesuffix(" = ?")
        if what == "gradient" and asked.endswith(" = ?") and by in gradients:
            told = game.type(f"{gradients[by]!r}")
            assert told.startswith("Right: "), (asked, told)
            answered += 1
        else:
            game.press("show")
    assert game.text("between") == "That was the last step."
    assert " wrong 0 " in game.score()
    assert what == "local" or answered > 1


@in_browser
def test_numbers_as_the_page_shows_them_will_do(opened: Open) -> None:
    game = opened("u = x*y; L = u*z; x = 2; y = 1/3; z = 2/3")
    game.go_to("∂L/∂x = ?")
    assert game.shown("y", "data") == "0.3333"
    assert game.shown("u", "grad") == "0.6667"
    assert game.type("0.2226").startswith("Wrong")
    assert game.type("0.22221111").startswith("Right")  # 0.3333 times 0.6667
    game = opened(CLASSIC)
    assert game.type("-2.00001").startswith("Wrong")
    game = opened("L = x/y; x = 1; y = 3")
    for text in ("0.3", ".3", "3e-1"):
        assert game.type(text) == f"{text} is right as far as it goes: write more digits."
    assert game.type("0.4").startswith("Wrong")
    assert game.type("0").startswith("Wrong")
    assert game.type("1").startswith("Wrong")
    assert game.score() == "right 1 · wrong 3 · shown 0"
    assert game.type("0.33").startswith("Right")
    game = opened("L = x*y; x = 1; y = 3.14159")
    assert game.type("3") == "3 is right as far as it goes: write more digits."


@in_browser
def test_a_link_can_ask(driver: Any, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert run("page", "-e", CLASSIC, "-o", str(path)).status == 0
    game = Game(driver, path, "#a=4&@guess=2")
    assert game.asked() == "∂L/∂d = ?"
    assert game.focus() == "answer"
    assert game.run("return document.getElementById('guess-what').value") == "local"
    game.type("-2")
    game.choose("gradient")
    wait_for(game, "return window.location.hash === '#a=4&@step=4&@guess=1'")
    game.run("window.location.hash = '#a=4'")
    wait_for(game, "return document.getElementById('guessing').hidden")
    assert game.shown("b", "grad") == "−8"
    assert not Game(driver, path, "#@guess=7").asked()


@in_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_guess_mode(opened: Open, driver: Any, scheme: str) -> None:
    with axed(driver, scheme):
        game = opened(CLASSIC)
        game.type("4")


@in_browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phone_shows_all_of_it(opened: Open, language: str) -> None:
    name = "a_name_that_is_much_longer_than_the_screen_of_any_telephone_is_wide"
    game = opened(f"L = {name}*{name} + y; {name} = 2; y = 3", "--language", language)
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    game.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        game.press("show")
        game.press("show")
        assert name in game.asked()
        assert name in game.type("17.5") + game.asked()
        right = "return Math.max(...[...document.querySelectorAll('#guessing, #guessing *')].map((one) => one.getBoundingClientRect().right))"
        assert game.run(right) <= 390
        assert game.run("return document.documentElement.scrollWidth") == 390
    finally:
        game.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@in_browser
def test_what_the_backward_pass_begins_with_is_asked_first(driver: Any, tmp_path: Path) -> None:
    game = Game(driver, written(tmp_path, CLASSIC))
    game.press("guess")
    assert game.run("return document.getElementById('guess-save').disabled")
    assert game.asked() == "∂L/∂L = ?"
    assert game.shown("L", "grad") == ""
    assert game.text("derivation").count("= 1") == 0
    click = "document.querySelector('.box.output').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    game.run(click)
    assert "1" not in game.text("inspector")
    game.key("ArrowRight")
    assert game.shown("L", "grad") == ""
    for wrong, like in (
        ("0", "0 means that nothing changes with it"), ("-1", "a sign error"), ("-8", "this is the value of L"),
        ("4", ""), ("1.0001", ""),
    ):  # fmt: skip
        told = game.type(wrong)
        assert told.startswith("Wrong: ∂L/∂L is not")
        assert (like or "none of the usual mistakes") in told
    assert game.type("1").startswith("Right: ∂L/∂L = 1. When L changes, L changes by as much")
    assert game.shown("L", "grad") == "1"
    assert game.asked() == "∂L/∂d = ?"
    game.press("guess-again")
    assert game.asked() == "∂L/∂L = ?"
    game.choose("local")  # of which the first one is another
    assert game.asked() == "∂L/∂d = ?"


@in_browser
def test_nothing_on_the_page_gives_an_answer_away(opened: Open) -> None:
    game = opened("a = 2; b = -3; v = a*b; L = v^2 + 17.25*a")
    game.run("document.getElementById('descent').open = true")
    game.press("descend-step")
    game.press("guess-again")
    game.type("1")
    right = {name: f"{abs(number):.4f}".rstrip("0") for name, number in game.gradients().items()}
    assert {*right} == {"a", "b", "v", "L"}
    texts = (
        "return [document.body.innerText, ...[...document.querySelectorAll('title, [aria-label], [title]')]"
        ".map((one) => `${one.textContent} ${one.getAttribute('aria-label')} ${one.title}`)].join('\\n')"
    )
    for name in ("a", "b", "v"):
        told_of(game, name)
        for arrow in range(game.run("return document.querySelectorAll('#graph .arrow').length")):
            game.run(
                "document.querySelectorAll('#graph .arrow')[arguments[0]]"
                ".dispatchEvent(new MouseEvent('click', {bubbles: true}))",
                arrow,
            )
            found = game.run(texts)
            assert not [right[each] for each in "abv" if right[each] in found]
    assert game.text("descend-explained") == "This is told when its step is made."
    while game.asked():
        game.press("show")
    assert right["a"] in game.run(texts)
    assert "g" in game.text("descend-explained")


@in_browser
def test_score_and_answers_are_saved_as_text(opened: Open, saved: Path) -> None:
    game = opened(CLASSIC, "--title", "Lesson <1>")
    for answer in ("4", "nothing", "", "-2", "<b>"):
        game.type(answer)
    game.press("show")
    game.set("c", 0.5)
    game.type("-2,0")
    game.press("guess-save")
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(game.driver, 10).until(lambda _: (saved / "score.txt").exists())
    game.faults()
    assert (saved / "score.txt").read_text("utf-8").splitlines() == [
        "Lesson <1>",
        "right 3 · wrong 1 · shown 1",
        "",
        "At a = 2, b = −3, c = 10, f = −2:",
        "  ∂L/∂L: 1, right",
        "  ∂L/∂d: 4, wrong: ∂L/∂f stands in place of ∂L/∂d",
        "  ∂L/∂d: -2, right",
        "  ∂L/∂f: shown: 4",
        "",
        "At a = 2, b = −3, c = 0.5, f = −2:",
        "  ∂L/∂e: -2,0, right",
    ]


@in_browser
def test_what_is_no_number_is_no_answer_and_what_has_none_is_not_asked(opened: Open) -> None:
    game = opened(CLASSIC)
    for text in ("two", "1/0", "1/2/3", "--2", "0x2", "inf", "1 000"):
        assert game.type(text).startswith("This is no number.")
    assert game.type("") != ""
    assert game.score() == "right 1 · wrong 0 · shown 0"
    # rounding alone keeps this slope from 0
    game = opened("x = 1.5707963267948966; L = sin(x)")
    assert game.type("0").startswith("Right: ∂L/∂x = ")
    game = opened("x = 1e-14; y = 2; L = x*y")
    assert game.asked() == "∂L/∂x = ?"
    game.press("show")
    assert game.type("0").startswith("Wrong: ")
    # an infinite slope
    game = opened("x = 0; y = 3; u = sqrt(x); L = u*y")
    game.press("show")
    game.press("show")
    assert game.asked() == ""


@in_browser
def test_guessing_in_the_other_language(opened: Open) -> None:
    game = opened(CLASSIC, "--language", "de")
    assert (
        game.type("4")
        == "Falsch: ∂L/∂d ist nicht 4. Es sieht so aus: ∂L/∂f steht an der Stelle von ∂L/∂d."
    )
    assert game.score() == "richtig 1 · falsch 1 · gezeigt 0"


def answers(script: str) -> Any:
    """What a script says of the functions with which the page reads answers."""
    folder = files("backprop.reports").joinpath("page")
    text = "".join((folder / f"{name}.js").read_text("utf-8") for name in ("format", "answers"))
    code = "\n".join(line for line in text.splitlines() if not line.startswith("import "))
    return in_node(code.replace("export ", "") + f"\nreturn {script};")


@pytest.mark.skipif(not NODE, reason="there is no node")
def test_answers_may_be_rounded_and_written_as_people_write() -> None:
    third = 1 / 3
    right = [
        ("-2", -2), ("−2", -2), ("– 2", -2), ("+2", 2), (" 2 ", 2), ("2.", 2), (".5", 0.5), ("0,5", 0.5), ("-0,5", -0.5),
        ("1/3", third), ("-1/3", -third), ("−1 / 3", -third), ("2/6", third), ("1,5/4,5", third), ("0.33", third),
        ("0.333", third), ("0,3333", third), ("0.667", 2 / 3), ("2e-5", 2e-5), ("2e−5", 2e-5), ("2E-5", 2e-5), ("2·10^-5", 2e-5),
        ("2*10^−5", 2e-5), ("3.14", 3.14159), ("1235", 1234.6), ("2.5/3.33", 2.5 / 3.333), ("0", 0), ("-0", 0), ("0.0", 0),
        ("0.1", 0.30000000000000004 - 0.2),
    ]  # fmt: skip
    wrong = [
        ("2", -2), ("0.3", third), ("0.334", third), ("0.34", third), ("0.32", third), ("12", 12.3), ("3", 3.14159), ("0.3334", third),
        ("100", 100.4), ("1/2", third), ("3.15", 3.14159), ("0", 1e-9), ("2e-5", 2.4e-5), ("1/3", 0.3333), ("-1/3", third),
        ("two", 2), ("", 0), ("1/", 1), ("1.2.3", 1.2), ("1e", 1), ("e", 2.718281828), ("1/0", 1), ("NaN", 1),
    ]  # fmt: skip
    pairs = [*right, *wrong]
    found = answers(f"{json.dumps(pairs)}.map(([text, number]) => isNumber(text, number))")
    told = [pair for pair, same in zip(pairs, found, strict=True) if same]
    assert told == right


@pytest.mark.skipif(not NODE, reason="there is no node")
def test_how_far_an_answer_may_be_off_is_what_the_command_check_says() -> None:
    chance = random.Random(5)
    texts = [
        chance.choice(
            "+-",
        )
        * (chance.random() < 0.3)
        + "".join(chance.choices("00123459", k=chance.randint(1, 5)))
        + ("." + "".join(chance.choices("00159", k=chance.randint(0, 4)))) * (chance.random() < 0.6)
        + f"e{chance.randint(-12, 12)}" * (chance.random() < 0.3)
        for _ in range(3000)
    ]
    found = answers(f"{json.dumps(texts)}.map((text) => [halfUnit(text), halfUnit(text, 3)])")
    for text, both in zip(texts, found, strict=True):
        assert both == pytest.approx([half_unit(text), half_unit(text, 3)], rel=1e-14), text
    assert sum(1 for one, _ in found if one) > 500
