"""A fuzzer of files: whatever a picture, a sound or a table holds, it is read or refused.

``PYTHONPATH=src python -m tests.fuzz.files images FINDINGS -max_total_time=1200`` (or ``waves``,
``tables``; what follows are libFuzzer's options) writes each input that raises anything but the
package's own errors, or that does not survive being written and read again, to the folder FINDINGS,
once for each place in the code. Findings, made small, become cases of the tests. Needs
``pip install atheris``; not part of the suite.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["fencepost.files", "fencepost.filtering", "tifffile"]):
    import tifffile

    from fencepost.errors import FencepostError
    from fencepost.files import pictures
    from fencepost.files.tables import read_table
    from fencepost.files.waves import open_wave, write_wave
    from fencepost.filtering import read_frames, write_frames
    from fencepost.filtering.formats import tiff_files

import numpy as np
from PIL import Image

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


TARGETS = {
    "images": (images, image_seeds), "waves": (waves, wave_seeds), "tables": (tables, table_seeds),
}  # fmt: skip


def main() -> None:
    name, findings, *options = sys.argv[1:]
    target, seeds = TARGETS[name]
    pictures.MAX_PIXELS = tiff_files.MAX_PIXELS = SMALL
    warnings.simplefilter("ignore")
    corpus, found = Path(findings, "corpus-" + name), Path(findings, name)
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds():
        (corpus / hashlib.sha1(seed).hexdigest()[:12]).write_bytes(seed)
    places = set()

    def run(data: bytes) -> None:
        try:
            target(data)
        except (FencepostError, MemoryError):
            pass
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            place = next((f for f in reversed(frames) if "fencepost" in f.filename), frames[-1])
            key = (type(error).__name__, place.filename, place.lineno)
            if key not in places:
                places.add(key)
                (found / f"{len(places):03}").write_bytes(data)
                (found / f"{len(places):03}.txt").write_text(traceback.format_exc())

    atheris.Setup([sys.argv[0], str(corpus), "-max_len=8192", "-timeout=60", *options], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
