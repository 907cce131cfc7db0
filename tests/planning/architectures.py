"""Published networks as text, as PyTorch has them, with what is published or countable of them."""

from __future__ import annotations

LENET5 = (
    "Conv2d(6, 5, padding=2), ReLU, MaxPool2d(2), Conv2d(16, 5), ReLU, MaxPool2d(2), "
    "Flatten, Linear(120), ReLU, Linear(84), ReLU, Linear(10)"
)

# Krizhevsky, One weird trick for parallelizing convolutional neural networks, 2014, with the
# padding of torchvision, of which the first layer's last row and column are never used.
ALEXNET = """
Conv2d(64, 11, stride=4, padding=2, remainder="crop")
ReLU
MaxPool2d(3, stride=2)
Conv2d(192, 5, padding=2), ReLU
MaxPool2d(3, stride=2)
Conv2d(384, 3, padding=1), ReLU
Conv2d(256, 3, padding=1), ReLU
Conv2d(256, 3, padding=1), ReLU
MaxPool2d(3, stride=2)
Flatten
Dropout(0.5), Linear(4096), ReLU
Dropout(0.5), Linear(4096), ReLU
Linear(1000)
"""


def _vgg(*stages: tuple[int, int]) -> str:
    lines = []
    for channels, count in stages:
        lines += [f"Conv2d({channels}, 3, padding=1), ReLU"] * count + ["MaxPool2d(2)"]
    head = ["Flatten", *["Linear(4096), ReLU, Dropout(0.5)"] * 2, "Linear(1000)"]
    return "\n".join([*lines, *head])


# Simonyan and Zisserman, Very deep convolutional networks, 2015, configuration D.
VGG16 = _vgg((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))

# The parameters that the papers and torchvision's documentation give.
KNOWN = {
    "lenet5": ((1, 28, 28), LENET5, 61_706),
    "alexnet": ((3, 224, 224), ALEXNET, 61_100_840),
    "vgg16": ((3, 224, 224), VGG16, 138_357_544),
}
