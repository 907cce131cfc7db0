"""`fencepost filter`: what is written is what filter_image gives, and nothing else is written."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from cli.interrupts import COMMAND, started
from cli.refusal import refused


def picture(seed=0, shape=(24, 32, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture
def photos(tmp_path):
    """Three pictures, one of them in a folder within, and a file that is not a WAV file."""
    root = tmp_path / "photos"
    (root / "sea").mkdir(parents=True)
    for k, name in enumerate(("a.png", "b.bmp", "sea/c.png")):
        Image.fromarray(picture(k)).save(root / name)
    (root / "notes.txt").write_text("no picture")
    return root


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*") if p.is_file())


def test_one_image(fencepost, tmp_path):
    Image.fromarray(picture()).save("a.png")
    done = fencepost("filter", "a.png", "--kernel", "gaussian:sigma=2", "-o", "b.png")
    assert done.status == 0, done.err
    assert (done.out, done.err) == ("", "Saved b.png.\n")
    expected = fp.filter_image(picture(), fp.kernels.gaussian(sigma=2))
    np.testing.assert_array_equal(read("b.png"), expected)
    assert files(tmp_path) == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        (["--boundary", "wrap"], {"boundary": "wrap"}),
        (["--boundary", "17.5"], {"boundary": 17.5}),
        (["--boundary", "none"], {"boundary": "none"}),
        (["--luminance"], {"luminance": True}),
        (["--scale", "0.5", "--offset", "128"], {"scale": 0.5, "offset": 128}),
        (["--magnitude"], {"magnitude": True}),
        (["--correlate"], {"operation": "correlate"}),
    ],
)
def test_options(fencepost, flags, options):
    Image.fromarray(picture()).save("a.png")
    kernel = "3x3: 0,-1,0 -1,5,-2 0,-1,0.25"
    done = fencepost("filter", "a.png", "-k", kernel, "-o", "b.png", *flags)
    assert done.status == 0, done.err
    np.testing.assert_array_equal(read("b.png"), fp.filter_image(picture(), kernel, **options))


def test_a_chain_is_rounded_once(fencepost):
    Image.fromarray(picture()).save("a.png")
    chain = ["gaussian:sigma=1", "3x3: -1,-1,-1 -1,8,-1 -1,-1,-1", "mean:size=3"]
    flags = [flag for kernel in chain for flag in ("--kernel", kernel)]
    done = fencepost("filter", "a.png", *flags, "-o", "b.png", "--json")
    np.testing.assert_array_equal(read("b.png"), fp.filter_image(picture(), chain))
    assert len(done.json["kernels"]) == 3


def test_alpha(fencepost):
    Image.fromarray(picture(shape=(9, 9, 4))).save("a.png")
    for alpha in ("auto", "keep"):
        fencepost("filter", "a.png", "-k", "mean:size=3", "-o", f"{alpha}.png", "--alpha", alpha)
        expected = fp.filter_image(picture(shape=(9, 9, 4)), "mean:size=3", alpha=alpha)
        np.testing.assert_array_equal(read(f"{alpha}.png"), expected)


def test_direction_as_hue(fencepost):
    columns = np.mgrid[:32, :32][1]
    for image, colour in ((columns, "red"), (-columns, "cyan")):
        Image.fromarray((image * 4 % 256).astype(np.uint8)).save("a.png")
        done = fencepost(
            "filter", "a.png", "-k", "sobel", "--direction", "-o", "b.png", "--overwrite"
        )
        assert done.status == 0, done.err
        red, green, blue = read("b.png")[16, 16].astype(int)
        assert (red > 0 == green == blue) if colour == "red" else (red == 0 < green == blue)
    refused(fencepost("filter", "a.png", "-k", "mean", "--direction", "-o", "c.png"), "--direction")


def test_a_folder_keeps_its_names(fencepost, photos, tmp_path):
    done = fencepost("filter", photos, "--kernel", "sobel", "-o", "out", "--json")
    assert done.status == 0, done.err
    assert files("out") == ["a.png", "b.bmp", "sea/c.png"]
    for k, name in enumerate(files("out")):
        np.testing.assert_array_equal(read(f"out/{name}"), fp.filter_image(picture(k), "sobel"))
    assert done.json["written"] == 3
    assert done.json["rejected"] == 0
    assert [item["output"] for item in done.json["images"]] == [
        os.path.join("out", *name.split("/")) for name in files("out")
    ]
    assert "Saved 3 images in out" in done.err


def test_several_files_and_folders(fencepost, photos):
    Image.fromarray(picture(9)).save("d.png")
    assert fencepost("filter", photos / "sea", "d.png", "-k", "mean", "-o", "out").status == 0
    assert files("out") == ["c.png", "d.png"]


def test_another_format(fencepost, photos):
    assert fencepost("filter", photos, "-k", "mean", "-o", "out", "--format", "TIFF").status == 0
    assert files("out") == ["a.tiff", "b.tiff", "sea/c.tiff"]


def test_compare(fencepost):
    Image.fromarray(picture()).save("a.png")
    fencepost("filter", "a.png", "-k", "mean:size=3", "-o", "b.png", "--compare")
    both = read("b-compare.png")
    np.testing.assert_array_equal(both[:, :32], picture())
    np.testing.assert_array_equal(both[:, -32:], read("b.png"))
    assert (both[:, 32:-32] == 255).all()
    assert both.shape[1] > 64


def test_compare_of_other_sizes_and_colours(fencepost):
    Image.fromarray(picture(shape=(20, 30))).save("a.png")
    fencepost("filter", "a.png", "-k", "sobel", "-o", "b.png", "--compare", "--boundary", "none")
    both = read("b-compare.png")
    np.testing.assert_array_equal(both[1:19, -29:-1], read("b.png"))
    fencepost("filter", "a.png", "-k", "sobel", "-o", "c.png", "--compare", "--direction")
    both = read("c-compare.png")
    np.testing.assert_array_equal(both[:, :30], np.repeat(read("a.png")[..., None], 3, axis=2))


def test_metadata_are_kept_and_the_image_upright(fencepost):
    tags = Image.Exif()
    tags[0x0112], tags[0x013B] = 6, "Ada"
    Image.fromarray(picture()).save("a.jpg", exif=tags)
    assert fencepost("filter", "a.jpg", "-k", "mean", "-o", "b.jpg").status == 0
    with Image.open("b.jpg") as image:
        assert image.size == (24, 32)
        assert image.getexif()[0x013B] == "Ada"
        assert image.getexif().get(0x0112, 1) == 1


def test_bad_files_are_listed_and_the_others_done(fencepost, photos):
    whole = (photos / "a.png").read_bytes()
    (photos / "cut.png").write_bytes(whole[:400])
    (photos / "sea" / "text.png").write_text("no image")
    done = fencepost("filter", photos, "-k", "mean", "-o", "out", "--json")
    assert done.status == 2
    assert files("out") == ["a.png", "b.bmp", "sea/c.png"]
    assert done.json["written"] == 3
    assert done.json["rejected"] == 2
    errors = [item for item in done.json["images"] if "error" in item]
    assert [Path(error["image"]).name for error in errors] == ["cut.png", "text.png"]
    assert "cut.png is damaged" in done.err
    assert "text.png is not an image" in done.err
    assert "2 of 5 images were not filtered" in done.err
    assert "Traceback" not in done.err


def test_nothing_is_replaced_unless_told(fencepost, photos, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "b.bmp").write_bytes(b"precious")
    refused(fencepost("filter", photos, "-k", "mean", "-o", "out"), "b.bmp", "--overwrite")
    assert files(out) == ["b.bmp"], "nothing else is written either"
    assert (out / "b.bmp").read_bytes() == b"precious"
    assert fencepost("filter", photos, "-k", "mean", "-o", "out", "--overwrite").status == 0
    assert files(out) == ["a.png", "b.bmp", "sea/c.png"]


def test_in_place_if_told(fencepost):
    Image.fromarray(picture()).save("a.png")
    refused(fencepost("filter", "a.png", "-k", "mean", "-o", "a.png"), "a.png", "--overwrite")
    np.testing.assert_array_equal(read("a.png"), picture())
    assert fencepost("filter", "a.png", "-k", "mean", "-o", "a.png", "--overwrite").status == 0
    np.testing.assert_array_equal(read("a.png"), fp.filter_image(picture(), "mean"))


class TestRefused:
    """A clear error, nothing written, nothing overwritten."""

    @pytest.fixture(autouse=True)
    def only_what_was_there(self, photos, tmp_path):
        Image.fromarray(picture()).save(tmp_path / "a.png")
        (tmp_path / "empty").mkdir()
        before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
        folders = sorted(p for p in tmp_path.rglob("*") if p.is_dir())
        yield
        assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before
        assert sorted(p for p in tmp_path.rglob("*") if p.is_dir()) == folders

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ([], ["IMAGES"]),
            (["a.png", "-o", "b.png"], ["--kernel"]),
            (["a.png", "-k", "mean"], ["--out"]),
            (["gone.png", "-k", "mean", "-o", "b.png"], ["gone.png"]),
            (["empty", "-k", "mean", "-o", "out"], ["empty", "image"]),
            (["photos", "-k", "mean", "-o", "photos"], ["--out", "outside"]),
            (["photos", "-k", "mean", "-o", "photos/new/deep"], ["--out", "outside"]),
            (["photos", "-k", "mean", "-o", "a.png"], ["--out"]),
            (["a.png", "photos/a.png", "-k", "mean", "-o", "out"], ["name", "a.png"]),
            (["a.png", "-k", "gausian", "-o", "b.png"], ["gausian", "gaussian"]),
            (["a.png", "-k", "gaussian:sigma=-1", "-o", "b.png"], ["sigma", "-1"]),
            (["a.png", "-k", "3x3: 0,x", "-o", "b.png"], ["column 8"]),
            (["a.png", "-k", "1x1: nan", "-o", "b.png"], ["nan"]),
            (["a.png", "-k", "mean", "-o", "b.xyz"], ["b.xyz", "extension"]),
            (["a.png", "-k", "mean", "-o", "b.png", "--format", "xyz"], ["xyz"]),
            (["a.png", "-k", "mean", "-o", "b.png", "--boundary", "reflct"], ["reflect"]),
            (["a.png", "-k", "mean", "-o", "b.png", "--boundary", "nan"], ["boundary"]),
            (["a.png", "-k", "mean", "-o", "b.png", "--scale", "inf"], ["scale"]),
            (["a.png", "-k", "mean", "-o", "b.png", "--alpha", "drop"], ["alpha", "keep"]),
            (["a.png", "-k", "mean", "-o", "b.png", "--threads", "0"], ["--threads"]),
            (["a.png", "-k", "mean:size=25", "-o", "b.png", "--boundary", "none"], ["a.png", "25"]),
            (["a.png", "-k", "mean", "-o", "empty/a.png/b.png/", "--threads", "x"], ["--threads"]),
        ],
    )
    def test_arguments(self, fencepost, arguments, words):
        refused(fencepost("filter", *arguments), *words)

    @pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write all")
    def test_folder_that_must_not_be_written(self, fencepost, tmp_path):
        (tmp_path / "empty").chmod(0o500)
        refused(fencepost("filter", "a.png", "-k", "mean", "-o", "empty/b.png"), "--out")
        (tmp_path / "empty").chmod(0o700)


def test_all_of_a_kind(fencepost, tmp_path):
    """Files that hold no usable picture: each named with its reason, nothing written."""
    frames = [Image.fromarray(picture(k)) for k in range(2)]
    frames[0].save("moving.gif", save_all=True, append_images=frames[1:])
    Image.fromarray(picture()).save("a.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:300])
    (tmp_path / "empty.png").write_bytes(b"")
    before = files(tmp_path)
    for name, reason in (
        ("moving.gif", "2 frames"), ("cut.png", "damaged"), ("empty.png", "not an image"),
    ):  # fmt: skip
        refused(fencepost("filter", name, "-k", "mean", "-o", "out.png"), name, reason)
        refused(fencepost("filter", name, "-k", "mean", "-o", "new/"), name, reason)
    assert files(tmp_path) == before
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX does")
def test_ctrl_c_leaves_whole_files_only(tmp_path, environment):
    (tmp_path / "in").mkdir()
    noise = Image.fromarray(picture(shape=(600, 800, 3)))
    noise.save(tmp_path / "in" / "000.png", compress_level=1)
    for k in range(1, 400):  # so many that a busy machine does not finish before it is stopped
        os.link(tmp_path / "in" / "000.png", tmp_path / "in" / f"{k:03}.png")
    command = [*COMMAND, "filter", "in", "-k", "mean", "-o", "out", "--threads", "1"]
    process = started(command, tmp_path, environment)
    while len(list(tmp_path.glob("out/*.png"))) < 2:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    written = list((tmp_path / "out").iterdir())
    assert 2 <= len(written) < 400
    assert "of 400 images done" in err
    for path in written:
        assert path.suffix == ".png"
        assert read(path).shape == (600, 800, 3)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_many_small_images(fencepost, tmp_path):
    (tmp_path / "in").mkdir()
    for k in range(210):
        Image.fromarray(picture(k, (8, 9))).save(f"in/{k}.png")
    Path("in/7.png").write_bytes(b"none")
    Image.fromarray(picture(1, (200, 300, 3))).save("in/large.png")
    done = fencepost("filter", "in", "-k", "sobel", "-o", "out", "--json", "--threads", "3")
    assert done.status == 2
    assert "7.png is not an image that can be read" in done.err
    assert (done.json["written"], done.json["rejected"]) == (210, 1)
    assert len(files("out")) == 210
    for k in (0, 1, 100, 209):
        np.testing.assert_array_equal(
            read(f"out/{k}.png"), fp.filter_image(picture(k, (8, 9)), "sobel")
        )


def test_one_name_for_several_images_is_refused(fencepost, photos, tmp_path):
    Image.fromarray(picture()).save("a.png")
    Image.fromarray(picture(1)).save("b.png")
    for given in (["a.png", "b.png"], ["photos"]):
        refused(fencepost("filter", *given, "-k", "mean", "-o", "both.png"), "both.png", "folder")
    assert not (tmp_path / "both.png").exists()


def test_a_file_that_no_library_expected_does_not_end_the_run(fencepost, tmp_path, monkeypatch):
    import struct

    from fencepost.filtering import picture as module

    for k in range(4):
        Image.fromarray(picture(k)).save(f"{k}.png")
    (tmp_path / "in").mkdir()
    for k in range(4):
        (tmp_path / f"{k}.png").rename(tmp_path / "in" / f"{k}.png")
    (tmp_path / "in" / "clip.mp4").write_bytes(b"film")
    (tmp_path / "in" / "big.zarr" / "c").mkdir(parents=True)
    (tmp_path / "in" / "big.zarr" / "c" / "0").write_bytes(b"chunk of an array")

    def check(image, source):
        if "2.png" in str(source):
            raise struct.error("unpack requires a buffer of 4 bytes")

    monkeypatch.setattr(module.other_numbers, "check", check)
    done = fencepost("filter", "in", "-k", "mean", "-o", "out")
    assert done.status == 2
    assert "2.png" in done.err
    assert "1 of 4 images were not filtered" in done.err
    assert "Skipped, as not images by their names: in/big.zarr, in/clip.mp4" in done.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.png", "1.png", "3.png"]


def test_all_frames_or_one(fencepost, tmp_path):
    frames = [Image.fromarray(picture(k)).convert("L") for k in range(3)]
    for name in ("a.webp", "a.tif", "a.apng"):
        lossless = {"lossless": True} if name == "a.webp" else {}
        frames[0].save(name, save_all=True, append_images=frames[1:], duration=70, **lossless)
        done = fencepost("filter", name, "-k", "mean", "-o", f"b-{name}", "--json", "--compare")
        assert done.json["images"][0]["frames"] == 3
        for k in range(3):
            done = fencepost(
                "filter", name, "-k", "mean", "-o", "one.png", "--frame", k, "--overwrite"
            )
            assert done.status == 0, done.err
            one = fp.filtering.read_image(tmp_path / "one.png").pixels
            all_of_it = fp.filtering.read_image(tmp_path / f"b-{name}", frame=k).pixels
            np.testing.assert_array_equal(np.broadcast_to(one, all_of_it.shape), all_of_it)
    refused(fencepost("filter", "a.webp", "-k", "mean", "-o", "c.jpg"), "3 frames", "--frame")
    refused(fencepost("filter", "a.tif", "-k", "mean", "-o", "c.webp"), "3 frames", ".tiff")
    refused(fencepost("filter", "a.tif", "-k", "mean", "-o", "c.png", "--frame", 3), "no 3")


def test_tiles(fencepost, tmp_path):
    np.save(tmp_path / "a.npy", picture(shape=(300, 200, 3)))
    done = fencepost("filter", "a.npy", "-k", "sobel", "--tiles", "-o", "b.tif", "--json")
    assert done.json["images"][0] == {
        "image": "a.npy", "output": "b.tif", "width": 200, "height": 300, "channels": 3
    }  # fmt: skip
    done = fencepost("filter", "b.tif", "-k", "mean", "--tiles", "-o", "c.tif", "--scale", "0.5")
    assert done.status == 0, done.err
    expected = fp.filter_image(
        fp.filter_image(picture(shape=(300, 200, 3)), "sobel"), "mean", scale=0.5
    )
    np.testing.assert_array_equal(fp.filtering.read_image(tmp_path / "c.tif").pixels, expected)
    done = fencepost("filter", "a.npy", "-k", "sobel", "-o", "b.npy")  # which are always in tiles
    assert done.status == 0, done.err
    np.testing.assert_array_equal(
        np.load(tmp_path / "b.npy"), fp.filter_image(picture(shape=(300, 200, 3)), "sobel")
    )
    refused(fencepost("filter", "a.npy", "-k", "mean", "--tiles", "-o", "b.png"), "b.png", ".npy")
    refused(
        fencepost("filter", "b.tif", "-k", "mean", "--tiles", "--compare", "-o", "d.tif"),
        "--compare",
    )
    refused(fencepost("filter", "b.tif", "-k", "mean", "--tiles", "-o", "c.tif"), "--overwrite")
