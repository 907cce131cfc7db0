"""Arguments in PyTorch's order: refused where they would silently be others here."""

import pytest

import fencepost as fp
from fencepost.layers.base import arguments_of
from fencepost.layers.pytorch_order import pytorch_order


def order(layer, *values, **named):
    return pytorch_order(layer, arguments_of(getattr(fp, layer)), values, named)


@pytest.mark.parametrize(
    ("layer", "values", "named", "theirs", "ours"),
    [
        ("Conv2d", (3, 16, 3), {}, "Conv2d(16, 3)", "Conv2d(3, 16, stride=3)"),
        ("Conv1d", (1, 8, 5), {}, "Conv1d(8, 5)", "Conv1d(1, 8, stride=5)"),
        ("ConvTranspose1d", (8, 4, 2), {}, "ConvTranspose1d(4, 2)", "ConvTranspose1d(8, 4, stride"),
        (
            "ConvTranspose2d", (16, 8, 2, 2), {},
            "ConvTranspose2d(8, 2, stride=2)", "ConvTranspose2d(16, 8, stride=2, padding=2)",
        ),
        ("Conv2d", (3, 16, (3, 5)), {"padding": "same"}, 'Conv2d(16, (3, 5), padding="same")', "="),
        ("BatchNorm1d", (64,), {}, "write BatchNorm1d().", "BatchNorm1d(eps=64)"),
        ("BatchNorm2d", (64, 1e-3), {}, "BatchNorm2d(eps=0.001)", "BatchNorm2d(eps=64, momentum="),
        ("GroupNorm", (8, 64), {}, "GroupNorm(8)", "GroupNorm(8, eps=64)"),
        ("LayerNorm", (64,), {}, "write LayerNorm().", "LayerNorm(eps=64)"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_written_in_both(layer, values, named, theirs, ours):
    text = order(layer, *values, **named)
    first, second = text.split("In the order of fencepost")
    assert "can be read in two ways" in first and theirs in first
    assert ours in second


@pytest.mark.parametrize(
    ("layer", "values", "named", "written"),
    [
        ("Linear", (784, 10), {}, "Linear(10)"),
        ("Linear", (784, 10, False), {}, "Linear(10, bias=False)"),
        ("Linear", (784,), {"out_features": 10}, "Linear(10)"),
        ("Conv2d", (3, 16), {"kernel_size": 3}, "Conv2d(16, 3)"),
        ("Conv2d", (3, 16, 3), {"stride": 2}, "Conv2d(16, 3, stride=2)"),
        ("Conv2d", (3, 16, 3, 1, 1, 1, 1, False), {}, "groups=1, bias=False)"),
        ("LayerNorm", ([64, 8, 8],), {}, "write LayerNorm()"),
    ],
)
def test_what_is_only_pytorchs_is_written_as_it_is_here(layer, values, named, written):
    text = order(layer, *values, **named)
    assert "is in PyTorch's order" in text and text.endswith(written)


@pytest.mark.parametrize(
    ("layer", "values", "named"),
    [
        ("Conv2d", (16, 3), {}),
        ("Conv2d", (16, 3), {"stride": 2}),
        ("Conv2d", (8, (3, 11), 2), {}),  # no number of channels is a pair
        ("Conv2d", (2, 3, 2), {"remainder": "crop"}),  # which PyTorch does not have
        ("Conv2d", (), {"out_channels": 3, "kernel_size": 16}),
        ("Linear", (10,), {}),
        ("Linear", (10, False), {}),
        ("BatchNorm2d", (1e-3,), {}),
        ("BatchNorm2d", (), {"eps": 64}),
        ("GroupNorm", (8,), {}),
        ("GroupNorm", (8, 1e-6), {}),
        ("LayerNorm", (1e-6, False), {}),
        ("MaxPool2d", (3, 2, 1), {}),
    ],
)
def test_what_is_only_ours_is_taken(layer, values, named):
    assert order(layer, *values, **named) == ""
    assert getattr(fp, layer)(*values, **named)
