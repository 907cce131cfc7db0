"""A file appears complete or not at all."""

from __future__ import annotations

import pytest

from fencepost.files.atomic import atomic_path, atomic_write


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
