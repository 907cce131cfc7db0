"""Padding that keeps the size, as PyTorch has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fencepost.sizing import windows


def test_same_padding_against_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for kernel in range(1, 10):
        for dilation in range(1, 5):
            (window,) = windows(11, kernel, padding="same", dilation=dilation)
            layer = torch.nn.Conv1d(1, 1, kernel, padding="same", dilation=dilation).to("meta")
            padding = (window.before, window.after)
            assert padding == tuple(layer._reversed_padding_repeated_twice)
            assert window.output == layer(torch.zeros(1, 1, 11, device="meta")).shape[-1] == 11


@given(
    size=st.integers(1, 10**9),
    kernel=st.integers(1, 10**4),
    dilation=st.integers(1, 10**3),
)
def test_same_keeps_the_size(size, kernel, dilation):
    (window,) = windows(size, kernel, padding="same", dilation=dilation)
    assert window.output == size
    assert window.after - window.before == dilation * (kernel - 1) % 2
    assert bool(window.remark) == (window.before != window.after)
