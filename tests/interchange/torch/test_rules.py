"""What single calls are said to do: against PyTorch's own layers, sizes and counts."""

from __future__ import annotations

import itertools
import math
import random

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fencepost.interchange.torch.trace import read_module  # noqa: E402

F = torch.nn.functional


class Does(torch.nn.Module):
    """A module that does one thing."""

    def __init__(self, what):
        super().__init__()
        self.what = what

    def forward(self, *inputs):
        return self.what(*inputs)


def read_function(what, *shapes):
    model = read_module(Does(what), [list(shape) for shape in shapes])
    assert model.failure == ""
    return model


def only(what, *shapes):
    """Read a function that is one operation."""
    (operation,) = read_function(what, *shapes).operations
    return operation


def last(what, *shapes):
    return read_function(what, *shapes).operations[-1]


# --- layers of windows ------------------------------------------------------------------------


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
        extra = tuple(generator.randrange(one) for one in stride)
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
    assert [one.describe() for one in model.operations] == [
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
def test_adaptive_windows_are_the_cells_that_pytorch_averages(size):
    """Those of each output are the cells whose gradient is not 0."""
    for wanted in range(2, 9):
        one = only(lambda x, wanted=wanted: F.adaptive_avg_pool1d(x, wanted), (1, size))
        x = torch.zeros(1, 1, size, dtype=torch.float64, requires_grad=True)
        seen = [
            torch.autograd.grad(cell, x, retain_graph=True)[0].flatten().nonzero().flatten()
            for cell in F.adaptive_avg_pool1d(x, wanted).flatten()
        ]
        spans = [(int(cells[0]), int(cells[-1]) + 1) for cells in seen]
        steps = {b[0] - a[0] for a, b in itertools.pairwise(spans)}
        even = len(steps) == 1 and len({b - a for a, b in spans}) == 1 and steps != {0}
        assert (one.role, len(one.windows)) == ("windows", 1 if even else 0)
        if even:
            (window,) = one.windows
            starts = [place * window.stride for place in range(window.output)]
            assert [(a, a + window.kernel) for a in starts] == spans


# --- roles --------------------------------------------------------------------------------------

IMAGE = (4, 6, 8)


@pytest.mark.parametrize(
    ("what", "kind", "role", "arguments"),
    [
        ("F.relu(x)", "ReLU", "pointwise", {}),
        ("x.relu_()", "ReLU", "pointwise", {}),
        ("torch.sigmoid(x)", "Sigmoid", "pointwise", {}),
        ("F.leaky_relu(x, 0.1)", "LeakyReLU", "pointwise", {}),
        ("F.dropout2d(x, 0.1)", "Dropout2d", "pointwise", {}),
        ("x + 1", "Add", "pointwise", {}),
        ("1 - x", "Sub", "pointwise", {}),
        ("2 / x", "Div", "pointwise", {}),
        ("x // 2", "FloorDivide", "pointwise", {}),
        ("-x", "Neg", "pointwise", {}),
        ("x**2", "Pow", "pointwise", {}),
        ("x * x", "Mul", "join", {}),
        ("torch.maximum(x, x)", "Maximum", "join", {}),
        ("torch.cat([x, x], 1)", "Cat", "join", {"dim": 1}),
        ("torch.cat((x, x), dim=-1)", "Cat", "join", {"dim": -1}),
        ("torch.stack([x, x], 2)", "Stack", "join", {"dim": 2}),
        ("x.mean((2, 3))", "Mean", "global", {"dim": (2, 3)}),
        ("x.mean([-1, -2], keepdim=True)", "Mean", "global", {"dim": (-1, -2), "keepdim": True}),
        ("x.sum()", "Sum", "global", {}),
        ("torch.amax(x, dim=(2, 3))", "Amax", "global", {"dim": (2, 3)}),
        ("x.mean(1)", "Mean", "pointwise", {"dim": 1}),
        ("x.max(1)[0]", "Max", "pointwise", {"dim": 1}),
        ("torch.max(x, x)", "Max", "join", {}),
        ("x.mean(3)", "Mean", "unknown", {"dim": 3}),
        ("F.adaptive_avg_pool2d(x, 1)", "AdaptiveAvgPool2d", "global", {"output_size": (1, 1)}),
        ("F.adaptive_max_pool2d(x, (1, 1))", "AdaptiveMaxPool2d", "global",
         {"output_size": (1, 1)}),
        ("F.softmax(x, 1)", "Softmax", "pointwise", {"dim": 1}),
        ("x.softmax(-1)", "Softmax", "dense", {"dim": -1}),
        ("F.interpolate(x, scale_factor=2)", "Interpolate", "resize", {"scale_factor": 2}),
        ("F.interpolate(x, (9, 9), mode='bilinear')", "Interpolate", "resize",
         {"size": (9, 9), "mode": "bilinear"}),
        ("F.pixel_shuffle(x, 2)", "PixelShuffle", "resize", {"upscale_factor": 2}),
        ("x[:, :, :1, :1].expand(-1, -1, 3, 4)", "Expand", "resize", {}),
        ("x.repeat(1, 1, 2, 2)", "Repeat", "resize", {}),
        ("x.view(1, -1)", "Flatten", "reshape", {}),
        ("x.reshape(x.size(0), -1)", "Flatten", "reshape", {}),
        ("x.view(-1, 8)", "View", "reshape", {"shape": (-1, 8)}),
        ("x.reshape((-1, 4))", "Reshape", "reshape", {"shape": (-1, 4)}),
        ("torch.flatten(x, 1)", "Flatten", "reshape", {}),
        ("x.flatten(2)", "Flatten", "reshape", {"start_dim": 2}),
        ("x.permute(0, 2, 3, 1)", "Permute", "reshape", {"dims": (0, 2, 3, 1)}),
        ("torch.permute(x, (0, 2, 3, -3))", "Permute", "reshape", {"dims": (0, 2, 3, 1)}),
        ("x.transpose(1, -1)", "Permute", "reshape", {"dims": (0, 3, 2, 1)}),
        ("x.movedim(1, -1)", "Permute", "reshape", {"dims": (0, 2, 3, 1)}),
        ("x.movedim((1, 2), (3, 1))", "Permute", "reshape", {"dims": (0, 2, 3, 1)}),
        ("x.mT", "Permute", "reshape", {"dims": (0, 1, 3, 2)}),
        ("x.squeeze(0)", "Squeeze", "reshape", {}),
        ("x[:, 0]", "Select", "reshape", {}),
        ("x[..., None]", "Select", "reshape", {}),
        ("x[:, 1:]", "Slice", "pointwise", {}),
        ("x.chunk(2, 1)[1]", "Chunk", "pointwise", {"dim": 1}),
        ("x.split(3, dim=2)[1]", "Split", "reshape", {"dim": 2}),
        ("F.pad(x, (0, 0, 0, 0, 1, 1))", "Pad", "pointwise", {"pad": (0, 0, 0, 0, 1, 1)}),
        ("F.pad(x, (1, 2, 1, 0), 'reflect')", "Pad", "pad",
         {"pad": (1, 2, 1, 0), "mode": "reflect"}),
        ("F.layer_norm(x, (8,))", "LayerNorm", "pointwise", {}),
        ("F.group_norm(x, 2)", "GroupNorm", "pointwise", {}),
        ("F.instance_norm(x)", "InstanceNorm2d", "pointwise", {}),
        ("torch.cumsum(x, 2)", "Cumsum", "unknown", {}),
        ("F.unfold(x, 2)", "Unfold", "unknown", {}),
        ("x[:, [0, 2]]", "Index", "unknown", {}),
    ],
)  # fmt: skip
def test_roles(what, kind, role, arguments):
    one = last(eval(f"lambda x: {what}", {"F": F, "torch": torch}), IMAGE)
    assert (one.kind, one.role, dict(one.arguments)) == (kind, role, arguments)


@pytest.mark.parametrize(
    ("what", "role"),
    [
        ("F.linear(x, w)", "pointwise"),
        ("F.linear(F.gelu(F.linear(F.layer_norm(x, (4,)), w)) + 1, w)", "pointwise"),
        ("F.linear(x.permute(0, 3, 1, 2), w)", "dense"),
        ("F.linear(x.movedim(-1, 1).contiguous(), w)", "dense"),
        ("x.mean((1, 2))", "global"),
        ("x.mean(-1)", "pointwise"),
        ("x.mean(1)", "unknown"),
        ("x.softmax(-1)", "pointwise"),
        ("x.softmax(1)", "dense"),
        ("x.chunk(2, -1)[0]", "pointwise"),
        ("x.chunk(2, 1)[0]", "reshape"),
        ("x[..., 1:]", "pointwise"),
        ("x[:, 1:]", "pad"),
    ],
)
def test_channels_are_followed_where_axes_are_moved(what, role):
    names = {"F": F, "w": torch.zeros(4, 4)}
    one = last(eval(f"lambda y: (lambda x: {what})(y.permute(0, 2, 3, 1))", names), (4, 4, 4))
    assert one.role == role


def test_slices_of_arrays_with_their_channels_last():
    one = last(lambda x: x.permute(0, 2, 3, 1)[:, 1:, ::2], IMAGE)
    assert [(w.input, w.before, w.stride) for w in one.windows] == [
        (6, -1, 1),
        (8, 0, 2),
        (4, 0, 1),
    ]


def test_a_linear_layer_on_an_image_is_not_taken_for_one_on_channels():
    assert last(lambda x: F.linear(x, torch.zeros(3, 8)), IMAGE).role == "dense"
    assert last(lambda x: F.linear(F.relu(x), torch.zeros(3, 8)), IMAGE).role == "dense"


def test_orders_of_axes_are_those_of_pytorch():
    generator = random.Random(3)
    for _ in range(60):
        dims = generator.sample(range(-4, 0), 4)
        a, b = generator.sample(range(4), 2), generator.sample(range(4), 2)
        for what in (
            lambda x, dims=dims: x.permute(dims),
            lambda x, a=a: x.transpose(*a),
            lambda x, a=a: torch.swapaxes(x, *a),
            lambda x, a=a, b=b: torch.movedim(x, a, b),
            lambda x, a=a: x.moveaxis(*a),
        ):
            one = only(what, (3, 5, 7))
            shape = one.input_shape
            assert one.output_shape == tuple(shape[dim] for dim in one.arguments["dims"])


@pytest.mark.parametrize(
    ("index", "spans"),
    [
        ((..., slice(2, None)), [(6, 0, 0, 1), (8, -2, 0, 1)]),
        ((slice(None), slice(2), slice(1, -1), slice(0, 8, 3)), [(6, -1, -1, 1), (8, 0, 0, 3)]),
        ((slice(None), slice(None), slice(-2, None)), [(6, -4, 0, 1), (8, 0, 0, 1)]),
        ((slice(None), slice(None), slice(1, 99, 2)), [(6, -1, 0, 2), (8, 0, 0, 1)]),
    ],
)
def test_slices_are_windows_of_one_cell(index, spans):
    one = only(lambda x: x[index], IMAGE)
    assert (one.kind, one.role) == ("Slice", "pad")
    assert [(w.input, w.before, w.after, w.stride) for w in one.windows] == spans
    assert {window.kernel for window in one.windows} == {1}
    assert [window.output for window in one.windows] == [*one.output_shape[2:]]


def test_padding_and_narrow_are_windows_of_one_cell():
    one = only(lambda x: F.pad(x, (1, 2, -3, 0)), IMAGE)
    assert [(w.before, w.after) for w in one.windows] == [(-3, 0), (1, 2)]
    assert [window.output for window in one.windows] == [*one.output_shape[2:]] == [3, 11]
    one = only(lambda x: x.narrow(3, 2, 4), IMAGE)
    assert [(w.before, w.after) for w in one.windows] == [(0, 0), (-2, -2)]
    one = only(lambda x: F.pixel_unshuffle(x, 2), IMAGE)
    assert [(w.kernel, w.stride, w.output) for w in one.windows] == [(2, 2, 3), (2, 2, 4)]


# --- work ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "shapes"),
    [
        (lambda x, y: x @ y, [(5, 7), (7, 3)]),
        (lambda x, y: torch.bmm(x[0], y[0]), [(2, 5, 7), (2, 7, 3)]),
        (lambda x, y: torch.mm(x[0], y[0]), [(5, 7), (7, 3)]),
        (lambda x, y: torch.addmm(x[0, :, :3], x[0], y[0]), [(5, 7), (7, 3)]),
        (torch.matmul, [(2, 5, 7), (2, 7, 3)]),
        (lambda x, y: F.linear(x, y[0]), [(5, 7), (3, 7)]),
        (lambda x, y: torch.einsum("bij,bjk->bik", x, y), [(5, 7), (7, 3)]),
        (lambda x, y: torch.einsum("b i j, b k j -> b i k", [x, y]), [(5, 7), (3, 7)]),
        (lambda x, y: F.scaled_dot_product_attention(x, y, y), [(2, 5, 8), (2, 9, 8)]),
        (lambda x, y: F.conv_transpose1d(x, y, stride=2), [(1, 6), (4, 3)]),
    ],
)
def test_multiply_adds(what, shapes):
    from torch.utils.flop_counter import FlopCounterMode

    model = read_function(what, *shapes)
    with FlopCounterMode(display=False) as counter:
        what(*(torch.zeros(1, *shape, device="meta") for shape in shapes))
    assert model.multiply_adds == counter.get_total_flops() // 2 > 0


def test_norms_count_a_multiply_add_for_each_cell():
    for what in (F.instance_norm, lambda x: F.layer_norm(x, (8,)), lambda x: F.group_norm(x, 2)):
        assert only(what, IMAGE).multiply_adds == math.prod(IMAGE)


def test_what_is_not_known_is_not_guessed():
    model = read_function(lambda x: F.relu(torch.cumsum(x, 2)), IMAGE)
    assert [one.multiply_adds for one in model.operations] == [None, 0]
    assert model.multiply_adds is None
    assert model.unknown == (
        "How Cumsum moves the pixels of an image is not known, only its sizes: cumsum.",
    )
