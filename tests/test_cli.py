"""The command line: options, files, streams, exit statuses."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from running import CLASSIC, POINT, backprop, interruptible

COMMAND = [sys.executable, "-m", "backprop"]
GRADIENTS = {"a": 6, "b": -4, "c": -2, "d": -2, "e": -2, "f": 4, "L": 1}


def found(*arguments: str, stdin: bytes = b"") -> dict[str, object]:
    ran = backprop("grad", *arguments, "--format", "json", stdin=stdin)
    assert (ran.status, ran.err) == (0, "")
    result: dict[str, object] = json.loads(ran.out)
    return result


def test_the_classic_example_from_text_from_a_file_and_in_reverse(tmp_path: Path) -> None:
    file = tmp_path / "eqs.txt"
    file.write_text(CLASSIC + "\nb = -3; c = 10; f = -2")
    for result in (
        found("-e", CLASSIC, "--set", POINT),
        found(str(file), "--set", "a=2"),
        found("-e", "; ".join(reversed(CLASSIC.split("; "))), "--set", POINT),
        found("-", "--set", "a=2", stdin=file.read_bytes()),
    ):
        assert result["schema"] == 1
        assert (result["output"], result["value"]) == ("L", -8.0)
        assert result["gradients"] == GRADIENTS


def test_without_file_it_is_eqs_txt_or_what_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = backprop("grad")
    assert (ran.status, "no file eqs.txt here" in ran.err) == (2, True)
    (tmp_path / "eqs.txt").write_text("L = 3^2")
    assert found()["value"] == 9.0
    (tmp_path / "other.txt").write_text("L = 4^2")
    monkeypatch.setenv("BACKPROP_FILE", "other.txt")
    assert found()["value"] == 16.0
    assert found("-e", "L = 1")["value"] == 1.0


def test_numbers_come_from_the_file_then_values_then_set(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("b = 2\nc = 2*pi/pi  # two")
    (tmp_path / "numbers.json").write_text('{"c": 3, "d": "inf"}')
    result = found(
        "-e", "L = a + b + c + min(d, 4); a = 1; b = 1; c = 1; d = 1",
        "--values", str(tmp_path / "lines.txt"), "--values", str(tmp_path / "numbers.json"),
        "--set", "b = 1/2, a=1", "--set", "a=-2^2;",
    )  # fmt: skip
    assert result["data"] == {"a": -4, "b": 0.5, "c": 3, "d": "inf", "L": 3.5}


def test_several_outputs_and_chosen_names() -> None:
    ran = backprop(
        "grad", "-e", "a = 2; y = a^2; z = y*3", "--of", "y", "--of", "z", "--format", "json"
    )
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["output"] for line in lines] == ["y", "z"]
    assert lines[1]["gradients"] == {"a": 12, "y": 3, "z": 1}
    assert found("-e", "a = 2; u = 1; y = a^2", "--of", "y", "--wrt", "a, u")["gradients"] == {
        "a": 4,
        "u": 0,
    }


def test_numbers_that_json_cannot_say_are_strings() -> None:
    ran = backprop(
        "grad",
        "-e",
        "y = sqrt(x); n = sqrt(x - 1)",
        "--set",
        "x=0",
        "--of",
        "y",
        "--format",
        "json",
    )
    result = json.loads(ran.out, parse_constant=pytest.fail)
    assert result["gradients"]["x"] == "inf"
    assert result["data"]["n"] == "nan"
    assert ran.status == 0
    assert "warning" in ran.err


def test_json_numbers_read_back_to_the_last_bit() -> None:
    assert found("-e", "y = 1/3 + 0*x", "--set", "x=0.1")["value"] == 1 / 3
    assert found("-e", "y = 2*x", "--set", "x=1/3", "--digits", "3")["value"] == 0.667


def test_csv_is_csv() -> None:
    ran = backprop("grad", "-e", "y = max(a,\n b)", "--set", "a=1,b=2", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert rows[2] == {
        "output": "y", "name": "y", "role": "output", "equation": "y = max(a, b)", "data": "2.0", "grad": "1.0",
    }  # fmt: skip


def test_one_long_equation_does_not_widen_every_row() -> None:
    long = " + ".join(["x"] * 1000)
    ran = backprop("grad", "-e", f"y = {long}; z = y", "--set", "x=1")
    assert long in ran.out
    assert max(map(len, ran.out.splitlines()[:5])) < 150


def test_digits() -> None:
    assert "3.142" in backprop("grad", "-e", "y = pi*x", "--set", "x=1", "--digits", "4").out
    for wrong in ("0", "18", "x"):
        ran = backprop("grad", "-e", "y = x", "--set", "x=1", "--digits", wrong)
        assert (ran.status, ran.out) == (2, "")


@pytest.mark.parametrize(
    ("ending", "beginning"),
    [
        ("json", '{"schema": 1'),
        ("csv", "output,"),
        ("md", "| name"),
        ("tex", r"\begin{tabular}"),
        ("txt", "y = 1"),
    ],
)
def test_output_files_and_their_endings(tmp_path: Path, ending: str, beginning: str) -> None:
    file = tmp_path / f"out.{ending}"
    ran = backprop("grad", "-e", "y = x", "--set", "x=1", "-o", str(file))
    assert (ran.status, ran.out, ran.complaints) == (0, "", "")
    assert file.read_text().startswith(beginning)


def test_a_failed_run_leaves_the_old_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    file.write_text("old")
    assert backprop("grad", "-e", "y = log(x)", "--set", "x=-1", "-o", str(file)).status == 1
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_a_linked_output_file_stays_a_link_and_keeps_its_mode(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    assert backprop("grad", "-e", "y = x", "--set", "x=1", "-o", str(link)).status == 0
    assert link.is_symlink()
    assert real.read_text().startswith("{")
    assert real.stat().st_mode & 0o777 == 0o600


def test_a_stream_as_output_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    command = f"{sys.executable} -m backprop {EASY} --format csv -o /dev/stdout"
    subprocess.run(["bash", "-c", f"(echo before; {command}; echo after) > {log}"], check=True)
    lines = log.read_text().splitlines()
    assert (lines[0], lines[1][:6], lines[-1]) == ("before", "output", "after")
    piped = subprocess.run(["bash", "-c", f"{command} | cat"], capture_output=True, check=True)
    assert piped.stdout.startswith(b"output,")


def test_json_numbers_past_the_range_of_doubles_are_refused(tmp_path: Path) -> None:
    for number in ("1e999", "1" * 5000):
        (tmp_path / "v.json").write_text(f'{{"x": {number}}}')
        ran = backprop("grad", "-e", "y = x", "--values", str(tmp_path / "v.json"))
        assert (ran.status, "too large for a double" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('{"a": 1, "x": true}', "1:15", "the value of 'x' is no number"),
        ('{"x": 1,\n "x": 2}', "2:2", "'x' stands twice"),
        ('{"x": 1, "zz": 2}', "1:10", "there is no 'zz'"),
        ('{"x": 1, }', "1:10", "no JSON"),
        ("[1, 2]", "1:1", "no object"),
    ],
)
def test_faults_in_json_have_their_place(tmp_path: Path, text: str, place: str, said: str) -> None:
    (tmp_path / "v.json").write_text(text)
    ran = backprop("grad", "-e", "y = x + a; a = 1", "--values", str(tmp_path / "v.json"))
    assert ran.status in (1, 2)
    assert f"v.json:{place}: error: " in ran.err
    assert said in ran.err


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("a=b*c, d=2", "1:5: error: the value of 'a' is no number"),
        ("f(x)=k*x; a=f(2)", "1:6: error: the value of 'a' is no number"),
        ("a=q, d=q", "1:8: error: the value of 'd' is no number"),
        ("f(x)=f(x); a=f(1)", "the function 'f' calls itself"),
        ("a=1e999", "too large"),
        ("a=log(-1)", "log(-1) has no value"),
        ("*=foo(1)", "1:3: error: there is no function 'foo'"),
    ],
)
def test_settings_that_are_no_numbers(settings: str, said: str) -> None:
    ran = backprop("grad", "-e", "L = a*d; a = 1; d = 1", "--set", settings)
    assert ran.status in (1, 2)
    assert said in ran.err


def test_settings_may_have_functions_of_their_own() -> None:
    assert found("-e", "L = a*d; d = 1", "--set", "f(x) = 2*x; a = f(f(3))")["value"] == 12.0


def test_names_are_normalised_wherever_they_come_from(tmp_path: Path) -> None:
    (tmp_path / "v.json").write_text('{"e\u0301": 2}', encoding="utf-8")
    arguments = ("-e", "\u00e9l = \u00e9*2", "--values", str(tmp_path / "v.json"))
    assert found(*arguments, "--of", "e\u0301l", "--wrt", "e\u0301")["gradients"] == {"\u00e9": 2.0}


def test_of_slopes_that_nobody_asked_for_nothing_is_said() -> None:
    arguments = ("grad", "-e", "L = x^n; n = 2; x = -3")
    assert "slope of x^n by n is nan" in backprop(*arguments).err
    assert backprop(*arguments, "--wrt", "x").err == ""


def test_an_output_file_of_unknown_kind_is_refused(tmp_path: Path) -> None:
    ran = backprop("grad", "-e", "y = 1", "-o", str(tmp_path / "y.html"))
    assert (ran.status, "says no format" in ran.err, list(tmp_path.iterdir())) == (2, True, [])
    assert (
        backprop("grad", "-e", "y = 1", "-o", str(tmp_path / "y.html"), "--format", "csv").status
        == 0
    )


def test_a_file_of_nulls_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "null").write_bytes(bytes(5_000_000))
    start = time.process_time()
    ran = backprop("grad", str(tmp_path / "null"))
    assert (ran.status, "U+0000" in ran.err) == (2, True)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("where", ["missing/out.json", "folder", "/dev/full"])
def test_output_that_cannot_be_written(tmp_path: Path, where: str) -> None:
    (tmp_path / "folder").mkdir()
    ran = backprop("grad", "-e", "y = x", "--set", "x=1", "-o", str(tmp_path / where))
    assert (ran.status, ran.out) == (1, "")
    assert "cannot be written" in ran.err


@pytest.mark.parametrize("arguments", [["missing.eq"], ["."], ["--values", "missing"], ["a\0b"]])
def test_files_that_cannot_be_read(arguments: list[str]) -> None:
    ran = backprop(
        "grad", *(arguments if arguments[0] != "--values" else ["-e", "y = 1", *arguments])
    )
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("error: ")


@pytest.mark.parametrize(
    "arguments",
    [[], ["--help"], ["--version"], ["grad", "-h"]],
)
def test_help_and_version(arguments: list[str]) -> None:
    ran = backprop(*arguments)
    assert ran.status == (0 if arguments else 2)
    assert "backprop" in ran.out + ran.err


@pytest.mark.parametrize(
    "arguments", [["gard"], ["grad", "--nonsense"], ["grad", "a", "b"], ["grad", "f.txt", "-e", "y = 1"],
                  ["grad", "-", "--values", "-"]],
)  # fmt: skip
def test_wrong_usage(arguments: list[str]) -> None:
    ran = backprop(*arguments, stdin=b"y = 1")
    assert (ran.status, ran.out) == (2, "")
    assert "rror" in ran.err


# ------------------------------------------------------------------- as a real process


def process(arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    script = f"{sys.executable} -m backprop {arguments}"
    result: subprocess.CompletedProcess[bytes] = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        timeout=120,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    assert b"Traceback" not in result.stderr
    assert b"Exception ignored" not in result.stderr
    return result


EASY = "grad -e 'y = x' --set x=1"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (f"{EASY} >/dev/full", 1),
        (f"{EASY} >&-", 1),
        (f"{EASY} 2>&-", 0),
        ("grad -e 'y = 2x' 2>/dev/full", 2),
        ("grad -e 'y = 2x' 2>&-", 2),
        ("grad - <&-", 2),
        ("grad --help >/dev/full", 1),
    ],
)
def test_streams_that_fail(arguments: str, status: int) -> None:
    assert process(arguments).returncode == status


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["grad", "watch"])
def test_half_of_a_result_is_an_error(command: str, unbuffered: str, tmp_path: Path) -> None:
    """Of a stream without a buffer Python passes over what a disk has not taken."""
    (tmp_path / "eqs.txt").write_text(
        "\n".join(f"x{k} = {k}" for k in range(300)) + "\ny = x1 + x2"
    )
    ran = process(
        f"{command} eqs.txt > out.txt",
        cwd=tmp_path,
        # else Python compiles what it imports, and keeps the half of that which has room
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
    )
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert ran.stderr == b"error: the results cannot be written: file too large\n"
    assert 0 < (tmp_path / "out.txt").stat().st_size <= 1024


def test_a_closed_pipe_is_met_with_silence(tmp_path: Path) -> None:
    file = tmp_path / "many.eq"
    file.write_text("\n".join(f"x{k} = {k}" for k in range(20_000)) + "\ny = x1 + x2")
    ran = process(f"grad {file} --of y | head -n 1")
    assert ran.stdout == b"y = 3\n"
    assert ran.stderr == b""


def test_an_interrupt_ends_with_130() -> None:
    lines = (f"x{k} = 0.5*x{k - 1} + sin(x{k - 1})" for k in range(1, 300_000))
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*COMMAND, "grad", "-"], stdin=pipe, stdout=pipe, stderr=pipe, preexec_fn=interruptible
    ) as started:
        assert started.stdin is not None
        started.stdin.write("\n".join(["x0 = 1", *lines]).encode())  # until it has read nearly all
        started.stdin.close()
        started.stdin = None
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=60)
    assert (started.returncode, out, err) == (130, b"", b"interrupted\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_output_that_the_terminal_cannot_show(encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for format in ("table", "json"):
        ran = process(f"grad -e 'ü = α·2' ; {sys.executable} -m backprop grad -e 'ü = α*2' --set α=1 --format {format}",
                      env=environment)  # fmt: skip
        if format == "json":
            assert json.loads(ran.stdout.decode(encoding))["value"] == 2.0


def test_colour_and_cutting_only_in_a_terminal(tmp_path: Path) -> None:
    """A pseudo-terminal of 80 columns: rows of one line each; a pipe: everything, no escape code."""
    pty = pytest.importorskip("pty")
    equation = "x" + " + x*0.5" * 40
    arguments = [*COMMAND, "grad", "-e", f"y = {equation}", "--set", "x=1"]
    piped = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    assert equation in piped
    assert "\x1b" not in piped
    shown = {}
    for color in ("", "1"):
        parent, child = pty.openpty()
        environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm", "NO_COLOR": color}
        with subprocess.Popen(arguments, stdout=child, env=environment):
            os.close(child)
            text = b""
            try:
                while chunk := os.read(parent, 65536):
                    text += chunk
            except OSError:
                pass  # Linux says that the other end is gone
        os.close(parent)
        shown[color] = text.decode()
    assert "\x1b[" in shown[""]
    assert "\x1b" not in shown["1"]
    lines = shown["1"].splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert sum("…" in line for line in lines) == 1, lines


def test_starting_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['backprop', 'grad', '-e', 'y = x*2', '--set', 'x=1', '--format', 'json']\n"
        "from backprop.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('numpy', 'scipy', 'mpmath', 'rich', 'llvmlite') if name in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert out.splitlines()[-1] == "[]"
