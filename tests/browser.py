"""A headless Chromium for tests of pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from running import backprop as run

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--allow-file-access-from-files",
)  # fmt: skip


@contextmanager
def browser(folder: Path, width: int = 1200, height: int = 900, *flags: str) -> Iterator[Any]:
    """A driver. folder: for what the browser keeps."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    assert CHROMIUM
    options.binary_location = CHROMIUM
    for flag in (*_FLAGS, f"--user-data-dir={folder}", f"--window-size={width},{height}", *flags):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_script_timeout(200)
    try:
        yield driver
    finally:
        driver.quit()


def written(folder: Path, text: str, *options: str) -> Path:
    """The page of a text, which the command has written."""
    path = folder / "page.html"
    assert run("page", "-e", text, "-o", str(path), *options).status == 0
    return path


@contextmanager
def axed(driver: Any, scheme: str, without: str = "") -> Iterator[None]:
    """Pages in a colour scheme, light or dark, in which axe may run: it is a script of its own. At the end it has
    found nothing amiss in the one that is open. without: a selector of what it need not look at."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
    try:
        yield
        axe = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
        driver.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
        context = "{exclude: [arguments[0]]}" if without else "document"
        run_axe = f"axe.run({context}).then(arguments[arguments.length - 1])"
        found = driver.execute_async_script(run_axe, without)
    finally:
        driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert found["passes"]
    assert not [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]


class Page:
    """A page that is open. Each call looks whether something went wrong in it."""

    def __init__(self, driver: Any, path: Path, fragment: str = "") -> None:
        self.driver = driver
        driver.get("about:blank")
        driver.get(path.as_uri() + fragment)
        self.faults()

    def faults(self) -> None:
        found = self.driver.get_log("browser")
        assert not found, found

    def run(self, script: str, *arguments: Any) -> Any:
        found = self.driver.execute_script(script, *arguments)
        self.faults()
        return found

    def press(self, button: str) -> None:
        self.run("document.getElementById(arguments[0]).click()", button)

    def key(self, key: str) -> None:
        event = "new KeyboardEvent('keydown', {key: arguments[0], bubbles: true})"
        self.run(f"document.body.dispatchEvent({event})", key)

    def set(self, name: str, number: float, kind: str = "range") -> None:
        """Move a slider, or type into a field."""
        self.run(
            "const each = [...document.querySelectorAll(`input[type=${arguments[2]}]`)]"
            ".find((one) => one.dataset.name === arguments[0]);"
            "each.value = arguments[1]; each.dispatchEvent(new Event('input', {bubbles: true}));",
            name,
            number,
            kind,
        )

    def values(self) -> dict[str, float]:
        found: dict[str, float] = self.run("return window.backprop.values()")
        return found

    def gradients(self) -> dict[str, float]:
        found: dict[str, float] = self.run("return window.backprop.gradients()")
        return found

    def shown(self, name: str, role: str) -> str:
        """What a box shows."""
        found: str = self.run(
            "const box = [...document.querySelectorAll('.box')].find((one) => one.dataset.name === arguments[0]);"
            "return box.querySelector(`[data-role=${arguments[1]}]`).textContent",
            name,
            role,
        )
        return found

    def folded(self, name: str) -> list[str]:
        """The numbers of a box that stands for a family."""
        found: list[str] = self.run(
            "const box = [...document.querySelectorAll('#folded .box')]"
            ".find((one) => one.querySelector('.name').textContent.startsWith(arguments[0]));"
            "return [...box.querySelectorAll('[data-role]')].map((one) => one.textContent)",
            name,
        )
        return found

    def current(self) -> str:
        """The current step, "" if there is none."""
        found: str = self.run(
            "return document.querySelector('[aria-current=step]')?.dataset.step ?? ''"
        )
        return found
