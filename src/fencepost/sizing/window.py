"""One axis of the output-size equation: a window of `kernel` elements moved over a padded input."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from .padding import halved

Remainder = Literal["error", "crop", "pad"]


@dataclass(frozen=True, slots=True)
class Window:
    """A kernel moved along one axis, and how many times it fits.

    ``output = (input + before + after − dilation·(kernel − 1) − 1) / stride + 1``

    `input` and `kernel` are elements; `stride` is elements from one window to the next, `dilation`
    elements of the input from one element of the kernel to the next; `before` and `after` are zeros
    put before the first element and after the last. `remark` says what should be said about this
    padding, usually nothing.

    Examples
    --------
    >>> window = Window(input=10, kernel=3, stride=2)
    >>> window.output, window.remainder
    (4, 1)
    >>> window.equation
    'output = (10 + 0 + 0 − 1·(3 − 1) − 1) / 2 + 1 = 4.5'
    """

    input: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    remark: str = ""

    @classmethod
    def inverse(
        cls,
        outputs: int,
        kernel: int,
        stride: int = 1,
        dilation: int = 1,
        before: int = 0,
        after: int = 0,
        output_padding: int = 0,
    ) -> Window:
        """Return the window of the convolution that a transposed one of so many elements inverts.

        Its input is what comes out: as many elements as a window needs to fit `outputs` times and
        leave ``output_padding`` over. Dumoulin and Visin, A guide to
        convolution arithmetic for deep learning (2016), relation 14.

        >>> Window.inverse(5, kernel=3, stride=2, before=1, after=1, output_padding=1).input
        10
        """
        needed = (outputs - 1) * stride + dilation * (kernel - 1) + 1
        input = needed + output_padding - before - after
        return cls(input, kernel, stride, dilation, before, after)

    def same(self, *, lower: bool = False) -> Window:
        """Return the window padded for input / stride windows, rounded up.

        TensorFlow's meaning of "same", and ONNX's; `lower` puts an odd zero before the input.
        (https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2)

        >>> window = Window(10, kernel=3, stride=2).same()
        >>> window.before, window.after, window.output
        (0, 1, 5)
        """
        outputs = -(-self.input // self.stride)
        needed = (outputs - 1) * self.stride + self.effective_kernel_size
        before, after = halved(max(0, needed - self.input), lower=lower)
        return replace(self, before=before, after=after)

    @property
    def padded(self) -> int:
        """Elements of the input with its padding."""
        return self.before + self.input + self.after

    @property
    def effective_kernel_size(self) -> int:
        """Elements from the first to the last that the kernel spans."""
        return self.dilation * (self.kernel - 1) + 1

    def elements(self, index: int) -> range:
        """Elements of the input, some of them perhaps padding, that window `index` spans."""
        start = index * self.stride - self.before
        return range(start, start + self.effective_kernel_size)

    @property
    def span(self) -> int:
        """How far the first window can be moved; negative if not even one fits."""
        # The equation's upper half at once: `padded` and `effective_kernel_size` would cost more.
        padded = self.before + self.input + self.after
        return padded - self.dilation * (self.kernel - 1) - 1

    @property
    def output(self) -> int:
        """How many windows fit: an integer, rounded down if there is a remainder."""
        span = self.span
        return span // self.stride + 1 if span >= 0 else 0

    @property
    def ceil_output(self) -> int:
        """How many windows ``ceil_mode`` makes: one more if there is a remainder.

        None begins beyond the input, though, as in PyTorch and ONNX
        (https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html).

        >>> Window(10, kernel=3, stride=2).ceil_output, Window(4, kernel=1, stride=3).ceil_output
        (5, 2)
        """
        if self.span < 0:
            return 0
        output = -(-self.span // self.stride) + 1
        return output - ((output - 1) * self.stride >= self.before + self.input)

    @property
    def remainder(self) -> int:
        """Elements of the padded input, at its far edge, that no window ends at or beyond."""
        return self.span % self.stride if self.span >= 0 else self.padded

    @property
    def lost_elements(self) -> int:
        """Those of them that are elements of the input and not zeros of the padding."""
        return max(0, min(self.input, self.remainder - self.after))

    @property
    def blank_windows(self) -> int:
        """How many windows cover nothing but padding (possible if padding is large)."""
        end = self.before + self.input
        beyond = max(0, self.output - -(-end // self.stride))
        # Those that end before the input.
        short = self._starts_before(self.before - self.effective_kernel_size + 1)
        if self.dilation <= self.input:  # the kernel's holes are too small to jump over the input
            return beyond + short
        # The others meet the input if one of their elements, `dilation` apart, falls on it: if
        # start − before, modulo dilation, is less than the input, which a difference of two
        # quotients shows (1 if it is, 0 if not).
        early = self._starts_before(self.before)
        meeting = _quotients(self.stride, -self.before, self.dilation, short, early)
        meeting -= _quotients(self.stride, -self.before - self.input, self.dilation, short, early)
        return beyond + early - meeting

    def _starts_before(self, position: int) -> int:
        """How many windows start before this position of the padded input."""
        return max(0, min(self.output, -(-position // self.stride)))

    @property
    def equation(self) -> str:
        """The equation with the numbers put in, and its result, an integer or not."""
        return (
            f"output = ({self.input} + {self.before} + {self.after}"
            f" − {self.dilation}·({self.kernel} − 1) − 1) / {self.stride} + 1"
            f" = {_quotient(self.span + self.stride, self.stride)}"
        )

    @property
    def short_equation(self) -> str:
        """The equation in numbers only; of kernels without holes, without the dilation.

        >>> Window(28, kernel=5, before=2, after=2).short_equation
        '(28 + 2 + 2 − 5) / 1 + 1 = 28'
        >>> Window(10, kernel=3, stride=2).short_equation
        '(10 + 0 + 0 − 3) / 2 + 1 = 4.5 → 4'
        """
        size = f"{self.kernel}"
        if self.dilation > 1:
            size = f"{self.dilation}·({self.kernel} − 1) − 1"
        result = _quotient(self.span + self.stride, self.stride)
        if self.remainder:
            result += f" → {self.output}"
        padded = f"{self.input} + {self.before} + {self.after}"
        return f"({padded} − {size}) / {self.stride} + 1 = {result}"

    def resolved(self, remainder: Remainder) -> Window | None:
        """Deal with the remainder: return the window finally used, or None if it does not fit."""
        if self.span < 0 or (self.remainder and remainder == "error"):
            return None
        if self.remainder and remainder == "pad":
            return replace(self, after=self.after + self.stride - self.remainder)
        return self


def _quotient(numerator: int, denominator: int) -> str:
    """Write a quotient in decimals, cut off with an ellipsis where two do not give it exactly."""
    sign = "−" if numerator < 0 else ""
    integer, remainder = divmod(abs(numerator), denominator)
    if remainder == 0:
        return f"{sign}{integer}"
    hundredths, more = divmod(remainder * 100, denominator)
    decimals = f"{hundredths:02d}…" if more else f"{hundredths:02d}".rstrip("0")
    return f"{sign}{integer}.{decimals}"


def _quotients(step: int, offset: int, divisor: int, first: int, last: int) -> int:
    """Sum (step·i + offset) // divisor over i from `first` to before `last`.

    As quickly as Euclid's algorithm, which it is: integer quotients are taken out, and of the
    remainder, the points below a line, the axes are exchanged. (R. Graham, D. Knuth and
    O. Patashnik, Concrete Mathematics, 1994, section 3.5.)

    >>> _quotients(3, -4, 5, 1, 4) == sum((3 * i - 4) // 5 for i in range(1, 4))
    True
    """
    offset += step * first
    count, total = last - first, 0
    while count > 0:
        total += count * (count - 1) // 2 * (step // divisor) + count * (offset // divisor)
        step, offset = step % divisor, offset % divisor
        count, remainder = divmod(step * count + offset, divisor)
        step, divisor, offset = divisor, step, remainder
    return total
