"""The data of a training: checked, split, never copied."""

import numpy as np
import pytest

import fencepost as fp
from fencepost.training import CrossEntropy, fit
from fencepost.training.data import DataSpec, border_value, split
from training.small import bars, dense_net

IMAGES, LABELS = bars(160)
VALIDATION = bars(60, seed=9)


def test_images_without_channel_axis_and_signals():
    with_axis, without = dense_net(), dense_net()
    fit(with_axis, IMAGES, LABELS, epochs=2)
    fit(without, IMAGES[:, 0], LABELS.tolist(), epochs=2)
    np.testing.assert_array_equal(with_axis.parameter_vector, without.parameter_vector)
    signals = fp.Network((1, 64), [fp.Flatten(), fp.Linear(3)])
    fit(signals, IMAGES.reshape(-1, 1, 64), LABELS, epochs=1)


def test_a_fraction_is_held_out_of_each_class():
    history = fit(dense_net(), IMAGES, LABELS, epochs=1, validation=0.25)
    assert (history.settings["images"], history.settings["validation images"]) == (120, 40)


def test_images_are_not_copied():
    tracemalloc = pytest.importorskip("tracemalloc")
    images = np.zeros((20_000, 1, 28, 28), np.uint8)
    images[:, :, 5] = np.arange(20_000)[:, None, None] % 255
    labels = np.arange(20_000) % 10
    net = fp.Network((1, 28, 28), [fp.Flatten(), fp.Linear(10)])
    tracemalloc.start()
    fit(net, images, labels, epochs=1, validation=0.1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < images.nbytes / 2


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES, LABELS[:-1], r"labels must have one entry per image"),
        (IMAGES, LABELS + 1, r"labels must be 0 to 2 for 3 classes. Received: 1 to 3"),
        (IMAGES, np.zeros(160, int), r"labels must contain at least two classes"),
        (IMAGES[:0], LABELS[:0], r"images must not be empty"),
        (IMAGES * np.float32(np.nan), LABELS, r"images must be finite"),
        (IMAGES[:, :, :7], LABELS, r"images must have shape \(N, 1, 8, 8\)"),
        (IMAGES, np.full((160, 3), np.nan), r"labels must be finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_bad_data(images, labels, message):
    net = dense_net()
    with pytest.raises(fp.DataError, match=message):
        fit(net, images, labels, epochs=1)


def test_fill_comes_from_the_borders():
    images = np.full((50, 2, 6, 6), 9, np.uint8)
    images[:, :, 1:-1, 1:-1] = 200
    assert border_value(images) == 9


def test_few_images_come_with_their_own_targets():
    spec = DataSpec((1, 1, 2), 3, CrossEntropy())
    images, labels = np.arange(40, dtype=np.float32).reshape(20, 1, 1, 2), np.arange(20) % 3
    part = split(spec.checked(images, labels), 0.5, spec, 0)[1]
    for count in (4, 100):
        few = part.few(count)
        assert len(few) == min(-(-len(part) // -(-len(part) // count)), len(part))
        np.testing.assert_array_equal(part.targets_of_few(count), few[:, 0, 0, 0] // 2 % 3)


def test_copies_are_not_validated_with_that_are_trained_on():
    images = np.concatenate([IMAGES, IMAGES])
    labels = np.concatenate([LABELS, LABELS])
    spec = DataSpec.of(dense_net(), CrossEntropy(), labels)
    train, held_out = split(spec.checked(images, labels), 0.25, spec, seed=0)
    seen = np.isin(held_out.hashes(), train.hashes())
    assert len(train) + len(held_out) == 320
    assert not seen.any()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
@pytest.mark.parametrize("named", [True, False])
def test_validation_takes_a_data_set_and_matches_its_classes_by_name(order, named):
    names = np.array(["flat", "grid", "upright"])
    images, labels = VALIDATION
    place = np.argsort(order)
    other = fp.datasets.Dataset(images, place[labels], tuple(names[list(order)]))
    net, twin = dense_net(), dense_net()
    given = names[LABELS] if named else LABELS
    if not named:  # then the network's own names are those that count
        net.class_names = twin.class_names = tuple(names)
    history = fit(net, IMAGES, given, epochs=3, validation=other)
    expected = fit(twin, IMAGES, given, epochs=3, validation=(images, names[labels]))
    assert history["validation_accuracy"] == expected["validation_accuracy"]
    assert max(history["validation_accuracy"]) > 0
    np.testing.assert_array_equal(net.parameter_vector, twin.parameter_vector)
    wrong = fp.datasets.Dataset(images, labels, ("flat", "grid", "round"))
    with pytest.raises(fp.DataError, match="round"):
        fit(net, IMAGES, given, epochs=1, validation=wrong)


@pytest.mark.parametrize("kind", [float, np.float64, np.float32])
def test_a_fraction_may_be_any_float(kind):
    history = fit(dense_net(), IMAGES, LABELS, epochs=1, validation=kind(0.25))
    assert history.settings["validation images"] == 40
