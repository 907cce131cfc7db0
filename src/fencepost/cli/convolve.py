"""`fencepost convolve`: kernels over signals in a CSV or WAV file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ArgumentError
from ..text import plural
from .shared import options, outputs
from .shared.console import Console

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..kernels import Kernel

_LARGEST_DRAWN = 1e300

EXAMPLES = """\
fencepost convolve load.csv --kernel mean:size=5 -o smooth.csv --plot smooth.png
fencepost convolve speech.wav --kernel gaussian:sigma=3 -o muffled.wav"""


def convolve(
    signal: Annotated[
        Path, typer.Argument(help="A .csv file with a column for each signal, or a .wav file.")
    ],
    kernel: Annotated[list[str], options.KERNEL],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, of the same type.")],
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="A column of the .csv, by name or position; may be given several times.",
            show_default="all columns of numbers, but not a first one that is a time axis",
        ),
    ] = None,
    boundary: Annotated[str, options.BOUNDARY] = "reflect",
    full: Annotated[
        bool,
        typer.Option("--full", help="Full convolution: a longer output, zeros beyond the ends."),
    ] = False,
    causal: Annotated[
        bool,
        typer.Option(
            "--causal", help="Causal filter: the origin of the kernel is its first weight."
        ),
    ] = False,
    scale: Annotated[float, typer.Option(help="Factor for the result.")] = 1.0,
    delimiter: Annotated[
        str | None,
        typer.Option(
            help="Delimiter of the .csv: one character, tab or space.",
            show_default="detected",
        ),
    ] = None,
    decimal: Annotated[
        str | None,
        typer.Option(
            help="Decimal separator: . or , (the other may separate thousands).",
            show_default="detected",
        ),
    ] = None,
    header: Annotated[
        int | None,
        typer.Option(
            min=0, help="Number of header rows (names, units) of the .csv.", show_default="detected"
        ),
    ] = None,
    skip: Annotated[
        int, typer.Option(min=0, help="Lines to skip at the start of the .csv; they are copied.")
    ] = 0,
    encoding: Annotated[
        str | None,
        typer.Option(
            help="Encoding of the .csv, such as utf-8 or latin-1.", show_default="detected"
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Plot the signals before and after: .png or .svg."),
    ] = None,
    overwrite: Annotated[bool, options.OVERWRITE] = False,
    threads: Annotated[int | None, options.THREADS] = None,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Convolve signals with kernels: smooth, differentiate, find edges.

    Several kernels are applied in turn. Columns that are not convolved are
    copied. Sound is rounded, and clipped to its range.
    """
    console = Console(as_json)
    outputs.check_outputs({"--out": out, "--plot": plot}, overwrite)
    from .. import set_num_threads
    from ..arguments import real
    from ..files.tables import TableOptions
    from .shared.signal_chain import Chain
    from .shared.signal_files import check_same_kind, open_signals

    real("--scale", scale)
    table = TableOptions(delimiter, decimal, header, skip, encoding)
    if threads is not None:
        set_num_threads(threads)
    if full and boundary not in ("reflect", "zero"):
        raise ArgumentError(f"--full takes zeros beyond the ends. Received: --boundary {boundary}.")
    kernels = tuple(_one_axis(text, causal) for text in kernel)
    chain = Chain(kernels, options.parse_boundary(boundary), full, scale)
    check_same_kind(signal, out)
    source = open_signals(signal, column or [], table)
    results, said = source.filter(chain, out, keep=plot is not None)
    samples = chain.length(source.length)
    things = plural(len(source.names), "signal")
    console.note(
        f"Saved {out}: {things} of {plural(samples, 'sample')}, convolved with "
        f"{chain.label}.{said}",
        *([source.remark] if source.remark else []),
    )
    if plot is not None:
        from ..plots import save
        from ..plots.signals.panels import SignalPlot, draw_signals

        plots = [
            SignalPlot(name, _drawable(before), _drawable(after))
            for name, before, after in zip(source.names, source.signals, results, strict=True)
        ]
        figure = draw_signals(
            signal.name,
            plots,
            list(kernels),
            axis=source.axis,
            axis_label=source.axis_label,
            start=chain.start,
        )
        save(figure, plot)
        console.note(f"Saved {plot}.")
    console.result(
        {
            "signal": str(signal),
            "kernels": [step.label for step in kernels],
            "columns": source.names,
            "samples": samples,
            "start": chain.start,
            "output": str(out),
            "plot": None if plot is None else str(plot),
            "remark": " ".join(filter(None, (said.strip(), source.remark))),
        }
    )


def _one_axis(text: str, causal: bool) -> Kernel:
    from ..kernels import Kernel, parse

    kernel = parse(text, ndim=1)
    if not isinstance(kernel, Kernel):
        raise ArgumentError(f"a signal takes one kernel at a time. Received: {text}.")
    return Kernel(kernel, origin=0) if causal else kernel


def _drawable(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave gaps where values are so large that an axis over both signs would overflow."""
    import numpy as np

    return np.where(np.abs(values) < _LARGEST_DRAWN, values, np.nan)
