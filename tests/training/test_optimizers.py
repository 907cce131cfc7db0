"""Optimizers: their settings, and their steps in the engine against PyTorch's."""

import numpy as np
import pytest

import fencepost as fp
from fencepost.training import SGD, Adam, AdamW, CrossEntropy
from fencepost.training.optimizers import as_optimizer

CASES = [
    SGD(momentum=0.0, nesterov=False),
    SGD(momentum=0.0, nesterov=False, weight_decay=0.1),
    SGD(nesterov=False),
    SGD(momentum=0.8, weight_decay=0.05),
    SGD(),
    Adam(),
    Adam(betas=(0.7, 0.9), eps=1e-3, weight_decay=0.1),
    AdamW(),
    AdamW(betas=(0.7, 0.9), eps=1e-3, weight_decay=0.5),
]


@pytest.mark.parametrize("optimizer", CASES, ids=repr)
def test_steps_are_pytorchs(optimizer):
    """Ten steps of a linear classifier, at a rate that changes."""
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(3)
    images = random.normal(size=(40, 1, 3, 5)).astype(np.float32)
    labels = random.integers(0, 4, 40)
    order = np.concatenate([random.permutation(40), random.permutation(40)])
    rates = np.linspace(0.02, 0.001, 10).astype(np.float32)

    net = fp.Network((1, 3, 5), [fp.Flatten(), fp.Linear(4)])
    weight, bias = (
        torch.tensor(net.parameters[f"1.{name}"].copy(), requires_grad=True)
        for name in ("weight", "bias")
    )
    settings = {"weight_decay": optimizer.weight_decay}
    if isinstance(optimizer, SGD):
        settings |= {"momentum": optimizer.momentum, "nesterov": optimizer.nesterov}
    else:
        settings |= {"betas": optimizer.betas, "eps": optimizer.eps}
    theirs = getattr(torch.optim, type(optimizer).__name__)([weight, bias], lr=1.0, **settings)
    for step, rate in enumerate(rates):
        theirs.param_groups[0]["lr"] = float(rate)
        batch = order[8 * step : 8 * step + 8]
        outputs = torch.tensor(images[batch].reshape(8, -1)) @ weight.T + bias
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(outputs, torch.tensor(labels[batch])).backward()
        theirs.step()

    trainer = fp._engine.Trainer(
        net.engine_plan, 8, CrossEntropy().engine(), optimizer.engine(), None, 0, 1
    )
    slots = np.zeros((trainer.slots, net.parameter_vector.size), np.float32)
    # In two calls, as `fit` makes them: the second goes on where the first ended.
    for steps in (slice(0, 3), slice(3, 10)):
        trainer.run(
            net.parameter_vector,
            net.state_vector,
            slots,
            images,
            *net.engine_normalization,
            labels,
            order[8 * steps.start : 8 * steps.stop],
            rates[steps],
            steps.start,
        )
    np.testing.assert_allclose(net.parameters["1.weight"], weight.detach(), rtol=1e-4, atol=2e-6)
    np.testing.assert_allclose(net.parameters["1.bias"], bias.detach(), rtol=1e-4, atol=2e-6)


def test_what_the_engine_is_told():
    assert SGD(weight_decay=0.1).engine() == {
        "name": "sgd",
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 0.1,
    }
    assert AdamW().engine() == {
        "name": "adamw",
        "betas": (0.9, 0.999),
        "eps": 1e-8,
        "weight_decay": 0.01,
    }


def test_names_and_rates():
    assert as_optimizer(None) == Adam()
    assert as_optimizer("sgd", lr=0.3) == SGD(lr=0.3)
    assert as_optimizer(AdamW(eps=1e-6), lr=0.5) == AdamW(lr=0.5, eps=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(lr=0), r"lr must be a finite number, more than 0. Received: lr=0"),
        (lambda: SGD(lr="fast"), r"lr must be a finite number, more than 0. Received: lr='fast'"),
        (
            lambda: SGD(lr=float("inf")),
            r"lr must be a finite number, more than 0. Received: lr=inf",
        ),
        (
            lambda: SGD(momentum=1),
            r"momentum must be a number, at least 0 and less than 1. Received: momentum=1",
        ),
        (lambda: SGD(momentum=0), r"nesterov=True needs a momentum above 0. .* nesterov=False"),
        (lambda: SGD(nesterov=1), r"nesterov must be True or False. Received: nesterov=1"),
        (
            lambda: SGD(weight_decay=-1),
            r"weight_decay must be a finite number, at least 0. Received: weight_decay=-1",
        ),
        (lambda: Adam(betas=0.9), r"betas must be two numbers, such as \(0.9, 0.999\)"),
        (
            lambda: Adam(betas=(0.9, 1.0)),
            r"betas\[1\] must be a number, at least 0 and less than 1",
        ),
        (lambda: AdamW(eps=0), r"eps must be a finite number, more than 0. Received: eps=0"),
        (lambda: as_optimizer("adm"), r'optimizer must be one of .* Did you mean "adam"'),
        (lambda: as_optimizer(3), r"optimizer must be SGD\(...\).* Received: 3"),
        (
            lambda: as_optimizer("sgd", lr=-1.0),
            r"lr must be a finite number, more than 0. Received: lr=-1.0",
        ),
        (
            lambda: AdamW(lr=0.003, weight_decay=400),
            r"^lr times weight_decay must be less than 1: each step multiplies .* "
            r"Received: lr=0\.003, weight_decay=400\.0\. Usual are",
        ),
        (lambda: SGD(lr=2, weight_decay=0.5), r"lr times weight_decay must be less than 1"),
    ],
)
def test_errors(make, message):
    with pytest.raises(fp.ArgumentError, match=message):
        make()


def test_settings_without_names_are_in_the_order_of_the_docs():
    assert SGD(0.1, 0.8, False, 0.01) == SGD(
        lr=0.1, momentum=0.8, nesterov=False, weight_decay=0.01
    )
    for kind in (Adam, AdamW):
        assert kind(0.1, (0.8, 0.9), 1e-6, 0.02) == kind(
            lr=0.1, betas=(0.8, 0.9), eps=1e-6, weight_decay=0.02
        )
