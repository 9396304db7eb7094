"""Equation files with the whole of what `backprop grad` says to them, beside them.

`good/NAME.eq` and `errors/NAME.eq`, one file a message; NAME.out has standard output, standard error
and the exit status. A first line `# --set a=1` gives options. `pytest --accept` writes the
outputs anew; read them in the diff before you commit them. `# jacobian --all` is for another command.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from backprop.cli.help import COMMANDS
from backprop.reports import TABLES
from running import EXAMPLES, backprop

FILES = sorted(EXAMPLES.glob("*/*.eq"))


def _options(path: Path) -> list[str]:
    return _words(path)[1:]


def _words(path: Path) -> list[str]:
    """The command that a file is for, and the options that its first line gives."""
    first = path.read_bytes().split(b"\n")[0].decode("utf-8", "replace")
    if first.startswith("# --"):
        return ["grad", *shlex.split(first[1:])]
    words = shlex.split(first[1:]) if re.match(rf"# ({'|'.join(COMMANDS)})( --|$)", first) else []
    return words or ["grad"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example(
    path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    command, *options = _words(path)
    ran = backprop(command, path.name, *options)
    said = f"{ran.out}--- standard error\n{ran.err}--- exit status {ran.status}\n"
    expected = path.with_suffix(".out")
    if request.config.getoption("--accept"):
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8")
    assert "Traceback" not in said
    if path.parent.name == "errors":
        assert "error: " in ran.err or "warning: " in ran.err
    else:
        assert (ran.status, ran.err.count("error")) == (0, 0)


def test_every_error_class_has_an_example() -> None:
    """A new cause comes with a file that shows its message; files and options are test_cli's."""
    from backprop import errors
    from backprop.all_gradients import grad
    from backprop.errors import BackpropError
    from backprop.inputs import Inputs

    shown: set[str] = set()
    for path in FILES:
        command, *options = _words(path)
        if command != "grad":
            continue
        settings = [options[at + 1] for at, word in enumerate(options) if word == "--set"]
        of = [options[at + 1] for at, word in enumerate(options) if word == "--of"]
        try:
            grad(Inputs(str(path), settings=settings, of=of))
        except BackpropError as error:
            shown |= {type(each).__name__ for each in error.all}
    causes = {
        name
        for name, item in vars(errors).items()
        if isinstance(item, type) and issubclass(item, BackpropError) and not item.__subclasses__()
    }
    assert causes - shown == {
        "AtBorder",
        "PassedOver",
        "BadData",  # test_data_files.py
        "Cancelled",
        "EmptyRange",
        "ZeroDerivative",
        "WorkedElsewhere",
        "IndeterminateForm",
        "Underflow",
        "LooksAlike",
        "NothingToMove",
        "CannotRead",
        "CannotWrite",
        "CannotDraw",
        "NoMachineCode",
        "ByOtherMeans",
        "LessAccurate",
        "OrdinaryName",
        "BadOption",
        "OutputIsColumn",  # test_over_rows.py
    }


@pytest.mark.parametrize("name", TABLES.names[1:])
def test_every_format_of_tables_has_an_example(name: str) -> None:
    asked = [_options(path) for path in FILES if path.parent.name == "good"]
    needed = f"tests/examples/good/{name}.eq is missing, whose first line is '# --format {name}'"
    assert ["--format", name] in [each[:2] for each in asked], needed
