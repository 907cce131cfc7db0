"""Whatever a disk does: a sentence that names the file, the old file as it was, nothing half."""

from __future__ import annotations

import os
import shutil

import pytest

pytest.importorskip("resource", reason="limits and forks of POSIX")

from faults.commands import make_data, start
from faults.disks import CASES, FAULTS, problems

# Each file meets one of the faults here, and all of them in `python -m faults.disks`.
MET = [
    (command, target, list(FAULTS)[k % len(FAULTS)]) for k, (command, target) in enumerate(CASES)
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    make_data(folder)
    return folder


@pytest.mark.parametrize(("command", "target", "fault"), MET, ids=[met[1] for met in MET])
def test_a_fault_while_a_file_is_written(data, command, target, fault):
    assert not problems(data, command, target, fault)


@pytest.mark.parametrize("ending", ["jpg", "gif", "bmp", "ppm"])
def test_pictures_that_are_written_half(data, ending):
    # Pillow writes these by itself where it can, and takes a short write for a whole one.
    command = f"filter photos/a/000.png --kernel mean:size=3 --overwrite -o out/f.{ending}"
    assert not problems(data, command, f"f.{ending}", "disk that becomes full")


@pytest.mark.parametrize("command", ["check b.onnx --json", "size 1x8x8 Conv2d(2,3)", "kernels"])
def test_output_to_a_full_disk(data, command):
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    status, words = start(
        command, data, lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    ).end()
    assert status == 2, words
    assert "No space left" in words and "Traceback" not in words


@pytest.mark.parametrize("length", [255, 256, 5000])
def test_long_names(data, length):
    out = data / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    name = "n" * (length - 4) + ".png"
    status, words = start(f"filter photos/a/000.png --kernel mean:size=3 -o out/{name}", data).end()
    if length <= 255:
        assert status == 0, words
        assert [path.name for path in out.iterdir()] == [name]
    else:
        assert status == 2 and "name too long" in words.lower() and "Traceback" not in words
        assert not list(out.iterdir())
