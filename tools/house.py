"""Write the map of the package into CONTRIBUTING.md, from the linter's contract in pyproject.toml.

Each line is a room of the contract, in its order, with the first line of the room's docstring. So
a room that is added, moved or renamed is right in the map after `make format`; a test compares.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "fencepost"
PAGE = ROOT / "CONTRIBUTING.md"
START, END = "src/fencepost/\n", "\nengine/ "  # of the lines that are written


def rooms() -> list[str]:
    """Return the names of the contract's layers, from the top down."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    return [room.strip(" ()") for layer in contract["layers"] for room in re.split("[|:]", layer)]


def purpose(room: str) -> str:
    """Return the first line of a room's docstring, less the full stop."""
    path = PACKAGE / f"{room}.py"
    path = path if path.exists() else PACKAGE / room / "__init__.py"
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0].rstrip(".")


def lines() -> str:
    """Write one line for each room."""
    names = {
        room: f"{room}.py" if (PACKAGE / f"{room}.py").exists() else f"{room}/" for room in rooms()
    }
    width = max(map(len, names.values()))
    return "".join(f"  {names[room]:<{width}}  {purpose(room)}\n" for room in names)


def page() -> str:
    """Return CONTRIBUTING.md with the map as it should be."""
    before, start, rest = PAGE.read_text(encoding="utf-8").partition(START)
    return before + start + lines() + rest[rest.index(END) + 1 :]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
