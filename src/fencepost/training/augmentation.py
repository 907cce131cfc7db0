"""Which random changes training makes to each image: the specification; the engine draws them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, NoReturn

from ..arguments import flag, nearest, real
from ..errors import ArgumentError
from ..text import format_value, mark_column
from .settings import Setting


@dataclass(frozen=True)
class Augmentation(Setting):
    """Random changes to every training image, drawn anew each time that the image is used.

    Each change is drawn uniformly between its extremes; all are put together into one bilinear
    resampling per image. Every draw follows from (seed, step, image), so a run can be repeated.

    Parameters
    ----------
    shift : float
        Up to so many pixels along each axis.
    rotate : float
        Up to so many degrees either way, at most 180.
    scale : float
        Up to so much larger or smaller, less than 1: 0.1 is a factor of 0.9 to 1.1.
    shear : float
        Up to so many degrees either way, less than 90.
    flip : bool
        Swap left and right for half of the images.
    elastic : (float, float), optional
        (α, σ): each pixel is moved by random displacements, smoothed by a Gaussian of σ pixels and
        scaled by α pixels (Simard, Steinkraus and Platt 2003).
    noise : float
        Standard deviation of the Gaussian noise, in units of the images' own values.
    fill : float, optional
        The value of what comes in from outside the image. None: the median along the images'
        borders, so 0 on MNIST and the usual background elsewhere.

    Examples
    --------
    >>> from fencepost.training import Augmentation
    >>> Augmentation.parse("shift=2,rotate=10,elastic=8:4")
    Augmentation(shift=2.0, rotate=10.0, elastic=(8.0, 4.0))
    """

    shift: float = 0.0
    rotate: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    flip: bool = False
    elastic: tuple[float, float] | None = None
    noise: float = 0.0
    fill: float | None = None

    def __post_init__(self) -> None:
        values: dict[str, object] = {
            "shift": real("shift", self.shift, 0),
            "rotate": real("rotate", self.rotate, 0, 180),
            "scale": real("scale", self.scale, 0, 1, below=True),
            "shear": real("shear", self.shear, 0, 90, below=True),
            "flip": flag("flip", self.flip),
            "noise": real("noise", self.noise, 0),
        }
        if self.fill is not None:
            values["fill"] = real("fill", self.fill)
        if self.elastic is not None:
            pair = self.elastic
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise ArgumentError(
                    f"elastic must be (alpha, sigma) in pixels, such as (8, 4). "
                    f"Received: {format_value(pair)}."
                )
            alpha = real("elastic's alpha", pair[0], 0)
            values["elastic"] = (alpha, real("elastic's sigma", pair[1], 0, above=True))
        self._set(**values)

    def __repr__(self) -> str:
        parts = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        ]
        return f"Augmentation({', '.join(parts)})"

    def engine(self, fill: float = 0.0) -> dict[str, Any]:
        """Return the engine's settings; `fill` is used where none was chosen."""
        settings = dataclasses.asdict(self)
        settings["elastic_alpha"], settings["elastic_sigma"] = settings.pop("elastic") or (0.0, 1.0)
        settings["fill"] = fill if self.fill is None else self.fill
        return settings

    @classmethod
    def parse(cls, text: str) -> Augmentation:
        """Read text such as ``shift=2,rotate=10,scale=0.1,flip,elastic=8:4``.

        Raises
        ------
        ArgumentError
            For a name or value that is not known, with a mark below it.
        """
        values: dict[str, Any] = {}
        position = 0
        for part in text.split(","):
            name, equals, given = part.partition("=")
            name, given = name.strip(), given.strip()
            start = position + len(part) - len(part.lstrip())
            value_start = position + part.find("=") + 1 if equals else start
            position += len(part) + 1
            if not name:
                _refuse(text, start, "a name such as shift is missing")
            if name not in _NAMES:
                known, hint = ", ".join(_NAMES), nearest(name, _NAMES)
                _refuse(text, start, f"{name!r} is not one of {known}. {hint}".rstrip(". "))
            if name in values:
                _refuse(text, start, f"{name!r} is given twice")
            if name == "flip" and not equals:
                values[name] = True
                continue
            try:
                values[name] = _parse_value(name, given)
            except ValueError:
                _refuse(text, value_start, f"{name} {_NAMES[name]}, not {given!r}")
            try:
                cls(**{name: values[name]})
            except ArgumentError as error:
                _refuse(text, value_start, str(error))
        return cls(**values)


# What each name is followed by, as the errors of `parse` say it.
_NAMES = {
    "shift": "takes pixels, such as shift=2",
    "rotate": "takes degrees, such as rotate=10",
    "scale": "takes a fraction, such as scale=0.1",
    "shear": "takes degrees, such as shear=10",
    "flip": "stands alone, or takes yes or no",
    "elastic": "takes alpha:sigma in pixels, such as elastic=8:4",
    "noise": "takes a standard deviation in pixel values, such as noise=5",
    "fill": "takes a pixel value, such as fill=0",
}


def _parse_value(name: str, given: str) -> bool | float | tuple[float, float]:
    if name == "flip":
        words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
        if given.lower() not in words:
            raise ValueError(given)
        return words[given.lower()]
    if name == "elastic":
        alpha, sigma = given.split(":")
        return float(alpha), float(sigma)
    return float(given)


def _refuse(text: str, column: int, reason: str) -> NoReturn:
    raise ArgumentError(f"augmentation: {reason}\n{mark_column(text, column)}")


def as_augmentation(value: Augmentation | str | None) -> Augmentation | None:
    """Take an augmentation as an object, as text, or None."""
    if isinstance(value, str):
        return Augmentation.parse(value)
    if value is None or isinstance(value, Augmentation):
        return value
    raise ArgumentError(
        'augmentation must be Augmentation(...) or text such as "shift=2,rotate=10". '
        f"Received: {format_value(value)}."
    )
