"""PyTorch modules of a given forward, and short ways to look at what was read of one."""

from __future__ import annotations

import torch
from torch import nn

from fencepost.interchange.torch.trace import read_module

CPU = "Traced on the CPU, in eval mode, with a batch of 1."


class Net(nn.Module):
    """A module of some layers and a forward that is given: called with it and the input."""

    def __init__(self, run, **layers):
        super().__init__()
        self.run = run
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        return self.run(self, x)


def conv(ins=3, outs=4, kernel=3, **more):
    return nn.Conv2d(ins, outs, kernel, **more)


def names(model):
    return [operation.name for operation in model.operations]


def graph(model):
    """For each operation its name and the names of what enters; "" is the input."""
    made = {-1: "", **dict(enumerate(names(model)))}
    return {
        operation.name: [made[value.operation] for value in operation.inputs]
        for operation in model.operations
    }


def message(module, *shapes):
    """What PyTorch says on the CPU, in one line."""
    try:
        module(*(torch.zeros(1, *shape) for shape in shapes))
    except Exception as error:
        return " ".join(str(error).split())
    raise AssertionError("it does not fail")


class Does(nn.Module):
    """A module that does one thing."""

    def __init__(self, what):
        super().__init__()
        self.what = what

    def forward(self, *inputs):
        return self.what(*inputs)


def read_function(what, *shapes):
    model = read_module(Does(what), [list(shape) for shape in shapes])
    assert model.failure == ""
    return model


def only(what, *shapes):
    """Read a function that is one operation."""
    (operation,) = read_function(what, *shapes).operations
    return operation


def last(what, *shapes):
    return read_function(what, *shapes).operations[-1]
