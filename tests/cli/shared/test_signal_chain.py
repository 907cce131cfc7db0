"""A signal that is convolved piece by piece comes out as it does at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fencepost.cli.shared import signal_chain
from fencepost.cli.shared.signal_chain import Chain
from fencepost.kernels import Kernel

kernels = st.lists(st.integers(-9, 9), min_size=1, max_size=9).flatmap(
    lambda weights: st.integers(0, len(weights) - 1).map(
        lambda origin: Kernel(np.array(weights, float), origin=(origin,))
    )
)


@settings(max_examples=200)
@given(
    chain=st.lists(kernels, min_size=1, max_size=3),
    samples=st.integers(1, 700),
    channels=st.integers(1, 3),
    boundary=st.sampled_from(["reflect", "mirror", "nearest", "wrap", "zero", "none", 7.5]),
    full=st.booleans(),
)
def test_pieces_are_the_whole(chain, samples, channels, boundary, full):
    steps = Chain(tuple(chain), boundary, full, 0.5)
    signal = np.random.default_rng(samples).integers(-99, 99, (samples, channels)).astype(float)
    if steps.length(samples) < 1:
        return
    whole = np.stack([steps.apply(signal[:, k].copy()) for k in range(channels)], axis=1)
    assert len(whole) == steps.length(samples)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signal_chain, "_PIECE", 50)
        read = []

        def reader(start, stop):
            assert 0 <= start <= stop <= samples
            read.append(stop - start)
            return signal[start:stop]

        pieces = list(steps.pieces(reader, samples, channels))
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
