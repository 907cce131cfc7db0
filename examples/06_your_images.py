"""Your own images: a folder for each class, a network that adapts to their size, predictions.

The example first draws some images; use your own folder instead.

Run: python examples/06_your_images.py [FOLDER]    saves images and model in FOLDER, or out/
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import fencepost as fp

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
rng = np.random.default_rng(0)


def draw(kind: str) -> Image.Image:
    """Draw a light shape somewhere on a dark background, with some noise."""
    image = Image.new("RGB", (32, 32), tuple(rng.integers(0, 90, 3).tolist()))
    pen, ink = ImageDraw.Draw(image), tuple(rng.integers(150, 256, 3).tolist())
    x, y, r = rng.integers(10, 22), rng.integers(10, 22), rng.integers(5, 9)
    if kind == "circle":
        pen.ellipse((x - r, y - r, x + r, y + r), outline=ink, width=2)
    elif kind == "square":
        pen.rectangle((x - r, y - r, x + r, y + r), outline=ink, width=2)
    else:
        pen.line((x - r, y, x + r, y), ink, 2)
        pen.line((x, y - r, x, y + r), ink, 2)
    noisy = np.asarray(image) + rng.normal(0, 10, (32, 32, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


for kind in ("circle", "cross", "square"):
    (out / "shapes" / kind).mkdir(parents=True, exist_ok=True)
    for number in range(100):
        draw(kind).save(out / "shapes" / kind / f"{number:03}.png")

# Read the folder, hold out a fifth of each class for testing, and train.
data = fp.datasets.image_folder(out / "shapes")
print(data.description)
train, test = data.split(0.2)
net = fp.models.small_cnn(data.input_shape, classes=len(data.class_names))
net.class_names = data.class_names
net.fit(*train, epochs=15, augmentation="shift=2,rotate=10")
print(f"\n{net.evaluate(*test)}")
net.save(out / "shapes.safetensors")

# Three new images.
print()
for kind in data.class_names:
    pixels = np.asarray(draw(kind)).transpose(2, 0, 1)[None]  # (1, channels, height, width)
    probabilities = net.predict_proba(pixels)[0]
    best = int(probabilities.argmax())
    print(f"A new {kind}: predicted {data.class_names[best]} ({probabilities[best]:.0%}).")
print(f"\nSaved in {out}/: shapes/, shapes.safetensors. The same on the command line:")
print(f"    fencepost train --data {out}/shapes --out {out}/shapes.safetensors")
print(f"    fencepost predict {out}/shapes.safetensors {out}/shapes/cross/000.png")
