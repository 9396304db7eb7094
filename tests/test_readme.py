"""The README is true: its commands print what it shows, its tables come from the code."""

from __future__ import annotations

import math
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from backprop.cli.app import application, helped
from backprop.cli.help import COMMANDS
from backprop.cli.run import command
from backprop.descent.optimizers import OPTIMIZERS, SCHEDULES
from backprop.descent_options import DescentOptions
from backprop.options import fields
from backprop.reports import DOCUMENTS, TABLES
from running import backprop

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
CODE = re.compile(
    rf"""(?<!\w)--?[a-z][-a-z]*|"[^"]*"|~|\b(?:{"|".join(TABLES.names)})\b|\w+\(\w+=[^)]*\)|(?<!\w)\.\w+"""
)
"""What stands between backquotes in the README's tables of options."""

CONSOLES = re.findall(r"```console\n(.*?)```", README, re.S)


def options_table(name: str) -> str:
    """The README's table of the options of a command, without those of `grad` for the others."""
    lines = ["| option | meaning |", "| :-- | :-- |"]
    known = [] if name == "grad" else [each.option for each in fields(command("grad"))]
    for _, _, default, option in fields(command(name)):
        if option in known or not option.flags:
            continue
        meaning = CODE.sub(r"`\g<0>`", helped(option)).replace("|", r"\|")
        if default and "efault" not in meaning:
            meaning += f" Default: {default}."
        lines.append(f"| `{option.form}` | {meaning} |")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("console", CONSOLES, ids=lambda text: text.splitlines()[0][:50])
def test_every_console_example_prints_what_it_shows(
    console: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, _, expected = console.partition("\n")
    if "rows.csv" in command:  # which stands in the README, too
        (tmp_path / "rows.csv").write_text(re.findall(r"```csv\n(.*?)```", README, re.S)[0])
        monkeypatch.chdir(tmp_path)
    words = shlex.split(command.removeprefix("$ "))
    assert words[0] == "backprop"
    ran = backprop(*words[1:])
    assert ran.out + ran.err == expected


def test_the_readme_opens_with_the_classic_example() -> None:
    assert "L = d*f" in CONSOLES[0]
    assert README.index(CONSOLES[0]) < 250


MEND = "put what `python tests/test_readme.py` prints into README.md"


@pytest.mark.parametrize("name", ["grad", "descend", "check", "quiz", "watch"])
def test_the_tables_of_options_are_the_code_s(name: str) -> None:
    assert options_table(name) in README, MEND


def test_the_help_of_descend_names_every_optimizer_and_schedule() -> None:
    helped = " ".join(backprop("descend", "--help").out.split())
    for name in (*OPTIMIZERS, *SCHEDULES):
        assert re.search(rf"\b{name}\b", helped), name


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_names_every_choice(name: str) -> None:
    for _, _, _, option in fields(command(name)):
        missing = [each for each in option.choices if each not in option.form + helped(option)]
        assert not missing, f"the help of {option.form} does not say {missing}"


def test_every_option_of_a_descent_is_read() -> None:
    """An option that is declared and never asked for would do nothing, without a word."""
    package = ROOT / "src" / "backprop"
    files = [*package.glob("descent/*.py"), *package.glob("cli/*.py"), package / "commands.py"]
    code = "".join(file.read_text("utf-8") for file in files)
    for name, _, _, option in fields(DescentOptions):
        assert f'["{name}"]' in code, f"nothing reads options[{name!r}], {option.form}"


def test_the_python_examples_run() -> None:
    codes = re.findall(r"```python\n(.*?)```", README, re.S)
    assert codes
    for code in codes:
        promised = re.findall(r"print\(.*?#\s+(.*)", code)
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        printed = ran.stdout.splitlines()
        assert len(printed) == len(promised) > 0
        for got, said in zip(printed, promised, strict=True):
            if "=" in said:  # a formula
                assert got == said
                continue
            assert tuple(map(float, got.split())) == pytest.approx(
                tuple(map(float, said.split())), rel=1e-13
            )


@pytest.mark.parametrize(("number", "output"), [(0, "profit"), (1, "L")])
def test_the_examples_of_the_language_compute(number: int, output: str, tmp_path: Path) -> None:
    section = README[README.index("## The language") :]
    text = re.findall(r"\n\n```\n(.*?)```", section, re.S)[number]
    (tmp_path / "eqs.txt").write_text(text, encoding="utf-8")
    ran = backprop("grad", str(tmp_path / "eqs.txt"))
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"{output} = ")
    if output == "profit":
        angle = backprop("descend", str(tmp_path / "eqs.txt"), "--save", "-").out
        found = re.search(r"^angle = (\S+) in 0\.\.pi/2", angle, re.M)
        assert found
        assert float(found[1]) == pytest.approx(math.pi / 4, rel=1e-6)


def test_ci_runs_the_readme_s_test_command() -> None:
    """.ci/run takes the command from the README, so that the two cannot differ."""
    commands = re.findall(r"^python3 -m venv .*$", README, re.M)
    assert len(commands) == 2
    assert "[test]" in commands[1]
    assert "README.md" in (ROOT / ".ci/run").read_text()


def test_every_option_and_format_is_documented() -> None:
    for each in application(map(command, COMMANDS)).registered_commands:
        shown = backprop(each.name or "", "--help").out
        assert "Example:" in shown
        for option in re.findall(r"--[a-z]+", shown):
            assert option in README or option in ("--help", "--output"), option
    assert all(f"`{name}`" in README for name in TABLES.names)
    assert "|".join(DOCUMENTS.names) in README
    assert [each.name for each in application(map(command, COMMANDS)).registered_commands] == [
        "grad",
        "jacobian",
        "hessian",
        "diff",
        "explain",
        "check",
        "quiz",
        "descend",
        "fit",
        "draw",
        "page",
        "watch",
        "example",
        "help",
    ]


if __name__ == "__main__":
    commands = map(options_table, ("grad", "descend", "check", "quiz", "watch"))
    print(*commands, sep="\n", end="")
