"""What a network was trained on is known by the content of the images, and told from the rest."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest

import fencepost as fp
from fencepost.datasets.content import BITS, UNKNOWN, TrainedOn, content_hashes
from fencepost.errors import DataError


def images(count, shape=(3, 5, 7), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 5, 7), (1, 1, 1), (2, 9), (1, 64)])
def test_the_same_pixels_have_the_same_hash_wherever_they_are(shape):
    batch = images(40, shape)
    hashes = content_hashes(batch)
    order = np.random.default_rng(1).permutation(40)
    np.testing.assert_array_equal(content_hashes(batch[order]), hashes[order])
    np.testing.assert_array_equal(content_hashes(batch[7:9]), hashes[7:9])
    np.testing.assert_array_equal(content_hashes(np.asfortranarray(batch)), hashes)
    np.testing.assert_array_equal(content_hashes(batch.astype(np.float64)), hashes)
    assert hashes.max() < 1 << BITS


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_one_value_that_differs_by_one_gives_another_hash(dtype):
    """Each value in turn: a difference at the end of a word of 64 bits counts as any other."""
    batch = np.repeat(images(1), 105, axis=0).astype(dtype)
    batch.reshape(105, -1)[np.arange(105), np.arange(105)] += 1
    assert len(np.unique(content_hashes(batch))) == 105


def test_differences_in_the_same_places_of_words_give_other_hashes():
    """Sums of products alone would lose them: 256² images that differ in two upper bytes only."""
    a, b = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    batch = np.zeros((256 * 256, 16), np.uint8)
    batch[:, 7], batch[:, 15] = a.reshape(-1), b.reshape(-1)
    assert len(np.unique(content_hashes(batch))) == 256 * 256


def test_exchanged_words_give_another_hash():
    batch = images(2, (1, 4, 8))
    batch[1] = batch[0, :, [1, 0, 2, 3]].transpose(1, 0, 2)
    assert len(np.unique(content_hashes(batch))) == 2


def test_fractions_are_told_from_the_integers_below_them():
    batch = images(4).astype(np.float32)
    assert not np.isin(content_hashes(batch + 0.25), content_hashes(batch)).any()
    outside = np.array([[300.0, -1.0], [44.0, 255.0]])  # what uint8 would make of the first
    assert len(np.unique(content_hashes(outside))) == 2


def test_mnist_has_no_image_in_both_parts():
    train, test = fp.datasets.mnist("train").images, fp.datasets.mnist("test").images
    record = TrainedOn().with_hashes([content_hashes(train)])
    assert len(record) == 60_000
    assert not record.contains(test).any()
    assert record.contains(train[::100]).all()


@pytest.mark.parametrize("count", [0, 1, 1000])
@pytest.mark.parametrize("complete", [True, False])
def test_text_keeps_it(count, complete):
    record = TrainedOn(complete=complete).with_hashes([content_hashes(images(count))])
    again = TrainedOn.from_text(record.to_text())
    np.testing.assert_array_equal(again.hashes, record.hashes)
    assert again.complete is complete


def test_two_hundred_thousand_images_take_about_a_megabyte():
    hashes = np.random.default_rng(0).integers(0, 1 << BITS, 200_000, np.uint64)
    text = TrainedOn().with_hashes([hashes]).to_text()
    assert len(text) < 1.1e6


def test_more_than_a_file_can_keep_are_not_claimed_to_be_all(monkeypatch):
    monkeypatch.setattr("fencepost.datasets.content.MOST", 10)
    record = TrainedOn().with_hashes([content_hashes(images(11))])
    assert TrainedOn.from_text(record.to_text()).complete is False


BOMB = base64.b64encode(zlib.compress(bytes(20_000_000))).decode()


@pytest.mark.parametrize("text", ["", "1", "1:", "1:???", "2:eJwDAAAAAAE=", "1:AAAA", f"1:{BOMB}"])
def test_damaged_text_is_refused(text):
    with pytest.raises(DataError, match="record of the training images"):
        TrainedOn.from_text(text)


def test_a_network_knows_what_it_was_trained_on(tmp_path):
    x, y = images(60, (1, 6, 6)), np.arange(60) % 3
    net = fp.Network((1, 6, 6), [fp.Flatten(), fp.Linear(3)])
    assert net.trained_on.complete and len(net.trained_on) == 0
    net.fit(x[:40], y[:40], epochs=1, validation=(x[40:50], y[40:50]), progress=False)
    assert net.trained_on.contains(x).tolist() == [True] * 50 + [False] * 10
    net.fit(x[50:55], y[50:55], epochs=1, progress=False)  # more is learned; the rest stays known
    assert net.trained_on.contains(x).sum() == 55
    net.save(tmp_path / "net.st")
    for other in (net.copy(), fp.load(tmp_path / "net.st")):
        assert other.trained_on.contains(x).sum() == 55
        assert other.trained_on.complete
    evaluation = net.evaluate(x, y)
    assert evaluation.count == 60
    assert evaluation.trained_on is not None and evaluation.trained_on.sum() == 55
    assert "55 of these 60 images were used in training; accuracy on the other 5: " in str(
        evaluation
    )
    alone = net.evaluate(x[55:], y[55:])
    assert alone.trained_on is None
    assert "training" not in str(alone)
    assert "All of these images were used in training." in str(net.evaluate(x[:9], y[:9]))


def test_stopped_and_resumed_trainings_are_known_too(tmp_path):
    x, y = images(40, (1, 6, 6)), np.arange(40) % 2
    layers = [fp.Flatten(), fp.Linear(2)]
    settings = {"epochs": 3, "progress": False, "checkpoint": tmp_path / "run.ckpt"}

    def stop(epoch):
        raise KeyboardInterrupt

    stopped, resumed = fp.Network((1, 6, 6), layers), fp.Network((1, 6, 6), layers)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(x, y, on_epoch=stop, **settings)
    assert stopped.trained_on.contains(x).all()
    resumed.fit(x, y, resume=True, **settings)
    assert resumed.trained_on.contains(x).all()


def test_of_networks_that_were_made_elsewhere_nothing_is_known(tmp_path):
    torch = pytest.importorskip("torch")
    net = fp.Network((1, 6, 6), [fp.Flatten(), fp.Linear(2)])
    assert fp.from_torch(net.to_torch(), (1, 6, 6)).trained_on is UNKNOWN
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 2))
    assert fp.from_torch(module, (1, 6, 6)).trained_on is UNKNOWN
