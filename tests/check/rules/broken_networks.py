"""Random networks, most of them broken: a seed is a network, as data that arguments change in.

`Node` is a layer or a join, with PyTorch's arguments; `build` makes a module of the nodes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

AXES = {1: "1d", 2: "2d", 3: "3d"}
CHANNELS = (1, 2, 3, 4, 6, 8, 12)
# Larger arrays are not run.
_MOST = 20_000


@dataclass(frozen=True)
class Node:
    """One operation: `inputs` are indices of nodes, −1 for what enters the network."""

    kind: str
    inputs: tuple[int, ...]
    arguments: dict


@dataclass(frozen=True)
class Broken:
    """A network: the shape that enters, without the batch, and its nodes; the last leaves it."""

    shape: tuple[int, ...]
    nodes: tuple[Node, ...]

    @property
    def axes(self) -> int:
        return len(self.shape) - 1

    def changed(self, index: int, **arguments) -> Broken:
        """The network with other arguments in a node."""
        node = self.nodes[index]
        new = replace(node, arguments={**node.arguments, **arguments})
        return replace(self, nodes=(*self.nodes[:index], new, *self.nodes[index + 1 :]))

    def with_before(self, index: int, node: Node) -> Broken:
        """The network with another node right before one."""
        own = self.nodes[index]

        def moved(value: int) -> int:
            return value + (value >= index)

        later = tuple(
            replace(one, inputs=tuple(map(moved, one.inputs))) for one in self.nodes[index + 1 :]
        )
        new = replace(node, inputs=own.inputs[:1])
        behind = replace(own, inputs=(index, *own.inputs[1:]))
        return replace(self, nodes=(*self.nodes[:index], new, behind, *later))

    def until(self, index: int) -> Broken:
        """The network up to a node."""
        return replace(self, nodes=self.nodes[: index + 1])


class _Module(nn.Module):
    """Calls its parts, `n0`, `n1`, …, on what comes before them."""

    def __init__(self, network: Broken) -> None:
        super().__init__()
        self.inputs = [node.inputs for node in network.nodes]
        for index, node in enumerate(network.nodes):
            setattr(self, f"n{index}", part(node, network.axes))

    def forward(self, x):
        values = [x]
        for index, inputs in enumerate(self.inputs):
            values.append(getattr(self, f"n{index}")(*(values[value + 1] for value in inputs)))
        return values[-1]


class _Join(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, *arrays):
        return torch.cat(arrays, 1) if self.kind == "Cat" else arrays[0] + arrays[1]


class _Call(nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def part(node: Node, axes: int) -> nn.Module:
    """A node as a module."""
    given = dict(node.arguments)
    if node.kind in ("Add", "Cat"):
        return _Join(node.kind)
    if node.kind == "View":
        return _Call(lambda x: x.view(-1, given["features"]))
    if node.kind == "Pad":
        return _Call(lambda x: nn.functional.pad(x, given["pad"]))
    if node.kind == "Expand":
        return _Call(lambda x: x.expand(*given["sizes"]))
    name = node.kind + (AXES[axes] if node.kind in WITH_AXES else "")
    return getattr(nn, name)(**given)


WITH_AXES = (
    *("Conv", "ConvTranspose", "MaxPool", "AvgPool", "AdaptiveAvgPool", "BatchNorm"),
    "InstanceNorm",
)


def build(network: Broken) -> nn.Module:
    """A module of a network, in eval mode."""
    return _Module(network).eval()


def shapes(network: Broken) -> list[tuple[int, ...]]:
    """What comes out of each node in PyTorch; up to the first that fails."""
    values = [torch.zeros(1, *network.shape)]
    for node in network.nodes:
        try:
            with torch.no_grad():
                made = part(node, network.axes).eval()
                values.append(made(*(values[value + 1] for value in node.inputs)))
        except (RuntimeError, ValueError, TypeError):
            break
    return [tuple(value.shape) for value in values[1:]]


def random_network(seed: int) -> Broken:
    """The network of a seed; three in four do not run."""
    rng = np.random.default_rng(seed)
    axes = int(rng.choice([1, 2, 2, 2, 3]))
    size = {1: 40, 2: 24, 3: 9}[axes]
    shape = (_pick(rng, CHANNELS), *(int(rng.integers(1, size + 1)) for _ in range(axes)))
    network = Broken(shape, ())
    whole = _draw(rng, network, breaking=rng.random() < 0.6)
    if len(shapes(whole)) == len(whole.nodes) and rng.random() < 0.5:  # another input arrives
        change = int(rng.integers(-6, 7))
        other = (shape[0], *(max(1, n + change) for n in shape[1:]))
        if rng.random() < 0.2:
            other = (_pick(rng, CHANNELS), *shape[1:])
        changed = replace(whole, shape=other)
        whole = changed if all(map(all, shapes(changed))) else whole
    return whole


def _draw(rng: np.random.Generator, network: Broken, breaking: bool) -> Broken:
    flat = False
    for _ in range(int(rng.integers(1, 8))):
        before = shapes(network)
        values = [(1, *network.shape), *before]
        nodes = network.nodes
        for _ in range(10):
            wrong = breaking and rng.random() < 0.3
            node = _node(rng, values, network.axes, flat, wrong)
            if node is None:
                continue
            tried = replace(network, nodes=(*nodes, node))
            after = shapes(tried)
            runs = len(after) == len(tried.nodes)
            if (runs and not 0 < math.prod(after[-1]) <= _MOST) or (not runs and not breaking):
                continue
            network = tried
            if not runs:
                return network
            flat = len(after[-1]) == 2
            break
    return network


def _pick(rng, values):
    return values[int(rng.integers(len(values)))]


def _each(rng, axes, low, high):
    """An integer for all axes, or one for each."""
    if rng.random() < 0.6:
        return int(rng.integers(low, high + 1))
    return tuple(int(rng.integers(low, high + 1)) for _ in range(axes))


def _node(rng, values, axes, flat, wrong) -> Node | None:
    last = len(values) - 2
    shape = values[-1]
    if flat:
        kind = _pick(rng, ("Linear", "Linear", "ReLU", "Add"))
    else:
        kind = _pick(rng, KINDS)
    if kind in ("Add", "Cat"):
        others = [i - 1 for i, other in enumerate(values[:-1]) if len(other) == len(shape)]
        if not others:
            return None
        if not wrong:
            others = [i for i in others if values[i + 1][2:] == shape[2:]]
            if kind == "Add":
                others = [i for i in others if values[i + 1] == shape]
        return Node(kind, (last, _pick(rng, others)), {}) if others else None
    arguments = ARGUMENTS[kind](rng, shape, axes, wrong)
    return None if arguments is None else Node(kind, (last,), arguments)


def _other(rng, value, wrong, choices=CHANNELS):
    return _pick(rng, choices) if wrong else value


def _conv(rng, shape, axes, wrong):
    takes = _other(rng, shape[1], wrong and rng.random() < 0.7)
    groups = 1
    if rng.random() < 0.4:
        groups = _pick(rng, [g for g in range(1, takes + 1) if takes % g == 0])
    given = {
        "in_channels": takes,
        "out_channels": groups * int(rng.integers(1, 4)),
        "kernel_size": _each(rng, axes, 1, 7 if wrong else 4),
        "stride": _each(rng, axes, 1, 4),
        "padding": _each(rng, axes, 0, 3),
        "dilation": _each(rng, axes, 1, 3) if rng.random() < 0.3 else 1,
        "groups": groups,
        "bias": bool(rng.random() < 0.6),
    }
    if rng.random() < 0.15:
        given |= {"stride": 1, "padding": "same"}
    return given


def _transposed(rng, shape, axes, wrong):
    given = _conv(rng, shape, axes, wrong)
    if given["padding"] == "same":
        return None
    return {**given, "output_padding": _each(rng, axes, 0, 1)}


def _max_pool(rng, shape, axes, wrong):
    kernel = _each(rng, axes, 1, 7 if wrong else 4)
    given = {
        "kernel_size": kernel,
        "padding": min(kernel if isinstance(kernel, tuple) else (kernel,)) // 2
        if rng.random() < 0.4
        else 0,
        "ceil_mode": bool(rng.random() < 0.3),
    }
    if rng.random() < 0.6:
        given["stride"] = _each(rng, axes, 1, 4)
    return given


def _dilated_pool(rng, shape, axes, wrong):
    given = _max_pool(rng, shape, axes, wrong)
    return {**given, "dilation": _each(rng, axes, 1, 3) if rng.random() < 0.3 else 1}


def _batch_norm(rng, shape, axes, wrong):
    return {"num_features": _other(rng, shape[1], wrong)}


def _instance_norm(rng, shape, axes, wrong):
    return {"num_features": _other(rng, shape[1], wrong), "affine": True,
            "track_running_stats": bool(rng.random() < 0.5)}  # fmt: skip


def _group_norm(rng, shape, axes, wrong):
    channels = _other(rng, shape[1], wrong)
    return {"num_groups": _pick(rng, [g for g in range(1, channels + 1) if channels % g == 0]),
            "num_channels": channels}  # fmt: skip


def _prelu(rng, shape, axes, wrong):
    return {"num_parameters": _other(rng, _pick(rng, (1, shape[1])), wrong)}


def _linear(rng, shape, axes, wrong):
    features = shape[-1]
    if wrong or (len(shape) > 2 and rng.random() < 0.7):
        features = math.prod(shape[1:]) if rng.random() < 0.6 else int(rng.integers(1, 400))
    return {"in_features": features, "out_features": int(rng.integers(1, 9))}


def _view(rng, shape, axes, wrong):
    features = math.prod(shape[1:])
    if wrong:
        features = _pick(rng, [features * 2, max(1, features // 2), int(rng.integers(1, 400))])
    return {"features": features}


def _upsample(rng, shape, axes, wrong):
    if rng.random() < 0.5:
        return {"size": tuple(int(rng.integers(1, 12)) for _ in range(axes))}
    return {"scale_factor": int(rng.integers(1, 4))}


ARGUMENTS = {
    "Conv": _conv,
    "ConvTranspose": _transposed,
    "MaxPool": _dilated_pool,
    "AvgPool": _max_pool,
    "AdaptiveAvgPool": lambda rng, shape, axes, wrong: {"output_size": _each(rng, axes, 1, 7)},
    "BatchNorm": _batch_norm,
    "InstanceNorm": _instance_norm,
    "GroupNorm": _group_norm,
    "PReLU": _prelu,
    "ReLU": lambda rng, shape, axes, wrong: {},
    "Flatten": lambda rng, shape, axes, wrong: {},
    "Linear": _linear,
    "View": _view,
    "Upsample": _upsample,
    "Pad": lambda rng, shape, axes, wrong: {
        "pad": tuple(int(n) for n in rng.integers(-1, 3, 2 * axes))
    },
}
KINDS = (
    *("Conv",) * 6,
    *("ConvTranspose", "MaxPool", "MaxPool", "AvgPool", "AdaptiveAvgPool", "BatchNorm", "Upsample"),
    *("InstanceNorm", "GroupNorm", "PReLU", "ReLU", "Flatten", "Linear", "View", "Pad"),
    *("Add", "Add", "Cat", "Cat"),
)
