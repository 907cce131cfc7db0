"""Known networks, read from PyTorch and from their exports: published fields, measured fields.

And what is found in them: each finding here has been read, and is true.
"""

from __future__ import annotations

import functools

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import fencepost as fp  # noqa: E402
from interchange.torch.architectures import ARCHITECTURES, build, conv_norm  # noqa: E402


@functools.cache
def report_of(name):
    with torch.device("meta"):
        network = build(name)
    return fp.check.check(network, ARCHITECTURES[name].input_shape[1:])


def widest(report):
    """The widest receptive field of the outputs that have positions."""
    numbers = range(len(report.graph.operations))
    return max(
        (report.receptive_fields.sizes(n) for n in numbers if report.receptive_fields.fields(n)),
        default=(),
    )


class AlexNetV2(nn.Sequential):
    """AlexNet as Araujo, Norris and Sim measured it: without padding in its first layer."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 64, 11, 4), nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, padding=2),
            nn.MaxPool2d(3, 2), nn.Conv2d(192, 384, 3, padding=1),
            nn.Conv2d(384, 384, 3, padding=1), nn.Conv2d(384, 256, 3, padding=1),
            nn.MaxPool2d(3, 2),
        )  # fmt: skip


class Unit(nn.Module):
    """A bottleneck of ResNet-v1 as they have it: the stride in the 3 × 3 of each last unit."""

    def __init__(self, ins, width, stride):
        super().__init__()
        outs = width * 4
        self.body = nn.Sequential(
            nn.Conv2d(ins, width, 1),
            nn.Conv2d(width, width, 3, stride, 1),
            nn.Conv2d(width, outs, 1),
        )
        self.shortcut = nn.Sequential()
        if ins != outs:
            self.shortcut = nn.Conv2d(ins, outs, 1, stride)
        elif stride > 1:
            self.shortcut = nn.MaxPool2d(1, stride)

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def resnet_v1(counts):
    layers, ins = [nn.Conv2d(3, 16, 7, 2, 3), nn.MaxPool2d(3, 2)], 16
    for stage, count in enumerate(counts):
        for unit in range(count):
            last = unit == count - 1 and stage < len(counts) - 1
            layers.append(Unit(ins, 4 << stage, 2 if last else 1))
            ins = 4 * (4 << stage)
    return nn.Sequential(*layers)


def mobilenet_v1():
    layers, ins = conv_norm(3, 8, 3, 2, 0), 8
    for stride in (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1):
        layers += conv_norm(ins, ins, 3, stride, 0 if stride == 2 else 1, groups=ins)
        layers += conv_norm(ins, ins, 1)
    return nn.Sequential(*layers)


# Araujo, Norris and Sim, Computing receptive fields of convolutional neural networks, Distill 2019:
# receptive field, effective stride and effective padding at the last convolution.
@pytest.mark.parametrize(
    ("make", "size", "stride", "padding"),
    [
        (AlexNetV2, 195, 32, 64),
        (lambda: build("vgg16").features, 212, 32, 90),
        (lambda: resnet_v1((3, 4, 6, 3)), 483, 32, 239),
        (lambda: resnet_v1((3, 4, 23, 3)), 1027, 32, 511),
        (mobilenet_v1, 315, 32, 126),
    ],
    ids=["alexnet_v2", "vgg16", "resnet_v1_50", "resnet_v1_101", "mobilenet_v1"],
)
def test_published_receptive_fields(make, size, stride, padding):
    with torch.device("meta"):
        network = make()
    report = fp.check.check(network, (3, 224, 224))
    last = len(report.graph.operations) - 1
    assert report.receptive_fields.sizes(last) == (size, size)
    for field in report.receptive_fields.fields(last):
        assert (field.stride, field.before) == (stride, padding)


def measured(network, x, index):
    """The first and the last row of the input that an output's gradient reaches."""
    y = network(x)
    chosen = y[0, :, index] if y.dim() == 4 else y[0]
    (gradient,) = torch.autograd.grad(chosen.sum(), x)
    rows = gradient[0].abs().sum((0, 2)).nonzero().flatten()
    return int(rows[0]), int(rows[-1])


class Positive(nn.Module):
    """A network of positive weights, means for maxima and no ReLU: no path can cancel another."""

    def __init__(self, network):
        super().__init__()
        for module in network.modules():
            for child, kind in list(module.named_children()):
                if isinstance(kind, (nn.ReLU, nn.ReLU6, nn.BatchNorm2d, nn.Dropout)):
                    setattr(module, child, nn.Identity())
                if isinstance(kind, nn.MaxPool2d):
                    args = (kind.kernel_size, kind.stride, kind.padding, kind.ceil_mode)
                    setattr(module, child, nn.AvgPool2d(*args))
        self.network = network.double()
        for parameter in network.parameters():
            nn.init.uniform_(parameter, 0.5, 1.5)
            if parameter.dim() > 1:  # so that numbers stay as they are, layer after layer
                parameter.data /= parameter[0].numel()

    def forward(self, x):
        return self.network(x)


# Divided channels and small inputs; the part of the network whose outputs have positions.
PARTS = {
    "lenet5": (lambda n: n[:6], 28),
    "alexnet": (lambda n: n.features, 224),
    "resnet18": (lambda n: nn.Sequential(n.stem, n.stages), 600),
    "googlenet": (lambda n: n.features, 420),
    "mobilenet_v2": (lambda n: n.features, 620),
    "unet": (lambda n: n, 220),
}


@pytest.mark.parametrize("name", PARTS)
def test_fields_are_what_gradients_reach(name):
    part, size = PARTS[name]
    network = Positive(part(build(name, divide=8)))
    channels = ARCHITECTURES[name].input_shape[1]
    x = torch.ones(1, channels, size, 40 if size > 252 else size, dtype=torch.float64)
    x.requires_grad_(True)
    report = fp.check.check(network, tuple(x.shape[1:]))
    (output,) = report.graph.outputs
    field = report.receptive_fields.fields(output.operation)[0]
    outputs = report.graph.operations[output.operation].output_shape[2]
    for index in {0, outputs // 2, outputs // 2 + 1}:
        elements = field.elements(index)
        expected = max(elements.start, 0), min(elements.stop, size) - 1
        assert measured(network, x, index) == expected


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_export_is_checked_as_the_module_is(name, tmp_path):
    pytest.importorskip("onnx", reason="the exporter needs the onnx package")
    from interchange.onnx.exports import export

    network = build(name, divide=8)
    content = export(network, (torch.zeros(ARCHITECTURES[name].input_shape),))
    (tmp_path / "model.onnx").write_bytes(content)
    reports = [
        fp.check.check(network, ARCHITECTURES[name].input_shape[1:]),
        fp.check.check(tmp_path / "model.onnx"),
    ]
    codes = [[finding.code for finding in report.findings] for report in reports]
    assert codes[0] == codes[1]
    assert widest(reports[0]) == widest(reports[1])
    # An adaptive pool takes any size; exported, it is one of fixed windows.
    assert set(reports[0].exact_inputs) >= set(reports[1].exact_inputs)
    messages = [
        [
            finding.message
            for finding in report.findings
            if finding.code in ("FP201", "FP202", "FP302")
        ]
        for report in reports
    ]
    assert messages[0] == messages[1]


# How often each code is found, and the nearest exact inputs.
FOUND = {
    "lenet5": ({}, ()),
    "alexnet": ({"FP202": 1}, (223, 255)),
    "vgg16": ({}, ()),
    "resnet18": ({"FP202": 5, "FP203": 3, "FP301": 1}, (193, 225)),
    "resnet50": ({"FP202": 5, "FP203": 3, "FP301": 1}, (193, 225)),
    "mobilenet_v2": ({"FP202": 5, "FP301": 1}, (193, 225)),
    "densenet121": ({"FP202": 2, "FP301": 1}, (221, 253)),
    "googlenet": ({"FP202": 1, "FP301": 1}, (205, 237)),
    "unet": ({"FP302": 1}, ()),
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_findings_are_known_and_true(name):
    report = report_of(name)
    counts = {}
    for finding in report.findings:
        counts[finding.code] = counts.get(finding.code, 0) + 1
    expected, exact = FOUND[name]
    assert counts == expected
    assert tuple(shape[-1] for shape in report.exact_inputs) == exact
    # What is said to be exact leaves nothing over, as PyTorch's own sizes show.
    for size in exact:
        with torch.device("meta"):
            again = fp.check.check(build(name), (3, size, size))
        assert not [finding for finding in again.findings if finding.code in ("FP201", "FP202")]


def test_the_stem_of_resnet_is_explained():
    (stem, *_) = [finding for finding in report_of("resnet50").findings if finding.code == "FP202"]
    assert stem.operation == "stem.0"
    assert "(224 + 3 + 3 − 7) / 2 + 1 = 112.5 → 112" in stem.message


def test_repairs_of_a_model_fit_when_they_are_made():
    lenet5 = build("lenet5")
    (error,) = fp.check.check(lenet5, (1, 32, 32)).of("error")
    assert "a model input of 1 × 28 × 28" in error.repair
    assert fp.check.check(lenet5, (1, 28, 28)).ok
