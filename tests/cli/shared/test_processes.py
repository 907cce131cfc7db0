"""Jobs shared by copies of the process: all are done, whatever becomes of a copy."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from fencepost.cli.shared.processes import copies

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux only"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def collected(count, workers, work):
    results = {}
    with copies(count, workers, work, work) as collect:
        collect(results.__setitem__)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)  # none is left
    return results


@pytest.mark.parametrize(("count", "workers"), [(0, 0), (1, 3), (100, 1), (1000, 3)])
def test_all_jobs_are_done(count, workers):
    results = collected(count, workers, lambda job: (job, "x" * job * 100))
    assert results == {job: (job, "x" * job * 100) for job in range(count)}


def test_they_are_done_by_others():
    results = collected(20, 2, lambda job: os.getpid())
    assert len(set(results.values())) == 2
    assert os.getpid() not in results.values()


def test_what_a_copy_that_is_killed_leaves_is_done_here():
    here = os.getpid()

    def work(job):
        if os.getpid() != here and job == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return job, os.getpid() == here

    results = collected(20, 2, work)
    assert set(results) == set(range(20))
    there = {job for job, (_, done_here) in results.items() if not done_here}
    assert set(range(0, 20, 2)) <= there <= {1, 3, *range(0, 20, 2)}


def test_what_is_done_when_interrupted_is_taken():
    here, results = os.getpid(), {}

    def work(job):
        assert os.getpid() != here
        signal.signal(signal.SIGINT, signal.default_int_handler)
        time.sleep(60 if job >= 4 else 0.15)  # what is done is told every 0.1 s
        return job

    def take(job, result):
        results[job] = result
        if len(results) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), copies(10, 2, work, work) as collect:
        collect(take)
    assert sorted(results) == [0, 1, 2, 3]


def test_copies_end_where_what_takes_their_results_fails():
    def take(job, result):
        raise ValueError("cannot be taken")

    with pytest.raises(ValueError, match="cannot"), copies(9, 2, time.sleep, abs) as collect:
        collect(take)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
