"""Copies of modules, with their arrays on another device.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import CellType, FunctionType
from typing import Any

from ...errors import DataError
from .errors import format_exception


def copy_module(module: Any, device: str) -> tuple[Any, dict[int, Any]]:
    """Copy a module with its arrays on a device; without their values on the meta device.

    Return the originals, too, by the identities of their copies.
    """
    import torch

    def moved(array: Any) -> Any:
        if isinstance(array, torch.nn.parameter.UninitializedTensorMixin):
            options = {"device": device, "dtype": array.dtype}
            if isinstance(array, torch.nn.Parameter):
                options["requires_grad"] = array.requires_grad
            return type(array)(**options)
        if array.is_meta and device != "meta":
            values = torch.zeros(array.shape, dtype=array.dtype)
        elif device == "meta":
            values = torch.empty_like(array, device="meta")
        else:
            values = array.detach().to(device, copy=True)
        if isinstance(array, torch.nn.Parameter):
            return torch.nn.Parameter(values.detach(), array.requires_grad)
        return values.detach()

    # What deepcopy finds here it takes for copied already: no array is copied twice, and those
    # that refuse to be copied, as the weight that weight_norm computes, are not asked.
    copies: dict[int, Any] = {}
    originals: dict[int, Any] = {}
    try:
        for part in module.modules():
            for owned in (part._parameters, part._buffers, vars(part)):
                for value in owned.values():
                    if isinstance(value, torch.Tensor) and id(value) not in copies:
                        copies[id(value)] = moved(value)
                        originals[id(copies[id(value)])] = value
        copied = copy.deepcopy(module, copies)
    except RecursionError:
        raise
    except Exception as error:
        raise DataError(
            "The module is read by running a copy of it, but it cannot be copied (copy.deepcopy). "
            f"Its code raised {format_exception(error)}."
        ) from None
    for part in copied.modules():
        for own in (vars(part), part._forward_hooks, part._forward_pre_hooks):
            for name, value in list(own.items()):
                if isinstance(value, FunctionType) and value.__closure__:
                    own[name] = _seeing_copies(value, copies)
    return copied, originals


def _seeing_copies(function: FunctionType, copies: Mapping[int, Any]) -> FunctionType:
    """Let a function that reads variables around it, as a hook does, find the copies of them."""

    def copied(cell: CellType) -> CellType:
        try:
            return CellType(copies.get(id(cell.cell_contents), cell.cell_contents))
        except ValueError:  # the variable has no value yet
            return cell

    seeing = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        tuple(map(copied, function.__closure__ or ())),
    )
    seeing.__kwdefaults__ = function.__kwdefaults__
    return seeing
