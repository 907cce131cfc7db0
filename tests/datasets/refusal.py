"""What a loader says of a bad file."""

import pytest

from fencepost.errors import DataError


def refused(call, *words, path=None):
    """Check that a call fails with a DataError that says all these words, in one paragraph."""
    with pytest.raises(DataError) as error:
        call()
    message = str(error.value)
    for word in words:
        assert word in message
    assert "\n" not in message
    assert path is None or str(path) in message
