"""Kernels that are proposed instead of others: which weights meet the input, and what is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check.rules.rule_findings import findings, image, only
from fencepost.check.rules.kernels import used_elements
from fencepost.sizing import Window


@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.integers(0, 9)
)
def test_weights_that_meet_the_input_are_counted(size, kernel, stride, dilation, padding):
    window = Window(size, kernel, stride, dilation, padding, padding)
    positions = range(window.output)
    met = [
        any(0 <= o * stride - padding + t * dilation < size for o in positions)
        for t in range(kernel)
    ]
    if window.span >= 0:
        assert used_elements(window) == sum(met)


@given(st.integers(2, 9), st.integers(2, 4), st.integers(0, 4), st.integers(0, 1))
def test_the_kernel_that_writes_evenly_makes_the_same_size(kernel, stride, padding, rest):
    torch = pytest.importorskip("torch")
    size = 6
    if kernel % stride == 0 or rest >= stride or (size - 1) * stride + kernel + rest <= 2 * padding:
        return
    graph = image(size, size)
    graph.transposed(graph.input, 4, kernel, stride, padding, rest)
    repair = only(graph, "FP208").repair
    if repair:
        typed = repair.partition("unevenness: ")[2].partition(" (→")[0]
        layer = eval(f"torch.nn.ConvTranspose2d(3, 4, stride={stride}, {typed})", {"torch": torch})
        made = layer.to("meta")(torch.zeros(1, 3, size, size, device="meta")).shape
        assert tuple(made) == graph.shape(graph.model().outputs[0])
        assert layer.kernel_size[0] % stride == 0


def test_kernels_of_each_axis_are_proposed_by_themselves():
    graph = image(30, 12)
    graph.conv(graph.input, 4, (3, 1), stride=(4, 2))
    assert only(graph, "FP204").repair == (
        "Every element is used with kernel_size=(4, 2) (→ 7 × 6) or an average pool of (4, 2) "
        "before it and stride=1 (→ 5 × 6)."
    )
    graph = image(1, 1)
    graph.conv(graph.input, 4, 5, padding=3)  # 3 × 3 comes out, of a kernel of 1 only 1 × 1
    assert findings(graph, "FP210")[0].repair == ""
