"""Animated GIFs of every disposal, compared with the rules of the specification."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.filtering import read_frames, read_image, write_frames
from fencepost.filtering.formats.gif_frames import Animation

H, W, COLOURS = 6, 7, 8


def blocks(data):
    pieces = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def compressed(plane, minimum=3):
    """Return indices as LZW that is never compressed: a clear code before each few of them."""
    codes = []
    for at, value in enumerate(plane.reshape(-1).tolist()):
        codes += [1 << minimum] * (at % 4 == 0) + [value]
    bits = "".join(f"{code:0{minimum + 1}b}"[::-1] for code in [*codes, (1 << minimum) + 1])
    bits += "0" * (-len(bits) % 8)
    octets = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    return bytes([minimum]) + blocks(octets)


def gif(frames, palette):
    """Write frames: (top, left, indices, disposal or None, transparent index or None, palette)."""
    content = b"GIF89a" + struct.pack("<HHBBB", W, H, 0x82, 1, 0) + palette.tobytes()
    for top, left, plane, disposal, clear, own in frames:
        if disposal is not None:
            flags = disposal << 2 | (clear is not None)
            content += struct.pack("<BBBBHBB", 0x21, 0xF9, 4, flags, 5, clear or 0, 0)
        flags = 0 if own is None else 0x82
        content += struct.pack("<BHHHHB", 0x2C, left, top, *plane.shape[::-1], flags)
        content += b"" if own is None else own.tobytes()
        content += compressed(plane)
    return content + b";"


def composed(frames, palette):
    """Lay frames over each other pixel by pixel, as the specification says."""
    canvas = np.zeros((H, W, 4), np.uint8)
    for top, left, plane, disposal, clear, own in frames:
        before = canvas.copy()
        for (y, x), index in np.ndenumerate(plane):
            if disposal is None or clear is None or index != clear:
                table = palette if own is None else own
                canvas[top + y, left + x] = [*table[index], 255]
        yield canvas.copy()
        if disposal == 2:
            canvas[top : top + plane.shape[0], left : left + plane.shape[1]] = 0
        elif disposal == 3:
            canvas = before


def random_animation(seed):
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, 256, (COLOURS, 3)).astype(np.uint8)
    frames = []
    for k in range(rng.integers(2, 6)):
        top, left = (0, 0) if k == 0 and rng.random() < 0.7 else rng.integers(0, (H - 1, W - 1))
        size = (H, W) if (top, left) == (0, 0) else rng.integers(1, (H - top + 1, W - left + 1))
        disposal = rng.choice([None, 0, 1, 2, 3], p=[0.15, 0.25, 0.1, 0.25, 0.25])
        clear = rng.choice([None, int(rng.integers(COLOURS))])
        own = rng.integers(0, 256, (COLOURS, 3)).astype(np.uint8) if rng.random() < 0.3 else None
        frames.append((top, left, rng.integers(0, COLOURS, size), disposal, clear, own))
    return frames, palette


def seen(picture):
    pixels = picture.pixels
    grey = pixels.shape[2] < 3
    colours = np.repeat(pixels[..., :1], 3, axis=2) if grey else pixels[..., :3]
    opaque = np.full_like(pixels[..., :1], 255)
    alpha = pixels[..., -1:] if picture.colours.endswith("A") else opaque
    return np.concatenate([np.where(alpha > 0, colours, 0), alpha], axis=2)


@pytest.mark.parametrize("seed", range(60))
def test_frames_are_composed_as_browsers_do(tmp_path, seed):
    frames, palette = random_animation(seed)
    content = gif(frames, palette)
    pictures, expected = read_frames(content), list(composed(frames, palette))
    assert len(pictures) == len(expected)
    for k, (picture, canvas) in enumerate(zip(pictures, expected, strict=True)):
        np.testing.assert_array_equal(seen(picture), canvas)
        np.testing.assert_array_equal(read_image(content, frame=k).pixels, picture.pixels)
    # All frames are of one kind, so that they can be written together; Pillow joins equal ones.
    write_frames(tmp_path / "a.gif", pictures)
    pairs = zip(expected, [None, *expected], strict=False)
    changed = [canvas for canvas, last in pairs if last is None or (canvas != last).any()]
    for picture, canvas in zip(read_frames(tmp_path / "a.gif"), changed, strict=True):
        np.testing.assert_array_equal(seen(picture), canvas)


def test_what_pillow_composes_alike_is_left_to_it():
    content = io.BytesIO()
    images = [Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (0, 99, 200)]
    images[0].save(content, "GIF", save_all=True, append_images=images[1:])
    assert Animation.of(content.getvalue()) is None
    values = [picture.pixels[0, 0, 0] for picture in read_frames(content.getvalue())]
    assert values == [0, 99, 200]


@pytest.mark.parametrize("seed", range(8))
def test_a_cut_file_is_read_as_far_as_pillow_does_or_refused(seed):
    content = gif(*random_animation(seed))
    for end in range(20, len(content), 7):
        try:
            read_frames(content[:end])
        except fp.DataError:
            continue
