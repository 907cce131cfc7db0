"""Folders of images: what is detected, every way to be wrong, and what is reported."""

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from datasets.image_folders import picture, save
from datasets.refusal import refused
from fencepost.errors import ArgumentError, DataError


def test_a_folder_of_grey_images(folder):
    data = fp.datasets.image_folder(folder)
    assert (data.images.shape, data.images.dtype) == ((6, 1, 10, 12), np.uint8)
    assert data.targets.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.class_names == ("cat", "dog")
    expected = np.asarray(Image.open(folder / "dog" / "1.png"))
    np.testing.assert_array_equal(data.images[4, 0], expected)
    assert data.description == "6 grey images of 10 × 12 pixels in 2 classes: cat 3, dog 3."


def test_one_colour_image_makes_all_colour(folder):
    image = picture(colour=True)
    save(folder / "cat" / "0.png", image)
    data = fp.datasets.image_folder(folder)
    assert data.input_shape == (3, 10, 12)
    np.testing.assert_array_equal(data.images[0].transpose(1, 2, 0), np.asarray(image))
    assert (data.images[1] == data.images[1][:1]).all()
    assert "5 were converted to colour" in data.description


def test_channels_asked_for(folder):
    save(folder / "cat" / "0.png", picture(colour=True))
    data = fp.datasets.image_folder(folder, channels=1)
    assert data.input_shape == (1, 10, 12)
    assert "1 was converted to grey" in data.description


@pytest.mark.parametrize(
    ("ending", "options"),
    [("bmp", {}), ("tif", {}), ("webp", {"lossless": True}), ("ppm", {}), ("PNG", {})],
)
def test_formats_without_loss(folder, ending, options):
    image = picture(colour=True)
    save(folder / "cat" / f"a.{ending}", image, **options)
    images = fp.datasets.image_folder(folder).images
    assert any((np.asarray(image) == pixels.transpose(1, 2, 0)).all() for pixels in images[:4])


def test_jpeg_and_files_without_ending(folder):
    flat = Image.new("RGB", (12, 10), (200, 50, 25))
    save(folder / "cat" / "a.jpg", flat, quality=95)
    (folder / "cat" / "a.jpg").rename(folder / "cat" / "zzz")
    np.testing.assert_allclose(
        fp.datasets.image_folder(folder).images[3].mean((1, 2)), [200, 50, 25], atol=3
    )


def test_pixels_that_are_no_numbers_are_refused(folder):
    pixels = np.zeros((8, 8), np.float32)
    pixels[2, 3] = np.nan
    Image.fromarray(pixels).save(folder / "cat" / "f.tif")
    with pytest.raises(DataError, match=r"cat/f.tif has pixels that are NaN"):
        fp.datasets.image_folder(folder)


def test_files_that_are_no_images_are_skipped_and_counted(folder):
    (folder / "cat" / ".DS_Store").write_bytes(b"x")
    (folder / "cat" / "Thumbs.db").write_bytes(b"x")
    (folder / "dog" / "notes.txt").write_text("good dog")
    (folder / "README.md").write_text("my pets")
    (folder / "__MACOSX").mkdir()
    (folder / ".git").mkdir()
    data = fp.datasets.image_folder(folder)
    assert len(data) == 6
    assert "3 files that are not images were skipped" in data.description


def test_images_deeper_down(folder):
    save(folder / "cat" / "old" / "x.png", picture())
    assert np.bincount(fp.datasets.image_folder(folder).targets).tolist() == [4, 3]


def test_a_size_is_chosen_for_mixed_sizes_and_said(folder):
    save(folder / "dog" / "big.png", picture(20, 30))
    data = fp.datasets.image_folder(folder)
    assert (data.input_shape, data.fit) == ((1, 10, 12), "crop")
    assert (
        "The size 10 × 12 was chosen, because the images are from 10 × 12 to 20" in data.description
    )
    assert "1 was resized, keeping their aspect ratio" in data.description


def test_resizing_when_asked(folder):
    save(folder / "dog" / "big.png", Image.fromarray(np.uint8(255 * (np.indices((60, 60))[1] % 2))))
    data = fp.datasets.image_folder(folder, size=(20, 16), fit="stretch")
    assert data.input_shape == (1, 20, 16)
    assert "7 were resized" in data.description
    # Stripes finer than the new pixels must turn grey: without antialiasing they would alias.
    assert np.abs(data.images[6, 0, :, 2:-2].astype(int) - 127).max() < 12


def test_one_number_is_a_square(folder):
    assert fp.datasets.image_folder(folder, size=20).input_shape == (1, 20, 20)
    assert fp.datasets.open(folder, size=np.int64(9)).train.input_shape[1:] == (9, 9)
    assert fp.datasets.Loading(7) == fp.datasets.Loading((7, 7))


@pytest.mark.parametrize("size", [(0, 5), (5,), (2.5, 3), (10**9, 10**9), 0, True, "32", 3.5])
def test_wrong_sizes(folder, size):
    with pytest.raises(ArgumentError, match=r"size must be the height and width"):
        fp.datasets.image_folder(folder, size=size)


def test_wrong_channels(folder):
    with pytest.raises(ArgumentError, match="channels must be 1"):
        fp.datasets.image_folder(folder, channels=2)


def test_more_than_memory_is_refused(folder, monkeypatch):
    from fencepost.datasets.folders import loading

    monkeypatch.setattr(loading, "_physical_memory", lambda: 1000)
    with pytest.raises(DataError, match=r"half of this machine's .* or a folder for the cache"):
        fp.datasets.image_folder(folder)


# folders that are wrong


@pytest.fixture
def two_classes(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for k in range(2):
            Image.new("L", (6, 5), 40 * k).save(tmp_path / name / f"{k}.png")
    return tmp_path


def load(path):
    return lambda: fp.datasets.image_folder(path)


def test_folder_that_is_none(tmp_path):
    refused(load(tmp_path / "none"), "No such file", path=tmp_path / "none")
    refused(load(tmp_path), "a subfolder for each class. Received: no subfolder, 0 images")
    (tmp_path / "a.png").write_bytes(b"x")
    refused(load(tmp_path), "1 image. Make a subfolder for each class", path=tmp_path)
    refused(load(tmp_path / "a.png"), "Not a directory", path=tmp_path / "a.png")


def test_one_class_only(two_classes):
    (two_classes / "dog").rename(two_classes / ".dog")
    refused(load(two_classes), "at least two classes", "only cat", path=two_classes)


def test_classes_without_images(two_classes):
    (two_classes / "emu").mkdir()
    (two_classes / "yak").mkdir()
    (two_classes / "yak" / "notes.txt").write_text("none yet")
    data = fp.datasets.image_folder(two_classes)
    assert data.class_names == ("cat", "dog")
    assert "Left out: 2 classes without images, emu and yak." in data.description


def test_files_that_are_no_images_are_all_listed(two_classes):
    for k in range(7):
        (two_classes / "dog" / f"bad{k}.png").write_bytes(b"no image")
    refused(
        load(two_classes),
        "7 that cannot be used: dog/bad0.png, dog/bad1.png, dog/bad2.png",
        "and dog/bad6.png: each is not an image that can be read. Remove or replace them",
        path=two_classes,
    )


def test_truncated_and_empty_images(two_classes):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    for ending in ("png", "jpg", "bmp", "gif", "tif", "webp", "ppm"):
        path = two_classes / "cat" / f"intact.{ending}"
        Image.fromarray(noise[:5, :6]).resize((60, 50)).save(path)
        data = path.read_bytes()
        path.unlink()
        (two_classes / "cat" / f"cut.{ending}").write_bytes(data[: len(data) * 2 // 3])
    (two_classes / "cat" / "empty.png").write_bytes(b"")
    with pytest.raises(DataError) as error:
        fp.datasets.image_folder(two_classes, size=(8, 8))
    message = str(error.value)
    assert "cat/empty.png is empty" in message
    (two_classes / "cat" / "empty.png").unlink()
    for path in sorted((two_classes / "cat").glob("cut.*")):
        others = [p for p in (two_classes / "cat").glob("cut.*") if p != path]
        for other in others:
            other.rename(other.with_name("." + other.name))
        with pytest.raises(DataError, match=rf"1 that cannot be used: cat/{path.name} "):
            fp.datasets.image_folder(two_classes, size=(8, 8))
        for other in others:
            other.with_name("." + other.name).rename(other)


def png(width, height, pixels=b""):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(pixels)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_decompression_bomb(two_classes):
    (two_classes / "cat" / "bomb.png").write_bytes(png(60_000, 60_000))
    refused(load(two_classes), "cat/bomb.png claims", path=two_classes)
    (two_classes / "cat" / "bomb.png").write_bytes(png(12_000, 12_000))
    refused(
        load(two_classes), "cat/bomb.png claims 12,000 × 12,000 pixels, more than", path=two_classes
    )


def test_image_without_pixels(two_classes):
    (two_classes / "cat" / "none.png").write_bytes(png(0, 5))
    refused(load(two_classes), "cat/none.png", path=two_classes)
    (two_classes / "cat" / "none.png").unlink()
    (two_classes / "cat" / "none.pgm").write_bytes(b"P5 0 3 255\n")
    refused(load(two_classes), "cat/none.pgm", path=two_classes)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_image(two_classes):
    (two_classes / "cat" / "0.png").chmod(0)
    refused(load(two_classes), "cat/0.png cannot be opened (Permission denied)", path=two_classes)


def test_dangling_link(two_classes):
    (two_classes / "cat" / "gone.png").symlink_to(two_classes / "nowhere")
    refused(load(two_classes), "cat/gone.png cannot be opened (No such file", path=two_classes)


def test_link_to_a_folder_goes_round_no_circle(two_classes):
    (two_classes / "cat" / "circle").symlink_to(two_classes, target_is_directory=True)
    assert len(fp.datasets.image_folder(two_classes)) == 4


def test_classes_that_differ_in_case_are_said(two_classes):
    save(two_classes / "Cat" / "1.png", picture())
    assert (
        "The classes Cat and cat differ only in"
        in fp.datasets.image_folder(two_classes).description
    )


def test_files_of_other_kinds_are_named(two_classes):
    for name, start in {
        "photo.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        "page.jpg": b"<!DOCTYPE html><html>404</html>",
        "pointer.png": b"version https://git-lfs.github.com/spec/v1\n",
        "drawing.svg": b'<?xml version="1.0"?><svg/>',
    }.items():
        (two_classes / "cat" / name).write_bytes(start)
    refused(
        load(two_classes),
        "photo.heic is not an image that can be read (it looks like a HEIC photograph",
        "page.jpg is not an image that can be read (it looks like a web page",
        "git lfs pull",
        "an SVG drawing",
    )


def test_the_same_image_in_two_classes_is_said(two_classes):
    for k in range(2):
        Image.new("L", (6, 5), 40 * k + 5).save(two_classes / "dog" / f"{k}.png")
    assert "same image" not in fp.datasets.image_folder(two_classes).description
    (two_classes / "dog" / "copy.png").write_bytes((two_classes / "cat" / "1.png").read_bytes())
    (two_classes / "cat" / "copy.png").write_bytes((two_classes / "cat" / "0.png").read_bytes())
    description = fp.datasets.image_folder(two_classes).description
    assert "The same image is in several classes: cat/1.png = dog/copy.png." in description


def test_a_cache_that_is_cut_after_all_was_decoded_is_no_training_of_zeros(tmp_path):
    for name in "ab":
        for k in range(4):
            save(tmp_path / "data" / name / f"{k}.png", picture(64, 64))
    data = fp.datasets.image_folder(tmp_path / "data", cache=tmp_path / "cache")
    (pixels,) = (tmp_path / "cache").glob("*/images.npy")
    os.truncate(pixels, 5000)
    net = fp.Network((1, 64, 64), [fp.Flatten(), fp.Linear(2)])
    with pytest.raises(DataError, match="it was cut to 5,000 bytes meanwhile"):
        net.fit(data.images, data.targets, epochs=1, progress=False)


@pytest.mark.parametrize("place", ["file", "file/deeper"])
@pytest.mark.parametrize("name", ["cache", "Cache.zip"])
def test_a_cache_where_a_file_is(folder, tmp_path, name, place):
    taken = tmp_path / name
    taken.write_bytes(b"mine")
    cache = taken / "deeper" if place != "file" else taken
    with pytest.raises(DataError) as caught:
        fp.datasets.image_folder(folder, cache=cache)
    assert f"the cache must be a folder. Received: {taken}, which is a file." in str(caught.value)
    assert 'cache="FOLDER", or cache=None' in str(caught.value)
    assert taken.read_bytes() == b"mine"
