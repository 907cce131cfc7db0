"""Changes of an image by their names, as `definitions` has them: the oracle of augmentation."""

from __future__ import annotations

from fencepost import definitions

NAMES = {
    "brightness": definitions.adjust_brightness,
    "contrast": definitions.adjust_contrast,
    "saturation": definitions.adjust_saturation,
    "sharpness": definitions.adjust_sharpness,
    "posterize": definitions.posterize,
    "solarize": definitions.solarize,
    "autocontrast": definitions.autocontrast,
    "equalize": definitions.equalize,
    "hue": None,
    "identity": None,
}
GEOMETRY = ("shear_x", "shear_y", "rotate")


def by_definition(image, name, values, peak, fill):
    """Make one change as `definitions` has it."""
    if name == "identity":
        return image
    if name == "hue":
        return definitions.adjust_hue(image, values[0])
    if name in GEOMETRY:
        return getattr(definitions, name)(image, values[0], fill=fill)
    if name.startswith("translate"):
        x, y = (values[0], 0) if name == "translate_x" else (0, values[0])
        return definitions.translate(image, x, y, fill)
    if name == "posterize":
        values = [int(values[0])]
    return NAMES[name](image, *values, peak=peak)
