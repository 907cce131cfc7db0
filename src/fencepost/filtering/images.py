"""`filter_image` and `image_gradient`: any image, any kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .. import _engine
from ..convolution.blocks import is_lazy
from ..errors import ArgumentError, DataError
from ..names import quick
from . import pixels as kinds
from .bands import filter_pixels
from .channels import check_luminance
from .masks import filter_masked
from .options import Options
from .pixels import arithmetic, luma
from .quick import filter_known
from .responses import interior, responses
from .steps import as_steps

if TYPE_CHECKING:
    from ..kernels import Kernel, KernelSet
    from .picture import Picture

    Filter = Kernel | KernelSet | str | ArrayLike
    ImageLike = TypeVar("ImageLike", NDArray[Any], Picture, Any)
else:
    ImageLike = TypeVar("ImageLike")

__all__ = ["Gradient", "filter_image", "image_gradient"]

_PLAIN = (("propagate", "auto"), ("propagate", "keep"))  # of nan and alpha
_AT_ONCE = 1 << 17  # elements of a gradient, whose floats a cache holds


@quick
def filter_image(
    image: ImageLike,
    kernel: Filter | Sequence[Filter],
    *,
    boundary: str | float = "reflect",
    luminance: bool = False,
    scale: float = 1.0,
    offset: float = 0.0,
    magnitude: bool = False,
    alpha: Literal["auto", "keep", "premultiply"] = "auto",
    operation: Literal["convolve", "correlate"] = "convolve",
    dtype: DTypeLike | None = None,
    nan: Literal["propagate", "ignore"] = "propagate",
    mask: ArrayLike | None = None,
) -> ImageLike:
    """Convolve an image with a kernel, a set of kernels, or several one after another.

    Integers are summed as real numbers, rounded to the nearest (half to even) and clipped to the
    range of the dtype: they never wrap. Nothing is rounded between the kernels of a chain.

    Parameters
    ----------
    image : ndarray, PIL.Image.Image or fencepost.filtering.Picture
        (H, W), or (H, W, C) with 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGBA) channels; uint8,
        uint16, float32 or float64. Floats may have any range; their alpha is 0 to 1. A Dask array
        gives a Dask array, computed lazily, block by block.
    kernel : Kernel, KernelSet, str, array_like, or a list of them
        A matrix, or text for `fencepost.kernels.parse`, such as ``"gaussian:sigma=2"``. A set
        gives the magnitude of its responses: of a pair, such as ``"sobel"``, √(x² + y²); of a
        compass the largest. A list that holds kernels or texts is a chain, from first to last.
    boundary : {"reflect", "mirror", "nearest", "wrap", "zero", "none"} or float
        Values beyond the edge::

            "reflect"  d c b a | a b c d | d c b a
            "mirror"     d c b | a b c d | c b a
            "nearest"  a a a a | a b c d | d d d d
            "wrap"     a b c d | a b c d | a b c d
            "zero"     0 0 0 0 | a b c d | 0 0 0 0
            7.0        7 7 7 7 | a b c d | 7 7 7 7

        With "none" the result has only the pixels whose window lies within the image.
    luminance : bool
        Filter the luma 0.299 R + 0.587 G + 0.114 B only, and leave chroma and alpha.
    scale, offset : float
        The result is scale · response + offset; 0.5 and 128 make room for negative responses.
    magnitude : bool
        Take the absolute value of the response, as edges of both signs need. Sets do it anyway.
    alpha : {"auto", "keep", "premultiply"}
        "keep" leaves alpha as it is, and filters the other channels. "premultiply" weights colours
        by their opacity and filters alpha too, so that transparent colours do not bleed; it needs
        kernels without negative weights. "auto" does that for every such kernel (blurs), and keeps
        alpha for all others.
    operation : {"convolve", "correlate"}
        A convolution turns the kernel by 180°; ``cv2.filter2D`` and ``scipy.ndimage.correlate``
        do not.
    dtype : {None, float32, float64}
        Of the result: None for that of the image, a float to keep what would be rounded or clipped.
    nan : {"propagate", "ignore"}
        Whether NaN makes all results NaN whose window touches it, or does not count: as in
        `convolve`, which has the formula. Kernels whose weights add up to 0 cannot ignore it.
    mask : array_like of bool, optional
        (H, W), True for pixels that do not count, whatever they are; needs ``nan="ignore"`` and an
        image without alpha. Where nothing counts the result is NaN, or 0 in integers.

    Returns
    -------
    ndarray, PIL.Image.Image or fencepost.filtering.Picture
        The same kind as `image`, and unless `boundary` is "none" the same shape.

    Raises
    ------
    DataError
        The array is not an image: another dtype or shape, or no pixels.
    ArgumentError
        An argument is invalid, or contradicts the others.
    SizeError
        A kernel larger than the image, with `boundary` "none".

    Notes
    -----
    Sums are float32 for uint8 and float32 images, float64 for uint16 and float64. So a result in
    uint8 differs from the exact sum, rounded, only where that lies within about 1e-4 of a half.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> image = np.zeros((5, 5), np.uint8)
    >>> image[2, 2] = 255
    >>> fp.filter_image(image, np.full((3, 3), 1 / 9))
    array([[ 0,  0,  0,  0,  0],
           [ 0, 28, 28, 28,  0],
           [ 0, 28, 28, 28,  0],
           [ 0, 28, 28, 28,  0],
           [ 0,  0,  0,  0,  0]], dtype=uint8)
    """
    plain = mask is None is dtype and luminance is False is magnitude
    if plain and type(nan) is type(alpha) is str and (nan, alpha) in _PLAIN:
        picture: Any = image if hasattr(image, "colours") else None
        array = image if picture is None else picture.pixels
        known: Any = filter_known(array, kernel, boundary, operation, scale, offset, alpha)
        if known is not None:
            return known if picture is None else picture.with_pixels(known)
    options = Options.read(
        boundary,
        operation=operation,
        luminance=luminance,
        alpha=alpha,
        magnitude=magnitude,
        scale=scale,
        offset=offset,
        dtype=dtype,
        nan=nan,
    )
    steps = as_steps(kernel)
    if is_lazy(image):
        from .lazy import filtered as filtered_lazily

        lazy: ImageLike = filtered_lazily(image, steps, options, mask)
        return lazy
    pixels, colours, wrap = _unwrap(image)
    check_luminance(luminance, colours)
    if mask is None:
        filtered = filter_pixels(pixels, kinds.has_alpha(colours), steps, options)
    else:
        filtered = filter_masked(pixels, mask, colours, steps, options)
    result: ImageLike = wrap(filtered)
    return result


@dataclass(frozen=True, eq=False)
class Gradient:
    """The gradient of an image, as computed by a set of kernels.

    Attributes
    ----------
    kernels : KernelSet
    responses : tuple of ndarray of float, each (H, W) or (H, W, C)
        The response of each kernel. Of a pair, `x` is positive where brightness increases to the
        right, and `y` where it increases downwards.
    """

    kernels: KernelSet
    responses: tuple[NDArray[Any], ...]

    @property
    def magnitude(self) -> NDArray[Any]:
        """The strength of an edge; √(x² + y²) for a pair of kernels."""
        return self._some_rows_at_a_time(self.kernels.magnitude)

    @property
    def direction(self) -> NDArray[Any]:
        """Direction of increase in radians, −π to π: 0 is to the right, π/2 is down."""
        return self._some_rows_at_a_time(self.kernels.direction)

    def _some_rows_at_a_time(self, make: Callable[..., NDArray[Any]]) -> NDArray[Any]:
        """Return what is made of the responses, so that little is needed on the way."""
        first = self.responses[0]
        few = max(_AT_ONCE * len(first) // max(first.size, 1), 1)
        if len(first) <= few:
            return make(self.responses)
        out: NDArray[Any] = _engine.empty(first.shape, first.dtype)
        for at in range(0, len(first), few):
            rows = slice(at, at + few)
            out[rows] = make(tuple(response[rows] for response in self.responses))
        return out


def image_gradient(
    image: Any,
    kernel: KernelSet | str | Sequence[Filter] = "sobel",
    *,
    boundary: str | float = "reflect",
    luminance: bool = False,
    operation: Literal["convolve", "correlate"] = "convolve",
) -> Gradient:
    """Compute the response of each kernel of a set, with magnitude and direction.

    Parameters
    ----------
    image : ndarray, PIL.Image.Image or fencepost.filtering.Picture
        As `filter_image` takes it. Alpha is left out.
    kernel : KernelSet, str, or a list that ends with one
        A pair such as "sobel", "prewitt" or "scharr", or a compass such as "kirsch". Of a chain
        the last must be one; what comes before it is done to the image first.
    boundary, operation
        As in `filter_image`.
    luminance : bool
        One gradient of the luma, (H, W), instead of one for each colour.

    Returns
    -------
    Gradient
        float32, or float64 for uint16 and float64 images.

    Raises
    ------
    ArgumentError
        A kernel that is not a set.
    DataError
        The array is not an image.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> rows, columns = np.mgrid[:9, :9]
    >>> gradient = fp.image_gradient((10.0 * columns + 10.0 * rows))  # brighter to the lower right
    >>> round(float(np.degrees(gradient.direction[4, 4])))
    45
    """
    options = Options.read(boundary, operation=operation, luminance=luminance)
    (*before, step) = as_steps(kernel)
    if step.together is None:
        raise ArgumentError(
            'image_gradient needs a set of kernels, such as "sobel". Received: '
            f"{step.label}. filter_image takes single kernels."
        )
    pixels, colours, _ = _unwrap(image)
    check_luminance(luminance, colours)
    if kinds.has_alpha(colours):
        pixels = pixels[..., :-1]
    if luminance:
        pixels = luma(pixels)
    if before:
        exact = replace(options, dtype=arithmetic(pixels.dtype))
        pixels = filter_pixels(pixels, False, tuple(before), exact)
    results = responses(pixels, step, options)
    if pixels.shape[2] == 1:
        results = [response[..., 0] for response in results]
    return Gradient(step.together, tuple(results))


def inner_pixels(pixels: NDArray[Any], kernel: Any, boundary: str | float) -> NDArray[Any]:
    """Return the pixels (H, W, C) that have a result: with `boundary` "none", not all."""
    options = Options.read(boundary, operation="convolve")
    for step in as_steps(kernel):
        pixels = interior(pixels, step, options)
    return pixels


def _unwrap(image: Any) -> tuple[NDArray[Any], str, Any]:
    """Return the pixels, their colours, and what makes the same kind of image of a result."""
    if hasattr(image, "colours"):  # a Picture, which this module need not import
        picture: Picture = image
        return picture.pixels, picture.colours, picture.with_pixels
    if hasattr(image, "getbands"):  # of Pillow, which need not be installed for arrays
        return _unwrap_pillow(image)
    pixels, colours = kinds.from_array(image)
    flat = image.ndim == 2 if hasattr(image, "ndim") else np.ndim(image) == 2
    return pixels, colours, lambda result: result[..., 0] if flat else result


def _unwrap_pillow(image: Any) -> tuple[NDArray[Any], str, Any]:
    from ..files.pictures import true_transparency

    try:
        transparent = true_transparency(image)
        image.load()
        if transparent:
            image = image.copy()
            image.info |= transparent
        pixels, colours = kinds.from_pillow(image)
    except (DataError, OSError, ValueError) as error:
        raise DataError(
            f"the image {error}."
            if isinstance(error, DataError)
            else f"the image must be complete. Received: one that cannot be read ({error})."
        ) from error

    def wrap(result: NDArray[Any]) -> Any:
        picture = kinds.to_pillow(result, colours)
        picture.info = {key: value for key, value in image.info.items() if key != "transparency"}
        return picture

    return pixels, colours, wrap
