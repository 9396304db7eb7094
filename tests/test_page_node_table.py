"""The table of all nodes of a page, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import backprop
from backprop import gallery
from browser import CHROMIUM, DRIVER, Page, axed, written
from driven_pages import is_shown
from test_page_paper import printing

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium")

TEXT = "# in order\nconst k = 3; b = 2; a = 0.5\nu = a*b\nL = k*u + a"
CELLS = (
    "return [...document.querySelectorAll('#nodes tbody tr')].map((row) => [...row.cells].map((each) =>"
    " each.textContent))"
)
OPEN = "document.querySelector('#nodes > summary').click()"


def opened(driver: Any, folder: Path, text: str, *options: str, fragment: str = "") -> Page:
    page = Page(driver, written(folder, text, *options), fragment)
    if not fragment:
        page.run(OPEN)
    page.run("return new Promise((done) => requestAnimationFrame(() => done()))")
    return page


def test_it_has_a_row_for_each_box_with_the_numbers_of_grad(driver: Any, tmp_path: Path) -> None:
    page = opened(driver, tmp_path, TEXT)
    assert page.run(CELLS) == [
        ["b", "input", "2", "1.5"], ["a", "input", "0.5", "7"], ["k", "constant", "3", "1"],
        ["u", "a·b", "1", "3"], ["v1", "k·u", "3", "1"], ["L", "v1+a", "3.5", "1"],
    ]  # fmt: skip
    page.set("a", -1.25)
    found = backprop.parse(TEXT).grad({"a": -1.25})
    for name, _, data, grad in page.run(CELLS):
        if name != "v1":
            assert is_shown(data, found.data[name])
            assert is_shown(grad, found.gradients[name])


def test_every_box_of_the_picture_has_one_row(driver: Any, tmp_path: Path) -> None:
    page = opened(driver, tmp_path, gallery.example("one_neuron").text)
    boxes = "return [...document.querySelectorAll('#graph .box')].map((box) => [box.dataset.name, ...['data', 'grad']"
    boxes += ".map((role) => box.querySelector(`[data-role=${role}]`).textContent)])"
    rows = [[name, data, grad] for name, _, data, grad in page.run(CELLS)]
    assert len(rows) > 60
    assert sorted(rows) == sorted(page.run(boxes))


def test_it_follows_the_steps(driver: Any, tmp_path: Path) -> None:
    page = opened(driver, tmp_path, TEXT)
    lit = "return [...document.querySelectorAll('#nodes .lit')].map((row) => row.cells[0].textContent)"
    page.press("reset")
    assert [row[2:] for row in page.run(CELLS)] == [["2", ""], ["0.5", ""], ["3", ""]] + [
        ["", ""]
    ] * 3
    assert page.run(lit) == []
    page.press("step")
    assert page.run(CELLS)[3][2:] == ["1", ""]
    assert page.run(lit) == ["u"]
    page.press("forward")
    page.press("step")
    page.press("step")
    assert page.run(CELLS)[1] == ["a", "input", "0.5", "1 + …"]
    assert page.run(CELLS)[0][3] == ""
    page.press("guess")
    assert page.run(CELLS)[4][3] == ""  # what is asked for


def test_what_is_folded_costs_nothing_and_is_not_printed(driver: Any, tmp_path: Path) -> None:
    page = Page(driver, written(tmp_path, TEXT))
    assert [row[2:] for row in page.run(CELLS)] == [["", ""]] * 6
    page.set("a", 1)
    assert page.run(CELLS)[0][2] == ""
    seen = "return document.querySelector('#nodes th').checkVisibility()"
    with printing(page):
        assert not page.run("return document.getElementById('nodes').checkVisibility()")
    page.run(OPEN)
    with printing(page):
        assert page.run(seen)
        assert page.run(CELLS)[1][2] == "1"


def test_a_click_or_a_key_on_a_row_tells_the_chain_rule_of_its_box(
    driver: Any, tmp_path: Path
) -> None:
    page = opened(driver, tmp_path, TEXT)
    told = "return document.querySelector('#inspector .told').textContent"
    box = "document.querySelector('.box[data-name=a]').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    page.run(box)
    wanted = page.run(told)
    page.press("close")
    page.run("document.querySelectorAll('#nodes tbody tr')[1].cells[2].click()")
    assert page.run(told) == wanted
    page.press("close")
    page.run("document.querySelectorAll('#nodes tbody button')[1].focus()")
    driver.switch_to.active_element.send_keys(" ")
    assert page.run(told) == wanted
    assert wanted.startswith("a = 0.52 uses")


def test_it_is_in_the_address_and_in_both_languages(driver: Any, tmp_path: Path) -> None:
    page = opened(driver, tmp_path, TEXT, "--language", "de", fragment="#@table=1")
    assert page.run(CELLS)[0] == ["b", "Eingabe", "2", "1.5"]
    heads = "return [...document.querySelectorAll('#nodes th[scope=col]')].map((each) => each.textContent)"
    assert page.run(heads) == ["Name", "Formel", "data", "grad"]
    assert page.run("return window.backprop.address()") == "#@table=1"
    page.run(OPEN)
    assert page.run("return window.backprop.address()") == ""


def test_axe_finds_nothing_and_a_phone_shows_long_names(driver: Any, tmp_path: Path) -> None:
    text = f"{'long_name_' * 6} = 2; b = 3; c = {'long_name_' * 6}*b; L = c^2 + b"
    phone = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        with axed(driver, "dark"):
            page = opened(driver, tmp_path, text)
            page.press("reset")
            page.press("step")
        size = "const row = document.querySelector('#nodes tbody tr').getBoundingClientRect();"
        assert page.run(f"{size} return document.documentElement.scrollWidth") == 390
        assert page.run(f"{size} return row.height") < 400
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
