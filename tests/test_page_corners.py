"""Pages of odd files, odd addresses and odd numbers, in a real browser."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import backprop
from backprop import gallery
from browser import CHROMIUM, DRIVER, Page, written
from running import backprop as run

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


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2.255e10, "2.255e10"), (-3.1234e-10, "−3.123e−10"), (7.7777e100, "7.778e100"), (1.5e20, "1.5e20"),
        (1e30, "1e30"), (4.516e-4, "4.516e−4"), (5e-4, "0.0005"), (1e6, "1e6"), (0.5, "0.5"),
    ],
)  # fmt: skip
def test_the_zeros_of_an_exponent_stay(number: float, text: str, opened: Open) -> None:
    page = opened("x = 1; L = x*1")
    page.set("x", number, "number")
    assert page.shown("x", "data") == text


def checked(page: Page) -> dict[str, list[str]]:
    page.press("check")
    rows = page.run(
        "return [...document.querySelectorAll('#checked tbody tr')].map((row) =>"
        " [...row.cells].map((cell) => cell.textContent))"
    )
    return {name: [by, verdict] for name, by, _, verdict in rows}


SMOOTH = [
    "x = 1e-8; L = sqrt(x)", "x = 1e-12; L = log(x)", "x = 1e-6; L = 1/x", "x = 1; L = sin(1e6*x)",
    "x = 700; L = exp(x)", "x = 1e-300; L = x*1e300", "x = 1e9; y = 1e9; L = (x - y)^2", "x = 1e150; L = x^2",
    "x = 1; L = x^2*1e-20", "x = 1e308; L = x", "x = 1 in 0..1; L = x^3", "x = 0 in 0..; L = exp(x)",
    "x = 3.141592653589793; L = cos(x)", "x = 0; L = x^2", "x = 0; L = abs(x)",
]  # fmt: skip
NOT_SMOOTH = [
    "x = 2; L = floor(x)", "x = 0; L = relu(x)", "x = 0 in 0..1; L = sqrt(x)", "x = 1 in -1..1; L = acos(x)",
    "x = 1; L = if(x > 1, x^2, 3*x)", "x = 1; L = 1e12 + x^2", "x = 1e-200; L = x^2",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("text", SMOOTH)
def test_differences_agree_at_any_size(text: str, opened: Open) -> None:
    found = checked(opened(text))
    assert found
    assert {verdict for _, verdict in found.values()} == {"agrees"}


@pytest.mark.parametrize("text", NOT_SMOOTH)
def test_differences_that_tend_to_nothing_neither_agree_nor_differ(text: str, opened: Open) -> None:
    ((_, verdict),) = checked(opened(text)).values()
    assert verdict == "not smooth here, or rounding"


@pytest.mark.parametrize(("text", "name"), [
    ("x = 2; z = 1.5; L = 1e20*x + z", "z"), ("x = 40; L = sigmoid(x)", "x"), ("x = 1; L = 1e15 + x^2", "x"),
])  # fmt: skip
def test_a_slope_that_the_output_rounds_away_is_no_agreement(
    text: str, name: str, opened: Open
) -> None:
    found = checked(opened(text))
    assert found.pop(name)[1] == "cannot tell: rounding of the output hides it"
    assert {verdict for _, verdict in found.values()} <= {"agrees"}


@pytest.mark.parametrize(
    "text", ["x = 1; L = (x - 1)^2 + 5", "x = 2; L = 1e5 + x*0.1*3 - x*0.3", "x = 2; L = 3 + 0*x"]
)
def test_a_gradient_that_is_rounding_agrees_with_nothing(text: str, opened: Open) -> None:
    assert checked(opened(text))["x"][1] == "agrees"


def test_an_input_that_bounds_hold_is_checked_beyond_them(opened: Open) -> None:
    page = opened("x = 3 in 3..3; y = 2; L = x^2*y")
    assert checked(page) == {"x": ["12", "agrees"], "y": ["9", "agrees"]}
    page.set("y", 3)
    assert page.values() == {"x": 3, "y": 3, "L": 27}


def test_a_wrong_gradient_differs_from_differences(
    opened: Open, driver: Any, tmp_path: Path
) -> None:
    opened("x = 2; y = 0.5; L = x^3*y + exp(y)")
    path = tmp_path / "page.html"
    text = path.read_text("utf-8")
    wrong = text.replace(
        "const by = model.gradients[control.node];",
        "const by = model.gradients[control.node] * 1.0001;",
    )
    assert wrong != text
    policy = re.search(r'<meta http-equiv="Content-Security-Policy".*?>', wrong)
    assert policy
    path.write_text(wrong.replace(policy[0], ""), "utf-8")
    assert {verdict for _, verdict in checked(Page(driver, path)).values()} == {"differs"}


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_phone_is_wide_enough_for_long_names(language: str, opened: Open, driver: Any) -> None:
    name = "a_name_that_goes_on_and_on_and_does_not_end_where_others_do"
    phone = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        page = opened(f"{name} = 2; L = {name}^2", "--title", "t" * 90, "--language", language)
        page.press("check")
        page.press("guess")
        width = page.run("return document.documentElement.scrollWidth")
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert width == 390


@pytest.mark.parametrize(
    ("media", "background"), [("print", "rgb(255, 255, 255)"), ("screen", "rgb(27, 27, 31)")]
)
def test_dark_pages_are_printed_on_white(
    media: str, background: str, opened: Open, driver: Any
) -> None:
    scheme = [{"name": "prefers-color-scheme", "value": "dark"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": scheme})
    try:
        page = opened("x = 2; L = x^2")
        found = page.run("return getComputedStyle(document.body).backgroundColor")
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    assert found == background


def test_guesses_are_taken_in_a_notebook(driver: Any, tmp_path: Path) -> None:
    page = backprop.parse("x = 2; y = 3; L = x^2*y").page()
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><title>n</title>{page._repr_html_()}", "utf-8")
    driver.get(path.as_uri())
    driver.switch_to.frame(0)
    try:
        driver.find_element("id", "guess").click()
        driver.find_element("id", "answer").send_keys("3", Keys.ENTER)
        score = driver.find_element("id", "score").text
    finally:
        driver.switch_to.default_content()
    assert score == "right 0 · wrong 1 · shown 0"
    assert not driver.get_log("browser")


def test_an_ending_may_be_written_large(tmp_path: Path) -> None:
    assert run("page", "-e", "x = 2; L = x^2", "-o", str(tmp_path / "page.HTML")).status == 0


def test_circles_are_no_boxes_of_which_a_page_has_400(opened: Open) -> None:
    steps = "; ".join(f"x{at + 1} = sin(k*x{at}) + 0.1*x0" for at in range(48))
    page = opened(f"x0 = 0.5; k = 1.1; {steps}; L = x48")
    assert page.run("return document.querySelectorAll('#graph .box').length") == 195
    page.set("k", 1.3)
    assert page.values()["k"] == 1.3


def test_boxes_count_and_not_arrows(tmp_path: Path) -> None:
    steps = "; ".join(f"x{at + 1} = x{at}*k" for at in range(350))
    html = written(tmp_path, f"x0 = 0.5; k = 1.01; {steps}").read_text("utf-8")
    assert "<script>" in html


@pytest.mark.parametrize("end", ["L = b60", "c = b60*0 + a; L = if(b60 > 0, c, 1)"])
def test_paths_are_counted_however_many(end: str, opened: Open) -> None:
    """Two from each of sixty sums, and again those of a condition."""
    doubled = "; ".join(f"b{at + 1} = b{at} + b{at}" for at in range(60))
    page = opened(f"a = 1; b0 = a; {doubled}; {end}")
    time, title, listed = page.run(
        "const box = [...document.querySelectorAll('.box')].find((one) => one.dataset.name === 'a');"
        "const begin = performance.now(); box.dispatchEvent(new MouseEvent('click', {bubbles: true}));"
        "const time = performance.now() - begin; const told = document.querySelector('#inspector .told');"
        "return [time, told.querySelector('h3').textContent, told.querySelectorAll('h3 + ul > li').length]"
    )
    assert time < 3000  # an instant where nothing else runs; one by one they were ages
    assert listed == 40
    count = 2**60 if end == "L = b60" else 2**61 + 1
    assert title.startswith(f"The first 40 of {count:,} paths".replace(",", "\u202f"))


def test_on_a_phone_numbers_are_seen_where_sliders_are(opened: Open, driver: Any) -> None:
    phone = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    seen = "return [...document.querySelectorAll('#near, .slope')].map((each) => each.innerText)"
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        page = opened("a = 2; b = -3; L = a*b")
        assert page.run(seen) == ["L = −6", "grad −3", "grad 2"]
        page.set("a", 2.5)
        assert page.run(seen) == ["L = −7.5", "grad −3", "grad 2.5"]
        page.press("guess")
        assert page.run(seen)[1:] == ["", ""]
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_slider_has_its_length_again_when_its_number_is_back(opened: Open) -> None:
    page = opened("x = 2; L = x^2")
    length = page.run(RANGE)
    page.set("x", 1e9, "number")
    page.set("x", 3)
    assert page.run(RANGE)[1] >= 1e9  # under the finger it stays
    page.press("reset")
    assert page.run(RANGE) == length


def test_boxes_are_called_by_their_names_whatever_sliders_do(opened: Open) -> None:
    page = opened("x = 0.7; u = x*x; L = sin(u + x)*2 + u")
    titles = "return [...document.querySelectorAll('#graph .box')].map((one) => [one.dataset.name, one.querySelector('title').textContent])"
    page.set("x", 0.9)
    found = {name: title.split("\n") for name, title in page.run(titles)}
    assert found["x"][:2] == ["x", "data 0.9"]
    assert found["u"][0] == "u = x*x"
    assert all(title[0].split(" = ")[0] == name for name, title in found.items())
    told = "document.querySelector('.box[data-name=x]').dispatchEvent(new MouseEvent('click', {bubbles: true}));"
    told += "return document.querySelector('#inspector h2').textContent"
    assert page.run(told) == "x = 0.9"
    page.set("x", -1)
    assert page.run("return document.querySelector('#inspector h2').textContent") == "x = −1"


def test_shares_by_several_uses_have_a_formula(opened: Open) -> None:
    page = opened("x = 3; u = x - x; v = x + x; L = u*v")
    lines = page.run(
        "return [...document.querySelectorAll('[data-share]')].map((one) => one.querySelector('.share')?.textContent"
        " + one.lastElementChild.textContent).filter((text) => /use/.test(text))"
    )
    assert lines[0].startswith("share by use 1 of")
    every = page.run(
        "return [...document.querySelectorAll('[data-share]')].filter((one) => /use/.test(one.textContent))"
        ".map((one) => one.textContent)"
    )
    assert len(every) == 4
    for line in every:  # before the numbers
        assert re.search(r": ∂L∂[uv]·(1|\(−1\))=", line), line


@pytest.mark.parametrize("typed", ["1/3", "1,5", "two", "٣"])
def test_a_field_says_what_it_does_not_take(typed: str, opened: Open, driver: Any) -> None:
    page = opened("a = 2; L = a^2")
    field = driver.find_element("css selector", "input[type=number][data-name=a]")
    said = "return document.querySelector('input[type=number][data-name=a]').validationMessage"
    field.click()
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("4")
    assert page.run(said) == ""
    for letter in typed:
        field.send_keys(letter)
        if not letter.isascii() or not letter.isdigit():
            assert "such as 0.5" in page.run(said)
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("-2.5e-1")
    assert page.run(said) == ""
    assert page.values()["a"] == -0.25


def test_formulas_of_names_from_right_to_left_go_from_left_to_right(opened: Open) -> None:
    text = "# שלום עולם\n# אחד שתיים\nאב = 2; גד = 3\nסכום = אב - גד # הפרש\nL = סכום/אב"
    page = opened(text)
    where = """
    const at = (node, word) => {
      const range = document.createRange();
      const from = node.textContent.indexOf(word);
      range.setStart(node, from); range.setEnd(node, from + word.length);
      return range.getBoundingClientRect().left;
    };
    const texts = [...document.querySelectorAll('pre')].map((pre) => {
      const nodes = [], walk = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) nodes.push(walk.currentNode);
      return (word, turn) => at(nodes.filter((one) => one.textContent.includes(word))[turn], word);
    });
    const group = [...document.querySelectorAll('.group text')].find((one) => one.textContent.includes('-'));
    const place = (word) => group.getExtentOfChar(group.textContent.indexOf(word)).x;
    return [[texts[0]('אב', 1), texts[0]('גד', 1)], [place('אב'), place('גד')], [texts[1]('עולם', 0), texts[1]('שלום', 0)]];
    """
    for first, second in page.run(where):
        assert first < second
    assert "סכום = אב - גד" in page.run("return document.querySelector('pre').textContent")
    assert page.values()["L"] == -0.5
    paths = "document.querySelector('.box[data-name=אב]').dispatchEvent(new MouseEvent('click', {bubbles: true}));"
    paths += "return document.querySelector('#inspector h3 + ul').textContent"
    assert "אב\u200e → סכום\u200e → L" in page.run(paths)
