"""Kernels on a photograph: blur, edges, sharpening; and a convolution in 2D by hand.

Run: python examples/02_kernels.py [FOLDER]    saves its figures in FOLDER, or out/
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.cbook import get_sample_data

import fencepost as fp

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
out.mkdir(parents=True, exist_ok=True)

# The sum at one pixel. By convention, the origin of an image kernel is its centre.
f = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
g = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
print(fp.convolution_terms(f, g, at=(1, 1), origin="centre"))
fp.plots.save(fp.plots.convolution_steps(f, g, (1, 1), origin="centre"), out / "sum.png")

# Grace Hopper, a photograph that comes with matplotlib.
picture = fp.filtering.read_image(get_sample_data("grace_hopper.jpg", asfileobj=False))
grey = picture.pixels.mean(axis=2).round().astype(np.uint8)

# Weights that add up to 1 keep the brightness; weights that add up to 0 show changes only.
for name in ("mean:size=5", "gaussian:sigma=2", "laplace", "sobel:x", "sharpen"):
    kernel = fp.kernels.parse(name)
    result = fp.filter_image(grey, kernel)
    brightness = f"mean brightness {grey.mean():.0f} → {result.mean():.0f}"
    print(f"{name:17} sum {kernel.sum:4.1f}, {brightness}")
    figure = fp.plots.filtering(grey, kernel)
    fp.plots.save(figure, out / f"{name.replace(':', '-').replace('=', '')}.png")

# A set of two kernels: the strength of an edge in any direction, for each colour channel.
fp.filtering.write_image(out / "hopper-edges.png", fp.filter_image(picture, "sobel"))

# A kernel of your own.
mine = fp.Kernel([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
same = np.array_equal(fp.filter_image(grey, mine), fp.filter_image(grey, "sharpen"))
print("My kernel is the one called sharpen:", same)
print(f"Figures: {out}/")
