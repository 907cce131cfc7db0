"""Files that the reader of ONNX must refuse."""

import pytest

from fencepost.errors import DataError
from fencepost.interchange.onnx.reader import read_onnx


def refused(path, *words, inputs=None, error=DataError):
    """Check that a file is refused, in one line, with these words."""
    with pytest.raises(error) as caught:
        read_onnx(path, inputs)
    message = str(caught.value)
    for word in words:
        assert word in message
    assert "\n" not in message
    if error is DataError:
        assert message.startswith(f"{path}: ")
