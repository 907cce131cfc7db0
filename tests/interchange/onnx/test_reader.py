"""What is read of an ONNX file, and what is said of one that is none."""

import zipfile

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")

from onnx import TensorProto, helper  # noqa: E402

from fencepost.graph import Value  # noqa: E402
from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from fencepost.sizing import Window  # noqa: E402
from interchange.onnx.graphs import array_info, small, weight, write  # noqa: E402
from interchange.onnx.operators.cases import ones  # noqa: E402
from interchange.onnx.refusals import refused  # noqa: E402

node = helper.make_node


def test_operations(tmp_path):
    model = read_onnx(write(tmp_path, small()))
    conv, relu = model.operations
    assert (model.input_names, model.input_shapes) == (("x",), ((1, 3, 8, 8),))
    assert (conv.name, conv.kind, conv.role) == ("c1", "Conv2d", "windows")
    assert conv.describe() == "Conv2d(4, 3, bias=False)"
    assert conv.inputs == (Value(-1),) and conv.input_shapes == ((1, 3, 8, 8),)
    assert conv.windows == (Window(8, 3), Window(8, 3))
    assert (conv.weight_shape, conv.parameters) == ((4, 3, 3, 3), 108)
    assert conv.multiply_adds == 4 * 3 * 3 * 3 * 6 * 6
    assert (relu.name, relu.kind, relu.inputs) == ("y", "ReLU", (Value(0),))
    assert model.outputs == (Value(1),) and not model.failure and not model.how


def test_a_name_is_given_once(tmp_path):
    nodes = [node("Relu", ["x"], ["a"], name="n"), node("Relu", ["a"], ["b"], name="n")]
    nodes += [node("Relu", ["b"], ["c"], name="n (2)"), node("Relu", ["c"], ["y"], name="odd\n")]
    model = read_onnx(write(tmp_path, small(nodes=nodes)))
    assert [operation.name for operation in model.operations] == [
        "n",
        "n (2)",
        "n (2) (2)",
        "odd\ufffd",
    ]
    assert model.unused == ("w",)


def test_weights_among_the_inputs_as_old_files_have_them(tmp_path):
    inputs = {"x": (1, 3, 8, 8), "w": (4, 3, 3, 3)}
    model = read_onnx(write(tmp_path, small(inputs=inputs)))
    assert model.input_names == ("x",) and model.parameters == 108


def test_weights_in_another_file_that_is_not_there(tmp_path):
    model = small()
    one = model.graph.initializer[0]
    one.ClearField("raw_data")
    one.data_location = TensorProto.EXTERNAL
    one.external_data.add(key="location", value="gone.bin")
    graph = read_onnx(write(tmp_path, model))
    assert graph.parameters == 108 and graph.operations[-1].output_shape == (1, 4, 6, 6)


def test_sizes_in_a_file_that_is_not_there(tmp_path):
    nodes = [node("Reshape", ["x", "s"], ["y"], name="r")]
    model = small(nodes=nodes, weights={"s": np.array([1, -1])})
    one = model.graph.initializer[0]
    one.ClearField("raw_data")
    one.data_location = TensorProto.EXTERNAL
    one.external_data.add(key="location", value="gone.bin")
    graph = read_onnx(write(tmp_path, model))
    assert graph.operations[0].output_shapes == ((None, None),)
    (sentence,) = graph.unknown
    assert '"r": the sizes that it makes' in sentence and '"gone.bin"' in sentence


def test_parameters_are_counted_once(tmp_path):
    nodes = [
        node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        node("Conv", ["a", "w"], ["b"], pads=[1, 1, 1, 1]),
        node("Identity", ["w"], ["again"]),
        node("Conv", ["b", "again", "bias"], ["y"], pads=[1, 1, 1, 1]),
    ]
    weights = {"w": ones(3, 3, 3, 3), "bias": ones(3)}
    model = read_onnx(write(tmp_path, small(nodes=nodes, weights=weights)))
    assert [operation.parameters for operation in model.operations] == [81, 0, 3]


def test_what_is_a_parameter_and_what_a_scalar(tmp_path):
    literal = helper.make_tensor("t", TensorProto.FLOAT, [4, 1, 1], [1.0, 2, 3, 4])
    nodes = [
        node("Conv", ["x", "w"], ["a"]),
        node("Add", ["a", "bias"], ["b"]),  # a bias of its own
        node("Mul", ["b", "half"], ["c"]),
        node("Constant", [], ["four"], value=literal),
        node("Mul", ["c", "four"], ["d"]),
        node("PRelu", ["d", "slope"], ["e"]),
        node("BatchNormalization", ["e", "s", "t", "mean", "var"], ["f"]),
        node("Flatten", ["f"], ["g"]),
        node("Transpose", ["m"], ["mt"]),  # computed from a weight
        node("MatMul", ["g", "mt"], ["h"]),
        node("Add", ["h", "n"], ["y"]),
    ]
    weights = {"w": ones(4, 3, 3, 3), "bias": ones(4, 1, 1), "half": np.float32(0.5)}
    weights |= {"slope": ones(1, 1, 1), "s": ones(4), "t": ones(4), "mean": ones(4)}
    weights |= {"var": ones(4), "m": ones(5, 144), "n": ones(5)}
    model = read_onnx(write(tmp_path, small(nodes=nodes, weights=weights)))
    assert not model.failure
    counts = {
        operation.kind: operation.parameters
        for operation in model.operations
        if operation.kind not in ("Add",)
    }
    expected = {"Conv2d": 108, "Mul": 0, "PReLU": 1, "BatchNorm2d": 8, "Flatten": 0, "Linear": 720}
    assert counts == expected
    assert [operation.parameters for operation in model.operations if operation.kind == "Add"] == [
        4,
        5,
    ]
    linear = next(operation for operation in model.operations if operation.kind == "Linear")
    assert linear.weight_shape == (5, 144) and linear.multiply_adds == 720


def test_quantised_weights(tmp_path):
    nodes = [
        node("DequantizeLinear", ["q", "scale", "zero"], ["w"], axis=0),
        node("Conv", ["x", "w"], ["y"]),
    ]
    weights = {"q": np.ones((4, 3, 3, 3), np.int8), "scale": ones(4), "zero": np.zeros(4, np.int8)}
    (conv,) = read_onnx(write(tmp_path, small(nodes=nodes, weights=weights))).operations
    assert (conv.parameters, conv.weight_shape) == (108, (4, 3, 3, 3))


def test_ones_and_zeros_that_nobody_learns(tmp_path):
    """So PyTorch writes a group norm: by a norm of ones and zeros, then its own weights."""

    def literal(name, *values):
        return node("Constant", [], [name], value=weight("", np.array(values, np.float32)))

    nodes = [
        *(literal("one", 1, 1, 1), literal("zero", 0, 0, 0), literal("some", 1, 2, 3)),
        node("InstanceNormalization", ["x", "one", "zero"], ["a"]),
        node("Unsqueeze", ["g", "axes"], ["g2"]),
        node("CastLike", ["g2", "a"], ["g3"]),
        node("Mul", ["a", "g3"], ["b"]),
        node("InstanceNormalization", ["b", "some", "zero"], ["y"]),
    ]
    weights = {"g": np.float32([1, 2, 3]), "axes": np.array([1, 2])}
    graph = read_onnx(write(tmp_path, small(nodes=nodes, weights=weights)))
    assert [operation.parameters for operation in graph.operations] == [0, 3, 3]


def test_unused_weights(tmp_path):
    model = read_onnx(write(tmp_path, small(weights={"w": ones(4, 3, 3, 3), "old.head": ones(9)})))
    assert model.unused == ("old.head",) and model.parameters == 108


def test_unknown_operators(tmp_path):
    nodes = [
        node("Conv", ["x", "w"], ["a"]),
        node("Magic", ["a", "w2"], ["b"], domain="nobody", name="m"),
        node("Magic", ["b"], ["c"], domain="nobody"),
        node("Relu", ["c"], ["y"]),
    ]
    weights = {"w": ones(4, 3, 3, 3), "w2": ones(9)}
    model = small(nodes=nodes, weights=weights, declared=[array_info("b", (1, 7))])
    graph = read_onnx(write(tmp_path, model))
    assert [operation.output_shape for operation in graph.operations] == [
        (1, 4, 6, 6),
        (1, 7),
        None,
        None,
    ]
    (sentence,) = graph.unknown
    assert 'operator "nobody.Magic" ("m", "c") has no rule here' in sentence
    assert "its parameters are not counted" in sentence
    assert graph.parameters == 108 and graph.multiply_adds is None and not graph.unused
    assert (graph.operations[1].kind, graph.operations[1].role) == ("Magic", "unknown")


def test_sizes_that_depend_on_data(tmp_path):
    nodes = [node("NonZero", ["x"], ["a"], name="where"), node("Abs", ["a"], ["y"])]
    graph = read_onnx(write(tmp_path, small(nodes=nodes)))
    assert graph.operations[1].output_shape == (4, None)
    assert graph.unknown == ('"where": how many elements are not 0 depends on the data.',)


def test_which_of_known_values_are_not_0(tmp_path):
    """PyTorch counts so when it exports packed sequences: nonzero(ones(n)). Values are computed."""
    one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
    nodes = [
        node("Shape", ["x"], ["sizes"]), node("Gather", ["sizes", "last"], ["count"]),
        node("ConstantOfShape", ["count"], ["ones"], value=one), node("NonZero", ["ones"], ["a"]),
        node("Gather", ["x", "a"], ["b"], axis=3),
        node("NonZero", ["table"], ["c"]), node("Gather", ["c", "row"], ["d"]),
        node("Reshape", ["b", "d"], ["y"]),
    ]  # fmt: skip
    table = np.zeros((2, 13), np.float32)
    table[1, [2, 8, 12]] = [-2, np.nan, 0.5]
    weights = {"last": np.array([3]), "table": table, "row": np.array(1)}
    graph = read_onnx(write(tmp_path, small(nodes=nodes, weights=weights)))
    assert [operation.output_shape for operation in graph.operations] == [
        (1, 3, 8, 1, 8),
        (2, 8, 12),
    ]
    assert graph.unknown == () and not graph.failure


def test_contradictions_are_reported(tmp_path):
    declared = [array_info("a", (1, 4, 5, 6))]
    graph = read_onnx(write(tmp_path, small(declared=declared)))
    assert graph.operations[0].output_shape == (1, 4, 6, 6)
    assert graph.contradictions == (
        'The file declares "a" as 1 × 4 × 5 × 6; Conv2d makes it 1 × 4 × 6 × 6, which is used.',
    )


def test_files_that_are_none(tmp_path):
    path = tmp_path / "model.onnx"
    refused(path, "cannot be read: No such file")
    refused(tmp_path, "must be a file")
    path.write_bytes(b"")
    refused(path, "this is not one (it is empty)")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"x")
    refused(path, "such as .npz or PyTorch's .pt")
    path.write_bytes(b"\x89PNG\r\n\x1a\n and more")
    refused(path, "looks like a PNG image")
    path.write_bytes(b"ir_version: 8\ngraph { node { op_type: 'Relu' } }")
    refused(path, "is not an ONNX file")
    path.write_bytes(b"\x08\x08")  # a version, and nothing else
    refused(path, "it has no graph")
