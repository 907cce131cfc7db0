"""Copies of modules: of their arrays, of what hooks see, and what cannot be copied."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import fencepost as fp
from fencepost.interchange.torch.copying import copy_module
from fencepost.interchange.torch.trace import read_module

from .modules import Net, conv, graph


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_arrays_that_are_shared_stay_shared(device):
    module = Net(lambda self, x: x, c=conv(), d=conv())
    module.d.weight = module.c.weight
    copied, originals = copy_module(module, device)
    assert copied.c.weight is copied.d.weight
    assert copied.c.weight is not module.c.weight
    assert copied.c.weight.device.type == device
    assert originals[id(copied.c.weight)] is module.c.weight
    assert device == "meta" or torch.equal(copied.d.bias, module.d.bias)


def test_modules_that_cannot_be_copied():
    module = nn.Sequential(conv())
    module.file = (item for item in "abc")
    with pytest.raises(TypeError):
        copy.deepcopy(module)
    with pytest.raises(fp.DataError, match=r"cannot be copied .*TypeError: cannot pickle"):
        read_module(module, [(3, 8, 8)])


def test_a_hook_that_reads_variables_around_it_fills_those_of_the_copy():
    kept, first = [], conv()
    module = Net(lambda self, x: self.d(self.c(x)) + self.kept.pop(), c=first, d=conv(4, 4, 1))
    module.kept = kept
    first.register_forward_hook(lambda layer, given, made: kept.append(made))
    report = fp.check.check(module, (3, 8, 8))
    assert report.ok and graph(report.graph) == {"c": [""], "d": ["c"], "add": ["d", "c"]}
    assert not kept  # the module itself is left as it is
