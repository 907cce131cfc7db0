"""No message advises what its reader cannot type: Python at the shell, or options in Python.

Every remedy of the sources is collected and typed: options are parsed by the command's own
parser, arguments by Python. That commands print no Python is checked wherever a test runs one, by
cli/typed.py.
"""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from pathlib import Path

import pytest
import typer

import fencepost as fp
from fencepost import remedies
from fencepost.cli.app import COMMANDS, application, options
from fencepost.habits.values import VALUES

ROOT = Path(fp.__file__).parent
STYLED = ("charts.py", "compiler.py", "notebook.py")  # style sheets and compilers have options, too
COMMAND = typer.main.get_command(application(*COMMANDS))
REQUIRED = {  # what a command line needs besides the option that is tried
    "evaluate": ["a.st"], "predict": ["a.st", "a.png"], "explain": ["a.st", "a.png", "-o", "b.png"],
    "export": ["a.st", "-o", "a.onnx"], "convert": ["a.onnx", "-o", "a.st"],
    "filter": ["a.png", "-k", "sobel", "-o", "b.png"],
    "convolve": ["a.csv", "-k", "mean", "-o", "b.csv"], "figures": ["-o", "out"],
    "size": ["1x8x8", "ReLU"], "learn-kernel": ["a.png", "b.png", "-o", "k.txt"],
}  # fmt: skip


def parse(command, text):
    """Have the command's own parser read an option with its value."""
    words = [*REQUIRED.get(command, []), *shlex.split(text)]
    COMMAND.commands[command].make_context(command, words)


SOURCES = [
    (path.relative_to(ROOT), list(ast.walk(ast.parse(path.read_text(encoding="utf-8")))))
    for path in sorted(ROOT.rglob("*.py"))
    if path.name != "remedies.py"
]


def calls(*names):
    for path, nodes in SOURCES:
        for node in nodes:
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names:
                yield f"{path}:{node.lineno}", node


def text_of(node):
    """The string of a literal, with a word in place of what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "1" for part in node.values
        )
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def value_of(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return 3  # computed: a number as good as any


SETTINGS = [
    (where, word.arg, value_of(word.value))
    for where, node in calls("remedy")
    for word in node.keywords
    if word.arg
] + [
    (where, node.args[0].value, value_of(node.args[1]) if len(node.args) > 1 else ...)
    for where, node in calls("setting", "received")
    if isinstance(node.args[0], ast.Constant)
]
SETTINGS += sorted(
    {
        ("habits/values.py", name, value)
        for answers in VALUES.values()
        for _, settings in answers.values()
        for name, value in settings.items()
    }
)
TYPED = [(where, text_of(node.args[0])) for where, node in calls("at_the_shell")]
PYTHON = [(where, text_of(node.args[0])) for where, node in calls("in_python")]


def keywords():
    """The names of all arguments of public functions and methods."""
    spaces = [fp, fp.datasets, fp.Network, fp.plots, fp.training, fp.check]
    for space in spaces:
        for name in dir(space):
            function = getattr(space, name)
            if callable(function) and not name.startswith("_"):
                try:
                    yield from inspect.signature(function).parameters
                except (TypeError, ValueError):
                    continue


def test_remedies_are_found():
    assert len(SETTINGS) > 40 and len(TYPED) > 2 and len(PYTHON) > 15


@pytest.mark.parametrize(("where", "name", "value"), SETTINGS)
def test_a_setting_can_be_typed(where, name, value):
    """In Python as a keyword of a public function; at the shell by every command that has it."""
    if value is not ...:
        call = ast.parse(f"f({remedies.setting(name, value)})", mode="eval").body
        assert [keyword.arg for keyword in call.keywords] == [name], where
    assert name in set(keywords()) | {"delimiter", "decimal", "header", "skip", "portrait"}, where
    for command in COMMANDS:
        with remedies.command(lambda command=command: options(command)):
            typed = remedies.setting(name, value)
        if name in options(command) and value is not ...:
            assert typed.startswith("--"), where
            parse(command, typed)


@pytest.mark.parametrize(("where", "text"), TYPED)
def test_what_a_shell_is_told_can_be_typed(where, text):
    for option in re.findall(r"--[a-z-]+", text or ""):
        assert any(option in pair for name in COMMANDS for pair in options(name).values()), where
    for option, value in re.findall(r"(--[a-z-]+) ([^\s,;()]+)", text or ""):
        having = [name for name in COMMANDS if option in {o.name for o in options(name).values()}]
        for command in having:
            parse(command, f"{option} {value.rstrip('.')}")


@pytest.mark.parametrize(("where", "text"), PYTHON)
def test_what_python_is_told_can_be_evaluated(where, text):
    code = re.findall(r'\b[a-z_]+=(?:"[^"]*"|\([^)]*\)|[\w.]+(?:\([^)]*\))?)', text or "")
    for keyword in code:
        ast.parse(f"f({keyword})", mode="eval")
        assert keyword.partition("=")[0] in set(keywords()), where
    for call in re.findall(r"\b(?:fencepost|fp)\.[\w.]+", text or ""):
        value = fp
        for name in call.rstrip(".").split(".")[1:]:
            value = getattr(value, name)


def test_no_message_of_the_library_speaks_of_options_unless_a_command_runs():
    """Options stand within `at_the_shell`, `remedy` and `setting` only, or in cli/."""
    marking = ("remedy", "setting", "received", "at_the_shell", "in_python")
    for path, nodes in SOURCES:
        if path.parts[0] in ("cli", "tour") or path.name in STYLED:
            continue
        passed = {  # by marks, and docstrings
            id(child)
            for node in nodes
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in marking
            for child in ast.walk(node)
        } | {
            id(node.body[0].value)
            for node in nodes
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            and isinstance(node.body[0], ast.Expr)
        }
        for node in nodes:
            text = getattr(node, "value", None)
            if isinstance(node, ast.Constant) and isinstance(text, str) and id(node) not in passed:
                text = re.sub("`fencepost [^`]*`", "", text)
                named = re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)
                others = {"--nproc-per-node", "--max-restarts", "--force-reinstall"}
                assert not set(named) - others, f"{path}:{node.lineno}: {named}"


def test_command_lines_in_messages_are_parsed():
    """`fencepost …` between backquotes, wherever it stands."""
    found = 0
    for path, nodes in SOURCES:
        for node in nodes:
            text = text_of(node) if isinstance(node, (ast.Constant, ast.JoinedStr)) else None
            for line in re.findall(r"`fencepost ([a-z][^`]*)`", text or ""):
                name, *words = shlex.split(line)
                known = {flag for pair in options(name).values() for flag in pair[:2]}
                known |= {"--help", "-o", "-k"}
                assert {word for word in words if word.startswith("-")} <= known, f"{path}: {line}"
                found += 1
    assert found > 10
