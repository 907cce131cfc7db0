"""Activations: each value by itself, through one nonlinear function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..arguments import real
from .base import ElementwiseLayer


@dataclass(frozen=True, repr=False)
class ReLU(ElementwiseLayer):
    """max(x, 0)."""

    op = "relu"


@dataclass(frozen=True, repr=False)
class LeakyReLU(ElementwiseLayer):
    """x where x > 0, else negative_slope · x."""

    negative_slope: float
    op = "leaky_relu"

    def __init__(self, negative_slope: float = 0.01) -> None:
        self._set(negative_slope=real("negative_slope", negative_slope, 0.0))

    def _options(self) -> dict[str, Any]:
        return {"slope": self.negative_slope}


@dataclass(frozen=True, repr=False)
class Tanh(ElementwiseLayer):
    """tanh(x)."""

    op = "tanh"


@dataclass(frozen=True, repr=False)
class ScaledTanh(ElementwiseLayer):
    """1.7159 · tanh(2x / 3), which maps ±1 to ±1 where its second derivative is largest.

    LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition,
    Proceedings of the IEEE 86 (1998), equation 6 and appendix A.
    """

    op = "scaled_tanh"


@dataclass(frozen=True, repr=False)
class Sigmoid(ElementwiseLayer):
    """1 / (1 + exp(-x))."""

    op = "sigmoid"


@dataclass(frozen=True, repr=False)
class GELU(ElementwiseLayer):
    """x · Φ(x) with the exact Gaussian distribution function Φ, not its tanh approximation.

    Hendrycks, Gimpel: Gaussian Error Linear Units (2016).
    """

    op = "gelu"


@dataclass(frozen=True, repr=False)
class SiLU(ElementwiseLayer):
    """x · sigmoid(x), also known as swish."""

    op = "silu"


@dataclass(frozen=True, repr=False)
class Dropout(ElementwiseLayer):
    """In training sets each value to 0 with probability `p` and scales the rest by 1 / (1 - p).

    Outside training it changes nothing.
    """

    p: float
    op = "dropout"

    def __init__(self, p: float = 0.5) -> None:
        self._set(p=real("p", p, 0.0, 1.0, below=True))

    def _options(self) -> dict[str, Any]:
        return {"p": self.p}


@dataclass(frozen=True, repr=False)
class ReLU6(ElementwiseLayer):
    """min(max(x, 0), 6): from MobileNetV2 (Sandler et al., 2018)."""

    op = "relu6"


@dataclass(frozen=True, repr=False)
class HardSigmoid(ElementwiseLayer):
    """min(max(x + 3, 0), 6) / 6: from MobileNetV3 (Howard et al., 2019), section 5.2."""

    op = "hard_sigmoid"


@dataclass(frozen=True, repr=False)
class HardSwish(ElementwiseLayer):
    """x · min(max(x + 3, 0), 6) / 6: from MobileNetV3 (Howard et al., 2019), section 5.2."""

    op = "hard_swish"


@dataclass(frozen=True, repr=False)
class Softmax(ElementwiseLayer):
    """exp(x) / sum of exp over the channels, at each pixel by itself; over all of a flat input.

    A network that is trained with cross-entropy needs none at its end: the loss and
    `Network.predict_proba` take the softmax of the outputs.
    """

    op = "softmax"


@dataclass(frozen=True, repr=False)
class DropPath(ElementwiseLayer):
    """In training sets an image's values to 0 with probability `p`, or scales by 1 / (1 - p).

    At the end of a Residual's chain it leaves out the chain of some images: Huang, Sun, Liu, Sedra,
    Weinberger: Deep networks with stochastic depth (2016). Outside training it changes nothing.

    Parameters
    ----------
    p : float
        At least 0 and less than 1.

    Examples
    --------
    >>> import fencepost as fp
    >>> block = fp.Residual(fp.Conv2d(8, 3, padding=1), fp.ReLU(), fp.DropPath(0.2))
    """

    p: float
    op = "drop_path"

    def __init__(self, p: float = 0.1) -> None:
        self._set(p=real("p", p, 0.0, 1.0, below=True))

    def _options(self) -> dict[str, Any]:
        return {"p": self.p}
