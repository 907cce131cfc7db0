"""A PyTorch module that does what it is told, and short ways to say what was read of one."""

from __future__ import annotations

import torch
from torch import nn

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
    return [one.name for one in model.operations]


def graph(model):
    """For each operation its name and the names of what enters; "" is the input."""
    made = {-1: "", **dict(enumerate(names(model)))}
    return {one.name: [made[value.operation] for value in one.inputs] for one in model.operations}


def message(module, *shapes):
    """What PyTorch says on the CPU, in one line."""
    try:
        module(*(torch.zeros(1, *shape) for shape in shapes))
    except Exception as error:
        return " ".join(str(error).split())
    raise AssertionError("it does not fail")
