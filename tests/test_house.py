"""The map of the package in CONTRIBUTING.md is the linter's contract, and the contract is whole."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import house  # noqa: E402


def test_the_map_is_what_the_contract_and_the_docstrings_say():
    assert house.PAGE.read_text(encoding="utf-8") == house.page(), "run `make format`"


def test_every_room_says_what_it_is_for():
    for room in house.rooms():
        assert 20 < len(house.purpose(room)) <= 100, room


def test_every_module_and_folder_is_a_room():
    stems = {path.stem for path in house.PACKAGE.iterdir() if not path.name.startswith("__")}
    assert stems - {"data", "py"} == set(house.rooms())


def test_imports_inside_the_package_are_relative():
    for path in house.PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            absolute = [name for name in names if name.partition(".")[0] == "fencepost"]
            assert not absolute, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_folders_and_files_stay_small():
    """Python below 400 lines, C++ below 600, and no folder with more than about 15 files."""
    for root, pattern, most in ((house.PACKAGE, "*.py", 400), (ROOT / "engine", "*.[ch]*", 600)):
        for path in root.rglob(pattern):
            count = len(path.read_text(encoding="utf-8").splitlines())
            assert count <= most, f"{path.relative_to(ROOT)}: {count} lines"
    for folder in (house.PACKAGE, *(p for p in house.PACKAGE.rglob("*") if p.is_dir())):
        modules = [path for path in folder.glob("*.py") if not path.name.startswith("__")]
        assert len(modules) <= 16, f"{folder.relative_to(ROOT)}: {len(modules)} files"
