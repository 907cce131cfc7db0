"""Whatever offers what `Trainable` asks for can be trained."""

import numpy as np

from fencepost.training import fit
from training.small import bars, conv_net

IMAGES, LABELS = bars(160)
VALIDATION = bars(60, seed=9)


class Arrays:
    """What `fit` asks of a network, and nothing else: arrays and the engine's plan."""

    def __init__(self, net):
        self.input_shape, self.output_shape = net.input_shape, net.output_shape
        self.engine_plan = net.engine_plan
        self.engine_weights = net.engine_weights
        self.normalization = None
        self.input_range = self.calibration = self.class_names = None
        self.trained_on = net.trained_on
        self.config, self.calibrate = net.config, net.calibrate


def test_whatever_has_the_arrays_and_a_plan_can_be_trained():
    net, twin = conv_net(), conv_net()
    fit(Arrays(net), IMAGES, LABELS, epochs=2)
    twin.fit(IMAGES, LABELS, epochs=2)
    np.testing.assert_array_equal(net.parameter_vector, twin.parameter_vector)
