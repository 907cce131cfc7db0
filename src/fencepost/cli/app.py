"""The commands put together, and the one place where errors become exit statuses.

Status 0: done.  1: `check` has found something.  2: bad input, described in one paragraph on
standard error, without a traceback.  130 and 141: stopped by Ctrl-C, or by a reader that closed
the pipe, as shells count the two.  Anything else is a defect and shows its traceback.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from .. import remedies
from ..errors import ArgumentError, DataWarning, FencepostError
from .parsing.help import Commands
from .parsing.usage import Command, check_words, problem
from .shared.console import Interrupted, empty_streams, prepare_streams

BAD_INPUT, INTERRUPTED, PIPE_CLOSED = 2, 130, 141
COMPLETION = ("--install-completion", "--show-completion")

# The root of typer's own errors: its module has moved between versions, its name has not.
_UsageError: Any = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        print(f"fencepost {__version__}")
        raise typer.Exit


def fencepost(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks; so does FENCEPOST_DEBUG=1.")
    ] = False,
) -> None:
    """Train and use small convolutional networks, fast on ordinary CPUs."""


# By name, the module and its function. A module is imported when its command is asked for: it takes
# Typer as long to read the options of all as Python to start.
COMMANDS = {
    "samples": "training.samples.samples",
    "train": "train.train",
    "evaluate": "evaluate.evaluate",
    "predict": "predict.predict",
    "explain": "explain.explain",
    "export": "export.export",
    "convert": "convert.convert",
    "filter": "filter.filter_",
    "convolve": "convolve.convolve",
    "kernels": "kernels.kernels",
    "figures": "figures.figures",
    "size": "size.size",
    "check": "check.check",
    "experiment": "experiment.experiment",
    "learn-kernel": "learn_kernel.learn_kernel",
    "tour": "tour.tour",
}


def loaded(name: str) -> tuple[Callable[..., None], str]:
    """Return the function of a command, and its examples."""
    module, _, function = COMMANDS[name].rpartition(".")
    found = importlib.import_module(f".{module}", __package__)
    return getattr(found, function), found.EXAMPLES


@functools.cache
def application(*names: str) -> typer.Typer:
    """Return the command `fencepost` with those of these names only."""
    app = typer.Typer(
        cls=Commands,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="fencepost samples\nfencepost train --data samples/leaves --out leaves.safetensors",
    )
    app.callback()(fencepost)
    for name in names:
        function, examples = loaded(name)
        app.command(name, cls=Command, epilog=examples)(function)
    return app


def _application(arguments: Sequence[str]) -> typer.Typer:
    """Return as many commands as a command line needs: of one that names none, all."""
    if arguments and arguments[0] in COMMANDS:
        return application(arguments[0])
    return application() if arguments == ["--version"] else application(*COMMANDS)


def run(arguments: Sequence[str]) -> int:
    """Run one command line, and return its exit status."""
    prepare_streams()
    _quiet_others()
    debug = os.environ.get("FENCEPOST_DEBUG", "0") not in ("", "0") or "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    if not arguments:
        application(*COMMANDS)(["--help"], prog_name="fencepost", standalone_mode=False)
        return BAD_INPUT
    if arguments[0] == "help":
        arguments = [*arguments[1:], "--help"]
    named = arguments[0] if arguments[0] in COMMANDS else ""
    with warnings.catch_warnings(), remedies.command(lambda: options(named)):
        warnings.showwarning = _show_warning
        try:
            return _run(arguments, named, debug)
        finally:
            empty_streams()


def _run(arguments: Sequence[str], named: str, debug: bool) -> int:
    try:
        check_words(arguments[1:])
        status = (_complete if arguments[0] in COMPLETION else _typer)(arguments)
        if status == INTERRUPTED:  # Typer's answer to Ctrl-C, or another's
            raise KeyboardInterrupt
        sys.stdout.flush()
        return status
    except (KeyboardInterrupt, typer.Abort, Interrupted) as stop:
        if debug:
            raise
        said = str(stop) if isinstance(stop, Interrupted) else "Stopped."
        if said:
            _say(f"\n{said}")
        return INTERRUPTED
    except BrokenPipeError:
        return PIPE_CLOSED
    except (FencepostError, _UsageError, OSError, MemoryError, ImportError) as error:
        if debug or (isinstance(error, ImportError) and "FENCEPOST_" not in str(error)):
            raise  # an ImportError is a defect, unless a variable of ours has no sense
        _say(f"fencepost: {_paragraph(error, named, arguments)}")
        return BAD_INPUT


def _typer(arguments: Sequence[str]) -> int:
    try:
        app = _application(arguments)
        status = app(arguments, prog_name="fencepost", standalone_mode=False)
    except SystemExit as end:  # what Typer makes of a closed pipe
        if isinstance(end.__context__, BrokenPipeError):
            raise end.__context__ from None
        raise
    return status if isinstance(status, int) else 0


def _complete(arguments: Sequence[str]) -> int:
    """Install or show completion; Typer has its own words for a shell that it does not know."""
    words = io.StringIO()
    with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
        try:
            status = _typer(arguments)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0
    if status != 0:
        raise ArgumentError(
            f"{arguments[0]} must be typed in a shell that has completion: bash, zsh, fish or "
            "PowerShell. Received: another, or none that can be recognised. Type it in one of "
            "these four."
        )
    print(words.getvalue(), end="")
    return status


def _quiet_others() -> None:
    """Keep other packages from writing between our lines, and from telling others of our users."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it warns of a home that is not there


def _say(text: str) -> None:
    """Write on standard error, as far as that goes: the exit status says it as well."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


@functools.cache
def options(command: str) -> dict[str, remedies.Option]:
    """Return the options of a command by the parameters that they set."""
    if not command:
        return {}
    root: Any = typer.main.get_command(application(command))
    return {
        parameter.name: remedies.Option(
            max(parameter.opts, key=len),
            max(parameter.secondary_opts, key=len, default=""),
            parameter.is_flag,
        )
        for parameter in root.commands[command].params
        if parameter.param_type_name == "option"
    }


def _folder_exists() -> bool:
    try:
        return bool(os.getcwd())
    except FileNotFoundError:
        return False


def _show_warning(message: Warning | str, *details: Any, **more: Any) -> None:
    """Say what a warning says, without the line of Python that led to it."""
    kind = "warning: " if isinstance(message, DataWarning) else ""
    print(f"fencepost: {kind}{message}", file=sys.stderr, flush=True)


def _paragraph(error: BaseException, named: str, arguments: Sequence[str]) -> str:
    if isinstance(error, MemoryError):
        smaller = remedies.remedy(", or a smaller {batch_size}", batch_size=...)
        return f"There is not enough memory for this. Use less data{smaller}."
    if isinstance(error, _UsageError):
        help_of = " ".join(["fencepost", *filter(None, [named]), "--help"])
        return f"{problem(error, arguments)} See `{help_of}`."
    if isinstance(error, OSError) and not isinstance(error, FencepostError):
        if isinstance(error, FileNotFoundError) and not error.filename and not _folder_exists():
            return "The current folder has been deleted. Change to another, such as by `cd`."
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}."
    return str(error)
