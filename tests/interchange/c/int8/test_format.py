"""Networks in 8 bits: equal to the scheme in plain integers, near the network for every layer."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest

import fencepost as fp
from engine_networks import LAYERS, MODELS, disturbed, network, random_images
from fencepost import definitions
from fencepost.interchange.c import compiler as c_compiler
from fencepost.interchange.c import export as writer
from fencepost.interchange.c.header import write_header
from fencepost.interchange.c.int8.calibration import ranges
from fencepost.interchange.c.int8.format import Int8
from fencepost.interchange.c.int8.quantization import Quantization, multiplier, multipliers, weights
from fencepost.interchange.c.lowering import lower
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

pytestmark = pytest.mark.skipif(c_compiler.find() is None, reason="no C compiler is installed")


def header(net, images, prefix):
    """Write a network in 8 bits, calibrated on images, without its test."""
    program = lower(net, only_clamps=True)
    pixels = "unsigned char" if images.dtype == np.uint8 else "float"
    form = Int8(program, ranges(net, images))
    return write_header(net, program, prefix, pixels, "", form)


def run(net, images, folder, compiler="gcc"):
    """Compile and run one network in 8 bits."""
    path = folder / "q.h"
    path.write_bytes(header(net, images, "q").text_alone)
    compiler = [shutil.which(compiler) or c_compiler.find()[0], *WARNINGS]
    return outputs(folder, compiler, {path: (net, images.dtype)}, [images])[0]


def scaled(sums, factor, shift, of, low=-128):
    """Bring integer sums to the next scale, as the header does."""
    value = ((sums.astype(np.int64) * factor + (1 << (shift - 1))) >> shift) + of.zero
    return np.clip(value, low, 127)


def test_products_are_those_of_the_scheme(tmp_path):
    """Convolution, ReLU, pooling, depthwise convolution, a table, a mean and a dense layer."""
    layers = [
        fp.Conv2d(6, 3, padding=1), fp.ReLU(), fp.MaxPool2d(2),
        fp.Conv2d(6, 3, groups=6), fp.Tanh(), fp.AvgPool2d(2, 1), fp.Flatten(), fp.Linear(5),
    ]  # fmt: skip
    net = disturbed(fp.Network((2, 8, 10), layers, normalization=([101.7, 119.1], [47.3, 61.9])))
    images = random_images(net, 20, np.uint8)
    found = ranges(net, images)
    of = {place: Quantization.of_range(*found[place]) for place in found}
    mean, scale = (v.reshape(-1, 1, 1).astype(np.float64) for v in net.engine_normalization)
    x = of["input"].integers((images - mean) * scale).astype(np.int64)

    def product(index, x, source, **options):
        weight, bias = (
            net.parameters[f"{index}.{n}"].astype(np.float64) for n in ("weight", "bias")
        )
        stored = weight.transpose(2, 3, 1, 0)[None] if not options.get("groups") else (
            weight.transpose(0, 2, 3, 1)[..., None])  # fmt: skip
        integers, biases, scales = weights(stored, bias, of[source].scale)
        turned = integers[0].transpose(3, 2, 0, 1) if not options.get("groups") else (
            integers[..., 0].transpose(0, 3, 1, 2))  # fmt: skip
        sums = definitions.conv_layer(x - of[source].zero, turned, biases, **options)
        return sums.astype(np.int64), scales

    def requantised(sums, scales, place, low=-128):
        factors, shift = multipliers(scales / of[place].scale)
        return scaled(sums, factors.reshape(-1, 1, 1), shift, of[place], low)

    sums, scales = product(0, x, "input", padding=((1, 1), (1, 1)))
    x = requantised(sums, scales, "2", of["2"].zero)
    x = definitions.max_pool(x, 2).astype(np.int64)
    sums, scales = product(3, x, "2", groups=6)
    x = requantised(sums, scales, "3")
    x = of["4"].integers(np.tanh(of["3"].scale * (x - of["3"].zero))).astype(np.int64)
    sums = definitions.sum_pool(x - of["4"].zero, 2, stride=1).astype(np.int64)
    x = scaled(sums, *multiplier(of["4"].scale / of["5"].scale / 4), of["5"])
    flat = (x - of["5"].zero).reshape(len(x), -1)
    weight = net.parameters["7.weight"].astype(np.float64)
    integers, biases, scales = weights(
        weight.T.reshape(1, 1, 1, -1, 5), net.parameters["7.bias"].astype(np.float64), of["5"].scale
    )
    expected = (flat @ integers.reshape(-1, 5).astype(np.int64) + biases) * scales
    np.testing.assert_allclose(run(net, images, tmp_path), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("compiler", COMPILERS)
def test_every_layer_is_near_the_network(compiler, tmp_path):
    if missing(compiler):
        pytest.skip(missing(compiler))
    headers, images = {}, []
    names = [*LAYERS, *MODELS] if compiler == "gcc" else [*LAYERS][::4]
    for index, name in enumerate(names):
        net = network(name) if name in LAYERS else MODELS[name]()
        images.append(random_images(net, 20))
        path = tmp_path / f"n{index}.h"
        path.write_bytes(header(net, images[-1], f"n{index}").text_alone)
        headers[path] = net, np.float32
    received = outputs(tmp_path, [compiler, *WARNINGS, *SANITIZERS, "-O0"], headers, images)
    for (net, _), batch, values in zip(headers.values(), images, received, strict=True):
        expected = net(batch)
        difference = np.abs(values - expected).max() / np.abs(expected).max()
        assert difference < 0.08, (difference, net)


@pytest.fixture(scope="module")
def digits():
    """LeNet-5, trained for a second, and digits that it has not seen."""
    images, labels = fp.datasets.mnist("train")
    net = fp.models.lenet5()
    net.fit(images[:2000], labels[:2000], epochs=2, progress=False)
    return net, *(array[:600] for array in fp.datasets.mnist("test"))


def test_accuracy_before_and_after_is_said(digits, tmp_path):
    net, images, labels = digits
    written = net.export(tmp_path / "digits.h", int8=(images, labels))
    before, after, same = re.search(
        r"accuracy +([\d.]+) % in float32, ([\d.]+) % in 8 bits; the same class for ([\d.]+) % of "
        r"600 images", written.notes).groups()  # fmt: skip
    assert float(before) == pytest.approx(100 * (net.predict(images) == labels).mean(), abs=0.01)
    assert abs(float(before) - float(after)) < 1 and float(same) > 98
    assert written.images == 64 and written.difference < 0.1 and "8-bit" in written.format
    said = net.export(tmp_path / "digits.h", int8=images).notes
    assert "accuracy  the same class" in said
    assert "stdint.h" in (tmp_path / "digits.h").read_text()


def test_constants_and_values_take_a_quarter(digits, tmp_path):
    net, images, _ = digits
    net.export(tmp_path / "digits.h", int8=images, verify=False)
    text = (tmp_path / "digits.h").read_text()
    flash, ram = (int(re.search(rf"DIGITS_{n}_BYTES (\d+)", text)[1]) for n in ("FLASH", "RAM"))
    assert flash < 4 * 61_706 / 3.8
    (tmp_path / "size.c").write_text(
        '#include "digits.h"\nint main(void) { return sizeof(digits_memory) != DIGITS_RAM_BYTES; }'
    )
    program = str(tmp_path / "size")
    compile_c([*c_compiler.find(), *WARNINGS, str(tmp_path / "size.c"), "-o", program, "-lm"])
    subprocess.run([program], check=True)
    assert ram == 4 * 120 + 784 + 6 * 14 * 14  # sums of Linear(120), pixels, the first pool


@pytest.mark.parametrize("processor", boards.BOARDS)
def test_microcontrollers_compute_the_same(digits, processor, tmp_path):
    if boards.missing():
        pytest.skip(boards.missing())
    net, images, _ = digits
    path = tmp_path / "digits.h"
    net.export(path, int8=images, verify=False)
    here = run_test(path, "digits", c_compiler.find()[0], [*WARNINGS, *SANITIZERS])
    there = boards.run(processor, path, "digits", [*WARNINGS, "-O2"])
    assert there.endswith("PASS\n")
    pairs = zip(here.split()[1:20:2], there.split()[1:20:2], strict=True)
    assert all(float(a) == pytest.approx(float(b), abs=1e-6) for a, b in pairs)


@pytest.mark.parametrize("compiler", [*COMPILERS, "cortex-m4"])
def test_no_compiler_warns_however_it_optimises(compiler, tmp_path):
    """In float32 and in 8 bits: known sizes have warnings of their own."""
    reason = boards.missing() if compiler in boards.BOARDS else missing(compiler)
    if reason:
        pytest.skip(reason)
    layers = [fp.Conv2d(4, 3, padding=1), fp.ReLU(), fp.MaxPool2d(2), fp.Conv2d(4, 3, groups=4),
              fp.AvgPool2d(2), fp.Flatten(), fp.Linear(8), fp.Tanh(), fp.Linear(3)]  # fmt: skip
    net = fp.Network((1, 12, 12), layers)
    net.export(tmp_path / "f.h", verify=False)
    (tmp_path / "q.h").write_bytes(header(net, random_images(net, 8), "q").text_alone)
    (tmp_path / "use.c").write_text(
        '#include "f.h"\n#include "q.h"\nvoid use(const float *x, float *y);\n'
        "void use(const float *x, float *y) { f_predict(x, y); q_predict(x, y); }\n"
    )
    command = boards.compiler(compiler) if compiler in boards.BOARDS else [compiler]
    for level in ("-Os", "-O2", "-O3"):
        files = ["-c", str(tmp_path / "use.c"), "-o", str(tmp_path / "use.o")]
        compile_c([*command, *WARNINGS, level, *files])


def test_what_stays_in_floats_is_named(tmp_path):
    net = network("group norm")
    written = net.export(tmp_path / "a.h", int8=random_images(net, 30))
    assert "in float32 1 GroupNorm(3)" in written.notes


def test_refusals(tmp_path, monkeypatch):
    net = fp.models.lenet5()
    images = random_images(net, 4)
    with pytest.raises(fp.ArgumentError, match=r"int8 is for C headers, \.h"):
        net.export(tmp_path / "a.onnx", int8=images)
    with pytest.raises(fp.DataError, match="28"):
        net.export(tmp_path / "a.h", int8=np.zeros((2, 1, 27, 28), np.float32))
    with pytest.raises(fp.DataError, match="labels"):
        net.export(tmp_path / "a.h", int8=(images, [0, 1, 2, 10]))
    monkeypatch.setattr(writer.compiler, "find", lambda: None)
    with pytest.raises(fp.DataError, match="needs a C compiler"):
        net.export(tmp_path / "a.h", int8=images)
    assert not list(tmp_path.iterdir())
