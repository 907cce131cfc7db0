"""Runs a header with the C compiler of this machine: $CC, cc, gcc or clang."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError

_SECONDS = 600
_HARNESS = """
#include "model.h"
#include <stdio.h>
int main(void)
{{
    static {pixels} pixels[{inputs}];
    static float outputs[{outputs}];
    while (fread(pixels, sizeof pixels, 1, stdin) == 1) {{
{calls}
    }}
    return 0;
}}
"""
_CALL = """        {p}_{name}(pixels, outputs);
        fwrite(outputs, sizeof outputs, 1, stdout);"""


def find() -> list[str] | None:
    """Return the command of a compiler: the first of $CC, cc, gcc, clang that is there."""
    given = os.environ.get("CC", "")
    for command in (given, "cc", "gcc", "clang"):
        words = shlex.split(command)
        if words and shutil.which(words[0]):
            return words
    return None


class Compiled:
    """A header, compiled: called with images, it gives the outputs of each function by name."""

    def __init__(
        self, compiler: list[str], text: bytes, prefix: str, names: Mapping[str, str], sizes: Any
    ) -> None:
        """`names` are outputs by the function that gives them; `sizes` (pixels, inputs, shape)."""
        pixels, inputs, self._shape = sizes
        self._names = tuple(names.values())
        self._folder = tempfile.TemporaryDirectory(prefix="fencepost-")
        folder = Path(self._folder.name)
        (folder / "model.h").write_bytes(text)
        calls = "\n".join(_CALL.format(p=prefix, name=name) for name in names)
        count = int(np.prod(self._shape))
        (folder / "run.c").write_text(
            _HARNESS.format(pixels=pixels, inputs=inputs, outputs=count, calls=calls)
        )
        self._program = folder / "run"
        command = [*compiler, "-std=c99", "-O1", "-o", str(self._program), "run.c", "-lm"]
        _run(command, "compiled", cwd=folder)

    def __call__(self, images: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        data = np.ascontiguousarray(images).tobytes()
        output = _run([str(self._program)], "run", input=data)
        shape = (len(images), len(self._names), *self._shape)
        outputs = np.frombuffer(output, np.float32)
        if outputs.size != np.prod(shape):
            raise DataError(f"the export stopped after {outputs.size} of {np.prod(shape)} outputs.")
        outputs = outputs.reshape(shape)
        return {name: outputs[:, index] for index, name in enumerate(self._names)}


def _run(command: list[str], what: str, **options: Any) -> bytes:
    try:
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            command, capture_output=True, timeout=_SECONDS, check=False, **options
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"the export could not be {what}: {error}") from error
    if done.returncode:
        output = done.stderr.decode(errors="replace").strip()[-2000:]
        raise DataError(
            f"the export could not be {what}: {shlex.join(command)} gave {done.returncode}. "
            f"{output}"
        )
    return done.stdout
