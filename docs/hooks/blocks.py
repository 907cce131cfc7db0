"""The code blocks of a page, run in order as a reader would run them.

A page may have three kinds: ``python``, which is run; ``pycon``, a session whose output is compared
with what comes out; ``console``, a command line of fencepost, its output compared if it is shown.
Where the page writes ``...``, anything may come out. The site shows what came out.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import sys
import textwrap
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BLOCK = re.compile(r"^( *)```(python|pycon|console)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
COLUMNS = 96  # of the terminal that commands print to: what fits beside the contents of a page
_SAME = doctest.OutputChecker().check_output


class WrongOutput(AssertionError):
    """A page shows something else than what comes out."""


@dataclass(frozen=True)
class Example:
    """A command or a statement, with the output that the page shows for it."""

    typed: str
    source: str
    shown: str


def has_blocks(text: str) -> bool:
    """Say whether a page has code that can be run."""
    return BLOCK.search(text) is not None


def run(text: str, folder: Path, name: str = "page") -> str:
    """Run all blocks of a page in a folder; return the page with what came out of them.

    Parameters
    ----------
    text : str
        The page, in Markdown.
    folder : Path
        Where the blocks write their files, one block finding those of the blocks before it.
    name : str
        The page's name, for messages.

    Raises
    ------
    WrongOutput
        A block shows something else than what came out.
    Exception
        Whatever a ``python`` block raises.
    """
    names: dict[str, Any] = {"__name__": "__main__"}

    def replace(match: re.Match[str]) -> str:
        margin, kind, code = match.groups()
        code = textwrap.dedent(code)
        above = text.count("\n", 0, match.start()) + 1
        if kind == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile("\n" * above + code, name, "exec"), names)
            return match.group()
        read, act = (_session, _typed) if kind == "pycon" else (_commands, _command)
        parts = []
        for example in read(code):
            got = act(example.source, names)
            checked = example.shown or kind == "pycon"
            if checked and not _SAME(example.shown, got, doctest.ELLIPSIS):
                line = above + code.count("\n", 0, code.index(example.typed)) + 1
                raise WrongOutput(
                    f"{name}, line {line}: {example.typed}"
                    f"The page shows:\n{example.shown}What came out:\n{got}"
                )
            parts.append(example.typed + (_folded(got) if example.shown else ""))
        return textwrap.indent(f"```{kind}\n{''.join(parts)}```", margin)

    with _inside(folder):
        return BLOCK.sub(replace, text)


def _folded(text: str) -> str:
    """Break lines that are wider than the page as a terminal would, but between words."""
    lines = [
        line if len(line) <= COLUMNS else textwrap.fill(line, COLUMNS, subsequent_indent="    ")
        for line in text.splitlines()
    ]
    return "".join(f"{line}\n" for line in lines)


def _session(code: str) -> Iterator[Example]:
    """Cut a Python session into what was typed and what it shows."""
    for part in re.split(r"^(?=>>> )", code, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        count = 1
        while count < len(lines) and lines[count].startswith("..."):
            count += 1
        typed, shown = "".join(lines[:count]), "".join(lines[count:])
        yield Example(typed, "".join(line[4:] or "\n" for line in lines[:count]), shown)


def _commands(code: str) -> Iterator[Example]:
    """Cut a terminal's text into command lines and what they print."""
    for part in re.split(r"^(?=\$ )", code, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        count = 1
        while lines[count - 1].endswith("\\\n"):
            count += 1
        typed, shown = "".join(lines[:count]), "".join(lines[count:])
        yield Example(typed, typed[2:].replace("\\\n", ""), shown)


def _typed(source: str, names: dict[str, Any]) -> str:
    """Run what was typed into Python, and return what it shows; of an error, its last lines."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            exec(compile(source, "<page>", "single"), names)
        except Exception as error:
            print("".join(traceback.format_exception_only(error)), end="")
    return out.getvalue()


def _command(line: str, _: dict[str, Any]) -> str:
    """Run a command line in this process, and return what it prints, errors included."""
    from fencepost.cli.app import run as fencepost

    program, *arguments = shlex.split(line)
    if program != "fencepost":
        raise WrongOutput(f"Only fencepost is run here. Received: {line}")
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(COLUMNS)
    try:
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
            fencepost(arguments)
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in a folder for a while; what is shown there uses Python's own display."""
    before, hook = Path.cwd(), sys.displayhook
    os.chdir(folder)
    sys.displayhook = sys.__displayhook__
    try:
        yield
    finally:
        os.chdir(before)
        sys.displayhook = hook
