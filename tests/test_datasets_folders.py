"""Folders of images: what is found out, converted and said; and whatever `open` takes."""

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.datasets import pictures
from fencepost.errors import ArgumentError, DataError
from idx_writer import idx_bytes

RNG = np.random.default_rng(6)


def picture(height=10, width=12, colour=False):
    shape = (height, width, 3) if colour else (height, width)
    return Image.fromarray(RNG.integers(0, 256, shape, np.uint8))


def save(path, image, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    for name in ("cat", "dog"):
        for k in range(3):
            save(tmp_path / name / f"{k}.png", picture())
    return tmp_path


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
    assert "1 were converted to grey" in data.description


@pytest.mark.parametrize(
    ("ending", "options"),
    [("bmp", {}), ("tif", {}), ("webp", {"lossless": True}), ("ppm", {}), ("PNG", {})],
)
def test_formats_without_loss(folder, ending, options):
    image = picture(colour=True)
    save(folder / "cat" / f"a.{ending}", image, **options)
    found = fp.datasets.image_folder(folder).images
    assert any((np.asarray(image) == one.transpose(1, 2, 0)).all() for one in found[:4])


def test_jpeg_and_files_without_ending(folder):
    flat = Image.new("RGB", (12, 10), (200, 50, 25))
    save(folder / "cat" / "a.jpg", flat, quality=95)
    (folder / "cat" / "a.jpg").rename(folder / "cat" / "zzz")
    np.testing.assert_allclose(
        fp.datasets.image_folder(folder).images[3].mean((1, 2)), [200, 50, 25], atol=3
    )


@pytest.mark.parametrize("ending", ["png", "jpg", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path, orientation, ending):
    """Pixels stored turned come out as Pillow's own exif_transpose turns them."""
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    image = picture(7, 9)
    path = save(tmp_path / f"a.{ending}", image, exif=exif)
    # From a file object: given a name, Pillow 13 maps such TIFFs into memory in a wrong shape.
    with path.open("rb") as file, Image.open(file) as stored:
        upright = np.asarray(ImageOps.exif_transpose(stored))
    info = pictures.inspect(path)
    assert (info.height, info.width) == upright.shape
    np.testing.assert_array_equal(pictures.read(path, 1)[0], upright)
    assert ("turned as their EXIF says" in info.notes) == (orientation != 1)


def test_sixteen_bits_become_eight(tmp_path):
    values = RNG.integers(0, 65536, (5, 6)).astype(np.uint16)
    path = save(tmp_path / "a.png", Image.fromarray(values))
    np.testing.assert_array_equal(pictures.read(path, 1)[0], values >> 8)
    assert pictures.inspect(path).notes == ("16-bit, reduced to 8",)


def test_transparency_is_laid_on_white(tmp_path):
    pixels = np.zeros((2, 3, 4), np.uint8)
    pixels[0, :, 3] = 255
    path = save(tmp_path / "a.png", Image.fromarray(pixels))
    assert pictures.read(path, 3)[:, 0].max() == 0
    assert pictures.read(path, 3)[:, 1].min() == 255
    assert "transparent, laid on white" in pictures.inspect(path).notes


def test_transparent_palette(tmp_path):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    image.putpixel((0, 0), 0)
    path = save(tmp_path / "a.gif", image, transparency=0)
    read = pictures.read(path, 3)
    assert read[:, 0, 0].tolist() == [255, 255, 255]
    assert read[:, 1, 1].tolist() == [10, 20, 30]


@pytest.mark.parametrize(("third", "channels"), [(30, 1), (31, 3)])
def test_a_palette_is_grey_if_all_its_colours_are(tmp_path, third, channels):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 30, 30, third])
    path = save(tmp_path / "a.png", image)
    assert pictures.inspect(path).channels == channels


def test_cmyk_and_bilevel(tmp_path):
    path = save(tmp_path / "a.jpg", Image.new("CMYK", (8, 8), (0, 0, 0, 0)), quality=95)
    assert pictures.inspect(path).notes == ("CMYK, converted to RGB",)
    assert pictures.read(path, 3).min() > 250
    path = save(tmp_path / "b.png", Image.fromarray(np.eye(5) > 0))
    np.testing.assert_array_equal(pictures.read(path, 1)[0], 255 * np.eye(5))


def test_of_an_animation_the_first_picture_counts(tmp_path):
    frames = [Image.new("L", (5, 5), shade) for shade in (10, 200)]
    path = save(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert pictures.read(path, 1).max() == 10
    assert any("the first taken" in note for note in pictures.inspect(path).notes)


def test_floating_pixels_are_refused(folder):
    save(folder / "cat" / "f.tif", Image.fromarray(np.ones((10, 12), np.float32)))
    with pytest.raises(DataError, match=r"cat/f.tif has floating-point pixels"):
        fp.datasets.image_folder(folder)


def test_junk_is_passed_over_and_said(folder):
    (folder / "cat" / ".DS_Store").write_bytes(b"x")
    (folder / "cat" / "Thumbs.db").write_bytes(b"x")
    (folder / "dog" / "notes.txt").write_text("good dog")
    (folder / "README.md").write_text("my pets")
    (folder / "__MACOSX").mkdir()
    (folder / ".git").mkdir()
    data = fp.datasets.image_folder(folder)
    assert len(data) == 6
    assert "3 files that are no images were passed over" in data.description


def test_images_deeper_down(folder):
    save(folder / "cat" / "old" / "x.png", picture())
    assert np.bincount(fp.datasets.image_folder(folder).targets).tolist() == [4, 3]


def test_mixed_sizes_are_listed(folder):
    save(folder / "dog" / "big.png", picture(20, 30))
    with pytest.raises(DataError) as error:
        fp.datasets.image_folder(folder)
    assert "10 × 12: 6 (such as cat/0.png); 20 × 30: 1 (such as dog/big.png)" in str(error.value)
    assert "Give size=(10, 12)" in str(error.value)


def test_resizing_when_asked(folder):
    save(folder / "dog" / "big.png", Image.fromarray(np.uint8(255 * (np.indices((60, 60))[1] % 2))))
    data = fp.datasets.image_folder(folder, size=(20, 16))
    assert data.input_shape == (1, 20, 16)
    assert "7 were resized" in data.description
    # Stripes finer than the new pixels must turn grey: without antialiasing they would alias.
    assert np.abs(data.images[6, 0, :, 2:-2].astype(int) - 127).max() < 12


@pytest.mark.parametrize("size", [(0, 5), (5,), (2.5, 3), (10**9, 10**9)])
def test_wrong_sizes(folder, size):
    with pytest.raises(ArgumentError, match=r"size must be \(height, width\)"):
        fp.datasets.image_folder(folder, size=size)


def test_wrong_channels(folder):
    with pytest.raises(ArgumentError, match="channels must be 1"):
        fp.datasets.image_folder(folder, channels=2)


def test_more_than_memory_is_refused(folder, monkeypatch):
    from fencepost.datasets import folders

    monkeypatch.setattr(folders, "_physical_memory", lambda: 1000)
    with pytest.raises(DataError, match="half of this machine's"):
        fp.datasets.image_folder(folder)


# open


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


def test_the_parts_have_the_channels_of_training(divided):
    save(divided / "test/cat/0.png", picture(colour=True))
    assert fp.datasets.open(divided).test.input_shape == (1, 10, 12)


def test_parts_of_different_sizes(divided):
    for name in ("cat", "emu"):
        save(divided / "test" / name / "0.png", picture(5, 5))
    with pytest.raises(DataError, match=r"\(1, 10, 12\) to train on, \(1, 5, 5\) in the test part"):
        fp.datasets.open(divided)
    assert fp.datasets.open(divided, size=(8, 8)).test.input_shape == (1, 8, 8)


def test_a_class_that_is_only_tested(divided):
    save(divided / "test/yak/0.png", picture())
    with pytest.raises(DataError, match=r"one of the classes cat, dog, emu. Received: yak"):
        fp.datasets.open(divided)


def test_only_a_test_part(divided):
    (divided / "train").rename(divided / "valid-not")
    (divided / "val").rename(divided / ".val")
    import shutil

    shutil.rmtree(divided / "valid-not")
    with pytest.raises(DataError, match=r"data to train on. Received: only test"):
        fp.datasets.open(divided)
    assert len(fp.datasets.open_test(divided)) == 2


def test_a_divided_folder_is_no_class_folder(divided):
    with pytest.raises(DataError, match=r"parts of the data \(train/, val/, test/\)"):
        fp.datasets.image_folder(divided)


def test_open_mnist_and_its_test_part():
    assert len(fp.datasets.open_test("mnist")) == 10000


def test_open_test_numbers_by_the_models_classes(divided):
    data = fp.datasets.open_test(divided, class_names=("emu", "dog", "cat"))
    assert data.targets.tolist() == [2, 0]
    assert data.class_names == ("emu", "dog", "cat")


def test_open_test_refuses_what_the_model_does_not_know(tmp_path):
    np.savez(tmp_path / "d.npz", images=np.zeros((2, 4, 4), np.uint8), labels=["a", "b"])
    with pytest.raises(DataError, match=r"one of those known: b, c. Received: a"):
        fp.datasets.open_test(tmp_path / "d.npz", class_names=("b", "c"))
    data = fp.datasets.open_test(tmp_path / "d.npz", class_names=("b", "c", "a"))
    assert data.targets.tolist() == [2, 0]


def test_open_npz_with_and_without_test_part(tmp_path):
    x, y = np.zeros((3, 4, 4), np.uint8), [0, 1, 2]
    np.savez(tmp_path / "d.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2])
    source = fp.datasets.open(tmp_path / "d.npz")
    assert (len(source.train), len(source.test), source.validation) == (3, 2, None)
    np.savez(tmp_path / "d.npz", x=x, y=y)
    assert fp.datasets.open(tmp_path / "d.npz").test is None


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
