"""The arguments `backend` and `device`, and what cannot be."""

import sys

import pytest

import fencepost as fp
from fencepost.training import fit
from training.small import bars, dense_net

IMAGES, LABELS = bars(40)


def refused(match, net=None, **settings):
    with pytest.raises(fp.ArgumentError, match=match):
        fit(net or dense_net(), IMAGES, LABELS, epochs=1, **settings)


def test_names_are_checked():
    refused(r"backend must be one of \"engine\", \"torch\".*tensorflow", backend="tensorflow")
    refused(r"device must be one of \"auto\", \"cpu\", \"cuda\"", device="tpu")


def test_the_engine_has_no_gpu():
    refused(r'the engine computes on CPUs\. Received: device="cuda"\. Use backend="torch"',
            device="cuda")  # fmt: skip


def test_pytorch_is_not_installed(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("fencepost.training.backends.t")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    refused(r'needs PyTorch: pip install "fencepost\[torch\]"', backend="torch")


class TestWithPyTorch:
    """What PyTorch is asked first."""

    @pytest.fixture(autouse=True)
    def _torch(self):
        self.torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def test_there_is_no_gpu(self, monkeypatch):
        monkeypatch.setattr(self.torch.cuda, "is_available", lambda: False)
        refused(
            r"sees no GPU\. Use device=\"cpu\", or device=\"auto\"", backend="torch", device="cuda"
        )
        fit(dense_net(), IMAGES, LABELS, epochs=1, backend="torch", threads=1)  # takes the CPU

    def test_more_processes_than_gpus(self, monkeypatch):
        monkeypatch.setattr(self.torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(self.torch.cuda, "device_count", lambda: 2)
        monkeypatch.setenv("LOCAL_RANK", "2")
        refused(r"process 3 on a machine with 2 GPUs\. Use torchrun --nproc-per-node 2",
                backend="torch")  # fmt: skip

    def test_a_network_without_parameters(self):
        net = fp.Network((1, 8, 8), [fp.MaxPool2d(2), fp.Flatten()])
        with pytest.raises(fp.ArgumentError, match="needs parameters to train"):
            fit(net, IMAGES, LABELS, epochs=1, backend="torch")

    def test_a_layer_without_a_module(self, monkeypatch):
        from fencepost.interchange.torch.writer import layers

        monkeypatch.delitem(layers._WRITERS, fp.ReLU)
        with pytest.raises(fp.DataError, match=r"layer 2, ReLU\(\), cannot be written to PyTorch"):
            fit(dense_net(), IMAGES, LABELS, epochs=1, backend="torch")

    def test_only_networks(self):
        class Other:
            def __init__(self, net):
                self.input_shape, self.output_shape = net.input_shape, net.output_shape
                self.engine_weights = net.engine_weights
                self.normalization, self.config = None, net.config
                self.class_names = None

        refused(r"trains a fencepost\.Network\. Received: Other", Other(dense_net()),
                backend="torch")  # fmt: skip
