"""`backprop watch --serve`: the open page follows its file, and nobody else reads it."""

from __future__ import annotations

import http.client
import json
import re
import select
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser import CHROMIUM
from running import backprop
from watching import HIDDEN, Watching, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

FILE = "# <b>A&B</b>\ne = a*b; d = e+c; L = d*f\na = 2; b = -3; c = 10; f = {}\n"
ADDRESS = r"http://127\.0\.0\.1:(\d+)/([\w-]{32})/\n"


class Serving(Watching):
    """One that serves a page."""

    def __init__(self, folder: Path, *words: str, beside: Path | None = None) -> None:
        super().__init__(folder, "--serve", *words, beside=beside)
        self.address = self.upto(ADDRESS).strip()
        found = re.fullmatch(ADDRESS, self.address + "\n")
        assert found
        self.port, self.token = int(found[1]), found[2]

    def ask(self, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        """What it answers. headers: others than a browser's own page has."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        names = {name.replace("_", "-"): text for name, text in headers.items()}
        connection.putrequest(method, path, skip_host="Host" in names)
        for name, text in names.items():
            connection.putheader(name, text)
        connection.endheaders()
        return connection.getresponse()

    def made(self, number: int) -> None:
        """Wait until so many pages have been made."""
        stream = self.ask(f"/{self.token}/events")
        while json.loads(event(stream))["page"] < number:
            pass
        stream.close()


def event(stream: http.client.HTTPResponse) -> str:
    """What the next event says."""
    while True:
        line = stream.readline().decode()
        assert line
        if line.startswith("data: "):
            return line.removeprefix("data: ")


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "eqs.txt").write_text(FILE.format(-2))
    with Serving(folder) as found:
        found.made(1)
        yield found


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/{}/", {}, 200),
        ("/{}/", {"Sec_Fetch_Site": "none"}, 200),
        ("/{}/", {"Sec_Fetch_Site": "same-origin", "Origin": "http://127.0.0.1:{port}"}, 200),
        ("/{}/", {"Host": "localhost:{port}", "Origin": "http://localhost:{port}"}, 200),
        ("/", {}, 404),
        ("/{}", {}, 404),
        ("/{}/x", {}, 404),
        ("/{}/../{}/", {}, 404),
        ("//{}/events/..", {}, 404),
        ("/%7B/", {}, 404),
        ("/" + "A" * 32 + "/", {}, 404),
        ("/" + "A" * 32 + "/events", {}, 404),
        ("/{}/", {"Host": "127.0.0.1"}, 403),
        ("/{}/", {"Host": "evil.example:{port}"}, 403),
        ("/{}/events", {"Host": "evil.example:{port}"}, 403),
        ("/{}/", {"Host": "127.0.0.1:{port}.evil.example"}, 403),
        ("/{}/", {"Origin": "https://evil.example"}, 403),
        ("/{}/", {"Origin": "null"}, 403),
        ("/{}/", {"Origin": "http://localhost:{port}"}, 403),
        ("/{}/events", {"Origin": "https://evil.example"}, 403),
        ("/{}/", {"Sec_Fetch_Site": "cross-site"}, 403),
        ("/{}/", {"Sec_Fetch_Site": "same-site"}, 403),
        ("/{}/events", {"Sec_Fetch_Site": "cross-site"}, 403),
    ],
)  # fmt: skip
def test_who_gets_the_page(
    path: str, headers: dict[str, str], status: int, serving: Serving
) -> None:
    given = {name: text.format(port=serving.port) for name, text in headers.items()}
    answer = serving.ask(path.replace("{}", serving.token), **given)
    body = answer.read().decode()
    assert answer.status == status
    assert ("<svg" in body) == (status == 200)
    assert serving.token not in body
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not [each for each in answer.headers if each.startswith("Access-Control")]
    assert "Python" not in answer.headers["Server"]


def test_the_policy_of_a_served_page_is_that_of_a_written_one_and_a_little_more(
    serving: Serving, tmp_path: Path
) -> None:
    served = serving.ask(f"/{serving.token}/").read().decode()
    file = tmp_path / "eqs.txt"
    file.write_text(FILE.format(-2))
    written = backprop("page", str(file), "-o", "-").out
    policies = []
    for text in (written, served):
        (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
        policies.append({part.split()[0]: part.split()[1:] for part in policy.split("; ")})
    before, now = policies
    assert now.pop("connect-src") == ["'self'"]
    assert before.keys() == now.keys()
    for name, allowed in before.items():
        more = now[name][len(allowed) :]
        assert now[name][: len(allowed)] == allowed
        assert len(more) == (name in ("script-src", "style-src"))
        assert all(each.startswith("'sha256-") for each in more)
    for word in ("EventSource", 'id="live"', "connect-src"):
        assert word not in written
        assert word in served


def test_other_methods_and_no_requests_at_all(serving: Serving) -> None:
    head = serving.ask(f"/{serving.token}/", "HEAD")
    assert (head.status, head.read()) == (200, b"")
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "<x>"):
        answer = serving.ask(f"/{serving.token}/", method)
        assert answer.status == 501
        assert "<" not in answer.read().decode()
    for lines in (b"\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x00\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                  b"GET /" + serving.token.encode() + b"/\r\n\r\n", b"x" * 70000):  # fmt: skip
        with socket.create_connection(("127.0.0.1", serving.port), 30) as line:
            line.sendall(lines)
            line.shutdown(socket.SHUT_WR)
            got = b""
            try:
                while more := line.recv(1 << 16):
                    got += more
            except ConnectionResetError:  # it has not read all there was
                pass
            assert b"<svg" not in got
    assert serving.ask(f"/{serving.token}/").status == 200
    assert "Traceback" not in serving.errors


def test_a_port_is_nobody_else_s(serving: Serving, tmp_path: Path, monkeypatch: Any) -> None:
    others = socket.socket()
    others.settimeout(5)
    with others, pytest.raises(OSError):  # noqa: PT012
        name = socket.gethostbyname(socket.gethostname())
        if name.startswith("127."):
            raise OSError("this machine has no other address")
        others.connect((name, serving.port))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "eqs.txt").write_text(FILE.format(1))
    ran = backprop("watch", "--serve", "--port", str(serving.port))
    assert ran.status == 2
    assert f"--port {serving.port} cannot be had: address already in use" in ran.err
    assert "leave --port out" in ran.err


def test_more_requests_than_there_is_room_for_are_turned_away(serving: Serving) -> None:
    lines = [socket.create_connection(("127.0.0.1", serving.port), 30) for _ in range(80)]
    until(lambda: len(select.select(lines, [], [], 0)[0]) >= 80 - 64, "some are turned away")
    assert {line.recv(1) for line in select.select(lines, [], [], 0)[0]} == {b""}
    for line in lines:
        line.close()
    until(lambda: _answers(serving), "there is room again")


def _answers(serving: Serving) -> bool:
    try:
        return serving.ask(f"/{serving.token}/").status == 200
    except (http.client.HTTPException, OSError):
        return False


class Tab:
    """The page in a browser."""

    def __init__(self, driver: Any, address: str) -> None:
        self.driver = driver
        driver.get("about:blank")
        driver.get(address)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def shows(self, wanted: str, what: str) -> None:
        """Wait until an expression is true; the page may be on its way."""
        until(lambda: self.run(f"try {{ return {wanted} }} catch {{ return false }}"), what)

    @property
    def panel(self) -> list[str]:
        found: list[str] = self.run(
            "const at = document.getElementById('live');"
            "return at.hidden ? [] : [...at.children].filter((one) => !one.hidden).map((one) => one.textContent)"
        )
        return found

    def move(self, name: str, number: float) -> None:
        self.run(
            "const at = document.querySelector(`input[type=range][data-name='${arguments[0]}']`);"
            "at.value = arguments[1]; at.dispatchEvent(new Event('input', {bubbles: true})); at.focus()",
            name,
            number,
        )


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_an_open_page_follows_its_file_and_keeps_what_was_done_on_it(
    driver: Any, tmp_path: Path
) -> None:
    path = tmp_path / "eqs.txt"
    path.write_text(FILE.format(-2))
    with Serving(tmp_path, "eqs.txt", "--", "--title", "T & <i>") as serving:
        serving.made(1)
        tab = Tab(driver, serving.address)
        tab.shows("window.backprop.values().L === -8", "the page")
        tab.move("b", 3)
        tab.move("a", 4)
        tab.run("document.getElementById('back').click()")
        path.write_text(FILE.format(7))  # at once: the address does not have it yet
        tab.shows("window.backprop.values().f === 7", "the file's number")
        assert tab.run("return window.backprop.values()") == {
            "a": 4, "b": 3, "c": 10, "f": 7, "e": 12, "d": 22, "L": 154,
        }  # fmt: skip
        steps = tab.run("const at = document.getElementById('place'); return at.max - at.value")
        assert steps == 1
        assert tab.run("return document.activeElement.dataset.name") == "a"

        path.write_text("e = b*b; L = e + x\nb = -3; x = 1/\n")
        until(lambda: tab.panel, "the error")
        heading, said = tab.panel
        assert heading == "An error; the page below is of before."
        lines = said.splitlines()
        assert lines[0] == "eqs.txt:2:15: error: something is missing after '/'"
        assert lines[2].index("^") == lines[1].index("/") + 1
        font = "return getComputedStyle(document.querySelector('#live pre'))"
        assert "monospace" in tab.run(f"{font}.fontFamily")
        assert tab.run(f"{font}.whiteSpace") == "pre"
        assert tab.run("return window.backprop.values().L") == 154  # it stays
        path.write_text("e = b*b; L = e + x<script>\nb = -3; x = 1\n")
        until(lambda: "<script>" in tab.panel[1], "the other error")
        assert tab.run("return document.querySelectorAll('script').length") == 2
        tab.driver.get(serving.address)  # who comes now finds both, too
        until(lambda: tab.panel, "the error")
        assert tab.run("return window.backprop.values().f") == 7

        path.write_text("e = b*b; L = e + x\nb = -3; x = 1\n")
        tab.shows("window.backprop.values().x === 1", "the mended page")
        assert tab.panel == []
        tab.run("document.getElementById('guess').click()")
        tab.move("b", 2)
        path.write_text("e = b*b; L = e*x\nb = -3; x = 4\n")
        tab.shows("window.backprop.values().x === 4", "the next page")
        assert tab.run("return [window.backprop.values().b, location.hash.includes('@guess')]") == [
            2,
            True,
        ]
        assert (
            tab.run("return document.querySelector('h1 .output') !== null && document.title")
            == "T & <i>"
        )
        policy = [
            each for each in driver.get_log("browser") if "Content Security" in each["message"]
        ]
        assert policy == []

        assert serving.end() == 130  # with a stream that is open
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", serving.port), 5)
        until(lambda: tab.panel, "the end")
        assert tab.panel == ["backprop watch has ended: this page no longer follows the file."]
        driver.get("about:blank")
        driver.get_log("browser")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_a_page_that_there_is_not_yet_comes(driver: Any, tmp_path: Path) -> None:
    with Serving(tmp_path, "later.eq", "--", "--language", "de") as serving:
        tab = Tab(driver, serving.address)
        until(lambda: tab.panel, "the error")
        assert tab.panel[0].startswith("Ein Fehler")
        assert "there is no file later.eq" in tab.panel[1]
        (tmp_path / "later.eq").write_text("x = 0; y = sqrt(x)")
        tab.shows("window.backprop.values().y === 0", "the page")
        until(lambda: tab.panel, "a warning")
        assert "warning" in tab.panel[1]
        serving.process.send_signal(signal.SIGKILL)
        until(lambda: "beendet" in tab.panel[0], "the end")
        driver.get("about:blank")
        driver.get_log("browser")


def test_pages_are_served_where_no_process_can_be_copied(tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "sitecustomize.py").write_text(HIDDEN)
    path = tmp_path / "eqs.txt"
    path.write_text(FILE.format(-2))
    with Serving(tmp_path, beside=tmp_path / "beside") as serving:
        serving.made(1)
        path.write_text(FILE.format(3))
        serving.made(2)
        assert "<svg" in serving.ask(f"/{serving.token}/").read().decode()
        path.write_text("x = 1/")
        serving.upto("something is missing", "errors")
        assert serving.end() == 130
    assert "Traceback" not in serving.errors


def test_a_browser_is_opened_by_an_address_that_leads_in_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a program is started with, other users of the machine see."""
    (tmp_path / "eqs.txt").write_text(FILE.format(1))
    opener = tmp_path / "opener"
    opener.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/address\n')
    opener.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{opener} %s &")
    with Serving(tmp_path, "--open") as serving:
        until((tmp_path / "address").exists, "the browser")
        until(lambda: (tmp_path / "address").read_text(), "its address")
        address = (tmp_path / "address").read_text().strip()
        assert serving.token not in address
        path = address.removeprefix(f"http://127.0.0.1:{serving.port}")
        for status, to in ((303, f"/{serving.token}/"), (404, None)):
            answer = serving.ask(path)
            assert (answer.status, answer.headers["Location"]) == (status, to)
        assert serving.end(signal.SIGTERM) == 143
    assert serving.errors == ""
