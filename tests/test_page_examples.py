"""Pages of the examples in a real browser, on a desktop and on a phone: all that a page does, driven on each.

A page is loaded, driven by `drive_page.js` in one go, and loaded again from the address that it has written. What
has to come out is computed by the library (`driven_pages.py`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from backprop import parse
from browser import CHROMIUM, DRIVER, Page, axed
from driven_pages import (
    DRIVE,
    EXAMPLES,
    FOLDED,
    MOST_PATHS,
    WORDS,
    Lesson,
    Numbers,
    is_shown,
    moved,
    plain,
    read,
    text_of,
)
from running import backprop as run

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium")

WIDTHS = 1280, 390
PHONE = 390

FEW = "classic", "exercise_10_least_squares", "two_moons"
"""Examples that are printed in every run."""

CASES = [
    pytest.param(name, width, marks=[] if (at + side) % 2 and name != FOLDED else pytest.mark.whole)
    for at, name in enumerate(EXAMPLES)
    for side, width in enumerate(WIDTHS)
]
"""Each example in one of the windows, and what is folded in `one_neuron`; of --whole all in both."""


@cache
def lesson(name: str) -> Lesson:
    return Lesson(name)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Of an example its page, written by the command once."""
    folder = tmp_path_factory.mktemp("pages")

    def page(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            (folder / f"{name}.eq").write_text(text_of(name), "utf-8")
            assert run("page", str(folder / f"{name}.eq"), "-o", str(path)).status == 0
        return path

    return page


@contextmanager
def window(driver: Any, width: int, *features: Mapping[str, str]) -> Iterator[None]:
    """A window of a width; a phone is held upright. Files that a page saves are refused."""
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width == PHONE}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [*features]})
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "deny"})
    try:
        yield
    finally:
        driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "default"})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


CALM = {"name": "prefers-reduced-motion", "value": "reduce"}


@pytest.mark.parametrize(("name", "width"), CASES)
def test_a_page_does_all_that_it_promises(name: str, width: int, driver: Any, pages: Any) -> None:
    right = lesson(name)
    plan = right.plan()
    with window(driver, width, CALM):
        page = Page(driver, pages(name))
        found = driver.execute_async_script(DRIVE, plan)
        assert "error" not in found, found["error"]
        page.faults()
        again = Page(driver, pages(name), found["hash"])
        kept = [
            again.values(),
            again.gradients(),
            again.run("return +document.getElementById('place').value"),
        ]
    assert kept == [*found["kept"]["numbers"], plan["place"]]
    check_contract(right, found)
    check_numbers(right, found, plan)
    check_steps(right, found)
    check_ways(right, found["ways"])
    check_told(right, found["told"])
    check_differences(right, found["checked"])
    check_guesses(right, found["guess"], plan)
    check_descent(right, found["descent"], plan)
    check_families(right, found["families"])
    assert found["scrolls"] == ["instant"]  # motion is not wanted
    assert [found["wide"], found["wideGuess"], found["wideDescent"]] == [width] * 3
    for reach in found["reach"]:
        assert reach["count"] > 10
        assert not reach["covered"]
        assert not reach["small"]


def check_contract(right: Lesson, found: Any) -> None:
    names = {
        str(node): each
        for node, each in enumerate(right.names)
        if right.content.nodes[node].role != "number"
    }
    assert found["names"] == names
    assert found["controls"] == {"range": [*right.inputs], "number": [*right.inputs]}
    for constant in right.model.constants:
        assert constant not in right.inputs


def check_numbers(right: Lesson, found: Any, plan: Any) -> None:
    check_point(right, right.numbers({}), found["start"])
    for given, each in zip(moved(plan["moves"], found["moves"]), found["moves"], strict=True):
        check_point(right, right.numbers(given), each)
    same(found["reset"]["numbers"], right.numbers({}).by_name)
    assert found["reset"]["place"] == 0


def same(found: Any, right: Any) -> None:
    """Values and gradients of what the file names."""
    for own, others in zip(found, right, strict=True):
        assert own == pytest.approx(dict(others), rel=1e-13, abs=1e-300)


def check_point(right: Lesson, numbers: Numbers, found: Any) -> None:
    same(found["numbers"], numbers.by_name)
    assert read(found["value"]) == pytest.approx(numbers.data[right.output], rel=1e-9)
    for node, (data, grad) in found["shown"].items():
        assert is_shown(data, numbers.data[int(node)]), (right.names[int(node)], data)
        assert is_shown(grad, numbers.gradients[int(node)]), (right.names[int(node)], grad)
    for edge, text in found["arrows"].items():
        moves = right.edges[int(edge)].moves
        assert is_shown(text, numbers.slopes[int(edge)]) if moves else text == ""


def check_steps(right: Lesson, found: Any) -> None:
    numbers = right.numbers({})
    keys = right.keys
    assert len(found["steps"]) == len(keys) + 1
    drawn = {int(edge) for edge in found["start"]["arrows"]}
    for place, each in enumerate(found["steps"]):
        assert each["place"] == place
        assert (
            each["waiting"] == len(keys) - place or len(keys) > 60
        )  # of longer lists they are marked when there is time
        assert each["disabled"] == (
            [] if 0 < place < len(keys) else ["back"] if place == 0 else ["step"]
        )
        check_blanks(right, numbers, place, each["shown"])
        if place == 0:
            assert not any(each[key] for key in ("steps", "boxes", "arrows", "folded"))
            continue
        key = keys[place - 1]
        node = right.output if key == "start" else int(key[1:])
        assert each["steps"] == [key]
        assert each["boxes"] == [str(node)]
        lit = {
            edge
            for edge, (_, head, _, moves) in enumerate(right.edges)
            if head == node and (moves or key[0] == "f")
        }
        assert {int(edge) for edge in each["arrows"]} == (lit & drawn if key != "start" else set())
        assert each["line"].startswith(
            f"∂{plain(right.names[node])}" if key == "start" else plain(right.names[node])
        )
        if key[0] == "f":
            assert is_shown(each["line"].split("=")[-1], numbers.data[node])
        else:
            assert "…" not in each["line"]
        assert each["inPicture"]
        assert each["seen"] or not each["isAwaited"]
        if right.content.folded:
            assert len(each["folded"]) == 1
            check_lit(right, key, node, each["folded"][0])


def check_lit(right: Lesson, key: str, node: int, members: str) -> None:
    """The box of a family in which a step is computed is lit."""
    content = right.content
    ids = [id for id, some in content.members.items() if " ".join(map(str, some)) == members]
    assert any(
        node in (content.members[id] if key == "start" else content.inside[id]) for id in ids
    )


def check_blanks(right: Lesson, numbers: Numbers, place: int, shown: Any) -> None:
    """What is computed by a step is there, what is not is blank, and shares add up."""
    done = {int(key[1:]) for key in right.keys[:place] if key[0] == "f"}
    for text, (data, grad) in shown.items():
        node = int(text)
        if node in done or node not in right.steps:
            assert is_shown(data, numbers.data[node])
        else:
            assert data == ""
        arrived = right.gradient(node, place, numbers)
        if arrived is None:
            assert grad == ""
        else:
            number, whole = arrived
            assert grad.endswith(" + …") != whole
            assert is_shown(grad.removesuffix(" + …"), numbers.gradients[node] if whole else number)


def check_ways(right: Lesson, found: Any) -> None:
    last, forward = len(right.keys), len(right.content.steps)
    expected = {
        "reset": 0, "forward": forward, "right": forward + 1, "left": forward, "back": forward - 1, "backward": last,
        "home": 0, "end": last, "bar": last // 2, "line": 2, "played": last,
    }  # fmt: skip
    assert {key: found[key][0] for key in expected} == expected
    by_place = dict[int, str]()
    for key in expected:
        place, shown = found[key][:2]
        assert by_place.setdefault(place, shown) == shown
    assert found["plays"]
    assert found["played"][2] is False
    assert found["again"] == [0, True]
    assert found["paused"] is False


def check_told(right: Lesson, found: Any) -> None:
    numbers = right.numbers({})
    out = right.names[right.output]
    assert found["isClosed"]
    for text, each in found["boxes"].items():
        node = int(text)
        uses = right.content.used.get(node, [])
        assert each["seen"]
        assert each["marked"] == [text]
        assert each["head"].partition(" = ")[0] == right.names[node]
        if node == right.output or not uses:
            assert each["words"] == [WORDS["output_itself" if node == right.output else "no_part"]]
            continue
        words = WORDS["one_use"] if len(uses) == 1 else WORDS["many_uses"].format(count=len(uses))
        assert each["words"] == [words]
        shares = [numbers.shares[edge] for edge in reversed(uses)]
        assert len(each["lines"]) == len(shares) + (len(shares) > 1)
        by = f"∂{plain(out)}∂{plain(right.names[node])}"
        for line, share, edge in zip(each["lines"], shares, reversed(uses), strict=False):
            assert by in line
            assert f"∂{plain(right.names[right.edges[edge].head])}" in line
            assert is_shown(line.split("=")[-1], share)
        assert is_shown(each["lines"][-1].split("=")[-1], numbers.gradients[node])
        check_paths(right, node, numbers, each["paths"])
    assert len(found["arrows"]) > 1
    for text, each in found["arrows"].items():
        tail, head, _, moves = right.edges[int(text)]
        step = right.steps[head]
        name = f"{right.names[tail]} → {right.names[head]}"
        assert each["head"] == name
        assert each["label"].partition(": ")[0] == name
        assert each["marked"] == [text]
        rule = [f"{WORDS['rule']}: {step.rule}"] if step.rule else []
        if moves:
            assert each["words"] == rule
            (line,) = each["lines"]
            assert is_shown(line.split("=")[-1], numbers.shares[int(text)])
        else:
            number = right.content.nodes[tail].role == "number"
            assert each["words"] == [*rule, WORDS["is_number" if number else "no_slope"]]


def check_paths(right: Lesson, node: int, numbers: Numbers, found: list[str]) -> None:
    paths = right.paths(node, numbers)
    assert len(found) == min(MOST_PATHS, len(paths))
    assert sum(product for _, product in paths) == pytest.approx(
        numbers.gradients[node], rel=1e-9, abs=1e-12
    )
    waiting = [*paths]
    for text in found:
        way, _, product = text.partition(": ")
        (place, *_) = (
            at
            for at, (own, number) in enumerate(waiting)
            if own == way and is_shown(product.split("=")[-1], number)
        )
        waiting.pop(place)


def check_differences(right: Lesson, found: list[list[str]]) -> None:
    gradients = right.numbers({}).by_name[1]
    assert [row[0] for row in found] == [*right.inputs]
    for name, by_chain_rule, by_differences, verdict in found:
        assert verdict == WORDS["agrees"]
        assert is_shown(by_chain_rule, gradients[name])
        assert read(by_differences) == pytest.approx(gradients[name], rel=1e-3, abs=1e-4)


MISTAKES = [
    re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(text)))
    for key, text in WORDS.items()
    if key.startswith("mistake ")
]


def check_guesses(right: Lesson, found: Any, plan: Any) -> None:
    for what, answers in plan["answers"].items():
        each = found[what]
        own = f"∂{right.names[right.output]}/∂{right.names[right.output]}"
        assert {*each["asked"]} - {own} == {*answers} - {own}
        assert len({*each["asked"]}) == len(each["asked"])
        assert not any(text for text in each["blank"] if not text.endswith("…"))
        wrong = [told for told in each["told"] if told[2] == "wrong"]
        others = [told for told in each["told"] if told[2] != "wrong"]
        assert len(wrong) == 4
        for typed, told, _ in wrong:
            if typed == "7.7e77":
                assert told.endswith(WORDS["guess_unlike"])
                continue
            _, _, like = told.partition(WORDS["guess_like"].partition("{")[0])
            assert any(form.fullmatch(like.removesuffix(".")) for form in MISTAKES), told
        for (typed, told, kind), asked in zip(
            others, [*each["asked"][:2], *each["asked"][3:]], strict=True
        ):
            assert kind == "right"
            assert typed == answers[asked]
            assert told.startswith(f"Right: {asked} = ")
            assert is_shown(told.split(" = ")[-1].split()[0].rstrip("."), float(typed))
        score = WORDS["guess_score"].format(right=len(others), wrong=4, shown=1)
        assert each["score"] == score
        assert each["between"] == WORDS["guess_done"]
        lines = each["saved"].splitlines()
        assert lines[1] == score
        assert sum(line.startswith("  ") for line in lines) == len(others) + 5
        assert each["isOff"]


def check_descent(right: Lesson, found: Any, plan: Any) -> None:
    for (optimizer, rate, steps), each in zip(plan["descents"], found["steps"], strict=True):
        done = right.descended(optimizer, rate, steps, steps)
        assert each["step"] == done.steps == steps
        assert each["inputs"] == pytest.approx(dict(done.parameters), rel=1e-12, abs=1e-14)
        assert each["value"] == pytest.approx(done.value, rel=1e-12)
        assert {name: each["values"][name] for name in each["inputs"]} == each["inputs"]
        assert each["explained"].split("\n") == [*done.explained]
        assert each["told"].startswith(f"Step {steps}: ")
    check_drawn(right, found["drawn"], found["at"])
    ran = found["run"]
    assert 0 < ran["step"] <= 100
    assert ran["isPressed"] is False
    done = right.descended("adam", 0.01, ran["step"])
    if done.steps == ran["step"]:
        assert ran["inputs"] == pytest.approx(dict(done.parameters), rel=1e-9, abs=1e-12)
    else:  # the command sees earlier that it stands still
        assert ran["value"] == pytest.approx(done.value, abs=1e-6)
    first = right.numbers({}).data[right.output]
    for rate in plan["rates"]:
        each = found["huge"]["1" if rate == 1 else "1e+200"]
        done = right.descended("gd", rate, 100)
        is_far = abs(each["value"]) > 1e6 * max(1, abs(first))
        if done.failed and done.gradient_norm:  # on level ground there is nothing to tell
            assert each["cause"] in ("not_finite", "endless", "diverges")
        if each["cause"] in ("not_finite", "diverges"):
            assert "earning rate" in each["told"]
        else:
            assert not is_far or (each["value"] < first and each["cause"] == "endless")
    same([found["back"]], [right.numbers({}).by_name[0]])


def check_drawn(right: Lesson, found: Any, at: Mapping[str, float]) -> None:
    """The curve of the output, and the function's curve or lines of equal height, which are where they say."""
    inputs = [*right.inputs]
    assert found["curve"] == 2
    assert found["map"] == 1
    assert found["ground"] > 0
    assert not found["odd"]
    out = right.names[right.output]
    assert found["names"] == (inputs[:2] if len(inputs) > 1 else [inputs[0], out])
    assert min(found["size"]) > 150
    across, up = found["ticks"]
    x, y, given = Scale(across, 0), Scale(up, 4), {name: at[name] for name in inputs}
    for text, right_of, down in found["heights"][:3]:
        point = {**given, inputs[0]: x(right_of), inputs[1]: y(down)}
        level = read(text)
        around = [
            right.numbers(
                {**point, inputs[0]: point[inputs[0]] + dx, inputs[1]: point[inputs[1]] + dy}
            ).data[right.output]
            for dx in (-x.unit, 0, x.unit)
            for dy in (-y.unit, 0, y.unit)
        ]
        assert min(around) <= level <= max(around)


class Scale:
    """Where numbers stand on an axis, by its first and its last tick."""

    def __init__(self, ticks: list[list[Any]], lift: float) -> None:
        (one, self.first), (other, last) = (
            (read(text), place - lift) for text, place in (ticks[0], ticks[-1])
        )
        self.low, self.slope = one, (other - one) / (last - self.first)
        self.unit = abs(other - one) / 12  # of a cell that is counted at most once

    def __call__(self, place: float) -> float:
        return self.low + (place - self.first) * self.slope


def check_families(right: Lesson, found: Any) -> None:
    if not right.content.folded:
        assert found is None
        return
    numbers = right.numbers({})
    assert found["isFolded"]
    assert {*found["members"]} <= {*found["opened"]}
    assert found["before"] == found["again"] < len(found["opened"]) < found["whole"] == found["all"]
    for name, members, (data, grad) in found["each"]:
        assert ("[" in name.partition(" ")[0]) == (len(members) > 1)
        for shown, all_of in (data, numbers.data), (grad, numbers.gradients):
            own = [all_of[node] for node in members]
            assert is_shown(shown, max(map(abs, own)) if len(own) > 1 else own[0])


def test_with_motion_the_picture_and_the_list_move_smoothly(driver: Any, pages: Any) -> None:
    scroll = (
        "const found = []; Element.prototype.scrollTo = (options) => found.push(options.behavior);"
        "for (const id of ['reset', 'step', 'backward']) document.getElementById(id).click(); return found"
    )
    for features, behaviour in ([], "smooth"), ([CALM], "instant"):
        with window(driver, PHONE, *features):
            assert {*Page(driver, pages("mazur_network")).run(scroll)} == {behaviour}


AXED = [
    (name, width, scheme)
    for name in [*EXAMPLES, "two_moons"]
    for width in WIDTHS
    for scheme in ("light", "dark")
]
EACH_RUN = [("exercise_04_shared_variable", 390, "light"), ("exercise_05_relu", 390, "dark")]

BUSY = (
    "const at = (id) => document.getElementById(id); if (!at('reset')) return done();"
    "at('descent').open = true; setTimeout(() => { at('descend-step').click(); at('reset').click(); at('backward').click();"
    "document.querySelector('#graph .box').dispatchEvent(new MouseEvent('click', {bubbles: true}));"
    "at('check').click(); const table = at('checked').innerHTML; at('guess').click(); at('answer').value = 77.7;"
    "at('try').click(); setTimeout(done, 20) }, 50)"
)
"""A page with all that it can show at once."""


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [pytest.param(*each, marks=[] if each in EACH_RUN else pytest.mark.whole) for each in AXED],
)
def test_axe_finds_nothing_on_any_example(
    name: str, width: int, scheme: str, driver: Any, pages: Any
) -> None:
    # of hundreds of lines that are made alike it is asked about some
    with window(driver, width), axed(driver, scheme, "#derivation > li:nth-child(n+12)"):
        page = Page(driver, pages(name))
        driver.execute_async_script(f"const done = arguments[0]; {BUSY}")
        page.faults()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in FEW else pytest.mark.whole)
        for name in [*EXAMPLES, "two_moons"]
    ],
)
def test_a_page_is_printed_whole(name: str, driver: Any, pages: Any) -> None:
    with window(driver, 1280, {"name": "prefers-color-scheme", "value": "dark"}):
        page = Page(driver, pages(name))
        made = driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
        pdf = base64.b64decode(made["data"])
        assert pdf.startswith(b"%PDF")
        assert len(pdf) > 20_000
        # of an A4 page at 96 dots an inch
        size = {"width": 718, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        try:
            cut, seen = page.run(
                "const cut = [...document.querySelectorAll('.picture, #derivation, pre')].filter((one) => one.checkVisibility()"
                "  && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)).map((one) => one.outerHTML.slice(0, 60));"
                "const seen = [...document.querySelectorAll('button, input[type=range], select')].filter((one) => one.checkVisibility()).map((one) => one.id);"
                "return [cut, seen]"
            )
        finally:
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert not cut
    assert not seen


def test_a_page_of_two_moons_is_folded_with_the_numbers_of_the_library(
    driver: Any, pages: Any
) -> None:
    found = parse(text_of("two_moons")).grad()
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            with window(driver, width, {"name": "prefers-color-scheme", "value": scheme}):
                page = Page(driver, pages("two_moons"))
                assert page.run("return document.scripts.length") == 0
                assert page.run("return document.documentElement.scrollWidth") == width
                boxes = page.run(
                    "return [...document.querySelectorAll('svg')].filter((one) => one.checkVisibility()).flatMap((one) =>"
                    " [...one.querySelectorAll('.box')].map((box) => [...box.querySelectorAll('text')].map((text) => text.textContent)))"
                )
            told = {name.partition("[")[0].partition(" ")[0]: rest for name, *rest in boxes}
            assert {*told} >= {"wh", "bh", "h", "wg", "bg", "g", "wo", "bo", "o", "x", "t", "loss"}
            for family, (data, grad) in told.items():
                for text, numbers in (data, found.data), (grad, found.gradients):
                    own = [
                        number for key, number in numbers.items() if key.partition("[")[0] == family
                    ]
                    right = max(map(abs, own)) if len(own) > 1 else own[0]
                    assert is_shown(text.split()[-1], right), (family, text)
