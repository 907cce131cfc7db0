"""The picture whose copies kernels are learned from."""

from __future__ import annotations

import pytest

from estimation.copies import original


@pytest.fixture(scope="module")
def portrait():
    return original()
