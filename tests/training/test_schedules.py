"""Learning rates: against their formulas, and against PyTorch's schedulers where these exist."""

import itertools
import math

import numpy as np
import pytest

import fencepost as fp
from fencepost.training import Constant, Cosine, OneCycle, Step
from fencepost.training.schedules import as_schedule

TOTAL = 200
LR = 0.3
ALL = [
    Constant(),
    Constant(warmup=0.1),
    Step(),
    Step(milestones=(0.2, 0.6, 0.9), factor=0.3, warmup=0.05),
    Cosine(),
    Cosine(final=0.1, warmup=0.2),
    OneCycle(),
    OneCycle(warmup=0.1, div=10, final_div=100),
]


def rates_of(schedule, total=TOTAL):
    return schedule.rates(LR, range(total), total)


def torch_rates(make, total=TOTAL):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    rates = []
    for _ in range(total):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(rates)


@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_any_cut_into_slices_gives_the_same_rates(schedule):
    every_rate = rates_of(schedule)
    assert every_rate.dtype == np.float32 and every_rate.shape == (TOTAL,)
    cuts = [0, 1, 7, 64, 65, 199, TOTAL]
    parts = [schedule.rates(LR, range(*cut), TOTAL) for cut in itertools.pairwise(cuts)]
    np.testing.assert_array_equal(np.concatenate(parts), every_rate)


@pytest.mark.parametrize("schedule", ALL, ids=repr)
@pytest.mark.parametrize("total", [1, 2, 3, 5])
def test_the_shortest_runs_have_sensible_rates(schedule, total):
    rates = schedule.rates(LR, range(total), total)
    assert np.isfinite(rates).all() and (rates > 0).all() and (rates <= np.float32(LR)).all()


def test_formulas():
    k = np.arange(TOTAL)
    np.testing.assert_array_equal(rates_of(Constant()), np.float32(LR))
    np.testing.assert_allclose(
        rates_of(Cosine(final=0.1)), LR * (0.1 + 0.9 * (1 + np.cos(np.pi * k / TOTAL)) / 2), 1e-6
    )
    np.testing.assert_allclose(rates_of(Constant(warmup=0.1))[:20], LR * (k[:20] + 1) / 20, 1e-6)
    np.testing.assert_allclose(rates_of(Constant(warmup=0.1))[20:], LR, 1e-6)
    steps = rates_of(Step(milestones=(0.5, 0.75), factor=0.1))
    np.testing.assert_allclose(
        steps[[0, 99, 100, 149, 150, 199]], LR * 0.1 ** k[[0, 0, 1, 1, 2, 2]]
    )
    cycle = rates_of(OneCycle(warmup=0.3, div=20, final_div=50))
    assert math.isclose(cycle[0], LR / 20, rel_tol=1e-6)
    assert math.isclose(cycle.max(), LR, rel_tol=1e-6) and cycle.argmax() == 59
    assert math.isclose(cycle[-1], LR / 1000, rel_tol=1e-6)


@pytest.mark.parametrize(
    ("schedule", "make"),
    [
        (Constant(warmup=0.1), lambda s, o: s.LinearLR(o, start_factor=1 / 20, total_iters=19)),
        (
            Step(milestones=(0.3, 0.8), factor=0.2),
            lambda s, o: s.MultiStepLR(o, milestones=[60, 160], gamma=0.2),
        ),
        (Cosine(), lambda s, o: s.CosineAnnealingLR(o, T_max=TOTAL)),
        (Cosine(final=0.1), lambda s, o: s.CosineAnnealingLR(o, T_max=TOTAL, eta_min=0.1 * LR)),
        (
            OneCycle(),
            lambda s, o: s.OneCycleLR(o, max_lr=LR, total_steps=TOTAL + 1),
        ),
        (
            Cosine(warmup=0.25),
            lambda s, o: s.SequentialLR(
                o,
                [
                    s.LinearLR(o, start_factor=1 / 50, total_iters=49),
                    s.CosineAnnealingLR(o, T_max=150),
                ],
                milestones=[50],
            ),
        ),
    ],
    ids=["warm-up", "steps", "cosine", "cosine to a tenth", "one cycle", "warm-up, then cosine"],
)
def test_pytorch_has_the_same(schedule, make):
    total = TOTAL + 1 if isinstance(schedule, OneCycle) else TOTAL
    expected = torch_rates(make, TOTAL)
    np.testing.assert_allclose(rates_of(schedule, total)[:TOTAL], expected, rtol=2e-5, atol=1e-8)


def test_names():
    assert as_schedule(None) == OneCycle()
    assert as_schedule("cosine") == Cosine()
    assert as_schedule(Step(factor=0.5)) == Step(factor=0.5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: as_schedule("cosin"), r'schedule must be one of .* Did you mean "cosine"\?'),
        (lambda: as_schedule(3), r"schedule must be Constant\(...\).* Received: 3"),
        (
            lambda: Constant(warmup=1.0),
            r"warmup must be a number, at least 0 and less than 1. Received: warmup=1.0",
        ),
        (lambda: Cosine(final="x"), r"final must be a number, at least 0 and at most 1"),
        (lambda: Step(milestones=()), r"milestones must be fractions of the run, such as"),
        (lambda: Step(milestones=(0.5, 0.4)), r"milestones must increase. Received: \(0.5, 0.4\)"),
        (
            lambda: Step(milestones=(0.5, 2)),
            r"milestones\[1\] must be a number, more than 0 and less than 1",
        ),
        (lambda: Step(factor=0), r"factor must be a number, more than 0 and at most 1"),
        (lambda: OneCycle(warmup=0), r"warmup must be a number, more than 0 and less than 1"),
        (lambda: OneCycle(div=0.5), r"div must be a finite number, at least 1. Received: div=0.5"),
    ],
)
def test_errors(make, message):
    with pytest.raises(fp.ArgumentError, match=message):
        make()
