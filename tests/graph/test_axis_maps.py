"""How axes are resized: against PyTorch's gradients."""

from __future__ import annotations

import pytest

from fencepost.graph import receptive_fields
from graph.graph_builder import GraphBuilder


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic", "area"])
@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize(("size", "output"), [(4, 8), (6, 4), (5, 7), (8, 2), (3, 3)])
def test_resizing_against_pytorchs_gradients(mode, align, size, output):
    torch = pytest.importorskip("torch")
    if align and mode not in ("bilinear", "bicubic"):
        return
    options = {"align_corners": True} if align else {}
    x = torch.rand(1, 1, size, size, requires_grad=True)
    y = torch.nn.functional.interpolate(x, (output, output), mode=mode, **options)
    graph = GraphBuilder((1, 1, size, size))
    graph.resize(graph.input, (output, output), mode, **options)
    field = receptive_fields(graph.model()).arrays[-1].fields[1]
    for index in range(output):
        (gradient,) = torch.autograd.grad(y[0, 0, index].sum(), x, retain_graph=True)
        seen = gradient[0, 0].abs().sum(1).nonzero().flatten().tolist()
        # What lies beyond the edge is the edge's element again.
        elements = {min(max(element, 0), size - 1) for element in field.elements(index)}
        assert set(seen) <= elements
        assert mode == "bicubic" or {min(seen), max(seen)} == {min(elements), max(elements)}


def test_adaptive_pooling_against_pytorchs_gradients():
    torch = pytest.importorskip("torch")
    for size, output in ((13, 6), (6, 6), (7, 3), (4, 7)):
        x = torch.rand(1, 1, size, 1, requires_grad=True)
        y = torch.nn.functional.adaptive_avg_pool2d(x, (output, 1))
        graph = GraphBuilder((1, 1, size, 1))
        graph.adaptive(graph.input, (output, 1))
        field = receptive_fields(graph.model()).arrays[-1].fields[1]
        for index in range(output):
            (gradient,) = torch.autograd.grad(y[0, 0, index, 0], x, retain_graph=True)
            assert gradient.flatten().nonzero().flatten().tolist() == list(field.elements(index))
