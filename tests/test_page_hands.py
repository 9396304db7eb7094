"""Pages under a pointer, by keyboard and as they are heard, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from backprop import gallery
from browser import CHROMIUM, DRIVER, Page, written

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium")

Open = Callable[..., Page]

HEARD = "return document.getElementById('spoken').textContent"


@pytest.fixture
def opened(driver: Any, tmp_path: Path) -> Open:
    def make(text: str, *options: str, fragment: str = "") -> Page:
        return Page(driver, written(tmp_path, text, *options), fragment)

    return make


@pytest.mark.parametrize("fragment", ["#@step=0", ""])
def test_a_pointer_anywhere_on_a_box_meets_it(fragment: str, opened: Open) -> None:
    """On one that is blank or a constant, too."""
    page = opened(gallery.example("mazur_network").text, fragment=fragment)
    found = page.run("""
    const missed = [];
    for (const box of document.querySelectorAll('#graph .box')) {
      const text = box.querySelector('text').getBBox();
      box.scrollIntoView({block: 'center', inline: 'center'});
      const { right, bottom } = box.querySelector('rect').getBoundingClientRect();
      for (const [x, y] of [[right - 5, bottom - 24], [right - 20, bottom - 5]]) {
        if (document.elementFromPoint(x, y)?.closest('.box') !== box) missed.push(box.dataset.name);
      }
    }
    return missed""")
    assert found == []


def test_within_an_opened_family_a_pointer_meets_what_is_inside(opened: Open) -> None:
    page = opened(
        "x[i] = i/2 for i in 1..3; y[i] = sin(x[i])*x[i] for i in 1..3; L = sum(y[i] for i in 1..3)"
    )
    page.run(
        "[...document.querySelectorAll('[data-family]')].find((one) => one.dataset.family.startsWith('y'))"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    found = page.run("""
    const open = document.querySelector('#folded .open');
    const frame = open.querySelector('rect').getBoundingClientRect();
    const boxes = [...document.querySelectorAll('#folded .interior:not([hidden]) .box')];
    return [boxes.length, boxes.filter((box) => {
      box.scrollIntoView({block: 'center', inline: 'center'});
      const { right, bottom } = box.querySelector('rect').getBoundingClientRect();
      return document.elementFromPoint(right - 5, bottom - 5)?.closest('.box') !== box;
    }).length]""")
    assert found[0] >= 6
    assert found[1] == 0


def test_a_dragged_slider_gives_numbers_of_few_digits(opened: Open, driver: Any) -> None:
    page = opened("a = 0.123456; b = 1e-9 in 0..3e-9; c = 1 in 0..1/3+1; L = a*b*c")
    assert page.values()["a"] == 0.123456
    for name, digits in (("a", 4), ("b", 3), ("c", 4)):
        slider = driver.find_element("css selector", f"input[type=range][data-name={name}]")
        ActionChains(driver).drag_and_drop_by_offset(slider, 37, 0).perform()
        moved = page.values()[name]
        assert 0 < len(f"{moved:.15e}".partition("e")[0].rstrip("0").replace(".", "")) <= digits
        field = (
            f"return document.querySelector('input[type=number][data-name={name}]').valueAsNumber"
        )
        assert page.run(field) == moved
        slider.send_keys(Keys.ARROW_RIGHT)
        assert page.values()[name] > moved
    slider.send_keys(Keys.END)
    assert page.values()["c"] == 1 / 3 + 1


def test_the_focus_goes_back_to_the_box_that_was_told_of(opened: Open, driver: Any) -> None:
    page = opened("a = 2; b = 3; L = a*b")
    page.run("document.querySelector('.box[data-name=b]').focus()")
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    driver.find_element("id", "close").send_keys(Keys.ENTER)
    assert page.run("return document.activeElement.dataset.name") == "b"


def test_steps_are_heard(opened: Open) -> None:
    page = opened("a = 2; b = -3; c = a*b; L = c + a")
    assert page.run(HEARD) == ""
    page.press("reset")
    assert page.run(HEARD) == ""
    heard = []
    for _ in range(5):
        page.press("step")
        heard.append(page.run(HEARD))
    assert heard == [
        "1 / 5: c = −6", "2 / 5: L = −4", "3 / 5: ∂L/∂L = 1", "4 / 5: ∂L/∂c = 1, ∂L/∂a = 1 + …",
        "5 / 5: ∂L/∂a = −2, ∂L/∂b = 2",
    ]  # fmt: skip
    page.set("a", 1)
    assert page.run(HEARD) == heard[-1]  # a slider says its own number


def test_on_a_phone_the_output_has_room_whatever_the_buttons_are_called(
    opened: Open, driver: Any
) -> None:
    phone = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        page = opened(gallery.example("one_neuron").text, "--language", "de")
        room = "const near = document.getElementById('near'); return [near.textContent, near.scrollWidth - near.clientWidth]"
        assert page.run(room) == ["loss = 0.6931471806", 0]
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_arrows_are_called_by_their_ends_and_their_slopes(opened: Open) -> None:
    page = opened("a = 2; b = -3; L = a*b")
    names = "return [...document.querySelectorAll('.arrow')].map((one) => one.getAttribute('aria-label'))"
    assert page.run(names) == ["a → L: −3", "b → L: 2"]
    page.set("a", 2.5)
    assert page.run(names) == ["a → L: −3", "b → L: 2.5"]
    page.press("reset")
    assert page.run(names) == ["a → L", "b → L"]


def test_what_is_told_of_a_box_is_read_once(opened: Open) -> None:
    page = opened("a = 2; b = -3; L = a*b")
    live = "return document.getElementById('inspector').getAttribute('aria-live')"
    tell = "document.querySelector('.box[data-name=a]').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    for _ in range(2):
        page.run(tell)
        assert page.run(live) == "polite"
        page.set("a", 2.5)
        assert page.run(live) == "off"


def test_fields_take_the_minus_of_the_page(opened: Open, driver: Any) -> None:
    page = opened("a = 2; L = a^2")
    field = driver.find_element("css selector", "input[type=number][data-name=a]")
    field.click()
    for number, right in (("−2.5", -2.5), ("−1e−2", -0.01)):
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(number)
        assert page.values()["a"] == right
        field.send_keys(Keys.CONTROL, "a")
        driver.execute_cdp_cmd("Input.insertText", {"text": number})
        assert page.values()["a"] == right
    field.send_keys(Keys.CONTROL, "a")
    driver.execute_cdp_cmd("Input.insertText", {"text": "1/3"})
    assert page.values()["a"] == -0.01


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_colours_of_a_readers_own_the_step_and_what_is_pressed_are_seen(
    scheme: str, opened: Open, driver: Any
) -> None:
    features = [
        {"name": "forced-colors", "value": "active"},
        {"name": "prefers-color-scheme", "value": scheme},
    ]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        page = opened("a = 2; b = -3; L = a*b + a", fragment="#@step=2&@table=1&@guess=1")
        colours = "return [...document.querySelectorAll(arguments[0])].map((one) => getComputedStyle(one)[arguments[1]])"
        step = page.run(colours, "#derivation > [aria-current=step]", "borderLeftColor")
        others = page.run(colours, "#derivation > :not([aria-current])", "borderLeftColor")
        assert len({*step}) == len({*others}) == 1
        assert {*step}.isdisjoint(others)
        row = page.run(colours, "#nodes .lit > th", "borderLeftColor")
        assert row == step
        assert page.run(colours, "#guess", "backgroundColor") != page.run(
            colours, "#reset", "backgroundColor"
        )
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_an_arrow_itself_shows_that_it_has_the_focus(opened: Open, driver: Any) -> None:
    page = opened("a = 2; b = -3; L = a*b")
    widths = "return [...document.querySelectorAll('.arrow path:not(.near)')].map((one) => parseFloat(getComputedStyle(one).strokeWidth))"
    page.run("document.querySelector('.picture').focus()")
    driver.switch_to.active_element.send_keys(Keys.TAB)
    assert page.run("return document.activeElement.getAttribute('aria-label')") == "a → L: −3"
    assert page.run("return getComputedStyle(document.activeElement).outlineStyle") == "none"
    first, second = page.run(widths)
    assert first > second + 1.5
