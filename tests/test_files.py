"""Files are written whole or not at all; what goes wrong with one does not keep the others away."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backprop import files
from backprop.errors import CannotWrite
from running import backprop

NOBODY = 65534
ROOT = os.geteuid() == 0


@contextmanager
def as_nobody() -> Iterator[None]:
    """As somebody else than root, who may do all."""
    if ROOT:
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if ROOT:
            os.seteuid(0)
            os.setegid(0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that others can get to, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444, 0o4755])
def test_a_file_keeps_its_mode_and_owner(folder: Path, mode: int) -> None:
    file = folder / "eqs.txt"
    file.write_text("L = (a - 1)^2; a = 3")
    if ROOT:
        os.chown(file, NOBODY, NOBODY)
    file.chmod(mode)
    before = file.stat()
    if not ROOT and not mode & 0o200:
        return
    ran = backprop("descend", str(file), "--save", str(file))
    assert ran.status == 0, ran.err
    assert file.read_text() == "L = (a - 1)^2; a = 1"
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)  # fmt: skip


@pytest.mark.skipif(not ROOT, reason="only root can give a file to another user")
def test_a_file_of_another_user_stays_theirs(folder: Path) -> None:
    folder.chmod(0o777)
    file = folder / "eqs.txt"
    for old, new in ((b"long" * 9, b"short"), (b"short", b"long" * 9999), (b"", b""), (b"x", b"")):
        file.write_bytes(old)
        file.chmod(0o666)
        with as_nobody():
            assert files.write_whole(file, new)
        assert file.read_bytes() == new
        assert (file.stat().st_uid, stat.S_IMODE(file.stat().st_mode)) == (0, 0o666)
        assert os.listdir(folder) == ["eqs.txt"]


def test_a_file_that_cannot_be_replaced_is_written_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container has single files mounted into it, which the system does not let be replaced."""

    def busy(old: str, new: str) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(os, "replace", busy)
    file = folder / "eqs.txt"
    file.write_text("L = (a - 1)^2; a = 3 # and more")
    ran = backprop("descend", str(file), "--save", str(file))
    assert (ran.status, ran.wrote) == (0, [str(file)])
    assert file.read_text() == "L = (a - 1)^2; a = 1 # and more"
    ran = backprop("grad", str(file), "-o", str(folder / "new"))
    assert (ran.status, ran.out) == (1, "")
    assert "device or resource busy" in ran.err
    assert os.listdir(folder) == ["eqs.txt"]


@pytest.mark.parametrize("names", [2, 3])
def test_a_file_keeps_all_its_names(folder: Path, names: int) -> None:
    """What is written under one name of a file is there under each: equations, states, reports."""
    eqs = folder / "eqs.txt"
    eqs.write_text("L = (a - 1)^2; a = 3 # and more")
    (folder / "to").symlink_to("eqs.txt")
    files_of = {"--save": "to", "--state": "state.json", "--history": "h.csv", "--plot": "p.svg"}
    outputs = [f"{folder}/{name}" for name in files_of.values()]
    command = ["descend", str(eqs), "--lr", "0.1", "-o", f"{folder}/report"]
    command += [part for pair in zip(files_of, outputs, strict=True) for part in pair]
    assert backprop(*command, "--steps", "1").status == 0
    before = {}
    for name in ("eqs.txt", "state.json", "h.csv", "p.svg", "report"):
        before[name] = (folder / name).read_bytes()
        for other in range(1, names):
            (folder / f"{name}.{other}").hardlink_to(folder / name)
    ran = backprop(*command, "--steps", "1")
    assert ran.status == 0, ran.err
    also = "name (a hard link)" if names == 2 else "2 names (hard links)"
    assert ran.err.count(f" and its other {also}\n") == 5
    for name, old in before.items():
        assert (folder / name).stat().st_nlink == names
        assert (folder / f"{name}.1").read_bytes() == (folder / name).read_bytes() != old
    assert not [name for name in os.listdir(folder) if name.startswith(".")]


def test_what_cannot_be_copied_to_all_names_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails on the way leaves the new content whole beside the file; one that is full is
    noticed before anything changes."""
    file = folder / "old"
    file.write_bytes(b"old")
    (folder / "other").hardlink_to(file)

    def broken(source: object, target: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("shutil.copyfileobj", broken)
    with pytest.raises(CannotWrite, match="input/output error; what it was to be is in ") as caught:
        files.write_whole(file, b"new content")
    (kept,) = folder.glob(".backprop-*")
    assert kept.read_bytes() == b"new content"
    assert str(kept) in str(caught.value)
    kept.unlink()

    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    file.write_bytes(b"old")
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(CannotWrite, match="no space left on device"):
        files.write_whole(file, b"new content")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "old": b"old",
        "other": b"old",
    }


def test_a_new_file_has_the_customary_mode(folder: Path) -> None:
    before = os.umask(0o027)
    try:
        files.write_whole(folder / "new", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "new").stat().st_mode) == 0o640


def test_who_else_may_read_a_file_is_kept(folder: Path) -> None:
    """Lists of who may use a file are among its attributes; those of users are kept in the same way."""
    file = folder / "new"
    file.write_bytes(b"old")
    try:
        os.setxattr(file, "user.note", b"mine")
    except OSError:
        pytest.skip("this disk keeps no attributes")
    files.write_whole(file, b"new")
    assert os.getxattr(file, "user.note") == b"mine"


def test_pieces_are_written_whole_or_not_at_all(folder: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a beginning"
        raise OSError(28, "No space left on device")

    (folder / "old").write_bytes(b"old")
    for name in ("old", "new"):
        with pytest.raises(CannotWrite, match=f"{name} cannot be written: no space left on device"):
            files.write_whole(folder / name, pieces())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"old": b"old"}
    files.write_whole(folder / "old", iter([b"piece ", b"by piece"]))
    assert (folder / "old").read_bytes() == b"piece by piece"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "the name of a file is empty"),
        ("No/Such/Folder/X.txt", "there is no folder No/Such/Folder"),
        ("folder", "is a directory"),
        ("folder/", "is a directory"),
        ("new/", "is a directory"),
        ("folder/.", "is a directory"),
        ("File/below", "there is no folder File"),
        ("dangling", "there is no folder {}/nowhere, to which it links"),
        ("No/../File", "there is no folder No/.."),
        ("File/../File", "there is no folder File/.."),
        ("lost", "it links to where a folder is missing"),
        ("loop", "too many levels of symbolic links"),
        ("a\0b", "embedded null byte"),
        ("x" * 300, "file name too long"),
    ],
)
def test_a_path_that_cannot_be_written_is_named_as_it_was_typed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, path: str, said: str
) -> None:
    monkeypatch.chdir(folder)
    Path("folder").mkdir()
    Path("File").write_text("")
    Path("loop").symlink_to("loop")
    Path("dangling").symlink_to("nowhere/x")
    Path("lost").symlink_to("No/../File")
    said = said.format(os.path.realpath(folder))
    before = sorted(os.listdir())
    for write in (files.check_writable, lambda path: files.write_whole(path, b"")):
        with pytest.raises(CannotWrite) as error:
            write(path)
        assert error.value.message == f"{path} cannot be written: {said}"
    assert sorted(os.listdir()) == before
    assert error.value.hints == ("choose another place",)


def test_a_path_keeps_its_case_in_every_message(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    Path("File").write_text("")
    for arguments in (
        ["grad", "-e", "y=x;x=1", "-o", "No/Such/X.txt"],
        ["descend", "-e", "y=x^2;x=1", "--history", "No/Such/X.csv"],
        ["example", "--copy", "File/No/Such"],
        ["grad", "No/Such/X.txt"],
        ["grad", "-e", "y=x", "--values", "No/Such/X.txt"],
        ["check", "-e", "y=x;x=1", "--claims", "No/Such/X.txt"],
    ):
        ran = backprop(*arguments)
        assert ran.status in (1, 2)
        assert "No/Such" in ran.err
        assert "no/such" not in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["grad", "a\x1b[31m\n.txt"],
        ["grad", "no\x1b[31m\n.txt"],
        ["grad", "-e", "y = x", "--values", "v\x1b[31m\n.json"],
        ["grad", "-e", "y = x; x = 1", "-o", "no\x1b[31m\n/x.txt"],
        ["descend", "-e", "y = x; x = 1", "--state", "v\x1b[31m\n.json"],
        ["descend", "-e", "y = x; x = 1", "--plot", "p\x1b[31m\n"],
    ],
)
def test_a_path_moves_no_cursor(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """A name of a file may have colours and line ends in it."""
    monkeypatch.chdir(folder)
    Path("a\x1b[31m\n.txt").write_text("y = 2x")
    Path("v\x1b[31m\n.json").write_text('{"x": "no"}')
    ran = backprop(*arguments)
    assert ran.status in (1, 2)
    assert "<U+001B>[31m<U+000A>" in ran.err
    assert "\x1b" not in ran.err


GOOD = ["-e", "L = (a - 1)^2; a = 3", "--lr", "0.1", "--steps", "3"]
WRITTEN = {"--save": "s.txt", "--state": "s.json", "--history": "h.csv", "--plot": "p.svg", "-o": "r.txt"}  # fmt: skip


def broken_by_a_full_disk(path: Path) -> None:
    path.symlink_to("/dev/full")


def broken_by_a_lost_folder(path: Path) -> None:
    path.symlink_to(path.parent / "lost" / "file")


@pytest.mark.parametrize("broken", [broken_by_a_full_disk, broken_by_a_lost_folder])
@pytest.mark.parametrize("one", WRITTEN)
def test_one_result_that_fails_costs_no_other(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    one: str,
    broken: Callable[[Path], None],
) -> None:
    """The folder of the file is lost while the descent runs, or its disk is full."""
    if one == "--state" and broken is broken_by_a_full_disk:
        return  # a device keeps no state
    from backprop.descent.course import Run

    (folder / "lost").mkdir()
    broken(folder / WRITTEN[one])
    begin = Run.begin

    def lose(run: Run) -> None:
        (folder / "lost").rmdir()
        begin(run)

    monkeypatch.setattr(Run, "begin", lose)
    named = [word for by, name in WRITTEN.items() for word in (by, str(folder / name))]
    ran = backprop("descend", *GOOD, *named)
    assert ran.status == 1
    assert f"{folder / WRITTEN[one]} cannot be written: " in ran.err
    assert "Traceback" not in ran.err
    assert "nothing was changed" not in ran.err
    others = {by: folder / name for by, name in WRITTEN.items() if by != one}
    assert sorted(ran.wrote) == sorted(map(str, others.values()))
    assert all(path.stat().st_size for path in others.values())
    report = (folder / "r.txt").read_text() if one != "-o" else ran.out
    assert report.startswith("L = ")
    assert ("it is printed instead" in ran.err) == (one == "-o")


def test_a_worksheet_that_cannot_be_written_leaves_the_key(folder: Path) -> None:
    key = folder / "key.txt"
    ran = backprop("explain", "-e", "y = x^2; x = 1", "--hide-answers", "--answers", str(key), "-o", "/dev/full")  # fmt: skip
    assert (ran.status, ran.wrote) == (1, [str(key)])
    assert "y = x^2" in key.read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ["grad", "-e", "y = x^2; x = 1 # caf\udce9"],
        ["descend", "-e", "y = x^2; x = 1 # caf\udce9", "--save", "s.txt"],
        ["grad", "-e", "y = x^2", "--set", "x = 1 # caf\udce9"],
        ["check", "-e", "y = x^2; x = 1", "--claim", "dx = 2 # caf\udce9"],
    ],
)
def test_bytes_of_a_command_line_that_are_no_text(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """As of a file; `\\udce9` is how Python keeps the byte E9 of Latin-1 in an argument."""
    monkeypatch.chdir(folder)
    ran = backprop(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "byte 0xE9" in ran.err
    assert "caf\ufffd" in ran.err
    assert os.listdir() == []


def test_what_was_made_for_copies_that_cannot_be_goes_again(folder: Path) -> None:
    (folder / "File").write_text("")
    for path in ("new/" + "x" * 300, "new/../File/x"):
        ran = backprop("example", "--copy", str(folder / path))
        assert ran.status == 1
        assert "nothing was changed" in ran.err
        assert os.listdir(folder) == ["File"]
    assert backprop("example", "classic", "--copy", str(folder / "a/../b//c/")).status == 0
    assert (folder / "b" / "c" / "classic.eq").exists()
