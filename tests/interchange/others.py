"""Modules as others write them, each for one way of its own; and their ONNX files."""

from __future__ import annotations

import warnings

import torch
import torch.nn.functional as F
from torch import nn


class LeNet(nn.Module):
    """As tutorials write it: functions, a view, pixels divided by 255."""

    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.f1, self.f2, self.f3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1((x - 0.5) / 255.0)), 2)
        x = F.max_pool2d(F.relu(self.c2(x)), 2)
        x = x.view(x.size(0), -1)
        return self.f3(F.relu(self.f2(F.relu(self.f1(x)))))


class Block(nn.Module):
    """A residual block of ResNet, its shortcut the input."""

    def __init__(self, channels):
        super().__init__()
        self.chain = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, 1, 1, groups=2, bias=False),
            nn.BatchNorm2d(channels, eps=1e-3),
        )

    def forward(self, x):
        return torch.relu(self.chain(x) + x)


def vgg():
    """VGG's parts: dropout, an adaptive pool that changes nothing, Flatten before Linear."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.AdaptiveAvgPool2d((4, 4)), nn.Flatten(), nn.Linear(128, 16), nn.ReLU(True),
        nn.Dropout(), nn.Linear(16, 5),
    )  # fmt: skip


def padded():
    """Padding of its own, asymmetric, strides that lose pixels, a mean instead of a pool."""

    class Padded(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, stride=2)
            self.norm = nn.BatchNorm2d(8, affine=False)
            self.head = nn.Linear(8, 4)

        def forward(self, x):
            x = self.norm(self.conv(F.pad(x, (1, 2, 0, 1))))
            x = F.avg_pool2d(F.leaky_relu(x, 0.2), 3, 2, 1, count_include_pad=False)
            return self.head(torch.tanh(x).mean((2, 3)) * 3 + 1)

    return Padded()


def signals():
    return nn.Sequential(
        nn.Conv1d(2, 6, 5, padding=2), nn.BatchNorm1d(6), nn.ReLU(), nn.MaxPool1d(2),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(6, 3), nn.Sigmoid(),
    )  # fmt: skip


class Down(nn.Module):
    """A block of ResNet with a projection on the other way."""

    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8))
        self.down = nn.Sequential(nn.Conv2d(3, 8, 1, 2, bias=False), nn.BatchNorm2d(8))
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        return self.head(torch.relu(self.main(x) + self.down(x)).mean((2, 3)))


class Dense(nn.Module):
    """A DenseNet as torchvision writes it: all that there was before is joined, again and again."""

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(3 + 4 * k, 4, 3, padding=1) for k in range(3))

    def forward(self, x):
        features = [x]
        for conv in self.convs:
            features.append(torch.relu(conv(torch.cat(features, 1))))
        return torch.cat(features, 1).mean((2, 3))


class Inception(nn.Module):
    """Branches of GoogLeNet, and a gate of EfficientNet after them."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 3, padding=1)
        self.pool, self.squeeze = nn.MaxPool2d(3, 1, 1), nn.AdaptiveAvgPool2d(1)
        self.down, self.up = nn.Conv2d(11, 2, 1), nn.Conv2d(2, 11, 1)

    def forward(self, x):
        x = torch.cat([self.a(x), F.silu(self.b(x)), self.pool(x)], 1)
        x = x * torch.sigmoid(self.up(F.relu(self.down(self.squeeze(x)))))
        return self.squeeze(x).flatten(1)


def residual():
    return nn.Sequential(nn.Conv2d(3, 8, 3), Block(8), Block(8), nn.Flatten(), nn.Linear(288, 4))


MODULES = {
    "LeNet": (LeNet, (1, 28, 28)),
    "VGG": (vgg, (3, 17, 17)),
    "padded": (padded, (3, 16, 15)),
    "signals": (signals, (2, 20)),
    "residual": (residual, (3, 8, 8)),
    "down": (Down, (3, 9, 9)),
    "dense": (Dense, (3, 8, 8)),
    "inception": (Inception, (3, 8, 8)),
}


def module_of(name):
    torch.manual_seed(0)
    make, shape = MODULES[name]
    module = make()
    with torch.no_grad():
        for key, buffer in module.named_buffers():
            if key.endswith("running_mean"):
                buffer.normal_(0, 0.3)
            elif key.endswith("running_var"):
                buffer.uniform_(0.5, 2)
    return module.eval(), shape


def exported(module, shape, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, torch.zeros(1, *shape), path, dynamo=False)
