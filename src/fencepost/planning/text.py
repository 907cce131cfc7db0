"""Layers as text: ``Conv2d(6, 5, padding=2), ReLU, MaxPool2d(2), Flatten, Linear(10)``.

Text may come from anyone: it is cut into tokens and read by the grammar below, and nothing in it is
evaluated.

    layers    = layer {("," | line break) layer}, between [ and ] or not
    layer     = ["fp."] name ["(" [argument {"," argument}] ")"]
    argument  = [name "="] value
    value     = number | string | True | False | None | layer | "(" values ")" | "[" values "]"
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ..errors import ArgumentError
from ..habits import nearest
from ..layers import Branched, Concat, Layer
from ..layers.base import arguments_of
from ..layers.pytorch_order import pytorch_order
from .pytorch_arguments import foreign_names, translated
from .tokens import Token, Tokens

LONGEST = 200_000  # characters: some thousand layers
_DEEPEST = 20
_CONSTANTS = {"True": True, "False": False, "None": None}
_CLOSING = {"(": ")", "[": "]"}
_EXAMPLE = "Conv2d(6, 5, padding=2)"
# What other libraries call a layer, where its name alone is not near enough.
_ELSEWHERE = {
    "dense": "Linear",
    "adaptivemaxpool2d": "GlobalMaxPool",
    "globalaveragepooling2d": "GlobalAvgPool",
    "swish": "SiLU",
    "hardswish": "HardSwish",
    "hardsigmoid": "HardSigmoid",
    "deconv2d": "ConvTranspose2d",
    "conv2dtranspose": "ConvTranspose2d",
    "upsampling2d": "Upsample",
}


def parse_layers(text: str) -> list[Layer]:
    """Make the layers that a text lists, as one would type them in Python.

    Parameters
    ----------
    text : str
        Layers between commas or line breaks, with their arguments in parentheses;
        ``Residual``, ``Concat`` and ``Gate`` take layers, and chains of them in brackets.
        Parentheses without arguments may be left out, a comment goes
        from ``#`` to the end of the line, and ``fp.`` before a name is skipped.

    Raises
    ------
    ArgumentError
        The text lists no layers. The message points at line and column and offers the nearest
        names.

    Examples
    --------
    >>> parse_layers("Conv2d(6, 5, padding=2), ReLU, MaxPool2d(2)")
    [Conv2d(6, 5, padding=2), ReLU(), MaxPool2d(2)]
    >>> parse_layers("Residual(Conv2d(8, 3, padding='same'), ReLU)  # keeps the size")
    [Residual(Conv2d(8, 3, padding="same"), ReLU())]
    >>> parse_layers("Concat([], [Conv2d(8, 1), ReLU]), Residual(Tanh, shortcut=Conv2d(9, 1))")
    [Concat([], [Conv2d(8, 1), ReLU()]), Residual(Tanh(), shortcut=[Conv2d(9, 1)])]
    """
    if not isinstance(text, str):
        raise ArgumentError(f"the layers' text must be a string. Received: {type(text).__name__}")
    if len(text) > LONGEST:
        raise ArgumentError(
            f"the layers' text must have at most {LONGEST:,} characters. Received: {len(text):,}"
        )
    return _Reader(Tokens(text)).everything()


@dataclass
class _Call:
    """What stands between the parentheses of a layer: values, and the tokens they begin at."""

    positional: list[tuple[Any, Token]] = field(default_factory=list)
    named: dict[str, tuple[Any, Token]] = field(default_factory=dict)


class _Reader:
    """Reads one text from left to right, each method one line of the grammar."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._refuse = tokens.refuse
        self._depth = 0

    @property
    def _next(self) -> Token:
        return self._tokens.next

    def everything(self) -> list[Layer]:
        self._tokens.skip_lines()
        if self._next.kind == "end":
            raise ArgumentError(
                "the layers' text must list at least one layer, such as "
                '"Conv2d(6, 5), ReLU, Flatten, Linear(10)". Received: no layer'
            )
        start = self._next
        layers = self._chain(self._values(), start) if start.text == "[" else self._layers()
        if not layers:
            self._refuse(start, "There must be at least one layer between the brackets")
        self._tokens.skip_lines()
        if self._next.kind != "end":
            self._refuse(self._next, "A comma or a line break is missing before this")
        return layers

    def _layers(self) -> list[Layer]:
        layers = [self._layer()]
        while self._next.kind == "line" or self._next.text == ",":
            self._tokens.skip_lines()
            if self._next.text == ",":
                self._tokens.advance()
                self._tokens.skip_lines()
            if self._next.kind == "end":
                break
            layers.append(self._layer())
        return layers

    def _layer(self) -> Layer:
        name = self._next
        if name.kind != "name":
            self._refuse(name, f"A layer must begin with its name, such as {_EXAMPLE}")
        cls = self._class(name)
        self._tokens.advance()
        call = self._call(cls) if self._next.text == "(" else _Call()
        if issubclass(cls, Branched):
            return self._branched(cls, name, call)
        call = self._translated(cls, name, call)
        tokens_of = self._tokens_of(cls, name, call)
        named = {key: value for key, (value, _) in call.named.items()}
        return self._made(cls, name, [value for value, _ in call.positional], named, tokens_of)

    def _translated(self, cls: type[Layer], name: Token, call: _Call) -> _Call:
        """Take arguments that only PyTorch's layer has for what they are here."""
        values = [value for value, _ in call.positional]
        named = {key: value for key, (value, _) in call.named.items()}
        try:
            values, named = translated(cls.__name__, list(arguments_of(cls)), values, named)
        except ArgumentError as error:
            starts = [s for key, (_, s) in call.named.items() if str(error).startswith(f"{key} ")]
            starts += [start for _, start in reversed(call.positional)]
            self._refuse(starts[0] if starts else name, f"{cls.__name__}: {error}")
        old = {key: start for key, (_, start) in call.named.items()}
        return _Call(
            call.positional[: len(values)],
            {key: (value, old.get(key, name)) for key, value in named.items()},
        )

    def _branched(self, cls: type[Branched], name: Token, call: _Call) -> Layer:
        """Make a layer that takes layers, or, as Concat does, chains of them."""
        values = list(call.positional)
        named: dict[str, Any] = {}
        for key, (value, start) in call.named.items():
            if key == "shortcut":
                named[key] = self._chain(value, start)
            elif cls is Concat and isinstance(value, (list, tuple)):
                values += [(chain, start) for chain in value]
            else:
                values.append((value, start))
        chains = [self._chain(value, start) for value, start in values]
        layers: list[Any] = [layer for chain in chains for layer in chain]
        return self._made(cls, name, list(chains) if cls is Concat else layers, named, {})

    def _class(self, token: Token) -> type[Layer]:
        prefix, _, name = token.text.rpartition(".")
        if prefix not in ("", "fp", "fencepost"):
            why = "Only fp. may come before a layer's name"
            if "nn" in prefix.split("."):
                why += (
                    ". PyTorch's layers name their input channels or features first; here those "
                    f"are known, so leave them out: {_EXAMPLE}"
                )
            self._refuse(token, why)
        cls = Layer.types.get(name)
        if cls is None:
            alike = _ELSEWHERE.get(name.lower())
            hint = f'Did you mean "{alike}"?' if alike else nearest(name, Layer.types)
            hint = hint or f"Available layers: {', '.join(sorted(Layer.types))}"
            self._refuse(token, f'There is no layer "{name}". {hint}')
        return cls

    def _call(self, cls: type[Layer]) -> _Call:
        call = _Call()
        opening = self._open()
        while self._next.text != ")":
            start = self._next
            if start.kind == "name" and self._tokens.follows("="):
                self._tokens.advance()
                self._tokens.advance()
                self._tokens.skip_lines()
                self._check_name(cls, start, call)
                call.named[start.text] = (self._value(), start)
            elif call.named:
                self._refuse(start, "A value without a name cannot come after one with a name")
            else:
                call.positional.append((self._value(), start))
            self._comma_or_end(opening)
        self._close()
        return call

    def _check_name(self, cls: type[Layer], token: Token, call: _Call) -> None:
        if token.text in call.named:
            self._refuse(token, f"{token.text} is given twice")
        known = arguments_of(cls)
        if token.text in known or token.text in foreign_names(cls.__name__, list(known)):
            return
        hint = nearest(token.text, known)
        if token.text in ("in_channels", "in_features"):
            hint = "The input size is known here, so leave it out"
        self._refuse(token, f'"{token.text}" is not an argument: {_takes(cls)}. {hint}'.rstrip())

    def _tokens_of(self, cls: type[Layer], name: Token, call: _Call) -> dict[str, Token]:
        """Return the token of each argument; refuse too many, too few, and one given twice."""
        known = arguments_of(cls)
        values = [value for value, _ in call.positional]
        named = {key: value for key, (value, _) in call.named.items()}
        order = pytorch_order(cls.__name__, known, values, named)
        if order:
            self._refuse(call.positional[0][1], order)
        if len(call.positional) > len(known):
            surplus = call.positional[len(known)][1]
            self._refuse(surplus, f"Too many arguments: {_takes(cls)}")
        tokens_of = {key: start for key, (_, start) in zip(known, call.positional, strict=False)}
        for key, (_, start) in call.named.items():
            if key in tokens_of:
                self._refuse(start, f"{key} is given twice")
            tokens_of[key] = start
        required = [key for key, argument in known.items() if argument.default is argument.empty]
        if missing := [key for key in required if key not in tokens_of]:
            self._refuse(name, f"{cls.__name__} needs {' and '.join(missing)}")
        return tokens_of

    def _made(
        self,
        cls: type[Layer],
        name: Token,
        values: list[Any],
        named: dict[str, Any],
        tokens_of: dict[str, Token],
    ) -> Layer:
        try:
            return cls(*values, **named)
        except (TypeError, ValueError) as error:  # ArgumentError, or NumPy's of a table
            culprit = next((key for key in tokens_of if str(error).startswith(f"{key} ")), None)
            self._refuse(tokens_of[culprit] if culprit else name, f"{cls.__name__}: {error}")

    def _chain(self, value: Any, start: Token) -> list[Layer]:
        """Take a layer, or a list of layers."""
        values = value if isinstance(value, (list, tuple)) else [value]
        if not all(isinstance(value, Layer) for value in values):
            self._refuse(start, f"There must be layers here, such as {_EXAMPLE}")
        return list(values)

    def _value(self) -> Any:
        token = self._next
        if token.text in _CLOSING:
            return self._values()
        if token.kind == "name" and token.text not in _CONSTANTS:
            known = {name.lower() for name in Layer.types}
            if token.text.islower() and token.text.isalpha() and token.text not in known:
                self._refuse(token, f'Put text in quotation marks: "{token.text}"')
            return self._layer()
        if token.kind not in ("number", "string", "name"):
            self._refuse(token, "A value is missing")
        self._tokens.advance()
        if token.kind == "name":
            return _CONSTANTS[token.text]
        return token.text[1:-1] if token.kind == "string" else self._number(token)

    def _values(self) -> Any:
        """Read (1, 2) or [1, 2]; (1) is 1, as in Python."""
        opening = self._open()
        values = []
        comma = False
        while self._next.text != _CLOSING[opening.text]:
            values.append(self._value())
            comma = self._comma_or_end(opening)
        self._close()
        if opening.text == "(":
            return values[0] if len(values) == 1 and not comma else tuple(values)
        return values

    def _number(self, token: Token) -> int | float:
        if len(token.text) > 40:
            self._refuse(token, "A number may have at most 40 characters")
        return int(token.text) if re.fullmatch(r"[+-]?\d+", token.text) else float(token.text)

    def _open(self) -> Token:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse(self._next, f"Brackets may be at most {_DEEPEST} deep")
        opening = self._tokens.advance()
        self._tokens.skip_lines()
        return opening

    def _close(self) -> None:
        self._depth -= 1
        self._tokens.advance()

    def _comma_or_end(self, opening: Token) -> bool:
        """Skip a comma, or stop before the closing bracket; say whether there was a comma."""
        closing = _CLOSING[opening.text]
        self._tokens.skip_lines()
        if self._next.text == ",":
            self._tokens.advance()
            self._tokens.skip_lines()
            return True
        if self._next.kind == "end":
            self._refuse(opening, f'This "{opening.text}" is not closed')
        if self._next.text != closing:
            self._refuse(self._next, f'A comma or "{closing}" is missing before this')
        return False


def _takes(cls: type[Layer]) -> str:
    return f"{cls.__name__} takes {', '.join(arguments_of(cls)) or 'no argument'}"
