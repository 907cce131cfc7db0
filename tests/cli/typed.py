"""Whether the reader of a command's message can type what it advises: options, and no Python."""

from __future__ import annotations

import inspect
import re

import fencepost as fp
from fencepost.cli.app import COMMANDS, options

# Keywords of functions that a command's message must not advise: it has options for them. Layers,
# kernels and augmentations are text at the shell too, so their words are not among them.
_FUNCTIONS = (
    fp.Network.fit, fp.Network.export, fp.filter_image, fp.datasets.open,
    fp.datasets.image_folder, fp.datasets.signals_csv, fp.datasets.npz, fp.from_onnx,
)  # fmt: skip
_TEXT = {"size", "scale", "boundary", "path", "label", "f", "g"}
KEYWORDS = {
    name for function in _FUNCTIONS for name in inspect.signature(function).parameters
} - _TEXT
_CODE = re.compile(
    r"\b(?:fp|np|numpy|fencepost|datasets)\.[a-z_]+|(?<=\w)\.[a-z_]+\(|[Ii]n Python|"
    r"\bsize=\(|=(?:True|False|None)\b"
)
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_OTHERS = {"--help", "--version", "--debug", "--nproc-per-node", "--max-restarts"}  # of others
_PIP = re.compile(r"pip install [^.]*")
EVERY = {option.name for name in COMMANDS for option in options(name).values()} | {
    option.negative for name in COMMANDS for option in options(name).values()
}


def python_in(text: str) -> list[str]:
    """Return what of a message is Python."""
    text = re.sub(r"forward takes \([^)]*\)", "", text)  # of a module of the reader's
    assigned = [name for name in re.findall(r"\b([a-z_]+)=", text) if name in KEYWORDS]
    return assigned + _CODE.findall(text)


def unknown_options(text: str, command: str) -> set[str]:
    """Return options that a message names, and that neither the command nor one it names has."""
    named = {command, *re.findall(r"fencepost ([a-z-]+)", text)} & COMMANDS.keys()
    own = {option for name in named for pair in options(name).values() for option in pair[:2]}
    return set(_OPTION.findall(_PIP.sub("", text))) - own - _OTHERS
