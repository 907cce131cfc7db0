"""Receptive fields of PyTorch modules: as gradients show them, and as they were published."""

from __future__ import annotations

import random

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fencepost.graph import receptive_fields  # noqa: E402
from fencepost.interchange.torch.trace import read_module  # noqa: E402

nn, F = torch.nn, torch.nn.functional


@pytest.fixture(autouse=True)
def one_thread():
    """Small arrays: threads that wait for one another take most of the time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Apply(nn.Module):
    """A function as a module."""

    def __init__(self, function, *layers):
        super().__init__()
        self.function = function
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        return self.function(x, *self.layers)


# --- measured -------------------------------------------------------------------------------------


class Drawn:
    """Draws modules of one or two axes and two channels, all linear and without a bias."""

    def __init__(self, generator, axes):
        self.generator = generator
        self.axes = axes

    def each(self, low, high):
        return tuple(self.generator.randint(low, high) for _ in range(self.axes))

    def conv(self, kernel, stride=1, padding=0, dilation=1, ins=2):
        make = getattr(nn, f"Conv{self.axes}d")
        return make(ins, 2, kernel, stride, padding, dilation, bias=False)

    def windows(self):
        return self.conv(self.each(1, 4), self.each(1, 2), self.each(0, 2), self.each(1, 2))

    def pool(self):
        kernel = self.each(2, 3)
        padding = tuple(self.generator.randint(0, k // 2) for k in kernel)
        make = getattr(nn, f"AvgPool{self.axes}d")
        return make(kernel, self.each(1, 2), padding, ceil_mode=self.generator.random() < 0.3)

    def adaptive(self):
        return getattr(nn, f"AdaptiveAvgPool{self.axes}d")(self.each(3, 7))

    def residual(self):
        """A block as of a ResNet: its shortcut as it is, or with a stride."""
        stride = self.generator.randint(1, 2)
        body = nn.Sequential(
            self.conv(3, stride, 1), self.conv(self.generator.choice((1, 3, 5)), padding="same")
        )
        if stride == 1:
            return Apply(lambda x, body: x + body(x), body)
        return Apply(lambda x, body, short: body(x) + short(x), body, self.conv(1, stride))

    def inception(self):
        """Branches with larger and smaller fields, put beside one another and mixed."""
        branches = [self.conv(self.generator.randint(1, 5), padding="same") for _ in range(3)]
        mix = self.conv(1, ins=6)
        return Apply(lambda x, mix, *b: mix(torch.cat([item(x) for item in b], 1)), mix, *branches)

    def convnext(self):
        """Each position by itself, its channels last, as a ConvNeXt has it."""

        start = self.generator.randint(0, 1)

        def run(x, deep, first, second):
            y = first(deep(x).movedim(1, -1))
            return x[..., start:] + second(y[..., start:, :]).movedim(-1, 1)

        layers = (nn.Linear(2, 3, bias=False), nn.Linear(3, 2, bias=False))
        return Apply(run, self.conv(3, padding="same"), *layers)

    def up(self):
        if self.generator.random() < 0.5:
            return nn.Upsample(scale_factor=self.generator.randint(2, 3))
        make = getattr(nn, f"ConvTranspose{self.axes}d")
        stride = self.generator.randint(1, 2)
        kernel = self.generator.randint(stride, 4)
        return make(2, 2, kernel, stride, self.generator.randint(0, 1), bias=False)

    def edges(self):
        pad = [self.generator.randint(-2, 2) for _ in range(2 * self.axes)]
        start, step = self.generator.randint(0, 2), self.generator.randint(1, 2)
        return self.generator.choice(
            (Apply(lambda x: F.pad(x, pad)), Apply(lambda x: x[..., start::step]))
        )

    def module(self, most):
        kinds = (
            self.windows, self.windows, self.pool, self.residual, self.inception, self.convnext,
            self.up, self.edges, self.adaptive,
        )  # fmt: skip
        steps = [self.generator.choice(kinds)() for _ in range(self.generator.randint(1, most))]
        module = nn.Sequential(self.conv(1, ins=1), *steps).double()
        with torch.no_grad():
            for weight in module.parameters():
                weight.uniform_(0.5, 1)  # so that no two paths to an output cancel
        return module


def seen(module, sizes):
    """For each output element the elements of the input on which its gradient is not 0."""
    outputs = module(torch.zeros(1, 1, *sizes, dtype=torch.float64)).shape[2:]
    # As many copies of the input as there are outputs: one gradient for each, in one go.
    x = torch.zeros(outputs.numel(), 1, *sizes, dtype=torch.float64, requires_grad=True)
    each = module(x).sum(1).flatten(1).diagonal()
    (slopes,) = torch.autograd.grad(each.sum(), x)
    return (slopes != 0).reshape(*outputs, *sizes)


def cuts(model):
    """Tell whether elements are cut off that a later padding makes zeros of."""
    return any(
        min(window.before, window.after) < 0
        or (operation.role == "transposed" and max(window.before, window.after) > 0)
        for operation in model.operations
        for window in operation.windows
    )


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("axes", [1, 2])
def test_fields_are_where_gradients_are_not_0(axes):
    generator = random.Random(axes)
    outputs = inner = networks = enlarged = 0
    while networks < (150 if axes == 1 else 60):
        most, sizes = (5, (14, 30)) if axes == 1 else (3, (8, 12))
        module = Drawn(generator, axes).module(most)
        shape = tuple(generator.randint(*sizes) for _ in range(axes))
        model = read_module(module, [(1, *shape)])
        if model.failure or 0 in model.operations[-1].output_shape:  # too much for so few elements
            continue
        networks += 1
        last = len(model.operations) - 1
        fields = receptive_fields(model).fields(last)
        if not fields:
            continue
        assert len(fields) == axes
        enlarged += any(len(item.spans) > 1 for item in fields)
        found = seen(module, shape)
        for axis, field in enumerate(fields):
            across = [d for d in range(found.ndim) if d not in (axis, axes + axis)]
            along = found.amax(across) if across else found
            for index, row in enumerate(along):
                elements = row.nonzero().flatten().tolist()
                span = field.elements(index)
                outputs += 1
                if not elements:
                    continue
                assert span.start <= elements[0]
                assert elements[-1] < span.stop
                # An edge may have no gradient: holes between taps, and what was cut off.
                if span.start >= 0 and span.stop <= shape[axis] and not cuts(model):
                    assert (elements[0], elements[-1]) == (span.start, span.stop - 1)
                    inner += 1
    assert outputs > 700
    assert inner > 250
    assert enlarged > 5


# --- published ------------------------------------------------------------------------------------


def conv(kernel, stride=1, padding=None):
    return nn.Conv2d(1, 1, kernel, stride, kernel // 2 if padding is None else padding)


def pool(kernel, stride, padding=0):
    return nn.MaxPool2d(kernel, stride, padding)


def alexnet():
    """AlexNet v2 of TensorFlow's models, up to its last pool: no padding at the first layer."""
    convs = [conv(11, 4, 0), pool(3, 2), conv(5), pool(3, 2), conv(3), conv(3), conv(3), pool(3, 2)]
    return nn.Sequential(*convs)


def vgg16():
    stages = [[*(conv(3) for _ in range(count)), pool(2, 2)] for count in (2, 2, 3, 3, 3)]
    return nn.Sequential(*(layer for stage in stages for layer in stage))


def mobilenet():
    """Each convolution of 3 × 3 is followed by one of 1 × 1; no padding where it strides."""
    layers = [conv(3, 2, 0)]
    for stride in (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1):
        layers += [conv(3, stride, 1 if stride == 1 else 0), conv(1)]
    return nn.Sequential(*layers)


def resnet(*counts, last=True):
    """ResNet v1 of bottlenecks, with the stride in the last unit of a stage, or the first."""
    layers = [conv(7, 2), pool(3, 2)]
    for stage, count in enumerate(counts):
        strided = (stage < 3 and count - 1) if last else (stage > 0 and 0)
        for unit in range(count):
            stride = 2 if unit == strided and strided is not False else 1
            body = nn.Sequential(conv(1), conv(3, stride), conv(1))
            layers.append(Apply(lambda x, body, short: body(x) + short(x), body, conv(1, stride)))
    return nn.Sequential(*layers)


def inception():
    """Inception v2: the largest fields are of two convolutions of 3 × 3 in each module."""

    def module(stride):
        branches = [
            nn.Sequential(conv(1), conv(3, stride)),
            nn.Sequential(conv(1), conv(3), conv(3, stride)),
            nn.Sequential(pool(3, stride, 1), conv(1)) if stride == 1 else pool(3, stride, 1),
            *([conv(1)] if stride == 1 else []),
        ]
        mix = nn.Conv2d(len(branches), 1, 1)
        return Apply(
            lambda x, mix, *some: mix(torch.cat([item(x) for item in some], 1)), mix, *branches
        )

    stem = [conv(7, 2), pool(3, 2, 1), conv(1), conv(3), pool(3, 2, 1)]
    return nn.Sequential(*stem, *(module(stride) for stride in (1, 1, 2, 1, 1, 1, 1, 2, 1, 1)))


# Receptive field, effective stride and padding: Araujo, Norris and Sim, Computing receptive fields
# of convolutional neural networks, Distill 2019, table in its last section. Its padding of
# Inception is that of TensorFlow's "same", which is uneven, so it is not compared. The figures of
# torchvision's ResNets, whose stride comes first, are those of the recurrence by hand.
PUBLISHED = {
    "alexnet": (alexnet, (195, 32, 64)),
    "vgg16": (vgg16, (212, 32, 90)),
    "mobilenet": (mobilenet, (315, 32, 126)),
    "resnet50": (lambda: resnet(3, 4, 6, 3), (483, 32, 239)),
    "resnet101": (lambda: resnet(3, 4, 23, 3), (1027, 32, 511)),
    "resnet152": (lambda: resnet(3, 8, 36, 3), (1507, 32, 751)),
    "inception": (inception, (699, 32, None)),
    "resnet50 of torchvision": (lambda: resnet(3, 4, 6, 3, last=False), (427, 32, None)),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_fields(name):
    make, (size, stride, before) = PUBLISHED[name]
    with torch.device("meta"):
        module = make()
    model = read_module(module, [(1, 2047, 2047)])
    assert (model.failure, model.unknown) == ("", ())
    found = receptive_fields(model)
    last = len(model.operations) - 1
    assert found.sizes(last) == (size, size)
    for field in found.fields(last):
        assert (field.size, field.stride) == (size, stride)
        assert before in (None, field.before)


@pytest.mark.parametrize(
    ("name", "operation", "span"),
    [
        ("lenet5", "5", 16),
        ("alexnet", "features.12", 195),
        ("vgg16", "features.28", 196),
        ("vgg16", "features.30", 212),
        ("resnet18", "stages.3.1.relu", 435),
        ("resnet50", "stages.3.2.relu", 427),
    ],
)
def test_fields_of_the_known_networks(name, operation, span):
    from interchange.torch import architectures

    with torch.device("meta"):
        module = architectures.build(name)
    channels = architectures.ARCHITECTURES[name].input_shape[1]
    features = module if name == "lenet5" else getattr(module, "features", None)
    if features is None:
        features = nn.Sequential(module.stem, module.stages)
        operation = operation.replace("stages", "1")
    model = read_module(features[:6] if name == "lenet5" else features, [(channels, 1000, 1000)])
    index_of = {operation.name: index for index, operation in enumerate(model.operations)}
    assert receptive_fields(model).sizes(index_of[operation.removeprefix("features.")]) == (
        span,
        span,
    )
