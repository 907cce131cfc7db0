"""Sizes: the output of every layer before you build a network, and what to do if none fits.

Run: python examples/04_sizes.py [FOLDER]    saves its figures in FOLDER, or out/
"""

import sys
from pathlib import Path

import fencepost as fp

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
out.mkdir(parents=True, exist_ok=True)

# output = (input − kernel + 2 · padding) / stride + 1: the + 1 is for the first fence post.
print("I = 13, R = 3, S = 2:", fp.output_size(13, kernel_size=3, stride=2))
print("10 × 5 under 3 × 3:", fp.output_size((10, 5), kernel_size=3))
print("with padding 1:", fp.output_size((10, 5), kernel_size=3, padding=1))
try:
    fp.output_size(10, kernel_size=3, stride=2)
except fp.SizeError as error:
    print(f"\n{error}")

# A network on paper, from the text of its layers.
layers = """
Conv2d(6, 5, padding=2), ReLU, MaxPool2d(2)
Conv2d(16, 5), ReLU, MaxPool2d(2)
Flatten, Linear(120), ReLU, Linear(84), ReLU, Linear(10)
"""
plan = fp.plan((1, 28, 28), layers)
print(f"\nLeNet-5: {plan.parameters:,} parameters, {plan.multiply_adds:,} multiply-adds\n")
print(plan)
print("\nThe smallest input that fits:", plan.smallest_input())
print("Inputs from 24 to 40 that fit:", plan.inputs(24, 40)[0].sizes)

# The plan of a network that does not fit lists the problems; no error is raised.
misfit = fp.plan((1, 28, 28), "Conv2d(6, 5, stride=2), ReLU, Flatten, Linear(10)")
print("\nWith stride 2 instead:", misfit.problems[0].equation)
print("Any of these fits:", *[choice.text for choice in misfit.problems[0].suggestions[:4]])

fp.plots.save(fp.plots.stride(13, kernel_size=3, stride=2), out / "stride.png")
fp.plots.save(fp.plots.padding((5, 10), kernel_size=3, padding=1), out / "padding.png")
fp.plots.save(fp.plots.volumes(plan), out / "lenet5.png")
fp.plots.save(fp.plots.receptive_field(plan), out / "field.png")
print(f"Figures: {out}/stride.png, padding.png, lenet5.png, field.png")
