"""Changes of images against torchvision's, whose values lie beside this file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from augmentation_reference import by_definition

THEIRS = json.loads((Path(__file__).parent / "torchvision_values.json").read_text())


@pytest.mark.parametrize("case", THEIRS, ids=lambda case: f"{case['name']} {case['values']}")
def test_definitions_are_torchvisions(case):
    # Values of torchvision 0.29, transforms.v2.functional, with bilinear interpolation. (With a
    # `fill` other than None, it weighs what is half outside twice.)
    image = np.array(case["image"])
    result = by_definition(image, case["name"], case["values"], case["peak"], fill=0)
    np.testing.assert_allclose(result, case["result"], atol=case["tolerance"])
