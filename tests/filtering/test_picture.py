"""Picture files: what goes in comes out, with what the file says; what is bad is refused whole."""

from __future__ import annotations

import io
import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, PngImagePlugin, TiffImagePlugin

import fencepost as fp
from fencepost.filtering import read_image, write_image
from filtering.random_images import random_image

ORIENTATION, ARTIST, EXIF_IFD, EXPOSURE, GPS_IFD = 0x0112, 0x013B, 0x8769, 0x829A, 0x8825
RGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LOSSLESS = ["png", "tiff", "bmp", "ppm", "tga", "pcx", "sgi", "im", "qoi", "dds"]


def exif(orientation=1):
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    tags[ARTIST] = "Ada"
    tags.get_ifd(EXIF_IFD)[EXPOSURE] = TiffImagePlugin.IFDRational(1, 125)
    tags.get_ifd(GPS_IFD)[1] = "N"
    return tags.tobytes()


@pytest.mark.parametrize("ending", LOSSLESS)
@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_formats(tmp_path, ending, channels):
    if (ending, channels) == ("qoi", 1):
        pytest.skip("QOI has colour only")
    pixels = random_image((11, 14, channels), np.uint8)
    write_image(tmp_path / f"a.{ending}", pixels)
    again = read_image(tmp_path / f"a.{ending}")
    np.testing.assert_array_equal(again.pixels, pixels)
    assert os.listdir(tmp_path) == [f"a.{ending}"]


@pytest.mark.parametrize("ending", ["jpg", "webp", "jp2", "avif"])
def test_lossy_formats(tmp_path, ending):
    rows, columns = np.mgrid[:32, :48]
    pixels = np.dstack([3 * rows, 2 * columns, rows + columns]).astype(np.uint8)
    write_image(tmp_path / f"a.{ending}", pixels)
    again = read_image(tmp_path / f"a.{ending}")
    assert again.pixels.shape == pixels.shape
    assert np.abs(again.pixels.astype(int) - pixels).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp"])
def test_orientation_is_applied_and_dropped(tmp_path, ending, orientation):
    stored = np.zeros((32, 48, 3), np.uint8)
    stored[:16, :16] = 255  # one bright corner
    Image.fromarray(stored).save(tmp_path / f"a.{ending}", exif=exif(orientation))
    with Image.open(tmp_path / f"a.{ending}") as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    picture = read_image(tmp_path / f"a.{ending}")
    np.testing.assert_array_equal(picture.pixels, expected)
    write_image(tmp_path / f"b.{ending}", picture)
    with Image.open(tmp_path / f"b.{ending}") as again:
        tags = again.getexif()
        assert tags.get(ORIENTATION, 1) == 1
        assert tags[ARTIST] == "Ada"
        assert tags.get_ifd(EXIF_IFD)[EXPOSURE] == pytest.approx(1 / 125)
        assert tags.get_ifd(GPS_IFD)[1] == "N"
        seen = np.asarray(ImageOps.exif_transpose(again).convert("RGB"))
    assert np.abs(seen.astype(int) - expected).mean() < 8


@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp", "avif"])
def test_profile_resolution_and_xmp_are_kept(tmp_path, ending):
    xmp = b'<x:xmpmeta tiff:Orientation="6"><xmp:Thumbnails>AAAA</xmp:Thumbnails><r/></x:xmpmeta>'
    told = {"icc_profile": RGB_PROFILE, "xmp": xmp, "dpi": (300, 300)}
    if ending == "png":
        told["pnginfo"] = PngImagePlugin.PngInfo()
        told["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp.decode())
    if ending == "tiff":
        told["tiffinfo"] = {700: xmp}
    Image.new("RGB", (16, 16), "teal").save(tmp_path / f"a.{ending}", **told)
    write_image(tmp_path / f"b.{ending}", read_image(tmp_path / f"a.{ending}"))
    with Image.open(tmp_path / f"b.{ending}") as again:
        assert again.info["icc_profile"] == RGB_PROFILE
        kept = again.info.get("xmp") or again.info["XML:com.adobe.xmp"].encode()
        assert kept.replace(b" >", b">") == b"<x:xmpmeta><r/></x:xmpmeta>"
        if ending in ("jpg", "png", "tiff"):
            assert again.info["dpi"] == pytest.approx((300, 300), rel=1e-3)


def test_from_one_format_to_another(tmp_path):
    Image.new("RGB", (16, 16)).save(
        tmp_path / "a.jpg", exif=exif(6), icc_profile=RGB_PROFILE, dpi=(72, 72)
    )
    picture = read_image(tmp_path / "a.jpg")
    for ending in ("png", "tiff", "webp"):
        write_image(tmp_path / f"b.{ending}", picture)
        with Image.open(tmp_path / f"b.{ending}") as again:
            assert again.getexif()[ARTIST] == "Ada"
            assert again.getexif().get(ORIENTATION, 1) == 1
            assert again.info["icc_profile"] == RGB_PROFILE


def test_a_profile_of_other_colours_is_not_kept(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", icc_profile=RGB_PROFILE)
    picture = read_image(tmp_path / "a.png")
    grey = fp.Picture(picture.pixels[..., :1], "L", "PNG", picture.metadata)
    write_image(tmp_path / "b.png", grey)
    with Image.open(tmp_path / "b.png") as again:
        assert "icc_profile" not in again.info


def test_a_jpeg_is_compressed_as_it_was(tmp_path):
    pixels = random_image((64, 64, 3), np.uint8)
    for quality, subsampling in ((30, "4:2:0"), (90, "4:4:4")):
        Image.fromarray(pixels).save(
            tmp_path / "a.jpg", quality=quality, subsampling=subsampling, comment="sea"
        )
        write_image(tmp_path / "b.jpg", read_image(tmp_path / "a.jpg"), overwrite=True)
        with Image.open(tmp_path / "a.jpg") as one, Image.open(tmp_path / "b.jpg") as two:
            assert one.quantization == two.quantization
            assert two.layer == one.layer, "the sampling of each colour"
            assert two.info["comment"] == b"sea"


def test_a_webp_without_loss_stays_so(tmp_path):
    pixels = random_image((24, 24, 3), np.uint8)
    for lossless in (True, False):
        Image.fromarray(pixels).save(
            tmp_path / "a.webp", lossless=lossless, icc_profile=RGB_PROFILE, quality=95
        )
        picture = read_image(tmp_path / "a.webp")
        write_image(tmp_path / "b.webp", picture, overwrite=True)
        same = np.array_equal(read_image(tmp_path / "b.webp").pixels, picture.pixels)
        assert same == lossless


def test_thumbnails_of_the_unfiltered_picture_are_left_behind(tmp_path):
    first = exif()
    thumbnail = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(thumbnail, "JPEG")
    # A second directory with a thumbnail, as cameras write it, behind the first.
    start = struct.unpack_from(">I", first, 10)[0]
    link = 6 + start + 2 + 12 * struct.unpack_from(">H", first, 6 + start)[0]
    offset = len(first) - 6
    entries = struct.pack(">HHHII", 2, 0x0201, 4, 1, offset + 30)
    entries += struct.pack(">HHII", 0x0202, 4, 1, len(thumbnail.getvalue()))
    block = first[:link] + struct.pack(">I", offset) + first[link + 4 :]
    block += entries + bytes(4) + thumbnail.getvalue()
    Image.new("RGB", (16, 16)).save(tmp_path / "a.jpg", exif=block)
    assert thumbnail.getvalue() in (tmp_path / "a.jpg").read_bytes()
    write_image(tmp_path / "b.jpg", read_image(tmp_path / "a.jpg"))
    with Image.open(tmp_path / "b.jpg") as again:
        assert again.getexif()[ARTIST] == "Ada"
    assert thumbnail.getvalue() not in (tmp_path / "b.jpg").read_bytes()


def test_captions_of_newspapers_are_kept(tmp_path):
    caption = b"\x1c\x02\x78\x00\x05Ships"
    resource = struct.pack(">4sHHI", b"8BIM", 0x0404, 0, len(caption)) + caption
    preview = struct.pack(">4sHHI", b"8BIM", 0x040C, 0, 4) + b"view"
    block = b"Photoshop 3.0\0" + resource + preview
    segment = b"\xff\xed" + struct.pack(">H", len(block) + 2) + block
    Image.new("RGB", (16, 16)).save(tmp_path / "a.jpg", extra=segment)
    write_image(tmp_path / "b.jpg", read_image(tmp_path / "a.jpg"))
    with Image.open(tmp_path / "b.jpg") as again:
        assert again.info["photoshop"] == {0x0404: caption}


def test_texts_and_gamma_of_png(tmp_path):
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "Harbour")
    info.add_itxt("Author", "Łukasz")
    info.add(b"gAMA", struct.pack(">I", 45455))
    Image.new("L", (8, 8)).save(tmp_path / "a.png", pnginfo=info)
    write_image(tmp_path / "b.png", read_image(tmp_path / "a.png"))
    with Image.open(tmp_path / "b.png") as again:
        assert again.text == {"Title": "Harbour", "Author": "Łukasz"}
        assert again.info["gamma"] == pytest.approx(0.45455)


def test_tags_and_compression_of_tiff(tmp_path):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270], tags[305] = "Harbour", "a camera"
    Image.new("RGB", (40, 30), "teal").save(
        tmp_path / "a.tiff", compression="tiff_lzw", tiffinfo=tags
    )
    write_image(tmp_path / "b.tiff", read_image(tmp_path / "a.tiff"))
    with Image.open(tmp_path / "b.tiff") as again:
        assert again.info["compression"] == "tiff_lzw"
        assert again.tag_v2[270] == "Harbour"
        assert again.tag_v2[305] == "a camera"
        assert again.getpixel((0, 0)) == (0, 128, 128)


class TestSixteenBits:
    @pytest.mark.parametrize("channels", [1, 2, 3, 4])
    @pytest.mark.parametrize("ending", ["png", "tiff"])
    def test_round_trip_and_opencv(self, tmp_path, ending, channels):
        pixels = random_image((13, 17, channels), np.uint16)
        if (ending, channels) == ("tiff", 2):
            pytest.skip("neither Pillow nor OpenCV reads such a TIFF")
        path = tmp_path / f"a.{ending}"
        write_image(path, pixels)
        again = read_image(path)
        assert again.pixels.dtype == np.uint16
        np.testing.assert_array_equal(again.pixels, pixels)
        theirs = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        order = {1: ..., 2: (..., [0, 3]), 3: (..., [2, 1, 0]), 4: (..., [2, 1, 0, 3])}[channels]
        np.testing.assert_array_equal(theirs[order].reshape(pixels.shape), pixels)

    @pytest.mark.parametrize("channels", [1, 3, 4])
    @pytest.mark.parametrize("ending", ["png", "tiff"])
    def test_written_by_opencv(self, tmp_path, ending, channels):
        pixels = random_image((13, 17, channels), np.uint16)
        order = {1: ..., 3: (..., [2, 1, 0]), 4: (..., [2, 1, 0, 3])}[channels]
        cv2.imwrite(str(tmp_path / f"a.{ending}"), pixels[order])
        np.testing.assert_array_equal(read_image(tmp_path / f"a.{ending}").pixels, pixels)

    def test_metadata_go_along(self, tmp_path):
        for ending in ("png", "tiff"):
            picture = fp.Picture(random_image((9, 7, 3), np.uint16), "RGB", "PNG")
            told = read_from(tmp_path, exif=exif(6), icc_profile=RGB_PROFILE).metadata
            path = tmp_path / f"b.{ending}"
            write_image(path, fp.Picture(picture.pixels, "RGB", "PNG", told))
            again = read_image(path)
            np.testing.assert_array_equal(again.pixels, picture.pixels)
            assert again.metadata.icc_profile == RGB_PROFILE
            with Image.open(path) as image:
                assert image.getexif()[ARTIST] == "Ada"

    def test_orientation(self, tmp_path):
        pixels = random_image((9, 7, 3), np.uint16)
        told = read_from(tmp_path, exif=exif(1)).metadata
        write_image(tmp_path / "b.png", fp.Picture(pixels, "RGB", "PNG", told))
        content = (tmp_path / "b.png").read_bytes()
        turned = content.replace(*chunks_of_exif(exif(6)))
        (tmp_path / "c.png").write_bytes(turned)
        np.testing.assert_array_equal(read_image(tmp_path / "c.png").pixels, np.rot90(pixels, -1))

    def test_inks(self, tmp_path):
        pixels = random_image((9, 7, 4), np.uint16)
        write_image(tmp_path / "a.tiff", fp.Picture(pixels, "CMYK", "TIFF"))
        again = read_image(tmp_path / "a.tiff")
        assert again.colours == "CMYK"
        np.testing.assert_array_equal(again.pixels, pixels)

    def test_other_formats_are_refused(self, tmp_path):
        for ending in ("jpg", "webp", "bmp"):
            with pytest.raises(fp.DataError, match="16 bits"):
                write_image(tmp_path / f"a.{ending}", np.zeros((4, 4, 3), np.uint16))
        assert not list(tmp_path.iterdir())


def read_from(folder, **told):
    Image.new("RGB", (8, 8)).save(folder / "told.jpg", **told)
    return read_image(folder / "told.jpg")


def chunks_of_exif(turned):
    """The eXIf chunk without orientation, and one with."""
    tags = Image.Exif()
    tags.load(exif())
    del tags[ORIENTATION]

    def chunk(data):
        return (
            struct.pack(">I", len(data))
            + b"eXIf"
            + data
            + struct.pack(">I", zlib.crc32(b"eXIf" + data))
        )

    return chunk(tags.tobytes()[6:]), chunk(turned[6:])


@pytest.mark.parametrize("ending", ["gif", "png", "webp", "tiff"])
def test_several_frames_are_refused(tmp_path, ending):
    frames = [Image.fromarray(random_image((9, 9), np.uint8, seed)) for seed in range(3)]
    frames[0].save(tmp_path / f"a.{ending}", save_all=True, append_images=frames[1:])
    with pytest.raises(fp.DataError, match="3 frames"):
        read_image(tmp_path / f"a.{ending}")


def bomb():
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + name + data
        content += struct.pack(">I", zlib.crc32(name + data))
    return content


def test_bad_files(tmp_path):
    good = io.BytesIO()
    Image.fromarray(random_image((64, 64, 3), np.uint8)).save(good, "PNG")
    deep = tmp_path / "deep.png"
    write_image(deep, random_image((64, 64, 3), np.uint16))
    no_pixels = bomb().replace(struct.pack(">II", 60000, 60000), bytes(8))
    cases = {
        "cut.png": (good.getvalue()[:5000], "damaged"),
        "cut_deep.png": (deep.read_bytes()[:9000], "damaged"),
        "empty.png": (b"", "not an image"),
        "text.jpg": (b"no image", "not an image"),
        "bomb.png": (bomb(), "134,217,728"),
        "none.png": (no_pixels, "image|pixels"),
        "none.ppm": (b"P5 0 4 255\n", "image|pixels|damaged"),
        "program.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
    }
    for name, (content, problem) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(fp.DataError, match=problem) as caught:
            read_image(tmp_path / name)
        assert name in str(caught.value)
    with pytest.raises(fp.DataError, match=r"gone\.png"):
        read_image(tmp_path / "gone.png")


class TestWriting:
    def test_nothing_is_replaced_unless_asked(self, tmp_path):
        write_image(tmp_path / "a.png", np.zeros((4, 4), np.uint8))
        before = (tmp_path / "a.png").read_bytes()
        with pytest.raises(fp.DataError, match="exists"):
            write_image(tmp_path / "a.png", np.ones((4, 4), np.uint8))
        assert (tmp_path / "a.png").read_bytes() == before
        write_image(tmp_path / "a.png", np.ones((4, 4), np.uint8), overwrite=True)
        assert (tmp_path / "a.png").read_bytes() != before

    def test_a_failure_leaves_what_was_there(self, tmp_path, monkeypatch):
        write_image(tmp_path / "a.png", np.zeros((4, 4), np.uint8))
        before = (tmp_path / "a.png").read_bytes()

        def stop(image, file, *rest, **options):
            file.write(b"half")
            raise KeyboardInterrupt

        monkeypatch.setattr(Image.Image, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            write_image(tmp_path / "a.png", np.ones((4, 4), np.uint8), overwrite=True)
        assert (tmp_path / "a.png").read_bytes() == before
        assert os.listdir(tmp_path) == ["a.png"]

    @pytest.mark.parametrize("name", ["a", "a.txt", "a.nef", "a.mpg"])
    def test_endings_that_say_no_format(self, tmp_path, name):
        with pytest.raises(fp.DataError, match="ending"):
            write_image(tmp_path / name, np.zeros((4, 4), np.uint8))

    def test_alpha_in_a_jpeg(self, tmp_path):
        with pytest.raises(fp.DataError, match=r"a\.jpg.*png"):
            write_image(tmp_path / "a.jpg", np.zeros((4, 4, 4), np.uint8))
        assert not list(tmp_path.iterdir())

    def test_no_folder(self, tmp_path):
        with pytest.raises(fp.DataError, match="No such file"):
            write_image(tmp_path / "gone" / "a.png", np.zeros((4, 4), np.uint8))


def test_a_picture_is_filtered_with_all_that_it_says(tmp_path):
    Image.fromarray(random_image((24, 32, 3), np.uint8)).save(
        tmp_path / "a.png", icc_profile=RGB_PROFILE, exif=exif(8)
    )
    picture = read_image(tmp_path / "a.png")
    blurred = fp.filter_image(picture, "mean:size=3")
    assert isinstance(blurred, fp.Picture)
    assert blurred.metadata == picture.metadata
    np.testing.assert_array_equal(blurred.pixels, fp.filter_image(picture.pixels, "mean:size=3"))
    gradient = fp.image_gradient(picture)
    assert gradient.magnitude.shape == (32, 24, 3)


def test_path_and_picture_in_the_wrong_order():
    with pytest.raises(fp.ArgumentError, match="Received as path: ndarray"):
        write_image(np.zeros((4, 4), np.uint8), "a.png")


def test_files_that_are_closed_or_open_for_writing_are_refused(tmp_path):
    closed = io.BytesIO(b"x")
    closed.close()
    with pytest.raises(fp.DataError, match="the data cannot be read"):
        read_image(closed)
    with (
        (tmp_path / "a.png").open("wb") as file,
        pytest.raises(fp.DataError, match="cannot be read"),
    ):
        read_image(file)
