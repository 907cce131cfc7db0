"""Features on disk: those of a month ago are removed, those in use stay."""

import os
import time

import numpy as np

from fencepost.interchange.backbone import cache

MONTH = 31 * 86400


def test_features_that_were_not_used_are_removed(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    images = [np.full((2, 1, 3, 3), k, np.uint8) for k in range(3)]
    features = np.ones((2, 4), np.float32)
    paths = []
    for some in images[:2]:
        assert not cache.cached("key", some, lambda: features)[1]
        (new,) = set(cache.folder().iterdir()) - set(paths)
        paths.append(new)
    old = time.time() - MONTH
    for path in paths:
        os.utime(path, (old, old))
    assert cache.cached("key", images[0], lambda: features)[1]  # used today
    assert not cache.cached("key", images[2], lambda: features)[1]
    assert paths[0].exists() and not paths[1].exists()
