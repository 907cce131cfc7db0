"""Groups of options: fields of dataclasses become options, in a panel of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from fencepost.cli.parsing.groups import grouped

SHARED = typer.Option(help="Shared.")


@dataclass(frozen=True)
class Size:
    """How large it is.

    In pixels.
    """

    width: Annotated[int, typer.Option(help="Columns.", min=1)] = 3
    deep: Annotated[bool, typer.Option("--deep", help="Volume.")] = False


@dataclass(frozen=True)
class Name:
    """What it is called."""

    name: Annotated[str | None, SHARED] = None


def command() -> tuple[typer.Typer, list[tuple[Size, Name]]]:
    received = []

    @grouped
    def draw(size: Size, name: Name) -> None:
        """Draw it."""
        received.append((size, name))

    app = typer.Typer()
    app.command()(draw)
    return app, received


def test_fields_are_options_and_arrive_in_their_groups():
    app, received = command()
    for arguments in ([], ["--width", "7", "--deep", "--name", "a"]):
        assert CliRunner().invoke(app, arguments).exit_code == 0
    assert received == [(Size(), Name()), (Size(7, True), Name("a"))]


def test_checks_of_an_option_hold():
    app, received = command()
    assert CliRunner().invoke(app, ["--width", "0"]).exit_code == 2
    assert received == []


def test_each_group_is_a_panel_and_a_shared_option_stays_as_it_is():
    app, _ = command()
    shown = CliRunner().invoke(app, ["--help"]).output
    assert "Draw it." in shown
    size, name = shown.index("How large it is"), shown.index("What it is called")
    assert size < shown.index("--width") < shown.index("--deep") < name < shown.index("--name")
    assert SHARED.rich_help_panel is None
