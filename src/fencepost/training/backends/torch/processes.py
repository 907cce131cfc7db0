"""The processes that torchrun started, one for each GPU or several on CPUs: torch.distributed."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch
from torch import distributed

from ....errors import ArgumentError, TrainingError
from ....remedies import setting
from ....text import plural
from ..processes import Processes

T = TypeVar("T")


class TorchProcesses(Processes):
    """One of several processes, each of which takes its share of every batch."""

    def __init__(self, device: Any) -> None:
        # A group that somebody else made is used as it is; ours serves every training to come.
        if not distributed.is_initialized():
            _meet()
        self.rank, self.count = distributed.get_rank(), distributed.get_world_size()
        self.local_count = int(os.environ.get("LOCAL_WORLD_SIZE", self.count))
        self._device = device if distributed.get_backend() == "nccl" else torch.device("cpu")

    @contextlib.contextmanager
    def talking(self) -> Iterator[None]:
        """Raise TrainingError where another process is gone: this one cannot go on alone."""
        try:
            yield
        except RuntimeError as error:
            lost = isinstance(error, distributed.DistError) or "gloo" in str(error)
            if not lost:
                raise
            raise TrainingError(
                f"process {self.rank + 1} of {self.count} lost its connection: another process has "
                "ended. "
                f"With {setting('checkpoint', 'FILE')}, the training is resumed by "
                f"{setting('resume', True)}, as torchrun --max-restarts 3 does by itself. "
                f"Received: {str(error).splitlines()[0]}"
            ) from error

    def agree(self, value: int) -> int:
        """Return the largest of what all say."""
        largest = torch.tensor(int(value), device=self._device)
        with self.talking():
            distributed.all_reduce(largest, distributed.ReduceOp.MAX)
        return int(largest)

    def from_first(self, make: Callable[[], T]) -> T:
        """Return what the first makes, in all of them."""
        objects: list[Any] = [make() if self.is_first else None]
        with self.talking():
            distributed.broadcast_object_list(objects)
        first: T = objects[0]
        return first

    def sum(self, tensor: Any) -> Any:
        """Add up a tensor of each process, in place."""
        distributed.all_reduce(tensor)
        return tensor


def _meet() -> None:
    """Make the group of the processes whom torchrun told of each other."""
    # Its functions take the group of the moment when it is imported for their default, and keep it
    # for good; `torch.optim` imports it. So that our group ends, it is imported first.
    importlib.import_module("torch.distributed.nn")
    store, rank, count = next(distributed.rendezvous("env://"))
    # Started again, they must not find the addresses of those that were there before: torchrun's
    # store still has them.
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    store = distributed.PrefixStore(f"fencepost {attempt}", store)
    kinds = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(kinds, store=store, rank=rank, world_size=count)
    atexit.register(_part)


def _part() -> None:
    """End the group, and its threads with it, while Python still runs.

    A thread of gloo's that frees a tensor when Python is gone ends the process by SIGABRT.
    """
    if distributed.is_initialized():
        distributed.destroy_process_group()


def choose_device(name: str) -> Any:
    """Return the device of this process. Raises ArgumentError if there is no GPU for it."""
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "cpu" or (name == "auto" and not gpus):
        return torch.device("cpu")
    if not gpus:
        raise ArgumentError(
            f"{setting('device', 'cuda')} needs an NVIDIA GPU and a PyTorch built for it. "
            f"Received: PyTorch {torch.__version__}, which sees no GPU. Use "
            f"{setting('device', 'cpu')}, or {setting('device', 'auto')} to use a GPU if there is "
            "one."
        )
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if local >= gpus:
        raise ArgumentError(
            f"each process on a machine needs its own GPU. Received: process {local + 1} on a "
            f"machine with {plural(gpus, 'GPU')}. Use torchrun --nproc-per-node {gpus}, or "
            f"{setting('device', 'cpu')}."
        )
    device = torch.device("cuda", local)
    torch.cuda.set_device(device)
    return device


def join(device: Any) -> Processes:
    """Return the processes that train together: those that torchrun started, or this one alone."""
    together = distributed.is_available() and (
        distributed.is_initialized() or int(os.environ.get("WORLD_SIZE", "1")) > 1
    )
    return TorchProcesses(device) if together else Processes()
