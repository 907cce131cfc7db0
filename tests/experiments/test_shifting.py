"""The feature map moves with the input."""

from __future__ import annotations


def test_the_feature_map_moves_with_the_input(results):
    cases = results["location_invariance"].cases
    comparable = [case for case in cases if case.comparable]
    assert min(case.elements for case in comparable) > 300
    assert all(case.equal == case.elements for case in comparable)
    assert [case.shift for case in cases if not case.comparable] == [1]
    unpadded = [case.border for case in cases if "no padding" in case.network]
    padded = [case.border for case in cases if "padding 2" in case.network]
    assert all(item < other for item, other in zip(unpadded, padded, strict=True))
