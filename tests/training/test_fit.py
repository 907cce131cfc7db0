"""`fit`: it learns, it stops when it should, it keeps what is best, it says what is wrong."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import fencepost as fp
from fencepost.training import SGD, Adam, Augmentation, Constant, CrossEntropy, History, fit
from training.small import bars, conv_net, dense_net

IMAGES, LABELS = bars(160)
VALIDATION = bars(60, seed=9)


@pytest.mark.parametrize("make", [dense_net, conv_net])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_a_small_set_is_learnt_by_heart(make, optimizer):
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


def test_images_without_channel_axis_and_signals():
    with_axis, without = dense_net(), dense_net()
    fit(with_axis, IMAGES, LABELS, epochs=2)
    fit(without, IMAGES[:, 0], LABELS.tolist(), epochs=2)
    np.testing.assert_array_equal(with_axis.parameter_vector, without.parameter_vector)
    signals = fp.Network((1, 64), [fp.Flatten(), fp.Linear(3)])
    fit(signals, IMAGES.reshape(-1, 1, 64), LABELS, epochs=1)


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


class Arrays:
    """What `fit` asks of a network, and nothing else: arrays and the engine's plan."""

    def __init__(self, net):
        self.input_shape, self.output_shape = net.input_shape, net.output_shape
        self.engine_plan = net.engine_plan
        self.parameter_vector, self.state_vector = net.parameter_vector, net.state_vector
        self.normalization = None
        self.config = net.config


def test_whatever_has_the_arrays_and_a_plan_can_be_trained():
    net, twin = conv_net(), conv_net()
    fit(Arrays(net), IMAGES, LABELS, epochs=2)
    twin.fit(IMAGES, LABELS, epochs=2)
    np.testing.assert_array_equal(net.parameter_vector, twin.parameter_vector)


def test_slices_do_not_change_the_weights(monkeypatch):
    def train(seconds):
        monkeypatch.setattr("fencepost.training.run.SLICE_SECONDS", seconds)
        net = conv_net()
        history = fit(net, IMAGES, LABELS, epochs=3, batch_size=8, threads=2)
        return net.parameter_vector.tobytes(), history["loss"], history["accuracy"]

    assert train(0.0) == train(10.0)


def test_history_tells_what_happened():
    net = dense_net()
    seen = []
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
        on_epoch=seen.append,
    )
    assert seen == history.epochs
    assert history["epoch"] == [1, 2, 3, 4]
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


def test_training_loss_is_that_of_the_images_seen():
    net = dense_net()
    before = net.copy()
    # So small a rate that the weights stay.
    history = fit(net, IMAGES, LABELS, epochs=1, batch_size=50, lr=1e-12, schedule="constant")
    before.normalization = net.normalization
    evaluation = before.evaluate(IMAGES, LABELS)
    assert history["loss"][0] == pytest.approx(evaluation.loss, rel=1e-5)
    assert history["accuracy"][0] == evaluation.accuracy


def test_the_best_weights_are_kept_and_of_equals_the_earliest():
    kept = []
    net = dense_net()
    history = fit(
        net,
        IMAGES,
        LABELS,
        epochs=40,
        optimizer="sgd",
        lr=0.5,
        schedule="constant",
        validation=VALIDATION,
        on_epoch=lambda epoch: kept.append(net.parameter_vector.copy()),
    )
    accuracies = history["validation_accuracy"]
    assert accuracies.count(max(accuracies)) > 1, "no ties: the test must be sharpened"
    best = accuracies.index(max(accuracies))
    assert history.best_epoch == best + 1 < 40
    np.testing.assert_array_equal(net.parameter_vector, kept[best])
    assert net.evaluate(*VALIDATION).accuracy == max(accuracies)


def test_without_keep_best_the_last_weights_stay():
    kept = []
    net = dense_net()
    fit(
        net,
        IMAGES,
        LABELS,
        epochs=10,
        validation=VALIDATION,
        keep_best=False,
        on_epoch=lambda epoch: kept.append(net.parameter_vector.copy()),
    )
    np.testing.assert_array_equal(net.parameter_vector, kept[-1])


def test_early_stopping_waits_its_patience():
    net = dense_net()
    history = fit(
        net, IMAGES, LABELS, epochs=200, schedule="constant", validation=0.25, early_stopping=4
    )
    assert history.outcome == "stopped early"
    assert len(history) == history.best_epoch + 4 < 200
    later = history["validation_accuracy"][history.best_epoch :]
    assert max(later) <= history["validation_accuracy"][history.best_epoch - 1]


def test_a_share_is_held_out_of_each_class():
    history = fit(dense_net(), IMAGES, LABELS, epochs=1, validation=0.25)
    assert (history.settings["images"], history.settings["validation images"]) == (120, 40)


def test_on_epoch_can_stop():
    history = fit(dense_net(), IMAGES, LABELS, epochs=9, on_epoch=lambda epoch: epoch.epoch == 3)
    assert len(history) == 3 and history.outcome == "stopped by on_epoch"


@pytest.mark.parametrize(("count", "batch_size"), [(33, 32), (1, 64), (5, 1), (7, 64), (64, 64)])
def test_any_number_of_images_and_batch_size(count, batch_size):
    net = fp.Network((1, 8, 8), [fp.Flatten(), fp.Linear(1)])
    history = fit(net, IMAGES[:count], LABELS[:count] * 1.0, epochs=2, batch_size=batch_size)
    assert np.isfinite(net.parameter_vector).all() and len(history) == 2


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


def test_divergence_stops_with_advice_and_good_weights():
    net = dense_net()
    fit(net, IMAGES, LABELS, epochs=3)
    good = net.parameter_vector.copy()
    targets = np.random.default_rng(2).normal(size=(160, 3))
    with pytest.raises(fp.DivergedError, match=r"training diverged: the loss became (nan|inf) at "):
        fit(
            net,
            IMAGES,
            targets,
            epochs=50,
            optimizer=SGD(lr=50.0),
            schedule=Constant(),
        )
    np.testing.assert_array_equal(net.parameter_vector, good)
    with pytest.raises(fp.DivergedError, match=r"lower rate, such as lr=5; a warm-up"):
        fit(net, IMAGES, targets, epochs=50, optimizer=SGD(lr=50.0), validation=0.5)
    assert np.isfinite(net.parameter_vector).all()


def test_a_validation_loss_that_is_no_number_stops_too():
    extreme = np.full((10, 1, 8, 8), 3e38, np.float32)
    net = dense_net()
    with pytest.raises(fp.DivergedError, match=r"the validation loss became (nan|inf)"):
        fit(net, IMAGES / 1e3, LABELS, epochs=2, validation=(extreme, LABELS[:10]))
    assert np.isfinite(net.parameter_vector).all()


def test_divergence_goes_back_to_the_best_epoch():
    net = dense_net()
    kept = []

    def explode_after_two(epoch):
        kept.append(net.parameter_vector.copy())
        if epoch.epoch == 2:
            net.parameter_vector[:] = np.nan

    with pytest.raises(fp.DivergedError, match=r"became nan at step \d+ \(epoch 3\)"):
        fit(net, IMAGES, LABELS, epochs=5, optimizer=Adam(), on_epoch=explode_after_two)
    np.testing.assert_array_equal(net.parameter_vector, kept[1])


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals need the main thread"
)
def test_ctrl_c_stops_within_a_second_at_a_step_boundary():
    net = dense_net()
    images, labels = np.tile(IMAGES, (50, 1, 1, 1)), np.tile(LABELS, 50)
    pressed = []

    def press():
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    def begin(epoch):
        if epoch.epoch == 1:
            threading.Timer(0.2, press).start()

    with pytest.raises(KeyboardInterrupt):
        fit(net, images, labels, epochs=10_000, batch_size=32, on_epoch=begin)
    assert time.monotonic() - pressed[0] < 1.0
    assert np.isfinite(net.parameter_vector).all()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert net.evaluate(IMAGES, LABELS).accuracy > 0.5


def test_training_in_another_thread():
    results = []
    thread = threading.Thread(
        target=lambda: results.append(fit(dense_net(), IMAGES, LABELS, epochs=2))
    )
    thread.start()
    thread.join()
    assert len(results[0]) == 2


def test_the_bar_is_on_standard_error_and_only_if_wanted(capsys):
    fit(dense_net(), IMAGES, LABELS, epochs=2)
    assert capsys.readouterr() == ("", "")
    fit(dense_net(), IMAGES, LABELS, epochs=2, validation=VALIDATION, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "epoch 1/2" in err and "epoch 2/2" in err and "images/s" in err and "validation" in err


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
        ({"validation": 1.5}, fp.ArgumentError, r"validation must be .*, a fraction"),
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
        ({"resume": True}, fp.ArgumentError, r"resume=True needs to know what to go on from"),
        ({"loss": CrossEntropy(class_weights=(1, 2))}, fp.ArgumentError, r"3 outputs. Received: 2"),
        ({"augmentation": "shift=x"}, fp.ArgumentError, r"shift takes pixels"),
    ],
)
def test_bad_settings(options, kind, message):
    net = dense_net()
    before = net.parameter_vector.copy()
    with pytest.raises(kind, match=message):
        fit(net, IMAGES, LABELS, **{"epochs": 1, **options})
    np.testing.assert_array_equal(net.parameter_vector, before)
    assert net.normalization is None


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES, LABELS[:-1], r"labels must have one entry per image"),
        (IMAGES, LABELS + 1, r"labels must be 0 to 2 for 3 classes. Received: 1 to 3"),
        (IMAGES, np.zeros(160, int), r"labels must hold at least two classes"),
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
