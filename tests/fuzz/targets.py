"""What the fuzzer runs: content of any kind is read, or refused by an error of the package.

What is read and can be written must survive that. `run` returns nothing of interest; findings are
other exceptions, and memory or time without measure.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

import fencepost as fp
from fencepost import check
from fencepost.datasets import image_files
from fencepost.errors import FencepostError
from fencepost.files import pictures
from fencepost.files.tables import TableOptions, read_table
from fencepost.files.waves import open_wave, write_wave
from fencepost.filtering import read_frames, write_frames
from fencepost.filtering.formats import tiff_files
from fencepost.planning.text import parse_layers
from fencepost.training.checkpoints import Checkpoint
from fuzz import graphs

SMALL = 1 << 18  # pixels: larger pictures only take longer
FOLDER = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))


def images(data: bytes) -> None:
    frames = read_frames(data)
    if frames[0].pixels.dtype == np.uint8 and frames[0].colours in ("L", "RGB"):
        read = image_files.read(data, len(frames[0].colours))  # as data sets do
        np.testing.assert_array_equal(np.moveaxis(read, 0, 2), frames[0].pixels)
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
    if not numbers:
        return
    table.write(FOLDER / "b.csv", numbers, 0)
    options = TableOptions(table.delimiter, table.decimal, table.header)
    again = read_table(FOLDER / "b.csv", options)
    assert again.names == table.names
    for k, column in numbers.items():
        np.testing.assert_array_equal(again.numbers(k), column)


def onnx(data: bytes) -> None:
    (FOLDER / "a.onnx").write_bytes(data)
    str(check.check(FOLDER / "a.onnx"))


def onnx_graphs(data: bytes) -> None:
    onnx(graphs.changed(data))
    try:
        network = fp.from_onnx(FOLDER / "a.onnx", verify=False)
    except FencepostError:  # of few of them fencepost has all operations
        return
    network.predict(np.zeros((1, *network.input_shape), np.float32))


def checkpoints(data: bytes) -> None:
    (FOLDER / "a.ckpt").write_bytes(data)
    # As `fit` goes on from it, which writes it first.
    net = network()
    images, labels = np.ones((6, 1, 6, 6), np.uint8), np.arange(6) % 3
    fp.training.fit(
        net, images, labels, epochs=2, batch_size=3, threads=1, progress=False,
        checkpoint=FOLDER / "a.ckpt", resume=True,
    )  # fmt: skip


def idx(data: bytes) -> None:
    (FOLDER / "a-idx").write_bytes(data)
    array = fp.datasets.read_idx(FOLDER / "a-idx")
    content = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    assert content.endswith(array.astype(array.dtype.newbyteorder(">")).tobytes())


def npz(data: bytes) -> None:
    (FOLDER / "a.npz").write_bytes(data)
    for split in fp.datasets.npz_files.npz_splits(FOLDER / "a.npz"):
        fp.datasets.npz(FOLDER / "a.npz", split)


def npy(data: bytes) -> None:
    (FOLDER / "a.npy").write_bytes(data)
    fp.filtering.filter_file(FOLDER / "a.npy", FOLDER / "b.npy", fp.kernels.mean(3), overwrite=True)


def signals(data: bytes) -> None:
    (FOLDER / "signals.csv").write_bytes(data)
    fp.datasets.signals_csv(FOLDER / "signals.csv")


def labels(data: bytes) -> None:
    folder = FOLDER / "labelled"
    if not folder.exists():
        folder.mkdir()
        for name in "abcd":
            Image.new("L", (4, 4)).save(folder / f"{name}.png")
    json_like = data[:1] in b"[{ "
    (folder / "labels.json").unlink(missing_ok=True)
    (folder / "labels.csv").unlink(missing_ok=True)
    (folder / ("labels.json" if json_like else "labels.csv")).write_bytes(data)
    fp.datasets.open(folder)


def networks(data: bytes) -> None:
    (FOLDER / "a.safetensors").write_bytes(data)
    network = fp.Network.load(FOLDER / "a.safetensors")
    network.predict(np.zeros((1, *network.input_shape), np.float32))
    network.save(FOLDER / "b.safetensors")
    again = fp.Network.load(FOLDER / "b.safetensors")
    assert again.layers == network.layers and again.class_names == network.class_names
    assert again.parameter_vector.tobytes() == network.parameter_vector.tobytes()
    assert again.state_vector.tobytes() == network.state_vector.tobytes()


def layers(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    plan = fp.plan((1, 28, 28), read := parse_layers(text))
    again = parse_layers(", ".join(map(repr, read)))
    assert again == read and fp.plan((1, 28, 28), again).output_shape == plan.output_shape


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
    for shape in ((7, 9), (7, 9, 3), (7, 9, 4)):
        for ending in ("png", "ppm", "pgm"):
            try:
                fp.filtering.write_image(
                    FOLDER / f"seed.{ending}",
                    rng.integers(0, 1 << 16, shape).astype(np.uint16),
                    overwrite=True,
                )
            except FencepostError:
                continue
            yield (FOLDER / f"seed.{ending}").read_bytes()
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


def graph_seeds():
    yield from (bytes((model, *changes)) for model in range(3) for changes in ((), (8, 1), (0, 1)))


def checkpoint_seeds():
    images, labels = np.ones((6, 1, 6, 6), np.uint8), np.arange(6) % 3
    fp.training.fit(
        network(), images, labels, epochs=2, batch_size=3, threads=1, progress=False,
        checkpoint=FOLDER / "seed.ckpt",
    )  # fmt: skip
    yield (FOLDER / "seed.ckpt").read_bytes()
    whole = Checkpoint.load(FOLDER / "seed.ckpt")
    whole.history.outcome, whole.epoch, whole.step = "running", 1, 1
    del whole.history.epochs[1:]
    whole.save(FOLDER / "seed.ckpt")
    yield (FOLDER / "seed.ckpt").read_bytes()


def idx_seeds():
    for kind, size in ((8, 1), (11, 2), (14, 8)):
        content = bytes([0, 0, kind, 2, 0, 0, 0, 2, 0, 0, 0, 3]) + bytes(6 * size)
        yield content
        yield gzip.compress(content, mtime=0)


def npz_seeds():
    pixels = np.arange(6 * 16, dtype=np.uint8).reshape(6, 4, 4)
    for save in (np.savez, np.savez_compressed):
        for others in (
            {"labels": np.arange(6) % 2}, {"labels": np.array(["a", "b"] * 3)},
            {"labels": np.linspace(0, 1, 6)},
            {"labels": np.arange(6) % 2, "class_names": np.array(["a", "b"])},
        ):  # fmt: skip
            out = io.BytesIO()
            save(out, images=pixels, **others)
            yield out.getvalue()


def npy_seeds():
    for dtype in ("u1", "u2", "f4", ">f8"):
        for shape in ((4, 5), (4, 5, 3)):
            out = io.BytesIO()
            np.save(out, np.ones(shape, dtype))
            yield out.getvalue()


def signal_seeds():
    yield from (
        b"label,t0,t1,t2\nok,0,1,0\nill,1,0,1\n", b"0;0,5;1,5\n1;2,5;3,5\n",
        b"t0,t1,label\n1,2,a\n3,4,b\n1,2,a\n",
    )  # fmt: skip


def label_seeds():
    files = [f"{name}.png" for name in "abcd"]
    yield b"file,label\na.png,cat\nb.png,dog\nc.png,cat\nd.png,dog\n"
    yield b"a.png 0\nb.png 1\nc.png 0\nd.png 1\n"
    yield json.dumps(
        [{"image": file, "label": "xy"[k % 2]} for k, file in enumerate(files)]
    ).encode()
    yield json.dumps({"cat": files[:2], "dog": files[2:]}).encode()
    yield json.dumps({file: "xy"[k % 2] for k, file in enumerate(files)}).encode()


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
    "graphs": (onnx_graphs, graph_seeds), "checkpoints": (checkpoints, checkpoint_seeds),
    "idx": (idx, idx_seeds), "npz": (npz, npz_seeds), "npy": (npy, npy_seeds),
    "signals": (signals, signal_seeds), "labels": (labels, label_seeds),
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
