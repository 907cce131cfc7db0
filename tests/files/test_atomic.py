"""A file appears complete or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from fencepost.files import atomic
from fencepost.files.atomic import atomic_folder, atomic_path, atomic_write


def test_a_file_appears_when_it_is_complete(tmp_path):
    target = tmp_path / "model.bin"
    with atomic_path(target) as partial:
        partial.write_bytes(b"new")
        assert partial.parent == target.parent
        assert not target.exists()
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_was_there_stays_when_the_writing_fails(tmp_path, error):
    target = tmp_path / "model.bin"
    target.write_bytes(b"old")
    with pytest.raises(error), atomic_path(target) as partial:
        partial.write_bytes(b"half")
        raise error
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_nothing_is_left_where_nothing_was_written(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a"):
        pass
    with pytest.raises(FileNotFoundError):
        atomic_write(tmp_path / "no folder" / "a", b"")
    assert not list(tmp_path.iterdir())


def test_contents_are_written(tmp_path):
    target = tmp_path / "é.bin"
    for content in (b"first", b"second, longer"):
        atomic_write(target, content)
        assert target.read_bytes() == content


KILLED = """
import os, signal, sys
from pathlib import Path
from fencepost.files.atomic import atomic_folder, atomic_path
os.chdir(sys.argv[1])
with atomic_path(Path("a.bin")) as partial:
    partial.write_bytes(b"half")
    with atomic_folder(Path("b")) as folder:
        Path(folder, "half").touch()
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="elsewhere nobody can ask whether a process is gone")
def test_what_a_killed_process_left_is_removed(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == 2
    assert all(name.startswith((".a.bin.", ".b.")) for name in left)
    foreign = tmp_path / f".c.0bad-0bad-{os.getpid()}-0.partial"  # of another machine
    foreign.touch()
    running = tmp_path / f".d.{atomic._MACHINE}-0bad-{os.getppid()}-0.partial"
    running.touch()
    atomic_write(tmp_path / "c.bin", b"new")
    assert sorted(tmp_path.iterdir()) == [foreign, running, tmp_path / "c.bin"]


@pytest.mark.skipif(os.name != "posix", reason="as above")
def test_a_folder_that_was_about_to_be_replaced_comes_back(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    mark = f"{atomic._MACHINE}-0bad-{gone.pid}-0"
    for name in (f".a.{mark}.old", f".a.{mark}.partial", f".b.{mark}.old", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "content").write_text(name)
    atomic.remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert (tmp_path / "a" / "content").read_text() == f".a.{mark}.old"
    assert (tmp_path / "b" / "content").read_text() == "b"


def test_threads_that_write_the_same_file(tmp_path):
    contents = [bytes([k]) * 100_000 for k in range(8)]

    def write(content):
        for _ in range(5):
            atomic_write(tmp_path / "a.bin", content)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "a.bin").read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127])
def test_the_longest_names(tmp_path, name):
    atomic_write(tmp_path / name, b"content")
    assert (tmp_path / name).read_bytes() == b"content"
    with atomic_folder(tmp_path / name[::-1].upper()) as folder:
        (folder / "a").touch()


def test_errors_name_the_file_that_was_meant(tmp_path):
    target = tmp_path / "none" / "model.bin"
    with pytest.raises(FileNotFoundError) as caught:
        atomic_write(target, b"")
    assert caught.value.filename == str(target)
    with pytest.raises(OSError, match=r"model\.bin"), atomic_path(tmp_path / "model.bin"):
        raise OSError(28, "No space left on device")


@pytest.mark.skipif(os.name != "posix", reason="links and permissions of POSIX")
def test_links_are_followed_and_permissions_kept(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    atomic_write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640
