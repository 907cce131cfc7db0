"""Public names: what a package shows of itself, and its answer to a name or argument it has not.

A package ends with one call, of `lazy` (names that are imported when they are first used) or of
`public`. From then on ``dir()`` and completion list the public names only, and a slip of the
keyboard, or another library's word, is answered with the name that is meant, in modules, in
objects and in calls. Nothing of it costs anything until then but a call's 0.1 µs, and a fifth of
that for the functions that say `@quick`, which are called for some microseconds of work.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing's, whose import would cost more than this package's
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["UnknownName", "answering", "lazy", "public", "quick"]


class UnknownName(AttributeError):
    """A name that is not there. What is meant is looked for when the message is read.

    So asking with `hasattr` costs nothing.
    """

    def __init__(self, owner: object, name: str) -> None:
        super().__init__(name)
        self._owner = owner
        self.name = name  # and no `obj`: Python would add a suggestion of its own

    def __str__(self) -> str:
        from .habits import of_name

        owner, name = self._owner, str(self.args[0])
        module = getattr(owner, "__name__", "")
        shown = f"module {module!r}" if module else f"{type(owner).__name__!r} object"
        known = [word for word in dir(owner) if not word.startswith("_")]
        bases = [base.__name__ for base in type(owner).__mro__]
        hint = of_name(module or bases[0], name, known, bases)
        return f"{shown} has no attribute {name!r}. {hint}".rstrip()


def lazy(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], Any]:
    """Return `__getattr__`, `__dir__` and `__all__` of a package whose names are in its stub."""
    import sys

    import lazy_loader  # type: ignore[import-untyped]

    load, names, every = lazy_loader.attach_stub(package, file)

    def get(name: str) -> Any:
        if name not in every:
            raise UnknownName(sys.modules[package], name)
        value = _answering(load(name))
        sys.modules[package].__dict__[name] = value
        return value

    return get, names, every


def public(namespace: dict[str, Any], answers: bool = True) -> None:
    """Let a package, given its `globals()`, show the names in its `__all__`, and answer others.

    `answers`: Whether its functions and classes answer wrong arguments, also where they are not
    taken from `fencepost` itself.
    """
    import sys

    package, every = namespace["__name__"], namespace["__all__"]

    def get(name: str) -> Any:
        raise UnknownName(sys.modules[package], name)

    namespace["__getattr__"] = get
    namespace["__dir__"] = lambda: sorted(every)
    for name in every if answers else ():
        namespace[name] = _answering(namespace[name])


def quick(function: F) -> F:
    """As `answering`, in C: for a function that is called for some microseconds of work."""
    import functools

    from . import _engine

    wrapped: Any = functools.update_wrapper(_engine.Answering(function, _misfit), function)
    return wrapped  # type: ignore[no-any-return]


def _answering(value: Any) -> Any:
    """Return a function that answers wrong arguments; of a class, make its methods do so."""
    import sys
    from types import FunctionType

    root = __name__.partition(".")[0] + "."
    module = str(getattr(value, "__module__", ""))
    if not module.startswith(root):
        return value
    if isinstance(value, FunctionType):
        wrapped, name = answering(value), value.__name__
        home = vars(sys.modules[module])
        if home.get(name) is value:
            home[name] = wrapped  # where pickle looks for it
        return wrapped
    if isinstance(value, type) and not issubclass(value, BaseException):
        for base in value.__mro__:
            if base.__module__.startswith(root) and "__fencepost_answers__" not in vars(base):
                _let_answer(base)
    return value


def _let_answer(cls: type) -> None:
    """Wrap the constructor and the public methods of a class, and answer for what it has not."""
    from types import FunctionType

    for name, value in list(vars(cls).items()):
        kind = type(value) if isinstance(value, (classmethod, staticmethod)) else None
        function = value.__func__ if kind else value
        shown = name == "__init__" or not name.startswith("_")
        if shown and isinstance(function, FunctionType):
            wrapped = answering(function, is_method=kind is not staticmethod)
            setattr(cls, name, kind(wrapped) if kind else wrapped)
    if not hasattr(cls, "__getattr__"):
        cls.__getattr__ = _unknown  # type: ignore[attr-defined]
    cls.__fencepost_answers__ = True  # type: ignore[attr-defined]


def _unknown(self: object, name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
    raise UnknownName(self, name)


def answering(function: F, is_method: bool = False) -> F:
    """Let a function answer arguments that it has not with those that are meant.

    `is_method`: Its first argument is the object, which nobody writes.
    """
    import functools

    if getattr(function, "__fencepost_answers__", False):
        return function

    def call(*arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True  # pytest shows the line that called it
        try:
            return function(*arguments, **named)
        except TypeError:
            better = _misfit(function, arguments, named, is_method)
            if better is None:  # the call was right, and the error is from within
                raise
            raise better from None

    wrapped: Any = functools.wraps(function)(call)
    wrapped.__fencepost_answers__ = True
    return wrapped  # type: ignore[no-any-return]


def _misfit(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    named: Mapping[str, Any],
    is_method: bool = False,
) -> Exception | None:
    """Return the error for arguments that are not those of a function; None where they are."""
    import inspect

    from .errors import CallError
    from .habits import of_argument, of_missing
    from .text import join_words, plural, quoted

    parameters = dict(inspect.signature(function).parameters)
    shown = function.__name__
    if is_method:
        if shown == "__init__" and arguments:
            shown = type(arguments[0]).__name__
        parameters.pop(next(iter(parameters)))
        arguments = arguments[1:]
    every = list(parameters.values())
    if any(p.kind is p.VAR_KEYWORD for p in every):
        return None
    several = any(p.kind is p.VAR_POSITIONAL for p in every)
    every = [p for p in every if p.kind is not p.VAR_POSITIONAL]
    takes = ", ".join(parameters) or "no argument"
    places = [p.name for p in every if p.kind is not p.KEYWORD_ONLY]
    problems = []
    for name in named:
        if name not in parameters:
            hint = of_argument(name, list(parameters)) or f"It takes {takes}."
            problems.append(f'{shown} has no argument "{name}". {hint}')
    if len(arguments) > len(places) and not several:
        most = plural(len(places), "argument") if places else "no argument"
        by_name = [p.name for p in every if p.kind is p.KEYWORD_ONLY and p.name not in named]
        others = f" Pass the others by name, such as {by_name[0]}=." if by_name else ""
        problems.append(f"{shown} takes {most} by position. Received: {len(arguments)}.{others}")
    if twice := [name for name in places[: len(arguments)] if name in named]:
        problems.append(f"{shown} is given {join_words(quoted(twice))} twice.")
    given = {*places[: len(arguments)], *named}
    lacking = [p.name for p in every if p.default is p.empty and p.name not in given]
    if lacking and not problems:
        hint = of_missing(lacking, arguments) or f"It takes {takes}."
        problems.append(f"{shown} needs {join_words(quoted(lacking))}. {hint}")
    return CallError(" ".join(problems)) if problems else None
