"""Ready-made networks: LeNet-5 in two versions, residual networks, MobileNetV2, and a default."""

from ..names import public
from .lenet import C3_TABLE, lenet5, lenet5_1998
from .residual import mobilenet, resnet9, resnet18
from .small import small_cnn

__all__ = ["C3_TABLE", "lenet5", "lenet5_1998", "mobilenet", "resnet9", "resnet18", "small_cnn"]

public(globals())
