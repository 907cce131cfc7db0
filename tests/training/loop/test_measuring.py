"""What `fit` measures: see tests/network/test_inputs.py for the range, test_calibration.py too."""

import warnings

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.datasets import LazyImages, Loading
from fencepost.errors import DataWarning
from fencepost.training.loop import measuring
from training.small import bars, conv_net


def test_few_images_are_measured_of_any_training(monkeypatch):
    monkeypatch.setattr(measuring, "FEWEST_MEASURED", 20)
    images, labels = bars(400)
    for epochs, measured in ((1, 20), (40, 50)):
        net = conv_net()
        net.fit(images, labels, epochs=epochs, validation=(images[:200], labels[:200]))
        assert net.calibration.count == measured


def test_images_of_a_fraction_are_measured_with_their_own_labels():
    images, labels = bars(400)
    net, twin = conv_net(), conv_net()
    net.fit(images, labels, epochs=20, validation=0.3)
    assert net.calibration.count == 120
    # Labels of other images would be wrong for two of three, and the temperature very high.
    assert net.temperature < 2
    order = np.argsort(labels, kind="stable")
    twin.fit(images[order], labels[order], epochs=20, validation=0.3)
    assert twin.temperature < 2


@pytest.mark.parametrize("lazy", [True, False])
def test_copies_in_files_of_another_format_are_said(tmp_path, lazy):
    rng = np.random.default_rng(0)
    for k in range(24):
        image = Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8))
        for ending in ("png", "bmp") if k < 16 else ("png",):
            (tmp_path / "ab"[k % 2]).mkdir(exist_ok=True)
            image.save(tmp_path / "ab"[k % 2] / f"{k}.{ending}")
    data = fp.datasets.open(tmp_path, pictures=Loading(wait=not lazy)).train
    assert isinstance(data.images, LazyImages) == lazy
    net = fp.Network((1, 8, 8), [fp.Flatten(), fp.Linear(2)])
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        net.fit(data.images, data.targets, epochs=1, validation=0.4, progress=False)
    said = [str(each.message) for each in seen]
    if not lazy:  # their pixels are known before they are divided
        assert not said
        return
    (sentence,) = said
    count = int(sentence.split(" ")[0])
    assert 0 < count < 16 and f"{count} of the 16 validation images have the same pixels" in said[0]
    assert "Remove the copies from one of the two." in sentence


def test_arrays_that_are_validated_with_and_trained_on_are_said():
    images, labels = bars(40)
    with pytest.warns(DataWarning, match="^all validation images have the same pixels"):
        conv_net().fit(images, labels, epochs=1, validation=(images, labels), progress=False)
    other = np.concatenate([images[:1], 255 - images[1:]])
    with pytest.warns(DataWarning, match="^1 of the 40 validation images has the same pixels"):
        conv_net().fit(images, labels, epochs=1, validation=(other, labels), progress=False)


def test_a_shape_with_its_channels_last_is_said():
    labels = np.arange(8) % 2
    images = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3)).astype(np.uint8)
    layers = [fp.Conv2d(4, 3), fp.Flatten(), fp.Linear(2)]
    with pytest.warns(DataWarning, match=r"as 16 channels of 16 × 3. .* Network\(\(3, 16, 16\), "):
        fp.Network((16, 16, 3), layers).fit(images, labels, epochs=1, progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fp.Network((3, 16, 16), layers).fit(images, labels, epochs=1, progress=False)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize(("lr", "said"), [(1e-30, True), (1e-12, True), (1e-5, False)])
def test_a_rate_at_which_nothing_is_trained_is_said(optimizer, lr, said):
    images, labels = bars(100)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        conv_net().fit(images, labels, epochs=2, optimizer=optimizer, lr=lr, progress=False)
    texts = [str(each.message) for each in seen if "changed no weight" in str(each.message)]
    assert bool(texts) == said
    assert not said or f"lr={lr!r} is too small" in texts[0]


def test_a_finished_training_that_is_resumed_is_not_said_to_stand_still(tmp_path):
    images, labels = bars(100)
    settings = {"epochs": 1, "checkpoint": tmp_path / "c", "progress": False}
    net = conv_net()
    net.fit(images, labels, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.fit(images, labels, resume=True, **settings)
