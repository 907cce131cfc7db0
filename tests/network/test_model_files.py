"""Model files: what they carry, and every way in which one can be wrong."""

from __future__ import annotations

import errno
import json
import os
import pickle
import stat
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

import fencepost as fp
from fencepost.network import model_files


def network() -> fp.Network:
    layers = [
        fp.Conv2d(3, 3, padding="same", bias=False),
        fp.BatchNorm2d(),
        fp.Residual(fp.Conv2d(3, 3, padding=((1, 1), (2, 0))), fp.LeakyReLU(0.2)),
        fp.Conv2d(2, 2, connections=[[1, 0, 1], [0, 1, 1]]),
        fp.MaxPool2d(3, 2, remainder="pad"),
        fp.Flatten(),
        fp.Linear(4),
        fp.RBF([[0, 1, 0, 1], [1, 1, 1, 0]]),
    ]
    net = fp.Network((2, 8, 9), layers, normalization=((10.5, 20), (3, 4)), class_names=["é", "b"])
    net.state["1.running_mean"][:] = [1, 2, 3]
    net.metadata = {"background": "dark", "training": {"epochs": 3, "accuracy": 0.5}}
    return net


@pytest.fixture
def saved(tmp_path) -> Path:
    path = tmp_path / "model.safetensors"
    network().save(path)
    return path


def metadata(**changes) -> dict[str, str]:
    config = network().config() | changes
    return {"fencepost": model_files.FORMAT_VERSION, "network": json.dumps(config)}


def tensors(**changes) -> dict[str, np.ndarray]:
    net = network()
    tensors = {**net.parameters, **net.state, **changes}
    return {n: np.ascontiguousarray(a) for n, a in tensors.items() if a is not None}


def refused(path) -> str:
    with pytest.raises(fp.ModelFileError) as caught:
        fp.load(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_a_file_carries_the_whole_network(saved):
    net, again = network(), fp.load(saved)
    assert again.config() == net.config()
    assert again.class_names == ("é", "b")
    assert again.metadata == net.metadata
    np.testing.assert_array_equal(again.parameter_vector, net.parameter_vector)
    np.testing.assert_array_equal(again.state_vector, net.state_vector)
    images = np.random.default_rng(0).integers(0, 256, (3, 2, 8, 9)).astype(np.uint8)
    np.testing.assert_array_equal(again(images), net(images))


def test_other_programs_can_read_it(saved):
    tensors = safetensors.numpy.load_file(saved)
    assert tensors.keys() == {*network().parameters, *network().state}
    np.testing.assert_array_equal(tensors["2.0.weight"], network().parameters["2.0.weight"])


def test_equal_networks_give_equal_files(saved, tmp_path):
    for _ in range(20):  # safetensors orders metadata by chance
        network().save(tmp_path / "again.safetensors")
        assert (tmp_path / "again.safetensors").read_bytes() == saved.read_bytes()


def test_saving_leaves_one_file_with_ordinary_permissions(saved):
    network().save(saved)  # over itself
    assert list(saved.parent.iterdir()) == [saved]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(saved.stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_leaves_what_was_there(saved, monkeypatch, code):
    before = saved.read_bytes()

    def full(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(fp.ModelFileError, match="cannot be written") as caught:
        network().save(saved)
    assert os.strerror(code) in str(caught.value)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_that_is_full(tmp_path, monkeypatch):
    """Writing through to a device that has no room fails as a real disk does."""
    real = Path.open

    def redirected(self, mode="r", *args, **kwargs):
        return real(Path("/dev/full"), "wb") if "w" in mode else real(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", redirected)
    with pytest.raises(fp.ModelFileError, match="No space left"):
        network().save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_paths_that_cannot_be_written_to(tmp_path):
    for path in (tmp_path / "none" / "model.safetensors", tmp_path):
        with pytest.raises(fp.ModelFileError, match="Choose an existing, writable folder"):
            network().save(path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), np.float32(1)])
def test_metadata_that_is_no_plain_data(tmp_path, value):
    net = network()
    net.metadata["x"] = value
    with pytest.raises(fp.ModelFileError, match="must be plain data"):
        net.save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_file_cut_anywhere_is_refused(saved):
    content = saved.read_bytes()
    for length in [0, 1, 7, 8, 9, 10, 100, len(content) // 2, len(content) - 1]:
        saved.write_bytes(content[:length])
        refused(saved)
    saved.write_bytes(content + b"\0")
    refused(saved)


def test_a_file_cut_in_its_header_says_so(saved):
    saved.write_bytes(saved.read_bytes()[:100])
    assert "it is cut off" in refused(saved)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"PK\x03\x04" + bytes(100), "a zip archive"),
        (pickle.dumps([1, 2, 3] * 9), "a Python pickle"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG image"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "a JPEG image"),
        (b"\x93NUMPY" + bytes(100), "a NumPy array"),
        (b"hello world, this is text", "must be a safetensors file, and this is not one."),
    ],
)
def test_files_of_another_kind(tmp_path, content, message):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    assert message in refused(path)


@pytest.mark.parametrize(
    ("header", "length", "message"),
    [
        (b"{}", 2**63, "it is cut off"),
        (b"{" + b" " * (17 * 2**20), None, "its header claims"),
        (b"{" * 100_000, None, "its header cannot be read"),
        (b'{"a": ' * 50_000 + b"1" + b"}" * 50_000, None, "its header cannot be read"),
        (b'{"a": 1', None, "its header cannot be read"),
        (b'{"\xff": 1}', None, "its header cannot be read"),
        (b"{}", None, "must describe its network"),
        (b'{"__metadata__": 3}', None, "must describe its network"),
    ],
)
def test_hostile_headers(tmp_path, header, length, message):
    path = tmp_path / "model.safetensors"
    length = len(header) if length is None else length
    path.write_bytes(length.to_bytes(8, "little") + header)
    assert message in refused(path)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 800]},
        {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 8]},
        {"dtype": "F99", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
        7,
    ],
)
def test_headers_that_lie_about_a_tensor(tmp_path, entry):
    path = tmp_path / "model.safetensors"
    header = json.dumps({"__metadata__": metadata(), "0.weight": entry}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    assert "its tensors cannot be read" in refused(path)


def test_a_safetensors_file_of_another_program(tmp_path):
    path = tmp_path / "foreign.safetensors"
    safetensors.numpy.save_file({"weight": np.zeros(3, np.float32)}, path)
    assert "written by something else" in refused(path)


def test_a_format_of_the_future(tmp_path):
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file(tensors(), path, {**metadata(), "fencepost": "99"})
    assert "Received: format '99'. Update fencepost." in refused(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"0.weight": None}, "need a tensor '0.weight' of shape (3, 2, 3, 3), and it has none"),
        ({"6.weight": np.zeros((4, 41), np.float32)},
         "the tensor '6.weight' to have shape (4, 24), and it has shape (4, 41)"),
        ({"9.weight": np.zeros(3, np.float32)}, "a tensor '9.weight' that none of its layers"),
        ({"6.bias": np.zeros(4, np.float16)}, "tensor '6.bias' is float16"),
        ({"6.bias": np.array([0, np.nan, 0, 0], np.float32)}, "weights must be finite"),
        ({"1.running_var": np.full(3, np.inf, np.float32)}, "Tensor '1.running_var' has NaN or"),
    ],
)  # fmt: skip
def test_tensors_that_do_not_match_the_layers(tmp_path, changes, message):
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file(tensors(**changes), path, metadata())
    assert message in refused(path)


NESTED = json.loads('{"type": "Residual", "layers": [' * 300 + '{"type": "ReLU"}' + "]}" * 300)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": 3}, "layers must be a list"),
        ({"layers": []}, "at least one layer"),
        ({"layers": [{"type": "os.system"}]}, "type must name a layer"),
        ({"layers": [{"type": "Layer"}]}, "type must name a layer"),
        ({"layers": [{"type": "Linear", "out_features": "3"}]}, "must be an integer"),
        (
            {"layers": [{"type": "Linear", "out_features": 10**12}]},
            "layer 0, Linear(1000000000000)",
        ),
        ({"input_shape": None}, "input_shape must be"),
        ({"input_shape": [2, 2**40, 2**40]}, "at most 2,147,483,647 values"),
        ({"input_shape": [2**31, 1, 1]}, "one image may have at most"),
        ({"normalization": "mean"}, "normalization must be"),
        ({"normalization": [[1, 2], [0, 0]]}, "std more than 0"),
        ({"class_names": ["a"]}, "class_names must be as many"),
        ({"class_names": 5}, "class_names must be"),
        ({"metadata": 5}, "metadata must be"),
        ({"seed": -3}, "seed must be an integer, at least 0"),
        ({"layers": [NESTED]}, "its description of the network"),
    ],
)
def test_descriptions_that_are_wrong(tmp_path, changes, message):
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file(tensors(), path, metadata(**changes))
    assert message in refused(path)


def test_layers_of_any_size_take_no_memory_before_they_are_compared(tmp_path):
    """Half a terabyte of weights is claimed; nothing of it may be asked for."""
    path = tmp_path / "model.safetensors"
    layers = [{"type": "Linear", "out_features": 2**18}] * 2
    safetensors.numpy.save_file(tensors(), path, metadata(input_shape=[4], layers=layers))
    assert "to have shape (262144, 4), and it has shape (3, 2, 3, 3)" in refused(path)


@pytest.mark.parametrize("description", ["", "[]", "nonsense", "[" * 100_000])
def test_a_description_that_is_no_json(tmp_path, description):
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file(tensors(), path, {**metadata(), "network": description})
    assert "its description of the network cannot be read" in refused(path)


def test_files_that_cannot_be_read(tmp_path):
    assert "No such file" in refused(tmp_path / "none.safetensors")
    assert "cannot be read" in refused(tmp_path)
