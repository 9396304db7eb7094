"""Pages on paper: nothing is cut off, and nothing is printed that is only pressed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from backprop import gallery
from browser import CHROMIUM, DRIVER, Page, written

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium")

SHEET = {"width": 720, "height": 1000, "deviceScaleFactor": 1, "mobile": False}

CUT = """
const cut = (one) => one.checkVisibility() && (one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1);
const scrolled = [...document.querySelectorAll('pre, #derivation, .picture')].filter((one) => getComputedStyle(one).overflow !== 'visible' && cut(one));
const wide = [...document.querySelectorAll('svg')].filter((one) => one.getBoundingClientRect().right > 721);
return [...scrolled, ...wide].map((one) => one.id || one.className.baseVal || one.localName);
"""
PRESSED = "return [...document.querySelectorAll('button, input[type=range]')].filter((one) => one.checkVisibility()).length"


@contextmanager
def printing(page: Page) -> Iterator[None]:
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SHEET)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    try:
        yield
    finally:
        page.run("window.dispatchEvent(new Event('afterprint'))")
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("name", ["classic", "mazur_network", "one_neuron", "two_moons"])
def test_a_printed_page_is_whole(name: str, driver: Any, tmp_path: Path) -> None:
    page = Page(driver, written(tmp_path, gallery.example(name).text))
    if name == "classic":
        assert page.run(PRESSED) > 8
    with printing(page):
        assert page.run(CUT) == []
        assert page.run(PRESSED) == 0
        if name != "two_moons":
            blank = "return [...document.querySelectorAll('#derivation mn[data-v]')].filter((one) => !one.textContent).length"
            assert page.run(blank) == 0


def test_a_wide_picture_is_cut_into_strips_each_box_whole_in_one(
    driver: Any, tmp_path: Path
) -> None:
    page = Page(driver, written(tmp_path, gallery.example("mazur_network").text))
    strips = "return [...document.querySelectorAll('.strip')].map((one) => one.getAttribute('viewBox').split(' ').map(Number))"
    boxes = (
        "return [...document.querySelectorAll('#graph .box > rect')]"
        ".map((one) => [one.x.baseVal.value, one.width.baseVal.value])"
    )
    found = page.run(boxes)
    with printing(page):
        cut = page.run(strips)
        assert len(cut) > 1
        for left, width in found:
            assert any(at <= left and left + width <= at + wide for at, _, wide, _ in cut)
    assert page.run(strips) == []
    assert page.run("return document.getElementById('graph').checkVisibility()")


def test_long_formulas_are_broken_into_lines(driver: Any, tmp_path: Path) -> None:
    long, longer = "a_rather_long_name_for_an_input", "another_rather_long_name_for_it"
    page = Page(
        driver, written(tmp_path, f"{long} = 2; {longer} = 3; u = {long}*{longer}; L = u^2")
    )
    ends = "return [...document.querySelectorAll('#derivation math')].map((one) => one.getBoundingClientRect().right)"
    with printing(page):
        assert max(page.run(ends)) <= SHEET["width"]
