"""A convolution of two lists: how it smooths a signal, and the sum behind one of its values.

Run: python examples/01_smoothing.py [FOLDER]    saves its figures in FOLDER, or out/
"""

import sys
from pathlib import Path

import numpy as np

import fencepost as fp

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
out.mkdir(parents=True, exist_ok=True)

# A signal with a crackle at index 5, and a kernel that averages three neighbours.
f = [10, 9, 10, 9, 10, 1, 10, 9, 10, 8]
g = [1 / 3, 1 / 3, 1 / 3]
y = fp.convolve(f, g, mode="same", origin="first")
print("f:      ", f)
print("f ∗ g:  ", y.round(2).tolist())

# One value as the sum of the definition. Three times the kernel keeps the numbers integers.
print("\nThree times the value at index 7:")
print(fp.convolution_terms(f, [1, 1, 1], at=7))

# Three modes: all positions with a term, the positions of f, or only those where g fits inside.
for mode in ("full", "same", "valid"):
    print(f"\n{mode + ':':7}", fp.convolve(f, [1, 1, 1], mode, origin="first").tolist())

# The larger the kernel, the smoother the result: a noisy wave and 5, 25 and 75 equal weights.
x = np.linspace(0, 4 * np.pi, 400)
wave = np.sin(x)
noisy = wave + np.random.default_rng(0).normal(0, 0.4, len(x))
print(f"\nStandard deviation of the noise: {np.std(noisy - wave):.3f}")
for size in (5, 25, 75):
    smooth = fp.convolve(noisy, fp.kernels.mean(size, ndim=1), "same", boundary="reflect")
    print(f"After smoothing with {size:2} weights: {np.std(smooth - wave):.3f}")
print("With too many weights, the wave itself becomes flatter.")

fp.plots.save(fp.plots.signal(f, g), out / "smoothed.png")
fp.plots.save(fp.plots.signal(noisy, fp.kernels.mean(25, ndim=1)), out / "wave.png")
fp.plots.convolution_steps_animation(f, [1, 1, 1], out / "steps.gif")
print(f"\nFigures: {out}/smoothed.png, wave.png, steps.gif")
