"""Opening files of data: what is none is refused by name."""

import pytest

from fencepost.datasets.binary_files import open_binary
from fencepost.errors import DataError


def test_a_file_is_opened(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    with open_binary(tmp_path / "a") as file:
        assert file.read() == b"abc"


def test_what_is_no_file(tmp_path):
    with pytest.raises(DataError, match=r"none: the file must exist .* No such file"):
        open_binary(tmp_path / "none")
    with pytest.raises(DataError, match="Is a directory"):
        open_binary(tmp_path)


def test_a_device_has_no_length(tmp_path):
    with pytest.raises(DataError, match=r"must be a file. Received: something else"):
        open_binary(tmp_path.__class__("/dev/zero"))
