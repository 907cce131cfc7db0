"""The number of threads: what is taken, what is refused, in which words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fencepost as fp
from fencepost._engine import MOST_THREADS
from fencepost.cli.shared.options import THREADS
from fencepost.threads import as_threads


@pytest.fixture(autouse=True)
def _as_before():
    before = fp.get_num_threads()
    yield
    fp.set_num_threads(before)


@pytest.mark.parametrize("n", [1, 3, MOST_THREADS, np.int8(2), np.uint64(2), np.array(2)])
def test_integers_are_taken(n):
    fp.set_num_threads(n)
    assert fp.get_num_threads() == int(n)


@pytest.mark.parametrize(
    ("n", "message"),
    [
        (0, "n must be an integer, at least 1. Received: n=0."),
        (-1, "n must be an integer, at least 1. Received: n=-1."),
        (2.0, "n must be an integer, at least 1. Received: n=2.0."),
        (float("nan"), "n must be an integer, at least 1. Received: n=nan."),
        (True, "n must be an integer, at least 1. Received: n=True."),
        ("2", "n must be an integer, at least 1. Received: n='2'."),
        (None, "n must be an integer, at least 1. Received: n=None."),
        (10**9, "n must be an integer, at most 1,024. Received: n=1000000000."),
        (10**30, f"n must be an integer, at most 1,024. Received: n={10**30}."),
    ],
)
def test_others_are_refused_and_nothing_changes(n, message):
    before = fp.get_num_threads()
    with pytest.raises(fp.ArgumentError) as caught:
        fp.set_num_threads(n)
    assert str(caught.value) == message
    assert fp.get_num_threads() == before


def test_commands_have_the_same_limit():
    assert THREADS.max == MOST_THREADS


def test_an_argument_is_called_by_its_own_name():
    with pytest.raises(fp.ArgumentError, match=r"^threads must be an integer, at most 1,024"):
        as_threads("threads", 10**9)


def test_a_training_checks_its_threads_alike():
    net = fp.Network((1, 4, 4), [fp.Flatten(), fp.Linear(2)])
    images, labels = np.zeros((4, 1, 4, 4), np.uint8), [0, 1, 0, 1]
    for threads in (0, 2.0, 10**9):
        with pytest.raises(fp.ArgumentError, match=r"^threads must be an integer, at "):
            net.fit(images, labels, epochs=1, threads=threads)


def test_many_python_threads_get_what_one_gets():
    """On a Python without a global lock they truly meet in the engine's plans and recipes."""
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (20 + n % 3, 30, 3), np.uint8) for n in range(24)]
    batches = [rng.integers(0, 256, (1 + n % 5, 1, 28, 28), np.uint8) for n in range(24)]
    net = fp.models.lenet5(seed=1)
    kernels = ["laplace", "gaussian:sigma=2", "mean", "sobel:x"]

    def work(n: int) -> list[np.ndarray]:
        signal = images[n][..., 0].ravel().astype(float)
        return [
            *(fp.filter_image(images[n], kernels[(n + k) % 4]) for k in range(4)),
            fp.convolve(signal, np.arange(1.0, 12 + n % 2)),
            net.predict_proba(batches[n]),
            fp.models.lenet5(seed=n % 2).predict_proba(batches[n]),
        ]

    alone = [work(n) for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(work, [*range(24)] * 3))
    for one, other in zip(alone * 3, together, strict=True):
        assert all(map(np.array_equal, one, other))
