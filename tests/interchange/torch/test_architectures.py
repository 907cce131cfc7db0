"""Known networks read from PyTorch: their sizes and work are PyTorch's own, and torchinfo's."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fencepost.interchange.torch.trace import read_module  # noqa: E402
from interchange.torch import architectures as known  # noqa: E402

# What torchvision's documentation gives, in 10⁹ multiply-adds of convolutions and linear layers.
PUBLISHED_WORK = {
    "alexnet": 0.71, "vgg16": 15.47, "resnet18": 1.81, "resnet50": 4.09, "mobilenet_v2": 0.30,
    "densenet121": 2.83, "googlenet": 1.50,
}  # fmt: skip
NORMS = "BatchNorm2d"


@pytest.fixture(scope="module", params=known.ARCHITECTURES)
def case(request):
    """Name of a network, the network without values, and what is read of it."""
    with torch.device("meta"):
        module = known.build(request.param)
    shape = known.ARCHITECTURES[request.param].input_shape
    return request.param, module, read_module(module, [shape[1:]], request.param)


def test_published_numbers(case):
    name, _, model = case
    published = known.ARCHITECTURES[name]
    assert model.parameters == published.parameters
    assert model.operations[-1].output_shape == published.output_shape
    assert model.outputs == ((len(model.operations) - 1, 0),)
    work = sum(operation.multiply_adds for operation in model.operations if operation.kind != NORMS)
    if name in PUBLISHED_WORK:
        assert round(work / 1e9, 2) == PUBLISHED_WORK[name]


def test_nothing_is_unknown(case):
    name, _, model = case
    assert (model.source, model.failure, model.unknown, model.unused) == (name, "", (), ())
    assert {operation.role for operation in model.operations} <= {
        "windows", "transposed", "pointwise", "join", "global", "dense", "pad", "reshape",
    }  # fmt: skip
    assert model.how == "Traced on PyTorch's meta device, in eval mode, with a batch of 1."
    assert len({operation.name for operation in model.operations}) == len(model.operations)


def test_every_operation_takes_what_others_made(case):
    _, _, model = case
    for place, operation in enumerate(model.operations):
        assert all(value.operation < place for value in operation.inputs)
        made = [
            model.input_shapes[value.output]
            if value.operation < 0
            else model.operations[value.operation].output_shapes[value.output]
            for value in operation.inputs
        ]
        assert list(operation.input_shapes) == made
    taken = {value for operation in model.operations for value in operation.inputs} | {
        *model.outputs
    }
    assert taken >= {(place, 0) for place in range(len(model.operations))}


def test_multiply_adds_are_those_that_pytorch_counts(case):
    """Layer by layer; it counts none for a norm: a factor and a summand for each element."""
    from torch.utils.flop_counter import FlopCounterMode

    name, module, model = case
    with FlopCounterMode(display=False) as counter:
        module(torch.zeros(known.ARCHITECTURES[name].input_shape, device="meta"))
    counted = counter.get_flop_counts()
    total = 0
    for operation in model.operations:
        if operation.kind == NORMS:
            assert operation.multiply_adds == math.prod(operation.output_shape)
            continue
        flops = sum(counted.get(f"{type(module).__name__}.{operation.name}", {}).values())
        assert operation.multiply_adds == flops // 2
        total += flops // 2
    assert total == counter.get_total_flops() // 2 > 0


def test_layers_are_those_of_torchinfo(case):
    """It counts a bias for each output as a multiply-add."""
    torchinfo = pytest.importorskip("torchinfo", reason="torchinfo is not installed")
    name, module, model = case
    shape = known.ARCHITECTURES[name].input_shape
    summary = torchinfo.summary(module, shape, verbose=0, device="meta", depth=9)
    assert summary.total_params == model.parameters
    layers = [
        layer
        for layer in summary.summary_list
        if layer.is_leaf_layer and layer.class_name != "Sequential"
    ]
    ours = [operation for operation in model.operations if _module(module, operation)]
    assert [layer.class_name for layer in layers] == [operation.kind for operation in ours]
    assert [tuple(layer.output_size) for layer in layers] == [
        operation.output_shape for operation in ours
    ]
    for theirs, layer in zip(layers, ours, strict=True):
        if layer.parameters and layer.kind != NORMS:
            assert theirs.num_params == layer.parameters
            biases = math.prod(layer.output_shape) if "bias" not in layer.arguments else 0
            places = math.prod(layer.output_shape[2:])
            if layer.kind == "ConvTranspose2d":  # it takes each weight for used at each output
                assert theirs.macs == layer.parameters * places
            else:
                assert theirs.macs == layer.multiply_adds + biases


def _module(module, operation):
    try:
        return module.get_submodule(operation.name.partition(":")[0])
    except AttributeError:
        return None


@pytest.mark.parametrize("name", known.ARCHITECTURES)
def test_shapes_are_those_of_a_run_with_values(name):
    """With an eighth of the channels, on the CPU: every layer's output, as its hook sees it."""
    module = known.build(name, divide=8)
    shape = known.ARCHITECTURES[name].input_shape
    model = read_module(module, [shape[1:]])
    seen = []
    for layer in module.modules():
        if not any(layer.children()) and not isinstance(layer, torch.nn.Sequential):
            layer.register_forward_hook(
                lambda layer, _, out: seen.append((layer, tuple(out.shape)))
            )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # with so few channels, they would only wait for one another
    with torch.no_grad():
        module(torch.zeros(shape))
    torch.set_num_threads(threads)
    ours = [(_module(module, operation), operation.output_shape) for operation in model.operations]
    assert [operation for operation in ours if operation[0] is not None] == seen


def test_a_residual_block_is_joined_from_its_ends():
    with torch.device("meta"):
        model = read_module(known.build("resnet18"), [(3, 224, 224)])
    places = {operation.name: place for place, operation in enumerate(model.operations)}
    added = model.operations[places["stages.1.0.add"]]
    assert (added.kind, added.role) == ("Add", "join")
    ends = ["stages.1.0.body.4", "stages.1.0.shortcut.1"]
    assert [value.operation for value in added.inputs] == [places[name] for name in ends]
    # Where there is no shortcut of layers, what entered the block is added: a ReLU in place.
    added = model.operations[places["stages.0.1.add"]]
    ends = ["stages.0.1.body.4", "stages.0.0.relu"]
    assert [value.operation for value in added.inputs] == [places[name] for name in ends]


def test_the_branches_of_googlenet_are_joined_in_their_order():
    with torch.device("meta"):
        model = read_module(known.build("googlenet"), [(3, 224, 224)])
    joined = [operation for operation in model.operations if operation.kind == "Cat"]
    assert len(joined) == 9
    first = [model.operations[value.operation] for value in joined[0].inputs]
    assert [operation.output_shape[1] for operation in first] == [64, 128, 32, 32]
    assert joined[0].describe() == "Cat(dim=1)"
    pool = next(operation for operation in model.operations if operation.kind == "MaxPool2d")
    assert pool.describe() == "MaxPool2d(3, stride=2, ceil_mode=True)"
    assert (pool.output_shape[-1], pool.windows[0].output) == (56, 55)


def test_the_crops_of_u_net_are_slices():
    with torch.device("meta"):
        model = read_module(known.build("unet"), [(1, 572, 572)])
    cut = [operation for operation in model.operations if operation.kind == "Slice"]
    assert [operation.role for operation in cut] == ["pad"] * 4
    assert [(operation.windows[0].before, operation.windows[0].after) for operation in cut] == [
        (-4, -4), (-16, -16), (-40, -40), (-88, -88),
    ]  # fmt: skip
    for operation in model.operations:
        if operation.role == "transposed":  # the windows go from what comes out to what entered
            assert [window.input for window in operation.windows] == [*operation.output_shape[2:]]
            assert [window.output for window in operation.windows] == [*operation.input_shape[2:]]
