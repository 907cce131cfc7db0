"""The help of every command: plain, whole at any width, and every example a command line."""

from __future__ import annotations

import shlex

import pytest
import typer

from fencepost.cli.app import COMMANDS, application, loaded, options

ROOT = typer.main.get_command(application(*COMMANDS))


def shown(fencepost, monkeypatch, name, width):
    monkeypatch.setenv("COLUMNS", str(width))
    return fencepost(*filter(None, [name]), "--help").out


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_is_plain_and_fits(fencepost, monkeypatch, name, width):
    text = shown(fencepost, monkeypatch, name, width)
    assert not set(text) & set("\x1b╭│╰─…")
    assert "<bool>" not in text and "recipe)" not in text
    assert max(map(len, text.splitlines())) <= width
    for option in options(name).values() if name else ():
        assert f"{option.name} " in text or f"{option.name}\n" in text or f"{option.name}," in text


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_whole_and_parsed(fencepost, monkeypatch, name):
    """As they are shown at 60 columns, a shell puts them together again."""
    text = shown(fencepost, monkeypatch, name, 60).split("Examples:\n", 1)[1]
    lines = text.replace("\\\n", "").splitlines()
    assert [" ".join(line.split()) for line in lines if line] == loaded(name)[1].splitlines()
    for line in lines:
        words = shlex.split(line.replace("torchrun --nproc-per-node 2 -m fencepost", "fencepost"))
        if words:
            assert words[0] == "fencepost"
            command = ROOT.commands[words[1]]
            command.make_context(words[1], words[2:])  # raises if it cannot be


def test_a_terminal_gets_bold_headings(fencepost, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1mExamples:\x1b[0m" in fencepost("train", "--help").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in fencepost("train", "--help").out


def test_defaults_are_said():
    defaults = {
        parameter.name: parameter.show_default
        for parameter in ROOT.commands["train"].params
        if parameter.default is None and not getattr(parameter, "multiple", False)
    }
    silent = {name for name, default in defaults.items() if default in (True, None)}
    assert silent == {"checkpoint"}


def test_a_folder_is_called_a_folder():
    for command in ROOT.commands.values():
        for option in command.params:
            if (option.help or "").startswith("Folder"):
                assert option.metavar == "FOLDER", (command.name, option.name)
