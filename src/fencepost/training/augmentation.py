"""Which random changes training makes to each image: the specification; the engine draws them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _engine, notebook
from ..arguments import flag, integer, real
from ..arguments import seed as seed_of
from ..datasets.checks import check_images
from ..datasets.dataset import channel_statistics
from ..errors import ArgumentError
from ..layers.base import engine_shape
from ..text import join_words, plural
from ..threads import as_threads, get_num_threads
from .augmenting import limits
from .augmenting.text import COLOUR_CHANNELS, read
from .data import border_value
from .settings import Setting

# Changes of RandAugment on one image, and the most of its magnitudes.
MOST_OPERATIONS, MOST_MAGNITUDE = 100, 30
# A factor of more than 3 leaves hardly any pixel between black and white; 20 was meant as percent.
MOST_FACTOR = 2
MOST_ALPHA = 100  # of a Beta distribution: half and half, within 7 %
_SHOWN = 6  # versions of a drawing, in a notebook
# Changes that have no meaning for signals, whose values have no colours and no second axis.
OF_IMAGES = ("crop", "vflip", "brightness", "contrast", "saturation", "hue", "randaugment",
             "erase", "cutmix")  # fmt: skip
OF_COLOURS = ("brightness", "contrast", "saturation", "hue", "randaugment")


@dataclass(frozen=True)
class Augmentation(Setting):
    """Random changes to training images, drawn again each time an image is used.

    Geometric changes are combined into one bilinear resampling; RandAugment, colours, erasing and
    noise follow, and mixing with another image of the batch comes last. Random numbers depend on
    (seed, step, image) only, so a run can be repeated on any number of threads. Each change is
    defined in `fencepost.definitions`.

    Parameters
    ----------
    crop : float, optional
        A random crop of at least this share of the area, enlarged to the image's size, with sides
        stretched by at most 4/3 (torchvision's RandomResizedCrop; its outermost pixels repeat the
        crop's edge, these show what is beyond).
    shift : float
        At most this many pixels along each axis, fewer than it has.
    rotate : float
        At most this many degrees either way, up to 180.
    scale : float
        At most this much larger or smaller, less than 1: 0.1 is a factor of 0.9 to 1.1.
    shear : float
        At most this many degrees either way, less than 90.
    flip, vflip : bool
        Swap left and right, above and below, for half of the images.
    elastic : (float, float), optional
        (α, σ): each pixel is moved by random displacements, smoothed by a Gaussian of σ pixels and
        scaled by α pixels (Simard, Steinkraus and Platt 2003). With α = 3 σ they are half a pixel
        on average; σ is at most the image's longer side.
    randaugment : (int, int), optional
        (number, magnitude): this many of RandAugment's fourteen changes, with a magnitude from 0 to
        30 (Cubuk et al. 2019), with torchvision's list and magnitudes.
    brightness, contrast, saturation : float
        By a factor that differs from 1 by at most this, up to 2 (torchvision's ColorJitter). The
        four changes of colour are made in random order, and values are clipped at black and white.
    hue : float
        At most this share of the colour circle either way, up to 0.5.
    erase : float
        The probability that a rectangle of 2 to 33 % of the area becomes the mean colour (Zhong et
        al. 2017).
    noise : float
        Standard deviation of the Gaussian noise, in units of the images' own values, at most their
        range: 255 for uint8.
    mixup : float
        α of the Beta distribution of the ratio in which two images and their targets are mixed
        (Zhang et al. 2017), up to 100; 0.2 is usual.
    cutmix : float
        α of the Beta distribution of the share of the area that stays; a rectangle of another image
        covers the rest, and the targets are mixed in the same ratio (Yun et al. 2019), up to 100; 1
        is usual. With `mixup`, each is applied to half of the images.
    fill : float, optional
        The value of what comes in from outside the image. None: the median along the images'
        borders, so 0 on MNIST and the usual background elsewhere.

    Examples
    --------
    >>> from fencepost.training import Augmentation
    >>> Augmentation.parse("shift=2,rotate=10,elastic=8:4")
    Augmentation(shift=2.0, rotate=10.0, elastic=(8.0, 4.0))
    >>> print(Augmentation(crop=0.6, flip=True, randaugment=(2, 9)))
    crop=0.6,flip,randaugment=2:9
    """

    crop: float | None = None
    shift: float = 0.0
    rotate: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    flip: bool = False
    vflip: bool = False
    elastic: tuple[float, float] | None = None
    randaugment: tuple[int, int] | None = None
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    erase: float = 0.0
    noise: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    fill: float | None = None

    def __post_init__(self) -> None:
        values: dict[str, object] = {
            "shift": real("shift", self.shift, 0),
            "rotate": real("rotate", self.rotate, 0, 180),
            "scale": real("scale", self.scale, 0, 1, below=True),
            "shear": real("shear", self.shear, 0, 90, below=True),
            "flip": flag("flip", self.flip),
            "vflip": flag("vflip", self.vflip),
            "brightness": real("brightness", self.brightness, 0, MOST_FACTOR),
            "contrast": real("contrast", self.contrast, 0, MOST_FACTOR),
            "saturation": real("saturation", self.saturation, 0, MOST_FACTOR),
            "hue": real("hue", self.hue, 0, 0.5),
            "erase": real("erase", self.erase, 0, 1),
            "noise": real("noise", self.noise, 0),
            "mixup": real("mixup", self.mixup, 0, MOST_ALPHA),
            "cutmix": real("cutmix", self.cutmix, 0, MOST_ALPHA),
        }
        if self.crop is not None:
            values["crop"] = real("crop", self.crop, 0, 1, above=True)
        if self.fill is not None:
            values["fill"] = real("fill", self.fill)
        if self.elastic is not None:
            alpha, sigma = _pair(
                "elastic", self.elastic, "(alpha, sigma) in pixels, such as (8, 4)"
            )
            alpha = real("elastic's alpha", alpha, 0)
            values["elastic"] = (alpha, real("elastic's sigma", sigma, 0, above=True))
        if self.randaugment is not None:
            rule = "(changes, magnitude), such as (2, 9)"
            changes, magnitude = _pair("randaugment", self.randaugment, rule)
            changes = integer("randaugment's changes", changes, 1, MOST_OPERATIONS)
            magnitude = integer("randaugment's magnitude", magnitude, 0, MOST_MAGNITUDE)
            values["randaugment"] = (changes, magnitude)
        self._set(**values)

    def __repr__(self) -> str:
        return f"Augmentation({', '.join(f'{name}={value!r}' for name, value in self._given())})"

    def __str__(self) -> str:
        """Return the changes as text for `parse`; "none" if there are none."""
        return ",".join(_written(name, value) for name, value in self._given()) or "none"

    def _repr_html_(self) -> str:
        """Show what it makes of a drawing."""
        said = notebook.paragraph(repr(self))
        if not self._given():
            return said
        try:
            changed = self.apply(np.stack([_drawing()] * _SHOWN), seed=1)
        except ArgumentError:  # no image can be changed like this
            return said
        pictures = [_drawing(), *np.clip(changed, 0, 255).astype(np.uint8)]
        captions = ["drawing", *["changed"] * _SHOWN]
        return said + "".join(
            notebook.captioned(notebook.picture(picture.transpose(1, 2, 0), name), name)
            for picture, name in zip(pictures, captions, strict=True)
        )

    def _given(self) -> list[tuple[str, Any]]:
        return [
            (field.name, getattr(self, field.name))
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        ]

    def check_targets(self, input_shape: Sequence[int], targets: NDArray[Any]) -> None:
        """Warn if the targets of such inputs seem to be maps of them, which are not changed."""
        limits.warn_of_maps(dict(self._given()), input_shape, targets)

    def check_input(self, input_shape: Sequence[int], images: NDArray[Any] | None = None) -> None:
        """Raise `ArgumentError` unless every change makes sense for such inputs.

        Parameters
        ----------
        input_shape : sequence of int
            Of one input: (C, H, W), (C, W) or (F,).
        images : ndarray, optional
            All of them, of which the range of values is checked where colours change, and where
            values are given.
        """
        given = dict(self._given())
        limits.check_reach(given, input_shape)
        if images is not None:
            limits.check_values(given, images)
        if len(input_shape) != 3:
            wrong = [name for name in OF_IMAGES if name in given]
            if wrong:
                raise ArgumentError(
                    f"{join_words(wrong)} {_verb(wrong, 'is', 'are')} for images (C, H, W); "
                    "signals (C, W) can be changed by shift, scale, flip, elastic, noise and "
                    f"mixup. Received: input of shape {tuple(input_shape)}."
                )
            return
        colours = [name for name in OF_COLOURS if name in given]
        if not colours:
            return
        if input_shape[0] not in COLOUR_CHANNELS:
            raise ArgumentError(
                f"{join_words(colours)} {_verb(colours, 'needs', 'need')} images of 1 channel "
                "(grey), 3 (red, green, blue) or 4 (and alpha). Received: images of "
                f"{plural(input_shape[0], 'channel')}."
            )
        if images is not None and images.dtype != np.uint8:
            low, high = float(images.min()), float(images.max())
            if low < 0 or high > 1:
                raise ArgumentError(
                    f"{join_words(colours)} {_verb(colours, 'needs', 'need')} to know black and "
                    "white: images of uint8, or floats from 0 to 1. Received: floats from "
                    f"{low:g} to {high:g}. Use "
                    "images / 255, or leave normalisation to the network."
                )

    def apply(
        self, images: ArrayLike, *, seed: int = 0, step: int = 0, threads: int | None = None
    ) -> NDArray[np.float32]:
        """Return images as training sees them at a step, before they are normalised.

        Parameters
        ----------
        images : array_like, shape (N, C, H, W), (N, C, W) or (N, F)
            Where images are mixed, each is mixed with the next. The values of `fill` and of erased
            pixels are computed from all of them.
        seed, step : int
            With each image's index, the seed of its random changes.
        threads : int, optional
            By default `fencepost.get_num_threads()`; the result does not depend on it.

        Returns
        -------
        ndarray of float32
            Of the same shape.

        Examples
        --------
        >>> import numpy as np
        >>> from fencepost.training import Augmentation
        >>> images = np.arange(12, dtype=np.uint8).reshape(2, 1, 2, 3)
        >>> Augmentation(flip=True).apply(images, seed=1)[0]
        array([[[2., 1., 0.],
                [5., 4., 3.]]], dtype=float32)
        """
        given = check_images(images)
        self.check_input(given.shape[1:], given)
        seen = given.reshape(-1, *engine_shape(given.shape[1:]))
        mean, _ = channel_statistics(seen)
        changed = _engine.augment(
            seen,
            self.engine(border_value(seen), mean),
            seed_of("seed", seed),
            seed_of("step", step),
            None,
            as_threads("threads", get_num_threads() if threads is None else threads),
        )
        return changed.reshape(given.shape)

    def engine(self, fill: float = 0.0, mean: NDArray[Any] | None = None) -> dict[str, Any]:
        """Return the engine's settings.

        `fill` is used where none was chosen, and `mean`, of each channel, for what is erased.
        """
        settings = dataclasses.asdict(self)
        settings["elastic_alpha"], settings["elastic_sigma"] = settings.pop("elastic") or (0.0, 1.0)
        settings["operations"], settings["magnitude"] = settings.pop("randaugment") or (0, 0)
        settings["fill"] = fill if self.fill is None else self.fill
        settings["erased"] = None if mean is None else np.asarray(mean, np.float32)
        return settings

    @classmethod
    def parse(cls, text: str, input_shape: Sequence[int] | None = None) -> Augmentation:
        """Read text such as ``shift=2,rotate=10,flip,jitter=0.2,randaugment=2,9``.

        ``jitter=0.2`` is short for brightness, contrast and saturation of 0.2 and a hue of a
        quarter of that. ``light``, ``strong`` or ``none`` may come first: sets of changes for
        inputs of `input_shape`, to which the rest is added.

        Raises
        ------
        ArgumentError
            For a name or value that is not known, with a mark below it.

        Examples
        --------
        >>> from fencepost.training import Augmentation
        >>> print(Augmentation.parse("light,vflip", input_shape=(3, 64, 64)))
        crop=0.6,flip,vflip,brightness=0.2,contrast=0.2,saturation=0.2,hue=0.05
        """
        return cls(**read(text, cls, (3, 1, 1) if input_shape is None else input_shape))


def _verb(things: Sequence[str], singular: str, plural: str) -> str:
    return singular if len(things) == 1 else plural


def _drawing() -> NDArray[np.uint8]:
    """Return something that looks different in every direction and colour: (3, 64, 64)."""
    drawing = np.full((3, 64, 64), 235, np.uint8)
    drawing[:, 12:54, 16:24] = drawing[:, 12:20, 16:48] = np.reshape((30, 90, 170), (3, 1, 1))
    drawing[:, 29:36, 16:40] = np.reshape((210, 80, 30), (3, 1, 1))
    return drawing


def _pair(name: str, value: object, rule: str) -> tuple[Any, Any]:
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ArgumentError(f"{name} must be {rule}. Received: {value!r}.")
    return value[0], value[1]


def _written(name: str, value: Any) -> str:
    if value is True:
        return name
    if isinstance(value, tuple):
        return f"{name}={value[0]:g}:{value[1]:g}"
    return f"{name}={value:g}"


def as_augmentation(
    value: Augmentation | str | None, input_shape: Sequence[int] | None = None
) -> Augmentation | None:
    """Take an augmentation as an object, as text, or None."""
    if isinstance(value, str):
        return Augmentation.parse(value, input_shape)
    if value is None or isinstance(value, Augmentation):
        return value
    raise ArgumentError(
        'augmentation must be Augmentation(...) or text such as "light" or "shift=2,rotate=10". '
        f"Received: {value!r}."
    )
