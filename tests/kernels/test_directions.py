"""The compass kernels: the largest response gives the direction."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from kernels.samples import response


def flat(x, y):
    return 7.0


@pytest.mark.parametrize("name", ["kirsch", "robinson", "prewitt_compass"])
def test_a_compass_responses_most_to_its_own_direction(name):
    found = fp.kernels.compass(name)
    assert len(found) == 8
    for k, label in enumerate(found.labels):
        angle = k * np.pi / 4

        def rising(x, y, angle=angle):
            return x * np.cos(angle) - y * np.sin(angle)

        responses = [response(kernel, rising) for kernel in found]
        assert int(np.argmax(responses)) == k
        assert response(found[label], flat) == pytest.approx(0)
        assert found[label] == found["E"].rotated(45 * k)
        turned = found.direction([np.array([response]) for response in responses])[0]
        assert np.cos(turned + angle) == pytest.approx(1)
    assert fp.kernels.compass("robinson")["E"] == fp.kernels.sobel("x")
    assert fp.kernels.compass("robinson", levels=3)["S"] == fp.kernels.prewitt("y")
