"""The rules of operators against the cases with which ONNX defines them."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")

from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import write  # noqa: E402


def of_the_specification():
    """The cases with which ONNX defines its operators: models, and what goes in and comes out."""
    from onnx.backend.test.case.node import collect_testcases

    for case in collect_testcases():
        if case.model is not None and case.data_sets:
            yield case.name, case.model, case.data_sets[0]


@pytest.mark.filterwarnings("ignore")
def test_the_cases_of_the_specification(tmp_path):
    known = 0
    for name, original, (given, expected) in of_the_specification():
        arrays = all(isinstance(array, np.ndarray) and array.size for array in given)
        if not arrays or not all(
            array.type.HasField("tensor_type") for array in original.graph.input
        ):
            continue  # sequences, optional inputs, arrays without elements
        model = onnx.ModelProto()
        model.CopyFrom(original)
        for array in model.graph.output:
            array.ClearField("type")  # what the file declares is not what the rule finds
        inputs = [array.name for array in model.graph.input]
        asked = {key: one.shape for key, one in zip(inputs, given, strict=True) if one.ndim}
        graph = read_onnx(write(tmp_path, model), asked)
        assert not graph.failure, name
        if graph.unknown or len(graph.outputs) < len(expected):
            continue
        made = [one for item in expected for one in (item if isinstance(item, list) else [item])]
        for value, array_ in zip(graph.outputs, made, strict=True):
            if value.operation >= 0:
                shape = graph.operations[value.operation].output_shapes[value.output]
                tensor = isinstance(array_, onnx.TensorProto)  # of a type that NumPy does not have
                assert shape == (tuple(array_.dims) if tensor else np.shape(array_)), name
        known += 1
    assert known > 1_000
