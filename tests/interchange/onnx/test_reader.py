"""What is read of an ONNX file, and what is said of one that cannot be read."""

import tracemalloc
import zipfile

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")

from onnx import TensorProto, helper  # noqa: E402

from fencepost.errors import ArgumentError, DataError  # noqa: E402
from fencepost.graph import Value  # noqa: E402
from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from fencepost.sizing import Window  # noqa: E402
from interchange.onnx.graphs import array_info, graph_model, one_node, weight, write  # noqa: E402

node = helper.make_node


def ones(*shape):
    return np.ones(shape, np.float32)


def refused(path, *words, inputs=None, error=DataError):
    with pytest.raises(error) as caught:
        read_onnx(path, inputs)
    message = str(caught.value)
    for word in words:
        assert word in message
    assert "\n" not in message
    if error is DataError:
        assert message.startswith(f"{path}: ")


def small(**changes):
    """A convolution and a ReLU, with something changed."""
    given = {
        "nodes": [node("Conv", ["x", "w"], ["a"], name="c1"), node("Relu", ["a"], ["y"])],
        "inputs": {"x": (1, 3, 8, 8)},
        "outputs": ["y"],
        "weights": {"w": ones(4, 3, 3, 3)},
    }
    return graph_model(**{**given, **changes})


# --- what is read ----------------------------------------------------------------------------


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
    assert [one.name for one in model.operations] == ["n", "n (2)", "n (2) (2)", "odd\ufffd"]
    assert model.unused == ("w",)


def test_nodes_in_any_order(tmp_path):
    nodes = [node("Relu", ["a"], ["y"], name="2"), node("Conv", ["x", "w"], ["a"], name="1")]
    assert [one.name for one in read_onnx(write(tmp_path, small(nodes=nodes))).operations] == [
        "1",
        "2",
    ]


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
    found = read_onnx(write(tmp_path, model))
    assert found.parameters == 108 and found.operations[-1].output_shape == (1, 4, 6, 6)


def test_sizes_in_a_file_that_is_not_there(tmp_path):
    nodes = [node("Reshape", ["x", "s"], ["y"], name="r")]
    model = small(nodes=nodes, weights={"s": np.array([1, -1])})
    one = model.graph.initializer[0]
    one.ClearField("raw_data")
    one.data_location = TensorProto.EXTERNAL
    one.external_data.add(key="location", value="gone.bin")
    found = read_onnx(write(tmp_path, model))
    assert found.operations[0].output_shapes == ((None, None),)
    (sentence,) = found.unknown
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
    assert [one.parameters for one in model.operations] == [81, 0, 3]


def test_what_is_a_parameter_and_what_a_number(tmp_path):
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
    counts = {one.kind: one.parameters for one in model.operations if one.kind not in ("Add",)}
    expected = {"Conv2d": 108, "Mul": 0, "PReLU": 1, "BatchNorm2d": 8, "Flatten": 0, "Linear": 720}
    assert counts == expected
    assert [one.parameters for one in model.operations if one.kind == "Add"] == [4, 5]
    linear = next(one for one in model.operations if one.kind == "Linear")
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
    found = read_onnx(write(tmp_path, small(nodes=nodes, weights=weights)))
    assert [one.parameters for one in found.operations] == [0, 3, 3]


def test_unused_weights(tmp_path):
    model = read_onnx(write(tmp_path, small(weights={"w": ones(4, 3, 3, 3), "old.head": ones(9)})))
    assert model.unused == ("old.head",) and model.parameters == 108


# --- sizes of the inputs ---------------------------------------------------------------------


def test_an_open_batch_is_one(tmp_path):
    path = write(tmp_path, small(inputs={"x": ("n", 3, 8, 8)}))
    model = read_onnx(path)
    assert model.input_shapes == ((1, 3, 8, 8),)
    assert model.how == 'The batch of "x" is open: it is taken as 1.'
    assert read_onnx(path, (5, 3, 8, 8)).operations[0].output_shape == (5, 4, 6, 6)


def test_open_sizes_are_asked_for(tmp_path):
    path = write(tmp_path, small(inputs={"x": ("n", 3, "height", None)}))
    refused(
        path,
        'input "x" of n × 3 × height × ?, which leaves open "n", "height", axis 3',
        "Give them: --input 1x3x224x224.",
    )
    assert read_onnx(path, (1, 3, 8, 9)).operations[0].output_shape == (1, 4, 6, 7)
    assert read_onnx(path, {"x": (2, 3, 8, 9)}).operations[0].output_shape == (2, 4, 6, 7)
    model = read_onnx(path, (3, 8, 9))
    assert model.operations[0].output_shape == (1, 4, 6, 7)
    assert model.how == 'A batch of 1 was put before the sizes of "x".'
    path = write(tmp_path, small(inputs={"x": (4, 3, 8, 8)}))
    assert read_onnx(path, (3, 8, 9)).input_shapes == ((4, 3, 8, 9),)


def test_several_inputs(tmp_path):
    nodes = [node("Add", ["left", "right"], ["y"])]
    inputs = {"left": ("n", 3, "w"), "right": ("n", 3, "w")}
    path = write(tmp_path, small(nodes=nodes, inputs=inputs, weights={}))
    refused(path, "--input left=1x3x224.")
    # What one input says of a named size holds for the other.
    assert read_onnx(path, {"left": (2, 3, 7)}).input_shapes == ((2, 3, 7), (2, 3, 7))
    refused(path, "for a model of one input", "left", inputs=(2, 3, 7), error=ArgumentError)
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
    refused(path, 'no shape of input "x". Give it: --input 1x3x224x224')
    assert read_onnx(path, (1, 3, 8, 8)).operations[0].output_shape == (1, 4, 6, 6)
    model.graph.input[0].type.Clear()
    refused(write(tmp_path, model), "every input must be an array")


def test_other_sizes_than_the_file_declares(tmp_path):
    declared = [array_info("a", (1, 4, 6, 6))]
    model = read_onnx(write(tmp_path, small(declared=declared)), (1, 3, 10, 10))
    assert model.operations[0].output_shape == (1, 4, 8, 8) and not model.contradictions


# --- what cannot be known --------------------------------------------------------------------


def test_unknown_operators(tmp_path):
    nodes = [
        node("Conv", ["x", "w"], ["a"]),
        node("Magic", ["a", "w2"], ["b"], domain="nobody", name="m"),
        node("Magic", ["b"], ["c"], domain="nobody"),
        node("Relu", ["c"], ["y"]),
    ]
    weights = {"w": ones(4, 3, 3, 3), "w2": ones(9)}
    model = small(nodes=nodes, weights=weights, declared=[array_info("b", (1, 7))])
    found = read_onnx(write(tmp_path, model))
    assert [one.output_shape for one in found.operations] == [(1, 4, 6, 6), (1, 7), None, None]
    (sentence,) = found.unknown
    assert 'operator "nobody.Magic" ("m", "c") has no rule here' in sentence
    assert "its parameters are not counted" in sentence
    assert found.parameters == 108 and found.multiply_adds is None and not found.unused
    assert (found.operations[1].kind, found.operations[1].role) == ("Magic", "unknown")


def test_graphs_within_nodes(tmp_path):
    branch = helper.make_graph([node("Relu", ["x"], ["r"])], "b", [], [array_info("r", (1, 3))])
    nodes = [
        node("If", ["yes"], ["a"], then_branch=branch, else_branch=branch, name="choice"),
        node("Relu", ["a"], ["y"]),
    ]
    found = read_onnx(write(tmp_path, small(nodes=nodes, weights={"yes": np.array(True)})))
    (sentence,) = found.unknown
    assert '"If" ("choice") holds a graph of its own, which is not read' in sentence
    assert found.operations[1].output_shapes == (None,)


def test_graphs_nested_without_end(tmp_path):
    def field(number, content):
        size, length = len(content), b""
        while size > 127:
            length, size = length + bytes([size & 127 | 128]), size >> 7
        return bytes([number << 3 | 2]) + length + bytes([size]) + content

    inner = b""
    for _ in range(5_000):
        inner = field(6, field(1, field(4, b"If") + field(5, inner)))
    one = field(1, b"c") + field(2, b"y") + field(4, b"If") + field(5, field(1, b"then") + inner)
    graph = field(1, one) + field(11, small().graph.input[0].SerializeToString())
    graph += field(5, weight("c", np.array(True)).SerializeToString())
    found = read_onnx(write(tmp_path, field(7, graph)))
    assert '"If" ("y") holds a graph' in found.unknown[0]


def test_sizes_that_depend_on_data(tmp_path):
    nodes = [node("NonZero", ["x"], ["a"], name="where"), node("Abs", ["a"], ["y"])]
    found = read_onnx(write(tmp_path, small(nodes=nodes)))
    assert found.operations[1].output_shape == (4, None)
    assert found.unknown == ('"where": how many elements are not 0 depends on the data.',)


def test_contradictions_are_told(tmp_path):
    declared = [array_info("a", (1, 4, 5, 6))]
    found = read_onnx(write(tmp_path, small(declared=declared)))
    assert found.operations[0].output_shape == (1, 4, 6, 6)
    assert found.contradictions == (
        'The file declares "a" as 1 × 4 × 5 × 6; Conv2d makes it 1 × 4 × 6 × 6, which is used.',
    )


# --- what cannot run -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "given", "attributes", "words"),
    [
        ("Conv", [(1, 5, 8, 8), ones(4, 3, 3, 3)], {}, "an input of 1 × 5 × 8 × 8 and a weight"),
        ("Conv", [(1, 3, 2, 8), ones(4, 3, 3, 3)], {}, "output = (2 + 0 + 0 − 1·(3 − 1) − 1) / 1"),
        ("Conv", [(1, 3, 8), ones(4, 3, 3, 3)], {}, "Conv2d takes arrays of 4 axes"),
        ("Conv", [(1, 4, 8, 8), ones(5, 2, 3, 3)], {"group": 2}, "groups must divide out_channels"),
        ("Conv", [(1, 3, 8, 8), ones(4, 3, 3, 3), ones(5)], {}, "a bias of 5 for 4 channels"),
        ("Conv", [(1, 3, 8, 8), ones(4, 3, 3, 3)], {"strides": [0, 1]}, "strides must have 2"),
        ("Conv", [(1, 3, 8, 8), ones(4, 3, 3, 3)], {"auto_pad": "SAM"}, "auto_pad must be"),
        ("Conv", [(1, 3, 8, 8), ones(4, 3, 3, 3)], {"kernel_shape": [3, 4]}, "3 × 4 and 3 × 3"),
        (
            "ConvTranspose",
            [(1, 3, 1, 1), ones(3, 3, 1, 1)],
            {"pads": [1] * 4},
            "put out at least",
        ),
        ("MaxPool", [(1, 3, 8, 8)], {"kernel_shape": [9, 1]}, "The kernel must fit"),
        ("Gemm", [(1, 100), ones(10, 120)], {"transB": 1}, "100 (1 × 100), and a weight for 120"),
        ("Gemm", [(1, 3, 8), ones(8, 10)], {}, "flatten first. Received: 1 × 3 × 8"),
        ("MatMul", [(2, 5), (4, 3)], {}, "2 × 5 and 4 × 3"),
        ("Mul", [(2, 5)], {}, "Mul needs 2 inputs. Received: 1"),
        ("Add", [(1, 64, 56, 56), (1, 64, 55, 55)], {}, "1 × 64 × 56 × 56 and 1 × 64 × 55 × 55"),
        ("Concat", [(1, 3, 8, 8), (1, 3, 7, 7)], {"axis": 1}, "joined along axis 1 must be equal"),
        ("Reshape", [(1, 16, 4, 4), np.array([1, 400])], {}, "256 for 1 × 400 = 400"),
        ("Reshape", [(1, 16, 5, 5), np.array([-1, 256])], {}, "400 for −1 × 256"),
        ("BatchNormalization", [(1, 3, 8), *[ones(4)] * 4], {}, "4 for 3 channels"),
        ("Transpose", [(1, 3)], {"perm": [0, 0]}, "every axis once"),
        ("Squeeze", [(1, 3), np.array([1])], {}, "Only axes of size 1"),
        ("Split", [(1, 5)], {"axis": 1, "split": [4], "opset": 11}, "add up to the size"),
        ("Gather", [(1, 5), np.array(5)], {"axis": 1}, "index 5 of 5"),
        ("SpaceToDepth", [(1, 3, 5, 4)], {"blocksize": 2}, "whole blocks"),
        ("DepthToSpace", [(1, 3, 4, 4)], {"blocksize": 2}, "3 channels and blocks of 2 × 2"),
        ("Expand", [(1, 3), np.array([2**62])], {}, "an integer from 0"),
        ("Tile", [(2**30, 3), np.array([2**30, 1])], {}, "may have at most"),
        ("Softmax", [(1, 3)], {"axis": 2}, "axis 2 of 2 axes"),
        ("Einsum", [(1, 3)], {"equation": "ij->\n"}, "those of the inputs. Received: ij->\ufffd"),
        ("Attention", [(1, 5, 9)] * 3, {"q_num_heads": 2, "kv_num_heads": 2}, "and 2 heads"),
    ],
)
def test_failures(tmp_path, operator, given, attributes, words):
    model = one_node(operator, given, **attributes)
    model.graph.node.append(node("Relu", ["y0"], ["after"]))
    found = read_onnx(write(tmp_path, model))
    (last,) = found.operations
    assert last.output_shapes == () and last.input_shapes == tuple(
        shape for shape in given if isinstance(shape, tuple)
    )
    assert words in found.failure and " Received: " in found.failure
    assert found.outputs == ()


@pytest.mark.parametrize("ends", [(0.0, 1e300, 1e-300), (0.0, np.inf, 1.0), (5.0, 1.0, 0.0)])
def test_ranges_without_end(tmp_path, ends):
    nodes = [node("Range", ["a", "b", "c"], ["r"]), node("Add", ["x", "r"], ["y"])]
    weights = dict(zip("abc", map(np.float64, ends), strict=True))
    assert "Range m" in read_onnx(write(tmp_path, small(nodes=nodes, weights=weights))).failure


def test_a_failure_keeps_its_windows(tmp_path):
    found = read_onnx(write(tmp_path, one_node("MaxPool", [(1, 3, 8, 8)], kernel_shape=[9, 2])))
    (last,) = found.operations
    assert last.windows == (Window(8, 9), Window(8, 2)) and last.describe() == "MaxPool2d((9, 2))"


# --- what is no model ------------------------------------------------------------------------


def test_files_that_are_none(tmp_path):
    path = tmp_path / "model.onnx"
    refused(path, "cannot be read: No such file")
    refused(tmp_path, "must be a file")
    path.write_bytes(b"")
    refused(path, "this is none (it is empty)")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"x")
    refused(path, "such as .npz or PyTorch's .pt")
    path.write_bytes(b"\x89PNG\r\n\x1a\n and more")
    refused(path, "looks like a PNG image")
    path.write_bytes(b"ir_version: 8\ngraph { node { op_type: 'Relu' } }")
    refused(path, "is no ONNX file")
    path.write_bytes(b"\x08\x08")  # a version, and nothing else
    refused(path, "it has no graph")


def test_cut_at_every_place(tmp_path):
    whole = small().SerializeToString()
    path = tmp_path / "model.onnx"
    refusals = 0
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        try:
            read_onnx(path)
        except DataError as error:
            refusals += 1
            assert "is damaged" in str(error) or "Received: " in str(error)
    assert refusals > len(whole) * 0.9


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x3a\xff\xff\xff\xff\x0f", "claims 4,294,967,295 bytes, and 0 follow"),
        (b"\x3b\x3c", "wire type 3, which does not exist"),
        (b"\x38\x01", "wire type 0 instead of 2"),
        (b"\x02\x00", "number 0"),
        (b"\xff" * 11, "longer than 10 bytes"),
        (b"\x3a\x80", "ends within a number"),
        (b"\x3a\x02\x0a\x05", "in the graph, a field claims 5 bytes, and 0 follow"),
        (b"\x3a\x04\x0a\x02\x08\x01", "in node 1, a part has the wire type 0 instead of 2"),
        (b"\x3a\x04\x2a\x02\x10\x63", "element type 99"),
        (b"\x39\x00", "needs 8 bytes, and 1 follow"),
    ],
)
def test_bytes_that_are_no_message(tmp_path, content, words):
    refused(write(tmp_path, content), "the file is damaged", words, "Export it again.")


@pytest.mark.parametrize(
    ("dims", "words"),
    [
        ([4, -3, 3, 3], "claims the shape (4, -3, 3, 3)"),
        ([2**62, 1], f"claims the shape ({2**62}, 1)"),
        ([4, 3, 3, 2], "of shape (4, 3, 3, 2) and float32 takes 288 bytes, and it has 432"),
        ([1] * 40, "more than 32 axes"),
    ],
)
def test_weights_that_lie(tmp_path, dims, words):
    model = small()
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend(dims)
    refused(write(tmp_path, model), "in weight 1", words)


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([node("Relu", ["b"], ["y"], name="r")], 'node "r" takes "b", which nothing gives'),
        (
            [node("Relu", ["y"], ["a"], name="p"), node("Relu", ["a"], ["y"], name="q")],
            'for its own output. Received: node "q" → node "p" → node "q"',
        ),
        (
            [node("Relu", ["x"], ["y"], name="p"), node("Relu", ["x"], ["y"], name="q")],
            '"y" is given by node "p" and node "q"',
        ),
        ([node("Relu", ["x"], ["w"])], '"w" is given by an input or weight and node "w"'),
        ([node("Relu", ["x"], ["z"])], "every output of a model must be the output of a node"),
        ([node("Softmax", ["x"], ["y"], axis=0.5, name="s")], 'in node "s", attribute "axis"'),
    ],
)
def test_graphs_that_are_none(tmp_path, nodes, words):
    refused(write(tmp_path, small(nodes=nodes)), words)


def test_names_that_are_given_twice(tmp_path):
    model = small()
    model.graph.initializer.append(model.graph.initializer[0])
    refused(write(tmp_path, model), '"w" is given by two weights')
    model = small()
    model.graph.input.append(model.graph.input[0])
    refused(write(tmp_path, model), '"x" is given by two inputs')


def test_a_long_circle_is_named_in_short(tmp_path):
    nodes = [node("Add", ["x", f"t{(k + 1) % 9}"], [f"t{k}"], name=f"n{k}") for k in range(9)]
    nodes.append(node("Relu", ["t0"], ["y"]))
    refused(write(tmp_path, small(nodes=nodes)), "(9 nodes in all)")


def test_many_nodes(tmp_path):
    """A long chain in the wrong order, then a wide join: neither stack nor time run out."""
    count = 20_000
    nodes = [node("Relu", [f"t{k}"], [f"t{k + 1}"]) for k in range(count)][::-1]
    nodes.append(node("Sum", [f"t{k}" for k in range(count)], ["y"]))
    found = read_onnx(write(tmp_path, small(nodes=nodes, inputs={"t0": (1, 2)}, weights={})))
    assert len(found.operations) == count + 1
    assert found.operations[-1].output_shape == (1, 2)


def test_numbers_that_grow_without_end(tmp_path):
    """Squares of squares: what is no size any more is not computed."""
    nodes = [node("Mul", [f"s{k}", f"s{k}"], [f"s{k + 1}"]) for k in range(5_000)]
    nodes += [node("Concat", [f"c{k}", f"c{k}"], [f"c{k + 1}"], axis=0) for k in range(60)]
    nodes.append(node("Reshape", ["x", "s5000"], ["y"], name="r"))
    weights = {"s0": np.array([1, 3, 8, 8]), "c0": np.array([1, 2])}
    found = read_onnx(write(tmp_path, small(nodes=nodes, weights=weights)))
    assert "an array may have at most" in found.failure.lower() or found.unknown


def test_weights_stay_in_the_file(tmp_path):
    path = write(tmp_path, small(weights={"w": ones(4, 3, 3, 3), "large": ones(2**12, 2**11)}))
    assert path.stat().st_size > 32 << 20
    read_onnx(path)  # modules are imported by now
    tracemalloc.start()
    read_onnx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 18


def test_sparse_weights(tmp_path):
    model = small(weights={})
    values, indices = weight("w", ones(2)), weight("", np.array([0, 7]))
    sparse = helper.make_sparse_tensor(values, indices, [4, 3, 3, 3])
    model.graph.sparse_initializer.append(sparse)
    (conv, _) = read_onnx(write(tmp_path, model)).operations
    assert (conv.weight_shape, conv.output_shape) == ((4, 3, 3, 3), (1, 4, 6, 6))


def test_numbers_in_every_field_that_holds_them(tmp_path):
    """Sizes from raw bytes, from lists of several types, from a node, from a float that is cast."""
    wanted = (1, 6, 32)
    typed = [
        helper.make_tensor("s", TensorProto.INT64, [3], wanted),
        helper.make_tensor("s", TensorProto.INT32, [3], wanted),
        helper.make_tensor("s", TensorProto.UINT64, [3], wanted),
        helper.make_tensor("s", TensorProto.FLOAT, [3], wanted),
        helper.make_tensor("s", TensorProto.DOUBLE, [3], wanted),
        helper.make_tensor("s", TensorProto.FLOAT16, [3], wanted),
        helper.make_tensor("s", TensorProto.BFLOAT16, [3], wanted),
        *(weight("s", np.array(wanted, kind)) for kind in ("i8", "i4", "u2", "f4", "f8", "f2")),
    ]
    nodes = [node("Cast", ["s"], ["t"], to=7), node("Reshape", ["x", "t"], ["y"])]
    for tensor in typed:
        model = small(nodes=nodes, weights={})
        model.graph.initializer.append(tensor)
        found = read_onnx(write(tmp_path, model))
        assert found.operations[0].output_shape == wanted, tensor
    literals = [node("Constant", [], ["s"], value=one) for one in typed]
    literals += [node("Constant", [], ["s"], value_ints=wanted)]
    literals += [node("Constant", [], ["s"], value_floats=[1.0, 6.0, 32.0])]
    for literal in literals:
        found = read_onnx(write(tmp_path, small(nodes=[literal, *nodes])))
        assert found.operations[0].output_shape == wanted, literal
