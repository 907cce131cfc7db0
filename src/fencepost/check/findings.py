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
        ``FP1xx`` does not run or contradicts itself; ``FP2xx`` elements that are lost, or outputs
        that lie unevenly; ``FP3xx`` receptive fields; ``FP4xx`` what is not used or
        not known.
        A code is never given another meaning.
    severity : {"error", "warning", "note"}
        An error makes the model fail or its numbers wrong; a warning is hardly ever wanted; a note
        is true and often wanted.
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
        That of the code.
    operation : str
        Name of the operation; empty if it is the model as a whole.
    layer : str
        The operation as one would type it.
    message : str
        What is so, in a sentence with the numbers.
    repair : str
        What would be otherwise, with numbers that were computed; may be empty.
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
    The model stops here, whatever it was trained to do: no operation after it runs.
FP102 error A kernel is larger than its padded input
    Not even one window fits, so there is no output at all.
FP103 error A Linear layer takes another number of features than arrive
    A Linear layer has a weight for each feature, so it fits one input size only; the number follows
    from every size before it.
FP104 error Sizes that meet at a join disagree
    Arrays are added or put beside each other element by element, so both paths must come to the
    same sizes.
FP105 error A layer takes another number of channels than arrive
    A convolution or normalisation has weights for each channel that enters it.
FP106 warning A declared size contradicts the computed one
    The file runs, by the computed size; who trusts the declared one makes buffers that overflow, or
    are half empty.
FP107 warning A reshape changes the number of inputs in the batch
    One image becomes several rows, or several images one: predictions no longer belong to inputs.
    It is what view(-1, n) does when n is not the number of features.
FP108 error A runtime refuses an operation
    The specification of ONNX allows it, so files are written with it; ONNX Runtime stops there.
FP109 note Runtimes make different sizes of an operation
    The specification says one thing and a runtime does another, so the model is another one there.
FP110 warning A Linear layer acts along the width of a map
    It mixes the columns of each row and leaves rows and channels by themselves, which is hardly
    ever meant: a Flatten was forgotten before it.
FP201 warning Rows or columns are dropped in silence
    The last window ends before the far edge; what lies beyond it never reaches the output, and
    objects at that edge are cut.
FP202 note Padding is used on one side only
    The last window ends within the padding. Nothing of the input is lost, but the outputs lie off
    the middle, so that a mirrored image does not give a mirrored output.
FP203 note Elements are stepped over that another path uses
    As in the 1 × 1 shortcuts of ResNet: this layer uses one element of four, the path beside it all
    of them. Nothing is lost, but the shortcut carries aliases.
FP204 warning Elements are never used
    The stride is larger than the kernel, so elements, computed at full cost, change no output.
FP205 warning A window of ceil_mode lies mostly outside
    The last output is made of a few elements at the edge, and weighs as much as all others.
FP206 note An even kernel with "same" padding
    An even kernel has no middle, so one side gets a zero more and the output lies half an element
    off; several such layers add up.
FP207 warning Padding is larger than half the kernel
    The outputs at the edge depend on more zeros than input, or nothing but zeros.
FP208 note A transposed convolution writes its outputs unevenly
    Where the stride does not divide the kernel, neighbouring outputs are sums of different numbers
    of products: a checkerboard (Odena and others, Distill 2016).
FP209 warning Weights that meet nothing but padding
    The kernel is larger than its input allows: its outer weights multiply zeros in every window.
    They cost memory and time, and never learn.
FP210 warning Maps are 1 × 1 before the last convolution
    There are no neighbours any more: only the middle of the kernel meets an element, and a Linear
    layer would do the same with a fraction of the weights.
FP301 note The receptive field is larger than the input
    Outputs depend on padding instead of more input. Fine for a classifier; for a network that was
    to save time, the last layers' kernels are paid for and not used.
FP302 note The receptive field is far smaller than the input
    No output depends on more than a small part; what is farther apart can only be put together by a
    dense layer or a mean over all positions, which know no shapes.
FP303 warning The receptive field is smaller than the object
    No output covers a whole object of the given size, so it must be recognised by its parts.
FP304 note Paths that meet are shifted against each other
    Elements are added or put beside each other whose receptive fields lie apart.
FP401 warning What an operation computes is not used
    It costs time and parameters and changes no output: a leftover, or a line that was forgotten in
    forward.
FP402 note An operator that check does not know
    Nothing is guessed of it: its sizes are taken as they are, if they are known at all, and what
    follows has no receptive field.
FP403 note A part of the model does not run
    Its parameters are stored and loaded, and nothing uses them when the model predicts: the
    auxiliary heads of a training, or a part that was forgotten in forward.
""")
