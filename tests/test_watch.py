"""`backprop watch`: whatever way a file is saved, the last content is what one sees, and nothing is left behind."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from backprop.cli.printing import Finished
from backprop.cli.watching.screen import Screen
from backprop.cli.watching.watched_files import folders, is_beside
from backprop.cli.watching.watched_line import WatchedLine
from running import backprop, interruptible
from watching import HIDDEN, Watching, children, is_alive, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

EQUATIONS = "e = a*b; d = e+c; L = d*f\na = 2; b = -3; c = 10; f = {}\n"


def in_place(path: Path, text: str) -> None:
    path.write_text(text)


def in_goes(path: Path, text: str) -> None:
    """As a slow program writes: half of it, and the rest a moment later."""
    with path.open("w") as file:
        file.write(text[: len(text) // 2])
        file.flush()
        time.sleep(0.02)
        file.write(text[len(text) // 2 :])


def renamed_over(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".tmp")
    new.write_text(text)
    new.replace(path)


def deleted_and_created(path: Path, text: str) -> None:
    path.unlink()
    time.sleep(0.1)
    path.write_text(text)


def as_vim(path: Path, text: str) -> None:
    """With a swap file, a try whether the folder can be written to, and a backup."""
    swap, test, backup = (
        path.with_name(name) for name in (f".{path.name}.swp", "4913", f"{path.name}~")
    )
    swap.write_text("x")
    test.write_text("")
    test.unlink()
    path.rename(backup)
    path.write_text(text)
    path.chmod(0o644)
    backup.unlink()
    swap.unlink()


def as_emacs(path: Path, text: str) -> None:
    """With a lock that is a link to nowhere, a file for crashes, and a backup that stays."""
    lock, kept = path.with_name(f".#{path.name}"), path.with_name(f"#{path.name}#")
    lock.symlink_to("me@here.1:2")
    kept.write_text(text)
    shutil.copy(path, path.with_name(f"{path.name}~"))
    path.write_text(text)
    kept.unlink()
    lock.unlink()


WAYS: list[Callable[[Path, str], None]] = [
    in_place, in_goes, renamed_over, deleted_and_created, as_vim, as_emacs,
]  # fmt: skip


def test_every_way_of_saving_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "eqs.txt"
    path.write_text(EQUATIONS.format(1))
    with Watching(tmp_path) as watching:
        watching.upto("L = 4\n.*\nL +output")
        for number, way in enumerate(WAYS * 2, 2):
            way(path, EQUATIONS.format(number))
            came = watching.upto(f"\nL = {4 * number}\n.*\nL +output[^\n]*\n")
            assert "── " in came
        assert watching.errors == ""
        os.utime(path)  # who touches a file wants to see it again
        watching.upto(f"\nL = {4 * number}\n")
        path.chmod(0o640)  # it may not have been one's own to read
        watching.upto(f"\nL = {4 * number}\n")
        before = path.stat()
        path.write_text(EQUATIONS.format(number + 1))  # as long
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        watching.upto(f"\nL = {4 * number + 4}\n")
        assert watching.end() == 130
    assert watching.errors == ""


def test_a_burst_is_few_runs_and_ends_with_the_last_content(tmp_path: Path) -> None:
    path = tmp_path / "eqs.txt"
    path.write_text(EQUATIONS.format(1))
    with Watching(tmp_path) as watching:
        watching.upto("L +output")
        before = watching.text.count("──")
        for number in range(2, 12):
            path.write_text(EQUATIONS.format(number))
        watching.upto("L = 44\n.*L +output")
        assert (
            watching.text.count("──") - before <= 2 * 4
        )  # one, if the machine has nothing else to do
        assert watching.end() == 130


def test_links_and_folders_may_change_on_the_way(tmp_path: Path) -> None:
    """As Kubernetes does it: eqs.txt → ..data/eqs.txt, ..data → ..1, which becomes ..2 at once; and a
    checkout, which removes the folder and makes it anew."""
    where = tmp_path / "volume"
    for number in (1, 2):
        (where / f"..{number}").mkdir(parents=True)
        (where / f"..{number}" / "eqs.txt").write_text(EQUATIONS.format(number))
    (where / "..data").symlink_to("..1")
    (where / "eqs.txt").symlink_to("..data/eqs.txt")
    with Watching(tmp_path, "volume/eqs.txt") as watching:
        watching.upto("L = 4\n.*L +output")
        (where / "..new").symlink_to("..2")
        (where / "..new").replace(where / "..data")
        watching.upto("L = 8\n.*L +output")
        (where / "..2" / "eqs.txt").write_text(EQUATIONS.format(3))
        watching.upto("L = 12\n.*L +output")
        shutil.rmtree(where)
        watching.upto("there is no file volume/eqs.txt", "errors")
        where.mkdir()
        (where / "eqs.txt").write_text(EQUATIONS.format(5))
        watching.upto("L = 20\n.*L +output")
        where.rename(tmp_path / "elsewhere")
        watching.when(lambda: watching.errors.count("there is no file") == 2, "moved")
        (tmp_path / "elsewhere").rename(where)
        watching.upto("L = 20\n.*L +output")
        assert watching.end() == 130


def test_numbers_tables_and_patterns_are_watched_and_files_of_editors_not(tmp_path: Path) -> None:
    (tmp_path / "fit.eq").write_text("L = sum((y - a*x)^2)")
    (tmp_path / "numbers.json").write_text('{"a": 1}')
    (tmp_path / "day1.csv").write_text("x,y\n1,2\n")
    words = ["--values", "numbers.json", "--data", "day*", "--format", "json"]
    with Watching(tmp_path, "fit.eq", "--", *words) as watching:
        watching.upto('"value": 1.0')
        (tmp_path / "numbers.json").write_text('{"a": 0}')
        watching.upto('"value": 4.0')
        (tmp_path / "day2.csv").write_text("x,y\n1,3\n")
        watching.upto('"value": 13.0')
        (tmp_path / "day2.csv").unlink()
        watching.upto('"value": 4.0')
        many = watching.text.count("value")
        (tmp_path / "day1.csv~").write_text("x,y\n1,9\n")
        (tmp_path / "other.csv").write_text("x,y\n1,9\n")
        (tmp_path / "day1.csv~").unlink()
        (tmp_path / "fit.eq").write_text("L = sum((y - a*x)^4)")
        watching.upto('"value": 16.0')
        assert watching.text.count("value") == many + 1
        assert watching.end() == 130
    assert [line[:11] for line in watching.text.splitlines()] == [
        '{"schema": '
    ] * 5  # and no line between


def test_claims_are_watched_and_a_failed_check_is_a_result(tmp_path: Path) -> None:
    (tmp_path / "eqs.txt").write_text(EQUATIONS.format(-2))
    (tmp_path / "claims").write_text("da = 6")
    with Watching(tmp_path, "--", "check", "--claims", "claims") as watching:
        watching.upto("1 of 1 claims? (is|are) right|all|right")
        (tmp_path / "claims").write_text("da = 7")
        watching.upto("wrong")
        assert watching.end() == 130


def test_what_a_run_writes_beside_the_file_begins_no_run(tmp_path: Path) -> None:
    path = tmp_path / "eqs.txt"
    path.write_text(EQUATIONS.format(1))
    graph = tmp_path / "graph.svg"
    with Watching(tmp_path, "eqs.txt", "--", "draw", "-o", "graph.svg") as watching:
        for many, number in enumerate((1, 17, 19), 1):
            if many > 1:
                path.write_text(EQUATIONS.format(number))
            watching.upto("wrote graph.svg.*" * many, "errors")
            assert f"grad {number} ".encode() in graph.read_bytes()
        path.write_text("L = ")
        watching.upto("error: ", "errors")
        assert watching.end() == 130
    assert watching.errors.count("wrote graph.svg") == 3
    assert sorted(each.name for each in tmp_path.iterdir()) == ["eqs.txt", "graph.svg"]


def test_a_file_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    with Watching(tmp_path) as watching:
        watching.upto("there is no file eqs.txt", "errors")
        assert watching.end() == 130
    assert "pipe" not in watching.errors
    with Watching(tmp_path, "later/eqs.txt") as watching:
        watching.upto("there is no file later/eqs.txt", "errors")
        (tmp_path / "later").mkdir()
        (tmp_path / "later" / "eqs.txt").write_text(EQUATIONS.format(1))
        watching.upto("L = 4\n")
        assert watching.end() == 130


def test_in_a_terminal_the_last_good_result_stays_above_an_error(tmp_path: Path) -> None:
    path = tmp_path / "eqs.txt"
    path.write_text(EQUATIONS.format(1))
    with Watching(tmp_path, columns=64) as watching:
        first = watching.upto("L = 4\x1b.*Ctrl-C ends")
        assert (
            "\n" * 20 in first.replace("\r", "").split("\x1b[H\x1b[J")[0]
        )  # what was there is not lost
        path.write_text(EQUATIONS.format("1/"))
        came = watching.upto("Ctrl-C ends")
        assert "\x1b[3J" not in came + first  # nor is what left the screen upwards
        _, shown = came.split("\x1b[H\x1b[J")
        good, error = shown.split("↑ of ")
        assert "L = 4" in good
        lines = error.replace("\r", "").split("\n")
        assert "\x1b[1;31merror:" in lines[2]
        text, caret = lines[3], lines[4]
        assert text.endswith("f = 1/")
        assert caret.endswith("^ here\x1b[0m")
        path.write_text(EQUATIONS.format("2"))
        came = watching.upto("L = 8\x1b.*Ctrl-C ends")
        assert "error" not in came
        assert (
            max(len(line) for line in came.replace("\r", "").split("\n") if "\x1b" not in line)
            <= 64
        )
        os.write(watching.terminal, b"\x03")
        assert watching.status() == 130
    assert "interrupted" not in watching.text
    # the terminal's own echo of Ctrl-C comes before or after what the program writes then
    assert watching.text.replace("^C", "").endswith("\r\x1b[K")


def test_the_last_line_is_as_short_as_a_terminal_is_narrow(tmp_path: Path) -> None:
    path = tmp_path / "eqs.txt"
    path.write_text(EQUATIONS.format(1))
    with Watching(tmp_path, columns=26) as watching:
        watching.upto(r"\d\d; Ctrl-C ends\x1b")
        path.write_text("x = 1/")
        watching.upto("\x1b\\[2man error; Ctrl-C ends\x1b")


def test_of_a_long_result_the_end_stays_above_an_error(tmp_path: Path) -> None:
    path = tmp_path / "eqs.txt"
    path.write_text("w[i] = i for i in 1..3000; L = sum(w[i]^2 for i in 1..3000)")
    with Watching(tmp_path, "--", "grad", "--all", columns=80) as watching:
        whole = watching.upto("Ctrl-C ends")
        path.write_text("L = ")
        shown = watching.upto("Ctrl-C ends").split("\x1b[H\x1b[J")[1]
    assert "w[1] " in whole
    assert "w[1] " not in shown
    assert re.match(r"w\[\d+\] ", shown)  # a whole line
    assert "w[3000] " in shown
    assert "error:" in shown


def test_a_dumb_terminal_is_not_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "eqs.txt").write_text(EQUATIONS.format(1))
    with Watching(tmp_path, columns=80, terminal="dumb") as watching:
        watching.upto("L +output")
        (tmp_path / "eqs.txt").write_text(EQUATIONS.format(2))
        watching.upto("L = 8\r\n.*L +output")
        assert watching.end() == 130
    assert "\x1b" not in watching.text


LONG = "L = (x - {})^2 + (y + 2)^4*0.1; x = 5; y = 3"


def test_a_run_that_goes_on_is_interrupted_by_a_change(tmp_path: Path) -> None:
    path = tmp_path / "eqs.txt"
    path.write_text(LONG.format(1))
    words = ["--optimizer", "adam", "--lr", "1e-9", "--steps", "1000000000", "--save", "found.eq"]
    with Watching(tmp_path, "--", "descend", *words, columns=80) as watching:
        watching.upto("running since|steps|%|L ")
        (copy,) = children(watching.process.pid)
        until(lambda: children(copy), "it runs")
        (before,) = children(copy)
        path.write_text(LONG.format(2))
        until(lambda: children(copy) not in ([], [before]), "the next run")
        assert not is_alive(before)
        os.kill(children(copy)[0], signal.SIGKILL)  # a run may crash
        watching.upto("Ctrl-C ends")
        path.write_text(LONG.format(3))
        until(lambda: children(copy), "a run after the crash")
        (last,) = children(copy)
        assert watching.end() == 130
        assert not is_alive(copy)
        assert not is_alive(last)
    assert {each.name for each in tmp_path.iterdir()} <= {"eqs.txt", "found.eq"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_and_leave_nothing(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "eqs.txt").write_text(EQUATIONS.format(1))
    with Watching(tmp_path) as watching:
        watching.upto("L +output")
        begun = children(watching.process.pid)
        assert len(begun) == 1
        assert watching.end(number) == 128 + number
        assert not any(map(is_alive, begun))
    assert watching.errors == ""


def test_whoever_is_killed_leaves_no_process(tmp_path: Path) -> None:
    (tmp_path / "eqs.txt").write_text(LONG.format(1))
    words = ["--optimizer", "adam", "--lr", "1e-9", "--steps", "1000000000"]
    with Watching(tmp_path, "--", "descend", *words) as watching:
        until(lambda: children(watching.process.pid), "the copy")
        (copy,) = children(watching.process.pid)
        until(lambda: children(copy), "the run")
        run = children(copy)
        watching.process.kill()
        until(lambda: not any(map(is_alive, [copy, *run])), "the others end")


@pytest.mark.parametrize(
    "begin", ["", "import os, time\nset = os.setsid\nos.setsid = lambda: (time.sleep(1), set())"]
)
def test_a_run_ends_with_the_copy_that_began_it(begin: str, tmp_path: Path) -> None:
    """Also if that is gone before the run can know."""
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "sitecustomize.py").write_text(begin)
    (tmp_path / "eqs.txt").write_text(LONG.format(1))
    words = ["--optimizer", "adam", "--lr", "1e-9", "--steps", "1000000000"]
    with Watching(tmp_path, "--", "descend", *words, beside=tmp_path / "beside") as watching:
        until(lambda: children(watching.process.pid), "the copy")
        (copy,) = children(watching.process.pid)
        until(lambda: children(copy), "the run")
        run = children(copy)
        os.kill(copy, signal.SIGKILL)
        assert watching.status() == 1
        until(lambda: not any(map(is_alive, run)), "the run ends")
    assert "ended from outside" in watching.errors
    assert "Traceback" not in watching.errors


def test_it_ends_when_nobody_reads_any_more(tmp_path: Path) -> None:
    (tmp_path / "eqs.txt").write_text(EQUATIONS.format(1))
    command = f"{sys.executable} -m backprop watch | head -1"
    ran = subprocess.run(
        command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60, preexec_fn=interruptible
    )  # fmt: skip
    assert (ran.stdout, ran.stderr) == ("L = 4\n", "")


def test_it_ends_with_the_window_in_which_it_runs(tmp_path: Path) -> None:
    (tmp_path / "eqs.txt").write_text(EQUATIONS.format(1))
    with Watching(tmp_path, columns=80) as watching:
        watching.upto("Ctrl-C ends")
        (copy,) = children(watching.process.pid)
        watching._close(watching.terminal)
        assert watching.status() in (1, 129)  # nobody reads it any more, and SIGHUP comes
        assert not is_alive(copy)


@pytest.mark.parametrize("where", ["/dev/full", "&-"])
@pytest.mark.parametrize("command", ["grad", "draw --format png -o -"])
def test_it_ends_when_what_it_prints_cannot_be_written(
    command: str, where: str, tmp_path: Path
) -> None:
    (tmp_path / "eqs.txt").write_text(EQUATIONS.format(1))
    line = f"{sys.executable} -m backprop watch eqs.txt -- {command} >{where}"
    ran = subprocess.run(
        line, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60, preexec_fn=interruptible
    )  # fmt: skip
    message = "error: the results cannot be written: no space left on device\n"
    if where == "&-":
        message = "error: there is no standard output\n  = write to a file: > results.txt\n"
    assert (ran.returncode, ran.stderr) == (1, message)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-", "standard input can be read once only"),
        ("eqs.txt -- --data -", "standard input can be read once only"),
        ("pipe", "pipe can be read once only"),
        ("-- grad -e a=2", "there is no file to watch"),
        ("eqs.txt -- -e a=2", "equations both in a file and after -e"),
        ("eqs.txt -- grad eqs.txt", "eqs.txt"),
        ("-- watch eqs.txt", "and not watch"),
        ("-- help", "and not help"),
        ("eqs.txt -- quiz", "quiz waits for answers"),
        ("-- example classic", "and not example"),
        ("eqs.txt -- drow -o x.svg", "did you mean 'draw'"),
        ("eqs.txt -- draw --themes dark", "write backprop draw eqs.txt --theme dark"),
        ("eqs.txt draw -o x.svg", "write backprop watch eqs.txt -- draw -o x.svg"),
        ("eqs.txt --set a=3", "write backprop watch eqs.txt -- --set a=3"),
        (
            "eqs.txt -- descend --save eqs.txt",
            "eqs.txt, which is watched: no run would be the last",
        ),
        ("eqs.txt -- descend --save other/../eqs.txt", "which is watched"),
        ("eqs.txt -- grad -o eqs.txt", "is watched"),
        ("eqs.txt --port 8000", "--port is of --serve"),
        ("--serve eqs.txt -- draw", "--serve is of pages, and draw makes none"),
        ("--serve eqs.txt -- -o other.html", "the page goes to a browser, and not to other.html"),
        ("--serve eqs.txt --port 70000", "at most 65535"),
    ],
)
def test_what_cannot_be_watched_is_told(
    line: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "eqs.txt").write_text(EQUATIONS.format(1))
    (tmp_path / "other").mkdir()
    os.mkfifo("pipe")
    ran = backprop("watch", *line.split())
    assert ran.status == 2
    assert said in ran.err
    assert ran.out == ""
    assert (tmp_path / "eqs.txt").read_text() == EQUATIONS.format(1)


SILENT = {
    "a disk of another machine": "def watch(*_, stop_event, **more): stop_event.wait(); yield from ()",
    "a system without notices": "def watch(*_, **more): raise OSError(28, 'too many'); yield",
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_files_are_looked_at_where_nothing_tells_of_changes(text: str, tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "watchfiles.py").write_text(text)
    path = tmp_path / "eqs.txt"
    path.write_text(EQUATIONS.format(1))
    with Watching(tmp_path, beside=tmp_path / "beside") as watching:
        watching.upto("L = 4\n.*L +output")
        renamed_over(path, EQUATIONS.format(2))
        watching.upto("L = 8\n.*L +output")
        assert watching.end() == 130
    assert watching.errors == ""


@pytest.mark.parametrize("stream", ["", "2"])
def test_no_stream_goes_to_a_file_that_is_watched(stream: str, tmp_path: Path) -> None:
    (tmp_path / "eqs.txt").write_text(EQUATIONS.format(1))
    command = f"{sys.executable} -m backprop watch {stream}>>eqs.txt"
    ran = subprocess.run(
        command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 2
    told = ran.stderr + (tmp_path / "eqs.txt").read_text()
    assert "writes to eqs.txt, which is watched" in told


def test_folders_of_links_are_known(tmp_path: Path) -> None:
    def names(path: str) -> set[str]:
        return {os.path.relpath(each.path, tmp_path) for each in folders([str(tmp_path / path)])}

    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "f").write_text("")
    (tmp_path / "to_b").symlink_to("a/b")
    (tmp_path / "a" / "g").symlink_to("../to_b/f")
    (tmp_path / "round").symlink_to("round")
    assert names("a/b/f") == {"a/b"}
    assert names("a/g") == {"a", ".", "a/b"}
    assert names("to_b/../b/f") == {".", "a/b"}
    assert names("a/none/of/these") == {"a"}
    assert names("round") == {"."}


def test_files_of_editors() -> None:
    beside = "4913 .f.swp .f.swx f~ #f# .#f .goutputstream-A1 f.tmp f.csv.bak".split()
    assert all(map(is_beside, beside))
    assert not any(map(is_beside, ["f", "f.csv", "d/e.eq", "a#b", "swp", "4913.csv"]))


def test_the_examples_of_the_readme_run(tmp_path: Path) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
    section = readme[readme.index("## `backprop watch") :]
    lines = section[: section.index("\n## ", 1)].split("```sh\n")[1].split("```")[0].splitlines()
    wanted = ["L = {}\n", "wrote graph.svg", "L = .*, from {}\n", "http://127.0.0.1:"]
    for line, pattern in zip(lines, wanted, strict=True):
        (tmp_path / "eqs.txt").write_text(EQUATIONS.format(-2))
        assert line.startswith("backprop watch ")
        with Watching(tmp_path, *line.split()[2:]) as watching:
            of = "errors" if pattern.startswith("wrote") else "text"
            watching.upto(pattern.format(-8), of)
            (tmp_path / "eqs.txt").write_text(EQUATIONS.format(-3))
            if "{}" in pattern:
                watching.upto(pattern.format(-12))
            assert watching.end() == 130


class _Terminal(io.BytesIO):
    """One to which a signal comes at once when somebody sees a text."""

    def __init__(self, own: int, text: bytes) -> None:
        super().__init__()
        self._own, self._text = own, text

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._own

    def flush(self) -> None:
        if self.getvalue().endswith(self._text) and not self.came:
            self.came = True
            raise Finished(130)

    came = False


@pytest.mark.parametrize(
    "text", ["12:00:00; eqs.txt is watched, Ctrl-C ends", "running since 12:00:00"]
)
def test_the_last_line_goes_though_a_signal_comes_as_soon_as_it_is_seen(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, own = os.openpty()
    seen = _Terminal(own, text.encode())
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("backprop.cli.watching.screen.clock", lambda: "12:00:00")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(seen, "utf-8"))
    screen = Screen(cast("WatchedLine", SimpleNamespace(name="eqs.txt")))
    with pytest.raises(Finished):
        screen.tick() if "running" in text else screen.end(0, True)
    screen.close()
    assert seen.getvalue().endswith(text.encode() + b"\r\x1b[K")
    for each in (terminal, own):
        os.close(each)


def test_where_no_process_can_be_copied_each_run_is_a_new_one(tmp_path: Path) -> None:
    """As on Windows, which has none of these; a run that goes on gives way there, too."""
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "sitecustomize.py").write_text(HIDDEN)
    path = tmp_path / "eqs.txt"
    path.write_text(EQUATIONS.format(1))
    with Watching(tmp_path, columns=80, beside=tmp_path / "beside") as watching:
        watching.upto("L = 4\x1b.*L +")
        for number, way in enumerate([in_place, renamed_over, deleted_and_created], 2):
            way(path, EQUATIONS.format(number))
            assert "── " in watching.upto(f"L = {4 * number}\x1b")
        path.write_text("x = 1/")
        watching.upto("something is missing")
        assert watching.end() == 130
    slow = "f = (1-x)^2 + 100*(y-x^2)^2; x = -1.2; y = {}"
    path.write_text(slow.format(1))
    words = ("--", "descend", "--optimizer", "gd", "--lr", "1e-9", "--steps", "1000000000")
    with Watching(tmp_path, *words, beside=tmp_path / "beside") as watching:
        watching.when(lambda: children(watching.process.pid), "a run")
        (first,) = children(watching.process.pid)
        path.write_text(slow.format(2))
        watching.when(lambda: children(watching.process.pid) not in ([first], []), "another run")
        assert not is_alive(first)
        (second,) = children(watching.process.pid)
        assert watching.end(signal.SIGTERM) == 143
        assert not is_alive(second)
    assert "Traceback" not in watching.errors
