"""Every answer of the tables is typed: the code in it runs, its arguments are arguments."""

from __future__ import annotations

import ast
import functools
import inspect
import re

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.habits import arguments, modules, objects, values

ANSWERS = {
    (owner, name): text
    for table in (objects.ATTRIBUTES, modules.NAMES)
    for owner, answers in table.items()
    for name, text in answers.items()
}
ARGUMENTS = {
    (name, argument): text
    for name, answers in arguments.ARGUMENTS.items()
    for argument, text in answers
}
START = re.compile(r"\b(?:fp|net|np|history|evaluation|dataset|layer|print|enumerate|dir)\b[.(\[]")
PATHS = {
    "fp.load(": "net.safetensors", "fp.Backbone(": "net.onnx", "fp.from_onnx(": "net.onnx",
    "image_folder(": "folder", "fp.datasets.open(": "folder", "npz(": "data.npz",
    "signals_csv(": "data.csv", "read_image(": "image.png", "write_image(": "written.png",
    "net.save(": "saved.safetensors", "int8=": "net.h", "checkpoint=": "run.ckpt",
}  # fmt: skip
NEEDS_A_GPU = 'device="cuda"'


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What an answer may name, and the files that its paths are of."""
    folder = tmp_path_factory.mktemp("typed")
    image = np.random.default_rng(0).integers(0, 256, (6, 6), dtype=np.uint8)
    for name in ("a", "b"):
        (folder / "folder" / name).mkdir(parents=True)
        for number in range(3):
            Image.fromarray(image).save(folder / "folder" / name / f"{number}.png")
    Image.fromarray(image).save(folder / "image.png")
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 6, 6), dtype=np.uint8)
    labels = np.arange(20) % 2
    layers = [fp.Conv2d(2, 3), fp.Flatten(), fp.Linear(2)]
    net = fp.Network((1, 6, 6), layers)
    history = net.fit(images, labels, epochs=1, progress=False)
    net.save(folder / "net.safetensors")
    net.export(folder / "net.onnx", verify=False)
    np.savez(folder / "data.npz", x_train=images, y_train=labels)
    (folder / "data.csv").write_text("label,0,1,2\na,1,2,3\nb,3,2,1\n", encoding="utf-8")
    known = {
        "fp": fp, "np": np, "net": net, "images": images, "labels": labels, "layers": layers,
        "history": history, "evaluation": net.evaluate(images, labels), "layer": layers[0],
        "dataset": fp.datasets.Dataset(np.repeat(images, 5, 0), np.repeat(labels, 5)),
        "input_shape": (1, 6, 6), "classes": 2,
        "f": np.ones(8), "g": np.ones(3), "image": image, "kernel": np.ones((3, 3)), "p": 0.5,
        "before": image.astype(float), "after": image.astype(float), "figure": None,
        "picture": fp.filtering.read_image(folder / "image.png"), "name": "0.weight",
        "array": net.parameters["0.weight"], "function": lambda value: value, "channels": 2,
        "out_channels": 2, "out_features": 2, "kernel_size": 3, "path": None, "module": None,
    }  # fmt: skip
    return folder, known


def codes(text, known):
    """Find the code in a text: from each start, as much as is an expression of known names."""
    position = 0
    while start := START.search(text, position):
        position = start.end()
        for end in range(len(text), start.end(), -1):
            code = text[start.start() : end]
            try:
                tree = ast.parse(code.replace("…", "images, labels"), mode="eval")
            except SyntaxError:
                continue
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            if any(isinstance(node, ast.BoolOp) for node in ast.walk(tree)):
                continue  # the word "and" between two of them
            if code == code.strip() and used <= {*known, *dir(__builtins__), *BUILTINS}:
                yield code.replace("…", "images, labels")
                position = end
                break


BUILTINS = {"print", "enumerate", "dir", "range", "len", "map"}


def run(code, folder, known, monkeypatch):
    if NEEDS_A_GPU in code or "module" in code:
        return
    path = next((name for start, name in PATHS.items() if start in code), None)
    monkeypatch.chdir(folder)
    local = {**known, "path": path}
    if "save(figure" in code:
        local["figure"] = fp.plots.volumes(known["net"])
    if "layer.out_features" in code or "[*net.layers, layer]" in code:
        local["layer"] = known["layers"][-1]
    if "fp.models." in code:
        local["input_shape"] = (1, 16, 16)
    eval(code, local)


@pytest.mark.parametrize("text", sorted({*ANSWERS.values()}))
def test_the_answer_to_a_name_runs(text, names, monkeypatch):
    folder, known = names
    found = list(codes(text, known))
    for code in found:
        run(code, folder, known, monkeypatch)
    says_all = text.endswith(".") or "leave it out" in text or "Leave it out" in text
    assert (
        found
        or says_all
        or re.search(r"\bfp\.\w|fencepost\.sklearn|CPU|seed=|shape of|= dataset", text)
    )


@functools.cache
def parameters():
    from test_names import FUNCTIONS

    return {name for f in FUNCTIONS.values() for name in inspect.signature(f).parameters}


@pytest.mark.parametrize("asked", ARGUMENTS, ids="-".join)
def test_the_answer_to_an_argument_runs(asked, names, monkeypatch):
    folder, known = names
    text, (_, argument) = ARGUMENTS[asked], asked
    assert not argument or argument in parameters()
    for code in codes(text, known):
        run(code, folder, known, monkeypatch)
    if re.match(r"\w+=", text):
        for end in range(len(text), 0, -1):
            try:
                tree = ast.parse(f"dict({text[:end]})", mode="eval")
            except SyntaxError:
                continue
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            if used <= {*known, "dict"}:
                monkeypatch.chdir(folder)
                given = eval(f"dict({text[:end]})", dict(known))
                assert {*given} <= parameters()
                return
        raise AssertionError(text)


@pytest.mark.parametrize("argument", values.VALUES)
def test_values_are_values(argument):
    data = np.zeros((4, 1, 4, 4), np.uint8), [0, 1, 0, 1]
    net = fp.Network((1, 4, 4), [fp.Flatten(), fp.Linear(2)])
    calls = {
        "loss": lambda value: net.fit(*data, loss=value, epochs=1, progress=False),
        "optimizer": lambda value: net.fit(*data, optimizer=value, epochs=1, progress=False),
        "boundary": lambda value: fp.convolve([1.0, 2.0], [1.0], boundary=value),
        "mode": lambda value: fp.convolve([1.0, 2.0], [1.0], value),
    }
    for value in {settings[argument] for _, settings in values.VALUES[argument].values()} - {"mse"}:
        calls[argument](value)
