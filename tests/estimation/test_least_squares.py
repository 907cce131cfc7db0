"""learn_kernel: known kernels are found again, and it says when they cannot be."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

import fencepost as fp
from fencepost.estimation import learn_kernel
from fencepost.estimation.jpeg import Jpeg
from fencepost.experiments import train_kernel
from fencepost.plots.images.samples import read_portrait

KERNELS = {
    "laplace": fp.kernels.laplace(8),
    "sobel": fp.kernels.sobel("x"),
    "blur": fp.kernels.mean(5),
    "gaussian": fp.kernels.gaussian(0.8, 5),
    "sharpen": fp.kernels.sharpen(),
    "lopsided": fp.Kernel([[1, 2, 0], [0, -1, 0], [0, 0, 0.25]]),
}


@pytest.fixture(scope="module")
def portrait():
    return np.ascontiguousarray(read_portrait(None)[60:210, 50:200])


def jpeg(picture, quality):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def off(learned, kernel):
    """Return the largest error of a weight, as a share of the largest weight."""
    one, other = learned.kernel.matrix, kernel.matrix
    room = [max(sides) for sides in zip(one.shape, other.shape, strict=True)]
    both = []
    for matrix in (one, other):
        gaps = [side - own for side, own in zip(room, matrix.shape, strict=True)]
        both.append(np.pad(matrix, [(gap // 2, gap - gap // 2) for gap in gaps]))
    return np.abs(both[0] - both[1]).max() / np.abs(other).max()


@pytest.mark.parametrize("name", KERNELS)
def test_floats_give_it_exactly_and_its_size(portrait, name):
    before = portrait.astype(float)
    learned = learn_kernel(before, fp.filter_image(before, KERNELS[name]))
    assert learned.kernel.shape == KERNELS[name].shape
    assert off(learned, KERNELS[name]) < 1e-9
    assert learned.determined
    assert learned.verdict.startswith("Sure")


@pytest.mark.parametrize("name", KERNELS)
def test_rounded_and_cut_off_copies_give_it_within_its_errors(portrait, name):
    kernel = KERNELS[name]
    after = fp.filter_image(portrait, kernel)
    learned = learn_kernel(portrait, after, kernel.shape)
    assert off(learned, kernel) < 0.02
    assert (np.abs(learned.kernel.matrix - kernel.matrix) <= 5 * learned.errors + 1e-12).all()
    assert learned.residual < 0.32  # rounding leaves 0.29
    assert (
        learned.saturated
        == ((after == 0) | (after == 255))[
            tuple(slice(side // 2, -(side // 2)) for side in kernel.shape)
        ].sum()
    )


def test_an_offset_is_found(portrait):
    learned = learn_kernel(portrait, fp.filter_image(portrait, KERNELS["sobel"], offset=128), 3)
    assert learned.offset == pytest.approx(128, abs=0.01)
    assert off(learned, KERNELS["sobel"]) < 1e-3


@pytest.mark.parametrize("quality", [40, 75, 93])
@pytest.mark.parametrize("name", ["laplace", "sobel", "sharpen", "lopsided"])
def test_saturated_and_compressed_copies(portrait, name, quality):
    kernel = KERNELS[name]
    learned = learn_kernel(portrait, jpeg(fp.filter_image(portrait, kernel), quality), 3)
    assert off(learned, kernel) < 0.05
    assert learned.verdict.startswith("Fairly sure" if quality > 80 else ("Fairly", "Unsure"))
    assert learned.compression == f"quality {quality}"
    assert (np.abs(learned.kernel.matrix - kernel.matrix) <= 3 * learned.errors).all()


def test_what_compression_took_away_is_counted(portrait):
    """Blurs leave little detail to learn from, and compression takes most of that."""
    covered = []
    for name, quality in [("blur", 60), ("blur", 85), ("gaussian", 60), ("gaussian", 85)]:
        kernel = KERNELS[name]
        learned = learn_kernel(portrait, jpeg(fp.filter_image(portrait, kernel), quality), 5)
        covered.append(np.abs(learned.kernel.matrix - kernel.matrix) <= 2 * learned.errors)
        if quality == 60:
            assert learned.verdict.startswith("Unsure")
    assert np.mean(covered) > 0.85


def test_colour_is_compressed_more(portrait):
    picture = np.rint(portrait[..., None] * [1.0, 0.85, 0.6]).astype(np.uint8)
    kernel = KERNELS["sharpen"]
    learned = learn_kernel(picture, jpeg(fp.filter_image(picture, kernel), 80))
    assert learned.kernel.shape == (3, 3)
    assert "80" in learned.compression
    assert off(learned, kernel) < 0.01


def test_compression_is_read_from_the_file(portrait, tmp_path):
    kernel, path = KERNELS["sharpen"], tmp_path / "after.jpg"
    tables = [list(range(1, 65))]  # no quality of libjpeg's
    Image.fromarray(fp.filter_image(portrait, kernel)).save(path, qtables=tables)
    Image.fromarray(portrait).save(tmp_path / "plain.png")
    with Image.open(path) as image, Image.open(tmp_path / "plain.png") as plain:
        compression, after = Jpeg.of_file(image), np.asarray(image)
        assert Jpeg.of_file(plain) is None
    assert np.array_equal(compression.apply(after[None])[0].shape, after.shape)
    learned = learn_kernel(portrait, after, 3, compression=compression)
    assert learned.compression == "the file's own tables"
    assert off(learned, kernel) < off(learn_kernel(portrait, after, 3), kernel)
    assert (np.abs(learned.kernel.matrix - kernel.matrix) <= 3 * learned.errors).all()


def test_a_turned_photograph_is_not_compressed_again(portrait, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(portrait).save(tmp_path / "turned.jpg", exif=exif)
    with Image.open(tmp_path / "turned.jpg") as image:
        assert Jpeg.of_file(image) is None


@pytest.mark.parametrize(
    "way",
    [
        lambda picture: picture.filter(ImageFilter.MedianFilter(3)),
        lambda picture: picture.point(lambda level: round(255 * (level / 255) ** 0.6)),
    ],
    ids=["median", "gamma"],
)
def test_it_is_not_sure_of_what_no_kernel_made(portrait, way):
    """A kernel explains most of such a copy of a smooth picture, and is still not its cause."""
    learned = learn_kernel(portrait, np.asarray(way(Image.fromarray(portrait))))
    assert learned.explained > 0.9
    assert learned.verdict.startswith("Unsure")
    assert "in another way" in learned.verdict


def test_errors_cover_the_truth(portrait):
    """Of all weights of random kernels, about 19 in 20 are within two standard errors."""
    random = np.random.default_rng(11)
    shares = []
    for quality in (None, None, 85, 70):
        matrix = random.normal(size=(3, 3))
        kernel = fp.Kernel(matrix / np.abs(matrix).sum())
        after = fp.filter_image(portrait, kernel, offset=60)
        learned = learn_kernel(portrait, jpeg(after, quality) if quality else after, 3)
        shares.append((np.abs(learned.kernel.matrix - kernel.matrix) <= 2 * learned.errors).mean())
    assert np.mean(shares) > 0.9


def test_a_shift_is_a_kernel(portrait):
    learned = learn_kernel(portrait, np.roll(portrait, (3, -2), (0, 1)))
    expected = np.zeros((7, 7))
    expected[6, 1] = 1
    np.testing.assert_allclose(learned.kernel.matrix, expected, atol=1e-6)
    far = learn_kernel(portrait, np.roll(portrait, 25, axis=0))
    assert far.verdict.startswith("No")


def test_colours_and_sixteen_bits(portrait):
    random = np.random.default_rng(3)
    picture = random.integers(0, 65536, (90, 70, 3)).astype(np.uint16)
    learned = learn_kernel(picture, fp.filter_image(picture, KERNELS["blur"]))
    assert learned.kernel.shape == (5, 5)
    assert off(learned, KERNELS["blur"]) < 1e-4


def test_a_correlation_is_the_turned_kernel(portrait):
    after = fp.filter_image(portrait.astype(float), KERNELS["lopsided"], operation="correlate")
    learned = learn_kernel(portrait.astype(float), after, operation="correlate")
    assert off(learned, KERNELS["lopsided"]) < 1e-9


@pytest.mark.parametrize("size", [(2, 4), (4, 3), (1, 5)])
def test_even_sizes_have_their_origin_where_filtering_has(portrait, size):
    random = np.random.default_rng(4)
    kernel = fp.Kernel(random.normal(size=size))
    before = portrait.astype(float)
    learned = learn_kernel(before, fp.filter_image(before, kernel), size)
    np.testing.assert_allclose(learned.kernel.matrix, kernel.matrix, atol=1e-9)
    again = fp.filter_image(before, learned.kernel)
    np.testing.assert_allclose(again, fp.filter_image(before, kernel), atol=1e-6)


def test_it_says_when_the_picture_does_not_determine_it():
    stripes = np.tile(np.arange(60.0) % 7, (50, 1))
    learned = learn_kernel(stripes, fp.filter_image(stripes, KERNELS["blur"]), 5)
    assert not learned.determined
    assert learned.rank < learned.unknowns == 26
    assert "Not determined" in learned.verdict
    again = fp.filter_image(stripes, learned.kernel)[5:-5, 5:-5]
    np.testing.assert_allclose(
        again, fp.filter_image(stripes, KERNELS["blur"])[5:-5, 5:-5], atol=1e-9
    )


def test_it_says_when_no_kernel_does_it(portrait):
    before = portrait.astype(float)
    pair = fp.filter_image(before, fp.kernels.pair("sobel"))
    learned = learn_kernel(before, pair)
    assert learned.verdict.startswith("No: ")
    assert learned.explained < 0.9


def test_the_same_picture_is_the_identity(portrait):
    learned = learn_kernel(portrait, portrait)
    assert learned.kernel.matrix.tolist() == [[1.0]]


def test_results_are_plain_data_and_text(portrait):
    learned = learn_kernel(portrait, fp.filter_image(portrait, KERNELS["blur"]))
    numbers = learned.to_dict()
    assert numbers["tried"].keys() == {str(side) for side in range(1, 16, 2)}
    assert fp.kernels.parse(numbers["text"]).matrix.tolist() == numbers["kernel"]
    assert "size 5 × 5, the smallest that leaves as little over" in str(learned)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (np.zeros((9, 9)), np.zeros((9, 8)), "must have the same shape.*9 × 9.*8 × 9"),
        (np.zeros((9, 9), int), np.zeros((9, 9)), "before must be a picture.*int64"),
        (np.zeros((9,)), np.zeros((9,)), "before must be a picture"),
        (np.zeros((9, 9)), np.full((9, 9), np.nan), "after must have pixels.*NaN"),
        (np.zeros((0, 9)), np.zeros((0, 9)), "before must have pixels"),
        (np.zeros((3, 3)), np.zeros((3, 3)), "needs more than 10 pixels"),
        (np.zeros((40, 40), "u1"), np.zeros((40, 40), "u1"), "neither in the border nor black"),
    ],
)
def test_bad_pictures(before, after, message):
    with pytest.raises(fp.DataError, match=message):
        learn_kernel(before, after, 3)


@pytest.mark.parametrize("size", [0, 33, 2.5, (3, 3, 3), "3"])
def test_bad_sizes(size):
    with pytest.raises(fp.ArgumentError, match="size must be"):
        learn_kernel(np.ones((50, 50)), np.ones((50, 50)), size)


@pytest.mark.parametrize("name", ["laplace", "blur", "sobel"])
def test_a_layer_learns_it_too(portrait, name):
    kernel = KERNELS[name]
    after = fp.filter_image(portrait.astype(float), kernel)
    trained = train_kernel(portrait, after, kernel.shape[0])
    assert np.abs(trained - kernel.matrix).max() < 1e-4 * np.abs(kernel.matrix).max()


@pytest.mark.parametrize("shapes", [((60, 60), (60, 59)), ((30, 90), (30, 90)), ((90,), (90,))])
def test_images_that_a_layer_cannot_learn_from(shapes):
    with pytest.raises(fp.DataError, match=r"images of one shape.*at least 31 × 31"):
        train_kernel(*map(np.zeros, shapes), 3)
