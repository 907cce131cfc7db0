"""What `check` can find: a stable code for each kind of finding, and a finding itself.

`CODES` lists them; docs/findings has a page for each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args

Severity: TypeAlias = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True)
class Code:
    """A kind of finding.

    Attributes
    ----------
    code : str
        ``FP1xx``: the model does not run, or contradicts itself; ``FP2xx``: elements are lost, or
        outputs are uneven; ``FP3xx``: receptive fields; ``FP4xx``: parts that are unused or
        unknown. The meaning of a code never changes.
    severity : {"error", "warning", "note"}
        An error makes the model fail or its results wrong; a warning is hardly ever intended; a
        note is often intended.
    title : str
        The finding in a few words.
    why : str
        Why it matters, in a sentence or two.
    """

    code: str
    severity: Severity
    title: str
    why: str

    @property
    def page(self) -> str:
        """The page of the documentation that explains it, in Markdown."""
        folder = Path(__file__).parent / "pages"  # as CMakeLists.txt installs them
        if not folder.is_dir():
            folder = Path(__file__).parents[3] / "docs" / "findings"
        return (folder / f"{self.code}.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Finding:
    """Something that was found in a model.

    Attributes
    ----------
    code : str
        See `CODES`.
    severity : {"error", "warning", "note"}
        The severity of the code.
    operation : str
        Name of the operation; empty if the finding is about the whole model.
    layer : str
        The operation as you would type it.
    message : str
        The finding in one sentence, with the numbers.
    repair : str
        How to fix it, with computed numbers; may be empty.
    """

    code: str
    severity: Severity
    operation: str
    layer: str
    message: str
    repair: str = ""

    def __str__(self) -> str:
        who = f" {self.operation}, {self.layer}:" if self.operation else ""
        repair = f" {self.repair}" if self.repair else ""
        return f"{self.severity} {self.code}:{who} {self.message}{repair}"


def _read(table: str) -> dict[str, Code]:
    """Read a line for each code, with its severity and title, and why it matters below it."""
    codes = {}
    for entry in re.split(r"\n(?=FP)", table.strip()):
        head, _, why = entry.partition("\n")
        code, severity, title = head.split(maxsplit=2)
        codes[code] = Code(code, cast(Severity, severity), title, " ".join(why.split()))
    return codes


CODES = _read("""
FP101 error An operation fails
    The model stops here: no operation after this one runs.
FP102 error A kernel is larger than its padded input
    Not even one window fits, so there is no output at all.
FP103 error A Linear layer gets the wrong number of features
    A Linear layer has one weight per feature, so it fits only one input size; the number of
    features depends on all sizes before it.
FP104 error Sizes to be joined do not match
    Arrays are added or concatenated, so both paths must arrive at the same sizes.
FP105 error A layer gets the wrong number of channels
    A convolution or normalisation has weights for each channel of its input.
FP106 warning A declared size contradicts the computed one
    The file runs with the computed size; software that trusts the declared size allocates buffers
    that are too small or too large.
FP107 warning A reshape changes the number of inputs in the batch
    One image becomes several rows, or several images one: predictions no longer belong to inputs.
    This happens with view(-1, n) if n is not the number of features.
FP108 error ONNX Runtime rejects an operation
    The ONNX specification allows it, so such files exist, but ONNX Runtime does not run them.
FP109 note Runtimes disagree about a size
    The specification and a runtime give different sizes, so the model behaves differently there.
FP110 warning A Linear layer is applied along the width of a map
    It mixes the columns of each row and keeps rows and channels separate, which is hardly ever
    intended: usually a Flatten is missing before it.
FP201 warning Rows or columns are silently dropped
    The last window ends before the far edge. Elements beyond it never reach the output, and objects
    at that edge are cut off.
FP202 note Padding is used on one side only
    The last window ends within the padding. No input element is lost, but the outputs are off
    centre, so a mirrored image does not give a mirrored output.
FP203 note A layer skips elements that another path uses
    As in the 1 × 1 shortcuts of ResNet: this layer uses one of every four elements, and the other
    path all of them. Nothing is lost, but the shortcut causes aliasing.
FP204 warning Elements are never used
    The stride is larger than the kernel, so elements are computed at full cost but never used.
FP205 warning A ceil_mode window is mostly outside the input
    The last output depends on only a few elements at the edge, but counts as much as all others.
FP206 note An even kernel with "same" padding
    An even kernel has no centre, so one side gets one more zero, and the output is shifted by half
    an element; several such layers add up.
FP207 warning Padding is larger than half the kernel
    The outputs at the edge depend on more zeros than input elements, or only on zeros.
FP208 note A transposed convolution writes its outputs unevenly
    If the stride does not divide the kernel, neighbouring outputs are sums of different numbers of
    products: a checkerboard (Odena and others, Distill 2016).
FP209 warning Some weights only multiply padding
    The kernel is too large for its input: its outer weights multiply zeros in every window. They
    cost memory and time, and are never trained.
FP210 warning Maps are 1 × 1 before the last convolution
    There are no neighbours left: only the centre of the kernel is used, and a Linear layer would do
    the same with a fraction of the weights.
FP301 note The receptive field is larger than the input
    Outputs depend on padding instead of more input. For a classifier this is fine, but the kernels
    of the last layers cost time without adding information.
FP302 note The receptive field is far smaller than the input
    Each output depends on only a small part. Only a dense layer or a mean over all positions can
    combine distant parts, and neither knows shapes.
FP303 warning The receptive field is smaller than the object
    No output covers a whole object of the given size, so it must be recognised by its parts.
FP304 note Paths are shifted against each other where they meet
    Elements are added or concatenated whose receptive fields are at different positions.
FP401 warning The result of an operation is not used
    It costs time and parameters and changes no output: a leftover, or a forgotten line in forward.
FP402 note An unknown operator
    Nothing is assumed about it: its sizes are used if they are known, and receptive fields after it
    are unknown.
FP403 note A part of the model does not run
    Its parameters are stored and loaded, but not used for prediction: auxiliary heads that are used
    only for training, or a part that was forgotten in forward.
""")
