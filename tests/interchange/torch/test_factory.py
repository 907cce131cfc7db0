"""A PyTorch module found by name: what is found, and the errors of all that is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import fencepost as fp

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fencepost.interchange.torch.factory import load_factory  # noqa: E402

SOURCE = """
from torch import nn


class LeNet(nn.Module):
    def forward(self, x):
        return x


class Sized(nn.Module):
    def __init__(self, classes, width=3):
        super().__init__()


def make(*layers, **options):
    return LeNet()


def weights():
    return {"conv.weight": 1}


def broken():
    return 1 / 0


def leaves():
    raise SystemExit(3)


instance = LeNet()
number = 3
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A current directory with a module `nets_of_a_test` and a package `package_of_a_test`."""
    (tmp_path / "nets_of_a_test.py").write_text(SOURCE)
    package = tmp_path / "package_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "nets.py").write_text("from nets_of_a_test import *\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["LeNet", "make", "instance"])
@pytest.mark.parametrize("module", ["nets_of_a_test", "package_of_a_test.nets"])
def test_class_function_and_instance(folder, module, name):
    found = load_factory(f"{module}:{name}")
    assert isinstance(found, torch.nn.Module)
    assert type(found).__name__ == "LeNet"


def test_the_current_directory_comes_first_and_stays(folder):
    assert str(folder) not in sys.path
    load_factory("nets_of_a_test:LeNet")
    assert sys.path[0] == str(folder)
    load_factory("nets_of_a_test:LeNet")
    assert sys.path.count(str(folder)) == 1


@pytest.mark.parametrize("name", ["nets", "nets:", ":LeNet", "a/nets:LeNet", "nets:Le Net", "", 3])
def test_names_of_another_form(name):
    with pytest.raises(fp.ArgumentError, match=r"package\.module:factory, such as") as caught:
        load_factory(name)
    assert str(caught.value).endswith(f"Received: {name!r}.")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nets_of_a_tset:LeNet", 'no Python module nets_of_a_tset.*mean "nets_of_a_test"'),
        ("nets_of_a_test.py:LeNet", "not of its file: nets_of_a_test:LeNet"),
        ("package_of_a_test.net:x", 'net in package_of_a_test.*Did you mean "nets"'),
        ("nets_of_a_test.LeNet:x", "after a colon, as in nets_of_a_test:LeNet"),
        ("nets_of_a_test:LeNett", 'holds no LeNett.*Did you mean "LeNet"'),
        ("nets_of_a_test:zzz", "It holds LeNet, Sized, make, weights, broken, leaves"),
    ],
)
def test_there_is_no_such_thing(folder, name, words):
    with pytest.raises(fp.ArgumentError, match=words):
        load_factory(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Sized", r"needs classes\. Write a function .* def model\(\): return Sized\(…\)"),
        ("weights", r"must give a torch\.nn\.Module\. It gives a dict\."),
        ("number", r"makes one\. It is an int\."),
        ("broken", r"ZeroDivisionError: division by zero \(nets_of_a_test\.py, line 24, in broken"),
        ("leaves", r"SystemExit: 3 \(nets_of_a_test\.py, line 28, in leaves"),
    ],
)
def test_what_is_found_gives_no_module(folder, name, words):
    with pytest.raises(fp.DataError, match=words):
        load_factory(f"nets_of_a_test:{name}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nothing_of_a_test", r"No module named 'nothing_of_a_test' \(bad.*\.py, line 1\)"),
        ("x = 1\ny = (", r"SyntaxError: '\(' was never closed \(bad.*\.py, line 2\)"),
        ("raise RuntimeError('no\\n weights')", r"RuntimeError: no weights \(bad.*\.py, line 1\)"),
        ("def f():\n    raise SystemExit('bye')\nf()", r"bye \(bad.*\.py, line 2, in f\)"),
    ],
)
def test_a_module_that_cannot_be_imported(folder, text, words):
    (folder / "bad_of_a_test.py").write_text(text)
    with pytest.raises(fp.DataError, match=words) as caught:
        load_factory("bad_of_a_test:x")
    assert str(caught.value).startswith("bad_of_a_test cannot be imported. Its code raised")
    assert caught.value.__suppress_context__


def test_an_exception_in_a_library_is_reported_with_the_line_that_called_it(folder):
    (folder / "json_of_a_test.py").write_text("import json\n\njson.loads('{')\n")
    with pytest.raises(fp.DataError, match=r"JSONDecodeError: .*\(json_of_a_test\.py, line 3\)"):
        load_factory("json_of_a_test:x")


def test_long_messages_are_cut(folder):
    (folder / "long_of_a_test.py").write_text("raise ValueError('0 ' * 9999)")
    with pytest.raises(fp.DataError, match=r"0 0 0…? ?\S* \(long_of_a_test") as caught:
        load_factory("long_of_a_test:x")
    assert len(str(caught.value)) < 700


def test_what_the_code_prints_does_not_go_to_stdout(folder, capsys):
    (folder / "loud_of_a_test.py").write_text(f"print('imported')\n{SOURCE}\nprint(LeNet())\n")
    load_factory("loud_of_a_test:LeNet")
    assert capsys.readouterr() == ("", "imported\nLeNet()\n")


def test_interrupts_pass(folder):
    (folder / "stop_of_a_test.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_factory("stop_of_a_test:x")


def test_without_pytorch_the_error_names_its_package(tmp_path):
    """In a process whose `torch` is a module that fails as a missing one does."""
    (tmp_path / "torch.py").write_text("raise ImportError('No module named torch')")
    code = (
        "from fencepost.interchange.torch.factory import ArgumentError, load_factory\n"
        "from fencepost.interchange.torch.trace import read_module\n"
        "for call in (lambda: load_factory('a:b'), lambda: read_module(None, [(1,)])):\n"
        "    try:\n"
        "        call()\n"
        "    except ArgumentError as error:\n"
        "        print(error)\n"
    )
    path = f"{tmp_path}:{Path(fp.__file__).parents[1]}"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": "", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.count('pip install "fencepost[torch]"') == 2
