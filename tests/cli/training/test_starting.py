"""`fencepost train --from`: trainings that start from a saved model."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

import fencepost as fp
from cli.interrupts import killed_at


@pytest.fixture(scope="module")
def model(folder, tmp_path_factory):
    """A model of circles, crosses and squares, as the command saves it."""
    from fencepost.cli.shared import loading

    loaded = loading.for_training(loading.Source(str(folder)), 0)
    net = fp.models.small_cnn((1, 16, 16), 3)
    net.class_names = loaded.train.class_names
    net.fit(loaded.train.images, loaded.train.targets, epochs=2, progress=False)
    loading.remember(net, loading.Source(str(folder), fit="pad"), loaded, 0, "small_cnn")
    path = tmp_path_factory.mktemp("model") / "model.st"
    net.save(path)
    return path


def classes(folder, root, **names):
    """Copy classes of the folder, under other names."""
    for name, other in names.items():
        shutil.copytree(folder / name, root / other)
    return root


def train(fencepost, *arguments):
    return fencepost("train", *arguments, "--plot", "none", "--epochs", 1)


def test_the_same_classes_go_on_from_all_weights(fencepost, model, folder, tmp_path):
    done = train(fencepost, "--from", model, "--data", folder, "--lr", 1e-30, "-o", "a.st")
    assert f"Starts from {model}: its weights and normalisation." in done.err
    before, after = fp.load(model), fp.load(tmp_path / "a.st")
    np.testing.assert_allclose(after.parameter_vector, before.parameter_vector, rtol=1e-6)
    assert np.array_equal(after.normalization.mean, before.normalization.mean)
    assert after.metadata["training"]["from"] == str(model)
    assert after.metadata["training"]["fit"] == "pad"
    assert len(after.trained_on) >= len(before.trained_on)


def test_other_classes_replace_the_last_layer_and_that_is_said(fencepost, model, folder, tmp_path):
    data = classes(folder, tmp_path / "two", circle="circle", cross="plus")
    done = train(fencepost, "--from", model, "--data", data, "--lr", 1e-30, "-o", "a.st")
    assert (
        "except for the last layer, which starts afresh: its classes were circle, cross" in done.err
    )
    before, after = fp.load(model), fp.load(tmp_path / "a.st")
    assert after.class_names == ("circle", "plus")
    kept = [name for name in before.parameters if not name.startswith(f"{len(before) - 1}.")]
    for name in kept:
        np.testing.assert_allclose(after.parameters[name], before.parameters[name], rtol=1e-6)


def test_the_same_classes_in_another_order(fencepost, model, folder, tmp_path):
    turned = fp.load(model).with_classes(["square", "cross", "circle"])
    turned.save(tmp_path / "turned.st")
    done = train(fencepost, "--from", "turned.st", "--data", folder, "--lr", 1e-30, "-o", "a.st")
    assert "its outputs in the order of the classes" in done.err
    before, after = fp.load(model), fp.load(tmp_path / "a.st")
    assert after.class_names == before.class_names
    np.testing.assert_allclose(after.parameter_vector, before.parameter_vector, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--model", "lenet5"), "--from has its own layers, and --model gives others"),
        (("--backbone", "x.onnx"), "--from has its own layers, and --backbone gives others"),
        (("--backbone-pixels", "0-1"), "and --backbone-pixels gives others"),
        (("--size", "8x8"), "takes 16 × 16 pixels, 1 channel, and its weights fit no other"),
        (("--channels", 3), "Received: --channels 3. Leave out --channels"),
    ],
)
def test_options_that_contradict_the_model(fencepost, model, folder, options, words):
    refused = train(fencepost, "--from", model, "--data", folder, *options)
    assert refused.status == 2
    assert words in refused.err


def test_options_that_agree_with_the_model_and_files_of_other_kinds(fencepost, model, folder):
    done = train(fencepost, "--from", model, "--data", folder, "--size", "16x16", "-o", "a.st")
    assert done.status == 0, done.err
    for name, words in (("a.onnx", "fencepost convert a.onnx"), ("a.pt2", "Convert it first.")):
        refused = train(fencepost, "--from", name, "--data", folder)
        assert (refused.status, words in refused.err) == (2, True)
    refused = train(fencepost, "--from", model, "--data", "mnist", "-o", "b.st")
    assert "Received: 28 × 28 pixels, 1 channel." in refused.err


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX does")
def test_killed_and_resumed_it_ends_as_if_it_had_not_been(
    fencepost, model, folder, tmp_path, environment
):
    base = ["train", "--from", str(model), "--data", str(folder), "--plot", "none"]
    base += ["--epochs", "6", "--validation", "0.2", "--ema", "0.9"]
    assert fencepost(*base, "-o", "unbroken.st").status == 0
    killed_at(3, [*base, "-o", "a.st", "--checkpoint", "a.ckpt"], tmp_path, environment)
    resumed = fencepost(*base, "-o", "a.st", "--checkpoint", "a.ckpt", "--resume")
    assert resumed.status == 0, resumed.err
    first, second = fp.load(tmp_path / "unbroken.st"), fp.load(tmp_path / "a.st")
    assert np.array_equal(first.parameter_vector, second.parameter_vector)
    assert np.array_equal(first.state_vector, second.state_vector)
    assert first.calibration.to_dict() == second.calibration.to_dict()
    assert np.array_equal(first.trained_on.hashes, second.trained_on.hashes)
