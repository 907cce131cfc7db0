"""Batch normalisation over all processes, in a group of one; `test_processes` has two."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
if not torch.distributed.is_available():
    pytest.skip("this PyTorch has no torch.distributed", allow_module_level=True)

from fencepost.training.backends.torch.batch_norm import (  # noqa: E402  # PyTorch comes with it
    SharedBatchNorm,
    share_batch_norm,
)


@pytest.fixture(scope="module", autouse=True)
def _group():
    store = torch.distributed.HashStore()
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(8, 5), (8, 5, 7), (8, 5, 3, 4)])
def test_it_is_pytorchs(shape, affine):
    kind = torch.nn.BatchNorm2d if len(shape) == 4 else torch.nn.BatchNorm1d
    x = torch.from_numpy(np.random.default_rng(0).normal(100, 2, shape).astype(np.float32))
    weights = torch.from_numpy(np.random.default_rng(1).normal(size=shape).astype(np.float32))
    results = []
    for shared in (False, True):
        module = kind(5, eps=1e-3, momentum=0.3, affine=affine)
        module = SharedBatchNorm(module) if shared else module
        given = x.clone().requires_grad_()
        outputs = module(given)
        (outputs * weights).sum().backward()
        learned = [parameter.grad for parameter in module.parameters()]
        statistics = [module.running_mean, module.running_var]
        results.append([outputs, given.grad, *learned, *statistics, module.eval()(x)])
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


def test_one_value_keeps_the_variance_and_none_is_nothing():
    module = SharedBatchNorm(torch.nn.BatchNorm1d(2))
    module(torch.tensor([[3.0, -1.0]]))
    assert module.running_var.tolist() == [1.0, 1.0]
    assert module.running_mean.tolist() == pytest.approx([0.3, -0.1])


def test_all_are_replaced():
    inner = torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.ReLU())
    outer = torch.nn.Sequential(inner, torch.nn.BatchNorm2d(3))
    share_batch_norm(outer)
    kinds = [type(part).__name__ for part in outer.modules()]
    assert kinds == ["Sequential", "Sequential", "SharedBatchNorm", "ReLU", "SharedBatchNorm"]
