"""Images go to Zarr arrays block by block, here or on a cluster, whole or not at all."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import fencepost as fp
from fencepost.filtering import chunked, filter_file
from filtering.random_images import random_image

zarr = pytest.importorskip("zarr")
da = pytest.importorskip("dask.array")


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of one chunk, so that a small image has many."""
    monkeypatch.setattr(chunked, "_BLOCK", 1)


def stored(path, image, chunks=(16, 20), **options):
    options = {"chunks": (*chunks, *image.shape[2:]), "zarr_format": 3, **options}
    zarr.create_array(str(path), shape=image.shape, dtype=image.dtype, **options)[...] = image
    return path


@pytest.mark.parametrize("boundary", ["reflect", "wrap", "none"])
@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(("dtype", "channels"), [("u1", 1), ("u1", 3), ("u2", 4), ("f4", 1)])
def test_from_zarr_to_zarr(tmp_path, small_blocks, dtype, channels, version, boundary):
    image = random_image((61, 70, channels), dtype)
    image = image[..., 0] if channels == 1 else image
    source = stored(
        tmp_path / "a.zarr", image, zarr_format=version, attributes={"scale": 0.25},
    )  # fmt: skip
    kernels = ["gaussian:sigma=2", "sobel"]
    shape = filter_file(source, tmp_path / "b.zarr", kernels, boundary=boundary)
    expected = fp.filter_image(image, kernels, boundary=boundary)
    result = zarr.open(str(tmp_path / "b.zarr"), mode="r")
    assert shape == (*expected.shape[:2], channels)
    assert result.dtype == expected.dtype
    if dtype == "f4":
        np.testing.assert_allclose(result[...], expected, rtol=1e-4, atol=1e-4)
    else:  # sums within 1e-4 of a half may be rounded to either side
        difference = np.abs(result[...].astype(int) - expected)
        assert difference.max() <= 1
        assert (difference > 0).mean() < 2e-3
    assert result.metadata.zarr_format == version
    assert result.chunks[:2] == (16, 20)
    assert result.attrs["scale"] == 0.25


def test_from_rows_and_back(tmp_path, small_blocks):
    image = random_image((600, 70, 3), "u1")
    np.save(tmp_path / "a.npy", image)
    once = fp.filter_image(image, "mean:3")
    filter_file(tmp_path / "a.npy", tmp_path / "b.zarr", "mean:3")
    np.testing.assert_array_equal(zarr.open(str(tmp_path / "b.zarr"))[...], once)
    filter_file(tmp_path / "b.zarr", tmp_path / "c.npy", "mean:5")
    np.testing.assert_array_equal(np.load(tmp_path / "c.npy"), fp.filter_image(once, "mean:5"))


@pytest.mark.parametrize("options", [{}, {"compression": "zlib", "tile": (32, 48)}])
def test_from_tiff(tmp_path, small_blocks, options):
    tifffile = pytest.importorskip("tifffile")
    image = random_image((300, 90, 3), "u1")
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="rgb", **options)
    filter_file(tmp_path / "a.tif", tmp_path / "b.zarr", "sharpen", boundary="mirror")
    result = zarr.open(str(tmp_path / "b.zarr"))
    np.testing.assert_array_equal(result[...], fp.filter_image(image, "sharpen", boundary="mirror"))


def test_shards_stay(tmp_path, small_blocks):
    image = random_image((64, 96, 1), "u1")[..., 0]
    source = stored(tmp_path / "a.zarr", image, (8, 8), shards=(32, 48))
    filter_file(source, tmp_path / "b.zarr", "mean:3")
    result = zarr.open(str(tmp_path / "b.zarr"))
    assert (result.chunks, result.shards) == ((8, 8), (32, 48))
    np.testing.assert_array_equal(result[...], fp.filter_image(image, "mean:3"))
    filter_file(source, tmp_path / "c.zarr", "mean:3", boundary="none")
    inner = zarr.open(str(tmp_path / "c.zarr"))[...]
    np.testing.assert_array_equal(inner, fp.filter_image(image, "mean:3", boundary="none"))


def test_groups(tmp_path):
    image = random_image((40, 50, 1), "u1")[..., 0]
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    group.create_array("0", shape=(1, 1, 1, 40, 50), dtype="u1")[0, 0, 0] = image
    filter_file(tmp_path / "a.zarr", tmp_path / "b.zarr", "mean:3")
    expected = fp.filter_image(image, "mean:3")
    np.testing.assert_array_equal(zarr.open(str(tmp_path / "b.zarr"))[...], expected)
    group.create_array("1", shape=(20, 25), dtype="u1")
    with pytest.raises(fp.DataError, match="those named 0 and 1"):
        filter_file(tmp_path / "a.zarr", tmp_path / "c.zarr", "mean:3")
    group.attrs["ome"] = {"multiscales": [{"datasets": [{"path": "0"}, {"path": "1"}]}]}
    filter_file(tmp_path / "a.zarr", tmp_path / "c.zarr", "mean:3")
    np.testing.assert_array_equal(zarr.open(str(tmp_path / "c.zarr"))[...], expected)


def test_progress_ends_at_the_last_row(tmp_path, small_blocks):
    seen = []
    source = stored(tmp_path / "a.zarr", random_image((61, 70, 1), "u1")[..., 0])
    filter_file(source, tmp_path / "b.zarr", "mean:3", progress=lambda *rows: seen.append(rows))
    assert seen == sorted(seen)
    assert seen[-1] == (61, 61)


@pytest.mark.parametrize("there", [False, True])
def test_what_fails_leaves_nothing_behind(tmp_path, small_blocks, there):
    source = stored(tmp_path / "a.zarr", random_image((61, 70, 1), "u1")[..., 0])
    target = tmp_path / "b.zarr"
    if there:
        filter_file(source, target, "mean:3")
    before = sorted(tmp_path.rglob("*"))

    def stop(done, total):
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filter_file(source, target, "mean:5", overwrite=True, progress=stop)
    assert sorted(tmp_path.rglob("*")) == before
    assert target.exists() == there
    if there:  # and what is there is replaced as a whole
        filter_file(source, target, "mean:5", overwrite=True)
        result = zarr.open(str(target))[...]
        np.testing.assert_array_equal(
            result, fp.filter_image(zarr.open(str(source))[...], "mean:5")
        )


def test_what_is_killed_does_not_look_complete(tmp_path):
    image = random_image((600, 600, 1), "u1")[..., 0]
    source = stored(tmp_path / "a.zarr", image, (20, 20))
    code = (  # it does not come to its end before it is killed
        "import sys, time\nfrom fencepost.filtering import chunked, filter_file\n"
        "chunked._BLOCK = 1\n"
        "halt = lambda done, total: done < total // 2 or time.sleep(600)\n"
        "filter_file(*sys.argv[1:], 'gaussian:sigma=1', progress=halt)"
    )
    target = tmp_path / "b.zarr"
    run = subprocess.Popen([sys.executable, "-c", code, str(source), str(target)])
    try:
        written(tmp_path, 30)
    finally:
        run.kill()
        run.wait()
    assert not target.exists()


def written(folder, count):
    """Wait until so many chunks of the unfinished array are there; return how many."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        chunks = list(folder.glob(".*.partial/c/*/*"))
        if len(chunks) >= count:
            return len(chunks)
        time.sleep(0.01)
    raise AssertionError("nothing was written")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda path: filter_file(path / "no.zarr", path / "b.zarr", "mean:3"), "cannot be opened"),
        (lambda path: filter_file(path / "a.zarr", path / "b.png", "mean:3"), ".npy or .zarr"),
        (lambda path: filter_file(path / "a.zarr", path / "a.zarr", "mean:3"), "not overwritten"),
        (lambda path: filter_file(path / "a.zarr", path / "b.npy", "mean:3", scheduler="x"),
         "a cluster writes to .zarr"),
        (lambda path: filter_file(path / "i.zarr", path / "b.zarr", "mean:3"), "Received: dtype"),
        (lambda path: filter_file(path / "l.zarr", path / "b.zarr", "mean:3"), "an image"),
        (lambda path: filter_file(path / "a.zarr", path / "b.zarr", "mean:3", scheduler="tcp://x"),
         "must be the address of a Dask scheduler"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(tmp_path, monkeypatch, call, said):
    monkeypatch.setattr(chunked, "_SECONDS", 0.5)
    stored(tmp_path / "a.zarr", np.zeros((9, 9), np.uint8))
    stored(tmp_path / "i.zarr", np.zeros((9, 9), np.int64))
    zarr.create_array(str(tmp_path / "l.zarr"), shape=9, dtype="u1")
    with pytest.raises(fp.FencepostError) as raised:
        call(tmp_path)
    assert said in str(raised.value)
    assert not (tmp_path / "b.zarr").exists()


def test_a_client_that_did_not_start_is_closed(tmp_path):
    pytest.importorskip("distributed")
    stored(tmp_path / "a.zarr", np.zeros((9, 9), np.uint8))
    before = set(threading.enumerate())
    gc.disable()  # which would close it too, at whatever time
    try:
        with pytest.raises(fp.ArgumentError, match="the address of a Dask scheduler"):
            filter_file(tmp_path / "a.zarr", tmp_path / "b.zarr", "mean:3", scheduler="tcp://x")
        left = set(threading.enumerate()) - before
        assert "IO loop" not in {thread.name for thread in left}
    finally:
        gc.enable()


def test_without_dask_it_says_what_to_install(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", np.zeros((9, 9), np.uint8))
    monkeypatch.setitem(sys.modules, "dask.array", None)
    with pytest.raises(fp.ArgumentError, match=r'pip install "fencepost\[dask\]"'):
        filter_file(tmp_path / "a.npy", tmp_path / "b.zarr", "mean:3")


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    dask = pytest.importorskip("dask")
    arguments = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    patience = {f"distributed.comm.timeouts.{what}": "240s" for what in ("connect", "tcp")}
    for _ in range(3):
        try:
            with dask.config.set(patience):
                started = distributed.LocalCluster(host="127.0.0.1", **arguments)
        except AssertionError:  # its loop has 10 s to start, which other processes may take
            continue
        with dask.config.set(patience), started:
            yield started
        return
    pytest.skip("the cluster's loop did not start within 10 s")


# Run in each worker: none goes on with more than 100 chunks before one was killed.
HOLD = """
import time
from pathlib import Path
from fencepost.filtering import chunked
write, folder = chunked._written, Path({folder!r})
def held(block, array, block_info=None):
    size = write(block, array, block_info)
    while len(list(folder.glob(".*.partial/c/*/*"))) >= 100 and not (folder / "killed").exists():
        time.sleep(0.01)
    return size
chunked._written = held
"""


@pytest.mark.slow
def test_a_worker_that_dies_loses_nothing(tmp_path, small_blocks, cluster, monkeypatch):
    monkeypatch.setattr(chunked, "_SECONDS", 120)
    with pytest.importorskip("distributed").Client(cluster) as client:
        client.run(exec, HOLD.format(folder=str(tmp_path)), {})
    image = np.random.default_rng(0).integers(0, 256, (350, 350), np.uint8)
    source = stored(tmp_path / "a.zarr", image, (25, 25))
    killed, seen = [], []

    def kill():
        done = written(tmp_path, 20)
        worker = next(iter(cluster.workers.values()))
        os.kill(worker.pid, signal.SIGKILL)
        killed.append(done)
        (tmp_path / "killed").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    filter_file(
        source,
        tmp_path / "b.zarr",
        "gaussian:sigma=3",
        scheduler=cluster.scheduler_address,
        progress=lambda *rows: seen.append(rows),
    )
    killer.join()
    assert 20 <= killed[0] < 196  # of 196 chunks
    assert seen == sorted(seen) and len(seen) > 20 and seen[-1] == (350, 350)
    difference = np.abs(zarr.open(str(tmp_path / "b.zarr"))[...].astype(int)
                        - fp.filter_image(image, "gaussian:sigma=3"))  # fmt: skip
    assert difference.max() <= 1
    assert difference.mean() < 1e-3


@pytest.mark.slow
def test_arrays_of_dask_on_a_cluster(cluster):
    distributed = pytest.importorskip("distributed")
    f = np.random.default_rng(1).integers(0, 99, (60, 70))
    g = np.arange(12).reshape(3, 4)
    with distributed.Client(cluster) as client:
        result = fp.convolve(da.from_array(f, chunks=16), g, boundary="wrap")
        np.testing.assert_array_equal(
            client.compute(result).result(), fp.convolve(f, g, boundary="wrap")
        )
