"""Pooling: smaller images, and responses that hardly change when the image moves a little.

Run: python examples/03_pooling.py [FOLDER]    saves its figures in FOLDER, or out/
"""

import sys
from pathlib import Path

import numpy as np

import fencepost as fp

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
out.mkdir(parents=True, exist_ok=True)

x = np.array([[1, 5, 2, 0], [3, 4, 9, 8], [0, 1, 1, 1], [2, 1, 5, 3]])
print("x", x, "its maxima over 2 × 2", fp.max_pool(x, 2), sep="\n")
print("its means", fp.avg_pool(x, 2), "its sums", fp.sum_pool(x, 2), sep="\n")

# The horizontal edges of a digit, without and with pooling, as the digit moves to the right.
digit = fp.datasets.mnist("test").images[38, 0].astype(float)
edges = np.maximum(fp.convolve(digit, fp.kernels.sobel("y"), "same"), 0)
pooled = fp.max_pool(edges, 4)
print("\nshift  without pooling  with 4 × 4 pooling   (correlation with the unshifted edges)")
for shift in range(5):
    moved = np.roll(edges, shift, axis=1)
    before = np.corrcoef(edges.ravel(), moved.ravel())[0, 1]
    after = np.corrcoef(pooled.ravel(), fp.max_pool(moved, 4).ravel())[0, 1]
    print(f"{shift:5}  {before:15.2f}  {after:16.2f}")
print("(1 means equal, 0 means nothing in common)")

# Windows that do not fit are an error, and the error lists what would fit.
try:
    fp.max_pool(edges, 5)
except fp.SizeError as error:
    choices = ", or ".join(choice.text for choice in error.suggestions[:3])
    print(f"\n28 pixels cannot be divided into windows of 5. Try {choices}.")

figure = fp.plots.filtering(digit, "sobel:y")
fp.plots.save(figure, out / "digit-edges.png")
fp.plots.save(fp.plots.stride(28, kernel_size=5, stride=5), out / "misfit.png")
print(f"Figures: {out}/digit-edges.png, misfit.png")
