"""Windows of PyTorch's convolutions and pools: sizes and arguments against its own layers."""

from __future__ import annotations

import itertools
import random

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fencepost.interchange.torch.trace import read_module  # noqa: E402
from interchange.torch.modules import only  # noqa: E402

F = torch.nn.functional


def random_layer(generator, axes):
    """A convolution, transposed convolution or pooling, its arguments as one would type them."""
    nn = torch.nn
    kernel = tuple(generator.randint(1, 5) for _ in range(axes))
    stride = tuple(generator.randint(1, 3) for _ in range(axes))
    padding = tuple(generator.randint(0, k // 2) for k in kernel)
    dilation = tuple(generator.randint(1, 2) for _ in range(axes))
    groups, bias = generator.choice((1, 2, 4)), generator.random() < 0.5
    family = generator.choice(("Conv", "ConvTranspose", "MaxPool", "AvgPool", "LPPool", "same"))
    if family == "same":
        return getattr(nn, f"Conv{axes}d")(
            4, 8, kernel, padding=generator.choice(("same", "valid")), dilation=dilation, bias=bias
        )
    make = getattr(nn, f"{family}{axes}d")
    if family == "Conv":
        return make(4, 8, kernel, stride, padding, dilation, groups, bias)
    if family == "ConvTranspose":
        extra = tuple(generator.randrange(item) for item in stride)
        return make(4, 8, kernel, stride, padding, extra, groups, bias, dilation)
    ceil = generator.random() < 0.3
    if family == "MaxPool":
        return make(kernel, stride, padding, dilation, ceil_mode=ceil)
    if family == "AvgPool":
        return make(kernel, stride, padding, ceil, generator.random() < 0.5)
    return make(2, kernel[0], stride[0], ceil)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_random_layers_of_windows():
    from torch.utils.flop_counter import FlopCounterMode

    generator = random.Random(21)
    kinds = set()
    for _ in range(300):
        axes = generator.choice((1, 2, 2, 3))
        with torch.device("meta"):
            layer = random_layer(generator, axes)
        shape = (4, *(generator.randint(9, 14) for _ in range(axes)))
        (one,) = read_module(torch.nn.Sequential(layer), [shape]).operations
        x = torch.zeros(1, *shape, device="meta")
        with FlopCounterMode(display=False) as counter:
            made = tuple(layer(x).shape)
        kinds.add(one.kind)
        assert (one.name, one.kind) == ("0", type(layer).__name__)
        assert one.output_shapes == (made,)
        assert one.multiply_adds == counter.get_total_flops() // 2
        assert one.parameters == sum(p.numel() for p in layer.parameters())
        if one.role == "transposed":
            assert [(w.input, w.output) for w in one.windows] == [
                *zip(made[2:], shape[1:], strict=True)
            ]
        elif layer.__dict__.get("ceil_mode"):
            outputs = zip(one.windows, made[2:], strict=True)
            assert all(0 <= size - window.output <= 1 for window, size in outputs)
            assert one.arguments["ceil_mode"] is True
        else:
            assert [(w.input, w.output) for w in one.windows] == [
                *zip(shape[1:], made[2:], strict=True)
            ]
        if one.kind.startswith("LP"):  # PyTorch's refuses a size for each axis
            continue
        # Typed as it is described, it is the same layer.
        channels = (4,) if one.parameters else ()
        with torch.device("meta"):
            again = getattr(torch.nn, one.kind)(*channels, **one.arguments)
        assert tuple(again(x).shape) == made
        if one.parameters:
            assert repr(again) == repr(layer).replace(", padding=valid", "")  # the default, 0
    assert len(kinds) == 15


def test_even_same_padding_is_written_out():
    with torch.device("meta"):
        layer = torch.nn.Conv2d(1, 2, (4, 3), padding="same")
    (one,) = read_module(torch.nn.Sequential(layer), [(1, 9, 9)]).operations
    assert [(window.before, window.after) for window in one.windows] == [(1, 2), (1, 1)]
    assert one.describe() == 'Conv2d(2, (4, 3), padding="same")'


def test_defaults_are_left_out():
    with torch.device("meta"):
        layers = [
            torch.nn.Conv2d(1, 6, 5, padding=2),
            torch.nn.MaxPool2d(3, 3),
            torch.nn.Conv2d(6, 4, 1, bias=False),
            torch.nn.ConvTranspose2d(4, 4, 2, 2, groups=2),
            torch.nn.AvgPool2d(2, count_include_pad=False),
            torch.nn.AdaptiveAvgPool2d((3, 1)),
            torch.nn.Flatten(),
            torch.nn.Linear(12, 5, bias=False),
        ]
    model = read_module(torch.nn.Sequential(*layers), [(1, 24, 24)])
    assert [operation.describe() for operation in model.operations] == [
        "Conv2d(6, 5, padding=2)",
        "MaxPool2d(3)",
        "Conv2d(4, 1, bias=False)",
        "ConvTranspose2d(4, 2, stride=2, groups=2)",
        "AvgPool2d(2, count_include_pad=False)",
        "AdaptiveAvgPool2d((3, 1))",
        "Flatten()",
        "Linear(5, bias=False)",
    ]
    assert model.operations[3].weight_shape == (4, 2, 2, 2)
    assert model.operations[-1].weight_shape == (5, 12)


def test_functions_are_described_as_the_layers_they_are():
    weight = torch.zeros(6, 3, 5, 5)
    one = only(lambda x: F.conv2d(x, weight, None, 2, 1), (3, 9, 9))
    assert (one.name, one.describe()) == ("conv2d", "Conv2d(6, 5, stride=2, padding=1, bias=False)")
    assert one.parameters == 0  # what is no Parameter is not learned
    one = only(lambda x: F.max_pool2d(x, kernel_size=3, stride=2), (3, 9, 9))
    assert one.describe() == "MaxPool2d(3, stride=2)"
    one = only(lambda x: F.avg_pool2d(x, x.shape[2:]), (3, 9, 8))
    assert (one.describe(), one.output_shape) == ("AvgPool2d((9, 8))", (1, 3, 1, 1))
    one = only(lambda x: F.max_pool2d(x, 2, return_indices=True), (3, 8, 8))
    assert (one.kind, one.output_shapes) == ("MaxPool2d", ((1, 3, 4, 4),) * 2)


@pytest.mark.parametrize("size", range(1, 15))
def test_adaptive_windows_are_the_elements_that_pytorch_averages(size):
    """Those of each output are the elements whose gradient is not 0."""
    for wanted in range(2, 9):
        one = only(lambda x, wanted=wanted: F.adaptive_avg_pool1d(x, wanted), (1, size))
        x = torch.zeros(1, 1, size, dtype=torch.float64, requires_grad=True)
        seen = [
            torch.autograd.grad(output, x, retain_graph=True)[0].flatten().nonzero().flatten()
            for output in F.adaptive_avg_pool1d(x, wanted).flatten()
        ]
        spans = [(int(cells[0]), int(cells[-1]) + 1) for cells in seen]
        steps = {b[0] - a[0] for a, b in itertools.pairwise(spans)}
        even = len(steps) == 1 and len({b - a for a, b in spans}) == 1 and steps != {0}
        assert (one.role, len(one.windows)) == ("windows", 1 if even else 0)
        if even:
            (window,) = one.windows
            starts = [place * window.stride for place in range(window.output)]
            assert [(a, a + window.kernel) for a in starts] == spans
