"""What a model is trained on and tested with, and what its file remembers of that."""

import shutil

import numpy as np
import pytest
from PIL import Image

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


def copied(folder, root):
    """Return a folder whose pictures of the first class are there three times."""
    for path in sorted(folder.rglob("*.png")):
        for copy in range(3 if path.parent.name == "circle" else 1):
            target = root / path.parent.name / f"{copy}_{path.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return root


@pytest.mark.parametrize("archive", [False, True])
def test_copies_of_a_file_are_on_one_side(folder, tmp_path, archive):
    root = copied(folder, tmp_path / "copies")
    if archive:
        root = shutil.make_archive(str(root), "zip", root)
    loaded = loading.for_training(Source(str(root)), seed=0)
    sides = [content_hashes(np.asarray(data.images)) for data in (loaded.train, loaded.test)]
    assert not np.isin(*sides).any()
    assert (
        "80 of the 200 are copies of others: copies stay on one side of a split."
        in loaded.description
    )


def test_a_validation_part_with_training_images_is_measured_without_them(folder, tmp_path):
    for path in sorted(folder.rglob("*.png")):
        for part in ("train", *(["val"] if path.stem.endswith("1") else [])):
            target = tmp_path / part / path.parent.name / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    new = np.random.default_rng(0).integers(0, 256, (16, 16), np.uint8)
    Image.fromarray(new).save(tmp_path / "val" / "cross" / "new.png")
    loaded = loading.for_training(Source(str(tmp_path)), seed=0)
    assert loaded.validation is not None
    assert len(loaded.validation) == 1
    count = len(list(tmp_path.glob("val/*/*.png")))
    assert f"{count - 1} of the {count} validation images are training" in loaded.description
