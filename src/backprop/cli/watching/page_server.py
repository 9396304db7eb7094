"""The server of a page that follows its file: on this machine alone, for whoever knows its address.

Other programs of the machine, and pages of other places that are open in the same browser, may send requests
as well. They get nothing: the address has a secret in it, and what a browser says of where a request comes
from must be this very place.
"""

from __future__ import annotations

import hmac
import json
import secrets
import sys
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from typing import Any, NamedTuple

from backprop.errors import BadOption
from backprop.files import reason

HOST = "127.0.0.1"

_MOST = 64
"""So many requests are answered at once, those that wait for the next page among them."""

_PULSE = 15.0
"""Seconds after which a browser that waits is told that there is still nothing."""

_PATIENCE = 10.0
"""Seconds that a request may take to arrive."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_OWN = (None, "same-origin", "none")
"""What a browser says of requests that no other place has made; older ones say nothing."""


class LivePage(NamedTuple):
    """What is shown now. number: of pages that were made, 0 before the first; text: of an error, or what
    else was said."""

    number: int = 0
    html: bytes = b""
    policy: str = "default-src 'none'"
    failed: bool = False
    text: str = ""

    @property
    def event(self) -> bytes:
        """What a browser is told of it."""
        found = {"page": self.number, "failed": self.failed, "text": self.text}
        return f"data: {json.dumps(found)}\n\n".encode()


class PageServer(ThreadingHTTPServer):
    """Answers requests, each in a thread, until it is closed."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = sys.platform != "win32"  # there it would let others in
    request_queue_size = 32

    def __init__(self, port: int | None) -> None:
        try:
            super().__init__((HOST, port or 0), _Answer)
        except OSError as error:
            message = f"--port {port} cannot be had: {reason(error)}"
            raise BadOption(message, hints=["leave --port out: then it is a free one"]) from None
        self.port: int = self.server_address[1]
        self.token = secrets.token_urlsafe(24)
        self._once = ""
        self._changed = threading.Condition()
        self._page = LivePage()
        self._ended = False
        self._room = threading.BoundedSemaphore(_MOST)
        self._thread = threading.Thread(target=self.serve_forever, args=[0.05], daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    def address_for_once(self) -> str:
        """An address that leads to the page a single time: what a program is started with, others see."""
        self._once = secrets.token_urlsafe(24)
        return f"http://{HOST}:{self.port}/{self._once}"

    def is_for_once(self, path: str) -> bool:
        """Whether a path is of that address, which is then used up."""
        with self._changed:
            right = bool(self._once) and same(path, f"/{self._once}")
            if right:
                self._once = ""
            return right

    @property
    def page(self) -> LivePage:
        """What is shown now."""
        return self._page

    def show(self, page: LivePage) -> None:
        """Show something else, and tell all who wait."""
        with self._changed:
            self._page = page
            self._changed.notify_all()

    def pages(self) -> Iterator[LivePage | None]:
        """What is shown now, and whatever is shown next; None where for a while there is nothing new."""
        before: LivePage | None = None
        while True:
            with self._changed:
                if before is self._page and not self._ended:
                    self._changed.wait(_PULSE)
                now, ended = self._page, self._ended
            if ended:
                return
            yield None if now is before else now
            before = now

    def close(self) -> None:
        """Close the port, and end what is being answered."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self.shutdown()
        self.server_close()
        self._thread.join(2)

    def process_request(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """Answer in a thread, if there is room for one more."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(
        self, request: socket | tuple[bytes, socket], client_address: Any
    ) -> None:
        """In the thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away in the middle is nothing to tell."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def same(one: str, other: str) -> bool:
    """Whether two texts are the same, in a time that does not tell how much of them is."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())


class _Answer(BaseHTTPRequestHandler):
    """To one request."""

    server: PageServer
    timeout = _PATIENCE
    server_version, sys_version = "backprop", ""

    def do_GET(self) -> None:
        """The page, or what becomes of it."""
        if not self._is_ours():
            self._send(HTTPStatus.FORBIDDEN)
        elif same(self.path, f"/{self.server.token}/"):
            page = self.server.page
            self._send(HTTPStatus.OK, page.html, {"Content-Security-Policy": _framed(page.policy)})
        elif same(self.path, f"/{self.server.token}/events") and self.command == "GET":
            self._tell()
        elif self.server.is_for_once(self.path):
            self._send(HTTPStatus.SEE_OTHER, headers={"Location": f"/{self.server.token}/"})
        else:
            self._send(HTTPStatus.NOT_FOUND)

    def do_HEAD(self) -> None:
        """As it would be answered, without a body."""
        self.do_GET()

    def _is_ours(self) -> bool:
        """Whether the request is meant for this place, and comes from no other: a name that somebody has
        lead here is another place."""
        port = self.server.port
        places = (f"{HOST}:{port}", f"localhost:{port}")
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0] not in places:
            return False
        if self.headers.get("Origin") not in (None, f"http://{hosts[0]}"):
            return False
        return self.headers.get("Sec-Fetch-Site") in _OWN

    def _send(
        self, status: HTTPStatus, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        body = body or f"{status.phrase}\n".encode()
        kind = "text/html" if status == HTTPStatus.OK else "text/plain"
        fixed = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body))}
        self._head(status, {**fixed, **(headers or {"Content-Security-Policy": _framed()})})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, text in {**_HEADERS, **headers}.items():
            self.send_header(name, text)
        self.end_headers()

    def _tell(self) -> None:
        """All that is shown from now on, as events."""
        kind = {"Content-Type": "text/event-stream", "Content-Security-Policy": _framed()}
        self._head(HTTPStatus.OK, kind)
        for page in self.server.pages():
            self.wfile.write(b": still here\n\n" if page is None else page.event)
        self.wfile.write(b"event: end\ndata: \n\n")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """As any other answer: without a word of what was asked."""
        self.command = getattr(self, "command", None) or "GET"
        self.close_connection = True
        self._send(HTTPStatus(code))

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: whom it concerns looks at the page."""


def _framed(policy: str = "default-src 'none'") -> str:
    """A policy by which no other page shows this one in a frame."""
    return f"{policy}; frame-ancestors 'none'"
