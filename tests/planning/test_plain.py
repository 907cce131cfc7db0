"""A plan as plain data."""

from __future__ import annotations

import json

import pytest

import fencepost as fp
from planning.architectures import LENET5

UNEVEN = (
    "Conv2d(8, (5, 3), stride=(2, 1), padding=((1, 2), (0, 1)), remainder='crop'), "
    "Residual(Conv2d(8, 3, padding='same'), Residual(ReLU)), MaxPool2d(2)"
)


@pytest.mark.parametrize("text", [LENET5, UNEVEN, "Conv2d(4, 3, stride=2), ReLU", "Linear(3)"])
def test_data_are_those_of_the_plan(text):
    plan = fp.plan((1, 28, 28), text, batch=2)
    data = json.loads(json.dumps(plan.to_dict(), allow_nan=False))
    assert data["ok"] == plan.ok
    assert data["parameters"] == plan.parameters
    assert len(data["layers"]) == len(plan.rows)
    assert [problem["layer"] for problem in data["problems"]] == [p.layer for p in plan.problems]

    def compare(found, rows):
        for item, row in zip(found, rows, strict=True):
            assert item["place"] == row.place
            assert tuple(item["output_shape"]) == row.output_shape
            assert item["multiply_adds"] == row.multiply_adds
            assert tuple(item["receptive_field"]) == row.receptive_field
            assert [w["output"] for w in item["windows"]] == [w.output for w in row.windows]
            compare(item["inner"], row.inner)

    compare(data["layers"], plan.rows)
