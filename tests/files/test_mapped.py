"""Files that are cut or changed while they are read: an error, never SIGBUS."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost import check
from fencepost.errors import DataError
from fencepost.files.mapped import Mapped, check_memory
from fencepost.interchange.onnx import reader
from fencepost.network import input_gradient, inputs

posix = pytest.mark.skipif(os.name != "posix", reason="elsewhere nobody can cut a mapped file")


def mapped_file(path, count=100_000):
    np.arange(count).tofile(path)
    array = np.memmap(path, np.int64, "r")
    with path.open("rb") as file:
        return array, Mapped(array, file.fileno(), "a.bin", "Start again.")


@posix
def test_a_file_that_is_cut_while_it_is_read(tmp_path):
    array, mapped = mapped_file(tmp_path / "a.bin")
    assert array.sum() == 4999950000
    mapped.check()
    os.truncate(tmp_path / "a.bin", 4096)
    assert array[-1] == 0  # where SIGBUS would be the end
    assert array[1] == 1
    with pytest.raises(fp.DataError, match=r"^a.bin: .* cut to 4,096 bytes meanwhile. Start again"):
        mapped.check()
    os.truncate(tmp_path / "a.bin", 800_000)  # as long as before, and not what it was
    with pytest.raises(fp.DataError, match="cut"):
        mapped.check()


def test_a_file_that_is_changed(tmp_path):
    array, mapped = mapped_file(tmp_path / "a.bin")
    os.utime(tmp_path / "a.bin", ns=(1, 1))
    with pytest.raises(fp.DataError, match=r"it was changed meanwhile"):
        mapped.check()
    assert array[1] == 1


@posix
def test_many_mappings_come_and_go(tmp_path):
    for _ in range(600):  # more than the engine watches at a time
        array, mapped = mapped_file(tmp_path / "a.bin", 600)
        mapped.check()
        del mapped, array
    array, mapped = mapped_file(tmp_path / "a.bin")
    os.truncate(tmp_path / "a.bin", 0)
    assert array.sum() == 0
    with pytest.raises(fp.DataError, match="cut"):
        mapped.check()


@posix
def test_other_memory_still_ends_the_process(tmp_path):
    code = (
        "import sys, os, numpy as np, fencepost as fp\nfrom pathlib import Path\n"
        "from files.test_mapped import mapped_file\npath = Path(sys.argv[1])\n"
        "kept = mapped_file(path)\nnp.arange(10**5).tofile(path.with_name('b'))\n"
        "other = np.memmap(path.with_name('b'), np.int64, 'r')\n"
        "os.truncate(path.with_name('b'), 0)\nprint(other[0])"
    )
    paths = os.pathsep.join([str(os.path.dirname(os.path.dirname(__file__))), *sys.path])
    process = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a")],
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, check=False,
    )  # fmt: skip
    assert process.returncode == -7, process.stderr


@posix
def test_a_model_that_is_cut_while_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "a.onnx"
    layers = [fp.Flatten(), fp.Linear(400), fp.Linear(3)]
    fp.Network((1, 20, 20), layers, seed=0).export(path)
    parse = reader.parse_file

    def cut(content):
        os.truncate(path, 5000)
        return parse(content)

    monkeypatch.setattr(reader, "parse_file", cut)
    for read in (check.check, fp.from_onnx):
        fp.Network((1, 20, 20), layers, seed=0).save(tmp_path / "a.st")
        with pytest.raises(fp.DataError, match=r"a.onnx: .* cut to 5,000 bytes meanwhile"):
            read(path)
        os.remove(path)
        fp.Network((1, 20, 20), layers, seed=0).export(path)


@posix
def test_a_cache_that_is_cut_while_it_is_trained_with(tmp_path):
    for k in range(12):
        place = tmp_path / "photos" / "ab"[k % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.new("L", (64, 64), 20 * k).save(place / f"{k}.png")
    how = fp.datasets.Loading(size=(64, 64), cache=str(tmp_path / "cache"), wait=False)
    data = fp.datasets.open(tmp_path / "photos", pictures=how).train
    data.images.wait()
    (images,) = (tmp_path / "cache").glob("*/images.npy")
    os.truncate(images, 4096)
    net = fp.Network(data.input_shape, [fp.Flatten(), fp.Linear(len(data.class_names))], seed=0)
    with pytest.raises(
        fp.DataError, match=r"images.npy: .* cut to .* damaged entries of the cache"
    ):
        fp.training.fit(net, data.images, data.targets, epochs=1, progress=False)
    again = fp.datasets.open(tmp_path / "photos", pictures=how).train
    assert np.asarray(again.images).any()


def test_the_memory_of_an_array_that_shows_a_watched_file_is_checked(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(1 << 16))
    array = np.memmap(path, np.uint8, "r")
    with path.open("rb") as file:
        mapped = Mapped(array, file.fileno(), "a.bin", "Read it again.", constant=False)
    seen = array.view(np.ndarray).reshape(256, 256)[::2]
    check_memory(seen)
    check_memory(np.zeros(3))
    os.truncate(path, 100)
    with pytest.raises(DataError, match="it was cut to 100 bytes meanwhile"):
        check_memory(seen)
    del mapped
    check_memory(seen)


LABELS = np.arange(400) % 2
USES = {
    "evaluate": lambda net, images: net.evaluate(images, LABELS),
    "predict": lambda net, images: net.predict(images),
    "predict_proba": lambda net, images: net.predict_proba(np.asarray(images)),
    "call": lambda net, images: net(images),
    "features": lambda net, images: net.features(images),
    "input_gradient": input_gradient,
    "fit": lambda net, images: net.fit(images, LABELS, epochs=1, progress=False),
}


def opened(folder, dtype=np.float32):
    """Images in an ``.npy`` as NumPy maps it, and its path."""
    np.save(folder / "a.npy", np.ones((400, 1, 8, 8), dtype))
    return np.load(folder / "a.npy", mmap_mode="r"), folder / "a.npy"


def two_classes():
    return fp.Network((1, 8, 8), [fp.Flatten(), fp.Linear(2)], seed=0)


@posix
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_an_array_file_that_was_cut_after_it_was_opened(tmp_path, use, dtype):
    images, path = opened(tmp_path, dtype)
    USES[use](two_classes(), images)
    os.truncate(path, 300)
    for view in (images, images[:]):
        with pytest.raises(DataError, match=r"a.npy: a file must stay .* cut to 300 bytes .* Open"):
            USES[use](two_classes(), view)


@posix
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("use", [use for use in USES if use != "fit"])
def test_an_array_file_that_is_cut_while_a_network_reads_it(tmp_path, monkeypatch, dtype, use):
    images, path = opened(tmp_path, dtype)
    check_images, of_engine = inputs.check_images, inputs.EngineImages.__call__

    def checked(*arguments, **options):  # before values are converted
        os.truncate(path, 300)
        return check_images(*arguments, **options)

    def for_engine(self, images):  # after that, if it was needed
        batch = of_engine(self, images)
        os.truncate(path, 300)
        return batch

    monkeypatch.setattr(inputs, "check_images", checked)
    monkeypatch.setattr(inputs.EngineImages, "__call__", for_engine)
    with pytest.raises(DataError, match=r"a.npy: .* cut to 300 bytes meanwhile"):
        USES[use](two_classes(), images)


@posix
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_array_file_that_is_cut_while_it_is_trained_with(tmp_path, dtype):
    images, path = opened(tmp_path, dtype)
    options = {"epochs": 3, "progress": False, "on_epoch": lambda _: os.truncate(path, 300)}
    if dtype == np.float64:  # converted before the first epoch: the file is no longer read
        images = images.astype(np.float32)
        assert len(two_classes().fit(images, LABELS, **options)) == 3
        return
    with pytest.raises(DataError, match=r"a.npy: .* cut to 300 bytes meanwhile"):
        two_classes().fit(images, LABELS, **options)


def test_a_file_that_grew_is_no_error(tmp_path):
    images, path = opened(tmp_path)
    with path.open("ab") as file:
        file.write(bytes(5000))
    assert two_classes().evaluate(images, LABELS).count == 400
