"""Training steps of the engine: optimizers, batches, running statistics, repetition."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import reference
import sanitizers
from fencepost import definitions
from tolerances import FORWARD, UPDATE, assert_close

LOSS = {"name": "cross_entropy", "label_smoothing": 0.0, "class_weights": None}
SGD = {"name": "sgd", "momentum": 0.9, "nesterov": False, "weight_decay": 0.0}
ADAM = {"name": "adam", "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}
OPTIMIZERS = {
    "plain": {**SGD, "momentum": 0.0},
    "decay": {**SGD, "momentum": 0.0, "weight_decay": 0.01},
    "momentum": SGD,
    "nesterov": {**SGD, "nesterov": True, "weight_decay": 0.02},
    "adam": ADAM,
    "adam with decay": {**ADAM, "betas": (0.8, 0.95), "weight_decay": 0.05},
    "adamw": {**ADAM, "name": "adamw", "weight_decay": 0.1},
}
RATES = np.array([0.05, 0.03, 0.04, 0.02], np.float32)


class Run:
    """A network in training on random data, with everything that `Trainer.run` takes."""

    def __init__(
        self,
        engine,
        name,
        optimizer=SGD,
        batch=8,
        threads=1,
        count=30,
        clip_norm=0.0,
        average=0.0,
        plan=None,
    ):
        self.net = nets.network(name)
        self.images = nets.random_images(self.net, count)
        self.labels = np.random.default_rng(6).integers(0, self.net.output_shape[0], count)
        self.order = np.random.default_rng(9).permutation(count)
        self.plan, self.batch = plan or nets.plan(engine, self.net), batch
        self.trainer = engine.Trainer(
            self.plan, batch, LOSS, optimizer, None, 0, threads, clip_norm, average
        )
        self.slots = np.zeros((self.trainer.slots, self.net.parameter_count), np.float32)
        self.weights = None
        self.averages = [self.net.parameter_vector.copy(), self.net.state_vector.copy()]

    def steps(self, first, stop, rates=RATES):
        order = self.order[first * self.batch : stop * self.batch]
        parameters, state, images, mean, scale = nets.arguments(self.net, self.images)
        return self.trainer.run(
            parameters, state, self.slots, images, mean, scale, self.labels, order,
            rates[first:stop], first, self.weights, *self.averages,
        )  # fmt: skip

    def arrays(self):
        return [self.net.parameter_vector, self.net.state_vector, self.slots, *self.averages]


def by_definition(optimizer, parameters, gradient, slots, step, rate):
    options = {name: value for name, value in optimizer.items() if name != "name"}
    if optimizer["name"] == "sgd":
        velocity = slots[0] if slots else np.zeros_like(parameters)
        parameters, *slots = definitions.sgd_step(
            parameters, gradient, velocity, rate=rate, **options
        )
        return parameters, slots
    function = {"adam": definitions.adam_step, "adamw": definitions.adamw_step}[optimizer["name"]]
    slots = slots or [np.zeros_like(parameters)] * 2
    parameters, *slots = function(parameters, gradient, *slots, step=step + 1, rate=rate, **options)
    return parameters, slots


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("clip_norm", [0.0, 0.3])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_steps_of_every_optimizer(engine, optimizer, clip_norm, threads):
    """Four steps, the last batch short, each from the gradient at the parameters before it."""
    run = Run(engine, "conv after conv", optimizer, threads=threads, clip_norm=clip_norm)
    plan, net = run.plan, run.net
    parameters, slots, losses = net.parameter_vector.astype(np.float64), [], []
    for step, rate in enumerate(RATES):
        chosen = run.order[step * 8 : step * 8 + 8]
        _, *rest = nets.arguments(net, run.images[chosen])
        value, gradient, _ = plan.gradient(
            parameters.astype(np.float32), *rest, run.labels[chosen], LOSS, 0, 1, True
        )
        losses.append(value)
        if clip_norm:
            assert np.linalg.norm(gradient) > clip_norm
            gradient = definitions.clip_by_norm(gradient, clip_norm)
        parameters, slots = by_definition(optimizer, parameters, gradient, slots, step, rate)
    found, _ = run.steps(0, 4)
    assert_close(net.parameter_vector, parameters, UPDATE)
    np.testing.assert_allclose(found, losses, rtol=1e-4)
    assert len(run.slots) == (2 if "adam" in optimizer["name"] else optimizer["momentum"] > 0)


def test_running_statistics(engine):
    run = Run(engine, "batch norm of the input", count=8)
    net = run.net
    mean, variance = (net.state[f"0.running_{name}"].copy() for name in ("mean", "var"))
    run.steps(0, 1)
    channel = (slice(None), None, None)
    scale = [array[channel] for array in net.engine_normalization]
    seen = (run.images.astype(np.float64) - scale[0]) * scale[1]
    expected = definitions.batch_norm_running(seen, mean, variance)
    assert_close(net.state["0.running_mean"], expected[0], FORWARD)
    assert_close(net.state["0.running_var"], expected[1], FORWARD)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("clip_norm", [0.0, 0.3])
def test_averages_follow_parameters_and_state(engine, clip_norm, threads):
    options = {"threads": threads, "clip_norm": clip_norm}
    run = Run(engine, "residual with batch norm", average=0.4, **options)
    plain = Run(engine, "residual with batch norm", **options)
    expected = run.averages[0].astype(np.float64), run.averages[1].astype(np.float64)
    for step in range(4):
        run.steps(step, step + 1)
        arrays = run.net.parameter_vector, run.net.state_vector
        expected = [
            definitions.average_step(average, values, decay=0.4, step=step + 1)
            for average, values in zip(expected, arrays, strict=True)
        ]
        for average, values in zip(run.averages, expected, strict=True):
            assert_close(average, values, UPDATE)
    plain.steps(0, 4)  # an average changes nothing
    np.testing.assert_array_equal(plain.net.parameter_vector, run.net.parameter_vector)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_image_of_weight_2_is_one_that_is_there_twice(engine, threads):
    once, twice = (Run(engine, "linear", batch=12, threads=threads, count=16) for _ in range(2))
    once.order = np.arange(8)
    once.weights = np.where(np.arange(16) < 4, 2, 1).astype(np.float32)
    twice.order = np.concatenate([np.arange(8), np.arange(4)])
    for run in (once, twice):
        run.steps(0, 1)
    assert_close(once.net.parameter_vector, twice.net.parameter_vector, UPDATE)


def test_correct_answers_are_counted(engine):
    run = Run(engine, "linear", {**SGD, "momentum": 0.0})
    outputs = reference.outputs(run.net, run.images)
    _, correct = run.steps(0, 4, np.zeros(4, np.float32))
    assert correct == (outputs.argmax(axis=1) == run.labels).sum()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["residual with batch norm", "max pool"])
def test_a_run_repeats_bit_for_bit(engine, name, threads):
    first, second = (Run(engine, name, ADAM, threads=threads) for _ in range(2))
    first.steps(0, 4)
    second.steps(0, 4)
    for a, b in zip(first.arrays(), second.arrays(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("optimizer", [SGD, ADAM], ids=["sgd", "adam"])
def test_a_run_in_parts_is_the_same_run(engine, optimizer):
    options = {"threads": 2, "clip_norm": 0.5, "average": 0.9}
    whole, parts = (Run(engine, "batch norm 2d", optimizer, **options) for _ in range(2))
    losses, correct = whole.steps(0, 4)
    found = [parts.steps(*part) for part in ((0, 1), (1, 3), (3, 4))]
    np.testing.assert_array_equal(np.concatenate([part[0] for part in found]), losses)
    assert sum(part[1] for part in found) == correct
    for a, b in zip(whole.arrays(), parts.arrays(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_dropout_differs_from_step_to_step_and_repeats(engine):
    layers = [fp.Linear(64), fp.Dropout(0.5), fp.Linear(3)]

    def losses(seed):
        net = fp.Network((7,), layers)
        images = nets.random_images(net, 8)
        trainer = engine.Trainer(nets.plan(engine, net), 8, LOSS, SGD, None, seed, 1)
        slots = np.zeros((trainer.slots, net.parameter_count), np.float32)
        parameters, state, images, mean, scale = nets.arguments(net, images)
        order, labels = np.tile(np.arange(8), 3), np.arange(8) % 3
        rates = np.zeros(3, np.float32)  # the weights stay, so only the mask can differ
        found, _ = trainer.run(
            parameters, state, slots, images, mean, scale, labels, order, rates, 0
        )
        return found

    first = losses(1)
    assert len(set(first.tolist())) == 3
    np.testing.assert_array_equal(losses(1), first)
    assert (losses(2) != first).all()


NETWORKS_WITH_HALOS = ("residual with batch norm", "conv after conv", "conv groups")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", NETWORKS_WITH_HALOS)
def test_memory_of_an_earlier_training_leaves_no_trace(engine, name, threads):
    """Neither of one to its end, nor of one that diverged, whose last batch was short."""
    expected = Run(engine, name, ADAM, threads=threads)
    losses = expected.steps(0, 4)[0]
    plan = Run(engine, name, threads=threads).plan
    for spoil in (False, True, False):
        run = Run(engine, name, ADAM, threads=threads, plan=plan)
        if spoil:
            run.net.parameter_vector[...] = np.nan
        found = run.steps(0, 4)[0]
        if not spoil:
            np.testing.assert_array_equal(found, losses)
            for array, other in zip(run.arrays(), expected.arrays(), strict=True):
                np.testing.assert_array_equal(array, other)


def test_two_trainings_of_one_plan_at_once_share_no_memory(engine):
    alone = Run(engine, "conv after conv")
    losses = alone.steps(0, 4)[0]
    first = Run(engine, "conv after conv")
    second = Run(engine, "conv after conv", plan=first.plan)
    found = [[run.steps(k, k + 1)[0][0] for run in (first, second)] for k in range(4)]
    np.testing.assert_array_equal(found, np.stack([losses, losses], axis=1))


_RESIDENT = """
import gc, os, sys
import numpy as np
import fencepost as fp

def resident():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

def network():
    return fp.Network((8, 128, 128), [fp.Conv2d(16, 3, padding=1), fp.BatchNorm2d(), fp.ReLU(),
                                      fp.GlobalAvgPool(), fp.Linear(2)], seed=1)

images, labels = np.zeros((64, 8, 128, 128), np.uint8), np.arange(64) % 2
def fit(net, batch=32):
    net.fit(images, labels, epochs=1, batch_size=batch, progress=False)

fit(network(), 1)
before = resident()
nets = [network()]
found = []
for _ in range(3):
    fit(nets[0])
    found.append(resident() - before)
for _ in range({more}):  # each asks for as much again
    nets.append(network())
    fit(nets[-1])
found.append(resident() - before)
del nets
found.append(resident() - before)
print(*found)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
@pytest.mark.skipif(sanitizers.THREADS, reason="ThreadSanitizer notes down every access")
def test_memory_of_training_is_kept_within_a_bound_and_released(engine):
    script = _RESIDENT.replace("{more}", "15")
    environment = {**os.environ, "FENCEPOST_ISA": engine.__name__.split("._")[-1]}
    found = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    first, second, third, many, released = map(float, found.stdout.split())
    assert first > 100
    assert abs(second - first) < 10 and abs(third - first) < 10
    assert 16 * first > 1800
    assert first < many < 1200  # and so not all are kept
    assert released < 30


def test_a_network_learns(engine):
    """Squares are brighter on the left or on the right: 60 steps are plenty."""
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 2, 64)
    images = generator.normal(0, 0.3, (64, 1, 6, 6)).astype(np.float32)
    images[labels == 0, :, :, :3] += 1
    images[labels == 1, :, :, 3:] += 1
    net = fp.Network((1, 6, 6), [fp.Conv2d(4, 3), fp.ReLU(), fp.Flatten(), fp.Linear(2)])
    trainer = engine.Trainer(nets.plan(engine, net), 16, LOSS, SGD, None, 0, 2)
    slots = np.zeros((trainer.slots, net.parameter_count), np.float32)
    parameters, state, planes, mean, scale = nets.arguments(net, images)
    order, rates = np.tile(np.arange(64), 15), np.full(60, 0.05, np.float32)
    losses, _ = trainer.run(parameters, state, slots, planes, mean, scale, labels, order, rates, 0)
    assert losses[-4:].mean() < 0.1 < losses[:4].mean()
