"""Whatever `open` and `open_test` take, and which loader is meant by it."""

import numpy as np
import pytest

import fencepost as fp
from datasets.idx_writer import idx_bytes
from datasets.image_folders import picture, save
from datasets.refusal import refused
from fencepost.datasets.folders.labels.label_tables import names_pictures
from fencepost.errors import ArgumentError, DataError


@pytest.fixture
def divided(tmp_path):
    for name in ("train/cat", "train/dog", "train/emu", "val/cat", "test/emu", "test/cat"):
        save(tmp_path / name / "0.png", picture())
    return tmp_path


def test_open_a_divided_folder(divided):
    source = fp.datasets.open(divided)
    assert source.train.class_names == ("cat", "dog", "emu")
    assert source.validation.targets.tolist() == [0]
    assert source.test.targets.tolist() == [0, 2]
    assert source.description.count("\n") == 2


def test_the_splits_have_the_channels_of_training(divided):
    save(divided / "test/cat/0.png", picture(colour=True))
    assert fp.datasets.open(divided).test.input_shape == (1, 10, 12)


def test_all_splits_are_brought_to_the_size_of_training(divided):
    for name in ("cat", "emu"):
        save(divided / "test" / name / "0.png", picture(5, 5))
    source = fp.datasets.open(divided)
    assert source.test.input_shape == source.train.input_shape == (1, 10, 12)
    assert "2 were resized" in source.test.description
    assert fp.datasets.open(divided, size=(8, 8)).test.input_shape == (1, 8, 8)


def test_a_class_that_is_only_tested(divided):
    save(divided / "test/yak/0.png", picture())
    with pytest.raises(DataError, match=r"one of the classes cat, dog and emu. Received: yak"):
        fp.datasets.open(divided)


@pytest.mark.parametrize("path", ["", " ", "https://example.org/photos.zip"])
def test_what_is_not_on_this_computer(path):
    refused(lambda: fp.datasets.open(path), "a folder or a file on this computer", repr(path))


def test_home_is_found(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert len(fp.datasets.open(f"~/{folder.name}").train) == 6


@pytest.mark.parametrize(
    ("name", "start", "words"),
    [
        ("a.rar", b"Rar!", "a RAR archive). Unpack it (unrar x a.rar) and use the folder"),
        ("a.7z", b"7z\xbc\xaf", "a 7z archive). Unpack it (7z x a.7z) and use the folder"),
        ("a.tar.Z", b"\x1f\x9d\x90", "Unpack archives of other kinds and use the folder"),
    ],
)
def test_archives_of_other_kinds(tmp_path, name, start, words):
    (tmp_path / name).write_bytes(start)
    refused(lambda: fp.datasets.open(tmp_path / name), words)


def test_only_a_test_split(divided):
    (divided / "train").rename(divided / "valid-not")
    (divided / "val").rename(divided / ".val")
    import shutil

    shutil.rmtree(divided / "valid-not")
    with pytest.raises(DataError, match=r"data to train on. Received: only test"):
        fp.datasets.open(divided)
    assert len(fp.datasets.open_test(divided)) == 2


def test_a_divided_folder_is_no_class_folder(divided):
    with pytest.raises(DataError, match=r"parts of the data \(train, validation, test\)"):
        fp.datasets.image_folder(divided)


def test_open_mnist_and_its_test_split():
    assert len(fp.datasets.open_test("mnist")) == 10000


def test_open_test_has_the_class_indices_of_the_model(divided):
    data = fp.datasets.open_test(divided, class_names=("emu", "dog", "cat"))
    assert data.targets.tolist() == [2, 0]
    assert data.class_names == ("emu", "dog", "cat")


def test_open_test_refuses_what_the_model_does_not_know(tmp_path):
    np.savez(tmp_path / "d.npz", images=np.zeros((2, 4, 4), np.uint8), labels=["a", "b"])
    with pytest.raises(DataError, match=r"one of the classes b, c. Received: 'a'"):
        fp.datasets.open_test(tmp_path / "d.npz", class_names=("b", "c"))
    data = fp.datasets.open_test(tmp_path / "d.npz", class_names=("b", "c", "a"))
    assert data.targets.tolist() == [2, 0]


def test_open_npz_with_and_without_test_split(tmp_path):
    x, y = np.zeros((3, 4, 4), np.uint8), [0, 1, 2]
    np.savez(tmp_path / "d.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2])
    source = fp.datasets.open(tmp_path / "d.npz")
    assert (len(source.train), len(source.test), source.validation) == (3, 2, None)
    np.savez(tmp_path / "d.npz", x=x, y=y)
    assert fp.datasets.open(tmp_path / "d.npz").test is None


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_open_npz_of_any_number_of_channels(tmp_path, channels):
    x, y = np.zeros((4, channels, 6, 5), np.uint8), [0, 1, 0, 1]
    np.savez(tmp_path / "d.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    source = fp.datasets.open(tmp_path / "d.npz")
    assert source.train.input_shape == source.test.input_shape == (channels, 6, 5)


def test_open_npz_with_two_kinds_of_targets(tmp_path):
    x = np.zeros((3, 4, 4), np.uint8)
    np.savez(tmp_path / "d.npz", x_train=x, y_train=[0, 1, 2], x_test=x, y_test=[0.1, 0.2, 0.3])
    with pytest.raises(DataError, match=r"one kind|x_test and y_test"):
        fp.datasets.open(tmp_path / "d.npz")


def test_open_csv_file_and_folder(tmp_path):
    (tmp_path / "train.csv").write_text("label,a,b\nu,1,2\nv,3,4\n")
    (tmp_path / "test.csv").write_text("label,a,b\nv,1,2\n")
    assert fp.datasets.open(tmp_path / "train.csv").test is None
    source = fp.datasets.open(tmp_path)
    assert source.test.targets.tolist() == [1]


def test_open_idx_folder_and_file(tmp_path):
    for start, labels in (("train", [0, 1, 2]), ("t10k", [1, 0])):
        images = np.zeros((len(labels), 4, 4), np.uint8)
        (tmp_path / f"{start}-images-idx3-ubyte").write_bytes(idx_bytes(images))
        (tmp_path / f"{start}-labels-idx1-ubyte").write_bytes(idx_bytes(np.array(labels, np.uint8)))
    source = fp.datasets.open(tmp_path)
    assert source.test.class_names == source.train.class_names == ("0", "1", "2")
    assert source.test.targets.tolist() == [1, 0]
    assert len(fp.datasets.open(tmp_path / "train-images-idx3-ubyte").train) == 3


def test_open_what_is_no_data(tmp_path, folder):
    with pytest.raises(DataError, match="nowhere: the file must exist"):
        fp.datasets.open("nowhere")
    with pytest.raises(DataError, match=r"a file that begins with b'.*PNG'"):
        fp.datasets.open(folder / "cat" / "0.png")


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_in_an_npz_file(tmp_path, label):
    path = tmp_path / "one.npz"
    np.savez(path, images=np.zeros((6, 8, 8), np.uint8), labels=np.full(6, label))
    with pytest.raises(DataError, match=f"at least two classes.*only class {label}, for all 6"):
        fp.datasets.open(path)


DIVIDED = {
    "split": ("train", "val", "test"),
    "Set": ("Training", "validation", "testing"),
    "is_valid": ("False", "True", "False"),
    "is-test": ("0", "0", "1"),
}


@pytest.mark.parametrize("name", DIVIDED)
def test_a_column_of_signals_that_names_the_split_divides_the_rows(tmp_path, name):
    words = DIVIDED[name]
    rows = [f"{'ab'[k % 2]},{words[k // 4 % 3]},{k * 5 % 11}.5,{k * k % 7}.25" for k in range(24)]
    path = tmp_path / "beats.csv"
    path.write_text("\n".join([f"label,{name},t0,t1", *rows]) + "\n")
    source = fp.datasets.open(path)
    by_word = {word: [k for k in range(24) if words[k // 4 % 3] == word] for word in words}
    train = by_word[words[0]]
    np.testing.assert_array_equal(source.train.images[:, 0, 0], [k * 5 % 11 + 0.5 for k in train])
    assert source.train.ignored == (name,) and source.train.input_shape == (1, 2)
    others = [data for data in (source.validation, source.test) if data is not None]
    assert sum(map(len, others)) == 24 - len(train) and len(others) == len(by_word) - 1
    if name == "split":
        test = fp.datasets.open_test(path, class_names=("a", "b"), ignored=("split",))
        np.testing.assert_array_equal(test.images, source.test.images)


def test_a_column_of_folds_is_no_value(tmp_path):
    path = tmp_path / "beats.csv"
    rows = [f"{'ab'[k % 2]},{k % 5},{k * 7 % 11},{k * k % 7}" for k in range(20)]
    path.write_text("\n".join(["label,fold,t0,t1", *rows]) + "\n")
    source = fp.datasets.open(path)
    assert source.train.input_shape == (1, 2) and source.test is None
    assert "'fold', which divides the rows" in source.train.description


@pytest.mark.parametrize("mark", [",", ";"])
def test_signals_beside_pictures_with_numbers_for_names_stay_signals(tmp_path, mark):
    for k in range(12):
        save(tmp_path / "pictures" / f"{k}.png", picture())
    decimal = "," if mark == ";" else "."
    rows = [
        mark.join([str(k), "ab"[k % 2], *(f"{j}{decimal}{k}" for j in range(9))]) for k in range(12)
    ]
    head = mark.join(["", "label", *(f"t{j}" for j in range(9))])
    path = tmp_path / "beats.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    assert fp.datasets.open(path).train.images.shape == (12, 1, 9)


def test_pixels_beside_pictures_with_numbers_for_names_stay_pixels(tmp_path):
    rng = np.random.default_rng(0)
    pixels = np.pad(rng.integers(0, 256, (12, 5, 5)), ((0, 0), (1, 2), (1, 2)))  # some always 0
    for k in range(256):
        save(tmp_path / "pictures" / f"{k}.png", picture())
    rows = [",".join(map(str, (k % 2, *image.reshape(-1)))) for k, image in enumerate(pixels)]
    path = tmp_path / "digits.csv"
    path.write_text("\n".join(rows) + "\n")
    assert not names_pictures(path)
    assert fp.datasets.open(path, label="first").train.images.shape == (12, 1, 8, 8)
    # A label file of as many columns: one for each class.
    rows = [",".join([str(k), *(str(int(k % 64 == j)) for j in range(64))]) for k in range(128)]
    path.write_text("\n".join([",".join(["id", *(f"c{j}" for j in range(64))]), *rows]) + "\n")
    assert names_pictures(path)


def test_a_table_of_numbers_that_names_pictures_is_known_by_the_few_that_are_near(tmp_path):
    for k in (3, 17):
        save(tmp_path / "pictures" / f"{k}.png", picture())
    path = tmp_path / "train.csv"
    path.write_text("id,label\n" + "".join(f"{k},{'ab'[k % 2]}\n" for k in range(40)))
    assert names_pictures(path)
    path.write_text("fold,t0,label\n" + "".join(f"{k % 5},{k * k % 7},a\n" for k in range(40)))
    assert not names_pictures(path)


@pytest.mark.parametrize("kind", ["mnist", "npz", "idx"])
@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, None),
        ({"size": 8}, "size had"),
        ({"channels": 3, "label": "kind"}, "channels and label had"),
    ],
)
def test_options_without_effect_are_said(kind, options, named, tmp_path):
    images, labels = np.zeros((6, 12, 12), np.uint8), np.arange(6, dtype=np.uint8) % 2
    if kind == "npz":
        np.savez(tmp_path / "a.npz", images=images, labels=labels)
    elif kind == "idx":
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            (tmp_path / f"train-{name}-ubyte").write_bytes(idx_bytes(array))
    path = {"mnist": "mnist", "npz": tmp_path / "a.npz", "idx": tmp_path}[kind]
    source = fp.datasets.open(path, **options)
    assert ("no effect" in source.train.description) == bool(named)
    assert (named or "") in source.train.description
    assert source.test is None or "no effect" not in source.test.description


@pytest.mark.parametrize("channels", [None, 1, 2, 4])
def test_signals_have_any_number_of_channels(tmp_path, channels):
    values = np.arange(48.0).reshape(6, 8)
    rows = [f"{k % 2}," + ",".join(map(str, row)) for k, row in enumerate(values)]
    path = tmp_path / "signals.csv"
    path.write_text("\n".join(["label,a,b,c,d,e,f,g,h", *rows]))
    expected = values.reshape(6, channels or 1, -1)
    np.testing.assert_array_equal(fp.datasets.open(path, channels=channels).train.images, expected)
    tested = fp.datasets.open_test(path, channels=channels)
    np.testing.assert_array_equal(tested.images, expected)


def test_images_of_a_folder_are_grey_or_colour(folder):
    for channels in (2, 4, 0, True, 3.0, "3"):
        with pytest.raises(ArgumentError, match="channels must be"):
            fp.datasets.open(folder, channels=channels)
        with pytest.raises(ArgumentError, match=r"channels must be 1 \(grey\) or 3"):
            fp.datasets.image_folder(folder, channels=channels)


TEXT = ["letters", b"bytes", 3, [1, 2], {"a"}, [None]]
LABEL = [2.5, None, ["a"], b"label", True]


@pytest.mark.parametrize(
    ("name", "values", "functions"),
    [
        ("class_names", TEXT, ("image_folder", "open_test", "signals_csv", "Dataset")),
        ("ignored", TEXT, ("open_test", "signals_csv")),
        ("label", LABEL, ("open", "open_test", "signals_csv")),
        ("label", [2, 2.5, ["a"]], ("image_folder",)),
        ("nested", [1, "no", []], ("image_folder", "open", "open_test")),
        ("regression", [1, "no", None], ("signals_csv",)),
        ("layout", ["nchw", "x", 1], ("open", "open_test")),
        ("cache", [3, True, b"x", ["x"], ""], ("image_folder",)),
    ],
)
def test_arguments_of_other_kinds_are_refused_whatever_the_data(tmp_path, name, values, functions):
    for kind in ("ab", "cd"):
        save(tmp_path / "photos" / kind / "0.png", picture())
    table = tmp_path / "signals.csv"
    table.write_text("label,a,b\n0,1,2\n1,3,4\n0,5,6\n")
    for function in functions:
        for value in values:
            for path in (tmp_path / "photos", table):
                given = (np.zeros((4, 1, 3, 3)), [0, 1, 0, 1]) if function == "Dataset" else (path,)
                with pytest.raises(ArgumentError, match=f"^{name} must be"):
                    getattr(fp.datasets, function)(*given, **{name: value})
