"""Arguments of PyTorch's layers in the text of layers: the same sizes and values, or a refusal."""

import itertools

import numpy as np
import pytest

import fencepost as fp
from fencepost.planning import parse_layers


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        ("MaxPool2d(3, 2, ceil_mode=True)", fp.MaxPool2d(3, 2, remainder="pad")),
        ("MaxPool2d(3, 2, 1, 1, False, True)", fp.MaxPool2d(3, 2, 1, remainder="pad")),
        ("MaxPool1d(2, ceil_mode=False)", fp.MaxPool1d(2, remainder="crop")),
        ("AvgPool2d(3, 2, 0, True)", fp.AvgPool2d(3, 2, 0, "pad", count_include_pad=False)),
        (
            "AvgPool2d(3, 2, padding=1, ceil_mode=True, count_include_pad=False)",
            fp.AvgPool2d(3, 2, 1, "pad", count_include_pad=False),
        ),
        ("Conv2d(6, 3, padding='valid')", fp.Conv2d(6, 3)),
        ("Conv1d(6, 3, padding='valid', stride=1)", fp.Conv1d(6, 3)),
        ("Flatten(1)", fp.Flatten()),
        ("Flatten(start_dim=1, end_dim=-1)", fp.Flatten()),
        ("ReLU(inplace=True)", fp.ReLU()),
        ("LeakyReLU(0.2, True)", fp.LeakyReLU(0.2)),
        ("Softmax(dim=1)", fp.Softmax()),
    ],
)
def test_what_ours_does_too(text, layer):
    assert parse_layers(text) == [layer]


@pytest.mark.parametrize(
    ("text", "words", "column"),
    [
        ("Flatten(0)", "would flatten the batch", 9),
        ("Flatten(start_dim=0)", "write Flatten, which flattens each input", 9),
        ("Flatten(1, 2)", "end_dim must be -1", 12),
        ("MaxPool2d(2, dilation=2)", "dilation must be 1", 14),
        ("MaxPool2d(2, return_indices=True)", "return_indices must be False", 14),
        ("MaxPool2d(2, ceil_mode=1)", "ceil_mode must be True or False", 14),
        ("MaxPool2d(2, ceil_mode=True, remainder='pad')", "say the same twice", 14),
        ("AvgPool2d(3, 2, 1, True)", "With count_include_pad=False neither count", 20),
        ("Softmax(0)", "dim must be 1", 9),
        ("ReLU(x=1)", "is not an argument", 6),
    ],
)
def test_what_ours_does_not_is_pointed_at(text, words, column):
    with pytest.raises(fp.ArgumentError) as caught:
        parse_layers(text)
    assert words in str(caught.value) and str(caught.value).endswith(f"^ column {column}")


@pytest.mark.parametrize("name", ["MaxPool2d", "AvgPool2d"])
def test_pools_make_what_pytorch_makes(name):
    torch = pytest.importorskip("torch")
    rng, compared = np.random.default_rng(3), 0
    for size, kernel, stride, padding, ceil in itertools.product(
        (5, 8), (2, 3), (1, 2, 3), (0, 1), (False, True)
    ):
        text = f"{name}({kernel}, {stride}, {padding}, ceil_mode={ceil}"
        more = {}
        if name == "AvgPool2d" and padding and ceil:
            more = {"count_include_pad": False}
            text += ", count_include_pad=False"
        images = rng.standard_normal((2, 3, size, size)).astype(np.float32)
        layer = getattr(torch.nn, name)(kernel, stride, padding, ceil_mode=ceil, **more)
        expected = layer(torch.from_numpy(images)).numpy()
        if not fp.plan((3, size, size), text + ")").ok:
            continue  # a window in nothing but padding is refused here
        network = fp.Network((3, size, size), parse_layers(text + ")"))
        np.testing.assert_allclose(network(images), expected, atol=1e-6)
        compared += 1
    assert compared > 30
