"""The layers of a network: frozen specifications, named as PyTorch names them."""

from __future__ import annotations

from .activations import GELU, Dropout, LeakyReLU, ReLU, ScaledTanh, Sigmoid, SiLU, Tanh
from .base import Layer, ParameterSpec, Shape, StateSpec
from .convolution import Conv1d, Conv2d
from .dense import RBF, Flatten, Linear
from .norm import BatchNorm1d, BatchNorm2d
from .pooling import (
    AvgPool1d,
    AvgPool2d,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool1d,
    MaxPool2d,
    Subsample,
    SumPool1d,
    SumPool2d,
)
from .residual import Residual

__all__ = [
    "GELU",
    "RBF",
    "AvgPool1d",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "Layer",
    "LeakyReLU",
    "Linear",
    "MaxPool1d",
    "MaxPool2d",
    "ParameterSpec",
    "ReLU",
    "Residual",
    "ScaledTanh",
    "Shape",
    "SiLU",
    "Sigmoid",
    "StateSpec",
    "Subsample",
    "SumPool1d",
    "SumPool2d",
    "Tanh",
]
