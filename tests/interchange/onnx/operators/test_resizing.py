"""ONNX's operators that pad, slice and resize: their shapes, as ONNX Runtime's, and failures."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

from interchange.onnx.operators.cases import X, cases_tested, i  # noqa: E402

CASES = [
    ("Pad", [X, i(0, 0, 1, 2, 0, 0, 3, 0)], {}),
    ("Pad", [X, i(0, 0, 1, 2, 0, 0, 3, 0)], {"mode": "reflect"}),
    ("Pad", [X, i(0, 0, -1, 2, 0, 0, 3, -2)], {}),
    ("Pad", [X, i(0, 0, -1, -2, 0, 0, 1, 1)], {"mode": "reflect"}),
    ("Pad", [X, i(0, 0, 9, 9, 0, 0, 9, 9)], {"mode": "wrap", "opset": 19}),
    ("Pad", [X, i(1, 2), None, i(2)], {"opset": 18}),
    ("Pad", [X], {"pads": [0, 0, 1, 1, 0, 0, 1, 1], "opset": 10}),
    ("Slice", [X, i(1, 0), i(7, 99), i(2, 3), i(2, 3)], {}),
    ("Slice", [X, i(-3), i(-1), i(2)], {}),
    ("Slice", [X, i(-1), i(-(2**62)), i(3), i(-2)], {}),
    ("Slice", [X, i(6), i(1), i(-1), i(-3)], {}),
    ("Slice", [X], {"starts": [1], "ends": [2**31], "axes": [2], "opset": 9}),
    ("Resize", [X, None, np.array([1, 1, 2, 2.6], np.float32)], {}),
    ("Resize", [X, None, None, i(2, 6, 5, 31)], {"mode": "linear"}),
    ("Resize", [(1, 1, 9, 9), None, np.array([1, 1, 1 / 3, 1 / 3], np.float32)], {}),
    ("Resize", [X, None, None, i(7, 4)], {"axes": [2, 3], "opset": 18}),
    ("Resize", [X, None, None, i(7, 4)],
     {"axes": [2, 3], "opset": 18, "keep_aspect_ratio_policy": "not_larger"}),
    ("Resize", [X, None, None, i(7, 4)],
     {"axes": [2, 3], "opset": 18, "keep_aspect_ratio_policy": "not_smaller"}),
    ("Upsample", [X, np.array([1, 1, 2, 3], np.float32)], {"opset": 9}),
    ("Upsample", [X], {"scales": [1.0, 1.0, 2.0, 1.5], "opset": 7}),
    ("DepthToSpace", [(2, 12, 3, 4)], {"blocksize": 2}),
    ("SpaceToDepth", [(2, 3, 6, 4)], {"blocksize": 2}),
    ("GridSample", [X, (2, 5, 4, 2)], {}),
]  # fmt: skip


AXIS = (1, 1, 3)
FAILURES = [
    *(
        ("Pad", [AXIS, i(0, 0, *pads[:1], 0, 0, *pads[1:])], {"mode": "reflect"}, words)
        for pads, words in [
            ((3, 0), "smaller than the axis that it reflects. Received: 3 for 3 elements"),
            ((0, 4), "Received: 4 for 3 elements"),
            ((-1, 2), "Received: 2 for 2 elements"),  # of what is left after it is cut
            ((1, -2), "Received: 1 for 1 element"),
        ]
    ),
    *(
        (
            "Pad",
            [AXIS, i(0, 0, -3, 0, 0, 2)],
            {"mode": mode, "opset": 19},
            f'of mode "{mode}" must leave an element of each axis to repeat. Received: 3 of 3',
        )
        for mode in ("reflect", "edge", "wrap")
    ),
    ("SpaceToDepth", [(1, 3, 5, 4)], {"blocksize": 2}, "divide the height"),
    ("DepthToSpace", [(1, 3, 4, 4)], {"blocksize": 2}, "3 channels and blocks of 2 × 2"),
]
test_shapes, test_every_rule_is_tested, test_failures = cases_tested("resizing", CASES, FAILURES)
