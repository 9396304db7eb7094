"""What CONTRIBUTING.md says about adding things is true: done in a copy of the house.

`cardinal` and `soft_maximum` are new rows of the table of operations there, with the function that `cardinal` needs
in `numerics.py` and the truth about both, which mpmath does not know by these names; `lion` is a row of
the optimizers, `--patience` a field of the options of a descent, which the run reads; `yaml` a file and a line of the
formats. The tables of the README and of the pages of `backprop help` are printed anew; and that is all.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import mpmath
import pytest

from backprop.row import Operation
from test_operations import faults

ROOT = Path(__file__).parent.parent

SINC = """\
    Operation("cardinal", ("x",), real.cardinal,
              ("if(abs(x) > 1, (cos(x) - out)/x, -x/3*(1 - x^2/10*(1 - x^2/28*(1 - x^2/54*(1 - x^2/88*(1 - x^2/130*(1 - x^2/180*(1 - x^2/238*(1 - x^2/304)))))))))",),
              "", _at(-30.0, -1.5, -1e-9, 1e-4, 0.3, 0.99, 7.5), corners=(((0.0,), (0.0,)),), machine="if(x == 0, 1, sin(x)/x)", precise="sinc(x)",
              precise_slopes=("if(x == 0, 0, (cos(x) - sin(x)/x)/x)",)),
"""
"""Below 1 the Taylor series of the slope: the textbook's (cos(x) - out)/x cancels there."""

LOGADDEXP = r"""\
    Operation("soft_maximum", ("x", "y"), "max(x, y) + log1p(exp(-abs(x - y)))", ("sigmoid(x - y)", "sigmoid(y - x)"),
              r"\ln\left(e^{x} + e^{y}\right)", ((1.0, 2.0), (-700.0, 1.0), (800.0, 799.0), (0.3, 0.3))),
"""
FUNCTION = '''

def cardinal(x: float) -> float:
    """sin(x)/x, and its limit 1 at 0."""
    return sin(x) / x if x else 1.0
'''
LION = """\
    Optimizer(
        "lion", "x' = x - lr*sign(beta1*m + (1 - beta1)*g); m' = beta2*m + (1 - beta2)*g",
        "Chen et al.: Symbolic discovery of optimization algorithms, 2023, arXiv:2302.06675",
        {"m": 0}, {"beta1": (0.9, _PART), "beta2": (0.99, _PART)},
    ),
"""
YAML = '''\
"""A report as YAML: a list of the objects that JSON has a line each."""

from __future__ import annotations

import json

from backprop.report import Report
from backprop.reports.style import Style


def write(report: Report, style: Style) -> str:
    """A list of mappings; what is in them is JSON, which is YAML too."""
    lines = []
    for each in report.objects():
        for at, (name, value) in enumerate(each.items()):
            lines.append(f"{'  ' if at else '- '}{name}: {json.dumps(value)}\\n")
    return "".join(lines)
'''
PATIENCE = """\
    patience: Annotated[
        int, Option("--patience N", "Give up after so many steps that move nothing.", 30, takes=_COUNT)
    ]
"""
TRUTH = '    "cardinal": lambda x: mp.sinc(x),\n    "soft_maximum": lambda x, y: mp.log(mp.exp(x) + mp.exp(y)),\n'


def insert(path: Path, before: str, new: str, after: str = "") -> None:
    """Put `new` before the first text `before` that comes behind `after`."""
    text = path.read_text("utf-8")
    at = text.index(before, text.index(after))
    path.write_text(text[:at] + new + text[at:], encoding="utf-8")


class House:
    """A copy of the project that things are added to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "src" / "backprop"
        for name in ("src", "grammars", "tests"):
            skipped = shutil.ignore_patterns("__pycache__", "benchmarks")
            shutil.copytree(ROOT / name, folder / name, ignore=skipped)
        for name in ("README.md", "CONTRIBUTING.md", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)

    def run(self, *words: object, status: int = 0) -> str:
        """What `python words…` prints in the copy."""
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(self.folder / "src"),
                "BACKPROP_CACHE": str(self.folder / "cache"),
                "PYTHONDONTWRITEBYTECODE": "",  # it is run several times
                "PYTEST_ADDOPTS": "",  # beside other tests, on one core
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def tests(self, *words: str, status: int = 0) -> str:
        """What the copy's own tests say."""
        return self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *words, status=status)

    def function(self, text: str) -> None:
        """Add a function to `numerics`."""
        path = self.package / "numerics.py"
        path.write_text(path.read_text("utf-8") + text, encoding="utf-8")

    def row(self, text: str) -> None:
        """Add a row to the table of operations."""
        insert(
            self.package / "operations.py", "\n)  # fmt: skip", "\n" + text.rstrip(), "_ROWS = ("
        )


TAKES = "cardinal or soft_maximum or forgets or in_the_table or lion or table_of or tables or rooms or map or circle"
"""The tests that what is new runs into: those of its own name, and those of whole tables."""

EVERY_ENGINE = """
import json, backprop
found = {}
for text in ("L = cardinal(x)*soft_maximum(x, y)", "L = sum(cardinal(x + i/1000)*soft_maximum(x, i*y) for i in 1..3000)"):
    for engine in ("python", "native", "auto"):
        gradient = backprop.parse(text).grad({"x": 0.3, "y": 1.7}, engine=engine)
        program = backprop.compile(backprop.parse(text), engine=engine)
        value, slopes = program([{"x": 0.3, "y": 1.7}[name] for name in program.inputs])
        found.setdefault(text, []).extend([
            [gradient.value, gradient.gradients["x"], gradient.gradients["y"]],
            [value, *(slopes[program.inputs.index(name)] for name in "xy")],
        ])
x, y = backprop.Value(0.3), backprop.Value(1.7)
L = backprop.cardinal(x) * x.soft_maximum(y)
L.backward()
found["L = cardinal(x)*soft_maximum(x, y)"].append([L.data, x.grad, y.grad])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    made = House(tmp_path_factory.mktemp("house"))

    readme, pages = made.folder / "README.md", made.package / "pages"
    of_help = [pages / f"{name}.md" for name in ("language", "optimizers", "optimizers")]

    def tables() -> list[tuple[Path, str]]:
        found = made.run("tests/test_readme.py").rstrip("\n").split("\n\n")
        helped = made.run("tests/test_help.py").rstrip("\n").split("\n\n")
        return [*((readme, table) for table in found), *zip(of_help, helped, strict=True)]

    before = tables()
    made.row(SINC)
    made.row(LOGADDEXP)
    made.function(FUNCTION)
    insert(made.folder / "tests" / "truth.py", "}\n", TRUTH, "TRUTH: ")
    optimizers = made.package / "descent" / "optimizers.py"
    insert(optimizers, '    Optimizer(\n        "momentum"', LION, "FIRST_ORDER = (")
    (made.package / "reports" / "yaml.py").write_text(YAML, encoding="utf-8")
    formats = made.package / "reports" / "__init__.py"
    insert(formats, "\n)\n", '\n    yaml=("yaml", ".yaml"),', "TABLES: ")
    insert(
        made.package / "descent_options.py",
        "    engine: EngineName\n",
        PATIENCE,
        "class DescentOptions",
    )
    run = made.package / "descent" / "course.py"
    text = run.read_text("utf-8")
    assert text.count("self.still >= _STILL") == 1
    run.write_text(text.replace(">= _STILL", '>= self.options["patience"]'), encoding="utf-8")
    for (page, old), (_, new) in zip(before, tables(), strict=True):
        text = page.read_text("utf-8")
        assert old in text
        page.write_text(text.replace(old, new), encoding="utf-8")
    return made


def test_the_tables_of_the_readme_and_of_the_page_have_new_rows(house: House) -> None:
    page = (house.package / "pages" / "language.md").read_text("utf-8")
    assert "\n    soft_maximum(x, y)   sigmoid(x - y), sigmoid(y - x)\n" in page
    assert "\n    cardinal(x)          if(abs(x) > 1," in page
    page = (house.package / "pages" / "optimizers.md").read_text("utf-8")
    assert "\n    lion      x' = x − lr·sign(beta1·m + (1 − beta1)·g)\n" in page
    page = (house.folder / "README.md").read_text("utf-8")
    row = "| `--patience N` | Give up after so many steps that move nothing. Default: 30. |"
    assert row in page


def test_the_tests_know_what_is_new(house: House) -> None:
    """Operations: value, slopes, accuracy, that a wrong slope is noticed, every engine, formulas,
    checks. Optimizers: every engine. And the house is in order."""
    files = "operations engines explain check readme help descent compiled_descent floors".split()
    said = house.tests(*(f"tests/test_{name}.py" for name in files), "-k", TAKES)
    assert int(said.split(" passed")[0].split()[-1]) > 60


def test_every_engine_computes_new_operations(house: House) -> None:
    for text, found in json.loads(house.run("-c", EVERY_ENGINE)).items():
        terms = range(1, 3001) if "sum" in text else None

        def output(x: Any, y: Any, terms: range | None = terms) -> Any:
            if terms is None:
                return mpmath.sinc(x) * mpmath.log(mpmath.exp(x) + mpmath.exp(y))
            return mpmath.fsum(
                mpmath.sinc(x + mpmath.mpf(i) / 1000)
                * mpmath.log(mpmath.exp(x) + mpmath.exp(i * y))
                for i in terms
            )

        with mpmath.workdps(40):
            x, y, step = mpmath.mpf(0.3), mpmath.mpf(1.7), mpmath.mpf("1e-12")
            truth = [
                output(x, y),
                (output(x + step, y) - output(x - step, y)) / (2 * step),
                (output(x, y + step) - output(x, y - step)) / (2 * step),
            ]
        assert len(found) >= 6
        for each in found:
            assert each == pytest.approx([float(number) for number in truth], rel=1e-12)


def test_explanations_and_latex_know_new_operations(house: House) -> None:
    words = (
        "-m",
        "backprop",
        "explain",
        "-e",
        "L = cardinal(x)*soft_maximum(x, y)",
        "--set",
        "x=2, y=1",
    )
    said = house.run(*words)
    assert "derivative of cardinal" in said
    assert "derivative of soft_maximum" in said
    latex = house.run(*words, "--format", "latex")
    assert r"\operatorname{cardinal}\left(x\right) \cdot \ln\left(e^{x} + e^{y}\right)" in latex


def test_checks_know_new_operations(house: House) -> None:
    for number in ("2", "0", "1e-4"):
        words = ("-e", "L = cardinal(x) + soft_maximum(x, 0)", "--set", f"x={number}")
        assert "agrees" in house.run("-m", "backprop", "check", *words)


def test_an_optimizer_is_a_row(house: House) -> None:
    words = ("descend", "-e", "L = (x - 3)^2; x = 0", "--steps", "100", "--lr", "0.01")
    found = json.loads(
        house.run("-m", "backprop", *words, "--optimizer", "lion(beta2=0.9)", "--format", "json")
    )
    assert found["parameters"]["x"] == pytest.approx(1.0, rel=1e-12)  # the sign is always the same
    assert "lion" in house.run("-m", "backprop", "descend", "--help")


def test_an_option_of_a_descent_is_a_field_and_what_reads_it(house: House) -> None:
    descend = ("-m", "backprop", "descend", "-e", "L = max(x, -2*x) + 1; x = 3.7", "--lr", "1e-30")
    assert "--patience N" in house.run("-m", "backprop", "descend", "--help")
    assert "after 30 steps" in house.run(*descend)
    assert "after 7 steps" in house.run(*descend, "--patience", "7")
    house.run(*descend, "--patience=-7", status=2)
    asked = (
        "import backprop; print(backprop.parse('L = x; x = 1').descend(lr=1e-30, patience=5).steps)"
    )
    assert house.run("-c", asked) == "5\n"


def test_a_format_is_a_file_and_a_line(house: House) -> None:
    words = ("-m", "backprop", "grad", "-e", "L = a*b", "--set", "a=2, b=-3")
    said = house.run(*words, "--format", "yaml")
    assert said.startswith('- schema: 1\n  output: "L"\n  value: -6.0\n')
    house.run(*words, "-o", "found.yaml")
    assert (house.folder / "found.yaml").read_text("utf-8") == said
    assert "yaml" in house.run("-m", "backprop", "grad", "--help")


def test_a_slope_that_cancels_is_noticed() -> None:
    samples = ((-30.0,), (-1.5,), (-1e-9,), (1e-4,), (7.5,))
    naive = "if(x == 0, 0, (cos(x) - out)/x)"
    row = Operation("sinc", ("x",), lambda x: math.sin(x) / x, (naive,), samples=samples)
    assert [at for at in samples if faults(row, at)] == [(-1e-9,), (1e-4,)]


def test_forgotten_machine_code_is_noticed_and_works(tmp_path: Path) -> None:
    made = House(tmp_path)
    made.row(SINC.replace(', machine="if(x == 0, 1, sin(x)/x)"', ""))
    made.function(FUNCTION)
    insert(made.folder / "tests" / "truth.py", "}\n", TRUTH, "TRUTH: ")
    files = ("tests/test_operations.py", "tests/test_engines.py")
    said = made.tests(*files, "-k", "forgets or (cardinal and engines)", status=1)
    assert "give the row `machine`, or name it in CALLED_BACK" in said
    assert said.count("\nFAILED ") == 1
