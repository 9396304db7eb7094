"""Families on pages, in a real browser: folded, and opened one by one in every mixture."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import backprop
from browser import CHROMIUM, DRIVER, Page, axed, written

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium")

Open = Callable[..., Page]

FAMILY = (
    "w[1] = 1; w[2] = -3; x = 2; h[i] = tanh(w[i]*x) for i in 1..2; L = sum(h[i]^2 for i in 1..2)"
)
NET = (
    "x[i] = 0.3*i for i in 1..2; w[i,j] = 0.2*i - 0.1*j for i in 1..3, j in 1..2; b[i] = 0.1 for i in 1..3;"
    "h[i] = tanh(sum(w[i,j]*x[j] for j in 1..2) + b[i]) for i in 1..3; v[i] = 0.5 - 0.3*i for i in 1..3;"
    "o = sum(v[i]*h[i] for i in 1..3); const t = 0.7; L = (o - t)^2"
)
SWING = (
    "x[0] = 1; v[0] = 0; dt = 0.1; x[k+1] = x[k] + dt*v[k] for k in 0..3;"
    "v[k+1] = v[k] - dt*sin(x[k]) for k in 0..3; L = x[4]^2 + v[4]; output L"
)


@pytest.fixture
def opened(driver: Any, tmp_path: Path) -> Open:
    def make(text: str, *options: str, fragment: str = "") -> Page:
        return Page(driver, written(tmp_path, text, *options), fragment)

    return make


def toggle(page: Page, family: str) -> None:
    page.run(
        "[...document.querySelectorAll('#folded [data-family]')].find((one) => one.dataset.family === arguments[0])"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))",
        family,
    )


def families(page: Page) -> dict[str, str]:
    """Of each that opens what a screen reader is told."""
    found: dict[str, str] = page.run(
        "return Object.fromEntries([...document.querySelectorAll('#folded [data-family]')]"
        ".map((one) => [one.dataset.family, one.getAttribute('aria-expanded')]))"
    )
    return found


def seen(page: Page) -> list[str]:
    """The names of boxes of single nodes that are seen, without guests."""
    found: list[str] = page.run(
        "return [...document.querySelectorAll('.box[data-node]:not(.guest)')]"
        ".filter((one) => one.getClientRects().length).map((one) => one.dataset.name)"
    )
    return found


def test_a_family_opens_by_itself_and_folds_again(opened: Open) -> None:
    page = opened(FAMILY)
    assert families(page) == {"w[1..2]": "false", "h[1..2]": "false", "L": "false"}
    assert seen(page) == []
    assert page.folded("h[1..2]") == ["1.0000", "2.0000"]  # |tanh(-6)|, and twice that
    page.set("w[1]", 4.5, "number")
    assert page.folded("w[1..2]")[0] == "4.5"
    toggle(page, "w[1..2]")
    assert families(page) == {"w[1..2]": "true", "h[1..2]": "false", "L": "false"}
    assert seen(page) == ["w[1]", "w[2]"]
    toggle(page, "L")
    assert families(page) == {"w[1..2]": "true", "h[1..2]": "false", "L": "true"}
    assert "L" in seen(page)
    toggle(page, "w[1..2]")
    assert "w[1]" not in seen(page)
    page.press("unfold")
    assert {"w[1]", "h[2]", "L"} <= {*seen(page)}
    page.press("fold")
    assert seen(page) == []
    assert {*families(page).values()} == {"false"}


def test_folded_boxes_follow_the_steps(opened: Open) -> None:
    page = opened(FAMILY)
    page.press("reset")
    assert page.folded("h[1..2]") == ["", ""]
    page.press("step")
    page.press("step")
    assert page.folded("h[1..2]") == ["0.9640", ""]
    lit = "return [...document.querySelectorAll('#folded > .lit')].map((one) => one.dataset.family)"
    assert page.run(lit) == ["h[1..2]"]
    toggle(page, "h[1..2]")
    assert page.run(lit) == []
    inside = (
        "return [...document.querySelectorAll('.interior .box.lit')].map((one) => one.dataset.name)"
    )
    assert page.run(inside) == ["h[1]"]


def test_constants_have_no_colour_wherever_they_stand(opened: Open) -> None:
    page = opened(NET, fragment="#@open=L")
    fills = (
        "return [...document.querySelectorAll('.box')].filter((one) => one.dataset.name === arguments[0]"
        " && one.getClientRects().length).map((one) => one.dataset.fill)"
    )
    assert page.run(fills, "t") == ["none"]
    assert page.run(fills, "o")[0] not in ("none", "flat")


def test_by_keyboard_and_the_focus_stays(opened: Open) -> None:
    page = opened(FAMILY)
    about = (
        "return [document.activeElement.dataset.family, document.activeElement.getAttribute('aria-expanded'),"
        " document.activeElement.querySelector('title').textContent]"
    )
    page.run("document.querySelector('#folded [data-family]').focus()")
    found = []
    for key in (Keys.ENTER, Keys.SPACE):
        ActionChains(page.driver).send_keys(key).perform()
        found.append(page.run(about))
    assert found == [
        ["w[1..2]", "true", "w[1..2]: 2 values \u2013 a click folds it"],
        ["w[1..2]", "false", "w[1..2]: 2 values \u2013 a click opens it"],
    ]


def test_what_is_opened_is_in_the_address(opened: Open) -> None:
    page = opened(NET)
    for family in ("h[1..3]", "w[1..3,1..2]"):
        toggle(page, family)
    wait = "setTimeout(() => arguments[0](window.location.hash), 400)"
    fragment = page.driver.execute_async_script(wait)
    page = opened(NET, fragment=fragment)
    assert {name for name, is_open in families(page).items() if is_open == "true"} == {
        "h[1..3]",
        "w[1..3,1..2]",
    }
    page.press("unfold")
    fragment = page.driver.execute_async_script(wait)
    assert fragment == "#@whole=1"
    page = opened(NET, fragment=fragment)
    assert "h[2]" in seen(page)
    page.run("window.location.hash = '#@open=nobody&@open=b%5B1..3%5D'")
    assert page.driver.execute_async_script("setTimeout(() => arguments[0](1), 300)") == 1
    assert seen(page) == ["b[1]", "b[2]", "b[3]"]


def test_long_names_that_begin_alike_open_one_by_one(opened: Open) -> None:
    one, other = (f"a_name_that_goes_on_for_so_long_{at}" for at in "xy")
    text = f"{one}[i] = i for i in 1..2; {other}[i] = 2*i for i in 1..2; L = sum({one}[i]*{other}[i] for i in 1..2)"
    page = opened(text)
    toggle(page, f"{one}[1..2]")
    assert seen(page) == [f"{one}[1]", f"{one}[2]"]
    place = page.driver.execute_async_script("setTimeout(() => arguments[0](location.hash), 400)")
    assert seen(opened(text, fragment=place)) == [f"{one}[1]", f"{one}[2]"]


LAID = r"""
const rect = (one) => one.getBoundingClientRect();
const overlap = (a, b) => a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5;
const faults = [];
const boxes = [...document.querySelectorAll('#folded > .box')];
const frames = boxes.map((box) => rect(box.querySelector('rect')));
const all = rect(document.getElementById('folded'));
frames.forEach((one, at) => {
  if (one.left < all.left || one.right > all.right || one.top < all.top || one.bottom > all.bottom) faults.push(['outside', at]);
  frames.slice(at + 1).forEach((other, more) => { if (overlap(one, other)) faults.push(['boxes', at, at + 1 + more]); });
});
for (const inside of document.querySelectorAll('.interior:not([hidden])')) {
  const frame = frames[inside.dataset.insideOf];
  const own = [...inside.querySelectorAll('.box > rect, ellipse')].map(rect);
  own.forEach((one, at) => {
    if (one.left < frame.left || one.right > frame.right || one.top < frame.top + 20 || one.bottom > frame.bottom) faults.push(['frame', at]);
    own.slice(at + 1).forEach((other) => { if (overlap(one, other)) faults.push(['inside', at]); });
  });
}
const svg = document.getElementById('folded');
for (const wire of document.querySelectorAll('#folded > .wire:not([hidden])')) {
  const numbers = wire.getAttribute('d').match(/-?[\d.]+/g).map(Number);
  const ends = [numbers.slice(0, 2), numbers.slice(-2)];
  wire.dataset.ends.split(' ').forEach((box, at) => {
    const point = svg.createSVGPoint(); [point.x, point.y] = ends[at];
    const on = point.matrixTransform(svg.getScreenCTM());
    const frame = frames[box];
    const away = Math.max(frame.left - on.x, on.x - frame.right, frame.top - on.y, on.y - frame.bottom);
    const deep = Math.min(on.x - frame.left, frame.right - on.x, on.y - frame.top, frame.bottom - on.y);
    if (away > 14 || deep > 4) faults.push(['wire', wire.dataset.ends, at, away, deep]);
  });
}
return faults;
"""

NUMBERS = r"""
return [...document.querySelectorAll('.interior:not([hidden]) .box')].map((box) =>
  [box.dataset.name, ...box.querySelector('title').textContent.split('\n').slice(1)]);
"""


@pytest.mark.parametrize(("text", "moved"), [(FAMILY, "x"), (NET, "x[1]"), (SWING, "dt")])
def test_every_mixture_has_room_and_numbers(text: str, moved: str, opened: Open) -> None:
    page = opened(text)
    names = [*families(page)]
    chosen = random.Random(5)
    model = backprop.parse(text)
    for turn in range(12):
        for name in names:
            if turn == 0 or chosen.random() < 0.5:
                toggle(page, name)
        assert page.run(LAID) == [], families(page)
        number = round(chosen.uniform(-1, 1), 3)
        page.set(moved, number, "number")
        found = model.grad({moved: number})
        for name, *lines in page.run(NUMBERS):
            known = dict(line.replace("\u2212", "-").split(" ") for line in lines)
            if name in found.data:
                assert float(known["data"]) == pytest.approx(found.data[name], rel=1e-13)
                assert float(known["grad"]) == pytest.approx(found.gradients[name], rel=1e-13)


def test_guess_mode_opens_what_it_asks_about(opened: Open) -> None:
    page = opened(NET)
    page.press("guess")
    asked = []
    for _ in range(40):
        marked = page.run(
            "return [...document.querySelectorAll('.asked')].filter((one) => one.getClientRects().length)"
            ".map((one) => one.dataset.name ?? 'arrow')"
        )
        if page.run("return document.getElementById('guesses').hidden"):
            break
        asked.append(marked)
        page.press("show")
    assert all(asked)
    assert any("h[2]" in each for each in asked)
    assert page.run("return document.getElementById('folded').hasAttribute('hidden')") is False


@pytest.mark.parametrize("scheme", [pytest.param("light", marks=pytest.mark.whole), "dark"])
def test_axe_finds_nothing_in_opened_families(scheme: str, opened: Open, driver: Any) -> None:
    with axed(driver, scheme):
        opened(FAMILY, fragment="#@open=h%5B1..2%5D&@open=w%5B1..2%5D&@step=5")
