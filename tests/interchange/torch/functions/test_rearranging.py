"""Functions that move elements: each with its sizes, and where its outputs are from."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fencepost.graph import receptive_fields  # noqa: E402
from interchange.torch.modules import last, only, read_function  # noqa: E402

F = torch.nn.functional


@pytest.mark.parametrize("axis", [2, 3, -1, -2])
@pytest.mark.parametrize(("size", "step"), [(3, 1), (3, 2), (2, 2), (2, 3), (8, 1), (1, 1)])
def test_tensor_unfold_has_the_elements_that_its_windows_span(axis, size, step):
    x = torch.arange(64.0).reshape(1, 1, 8, 8)
    found = only(lambda x: x.unfold(axis, size, step), (1, 8, 8))
    assert found.output_shape == tuple(x.unfold(axis, size, step).shape)
    assert (found.kind, found.role) == ("Unfold", "windows")
    graph = read_function(lambda x: x.unfold(axis, size, step), (1, 8, 8))
    field = receptive_fields(graph).fields(0)[axis % 4 - 2]
    elements = x.moveaxis(axis % 4, -1)[0, 0, 0]
    for output, window in enumerate(elements.unfold(0, size, step)):
        assert elements[field.elements(output)[0]] == window[0]
        assert elements[field.elements(output)[-1]] == window[-1]


def test_tensor_unfold_along_channels_is_not_followed():
    found = only(lambda x: x.unfold(1, 2, 1), (4, 8, 8))
    assert found.output_shape == (1, 3, 8, 8, 2)
    assert found.role == "unknown"


@pytest.mark.parametrize(
    ("kernel", "options", "role"),
    [
        (2, {"stride": 2}, "reshape"),
        ((2, 4), {"stride": (2, 4)}, "reshape"),
        (3, {"padding": 1}, "unknown"),
        (2, {"stride": 2, "padding": 1}, "unknown"),
        (2, {"stride": 2, "dilation": 2}, "unknown"),
        (1, {}, "reshape"),
    ],
)
def test_fold_makes_the_map_that_unfold_was_given(kernel, options, role):
    def back(x):
        return F.fold(F.unfold(x, kernel, **options), (8, 8), kernel, **options)

    found = last(back, (3, 8, 8))
    assert found.output_shape == tuple(back(torch.zeros(1, 3, 8, 8)).shape) == (1, 3, 8, 8)
    assert (found.kind, found.role) == ("Fold", role)
    if role == "reshape":  # nothing but the order of the elements changes
        x = torch.arange(192.0).reshape(1, 3, 8, 8)
        assert torch.equal(back(x), x)
