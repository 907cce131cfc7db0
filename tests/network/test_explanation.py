"""How a network is predicted, as it is explained: methods, memory, what exact=True changes."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

import fencepost as fp

LAYERS = [
    fp.Conv2d(64, 3, padding=1),
    fp.BatchNorm2d(),
    fp.ReLU(),
    fp.Residual(fp.Conv2d(64, 3, padding=1), fp.ReLU()),
    fp.MaxPool2d(2),
    fp.Flatten(),
    fp.Linear(5),
]


def network(**options):
    return fp.Network((3, 32, 32), LAYERS, **options)


def test_every_layer_is_in_a_pass():
    explanation = network().explain()
    assert [p.layers for p in explanation.passes] == ["0 to 2", "3", "4", "5 to 6"]
    assert explanation.passes[1].method == "Winograd 4 x 4"
    assert all(p.expected > 0 and p.measured is None for p in explanation.passes)


def test_exact_keeps_to_direct_sums():
    net = network(exact=True)
    methods = {p.method for p in net.explain(count=16).passes if p.method}
    assert methods == {"direct sums", "products of rows"}
    assert "exact=True asks for direct sums" in net.explain().passes[1].others
    assert fp.Network.from_config(net.config()).exact
    assert net.copy().exact
    assert not fp.Network.from_config(network().config()).exact


def test_the_environment_asks_for_direct_sums(monkeypatch):
    for value, expected in (("1", "direct sums"), ("0", "Winograd 4 x 4")):
        monkeypatch.setenv("FENCEPOST_EXACT", value)
        assert network().explain().passes[1].method == expected


def test_images_are_timed():
    net = network()
    images = np.zeros((3, 3, 32, 32), np.uint8)
    explanation = net.explain(images)
    assert explanation.count == 3
    assert all(p.measured > 0 for p in explanation.passes)
    lines = str(explanation).splitlines()
    assert lines[0].split() == [
        *("layers", "lanes", "method", "side", "by", "side"),
        *("expected", "µs", "measured", "µs"),
    ]
    assert lines[-1] == (
        f"memory: {explanation.memory / 1e6:.1f} MB, "
        f"of which packed weights {explanation.packed_weights / 1e6:.1f} MB"
    )


def test_images_in_lanes_are_timed():
    net = fp.models.lenet5()
    explanation = net.explain(np.zeros((64, 1, 28, 28), np.uint8))
    assert {p.lanes for p in explanation.passes} == {"images"}
    assert all(p.measured > 0 for p in explanation.passes)


def test_the_axis_has_a_reason():
    lanes = fp.models.lenet5().engine_plan.lanes
    assert network().explain().axis == (
        f"images in lanes: half of the {lanes} lanes or more would be empty"
    )
    assert network().explain(count=256).axis == "images in lanes: slower"
    assert fp.models.lenet5().explain(count=256).axis == "channels in lanes: slower"
    assert "exact=True asks for direct sums" in network(exact=True).explain().axis
    assert network().explain(count=256).axis in str(network().explain(count=256)).splitlines()


def test_every_method_that_was_not_taken_has_a_reason():
    for explanation in (network().explain(), fp.models.lenet5().explain(count=256)):
        for p in explanation.passes:
            if p.others:
                assert all(": " in reason for reason in p.others.split("; "))
        assert explanation.passes[0].others
    assert network().explain(count=1).reasons().splitlines()[:2] == [
        "0 to 2: direct sums",
        "   inputs in lanes, products of rows: the kernel does not cover the input",
    ]


@pytest.mark.parametrize(
    "activation", [fp.ReLU(), fp.ReLU6(), fp.HardSwish(), fp.HardSigmoid(), fp.SiLU(), fp.GELU()]
)
def test_activations_are_computed_with_the_layer_before_them(activation):
    layers = [
        *(fp.Conv2d(32, 3, padding=1), fp.BatchNorm2d(), activation),
        *(fp.Conv2d(32, 3, padding=1, groups=32), fp.BatchNorm2d(), activation),
        *(fp.Conv2d(32, 1), fp.BatchNorm2d(), activation),
        *(fp.Flatten(), fp.Linear(7), activation),
    ]
    passes = fp.Network((3, 32, 32), layers).explain().passes
    assert [p.layers for p in passes] == ["0 to 2", "3 to 8", "9 to 11"]


def test_training_is_explained_layer_by_layer():
    net = network()
    before = net.parameter_vector.copy(), net.state_vector.copy()
    explanation = net.explain(np.ones((5, 3, 32, 32), np.float32), training=True)
    assert explanation.training and explanation.count == 5
    assert [p.layers for p in explanation.passes] == ["0", "1 to 2", "3", "3", "4", "5", "6"]
    first, _, wide, *_, last = explanation.passes
    assert (first.method, first.input_gradient, first.weight_gradient) == (
        *("sums over taps", "", "sums over taps"),
    )
    assert {wide.method, wide.input_gradient, wide.weight_gradient} == {"Winograd 4 x 4"}
    assert last.weight_gradient == "product over the batch"
    assert all(p.expected > 0 and p.measured > 0 for p in explanation.passes)
    lines = str(explanation).splitlines()
    assert lines[0].split("  ")[0] == "layers" and "weight gradient" in lines[0]
    for array, kept in zip((net.parameter_vector, net.state_vector), before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_training_is_of_a_batch_of_fit_where_nothing_is_said():
    default = inspect.signature(fp.training.fit).parameters["batch_size"].default
    assert network().explain(training=True).count == default
    assert network().explain().count == 1


def test_exact_training_keeps_to_direct_sums():
    for p in network(exact=True).explain(training=True).passes:
        assert "Winograd" not in p.method + p.input_gradient + p.weight_gradient
        if "Winograd" in p.others:
            assert "Winograd 4 x 4: exact=True asks for direct sums" in p.others


def test_memory_does_not_grow_with_images_beyond_a_pass():
    net = network()
    memories = [net.explain(count=count).memory for count in (1, 64, 1024)]
    assert memories[0] < memories[1] == memories[2]


@pytest.mark.parametrize("count", [0, 1.5, True])
def test_count_must_be_positive(count):
    with pytest.raises(fp.ArgumentError, match="count must be"):
        network().explain(count=count)


def test_images_must_suit():
    with pytest.raises(fp.DataError):
        network().explain(np.zeros((2, 3, 31, 32), np.uint8))


MEASURE = r"""
import ctypes, json, re, sys
ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)  # no huge pages, wherever the system gives them unasked
import numpy as np
import fencepost as fp
from fencepost.planning.text import parse_layers

def resident():
    # Counted page by page, without those of files, which the system takes back as it likes.
    return int(re.search(r"Anonymous:\s*(\d+)", open("/proc/self/smaps_rollup").read())[1]) << 10

layers, shape, count = sys.argv[1], tuple(json.loads(sys.argv[2])), int(sys.argv[3])
fp.set_num_threads(2)
small = fp.Network((1, 20, 20), parse_layers("Conv2d(8, 3), ReLU, Flatten, Linear(3)"))
for n in (1, 5, 40):  # loads code, starts threads
    small.explain(count=n)
    small(np.zeros((n, 1, 20, 20), np.uint8))
net = fp.Network(shape, parse_layers(layers))
images = np.ones((count, *shape), np.uint8)
explanation = net.explain(count=count)
before = resident()
net(images)
lanes = {p.lanes for p in explanation.passes}
print(json.dumps([explanation.memory, explanation.packed_weights, resident() - before, *lanes]))
"""
WIDE = "Conv2d(64, 3, padding=1), BatchNorm2d, ReLU, MaxPool2d(2), Conv2d(256, 3, padding=1), ReLU"
SCALE = (  # the network of benchmarks/networks/scale.py
    "Conv2d(32, 3, padding=1), ReLU, MaxPool2d(2), Conv2d(64, 3, padding=1), ReLU, MaxPool2d(2),"
    "Conv2d(128, 3, padding=1), ReLU, MaxPool2d(2), GlobalAvgPool, Linear(10)"
)
CASES = {
    "one large image": (SCALE, (3, 512, 512), 1, "channels"),
    "a few large images": (SCALE, (3, 512, 512), 8, "channels"),
    "many small images": (SCALE, (3, 64, 64), 256, "channels"),
    "channels in lanes": (WIDE, (3, 128, 128), 3, "channels"),
    "weights above all": (
        "Conv2d(512, 3, padding=1), BatchNorm2d, ReLU, Conv2d(256, 3, padding=1), BatchNorm2d",
        (64, 16, 16), 4, "channels",
    ),
    "depthwise": (
        "Conv2d(32, 3, padding=1), ReLU, Conv2d(32, 3, padding=1, groups=32), ReLU, Conv2d(64, 1)",
        (3, 256, 256), 2, "channels",
    ),
    "images in lanes": (
        "Conv2d(6, 5, padding=2), ReLU, MaxPool2d(2), Conv2d(16, 5, padding=2), ReLU, MaxPool2d(2),"
        "Flatten, Linear(120), ReLU, Linear(10)",
        (3, 128, 128), 64, "images",
    ),
}  # fmt: skip


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="asks Linux")
@pytest.mark.parametrize("case", CASES)
def test_a_prediction_takes_what_is_stated(case):
    layers, shape, count, axis = CASES[case]
    # What is freed goes back to the system at once, so that what is resident is what is used.
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "16384"}
    command = [sys.executable, "-c", MEASURE, layers, json.dumps(shape), str(count)]
    stated, packed, taken, *lanes = json.loads(subprocess.check_output(command, env=environment))
    assert axis in lanes
    assert stated > 8e6, "too little to be told from what else a process does"
    assert 0 < packed < stated
    assert taken == pytest.approx(stated, rel=0.1)


TRAIN = (
    MEASURE[: MEASURE.index("net = fp.Network")]
    + r"""
small.fit(np.zeros((40, 1, 20, 20), np.uint8), np.arange(40) % 3, epochs=1, progress=False)
net = fp.Network(shape, parse_layers(layers))
images, labels = np.ones((count, *shape), np.uint8), np.arange(count) % 4
net.normalization = 0.0, 1.0
stated = net.explain(count=count, training=True).memory
from fencepost.training import backends
from fencepost.training.backends.engine import EngineBackend
taken = []
run = EngineBackend.run
def measured(self, *arguments):
    result = run(self, *arguments)
    taken.append(resident() - before)
    return result
EngineBackend.run = measured
before = resident()
net.fit(images, labels, epochs=1, batch_size=count, progress=False)
print(json.dumps([stated, taken[-1]]))
"""
)
TRAININGS = {
    "batch norm keeps blocks": (WIDE + ", GlobalAvgPool, Linear(4)", (3, 64, 64), 40),
    "weights above all": (
        "Conv2d(256, 3, padding=1), ReLU, Conv2d(384, 3, padding=1), ReLU, Flatten, Linear(4)",
        (128, 8, 8), 16,
    ),
    "products over the batch": ("Flatten, Linear(500), ReLU, Linear(4)", (3, 64, 64), 64),
    "depthwise": (
        "Conv2d(32, 3, padding=1), ReLU, Conv2d(32, 3, padding=1, groups=32), ReLU, Conv2d(64, 1),"
        "GlobalAvgPool, Linear(4)", (3, 64, 64), 32,
    ),
}  # fmt: skip


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="asks Linux")
@pytest.mark.parametrize("case", TRAININGS)
def test_a_training_takes_what_is_stated(case):
    layers, shape, count = TRAININGS[case]
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "16384"}
    command = [sys.executable, "-c", TRAIN, layers, json.dumps(shape), str(count)]
    stated, taken = json.loads(subprocess.check_output(command, env=environment))
    assert stated > 8e6, "too little to be told from what else a process does"
    assert taken == pytest.approx(stated, rel=0.1)


def test_threads_may_be_set_while_images_are_timed(monkeypatch):
    block = fp.Residual(fp.Conv2d(6, 3, padding=1))
    layers = [fp.Conv2d(6, 3), fp.BatchNorm2d(), fp.ReLU(), fp.MaxPool2d(2), block, fp.Flatten()]
    net = fp.Network((1, 12, 12), [*layers, fp.Linear(3)])
    plan = net.engine_plan
    assert len(plan.explain(16, 1)) > len(plan.explain(16, 16))  # images in lanes, and channels
    now = time.perf_counter

    def clock():
        fp.set_num_threads(17 - fp.get_num_threads())
        return now()

    before = fp.get_num_threads()
    monkeypatch.setattr(time, "perf_counter", clock)
    try:
        fp.set_num_threads(1)
        explanation = net.explain(np.zeros((16, 1, 12, 12), np.uint8))
    finally:
        fp.set_num_threads(before)
    assert len(explanation.passes) == len(plan.explain(16, 1))
    assert all(p.measured > 0 for p in explanation.passes)
