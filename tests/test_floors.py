"""The house: imports point down only, and what only some rooms may know stays there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "backprop"
FILES = sorted(SOURCE.rglob("*.py"))

FLOORS = {
    "operations": 0, "numerics": 0, "special": 0, "errors": 0, "source": 0, "memory": 0,
    "cache": 0, "records": 0, "suggest": 0, "patterns": 0, "files": 0,
    "syntax": 1,
    "values": 2,
    "language": 3,
    "engine": 4,
    "evaluation": 5,
    "given": 5,
    "gallery": 5,
    "descent": 6,
    "checks": 6,
    "report": 7,
    "picture": 7,
    "derivation": 7,
    "commands": 8,
    "reports": 9,
    "cli": 10, "__main__": 11, "__init__": 11,
}  # fmt: skip

DOORS = {
    (file, room)
    for file in ("values.py", "language/model.py")
    for room in ("engine", "evaluation", "descent", "reports")
}
"""Methods of Value and Model that call up, from inside the method."""

ONLY = {
    "lark": {"syntax/grammar.py"},
    "typer": {"cli"},
    "rich": {"reports"},
    "mpmath": {"special.py", "checks/precise.py"},
    "graphviz": {"reports"},
    "scipy": {"descent/second_order.py"},
    "numpy": {
        "descent/second_order.py",
        "reports/plot.py",
        "engine/tape.py",
        "evaluation/program.py",
    },
    "llvmlite": {"engine/native/machine.py"},
    "platformdirs": {"cache.py"},
    "matplotlib": {"reports"},
}
"""Libraries, and the rooms that may import them."""


def _imports(path: Path) -> list[tuple[str, bool, int]]:
    """Every module that a file imports, whether at module level at run time, and the line."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and ast.unparse(test.test) == "TYPE_CHECKING"
        for node in ast.walk(test)
    }
    top = {id(node) for node in tree.body}
    found = []
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in top, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = (
                [f"backprop.{alias.name}" for alias in node.names]
                if node.module == "backprop"
                else []
            )
            found += [
                (name, id(node) in top, node.lineno) for name in (names or [node.module or ""])
            ]
    return found


def _room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    name = path.relative_to(SOURCE).as_posix()
    for module, top, line in _imports(path):
        parts = module.split(".")
        if parts[0] != "backprop" or len(parts) == 1 or parts[1] not in FLOORS:
            continue
        if (name, parts[1]) in DOORS:
            assert not top, f"{name}:{line}: a door upwards must be inside its method"
            continue
        assert FLOORS[parts[1]] <= FLOORS[_room(path)], (
            f"{name}:{line} imports {module}, which is above"
        )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_libraries_stay_in_their_rooms(path: Path) -> None:
    name = path.relative_to(SOURCE).as_posix()
    for module, _, line in _imports(path):
        rooms = ONLY.get(module.split(".")[0])
        if rooms:
            assert name in rooms or _room(path) in rooms, f"{name}:{line} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_every_room_has_a_floor_and_a_docstring() -> None:
    for path in FILES:
        assert _room(path) in FLOORS, path
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


def test_the_contributing_page_names_every_room() -> None:
    page = (SOURCE.parent.parent / "CONTRIBUTING.md").read_text("utf-8")
    for room in {_room(path) for path in FILES} - {"__init__", "__main__"}:
        assert f"`{room}.py`" in page or f"`{room}/`" in page, room
