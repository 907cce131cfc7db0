"""Plain words of a command line are what Typer makes of them, without Typer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import pytest
import typer

from fencepost.cli.parsing import help as pages

READ: dict = {}


def command(
    files: Annotated[list[Path], typer.Argument()],
    out: Annotated[Path, typer.Option("--out", "-o")],
    where: Annotated[Path | None, typer.Option()] = None,
    beside: Annotated[Path, typer.Option()] = Path("beside"),
    text: Annotated[str, typer.Option()] = "none",
    maybe: Annotated[str | None, typer.Option()] = None,
    kernels: Annotated[list[str] | None, typer.Option()] = None,
    count: Annotated[int, typer.Option(min=1, max=9)] = 3,
    rate: Annotated[float, typer.Option()] = 0.5,
    whole: Annotated[float, typer.Option()] = 1,
    size: Annotated[int | None, typer.Option()] = None,
    quick: Annotated[bool, typer.Option("--quick")] = False,
    nested: Annotated[bool | None, typer.Option("--nested/--no-nested")] = None,
) -> None:
    READ.update(locals())


class _OfTyper(typer.core.TyperCommand):
    """As it is without us."""


def read(kind, line):
    """Return what a command of this class is called with, or what is said of the line."""
    app = typer.Typer()
    app.command(cls=kind)(command)
    READ.clear()
    try:
        app(line, standalone_mode=False)
    except Exception as error:
        return type(error).__name__, str(error)
    return {name: repr(value) for name, value in READ.items()}  # NaN is not itself


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["--where", "here", "--beside", "there"],
        ["--text", "", "--maybe", "-"],
        ["--text", "ä\udcff", "--maybe", " a b "],
        ["--kernels", "a", "--kernels", "b"],
        ["--count", "9", "--rate", "2", "--whole", "1e3", "--size", "7"],
        ["--count", "10"],
        ["--count", "0"],
        ["--count", "many"],
        ["--rate", "nan"],
        ["--rate", ""],
        ["--size", "1.5"],
        ["--size", "1_000"],
        ["--quick", "--nested"],
        ["--no-nested"],
        ["--where", "locked"],
        ["--where", ""],
        ["--where", "."],
        ["--unknown"],
        ["--text"],
    ],
)
def test_what_is_plain_is_read_as_typer_reads_it(tmp_path, monkeypatch, more):
    monkeypatch.chdir(tmp_path)
    Path("locked").write_bytes(b"")
    os.chmod("locked", 0)
    for line in (["a", "b/c", "-o", "d", *more], ["locked", "-o", "d", *more], more):
        assert read(pages.Command, line) == read(_OfTyper, line)


def test_a_path_that_must_not_be_read_is_left_to_typer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a").write_bytes(b"")
    asked = []
    monkeypatch.setattr(os, "access", lambda path, mode: asked.append((str(path), mode)))
    for line in (["a", "-o", "d"], ["b", "-o", "a"]):
        asked.clear()
        assert read(pages.Command, line) == read(_OfTyper, line)
        assert asked  # of both
