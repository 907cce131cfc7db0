"""What `fit` measures: see tests/network/test_inputs.py for the range, test_calibration.py too."""

import numpy as np

from fencepost.training.loop import measuring
from training.small import bars, conv_net


def test_few_images_are_measured_of_any_training(monkeypatch):
    monkeypatch.setattr(measuring, "FEWEST_MEASURED", 20)
    images, labels = bars(400)
    for epochs, measured in ((1, 20), (40, 50)):
        net = conv_net()
        net.fit(images, labels, epochs=epochs, validation=(images[:200], labels[:200]))
        assert net.calibration.count == measured


def test_images_of_a_fraction_are_measured_with_their_own_labels():
    images, labels = bars(400)
    net, twin = conv_net(), conv_net()
    net.fit(images, labels, epochs=20, validation=0.3)
    assert net.calibration.count == 120
    # Labels of other images would be wrong for two of three, and the temperature very high.
    assert net.temperature < 2
    order = np.argsort(labels, kind="stable")
    twin.fit(images[order], labels[order], epochs=20, validation=0.3)
    assert twin.temperature < 2
