"""Headers of numpy.save: what NumPy reads is read, whatever else it raises is a ValueError."""

from __future__ import annotations

import io

import numpy as np
import pytest

from fencepost.files.arrays import read_header


@pytest.mark.parametrize("dtype", ["u1", "<f4", ">i8", "U3"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_headers(dtype, order):
    file = io.BytesIO()
    np.save(file, np.ones((3, 4, 2), dtype, order))
    file.seek(0)
    assert read_header(file) == ((3, 4, 2), order == "F", np.dtype(dtype))
    assert len(file.read()) == 24 * np.dtype(dtype).itemsize


@pytest.mark.parametrize(
    "header",
    [
        b"", b"\xff", b"{'descr': (", b"{'descr': '<f4',b'shape': (1,), 'fortran_order': False}",
        b"[" * 3000, b"{'descr': '<f4', 'shape': (-1,), 'fortran_order': False}",
        b"{'descr': '|O', 'shape': 1, 'fortran_order': 0}", b"{1: 2}", b"1" * 5000,
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_what_is_no_header(header):
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    for cut in (content, content[:-3], b"\x93NUMPY\x07\x00" + content[8:], header):
        with pytest.raises(ValueError, match=r"\w"):
            read_header(io.BytesIO(cut))
