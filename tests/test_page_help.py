"""Keys of a page, and what it tells of itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser import CHROMIUM, DRIVER, Page, axed, written

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium")

TEXT = "x[1] = 2; x[2] = 1; const k = 3; h[i] = k*x[i]^2 for i in 1..2; L = h[1]*h[2] + x[1]"

Open = Callable[..., Page]


@pytest.fixture
def opened(driver: Any, tmp_path: Path) -> Open:
    def make(text: str, *options: str, fragment: str = "") -> Page:
        return Page(driver, written(tmp_path, text, *options), fragment)

    return make


def press(page: Page, *keys: str) -> None:
    ActionChains(page.driver).send_keys(*keys).perform()
    page.faults()


def is_open(page: Page) -> bool:
    return bool(page.run("return document.getElementById('help').open"))


def test_letters_step_check_and_update(opened: Open) -> None:
    page = opened(TEXT)
    press(page, "r")
    assert page.current() == ""
    press(page, "f")
    assert (page.shown("L", "data"), page.shown("L", "grad")) == ("38", "")
    press(page, "b")
    assert page.shown("x[1]", "grad") == "37"
    press(page, "G")
    assert page.run("return document.querySelectorAll('#checked tbody tr.right').length") == 2
    press(page, "u")
    assert page.run("return window.backprop.descent().step") == 1
    assert page.values()["x[1]"] == pytest.approx(2 - 0.01 * 37, rel=1e-13)
    assert page.run("return document.getElementById('descent').open")
    press(page, "r")
    assert page.values()["x[1]"] == 2


def test_letters_do_nothing_in_fields_with_a_modifier_or_when_switched_off(opened: Open) -> None:
    page = opened(TEXT)
    page.run("document.querySelector('input[type=number][data-name]').focus()")
    press(page, "r")
    assert page.current() != ""
    page.run("document.activeElement.blur()")
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys("g").key_up(Keys.CONTROL).perform()
    assert page.run("return document.getElementById('checked').textContent") == ""
    press(page, "?")
    page.run("document.getElementById('letters').click()")
    press(page, "r", Keys.ESCAPE, "r")
    assert not is_open(page)
    assert page.current() != ""
    press(page, Keys.HOME)
    assert page.current() == ""


def test_the_check_is_no_key_while_gradients_are_asked_for(opened: Open) -> None:
    page = opened(TEXT)
    page.press("guess")
    page.run("document.activeElement.blur()")
    press(page, "g")
    assert page.run("return document.getElementById('checked').textContent") == ""


def test_a_page_of_constants_has_no_descent_and_no_key_for_it(opened: Open) -> None:
    page = opened("const a = 2; L = a^2")
    press(page, "u", "?")
    assert is_open(page)
    assert "descent" not in page.run("return document.getElementById('help').textContent")
    assert page.run("return ['check', 'random'].every((id) => document.getElementById(id).hidden)")


@pytest.mark.parametrize(("language", "said"), [("en", "local derivative"), ("de", "lokale Ableitung")])  # fmt: skip
def test_help_says_what_the_picture_means(language: str, said: str, opened: Open, driver: Any) -> None:  # fmt: skip
    with axed(driver, "dark"):
        page = opened(TEXT, "--language", language)
        page.run("document.getElementById('help-open').focus()")
        page.press("help-open")
        assert is_open(page)
        text = page.run("return document.getElementById('help').innerText")
        assert said in text
        assert "{" not in text
    press(page, Keys.ESCAPE)
    assert not is_open(page)
    assert page.run("return document.activeElement.id") == "help-open"


def test_random_numbers_are_within_bounds_and_finite_and_are_asked_anew(opened: Open) -> None:
    page = opened(
        "a = 1 in 0..4; b = 0.03; c = -2 in ..0; const d = 5; L = log(a)*b - sqrt(-c) + d"
    )
    seen = set()
    for _ in range(20):
        page.press("random")
        values = page.values()
        assert 0 < values["a"] <= 4
        assert values["c"] < 0  # at 0 the slope is infinite
        assert values["d"] == 5
        for name in "abc":
            assert float(f"{values[name]:.2g}") == values[name]
        seen.add(tuple(values.values()))
    assert len(seen) > 15
    page.press("guess")
    page.press("show")
    page.press("random")
    assert page.run("return document.getElementById('asked').textContent") == "∂L/∂L = ?"
    page.press("reset")
    assert page.values()["a"] == 1
    page = opened("const a = 2; L = a^2")
    page.press("random")
    assert page.values()["L"] == 4
