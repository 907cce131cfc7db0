"""Every way in which a file of data can be wrong, and what is said of it.

Each error names the file, the rule and the remedy; lengths that lie are found before memory is
asked for. Damage at random is in test_bad_files_random.py.
"""

import gzip
import io
import os
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.datasets import read_idx
from fencepost.errors import ArgumentError, DataError
from idx_writer import idx_bytes

LABELS = idx_bytes(np.arange(10, dtype=np.uint8))


def refused(call, *words, path=None):
    """Check that a call fails with a DataError that says all these words, in one paragraph."""
    with pytest.raises(DataError) as error:
        call()
    message = str(error.value)
    for word in words:
        assert word in message
    assert "\n" not in message
    assert path is None or str(path) in message


@pytest.fixture(autouse=True)
def lean():
    """No bad file may make a loader ask for much memory."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20


# IDX


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "begin with a whole header. Received: 0 of 4 bytes"),
        (b"\0\0\x08", "Received: 3 of 4 bytes"),
        (LABELS[:6], "Received: 2 of 4 bytes"),
        (b"\x89PNG....", "magic number 0 0, a type (8, 9, 11, 12, 13 or 14)"),
        (b"\0\0\x0a\1" + LABELS[4:], "Received: 0 0 10 1"),
        (b"\0\0\x08\0" + LABELS[4:], "Received: 0 0 8 0"),
        (b"\0\0\x08\5" + LABELS[4:], "1 to 4 axes"),
        (
            LABELS[:-1],
            "as long as its header says. Received: a header with shape (10,) of uint8, 18",
        ),
        (LABELS + b"\0", "a file of 19 bytes"),
        (struct.pack(">4BI", 0, 0, 8, 1, 2**31) + b"abc", "shape (2147483648,) of uint8"),
        (struct.pack(">4B4I", 0, 0, 14, 4, *[2**32 - 1] * 4), "and a file of 20 bytes"),
    ],
)
def test_idx(tmp_path, data, words):
    path = tmp_path / "labels"
    path.write_bytes(data)
    refused(lambda: read_idx(path), words, path=path)
    zipped = tmp_path / "labels.gz"
    zipped.write_bytes(gzip.compress(data))
    if "a file of" not in words:  # gzip does not say how long it is: found while reading
        refused(lambda: read_idx(zipped), words, path=zipped)
    else:
        refused(lambda: read_idx(zipped), "as long as its header says", path=zipped)


def test_idx_gzip_that_lies_within_reason(tmp_path):
    """The header claims ten times what is there, which gzip could hold: found at the end."""
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(struct.pack(">4BI", 0, 0, 8, 1, 10_000) + bytes(1000)))
    refused(lambda: read_idx(path), "and a file that ends after 1,008", path=path)


def test_idx_gzip_bomb(tmp_path):
    """A short header before a gigabyte of zeros: reading stops after the header's length."""
    squeeze = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 20)
    data = squeeze.compress(LABELS) + b"".join(squeeze.compress(zeros) for _ in range(100))
    path = tmp_path / "labels.gz"
    path.write_bytes(data + squeeze.flush())
    refused(lambda: read_idx(path), "and a file that goes on", path=path)


def test_idx_gzip_claiming_more_than_gzip_can_hold(tmp_path):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(struct.pack(">4B3I", 0, 0, 8, 3, 2**31, 28, 28)))
    refused(lambda: read_idx(path), "bytes of gzip cannot hold", path=path)


def test_idx_gzip_cut_off_or_damaged(tmp_path):
    whole = gzip.compress(idx_bytes(np.random.default_rng(0).integers(0, 256, 5000, np.uint8)))
    path = tmp_path / "labels.gz"
    path.write_bytes(whole[: len(whole) // 2])
    refused(lambda: read_idx(path), "ends in the middle", path=path)
    path.write_bytes(whole[:-3])
    refused(lambda: read_idx(path), "ends in the middle", path=path)
    path.write_bytes(whole[:-8] + bytes(8))
    refused(lambda: read_idx(path), "the gzip data must be intact", path=path)
    path.write_bytes(whole + b"trailing")
    refused(lambda: read_idx(path), "the gzip data must be intact", path=path)


def test_idx_that_is_no_file(tmp_path):
    refused(lambda: read_idx(tmp_path / "none"), "No such file", path=tmp_path / "none")
    refused(lambda: read_idx(tmp_path), "Is a directory", path=tmp_path)


def pair(tmp_path, images, labels):
    for name, array in (("images", images), ("labels", labels)):
        (tmp_path / name).write_bytes(idx_bytes(array))
    return tmp_path / "images", tmp_path / "labels"


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (np.zeros((3, 4, 4), "u1"), np.zeros(4, "u1"), "Received: 3 images and 4 labels"),
        (np.zeros((0, 4, 4), "u1"), np.zeros(0, "u1"), "Received: 0 images and 0 labels"),
        (np.zeros((3, 0, 4), "u1"), np.zeros(3, "u1"), "must not be empty"),
        (np.zeros((3, 4, 4), "u1"), np.zeros((3, 1), "u1"), "labels must have one axis"),
        (np.zeros(3, "u1"), np.zeros(3, "u1"), "images must have shape (N, H, W)"),
        (np.full((3, 4, 4), np.nan, "f4"), np.zeros(3, "u1"), "images[0, 0, 0, 0] = nan"),
        (np.zeros((3, 4, 4), "u1"), np.array([0, -2, 1], "i2"), "targets[1] = -2"),
        (np.zeros((3, 4, 4), "u1"), np.array([0, 2, 1], "f4"), "targets.astype(np.int64)"),
        (np.zeros((3, 5, 6, 7), "u1"), np.zeros(3, "u1"), "Neither could be it"),
    ],
)
def test_idx_pairs(tmp_path, images, labels, words):
    paths = pair(tmp_path, images, labels)
    refused(lambda: fp.datasets.idx(*paths), words, path=tmp_path)


def test_idx_partners(tmp_path):
    refused(lambda: fp.datasets.idx(tmp_path), "without train-images-idx3-ubyte", path=tmp_path)
    image = tmp_path / "train-images-idx3-ubyte"
    image.write_bytes(idx_bytes(np.zeros((2, 4, 4), np.uint8)))
    refused(lambda: fp.datasets.idx(image), "no such file as train-labels-idx1-ubyte", path=image)
    refused(lambda: fp.datasets.idx(tmp_path), "without train-labels-idx1-ubyte", path=tmp_path)
    with pytest.raises(ArgumentError, match='"train" or "test"'):
        fp.datasets.idx(tmp_path, split="both")


# npz


def npz(tmp_path, **arrays):
    np.savez(tmp_path / "d.npz", **arrays)
    return tmp_path / "d.npz"


X = np.zeros((3, 4, 5), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "Received: nothing"),
        ({"a": X, "labels": [0, 1, 2]}, "Received: a, labels. Save it with numpy.savez"),
        ({"images": X, "labels": [0, 1]}, "2 targets for 3 images"),
        ({"images": X, "labels": [0, -1, 2]}, "0 or more"),
        ({"images": X, "labels": [[0, 1, 0]] * 3}, "one-hot"),
        ({"images": X, "labels": [0.0, 1, 2]}, "targets.astype(np.int64)"),
        ({"images": X, "labels": ["a", "b", "c"], "class_names": ["a", "b"]}, "class names. Rec"),
        ({"images": X, "labels": [0, 1, 2], "class_names": ["a", "b"]}, "0 to 1 for 2 classes"),
        ({"images": X, "labels": [0, 1, 0], "class_names": [["a", "b"]]}, "shape (classes,)"),
        ({"images": X[0, 0], "labels": [0, 1, 0]}, "images must have shape (N, H, W)"),
        ({"images": X.astype(complex), "labels": [0, 1, 0]}, "numbers or names. Received: dtype c"),
        ({"images": np.full((2, 3, 3), np.inf), "labels": [0, 1]}, "images[0, 0, 0, 0] = inf"),
        ({"images": np.zeros((0, 3, 3)), "labels": np.zeros(0, int)}, "must not be empty"),
        ({"images": np.array([["a"]]), "labels": [0]}, "real numbers"),
    ],
)
def test_npz(tmp_path, arrays, words):
    path = npz(tmp_path, **arrays)
    refused(lambda: fp.datasets.npz(path), words, path=path)


def test_npz_pickles_are_never_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (os._exit, (1,))

    path = npz(tmp_path, images=np.array([Bomb()], object), labels=[0])
    refused(lambda: fp.datasets.npz(path), "pickled objects are never loaded", path=path)


def test_npz_without_the_part_asked_for(tmp_path):
    path = npz(tmp_path, images=X, labels=[0, 1, 2])
    refused(lambda: fp.datasets.npz(path, "test"), "for 'test'", "x_test and y_test", path=path)
    with pytest.raises(ArgumentError, match="train, validation, test"):
        fp.datasets.npz(path, "all")


def test_npz_that_is_no_zip(tmp_path):
    path = tmp_path / "d.npz"
    refused(lambda: fp.datasets.npz(path), "No such file", path=path)
    path.write_bytes(b"PK\3\4 and then nothing")
    refused(lambda: fp.datasets.npz(path), "must be an npz file", path=path)
    whole = npz(tmp_path, images=X, labels=[0, 1, 2]).read_bytes()
    path.write_bytes(whole[:-30])
    refused(lambda: fp.datasets.npz(path), "cut off", path=path)


def zipped(path, header=None, data=b""):
    with zipfile.ZipFile(path, "w") as archive:
        labels = io.BytesIO()
        np.save(labels, np.arange(3))
        archive.writestr("labels.npy", labels.getvalue())
        if header is not None:
            text = header.encode() + b" " * 10 + b"\n"
            data = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + data
        archive.writestr("images.npy", data)
    return path


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (1099511627776,)}", "where 64 are"),
        ("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2, 3)}", "96 bytes, where 64 are"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (-4, -16)}", "shape (-4, -16)"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (8,)}", "pickled objects"),
        ("{'descr': '<U0', 'fortran_order': False, 'shape': (8,)}", "numbers or names"),
        ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (16,)}", "numbers or names"),
        ("{'descr': 'nonsense', 'fortran_order': False, 'shape': (16,)}", "as numpy.save writes"),
        ("{'shape': (64,)}", "as numpy.save writes"),
        ("(" * 200, "as numpy.save writes"),
        ("__import__('os')", "as numpy.save writes"),
    ],
)
def test_npz_headers_that_lie(tmp_path, header, words):
    path = zipped(tmp_path / "d.npz", header, bytes(64))
    refused(lambda: fp.datasets.npz(path), words, path=path)


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"\x93NUMPY\7\0ab", b"\x93NUMPY\1\0\xff\xff{"])
def test_npz_members_that_are_no_arrays(tmp_path, data):
    path = zipped(tmp_path / "d.npz", data=data)
    refused(lambda: fp.datasets.npz(path), "as numpy.save writes it", path=path)


def test_npz_directory_that_lies(tmp_path):
    """The central directory claims 2 GB for a member of a few bytes."""
    path = zipped(tmp_path / "d.npz", data=b"x" * 50)
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\1\2")
    struct.pack_into("<I", data, entry + 24, 2**31)
    path.write_bytes(data)
    refused(lambda: fp.datasets.npz(path), "said to hold 2,147,483,648", path=path)


def test_npz_checksum(tmp_path):
    path = npz(tmp_path, images=X, labels=[0, 1, 2])
    data = bytearray(path.read_bytes())
    data[data.index(b"\x93NUMPY") + 150] ^= 1
    path.write_bytes(data)
    refused(lambda: fp.datasets.npz(path), "must be intact", path=path)


# folders of images


@pytest.fixture
def folder(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for k in range(2):
            Image.new("L", (6, 5), 40 * k).save(tmp_path / name / f"{k}.png")
    return tmp_path


def load(folder):
    return lambda: fp.datasets.image_folder(folder)


def test_folder_that_is_none(tmp_path):
    refused(load(tmp_path / "none"), "No such file", path=tmp_path / "none")
    refused(load(tmp_path), "a subfolder per class. Received: no subfolder, 0 file(s)")
    (tmp_path / "a.png").write_bytes(b"x")
    refused(load(tmp_path), "1 file(s). Make a subfolder for each class", path=tmp_path)
    refused(load(tmp_path / "a.png"), "Not a directory", path=tmp_path / "a.png")


def test_one_class_only(folder):
    (folder / "dog").rename(folder / ".dog")
    refused(load(folder), "at least two classes", "only cat", path=folder)


def test_classes_without_images(folder):
    (folder / "emu").mkdir()
    (folder / "yak").mkdir()
    (folder / "yak" / "notes.txt").write_text("none yet")
    refused(load(folder), "Received: none in 2 of 4 subfolders: emu, yak", path=folder)


def test_files_that_are_no_images_are_all_told(folder):
    for k in range(7):
        (folder / "dog" / f"bad{k}.png").write_bytes(b"no image")
    refused(
        load(folder),
        "7 that cannot be used: dog/bad0.png is not an image that can be read; dog/bad1.png",
        "; and 2 more. Remove or replace them",
        path=folder,
    )


def test_truncated_and_empty_images(folder):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    for ending in ("png", "jpg", "bmp", "gif", "tif", "webp", "ppm"):
        path = folder / "cat" / f"whole.{ending}"
        Image.fromarray(noise[:5, :6]).resize((60, 50)).save(path)
        data = path.read_bytes()
        path.unlink()
        (folder / "cat" / f"cut.{ending}").write_bytes(data[: len(data) * 2 // 3])
    (folder / "cat" / "empty.png").write_bytes(b"")
    with pytest.raises(DataError) as error:
        fp.datasets.image_folder(folder, size=(8, 8))
    message = str(error.value)
    assert "cat/empty.png is not an image" in message
    (folder / "cat" / "empty.png").unlink()
    for path in sorted((folder / "cat").glob("cut.*")):
        others = [p for p in (folder / "cat").glob("cut.*") if p != path]
        for other in others:
            other.rename(other.with_name("." + other.name))
        with pytest.raises(DataError, match=rf"1 that cannot be used: cat/{path.name} "):
            fp.datasets.image_folder(folder, size=(8, 8))
        for other in others:
            other.with_name("." + other.name).rename(other)


def png(width, height, pixels=b""):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(pixels)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_decompression_bomb(folder):
    (folder / "cat" / "bomb.png").write_bytes(png(60_000, 60_000))
    refused(load(folder), "cat/bomb.png claims", path=folder)
    (folder / "cat" / "bomb.png").write_bytes(png(12_000, 12_000))
    refused(load(folder), "cat/bomb.png claims 12,000 × 12,000 pixels, more than", path=folder)


def test_image_without_pixels(folder):
    (folder / "cat" / "none.png").write_bytes(png(0, 5))
    refused(load(folder), "cat/none.png", path=folder)
    (folder / "cat" / "none.png").unlink()
    (folder / "cat" / "none.pgm").write_bytes(b"P5 0 3 255\n")
    refused(load(folder), "cat/none.pgm", path=folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_image(folder):
    (folder / "cat" / "0.png").chmod(0)
    refused(load(folder), "cat/0.png cannot be opened (Permission denied)", path=folder)


def test_dangling_link(folder):
    (folder / "cat" / "gone.png").symlink_to(folder / "nowhere")
    refused(load(folder), "cat/gone.png cannot be opened (No such file", path=folder)


def test_link_to_a_folder_goes_round_no_circle(folder):
    (folder / "cat" / "circle").symlink_to(folder, target_is_directory=True)
    assert len(fp.datasets.image_folder(folder)) == 4


# CSV


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Received: an empty file"),
        ("label,a\n", "a header and no row"),
        ("label\nx\n", "a label and at least one value"),
        ("label,a,b\nx,1,2\ny,1\n", "as many cells as the first, 3. Received: 2 in line 3"),
        ("label,a,b\nx,1,2\n\ny,1,2,3\n", "Received: 4 in line 4"),
        ("label,a,b\nx,1,2\ny,1,zwei\n", "Received: 'zwei' in line 3, column 'b'"),
        ("a,label,b\n1,x,2\n,y,1\n", "Received: '' in line 3, column 'a'"),
        ("a,label,b\n1,x,2\n3,y,nan\n", "Received: nan in signal 2, column 'b'"),
        ("a,label,b\n1,x,inf\n3,y,1e60\n", "column 'b', and 1 more such cells"),
        ("label,a\nx,1\n,2\n", "none in signal 2"),
        ("label,a\nx,1\nx,2\n", "at least two classes"),
        ("label,a\n0.5,1\n1,2\n", "'0.5' in signal 1. To predict numbers instead"),
        ("label,a\nnan,1\n1,2\n", "must be whole. Received: 'nan'"),
        ("label,label,a\nx,y,2\n", "several columns of that name"),
        ("class,a,b\nx,1,2\ny,1,2\n", "no such column among class, a, b. Name another"),
        ("label,a\nx,1\ny," + "9" * 200_000 + "\n", "field larger than field limit"),
    ],
)
def test_csv(tmp_path, text, words):
    path = tmp_path / "s.csv"
    path.write_text(text)
    refused(lambda: fp.datasets.signals_csv(path), words, path=path)


def test_csv_numbers_without_header(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("0,1.5,2\n1,3,4\n")
    refused(lambda: fp.datasets.signals_csv(path), "Add a header", "label=0 for the", path=path)
    for label in (3, -4):
        refused(lambda k=label: fp.datasets.signals_csv(path, k), "3 columns among", path=path)


def test_csv_first_row_with_a_bad_cell_is_not_taken_for_a_header(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("x,1,,3\ny,1,2,3\n")
    refused(lambda: fp.datasets.signals_csv(path, 0), "'' in line 1, column", path=path)


def test_csv_in_another_encoding(tmp_path):
    path = tmp_path / "s.csv"
    path.write_bytes("label,a\nböse,1\ngut,2\n".encode("latin-1"))
    assert fp.datasets.signals_csv(path).class_names == ("böse", "gut")
    path.write_bytes(b"label,a\n\0\1,1\ngut,2\n")
    refused(lambda: fp.datasets.signals_csv(path), "Save it as text again", path=path)
    refused(lambda: fp.datasets.signals_csv(tmp_path / "no.csv"), "No such file")
    refused(lambda: fp.datasets.signals_csv(tmp_path), "Is a directory", path=tmp_path)


def test_csv_arguments(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("label,a,b,c\nx,1,2,3\ny,1,2,3\n")
    refused(lambda: fp.datasets.signals_csv(path, channels=2), "3 values, channels=2", path=path)
    refused(lambda: fp.datasets.signals_csv(path, regression=True), "'x' in signal 1", path=path)
    refused(
        lambda: fp.datasets.signals_csv(path, class_names=("x", "z")), "'y' in signal 2", path=path
    )
    with pytest.raises(ArgumentError, match="channels must be 1 or more"):
        fp.datasets.signals_csv(path, channels=0)
