"""Who sees the pages of a watched line: a browser, and the terminal what is wrong."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Iterable
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO

from backprop.cli.printing import put
from backprop.cli.watching.page_server import LivePage, PageServer
from backprop.cli.watching.screen import clock
from backprop.cli.watching.watched_line import WatchedLine
from backprop.inputs import say
from backprop.reports.diagnostics import visible
from backprop.reports.page.live_page import live_page, page_of_nothing


class Served:
    """An Audience in a browser."""

    def __init__(self, line: WatchedLine, port: int | None, browser: bool) -> None:
        self._language = str(line.written["language"])
        self._streams: list[IO[bytes]] = []
        self._made = b""
        nothing = page_of_nothing(visible(line.name), self._language)
        html, policy = live_page(nothing, 0, self._language)
        self._server = PageServer(port)
        try:
            self._server.show(LivePage(0, html.encode(), policy))
            put(f"{self._server.address}\n")
            if browser and not _opened(self._server.address_for_once()):
                say("no browser has answered: if none opens, copy the address into one")
        except BaseException:
            self._server.close()
            raise

    def begin(self, again: bool) -> tuple[int, int]:
        """As an Audience has it."""
        self._release()
        self._streams = [TemporaryFile(), TemporaryFile()]  # noqa: SIM115
        results, said = self._streams
        return results.fileno(), said.fileno()

    def sent(self) -> None:
        """As an Audience has it."""

    def reading(self) -> Iterable[int]:
        """As an Audience has it: what a run has written is read when it has ended."""
        return ()

    def read(self, number: int) -> bool:
        """As an Audience has it."""
        return False

    def tick(self) -> float | None:
        """As an Audience has it."""
        return None

    def end(self, status: int, used: bool) -> None:
        """As an Audience has it."""
        for each in self._streams:
            each.seek(0)
        made, messages = (each.read() for each in self._streams)
        said = messages.decode("utf-8", "replace")
        shown = self._server.page._replace(failed=status != 0, text=said.rstrip("\n"))
        if status == 0 and made != self._made:
            number = shown.number + 1
            html, policy = live_page(made.decode(), number, self._language)
            shown = shown._replace(number=number, html=html.encode(), policy=policy)
            self._made = made
            if number > 1 and not said:
                say(f"{clock()} the page is new")
        self._server.show(shown)
        if said and sys.stderr is not None:
            with suppress(OSError, ValueError):
                put(f"{clock()}\n{said}", sys.stderr)

    def drop(self) -> None:
        """As an Audience has it."""

    def close(self) -> None:
        """As an Audience has it."""
        self._server.close()
        self._release()

    def _release(self) -> None:
        for each in self._streams:
            each.close()
        self._streams = []


def _opened(address: str) -> bool:
    """Whether a browser with windows opens an address; one for terminals would take this one."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    if type(found) is webbrowser.GenericBrowser:
        return False
    # of a program that has handed it on and ended it is not known
    return found.open(address) or type(found) is webbrowser.BackgroundBrowser
