"""Operators of ai.onnx.ml, as exporters of scikit-learn write them around a network.

Source: ONNX Operators, ai.onnx.ml (onnx.ai/onnx/operators).
"""

from __future__ import annotations

from ....graph import Role, Shape, element_count
from ...registry import registrar
from ..wire.messages import attribute
from .node import NodeCall, NodeFacts, Rule

ML_DOMAIN = "ai.onnx.ml"

#: By operator.
ML: dict[str, Rule] = {}
_rule = registrar(ML)


def _facts(call: NodeCall, role: Role, *shapes: Shape | None) -> NodeFacts:
    count = max(1, len(call.node.outputs))
    work = 0 if role == "pointwise" else None
    return NodeFacts(
        call.operator, role, multiply_adds=work, shapes=(*shapes, *(None,) * count)[:count]
    )


def _rows(call: NodeCall) -> int | None:
    """Return how many rows there are; a single axis is one row."""
    x = call.ranked_shape(1)
    return None if x is None else x[0] if len(x) > 1 else 1


@_rule("Binarizer", "Imputer", "LabelEncoder", "Scaler")
def _alike(call: NodeCall) -> NodeFacts:
    """Change each element by itself."""
    return _facts(call, "pointwise", call.ranked_shape(0))


@_rule("Normalizer")
def _normalizer(call: NodeCall) -> NodeFacts:
    """Scale each row by its norm."""
    return _facts(call, "dense", call.ranked_shape(1))


@_rule("ArrayFeatureExtractor")
def _extractor(call: NodeCall) -> NodeFacts:
    """Pick entries of the last axis; of a single row, a batch of one."""
    x, chosen = call.ranked_shape(1), call.ranked_shape(0, 1)
    if x is None or chosen is None:
        return _facts(call, "pointwise")
    front = x[:-1] if len(x) > 1 else (1,)
    return _facts(call, "pointwise", (*front, element_count(chosen)))


@_rule("FeatureVectorizer")
def _vectorizer(call: NodeCall) -> NodeFacts:
    """Put arrays side by side, each cut or filled with zeros to its number of features."""
    widths = call.integers("inputdimensions")
    return _facts(call, "join", (_rows(call), sum(widths) if widths else None))


@_rule("LinearRegressor")
def _regressor(call: NodeCall) -> NodeFacts:
    """Weigh the features of each row; one result for each target."""
    return _facts(call, "dense", (_rows(call), call.integer("targets", 1)))


@_rule("LinearClassifier")
def _classifier(call: NodeCall) -> NodeFacts:
    """Name the likeliest class of each row, and the score of each class."""
    rows = _rows(call)
    labels = attribute(call.node, "classlabels_strings") or call.integers("classlabels_ints")
    classes = len(labels) if isinstance(labels, tuple) and len(labels) > 1 else None
    return _facts(call, "dense", (rows,), (rows, classes))
