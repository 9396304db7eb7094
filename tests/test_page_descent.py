"""The descent of an interactive page in a real browser: its numbers are the command's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import backprop
from backprop.page_descent import SHOWN
from browser import CHROMIUM, DRIVER, Page, axed, written

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium")

CLASSIC = "e = a*b; d = e+c; L = d*f; a = 2; b = -3; c = 10; f = -2"
BOWL = "L = (x - 3)^2 + 2*(y + 1)^2 + x*y; x = 0.5; y = 2"
SLOPE = "L = x^2; x = 3"
BOUNDED = "L = (x - 3)^2 + 4*(y - x)^2; x = 0.5 in 0..2; y = 2 in 1.5..; minimize L"
CLIMBING = "p = 1/(1 + exp(-(w*x + b))); L = log(p) - 0.1*w^2; w = -1 in -2..1.5; b = 0.25; const x = 2; maximize L"
MORE = "L = (a - 1)^2 + (b - 2)^2*(c + 3)^2 + exp(a*c); a = 0.5; b = 0.3; c = -0.25; q = 7; z = q*2; minimize L"

Opened = Callable[..., "DescentPage"]


class DescentPage(Page):
    """A page whose descent is open."""

    def begin(self, optimizer: str = "gd", rate: object = 0.01) -> None:
        self.run("document.getElementById('descent').open = true")
        change = (
            "const field = document.getElementById(arguments[0]); field.value = arguments[1];"
            "field.dispatchEvent(new Event(arguments[2], {bubbles: true}))"
        )
        self.run(change, "descend-optimizer", optimizer, "change")
        self.run(change, "descend-rate", rate, "input")

    def steps(self, count: int) -> None:
        click = "document.getElementById('descend-step').click()"
        self.run(f"for (let at = 0; at < arguments[0]; at++) {click}", count)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.run("return window.backprop.descent()")
        return found

    def text(self, name: str) -> str:
        found: str = self.run("return document.getElementById(arguments[0]).textContent", name)
        return found

    def count(self, selector: str) -> int:
        found: int = self.run("return document.querySelectorAll(arguments[0]).length", selector)
        return found

    def run_to_end(self) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        self.press("descend-run")
        pressed = (
            "return document.getElementById('descend-run').getAttribute('aria-pressed') === 'true'"
        )
        WebDriverWait(self.driver, 60).until(lambda _: not self.run(pressed))


@pytest.fixture
def opened(driver: Any, tmp_path: Path) -> Opened:
    def make(text: str, *options: str, fragment: str = "") -> DescentPage:
        return DescentPage(driver, written(tmp_path, text, *options), fragment)

    return make


@pytest.mark.parametrize("text", [CLASSIC, BOWL, SLOPE, BOUNDED, CLIMBING, MORE])
def test_steps_are_those_of_the_command_with_their_lines(opened: Opened, text: str) -> None:
    page, model = opened(text), backprop.parse(text)
    of = None if model.goal else "L"  # an output that is asked for falls, whatever the goal says
    for optimizer in SHOWN:
        rate = 0.003 if optimizer in ("gd", "momentum", "nesterov") else 0.03
        page.press("reset")
        page.begin(optimizer, rate)
        for count in (1, 2, 30):
            page.steps(count - page.state()["step"])
            right = model.descend(
                of=of, optimizer=optimizer, lr=rate, steps=count, explain_step=count
            )
            found = page.state()
            assert found["step"] == right.steps == count
            assert found["inputs"] == pytest.approx(dict(right.parameters), rel=1e-12, abs=1e-13)
            assert found["value"] == pytest.approx(right.value, rel=1e-12)
            if count < 30:  # later a tenth digit may be rounded to the other side
                assert page.text("descend-explained").split("\n") == [*right.explained]
        values = page.values()
        assert {name: values[name] for name in found["inputs"]} == found["inputs"]


def test_slopes_of_few_digits_lead_on_as_those_of_the_command(opened: Opened) -> None:
    text = "L = sin(cos(0.5)*(x*2)*(y*x/log(0.5))) + 0.1*x*x; x = 93.03292420102964; y = 76.88527271727665"
    page = opened(text)
    assert page.gradients()["x"] is None  # nan: seven digits are not sure
    page.begin("momentum", 1e-9)
    page.steps(5)
    right = backprop.parse(text).descend(optimizer="momentum", lr=1e-9, steps=5)
    assert page.state()["step"] == right.steps == 5
    assert page.state()["inputs"] == pytest.approx(dict(right.parameters), rel=1e-12)


def test_slopes_too_small_for_doubles_lead_on_as_those_of_the_command(opened: Opened) -> None:
    text = "L = (a*1e-200*1e-200*1e200*1e200)^2; a = 1"
    page = opened(text)
    page.begin("gd", 0.1)
    page.steps(3)
    right = backprop.parse(text).descend(optimizer="gd", lr=0.1, steps=3)
    assert page.state()["step"] == right.steps == 3
    assert page.state()["inputs"] == pytest.approx(dict(right.parameters), rel=1e-12)


def test_a_bound_is_where_steps_end(opened: Opened) -> None:
    page = opened(BOUNDED)
    page.begin("gd", 0.3)
    page.steps(1)
    assert page.state()["inputs"] == {"x": 2, "y": 1.5}
    assert (
        "x ← min(0.5 − 0.3·(−17), 2) = 2\n  y ← max(2 − 0.3·12, 1.5) = 1.5"
        in page.text("descend-explained")
    )  # fmt: skip


def test_a_file_that_maximizes_climbs(opened: Opened) -> None:
    page = opened(CLIMBING)
    assert "so that L rises" in page.text("descent")
    page.begin("adam", 0.05)
    before = page.state()["value"]
    page.steps(20)
    assert page.state()["value"] > before
    assert "g = −∂L/∂x" in page.text("descend-explained")
    assert "so that L falls" in opened(BOWL).text("descent")


@pytest.mark.parametrize("asked", ["", "L", "p"])
def test_an_output_that_is_asked_for_falls_as_that_of_the_command(
    asked: str, opened: Opened
) -> None:
    page = opened(CLIMBING, *(["--of", asked] if asked else []))
    page.begin("gd", 0.05)
    page.steps(3)
    right = backprop.parse(CLIMBING).descend(of=asked or None, optimizer="gd", lr=0.05, steps=3)
    assert page.state()["inputs"] == pytest.approx(dict(right.parameters), rel=1e-12)
    assert f"so that {asked or 'L'} {'falls' if asked else 'rises'}" in page.text("descent")


def test_a_run_goes_on_until_nothing_moves_and_its_way_is_seen(opened: Opened) -> None:
    page = opened(BOWL)
    page.begin("gd", 0.1)
    page.run_to_end()
    state = page.state()
    assert state["cause"] == "rest"
    assert 30 < state["step"] < 1000
    right = backprop.parse(BOWL).descend(of="L").parameters
    assert state["inputs"] == pytest.approx(dict(right), rel=1e-7)
    assert "Nothing changes any more" in page.text("descend-told")
    for plot in ("curve", "map"):
        assert page.count(f"#descend-{plot} .way") == 1
        assert page.count(f"#descend-{plot} .start") == page.count(f"#descend-{plot} .now") == 1
        assert page.count(f"#descend-{plot} .axes text") > 5
    assert page.count("#descend-map .level") > 5
    assert page.count("#descend-map .height") > 3


def test_a_second_press_ends_a_run(opened: Opened) -> None:
    page = opened(BOWL)
    page.begin("gd", 1e-4)
    page.press("descend-run")
    page.press("descend-run")
    done = page.state()["step"]
    assert (
        page.run("return document.getElementById('descend-run').getAttribute('aria-pressed')")
        == "false"
    )
    assert f"Step {done}:" in page.text("descend-told")
    page.run("return new Promise((done) => setTimeout(done, 100))")
    assert page.state()["step"] == done


def test_a_long_run_pauses_and_goes_on(opened: Opened) -> None:
    page = opened(BOWL)
    page.begin("gd", 1e-5)
    for count in (1000, 2000):
        page.run_to_end()
        assert page.state()["step"] == count
        assert "Run goes on" in page.text("descend-told")


def test_a_rate_that_is_too_large_is_told_and_the_run_stops(opened: Opened) -> None:
    page = opened(SLOPE)
    page.begin("gd", 1.2)
    page.run_to_end()
    state = page.state()
    assert state["cause"] == "diverges"
    assert state["value"] > 9e6
    told = page.text("descend-told")
    assert "the learning rate is too large here" in told
    assert "from 9" in told
    assert "such as 0.12." in told
    assert "2000" in page.text("descend-map")
    # what diverges at once: 1e200 squared is no double
    page.press("descend-reset")
    assert "2000" not in page.text("descend-map")  # the map is near again
    page.begin("gd", 1e200)
    page.run_to_end()
    assert page.state()["cause"] == "not_finite"
    assert page.state()["step"] == 0
    assert page.values()["x"] == 3
    assert "Step 1 is not taken" in page.text("descend-told")
    # a smaller rate does it, from the same page
    page.begin("gd", 0.12)
    page.run_to_end()
    assert page.state()["cause"] == "rest"
    assert abs(page.state()["inputs"]["x"]) < 1e-7


def test_a_run_that_does_not_settle_is_told(opened: Opened) -> None:
    page = opened("L = x^4 - 3*x^2 + x; x = 0.3")
    page.begin("gd", 0.3)
    page.run_to_end()
    assert page.state()["step"] == 1000
    assert page.state()["cause"] == "swings"
    assert "does not settle: take a smaller learning rate, such as 0.03," in page.text(
        "descend-told"
    )


def test_an_output_without_an_end_is_told(opened: Opened) -> None:
    page = opened(CLASSIC)
    page.begin("gd", 0.1)
    page.run_to_end()
    assert page.state()["cause"] == "endless"
    assert "nothing holds it" in page.text("descend-told")


def test_a_slope_without_a_value_is_told(opened: Opened) -> None:
    page = opened("L = sqrt(x) + x; x = 0")
    page.begin("gd", 0.1)
    page.steps(1)
    assert page.state()["step"] == 0
    assert page.state()["cause"] == "no_slope"
    page.set("x", 1)
    page.steps(1)
    assert page.state()["inputs"]["x"] == pytest.approx(1 - 0.1 * 1.5)


def test_reset_leads_back_to_where_the_descent_began(opened: Opened) -> None:
    page = opened(BOWL)
    page.set("x", 1.25)
    page.begin("adam", 0.1)
    page.steps(7)
    page.begin("momentum", 0.01)  # another optimizer goes on from here, and back leads to the start
    assert page.state()["step"] == 0
    page.steps(3)
    page.press("descend-reset")
    assert page.state()["step"] == 0
    assert page.state()["inputs"] == {"x": 1.25, "y": 2}
    assert page.values()["x"] == 1.25
    assert page.text("descend-explained") == "No step yet."
    assert page.run("return document.getElementById('descend-reset').disabled")
    page.press("reset")
    assert page.state()["inputs"] == {"x": 0.5, "y": 2}


def test_a_slider_that_moves_in_between_begins_anew(opened: Opened) -> None:
    page = opened(BOWL)
    page.begin("momentum", 0.05)
    page.steps(5)
    at = page.state()["inputs"]
    page.set("y", 1)
    assert page.state()["step"] == 0
    assert page.state()["inputs"] == {"x": at["x"], "y": 1}
    page.steps(4)
    right = backprop.parse(BOWL).descend(
        {"x": at["x"], "y": 1}, optimizer="momentum", lr=0.05, steps=4
    )
    assert page.state()["inputs"] == pytest.approx(dict(right.parameters), rel=1e-12)


def test_a_rate_that_is_none_takes_no_step(opened: Opened) -> None:
    page = opened(BOWL)
    for rate in ("0", "-1", ""):
        page.begin("gd", rate)
        page.steps(1)
        assert page.state()["step"] == 0
        assert page.text("descend-told") == "The learning rate must be a positive number."
    page.run(
        "const rates = document.getElementById('descend-rates'); rates.value = 9;"
        "rates.dispatchEvent(new Event('input'))"
    )
    assert page.run("return document.getElementById('descend-rate').value") == "0.1"
    page.steps(1)
    assert page.state()["step"] == 1


def test_one_input_has_a_curve(opened: Opened) -> None:
    page = opened("L = x^4 - 3*x^2 + x; x = 0.3")
    page.begin("gd", 0.02)
    page.steps(10)
    assert page.count("#descend-map .level") == 1
    assert page.count("#descend-map .dot") == 9
    assert page.count("#descend-axes select") == 0
    names = "return [...document.querySelectorAll('#descend-map .name')].map((each) => each.textContent)"
    assert page.run(names) == ["x", "L"]
    label = page.run("return document.getElementById('descend-map').getAttribute('aria-label')")
    assert label.startswith("The way over x; now x = ")


def test_of_more_inputs_two_are_chosen(opened: Opened) -> None:
    page = opened(MORE)
    page.begin("gd", 0.01)
    page.steps(2)
    names = "return [...document.querySelectorAll('#descend-map .name')].map((each) => each.textContent)"
    assert page.run(names) == ["a", "b"]
    choose = (
        "const [one, other] = document.querySelectorAll('#descend-axes select');"
        "const chosen = [one, other][arguments[0]]; chosen.value = arguments[1];"
        "chosen.dispatchEvent(new Event('change')); return [one.value, other.value]"
    )
    assert page.run(choose, 1, "2") == ["0", "2"]
    assert page.run(names) == ["a", "c"]
    assert page.run(choose, 0, "2") == ["2", "0"]  # both cannot be the same
    assert page.run(names) == ["c", "a"]
    assert page.count("#descend-map .level") > 3


def test_lines_of_equal_height_are_where_the_output_has_that_height(opened: Opened) -> None:
    page = opened("L = x^2 + y^2; x = 2; y = 1")
    page.begin()
    found = page.run(
        "const labels = [...document.querySelectorAll('#descend-map .height')].map((each) =>"
        " [each.textContent, Number(each.getAttribute('x')), Number(each.getAttribute('y')) - 4]);"
        "const ticks = (kind) => [...document.querySelectorAll(`#descend-map .axes .${kind}:not(.name)`)]"
        " .map((each) => [each.textContent, Number(each.getAttribute(kind === 'across' ? 'x' : 'y'))]);"
        "return [labels, ticks('across'), ticks('up')]"
    )
    labels, across, up = found

    def scale(ticks: list[list[Any]], lift: float = 0) -> Callable[[float], float]:
        (one, first), (other, last) = (
            (float(text.replace("−", "-")), place - lift) for text, place in (ticks[0], ticks[-1])
        )
        return lambda place: one + (place - first) / (last - first) * (other - one)

    x, y = scale(across), scale(up, 4)
    assert len(labels) > 4
    for text, right, down in labels:
        assert x(right) ** 2 + y(down) ** 2 == pytest.approx(float(text), abs=0.1)


def test_lines_through_a_narrow_valley_are_fine_when_all_rests(opened: Opened) -> None:
    page = opened("L = (1 - x)^2 + 100*(y - x^2)^2; x = -1.2; y = 1")
    page.begin()
    width, longest = page.run(
        "const lengths = [...document.querySelectorAll('#descend-map .level')].flatMap((one) =>"
        " [...one.getAttribute('d').matchAll(/M([-.\\d]+) [-.\\d]+L([-.\\d]+)/g)].map((each) => Math.abs(each[1] - each[2])));"
        "return [document.getElementById('descend-map').clientWidth, Math.max(...lengths)]"
    )
    assert 0 < longest < width / 100


def test_a_click_on_the_map_begins_there(opened: Opened) -> None:
    page = opened("L = x^2 + y^2; x = 2; y = 1 in 0..")
    page.begin()
    page.steps(3)
    page.run(
        "const map = document.getElementById('descend-map'); const frame = map.getBoundingClientRect();"
        "map.dispatchEvent(new MouseEvent('click', {bubbles: true,"
        " clientX: frame.left + frame.width*0.5, clientY: frame.top + frame.height*0.5}))"
    )
    state = page.state()
    assert state["step"] == 0
    assert -2 < state["inputs"]["x"] < 6
    assert page.values()["x"] == state["inputs"]["x"] != 2
    assert page.values()["y"] >= 0


def test_without_motion_a_run_is_a_hundred_steps_at_once(opened: Opened) -> None:
    page = opened(BOWL)
    calm = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": calm})
    try:
        page.begin("gd", 1e-3)
        page.press("descend-run")
        assert page.state()["step"] == 100
        assert (
            page.run("return document.getElementById('descend-run').getAttribute('aria-pressed')")
            == "false"
        )
        assert "Step 100:" in page.text("descend-told")
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_address_says_how_to_descend(opened: Opened) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    page = opened(BOWL)
    page.begin("adam", 0.25)
    page.set("x", 1.5)
    wanted = "#x=1.5&@optimizer=adam&@rate=0.25"
    WebDriverWait(page.driver, 10).until(lambda _: page.run("return location.hash") == wanted)
    page = opened(BOWL, fragment=wanted)
    assert page.run("return document.getElementById('descent').open")
    page.steps(2)
    assert page.text("descend-explained").startswith("step 2 by adam")
    assert "lr = 0.25" in page.text("descend-explained")
    right = backprop.parse(BOWL).descend({"x": 1.5}, optimizer="adam", lr=0.25, steps=2)
    assert page.state()["inputs"] == pytest.approx(dict(right.parameters), rel=1e-12)
    for nothing in ("@optimizer=lbfgs&@rate=-1", "@optimizer=__proto__", "@optimizer=0&@rate=x"):
        page = opened(BOWL, fragment=f"#{nothing}")
        assert page.state()["optimizer"] == "gd"
        page.steps(1)
        assert page.text("descend-told").startswith("Step 1:")


def test_keys_do_all(opened: Opened) -> None:
    from selenium.webdriver.common.keys import Keys

    page = opened(BOWL)
    page.run("document.querySelector('#descent summary').focus()")
    element = page.driver.switch_to.active_element
    element.send_keys(Keys.ENTER)
    assert page.run("return document.getElementById('descent').open")
    element.send_keys(Keys.TAB)
    button = page.driver.switch_to.active_element
    assert button.get_attribute("id") == "descend-step"
    button.send_keys(Keys.ENTER)
    button.send_keys(Keys.SPACE)
    assert page.state()["step"] == 2
    order = []
    for _ in range(5):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        order.append(page.driver.switch_to.active_element.get_attribute("id"))
    assert order == [f"descend-{name}" for name in ("run", "reset", "optimizer", "rate", "rates")]
    page.driver.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert page.run("return document.getElementById('descend-rate').value") == "0.02"
    assert page.state()["step"] == 2


def test_a_page_of_constants_has_no_descent(opened: Opened) -> None:
    page = opened("const x = 2; L = x^2")
    assert page.count("#descent") == 0
    assert page.state() is None


def test_another_language(opened: Opened) -> None:
    page = opened(SLOPE, "--language", "de")
    page.begin("gd", 0.1)
    page.steps(1)
    assert page.text("descend-told") == "Schritt 1: L = 5.76."
    assert page.text("descend-explained").startswith("Schritt 1 mit gd: x' = x − lr·g")


def test_ground_with_holes_and_flat_ground_are_drawn(opened: Opened) -> None:
    for text in (
        "L = log(x)*sqrt(y) + 1/(x - 2); x = 1; y = 1", "L = 0*x + 0*y; x = 1; y = 1",
        "L = 1/x; x = 1", "L = 1e300*x + 1e300*y; x = 1e-5; y = 1", "L = floor(x) + log(y); x = 2.5; y = 1",
        "L = x*1e-320; x = 1", "L = 1e17 + x^2; x = 1",
    ):  # fmt: skip
        page = opened(text)
        page.begin("gd", 0.1)
        page.steps(1)
        assert page.count("#descend-map .now") == 1, text
        drawn = page.run("return document.getElementById('descent').innerHTML")
        assert "NaN" not in drawn, text
        assert "Infinity" not in drawn, text


def test_a_phone_has_room(opened: Opened) -> None:
    page = opened(MORE)
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page.begin("adam", 0.1)
        page.steps(3)
        assert page.run("return document.documentElement.scrollWidth") == 390
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("text", [BOWL, MORE])
def test_axe_finds_nothing_serious(opened: Opened, driver: Any, text: str, scheme: str) -> None:
    with axed(driver, scheme):
        page = opened(text)
        page.begin("gd", 1e200)
        page.steps(2)
        page.begin("gd", 0.01)
        page.steps(2)
