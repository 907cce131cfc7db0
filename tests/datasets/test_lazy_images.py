"""Images decoded as they are needed, in memory or in a cache, whatever happens meanwhile."""

import errno
import gc
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest

import fencepost as fp
from datasets.image_folders import picture, save
from fencepost.datasets import LazyImages, Loading, image_files
from fencepost.datasets.folders import filling as fillings
from fencepost.datasets.folders import load, loading, open_folder, store
from fencepost.errors import DataError

COUNT = 24


@pytest.fixture
def photos(tmp_path):
    for name in ("cat", "dog"):
        for k in range(COUNT // 2):
            save(tmp_path / "photos" / name / f"{k:02}.png", picture(12 + k % 3, 16, colour=True))
    return tmp_path / "photos"


@pytest.fixture
def lazily(photos, tmp_path):
    """Open the photographs without waiting; by default with a cache on disk."""

    def opened(cache=str(tmp_path / "cache"), **how):
        loading = Loading(size=(8, 8), cache=cache, wait=False, **how)
        return load(open_folder(photos).parts["train"], loading)

    return opened


@pytest.fixture
def expected(photos):
    return fp.datasets.image_folder(photos, (8, 8), cache=None).images


@pytest.fixture
def slow(monkeypatch):
    """Each picture takes ten milliseconds."""
    read = image_files.read

    def slowly(*arguments):
        time.sleep(0.01)
        return read(*arguments)

    monkeypatch.setattr(image_files, "read", slowly)


@pytest.fixture
def held(monkeypatch):
    """One thread decodes: when `told` is set; `begun` says that it waits, `names` what it took."""
    read, state = image_files.read, SimpleNamespace(names=[], begun=Event(), told=Event())

    def later(opened, *arguments):
        state.names.append("/".join(Path(opened.name).parts[-2:]))
        state.begun.set()
        state.told.wait()
        return read(opened, *arguments)

    monkeypatch.setattr(fillings, "workers", lambda: 1)
    monkeypatch.setattr(image_files, "read", later)
    yield state
    state.told.set()


@pytest.fixture
def undecodable(monkeypatch):
    """Whoever decodes is an error."""

    def refuse(*_):
        raise AssertionError("decoded again")

    return lambda: monkeypatch.setattr(image_files, "read", refuse)


@pytest.mark.parametrize("cache", ["none", "disk"])
def test_indexing_waits_and_gives_what_is_asked_for(lazily, expected, slow, cache):
    images = (lazily("none") if cache == "none" else lazily()).images
    assert isinstance(images, LazyImages)
    assert (images.shape, images.dtype, len(images), images.ndim) == (
        (COUNT, 3, 8, 8),
        np.uint8,
        COUNT,
        4,
    )
    np.testing.assert_array_equal(images[-1], expected[-1])
    np.testing.assert_array_equal(images[3:9:2], expected[3:9:2])
    np.testing.assert_array_equal(images[[5, 2]], expected[[5, 2]])
    np.testing.assert_array_equal(images[4, 1], expected[4, 1])
    np.testing.assert_array_equal(images[4:6, 1], expected[4:6, 1])
    np.testing.assert_array_equal(images[np.arange(COUNT) % 2 == 0], expected[::2])
    np.testing.assert_array_equal(np.asarray(images), expected)
    some = images.select(np.array([7, 1, 20])).select(np.array([2, 0]))
    np.testing.assert_array_equal(np.concatenate(list(some.pieces())), expected[[20, 7]])


def test_what_is_expected_comes_first(lazily, held):
    images = lazily("none").images
    held.begun.wait()
    images.expect(np.arange(COUNT)[::-1])
    held.told.set()
    images._source.filling.wait()
    names = [f"{name}/{k:02}.png" for name in ("cat", "dog") for k in range(COUNT // 2)]
    assert held.names == [names[0], *names[:0:-1]]


def test_the_second_time_nothing_is_decoded(lazily, expected, undecodable):
    np.asarray(lazily().images)
    gc.collect()
    undecodable()
    again = lazily()
    np.testing.assert_array_equal(np.asarray(again.images), expected)
    assert "Read from the cache" in again.description


def test_only_what_changed_is_decoded_again(lazily, photos, undecodable, tmp_path):
    np.asarray(lazily().images)
    gc.collect()
    save(photos / "cat" / "00.png", picture(20, 20, colour=True))
    save(photos / "dog" / "new.png", picture(20, 20, colour=True))
    (photos / "dog" / "03.png").unlink()
    fresh = fp.datasets.image_folder(photos, (8, 8), cache=None).images
    images = lazily().images
    assert (images._source.filling._order.size, len(images)) == (2, COUNT)
    np.testing.assert_array_equal(np.asarray(images), fresh)
    assert len(list((tmp_path / "cache").iterdir())) == 1  # the older entry is gone


def test_another_size_or_fit_is_another_entry(lazily, photos, tmp_path):
    for how in (Loading((8, 8)), Loading((8, 8), fit="pad"), Loading((9, 8)), Loading((8, 8), 1)):
        load(open_folder(photos).parts["train"], replace(how, cache=str(tmp_path / "cache")))
    assert len(list((tmp_path / "cache").iterdir())) == 4


def test_small_sets_are_kept_in_memory_unless_asked(photos, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    fp.datasets.image_folder(photos, (8, 8))
    assert not (tmp_path / "home").exists()
    monkeypatch.setattr(loading, "WORTH_CACHING", 0)
    data = fp.datasets.image_folder(photos, (8, 8))
    if sys.platform != "darwin":
        assert f"Decoded into the cache {tmp_path}/home/fencepost" in data.description


def test_entries_that_nobody_used_for_a_month_are_removed(lazily, tmp_path):
    np.asarray(lazily().images)
    (entry,) = (tmp_path / "cache").iterdir()
    (tmp_path / "cache" / "mine").mkdir()
    old = time.time() - 40 * 86400
    os.utime(entry / store.ABOUT, (old, old))
    os.utime(tmp_path / "cache" / "mine", (old, old))
    store.remove_unused(tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["mine"]


# faults


# Decodes some pictures, says so, goes on when it is told to, and says what all of them add up to.
OTHER_PROCESS = """
import itertools, sys, threading, numpy as np
from fencepost.datasets import Loading, image_files
from fencepost.datasets.folders import filling, load, open_folder
read, count, told = image_files.read, itertools.count(), threading.Event()
def held(*arguments):
    if next(count) >= 8:
        told.wait()
    return read(*arguments)
image_files.read, filling.FLUSH_SECONDS, filling.workers = held, 0, lambda: 2
data = load(open_folder(sys.argv[1]).parts['train'], Loading((8, 8), cache=sys.argv[2], wait=False))
data.images.wait(np.arange(4))
print('some', flush=True)
sys.stdin.readline()
told.set()
print(np.asarray(data.images).sum(dtype=int), flush=True)
"""


@pytest.fixture
def other_process(photos, tmp_path):
    """Another process that fills the same entry of the cache, and has decoded some."""
    arguments = [sys.executable, "-c", OTHER_PROCESS, str(photos), str(tmp_path / "cache")]
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe) as process:
        assert process.stdout.readline() == b"some\n"
        yield process


def test_killed_while_the_cache_is_written(other_process, expected, lazily, tmp_path):
    other_process.send_signal(signal.SIGKILL)
    other_process.wait()
    (entry,) = (tmp_path / "cache").iterdir()
    state = np.load(entry / store.STATE)
    assert 0 < (state == store.DONE).sum() < COUNT
    np.testing.assert_array_equal(np.asarray(lazily().images), expected)


def test_two_processes_fill_one_cache(other_process, expected, lazily):
    other_process.stdin.write(b"go on\n")
    other_process.stdin.flush()
    np.testing.assert_array_equal(np.asarray(lazily().images), expected)
    assert int(other_process.stdout.readline()) == expected.sum(dtype=int)


def test_no_room_for_the_cache(lazily, monkeypatch, expected):
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(store.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"Received: 0.0 MB are free, of which 67 MB must.*FOLDER"):
        lazily()


def test_by_default_memory_takes_what_the_disk_cannot(photos, monkeypatch, tmp_path):
    from fencepost.datasets.folders import loading

    monkeypatch.setattr(loading, "WORTH_CACHING", 0)
    (tmp_path / "file").touch()
    monkeypatch.setattr(loading, "cache_folder", lambda: tmp_path / "file" / "fencepost")
    data = fp.datasets.image_folder(photos, (8, 8))
    assert (
        "cannot be written (Not a directory), so the images are kept in memory" in data.description
    )


def test_the_disk_fills_up_on_the_way(lazily, monkeypatch):
    pwrite, calls = os.pwrite, []

    def full(*arguments):
        calls.append(1)
        if len(calls) > 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(*arguments)

    monkeypatch.setattr(store.os, "pwrite", full)
    with pytest.raises(DataError, match=r"Received: No space left on device. What was decoded is"):
        np.asarray(lazily().images)
    monkeypatch.setattr(store.os, "pwrite", pwrite)
    gc.collect()
    images = lazily().images
    assert images._source.filling._order.size < COUNT
    np.asarray(images)


@pytest.mark.parametrize("cached", [True, False])
def test_a_file_that_changes_while_the_folder_is_read(lazily, photos, held, cached):
    images = (lazily() if cached else lazily("none")).images
    save(photos / "dog" / "11.png", picture(30, 30, colour=True))
    held.told.set()
    with pytest.raises(
        DataError, match=r"dog/11.png has changed since the .* Start again"
    ) as error:
        np.asarray(images)
    assert "Remove" not in str(error.value)  # it is intact
    assert ("only what changed is decoded anew" in str(error.value)) == cached


def test_a_file_that_changes_after_it_was_decoded(lazily, photos, expected):
    images = lazily().images
    images.wait(images.indices)
    save(photos / "dog" / "11.png", picture(30, 30, colour=True))
    np.testing.assert_array_equal(np.asarray(images), expected)


@pytest.mark.parametrize("cached", [True, False])
def test_a_class_that_disappears(lazily, photos, held, cached):
    images = (lazily() if cached else lazily("none")).images
    (photos / "dog").rename(photos.parent / "dog")
    held.told.set()
    gone = r"Received: dog/ is gone, with 12 images. Move them back"
    with pytest.raises(DataError, match=gone) as error:
        np.asarray(images)
    assert ("what was decoded is in the cache" in str(error.value)) == cached


def test_two_trainings_in_one_process(lazily, expected, slow):
    one, other = lazily(), lazily()
    np.testing.assert_array_equal(np.asarray(other.images), expected)
    np.testing.assert_array_equal(np.asarray(one.images), expected)


def test_an_entry_that_is_damaged_is_made_again(lazily, expected, tmp_path):
    np.asarray(lazily().images)
    (entry,) = (tmp_path / "cache").iterdir()
    gc.collect()
    (entry / store.STATE).write_bytes(b"nothing")
    np.testing.assert_array_equal(np.asarray(lazily().images), expected)


def test_bad_files_are_all_named_or_left_out(lazily, photos, expected):
    for name in ("cat/x.png", "dog/y.jpg"):
        (photos / name).write_bytes(b"")
    cut = (photos / "cat" / "00.png").read_bytes()[:-40]
    (photos / "cat" / "z.png").write_bytes(cut)
    for _ in range(2):  # decoded, then from the cache
        with pytest.raises(DataError, match=r"3 that cannot be used: cat/x.png is empty; cat/z"):
            lazily()
        data = lazily(skip_bad=True)
        np.testing.assert_array_equal(np.asarray(data.images), expected)
        assert [file.split()[0] for file in data.left_out] == [
            "cat/x.png",
            "cat/z.png",
            "dog/y.jpg",
        ]
        assert "Left out: 3 files that cannot be used." in data.description
        gc.collect()


def test_bad_files_that_another_process_finds_meanwhile_are_named_too(lazily, photos, monkeypatch):
    cut = (photos / "cat" / "00.png").read_bytes()[:-40]
    for name in ("cat/x.png", "dog/y.png"):
        (photos / name).write_bytes(cut)
    lazily(skip_bad=True)  # keeps in the cache that these are bad
    gc.collect()

    def told(store, read, problems):
        """The other process is done between this one's look at what is bad and its start."""
        return fillings.Filling(store, read, dict(list(problems.items())[:1]))

    monkeypatch.setattr(loading, "Filling", told)
    with pytest.raises(DataError, match=r"2 that cannot be used: cat/x.png and dog/y.png"):
        lazily()


# training


def trained(data, tmp_path=None, epochs=2, **settings):
    net = fp.Network((3, 8, 8), [fp.Conv2d(4, 3), fp.ReLU(), fp.Flatten(), fp.Linear(2)])
    settings = {"batch_size": 5, "augmentation": "flip,shift=1", "progress": False, **settings}
    net.fit(data.images, data.targets, epochs=epochs, validation=0.2, **settings)
    return net.parameter_vector


def test_training_is_the_same_wherever_images_are(lazily, slow):
    weights = [trained(lazily("none")), trained(lazily()), trained(lazily())]
    assert (weights[0] == weights[1]).all() and (weights[0] == weights[2]).all()


@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) is not signal.default_int_handler,
    reason="whoever started the tests ignores Ctrl-C",
)
def test_a_training_that_was_stopped_goes_on_the_same(lazily, slow, tmp_path):
    whole = trained(lazily("none"), epochs=3)
    path = tmp_path / "run.ckpt"

    def interrupt(epoch):
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        trained(lazily(), epochs=3, checkpoint=path, on_epoch=interrupt)
    assert (trained(lazily(), epochs=3, checkpoint=path, resume=True) == whole).all()


def test_other_files_are_another_training(lazily, photos, tmp_path):
    path = tmp_path / "run.ckpt"
    trained(lazily(), checkpoint=path)
    save(photos / "dog" / "11.png", picture(30, 30, colour=True))
    with pytest.raises(fp.ArgumentError, match=r"training data \(fingerprint\)"):
        trained(lazily(), checkpoint=path, resume=True)


@pytest.mark.parametrize("cache", [None, "none"])
@pytest.mark.parametrize("validation", [None, 0.5])
def test_files_that_change_after_they_were_decoded_are_said(lazily, photos, cache, validation):
    def train(change):
        data = lazily() if cache is None else lazily(cache)
        data.images.wait()
        change()
        net = fp.Network((3, 8, 8), [fp.Flatten(), fp.Linear(2)])
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            net.fit(*data, epochs=1, validation=validation, progress=False)
        return [str(each.message) for each in seen if "changed or removed" in str(each.message)]

    def change():
        save(photos / "dog" / "11.png", picture(30, 30, colour=True))
        (photos / "cat" / "00.png").unlink()

    assert train(lambda: None) == []
    (said,) = train(change)
    assert "since the folder was read: cat/00.png, dog/11.png. The network" in said
    assert train(lambda: None) == []


def test_evaluation_piece_by_piece(lazily, expected, monkeypatch):
    from fencepost.datasets import lazy_images

    monkeypatch.setattr(lazy_images, "CHUNK", 7)
    monkeypatch.setattr(lazy_images, "RELEASE", 1)
    data = lazily()
    net = fp.Network((3, 8, 8), [fp.Flatten(), fp.Linear(2)])
    pieces, whole = net.evaluate(*data), net.evaluate(expected, data.targets)
    np.testing.assert_allclose(pieces.confidence, whole.confidence, rtol=1e-5)
    assert pieces.loss == pytest.approx(whole.loss, rel=1e-5)


@pytest.mark.parametrize("lacks", [False, True])
def test_pictures_are_written_in_place_also_where_there_is_no_pwrite(tmp_path, monkeypatch, lacks):
    from fencepost.datasets.folders.store import _write_at

    if lacks:
        monkeypatch.delattr(os, "pwrite", raising=False)
    path = tmp_path / "images"
    path.write_bytes(b"0123456789")
    file = os.open(path, os.O_RDWR)
    assert _write_at(file, memoryview(b"ab"), 4) == 2
    os.close(file)
    assert path.read_bytes() == b"0123ab6789"
