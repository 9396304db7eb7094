"""The package as people get it: a wheel in a fresh environment, the grammar inside."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from running import CLASSIC, POINT

ROOT = Path(__file__).parent.parent
PAGE = """
import backprop
from backprop.engine.writers.javascript.page_numbers import javascript_numbers
model = backprop.parse("y = gamma(x)")
assert "function gamma" in javascript_numbers(model.graph("y"), [model.names["x"]])
"""


def test_a_wheel_installed_in_a_fresh_environment(tmp_path: Path) -> None:
    def run(*command: object) -> str:
        done = subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("backprop_cli-*.whl")
    venv.create(tmp_path / "fresh", with_pip=False)
    bin = tmp_path / "fresh" / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", bin / "python"]  # which a person has in there
    run(*pip, "install", "--no-compile", wheel)
    for command in ([bin / "backprop"], [bin / "python", "-m", "backprop"]):
        out = run(*command, "grad", "-e", CLASSIC, "--set", POINT)
        assert out.startswith("L = -8\n")
        assert run(*command, "help", "language").startswith("The equation language\n")
    run(
        bin / "python",
        "-c",
        "import backprop; assert backprop.parse('y = gamma(x)').grad({'x': 0.3}).value",
    )
    run(bin / "python", "-c", PAGE)
    run(*pip, "check")


def test_the_package_is_typed() -> None:
    from importlib.resources import files

    assert (files("backprop") / "py.typed").is_file()
