"""The package as a whole: its public names, its docstrings' examples, what importing it costs."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import fencepost as fp
from fencepost import _engine

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(fp.__path__, "fencepost.")
    if "._engine._" not in module.name and not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", fp.__all__)
def test_every_public_name_can_be_had(name):
    assert getattr(fp, name) is not None


def test_public_names_are_the_ones_that_type_checkers_see():
    tree = ast.parse(Path(fp.__file__).read_text(encoding="utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    assert imported == set(fp.__all__)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Convolution'"):
        _ = fp.Convolution


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if ".interchange.torch." in name:
        pytest.importorskip("torch", reason="PyTorch is not installed")
    result = doctest.testmod(
        importlib.import_module(name),
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
    )
    assert result.failed == 0


def in_new_process(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": "", "PYTHONPATH": str(Path(fp.__file__).parents[1]), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_import_brings_in_nothing_heavy():
    done = in_new_process("import sys, fencepost; print(*sys.modules)")
    loaded = set(done.stdout.split())
    assert "fencepost" in loaded
    assert not loaded & {"numpy", "matplotlib", "PIL", "rich", "typer", "fencepost._engine"}


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("Network", ("convolution", "filtering", "kernels", "pooling")),
        ("filter_image", ("layers", "network", "pooling")),
        ("output_size", ("kernels", "layers")),
    ],
)
def test_first_use_of_a_name_imports_what_it_needs_and_no_more(name, others):
    done = in_new_process(f"import sys, fencepost; fencepost.{name}; print(*sys.modules)")
    loaded = set(done.stdout.split())
    assert "fencepost" in loaded, done.stderr
    assert not loaded & {f"fencepost.{other}" for other in others}


@pytest.mark.parametrize("level", _engine.levels())
def test_isa_is_capped_by_the_environment(level):
    done = in_new_process(
        "from fencepost import _engine; print(_engine.level)", FENCEPOST_ISA=level
    )
    assert done.stdout.strip() == level


def test_isa_above_what_the_machine_has_takes_the_best_that_it_has():
    done = in_new_process(
        "from fencepost import _engine; print(_engine.level)", FENCEPOST_ISA="avx512"
    )
    assert done.stdout.strip() == list(_engine.levels())[-1]


def test_unknown_isa_is_refused_with_the_names_that_work():
    done = in_new_process("import fencepost._engine", FENCEPOST_ISA="sse9")
    assert done.returncode != 0
    assert "must be one of baseline, avx2, avx512. Received: 'sse9'" in done.stderr
