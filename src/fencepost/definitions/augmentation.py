"""What augmentation does to one image, once its random values are drawn.

Images have shape (C, H, W) and values from 0 to `peak`: 255, or 1 for floats. With three or four
channels the first three are red, green and blue; a fourth is alpha, which no change of colours
touches. Colours follow torchvision's functions of the same names:
https://docs.pytorch.org/vision/stable/transforms.html#functionals
"""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_float


def sample(image: ArrayLike, y: ArrayLike, x: ArrayLike, fill: float | None) -> Array:
    """Return the image at the points (y, x), bilinearly between its pixels: (C, *points' shape).

    Outside the image is `fill`, or, if None, the nearest pixel of its border.

    >>> sample([[[0, 10, 20]]], [0, 0], [0.5, 2.25], fill=0)
    array([[ 5., 15.]])
    """
    image, y, x = as_float(image), as_float(y), as_float(x)
    _, height, width = image.shape
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    result = np.zeros((len(image), *y.shape))
    for row, of_row in ((top, 1 - (y - top)), (top + 1, y - top)):
        for column, of_column in ((left, 1 - (x - left)), (left + 1, x - left)):
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            pixel = image[:, row.clip(0, height - 1), column.clip(0, width - 1)]
            result += (
                of_row * of_column * (pixel if fill is None else np.where(inside, pixel, fill))
            )
    return result


def crop_points(
    y: ArrayLike, x: ArrayLike, size: tuple[int, int], top: int, left: int, height: int, width: int
) -> tuple[Array, Array]:
    """Return where points of an image of this size lie after a crop is enlarged to it.

    Pixels are squares, so the first centre is half a pixel from the edge, before and after.

    >>> crop_points([0, 3], [0, 3], (4, 4), 1, 1, 2, 2)
    (array([0.75, 2.25]), array([0.75, 2.25]))
    """
    rows, columns = size
    return (
        top + (as_float(y) + 0.5) * height / rows - 0.5,
        left + (as_float(x) + 0.5) * width / columns - 0.5,
    )


def resized_crop(image: ArrayLike, top: int, left: int, height: int, width: int) -> Array:
    """Return a crop of the image, enlarged to the image's own size, bilinearly.

    C. Szegedy et al., Going deeper with convolutions, 2014, section 6.

    >>> resized_crop([[[0, 10, 20, 30]]], 0, 1, 1, 2)
    array([[[ 7.5, 12.5, 17.5, 22.5]]])
    """
    image = as_float(image)
    size = image.shape[1], image.shape[2]
    y, x = np.mgrid[: size[0], : size[1]]
    return sample(image, *crop_points(y, x, size, top, left, height, width), fill=None)


def warp_affine(image: ArrayLike, inverse: Any, offset: ArrayLike, fill: float = 0.0) -> Array:
    """Return the image whose pixel p shows the point inverse · p + offset of `image`.

    p is (x, y), counted from the image's centre.

    >>> warp_affine([[[1, 2, 3]]], [[1, 0], [0, 1]], [1, 0])  # shifted by a pixel
    array([[[2., 3., 0.]]])
    """
    image = as_float(image)
    _, height, width = image.shape
    y, x = np.mgrid[:height, :width].astype(float)
    y, x = y - (height - 1) / 2, x - (width - 1) / 2
    (xx, xy), (yx, yy) = as_float(inverse)
    to_x, to_y = as_float(offset)
    return sample(
        image,
        yx * x + yy * y + to_y + (height - 1) / 2,
        xx * x + xy * y + to_x + (width - 1) / 2,
        fill,
    )


def shear_x(image: ArrayLike, amount: float, fill: float = 0.0) -> Array:
    """Return the image with each row slid to the left by `amount` pixels for each row above it.

    >>> shear_x([[[1, 2, 3]] * 2], 2)[0]
    array([[2., 3., 0.],
           [0., 0., 0.]])
    """
    half = as_float(image).shape[1] / 2
    return warp_affine(image, [[1, amount], [0, 1]], [amount * half, 0], fill)


def shear_y(image: ArrayLike, amount: float, fill: float = 0.0) -> Array:
    """Return the image with each column slid up by `amount` pixels for each column before it."""
    half = as_float(image).shape[2] / 2
    return warp_affine(image, [[1, 0], [amount, 1]], [0, amount * half], fill)


def translate(image: ArrayLike, x: float, y: float, fill: float = 0.0) -> Array:
    """Return the image moved by x pixels to the right and y down.

    >>> translate([[[1, 2, 3]]], 1, 0)
    array([[[0., 1., 2.]]])
    """
    return warp_affine(image, np.eye(2), [-x, -y], fill)


def rotate(image: ArrayLike, degrees: float, fill: float = 0.0) -> Array:
    """Return the image turned counter-clockwise about its centre.

    >>> rotate([[[1, 2], [3, 4]]], 90).round(6)
    array([[[2., 4.],
            [1., 3.]]])
    """
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return warp_affine(image, [[c, -s], [s, c]], [0, 0], fill)


def grey(image: ArrayLike) -> Array:
    """Return the luma of the colours, (H, W): 0.2989 R + 0.587 G + 0.114 B (ITU-R BT.601)."""
    image = as_float(image)
    return image[0] if len(image) < 3 else np.tensordot([0.2989, 0.587, 0.114], image[:3], 1)


def adjust_brightness(image: ArrayLike, factor: float, peak: float = 255.0) -> Array:
    """Return factor · colours, cut off at 0 and `peak`.

    >>> adjust_brightness([[[100, 200]]], 1.5)
    array([[[150., 255.]]])
    """
    return _blend(image, np.zeros(()), factor, peak)


def adjust_contrast(image: ArrayLike, factor: float, peak: float = 255.0) -> Array:
    """Return m + factor · (colours - m), cut off; m is the mean of the image's luma.

    >>> adjust_contrast([[[100, 200]]], 0.5)
    array([[[125., 175.]]])
    """
    return _blend(image, grey(image).mean(), factor, peak)


def adjust_saturation(image: ArrayLike, factor: float, peak: float = 255.0) -> Array:
    """Return g + factor · (colours - g), cut off; g is the luma of each pixel."""
    return _blend(image, grey(image), factor, peak)


def adjust_hue(image: ArrayLike, turn: float) -> Array:
    """Return the image with each hue moved by `turn` of the colour circle, as HSV has it.

    Images of fewer than three channels have no hue.

    >>> adjust_hue([[[9]], [[0]], [[0]]], 1 / 3).ravel().round(6)  # red becomes green
    array([0., 9., 0.])
    """
    result = as_float(image).copy()
    if len(result) >= 3:
        for y, x in np.ndindex(result.shape[1:]):
            hue, saturation, value = colorsys.rgb_to_hsv(*result[:3, y, x])
            result[:3, y, x] = colorsys.hsv_to_rgb((hue + turn) % 1.0, saturation, value)
    return result


def adjust_sharpness(image: ArrayLike, factor: float, peak: float = 255.0) -> Array:
    """Return b + factor · (colours - b), cut off; b is smoothed by [[1,1,1],[1,5,1],[1,1,1]]/13.

    The outermost pixels stay, and so do images of fewer than three rows or columns.
    """
    image = as_float(image)
    _, height, width = image.shape
    if height <= 2 or width <= 2:
        return image
    smooth = image.copy()
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            around = image[:, y - 1 : y + 2, x - 1 : x + 2].sum(axis=(1, 2))
            smooth[:, y, x] = (around + 4 * image[:, y, x]) / 13
    return _blend(image, smooth[: _colours(image)], factor, peak)


def posterize(image: ArrayLike, bits: int, peak: float = 255.0) -> Array:
    """Return the colours rounded down to 2^bits steps: bytes lose their lower bits.

    >>> posterize([[[200, 7]]], 4)
    array([[[192.,   0.]]])
    """
    result = as_float(image).copy()
    colours, levels = result[: _colours(result)], 2**bits
    step = (256 if peak == 255 else peak) / levels
    if bits < 8:
        colours[...] = np.floor(colours / step).clip(0, levels - 1) * step
    return result


def solarize(image: ArrayLike, threshold: float, peak: float = 255.0) -> Array:
    """Return the image with colours of at least threshold · peak inverted.

    >>> solarize([[[100, 200]]], 0.5)
    array([[[100.,  55.]]])
    """
    result = as_float(image).copy()
    colours = result[: _colours(result)]
    colours[...] = np.where(colours >= threshold * peak, peak - colours, colours)
    return result


def autocontrast(image: ArrayLike, peak: float = 255.0) -> Array:
    """Return the image with each colour stretched linearly from 0 to `peak`.

    >>> autocontrast([[[100, 150, 200]]])
    array([[[  0. , 127.5, 255. ]]])
    """
    result = as_float(image).copy()
    for plane in result[: _colours(result)]:
        if plane.min() < plane.max():
            plane[...] = (plane - plane.min()) * peak / (plane.max() - plane.min())
    return result


def equalize(image: ArrayLike, peak: float = 255.0) -> Array:
    """Return the image with each colour's histogram made as even as 256 values allow.

    As Pillow's ``ImageOps.equalize``: with s the number of pixels below the highest value that
    occurs, divided by 255 and rounded down, a value becomes (s // 2 + the pixels below it) // s.
    """
    result = as_float(image).copy()
    for plane in result[: _colours(result)]:
        values = np.floor(plane * (255 / peak) + 0.5).clip(0, 255).astype(int)
        step = int((values < values.max()).sum()) // 255
        if step:
            below = np.array([(values < value).sum() for value in range(256)])
            plane[...] = np.minimum((below + step // 2) // step, 255)[values] * (peak / 255)
    return result


def erase(
    image: ArrayLike, top: int, left: int, height: int, width: int, values: ArrayLike
) -> Array:
    """Return the image with a rectangle of one value for each channel.

    Z. Zhong et al., Random erasing data augmentation, 2017.

    >>> erase([[[1, 2, 3, 4]]], 0, 1, 1, 2, values=[0])
    array([[[1., 0., 0., 4.]]])
    """
    result = as_float(image).copy()
    part = result[:, top : top + height, left : left + width]
    part[...] = as_float(values)[:, None, None]
    return result


def mixup(image: ArrayLike, partner: ArrayLike, share: float) -> Array:
    """Return share · image + (1 - share) · partner; the targets are mixed alike.

    H. Zhang et al., mixup: beyond empirical risk minimization, 2017.

    >>> mixup([[[10]]], [[[20]]], 0.75)
    array([[[12.5]]])
    """
    return share * as_float(image) + (1 - share) * as_float(partner)


def cutmix(
    image: ArrayLike, partner: ArrayLike, top: int, left: int, height: int, width: int
) -> tuple[Array, float]:
    """Return the image with a rectangle of `partner`, and the share of `image` in area and target.

    S. Yun et al., CutMix: regularization strategy to train strong classifiers, 2019.

    >>> cutmix([[[1, 2, 3, 4]]], [[[5, 6, 7, 8]]], 0, 2, 1, 1)
    (array([[[1., 2., 7., 4.]]]), 0.75)
    """
    result, partner = as_float(image).copy(), as_float(partner)
    rows, columns = slice(top, top + height), slice(left, left + width)
    result[:, rows, columns] = partner[:, rows, columns]
    return result, 1 - height * width / (result.shape[1] * result.shape[2])


def _colours(image: Array) -> int:
    """How many of the channels are colours: alpha is none."""
    return min(len(image), 3)


def _blend(image: ArrayLike, other: Array, factor: float, peak: float) -> Array:
    result = as_float(image).copy()
    colours = result[: _colours(result)]
    colours[...] = (factor * colours + (1 - factor) * other).clip(0, peak)
    return result
