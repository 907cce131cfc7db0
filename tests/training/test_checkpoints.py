"""Checkpoints: a run killed at any moment and resumed ends as if nothing had happened."""

import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fencepost as fp
from fencepost.training import SGD, CrossEntropy, fit
from fencepost.training.checkpoints import Checkpoint
from training.small import bars, conv_net, dense_net

IMAGES, LABELS = bars(160)
TESTS = Path(__file__).parent.parent

# What the killed process runs; it must be the same training each time. Some time after a certain
# checkpoint it kills itself, and it does not get further than to the second after it.
TRAIN = """
import itertools, os, signal, sys, threading, time
from training.small import bars, conv_net
from fencepost.training import fit, run
from fencepost.training.checkpoints import Checkpoint
last, seconds = int(sys.argv[3]), float(sys.argv[4])
save, counted = Checkpoint.save, itertools.count(1)
def saved(checkpoint, path):
    save(checkpoint, path)
    count = next(counted)
    if count == last:
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
    elif count == last + 2 > 2:
        time.sleep(600)
Checkpoint.save, run.SLICE_SECONDS = saved, 0.02
net = conv_net()
images, labels = bars(320)  # 216 steps, of which those that are killed take up to 156
history = fit(
    net, images, labels, epochs=6, batch_size=8, validation=0.1, augmentation="shift=1,noise=5",
    checkpoint=sys.argv[1], checkpoint_seconds=0.0, resume=True, seed=3, threads=2,
)
net.save(sys.argv[2])
"""


def train_in_a_process(folder, name, last=0, seconds=0.0):
    environment = dict(os.environ)
    package = str(Path(fp.__file__).parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join([package, str(TESTS)])
    files = [str(folder / f"{name}.{ending}") for ending in ("ckpt", "safetensors")]
    arguments = [sys.executable, "-c", TRAIN, *files, str(last), str(seconds)]
    return subprocess.run(arguments, env=environment, check=False).returncode


def progress_of(checkpoint):
    stored = Checkpoint.load(checkpoint)
    return stored.epoch, stored.step


def same_weights(one, other):
    return (
        one.parameter_vector.tobytes() == other.parameter_vector.tobytes()
        and one.state_vector.tobytes() == other.state_vector.tobytes()
    )


def test_killed_at_random_moments_and_resumed_it_ends_the_same(tmp_path):
    assert train_in_a_process(tmp_path, "unbroken") == 0
    checkpoint, model = tmp_path / "killed.ckpt", tmp_path / "killed.safetensors"
    moments = random.Random(1)
    kills = []
    for _ in range(4):
        moment = moments.randint(2, 4), moments.uniform(0.0, 0.02)
        assert train_in_a_process(tmp_path, "killed", *moment) == -signal.SIGKILL
        kills.append(progress_of(checkpoint))
    assert kills == sorted(set(kills)), "each came further than the last"
    assert any(step for _, step in kills), "no kill fell within an epoch"
    assert train_in_a_process(tmp_path, "killed") == 0

    assert len(list(tmp_path.iterdir())) == 4, "two checkpoints, two models, no partial files"
    assert same_weights(fp.load(tmp_path / "unbroken.safetensors"), fp.load(model))
    ends = [Checkpoint.load(path) for path in (tmp_path / "unbroken.ckpt", checkpoint)]
    for name, array in ends[0].arrays.items():
        assert array.tobytes() == ends[1].arrays[name].tobytes(), name
    one, other = (
        [(e.loss, e.accuracy, e.validation_loss, e.validation_accuracy, e.lr) for e in end.history]
        for end in ends
    )
    assert one == other and len(one) == 6


class Pulled(Exception):
    """The plug."""


def pull_the_plug_at(epoch_number):
    def stop(epoch):
        if epoch.epoch == epoch_number:
            raise Pulled

    return stop


@pytest.mark.parametrize(
    ("optimizer", "more"),
    [
        ("sgd", {"clip_norm": 0.5}),
        ("adam", {"ema": 0.97, "loss": CrossEntropy(label_smoothing=0.1)}),
        ("adam", {"balance": "oversample", "sample_weight": np.arange(160) % 3}),
        ("adamw", {"balance": "weights", "ema": 0.9, "clip_norm": 1.0}),
    ],
    ids=["sgd", "adam", "oversample", "adamw"],
)
def test_resumed_within_the_process(tmp_path, optimizer, more):
    options = {
        "epochs": 6,
        "batch_size": 16,
        "optimizer": optimizer,
        "validation": bars(50, seed=4),
        "threads": 1,
        **more,
    }
    unbroken = conv_net()
    history = fit(unbroken, IMAGES, LABELS, **options)
    path = tmp_path / "run.ckpt"
    broken = conv_net()
    with pytest.raises(Pulled):
        fit(broken, IMAGES, LABELS, checkpoint=path, on_epoch=pull_the_plug_at(3), **options)
    # The resumed network needs not begin with the same weights: the checkpoint has them.
    resumed = conv_net(seed=77)
    again = fit(resumed, IMAGES, LABELS, checkpoint=path, resume=True, **options)
    assert same_weights(unbroken, resumed)
    for column in ("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "lr"):
        assert again[column] == history[column]
    assert again.best_epoch == history.best_epoch and again.outcome == "finished"


def test_early_stopping_goes_on_waiting(tmp_path):
    options = {
        "epochs": 60,
        "schedule": "constant",
        "validation": bars(50, seed=4),
        "early_stopping": 5,
    }
    unbroken = dense_net()
    history = fit(unbroken, IMAGES, LABELS, **options)
    assert history.outcome == "stopped early"
    path = tmp_path / "run.ckpt"
    middle = history.best_epoch + 2
    with pytest.raises(Pulled):
        fit(
            dense_net(),
            IMAGES,
            LABELS,
            checkpoint=path,
            on_epoch=pull_the_plug_at(middle),
            **options,
        )
    resumed = dense_net()
    again = fit(resumed, IMAGES, LABELS, checkpoint=path, resume=True, **options)
    assert len(again) == len(history) and again.outcome == "stopped early"
    assert same_weights(unbroken, resumed)


@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) is not signal.default_int_handler,
    reason="whoever started the tests ignores Ctrl-C",
)
def test_ctrl_c_keeps_the_checkpoint(tmp_path):
    images, labels = bars(4000)
    path = tmp_path / "run.ckpt"
    options = {"epochs": 3, "batch_size": 4, "threads": 1, "checkpoint_seconds": 1e6}
    unbroken, stopped, resumed = dense_net(), dense_net(), dense_net()

    def press(epoch):
        if epoch.epoch == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit(stopped, images, labels, checkpoint=path, on_epoch=press, **options)
    stored = Checkpoint.load(path)
    assert (stored.epoch, stored.step) == (1, 0)
    np.testing.assert_array_equal(stored.arrays["parameters"], stopped.parameter_vector)
    fit(resumed, images, labels, checkpoint=path, resume=True, **options)
    fit(unbroken, images, labels, **{**options, "checkpoint_seconds": 10.0})
    assert same_weights(unbroken, resumed)


def test_resuming_what_has_ended_returns_it(tmp_path):
    path = tmp_path / "run.ckpt"
    first, second = dense_net(), dense_net(seed=5)
    one = fit(first, IMAGES, LABELS, epochs=3, validation=0.2, checkpoint=path)
    other = fit(second, IMAGES, LABELS, epochs=3, validation=0.2, checkpoint=path, resume=True)
    assert one == other and same_weights(first, second)
    np.testing.assert_array_equal(second.normalization, first.normalization)
    assert list(tmp_path.iterdir()) == [path], "no partial files"


def test_resume_without_a_checkpoint_begins(tmp_path):
    history = fit(
        dense_net(), IMAGES, LABELS, epochs=1, checkpoint=tmp_path / "new.ckpt", resume=True
    )
    assert len(history) == 1


def test_a_run_that_has_not_ended_is_not_written_over(tmp_path):
    path = tmp_path / "run.ckpt"
    with pytest.raises(Pulled):
        fit(dense_net(), IMAGES, LABELS, checkpoint=path, on_epoch=pull_the_plug_at(2))
    content = path.read_bytes()
    with pytest.raises(
        fp.ArgumentError, match=r"unfinished training \(after 1 epochs\), and would be overwritten"
    ):
        fit(dense_net(), IMAGES, LABELS, checkpoint=path)
    assert path.read_bytes() == content
    # One that has ended is.
    fit(dense_net(), IMAGES, LABELS, checkpoint=path, resume=True)
    fit(dense_net(), IMAGES, LABELS, checkpoint=path, epochs=2)


@pytest.fixture
def unfinished(tmp_path):
    """A run of 5 epochs that was cut off in its third."""
    path = tmp_path / "run.ckpt"
    with pytest.raises(Pulled):
        fit(
            dense_net(),
            IMAGES,
            LABELS,
            epochs=5,
            checkpoint=path,
            threads=2,
            on_epoch=pull_the_plug_at(3),
        )
    return path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 32}, r"batch_size: 64 in the checkpoint, 32 now"),
        ({"epochs": 6}, r"epochs: 5 in the checkpoint, 6 now"),
        ({"seed": 9}, r"seed: 0 in the checkpoint, 9 now"),
        ({"threads": 1}, r"threads: 2 in the checkpoint, 1 now"),
        ({"lr": 0.5}, r"optimizer: .*0.002.* in the checkpoint, .*0.5.* now"),
        ({"optimizer": SGD()}, r"optimizer: .*adam.* in the checkpoint, .*sgd.* now"),
        ({"schedule": "cosine"}, r"schedule: .*one_cycle.* in the checkpoint, .*cosine.* now"),
        ({"augmentation": "flip"}, r"augmentation: null in the checkpoint, .*Augmentation.* now"),
        ({"validation": 0.1}, r"validation images: 0 in the checkpoint, 16 now"),
    ],
)
def test_other_settings_are_refused(unfinished, options, message):
    content = unfinished.read_bytes()
    net = dense_net()
    before = net.parameter_vector.copy()
    with pytest.raises(fp.ArgumentError, match=message):
        fit(
            net,
            IMAGES,
            LABELS,
            **{"epochs": 5, **options},
            checkpoint=unfinished,
            resume=True,
        )
    assert unfinished.read_bytes() == content
    np.testing.assert_array_equal(net.parameter_vector, before)
    assert net.normalization is None


def test_other_data_and_networks_are_refused(unfinished):
    def resume(net, images, labels):
        return fit(net, images, labels, epochs=5, checkpoint=unfinished, resume=True)

    one_pixel = IMAGES.copy()
    one_pixel[100, 0, 4, 4] ^= 1
    with pytest.raises(fp.ArgumentError, match=r"training data \(fingerprint\): "):
        resume(dense_net(), one_pixel, LABELS)
    with pytest.raises(fp.ArgumentError, match=r"training data \(fingerprint\): "):
        resume(dense_net(), IMAGES, LABELS[::-1])
    with pytest.raises(fp.ArgumentError, match=r"layers \(fingerprint\): "):
        resume(conv_net(), IMAGES, LABELS)
    assert len(resume(dense_net(), IMAGES, LABELS)) == 5


def test_threads_are_taken_from_the_checkpoint(unfinished):
    before = fp.get_num_threads()
    fp.set_num_threads(1)
    try:
        history = fit(dense_net(), IMAGES, LABELS, epochs=5, checkpoint=unfinished, resume=True)
    finally:
        fp.set_num_threads(before)
    assert history.settings["threads"] == 2


def test_damaged_and_foreign_files(tmp_path, unfinished):
    content = unfinished.read_bytes()
    model = tmp_path / "model.safetensors"
    dense_net().save(model)
    damaged = {
        "empty": b"",
        "text": b"not a checkpoint at all\n" * 10,
        "model": model.read_bytes(),
        "half": content[: len(content) // 2],
        "less its last byte": content[:-1],
        "header only": content[:100],
        "longer": content + b"\0",
    }
    for name, damage in damaged.items():
        unfinished.write_bytes(damage)
        for resume in (True, False):
            with pytest.raises(fp.DataError, match=r"run.ckpt is not a complete") as error:
                fit(
                    dense_net(),
                    IMAGES,
                    LABELS,
                    epochs=5,
                    checkpoint=unfinished,
                    resume=resume,
                )
            assert "remove this file to start afresh" in str(error.value), name
        assert unfinished.read_bytes() == damage


@pytest.mark.parametrize("epoch, step", [(-(10**9), 0), (0, -1), (1, 10**9), (7, 0), (1.5, 0)])
def test_an_epoch_or_a_step_that_cannot_be(unfinished, epoch, step):
    # As the fuzzer found: training went on for ever, or for a billion epochs.
    stored = Checkpoint.load(unfinished)
    stored.step, stored.epoch = step, epoch
    count = int(epoch)
    stored.history.epochs = [replace(stored.history.epochs[0], epoch=k + 1) for k in range(count)]
    stored.history.best_epoch = None
    stored.save(unfinished)
    with pytest.raises(fp.DataError, match=r"run.ckpt is (damaged|not a complete)"):
        fit(dense_net(), IMAGES, LABELS, epochs=5, checkpoint=unfinished, resume=True)


def test_paths_that_cannot_be_written(tmp_path):
    for path, message in [
        (tmp_path, r"checkpoint must be a file .* which is a folder"),
        (tmp_path / "no" / "such" / "run.ckpt", r"lies in .*such, which is not a folder"),
    ]:
        with pytest.raises(fp.DataError, match=message):
            fit(dense_net(), IMAGES, LABELS, checkpoint=path)
    # A folder in which nothing can be made, even by root.
    with pytest.raises(fp.DataError, match=r"the checkpoint /proc/run.ckpt cannot be written: "):
        fit(dense_net(), IMAGES, LABELS, checkpoint="/proc/run.ckpt")


def test_a_disk_that_fills_up_costs_a_warning_not_the_training(tmp_path, monkeypatch):
    path = tmp_path / "run.ckpt"
    real, contents = os.fsync, []

    def fill_up(epoch):
        if epoch.epoch == 2:
            contents.append(path.read_bytes())

            def full(descriptor):
                raise OSError(28, "No space left on device")

            monkeypatch.setattr(os, "fsync", full)
        elif epoch.epoch == 4:
            assert path.read_bytes() == contents[0], "the earlier checkpoint must survive"
            monkeypatch.setattr(os, "fsync", real)

    with pytest.warns(RuntimeWarning, match=r"could not be written: No space left on device"):
        history = fit(dense_net(), IMAGES, LABELS, epochs=5, checkpoint=path, on_epoch=fill_up)
    assert history.outcome == "finished"
    assert Checkpoint.load(path).epoch == 5
    assert list(tmp_path.iterdir()) == [path], "no partial files"


def test_arrays_of_another_network_are_refused(unfinished):
    stored = Checkpoint.load(unfinished)
    for name, array in [("parameters", np.zeros(7, np.float32)), ("other", np.zeros(1))]:
        forged = {**stored.arrays, name: array}
        Checkpoint(stored.settings, forged, epoch=0, step=1).save(unfinished)
        with pytest.raises(fp.DataError, match=r"the arrays of the checkpoint .* are not those of"):
            fit(dense_net(), IMAGES, LABELS, epochs=5, checkpoint=unfinished, resume=True)


@pytest.mark.parametrize("optimizer", ["adam", SGD(lr=0.05, momentum=0.9)])
def test_what_has_ended_goes_on_to_more_epochs_with_the_optimizers_state(tmp_path, optimizer):
    path = tmp_path / "run.ckpt"
    settings = {"optimizer": optimizer, "schedule": "constant", "validation": 0.2, "ema": 0.9}
    whole, parts = conv_net(), conv_net()
    at_once = fit(whole, IMAGES, LABELS, epochs=5, **settings)
    fit(parts, IMAGES, LABELS, epochs=2, checkpoint=path, **settings)
    history = fit(parts, IMAGES, LABELS, epochs=5, checkpoint=path, resume=True, **settings)
    assert same_weights(whole, parts)
    assert history["loss"] == at_once["loss"]
    assert (history.outcome, history.settings["epochs"]) == ("finished", 5)
    with pytest.raises(fp.ArgumentError, match="epochs: 5 in the checkpoint, 4 now"):
        fit(parts, IMAGES, LABELS, epochs=4, checkpoint=path, resume=True, **settings)


def test_a_schedule_is_that_of_all_epochs_together(tmp_path):
    path, net = tmp_path / "run.ckpt", conv_net()
    fit(net, IMAGES, LABELS, epochs=2, schedule="cosine", checkpoint=path)
    more = fit(net, IMAGES, LABELS, epochs=4, schedule="cosine", checkpoint=path, resume=True)
    at_once = fit(conv_net(), IMAGES, LABELS, epochs=4, schedule="cosine")
    assert more["lr"][2:] == at_once["lr"][2:]
