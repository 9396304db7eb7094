"""The house: imports point down only, no files in a circle, and what some rooms alone may know stays there.

An import counts wherever it stands: at the head of a file, inside a function, for the type checker
alone, or as the name of a module in a text, by which it is imported when it is needed.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "backprop"
FILES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))

FLOORS = {
    "operations": 0, "row": 0, "numerics": 0, "special": 0, "errors": 0, "source": 0, "memory": 0,
    "cache": 0, "numbers": 0, "names": 0, "synonyms": 0, "meanings": 0, "files": 0, "places": 0,
    "options": 0, "descent_options": 0, "fit_options": 0, "showing": 0, "undisturbed": 0,
    "syntax": 1,
    "algebra": 2, "graph": 2, "row_order": 2, "values": 2, "chain": 2,
    "language": 3,
    "symbolic": 4,
    "engine": 4,
    "loops": 5,
    "by_rows": 5,
    "evaluation": 5,
    "given": 5, "members_by_name": 5, "json_numbers": 5, "data_files": 5, "data_lines": 5, "data_bytes": 5, "data_given": 5, "data_named": 5, "data_arrays": 5, "data_cells": 5, "bad_rows": 5, "bad_rows_passed": 5, "data_batches": 5, "data_streamed": 5, "data_members": 5, "data_tables": 5, "data_parquet": 5, "data_rounded": 5, "data_told": 5, "data_groups": 5, "data_pinned": 5, "data_columns": 5, "row_progress": 5,
    "inputs": 5,
    "gallery": 5,
    "descent": 6,
    "fit": 6,
    "checks": 6,
    "report": 7,
    "picture": 7,
    "picture_steps": 7,
    "page_content": 7,
    "page_descent": 7,
    "derivation": 7,
    "quizzes": 7,
    "commands": 8,
    "paging": 8, "step_pictures": 8, "streamed_checks": 8, "streamed_marking": 8, "streamed_explaining": 8, "streamed_members": 8, "streamed_pictures": 8, "all_gradients": 8, "many_outputs": 8, "derived_formulas": 8, "constants_renamed": 8, "indexed_derivatives": 8, "row_by_row": 8, "row_passes": 8, "streamed_matrices": 8, "value_tables": 8, "descending": 8, "fitted": 8, "likelihoods": 8, "fit_texts": 8, "fit_groups": 8, "predicting": 8, "fit_mistakes": 8, "fit_columns": 8, "fit_pictures": 8, "cornering": 8,
    "reports": 9,
    "shown_gradient": 10, "api": 10, "model_matrices": 10, "model_page": 10, "model_pictures": 10, "model_formulas": 10, "model_data": 10, "model_fits": 10, "fit_result": 10, "value": 10,
    "__init__": 11,
    "cli": 12, "__main__": 12,
}  # fmt: skip
"""Every room, a file or a folder of `src/backprop/`, and the floor on which it stands."""

NEVER = {
    "engine": {"language", "source"},  # they never see the text of a file
    "chain": {"language", "source"},
    "commands": {"reports"},  # they never see a format
    "all_gradients": {"reports"},
    "many_outputs": {"reports"},
}
"""Rooms that a room may not import although they are below it, or would be."""

LOOPS = (
    "affine", "arrays", "bending_pairs", "chosen", "chosen_steps", "joining", "single_steps", "step_counts", "chunked", "chunks", "derivative_rows", "derivative_sweep", "leading_members", "domains", "draws", "edges", "everything", "excerpt", "engine", "family", "file_numbers", "file_order", "gathers", "labels", "loop_model", "moving", "moments", "native/grids", "native/layouts",
    "native/adding", "native/at_point", "native/module", "native/standing",
    "native/groups", "native/memory_pages", "native/nest_engine", "native/nests", "native/row_loops", "native/shared_nests",
    "native/sharing", "held", "naming", "nearby", "offenders", "owners", "parts", "passes", "placement", "plan", "read_within", "through_equations", "zero_members", "leading_bounds", "by_states", "still_derivatives", "state_times", "taken_rows", "depending_members", "tangent_families", "reader", "ready", "recurrence", "repeated", "restored", "rounded", "rows", "scattered", "second", "sequence", "slips", "slopes_at", "visits", "stepped", "step_sums", "slice_sums", "squared_rows", "in_time", "unnamed", "walks", "whole_families",
)  # fmt: skip
"""The files of `loops/` that compute with arrays."""

ONLY = {
    "typer": {"cli"},
    "rapidfuzz": {"names.py"},
    "rich": {"reports"},
    "graphviz": {"reports", "model_pictures.py", "value.py"},
    "matplotlib": {"reports"},
    "latex2mathml": {"reports"},
    "mpmath": {"special.py"},
    "scipy": {
        "evaluation/curvature.py",
        "fit/likelihood_profiles.py",
        "descent/banded_newton.py",
        "descent/hull.py",
        "descent/second_order.py",
        "descent/softest.py",
    },
    "numpy": {
        "members_by_name.py",
        "checks/in_rounds.py",
        "checks/quick_loops.py",
        "checks/together.py",
        "evaluation/curvature.py",
        "evaluation/hessian_matrix.py",
        "evaluation/looped_second.py",
        "evaluation/quadric.py",
        "evaluation/second_around.py",
        "evaluation/second_over_rows.py",
        "evaluation/looped_series.py",
        "loops/along_plan.py",
        "loops/line_series.py",
        "loops/line_curvature.py",
        "loops/live_rows.py",
        "evaluation/no_number.py",
        "evaluation/no_value.py",
        "evaluation/second_rounding.py",
        "evaluation/second_derivatives.py",
        "evaluation/second_digits.py",
        "evaluation/sweep_plan.py",
        "evaluation/hessian_parts.py",
        "evaluation/often_second.py",
        "report/hessian_part_report.py",
        "report/hessian_report.py",
        "fit",
        "fit_result.py",
        "likelihoods.py",
        "fit_texts.py",
        "predicting.py",
        "data_groups.py",
        "fit_columns.py",
        "fit_pictures.py",
        "report/fit_report.py",
        "reports/corner_plot.py",
        "reports/fit_plot.py",
        "descent/banded_newton.py",
        "descent/batch_loops.py",
        "descent/minibatch_loop.py",
        "descent/minibatch_rows.py",
        "descent/bends.py",
        "descent/bends_of_rows.py",
        "evaluation/rows_bending.py",
        "descent/looped.py",
        "descent/looped_creases.py",
        "descent/into_valley.py",
        "descent/limits_of_steps.py",
        "descent/quasi_newton.py",
        "descent/vectors.py",
        "descent/judgement.py",
        "descent/landing.py",
        "descent/along_creases.py",
        "descent/off_creases.py",
        "descent/rays.py",
        "descent/hull.py",
        "descent/creased.py",
        "descent/creases.py",
        "descent/level_sets.py",
        "descent/many_digits.py",
        "descent/slope_below_rounding.py",
        "descent/soft_ways.py",
        "descent/newton.py",
        "descent/receding.py",
        "descent/second_order.py",
        "descent/softest.py",
        "descent/squares.py",
        "descent/trust_region.py",
        "descent/truncated.py",
        "report/large_report.py",
        "report/rows_summary.py",
        "data_arrays.py",
        "data_columns.py",
        "data_files.py",
        "data_rounded.py",
        "data_given.py",
        "data_members.py",
        "data_streamed.py",
        "descent/streamed_rows.py",
        "bad_rows.py",
        "bad_rows_passed.py",
        "language/some_rows.py",
        "row_by_row.py",
        "row_passes.py",
        "streamed_checks.py",
        "streamed_explaining.py",
        "streamed_matrices.py",
        "value_tables.py",
        "by_rows/bent_rows.py",
        "by_rows/bent_sizes.py",
        "by_rows/block_kernel.py",
        "by_rows/recorded.py",
        "by_rows/machine_batches.py",
        "by_rows/machine_rows.py",
        "by_rows/many_points.py",
        "by_rows/rows_engine.py",
        "by_rows/block_writer.py",
        "by_rows/reductions.py",
        "by_rows/row_gathers.py",
        "by_rows/taken_members.py",
        "by_rows/named_by_rows.py",
        "by_rows/triangles.py",
        "by_rows/chunk_places.py",
        "by_rows/machine_residuals.py",
        "by_rows/awake.py",
        "by_rows/residual_rows.py",
        "by_rows/passing.py",
        "reports/plot.py",
        "engine/coefficients.py",
        "engine/elimination.py",
        "engine/leading.py",
        "engine/tape.py",
        "engine/tape_sweeps.py",
        "engine/triangle.py",
        "evaluation/forward_sweeps.py",
        "evaluation/forward_loops.py",
        "evaluation/looped_entries.py",
        "evaluation/several.py",
        "evaluation/shaken_rows.py",
        "evaluation/directions.py",
        "evaluation/program.py",
        *(f"loops/{name}.py" for name in LOOPS),
    },
    "pyarrow": {
        "data_arrays.py",
        "data_batches.py",
        "data_cells.py",
        "data_columns.py",
        "data_files.py",
        "data_parquet.py",
        "data_rounded.py",
    },
    "llvmlite": {"engine/native/machine.py"},
    "platformdirs": {"cache.py"},
    "watchfiles": {"cli/watching/watched_files.py"},
}
"""Every library, and the rooms or files that import it."""

OURS = {*sys.stdlib_module_names, "_sha2", "backprop"}
"""What is no library: `_sha2` is Python's own since 3.12."""


class Import(NamedTuple):
    """One import in a file: its line, the module, and the file of that module, "" for a library's."""

    line: int
    module: str
    file: str


def room(file: str) -> str:
    """The room that a file is, or is in."""
    return file.split("/")[0].removesuffix(".py")


def file_of(module: str) -> str:
    """The file of a module of the project; "" for any other module or name."""
    if module.split(".")[0] != "backprop":
        return ""
    path = "/".join(module.split(".")[1:])
    candidates = (f"{path}.py", f"{path}/__init__.py".removeprefix("/"))
    return next((file for file in candidates if file in FILES), "")


def named(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """What a file says that it imports: line and module, in no order."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: modules are imported by their whole names"
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                yield node.lineno, inside if file_of(inside) else str(node.module)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.fullmatch(r"backprop(\.\w+)+", node.value) and file_of(node.value):
                yield node.lineno, node.value
            elif re.fullmatch(r"backprop\.(\w+\.)+", node.value):  # f"backprop.cli.{name}"
                folder = "/".join(node.value.split(".")[1:-1])
                for file in FILES:
                    above, _, name = file.rpartition("/")
                    if above == folder and name != "__init__.py":
                        yield node.lineno, node.value + name.removesuffix(".py")


@cache
def imports(file: str) -> tuple[Import, ...]:
    """All imports of a file. A package runs before what is in it, so it is imported as well, except
    by what is in it itself."""
    found = []
    for line, module in named(ast.parse((SOURCE / file).read_text("utf-8"))):
        found.append(Import(line, module, file_of(module)))
        parts = module.split(".")
        for length in range(2, len(parts)):
            package = ".".join(parts[:length])
            home = file_of(package)
            if home and not file.startswith(home.removesuffix("__init__.py")):
                found.append(Import(line, package, home))
    return tuple(found)


def circles(below: Mapping[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of a graph that have more than one node."""
    reached = {}
    for start in below:
        seen: set[str] = set()
        stack = [start]
        while stack:
            new = below[stack.pop()] - seen
            seen |= new
            stack += new
        reached[start] = seen
    found = {
        tuple(sorted({node, *(other for other in reached[node] if node in reached[other])}))
        for node in below
    }
    return sorted(list(circle) for circle in found if len(circle) > 1)


def test_a_circle_is_found() -> None:
    below = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": {"d"}, "e": {"f"}, "f": {"e", "a"}}
    assert circles(below) == [["b", "c"], ["e", "f"]]


def test_every_way_to_import_counts() -> None:
    text = '''
import backprop.errors
if TYPE_CHECKING:
    from backprop.syntax import parser
def late():
    """See backprop.memory for more."""
    from backprop.values import Value
    import_module("backprop.operations"), import_module(f"backprop.checks.{name}")
'''
    found = {module for _, module in named(ast.parse(text))}
    assert {
        "backprop.errors",
        "backprop.syntax.parser",
        "backprop.values",
        "backprop.operations",
        "backprop.checks.claims",
    } <= found
    assert "backprop.memory" not in found
    behind = {each.file for each in imports("commands.py")}
    assert "checks/__init__.py" in behind
    assert "cli/__init__.py" not in {each.file for each in imports("cli/run.py")}


def test_imports_point_down() -> None:
    up = {
        (file, each.file)
        for file in FILES
        for each in imports(file)
        if each.file and FLOORS[room(each.file)] > FLOORS[room(file)]
    }
    assert not up


def test_no_files_stand_in_a_circle() -> None:
    below = {file: {each.file for each in imports(file)} - {"", file} for file in FILES}
    assert circles(below) == []


def test_no_rooms_stand_in_a_circle() -> None:
    below: dict[str, set[str]] = {room(file): set() for file in FILES}
    for file in FILES:
        below[room(file)] |= {room(each.file) for each in imports(file) if each.file}
    assert circles(below) == []


@pytest.mark.parametrize("above", NEVER)
def test_what_a_room_never_imports(above: str) -> None:
    assert {above, *NEVER[above]} <= FLOORS.keys()
    for file in FILES:
        if room(file) == above:
            for each in imports(file):
                assert room(each.file) not in NEVER[above], f"{file}:{each.line} {each.module}"


def test_libraries_stay_in_their_rooms() -> None:
    found: dict[str, set[str]] = {}
    for file in FILES:
        for each in imports(file):
            library = each.module.split(".")[0]
            if library not in OURS:
                homes = ONLY.get(library, set())
                assert file in homes or room(file) in homes, f"{file}:{each.line} {each.module}"
                found.setdefault(library, set()).add(file if file in homes else room(file))
    assert found == ONLY


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_short_and_says_what_it_is(file: str) -> None:
    text = (SOURCE / file).read_text("utf-8")
    assert len(text.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(text))
    assert not re.search(r'"""The same\b', text), "say what it is, and not through another one"


def more_than_once(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}


def test_files_have_names_of_their_own() -> None:
    assert more_than_once(Path(file).name for file in FILES) == {"__init__.py"}


def test_types_have_names_of_their_own() -> None:
    """Only the library's own Model, Value and Gradient are called as what they add their verbs to,
    and an operand of machine code is one with texts."""
    texts = [(SOURCE / file).read_text("utf-8") for file in FILES]
    types = r"^(?: *class (\w+)|(_?[A-Z]\w*[a-z]\w*)(?:: TypeAlias)? = )"
    names = [name or alias for text in texts for name, alias in re.findall(types, text, re.M)]
    assert more_than_once(names) == {"Model", "Value", "Gradient", "Operand"}


WRITES_CODE = {
    "syntax/functions.py", "syntax/spelling.py", "language/templates.py", "engine/writers/python.py",
    "loops/arrays.py",
}  # fmt: skip
"""Files that write numbers for Python or for the language to read."""


def test_numbers_are_written_in_one_place() -> None:
    """`numbers.shown` and its kin, so that no message rounds a number in a way of its own. What is
    shortened is what a program gave for a number."""
    for file in set(FILES) - {"numbers.py"}:
        text = (SOURCE / file).read_text("utf-8")
        found = re.findall(r":#?\.?(?:\d+|\{[^{}]*\})?[gef]\}", text)
        if file not in WRITES_CODE:
            others = re.sub(r"def __repr__.*?(?:\n\n|$)", "", text, flags=re.DOTALL)
            found += re.findall(
                r"(?<!\w)(?<!shortened\()repr\((?:float|(?:\w+\.)*(?:number|data|gradient|slope)\)).*",
                others,
            )
            found += re.findall(r"\{[^{}]*\.(?:data|value|grad|slope)!r\}", others)
        assert not found, f"{file}: write {found[0]} with numbers.shown"


def test_every_room_has_a_floor() -> None:
    assert FLOORS.keys() == {room(file) for file in FILES}


def test_the_map_is_the_house() -> None:
    """CONTRIBUTING.md has a row for every floor, from the top, with the rooms of that floor."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", page, re.M)
    shown = {int(floor): set(re.findall(r"`(\w+)(?:/|\.py)`", rooms)) for floor, rooms in rows}
    floors = sorted(set(FLOORS.values()), reverse=True)
    assert [int(floor) for floor, _ in rows] == floors
    assert shown == {floor: {name for name in FLOORS if FLOORS[name] == floor} for floor in floors}
    for _, rooms in rows:
        for name in re.findall(r"`([^`]+)`", rooms):
            assert (SOURCE / name).is_dir() if name.endswith("/") else (SOURCE / name).is_file()
