"""Which backend computes, and on what: the arguments `backend` and `device` of `fit`."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ...arguments import choice
from ...errors import ArgumentError
from ...remedies import setting
from ...text import plural
from ..options import RunOptions
from ..trainable import Trainable
from .backend import Arrays, Backend
from .engine import EngineBackend
from .processes import Processes

BACKENDS = ("engine", "torch")
DEVICES = ("auto", "cpu", "cuda")


class Choice:
    """A backend that is chosen but not yet made, and the processes that train together."""

    def __init__(self, backend: str, device: str) -> None:
        self.backend: str = choice("backend", backend, BACKENDS)
        choice("device", device, DEVICES)
        self._device: Any = None
        self.processes = Processes()
        if self.backend == "engine":
            if device == "cuda":
                raise ArgumentError(
                    f"the engine computes on CPUs. Received: {setting('device', 'cuda')}. "
                    f"Use {setting('backend', 'torch')}, which uses a GPU through PyTorch."
                )
            return
        try:
            from .torch import processes
        except ImportError as error:
            raise ArgumentError(
                f"{setting('backend', 'torch')} needs PyTorch: "
                f'pip install "fencepost[torch]". Received: {error}.'
            ) from None
        self._device = processes.choose_device(device)
        self.processes = processes.join(self._device)

    def make(
        self, net: Trainable, arrays: Arrays, options: RunOptions, images: NDArray[Any]
    ) -> Backend:
        """Make the backend. Raises ArgumentError or DataError where the network has no module."""
        if self.backend == "engine":
            return EngineBackend(net, arrays, options, images)
        from .torch.backend import TorchBackend

        count = self.processes.count
        if options.batch_size < count:
            raise ArgumentError(
                "a batch must have an image for each process. Received: "
                f"{setting('batch_size', options.batch_size)}, "
                f"{plural(count, 'process', 'processes')}. Use {setting('batch_size', count)} or "
                "more, or start fewer processes."
            )
        if not arrays.parameters.size:
            raise ArgumentError(
                f"{setting('backend', 'torch')} needs parameters to train. Received: a network "
                "without."
            )
        network: Any = net
        if not hasattr(network, "to_torch"):
            raise ArgumentError(
                'backend="torch" trains a fencepost.Network. Received: '
                f"{type(net).__name__}, which has no to_torch()."
            )
        return TorchBackend(
            network, network.to_torch(), arrays, options, images, self._device, self.processes
        )
