"""Valid files damaged at random, 300 times: a DataError or data, never anything else.

The damage is seeded, so a failure repeats: the seed is in the test's name.
"""

import gzip
import tracemalloc

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from datasets.idx_writer import idx_bytes
from fencepost.datasets import Dataset
from fencepost.errors import DataError

CASES = 25  # per kind of file, of which there are twelve
FORMATS = ("png", "jpg", "gif", "bmp", "tif", "webp", "ppm")


def damage(data, rng):
    """Return the bytes with one to three accidents: flips, cuts, repeats, runs, wild numbers."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(0, max(1, len(data))))
        # Headers are where lies matter most: half of the damage goes to the first 100 bytes.
        at = at % 100 if rng.random() < 0.5 else at
        match rng.integers(0, 6):
            case 0:
                data[at : at + 1] = bytes([int(rng.integers(256))])
            case 1:
                del data[at:]
            case 2:
                del data[at : at + int(rng.integers(1, 20))]
            case 3:
                data[at:at] = data[at : at + int(rng.integers(1, 200))]
            case 4:
                data[at : at + 4] = rng.choice([b"\xff" * 4, b"\x7f" + b"\xff" * 3, bytes(4)])
            case 5:
                data += rng.bytes(int(rng.integers(1, 50)))
    return bytes(data)


def images(rng, *shape):
    return rng.integers(0, 256, shape, np.uint8)


def idx_case(folder, rng, zipped):
    path = folder / "train-images-idx3-ubyte"
    data = idx_bytes(images(rng, 20, 6, 7))
    path.write_bytes(damage(gzip.compress(data) if zipped else data, rng))
    labels = idx_bytes(np.arange(20, dtype=np.uint8) % 3)
    (folder / "train-labels-idx1-ubyte").write_bytes(
        labels if rng.random() < 0.5 else damage(labels, rng)
    )
    return fp.datasets.open(folder)


def npz_case(folder, rng, zipped):
    save = np.savez_compressed if zipped else np.savez
    save(folder / "d.npz", images=images(rng, 20, 6, 7), labels=np.arange(20) % 3)
    path = folder / "d.npz"
    path.write_bytes(damage(path.read_bytes(), rng))
    return fp.datasets.open(path)


def csv_case(folder, rng, _):
    rows = ["label,a,b,c"] + [f"x{k % 3},{k},{k / 7},-{k}e-3" for k in range(30)]
    path = folder / "s.csv"
    path.write_bytes(damage("\n".join(rows).encode(), rng))
    return fp.datasets.open(path)


def folder_case(folder, rng, ending):
    for name in ("cat", "dog"):
        (folder / name).mkdir()
        path = folder / name / f"1.{ending}"
        Image.fromarray(images(rng, 24, 20, 3)).save(path)
        path.write_bytes(damage(path.read_bytes(), rng) if name == "cat" else path.read_bytes())
    return fp.datasets.open(folder, size=(8, 8))


KINDS = [
    *((idx_case, zipped) for zipped in (False, True)),
    *((npz_case, zipped) for zipped in (False, True)),
    (csv_case, None),
    *((folder_case, ending) for ending in FORMATS),
]


@pytest.mark.parametrize(("load", "option"), KINDS, ids=lambda x: getattr(x, "__name__", str(x)))
def test_damage_at_random(tmp_path, load, option):
    tracemalloc.start()
    refused = 0
    for seed in range(CASES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            data = load(folder, np.random.default_rng(seed), option).train
        except DataError as error:
            refused += 1
            assert "\n" not in str(error), seed
            assert str(folder) in str(error), seed
        else:
            assert isinstance(data, Dataset), seed
            assert len(data) > 0, seed
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20
    assert refused > CASES // 5  # the damage is such that much of it cannot pass
