"""Known networks as PyTorch exports them: sizes as ONNX Runtime's, parameters as PyTorch's."""

import functools

import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from fencepost.interchange.torch.trace import read_module  # noqa: E402
from interchange.onnx.exports import Shaped, export, scattered  # noqa: E402
from interchange.onnx.graphs import runtime_shapes, with_all_outputs, write  # noqa: E402
from interchange.torch.architectures import ARCHITECTURES, build  # noqa: E402

# Channels are divided by 8, and inputs are small where the network takes them.
SMALL = {"lenet5": (28, 28), "unet": (188, 188), "alexnet": (224, 224), "vgg16": (224, 224)}


@functools.cache
def exported(name):
    """Export a network with an eighth of its channels, its norms kept apart."""
    network = scattered(build(name, divide=8))
    channels = ARCHITECTURES[name].input_shape[1]
    image = torch.zeros(1, channels, *SMALL.get(name, (64, 64)))
    mode = torch.onnx.TrainingMode.PRESERVE
    return network, export(network, image, training=mode, do_constant_folding=False)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_published_numbers_of_parameters(name):
    with torch.device("meta"):
        network = build(name)
        found = network(torch.empty(ARCHITECTURES[name].input_shape)).shape
    assert (
        sum(parameter.numel() for parameter in network.parameters())
        == ARCHITECTURES[name].parameters
    )
    assert found == ARCHITECTURES[name].output_shape


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_sizes_of_exports(tmp_path, name):
    _, content = exported(name)
    model = onnx.load_from_string(content)
    expected = runtime_shapes(with_all_outputs(model))
    graph = read_onnx(write(tmp_path, content))
    assert not graph.failure and not graph.unknown and not graph.contradictions
    outputs = {node.name: node.output for node in model.graph.node}
    assert graph.operations
    for operation in graph.operations:
        for output, shape in zip(outputs[operation.name], operation.output_shapes, strict=True):
            assert expected[output] == shape, operation


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_parameters_of_exports(tmp_path, name):
    network, content = exported(name)
    graph = read_onnx(write(tmp_path, content))
    assert graph.parameters == sum(parameter.numel() for parameter in network.parameters())
    shapes = sorted(
        tuple(parameter.shape) for parameter in network.parameters() if parameter.ndim > 1
    )
    assert (
        sorted(operation.weight_shape for operation in graph.operations if operation.weight_shape)
        == shapes
    )
    assert not graph.unused


def test_norms_that_were_folded_into_convolutions(tmp_path):
    network = scattered(build("resnet18", divide=16))
    graph = read_onnx(write(tmp_path, export(network, torch.zeros(1, 3, 64, 64))))
    assert not any(operation.kind == "BatchNorm2d" for operation in graph.operations)
    norms = sum(part.num_features for part in network.modules() if hasattr(part, "num_features"))
    # Weight and bias of a norm are gone, and its convolution has a bias instead.
    assert graph.parameters == sum(parameter.numel() for parameter in network.parameters()) - norms


def described(operations):
    """What both readers say of the layers that carry the work, in the order in which they run.

    PyTorch's norms know the channels that they were made for, and not only those that arrive.
    """
    kinds = ("Conv2d", "ConvTranspose2d", "BatchNorm2d", "MaxPool2d", "Linear", "Add", "Cat")
    return [
        (op.describe(), op.role, op.windows, op.input_shapes, op.output_shapes,
         None if op.kind == "BatchNorm2d" else op.weight_shape, op.parameters, op.multiply_adds)
        for op in operations if op.kind in kinds
    ]  # fmt: skip


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_exports_are_read_as_their_modules_are(tmp_path, name):
    network, content = exported(name)
    graph = read_onnx(write(tmp_path, content))
    traced = read_module(network, [graph.input_shapes[0][1:]])
    assert sorted(described(graph.operations), key=str) == sorted(
        described(traced.operations), key=str
    )
    assert graph.multiply_adds == traced.multiply_adds


@pytest.mark.parametrize("open_axes", [None, {"x": {0: "n", 2: "h", 3: "w"}}])
def test_sizes_that_are_computed(tmp_path, open_axes):
    network = scattered(Shaped())
    content = export(network, torch.zeros(2, 3, 10, 12), input_names=["x"], dynamic_axes=open_axes)
    model = onnx.load_from_string(content)
    expected = runtime_shapes(with_all_outputs(model), {"x": (2, 3, 10, 12)})
    graph = read_onnx(write(tmp_path, content), (2, 3, 10, 12) if open_axes else None)
    assert not graph.failure and not graph.unknown
    outputs = {node.name: node.output for node in model.graph.node}
    for operation in graph.operations:
        for output, shape in zip(outputs[operation.name], operation.output_shapes, strict=True):
            assert expected[output] == shape, operation
    assert graph.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert graph.operations[-1].output_shape == (2, 12 // 2)
    project = next(operation for operation in graph.operations if operation.kind == "Linear")
    assert project.weight_shape == (12, 8)
