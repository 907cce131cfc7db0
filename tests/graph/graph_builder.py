"""Models written by hand, operation by operation, as a reader would make them."""

from __future__ import annotations

import math

from fencepost.graph import Graph, Operation, Value
from fencepost.sizing import Window


def pair(value, axes):
    return tuple(value) if isinstance(value, tuple) else (value,) * axes


class GraphBuilder:
    """Adds operations one by one: each method takes values and returns what comes out."""

    def __init__(self, *input_shapes, source="handmade"):
        self.source = source
        self.input_shapes = input_shapes
        self.operations = []
        self.inputs = tuple(Value(-1, number) for number in range(len(input_shapes)))

    @property
    def input(self):
        return self.inputs[0]

    def shape(self, value):
        if value.operation < 0:
            return self.input_shapes[value.output]
        return self.operations[value.operation].output_shapes[value.output]

    def add(self, kind, role, inputs, output, **fields):
        number = len(self.operations)
        name = fields.pop("name", f"{kind.lower()}{number}")
        shapes = tuple(self.shape(value) for value in inputs)
        outputs = () if output is None else (output,)
        self.operations.append(
            Operation(name, kind, role, tuple(inputs), shapes, outputs, **fields)
        )
        return Value(number)

    def windows(self, value, kernel, stride, padding, dilation):
        sizes = self.shape(value)[2:]
        axes = len(sizes)
        if not isinstance(padding, list):
            padding = [pair(item, 2) for item in pair(padding, axes)]
        numbers = (pair(item, axes) for item in (kernel, stride, dilation))
        each = zip(sizes, *numbers, padding, strict=True)
        return tuple(Window(n, k, s, d, *p) for n, k, s, d, p in each)

    def conv(self, value, channels, kernel, stride=1, padding=0, dilation=1, fails=False, **more):
        found = self.windows(value, kernel, stride, padding, dilation)
        batch, ins = self.shape(value)[:2]
        sizes = tuple(window.output for window in found)
        weight = (channels, ins, *pair(kernel, len(found)))
        arguments = {"out_channels": channels, "kernel_size": pair(kernel, len(found))}
        for name, given, plain in (
            ("stride", stride, 1),
            ("padding", padding, 0),
            ("dilation", dilation, 1),
        ):
            if given != plain:
                arguments[name] = tuple(given) if isinstance(given, list) else given
        return self.add(
            f"Conv{len(found)}d", "windows", [value], None if fails else (batch, channels, *sizes),
            windows=found, arguments=arguments, weight_shape=weight,
            parameters=math.prod(weight) + channels,
            multiply_adds=batch * math.prod(sizes) * math.prod(weight), **more,
        )  # fmt: skip

    def pool(
        self, value, kernel, stride=None, padding=0, ceil_mode=False, kind="MaxPool2d", **more
    ):
        stride = kernel if stride is None else stride
        found = self.windows(value, kernel, stride, padding, 1)
        sizes = [window.output for window in found]
        if ceil_mode:
            sizes = []
            for window in found:
                output = -(-window.span // window.stride) + 1
                if (output - 1) * window.stride >= window.input + window.before:
                    output -= 1
                sizes.append(output)
        arguments = {"kernel_size": kernel, "stride": stride}
        arguments |= {"padding": padding} if padding else {}
        arguments |= {"ceil_mode": True} if ceil_mode else {}
        return self.add(kind, "windows", [value], (*self.shape(value)[:2], *sizes), windows=found,
                        arguments=arguments, **more)  # fmt: skip

    def transposed(self, value, channels, kernel, stride=1, padding=0, output_padding=0):
        batch, ins, *sizes = self.shape(value)
        outs = [(n - 1) * stride - 2 * padding + kernel + output_padding for n in sizes]
        found = tuple(Window(n, kernel, stride, 1, padding, padding) for n in outs)
        arguments = {"out_channels": channels, "kernel_size": kernel, "stride": stride}
        weight = (ins, channels, *pair(kernel, len(outs)))
        return self.add(
            f"ConvTranspose{len(outs)}d", "transposed", [value], (batch, channels, *outs),
            windows=found, arguments=arguments, weight_shape=weight,
        )  # fmt: skip

    def pad(self, value, before, after, stride=1):
        found = tuple(Window(n, 1, stride, 1, before, after) for n in self.shape(value)[2:])
        sizes = tuple(window.output for window in found)
        return self.add("Pad", "pad", [value], (*self.shape(value)[:2], *sizes), windows=found)

    def resize(self, value, sizes, mode="nearest", **arguments):
        return self.add("Upsample", "resize", [value], (*self.shape(value)[:2], *sizes),
                        arguments={"mode": mode, **arguments})  # fmt: skip

    def adaptive(self, value, sizes):
        return self.add("AdaptiveAvgPool2d", "resize", [value], (*self.shape(value)[:2], *sizes))

    def pointwise(self, value, kind="ReLU", **more):
        return self.add(kind, "pointwise", [value], self.shape(value), **more)

    def join(self, *values, kind="Add", **more):
        shape = tuple(max(sizes) for sizes in zip(*map(self.shape, values), strict=True))
        if kind == "Cat":
            shape = (shape[0], sum(self.shape(value)[1] for value in values), *shape[2:])
            more = {"arguments": {"dim": 1}, **more}
        return self.add(kind, "join", values, shape, **more)

    def pooled(self, value):
        batch, channels, *sizes = self.shape(value)
        output = (batch, channels, *[1] * len(sizes))
        arguments = {"output_size": 1}
        return self.add("AdaptiveAvgPool2d", "global", [value], output, arguments=arguments)

    def reshape(self, value, *shape, kind="Reshape", **more):
        return self.add(kind, "reshape", [value], shape, **more)

    def flatten(self, value):
        batch, *rest = self.shape(value)
        return self.reshape(value, batch, math.prod(rest), kind="Flatten")

    def linear(self, value, features, takes=None, **more):
        batch, ins = self.shape(value)[0], takes or self.shape(value)[-1]
        fails = ins != self.shape(value)[-1]
        return self.add(
            "Linear", "dense", [value], None if fails else (batch, features),
            weight_shape=(features, ins), arguments={"out_features": features},
            parameters=features * (ins + 1), multiply_adds=features * ins, **more,
        )  # fmt: skip

    def model(self, *outputs, failure="", unknown=()):
        names = tuple(f"input{number}" for number in range(len(self.input_shapes)))
        outputs = outputs or (() if failure else (Value(len(self.operations) - 1),))
        return Graph(self.source, names, tuple(self.input_shapes), tuple(self.operations),
                     tuple(outputs), failure, tuple(unknown))  # fmt: skip
