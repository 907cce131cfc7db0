"""Many headers in one program, so that a compiler runs once: it tests their prefixes as well."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

import numpy as np

WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
COMPILERS = ("gcc", "clang")

_CASE = """    for (int i = 0; i < {images} && fread(pixels, {bytes}, 1, stdin) == 1; i++) {{
        {call}
        fwrite(outputs, {count} * sizeof(float), 1, stdout);
    }}
"""
_MAIN = """
#include <stdio.h>
int main(void)
{{
    static union {{ float f[{inputs}]; unsigned char b[4 * {inputs}]; }} any;
    static float outputs[{outputs}];
    void *pixels = &any;
{cases}    return 0;
}}
"""


def missing(compiler: str) -> str | None:
    """Say why a compiler cannot be used, or None."""
    if shutil.which(compiler) is None:
        return f"{compiler} is not installed"
    return None if _has_sanitizers(compiler) else f"{compiler} is installed without sanitizers"


@functools.cache
def _has_sanitizers(compiler: str) -> bool:
    """Whether programs can be linked with them: Debian's clang comes without the libraries."""
    command = [compiler, *SANITIZERS, "-x", "c", "-", "-o", "/dev/null"]
    done = subprocess.run(
        command, check=False, input=b"int main(void) { return 0; }", capture_output=True
    )
    return done.returncode == 0


def outputs(folder: Path, command: list[str], headers: dict, images: list) -> list[np.ndarray]:
    """Run headers, each on images of its own, in one program; return what each gives.

    `headers` are networks and their type of pixels by the header's path; `command` compiles.
    """
    includes = "".join(f'#include "{path}"\n' for path in headers)
    cases, inputs, most = "", 1, 1
    for (path, (net, dtype)), batch in zip(headers.items(), images, strict=True):
        size, count = int(np.prod(net.input_shape)), int(np.prod(net.output_shape))
        inputs, most = max(inputs, size), max(most, count)
        logits = "logits" if f"{path.stem}_logits" in path.read_text() else "predict"
        call = f"{path.stem}_{logits}(pixels, outputs);"
        item = np.dtype(dtype).itemsize
        cases += _CASE.format(images=len(batch), bytes=size * item, call=call, count=count)
    source = folder / "all.c"
    source.write_text(includes + _MAIN.format(inputs=inputs, outputs=most, cases=cases))
    program = folder / "all"
    compile_c([*command, str(source), "-o", str(program), "-lm"])
    data = b"".join(np.ascontiguousarray(batch).tobytes() for batch in images)
    done = subprocess.run([program], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    values = np.frombuffer(done.stdout, np.float32)
    counts = [
        len(batch) * int(np.prod(net.output_shape))
        for (net, _), batch in zip(headers.values(), images, strict=True)
    ]
    parts = np.split(values, np.cumsum(counts)[:-1])
    shapes = [net.output_shape for net, _ in headers.values()]
    return [part.reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True)]


def compile_c(command: list[str]) -> None:
    """Compile, and show what the compiler says if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def run_test(header: Path, prefix: str, compiler: str, flags: list[str]) -> str:
    """Compile a header by itself with its own `main`, run it, and return what it prints."""
    program = header.with_suffix(f".{compiler}")
    macro = f"-D{prefix.upper()}_MAIN"
    compile_c([compiler, *flags, macro, "-x", "c", str(header), "-o", str(program), "-lm"])
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
