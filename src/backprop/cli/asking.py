"""A session in a terminal or a pipe: questions out, lines in."""

import sys
from collections.abc import Callable
from contextlib import suppress

from backprop.cli.printing import put, style_for
from backprop.quizzes.courses import Rounds
from backprop.quizzes.session import ENDED, QuizWriter, Score, Session
from backprop.reports.style import Style

_LONGEST = 1 << 16
"""Bytes of a line that are read; what is longer is no answer, and its rest is passed over."""


class Asking:
    """Puts questions, and reads what is answered.

    write: makes what writes them, by the style of standard output.
    """

    def __init__(self, write: Callable[[Style], QuizWriter]) -> None:
        self._writer = write(style_for(sys.stdout))
        self._score = Score()
        self._typed = _is_typed() and bool(self._writer.prompt)
        if self._typed:
            with suppress(ImportError):
                import readline  # noqa: F401  (arrow keys in what `input` reads)

    def course(self, course: Rounds) -> int:
        """Put the questions of a course; return the exit status: 0, or 130 after Ctrl-C."""
        status, session = 0, None
        try:
            while asked := course.next(bool(session and session.passed)):
                session = Session(asked, self._score)
                put(self._writer.opening(session))
                if not self._round(session):
                    break
        except KeyboardInterrupt:
            put("\n" * bool(self._writer.prompt))
            status = 130
        if session:
            session.stop()
        put(self._writer.closing(self._score))
        return status

    def _round(self, session: Session) -> bool:
        """Whether it came to its end."""
        put(self._writer.question(session))
        while question := session.question:
            line = self._line()
            if line is None:
                return False
            reply = session.reply(line)
            put(self._writer.reply(session, question, reply))
            if reply.outcome == ENDED:
                return False
            if session.question and session.question is not question:
                put(self._writer.question(session))
        return True

    def _line(self) -> str | None:
        """What is typed; None at the end of input."""
        if self._typed:
            try:
                return input(self._writer.prompt)
            except EOFError:
                put("\n")
                return None
            except UnicodeDecodeError:
                return "\ufffd"
        line = _read()
        if self._writer.prompt and line is not None:
            put(self._writer.prompt + self._writer.echoed(line))
        return line


def _is_typed() -> bool:
    """Whether somebody types at a terminal, and sees the questions there."""
    return bool(sys.stdin and sys.stdout and sys.stdin.isatty() and sys.stdout.isatty())


def _read() -> str | None:
    """A line of standard input; None at its end. Bytes that are no UTF-8 stay, as Python keeps them."""
    if sys.stdin is None:
        return None
    stream = sys.stdin.buffer
    line = found = stream.readline(_LONGEST)
    while found and not found.endswith(b"\n"):
        found = stream.readline(_LONGEST)
    return line.decode("utf-8", "surrogateescape").rstrip("\r\n") if line else None
