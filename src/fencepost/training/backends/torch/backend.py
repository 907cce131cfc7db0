"""The same steps as the engine's, by PyTorch: loss, gradient, update, in one process or many.

All parameters lie in one tensor, and so do their gradients, in the order of the network's vector:
the module's own are views. One update serves all, and what the optimizer remembers has the form
of the engine's. On a CPU the tensors are the network's arrays themselves.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from .... import _engine
from ...data import border_value
from ...options import RunOptions
from ...trainable import Floats, Trainable
from ..backend import Arrays
from ..processes import Processes
from .batch_norm import share_batch_norm
from .losses import TorchLoss, sent
from .processes import TorchProcesses

_OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
# What each optimizer calls the rows of `slots`, in their order.
_MEMORY = {"sgd": ("momentum_buffer",), "adam": ("exp_avg", "exp_avg_sq")}
_MEMORY["adamw"] = _MEMORY["adam"]


class TorchTrainable(Trainable, Protocol):
    """What this backend asks of a network beside what `Trainable` has."""

    @property
    def parameters(self) -> Mapping[str, Floats]:
        """Views of `parameter_vector` by name, in its order."""

    @property
    def state(self) -> Mapping[str, Floats]:
        """Views of `state_vector` likewise."""

    def to_torch(self) -> Any:
        """Return a module with parameters and buffers of these names."""


class TorchBackend:
    """Computes with the PyTorch module of a network, on a device."""

    def __init__(
        self,
        net: TorchTrainable,
        module: Any,
        arrays: Arrays,
        options: RunOptions,
        images: NDArray[Any],
        device: Any,
        processes: Processes,
    ) -> None:
        self.processes = processes
        self._arrays, self._options, self._device = arrays, options, device
        self._input_shape = net.input_shape
        self._module = module.to(device)
        for buffer, values in ((module.mean, arrays.mean), (module.scale, arrays.scale)):
            buffer.copy_(torch.from_numpy(values.reshape(buffer.shape)))
        self._bind(net)
        optimizer = options.optimizer.engine()
        self._memory = _memory_names(optimizer)
        self.slots: Floats = np.zeros((len(self._memory), arrays.parameters.size), np.float32)
        self._slots = self._on_device(self.slots)
        self.averages: tuple[Floats, Floats] | None = None
        if options.average_decay is not None:
            self.averages = arrays.parameters.copy(), arrays.state.copy()
        self._averages = [self._on_device(array) for array in self.averages or ()]
        kind = _OPTIMIZERS[optimizer.pop("name")]
        self._optimizer = kind([self._parameters], lr=options.optimizer.lr, **optimizer)
        self._loss = TorchLoss(options.loss, device)
        changes = options.augmentation
        self._changes = (
            None if changes is None else changes.engine(border_value(images), arrays.mean)
        )
        self._draws = any("Drop" in type(part).__name__ for part in module.modules())
        self._trained = module
        if isinstance(processes, TorchProcesses):
            share_batch_norm(module)
            self._trained = _data_parallel(module)

    def _bind(self, net: TorchTrainable) -> None:
        """Make the module's parameters, gradients and buffers views of one tensor each."""
        self._parameters = nn.Parameter(self._on_device(self._arrays.parameters))
        self._parameters.grad = torch.zeros_like(self._parameters)
        self._state = self._on_device(self._arrays.state)
        at = 0
        for name, view in net.parameters.items():
            parameter, piece = self._module.get_parameter(name), slice(at, at + view.size)
            parameter.data = self._parameters.data[piece].view(view.shape)
            parameter.grad = self._parameters.grad[piece].view(view.shape)
            at = piece.stop
        at = 0
        for name, view in net.state.items():
            owner, _, leaf = name.rpartition(".")
            buffer = self._state[at : at + view.size].view(view.shape)
            setattr(self._module.get_submodule(owner), leaf, buffer)
            at += view.size

    def _on_device(self, array: Floats) -> Any:
        return torch.from_numpy(array).to(self._device)

    def describe(self) -> str:
        """Name the version and the kind of device."""
        return f"PyTorch {torch.__version__}, {self._device.type}"

    def run(
        self,
        images: NDArray[Any],
        targets: NDArray[Any],
        order: NDArray[Any],
        rates: Floats,
        first_step: int,
        sample_weight: Floats | None,
    ) -> tuple[Floats, int]:
        """Take the steps; a GPU is waited for at the end only."""
        size = self._options.batch_size
        losses = torch.zeros(len(rates), device=self._device)
        correct = torch.zeros((), dtype=torch.int64, device=self._device)
        with self._own_settings():
            self._module.train()
            for k, rate in enumerate(rates):
                batch, step = order[k * size : (k + 1) * size], first_step + k
                weights = None if sample_weight is None else sample_weight[batch]
                loss, right = self._gradient(images, targets[batch], weights, batch, step)
                self._update(float(rate), step)
                losses[k] = loss
                correct += right
            self.processes.sum(losses)
            self.processes.sum(correct)
        return losses.cpu().numpy(), int(correct)

    def _gradient(
        self,
        images: NDArray[Any],
        targets: NDArray[Any],
        weights: Floats | None,
        batch: NDArray[Any],
        step: int,
    ) -> tuple[Any, Any]:
        """Leave the batch's gradient; return this process's part of the loss and of the right."""
        own = self._share(len(batch))
        pixels, shares = self._seen(images, batch, own, step)
        if self._draws:
            draw = np.random.SeedSequence([self._options.seed, step, self.processes.rank])
            torch.manual_seed(int(draw.generate_state(1, np.uint64)[0]))
        self._parameters.grad.zero_()
        outputs = self._trained(pixels).flatten(1)
        loss, right = self._loss(outputs, targets, shares, weights, own)
        # DistributedDataParallel takes the mean of the processes' gradients: the sum is wanted.
        (loss * self.processes.count).backward()
        return loss.detach(), right

    @torch.no_grad()
    def _update(self, rate: float, step: int) -> None:
        """Change the parameters by their gradient, and the averages by them."""
        if self._options.clip_norm is not None:
            gradient = self._parameters.grad
            gradient *= (self._options.clip_norm / (gradient.norm() + 1e-6)).clamp(max=1)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        memory = dict(zip(self._memory, self._slots, strict=True))
        self._optimizer.state[self._parameters] = memory | {"step": torch.tensor(float(step))}
        self._optimizer.step()
        values = (self._parameters.data, self._state)
        for average, value in zip(self._averages, values, strict=False):
            # Young at first, as the engine's: so it forgets how it began.
            decay = min(self._options.average_decay or 0.0, (2 + step) / (11 + step))
            average.lerp_(value, 1 - decay)

    def _share(self, images: int) -> slice:
        """Return which of so many images are this process's."""
        rank, count = self.processes.rank, self.processes.count
        return slice(images * rank // count, images * (rank + 1) // count)

    def _seen(
        self, images: NDArray[Any], batch: NDArray[Any], own: slice, step: int
    ) -> tuple[Any, Floats | None]:
        """Return this process's images as training sees them, changed by the engine.

        And of all images of the batch the shares of those that they are mixed with, if any are.
        """
        changes, shares = self._changes, None
        if changes is None:
            seen = images[batch[own]]
        else:
            seed, threads = self._options.seed, self._options.threads
            # The last is mixed with one that may be another process's.
            index = np.concatenate([batch[own], batch[own.stop % len(batch)][None]])
            seen = _engine.augment(images, changes, seed, step, index, threads)[:-1]
            if changes.get("mixup") or changes.get("cutmix"):
                shape = images.shape[1:]
                shares = _engine.partner_shares(shape, changes, seed, step, batch)
        return sent(seen.reshape(-1, *self._input_shape), self._device), shares

    def forward(self, images: NDArray[Any]) -> Floats:
        """Compute the outputs: each process those of its share, and all get those of all."""
        own = self._share(len(images))
        pixels = np.ascontiguousarray(images[own]).reshape(-1, *self._input_shape)
        with self._own_settings(), self._averaged(), torch.no_grad():
            self._module.eval()
            outputs = self._module(sent(pixels, self._device)).flatten(1)
            every = outputs.new_zeros(len(images), outputs.shape[1])
            every[own] = outputs
            result: Floats = self.processes.sum(every).cpu().numpy()
        return result

    @contextlib.contextmanager
    def _averaged(self) -> Iterator[None]:
        """Put the averages, if there are any, in the place of parameters and state."""
        if not self._averages:
            yield
            return
        tensors = (self._parameters.data, self._state)
        saved = [tensor.clone() for tensor in tensors]
        try:
            for tensor, average in zip(tensors, self._averages, strict=True):
                tensor.copy_(average)
            yield
        finally:
            for tensor, values in zip(tensors, saved, strict=True):
                tensor.copy_(values)

    def load(self) -> None:
        """Take the values of the arrays."""
        for tensor, array in self._pairs():
            tensor.copy_(torch.from_numpy(array))

    def store(self) -> None:
        """Put the values into the arrays."""
        if self._device.type == "cpu":
            return  # they are the same memory
        for tensor, array in self._pairs():
            torch.from_numpy(array).copy_(tensor)

    def _pairs(self) -> list[tuple[Any, Floats]]:
        arrays = self._arrays
        return [
            (self._parameters.data, arrays.parameters),
            (self._state, arrays.state),
            (self._slots, self.slots),
            *zip(self._averages, self.averages or (), strict=True),
        ]

    @contextlib.contextmanager
    def _own_settings(self) -> Iterator[None]:
        """Use our threads and our random numbers, and put back those that were there.

        Raises TrainingError if another process is gone.
        """
        threads = torch.get_num_threads()
        devices = [self._device] if self._device.type == "cuda" else []
        torch.set_num_threads(self._options.threads)
        try:
            with self.processes.talking(), torch.random.fork_rng(devices, enabled=self._draws):
                yield
        finally:
            torch.set_num_threads(threads)


def _data_parallel(module: Any) -> Any:
    """Wrap a module whose buffers are the same in all processes, as batch normalisation is."""
    kind = nn.parallel.DistributedDataParallel
    names = inspect.signature(kind).parameters
    # PyTorch 2.13 renames it, and warns.
    name = "forward_sync_buffers" if "forward_sync_buffers" in names else "broadcast_buffers"
    return kind(module, **{name: False})


def _memory_names(optimizer: dict[str, Any]) -> tuple[str, ...]:
    if optimizer["name"] == "sgd" and not optimizer["momentum"]:
        return ()
    return _MEMORY[optimizer["name"]]
