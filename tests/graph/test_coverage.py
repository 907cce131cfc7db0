"""Which elements windows cover: counted one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fencepost.graph.coverage import coverage
from fencepost.sizing import Window


@given(st.integers(1, 9), st.integers(1, 6), st.integers(1, 6))
def test_elements_that_are_covered_are_counted(kernel, stride, dilation):
    window = Window(400, kernel, stride, dilation)
    met = {o * stride + t * dilation for o in range(window.output) for t in range(kernel)}
    middle = range(100, 100 + 10 * stride)  # far from the edges
    part, whole = coverage(window)
    assert len(met & set(middle)) * whole == part * len(middle)
