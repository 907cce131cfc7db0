"""What the tour takes from Python and from the engine, written into its pages by `make tour`.

texts.js holds the texts of the errors: every string with a space in the functions and constants of
some modules, or in one function, cut at the gaps of its f-string. So no message is typed twice.
tables.js holds the named kernels, and limits.
tests/tour/test_site.py says whether the files are current.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "src" / "fencepost"
SITE = PACKAGE / "tour" / "site"
MODULES = (
    "sizing/advice", "sizing/calls", "sizing/readings", "layers/base", "layers/windowed",
    "layers/convolution", "layers/pooling", "layers/dense", "layers/norm", "layers/branched",
    "layers/branches", "layers/resizing", "layers/suggestions", "layers/arguments:paddings",
    "layers/pytorch_order", "planning/pytorch_arguments", "planning/text", "planning/tokens",
    "arguments", "habits/spelling", "network/model_files",
    "network/arguments", "errors", "sizing/window:Window.equation", "graph/layers:_too_large",
    "graph/layers:_Builder.chain", "cli/size:size", "cli/size:_note",
)  # fmt: skip


def texts() -> dict[str, list[list[str]]]:
    """Return the texts of each function and constant, each as the pieces between its gaps.

    Those that fill a gap come last.
    """
    found: dict[str, list[list[str]]] = {}
    for entry in MODULES:
        module, _, only = entry.partition(":")
        tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
        for name, function in _functions(tree):
            if only and name != only:
                continue
            within: list[list[str]] = []
            body = function.body if isinstance(function, ast.FunctionDef) else [function]
            pieces = [text for node in body for text in _texts(node, within)] + within
            if pieces:
                found[f"{module}:{name}"] = pieces
    return found


def _functions(tree: ast.AST, prefix: str = "") -> list[tuple[str, ast.FunctionDef | ast.Constant]]:
    made: list[tuple[str, ast.FunctionDef | ast.Constant]] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            made += _functions(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            made.append((f"{prefix}{node.name}", node))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            made.append((f"{prefix}{ast.unparse(node.targets[0])}", node.value))
    return made


def _texts(node: ast.AST, within: list[list[str]]) -> list[list[str]]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return []  # a docstring
    if isinstance(node, ast.Constant):
        return [[node.value]] if isinstance(node.value, str) and " " in node.value else []
    if isinstance(node, ast.JoinedStr):
        pieces = [""]
        for part in node.values:
            if isinstance(part, ast.Constant):
                pieces[-1] += str(part.value)
            else:
                pieces.append("")
                within += _texts(part, within)
        return [pieces] if any(" " in piece for piece in pieces) else []
    return [text for child in ast.iter_child_nodes(node) for text in _texts(child, within)]


def tables() -> str:
    """Return tables.js: the named kernels with what they do, LeNet-5's bitmaps, limits of texts."""
    from fencepost import graph, text
    from fencepost.kernels.catalogue import ENTRIES
    from fencepost.layers import arguments, branched, pytorch_order
    from fencepost.layers.digits import BITMAPS
    from fencepost.planning import pytorch_arguments
    from fencepost.planning import text as layer_text

    kernels = []
    for name, entry in ENTRIES.items():
        for direction in entry.directions[:2] or (None,):
            try:
                kernel = entry.function(*([direction] if direction else []))
            except TypeError:
                continue
            matrix = getattr(kernel, "matrix", None)
            if matrix is None or matrix.ndim != 2 or max(matrix.shape) > 9:
                continue
            label = f"{name} {direction}" if direction else name
            values = [[float(f"{value:.9g}") for value in row] for row in matrix]
            kernels.append([label, entry.group, entry.summary, values])
    pytorch = {
        "order": pytorch_arguments.ORDER, "only": pytorch_arguments.ONLY,
        "besides": pytorch_order.BESIDES, "ours": sorted(pytorch_order.OURS),
    }  # fmt: skip
    header = (PACKAGE.parent.parent / "engine" / "network" / "step.h").read_text(encoding="utf-8")
    kinds = re.findall(r"\w+", header.split("enum class Kind {")[1].split("}")[0])
    measured = (PACKAGE.parent.parent / "docs" / "experiments.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| [\d.]+ % \| ([\d.]+) ± .*? \| ([\d.]+) ±", measured, re.M)
    shifts = [[int(shift), float(pooled), float(strided)] for shift, pooled, strided in rows]
    bitmaps = BITMAPS.astype(int).tolist()
    limits = {
        "text": layer_text.LONGEST, "brackets": layer_text._DEEPEST,
        "depth": branched._MAXIMUM_DEPTH, "window": arguments._MAX_WINDOW,
        "elements": graph.layers._MOST_ELEMENTS, "longestValue": text._LONGEST_VALUE,
        "shownColumns": text._SHOWN_COLUMNS, "beforeMark": text._BEFORE_MARK,
    }  # fmt: skip
    return "\n".join(
        [
            "// Made from the Python sources by tools/tour.py (`make tour`); do not edit.",
            "/** Name, group, summary, matrix. @type {[string, string, string, number[][]][]} */",
            "export const KERNELS = [",
            *(f"  {json.dumps(kernel, ensure_ascii=False)}," for kernel in kernels),
            "];",
            "/** The engine's operations, in its order. */",
            f"export const KINDS = {json.dumps(kinds)};",
            "/** Shift, accuracy in % with and without pooling: docs/experiments.md. */",
            f"export const SHIFTS = {json.dumps(shifts)};",
            "/** What texts and sizes may have, and how they are shown. */",
            f"export const LIMITS = {json.dumps(limits)};",
            "/** Layers by the names that others give them. @type {Record<string, string>} */",
            f"export const ELSEWHERE = {json.dumps(layer_text._ELSEWHERE)};",
            "/** PyTorch's order of arguments, those that only its layers have, and ours alone.",
            " * @type {{ order: Record<string, string[]>, only: Record<string, [any[], string]>,",
            " *   besides: Record<string, [number, string]>, ours: string[] }} */",
            f"export const PYTORCH = {json.dumps(pytorch)};",
            "/** @type {number[][]} */",
            f"export const BITMAPS = {json.dumps(bitmaps, separators=(',', ':'))};",
            "",
        ]
    )


def content() -> str:
    """Return texts.js."""
    lines = [
        f"  {json.dumps(name)}: {json.dumps(pieces, ensure_ascii=False)},"
        for name, pieces in texts().items()
    ]
    return "\n".join(
        [
            "// Made from the Python sources by tools/tour.py (`make tour`); do not edit.",
            "/** @type {Record<string, string[][]>} */",
            "export const texts = {",
            *lines,
            "};",
            "",
        ]
    )


def files() -> dict[Path, str]:
    """Return every file that is made, with its content."""
    return {SITE / "sizing" / "texts.js": content(), SITE / "data" / "tables.js": tables()}


ENGINE = PACKAGE.parent.parent / "engine"
# 128-bit SIMD, and the same with fused multiplications and additions for browsers that have them.
WASM = {
    SITE / "engine" / "fencepost.wasm": ["-msimd128"],
    SITE / "engine" / "fencepost-relaxed.wasm": ["-msimd128", "-mrelaxed-simd"],
}
# The same flags as CMakeLists.txt where they matter.
FLAGS = [
    "-target", "wasm32-wasi", "-mexec-model=reactor", "-std=c++20", "-O3",
    "-fno-exceptions", "-fno-rtti", "-fno-math-errno", "-ffp-contract=fast", "-fvisibility=hidden",
    "-DFENCEPOST_LEVEL=wasm", "-s",
]  # fmt: skip


def build_wasm(target: Path, flags: list[str]) -> None:
    """Compile the engine's own sources as WebAssembly, the same bytes wherever they lie."""
    arrays = ("extension", "row", "strips", "tile", "correlation/correlate")
    sources = sorted(
        path.relative_to(ENGINE).as_posix()
        for folder in ("network", "wasm")
        for path in (ENGINE / folder).rglob("*.cpp")
    ) + [f"arrays/{name}.cpp" for name in arrays]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "fencepost.wasm"
        compiler = [sys.executable, "-m", "ziglang", "c++", *FLAGS, *flags]
        command = [*compiler, "-I.", "-include", "wasm/config.h", *sources, "-o", str(made)]
        subprocess.run(command, cwd=ENGINE, check=True)
        target.write_bytes(made.read_bytes())


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
    for path, flags in WASM.items():
        build_wasm(path, flags)
