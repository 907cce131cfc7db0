"""Sums of products in 8 bits: exact for every width, whatever instructions they are made of."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import fencepost as fp
from engine_networks import disturbed, random_images
from fencepost import definitions
from fencepost.interchange.c import compiler as c_compiler
from fencepost.interchange.c.header import write_header
from fencepost.interchange.c.int8.calibration import ranges
from fencepost.interchange.c.int8.format import Int8
from fencepost.interchange.c.int8.loops import in_pairs
from fencepost.interchange.c.int8.quantization import Quantization, multipliers, weights
from fencepost.interchange.c.lowering import lower
from interchange.c import boards
from interchange.c.programs import SANITIZERS, WARNINGS, missing, outputs, run_test

OUTPUTS = [1, 2, 3, 4, 6, 8, 13]
DEPTHWISE = [2, 7, 8, 9, 17]


def convolutions():
    """A layer for every number of inputs and outputs that its loops treat in a way of its own."""
    for channels, out in itertools.product([1, 2, 3, 5], OUTPUTS):
        yield channels, fp.Conv2d(out, (2, 3), padding=((1, 0), (out % 3, 2)))
    for channels in DEPTHWISE:
        yield channels, fp.Conv2d(channels, 3, padding=1, groups=channels)
    for groups, inputs, each in [(2, 1, 3), (3, 2, 1), (2, 5, 9)]:
        yield groups * inputs, fp.Conv2d(groups * each, 2, padding=1, groups=groups)
    yield 3, fp.Conv2d(5, 3, padding=2, dilation=(1, 2))


def expected(net, images):
    """The sums by definition, brought to 8 bits, as the numbers that they stand for."""
    (layer,) = net.layers
    found = ranges(net, images)
    weight, bias = (net.parameters[f"0.{n}"].astype(np.float64) for n in ("weight", "bias"))
    of = Quantization.of_range(*found["input"])
    mean, scale = (v.reshape(-1, 1, 1).astype(np.float64) for v in net.engine_normalization)
    x = of.integers((images - mean) * scale).astype(np.int64) - of.zero
    stored = weight.reshape(layer.groups, -1, *weight.shape[1:]).transpose(0, 3, 4, 2, 1)
    integers, biases, scales = weights(stored, bias, of.scale)
    turned = integers.transpose(0, 4, 3, 1, 2).reshape(weight.shape)
    sums = definitions.conv_layer(
        x, turned, biases, padding=layer.padding, groups=layer.groups, dilation=layer.dilation
    )
    if len(weight) == 1:  # the last step, which gives floats
        return sums * scales[0]
    after = Quantization.of_range(*found["0"])
    factors, shift = multipliers(scales / after.scale)
    scaled = sums.astype(np.int64) * factors.reshape(-1, 1, 1) + (1 << (shift - 1)) >> shift
    return (np.clip(scaled + after.zero, -128, 127) - after.zero) * after.scale


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Every layer as a network of its own: its header, images, and what must come out."""
    folder = tmp_path_factory.mktemp("loops")
    headers, images, results = {}, [], []
    for index, (channels, layer) in enumerate(convolutions()):
        net = disturbed(fp.Network((channels, 3, 4), [layer], normalization=(99.7, 51.3)))
        batch = random_images(net, 2, np.uint8)
        program = lower(net, only_clamps=True)
        form = Int8(program, ranges(net, batch))
        path = folder / f"n{index}.h"
        path.write_bytes(
            write_header(net, program, path.stem, "unsigned char", "", form).text_alone
        )
        headers[path] = net, np.uint8
        images.append(batch)
        results.append(expected(net, batch))
    return folder, headers, images, results


@pytest.mark.parametrize("compiler", ["gcc", "clang", "gcc -U__SSE2__"])
def test_sums_of_every_width(compiler, written):
    """The third without the instructions of x86: the loops in plain C."""
    name, *flags = compiler.split()
    if missing(name):
        pytest.skip(missing(name))
    folder, headers, images, results = written
    command = [name, *flags, *WARNINGS, *SANITIZERS, "-O0"]
    received = outputs(folder, command, headers, images)
    for (net, _), values, result in zip(headers.values(), received, results, strict=True):
        np.testing.assert_allclose(values, result, rtol=1e-5, atol=1e-5, err_msg=repr(net))


def test_sums_on_a_microcontroller(tmp_path):
    """Layers of odd widths one after the other, beside what this machine computes."""
    if boards.missing() or c_compiler.find() is None:
        pytest.skip(boards.missing() or "no C compiler is installed")
    layers = [
        fp.Conv2d(5, 3, padding=1), fp.ReLU(), fp.Conv2d(5, 3, padding=1, groups=5), fp.ReLU(),
        fp.Conv2d(9, (2, 3), padding=1), fp.ReLU(), fp.Conv2d(7, 1), fp.Flatten(), fp.Linear(3),
    ]  # fmt: skip
    net = disturbed(fp.Network((3, 5, 4), layers))
    net.export(tmp_path / "widths.h", int8=random_images(net, 20), verify=False)
    here = run_test(tmp_path / "widths.h", "widths", c_compiler.find()[0], WARNINGS)
    there = boards.run("cortex-m4", tmp_path / "widths.h", "widths", [*WARNINGS, "-O2"])
    assert there.endswith("PASS\n") and there == here


def test_weights_lie_in_pairs():
    """As the loops read them, of a kernel of two lines."""
    generator = np.random.default_rng(0)
    for n, line in [(1, 1), (3, 5), (4, 2), (7, 7), (8, 4)]:
        weight = generator.integers(-128, 128, (2, line, n)).astype(np.int8)
        stored = in_pairs(weight, line)
        assert stored.shape == (2, (line + 1) // 2, 2 * n)
        for r, i, k in itertools.product(range(2), range(line), range(n)):
            last = n % 2 and k == n - 1
            place = 2 * k + i % 2 if last else k // 2 * 4 + i % 2 * 2 + k % 2
            assert stored[r, i // 2, place] == weight[r, i, k]
