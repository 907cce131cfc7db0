"""Random pictures, saved where they are wanted."""

import numpy as np
from PIL import Image

RNG = np.random.default_rng(6)


def picture(height=10, width=12, colour=False):
    shape = (height, width, 3) if colour else (height, width)
    return Image.fromarray(RNG.integers(0, 256, shape, np.uint8))


def save(path, image, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def touch(root, *names):
    """Make files without content, which are listed like pictures."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
