"""ONNX's operators of signals: Fourier transforms, and the windows that go with them.

Sources: the ONNX operators DFT-20, STFT-17, HannWindow-17 and its kind, MelWeightMatrix-17
(onnx.ai/onnx/operators).
"""

from __future__ import annotations

from ....graph import Shape
from ...facts import shape_text
from .node import NodeCall, NodeError, NodeFacts, axis_index, rule


@rule("DFT")
def dft(call: NodeCall) -> NodeFacts:
    """DFT: real and imaginary parts along the last axis; of a real signal, half may be left out."""
    x = call.ranked_shape(2)
    facts = NodeFacts("FftFft", "dense", multiply_adds=None)
    if x is None:
        return facts
    default = call.integer("axis", 1) if call.opset < 20 else -2
    axis_given = [default] if call.opset < 20 or not call.has(2) else call.values(2)
    if not axis_given:
        return facts.depends_on_data("the axis that it transforms depends on", len(x))
    axis = axis_index(axis_given[0], len(x))
    length = _number(call, 1) if call.has(1) else x[axis]
    onesided, inverse = call.integer("onesided", 0) != 0, call.integer("inverse", 0) != 0
    if onesided and not inverse and length is not None:
        length = length // 2 + 1
    if onesided and inverse and not call.has(1):  # what half a spectrum is of has an even length
        length = None if length is None else 2 * (length - 1)
    shape = [*x[:-1], 1 if onesided and inverse else 2]
    shape[axis] = length
    return _sized(facts, tuple(shape))


@rule("STFT")
def stft(call: NodeCall) -> NodeFacts:
    """STFT: the spectrum of each frame, (batch, frames, frequencies, 2)."""
    x, window = call.ranked_shape(2), call.shape(2)
    facts = NodeFacts("Stft", "dense", multiply_adds=None)
    if x is None:
        return facts
    step = _number(call, 1)
    frame = _number(call, 3) if call.has(3) else window[0] if window else None
    if step is not None and step < 1:
        raise NodeError("STFT needs a step of at least 1.", f"{step}", facts)
    if None not in (x[1], frame) and (x[1] or 0) < (frame or 0):
        raise NodeError(
            "A frame must fit into the signal at least once.",
            f"{frame} and {shape_text(x)}",
            facts,
        )
    frames = None
    if x[1] is not None and frame is not None and step is not None:
        frames = (x[1] - frame) // step + 1
    bins = None if frame is None else frame // 2 + 1 if call.integer("onesided", 1) else frame
    return _sized(facts, (x[0], frames, bins, 2))


@rule("BlackmanWindow", "HammingWindow", "HannWindow")
def window(call: NodeCall) -> NodeFacts:
    """Return the values of a window, so many."""
    return _sized(NodeFacts(call.operator, "unknown", reason=_MADE), (_number(call, 0),))


@rule("MelWeightMatrix")
def mel_weight_matrix(call: NodeCall) -> NodeFacts:
    """MelWeightMatrix: of each frequency in each band."""
    bands, length = _number(call, 0), _number(call, 1)
    shape: Shape = (None if length is None else length // 2 + 1, bands)
    return _sized(NodeFacts("MelWeightMatrix", "unknown", reason=_MADE), shape)


_MADE = "it makes values of numbers"


def _sized(facts: NodeFacts, shape: Shape) -> NodeFacts:
    """Keep a shape; say why it is not wholly known, if so."""
    if None in shape:
        facts.depends_on_data("the lengths that it is given depend on")
    facts.shapes = (shape,)
    return facts


def _number(call: NodeCall, index: int) -> int | None:
    """Return an input of one number, if it is known."""
    values = call.values(index)
    number = values[0] if values else None
    if number is not None and (not isinstance(number, int) or number < 0):
        raise NodeError("A length must be an integer from 0.", f"{number}")
    return number
