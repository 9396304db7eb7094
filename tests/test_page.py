"""Interactive pages in a real browser: numbers, steps, clicks, addresses, keys, and what a page may not do."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import backprop
from backprop import gallery
from backprop.errors import BackpropError
from backprop.operations import OPERATIONS
from backprop.reports.page.page_html import LANGUAGES, words
from browser import CHROMIUM, DRIVER, Page, axed, written
from running import backprop as run

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium")

CLASSIC = "e = a*b; d = e+c; L = d*f; a = 2; b = -3; c = 10; f = -2"
TWICE = "a = 3; b = 2 in 0..5; d = a*b; L = d*a + a"

Open = Callable[..., Page]


@pytest.fixture
def opened(driver: Any, tmp_path: Path) -> Open:
    def make(text: str, *options: str, fragment: str = "") -> Page:
        return Page(driver, written(tmp_path, text, *options), fragment)

    return make


def test_numbers_are_the_commands_and_follow_sliders_and_fields(opened: Open) -> None:
    page = opened(CLASSIC)
    model = backprop.parse(CLASSIC)
    given = {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0}
    for name, number, kind in (
        ("a", 2, "range"), ("a", 1.25, "range"), ("b", 4, "number"), ("f", -0.5, "range"), ("c", 1e6, "number"),
    ):  # fmt: skip
        given[name] = number
        page.set(name, number, kind)
        found = model.grad(given)
        assert page.values() == pytest.approx(dict(found.data), rel=1e-13)
        assert page.gradients() == pytest.approx(dict(found.gradients), rel=1e-13)
    assert page.shown("a", "grad") == "−2"
    assert page.shown("e", "data") == "5"
    assert page.shown("L", "data") == "−500002.5"


def test_steps_compute_one_thing_at_a_time(opened: Open) -> None:
    page = opened(TWICE)
    page.press("reset")
    assert page.current() == ""
    assert [page.shown(name, "data") for name in ("a", "d", "L")] == ["3", "", ""]
    page.press("step")
    assert [page.shown(name, "data") for name in ("d", "L")] == ["6", ""]
    page.press("forward")
    assert [page.shown(name, "data") for name in ("d", "L")] == ["6", "21"]
    assert [page.shown(name, "grad") for name in ("a", "d", "L")] == ["", "", ""]
    grads = []
    for _ in range(4):
        page.press("step")
        grads.append(page.shown("a", "grad"))
    # 1 by the sum, d = 6 by the product, b·a = 6 through d
    assert grads == ["", "1 + …", "7 + …", "13"]
    page.press("back")
    assert page.shown("a", "grad") == "7 + …"
    page.press("backward")
    assert page.shown("a", "grad") == "13"
    assert page.run("return document.getElementById('step').disabled")


def test_a_step_lights_its_box_its_arrows_and_its_line(opened: Open) -> None:
    page = opened(CLASSIC)
    page.press("reset")
    page.press("step")
    lit = "return [...document.querySelectorAll('.lit')].map((one) => one.dataset.name ?? 'arrow')"
    assert sorted(page.run(lit)) == ["arrow", "arrow", "e"]
    line = "return document.querySelector('[aria-current=step]').textContent"
    assert page.run(line) == "e=a·b=2·(−3)=−6"
    page.press("backward")
    assert "=−2·(−3)=6" in page.run(line)
    page.run("document.querySelector('[data-step=\"start\"]').click()")
    assert page.current() == "start"
    assert page.shown("L", "grad") == "1"
    assert page.shown("d", "grad") == ""


def test_keys_and_the_bar_go_through_the_steps(opened: Open) -> None:
    page = opened(CLASSIC)
    page.key("Home")
    assert page.current() == ""
    page.key("ArrowRight")
    page.key("ArrowRight")
    assert page.shown("d", "data") == "4"
    page.key("ArrowLeft")
    assert page.shown("d", "data") == ""
    page.key("End")
    assert page.shown("a", "grad") == "6"
    page.run(
        "const bar = document.getElementById('place'); bar.value = 3; bar.dispatchEvent(new Event('input'))"
    )
    assert page.shown("L", "data") == "−8"
    assert page.shown("L", "grad") == ""


def test_playing_goes_on_by_itself_and_stops_at_the_end(opened: Open) -> None:
    page = opened(CLASSIC)
    page.run("document.getElementById('speed').value = 4")
    page.press("play")
    done = "return document.getElementById('play').getAttribute('aria-pressed') === 'false'"
    assert not page.run(done)
    wait(page, done)
    assert page.shown("a", "grad") == "6"


def wait(page: Page, condition: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(page.driver, 10).until(lambda _: page.run(condition))


def test_a_click_on_a_box_tells_its_whole_chain_rule(opened: Open) -> None:
    page = opened(TWICE)
    click(page, "a")
    told = page.run("return document.getElementById('inspector').textContent")
    assert "3 uses" in told
    assert "=1+6+6=13" in told
    assert "a → d → " in told
    assert re.search(r"a → d → v1 → L: 2 · 3 · 1 = 6", told)
    page.set("b", 5)
    told = page.run("return document.getElementById('inspector').textContent")
    assert "=1+15+15=31" in told
    page.key("Escape")
    assert page.run("return document.getElementById('inspector').hidden")


def click(page: Page, name: str) -> None:
    page.run(
        "[...document.querySelectorAll('.box')].find((one) => one.dataset.name === arguments[0])"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))",
        name,
    )


def test_a_click_on_an_arrow_tells_its_rule(opened: Open) -> None:
    page = opened(CLASSIC)
    page.run(
        "document.querySelector('.arrow').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    told = page.run("return document.getElementById('inspector').textContent")
    assert "a → e" in told
    assert "product rule" in told
    assert "=−2·(−3)=6" in told


def test_the_address_has_the_state_and_gives_it_back(opened: Open) -> None:
    page = opened(CLASSIC)
    page.set("a", 2.5)
    page.key("Home")
    page.key("ArrowRight")
    wait(page, "return window.location.hash !== ''")
    fragment = page.run("return window.location.hash")
    assert fragment == "#a=2.5&@step=1"
    page = opened(CLASSIC, fragment=fragment)
    assert page.values()["a"] == 2.5
    assert page.shown("e", "data") == "−7.5"
    assert page.shown("d", "data") == ""
    # what is no state, or beyond bounds, does no harm
    page = opened(TWICE, fragment="#b=99&nobody=1&a=x&%zz=3&@step=-4")
    assert page.values()["b"] == 5
    assert page.values()["a"] == 3
    assert page.shown("d", "data") == ""


def test_the_gradient_is_checked_by_differences(opened: Open) -> None:
    page = opened("x = 0.7; y = 2; L = exp(x)*sin(y) + x^3")
    page.press("check")
    rows = page.run(
        "return [...document.querySelectorAll('#checked tbody tr')].map((row) =>"
        " [...row.cells].map((cell) => cell.textContent))"
    )
    assert [row[0] for row in rows] == ["x", "y"]
    assert [row[3] for row in rows] == ["agrees", "agrees"]
    page = opened("x = 0; L = abs(x)")
    page.press("check")
    assert "agrees" in page.run("return document.getElementById('checked').textContent")


def test_the_other_language_is_whole() -> None:
    keys = [{*words(language)} for language in LANGUAGES]
    assert len(keys) == 2
    assert keys[0] == keys[1]
    fields = [
        {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in words(each).items()}
        for each in LANGUAGES
    ]
    assert fields[0] == fields[1]


def test_a_page_speaks_its_language(opened: Open) -> None:
    page = opened(CLASSIC, "--language", "de")
    assert page.run("return document.documentElement.lang") == "de"
    assert page.run("return document.getElementById('step').textContent") == "Schritt"
    click(page, "a")
    assert "Ein Schritt verwendet dies" in page.run(
        "return document.getElementById('inspector').textContent"
    )


def test_rules_of_all_operations_have_names_in_every_language(opened: Open) -> None:
    rules = {rule for row in OPERATIONS.values() for rule in (row.rule, *row.alone) if rule}
    german, english = words("de"), words("en")
    assert all(english[f"rule {rule}"] == rule != german[f"rule {rule}"] for rule in rules)
    text = "x = 2; y = 3; L = x*y/(x + y) + 3*x + y^2 + 2^x + x^y + tanh(x) + if(x < y, x, y)"
    page = opened(text, "--language", "de")
    shown = page.run(
        "return [...document.querySelectorAll('.rule')].map((each) => each.textContent)"
    )
    assert {"Produktregel", "Potenzregel, Exponentialregel", "Ableitung von tanh"} < {*shown}
    assert not [each for each in shown if re.search(r"\b(rule|derivative|the)\b", each)]
    assert page.run("return document.getElementById('graph').ariaLabel") == "Graph von L"


AXED = [("classic", "light"), ("classic", "dark"), ("mazur_network", "dark")]
ALL = [(name, scheme) for name in ("exercise_05_relu", "mazur_network", "two_moons") for scheme in ("light", "dark")]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "scheme"),
    [*AXED, *(pytest.param(*each, marks=pytest.mark.whole) for each in ALL if each not in AXED)],
)
def test_axe_finds_nothing_serious(name: str, scheme: str, driver: Any, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    (tmp_path / "model.eq").write_text(gallery.example(name).text, "utf-8")
    assert run("page", str(tmp_path / "model.eq"), "-o", str(path)).status == 0
    with axed(driver, scheme):
        page = Page(driver, path)
        page.run(
            "document.querySelector('.box')?.dispatchEvent(new MouseEvent('click', {bubbles: true}));"
            "document.getElementById('check')?.click()"
        )


HOSTILE = "</script><script>window.bad=1</script><img src=x onerror=window.bad=1>&amp;]]>\u2028"


def test_nothing_of_a_file_is_taken_for_a_part_of_the_page(driver: Any, tmp_path: Path) -> None:
    name = "a<b>&quot;.eq"
    file, path = tmp_path / name, tmp_path / "page.html"
    file.write_text(f"# {HOSTILE}\nx = 2 # {HOSTILE}\nL = x^2 # {HOSTILE}\n", "utf-8")
    assert run("page", str(file), "-o", str(path), "--title", HOSTILE).status == 0
    page = Page(driver, path)
    assert page.run("return window.bad ?? null") is None
    assert page.run("return document.images.length + document.scripts.length") == 1
    assert HOSTILE[:20] in page.run("return document.title")
    assert page.values() == {"x": 2, "L": 4}


def test_a_script_that_is_put_in_does_not_run(opened: Open) -> None:
    page = opened(CLASSIC)
    page.driver.execute_script(
        "const one = document.createElement('script'); one.textContent = 'window.bad = 1';"
        "document.body.append(one)"
    )
    assert page.driver.execute_script("return window.bad ?? null") is None
    (refused,) = page.driver.get_log("browser")
    assert "Content Security Policy" in refused["message"]


def test_the_classic_page_is_small_and_needs_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert run("page", "-e", CLASSIC, "-o", str(path)).status == 0
    text = path.read_text("utf-8")
    assert len(text) < 300_000
    assert not re.search(r'(?:src|href)="(?!#)', text)
    assert "http" not in text.replace("http-equiv", "")


def test_bad_requests_are_told(tmp_path: Path) -> None:
    found = run("page", "-e", CLASSIC, "-o", str(tmp_path / "page.pdf"))
    assert found.status == 2
    assert "no ending of a page" in found.err
    assert not [*tmp_path.iterdir()]
    many = "; ".join(f"y{at} = x{at}*k; x{at} = {at}" for at in range(2500))
    total = " + ".join(f"y{at}" for at in range(2500))
    found = run("page", "-e", f"{many}; k = 1; L = {total}", "-o", str(tmp_path / "page.html"))
    assert found.status == 1
    assert "give smaller sizes" in found.err
    assert not [*tmp_path.iterdir()]


def test_large_graphs_are_folded_and_explained_rule_by_rule(driver: Any, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    (tmp_path / "moons.eq").write_text(gallery.example("two_moons").text, "utf-8")
    assert run("page", str(tmp_path / "moons.eq"), "-o", str(path)).status == 0
    page = Page(driver, path)
    assert page.run("return document.scripts.length") == 0
    text = page.run("return document.body.textContent")
    assert "h[1..100,1..16]" in text
    assert "loss = 0.6451698" in text
    assert "Derivative of loss by o[p]" in text
    boxes = page.run(
        "return [...document.querySelectorAll('[data-name]')].map((box) => [box.dataset.name,"
        " ...['data', 'grad'].map((role) => box.querySelector(`[data-role=${role}]`).textContent),"
        " getComputedStyle(box.querySelector('rect')).fill])"
    )
    gradient = backprop.load(tmp_path / "moons.eq").grad()
    assert len(boxes) == 12
    for name, *numbers, fill in boxes:
        family = name.partition("[")[0]
        some = [each for each in gradient.data if each.partition("[")[0] == family]
        for found, of in zip(numbers, (gradient.data, gradient.gradients), strict=True):
            truth = max((of[each] for each in some), key=abs)
            assert float(found.replace("−", "-")) == pytest.approx(
                abs(truth) if "[" in name else truth,
                abs=5.1e-5,
                rel=1e-4 if abs(truth) < 1e-3 else 0,
            )
        white = family in ("x", "t")
        assert (fill in ("none", "rgb(255, 255, 255)")) == white, name


def _words_of(html: str) -> str:
    """What stands on a page besides its style, pictures and formulas."""
    bare = re.sub(r"<(style|svg|math|pre).*?</\1>", " ", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", bare).split())


CHAIN = "x0 = 0.5; " + "; ".join(f"x{n} = {1 + n / 1000}*x{n - 1} + sin(x0)" for n in range(1, 405))


@pytest.mark.parametrize("text", [CHAIN, gallery.example("two_moons").text])
def test_large_pages_explain_in_their_language(text: str, tmp_path: Path) -> None:
    """More equations than boxes have a picture: then the derivation alone, as of families with it."""
    words_of = {}
    for language in LANGUAGES:
        lesson = tmp_path / f"{language}.html"
        ran = run("page", "-e", text, "--language", language, "-o", str(lesson))
        assert ran.status == 0, ran.err
        html = lesson.read_text()
        assert ("<svg" in html) == (text != CHAIN)
        assert html.count("<math") > 200
        in_steps = words(language)["large_in_steps" if text == CHAIN else "large_explained"]
        assert in_steps in html
        words_of[language] = _words_of(html.partition("</h1>")[2])
    assert "derivative" in words_of["en"]
    assert re.search(r"sum rule|Derivative of", words_of["en"])
    assert not re.search(r"\b(rule|by|derivative|result|the|step|share of|pass)\b", words_of["de"])
    assert re.search(r"Summenregel", words_of["de"])


def test_a_model_has_a_page_that_a_notebook_shows(driver: Any, tmp_path: Path) -> None:
    page = backprop.parse(CLASSIC).page(a=3, title="a lesson")
    page.save(tmp_path / "lesson.html")
    opened = Page(driver, tmp_path / "lesson.html")
    assert opened.values()["L"] == -2
    assert opened.run("return document.title") == "a lesson"
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><title>n</title>{page._repr_html_()}", "utf-8")
    driver.get(path.as_uri())
    driver.switch_to.frame(0)
    shown = "return document.querySelector('[data-name=L] [data-role=data]').textContent"
    assert driver.execute_script(shown) == "−2"
    driver.switch_to.default_content()
    with pytest.raises(BackpropError, match="no words in 'xx'"):
        backprop.parse(CLASSIC).page(language="xx")


def test_numbers_of_json_are_those_of_doubles(opened: Open) -> None:
    page = opened("x = 0.1; y = 1e300; L = x*3 + 1/y")
    assert json.loads(json.dumps(page.values()))["L"] == 0.1 * 3 + 1e-300


def test_a_step_without_a_value_is_told(opened: Open) -> None:
    page = opened("x = 2; y = log(x); L = 1/(1/x) + y^2")
    assert page.run("return document.getElementById('unfit').hidden")
    page.set("x", -1, "number")
    told = "return document.getElementById('unfit').textContent"
    assert "y" in page.run(told)
    assert page.run("return document.getElementById('value').textContent") == "nan"
    page.set("x", 3, "number")
    assert page.run("return document.getElementById('unfit').hidden")
    assert page.gradients()["x"] == pytest.approx(1 + 2 * math.log(3) / 3, rel=1e-13)


def test_the_heading_has_the_title_and_the_output_as_a_person_reads_it(opened: Open) -> None:
    heading = "return document.querySelector('h1').textContent"
    page = opened("a = 0.1; L = a*3")
    assert page.run(heading) == "L = 0.3"
    assert page.run("return document.title") == "L"
    page = opened("a = 0.1; L = a*3", "--title", "thirds")
    assert page.run(heading) == "thirds: L = 0.3"
