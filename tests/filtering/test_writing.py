"""What a file would drop is refused; frames keep their times; nothing is lost without a word."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.filtering import read_frames, read_image, write_frames, write_image
from fencepost.filtering.pixels import CHANNELS, has_alpha
from fencepost.filtering.side_by_side import as_colours
from fencepost.filtering.writing import _HOLDS, flattened, parse_colour
from filtering.random_images import random_image

WRITE_ONLY = ("EPS", "PDF")
LOSSY = ("AVIF", "JPEG", "MPO", "WEBP")
ENDINGS = {"JPEG": "jpg", "JPEG2000": "jp2", "TIFF": "tif", "PPM": "ppm", "SGI": "rgb"}


def every_format():
    Image.init()
    extensions = {format: ending for ending, format in Image.registered_extensions().items()}
    for format in sorted(Image.SAVE):
        if format in extensions:
            yield format, ENDINGS.get(format, extensions[format].lstrip("."))


def test_a_format_is_found_before_all_are_imported():
    code = """
from pathlib import Path
from PIL import Image
from fencepost.filtering.writing import format_of, is_picture_name
quick = {}
for ending in ("png", "jpg", "jpeg", "JPE", "apng", "bmp", "gif", "ppm", "pgm", "pbm", "pnm"):
    quick[ending] = format_of(Path("a." + ending))
assert "TGA" not in Image.SAVE
assert is_picture_name(Path("a.tga")) and format_of(Path("a.tga")) == "TGA"
assert is_picture_name(Path("a.psd")) and not is_picture_name(Path("a.txt"))
for ending, format in quick.items():
    assert Image.registered_extensions()["." + ending.lower()] == format
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("colours", sorted(CHANNELS))
@pytest.mark.parametrize(("format", "ending"), list(every_format()))
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_format_holds_all_channels_or_refuses(tmp_path, format, ending, colours):
    rows, columns = np.mgrid[:32, :32]
    pixels = np.stack([4 * rows, 6 * columns, 200 - 3 * rows, 30 + 5 * columns], axis=2)
    pixels = pixels[..., -CHANNELS[colours] :].astype(np.uint8)
    path = tmp_path / f"a.{ending}"
    try:
        write_image(path, fp.Picture(pixels, colours))
    except fp.DataError as error:
        assert path.name in str(error)
        assert not path.exists()
        assert format == "GIF" or format not in _HOLDS or colours not in _HOLDS[format]
        return
    if format in WRITE_ONLY:
        return
    again = read_image(path)
    seen = again.pixels if again.colours == colours else again.pixels[..., -CHANNELS[colours] :]
    assert np.abs(seen.astype(int) - pixels).max() <= (30 if format in LOSSY else 0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_what_can_be_written_can_be_read_back(tmp_path, dtype, channels):
    pixels = random_image((13, 17, channels), dtype)
    for ending in ("png", "tif", "webp", "jpg", "bmp", "ppm", "jp2", "gif"):
        try:
            write_image(tmp_path / f"a.{ending}", pixels)
        except fp.DataError:
            continue
        again = read_image(tmp_path / f"a.{ending}")
        assert again.pixels.dtype == (pixels.dtype if ending != "webp" else np.uint8)
        if ending == "gif":
            np.testing.assert_array_equal(again.pixels, np.repeat(pixels, 3 // channels, axis=2))
        elif ending not in ("jpg", "webp"):
            np.testing.assert_array_equal(again.pixels, pixels)


class TestSources:
    def test_bytes_and_files(self, tmp_path):
        pixels = random_image((9, 7, 3), np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")  # which leaves it at its end
        (tmp_path / "a.png").write_bytes(buffer.getvalue())
        np.testing.assert_array_equal(read_image(buffer).pixels, pixels)
        np.testing.assert_array_equal(read_image(buffer.getvalue()).pixels, pixels)
        np.testing.assert_array_equal(read_image(memoryview(buffer.getvalue())).pixels, pixels)
        with (tmp_path / "a.png").open("rb") as file:
            np.testing.assert_array_equal(read_image(file).pixels, pixels)
            assert not file.closed
        np.testing.assert_array_equal(read_image(str(tmp_path / "a.png")).pixels, pixels)

    def test_deep_and_lossless_ones_too(self, tmp_path):
        deep = random_image((9, 7, 3), np.uint16)
        write_image(tmp_path / "a.png", deep)
        picture = read_image((tmp_path / "a.png").read_bytes())
        np.testing.assert_array_equal(picture.pixels, deep)
        Image.new("RGB", (9, 7)).save(tmp_path / "a.webp", lossless=True)
        assert read_image(io.BytesIO((tmp_path / "a.webp").read_bytes())).metadata.coding[
            "lossless"
        ]

    @pytest.mark.parametrize("source", [3, None, np.zeros((3, 3)), io.StringIO("a")])
    def test_what_is_no_source(self, source):
        with pytest.raises(fp.ArgumentError, match="bytes"):
            read_image(source)

    def test_an_open_file_is_named(self):
        with pytest.raises(fp.DataError, match="the data is not an image"):
            read_image(b"no image")


class TestFrames:
    @pytest.mark.parametrize("ending", ["gif", "webp", "apng"])
    def test_times_and_loops_are_kept(self, tmp_path, ending):
        frames = [Image.new("L", (12, 9), 60 * k + 20) for k in range(4)]
        for k, frame in enumerate(frames):
            frame.putpixel((k, k), 255)
        times = [40, 90, 40, 200]
        frames[0].save(
            tmp_path / f"a.{ending}", save_all=True, append_images=frames[1:], duration=times,
            loop=3, **({"lossless": True} if ending == "webp" else {}),
        )  # fmt: skip
        pictures = read_frames(tmp_path / f"a.{ending}")
        write_frames(tmp_path / f"b.{ending}", pictures)
        again = read_frames(tmp_path / f"b.{ending}")
        assert [picture.metadata.duration for picture in again] == times
        assert {picture.metadata.loop for picture in again} == {3}
        for k, picture in enumerate(again):
            expected = np.asarray(frames[k].convert("RGB"))
            np.testing.assert_array_equal(np.broadcast_to(picture.pixels, (9, 12, 3)), expected)
            np.testing.assert_array_equal(
                read_image(tmp_path / f"b.{ending}", frame=k).pixels, picture.pixels
            )
        with pytest.raises(fp.DataError, match="4 frames or pages, counted from 0, and no 4"):
            read_image(tmp_path / f"b.{ending}", frame=4)

    def test_colours_that_a_gif_does_not_hold(self, tmp_path):
        frames = [fp.Picture(random_image((40, 40, 3), np.uint8, k), "RGB", "GIF") for k in (0, 1)]
        with pytest.raises(fp.DataError, match="256 colours"):
            write_frames(tmp_path / "a.gif", frames)
        write_frames(tmp_path / "a.webp", frames)
        for frame, again in zip(frames, read_frames(tmp_path / "a.webp"), strict=True):
            np.testing.assert_array_equal(again.pixels, frame.pixels)

    @pytest.mark.parametrize("count", [1, 2, 4])
    @pytest.mark.parametrize("colours", sorted(CHANNELS))
    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
    def test_a_gif_holds_what_is_seen_or_refuses(self, tmp_path, colours, dtype, count):
        """Also where colours differ that are not seen, of which GIF has one, or a frame has none.

        What is not seen must not show the frame before, either.
        """
        frames = []
        for k in range(count):
            pixels = random_image((9, 7, CHANNELS[colours]), np.uint8, k) & 0xF0
            if has_alpha(colours):
                pixels[..., -1] = np.where(
                    pixels[..., -1] > (100 if k or count == 1 else -1), 255, 0
                )
            frames.append(fp.Picture(pixels.astype(dtype), colours, "GIF"))
        path = tmp_path / "a.gif"
        if dtype != np.uint8 or colours == "CMYK":
            with pytest.raises(fp.DataError, match=r"a\.gif"):
                write_frames(path, frames)
            return
        write_frames(path, frames)
        again = read_frames(path)
        assert len(again) == count
        for frame, read in zip(frames, again, strict=True):
            wanted = as_colours(frame.pixels, colours, "RGBA")
            seen = as_colours(read.pixels, read.colours, "RGBA")
            np.testing.assert_array_equal(seen[..., 3], wanted[..., 3])
            there = wanted[..., 3] > 0
            np.testing.assert_array_equal(seen[there], wanted[there])

    def test_frames_of_several_types_are_named(self, tmp_path):
        frames = [random_image((9, 9), np.uint8), random_image((9, 9), np.uint16)]
        with pytest.raises(fp.DataError, match="Received: grey in uint16 and grey in uint8"):
            write_frames(tmp_path / "a.tif", frames)

    def test_formats_of_one_frame(self, tmp_path):
        frames = [random_image((9, 9), np.uint8, k) for k in (0, 1)]
        for ending in ("jpg", "bmp", "png"):
            with pytest.raises(fp.DataError, match="2 frames"):
                write_frames(
                    tmp_path / f"a.{ending}", [fp.Picture(f[..., None], "L", "GIF") for f in frames]
                )
        with pytest.raises(fp.DataError, match="one size"):
            write_frames(tmp_path / "a.webp", [frames[0], frames[1][:4]])


class TestFlattened:
    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
    def test_a_ground_is_seen_where_nothing_is(self, dtype):
        full = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
        pixels = np.array([[[0, 0, 0, 0], [full, 0, 0, full], [0, 0, 0, full / 2]]]).astype(dtype)
        flat = flattened(fp.Picture(pixels, "RGBA"), (255, 128, 0))
        assert (flat.colours, flat.pixels.dtype) == ("RGB", dtype)
        expected = [[1, 128 / 255, 0], [1, 0, 0], [0.5, 64 / 255, 0]]
        np.testing.assert_allclose(flat.pixels[0] / full, expected, atol=0.003)

    def test_grey_stays_grey_on_grey(self):
        pixels = np.array([[[10, 0], [10, 255]]], np.uint8)
        assert flattened(fp.Picture(pixels, "LA"), (9, 9, 9)).pixels.tolist() == [[[9], [10]]]
        assert flattened(fp.Picture(pixels, "LA"), (9, 8, 7)).colours == "RGB"
        opaque = fp.Picture(pixels[..., :1], "L")
        assert flattened(opaque, (0, 0, 0)) is opaque

    @pytest.mark.parametrize("text", ["", "wite", "#12345", "#11223344"])
    def test_what_is_no_colour(self, text):
        with pytest.raises(fp.ArgumentError, match="#RRGGBB"):
            parse_colour(text)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e30, 1e300, -1e300, 1e308])
def test_a_factor_beyond_all_measure_is_white_or_black(dtype, scale):
    image = np.array([[0, 1, 200], [3, 0, 7]], dtype)
    for kernel in ("sharpen", [[1.0]], "sobel"):
        result = fp.filter_image(image, kernel, scale=scale)
        plain = fp.filter_image(image.astype(np.float64), kernel)
        if np.dtype(dtype).kind == "u":
            top = np.iinfo(dtype).max
            np.testing.assert_array_equal(result, np.where(plain * np.sign(scale) > 0, top, 0))
        else:
            assert not np.isnan(result).any()
    heavy = fp.filter_image(image, np.array([[1e300]]))
    assert not np.isnan(heavy.astype(float)).any()
    if np.dtype(dtype).kind == "u":
        np.testing.assert_array_equal(heavy, np.where(image > 0, np.iinfo(dtype).max, 0))


def test_what_exists_is_not_overwritten_and_it_is_said(tmp_path):
    image = np.zeros((4, 4), np.uint8)
    write_image(tmp_path / "a.png", image)
    before = (tmp_path / "a.png").read_bytes()
    with pytest.raises(fp.DataError, match=r"a\.png already exists, and is not overwritten"):
        write_image(tmp_path / "a.png", image + 9)
    assert (tmp_path / "a.png").read_bytes() == before
