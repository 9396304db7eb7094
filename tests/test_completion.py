"""Completion, through the protocol by which bash, zsh and fish ask for it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from backprop.descent import OPTIMIZERS
from backprop.reports import TABLES
from running import backprop

FILE = "a = 2; b = 3 in 0..5\nw[i] = 1 for i in 1..3\nalpha = a*b\nL = alpha + w[1]*w[2] + w[3]\n"


def offered(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[str]:
    """What bash is given for the last of these words."""
    monkeypatch.setenv("_BACKPROP_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(["backprop", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    ran = backprop()
    assert ran.err == ""
    return ran.out.strip().splitlines()


@pytest.mark.parametrize(
    ("line", "values"),
    [("grad|--of|", "alpha L"), ("grad|my.eq|--wrt|", "a b w alpha L"), ("grad|my.eq|--wrt|al", "alpha"),
     ("grad|my.eq|--set|", "a=2 b=3 w=1"), ("grad|--only|w[", "w[1] w[2] w[3]"),
     ("explain|--only|", "a b w alpha L"), ("explain|--paths|a", "a alpha"), ("draw|--focus|L", "L"),
     ("check|--of|", "alpha L"), ("descend|my.eq|--only|", "a b w"), ("descend|--freeze|b", "b"),
     ("descend|--bounds|", "a= b=0..5 w="), ("descend|--lr|x|--freeze|", "a b w"),
     ("grad|-e|'q = r*s'|--wrt|", "r s q"), ("grad|-e|'q = r*'|--wrt|", ""), ("grad|gone.eq|--of|", ""), ("grad|-|--of|", ""),
     ("grad|--format|", "table json csv markdown latex"), ("explain|--format|", "text markdown latex html json"),
     ("grad|--engine|", "auto python native"), ("draw|--theme|", "light dark mono"), ("draw|--pass|", "forward backward"),
     ("descend|--optimizer|adam", "adam adamw adamax"), ("descend|--schedule|c", "constant cosine"),
     ("example|cla", "classic"), ("help|la", "language"), ("help|des", "descend"), ("gr", "grad"),
     ("watch|my.eq|--|dr", "draw"), ("watch|my.eq|--|draw|--focus|L", "L"), ("watch|my.eq|--|--set|", "a=2 b=3 w=1"),
     ("watch|--|descend|my.eq|--optimizer|adam", "adam adamw adamax"), ("watch|--serve|--port|80|my.eq|--|--lang", "--language"),
     ("watch|--|quiz|--se", "--set --seed")],
)  # fmt: skip
def test_values(line: str, values: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("my.eq", "eqs.txt"):
        Path(name).write_text(FILE)
    assert offered(monkeypatch, *line.split("|")) == values.split()


def test_a_constant_is_offered_where_it_can_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(tmp_path / "my.eq")
    Path(file).write_text("const g = 9.81; t = 2; y = g*t")
    for command, option in [("descend", "--only"), ("descend", "--freeze"), ("check", "--only")]:
        assert offered(monkeypatch, command, file, option, "") == ["t"]
    assert offered(monkeypatch, "descend", file, "--bounds", "") == ["t="]
    assert offered(monkeypatch, "descend", file, "--set", "") == ["g=9.81", "t=2"]
    assert offered(monkeypatch, "grad", file, "--wrt", "") == ["g", "t", "y"]


def test_behind_a_comma_the_last_of_several_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my.eq"
    file.write_text(FILE)
    assert offered(monkeypatch, "grad", str(file), "--wrt", '"L, al') == ["L, alpha"]
    assert offered(monkeypatch, "grad", str(file), "--set", '"a=1, b') == ["a=1, b=3"]
    assert offered(monkeypatch, "grad", str(file), "--only", '"a,w[2') == ["a,w[2]"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_them(shell: str) -> None:
    def asked(*words: str) -> set[str]:
        line = " ".join(["backprop", *words]) + " "
        variables = {
            "_BACKPROP_COMPLETE": f"complete_{shell}", "COMP_CWORD": str(len(words) + 1),
            "COMP_WORDS": line, "_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        }  # fmt: skip
        command = [sys.executable, "-m", "backprop"]
        ran = subprocess.run(
            command, env={**os.environ, **variables}, capture_output=True, text=True, check=True
        )
        return set(re.findall(r"[\w-]+", ran.stdout))

    assert {*TABLES.names} <= asked("grad", "--format")
    assert {*OPTIMIZERS} <= asked("descend", "--optimizer")
    assert {"classic", "two_moons"} <= asked("example")
