"""How near the definitions come to others who compute in float64."""

from __future__ import annotations

import numpy as np

# What is left is rounding, in sums of up to a few thousand terms.
CLOSE = {"rtol": 1e-11, "atol": 1e-12}


def tensor(torch, array):
    return torch.from_numpy(np.array(array, np.float64))
