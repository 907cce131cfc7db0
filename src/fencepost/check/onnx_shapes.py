"""The table of ONNX's operators: which rule says what each of them is, and makes of sizes.

Part of check; may call the families of rules (onnx_windows, onnx_pointwise, onnx_products,
onnx_layouts, onnx_edges, onnx_folding) and onnx_calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from . import (
    onnx_edges,
    onnx_folding,
    onnx_layouts,
    onnx_pointwise,
    onnx_products,
    onnx_windows,
)
from .onnx_calls import Call, Result

Rule: TypeAlias = Callable[[Call], Result]

#: Of the domain ai.onnx. An operator that is not here is unknown, and is never guessed.
RULES: dict[str, Rule] = {
    **dict.fromkeys(onnx_pointwise.ACTIVATIONS, onnx_pointwise.activation),
    **dict.fromkeys(onnx_pointwise.JOINS, onnx_pointwise.join),
    **dict.fromkeys(onnx_pointwise.REDUCTIONS, onnx_pointwise.reduction),
    "Attention": onnx_products.attention,
    "AveragePool": onnx_windows.pool,
    "BatchNormalization": onnx_pointwise.norm,
    "Clip": onnx_pointwise.clip,
    "Concat": onnx_layouts.concat,
    "Constant": onnx_folding.constant,
    "ConstantOfShape": onnx_folding.constant_of_shape,
    "Conv": onnx_windows.conv,
    "ConvInteger": onnx_windows.conv,
    "ConvTranspose": onnx_windows.conv_transpose,
    "DepthToSpace": onnx_edges.depth_to_space,
    "Dropout": onnx_pointwise.dropout,
    "DynamicQuantizeLinear": onnx_pointwise.quantize,
    "Einsum": onnx_products.einsum,
    "Expand": onnx_layouts.expand,
    "Flatten": onnx_layouts.flatten,
    "GRU": onnx_products.recurrent,
    "Gather": onnx_layouts.gather,
    "GatherElements": onnx_layouts.gather_elements,
    "GatherND": onnx_layouts.gather_nd,
    "Gemm": onnx_products.gemm,
    "GlobalAveragePool": onnx_windows.global_pool,
    "GlobalLpPool": onnx_windows.global_pool,
    "GlobalMaxPool": onnx_windows.global_pool,
    "GridSample": onnx_edges.grid_sample,
    "GroupNormalization": onnx_pointwise.norm,
    "InstanceNormalization": onnx_pointwise.norm,
    "LSTM": onnx_products.recurrent,
    "LayerNormalization": onnx_pointwise.norm,
    "LpPool": onnx_windows.pool,
    "MatMul": onnx_products.matmul,
    "MatMulInteger": onnx_products.matmul,
    "MaxPool": onnx_windows.pool,
    "NonZero": onnx_layouts.non_zero,
    "OneHot": onnx_layouts.one_hot,
    "PRelu": onnx_pointwise.prelu,
    "Pad": onnx_edges.pad,
    "QLinearConv": onnx_windows.conv,
    "QLinearMatMul": onnx_products.matmul,
    "RMSNormalization": onnx_pointwise.norm,
    "RNN": onnx_products.recurrent,
    "Range": onnx_folding.range_of,
    "Reshape": onnx_layouts.reshape,
    "Resize": onnx_edges.resize,
    "Scatter": onnx_layouts.scatter,
    "ScatterElements": onnx_layouts.scatter,
    "ScatterND": onnx_layouts.scatter,
    "Shape": onnx_folding.shape_of,
    "Size": onnx_folding.size_of,
    "Slice": onnx_edges.slice,
    "SpaceToDepth": onnx_edges.space_to_depth,
    "Split": onnx_layouts.split,
    "Squeeze": onnx_layouts.squeeze,
    "Tile": onnx_layouts.tile,
    "TopK": onnx_layouts.top_k,
    "Transpose": onnx_layouts.transpose,
    "Unsqueeze": onnx_layouts.unsqueeze,
    "Upsample": onnx_edges.resize,
}
