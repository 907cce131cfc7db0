"""Every operation of the engine names its definition and its test in its first lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fencepost import definitions

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "network/batch",
    "network/channels",
    "network/channels/convolution",
    "network/input",
    "network/winograd",
    "network/training",
    "arrays",
    "arrays/correlation",
)
PARTS = {  # of these folders that are no operations by themselves, and what they are
    "network/batch/fused.cpp": "ReLU and pooling behind convolutions of every kind",
    "network/channels/folding.cpp": "weights with the scales that follow in them",
    "network/channels/convolution/methods.cpp": "chooses among convolutions",
    "network/channels/predictor.cpp": "passes images through the operations",
    "network/channels/program.cpp": "a network as a list of operations",
    "network/winograd/winograd.cpp": "the transforms of the convolution",
    "network/winograd/few_tiles.cpp": "the convolution of small maps",
    "network/winograd/gradient.cpp": "its products over tiles",
    "network/input/batch_loader.cpp": "fills lanes with images",
    "network/input/changes.cpp": "draws what augmentation does to an image",
    "network/batch/methods.cpp": "chooses between methods that are tested",
    "network/training/workspace.cpp": "memory of batches, made and kept",
    "network/training/batch.cpp": "passes blocks of images through the operations",
    "network/training/trainer.cpp": "the loop over batches",
    "arrays/energy.cpp": "sums of squares, of which errors are estimated",
    "arrays/row.cpp": "an inner loop of correlation",
    "arrays/tile.cpp": "an inner loop of correlation",
    "arrays/strips.cpp": "cuts arrays for the threads",
    "arrays/correlation/fft.cpp": "transforms without a kernel",
}
SOURCES = sorted(
    path.relative_to(ROOT / "engine").as_posix()
    for folder in FOLDERS
    for path in (ROOT / "engine" / folder).glob("*.cpp")
)


@pytest.mark.parametrize("source", [name for name in SOURCES if name not in PARTS])
def test_head_names_definition_and_test(source):
    text = (ROOT / "engine" / source).read_text(encoding="utf-8")
    head = re.match(r"// Definition: ([\w,\s/]+)\.\n// Test: (tests/engine/[\w/]+\.py)\.\n", text)
    assert head, text[:200]
    for name in re.findall(r"\w+", head[1]):
        assert callable(getattr(definitions, name))
    assert (ROOT / head[2]).is_file()


def test_exceptions_exist():
    assert PARTS.keys() <= set(SOURCES)
