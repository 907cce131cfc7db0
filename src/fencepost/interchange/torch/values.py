"""The values of arrays on the meta device, computed when a model asks for some.

Each call is kept with what it was given. When values are wanted, those calls are made again, on the
CPU, that they depend on, and no others: the heads of a detector that finds keypoints say nothing
about how many boxes there are. Where these would compute for long, convolutions and linear layers
have weights of 0, so that what enters them is not needed.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .aliases import storage_of, versions
from .errors import TooMuchWork
from .function_call import arrays, leaves, replace_arrays, replace_leaves, shape_of
from .names import CONSTANT
from .products import MOST_WORK, arguments_of_bias, bias_alone, multiply_adds

# What leaves PyTorch may come back as an array of which nobody knows where it is from.
_LEAVING = frozenset(("array", "dlpack", "numpy"))
# In the arguments of a view, the array that it is of.
_BASE = object()


class LostValues(Exception):
    """Values are not known: an array was made, or changed, where no call is kept."""


@dataclass(eq=False, slots=True)
class _Call:
    """A call with a `_Value` for each array; `results` are there once it was made again.

    `changed` are those of its arrays, by position, that it changes in place. They are results, too,
    after what it returns. `shapes` are those of all results, where they are known. `work`: The
    multiply-adds of a convolution or linear layer; `of_bias` is then given to `bias_alone` instead.
    """

    function: Callable[..., Any]
    arguments: Any
    changed: tuple[int, ...] = ()
    shapes: tuple[Any, ...] = ()
    results: list[Any] | None = None
    work: int = 0
    of_bias: Any = None


@dataclass(eq=False, slots=True)
class _Value:
    """A result of a call, and how often (as PyTorch counts) the array had then been changed.

    `uses`: How many calls take it.
    """

    call: _Call
    index: int
    version: int
    uses: int = 0


class _View(NamedTuple):
    """A result of a call that lies in the memory of the first array that the call was given."""

    base: Any
    function: Callable[..., Any]
    arguments: Any
    position: int


class Values:
    """Keeps how arrays on the meta device are made.

    `originals`: Arrays of the module, by the identities of their copies on the meta device.
    `weightless`: Whether convolutions and linear layers have weights of 0; it becomes so if they
    would compute for long when values are first wanted.
    """

    def __init__(self, originals: Mapping[int, Any]) -> None:
        from torch.utils.weak import WeakTensorKeyDictionary

        self.weightless = False
        self._spent = 0  # multiply-adds
        self._originals = originals
        self._values: Any = WeakTensorKeyDictionary()
        self._views: Any = WeakTensorKeyDictionary()

    def be_zeros(self, array: Any) -> None:
        """Let an array on the meta device have zeros for values."""
        self._values[array] = _zeros_like(array)

    def exchange(self, array: Any, other: Any) -> None:
        """Let an array have the values of another one, as ``array.data = other`` does."""
        self._views.pop(array, None)
        self._values.pop(array, None)
        try:
            value = self._value(other)
        except LostValues:
            self._lose(array)
            return
        self._values[array] = _Value(value.call, value.index, _version(array))

    def record(
        self,
        name: str,
        function: Any,
        arguments: Any,
        before: Sequence[int],
        copies: Sequence[Any],
        results: Sequence[Any],
    ) -> None:
        """Keep a call that was made.

        `copies`: Its arrays on the meta device, and `before` the versions that they had. `results`:
        The arrays that it returned.
        """
        met = list(arrays(arguments))
        old = [
            version if copy is array else _version(array)
            for version, copy, array in zip(before, copies, met, strict=True)
        ]
        now = versions(copies)
        changed = [index for index, version in enumerate(before) if version != now[index]]
        # Versions are those of a memory: of arrays that share one, what is returned was changed.
        changed = [i for i in changed if _is_in(met[i], results)] or changed[:1]
        if name == "data":  # whose changes PyTorch does not count
            self._lose(met[0])
            return
        new = [a for a in results if a.is_meta and not _is_in(a, met) and a not in self._values]
        if not new and not changed:
            return
        try:
            given = self._given(name, arguments, dict(zip(map(id, met), old, strict=True)))
        except LostValues:
            for index in changed:
                self._lose(met[index])
            return
        made = [*results, *(met[index] for index in changed)]
        call = _Call(function, given, tuple(changed), tuple(map(shape_of, made)))
        call.work = multiply_adds(name, arguments, results)
        call.of_bias = arguments_of_bias(name, given, results[0]) if call.work else None
        for index, array in enumerate(made):
            if index >= len(results) or _is_in(array, new):
                self._values[array] = _Value(call, index, _version(array))
                if index < len(results) and met and _is_view(array, met[0]):
                    of_base = _with_first(given, _BASE)
                    self._views[array] = _View(met[0], function, of_base, index)
        for index in changed:
            self._write_through(met[index], old[index])

    def call(self, name: str, function: Any, arguments: Any) -> Any:
        """Make a call with values. What it returns is on the meta device, and has values."""
        if name in _LEAVING:
            raise LostValues
        given = self._given(name, arguments, {})
        self._compute([value.call for value in _values_in(given)])
        args, kwargs = replace_leaves(given, _real)
        taken = list(arrays((args, kwargs)))
        before = versions(taken)
        result = function(*args, **kwargs)
        if before != versions(taken):
            raise LostValues  # of the arrays that it was to change
        return replace_arrays(result, self._on_meta)

    def _compute(self, wanted: Sequence[_Call]) -> None:
        """Make calls again. Raises TooMuchWork where weights should have been 0 before."""
        import torch

        calls = self._in_order(wanted)
        work = sum(call.work for call in calls)
        if self._spent + work > MOST_WORK and not self.weightless:
            if self._spent:
                raise TooMuchWork
            self.weightless = True
            calls = self._in_order(wanted)
        elif not self.weightless:
            self._spent += work
        with torch.no_grad():
            for call in calls:
                _make(call)

    def _in_order(self, wanted: Sequence[_Call]) -> list[_Call]:
        """Find the calls to make again, each after those whose results it takes."""
        waiting, ordered = list(wanted), dict[_Call, None]()
        while waiting:
            call = waiting[-1]
            if call.results is not None or call in ordered:
                waiting.pop()
                continue
            if self.weightless and call.of_bias is not None:
                call.function, call.arguments, call.of_bias = bias_alone, call.of_bias, None
            before = [value.call for value in _values_in(call.arguments)]
            needed = [one for one in before if one.results is None and one not in ordered]
            if not needed:
                ordered[waiting.pop()] = None
            waiting += needed
        return list(ordered)

    def _on_meta(self, real: Any) -> Any:
        import torch

        array = torch.empty_like(real, device="meta")
        self._values[array] = _Value(_Call(_zeros, (), results=[real]), 0, _version(array))
        return array

    def _given(self, name: str, arguments: Any, before: Mapping[int, int]) -> Any:
        """Put values in place of arrays, as they were before those changed that did."""
        # For some functions, the sizes of the first one are enough.
        first = next(arrays(arguments), None) if name in CONSTANT else None

        def given(array: Any) -> _Value:
            if array is first:
                value = _zeros_like(array)
            else:
                value = self._value(array, before.get(id(array)))
            value.uses += 1
            return value

        return replace_arrays(arguments, given)

    def _value(self, array: Any, version: int | None = None) -> _Value:
        """Find how an array is made, as it was at a version; as it is now, if None."""
        version = _version(array) if version is None else version
        value: _Value | None = self._values.get(array)
        if version < 0 or (value is not None and value.version < 0):
            raise LostValues
        if value is not None and value.version == version:
            return value
        view = self._views.get(array)
        if view is not None:  # its memory was written to by way of another array
            base = self._value(view.base, version)
            base.uses += 1
            arguments = _with_base(view.arguments, base)
            value = _Value(_Call(view.function, arguments), view.position, version)
        elif id(array) in self._originals and value is None:
            original = self._originals[id(array)]
            value = _Value(_Call(_own, ((original, _version(original)), {})), 0, version)
        elif not array.is_meta and (value is None or value.call.function is _own):
            value = _Value(_Call(_own, ((array, version), {})), 0, version)
        else:
            raise LostValues
        self._values[array] = value
        return value

    def _lose(self, array: Any) -> None:
        self._values[array] = _Value(_Call(_own, ()), 0, -1)

    def _write_through(self, array: Any, before: int) -> None:
        """Let the array that another is a view of be changed as the view was."""
        view = self._views.get(array)
        if view is None:
            return
        try:
            base = self._value(view.base, before)
        except LostValues:
            self._lose(view.base)
            return
        values = self._values[array]
        values.uses += 1
        base.uses += 1
        given = (base, view.function, view.arguments, view.position, values)
        call = _Call(_write, (given, {}), (0,), (shape_of(view.base),))
        self._values[view.base] = _Value(call, 0, _version(view.base))
        self._write_through(view.base, before)


def _make(call: _Call) -> None:
    """Make a call again; its arguments may then be forgotten."""
    values = list(_values_in(call.arguments))
    args, kwargs = replace_leaves(call.arguments, _real)
    taken = list(arrays((args, kwargs)))
    own = {id(taken[index]): _changeable(values[index], taken[index]) for index in call.changed}
    args, kwargs = replace_arrays((args, kwargs), lambda array: own.get(id(array), array))
    try:
        results = list(arrays(call.function(*args, **kwargs)))
    except Exception as error:
        raise LostValues from error
    results += [own[id(taken[index])] for index in call.changed]
    if call.shapes and tuple(map(shape_of, results)) != call.shapes:
        raise LostValues
    call.results, call.arguments, call.of_bias = results, (), None


def _changeable(value: _Value, array: Any) -> Any:
    """Return the values that a call may change: a copy, if anything else might see them."""
    alone = value.uses == 1 and value.call.function is not _own and not array._is_view()
    return array if alone else array.clone()


def _real(leaf: Any) -> Any:
    """Return values, or what else a call is given, with the CPU for the meta device."""
    if isinstance(leaf, _Value):
        assert leaf.call.results is not None
        return leaf.call.results[leaf.index]
    named = type(leaf).__name__ in ("device", "str")
    return "cpu" if named and str(leaf) == "meta" else leaf


def _zeros_like(array: Any) -> _Value:
    return _Value(_Call(_zeros, ((shape_of(array), array.dtype), {})), 0, _version(array))


def _zeros(shape: Any, dtype: Any) -> Any:
    import torch

    return torch.zeros(shape, dtype=dtype)


def _own(array: Any, version: int) -> Any:
    """Return an array that has values, unless it was changed since.

    It is a copy, for norms change their statistics and do not count it; a parameter is as it is.
    """
    import torch

    if _version(array) != version:
        raise LostValues
    if array.is_meta:
        return _zeros(array.shape, array.dtype)
    return array.detach() if isinstance(array, torch.nn.Parameter) else array.detach().clone()


def _write(base: Any, function: Any, arguments: Any, index: int, values: Any) -> None:
    """Write into a view of an array."""
    args, kwargs = _with_base(arguments, base)
    list(arrays(function(*args, **kwargs)))[index].copy_(values)


def _with_base(arguments: Any, base: Any) -> Any:
    return replace_leaves(arguments, lambda leaf: base if leaf is _BASE else leaf)


def _with_first(arguments: Any, other: Any) -> Any:
    """Put something else for the first value among arguments, wherever it stands."""
    first = next(_values_in(arguments))
    return replace_leaves(arguments, lambda leaf: other if leaf is first else leaf)


def _values_in(arguments: Any) -> Iterator[_Value]:
    """Find the values in nested lists, tuples and dictionaries."""
    return leaves(arguments, _Value)


def _version(array: Any) -> int:
    return versions([array])[0]


def _is_in(array: Any, others: Sequence[Any]) -> bool:
    return any(array is other for other in others)


def _is_view(array: Any, base: Any) -> bool:
    """Whether an array lies in the memory of another one."""
    first, second = storage_of(array), storage_of(base)
    return first is not None and second is not None and bool(first._cdata == second._cdata)
