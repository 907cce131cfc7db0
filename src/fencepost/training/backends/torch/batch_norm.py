"""Batch normalisation over the batch of all processes, as if one had it.

`torch.nn.SyncBatchNorm` does the same on GPUs alone; this one does it everywhere, for shares of
different sizes, and for none.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import distributed, nn
from torch.nn import functional as F


class _Sum(torch.autograd.Function):
    """The sum over all processes; its gradient is the sum of their gradients."""

    @staticmethod
    def forward(context: Any, values: Any) -> Any:
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Any) -> Any:
        total = gradient.clone()
        distributed.all_reduce(total)
        return total


class SharedBatchNorm(nn.Module):
    """In the place of a BatchNorm1d or 2d, whose weights and running statistics it takes."""

    def __init__(self, norm: Any) -> None:
        super().__init__()
        self.eps, self.momentum = norm.eps, norm.momentum
        self.weight, self.bias = norm.weight, norm.bias
        self.register_buffer("running_mean", norm.running_mean)
        self.register_buffer("running_var", norm.running_var)

    def forward(self, x: Any) -> Any:
        """Normalise; in training by the mean and variance of all, which it notes."""
        if not self.training:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        axes = [0, *range(2, x.dim())]
        shape = (1, -1, *(1,) * (x.dim() - 2))
        own = torch.full((1,), x.numel() // x.shape[1], dtype=x.dtype, device=x.device)
        sums = _Sum.apply(torch.cat([x.sum(axes), own]))
        count = sums[-1].detach()
        mean = sums[:-1] / count
        # Deviations, not squares: nothing cancels, however large the mean.
        deviations = x - mean.view(shape)
        squares = _Sum.apply(deviations.square().sum(axes))
        self._note(mean.detach(), squares.detach(), count)
        y = deviations * torch.rsqrt(squares / count + self.eps).view(shape)
        if self.weight is None:
            return y
        return y * self.weight.view(shape) + self.bias.view(shape)

    @torch.no_grad()
    def _note(self, mean: Any, squares: Any, count: Any) -> None:
        """Move the running statistics; the variance is the unbiased one."""
        self.running_mean.lerp_(mean, self.momentum)
        # One value has no unbiased variance: the old is kept, as the engine does.
        unbiased = torch.where(count > 1, squares / (count - 1).clamp(min=1), self.running_var)
        self.running_var.lerp_(unbiased, self.momentum)


def share_batch_norm(module: Any) -> None:
    """Put a `SharedBatchNorm` in place of each batch normalisation inside `module`."""
    for name, child in module.named_children():
        if isinstance(child, (nn.BatchNorm1d, nn.BatchNorm2d)):
            setattr(module, name, SharedBatchNorm(child))
        else:
            share_batch_norm(child)
