"""Every engine test runs at every instruction-set level that this machine has."""

from __future__ import annotations

import pytest

from fencepost import _engine


@pytest.fixture(params=_engine.levels())
def engine(request):
    """The compiled module of one instruction-set level."""
    return _engine.levels()[request.param]
