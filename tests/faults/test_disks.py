"""Whatever a disk does: a sentence that names the file, the old file as it was, nothing half."""

from __future__ import annotations

import os
import shutil

import pytest

pytest.importorskip("resource", reason="limits and forks of POSIX")

from faults.commands import make_data, start
from faults.disks import FAULTS, WRITTEN

CASES = [(command, target) for command, targets in WRITTEN.items() for target in targets]
OLD = b"what was there before"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    make_data(folder)
    return folder


@pytest.fixture
def out(data):
    folder = data / "out"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("command", "target"), CASES, ids=[target for _, target in CASES])
def test_a_fault_while_a_file_is_written(data, out, command, target, fault):
    if fault != "folder that disappears" and not target.endswith(".ckpt"):
        (out / target).write_bytes(OLD)
    status, words = start(command, data, FAULTS[fault](target)).end()
    assert status == 2, words
    assert "Traceback" not in words
    assert "partial" not in words
    if fault not in ("folder that disappears", "disk that becomes full"):
        assert target in words
        if not target.endswith(".ckpt"):
            assert (out / target).read_bytes() == OLD
    left = [path.name for path in out.iterdir()] if out.exists() else []
    assert not [name for name in left if name.startswith(".")], left


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
def test_long_names(data, out, length):
    name = "n" * (length - 4) + ".png"
    status, words = start(f"filter photos/a/000.png --kernel mean:size=3 -o out/{name}", data).end()
    if length <= 255:
        assert status == 0, words
        assert [path.name for path in out.iterdir()] == [name]
    else:
        assert status == 2 and "name too long" in words.lower() and "Traceback" not in words
        assert not list(out.iterdir())
