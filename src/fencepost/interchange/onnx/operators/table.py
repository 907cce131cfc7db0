"""The table of ONNX's operators: the rule of each, which says its kind, role and output sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from . import folding, layouts, pointwise, products, resizing, windows
from .node import NodeCall, NodeFacts

Rule: TypeAlias = Callable[[NodeCall], NodeFacts]

#: Of the domain ai.onnx. An operator that is not here is unknown, and is never guessed.
RULES: dict[str, Rule] = {
    **dict.fromkeys(pointwise.ACTIVATIONS, pointwise.activation),
    **dict.fromkeys(pointwise.JOINS, pointwise.join),
    **dict.fromkeys(pointwise.REDUCTIONS, pointwise.reduction),
    "Attention": products.attention,
    "AveragePool": windows.pool,
    "BatchNormalization": pointwise.norm,
    "Clip": pointwise.clip,
    "Concat": layouts.concat,
    "Constant": folding.constant,
    "ConstantOfShape": folding.constant_of_shape,
    "Conv": windows.conv,
    "ConvInteger": windows.conv,
    "ConvTranspose": windows.conv,
    "DepthToSpace": resizing.depth_to_space,
    "Dropout": pointwise.dropout,
    "DynamicQuantizeLinear": pointwise.quantize,
    "Einsum": products.einsum,
    "Expand": layouts.expand,
    "Flatten": layouts.flatten,
    "GRU": products.recurrent,
    "Gather": layouts.gather,
    "GatherElements": layouts.gather_elements,
    "GatherND": layouts.gather_nd,
    "Gemm": products.gemm,
    "GlobalAveragePool": windows.global_pool,
    "GlobalLpPool": windows.global_pool,
    "GlobalMaxPool": windows.global_pool,
    "GridSample": resizing.grid_sample,
    "GroupNormalization": pointwise.norm,
    "InstanceNormalization": pointwise.norm,
    "LSTM": products.recurrent,
    "LayerNormalization": pointwise.norm,
    "LpPool": windows.pool,
    "MatMul": products.matmul,
    "MatMulInteger": products.matmul,
    "MaxPool": windows.pool,
    "NonZero": layouts.non_zero,
    "OneHot": layouts.one_hot,
    "PRelu": pointwise.prelu,
    "Pad": resizing.pad,
    "QLinearConv": windows.conv,
    "QLinearMatMul": products.matmul,
    "RMSNormalization": pointwise.norm,
    "RNN": products.recurrent,
    "Range": folding.range_of,
    "Reshape": layouts.reshape,
    "Resize": resizing.resize,
    "Scatter": layouts.scatter,
    "ScatterElements": layouts.scatter,
    "ScatterND": layouts.scatter,
    "Shape": folding.shape_of,
    "Size": folding.size_of,
    "Slice": resizing.slice,
    "SpaceToDepth": resizing.space_to_depth,
    "Split": layouts.split,
    "Squeeze": layouts.squeeze,
    "Tile": layouts.tile,
    "TopK": layouts.top_k,
    "Transpose": layouts.transpose,
    "Unsqueeze": layouts.unsqueeze,
    "Upsample": resizing.resize,
}
