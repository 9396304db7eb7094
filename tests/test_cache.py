"""What is kept between runs is used only if nobody else can have written it, and never in the way."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from backprop import cache
from running import backprop


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "kept"
    monkeypatch.setenv(cache.VARIABLE, str(folder))
    return folder


def test_what_is_stored_is_loaded(place: Path) -> None:
    assert cache.load("x") is None
    cache.store("x", b"content")
    assert cache.load("x") == b"content"
    assert os.stat(place).st_mode & 0o077 == 0
    assert [file.name for file in place.iterdir()] == ["x"]
    cache.store("x", b"other")
    assert cache.load("x") == b"other"


def test_a_broken_file_is_no_file(place: Path) -> None:
    cache.store("x", b"content")
    whole = (place / "x").read_bytes()
    for broken in (b"", whole[:20], whole[:-1], whole + b"!", b"\0" * len(whole)):
        (place / "x").write_bytes(broken)
        assert cache.load("x") is None


def test_a_file_that_others_can_write_is_no_file(place: Path) -> None:
    cache.store("x", b"content")
    (place / "x").chmod(0o622)
    assert cache.load("x") is None


def test_a_link_is_no_file(place: Path, tmp_path: Path) -> None:
    cache.store("x", b"content")
    (place / "x").rename(tmp_path / "elsewhere")
    (place / "x").symlink_to(tmp_path / "elsewhere")
    assert cache.load("x") is None


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_can_write_to_is_not_used(place: Path, mode: int) -> None:
    cache.store("x", b"content")
    place.chmod(mode)
    assert cache.load("x") is None
    cache.store("y", b"content")
    assert not (place / "y").exists()


def test_a_folder_above_that_others_can_write_to_is_not_trusted(
    place: Path, tmp_path: Path
) -> None:
    cache.store("x", b"content")
    tmp_path.chmod(0o777)
    assert cache.load("x") is None
    tmp_path.chmod(0o1777)
    assert cache.load("x") == b"content"


def test_a_link_in_the_folder_of_somebody_else_is_not_followed(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who owns a link, or the folder that it lies in, says where it leads: now here, now there."""
    cache.store("x", b"content")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "link").symlink_to(tmp_path)
    (foreign / "up").mkdir()
    (foreign / "up" / "link").symlink_to("../../")
    paths = [foreign / "link" / "kept", foreign / "up" / "link" / "kept", foreign / ".." / "kept"]
    for path in paths:
        monkeypatch.setenv(cache.VARIABLE, f"{path}")
        assert cache.load("x") == b"content"
    foreign.chmod(0o777)
    for path in paths[:2]:
        monkeypatch.setenv(cache.VARIABLE, f"{path}")
        assert cache.load("x") is None
    foreign.chmod(0o1777)  # others can add links, not replace this one …
    monkeypatch.setenv(cache.VARIABLE, str(paths[0]))
    assert cache.load("x") == b"content"
    if os.geteuid() == 0:  # … unless it is theirs
        os.chown(foreign / "link", 65534, 65534, follow_symlinks=False)
        assert cache.load("x") is None
        os.chown(foreign / "link", 0, 0, follow_symlinks=False)
        os.chown(foreign, 65534, 65534)
        assert cache.load("x") is None


def test_links_that_lead_in_a_circle_are_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "a" / "kept"))
    cache.store("x", b"content")
    assert cache.load("x") is None


def test_nothing_is_made_in_the_home_of_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with sudo, which may leave HOME as it was: what root makes there the user cannot write to."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1 if os.getuid() else 0)
    if os.getuid() == 0:
        os.chown(home, 65534, 65534)
    for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", cache.VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(home))
    cache._place.cache_clear()
    cache.store("x", b"content")
    assert cache.is_foreign("~/.config")
    monkeypatch.setenv(cache.VARIABLE, str(home / "new" / "kept"))
    cache.store("x", b"content")
    cache._place.cache_clear()
    assert list(home.iterdir()) == []
    assert not cache.is_foreign("/") or os.getuid()


def test_a_folder_that_is_there_no_more_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv(cache.VARIABLE, "kept")
    cache._place.cache_clear()
    cache.store("x", b"content")
    assert cache.load("x") is None
    ran = backprop("grad", "-e", "y = x^2; x = 3", "--engine", "native", "--format", "csv")
    assert ran.status == 0
    assert cache.is_foreign("kept")


def test_a_linked_folder_is_not_trusted(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.store("x", b"content")
    (tmp_path / "link").symlink_to(place)
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "link"))
    assert cache.load("x") is None


def test_a_foreign_folder_is_not_used(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.store("x", b"content")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert cache.load("x") is None
    cache.store("y", b"content")
    assert not (place / "y").exists()


def test_off_keeps_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.store("x", b"content")
    monkeypatch.setenv(cache.VARIABLE, "off")
    assert cache.load("x") is None
    assert cache.folder() is None


def test_a_folder_that_cannot_be_made_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file" / "kept"))
    cache.store("x", b"content")
    assert cache.load("x") is None


def test_the_place_is_the_platform_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(cache.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache._place.cache_clear()
    cache.store("x", b"content")
    cache._place.cache_clear()
    assert list(tmp_path.rglob("x"))


def test_the_folder_does_not_grow_without_end(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MOST_FILES", 10)
    for number in range(25):
        cache.store(f"x{number}", b"content")
        os.utime(place / f"x{number}", (number, number))
    assert len(list(place.iterdir())) <= 10
    assert cache.load("x24") == b"content"
    assert cache.load("x0") is None


@pytest.mark.parametrize("variables", [{}, {"XDG_CACHE_HOME": "/x/y"}, {"XDG_CACHE_HOME": "x"}])
def test_the_folder_is_where_the_platform_keeps_such_things(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from platformdirs import user_cache_dir

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache._place.__wrapped__("") == user_cache_dir("backprop", appauthor=False)


def test_a_pipe_in_the_folder_is_no_file_and_keeps_nobody_waiting(place: Path) -> None:
    cache.store("x", b"content")
    (place / "x").unlink()
    os.mkfifo(place / "x", 0o600)
    assert cache.load("x") is None


def test_folders_are_made_for_the_user_alone_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "home" / "kept"))
    before = os.umask(0o002)
    try:
        cache.store("x", b"content")
    finally:
        os.umask(before)
    assert cache.load("x") == b"content"


def test_machine_code_of_other_sources_is_never_taken(tmp_path: Path) -> None:
    """A file that changes, comes or goes makes other names in the cache."""
    from backprop.engine.native import machine

    package = tmp_path / "backprop"
    shutil.copytree(Path(cache.__file__).parent, package)
    sources = machine.sources.__wrapped__
    seen = [sources(str(package))]
    changed = package / "engine" / "native" / "loops.py"
    times = os.stat(changed)
    changed.write_text(changed.read_text().replace("fadd", "fsub", 1))  # of the same length
    seen.append(sources(str(package)))
    changed.write_text(changed.read_text() + "\n")
    os.utime(changed, ns=(times.st_atime_ns, times.st_mtime_ns))
    seen.append(sources(str(package)))
    (package / "syntax" / "new.py").touch()
    seen += [sources(str(package)), sources(str(tmp_path)), sources(str(tmp_path))]
    assert len(set(seen)) == len(seen)
    assert sources(str(package)) == seen[3]
