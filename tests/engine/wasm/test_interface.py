"""The engine as WebAssembly: its values are the native engine's, and its file is what is built."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import fencepost as fp
from fencepost.network import input_gradient

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tools"))
import node  # noqa: E402
import tour  # noqa: E402

NETWORKS = {
    "lenet5": fp.models.lenet5,
    "lenet5_1998": fp.models.lenet5_1998,
    "residual": lambda: fp.Network(
        (3, 17, 16),
        [
            fp.Conv2d(8, 3, padding="same"), fp.BatchNorm2d(),
            fp.Residual(fp.Conv2d(8, 3, padding=1), fp.SiLU(), fp.BatchNorm2d()),
            fp.AvgPool2d(3, 2, padding=1, remainder="pad"), fp.Conv2d(8, 3, groups=4, dilation=2),
            fp.GELU(), fp.GlobalAvgPool(), fp.Dropout(0.2), fp.Linear(4),
        ],
        normalization=(100, 50),
    ),
    "branches": lambda: fp.Network(
        (3, 16, 14),
        [
            fp.Conv2d(8, 3, stride=2, padding=1, remainder="crop"), fp.GroupNorm(2), fp.HardSwish(),
            fp.Residual(
                fp.Conv2d(12, 3, stride=2, padding=1, remainder="crop"), fp.BatchNorm2d(),
                fp.ReLU6(), fp.Gate(fp.GlobalAvgPool(), fp.Linear(12), fp.HardSigmoid()),
                fp.DropPath(0.1),
                shortcut=[fp.Conv2d(12, 1, stride=2, remainder="crop")],
            ),
            fp.Concat([], [fp.Conv2d(4, 1), fp.LayerNorm()], [fp.Conv2d(5, 3, padding=1)]),
            fp.ConvTranspose2d(6, 3, stride=2, padding=1, groups=3), fp.LayerNorm(over="channels"),
            fp.Upsample((9, 11), mode="bilinear"), fp.Upsample(scale_factor=2),
            fp.AdaptiveAvgPool2d((3, 2)), fp.Flatten(), fp.Linear(4), fp.Softmax(),
        ],
    ),
    "signal of many kinds": lambda: fp.Network(
        (2, 50),
        [
            fp.Conv1d(6, 5), fp.ConvTranspose1d(4, 4, stride=3), fp.AdaptiveAvgPool1d(17),
            fp.Concat([], [fp.Conv1d(4, 3, padding=1), fp.ReLU()]), fp.Upsample(20, mode="linear"),
            fp.Flatten(), fp.Linear(3),
        ],
    ),
    "signal": lambda: fp.Network(
        (2, 50),
        [
            fp.Conv1d(6, 5, stride=2, remainder="crop"), fp.LeakyReLU(),
            fp.MaxPool1d(2, remainder="crop"), fp.Flatten(), fp.Linear(3, bias=False),
        ],
    ),
}  # fmt: skip

COMPARE = """
import { readFileSync } from "node:fs";
import { Engine } from "SITE/engine/core.js";
import { readModel } from "SITE/engine/model_file.js";
const engine = await Engine.load(readFileSync(new URL("SITE/engine/fencepost.wasm")));
const { model, images, labels, output } = JSON.parse(readFileSync(0, "utf8"));
const read = readModel(Uint8Array.from(readFileSync(model)).buffer, model);
const net = engine.network(read.plan, read);
const batch = Float32Array.from(images), first = batch.slice(0, net.pixels);
const gradient = net.gradient(batch, labels.length, { labels: BigInt64Array.from(labels, BigInt) });
const steps = net.features(first);
console.log(JSON.stringify({
  forward: [...net.forward(batch, labels.length)],
  features: read.plan.rows.map((row) => [...steps[row.lastStep]]),
  saliency: [...net.inputGradient(first, output)],
  loss: gradient.loss, gradient: [...gradient.parameters],
}));
"""


@pytest.mark.parametrize("name", NETWORKS)
def test_values_are_those_of_the_native_engine(name, tmp_path):
    net = NETWORKS[name]()
    random = np.random.default_rng(0)
    net.parameter_vector[:] = random.normal(0, 0.1, net.parameter_count)
    net.save(tmp_path / "net.safetensors")
    images = random.uniform(0, 1, (3, *net.input_shape)).astype(np.float32)
    labels = np.array([0, 1, 1])
    given = {"model": str(tmp_path / "net.safetensors"), "images": images.ravel().tolist(),
             "labels": labels.tolist(), "output": 1}  # fmt: skip
    got = json.loads(node.run(COMPARE, given=json.dumps(given)))
    mean, scale = net.engine_normalization
    shape = images.shape if images.ndim == 4 else (*images.shape[:2], 1, images.shape[2])
    loss, gradient, _ = net.engine_plan.gradient(
        net.parameter_vector, net.state_vector, images.reshape(shape), mean, scale, labels,
        {"name": "cross_entropy"}, training=False,
    )  # fmt: skip
    per_pixel = scale.reshape(-1, *[1] * (len(net.input_shape) - 1))
    same(got["forward"], net(images))
    same(got["gradient"], gradient)
    same(got["saliency"], input_gradient(net, images[:1], 1) / per_pixel)
    for ours, theirs in zip(got["features"], net.features(images[:1]).values(), strict=True):
        same(ours, theirs)
    assert got["loss"] == pytest.approx(loss, rel=1e-5)


def same(ours, theirs):
    theirs = np.asarray(theirs).ravel()
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-6 * np.abs(theirs).max())


FILTER = """
import { readFileSync } from "node:fs";
import { Engine } from "SITE/engine/core.js";
import { indices } from "SITE/engine/boundaries.js";
const engine = await Engine.load(readFileSync(new URL("SITE/engine/fencepost.wasm")));
const { pixels, shape, kernel, boundary } = JSON.parse(readFileSync(0, "utf8"));
const size = [kernel.length, kernel[0].length];
const at = [0, 1].map((axis) => indices(boundary, shape[axis], size[axis]));
const flat = Float32Array.from(kernel.flat()).reverse();
const got = engine.correlate(Uint8Array.from(pixels), shape, flat, size, ...at);
console.log(JSON.stringify([...got]));
"""


@pytest.mark.parametrize("boundary", ["zero", "reflect", "mirror", "nearest", "wrap", "none"])
@pytest.mark.parametrize("kernel", ["laplace", "motion", "gaussian:sigma=1.5"])
def test_filters_are_those_of_python(boundary, kernel):
    random = np.random.default_rng(1)
    image = random.integers(0, 256, (23, 31, 3), np.uint8)
    matrix = fp.kernels.parse(kernel).matrix
    given = {"pixels": image.ravel().tolist(), "shape": image.shape,
             "kernel": matrix.tolist(), "boundary": boundary}  # fmt: skip
    got = np.array(json.loads(node.run(FILTER, given=json.dumps(given))))
    expected = fp.filter_image(image, matrix, boundary=boundary).ravel().astype(int)
    assert np.abs(got - expected).max() <= 1 and (got == expected).mean() > 0.999


TRAIN = """
import { readFileSync } from "node:fs";
import { Engine } from "SITE/engine/core.js";
import { freshParameters, freshState, plan } from "SITE/engine/network.js";
const engine = await Engine.load(readFileSync(new URL("SITE/engine/fencepost.wasm")));
const bytes = readFileSync(new URL("SITE/data/digits.bin")), count = bytes.length / 785;
const images = new Uint8Array(count * 784), labels = new BigInt64Array(count);
for (let i = 0; i < count; i++) {
  labels[i] = BigInt(bytes[785 * i]);
  images.set(bytes.subarray(785 * i + 1, 785 * (i + 1)), 784 * i);
}
const layers = [{ type: "Conv2d", out_channels: 6, kernel_size: 5 }, { type: "ReLU" },
  { type: "MaxPool2d", kernel_size: 2 }, { type: "Flatten" }, { type: "Linear", out_features: 10 }];
const paper = plan([1, 28, 28], layers);
const values = { parameters: freshParameters(paper, 1), state: freshState(paper) };
const net = engine.network(paper, { ...values, mean: [33], std: [79] });
net.prepareTraining({ batch: 10, adam: false, momentum: 0.9, nesterov: true, decay: 0, seed: 1 });
const data = { images: engine.put(images), labels: engine.put(labels), count };
const order = BigInt64Array.from({ length: count }, (_, i) => BigInt(i));
const losses = [];
for (let epoch = 0; epoch < 30; epoch++)
  losses.push(...net.train(data, order, new Float32Array(3).fill(0.02), 3 * epoch).losses);
console.log(JSON.stringify([losses[0], losses[losses.length - 1]]));
"""


def test_it_trains():
    first, last = json.loads(node.run(TRAIN))
    assert first > 2 and last < 0.05


@pytest.mark.slow
def test_the_file_is_what_the_sources_give(tmp_path):
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("ziglang, the compiler that `make tour` uses, is not installed")
    for path, flags in tour.WASM.items():
        tour.build_wasm(tmp_path / "again.wasm", flags)
        assert (tmp_path / "again.wasm").read_bytes() == path.read_bytes(), "run `make tour`"
