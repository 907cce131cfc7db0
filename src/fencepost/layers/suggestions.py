"""What would fit where chains meet that do not: said at the end of an error."""

from __future__ import annotations

from collections.abc import Sequence

from ..text import format_shape
from .base import Shape


def fitting_shortcut(input_shape: Shape, shape: Shape) -> str:
    """Name a projection that makes `shape` of the input, if there is one.

    >>> fitting_shortcut((64, 56, 56), (128, 28, 28))
    'With shortcut=[Conv2d(128, 1, stride=2, remainder="crop")] it would fit.'
    """
    keep = (
        "Use a padding that keeps the size, and as many output channels in the last layer as the "
        "input has"
    )
    if len(input_shape) != len(shape):
        return f"{keep}."
    if len(shape) == 1:
        return f"With shortcut=[Linear({shape[0]})] it would fit."
    steps = []
    for before, after in zip(input_shape[1:], shape[1:], strict=True):
        step = (before - 1) // after + 1  # the smallest that makes no more than `after`
        if (before - 1) // step + 1 != after:
            return f"{keep}."
        steps.append(step)
    cropped = any((n - 1) % s for n, s in zip(input_shape[1:], steps, strict=True))
    arguments = [str(shape[0]), "1"]
    if max(steps) > 1:
        arguments.append(f"stride={steps[0] if len(set(steps)) == 1 else tuple(steps)}")
    if cropped:
        arguments.append('remainder="crop"')
    layer = f"Conv{len(steps)}d({', '.join(arguments)})"
    return f"With shortcut=[{layer}] it would fit."


def equal_sizes(shapes: Sequence[Shape]) -> str:
    """Say what would make the sizes of the chains of a Concat equal.

    >>> equal_sizes([(8, 28, 28), (8, 14, 14)])
    'With Upsample(scale_factor=2) at the end of chain 1, all would be 28 × 28.'
    >>> equal_sizes([(8, 28, 28), (8, 26, 26)])
    'In chain 1, use a padding that keeps 28 × 28.'
    """
    if len({len(shape) for shape in shapes}) > 1:
        return "End all of them with Flatten() or GlobalAvgPool(), or none."
    index = min(range(len(shapes)), key=lambda i: shapes[i][1:])
    largest = max(shape[1:] for shape in shapes)
    size = format_shape(largest)
    ratios = {b // a if b % a == 0 else 0 for a, b in zip(shapes[index][1:], largest, strict=True)}
    if len(ratios) == 1 and (ratio := ratios.pop()) > 1:
        return (
            f"With Upsample(scale_factor={ratio}) at the end of chain {index}, all would be {size}."
        )
    return f"In chain {index}, use a padding that keeps {size}."


def fitting_gate(input_shape: Shape, factors: Shape) -> str:
    """Say what at the end of a Gate would fit.

    >>> fitting_gate((16, 8, 8), (4,))
    'With Linear(16) as its last layer with weights it would fit.'
    """
    channels = input_shape[0]
    if len(factors) == 1:
        return f"With Linear({channels}) as its last layer with weights it would fit."
    if factors[0] != channels and factors[1:] in ((1,) * (len(factors) - 1), input_shape[1:]):
        layer = f"Conv{len(factors) - 1}d({channels}, 1)"
        return f"With {layer} as its last layer with weights it would fit."
    return f"Begin it with GlobalAvgPool() and end it with Linear({channels})."
