"""Questions about a network: its outputs by name, its convolutions, whether it was trained."""

import numpy as np
import pytest

import fencepost as fp
from fencepost.network import inspection
from fencepost.network.arguments import require_classes


def net(**options):
    layers = [
        fp.Conv2d(4, 3, padding=1),
        fp.Residual(fp.Conv2d(4, 3, padding=1)),
        fp.Flatten(),
        fp.Linear(2),
    ]
    return fp.Network((1, 4, 4), layers, **options)


def test_outputs_by_name():
    assert inspection.output_names(net()) == ("0", "1")
    named = net(class_names=["cat", "dog"])
    assert inspection.output_names(named) == ("cat", "dog")
    assert inspection.output_index(named, "dog") == 1
    assert inspection.output_index(named, 0) == 0
    assert inspection.output_index(named, None) is None
    with pytest.raises(fp.ArgumentError, match=r"a class of the network: cat, dog. Received: emu"):
        inspection.output_index(named, "emu")


def test_classes_are_several_outputs_in_a_row():
    assert inspection.has_classes(net())
    for layers in ([fp.Flatten(), fp.Linear(1)], [fp.Conv2d(3, 1)]):
        other = fp.Network((1, 4, 4), layers)
        assert not inspection.has_classes(other)
        with pytest.raises(fp.ArgumentError, match="at least two outputs"):
            require_classes(other.output_shape)


def test_untrained_until_a_weight_changes():
    network = net(seed=3)
    assert inspection.is_untrained(network)
    network.parameter_vector[0] += 1
    assert not inspection.is_untrained(network)
    assert inspection.is_untrained(inspection.untrained_copy(network))


def test_convolutions_within_residuals_too():
    network = net()
    assert list(inspection.convolutions(network)) == ["0", "1.0"]
    kernels = inspection.convolution_kernels(network, "1.0")
    assert kernels.shape == (4, 4, 3, 3)
    assert np.shares_memory(kernels, network.parameter_vector)
    first = fp.Conv2d(2, 3, connections=np.ones((2, 1), np.uint8))
    sparse = fp.Network((1, 4, 4), [first])
    assert inspection.convolution_kernels(sparse, "0").shape == (2, 1, 3, 3)
