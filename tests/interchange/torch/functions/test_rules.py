"""How single calls are described: against PyTorch's own layers, sizes and counts."""

from __future__ import annotations

import math
import random

import pytest

import fencepost as fp

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from interchange.torch.modules import last, only, read_function  # noqa: E402

F = torch.nn.functional


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
        ("x.mean(3)", "Mean", "reduce", {"dim": 3}),
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
        ("F.group_norm(x, 2)", "GroupNorm", "pointwise", {"num_groups": 2}),
        ("F.instance_norm(x)", "InstanceNorm2d", "pointwise", {}),
        ("torch.cumsum(x, 2)", "Cumsum", "dense", {"dim": 2}),
        ("F.unfold(x, 2)", "Unfold", "windows", {"kernel_size": (2, 2)}),
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
        ("x.mean(1)", "reduce"),
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


def test_a_linear_layer_on_an_image_is_not_mistaken_for_one_on_channels():
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
def test_slices_are_windows_of_one_element(index, spans):
    one = only(lambda x: x[index], IMAGE)
    assert (one.kind, one.role) == ("Slice", "pad")
    assert [(w.input, w.before, w.after, w.stride) for w in one.windows] == spans
    assert {window.kernel for window in one.windows} == {1}
    assert [window.output for window in one.windows] == [*one.output_shape[2:]]


def test_padding_and_narrow_are_windows_of_one_element():
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


def test_norms_count_a_multiply_add_for_each_element():
    for what in (F.instance_norm, lambda x: F.layer_norm(x, (8,)), lambda x: F.group_norm(x, 2)):
        assert only(what, IMAGE).multiply_adds == math.prod(IMAGE)


def test_what_is_not_known_is_not_guessed():
    model = read_function(lambda x: F.relu(torch.take_along_dim(x, x.long(), 2)), IMAGE)
    assert [operation.multiply_adds for operation in model.operations] == [None, 0]
    assert model.multiply_adds is None
    assert model.unknown == (
        "How TakeAlongDim moves the pixels of an image is not known, only its sizes: "
        "take_along_dim.",
    )


class Function(torch.nn.Module):
    def __init__(self, function, *parts):
        super().__init__()
        self.function, self.parts = function, torch.nn.ModuleList(parts)

    def forward(self, x):
        return self.function(x, *self.parts)


nn = torch.nn
SEQUENCES = {
    "LSTM": ((20, 8), nn.LSTM(8, 16, 2, batch_first=True, bidirectional=True)),
    "GRU": ((20, 8), nn.GRU(8, 16, batch_first=True)),
    "RNN": ((20, 8), nn.RNN(8, 16, batch_first=True)),
    "LSTMCell": ((8,), nn.LSTMCell(8, 16)),
    "GRUCell": ((8,), nn.GRUCell(8, 16)),
}


@pytest.mark.parametrize("kind", SEQUENCES)
def test_recurrent_layers(kind):
    shape, layer = SEQUENCES[kind]
    report = fp.check.check(Function(lambda x, part: part(x)[0], layer), shape)
    found = next(o for o in report.graph.operations if o.kind == kind)
    assert found.role == "dense"
    assert found.parameters == sum(p.numel() for p in layer.parameters())
    matrices = sum(p.numel() for p in layer.parameters() if p.dim() == 2)
    assert found.multiply_adds == (shape[0] if len(shape) > 1 else 1) * matrices
    assert "FP402" not in {finding.code for finding in report.findings}


@pytest.mark.parametrize(
    ("shape", "function"),
    [
        ((20, 16), lambda x: nn.MultiheadAttention(16, 4, batch_first=True)(x, x, x)[0]),
        ((4, 20, 16), lambda x: F.scaled_dot_product_attention(x, x, x)),
        ((3, 16, 16), lambda x: torch.roll(x, (2, 2), (2, 3))),
        ((3, 16, 16), lambda x: x.flip(3)),
        ((3, 16, 16), lambda x: x.sum(2)),
        ((3, 16, 16), lambda x: x.norm(dim=3)),
        ((3, 16, 16), lambda x: x.cumsum(2)),
        ((3, 16, 16), lambda x: F.unfold(x, 4, stride=4)),
    ],
)
def test_there_is_a_rule(shape, function):
    report = fp.check.check(Function(function), shape)
    assert not report.graph.unknown and report.ok
    assert "FP402" not in {finding.code for finding in report.findings}


def test_fields_after_sums_over_an_axis():
    def summed(x, conv, after):
        return after(conv(x).mean(3, keepdim=True)).sum(2)

    parts = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, (3, 1))
    report = fp.check.check(Function(summed, *parts), (3, 16, 20))
    fields = report.receptive_fields
    assert [fields.sizes(index) for index in range(4)] == [(3, 3), (3, 20), (5, 20), (16, 20)]


def test_fields_after_what_moves_elements_are_not_known():
    rolled = Function(lambda x, conv: conv(torch.roll(x, 1, 3)), nn.Conv2d(3, 4, 3))
    report = fp.check.check(rolled, (3, 16, 16))
    assert report.receptive_fields.sizes(0) and not report.receptive_fields.sizes(1)


def test_unfold_drops_elements_as_windows_do():
    report = fp.check.check(Function(lambda x: F.unfold(x, 4, stride=4)), (3, 18, 16))
    (finding,) = (f for f in report.findings if f.code == "FP201")
    assert "the last 2 rows" in finding.message


def test_why_nothing_is_known():
    picked = Function(lambda x: x[:, torch.tensor([0, 2])])
    (finding,) = (f for f in fp.check.check(picked, (3, 8, 8)).findings if f.code == "FP402")
    assert finding.message.startswith("it selects elements by an array of indices")
