"""What comes out of each part of a model when it runs: PyTorch's modules, and ONNX files."""

from __future__ import annotations

import collections
import functools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Shape = tuple[int, ...]
# Sizes that a file leaves open are tried in this order, until ONNX Runtime takes them: small ones
# first, for a reader of lines of text took 18 GB to find that 576 is too high.
_OPEN = (224, 48, 64, 76, 320, 512, 576, 16, 1, 640, 1280, 16000)


# Functions whose second argument is a weight.
_OF_WEIGHTS = ("linear", *(f"conv{how}{n}d" for how in ("", "_transpose") for n in (1, 2, 3)))


def arrays_of_module(
    module: Any, shapes: list[Shape] | Mapping[str, Shape], weightless: bool = False
) -> Callable[[Any, int], set[Shape] | None]:
    """Run a module on zeros; return what gives the sizes that an operation's output had.

    Of a layer of PyTorch's own, those of its calls; of all else, those of the functions that were
    called in the module that the operation's name begins with, or anywhere if it names none.
    `weightless`: With weights of 0 in all convolutions and linear layers.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    layers: dict[str, set[Shape]] = collections.defaultdict(set)
    functions: dict[str, set[Shape]] = collections.defaultdict(set)
    inside: list[str] = [""]

    def arrays(value: Any) -> list[Any]:
        if isinstance(value, torch.Tensor):
            return [value]
        if isinstance(value, Mapping):
            value = list(value.values())
        return [a for one in value for a in arrays(one)] if isinstance(value, (list, tuple)) else []

    class Recorder(TorchFunctionMode):
        def __torch_function__(self, func: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            if weightless and getattr(func, "__name__", "") in _OF_WEIGHTS:
                if "weight" in kwargs:
                    kwargs = {**kwargs, "weight": torch.zeros_like(kwargs["weight"])}
                else:
                    args = (args[0], torch.zeros_like(args[1]), *args[2:])
            result = func(*args, **kwargs)
            changed = args[:1] if "setitem" in getattr(func, "__name__", "") else ()
            made = arrays((result, changed))
            # What is written into a part of an array changes it as a whole.
            made += [array._base for array in made if array._base is not None]
            functions[inside[-1]].update(tuple(array.shape) for array in made)
            return result

    def entered(part: Any, given: Any, *, name: str) -> None:
        inside.append(name)

    def left(part: Any, given: Any, result: Any, *, name: str) -> None:
        inside.pop()
        made = {tuple(array.shape) for array in arrays(result)}
        functions[name] |= made
        if type(part).__module__.startswith("torch.nn.") and not list(part.children()):
            layers[name] |= made

    hooks = []
    for name, part in module.named_modules():
        hooks.append(part.register_forward_pre_hook(functools.partial(entered, name=name)))
        hooks.append(part.register_forward_hook(functools.partial(left, name=name)))
    named = dict(shapes) if isinstance(shapes, Mapping) else {}
    inputs = [torch.zeros(1, *shape) for shape in (() if named else shapes)]
    kinds = {name: torch.int64 if name.endswith("_ids") else None for name in named}
    more = {name: torch.zeros(1, *named[name], dtype=kind) for name, kind in kinds.items()}
    with torch.no_grad(), Recorder():
        module(*inputs, **more)
    for hook in hooks:
        hook.remove()

    def expected(operation: Any, _index: int) -> set[Shape]:
        name = re.sub(r":\d+$", "", operation.name)
        if name in layers:
            return layers[name]
        while name and name not in functions:
            name = name.rpartition(".")[0]
        return functions[name] if name else set().union(*functions.values())

    return expected


def arrays_of_file(path: Path) -> tuple[dict[str, Shape], dict[str, Shape]]:
    """Run an ONNX file with every array as an output.

    Returns the shapes of the inputs, with the batch, and of all arrays by name.
    """
    import onnx
    import onnxruntime

    model = onnx.load(path)
    there = {array.name for array in model.graph.output}
    for node in model.graph.node:
        for name in node.output:
            if name and name not in there:
                model.graph.output.append(onnx.ValueInfoProto(name=name))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [array.name for array in session.get_outputs()]
    failure: Exception | None = None
    first, *others = session.get_inputs()
    # The inputs beside the first are often states, one for each input of the batch. Some models
    # take a picture in four orientations as a batch.
    for size, beside, batch in [(n, m, b) for n in _OPEN for m in (n, 1) for b in (1, 4)]:
        feed = {first.name: _zeros(first, size, batch)}
        feed |= {array.name: _zeros(array, beside, batch) for array in others}
        try:
            made = session.run(names, feed)
        except Exception as error:  # ONNX Runtime's own kinds are not public
            failure = failure or error
            continue
        shapes = {name: array.shape for name, array in feed.items()}
        return shapes, {
            name: np.shape(array)
            for name, array in zip(names, made, strict=True)
            if isinstance(array, np.ndarray)
        }
    assert failure is not None
    raise failure


def _zeros(array: Any, size: int, batch: int) -> np.ndarray:
    shape = tuple(
        side if isinstance(side, int) and side > 0 else (batch if axis == 0 else size)
        for axis, side in enumerate(array.shape)
    )
    kinds = {"float": np.float32, "double": np.float64, "float16": np.float16, "bool": np.bool_}
    name = re.fullmatch(r"tensor\((\w+)\)", array.type)
    word = name[1] if name else "float"
    kind = kinds.get(word) or np.dtype(word)
    return np.full(shape, 16000 if array.name == "sr" else 0, kind)  # of sound, samples a second
