"""Pages of odd files, odd addresses and odd numbers, in a real browser."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import backprop
from backprop import gallery
from browser import CHROMIUM, DRIVER, Page, written

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium")

Open = Callable[..., Page]
LONG = "one_neuron", "spring_chain"  # more steps than are written at once


@pytest.fixture
def opened(driver: Any, tmp_path: Path) -> Open:
    def make(text: str, *options: str, fragment: str = "") -> Page:
        return Page(driver, written(tmp_path, text, *options), fragment)

    return make


def test_names_that_javascript_has_are_names_as_others(opened: Open) -> None:
    text = "__proto__ = 3; constructor = 2; toString = 5; length = 7; L = __proto__*constructor*toString + length^2"
    page = opened(text)
    found = backprop.parse(text).grad()
    given = "return JSON.stringify(window.backprop.values())"
    assert '"__proto__":3' in page.run(given)
    gradients = page.run("return Object.entries(window.backprop.gradients())")
    assert dict(gradients) == dict(found.gradients)
    page.set("__proto__", 4)
    assert '"__proto__":4' in page.run(given)
    assert page.shown("L", "data") == "89"


@pytest.mark.parametrize("name", LONG)
def test_one_step_is_the_current_one_however_many_there_are(name: str, opened: Open) -> None:
    page = opened(gallery.example(name).text)
    # at once, and not when there is time
    found = page.run(
        "const count = () => document.querySelectorAll('[aria-current=step]').length;"
        "const press = (id) => document.getElementById(id).click();"
        "press('reset'); const found = [count()];"
        "while (!document.getElementById('step').disabled) { press('step'); found.push(count()); }"
        "press('forward'); found.push(count()); press('reset'); found.push(count()); return found"
    )
    assert len(found) > 60
    assert found == [0] + [1] * (len(found) - 2) + [0]


@pytest.mark.parametrize(
    "fragment", ["#x=Infinity", "#x=-1e999&y=NaN", "#@step=Infinity", "#@rate=1e400"]
)
def test_an_address_gives_no_infinite_number(fragment: str, opened: Open) -> None:
    page = opened("x = 2; y = 3; L = x*y + y", fragment=fragment)
    assert page.values() == {"x": 2, "y": 3, "L": 9}
    assert page.run("return document.getElementById('place').value") == "5"


def test_a_step_of_an_address_is_a_whole_one(opened: Open) -> None:
    page = opened("x = 2; y = 3; L = x*y + y", fragment="#@step=1.4")
    assert page.run("return document.querySelectorAll('[aria-current=step]').length") == 1
    page.press("step")
    assert page.shown("L", "data") == "9"


RANGE = "const one = document.querySelector('input[type=range][data-name=x]'); return [+one.min, +one.max, +one.value]"


@pytest.mark.parametrize(
    "text", ["x = 1e308; L = x/2", "x = -1e308; L = x/2", "x = 1 in -1.7e308..1.7e308; L = x/2"]
)
def test_a_slider_is_as_long_as_a_number_can_be(text: str, opened: Open) -> None:
    page = opened(text)
    low, high, _ = page.run(RANGE)
    assert math.isfinite(low)
    assert math.isfinite(high - low)
    page.set("x", high / 4)
    assert page.values()["L"] == pytest.approx(high / 8, rel=1e-13)
    for number in (-1.7e308, 1.7e308):
        page.set("x", number, "number")
        assert page.values() == {"x": number, "L": number / 2}
        low, high, _ = page.run(RANGE)
        assert math.isfinite(high - low)


def test_arrow_keys_step_when_a_button_was_pressed(opened: Open) -> None:
    page = opened("x = 2; y = 3; v = x*y; L = v + y")

    def press(*keys: str) -> str:
        ActionChains(page.driver).send_keys(*keys).perform()
        page.faults()
        return page.current()

    assert press(Keys.HOME) == ""
    page.driver.find_element("id", "step").click()
    first = page.current()
    second = press(Keys.ARROW_RIGHT)
    assert second not in ("", first)
    assert press(Keys.ARROW_LEFT) == first
    assert press(" ") == second  # the button's own key
    assert (
        page.run("return document.getElementById('play').getAttribute('aria-pressed')") == "false"
    )
