"""Known networks as PyTorch modules, written compactly, with the numbers that were published.

`ARCHITECTURES` names them; `build(name)` makes one, on PyTorch's meta device if asked under
`torch.device("meta")`. `build(name, divide=8)` makes one with an eighth of the channels: the same
graph, small enough to export and run in a moment. Weights are PyTorch's random ones.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn


def conv_norm(ins, outs, kernel, stride=1, padding=0, groups=1, eps=1e-5):
    """Return a convolution without bias and the normalisation that follows it."""
    conv = nn.Conv2d(ins, outs, kernel, stride, padding, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(outs, eps=eps)]


def lenet5(divide=1):
    """LeNet-5 (LeCun and others, Gradient-based learning, 1998), with ReLU and max pooling."""
    a, b, c, d = (size // min(divide, 2) for size in (6, 16, 120, 84))
    return nn.Sequential(
        nn.Conv2d(1, a, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(a, b, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(b * 25, c),
        nn.ReLU(),
        nn.Linear(c, d),
        nn.ReLU(),
        nn.Linear(d, 10),
    )


class AlexNet(nn.Module):
    """AlexNet in one column (Krizhevsky, One weird trick, 2014), as torchvision has it."""

    def __init__(self, divide=1):
        super().__init__()
        a, b, c, d, dense = (size // divide for size in (64, 192, 384, 256, 4096))
        self.features = nn.Sequential(
            nn.Conv2d(3, a, 11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(a, b, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(b, c, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(c, d, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(d, d, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(d * 36, dense),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(dense, dense),
            nn.ReLU(inplace=True),
            nn.Linear(dense, 1000),
        )

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class VGG16(nn.Module):
    """VGG-16, configuration D (Simonyan and Zisserman, Very deep networks, 2015)."""

    def __init__(self, divide=1):
        super().__init__()
        layers, ins = [], 3
        for outs, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(count):
                layers += [nn.Conv2d(ins, outs // divide, 3, padding=1), nn.ReLU(inplace=True)]
                ins = outs // divide
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        dense = 4096 // divide
        self.classifier = nn.Sequential(
            nn.Linear(ins * 49, dense),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(dense, dense),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(dense, 1000),
        )

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class Block(nn.Module):
    """A residual block: two 3 × 3 convolutions, or, as a bottleneck, 1 × 1, 3 × 3, 1 × 1."""

    def __init__(self, ins, width, stride, bottleneck):
        super().__init__()
        outs = width * 4 if bottleneck else width
        if bottleneck:
            self.body = nn.Sequential(
                *conv_norm(ins, width, 1),
                nn.ReLU(inplace=True),
                *conv_norm(width, width, 3, stride, 1),
                nn.ReLU(inplace=True),
                *conv_norm(width, outs, 1),
            )
        else:
            self.body = nn.Sequential(
                *conv_norm(ins, width, 3, stride, 1),
                nn.ReLU(inplace=True),
                *conv_norm(width, outs, 3, 1, 1),
            )
        shortcut = conv_norm(ins, outs, 1, stride) if stride > 1 or ins != outs else []
        self.shortcut = nn.Sequential(*shortcut)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.body(x) + self.shortcut(x))


class ResNet(nn.Module):
    """ResNet (He and others, Deep residual learning, 2016), as torchvision has it (v1.5)."""

    def __init__(self, counts, bottleneck, divide=1):
        super().__init__()
        ins = 64 // divide
        self.stem = nn.Sequential(
            *conv_norm(3, ins, 7, 2, 3), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        )
        stages = []
        for stage, count in enumerate(counts):
            width, blocks = (64 << stage) // divide, []
            for index in range(count):
                stride = 2 if stage and not index else 1
                blocks.append(Block(ins, width, stride, bottleneck))
                ins = width * 4 if bottleneck else width
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(ins, 1000)

    def forward(self, x):
        return self.fc(torch.flatten(self.avgpool(self.stages(self.stem(x))), 1))


def resnet18(divide=1):
    """ResNet-18: see `ResNet`."""
    return ResNet((2, 2, 2, 2), False, divide)


def resnet50(divide=1):
    """ResNet-50: see `ResNet`."""
    return ResNet((3, 4, 6, 3), True, divide)


class InvertedResidual(nn.Module):
    """A block of MobileNetV2: expand, filter each channel by itself, project."""

    def __init__(self, ins, outs, stride, expansion):
        super().__init__()
        hidden = ins * expansion
        expand = [*conv_norm(ins, hidden, 1), nn.ReLU6(inplace=True)] if expansion > 1 else []
        self.conv = nn.Sequential(
            *expand,
            *conv_norm(hidden, hidden, 3, stride, 1, groups=hidden),
            nn.ReLU6(inplace=True),
            *conv_norm(hidden, outs, 1),
        )
        self.residual = stride == 1 and ins == outs

    def forward(self, x):
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(nn.Module):
    """MobileNetV2 (Sandler and others, Inverted residuals, 2018), as torchvision has it."""

    def __init__(self, divide=1):
        super().__init__()
        ins, last = 32 // divide, 1280 // divide
        layers = [*conv_norm(3, ins, 3, 2, 1), nn.ReLU6(inplace=True)]
        for expansion, outs, count, stride in (
            (1, 16, 1, 1),
            (6, 24, 2, 2),
            (6, 32, 3, 2),
            (6, 64, 4, 2),
            (6, 96, 3, 1),
            (6, 160, 3, 2),
            (6, 320, 1, 1),
        ):
            for index in range(count):
                step = 1 if index else stride
                layers.append(InvertedResidual(ins, outs // divide, step, expansion))
                ins = outs // divide
        layers += [*conv_norm(ins, last, 1), nn.ReLU6(inplace=True)]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(last, 1000))

    def forward(self, x):
        x = nn.functional.adaptive_avg_pool2d(self.features(x), 1)
        return self.classifier(torch.flatten(x, 1))


class DenseLayer(nn.Module):
    """A layer of DenseNet: what it computes is put beside what it was given."""

    def __init__(self, ins, growth):
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(ins),
            nn.ReLU(inplace=True),
            nn.Conv2d(ins, 4 * growth, 1, bias=False),
            nn.BatchNorm2d(4 * growth),
            nn.ReLU(inplace=True),
            nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False),
        )

    def forward(self, x):
        return torch.cat([x, self.body(x)], 1)


class DenseNet121(nn.Module):
    """DenseNet-121 (Huang and others, Densely connected networks, 2017)."""

    def __init__(self, divide=1):
        super().__init__()
        growth, size = 32 // divide, 64 // divide
        layers = [*conv_norm(3, size, 7, 2, 3), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
        for index, count in enumerate((6, 12, 24, 16)):
            if index:
                layers += [nn.BatchNorm2d(size), nn.ReLU(inplace=True)]
                layers += [nn.Conv2d(size, size // 2, 1, bias=False), nn.AvgPool2d(2)]
                size //= 2
            for _ in range(count):
                layers.append(DenseLayer(size, growth))
                size += growth
        self.features = nn.Sequential(*layers, nn.BatchNorm2d(size))
        self.classifier = nn.Linear(size, 1000)

    def forward(self, x):
        x = nn.functional.relu(self.features(x))
        return self.classifier(torch.flatten(nn.functional.adaptive_avg_pool2d(x, 1), 1))


class Inception(nn.Module):
    """A module of GoogLeNet: four branches side by side."""

    def __init__(self, ins, one, three, five, pool):
        super().__init__()

        def unit(ins, outs, kernel=1, padding=0):
            return [*conv_norm(ins, outs, kernel, padding=padding, eps=1e-3), nn.ReLU(inplace=True)]

        self.branches = nn.ModuleList(
            [
                nn.Sequential(*unit(ins, one)),
                nn.Sequential(*unit(ins, three[0]), *unit(*three, 3, 1)),
                # 3 × 3 where the paper has 5 × 5: so torchvision has it, and its weights.
                nn.Sequential(*unit(ins, five[0]), *unit(*five, 3, 1)),
                nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), *unit(ins, pool)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class GoogLeNet(nn.Module):
    """GoogLeNet (Szegedy and others, Going deeper, 2015), as torchvision has it, no aux heads."""

    def __init__(self, divide=1):
        super().__init__()
        relu = nn.ReLU(inplace=True)
        a, b = 64 // divide, 192 // divide
        layers = [*conv_norm(3, a, 7, 2, 3, eps=1e-3), relu, nn.MaxPool2d(3, 2, ceil_mode=True)]
        layers += [*conv_norm(a, a, 1, eps=1e-3), relu, *conv_norm(a, b, 3, 1, 1, eps=1e-3), relu]
        ins = b
        for row in (
            nn.MaxPool2d(3, 2, ceil_mode=True),
            (64, 96, 128, 16, 32, 32),
            (128, 128, 192, 32, 96, 64),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            (192, 96, 208, 16, 48, 64),
            (160, 112, 224, 24, 64, 64),
            (128, 128, 256, 24, 64, 64),
            (112, 144, 288, 32, 64, 64),
            (256, 160, 320, 32, 128, 128),
            nn.MaxPool2d(2, 2, ceil_mode=True),
            (256, 160, 320, 32, 128, 128),
            (384, 192, 384, 48, 128, 128),
        ):
            if isinstance(row, nn.Module):
                layers.append(row)
                continue
            one, three_in, three, five_in, five, pool = (size // divide for size in row)
            layers.append(Inception(ins, one, (three_in, three), (five_in, five), pool))
            ins = one + three + five + pool
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(ins, 1000)

    def forward(self, x):
        return self.fc(self.dropout(torch.flatten(self.avgpool(self.features(x)), 1)))


class UNet(nn.Module):
    """U-Net (Ronneberger, Fischer and Brox, 2015): valid convolutions, 572 × 572 to 388 × 388."""

    def __init__(self, divide=1):
        super().__init__()
        sizes = [size // divide for size in (64, 128, 256, 512, 1024)]

        def pair(ins, outs):
            convs = nn.Conv2d(ins, outs, 3), nn.ReLU(), nn.Conv2d(outs, outs, 3), nn.ReLU()
            return nn.Sequential(*convs)

        self.down = nn.ModuleList(pair(a, b) for a, b in zip([1, *sizes[:-1]], sizes, strict=True))
        self.pool = nn.MaxPool2d(2)
        steps = list(zip(sizes[:0:-1], sizes[-2::-1], strict=True))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in steps)
        self.merge = nn.ModuleList(pair(a, b) for a, b in steps)
        self.out = nn.Conv2d(sizes[0], 2, 1)

    def forward(self, x):
        left = []
        for index, convs in enumerate(self.down):
            x = convs(self.pool(x) if index else x)
            left.append(x)
        for up, merge, kept in zip(self.up, self.merge, left[-2::-1], strict=True):
            x = up(x)
            top, side = ((a - b) // 2 for a, b in zip(kept.shape[2:], x.shape[2:], strict=True))
            middle = kept[:, :, top : top + x.shape[2], side : side + x.shape[3]]
            x = merge(torch.cat([middle, x], 1))
        return self.out(x)


class Architecture(NamedTuple):
    """How to make a network, what it takes (with the batch), and what is known of it.

    Parameters are the published numbers: torchvision's documentation of its models (`num_params`
    of the weights; GoogLeNet's without its auxiliary heads), and for LeNet-5 and U-Net the sums
    over the layers that their papers list.
    """

    make: Callable[..., nn.Module]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int


_PHOTO = (1, 3, 224, 224)
_CLASSES = (1, 1000)

ARCHITECTURES = {
    "lenet5": Architecture(lenet5, (1, 1, 28, 28), (1, 10), 61_706),
    "alexnet": Architecture(AlexNet, _PHOTO, _CLASSES, 61_100_840),
    "vgg16": Architecture(VGG16, _PHOTO, _CLASSES, 138_357_544),
    "resnet18": Architecture(resnet18, _PHOTO, _CLASSES, 11_689_512),
    "resnet50": Architecture(resnet50, _PHOTO, _CLASSES, 25_557_032),
    "mobilenet_v2": Architecture(MobileNetV2, _PHOTO, _CLASSES, 3_504_872),
    "densenet121": Architecture(DenseNet121, _PHOTO, _CLASSES, 7_978_856),
    "googlenet": Architecture(GoogLeNet, _PHOTO, _CLASSES, 6_624_904),
    "unet": Architecture(UNet, (1, 1, 572, 572), (1, 2, 388, 388), 31_030_658),
}


def build(name, divide=1):
    """Make one of `ARCHITECTURES`, ready to predict."""
    return ARCHITECTURES[name].make(divide=divide).eval()
