"""The reference: ``<!-- members of fencepost.plots -->`` becomes all public names of a module."""

from __future__ import annotations

import importlib
import re
from typing import Any

MEMBERS = re.compile(r"<!-- members of ([\w.]+)(?: less ([\w, ]+))? -->")


# The type of a parameter in brackets, or what is raised, at the beginning of a line.
TYPE = re.compile(
    r"^( +\(<code>(?=\((?:array|&#39;))| +<code>(?=\(<autoref))\((.*)\)(</code>)", re.MULTILINE
)


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Mend what mkdocstrings makes of numpydoc.

    It takes ``array_like, (n,)`` and ``{"full", "same"}`` for tuples and puts brackets around, and
    leaves the second of two colons that announce a block.
    """
    if not page.file.src_uri.startswith("reference/"):
        return html
    return TYPE.sub(r"\1\2\3", html).replace("::</p>", ":</p>")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the names in."""
    return expanded(markdown)


def expanded(markdown: str) -> str:
    """Return a page with ``:::`` for every public name that it asks for."""
    return MEMBERS.sub(_members, markdown)


def _members(match: re.Match[str]) -> str:
    module, less = match.groups()
    left_out = set(re.split(r",\s*", less or ""))
    names = sorted(importlib.import_module(module).__all__, key=str.lower)
    return "\n\n".join(f"::: {module}.{name}" for name in names if name not in left_out)
