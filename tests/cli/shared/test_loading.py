"""What a model is trained on and tested with, and what its file remembers of that."""

import numpy as np
import pytest

import fencepost as fp
from fencepost.cli.shared import loading
from fencepost.cli.shared.loading import Source
from fencepost.datasets.content import UNKNOWN, TrainedOn, content_hashes
from fencepost.errors import DataError


def network():
    return fp.models.small_cnn((1, 16, 16), 3)


def test_a_test_split_is_held_out_and_found_again(folder):
    source = Source(str(folder))
    loaded = loading.for_training(source, seed=4)
    assert (len(loaded.train), len(loaded.test), loaded.held_out) == (102, 18, 0.15)
    assert "There is no test split, so 18 of the 120 (15 % of each class" in loaded.description
    net = network()
    net.class_names = loaded.train.class_names
    loading.remember(net, source, loaded, 4, "small_cnn")
    used = [content_hashes(np.asarray(loaded.train.images))]
    expected = np.asarray(loaded.test.images)
    for record, count in ((TrainedOn().with_hashes(used), 102), (UNKNOWN, None)):
        net.trained_on = record
        tested, _ = loading.for_testing(source, net)
        new = loading.unseen(net, tested, source)
        assert new.trained_on == count
        assert new.indices is not None
        assert (np.asarray(tested.subset(new.indices).images) == expected).all()
    other = Source(str(folder), size=(16, 16))
    assert loading.unseen(net, tested, other).indices is None


def test_a_source_goes_through_a_model_file(folder):
    for source in (Source(str(folder)), Source("a.csv", None, "kind"), Source("x", (8, 9))):
        net = network()
        loaded = loading.for_training(Source(str(folder)), seed=0)
        loading.remember(net, source, loaded, 0, "small_cnn")
        assert loading.remembered_source(net) == source
    assert loading.remembered_source(network()) is None
    assert dict(loading.remembered(network())) == {}


def test_other_shapes_and_regressions_are_refused(folder, tmp_path):
    with pytest.raises(DataError, match="--size 8x8 resizes them"):
        loading.for_testing(Source(str(folder), (9, 9)), fp.models.small_cnn((1, 8, 8), 3))
    tested, _ = loading.for_testing(Source(str(folder)), fp.models.small_cnn((1, 8, 8), 3))
    assert tested.input_shape == (1, 8, 8)
    targets = np.array([[0.5], [1.5]])
    np.savez(tmp_path / "d.npz", images=np.zeros((2, 4, 4), np.uint8), labels=targets)
    with pytest.raises(DataError, match=r"labels must be classes. Received: numbers"):
        loading.for_training(Source(str(tmp_path / "d.npz")), seed=0)


def test_names_for_files():
    assert Source().short_name == "mnist"
    assert Source("photos/cats/").short_name == "cats"
    assert Source("waves.csv").short_name == "waves"
