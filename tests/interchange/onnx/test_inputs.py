"""The sizes of the inputs: those that a file declares, and those given."""

import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")

from onnx import helper  # noqa: E402

from fencepost.errors import ArgumentError  # noqa: E402
from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import array_info, small, write  # noqa: E402
from interchange.onnx.refusals import refused  # noqa: E402

node = helper.make_node


def test_an_open_batch_is_one(tmp_path):
    path = write(tmp_path, small(inputs={"x": ("n", 3, 8, 8)}))
    model = read_onnx(path)
    assert model.input_shapes == ((1, 3, 8, 8),)
    assert model.how == 'The batch of "x" is open: 1 is used.'
    assert read_onnx(path, (5, 3, 8, 8)).operations[0].output_shape == (5, 4, 6, 6)


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_below_1_is_open_and_said_to_be(tmp_path, size):
    path = write(tmp_path, small(inputs={"x": (size, 3, 8, 8)}))
    model = read_onnx(path)
    assert model.input_shapes == ((1, 3, 8, 8),)
    assert 'Axis 0 of "x" has a declared size below 1: it is taken as open.' in model.how
    path = write(tmp_path, small(inputs={"x": (2, 3, 8, size)}))
    refused(path, 'input "x" of 2 × 3 × 8 × ?, which leaves open axis 3')
    model = read_onnx(path, (2, 3, 8, 9))
    assert model.how == 'Axis 3 of "x" has a declared size below 1: it is taken as open.'


def test_open_sizes_are_asked_for(tmp_path):
    path = write(tmp_path, small(inputs={"x": ("n", 3, "height", None)}))
    refused(
        path,
        'input "x" of n × 3 × height × ?, which leaves open "n", "height", axis 3',
        "Specify them: (1, 3, 224, 224).",
    )
    assert read_onnx(path, (1, 3, 8, 9)).operations[0].output_shape == (1, 4, 6, 7)
    assert read_onnx(path, {"x": (2, 3, 8, 9)}).operations[0].output_shape == (2, 4, 6, 7)
    model = read_onnx(path, (3, 8, 9))
    assert model.operations[0].output_shape == (1, 4, 6, 7)
    assert model.how == 'A batch of 1 was prepended to the sizes of "x".'
    path = write(tmp_path, small(inputs={"x": (4, 3, 8, 8)}))
    assert read_onnx(path, (3, 8, 9)).input_shapes == ((4, 3, 8, 9),)


def test_several_inputs(tmp_path):
    nodes = [node("Add", ["left", "right"], ["y"])]
    inputs = {"left": ("n", 3, "w"), "right": ("n", 3, "w")}
    path = write(tmp_path, small(nodes=nodes, inputs=inputs, weights={}))
    refused(path, '{"left": (1, 3, 224)}.')
    # What one input says of a named size holds for the other.
    assert read_onnx(path, {"left": (2, 3, 7)}).input_shapes == ((2, 3, 7), (2, 3, 7))
    words = "a shape for each input", "1 shape for 2 inputs", "left"
    refused(path, *words, inputs=(2, 3, 7), error=ArgumentError)
    shapes = [(2, 3, 7), (2, 3, 7)]
    assert read_onnx(path, shapes).input_shapes == tuple(shapes)
    refused(
        path, 'Received: "lefd"', 'Did you mean "left"?', inputs={"lefd": (1,)}, error=ArgumentError
    )


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ((1, 3), "as many axes as the file declares. Received: 1 × 3"),
        ((1, 3, 0, 8), "at least 1"),
        ((1, 3, 8, None), "must be an integer"),
        ({"x": "1x3"}, "must be a tuple of sizes"),
    ],
)
def test_shapes_that_are_none(tmp_path, inputs, words):
    refused(write(tmp_path, small()), words, inputs=inputs, error=ArgumentError)


def test_an_input_without_a_shape(tmp_path):
    model = small()
    model.graph.input[0].type.tensor_type.ClearField("shape")
    path = write(tmp_path, model)
    refused(path, 'no shape of input "x". Specify it: (1, 3, 224, 224)')
    assert read_onnx(path, (1, 3, 8, 8)).operations[0].output_shape == (1, 4, 6, 6)
    model.graph.input[0].type.Clear()
    refused(write(tmp_path, model), "every input must be an array")


def test_other_sizes_than_the_file_declares(tmp_path):
    declared = [array_info("a", (1, 4, 6, 6))]
    model = read_onnx(write(tmp_path, small(declared=declared)), (1, 3, 10, 10))
    assert model.operations[0].output_shape == (1, 4, 8, 8) and not model.contradictions
