"""Classes of unequal size: when it is said, and how oversampling draws."""

import numpy as np
import pytest

from fencepost.training.balance import oversampled, unbalanced

LABELS = np.repeat([0, 1, 2, 4], [100, 7, 1, 23])  # class 3 has no images


@pytest.mark.parametrize(("counts", "said"), [((30, 10), True), ((29, 10), False), ((3, 0), False)])
def test_what_is_unbalanced(counts, said):
    sentence = unbalanced(np.repeat([0, 1], counts), ("cat", "dog"))
    assert (sentence is not None) == said


def test_each_class_is_drawn_equally_often():
    chosen = oversampled(LABELS, seed=3, epoch=0)
    counts = np.bincount(LABELS[chosen], minlength=5)
    assert len(chosen) == len(LABELS)
    assert counts[3] == 0 and set(counts[[0, 1, 2, 4]]) == {32, 33}
    times = np.bincount(chosen, minlength=len(LABELS))
    for known in (0, 1, 2, 4):
        own = times[known == LABELS]
        assert own.max() - own.min() <= 1


def test_draws_follow_from_seed_and_epoch():
    first = oversampled(LABELS, 3, 0)
    assert np.array_equal(first, oversampled(LABELS, 3, 0))
    for other in (oversampled(LABELS, 3, 1), oversampled(LABELS, 4, 0)):
        assert not np.array_equal(np.sort(first), np.sort(other))


def test_over_epochs_all_images_are_seen():
    seen = np.concatenate([oversampled(LABELS, 0, epoch) for epoch in range(40)])
    assert len(np.unique(seen)) == len(LABELS)
