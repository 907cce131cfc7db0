"""Lists of paths, generators, and data sets that can be indexed."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from datasets.image_folders import RNG, picture, save
from fencepost.errors import ArgumentError, DataError


@pytest.fixture
def paths(tmp_path):
    return [save(tmp_path / f"{k} ä.png", picture(8, 9, colour=True)) for k in range(4)]


class Indexable:
    """As a data set of PyTorch: no iteration, no slices."""

    classes = ("cat", "dog", "emu")

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        assert isinstance(index, int)
        return self.items[index]


def test_paths_and_labels(paths):
    data = fp.datasets.from_paths(map(str, paths), ["b", "a", "b", "a"])
    assert (data.class_names, data.targets.tolist()) == (("a", "b"), [1, 0, 1, 0])
    with Image.open(paths[2]) as image:
        np.testing.assert_array_equal(data.images[2], np.moveaxis(np.asarray(image), 2, 0))
    assert fp.datasets.from_paths(paths, np.array([10, 9, 10, 9])).class_names == ("9", "10")


def test_paths_that_are_wrong(paths, tmp_path):
    with pytest.raises(ArgumentError, match=r"3 labels for 4 paths"):
        fp.datasets.from_paths(paths, [0, 1, 0])
    gone = tmp_path / "gone.png"
    with pytest.raises(DataError, match=r"gone.png cannot be opened \(No such file"):
        fp.datasets.from_paths([*paths, gone], [0, 1, 0, 1, 0])
    data = fp.datasets.from_paths([*paths, gone], [0, 1, 0, 1, 0], skip_bad=True)
    assert (len(data), len(data.left_out)) == (4, 1)


ARRAYS = RNG.integers(0, 256, (6, 3, 8, 9), np.uint8)
FORMS = {
    "channels first": list(ARRAYS),
    "channels last": [np.moveaxis(array, 0, 2) for array in ARRAYS],
    "pictures": [Image.fromarray(np.moveaxis(array, 0, 2)) for array in ARRAYS],
}


@pytest.mark.parametrize("images", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("wrap", [list, iter, Indexable])
def test_forms_of_images_and_of_data_sets(images, wrap):
    pairs = [(image, k % 3) for k, image in enumerate(images)]
    data = fp.datasets.from_items(wrap(pairs))
    np.testing.assert_array_equal(data.images, ARRAYS)
    assert data.targets.tolist() == [0, 1, 2, 0, 1, 2]
    assert data.class_names == (("cat", "dog", "emu") if wrap is Indexable else ("0", "1", "2"))


def test_tensors_mappings_and_floats():
    torch = pytest.importorskip("torch")
    pairs = [{"image": torch.from_numpy(a) / 255, "label": torch.tensor(1)} for a in ARRAYS]
    data = fp.datasets.from_items(pairs, class_names=("a", "b"))
    assert (data.images.dtype, data.targets.tolist()) == (np.float32, [1] * 6)
    np.testing.assert_allclose(data.images, ARRAYS / np.float32(255))


def test_mixed_sizes_and_paths(paths):
    items = [(paths[0], "x"), (picture(16, 18), "y"), (np.zeros((8, 9), np.uint8), "x")]
    data = fp.datasets.from_items(items)
    assert (data.input_shape, data.fit) == ((3, 8, 9), "crop")
    assert "The size 8 × 9 was chosen" in data.description
    assert fp.datasets.from_items(items, (4, 4), 1).input_shape == (1, 4, 4)


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([], "items must not be empty"),
        (7, "Received: a int"),
        ([np.zeros((4, 4), np.uint8)], "each item must be a pair"),
        ([(np.zeros((4, 4, 4, 4), np.uint8), 0)], r"uint8 of shape \(4, 4, 4, 4\) as item 0"),
        ([(np.zeros((4, 4), np.uint8), 0.5j)], "each label must be the name of a class"),
        ([(np.zeros((4, 4)), 0), (np.zeros((5, 4)), 1)], "floats must have one shape"),
        ([("nowhere.png", 0)], "nowhere.png: must be an intact image"),
        ([SimpleNamespace(image=1)], "each item must be a pair"),
    ],
)
def test_items_that_are_none(items, words):
    with pytest.raises(DataError, match=words):
        fp.datasets.from_items(items)


@pytest.mark.parametrize("shape", [(8, 9), (8, 9, 3)])
def test_deep_pictures_among_items_are_scaled_by_what_all_use(tmp_path, shape):
    """Not each by itself: a dark one would be as bright as the others."""
    pixels = [np.full(shape, value, np.uint16) for value in (1000, 100)]
    for k, each in enumerate(pixels):
        fp.filtering.write_image(tmp_path / f"{k}.png", each)
    files = [tmp_path / "0.png", Image.open(tmp_path / "1.png")]
    data = fp.datasets.from_items(list(zip(files, "xy", strict=True)))
    assert data.images[:, :, 0, 0].max(axis=1).tolist() == [1000 >> 2, 100 >> 2]
    assert data.levels.integers == (0, 1023)
    assert "Pixels of more than 8 bits from 0 to 1,023 became 0 to 255." in data.description


@pytest.mark.parametrize(
    "label", [0.7, -1.5, np.float32(0.5), np.inf, np.nan, None, "", "NaN", b"a"]
)
def test_labels_that_name_no_class_are_refused_with_where_they_stand(tmp_path, label):
    message = r"^each label must be the name of a class, or an integer\. Received: .* in item 1\.$"
    with pytest.raises(DataError, match=message):
        fp.datasets.from_items(
            [(np.zeros((4, 4), np.uint8), 0), (np.ones((4, 4), np.uint8), label)]
        )
    with pytest.raises(DataError, match=message):
        fp.datasets.from_paths([tmp_path / "a.png", tmp_path / "b.png"], [0, label])


@pytest.mark.parametrize("kind", [int, float, np.float32, np.uint8, str, np.array])
def test_labels_that_are_integers_of_any_type(kind):
    pictures = np.arange(64, dtype=np.uint8).reshape(4, 4, 4)
    data = fp.datasets.from_items((pictures[k], kind(k % 2)) for k in range(4))
    assert data.class_names == ("0", "1")
    assert data.targets.tolist() == [0, 1, 0, 1]
