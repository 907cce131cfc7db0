"""Finds a PyTorch module by name, as web servers find applications: ``package.module:factory``.

What it imports and calls is the user's code: what that raises is reported with its file and line.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ...errors import ArgumentError, DataError
from ...habits import nearest
from ...text import format_value
from .errors import format_exception

if TYPE_CHECKING:
    import torch

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def load_factory(name: str) -> torch.nn.Module:
    """Load the PyTorch module that ``package.module:factory`` names.

    Parameters
    ----------
    name : str
        Before the colon a Python module, which is imported, as from the current directory (which
        is put at the head of `sys.path`, and stays there for what the code imports later). After
        it what it holds: a function that returns a torch.nn.Module, a subclass of torch.nn.Module,
        or such a module itself. Function and class are called without arguments. What they print
        goes to stderr.

    Raises
    ------
    ArgumentError
        PyTorch is not installed; `name` is not of this form; there is no such module or name.
    DataError
        The code fails when it is imported or called (its own exception is reported, with
        file and line), needs arguments, or gives something else than a torch.nn.Module.

    Examples
    --------
    >>> load_factory("torch.nn:Flatten")
    Flatten(start_dim=1, end_dim=-1)
    """
    torch = import_torch()
    path, _, attribute = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not (_DOTTED.fullmatch(path) and _DOTTED.fullmatch(attribute)):
        raise ArgumentError(
            "A PyTorch module is named as package.module:factory, such as models.lenet:LeNet5 for "
            "the class or function LeNet5 in the file models/lenet.py below the current "
            f"directory. Received: {format_value(name)}."
        )
    if path.endswith(".py"):
        raise ArgumentError(
            f"Before the colon comes the name of a Python module, not of its file: "
            f"{path.removesuffix('.py')}:{attribute}. Received: {format_value(name)}."
        )
    with contextlib.redirect_stdout(sys.stderr):  # stdout belongs to the caller
        target: Any = _import(path)
        for part in attribute.split("."):
            target = _attribute(target, part, name)
        module = target if isinstance(target, torch.nn.Module) else _make(target, name)
    if not isinstance(module, torch.nn.Module):
        raise DataError(f"{name} must give a torch.nn.Module. It gives {describe_type(module)}.")
    return module


def import_torch() -> Any:
    """Import PyTorch, or explain how to get it."""
    try:
        import torch
    except ImportError as error:
        raise ArgumentError(
            "To read or write a PyTorch module, PyTorch must be installed: "
            f'pip install "fencepost[torch]". Received: {format_exception(error)}.'
        ) from None
    return torch


def describe_type(value: object) -> str:
    """Describe the type of a value: ``"a dict"``.

    >>> describe_type({}), describe_type(None), describe_type(int)
    ('a dict', 'None', 'the class int')
    """
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _import(path: str) -> ModuleType:
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    importlib.invalidate_caches()  # a file that was written a moment ago
    parent = ""
    for part in path.split("."):
        name = f"{parent}.{part}" if parent else part
        missing, module = _try_import(name)
        if missing:
            known = _modules(sys.modules[parent].__path__ if parent else [here])
            where = f"in {parent}" if parent else f"in {here}, nor among the installed ones"
            raise ArgumentError(
                f"There is no Python module {part} {where}. Received: {path}. "
                f"{nearest(part, known)}".rstrip()
            )
        if name != path and not hasattr(module, "__path__"):
            raise ArgumentError(
                f"{name} is a Python module, not a package of modules: its contents come after a "
                f"colon, as in {name}:{path.removeprefix(name + '.')}. Received: {path}."
            )
        parent = name
    return sys.modules[path]


def _try_import(name: str) -> tuple[bool, Any]:
    """Import a module; return whether it is missing; report what its code raised."""
    try:
        return False, importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return True, None
        raise _failed(name, "cannot be imported", error) from None
    except (Exception, SystemExit) as error:
        raise _failed(name, "cannot be imported", error) from None


def _failed(name: str, what: str, error: BaseException) -> DataError:
    return DataError(f"{name} {what}. Its code raised {format_exception(error)}.")


def _modules(path: Iterable[str]) -> list[str]:
    return [module.name for module in pkgutil.iter_modules(list(path))]


def _attribute(owner: Any, part: str, name: str) -> Any:
    try:
        return getattr(owner, part)
    except AttributeError:
        known = [public for public in dir(owner) if not public.startswith("_")]
        where = getattr(owner, "__name__", describe_type(owner))
        hint = nearest(part, known) or _offers(owner)
        raise ArgumentError(f"{where} holds no {part}. Received: {name}. {hint}".rstrip()) from None


def _offers(owner: Any) -> str:
    """List the module classes and functions that were written there."""
    here = getattr(owner, "__name__", None)
    names = [
        name
        for name, value in vars(owner).items()
        if callable(value) and name[0] != "_" and getattr(value, "__module__", "") == here
    ]
    return f"It holds {', '.join(names[:10])}." if names else ""


def _make(factory: Any, name: str) -> Any:
    """Call a function or class without arguments."""
    if not callable(factory):
        raise DataError(
            f"{name} must be a torch.nn.Module, or a function or class that makes one. "
            f"It is {describe_type(factory)}."
        )
    needed = _required_parameters(factory)
    if needed:
        raise DataError(
            f"{name} is called without arguments, but needs {', '.join(needed)}. Write a function "
            f"that gives them, such as: def model(): return {name.partition(':')[2]}(…)"
        )
    try:
        return factory()
    except (Exception, SystemExit) as error:
        raise _failed(name, "fails when it is called", error) from None


def _required_parameters(function: Callable[..., Any]) -> list[str]:
    """Name the parameters that have no default."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some compiled functions have none
        return []
    return [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
