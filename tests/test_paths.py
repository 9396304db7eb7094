"""Nothing that was read is written over, and no result takes the place of another: a table over all
pairs of files that the options of all commands name, made of the declarations of these options."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pytest

from backprop.cli.help import COMMANDS
from backprop.cli.run import command
from backprop.options import fields
from backprop.places import identity, stream
from running import Ran, backprop

EQUATIONS = "L = (a - 1)^2; a = 3\n"
CONTENTS = {
    "FILE": EQUATIONS,
    "default file": EQUATIONS,
    "BACKPROP_FILE": EQUATIONS,
    "--values": "a = 3\n",
    "--claims": "da = 4\n",
    "--data": "u\n1\n",
    "--validate": "u\n1\n",
    "--at": "u\n1\n",
}
"""What there is to read, by what names it on a command line."""

ENDINGS = {"--output": ".svg", "--plot": ".svg", "--history": ".csv", "--predict": ".csv"}
"""Endings that an output needs."""


class Named(NamedTuple):
    """An option that names a file. by: its last flag, or FILE."""

    command: str
    by: str
    use: str


def named() -> Iterator[Named]:
    for name in COMMANDS:
        for _, _, _, option in fields(command(name)):
            if option.path:
                yield Named(name, next(reversed(option.flags), option.form), option.path)


READ = ("equations", "read", "tables")
INPUTS = [each for each in named() if each.use in READ]
OUTPUTS = [each for each in named() if each.use not in (*READ, "folder")]


def sources(of: str) -> list[str]:
    """What a command reads: with each option, or without FILE."""
    found = [each.by for each in INPUTS if each.command == of]
    return [*found, "default file", "BACKPROP_FILE"] if "FILE" in found else found


def ending(of: str, output: str) -> str:
    """What a file must end with that this option writes."""
    return ENDINGS.get(output, ".txt") if output != "--output" or of == "draw" else ".txt"


def line(of: str, source: str, path: str) -> list[str]:
    """A command line that reads `path` there, and is right otherwise."""
    rest = {"FILE": [path], "default file": [], "BACKPROP_FILE": []}.get(source, [source, path])
    if source in ("--values", "--claims", "--data"):
        rest = ["-e", EQUATIONS, *rest]
    if source == "--validate":
        rest = ["-e", EQUATIONS, "--data", path, "--batch", "1", *rest]
    if source == "--at":
        rest = ["-e", EQUATIONS, "--predict", "made.csv", *rest]
    if of == "explain":
        rest.append("--hide-answers")
    if of == "fit":
        rest += ["--of", "L"]
    return [of, *rest]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_that_takes_a_path_says_what_is_done_with_it(name: str) -> None:
    for _, _, _, option in fields(command(name)):
        takes_path = (option.metavar or "") in ("FILE", "DIR")
        assert bool(option.path) == takes_path, option.form


SPELLINGS: dict[str, Callable[[Path], str]] = {
    "as it is": lambda path: path.name,
    "with ./": lambda path: f"./{path.name}",
    "from another folder": lambda path: f"folder/../{path.name}",
    "whole": str,
    "a link": lambda path: _linked(path, Path.symlink_to),
    "a hard link": lambda path: _linked(path, Path.hardlink_to),
    "a folder's link": lambda path: f"here/{path.name}",
}


def _linked(path: Path, link: Callable[[Path, Path], None]) -> str:
    other = path.with_name(f"other{path.suffix}")
    link(other, path)
    return other.name


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "here").symlink_to(tmp_path)
    return tmp_path


def there(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def refused(ran: Ran, said: str) -> None:
    assert (ran.status, ran.out) == (2, ""), ran.err
    assert said in ran.err


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    ("output", "source"),
    [(output, source) for output in OUTPUTS for source in sources(output.command)],
    ids=str,
)
def test_no_output_onto_what_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, output: Named, source: str, spelling: str
) -> None:
    of = output.command
    name = "eqs.txt" if source == "default file" else f"read{ending(of, output.by)}"
    path = folder / name
    if source == "default file" and ending(of, output.by) != ".txt":
        path.symlink_to(folder / (name := f"read{ending(of, output.by)}"))
        path = folder / name
    path.write_text(CONTENTS[source])
    if source == "BACKPROP_FILE":
        monkeypatch.setenv("BACKPROP_FILE", path.name)
    written = SPELLINGS[spelling](path)
    before = there(folder)
    ran = backprop(*line(of, source, path.name), output.by, written)
    if output.use == "saved" and source not in (
        "--values",
        "--data",
        "--validate",
        "--at",
    ):  # the equations that it was made of
        assert ran.status == 0, ran.err
        assert json.loads(backprop("grad", written, "--format", "json").out)["value"] < 1e-9
        return
    refused(ran, "is read and would be lost")
    assert there(folder) == before


@pytest.mark.parametrize(
    "line",
    [
        ["grad", "-e", "L = sum(u)", "--data", "*.csv", "-o"],
        ["descend", "-e", "L = mean((u - a)^2); a = 1", "--data", "../*/r*.csv", "--batch", "1",
         "--validate", "*.csv", "--history"],
        ["fit", "-e", "u ~ a", "--data", "../*/r*.csv", "--at", "*.csv", "--predict"],
    ],
)  # fmt: skip
def test_no_output_onto_a_file_that_a_pattern_reads(folder: Path, line: list[str]) -> None:
    (folder / "rows.csv").write_text("u\n1\n")
    (folder / "more.csv").write_text("u\n1\n")
    before = there(folder)
    ran = backprop(*line, "more.csv")
    refused(ran, "is read and would be lost")
    assert there(folder) == before


@pytest.mark.parametrize("way", ["missing/../{}", "eqs.txt/../{}", "link"])
@pytest.mark.parametrize("output", OUTPUTS, ids=str)
def test_a_path_through_a_missing_folder_leads_to_no_file(
    folder: Path, output: Named, way: str
) -> None:
    """As the system has it: nothing was looked at there, so what is there without `..` stays."""
    (folder / "eqs.txt").write_text(EQUATIONS)
    path = folder / f"out{ending(output.command, output.by)}"
    path.write_text("mine")
    written = way.format(path.name)
    if way == "link":
        written += path.suffix
        Path(written).symlink_to(f"missing/../{path.name}")
    before = there(folder)
    ran = backprop(*line(output.command, "default file", ""), output.by, written)
    assert (ran.status, ran.out) in ((1, ""), (2, "")), ran.err
    assert "folder" in ran.err
    assert there(folder) == before


@pytest.mark.parametrize(
    ("exists", "spelling"),
    [
        (exists, spelling)
        for exists in (False, True)
        for spelling in SPELLINGS
        if exists or spelling not in ("a link", "a hard link")
    ],
)
@pytest.mark.parametrize(
    ("first", "second"),
    [pair for pair in combinations(OUTPUTS, 2) if pair[0].command == pair[1].command],
    ids=str,
)
def test_no_output_onto_another(
    folder: Path, first: Named, second: Named, exists: bool, spelling: str
) -> None:
    of = first.command
    (folder / "eqs.txt").write_text(EQUATIONS)
    path = folder / f"out{ending(of, first.by)}"
    if exists and "state" not in (first.use, second.use):
        path.write_text("mine")
    elif exists:
        backprop("descend", "--state", path.name)
    before = there(folder)
    other = SPELLINGS[spelling](path)
    after = {**before, **there(folder)}
    ran = backprop(*line(of, "default file", ""), first.by, path.name, second.by, other)
    assert (ran.status, ran.out) in ((2, ""), (1, "")), ran.err
    assert any(said in ran.err for said in ("two files at once", "no format", "exists already"))
    assert there(folder) == after


def backprop_in(folder: Path, shell: str) -> subprocess.CompletedProcess[str]:
    """`backprop` as a shell starts it, with its own streams."""
    script = f'b() {{ "{sys.executable}" -m backprop "$@"; }}; {shell}'
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "shell",
    [
        "b grad - -o eqs.txt < eqs.txt",
        "b grad /dev/stdin -o eqs.txt < eqs.txt",
        "b grad - -o /dev/stdin < eqs.txt",
        "b grad eqs.txt -o /dev/stdin < eqs.txt",
        "b grad -e 'y = x; x = 1' -o /dev/stdin < eqs.txt",
        "b grad -e 'y = x; x = 1' -o /dev/fd/0 < eqs.txt",
        "b grad -e 'y = x; x = 1' -o /proc/self/fd/0 < eqs.txt",
        "b grad -e 'y = x; x = 1' -o /dev/fd/3 3< eqs.txt",
        "ln -s /dev/stdin in; b grad -e 'y = x; x = 1' -o in < eqs.txt",
        "b grad eqs.txt >> eqs.txt",
        "b grad eqs.txt -o - >> eqs.txt",
        "b grad - < eqs.txt >> eqs.txt",
        "b explain >> eqs.txt",
        "b check -e 'y = x; x = 1' --claims eqs.txt -o /dev/stdout >> eqs.txt",
        "b draw -o - >> eqs.txt",
        "b descend --save out.txt > out.txt",
        "b descend --save /dev/stdout",
        "b descend --save - -o -",
        "b descend --save - -o /dev/stdout",
        "b descend --state /dev/stdout",
        "b descend --state -",
        "b explain --hide-answers --answers /dev/stdout",
        "b explain --hide-answers --answers /proc/self/fd/1",
        "b grad -o /dev/fd/77",
        "mkfifo p; b descend --state p",
        "mkfifo p; b grad p -o p",
        "mkfifo p; b explain --hide-answers --answers p -o p",
        "b grad - --values /dev/stdin < eqs.txt",
    ],
)
def test_streams_are_files_too(folder: Path, shell: str) -> None:
    (folder / "eqs.txt").write_text(EQUATIONS)
    ran = backprop_in(folder, shell)
    assert ran.returncode in (1, 2)
    assert ran.stderr.startswith("error: ")
    assert "Traceback" not in ran.stderr
    assert (folder / "eqs.txt").read_text() == EQUATIONS
    assert not (folder / "out.txt").exists() or (folder / "out.txt").read_text() == ""


@pytest.mark.parametrize(
    ("shell", "out", "said"),
    [
        ("b grad -o /dev/null", "", ""),
        ("b grad -o /dev/stdout", "L = 4\n", ""),
        ("b grad -o /dev/stderr", "", "L = 4\n"),
        ("b grad > all.txt 2>&1; head -1 all.txt", "L = 4\n", ""),
        ("b descend --save - -o r.txt", "L = (a - 1)^2; a = 1\n", "wrote r.txt\n"),
        ("b descend --save eqs.txt < eqs.txt -o /dev/null -", "", "wrote eqs.txt\n"),
        ("b descend --save /dev/null --state s.json -o /dev/null", "", "wrote s.json\n"),
        ("b grad --values /dev/null -o /dev/null", "", ""),
        ("b explain --hide-answers --answers /dev/null -o /dev/null", "", ""),
        ("b descend --trace -o r.txt 2> log.txt; cat log.txt", "wrote r.txt\n", ""),
    ],
)
def test_what_loses_nothing_is_done(folder: Path, shell: str, out: str, said: str) -> None:
    (folder / "eqs.txt").write_text(EQUATIONS)
    ran = backprop_in(folder, shell)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(out)
    assert (not ran.stdout) == (not out)
    assert ran.stderr.startswith(said)
    assert (not ran.stderr) == (not said)


def test_a_key_overwrites_nothing_unless_forced(folder: Path) -> None:
    """`--answers` sounds like what a student has answered."""
    (folder / "eqs.txt").write_text(EQUATIONS)
    (folder / "mine.txt").write_text("my work")
    arguments = ["explain", "--hide-answers", "--answers", "mine.txt"]
    ran = backprop(*arguments)
    assert (ran.status, ran.out) == (1, "")
    assert "mine.txt exists already" in ran.err
    assert "--force" in ran.err
    assert (folder / "mine.txt").read_text() == "my work"
    ran = backprop(*arguments, "--force")
    assert (ran.status, ran.wrote) == (0, ["mine.txt"])
    assert "L = (a − 1)^2" in (folder / "mine.txt").read_text()
    refused(backprop("explain", "--force"), "--force is for --answers")


def test_force_does_not_write_onto_what_is_read(folder: Path) -> None:
    (folder / "eqs.txt").write_text(EQUATIONS)
    ran = backprop("explain", "--hide-answers", "--answers", "eqs.txt", "--force")
    refused(ran, "is read and would be lost")


def test_numbers_are_not_lost_to_equations(folder: Path) -> None:
    (folder / "v.json").write_text('{"a": 3}')
    ran = backprop("descend", "-e", EQUATIONS, "--values", "v.json", "--save", "v.json")
    refused(ran, "is read and would be lost")
    assert json.loads((folder / "v.json").read_text()) == {"a": 3}
    (folder / "v.txt").write_text("# measured on Monday\na = 3\n")
    ran = backprop("descend", "-e", EQUATIONS, "--values", "v.txt", "--save", "./v.txt")
    refused(ran, "is read and would be lost")
    assert (folder / "v.txt").read_text() == "# measured on Monday\na = 3\n"


def test_a_picture_goes_to_its_usual_place_only_if_nothing_is_read_there(folder: Path) -> None:
    (folder / "graph.svg").write_text(EQUATIONS)
    refused(backprop("draw", "graph.svg"), "is read and would be lost")
    assert (folder / "graph.svg").read_text() == EQUATIONS


def test_copies_do_not_meet_in_one_file(folder: Path) -> None:
    (folder / "classic.eq").write_text("mine")
    (folder / "neuron.eq").hardlink_to(folder / "classic.eq")
    (folder / "moons.eq").hardlink_to(folder / "classic.eq")
    names = {Path(line.split()[0]).name for line in backprop("example").out.splitlines() if line}
    pair = sorted(f"{name}.eq" for name in names if "_" in name)[:2]
    for name in pair:
        (folder / name).unlink(missing_ok=True)
        (folder / name).hardlink_to(folder / "classic.eq")
    refused(backprop("example", "--copy", ".", "--force"), "two files at once")
    assert (folder / "classic.eq").read_text() == "mine"


def test_the_same_file_is_known_by_every_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "file"
    path.write_text("")
    for spelling in SPELLINGS.values():
        written = spelling(path)
        assert identity(written) == identity("file") != frozenset()
        Path("other").unlink(missing_ok=True)
    assert identity("new") == identity("./new") == identity("here/new") != identity("other")
    Path("dangling").symlink_to("new")
    assert identity("dangling") == identity("new")
    assert identity("NEW") != identity("new")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert identity("NÉW.svg") == identity("ne\u0301w.SVG") != identity("new.svg")
    assert identity("no/such/folder") == identity("no/such/./folder")
    assert identity("/dev/null") == frozenset()


def test_streams_are_known_by_every_name(folder: Path) -> None:
    Path("link").symlink_to("/dev/stderr")
    Path("loop").symlink_to("loop")
    assert [stream(f"/dev/{name}") for name in ("stdin", "stdout", "stderr")] == [0, 1, 2]
    assert [stream(name) for name in ("link", "/dev/fd/7", f"/proc/{os.getpid()}/fd/3")] == [
        2,
        7,
        3,
    ]
    assert [stream(name) for name in ("1", "folder/1", "/dev/null", "loop", "")] == [None] * 5
