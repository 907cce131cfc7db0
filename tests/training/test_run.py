"""The loop: slices, the best weights, when it stops, and what becomes of divergence."""

import itertools

import numpy as np
import pytest

import fencepost as fp
from fencepost.training import SGD, Adam, Constant, CrossEntropy, fit
from training.small import bars, conv_net, dense_net

IMAGES, LABELS = bars(160)
VALIDATION = bars(60, seed=9)


def test_slices_do_not_change_the_weights(monkeypatch):
    def train(seconds):
        monkeypatch.setattr("fencepost.training.run.SLICE_SECONDS", seconds)
        net = conv_net()
        history = fit(net, IMAGES, LABELS, epochs=3, batch_size=8, threads=2)
        return net.parameter_vector.tobytes(), history["loss"], history["accuracy"]

    assert train(0.0) == train(10.0)


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


def test_training_stops_when_it_is_good_enough():
    net = dense_net()
    history = fit(
        net, IMAGES, LABELS, epochs=200, validation=VALIDATION, target_accuracy=0.9, lr=0.01
    )
    assert history.outcome == "reached the target"
    *before, last = history["validation_accuracy"]
    assert max(before, default=0.0) < 0.9 <= last
    assert net.evaluate(*VALIDATION).accuracy == last


def test_a_limit_of_time_ends_the_run_and_the_schedule(monkeypatch):
    ticks = itertools.count()  # a clock on which every look takes a millisecond
    monkeypatch.setattr("time.perf_counter", lambda: 1e-3 * next(ticks))
    history = fit(conv_net(), *bars(2000), batch_size=8, validation=0.2, time_limit=0.6)
    assert history.outcome == "finished" and len(history) > 1
    assert next(ticks) == pytest.approx(600, rel=0.05)
    assert 0 < history["lr"][-1] < 0.02 * max(history["lr"])
    assert all(np.isfinite(history["loss"]))
    few = fit(dense_net(), IMAGES, LABELS, epochs=2, time_limit=600)
    assert len(few) == 2  # the epochs came first, and so did the schedule's end
    assert few["lr"][-1] < 1e-4


def test_less_time_than_a_step_takes_one_step():
    history = fit(dense_net(), IMAGES, LABELS, batch_size=8, time_limit=1e-9)
    assert len(history) == 1 and history.outcome == "finished"


def test_the_average_is_what_is_validated_and_left():
    options = {"epochs": 3, "optimizer": "sgd", "lr": 0.3, "schedule": "constant", "threads": 1}
    plain, averaged, unvalidated = conv_net(), conv_net(), conv_net()
    fit(plain, IMAGES, LABELS, **options)
    history = fit(averaged, IMAGES, LABELS, ema=0.9, validation=VALIDATION, **options)
    fit(unvalidated, IMAGES, LABELS, ema=0.9, **options)
    best = history["validation_accuracy"][history.best_epoch - 1]
    assert averaged.evaluate(*VALIDATION).accuracy == best
    assert not np.array_equal(plain.parameter_vector, unvalidated.parameter_vector)
    assert not np.array_equal(plain.state_vector, unvalidated.state_vector)


def test_clipping_bounds_a_step():
    net = dense_net()
    before = net.parameter_vector.copy()
    sgd = SGD(lr=1.0, momentum=0.0, nesterov=False)
    options = {"epochs": 1, "batch_size": 160, "optimizer": sgd, "schedule": "constant"}
    fit(net, IMAGES, LABELS, clip_norm=0.01, **options)
    assert np.linalg.norm(net.parameter_vector - before) == pytest.approx(0.01, rel=1e-3)


def test_weights_of_0_leave_images_out():
    half = np.arange(160) < 80
    options = {"epochs": 3, "optimizer": "sgd", "threads": 1}
    weighted, alone = dense_net(), dense_net()
    weighted.normalization = alone.normalization = (50, 80)
    fit(weighted, IMAGES, LABELS, batch_size=160, sample_weight=7.0 * half, **options)
    fit(alone, IMAGES[half], LABELS[half], batch_size=80, **options)
    np.testing.assert_allclose(weighted.parameter_vector, alone.parameter_vector, atol=2e-5)


@pytest.mark.parametrize("balance", ["weights", "oversample"])
def test_balance_finds_the_small_class(balance):
    chosen = np.concatenate([np.flatnonzero(LABELS == 0), np.flatnonzero(LABELS == 1)[:3]])
    images, labels = IMAGES[chosen], LABELS[chosen]
    net = dense_net(outputs=2)
    fit(net, images, labels, epochs=2, balance=balance, lr=0.01)
    recalls = [score.recall for score in net.evaluate(images, labels).per_class]
    assert min(recalls) > 0.6
    if balance == "weights":
        same = dense_net(outputs=2)
        fit(same, images, labels, epochs=2, loss=CrossEntropy.balanced(labels, 2), lr=0.01)
        np.testing.assert_array_equal(net.parameter_vector, same.parameter_vector)


def test_on_epoch_can_stop():
    history = fit(dense_net(), IMAGES, LABELS, epochs=9, on_epoch=lambda epoch: epoch.epoch == 3)
    assert len(history) == 3 and history.outcome == "stopped by on_epoch"


@pytest.mark.parametrize(("count", "batch_size"), [(33, 32), (1, 64), (5, 1), (7, 64), (64, 64)])
def test_any_number_of_images_and_batch_size(count, batch_size):
    net = fp.Network((1, 8, 8), [fp.Flatten(), fp.Linear(1)])
    history = fit(net, IMAGES[:count], LABELS[:count] * 1.0, epochs=2, batch_size=batch_size)
    assert np.isfinite(net.parameter_vector).all() and len(history) == 2


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
    with pytest.raises(fp.DivergedError, match=r"lower learning rate, such as lr=5\.0; a warm-up"):
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
