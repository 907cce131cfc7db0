"""What a training measures of its images beside learning: their range, and how sure it may be."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets.prepare.input_range import CHECKED, MEASURED, InputRange
from ...errors import warn
from ...remedies import setting
from ...text import format_shape
from ..backends.backend import Arrays
from ..data import Subset
from ..trainable import Trainable

SHOWN = 5  # names in a warning
# The calibration measures one image for so many of all epochs, but some at least and at most.
SEEN_PER_MEASURED = 300
FEWEST_MEASURED, MOST_MEASURED = 200, 2000


def compare_ranges(
    net: Trainable, arrays: Arrays, given: Subset, validation: Subset | None
) -> None:
    """Measure the images of a training; warn of others, of the last training or of validation."""
    statistics = arrays.mean, arrays.scale
    if net.input_range is not None:
        few = given.few(CHECKED)
        remark = net.input_range.remark(few, *statistics, "the images of this training")
        if remark is not None:
            warn(f"{remark} A network that is trained further keeps its normalisation.")
    net.input_range = InputRange.measure(given.few(MEASURED), *statistics)
    if validation is not None:
        few = validation.few(CHECKED)
        remark = net.input_range.remark(few, *statistics, "the validation images")
        if remark is not None:
            warn(remark)


def warn_of_last_channels(input_shape: tuple[int, ...]) -> None:
    """Warn of a network of images whose shape looks like (height, width, channels)."""
    if len(input_shape) == 3 and input_shape[2] in (1, 3, 4) and min(input_shape[:2]) >= 8:
        channels, *size = input_shape
        turned = (input_shape[2], *input_shape[:2])
        warn(
            f"the network's input is read as {channels} channels of {format_shape(size)}. If its "
            f"channels come last, make a Network({turned}, ...): arrays of images with channels "
            "last are taken as well."
        )


def warn_of_copies(trained: NDArray[np.uint64], validated: NDArray[np.uint64]) -> None:
    """Warn if images that were validated with were trained on, by the hashes of their pixels.

    Files of other formats may hold the same pixels, which is known once they are decoded.
    """
    count = int(np.isin(validated, trained).sum())
    if not count:
        return
    some = (
        f"{count:,} of the {len(validated):,} validation images {'has' if count == 1 else 'have'}"
    )
    warn(
        f"{'all validation images have' if count == len(validated) else some} the same pixels as "
        "a training image. So validation looks better than it would on new images, and the best "
        "epoch may be another. Remove the copies from one of the two."
    )


def warn_of_changes(*subsets: Subset | None) -> None:
    """Warn if files of images were changed or removed since they were listed and decoded."""
    lazy = [subset.lazy for subset in subsets if subset is not None and subset.lazy is not None]
    names = sorted({name for images in lazy for name in images.changed()})
    if names:
        more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
        warn(
            f"changed or removed since the folder was read: {', '.join(names[:SHOWN])}{more}. The "
            "network was trained on what was there before: train again to use what is there now."
        )


def warn_of_standstill(before: NDArray[Any], after: NDArray[Any], lr: float) -> None:
    """Warn if a training changed no parameter by more than float32 rounds the largest of them."""
    largest = float(np.abs(before).max(initial=0))
    change = float(np.abs(after - before).max(initial=0))
    if change <= largest * np.finfo(np.float32).eps:
        warn(
            f"training changed no weight by more than {change:.1e}: {setting('lr', lr)} is too "
            "small, or no gradient reaches the weights. Use a larger learning rate, such as "
            f"{setting('lr', 0.001)}."
        )


def calibrate(net: Trainable, training: Subset, held_out: Subset, seen: int) -> None:
    """Calibrate on held-out images: on so few that it takes no 1 % of a training of any length."""
    count = min(max(seen // SEEN_PER_MEASURED, FEWEST_MEASURED), MOST_MEASURED)
    images, known = (data.few(count).reshape(-1, *net.input_shape) for data in (held_out, training))
    net.calibrate(images, held_out.targets_of_few(count), training_images=known)
