"""Help, version and speed of start: what a user meets before any data."""

from __future__ import annotations

import subprocess
import sys

import pytest

import fencepost as fp

COMMANDS = ("train", "evaluate", "predict", "filter", "convolve", "kernels", "figures", "size")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_an_example(fencepost, command):
    shown = fencepost(command, "--help")
    assert shown.status == 0
    assert "Example" in shown.out
    assert f"fencepost {command} " in shown.out.split("Example", 1)[1]
    assert "--json" in shown.out


def test_help_lists_the_commands(fencepost):
    shown = fencepost("--help")
    assert shown.status == 0
    for name in COMMANDS:
        assert f" {name} " in shown.out


def test_no_command_shows_the_help(fencepost):
    shown = fencepost()
    assert shown.status == 2
    assert "Usage: fencepost" in shown.out
    assert shown.err == ""


def test_version(fencepost):
    assert fencepost("--version").out == f"fencepost {fp.__version__}\n"


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from fencepost.cli.app import run\n"
        "assert run(['train', '--help']) == 0\n"
        "heavy = {'numpy', 'matplotlib', 'PIL', 'safetensors', 'fencepost._engine'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        check=False, args=[sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_runs_as_a_module():
    done = subprocess.run(
        check=False,
        args=[sys.executable, "-m", "fencepost", "--version"],
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"fencepost {fp.__version__}\n"
