"""Bytes that are no message."""

import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")

from fencepost.errors import DataError  # noqa: E402
from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import small, write  # noqa: E402
from interchange.onnx.refusals import refused  # noqa: E402


def test_cut_after_every_byte(tmp_path):
    whole = small().SerializeToString()
    path = tmp_path / "model.onnx"
    refusals = 0
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        try:
            read_onnx(path)
        except DataError as error:
            refusals += 1
            assert "is damaged" in str(error) or "Received: " in str(error)
    assert refusals > len(whole) * 0.9


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x3a\xff\xff\xff\xff\x0f", "claims 4,294,967,295 bytes, but 0 follow"),
        (b"\x3b\x3c", "wire type 3, which does not exist"),
        (b"\x38\x01", "wire type 0 instead of 2"),
        (b"\x02\x00", "number 0"),
        (b"\xff" * 11, "longer than 10 bytes"),
        (b"\x3a\x80", "ends in the middle of a number"),
        (b"\x3a\x02\x0a\x05", "in the graph, a field claims 5 bytes, but 0 follow"),
        (b"\x3a\x04\x0a\x02\x08\x01", "in node 1, a part has the wire type 0 instead of 2"),
        (b"\x3a\x04\x2a\x02\x10\x63", "element type 99"),
        (b"\x39\x00", "needs 8 bytes, but 1 follow"),
    ],
)
def test_bytes_that_are_no_message(tmp_path, content, words):
    refused(write(tmp_path, content), "the file is damaged", words, "Export it again.")
