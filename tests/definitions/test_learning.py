"""Losses and optimizers by definition against PyTorch, all in float64."""

from __future__ import annotations

import numpy as np
import pytest

from definitions.closeness import CLOSE, tensor
from fencepost import definitions as d


def test_softmax_against_pytorch(torch, random):
    scores = random.normal(0, 30, size=(6, 5))
    expected = torch.softmax(tensor(torch, scores), -1).numpy()
    np.testing.assert_allclose(d.softmax(scores), expected, **CLOSE)
    np.testing.assert_allclose(d.softmax(scores + 1e4), expected, rtol=1e-9)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_against_pytorch(torch, random, smoothing, weighted):
    scores, targets = random.normal(0, 5, size=(9, 4)), random.integers(0, 4, 9)
    weights = random.uniform(0.1, 3, 4) if weighted else None
    expected = torch.nn.functional.cross_entropy(
        tensor(torch, scores),
        torch.from_numpy(targets),
        tensor(torch, weights) if weighted else None,
        label_smoothing=smoothing,
    )
    loss = d.cross_entropy(scores, targets, label_smoothing=smoothing, class_weights=weights)
    assert loss == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_sample_weights_against_pytorch(torch, random, smoothing, weighted):
    scores, targets = random.normal(0, 5, size=(9, 4)), random.integers(0, 4, 9)
    classes = random.uniform(0.1, 3, 4) if weighted else None
    own = random.uniform(0, 3, 9)
    losses = torch.nn.functional.cross_entropy(
        tensor(torch, scores),
        torch.from_numpy(targets),
        None if classes is None else tensor(torch, classes),
        label_smoothing=smoothing,
        reduction="none",
    )
    divisor = own if classes is None else own * classes[targets]
    expected = float((losses.numpy() * own).sum() / divisor.sum())
    options = {"label_smoothing": smoothing, "class_weights": classes}
    loss = d.cross_entropy(scores, targets, sample_weight=own, **options)
    assert loss == pytest.approx(expected, rel=1e-12)
    values = random.normal(size=(9, 4))
    squares = torch.nn.functional.mse_loss(
        tensor(torch, scores),
        tensor(torch, values),
        weight=tensor(torch, own[:, None].repeat(4, 1)),
    )
    found = d.mean_squared_error(scores, values, sample_weight=own)
    assert found == pytest.approx(float(squares), rel=1e-12)


@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_clipping_against_pytorch(torch, random, max_norm):
    gradient = random.normal(size=7)
    theirs = torch.nn.Parameter(tensor(torch, gradient))
    theirs.grad = tensor(torch, gradient)
    torch.nn.utils.clip_grad_norm_([theirs], max_norm)
    np.testing.assert_allclose(d.clip_by_norm(gradient, max_norm), theirs.grad.numpy(), **CLOSE)


def test_averages_against_pytorch(torch, random):
    theirs = torch.nn.Linear(3, 2, bias=False).double()
    averaged = torch.optim.swa_utils.AveragedModel(
        theirs, avg_fn=torch.optim.swa_utils.get_ema_avg_fn(0.15)
    )
    average = values = random.normal(size=(2, 3))
    for step in range(5):  # (1 + step) / (10 + step) is more than 0.15 from step 1 on
        theirs.weight.data = tensor(torch, values)
        averaged.update_parameters(theirs)  # which copies at first
        average = d.average_step(average, values, decay=0.15, step=step)
        np.testing.assert_allclose(average, averaged.module.weight.detach().numpy(), **CLOSE)
        values = random.normal(size=(2, 3))


def test_a_young_average_forgets(random):
    start, values = random.normal(size=(2, 5))
    np.testing.assert_allclose(
        d.average_step(start, values, decay=0.99, step=1), (2 * start + 9 * values) / 11
    )


def test_mean_squared_error_against_pytorch(torch, random):
    values, targets = random.normal(size=(5, 3)), random.normal(size=(5, 3))
    expected = torch.nn.functional.mse_loss(tensor(torch, values), tensor(torch, targets))
    assert d.mean_squared_error(values, targets) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("decay", [0.0, 0.03])
@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_sgd_against_pytorch(torch, random, decay, momentum, nesterov):
    options = {"momentum": momentum, "nesterov": nesterov, "weight_decay": decay}
    parameter, velocity = random.normal(size=7), np.zeros(7)
    theirs = torch.nn.Parameter(tensor(torch, parameter))
    optimizer = torch.optim.SGD([theirs], lr=1.0, **options)
    for rate in (0.1, 0.05, 0.2, 0.01):  # schedules change the rate between steps
        gradient = random.normal(size=7)
        theirs.grad = tensor(torch, gradient)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        parameter, velocity = d.sgd_step(parameter, gradient, velocity, rate=rate, **options)
        np.testing.assert_allclose(parameter, theirs.detach().numpy(), **CLOSE)


@pytest.mark.parametrize("decay", [0.0, 0.03])
@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_adam_against_pytorch(torch, random, name, decay):
    options = {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": decay}
    step_by_definition = {"Adam": d.adam_step, "AdamW": d.adamw_step}[name]
    parameter, mean, square = random.normal(size=7), np.zeros(7), np.zeros(7)
    theirs = torch.nn.Parameter(tensor(torch, parameter))
    optimizer = getattr(torch.optim, name)([theirs], lr=1.0, **options)
    for step, rate in enumerate((0.1, 0.05, 0.2, 0.01), 1):
        gradient = random.normal(size=7)
        theirs.grad = tensor(torch, gradient)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        parameter, mean, square = step_by_definition(
            parameter, gradient, mean, square, step=step, rate=rate, **options
        )
        np.testing.assert_allclose(parameter, theirs.detach().numpy(), **CLOSE)


def test_defaults_are_pytorchs(torch, random):
    x, scores = random.normal(size=(4, 3)), random.normal(size=5)
    ours = d.batch_norm_training(x)
    np.testing.assert_allclose(
        ours, torch.nn.BatchNorm1d(3).double()(tensor(torch, x)).detach().numpy(), **CLOSE
    )
    for name, step_by_definition in (("Adam", d.adam_step), ("AdamW", d.adamw_step)):
        theirs = torch.nn.Parameter(tensor(torch, scores))
        theirs.grad = tensor(torch, scores**2)
        getattr(torch.optim, name)([theirs]).step()
        parameter, _, _ = step_by_definition(
            scores, scores**2, np.zeros(5), np.zeros(5), step=1, rate=1e-3
        )
        np.testing.assert_allclose(parameter, theirs.detach().numpy(), **CLOSE)
