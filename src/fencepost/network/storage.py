"""A network as plain data and as a file: read with suspicion, checked before it is built.

May call layers, model_files and errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from .. import model_files
from ..errors import ArgumentError, ModelFileError, SizeError
from . import sizes
from .arguments import as_input_shape, as_layers, layers_from_config

# What Network takes besides its input shape and layers.
_OPTIONS = ("normalization", "class_names", "seed", "initialization")


def as_arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with which Network was made, from what `Network.config` gave.

    Raises ArgumentError if it describes no network; unknown entries are left alone, so that a
    later version may add some.
    """
    missing = {"input_shape", "layers"} - config.keys()
    if missing:
        raise ArgumentError(f"a network's description must have {' and '.join(sorted(missing))}")
    options = {name: config[name] for name in _OPTIONS if name in config}
    layers = layers_from_config(config["layers"])
    return {"input_shape": config["input_shape"], "layers": layers, **options}


def as_metadata(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata from what `Network.config` gave."""
    metadata = config.get("metadata", {})
    if not isinstance(metadata, dict):
        raise ArgumentError(f"metadata must be a dict. Received: {metadata!r}")
    return metadata


def read(path: str | PathLike[str]) -> tuple[dict[str, Any], model_files.Tensors]:
    """Read a model file whose tensors are those that its layers need.

    Raises ModelFileError. No memory is taken for weights that the file only claims to have.
    """
    config, tensors = model_files.read(path)
    try:
        arguments = as_arguments(config)
        shape, layers = as_input_shape(arguments["input_shape"]), as_layers(arguments["layers"])
        rows = sizes.resolve(shape, layers)
    except (ArgumentError, SizeError, RecursionError) as error:
        raise wrong_description(path, error) from None
    specs = sizes.parameter_specs(rows) | sizes.state_specs(rows)
    model_files.require_shapes(path, {name: spec.shape for name, spec in specs.items()}, tensors)
    return config, tensors


def wrong_description(path: str | PathLike[str], error: Exception) -> ModelFileError:
    """Build the error of a file whose description is that of no network, in one paragraph."""
    reason = " ".join(str(error).split("\n\n")[0].split()).rstrip(".")
    return model_files.damaged(path, f"its description of the network is wrong: {reason}")
