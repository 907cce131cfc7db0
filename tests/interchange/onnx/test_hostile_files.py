"""ONNX files that are damaged or mean harm: each is read, or refused with a clear error.

The damage is seeded, so a failure repeats: the seed is in the message.
"""

import functools
import tracemalloc

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")

from onnx import TensorProto, helper  # noqa: E402

from fencepost.check import check  # noqa: E402
from fencepost.errors import FencepostError  # noqa: E402
from fencepost.graph import element_count  # noqa: E402
from fencepost.interchange.onnx.operators import RULES  # noqa: E402
from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import array_info, graph_model, weight, write  # noqa: E402

CASES = 400
F32 = np.float32


# --- damage at random ------------------------------------------------------------------------


@functools.cache
def base_files():
    """Small files that read well: exports where PyTorch is there, and graphs made by hand."""
    found = [by_hand()]
    try:
        import torch
    except ImportError:
        return found
    from interchange.onnx.exports import Shaped, export
    from interchange.torch.architectures import Block, lenet5

    image = torch.zeros(1, 3, 10, 12)
    axes = {"x": {0: "n"}}
    found.append(export(Shaped(), image, input_names=["x"], dynamic_axes=axes))
    found.append(export(Block(3, 4, 2, True), image))
    found.append(without_numbers(export(lenet5(), torch.zeros(1, 1, 28, 28))))
    return found


def by_hand():
    node = helper.make_node
    inner = helper.make_graph(
        [node("Relu", ["t"], ["inner"])], "inner", [], [array_info("inner", (1, 4, 19, 19))]
    )
    nodes = [
        node("ConvTranspose", ["x", "w"], ["a"], strides=[2, 2], output_padding=[1, 1]),
        node("Resize", ["a", "", "scales"], ["b"], mode="linear"),
        node("Pad", ["b", "pads"], ["c"]),
        node("Slice", ["c", "starts", "ends"], ["d"]),
        node("AveragePool", ["d"], ["e"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        node("Split", ["e"], ["f", "g"], axis=1),
        node("Concat", ["f", "g", "f"], ["h"], axis=1),
        node("ReduceMean", ["h"], ["i"], axes=[2, 3], keepdims=0),
        node("Einsum", ["i", "m"], ["t"], equation="ij,jk->ik"),
        node("If", ["yes"], ["j"], then_branch=inner, else_branch=inner),
        node("Mystery", ["t"], ["y"], domain="nobody.knows", level=3),
    ]
    weights = {
        "w": np.ones((3, 4, 3, 3), F32),
        "scales": np.array([1, 1, 1.5, 1.5], F32),
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "starts": np.array([0, 0, 1, 1]),
        "ends": np.array([1, 4, -1, -1]),
        "m": np.ones((6, 5), F32),
        "yes": np.array(True),
    }
    declared = [array_info("t", (1, 5)), array_info("y", (1, 7))]
    model = graph_model(nodes, {"x": (1, 3, 6, 6)}, ["y"], weights, 13, declared, ["nobody.knows"])
    return model.SerializeToString()


def without_numbers(content):
    """Put large weights into another file, which is not there: what is left is structure."""
    model = onnx.load_from_string(content)
    for array in model.graph.initializer:
        if len(array.raw_data) > 64:
            array.ClearField("raw_data")
            array.data_location = TensorProto.EXTERNAL
            array.external_data.add(key="location", value="elsewhere.bin")
    return model.SerializeToString()


WILD = (0, 1, -1, 2, 3, 7, 255, 65_536, 2**31, -(2**31), 2**62, 2**63 - 1, -(2**63))


def lie(data, others, rng):
    """Return a file that is well formed and says something else, in one to four places."""
    model = onnx.load_from_string(data)
    graph, other = model.graph, onnx.load_from_string(others[rng.integers(len(others))]).graph

    def pick(many):
        return many[int(rng.integers(len(many)))]

    def wild():
        return int(rng.choice(np.array(WILD, object)))

    for _ in range(rng.integers(1, 5)):
        nodes = list(graph.node) or [graph.node.add()]
        one = pick(nodes)
        names = [name for node in nodes for name in (*node.input, *node.output)] or [""]
        match rng.integers(0, 10):
            case 0:
                one.op_type = pick(sorted(RULES))
            case 1 if one.input:
                one.input[int(rng.integers(len(one.input)))] = pick(names)
            case 2 if one.input:
                del one.input[int(rng.integers(len(one.input))) :]
            case 3 if one.attribute:
                attribute = pick(one.attribute)
                attribute.i = wild()
                if attribute.ints:
                    attribute.ints[int(rng.integers(len(attribute.ints)))] = wild()
                    attribute.ints.extend([wild()] * int(rng.integers(2)))
                attribute.s = pick([b"SAME_UPPER", b"bilinear", b"\xff", b"ij,jk->ik"])
            case 4 if graph.initializer:
                tensor = pick(graph.initializer)
                tensor.data_location, tensor.raw_data = TensorProto.EXTERNAL, b""
                tensor.dims.append(1)
                tensor.dims[int(rng.integers(len(tensor.dims)))] = wild()
            case 5 if graph.initializer:
                tensor = pick(graph.initializer)
                values = onnx.numpy_helper.to_array(tensor) if tensor.raw_data else np.zeros(0)
                if values.dtype.kind in "fi" and 0 < values.size < 50:
                    values = np.array(values)
                    values.flat[int(rng.integers(values.size))] = wild()
                    tensor.CopyFrom(weight(tensor.name, values))
            case 6:
                shape = pick(
                    [*graph.input, *graph.output, *graph.value_info]
                ).type.tensor_type.shape
                shape.dim.add()
                pick(shape.dim).dim_value = wild()
            case 7:
                del graph.node[int(rng.integers(len(graph.node)))]
            case 8:
                graph.node.insert(int(rng.integers(len(nodes))), pick(other.node or nodes))
            case 9:
                one.output[:] = [*one.output, pick(names), "new"][int(rng.integers(3)) :]
    if rng.random() < 0.7:
        connect(graph, pick)
    return model.SerializeToString()


def connect(graph, pick):
    """Let every node take what was given before it, and give what nobody gave yet."""
    known = [array.name for array in (*graph.input, *graph.initializer)]
    for index, node in enumerate(graph.node):
        for place, name in enumerate(node.input):
            if name and name not in known:
                node.input[place] = pick(known)
        for place, name in enumerate(node.output):
            if name in known:
                node.output[place] = f"{name} again {index} {place}"
        known += node.output
    del graph.output[1:]
    graph.output[0].name = known[-1]


def damage(data, others, rng):
    """Return the bytes with one to three accidents."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(0, max(1, len(data))))
        other = others[rng.integers(len(others))]
        start = int(rng.integers(0, len(other)))
        match rng.integers(0, 8):
            case 0:
                del data[at:]
            case 1:
                data[at : at + 1] = bytes([int(rng.integers(256))])
            case 2:
                del data[at : at + int(rng.integers(1, 20))]
            case 3:
                data[at:at] = data[at : at + int(rng.integers(1, 200))]
            case 4:  # a number or a length that goes on, up to 64 bits of ones
                data[at:at] = b"\xff" * int(rng.integers(1, 11))
            case 5:
                data[at : at + 1] = rng.choice([b"\xff\xff\xff\xff\x0f", b"\x80\x80\x04", b"\0"])
            case 6:
                data[at:at] = other[start : start + int(rng.integers(1, 300))]
            case 7:
                length = int(rng.integers(1, 300))
                data[at : at + length] = other[start : start + length]
    return bytes(data)


def is_sound(model):
    """What whoever goes on with a model relies on."""
    names = [operation.name for operation in model.operations]
    assert len(set(names)) == len(names)
    assert all(name.isprintable() and len(name) < 300 for name in names)
    for place, operation in enumerate(model.operations):
        assert len(operation.inputs) == len(operation.input_shapes)
        assert all(-1 <= value.operation < place for value in operation.inputs)
        assert operation.describe()
        assert operation.parameters >= 0
        for shape in (*operation.output_shapes, *operation.input_shapes):
            assert shape is None or all(size is None or 0 <= size <= 2**40 for size in shape)
            assert shape is None or (element_count(shape) or 0) >= 0
    for value in model.outputs:
        assert -1 <= value.operation < len(model.operations)
    if model.failure:
        assert not model.operations[-1].output_shapes and not model.outputs
    for text in (model.failure, model.how, *model.unknown, *model.contradictions):
        assert len(text) < 1_000 and (text.isprintable() or not text)


def test_damage_at_random(tmp_path):
    bases = base_files()
    outcomes = {"whole": 0, "fails": 0, "refused": 0}
    path = tmp_path / "model.onnx"
    for base in bases:
        path.write_bytes(base)
        is_sound(read_onnx(path))
    for seed in range(CASES):
        rng = np.random.default_rng(seed)
        change = lie if seed % 3 else damage
        path.write_bytes(change(bases[seed % len(bases)], bases, rng))
        tracemalloc.start()
        try:
            model = read_onnx(path)
        except FencepostError as error:
            outcomes["refused"] += 1
            assert str(path) in str(error), seed
            assert "\n" not in str(error), seed
            assert len(str(error)) < 2_000, seed
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
        else:
            is_sound(model)
            outcomes["fails" if model.failure else "whole"] += 1
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 16 << 20, seed
    assert min(outcomes.values()) > CASES / 50, outcomes


def test_sizes_that_nobody_waits_for(tmp_path):
    """What is judged of huge sizes is computed, not counted."""
    node = helper.make_node
    nodes = [
        node("Resize", ["x", "", "", "large"], ["a"], name="enlarged"),
        node("Conv", ["a", "w"], ["b"], pads=[2**20, 0, 0, 0], dilations=[9, 9]),
        node("Conv", ["x", "w"], ["c"], strides=[2**20, 1], pads=[2**20, 1, 1, 1]),
        node("MaxPool", ["x"], ["d"], kernel_shape=[2**20, 2], pads=[2**20 - 1, 0, 0, 0]),
    ]
    weights = {"w": np.ones((1, 1, 3, 3), F32), "large": np.array([1, 1, 2**31 - 1, 2**29 - 3])}
    model = graph_model(nodes, {"x": (1, 1, 30, 29)}, ["b", "c", "d"], weights)
    report = check(write(tmp_path, model))
    shapes = [operation.output_shape for operation in report.graph.operations]
    assert shapes[0] == (1, 1, 2**31 - 1, 2**29 - 3)
    assert shapes[1] == (1, 1, 2**31 - 1 + 2**20 - 18, 2**29 - 3 - 18)
    assert report.findings


def test_what_lies_is_judged_all_the_same(tmp_path):
    bases = base_files()
    judged = 0
    for seed in (*range(500_400, 500_500), 501_719):  # the last reshapes a single number
        path = tmp_path / "model.onnx"
        path.write_bytes(lie(bases[seed % len(bases)], bases, np.random.default_rng(seed)))
        try:
            report = check(path)
        except FencepostError:
            continue
        assert str(report), seed
        judged += 1
    assert judged > 30
