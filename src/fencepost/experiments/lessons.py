"""`kernel_lessons`: kernels recovered from nothing but an image and its filtered copy."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import integer
from ..convolution import convolve
from ..errors import DataError
from ..estimation import LearnedKernel, learn_kernel
from ..filtering import filter_image
from ..kernels import Kernel, parse
from ..layers import Conv2d, Flatten
from ..network import Network
from ..plots import style
from ..plots.images.kernel_grids import draw_signs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

KERNELS = ("laplace:neighbours=8", "sobel:x", "mean:3", "sharpen", "gaussian:sigma=0.8,size=5")
_WAYS = (
    "least squares, float", "least squares, 8 bits", "least squares, JPEG", "layer, trained"
)  # fmt: skip
_PATCH = 24  # pixels a side of the patches that a layer is trained on


@dataclass(frozen=True, eq=False)
class Lesson:
    """One kernel, and what was learned of it.

    Attributes
    ----------
    kernel : Kernel
        That made the copies.
    exact, rounded, compressed : LearnedKernel
        By least squares from a copy in float64; in integers from 0 to 255, clipped;
        and that as a JPEG of quality 90. The size was not given.
    trained : ndarray
        By a convolutional layer, from the copy in float64.
    """

    kernel: Kernel
    exact: LearnedKernel
    rounded: LearnedKernel
    compressed: LearnedKernel
    trained: Array

    @property
    def errors(self) -> dict[str, float]:
        """Largest error of a weight, as a share of the largest weight, by way of learning."""
        own, largest = self.kernel.matrix, np.abs(self.kernel.matrix).max()
        pairs = zip(_WAYS, self.learned, strict=True)
        return {name: float(_difference(matrix, own) / largest) for name, matrix in pairs}

    @property
    def learned(self) -> list[Array]:
        """The kernels that were learned, one for each way of learning."""
        estimates = (self.exact, self.rounded, self.compressed)
        return [*(estimate.kernel.matrix for estimate in estimates), self.trained]


@dataclass(frozen=True, eq=False)
class KernelLessonsResult:
    """The result of `kernel_lessons`: one Lesson for each kernel."""

    lessons: tuple[Lesson, ...]

    def __str__(self) -> str:
        names = list(self.lessons[0].errors)
        width = max(len(lesson.kernel.label) for lesson in self.lessons)
        lines = [
            "Largest error of a weight, as a share of the largest weight:",
            f"{'':{width}}  {'  '.join(f'{name:>21}' for name in names)}",
        ]
        for lesson in self.lessons:
            columns = "  ".join(f"{error:21.2g}" for error in lesson.errors.values())
            lines.append(f"{lesson.kernel.label:{width}}  {columns}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "lessons": [
                {
                    "kernel": lesson.kernel.label,
                    "matrix": lesson.kernel.matrix.tolist(),
                    "errors": lesson.errors,
                    "exact": lesson.exact.to_dict(),
                    "rounded": lesson.rounded.to_dict(),
                    "compressed": lesson.compressed.to_dict(),
                    "trained": lesson.trained.tolist(),
                }
                for lesson in self.lessons
            ]
        }

    def plot(self, *, ax: Axes | None = None) -> Figure | Axes:
        """Draw each kernel beside the one learned."""
        return _draw(self, ax)


def kernel_lessons(image: ArrayLike | None = None, *, epochs: int = 100) -> KernelLessonsResult:
    """Filter an image with known kernels, and recover them from the image and the copy.

    Parameters
    ----------
    image : array_like, (H, W), optional
        uint8, grey; without it, matplotlib's sample photograph.
    epochs : int
        Of the training of a convolutional layer.

    Raises
    ------
    DataError
        The image is invalid, or there is no sample photograph.
    """
    integer("epochs", epochs, 1)
    if image is None:
        from ..plots.images.samples import read_portrait

        before: NDArray[np.uint8] = read_portrait(None)
    else:
        before = np.asarray(image)
    if before.dtype != np.uint8 or before.ndim != 2:
        raise DataError(
            "the image must be grey, (H, W) of uint8. Received: "
            f"{before.dtype}, shape {before.shape}."
        )
    lessons = []
    for text in KERNELS:
        kernel = parse(text)
        assert isinstance(kernel, Kernel)
        floats = filter_image(before.astype(float), kernel)
        rounded = filter_image(before, kernel)
        lessons.append(
            Lesson(
                kernel,
                learn_kernel(before.astype(float), floats),
                learn_kernel(before, rounded),
                learn_kernel(before, _as_jpeg(rounded)),
                train_kernel(before, floats, kernel.shape[0], epochs=epochs),
            )
        )
    return KernelLessonsResult(tuple(lessons))


def train_kernel(before: ArrayLike, after: ArrayLike, size: int, *, epochs: int = 100) -> Array:
    """Learn a kernel as a network does: one convolutional layer, gradient descent.

    Parameters
    ----------
    before, after : array_like, (H, W)
        The image and its filtered copy; not clipped anywhere.
    size : int
        Rows and columns of the kernel, odd.
    epochs : int
        Passes over the patches that the image is cut into.

    Returns
    -------
    ndarray of float64, (size, size)
        The kernel of a convolution.

    Raises
    ------
    DataError
        The images are of different shape, too small for a patch, or not finite.
    ArgumentError
        The size is not from 1 to 23.

    Notes
    -----
    Neighbouring pixels are so alike that gradient descent would take thousands of epochs to
    distinguish weights. So both images are first convolved with the mixed difference
    [[1, −1], [−1, 1]], which makes pixels less alike and changes nothing else:
    (before ∗ d) ∗ K = (before ∗ K) ∗ d.
    """
    images = [np.asarray(part, np.float64) for part in (before, after)]
    integer("size", size, 1, _PATCH - 1)
    least = _PATCH + 2 * size + 1  # for one patch: the border and the difference take their part
    if images[0].shape != images[1].shape or images[0].ndim != 2 or min(images[0].shape) < least:
        raise DataError(
            f"before and after must be images of one shape, (H, W), of at least {least} × {least} "
            f"pixels. Received: {images[0].shape} and {images[1].shape}."
        )
    first, other = (
        convolve(part, [[1.0, -1.0], [-1.0, 1.0]], "valid")[size:-size, size:-size]
        for part in images  # less the border, where the copy depends on the boundary
    )
    half, count = size // 2, _PATCH - size + 1
    starts = [range(0, side - _PATCH + 1, count) for side in first.shape]
    corners = list(itertools.product(*starts))
    patches = np.array([first[y : y + _PATCH, x : x + _PATCH] for y, x in corners], np.float32)
    inner = other[half:, half:]
    targets = np.array([inner[y : y + count, x : x + count].ravel() for y, x in corners])
    level, deviation = targets.mean(), targets.std() or 1.0
    net = Network((1, _PATCH, _PATCH), [Conv2d(1, size), Flatten()])
    settings: dict[str, Any] = {"batch_size": 16, "optimizer": "adam", "lr": 0.03}
    outputs = (targets - level) / deviation
    net.fit(patches[:, None], outputs, epochs=epochs, progress=False, **settings)
    assert net.normalization is not None
    return np.asarray(net.layer_kernel(0)[0, 0] * deviation / net.normalization.std[0], np.float64)


def _as_jpeg(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=90)
    with Image.open(file) as image:
        return np.asarray(image)


def _difference(first: Array, other: Array) -> float:
    """Return the largest difference of two centred matrices, the smaller put into the larger."""
    most = np.maximum(first.shape, other.shape)
    both = []
    for matrix in (first, other):
        before = (most - matrix.shape) // 2
        after = most - matrix.shape - before
        both.append(np.pad(matrix, list(zip(before, after, strict=True))))
    return float(np.abs(both[0] - both[1]).max())


def _draw(result: KernelLessonsResult, ax: Axes | None) -> Figure | Axes:
    """Draw each kernel beside what was learned of it, four ways."""
    lessons = result.lessons
    canvas = style.canvas(ax, 7.4, 1.5 * len(lessons) + 0.6)
    titles = ("the kernel", *lessons[0].errors)
    for column, title in enumerate(titles):
        canvas.write(
            (column + 0.5) / 5, 1 - 0.25 / canvas.height, title, ha="center", weight="bold",
            fontsize=style.SMALL_SIZE,
        )  # fmt: skip
    height = 1 - 0.5 / canvas.height
    for row, lesson in enumerate(lessons):
        matrices = (lesson.kernel.matrix, *lesson.learned)
        notes = [style.shorten(lesson.kernel.label, 22)]
        notes += [f"error {100 * error:.2g} %" for error in lesson.errors.values()]
        bottom = height * (1 - (row + 1) / len(lessons))
        for column, (matrix, note) in enumerate(zip(matrices, notes, strict=True)):
            axes = canvas.panel(
                column / 5 + 0.02, bottom + 0.2 * height / len(lessons), 0.16,
                0.76 * height / len(lessons),
            )  # fmt: skip
            draw_signs(axes, matrix)
            canvas.write(
                (column + 0.5) / 5, bottom + 0.09 * height / len(lessons), note, ha="center",
                **style.REMARK,
            )  # fmt: skip
    return canvas.result
