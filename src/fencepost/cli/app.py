"""The commands put together, and the one place where errors become exit statuses.

Status 0: done.  1: `check` has found something.  2: bad input, described in one paragraph on
standard error, without a traceback.  130: stopped by Ctrl-C, as shells count it.  Anything else
is a defect and shows its traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from ..errors import FencepostError
from . import (
    check,
    convert,
    convolve,
    evaluate,
    experiment,
    explain,
    export,
    figures,
    kernels,
    predict,
    size,
    tour,
    train,
)
from . import filter as filters
from . import learn_kernel as learning
from .shared.console import Interrupted

BAD_INPUT, INTERRUPTED = 2, 130

# The root of typer's own errors: its module has moved between versions, its name has not.
_UsageError: Any = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: fencepost train --data photos/ --out photos.safetensors",
)


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        print(f"fencepost {__version__}")
        raise typer.Exit


@app.callback()
def fencepost(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks; so does FENCEPOST_DEBUG=1.")
    ] = False,
) -> None:
    """Train and use small convolutional networks, fast on an ordinary CPU."""


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "train": (train.train, train.EXAMPLE),
    "evaluate": (evaluate.evaluate, evaluate.EXAMPLE),
    "predict": (predict.predict, predict.EXAMPLE),
    "explain": (explain.explain, explain.EXAMPLE),
    "export": (export.export, export.EXAMPLE),
    "convert": (convert.convert, convert.EXAMPLE),
    "filter": (filters.filter_, filters.EXAMPLE),
    "convolve": (convolve.convolve, convolve.EXAMPLE),
    "kernels": (kernels.kernels, kernels.EXAMPLE),
    "figures": (figures.figures, figures.EXAMPLE),
    "size": (size.size, size.EXAMPLE),
    "check": (check.check, check.EXAMPLE),
    "experiment": (experiment.experiment, experiment.EXAMPLE),
    "learn-kernel": (learning.learn_kernel, learning.EXAMPLE),
    "tour": (tour.tour, tour.EXAMPLE),
}
for _name, (_function, _example) in COMMANDS.items():
    app.command(_name, epilog=_example)(_function)


def run(arguments: Sequence[str]) -> int:
    """Run one command line, and return its exit status."""
    debug = os.environ.get("FENCEPOST_DEBUG", "0") not in ("", "0") or "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        status = app(arguments, prog_name="fencepost", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except (KeyboardInterrupt, typer.Abort, Interrupted) as stop:
        if debug:
            raise
        said = str(stop) if isinstance(stop, Interrupted) else "Stopped."
        if said:
            print(f"\n{said}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has had enough; Python must not complain when it closes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (FencepostError, _UsageError, OSError, MemoryError, ImportError) as error:
        if debug or (isinstance(error, ImportError) and "FENCEPOST_" not in str(error)):
            raise  # an ImportError is a defect, unless a variable of ours has no sense
        if isinstance(error, _UsageError) and not error.format_message():
            return BAD_INPUT  # no command was given: the help has been printed
        print(f"fencepost: {_paragraph(error, arguments)}", file=sys.stderr)
        return BAD_INPUT


def _paragraph(error: BaseException, arguments: Sequence[str]) -> str:
    if isinstance(error, MemoryError):
        return "There is not enough memory for this. Give less data, or a smaller --batch-size."
    if isinstance(error, _UsageError):
        named = arguments[0] if arguments and arguments[0] in COMMANDS else ""
        help_of = " ".join(["fencepost", *filter(None, [named]), "--help"])
        problem = error.format_message().rstrip(".")
        return f"{problem}. See `{help_of}`."
    if isinstance(error, OSError) and not isinstance(error, FencepostError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}."
    return str(error)
