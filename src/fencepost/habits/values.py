"""Values of arguments as other libraries call them, and the values here."""

from __future__ import annotations

#: What losses and optimizers are called elsewhere, in lower case: these are taken.
SETTINGS = {
    "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "crossentropy": "cross_entropy",
    "crossentropyloss": "cross_entropy",
    "log_loss": "cross_entropy",
    "mean_squared_error": "mse",
    "mseloss": "mse",
    "squared_error": "mse",
}

_CROSS_ENTROPY = {"loss": "cross_entropy"}
_TWO = ("{loss}, with two outputs for two classes", _CROSS_ENTROPY)
_LOGITS = ("{loss}, of outputs without a softmax", _CROSS_ENTROPY)


def _edge(name: str) -> tuple[str, dict[str, str]]:
    return "{boundary}", {"boundary": name}


def _edge_of_mode(name: str) -> tuple[str, dict[str, str]]:
    return "{mode} and {boundary}, which are two arguments", {"mode": "same", "boundary": name}


#: By argument, in lower case: what to write instead, and the settings in it.
VALUES: dict[str, dict[str, tuple[str, dict[str, str]]]] = {
    "loss": {
        **dict.fromkeys(("binary_crossentropy", "bce", "bceloss", "bcewithlogitsloss"), _TWO),
        **dict.fromkeys(("nll_loss", "nllloss"), _LOGITS),
        **dict.fromkeys(
            ("mae", "l1", "l1loss", "mean_absolute_error", "huber"), ("{loss}", {"loss": "mse"})
        ),
    },
    "optimizer": dict.fromkeys(
        ("rmsprop", "adagrad", "nadam", "lbfgs", "lion"), ("{optimizer}", {"optimizer": "adam"})
    ),
    "boundary": {
        **dict.fromkeys(("symm", "symmetric", "grid-mirror"), _edge("reflect")),
        **dict.fromkeys(("reflect101", "reflect_101", "border_reflect_101"), _edge("mirror")),
        **dict.fromkeys(("replicate", "edge", "clamp", "extend", "interp"), _edge("nearest")),
        **dict.fromkeys(("circular", "periodic", "grid-wrap", "cyclic"), _edge("wrap")),
        **dict.fromkeys(("zeros", "grid-constant", "pad", "black"), _edge("zero")),
        "valid": _edge("none"),
    },
    "mode": {
        **{name: _edge_of_mode(name) for name in ("reflect", "mirror", "nearest", "wrap", "zero")},
        "symm": _edge_of_mode("reflect"),
        "replicate": _edge_of_mode("nearest"),
        "circular": _edge_of_mode("wrap"),
        "constant": _edge_of_mode("zero"),
        "fill": _edge_of_mode("zero"),
    },
}
