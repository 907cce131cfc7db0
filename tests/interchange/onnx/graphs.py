"""Small ONNX graphs for the tests, and what ONNX Runtime makes of them."""

import numpy as np
import onnx
from onnx import helper, numpy_helper


def array_info(name, shape, kind=np.float32):
    return helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), shape
    )


def weight(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def graph_model(nodes, inputs, outputs, weights=(), opset=17, declared=(), domains=()):
    """Put a model together: inputs are name → shape, weights name → array, outputs names."""
    graph = helper.make_graph(
        nodes,
        "test",
        [array_info(name, shape) if isinstance(shape, (tuple, list)) else shape
         for name, shape in dict(inputs).items()],
        [a if isinstance(a, onnx.ValueInfoProto) else helper.make_empty_tensor_value_info(a)
         for a in outputs],
        [weight(name, array) for name, array in dict(weights).items()],
        value_info=list(declared),
    )  # fmt: skip
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(item, 1) for item in domains)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8 if opset < 19 else 10)


def small(**changes):
    """A convolution and a ReLU, with something changed."""
    given = {
        "nodes": [
            helper.make_node("Conv", ["x", "w"], ["a"], name="c1"),
            helper.make_node("Relu", ["a"], ["y"]),
        ],
        "inputs": {"x": (1, 3, 8, 8)},
        "outputs": ["y"],
        "weights": {"w": np.ones((4, 3, 3, 3), np.float32)},
    }
    return graph_model(**{**given, **changes})


def write(folder, model, name="model.onnx"):
    path = folder / name
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    return path


def one_node(operator, given, outputs=1, opset=17, **attributes):
    """Make a model of one node; `given` are shapes (inputs), arrays (weights), None (left out)."""
    inputs, weights, names = {}, {}, []
    for index, array in enumerate(given):
        name = "" if array is None else f"{'x' if isinstance(array, tuple) else 'w'}{index}"
        names.append(name)
        if isinstance(array, tuple):
            inputs[name] = array
        elif array is not None:
            weights[name] = np.asarray(array)
    results = [f"y{index}" for index in range(outputs)]
    node = helper.make_node(operator, names, results, name="node", **attributes)
    return graph_model([node], inputs, results, weights, opset)


def session(model):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def runtime_shapes(model, shapes=None):
    """Run a model on zeros; return the shape of each of its outputs, by name."""
    run = session(model)
    feed = {
        array.name: np.zeros((shapes or {}).get(array.name, array.shape), _KINDS[array.type])
        for array in run.get_inputs()
    }
    names = [array.name for array in run.get_outputs()]
    return dict(zip(names, (np.shape(item) for item in run.run(names, feed)), strict=True))


_KINDS = {
    "tensor(float)": np.float32,
    "tensor(bool)": np.bool_,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
}


def with_all_outputs(model):
    """Return a copy whose outputs are all the arrays that its nodes put out."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    there = {array.name for array in copy.graph.output}
    for node in copy.graph.node:
        for name in node.output:
            if name and name not in there:
                copy.graph.output.append(helper.make_empty_tensor_value_info(name))
    return copy
