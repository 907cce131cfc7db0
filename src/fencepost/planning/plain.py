"""A plan as plain data, for JSON."""

from __future__ import annotations

from typing import Any

from ..errors import SizeError
from ..sizing import Window
from .data import LayerPlan, PlanData


def of_plan(plan: PlanData) -> dict[str, Any]:
    """Everything that a plan says."""
    return {
        "input_shape": list(plan.input_shape),
        "batch": plan.batch,
        "ok": plan.ok,
        "output_shape": None if plan.output_shape is None else list(plan.output_shape),
        "parameters": plan.parameters,
        "connections": plan.connections,
        "multiply_adds": plan.multiply_adds,
        "activation_bytes": plan.activation_bytes,
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
        "parameters": row.parameters,
        "connections": row.connections,
        "multiply_adds": row.multiply_adds,
        "share": row.share,
        "activation_bytes": row.activation_bytes,
        "inner": [_of_layer(layer) for layer in row.inner],
    }


def _of_window(window: Window) -> dict[str, Any]:
    return {
        "input": window.input,
        "kernel_size": window.kernel,
        "stride": window.stride,
        "dilation": window.dilation,
        "padding": [window.before, window.after],
        "output": window.output,
        "remainder": window.remainder,
        "lost_elements": window.lost_elements,
        "equation": window.equation,
    }


def _of_problem(error: SizeError) -> dict[str, Any]:
    return {
        "layer": error.layer,
        "rule": error.rule,
        "received": error.problem.received,
        "equation": error.equation,
        "axis": error.axis,
        "lost_elements": error.lost_elements,
        "remedy": error.problem.remedy,
        "suggestions": [
            {
                "changes": dict(suggestion.changes),
                "output": suggestion.output,
                "note": suggestion.note,
            }
            for suggestion in error.suggestions
        ],
    }
