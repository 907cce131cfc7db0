"""Settings by name or as objects: what is taken, and what is refused."""

import pytest

import fencepost as fp
from fencepost.training import SGD, Adam
from fencepost.training.optimizers import OPTIMIZERS
from fencepost.training.settings import as_setting


def test_by_name_or_as_an_object():
    assert as_setting("optimizer", "sgd", OPTIMIZERS) == SGD()
    own = Adam(lr=0.5)
    assert as_setting("optimizer", own, OPTIMIZERS) is own


def test_what_is_refused():
    with pytest.raises(fp.ArgumentError, match=r'one of "sgd", "adam", "adamw". Received: '):
        as_setting("optimizer", "lion", OPTIMIZERS)
    with pytest.raises(fp.ArgumentError, match=r"SGD\(...\), Adam\(...\), AdamW\(...\) or one of"):
        as_setting("optimizer", 3, OPTIMIZERS)
