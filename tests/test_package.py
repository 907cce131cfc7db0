"""The package as a whole: its public names, its docstrings' examples, what importing it costs."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import fencepost as fp
from fencepost import _engine
from fencepost._engine.cores import usable_cores

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(fp.__path__, "fencepost.")
    if "._engine._" not in module.name and not module.name.endswith("__main__")
)


@pytest.mark.parametrize("module", ["fencepost", "fencepost.plots", "fencepost.experiments"])
def test_a_stub_names_what_is_public_once(module):
    package = importlib.import_module(module)
    tree = ast.parse(Path(package.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    aliases = [
        alias for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    # "name as name" is how a stub says that a name is public.
    assert all(alias.name == alias.asname for alias in aliases)
    assert sorted(alias.name for alias in aliases) == package.__all__
    assert set(package.__all__) <= set(dir(package))
    assert all(getattr(package, name) is not None for name in package.__all__)


def test_type_checkers_see_the_public_names(tmp_path):
    api = pytest.importorskip("mypy.api", reason="mypy is not installed")
    script = tmp_path / "script.py"
    script.write_text(
        "import fencepost as fp\n"
        "from fencepost.plots import stride\n"
        "reveal_type(fp.output_size(28, 5))\n"
        "reveal_type(fp.Conv2d(6, 5))\n"
        "fp.Convolution\n"
        "fp.plots.nothing\n"
        "fp.Netwrk\n"
        "fp.kernels.gausian\n"
        "reveal_type(fp.check(1))\n"
        "def check(report: fp.check.Report) -> None: fp.check.check(report)\n"
        "net = fp.Network((4,), [fp.Linear(2)])\n"
        "net.fit([[1.0]], [0], epoch=1)\n"
        "net.evalute([[1.0]], [0])\n"
        "reveal_type(net.predict('a.png', names=True))\n",
        encoding="utf-8",
    )
    said, _, _ = api.run(["--strict", "--cache-dir", str(tmp_path / "cache"), str(script)])
    lines = [line.partition(": ")[2] for line in said.splitlines()]
    assert 'note: Revealed type is "int"' in lines[0]
    assert "Conv2d" in lines[1]
    assert 'has no attribute "Convolution"' in lines[2]
    assert 'has no attribute "nothing"' in lines[3]
    assert 'has no attribute "Netwrk"' in lines[4]
    assert 'has no attribute "gausian"' in lines[5]
    assert 'note: Revealed type is "fencepost.check.report.Report"' in lines[6]
    assert 'Unexpected keyword argument "epoch"; did you mean "epochs"?' in lines[7]
    assert 'has no attribute "evalute"' in "".join(lines[8:])
    assert 'note: Revealed type is "list[str]"' in "".join(lines[9:])


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="attribute 'Convolution'"):
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


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has a global lock"
)
@pytest.mark.parametrize("level", _engine.levels())
def test_the_engine_leaves_python_without_its_global_lock(level):
    code = "import sys; from fencepost import _engine; print(sys._is_gil_enabled())"
    done = in_new_process(code, FENCEPOST_ISA=level)
    assert (done.stdout.strip(), done.stderr) == ("False", "")


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


@pytest.mark.parametrize("text", ["1", " 3 ", "1024", ""])
def test_the_environment_says_how_many_threads(text):
    code = "import fencepost as fp; print(fp.get_num_threads())"
    done = in_new_process(code, FENCEPOST_NUM_THREADS=text)
    assert int(done.stdout) == int(text or usable_cores()), done.stderr


@pytest.mark.parametrize("text", ["0", "-2", "2.0", "two", "1025", "9" * 5000, "1e2", "2 4", "²"])
def test_nonsense_for_the_number_of_threads_is_refused_with_the_rule(text):
    rule = "FENCEPOST_NUM_THREADS must be an integer from 1 to 1,024. Received: "
    done = in_new_process("import fencepost._engine", FENCEPOST_NUM_THREADS=text)
    assert done.returncode != 0
    assert f"{rule}{text!r}. Unset it" in done.stderr
    command = (
        "from fencepost.cli.app import run; run(['convolve', 'a.csv', '-k', 'mean', '-o', 'b.csv'])"
    )
    done = in_new_process(command, FENCEPOST_NUM_THREADS=text)
    assert done.stderr.startswith(f"fencepost: {rule}")
