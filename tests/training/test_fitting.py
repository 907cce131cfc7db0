"""`fit`: it learns, it stops when it should, it keeps what is best, it says what is wrong."""

import numpy as np
import pytest

import fencepost as fp
from fencepost.training import SGD, Augmentation, CrossEntropy, History, fit
from training.small import bars, conv_net, dense_net

IMAGES, LABELS = bars(160)
VALIDATION = bars(60, seed=9)


@pytest.mark.parametrize("make", [dense_net, conv_net])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_a_small_set_is_overfitted(make, optimizer):
    net = make()
    history = fit(net, IMAGES, LABELS, epochs=30, batch_size=16, optimizer=optimizer, lr=0.01)
    assert net.evaluate(IMAGES, LABELS).accuracy == 1.0
    assert history.outcome == "finished" and len(history) == 30
    assert history["loss"][-1] < 0.1 * history["loss"][0]


def test_regression_is_learnt():
    random = np.random.default_rng(5)
    features = random.normal(size=(200, 6)).astype(np.float32)
    targets = np.stack([features[:, 0] - 2 * features[:, 3], np.abs(features[:, 1])], axis=1)
    net = fp.Network((6,), [fp.Linear(32), fp.Tanh(), fp.Linear(2)])
    history = fit(net, features, targets, epochs=300, lr=0.02, validation=(features, targets))
    assert history["validation_loss"][-1] < 0.01
    assert history["accuracy"] == [None] * 300
    assert history["validation_loss"][-1] == pytest.approx(((net(features) - targets) ** 2).mean())


def test_the_network_gets_the_normalisation_of_its_images():
    net = dense_net()
    fit(net, IMAGES, LABELS, epochs=1)
    assert net.normalization.mean == pytest.approx(IMAGES.mean(), rel=1e-6)
    assert net.normalization.std == pytest.approx(IMAGES.std(), rel=1e-6)
    own = fp.Network((1, 8, 8), [fp.Flatten(), fp.Linear(3)], normalization=(3.0, 5.0))
    fit(own, IMAGES, LABELS, epochs=1)
    assert own.normalization.mean == 3.0 and own.normalization.std == 5.0
    dark = dense_net()
    fit(dark, np.zeros_like(IMAGES), LABELS, epochs=1)
    assert dark.normalization.std == 1.0 and np.isfinite(dark.parameter_vector).all()


@pytest.mark.parametrize("make", [dense_net, conv_net])
def test_the_same_seed_gives_the_same_weights_bit_for_bit(make):
    def train(seed, **options):
        net = make()
        fit(net, IMAGES, LABELS, epochs=3, batch_size=24, seed=seed, threads=2, **options)
        return net.parameter_vector.tobytes() + net.state_vector.tobytes()

    assert train(0) == train(0)
    assert train(0) != train(1)
    # Neither being watched nor validated changes what is learnt.
    assert train(0) == train(0, validation=VALIDATION, keep_best=False)


def test_history_records_each_epoch():
    net = dense_net()
    epochs_seen = []
    history = fit(
        net,
        IMAGES,
        LABELS,
        epochs=4,
        batch_size=50,
        optimizer=SGD(lr=0.2),
        schedule="cosine",
        validation=VALIDATION,
        keep_best=False,
        on_epoch=epochs_seen.append,
    )
    assert epochs_seen == history.epochs
    assert history["epoch"] == [1, 2, 3, 4]
    net.calibration = None  # by which probabilities are others than those that were trained
    evaluation = net.evaluate(*VALIDATION)
    assert history["validation_accuracy"][-1] == evaluation.accuracy
    assert history["validation_loss"][-1] == pytest.approx(evaluation.loss, rel=1e-6)
    last_rate = 0.2 * (1 + np.cos(np.pi * 15 / 16)) / 2
    assert history["lr"][-1] == pytest.approx(last_rate, rel=1e-5)
    assert all(epoch.seconds > 0 and epoch.images_per_second > 0 for epoch in history)
    settings = history.settings
    assert settings["optimizer"] == {
        "name": "sgd",
        "lr": 0.2,
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 0.0,
    }
    assert settings["images"] == 160 and settings["validation images"] == 60
    assert History.from_json(history.to_json()) == history


def test_class_weights_move_the_decision():
    net = fp.Network((2,), [fp.Linear(3)])
    noise = np.random.default_rng(0).normal(size=(160, 2))
    loss = CrossEntropy(class_weights=(1, 1, 20))
    fit(net, noise, LABELS, epochs=30, lr=0.1, loss=loss)
    assert (net.predict(noise) == 2).mean() > 0.9


def test_augmented_images_are_learnt():
    net = conv_net()
    fit(net, IMAGES, LABELS, epochs=25, batch_size=16, augmentation="shift=2,noise=10", lr=0.01)
    assert net.evaluate(*VALIDATION).accuracy > 0.9


def test_augmentation_changes_the_training():
    plain, changed = dense_net(), dense_net()
    fit(plain, IMAGES, LABELS, epochs=1)
    fit(changed, IMAGES, LABELS, epochs=1, augmentation=Augmentation(shift=1))
    assert not np.array_equal(plain.parameter_vector, changed.parameter_vector)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"epochs": 0}, fp.ArgumentError, r"epochs must be an integer, at least 1. .*: epochs=0"),
        ({"epochs": 1.5}, fp.ArgumentError, r"epochs must be an integer"),
        ({"batch_size": True}, fp.ArgumentError, r"batch_size must be an integer"),
        ({"seed": -1}, fp.ArgumentError, r"seed must be an integer, at least 0"),
        ({"threads": 0}, fp.ArgumentError, r"threads must be an integer, at least 1"),
        ({"keep_best": 1}, fp.ArgumentError, r"keep_best must be True or False"),
        ({"lr": 0}, fp.ArgumentError, r"lr must be a finite number, more than 0"),
        ({"early_stopping": 3}, fp.ArgumentError, r"early_stopping needs validation data"),
        (
            {"early_stopping": 0, "validation": 0.1},
            fp.ArgumentError,
            r"early_stopping must be an integer, at least 1",
        ),
        ({"validation": 1.5}, fp.ArgumentError, r"validation must be a fraction"),
        ({"validation": IMAGES}, fp.ArgumentError, r"validation must be .* a ndarray"),
        (
            {"validation": (IMAGES, LABELS[:5])},
            fp.DataError,
            r"validation labels must have one entry per image",
        ),
        (
            {"validation": (IMAGES[:, :, :7], LABELS)},
            fp.DataError,
            r"validation images must have shape",
        ),
        ({"resume": True}, fp.ArgumentError, r"resume=True needs a checkpoint"),
        ({"loss": CrossEntropy(class_weights=(1, 2))}, fp.ArgumentError, r"3 outputs. Received: 2"),
        ({"augmentation": "shift=x"}, fp.ArgumentError, r"shift takes pixels"),
        ({"clip_norm": 0}, fp.ArgumentError, r"clip_norm must be a finite number, more than 0"),
        ({"ema": 1.0}, fp.ArgumentError, r"ema must be .* more than 0 and less than 1"),
        ({"time_limit": -1}, fp.ArgumentError, r"time_limit must be a finite number, more than 0"),
        ({"target_accuracy": 0.9}, fp.ArgumentError, r"target_accuracy needs validation data"),
        (
            {"target_accuracy": 99, "validation": 0.1},
            fp.ArgumentError,
            r"target_accuracy must be .* at most 1",
        ),
        ({"balance": "equal"}, fp.ArgumentError, r"balance must be .*weights.*oversample"),
        ({"balance": "weights", "loss": "mse"}, fp.ArgumentError, r"is for classes.*the loss mse"),
        (
            {"balance": "weights", "loss": CrossEntropy(class_weights=(1, 2, 3))},
            fp.ArgumentError,
            r"must have no class_weights beside balance='weights'",
        ),
        ({"sample_weight": [1, 2]}, fp.DataError, r"sample_weight must have one entry per image"),
        (
            {"sample_weight": np.arange(160) - 1.0},
            fp.DataError,
            r"sample_weight must be at least 0, .*: sample_weight\[0\] = -1\.",
        ),
        ({"sample_weight": np.zeros(160)}, fp.DataError, r"not 0 for all images. Received: all 0"),
        ({"sample_weight": np.full(160, np.nan)}, fp.DataError, r"sample_weight must be .*finite"),
    ],
)
def test_bad_settings(options, kind, message):
    net = dense_net()
    before = net.parameter_vector.copy()
    with pytest.raises(kind, match=message):
        fit(net, IMAGES, LABELS, **{"epochs": 1, **options})
    np.testing.assert_array_equal(net.parameter_vector, before)
    assert net.normalization is None


def test_a_softmax_is_not_taken_twice():
    images, labels = np.random.default_rng(0).random((8, 1, 4, 4), np.float32), np.arange(8) % 2
    net = fp.Network((1, 4, 4), [fp.Flatten(), fp.Linear(2), fp.Softmax()])
    with pytest.raises(fp.ArgumentError, match=r"ends with Softmax\(\).*Leave it out"):
        net.fit(images, labels, epochs=1, progress=False)
    net.fit(images, np.eye(2)[labels], loss="mse", epochs=1, progress=False)  # is what it says
