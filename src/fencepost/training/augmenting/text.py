"""Augmentation as text: ``light``, ``shift=2,rotate=10,flip``; its errors point into the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ...errors import ArgumentError
from ...habits import nearest
from ...text import mark_column

# Of images whose colours can be changed: grey; red, green and blue; these and alpha.
COLOUR_CHANNELS = (1, 3, 4)

# What each name is followed by, as errors say it.
_NAMES = {
    "crop": "takes a fraction of the area, such as crop=0.6",
    "shift": "takes pixels, such as shift=2",
    "rotate": "takes degrees, such as rotate=10",
    "scale": "takes a fraction, such as scale=0.1",
    "shear": "takes degrees, such as shear=10",
    "flip": "has no value, or takes yes or no",
    "vflip": "has no value, or takes yes or no",
    "elastic": "takes alpha:sigma in pixels, such as elastic=8:4",
    "randaugment": "has no value, or takes changes,magnitude, such as randaugment=2,9",
    "jitter": "takes a fraction, such as jitter=0.2, up to 2",
    "brightness": "takes a fraction, such as brightness=0.2",
    "contrast": "takes a fraction, such as contrast=0.2",
    "saturation": "takes a fraction, such as saturation=0.2",
    "hue": "takes a fraction of the colour circle, such as hue=0.05",
    "erase": "takes a probability, such as erase=0.25",
    "noise": "takes a standard deviation in pixel values, such as noise=5",
    "mixup": "takes alpha, such as mixup=0.2",
    "cutmix": "takes alpha, such as cutmix=1",
    "fill": "takes a pixel value, such as fill=0",
}
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
# A comma, unless what follows is the second number of a pair.
_COMMA = re.compile(r",(?!\s*\d+\s*(?:,|$))")


def _light(shape: Sequence[int]) -> str:
    if len(shape) < 3:
        return f"shift={max(1, shape[-1] // 30)},scale=0.05"
    return "crop=0.6,flip" + (",jitter=0.2" if shape[0] in COLOUR_CHANNELS else "")


def _strong(shape: Sequence[int]) -> str:
    if len(shape) < 3:
        return f"shift={max(1, shape[-1] // 10)},scale=0.2,mixup=0.2"
    colours = "randaugment=2:9," if shape[0] in COLOUR_CHANNELS else ""
    return f"crop=0.35,flip,{colours}erase=0.25,mixup=0.2,cutmix=1"


# Sets of changes for inputs of a shape: images or signals.
PRESETS: dict[str, Callable[[Sequence[int]], str]] = {
    "light": _light,
    "strong": _strong,
    "none": lambda shape: "",
}


def read(text: str, make: Callable[..., object], input_shape: Sequence[int]) -> dict[str, Any]:
    """Return the fields of `make`, an Augmentation, that text gives; each value is tried."""
    values: dict[str, Any] = {}
    seen: set[str] = set()
    for start, part in _parts(text):
        name, equals, given = part.partition("=")
        value_start = start + len(name) + 1 if equals else start
        name, given = name.strip(), given.strip()
        if not name:
            _refuse(text, start, "a name such as shift is missing")
        if name in PRESETS:
            if seen or equals:
                _refuse(text, start, f"{name} has no value and comes first")
            seen.add(name)
            preset = PRESETS[name](input_shape)
            values = read(preset, make, input_shape) if preset else {}
            continue
        if name not in _NAMES:
            known, hint = ", ".join(_NAMES), nearest(name, (*_NAMES, *PRESETS))
            _refuse(
                text,
                start,
                f"{name!r} is not one of {known}, or light, strong or none. {hint}".rstrip(". "),
            )
        if name in seen:
            _refuse(text, start, f"{name!r} is given twice")
        seen.add(name)
        try:
            fields = _fields(name, given, bool(equals))
        except ValueError:
            _refuse(text, value_start, f"{name} {_NAMES[name]}, not {given!r}")
        try:
            make(**fields)
        except ArgumentError as error:
            _refuse(text, value_start, str(error))
        values |= fields
    return values


def _parts(text: str) -> list[tuple[int, str]]:
    """Return what stands between commas, with the column where it begins."""
    parts, position = [], 0
    for part in _COMMA.split(text):
        parts.append((position + len(part) - len(part.lstrip()), part.strip()))
        position += len(part) + 1
    return parts


def _fields(name: str, given: str, equals: bool) -> dict[str, Any]:
    if name in ("flip", "vflip"):
        if equals and given.lower() not in _FLAGS:
            raise ValueError(given)
        return {name: _FLAGS[given.lower()] if equals else True}
    if name == "randaugment":
        changes, magnitude = re.split("[,:]", given) if equals else ("2", "9")
        return {name: (int(changes), int(magnitude))}
    if name == "elastic":
        alpha, sigma = given.split(":")
        return {name: (float(alpha), float(sigma))}
    if name == "jitter":
        value = float(given)
        if not 0 <= value <= 2:
            raise ValueError(given)
        return {"brightness": value, "contrast": value, "saturation": value, "hue": value / 4}
    return {name: float(given)}


def _refuse(text: str, column: int, reason: str) -> NoReturn:
    raise ArgumentError(f"augmentation: {reason}\n{mark_column(text, column)}")
