"""Random networks on their way to ONNX and PyTorch and back: what must be equal, and how far."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

import fencepost as fp
from engine_networks import random_images
from fencepost.interchange.exports import relative_difference
from random_networks import random_network


def trips(seed: int) -> dict[str, float]:
    """Send one network each way, and return the differences of its outputs by the way.

    A way back that knows what was exported must give the same weights, bit for bit, and the same
    table of sizes; one by the operations alone, the same outputs.
    """
    import onnx

    net = random_network(seed)
    images = random_images(net, 3)
    expected = net(images)
    differences = {}

    def came_back(way, other, *, exact):
        if exact:
            assert str(other) == str(net), (seed, way)
            assert list(other.parameters) == list(net.parameters), (seed, way)
            assert np.array_equal(other.parameter_vector, net.parameter_vector), (seed, way)
            assert np.array_equal(other.state_vector, net.state_vector), (seed, way)
            assert other.class_names == net.class_names, (seed, way)
        differences[way] = relative_difference(other(images), expected)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        differences["in ONNX Runtime"] = net.export(path, dtype="float32").difference
        came_back("from ONNX", fp.from_onnx(path, verify=False), exact=True)
        model = onnx.load(path)
        del model.metadata_props[:]
        while len(model.graph.output) > 1:  # probabilities
            del model.graph.output[0]
        onnx.save(model, path)
        came_back("from ONNX, operations alone", fp.from_onnx(path, verify=False), exact=False)
    module = net.to_torch()
    came_back("from PyTorch", fp.from_torch(module, net.input_shape), exact=True)
    module.fencepost_config = None
    way = "from PyTorch, operations alone"
    came_back(way, fp.from_torch(module, net.input_shape), exact=False)
    return differences
