"""A plan as plain data, for JSON."""

from __future__ import annotations

from typing import Any

from ..errors import SizeError
from ..sizing import Window
from .data import LayerPlan, PlanData

_COSTS = ("parameters", "connections", "multiply_adds")


def of_plan(plan: PlanData) -> dict[str, Any]:
    """Everything that a plan says."""
    return {
        "input_shape": list(plan.input_shape),
        "batch": plan.batch,
        "ok": plan.ok,
        "output_shape": None if plan.output_shape is None else list(plan.output_shape),
        **{name: getattr(plan, name) for name in (*_COSTS, "activation_bytes")},
        "layers": [_of_layer(row) for row in plan.rows],
        "unfinished": [_of_layer(row) for row in plan.unfinished],
        "problems": [_of_problem(problem) for problem in plan.problems],
    }


def _of_layer(row: LayerPlan) -> dict[str, Any]:
    fields = row.fields
    return {
        "place": row.place,
        "layer": row.layer.describe(),
        "input_shape": list(row.input_shape),
        "output_shape": list(row.output_shape),
        "windows": [_of_window(window) for window in row.windows],
        "receptive_field": list(row.receptive_field),
        "effective_stride": None if fields is None else [int(field.stride) for field in fields],
        "effective_padding": None if fields is None else [field.before for field in fields],
        "covers_input": row.covers,
        **{name: getattr(row, name) for name in (*_COSTS, "share", "activation_bytes")},
        "inner": [_of_layer(layer) for layer in row.inner],
    }


def _of_window(window: Window) -> dict[str, Any]:
    return {
        "input": window.input,
        "kernel_size": window.kernel,
        "stride": window.stride,
        "dilation": window.dilation,
        "padding": [window.before, window.after],
        **{name: getattr(window, name) for name in ("output", "remainder", "lost_elements")},
        "equation": window.equation,
    }


def _of_problem(error: SizeError) -> dict[str, Any]:
    return {
        "layer": error.layer,
        "rule": error.rule,
        "received": error.problem.received,
        **{name: getattr(error, name) for name in ("equation", "axis", "lost_elements")},
        "remedy": error.problem.remedy,
        "suggestions": [
            {"changes": dict(choice.changes), "output": choice.output, "note": choice.note}
            for choice in error.suggestions
        ],
    }
