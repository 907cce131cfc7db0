"""Networks as C headers: compiled strictly, run under sanitizers, for every layer and option."""

from __future__ import annotations

import math
import re
import shutil
import subprocess

import numpy as np
import pytest

import fencepost as fp
from engine_networks import LAYERS, MODELS, disturbed, network, network_of, random_images
from fencepost.interchange.c import compiler as c_compiler
from fencepost.interchange.c import export as writer
from fencepost.interchange.c import lowering
from fencepost.layers import Layer
from interchange.c import boards
from interchange.c.programs import (
    COMPILERS,
    SANITIZERS,
    WARNINGS,
    compile_c,
    missing,
    outputs,
    run_test,
)
from random_networks import random_network
from shape_lists import list_names, read_list

pytestmark = pytest.mark.skipif(c_compiler.find() is None, reason="no C compiler is installed")


def networks(compiler):
    """Every layer and option, models, random networks and lines of the shape lists.

    A line or a network of one compiler is not one of the other.
    """
    first = COMPILERS.index(compiler)
    nets = [network(name) for name in LAYERS] + [make() for make in MODELS.values()]
    nets = nets if first == 0 else nets[::8]
    nets += [random_network(seed) for seed in range(first, 12, 2)]
    for name in list_names():
        nets += [disturbed(network_of(case)) for case in read_list(name)[first * 6 :: 12]]
    return nets


def write(nets, folder):
    """Write headers, of which each third takes bytes; return networks and types by path."""
    headers = {}
    for index, net in enumerate(nets):
        dtype = "uint8" if index % 3 == 2 else "float32"
        path = folder / f"n{index}.h"
        net.export(path, dtype=dtype, verify=False)
        headers[path] = net, dtype
    return headers


@pytest.mark.parametrize("compiler", COMPILERS)
def test_every_layer_and_option(compiler, tmp_path):
    if missing(compiler):
        pytest.skip(missing(compiler))
    headers = write(networks(compiler), tmp_path)
    images = [random_images(net, 2, np.dtype(dtype).type) for net, dtype in headers.values()]
    received = outputs(tmp_path, [compiler, *WARNINGS, *SANITIZERS, "-O0"], headers, images)
    for (net, _), batch, values in zip(headers.values(), images, received, strict=True):
        expected = net(batch)
        limit = 1e-5 * max(1e-3, float(np.abs(expected).max(initial=0)))
        np.testing.assert_allclose(values, expected, rtol=0, atol=limit, err_msg=repr(net))


def test_every_layer_has_a_form():
    assert {kind.__name__ for kind in lowering._LOWERINGS} == set(Layer.types)


def test_layers_without_a_form_are_all_named(tmp_path, monkeypatch):
    known = {k: v for k, v in lowering._LOWERINGS.items() if k not in (fp.Conv2d, fp.Tanh)}
    monkeypatch.setattr(lowering, "_LOWERINGS", known)
    net = network("residual of the input")
    with pytest.raises(fp.DataError, match=r"(?s)0\.0, Conv2d\(2, 3, padding=1\).*0\.1, Tanh"):
        net.export(tmp_path / "a.h")
    assert not list(tmp_path.iterdir())


def digits():
    """LeNet-5 that takes bytes, with class names that are hard for C."""
    net = fp.models.lenet5()
    net.normalization = (33.3, 78.6)
    net.class_names = HOSTILE
    return net


HOSTILE = [
    'say "hello"', "??/", "a\\b", "line\nbreak", "Straße", "int", "%s %d", "*/ // /*", "", "\u202e1"
]  # fmt: skip


@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_program_of_a_header_passes(compiler, tmp_path):
    if missing(compiler):
        pytest.skip(missing(compiler))
    path = tmp_path / "digits.h"
    written = digits().export(path)
    assert written.difference < 1e-5 and "compiled  with" in str(written)
    said = run_test(path, "digits", compiler, [*WARNINGS, *SANITIZERS])
    assert said.endswith("PASS\n") and len(said.splitlines()) == 11
    compile_c([compiler, *WARNINGS, "-x", "c", "-c", str(path), "-o", str(tmp_path / "digits.o")])


def test_a_wrong_answer_is_seen(tmp_path):
    path = tmp_path / "digits.h"
    digits().export(path, verify=False)
    text = re.sub(r"(digits_bias_1\[6\] = \{\n *)-?[0-9.e-]+f", r"\g<1>9.0f", path.read_text())
    path.write_text(text)
    with pytest.raises(AssertionError, match="FAIL"):
        run_test(path, "digits", c_compiler.find()[0], ["-std=c99"])


def test_class_names(tmp_path):
    digits().export(tmp_path / "digits.h", verify=False)
    (tmp_path / "names.c").write_text(
        '#include "digits.h"\n#include <stdio.h>\nint main(void) {\n'
        "for (int k = -1; k < 11; k++) { fputs(digits_class_name(k), stdout); putchar(0); }\n"
        "return 0; }"
    )
    cc = c_compiler.find()
    program = str(tmp_path / "names")
    compile_c([*cc, *WARNINGS, "-trigraphs", str(tmp_path / "names.c"), "-lm", "-o", program])
    said = subprocess.run([program], capture_output=True, check=True).stdout.decode()
    assert said.split("\0") == ["", *HOSTILE, "", ""]
    net = digits()
    net.class_names = ["a\0b", *HOSTILE[1:]]
    with pytest.raises(fp.DataError, match="NUL"):
        net.export(tmp_path / "digits.h")
    net.class_names = ["\n" * 1100, *HOSTILE[1:]]  # 4,400 characters in octal
    with pytest.raises(fp.DataError, match="at most 4,095 characters"):
        net.export(tmp_path / "digits.h")


def test_memory_is_what_the_header_says(tmp_path):
    """As the linker counts: constants and values, each array with its size."""
    if not shutil.which("nm"):
        pytest.skip("nm is not installed")
    net = fp.models.small_cnn((3, 13, 22), 4)
    net.normalization = ([1.0, 2.0, 3.0], 4.0)
    path = tmp_path / "small.h"
    written = net.export(path)
    (tmp_path / "use.c").write_text(
        '#include "small.h"\nvoid f(const float *x, float *y);\n'
        "void f(const float *x, float *y) { small_predict(x, y); }"
    )
    cc = c_compiler.find()
    compile_c(
        [*cc, "-std=c99", "-O0", "-c", str(tmp_path / "use.c"), "-o", str(tmp_path / "use.o")]
    )
    said = subprocess.run(
        ["nm", "-S", tmp_path / "use.o"], capture_output=True, text=True, check=True
    ).stdout
    sizes = {"r": 0, "b": 0}
    for size, kind in re.findall(r"^\w+ (\w+) ([rb]) ", said, re.M):
        sizes[kind] += int(size, 16)
    text = path.read_text()
    flash, ram = (int(re.search(rf"SMALL_{n}_BYTES (\d+)", text)[1]) for n in ("FLASH", "RAM"))
    assert sizes == {"r": flash, "b": ram}
    assert f"{flash:,} bytes of constants" in written.notes and f"{ram:,} of values" in text


def test_the_arena_holds_what_is_needed_at_one_time(tmp_path):
    """LeNet-5: 1176 + 400 values of the second pool's input and output, and 16 of its scratch."""
    fp.models.lenet5().export(tmp_path / "lenet5.h", verify=False)
    assert "LENET5_RAM_BYTES 6368" in (tmp_path / "lenet5.h").read_text()


def test_headers_are_deterministic_and_ascii(tmp_path):
    path = tmp_path / "digits.h"
    texts = []
    for _ in range(2):
        digits().export(path, verify=False)
        texts.append(path.read_bytes())
    assert texts[0] == texts[1]
    texts[0].decode("ascii")


def test_two_models_in_one_program_of_cpp(tmp_path):
    if not shutil.which("g++"):
        pytest.skip("g++ is not installed")
    for name in ("a", "b"):
        fp.models.lenet5(3, (1, 28, 28)).export(tmp_path / f"{name}.h", verify=False)
    (tmp_path / "two.cpp").write_text(
        '#include "a.h"\n#include "b.h"\nint main() { static float x[784], y[3]; '
        "a_predict(x, y); b_predict(x, y); return y[0] > 1; }"
    )
    flags = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
    compile_c(["g++", *flags, str(tmp_path / "two.cpp"), "-o", str(tmp_path / "two")])
    subprocess.run([tmp_path / "two"], check=True)


@pytest.mark.parametrize(
    ("shape", "layers"),
    [
        ((1, 1, 1), [fp.Conv2d(1, 1), fp.Flatten()]),
        ((1, 1, 1), [fp.Flatten()]),
        ((1,), [fp.Tanh()]),
        ((1, 1), [fp.Conv1d(2, 3, padding=1), fp.Upsample(3), fp.Flatten(), fp.Linear(1)]),
        ((2, 1, 1), [fp.MaxPool2d(1), fp.Residual(fp.Dropout()), fp.Flatten(), fp.Softmax()]),
        ((3, 2, 2), [fp.Flatten(), fp.BatchNorm1d(), fp.Concat([], [fp.ReLU()]), fp.Linear(2)]),
        ((3, 2, 2), [fp.Flatten(), fp.Gate(fp.Linear(12))]),
        ((2, 4, 4), [fp.Conv2d(3, 1), fp.MaxPool2d(1, 2, remainder="crop"), fp.Flatten()]),
    ],
)
def test_the_smallest_networks(shape, layers, tmp_path):
    net = disturbed(fp.Network(shape, layers))
    path = tmp_path / "small.h"
    assert net.export(path, tolerance=1e-5).images == 5
    net.export(tmp_path / "less.h", int8=random_images(net, 5), verify=False)
    for name in ("small", "less"):
        said = run_test(tmp_path / f"{name}.h", name, c_compiler.find()[0], WARNINGS)
        assert "PASS" in said


def test_weights_without_a_value_are_all_named(tmp_path):
    net = fp.models.lenet5()
    net.parameters["0.weight"][0, 0, 0, :2] = math.nan
    net.parameters["7.bias"][3] = math.inf
    with pytest.raises(fp.DataError, match=r"2 values of 0\.weight and 1 value of 7\.bias"):
        net.export(tmp_path / "a.h")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("variance", [-1.0, 0.0])
def test_weights_that_overflow_where_a_normalisation_is_folded_in(variance, tmp_path):
    net = fp.Network((1, 4, 4), [fp.Conv2d(2, 3), fp.BatchNorm2d(eps=1e-300), fp.Flatten()])
    net.parameters["0.weight"][:] = 1e38
    net.state["1.running_var"][:] = variance
    with pytest.raises(fp.DataError, match="constants of an export to C must be finite"):
        net.export(tmp_path / "a.h")
    assert not list(tmp_path.iterdir())


def test_a_difference_is_an_error_and_no_file(tmp_path, monkeypatch):
    lower = writer.lower

    def wrong(net, **options):
        program = lower(net, **options)
        program.steps[-1].bias += 0.5
        return program

    monkeypatch.setattr(writer, "lower", wrong)
    with pytest.raises(fp.DataError, match=r"must answer as its network does.*difference of"):
        fp.models.lenet5().export(tmp_path / "a.h")
    assert not list(tmp_path.iterdir())


def test_without_a_compiler(tmp_path, monkeypatch):
    monkeypatch.setattr(c_compiler.shutil, "which", lambda name: None)
    written = fp.models.lenet5().export(tmp_path / "a.h")
    assert written.images == 0 and "not compiled: no C compiler" in str(written)


def test_a_compiler_that_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "gcc --no-such-option" if shutil.which("gcc") else "cc --no-such")
    with pytest.raises(fp.DataError, match="could not be compiled"):
        fp.models.lenet5().export(tmp_path / "a.h")


@pytest.mark.parametrize("processor", boards.BOARDS)
def test_microcontrollers(processor, tmp_path):
    if boards.missing():
        pytest.skip(boards.missing())
    path = tmp_path / "digits.h"
    digits().export(path, verify=False)
    here = run_test(path, "digits", c_compiler.find()[0], ["-std=c99", "-O2"])
    there = boards.run(processor, path, "digits", [*WARNINGS, "-O2"])
    assert there.endswith("PASS\n")
    pairs = zip(here.split()[1:20:2], there.split()[1:20:2], strict=True)
    assert all(float(a) == pytest.approx(float(b), abs=1e-6) for a, b in pairs)
