"""Operators of ai.onnx.ml: the sizes are those that ONNX Runtime makes."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

from onnx import helper  # noqa: E402

from fencepost.interchange.onnx.operators.ml import ML  # noqa: E402
from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import graph_model, runtime_shapes, write  # noqa: E402

CASES = {
    "Binarizer": [(((2, 3),), {"threshold": 0.5})],
    "Imputer": [(((2, 3),), {"imputed_value_floats": [0.0], "replaced_value_float": 1.0})],
    "LabelEncoder": [
        (((2, 3),), {"keys_floats": [0.0], "values_floats": [5.0], "default_float": 1.0}),
    ],
    "Scaler": [(((2, 3),), {"offset": [1.0, 2.0, 3.0], "scale": [1.0, 1.0, 2.0]})],
    "Normalizer": [(((2, 3),), {"norm": "L2"}), (((1, 5),), {"norm": "MAX"})],
    "ArrayFeatureExtractor": [
        (((2, 5), np.array([0, 3, 1])), {}),
        (((2, 4, 5), np.array([4])), {}),
        (((5,), np.array([0, 3])), {}),
    ],
    "FeatureVectorizer": [(((2, 3), (2, 4)), {"inputdimensions": [3, 4]})],
    "LinearClassifier": [
        (
            ((4, 3),),
            {
                "coefficients": [1.0] * 9,
                "intercepts": [0.0] * 3,
                "classlabels_ints": [0, 1, 2],
                "outputs": 2,
            },
        ),
        (
            ((4, 3),),
            {
                "coefficients": [1.0] * 6,
                "intercepts": [0.0] * 2,
                "multi_class": 1,
                "classlabels_ints": [0, 1],
                "outputs": 2,
            },
        ),
    ],
    "LinearRegressor": [
        (((4, 3),), {"coefficients": [1.0] * 6, "intercepts": [0.0] * 2, "targets": 2}),
        (((4, 3),), {"coefficients": [1.0] * 3}),
    ],
}


def test_each_operator_has_its_case():
    assert CASES.keys() == ML.keys()


@pytest.mark.parametrize(
    ("operator", "given", "more"), [(name, *case) for name, some in CASES.items() for case in some]
)
def test_sizes_are_those_that_run(tmp_path, operator, given, more):
    arrays = {f"a{index}": array for index, array in enumerate(given)}
    more = dict(more)
    made = ["y", "z"][: more.pop("outputs", 1)]
    node = helper.make_node(operator, list(arrays), made, "node", domain="ai.onnx.ml", **more)
    inputs = {name: array for name, array in arrays.items() if isinstance(array, tuple)}
    weights = {name: array for name, array in arrays.items() if name not in inputs}
    model = graph_model([node], inputs, made, weights)
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 2))
    graph = read_onnx(write(tmp_path, model))
    assert not graph.failure
    (operation,) = graph.operations
    assert operation.output_shapes == tuple(runtime_shapes(model).values())
    assert operation.role != "unknown"
