"""What the fuzzer runs: content of any kind is read, or refused by an error of the package.

What is read and can be written must survive that. `run` returns nothing of interest; findings are
other exceptions, and memory or time without measure.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

import fencepost as fp
from fencepost import check
from fencepost.errors import FencepostError
from fencepost.files import pictures
from fencepost.files.tables import read_table
from fencepost.files.waves import open_wave, write_wave
from fencepost.filtering import read_frames, write_frames
from fencepost.filtering.formats import tiff_files
from fencepost.planning.text import parse_layers

SMALL = 1 << 18  # pixels: larger pictures only take longer
FOLDER = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))


def images(data: bytes) -> None:
    frames = read_frames(data)
    for ending in ("png", "tif"):
        try:
            write_frames(FOLDER / f"a.{ending}", frames[:1], overwrite=True)
        except FencepostError:
            continue
        (again,) = read_frames(FOLDER / f"a.{ending}")
        np.testing.assert_array_equal(again.pixels, frames[0].pixels)


def waves(data: bytes) -> None:
    (FOLDER / "a.wav").write_bytes(data)
    sound = open_wave(FOLDER / "a.wav")
    samples = sound.read(0, sound.frames)
    write_wave(FOLDER / "b.wav", sound, sound.frames, [samples])
    again = open_wave(FOLDER / "b.wav")
    np.testing.assert_array_equal(again.read(0, again.frames), samples)


def tables(data: bytes) -> None:
    (FOLDER / "a.csv").write_bytes(data)
    table = read_table(FOLDER / "a.csv")
    numbers = {k: table.numbers(k) for k in table.numeric}
    if numbers:
        table.write(FOLDER / "b.csv", numbers, 0)


def onnx(data: bytes) -> None:
    (FOLDER / "a.onnx").write_bytes(data)
    str(check.check(FOLDER / "a.onnx"))


def networks(data: bytes) -> None:
    (FOLDER / "a.safetensors").write_bytes(data)
    network = fp.Network.load(FOLDER / "a.safetensors")
    network.predict(np.zeros((1, *network.input_shape), np.float32))


def layers(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    fp.plan((1, 28, 28), parse_layers(text))


def kernels(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    kernel = fp.kernels.parse(text, files=False)
    if isinstance(kernel, fp.Kernel):
        assert fp.kernels.parse(kernel.text, files=False) == fp.Kernel(kernel.matrix)


def image_seeds():
    rng = np.random.default_rng(0)
    for mode, channels in (("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4), ("CMYK", 4)):
        pixels = rng.integers(0, 256, (7, 9, channels)).astype(np.uint8)
        image = Image.frombytes(mode, (9, 7), pixels.tobytes())
        for format in ("PNG", "TIFF", "JPEG", "GIF", "WEBP", "BMP", "PPM"):
            out = io.BytesIO()
            try:
                image.save(out, format, exif=Image.Exif())
            except (OSError, ValueError):
                continue
            yield out.getvalue()
    for dtype in ("u2", "f4", "f8", "i1"):
        for told in ({}, {"photometric": "miniswhite"}, {"bigtiff": True}, {"tile": (16, 16)}):
            out = io.BytesIO()
            tifffile.imwrite(out, np.ones((7, 9), dtype), **told)
            yield out.getvalue()
        out = io.BytesIO()
        tifffile.imwrite(out, np.ones((3, 7, 9), dtype), photometric="rgb", planarconfig="separate")
        yield out.getvalue()


def wave_seeds():
    for tag, bits in ((1, 8), (1, 16), (1, 24), (3, 32)):
        form = np.array([tag | 2 << 16, 8000], "<u4").tobytes() + bytes(4)
        form += np.array([2 * bits // 8, bits], "<u2").tobytes()
        body = b"WAVEfmt \x10\0\0\0" + form + b"data\x10\0\0\0" + bytes(range(16))
        yield b"RIFF" + len(body).to_bytes(4, "little") + body


def table_seeds():
    yield from (
        b"a,b\n1,2\n3,4\n", b"1,5;2,5\n3,5;4\n", b"# x\na\tb\n1\tNA\n2\t3\n", b"1 2\n3 4\n",
        b'sep=;\n"a";"b"\ns;V\n1.234,5;2\n', "größe\r\n1\r\n2\r\n".encode("utf-16"),
        b"2019,2020\n1,2\n",
    )  # fmt: skip


def network():
    return fp.Network((1, 6, 6), [fp.Conv2d(2, 3), fp.ReLU(), fp.Flatten(), fp.Linear(3)])


def onnx_seeds():
    network().export(FOLDER / "seed.onnx")
    yield (FOLDER / "seed.onnx").read_bytes()


def network_seeds():
    network().save(FOLDER / "seed.safetensors")
    yield (FOLDER / "seed.safetensors").read_bytes()


def layer_seeds():
    yield from (
        b"Conv2d(6, 5), ReLU, MaxPool2d(2), Residual(Conv2d(6, 3, padding=1)), Flatten, Linear(10)",
        b"Conv2d(6, 5)\nTanh()\nAvgPool2d(2, stride=2)\nFlatten()\nLinear(120)",
    )


def kernel_seeds():
    yield from (
        b"gaussian:sigma=2,size=7", b"sobel", b"mean:size=3x5", b"3x3: 0,-1,0 -1,5,-1 0,-1,0",
        b"3: 1/4,1/2,1/4", b"kirsch:n", b"log:sigma=1.5,ndim=3",
    )  # fmt: skip


TARGETS = {
    "images": (images, image_seeds), "waves": (waves, wave_seeds), "tables": (tables, table_seeds),
    "onnx": (onnx, onnx_seeds), "networks": (networks, network_seeds),
    "layers": (layers, layer_seeds), "kernels": (kernels, kernel_seeds),
}  # fmt: skip


def run(name: str, data: bytes) -> None:
    """Run a target on a small scale. Raises what is a finding."""
    largest = pictures.MAX_PIXELS, tiff_files.MAX_PIXELS
    pictures.MAX_PIXELS = tiff_files.MAX_PIXELS = SMALL
    try:
        TARGETS[name][0](data)
    except (FencepostError, MemoryError):
        pass
    finally:
        pictures.MAX_PIXELS, tiff_files.MAX_PIXELS = largest
