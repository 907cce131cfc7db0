"""`fencepost evaluate`: on the right data, and every figure agrees with the library's."""

from __future__ import annotations

import shutil

import numpy as np

import fencepost as fp


def test_what_was_held_out_is_found_again(fencepost, model, folder):
    done = fencepost("evaluate", model, "--json")
    assert done.status == 0, done.err
    assert "that were held out" in done.err
    _, test = fp.datasets.image_folder(folder).split(0.15, seed=0)
    expected = fp.load(model).evaluate(test.images, test.targets)
    assert done.json["images"] == len(test) == 18
    assert done.json["accuracy"] == expected.accuracy
    assert done.json["confusion"] == expected.confusion.tolist()
    assert done.json["classes"] == ["circle", "cross", "square"]


def test_other_data_are_all_used(fencepost, model, tmp_path, write_folder):
    other = write_folder(tmp_path / "other", 5)
    shutil.rmtree(other / "cross")
    done = fencepost("evaluate", model, "--data", other)
    assert done.status == 0, done.err
    assert "held out" not in done.err
    assert "of 10)" in done.out
    assert "confusion" in done.out
    assert "images per second" in done.err


def test_other_sizes_are_resized_and_that_is_said(fencepost, model, tmp_path, write_folder):
    other = write_folder(tmp_path / "other", 3, size=20)
    done = fencepost("evaluate", model, "--data", other)
    assert (done.status, "9 were resized" in done.err) == (0, True)
    refused = fencepost("evaluate", model, "--data", other, "--size", "20")
    assert (refused.status, "--size 16x16" in refused.err) == (2, True)


def test_unknown_class_is_named(fencepost, model, tmp_path, write_folder):
    other = write_folder(tmp_path / "other", 3)
    (other / "cross").rename(other / "star")
    refused = fencepost("evaluate", model, "--data", other)
    assert refused.status == 2
    assert "star" in refused.err


def test_a_model_that_was_made_in_python_needs_data(fencepost, tmp_path):
    network = fp.Network((1, 16, 16), [fp.Flatten(), fp.Linear(2)])
    network.save(tmp_path / "own.st")
    refused = fencepost("evaluate", "own.st")
    assert refused.status == 2
    assert "give --data" in refused.err


def test_regression(fencepost, tmp_path):
    network = fp.Network((1, 8, 8), [fp.Flatten(), fp.Linear(1)])
    network.save(tmp_path / "own.st")
    images = np.zeros((4, 8, 8), np.uint8)
    np.savez(tmp_path / "a.npz", x=images, y=np.array([0.5, 1, 2, 3]))
    done = fencepost("evaluate", "own.st", "--data", "a.npz", "--json")
    assert done.status == 0, done.err
    assert done.json["images"] == 4
    assert "r_squared" in done.json
