"""Formulas, LaTeX in ``math`` blocks, become MathML, which browsers draw without a script."""

from __future__ import annotations

from typing import Any

from latex2mathml.converter import convert


def on_config(config: Any) -> Any:
    """Tell the Markdown extension for code blocks what to do with ``math``."""
    options = config["mdx_configs"].setdefault("pymdownx.superfences", {})
    options["custom_fences"] = [{"name": "math", "class": "math", "format": _formula}]
    return config


def _formula(source: str, *_: Any, **__: Any) -> str:
    return f'<div class="formula">{convert(source, display="block")}</div>'
