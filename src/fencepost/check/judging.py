"""All rules put to one model, and the report of what they find.

Part of check; may call the rules, report, resizing and subject.
"""

from __future__ import annotations

from ..graph import Graph
from . import rules_fields, rules_sizes, rules_windows
from .findings import SEVERITIES, Finding
from .report import Report
from .resizing import nearest_inputs
from .subject import Subject

_LEFT_OVER = ("FP201", "FP202")


def judge(model: Graph, object_size: tuple[int, ...] = ()) -> Report:
    """Put every rule to a model.

    Parameters
    ----------
    model : Graph
    object_size : tuple of int
        Pixels of what is to be recognised, one number or one for each axis; by default the input.
    """
    subject = Subject(model, object_size)
    found: list[Finding] = []
    for rule in rules_sizes.RULES:
        found += rule(subject)
    for operation in model.operations:
        for look in rules_windows.RULES:
            found += look(subject, operation)
    for rule in rules_fields.RULES:
        found += rule(subject)
    found.sort(key=lambda one: SEVERITIES.index(one.severity))
    exact: tuple[tuple[int, ...], ...] = ()
    if any(one.code in _LEFT_OVER for one in found):
        nearest = nearest_inputs(model, subject.sights.axes, exact=True)
        exact = tuple(shapes[0] for shapes in nearest if len(shapes) == 1)
    return Report(model, tuple(found), subject.sights, exact)
