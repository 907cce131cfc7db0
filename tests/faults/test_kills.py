"""A few of the kills of ``python -m faults.kills``, which deals as many as are asked for."""

from __future__ import annotations

import os

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_killed_trainings_end_as_if_undisturbed():
    from faults.kills import deal

    assert deal(3, seed=1, names=("folder",)).total() == 3
