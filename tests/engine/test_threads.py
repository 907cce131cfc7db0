"""The pool of threads: several callers at once, forks, limits and errors; none changes a result.

`make sanitize SANITIZER=thread` runs this file under ThreadSanitizer, with the tests beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import fencepost as fp
from forked import child

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.normal(size=(90, 110)).astype(np.float32)
PIXELS = RANDOM.integers(0, 256, (70, 80, 3)).astype(np.uint8)
SIGNAL = RANDOM.normal(size=20_000)
BATCH = RANDOM.integers(0, 256, (40, 1, 12, 12)).astype(np.uint8)
LABELS = np.arange(40) % 3


def network():
    return fp.Network(
        (1, 12, 12),
        [fp.Conv2d(4, 3), fp.BatchNorm2d(), fp.ReLU(), fp.MaxPool2d(2), fp.Flatten(), fp.Linear(3)],
        seed=1,
    )


SHARED = network()
# Its layers take 1 to 4 µs, which those threads share that happen to be awake.
SMALL = fp.Network(
    (1, 28, 28),
    [fp.Conv2d(6, 5, padding=2), fp.ReLU(), fp.MaxPool2d(2), fp.Conv2d(16, 5), fp.ReLU(),
     fp.MaxPool2d(2), fp.Flatten(), fp.Linear(120), fp.ReLU(), fp.Linear(10)],
    seed=1,
)  # fmt: skip
# Its layers take 4 µs and more, which all threads share; those that are awake do it side by side.
LARGE = fp.Network(
    (1, 28, 28),
    [fp.Conv2d(32, 5, padding=2), fp.BatchNorm2d(), fp.ReLU(),
     fp.Conv2d(32, 3, padding=1, groups=32), fp.Conv2d(64, 1), fp.ReLU(), fp.MaxPool2d(2),
     fp.Conv2d(64, 3, padding=1), fp.ReLU(), fp.GlobalAvgPool(), fp.Linear(10)],
    seed=1,
)  # fmt: skip
DIGITS = RANDOM.integers(0, 256, (8, 1, 28, 28)).astype(np.uint8)


def in_a_loop(network=SMALL, times=100):
    for _ in range(times):  # until threads that sleep are awake
        for digit in DIGITS:
            network(digit[None])
    return np.concatenate([network(digit[None]) for digit in DIGITS])


def trained():
    net = network()
    fp.training.fit(
        net, BATCH, LABELS, epochs=2, batch_size=16, threads=2, seed=2, progress=False,
        augmentation="shift=1,rotate=5,noise=3",
    )  # fmt: skip
    return net.parameter_vector


CALLS = {
    "direct": lambda: fp.convolve(IMAGE, IMAGE[:9, :9], method="direct"),
    "tiles": lambda: fp.convolve(IMAGE, IMAGE[:31, :31], method="fft"),
    "whole": lambda: fp.convolve(IMAGE, IMAGE[:80, :80], method="fft"),
    "separable": lambda: fp.filter_image(PIXELS, fp.kernels.gaussian(2)),
    "box": lambda: fp.filter_image(PIXELS, fp.kernels.mean(15)),
    "signals": lambda: fp.convolve(SIGNAL, SIGNAL[:400]),
    "pooling": lambda: fp.max_pool(IMAGE, 3, stride=1),
    "prediction": lambda: SHARED(BATCH),
    "one image": lambda: SHARED(BATCH[:1]),
    "one image after the other": in_a_loop,
    "one large image after the other": lambda: in_a_loop(LARGE, 20),
    "training": trained,
}


def together(calls, times):
    """Run calls in a Python thread each, so many times; return their results."""
    results = [[] for _ in calls]
    errors = []
    start = threading.Barrier(len(calls))

    def run(k):
        try:
            start.wait()
            results[k].extend(calls[k]() for _ in range(times))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


@pytest.fixture(autouse=True)
def _two_threads():
    before = fp.get_num_threads()
    fp.set_num_threads(2)
    yield
    fp.set_num_threads(before)


def test_callers_at_once_get_what_each_gets_alone():
    expected = [call() for call in CALLS.values()]
    for same, results in zip(expected, together(list(CALLS.values()), 4), strict=True):
        for result in results:
            np.testing.assert_array_equal(result, same)


@pytest.mark.parametrize("name", CALLS)
def test_two_callers_of_the_same(name):
    expected = CALLS[name]()
    for results in together([CALLS[name]] * 2, 3):
        for result in results:
            np.testing.assert_array_equal(result, expected)


def test_the_number_of_threads_changes_meanwhile():
    names = [name for name in CALLS if name != "training"]  # which follows from it, and says so
    expected = [CALLS[name]() for name in names]
    done = threading.Event()

    def change():
        n = 0
        while not done.is_set():
            n = n % 4 + 1
            fp.set_num_threads(n)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        found = together([CALLS[name] for name in names], 3)
    finally:
        done.set()
        changing.join()
    for same, results in zip(expected, found, strict=True):
        for result in results:
            # Tiles of an FFT are as large as suits so many threads.
            np.testing.assert_allclose(result, same, rtol=0, atol=1e-6 * abs(same).max())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
@pytest.mark.parametrize("name", CALLS)
def test_threads_that_share_a_core(name):
    # The caller does what its threads have not begun; what comes out depends on the parts only.
    expected = CALLS[name]()
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        for _ in range(3):
            np.testing.assert_array_equal(CALLS[name](), expected)
    finally:
        os.sched_setaffinity(0, before)


def test_results_are_freed_by_other_threads():
    def make():
        return [fp.convolve(IMAGE, IMAGE[:3, :3]) for _ in range(20)]

    made = [result for results in together([make, make], 1) for result in results[0]]
    expected = fp.convolve(IMAGE, IMAGE[:3, :3])
    freeing = threading.Thread(target=made[::2].clear)
    freeing.start()
    freeing.join()
    for result in made:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("network", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("pause", [0, 1e-5, 1e-4, 1e-3])
def test_an_image_is_the_same_whether_threads_are_awake_or_asleep(network, pause):
    # 20 µs after a call they still wait for the next, then they sleep.
    fp.set_num_threads(1)
    expected = [network(digit[None]) for digit in DIGITS]
    fp.set_num_threads(2)
    for k in range(2_000 if pause < 1e-3 else 100):
        np.testing.assert_array_equal(network(DIGITS[k % 8][None]), expected[k % 8])
        until = time.perf_counter() + pause * (k % 3)
        while time.perf_counter() < until:
            pass


@pytest.mark.parametrize("threads", [2, 3, 40])
def test_small_images_side_by_side_with_shared_batches(threads):
    fp.set_num_threads(1)
    alone = in_a_loop()
    fp.set_num_threads(threads)
    expected = alone, CALLS["prediction"](), CALLS["direct"]()

    def in_turns():
        return [(in_a_loop(), CALLS["prediction"](), CALLS["direct"]()) for _ in range(3)]

    for results in together([in_turns, in_turns, in_a_loop], 1)[:2]:
        for result in results[0]:
            for found, same in zip(result, expected, strict=True):
                np.testing.assert_array_equal(found, same)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(
    "name", ["tiles", "one image after the other", "one large image after the other"]
)
def test_a_forked_child_computes(name):
    expected = CALLS[name]()  # the parent's pool has threads, the child's has none
    assert child(lambda: np.testing.assert_array_equal(CALLS[name](), expected)) == 0


LIMITED = """
import resource
import numpy as np
import fencepost as fp
f = np.ones((64, 64), np.float32)
expected = fp.convolve(f, f[:9, :9], method="direct", mode="valid")
mapped = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (mapped + (4 << 20),) * 2)  # no room for a stack of 8 MB
fp.set_num_threads(8)
for _ in range(3):
    assert (fp.convolve(f, f[:9, :9], method="direct", mode="valid") == expected).all()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of Linux")
def test_where_the_system_gives_no_threads_one_does_all():
    environment = {**os.environ, "FENCEPOST_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", LIMITED], check=True, env=environment)
