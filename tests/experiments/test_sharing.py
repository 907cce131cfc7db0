"""A slid kernel, a sparse matrix and a layer give the same numbers."""

from __future__ import annotations


def test_shared_weights_are_the_slid_kernel(results):
    for case in results["shared_weights"].cases:
        assert case.by_edges < 1e-9
        assert case.by_matrix < 1e-9
        assert case.by_network < 1e-2  # of pixels up to 255, in float32
    assert results["shared_weights"].article[-1][1:] == (196_608, 27)
