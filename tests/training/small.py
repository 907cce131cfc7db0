"""Small data and networks that train in a fraction of a second."""

import numpy as np

import fencepost as fp


def bars(count, seed=0):
    """Images (count, 1, 8, 8), uint8, of a vertical (0), horizontal (1) or diagonal (2) bar."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    images = random.integers(0, 60, (count, 1, 8, 8)).astype(np.uint8)
    for image, label, position in zip(images, labels, random.integers(0, 8, count), strict=True):
        if label == 2:
            image[0, np.arange(8), (np.arange(8) + position) % 8] = 255
        else:
            image[0].swapaxes(0, label)[:, position] = 255
    return images, labels


def dense_net(outputs=3, seed=1):
    """One hidden layer for `bars`."""
    layers = [fp.Flatten(), fp.Linear(24), fp.ReLU(), fp.Linear(outputs)]
    return fp.Network((1, 8, 8), layers, seed=seed)


def conv_net(seed=1):
    """A network for `bars` whose training draws random numbers and keeps running statistics."""
    layers = [
        fp.Conv2d(6, 3, padding=1),
        fp.BatchNorm2d(),
        fp.ReLU(),
        fp.MaxPool2d(2),
        fp.Flatten(),
        fp.Dropout(0.2),
        fp.Linear(3),
    ]
    return fp.Network((1, 8, 8), layers, seed=seed)
