"""Labels in JSON, as one table of text: a list of objects, lines of objects, or a map of files."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

__all__ = ["json_as_table"]


def json_as_table(content: str) -> str | None:
    """Return the rows that JSON holds as CSV with a header; None if it is none of these forms.

    >>> print(json_as_table('{"image": "a.jpg", "label": "cat"}'), end="")
    image,label
    a.jpg,cat
    >>> print(json_as_table('{"a.jpg": "cat", "b.jpg": "dog"}'), end="")
    file,label
    a.jpg,cat
    b.jpg,dog
    >>> print(json_as_table('{"cat": ["a.jpg", "b.jpg"]}'), end="")
    file,label
    a.jpg,cat
    b.jpg,cat
    """
    rows = _objects(content)
    if not rows:
        return None
    header = list(dict.fromkeys(key for row in rows for key in row))
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(row.get(key, "")) for key in header] for row in rows)
    return table.getvalue()


def _objects(content: str) -> list[dict[str, Any]]:
    try:
        whole = json.loads(content)
    except ValueError:
        try:
            whole = [json.loads(line) for line in content.splitlines() if line.strip()]
        except ValueError:
            return []
    if isinstance(whole, dict):
        whole = _of_map(whole)
    alike = isinstance(whole, list) and all(isinstance(row, dict) for row in whole)
    return list(whole) if alike else []


def _of_map(whole: dict[str, Any]) -> list[dict[str, Any]]:
    """Return rows of {file: class}, {file: {…}} or {class: [files]}; one object is one row."""
    values = list(whole.values())
    if len(values) > 1 and all(isinstance(value, dict) for value in values):
        return [{"file": name, **row} for name, row in whole.items()]
    if values and all(isinstance(value, list) for value in values):
        return [{"file": name, "label": kind} for kind, names in whole.items() for name in names]
    if all("." in key for key in whole):
        return [{"file": name, "label": kind} for name, kind in whole.items()]
    return [whole]


def _cell(value: Any) -> str:
    """Return a value as a table has it; several classes as people write them in one cell."""
    if isinstance(value, list) and all(isinstance(each, (str, int)) for each in value):
        return "|".join(map(str, value))
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)
