"""Command lines read without Typer mean what Typer says, and need none of the heavy imports."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, get_type_hints

import pytest
import typer

import backprop as library
from backprop.cli.app import application, helped
from backprop.cli.help import COMMANDS
from backprop.cli.quick import read
from backprop.cli.run import command
from backprop.descent_options import DescentOptions
from backprop.inputs import Inputs
from backprop.options import fields
from running import CLASSIC, POINT, backprop

VALUES = """a a=2 -1 - -- -x --set --se x=1=2 0 1 7 17 18 007 +5 1_0 1e3 1E3 0.5 .5 5. 1e-8 inf nan 1e999 a,b
    eqs.txt * ~ ü é --digits=3 --help -h -e -o -eL=a -o=x --all --all=1 --no-all 99999999999999999999 True""".split()
VALUES += ["", " ", "a = 2\nb = 3", "@x", "1 ", " 1", "٣"]


_calls: list[dict[str, Any]] = []


@cache
def _typer() -> Any:
    """The application, with commands that only keep what they are called with."""
    return typer.main.get_command(
        application(map(command, COMMANDS), run=lambda _, written: _calls.append({**written}))
    )


def by_typer(name: str, words: list[str]) -> dict[str, Any] | None:
    """The arguments that Typer calls the command with; None if it does not."""
    _calls.clear()
    try:
        _typer().main([name, *words], prog_name="backprop", standalone_mode=False)
    except (Exception, SystemExit):
        return None
    return _calls[0] if _calls else None


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_read_quickly_is_what_typer_reads(
    name: str, request: pytest.FixtureRequest
) -> None:
    function = command(name)
    kinds = {flag: field.kind for field in fields(function) for flag in field.option.flags}
    random = Random(name)
    known = sorted(kinds) or ["--help"]
    good = 0
    for _ in range(4000 if request.config.getoption("--whole") else 500):
        words: list[str] = []
        for _ in range(random.randint(0, 4)):
            flag = random.choice(known)
            kind = kinds.get(flag, str)
            value = random.choice(VALUES)
            if random.random() < 0.6:
                value = {int: "3", float: "0.25"}.get(kind, random.choice(("a=2", "b", "x y")))
            match random.randrange(8):
                case 0:
                    words.append(value)
                case 1:
                    words.append(f"{flag}={value}")
                case 2:
                    words += [random.choice(VALUES)]
                case 3:
                    words += [flag[:-1], value]
                case _:
                    words += [flag] if kind is bool else [flag, value]
        quick = read(function, words)
        if quick is not None:
            good += 1
            said = by_typer(name, words)
            assert said is not None, words
            assert list(quick.items()) == [(each, said[each]) for each in quick], words
            assert said.keys() == quick.keys()
            assert all(type(said[each]) is type(quick[each]) for each in quick), words
    assert good > 50


@pytest.mark.parametrize(
    "line",
    [
        "--help", "-h", "-e", "--set", "--se a=1", "--nonsense", "--digits x", "--digits 0", "--digits 99",
        "--seed -1", "--format=json --format=csv", "a b", "-- a", "-ea", "--all=1", "--all --all", "--seed 1.5",
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_typer(line: str) -> None:
    assert read(command("grad"), line.split()) is None


def test_typer_and_the_quick_reader_print_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        ["grad", "-e", CLASSIC, "--set", POINT, "--digits", "3"],
        ["grad", "-e", "L = log(a", "--set=a=-1"],
        ["check", "-e", CLASSIC, "--set", POINT, "--claim", "da = 5"],
        ["grad", "no-such-file"],
        ["example", "classic"],
    ]
    quick = [backprop(*line) for line in lines]
    monkeypatch.setattr("backprop.cli.quick.read", lambda *_: None)
    assert [backprop(*line) for line in lines] == quick


@pytest.mark.parametrize("record", [Inputs, DescentOptions])
def test_every_command_of_a_record_has_all_its_options(record: Any) -> None:
    """A field is all that there is to write: the command line and its help have it from there."""
    known = fields(record)
    assert [each.name for each in known] == list(record.__annotations__)
    users = [name for name in COMMANDS if record in get_type_hints(command(name)).values()]
    assert users == (
        ["descend"]
        if record is DescentOptions
        else [each for each in COMMANDS if each not in ("watch", "example", "help")]
    )
    for name in users:
        shown = " ".join(backprop(name, "--help").out.split())
        for each in known:
            assert each in fields(command(name))
            assert each.option.form in shown
            assert " ".join(helped(each.option).split()) in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_a_default_is_what_its_option_takes(name: str) -> None:
    for _, kind, default, option in fields(command(name)):
        assert default is None or type(default) is kind
        if option.takes is not None and default is not None:
            assert option.takes.has(default)


def test_the_library_knows_the_options_of_the_command_line_and_no_others() -> None:
    model = library.parse("L = x^2; x = 3")
    for each in fields(DescentOptions):
        assert model.descend(**{each.name: each.default}).converged
        assert f"  {each.name} = {each.default!r}: " in (library.Model.descend.__doc__ or "")
    with pytest.raises(TypeError, match="no option 'step'"):
        model.descend(step=3)


HEAVY = """typer lark rich numpy llvmlite scipy matplotlib mpmath pydantic json dataclasses inspect hashlib
    statistics tempfile csv difflib rapidfuzz pathlib platformdirs graphviz shutil
    backprop.derivation backprop.descent backprop.checks backprop.picture backprop.cli.app""".split()


def test_a_small_gradient_imports_nothing_heavy(tmp_path: Path) -> None:
    file = tmp_path / "eqs.txt"
    file.write_text(CLASSIC)
    code = "import sys; from backprop.cli.run import run; run(); print(*sys.modules)"
    for _ in range(2):  # the first one fills the cache
        ran = subprocess.run(
            [sys.executable, "-c", code, "grad", str(file), "--set", POINT],
            env={**os.environ, "BACKPROP_CACHE": str(tmp_path / "kept")},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    loaded = set(ran.stdout.splitlines()[-1].split())
    assert "backprop.evaluation" in loaded
    assert not loaded.intersection(HEAVY)


def test_everything_that_a_line_needs_is_said_at_once() -> None:
    ran = backprop("descend", "-e", "a = 1; L = a^2", "--width", "50", "--every", "0")
    assert (ran.status, ran.out) == (2, "")
    for word in ("--width 50: it is at least 100", "add --plot FILE", "--every 0", "add --trace"):
        assert word in ran.err
    ran = backprop("draw", "-e", "a = 1; L = a^2", "--depth", "2", "--theme", "drak")
    assert "add --focus NAMES" in ran.err
    assert "did you mean 'dark'?" in ran.err


@pytest.mark.parametrize(
    ("option", "given", "near"),
    [
        ("--optimizer", "Adm", "adam"),
        ("--optimizer", "SGD", "gd"),
        ("--optimizer", "levenberg", ""),
        ("--schedule", "Cosin", "cosine"),
        ("--format", "JSN", "json"),
        ("--format", "Csv", "csv"),
    ],
)
def test_a_choice_that_there_is_not_is_shown_as_it_was_written(
    option: str, given: str, near: str
) -> None:
    err = backprop("descend", "-e", "a = 1; L = a^2", option, given).err
    assert f"there is no {option[2:]} {given!r}\n" in err
    assert (f"did you mean {near!r}?\n" if near else "= there are") in err
    assert ("did you mean" in err) == bool(near)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--set", "x 3"], "write x = 3"),
        (["--set", '{"x": 3}'], "or put it into a file, for --values FILE"),
        (["--values", "x=3"], 'numbers themselves go after --set: --set "x=3"'),
        (["--bounds", "x in 0..5"], "write x=0..5"),
        (["--bounds", "x=[-1, 5]"], "write x=-1..5"),
        (["--optimizer", "momentum(0.5)"], "write momentum(momentum=0.5)"),
    ],
)
def test_a_value_in_another_form_is_told_how_it_is_written(words: list[str], hint: str) -> None:
    ran = backprop("descend", "-e", "y = x^2", *words)
    assert ran.status != 0
    assert f"= {hint}\n" in ran.err


def test_equations_and_numbers_without_options_are_mended_at_once() -> None:
    assert 'write backprop grad -e "y=x^2" --set x=3\n' in backprop("grad", "y=x^2", "x=3").err
