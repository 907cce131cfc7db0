"""LeNet-5 learns to read handwriting: MNIST, 60,000 digits, on an ordinary CPU.

Run: python examples/05_lenet5.py [FOLDER] [--epochs 5] [--images 60000]
Saves the model and figures in FOLDER, or out/. Fewer images are faster, but less accurate.
"""

import argparse
from pathlib import Path

import numpy as np

import fencepost as fp

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("out", nargs="?", default="out", type=Path)
parser.add_argument("--epochs", default=5, type=int)
parser.add_argument("--images", default=60_000, type=int)
options = parser.parse_args()
options.out.mkdir(parents=True, exist_ok=True)

images, labels = fp.datasets.mnist("train")
images, labels = images[: options.images], labels[: options.images]
net = fp.Network(
    (1, 28, 28),
    [
        fp.Conv2d(6, 5, padding=2),
        fp.ReLU(),
        fp.MaxPool2d(2),
        fp.Conv2d(16, 5),
        fp.ReLU(),
        fp.MaxPool2d(2),
        fp.Flatten(),
        fp.Linear(120),
        fp.ReLU(),
        fp.Linear(84),
        fp.ReLU(),
        fp.Linear(10),
    ],
)
print(net)
history = net.fit(images, labels, epochs=options.epochs, augmentation="shift=1,rotate=5")
print(f"\n{history}")

# Test it on 10,000 digits that were not used for training.
test_images, test_labels = fp.datasets.mnist("test")
result = net.evaluate(test_images, test_labels)
print(f"\nTest accuracy: {result.accuracy:.2%}")
wrong = result.count - int(np.diag(result.confusion).sum())
print(f"Its {wrong} mistakes, the most confident first, are in mistakes.png.")

# The model is a single file.
net.save(options.out / "digits.safetensors")
again = fp.load(options.out / "digits.safetensors")
same = np.array_equal(again.predict(test_images), net.predict(test_images))
print("After loading, the predictions are the same:", same)

# What it learned, its mistakes, and how it arrives at one of its predictions.
pictures = {
    "history": fp.plots.history(history, test_accuracy=result.accuracy),
    "kernels": fp.plots.learned_kernels(net),
    "confusion": fp.plots.confusion(result),
    "mistakes": fp.plots.mistakes(net, test_images, test_labels),
    "explain": fp.plots.explain(net, test_images[0]),
}
for name, figure in pictures.items():
    fp.plots.save(figure, options.out / f"{name}.png")
print(f"In {options.out}/: digits.safetensors,", ", ".join(f"{name}.png" for name in pictures))
