"""`backprop quiz` in a pipe and in a terminal: what is asked, what is said, how it ends."""

from __future__ import annotations

import codecs
import fcntl
import json
import os
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from backprop import gallery
from backprop.quizzes.courses import exercises
from running import CLASSIC, POINT, backprop, interruptible

LINE = ["-e", CLASSIC, "--set", POINT]


def quiz(*words: str, answers: Sequence[str] = ()) -> str:
    """What is printed, where these lines are typed."""
    found = backprop("quiz", *words, stdin="".join(f"{each}\n" for each in answers).encode())
    assert (found.status, found.err) == (0, "")
    return found.out


def objects(*words: str, answers: Sequence[str] = ()) -> list[dict[str, Any]]:
    text = quiz(*words, "--format", "json", answers=answers)
    return [json.loads(line) for line in text.splitlines()]


TRANSCRIPT = """\
  e = a·b
  d = e + c
  L = d·f
  a = 2, b = −3, c = 10, f = −2

9 questions about L: ? shows the step, an empty line skips, q ends.

1. e = a·b = ?
   with a = 2, b = −3
> 6
not right: a sign error
once more:
> -6
right

2. d = e + c = ?
   with e = −6, c = 10
> 4
right

3. L = d·f = ?
   with d = 4, f = −2
> ?
  3. L = d·f = 4·(−2) = −8

4. ∂L/∂d = ?
   L = d·f, d = 4, f = −2
> -2
right

5. ∂L/∂f = ?
   L = d·f, d = 4, f = −2
> four
no answer yet: there is no 'four' in these equations; the names are: a, b, e,
c, d, f, L
> d
right

6. ∂L/∂c = ?
   d = e + c, ∂L/∂d = −2, e = −6, c = 10
> 
skipped

7. ∂L/∂e = ?
   d = e + c, ∂L/∂d = −2, e = −6, c = 10
> 1
not right: it stops too early: this is ∂d/∂e; the factor ∂L/∂d = −2 is missing
once more:
> 2
not right: a sign error
  ∂L/∂e = ∂L/∂d · ∂d/∂e = −2 · 1 = −2

8. ∂L/∂a = ?
   e = a·b, ∂L/∂e = −2, a = 2, b = −3
> q

score: 3 of 7 right at once, 1 at the second try, 1 wrong, 1 shown, 1 skipped,
2 not answered
to practise: values, 2 of 3 missed
             chain rule, 1 of 1 missed
             sum rule, 1 of 1 missed
"""  # noqa: W291


def test_a_transcript_reads_well_in_a_pipe() -> None:
    answers = ["6", "-6", "4", "?", "-2", "four", "d", "", "1", "2", "q"]
    asked = ["--ask", "forward, backward"]
    assert quiz(*LINE, *asked, answers=answers) == TRANSCRIPT


def test_the_end_of_input_is_the_end() -> None:
    found = quiz(*LINE, answers=["-6"])
    assert found.endswith("\nscore: 1 of 1 right at once, 16 not answered\n")
    assert quiz(*LINE).endswith("\nno question was answered\n")
    assert quiz(*LINE, "--ask", "local", answers=["q", "-6"]).count("> ") == 1
    for word in ("q", "quit", "EXIT"):
        assert quiz(*LINE, answers=[word]).endswith("> " + word + "\n\nno question was answered\n")


def test_names_are_no_commands() -> None:
    """In a file with a name q, q is an answer."""
    text = "q = a*b; L = q*skip; a = 2; b = 3; skip = 5"
    answers = ["skip", "q", "b", "a", "quit"]
    found = objects("-e", text, "--ask", "formula", answers=answers)
    assert [each["outcome"] for each in found if each["event"] == "verdict"] == ["right"] * 4
    assert ", quit ends." in quiz("-e", text)


def test_a_program_puts_the_questions_to_somebody_else() -> None:
    """With --format json a question comes when the one before is done, and nothing else is printed."""
    words = [
        sys.executable,
        "-m",
        "backprop",
        "quiz",
        *LINE,
        "--format",
        "json",
        "--ask",
        "forward",
    ]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr

        def read() -> dict[str, Any]:
            found: dict[str, Any] = json.loads(process.stdout.readline())
            return found

        def answer(text: str) -> dict[str, Any]:
            process.stdin.write(text + "\n")
            process.stdin.flush()
            return read()

        begin = read()
        assert (begin["event"], begin["schema"], begin["questions"]) == ("round", 1, 3)
        assert begin["inputs"] == {"a": 2, "b": -3, "c": 10, "f": -2}
        asked = read()
        assert asked == {
            "event": "question", "round": 1, "question": 1, "kind": "forward", "of": "e", "by": None,
            "part": None, "prompt": "e = a·b = ?", "name": "e", "equation": "a*b", "step": 1,
            "given": [{"name": "a", "value": 2}, {"name": "b", "value": -3}],
        }  # fmt: skip
        wrong = answer("6")
        assert (wrong["outcome"], wrong["done"], wrong["mistake"]) == ("wrong", False, "sign")
        assert wrong["right"] is wrong["line"] is None
        unread = answer("1,5")
        assert (unread["outcome"], unread["attempt"]) == ("unread", 2)
        right = answer("−6")
        assert (right["outcome"], right["done"], right["right"]) == ("second try", True, -6)
        assert right["line"] == "e = a·b = 2·(−3) = −6"
        assert read()["prompt"] == "d = e + c = ?"
        process.stdin.close()
        assert read() == {
            "event": "score", "right": 0, "second_try": 1, "wrong": 0, "shown": 0, "skipped": 0,
            "left": 2, "practise": [{"rule": "values", "missed": 1, "asked": 1}],
        }  # fmt: skip
        assert process.stdout.read() == process.stderr.read() == ""
    assert process.returncode == 0


def solved(*words: str) -> list[str]:
    """All right answers of a session, as its own verdicts have them."""
    found = objects(*words, answers=["?"] * 1000)
    verdicts = [each for each in found if each["event"] == "verdict"]
    return [each["formula"] if each["right"] is None else repr(each["right"]) for each in verdicts]


def test_levels_go_up_as_rounds_are_right() -> None:
    forward = ["--ask", "backward"]
    first = solved("--level", "9", *forward, "--rounds", "1")
    assert first
    own = ["2.5", "12.5"]
    answers = [each for level in range(1, 3) for each in _own_answers(level)]
    found = objects(*forward, answers=[*answers, *own])
    levels = [each["level"] for each in found if each["event"] == "round"]
    assert levels == [1, 2, 3]
    # what is not right comes again, with other numbers
    found = objects(*forward, answers=["", *_own_answers(1)[1:], ""])
    rounds = [each for each in found if each["event"] == "round"]
    assert [each["level"] for each in rounds] == [1, 1]
    assert rounds[0]["inputs"] != rounds[1]["inputs"]
    assert rounds[1]["told"] == [
        "not all of it was right: the same exercise once more, with other numbers"
    ]
    # the last one is the end
    found = objects(*forward, "--level", "10", answers=_own_answers(10))
    assert [each["event"] for each in found].count("round") == 1
    assert found[-1]["right"] == len(_own_answers(10))
    assert len(exercises()) == 10


def _own_answers(level: int) -> list[str]:
    """Those of the backward pass of an exercise with its own numbers."""
    found = objects("--ask", "backward", "--level", str(level), answers=["?"] * 40)
    first = [each for each in found if each["event"] == "verdict" and each["round"] == 1]
    return [repr(each["right"]) for each in first]


def test_rounds_of_a_seed_are_the_same_in_every_process() -> None:
    words = [
        sys.executable,
        "-m",
        "backprop",
        "quiz",
        "-e",
        CLASSIC,
        "--rounds",
        "3",
        "--format",
        "json",
    ]
    seen = set[str]()
    for seed, hashes in (("7", "1"), ("7", "2"), ("8", "1")):
        environment = {**os.environ, "PYTHONHASHSEED": hashes}
        done = subprocess.run(
            [*words, "--seed", seed, "--ask", "forward"], input="\n" * 9, capture_output=True, text=True,
            env=environment, check=True, timeout=60,
        )  # fmt: skip
        seen.add(done.stdout)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        points = [each["inputs"] for each in found if each["event"] == "round"]
        assert len({str(each) for each in points}) == 3
        assert all(number == round(number) for each in points for number in each.values())
    assert len(seen) == 2


def test_inputs_without_numbers_take_random_ones_and_say_so() -> None:
    found = quiz("-e", CLASSIC)
    assert "(the inputs a, b, c, f have no value, and L needs them: all inputs take" in found


HOSTILE = [
    b"1" * 10**6, b"(" * 999, b"-" * 999 + b"1", b"\xff\xfe\x00", b"\x1b[2J", b"nan", b"inf", b"1e400", b"1e-400",
    "∞".encode(), b"0x10", b"1,5", b"=", b"==", b"=6", b";", b"#", b"'", b"6 = 7", b"a b", b"dL/da", b"derivative(L, a)",
    b"9^9^9^9", b"0/0", b"1/0", b"log(-1)", b"minimize L", b"const x = 3", b"sum(a for i in 1..1000000000)", b"f(x) = 3",
    b"____", "…".encode(), b"share of dL/da", b"a -> e", b"\t", "−".encode(), b"6" * 900, b"0." + b"3" * 900, b"\x00", b"x\r",
]  # fmt: skip


def test_two_answers_are_none() -> None:
    lines = ["999, 6", "6, 999", "6,", ",5", "-,25", "max(6, 5)"]
    found = backprop(
        "quiz", *LINE, "--ask", "backward", "--only", "a", stdin="\n".join(lines).encode()
    )
    assert found.out.count("no answer yet: one answer at a time") == 3
    assert "no answer yet: write 0.5: the decimal sign is a point" in found.out
    assert "no answer yet: write -0.25: the decimal sign is a point" in found.out
    assert found.out.count("\nright\n") == 1


@pytest.mark.parametrize("kind", ["forward", "local", "backward", "formula"])
def test_hostile_answers_are_told_and_never_right(kind: str) -> None:
    for text in HOSTILE:
        found = backprop("quiz", *LINE, "--ask", kind, stdin=text + b"\n")
        assert (found.status, found.err) == (0, ""), text
        assert "\nright\n" not in found.out, text
        assert "\x1b" not in found.out
        assert max(map(len, found.out.splitlines())) < 300
        assert "Traceback" not in found.out


def test_a_quiz_is_not_watched(tmp_path: Path) -> None:
    (tmp_path / "a.eq").write_text("L = 2*a; a = 1")
    ran = backprop("watch", str(tmp_path / "a.eq"), "--", "quiz")
    assert ran.status == 2
    assert "a quiz waits for answers" in ran.err


REFUSED = [
    (["-"], 2, "answers come from standard input: - cannot be read from there"),
    (["-e", "L = a", "--values", "/dev/stdin"], 2, "/dev/stdin cannot be read"),
    (["--ask", "values"], 2, "there is no kind of question 'values'"),
    (["--ask", " "], 2, "--ask is empty"),
    (["--level", "11"], 2, "it is at most 10"),
    ([*LINE, "--level", "2"], 2, "--level is of the exercises"),
    (["-e", "L = 3"], 2, "there is nothing to ask about L"),
    (["-e", "L = log(x)", "--set", "x=-1"], 1, "log(x) has no value at x = -1"),
    (["-e", "a = 1; L = a; M = a"], 1, "there are 2 outputs"),
    (["-e", "x[i] = 1 for i in 1..90000; y[i] = x[i]^2 for i in 1..90000; M = sum(y[*])"], 1, "these are more steps than the 200,000"),
    (["-e", "const a = 2; L = a^2", "--rounds", "2"], 2, "there is no input that is not const"),
    (["-e", "a = 2; L = a^2", "--set", "a=3", "--rounds", "2"], 2, "all are given"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "status", "said"), REFUSED)
def test_what_cannot_be_asked_is_told(words: list[str], status: int, said: str) -> None:
    found = backprop("quiz", *words)
    assert (found.status, found.out) == (status, "")
    assert said in found.err


class Terminal:
    """A session in a pseudo-terminal of 80 columns."""

    def __init__(self, *words: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {**os.environ, "TERM": "xterm", "PYTHONUTF8": "1"}
        environment.pop("NO_COLOR", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "backprop", "quiz", *words],
            stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
            preexec_fn=_own_terminal,
        )  # fmt: skip
        os.close(slave)
        self.seen = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a read may end inside of a letter

    def until(self, text: str) -> str:
        """What is written up to this text, from the last call on."""
        begin, end = len(self.seen), time.monotonic() + 60
        while text not in self.seen[begin:]:
            assert time.monotonic() < end, self.seen
            if select.select([self.master], [], [], 1)[0]:
                try:
                    self.seen += self._decoder.decode(os.read(self.master, 1 << 16))
                except OSError:
                    break
        return self.seen[begin:]

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        self.until("\x00")  # it is closed
        os.close(self.master)
        return self.process.wait(timeout=60)


def _own_terminal() -> None:
    interruptible()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    found = Terminal(*LINE)
    yield found
    if found.process.poll() is None:
        found.process.kill()
        found.process.wait()


def test_a_session_in_a_terminal(terminal: Terminal) -> None:
    """Colours, but never colour alone; a line is edited; what is typed is not echoed twice."""
    assert "\x1b[1m1. e = a·b = ?\x1b[0m" in terminal.until("> ")
    terminal.type("66\x1b[D\x7f\r")
    told = terminal.until("> ")
    assert "\x1b[1;31mnot right\x1b[0m: a sign error" in told
    terminal.type("-6\r")
    assert "\x1b[1;32mright\x1b[0m" in terminal.until("> ")
    terminal.type("\x04")
    assert terminal.end() == 0
    plain = re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", terminal.seen)
    assert "score: 0 of 1 right at once, 1 at the second try, 16 not answered" in plain
    assert max(map(len, plain.splitlines())) <= 80


def test_ctrl_c_stops_with_the_score(terminal: Terminal) -> None:
    terminal.until("> ")
    terminal.type("-6\r")
    terminal.until("> ")
    terminal.type("\x03")
    with suppress(subprocess.TimeoutExpired):
        terminal.process.wait(timeout=20)
    if terminal.process.poll() is None:  # Python could not raise where it was met
        terminal.type("\x03")
    assert terminal.end() == 130
    assert "score: 1 of 1 right at once, 16 not answered" in terminal.seen
    assert "Traceback" not in terminal.seen


def test_ctrl_c_in_a_pipe() -> None:
    words = [sys.executable, "-m", "backprop", "quiz", *LINE]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, stdin=pipe, stdout=pipe, stderr=pipe, preexec_fn=interruptible
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"-6\n")
        process.stdin.flush()
        seen = b""
        while b"2. d" not in seen:
            seen += process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out.decode().endswith("score: 1 of 1 right at once, 16 not answered\n")
    assert err == b""


def test_every_key_is_in_the_page_about_json_and_the_other_way_round() -> None:
    page = gallery.page("json", ()).text
    block = re.search(r"    keys of quiz\n((?:    .*\n)+)", page)
    assert block
    rows = re.findall(r"^    ([a-z_.[\]]+) +\S", block[1], re.M)
    found = objects(*LINE, answers=["1", "1", "?", "", "q"])
    keys = {key for each in found for key in each}
    keys |= {
        f"{key}[].{one}"
        for each in found
        for key in ("given", "practise")
        for two in each.get(key, ())
        for one in two
    }
    assert sorted(keys) == sorted(rows)


def test_the_readme_s_session_is_what_is_printed() -> None:
    page = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
    block = re.search(r"```text\n\$ backprop quiz (.*)\n((?:.*\n)*?)```", page)
    assert block
    answers = re.findall(r"^> (.*)$", block[2], re.M)
    assert quiz(*shlex.split(block[1]), answers=answers) == block[2]


ODD = [
    "L = a + a + b; a = 2",  # an operand twice, a missing input
    "L = x^2/y + 1; y = inf; x = 2",
    "t[i] = 2*i/(n - 1) for i in 0..n-1; L = sum(t[i]*x for i in 0..n-1); x = 3; n = 3",
    "w[k] ~ uniform(-1, 1) for k in 1..2; L = w[1]*w[2]",
    "f(x) = x^2; y = f(a) + if(a > 1, 3*a, 0); a = 3",
    "V = x^2; F = -derivative(V, x); x = 2",
    "L = x/(x - x); x = 1",
    "L = relu(x)*abs(x); x = 0",
    "L = 1e-200*x*1e-200; M = L; x = 2",
    "L = (1e16 + x) - 1e16; x = 1",
    "π = 3; 𝑥 = 2; α' = 𝑥^2*π; L = α'*x₁; x₁ = 5",
    "y ~ a*x",
]


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("rounds", [[], ["--rounds", "2"]])
def test_odd_equations_are_asked_about_or_refused(text: str, rounds: list[str]) -> None:
    """Whatever there is in them: an error at its place, or questions of which each has its answer."""
    words = ["quiz", "-e", text, "--format", "json", *rounds]
    ran = backprop(*words, stdin=b"?\n" * 200)
    assert "Traceback" not in ran.err
    found = [json.loads(line) for line in ran.out.splitlines()]
    if ran.status:
        assert "error: " in ran.err
        assert not found
        return
    right = [
        each["formula"] if each["right"] is None else str(each["right"])
        for each in found
        if each["event"] == "verdict"
    ]
    again = backprop(*words, stdin="".join(f"{each}\n" for each in right).encode())
    verdicts = [json.loads(line) for line in again.out.splitlines() if '"verdict"' in line]
    assert [each["outcome"] for each in verdicts] == ["right"] * len(right), verdicts


def test_without_standard_output_there_is_no_option_that_it_has_not() -> None:
    words = f'"{sys.executable}" -m backprop quiz --level 1 < /dev/null >&-'
    ran = subprocess.run(
        ["bash", "-c", words], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr == "error: there is no standard output\n  = write to a file: > results.txt\n"
