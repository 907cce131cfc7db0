"""`fencepost evaluate`: on the right data, and every figure agrees with the library's."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from datasets.idx_writer import idx_bytes


def test_what_was_held_out_is_found_again(fencepost, model, folder):
    done = fencepost("evaluate", model, "--json")
    assert done.status == 0, done.err
    assert "102 of these 120 images were used in training." in done.err
    _, test = fp.datasets.image_folder(folder).split(0.15, seed=0)
    expected = fp.load(model).evaluate(test.images, test.targets)
    assert done.json["images"] == len(test) == 18
    assert done.json["trained_on"] == 102
    assert done.json["accuracy"] == expected.accuracy
    assert done.json["confusion"] == expected.confusion.tolist()
    assert done.json["classes"] == ["circle", "cross", "square"]


def _copied(folder, target, keep=lambda index: True, name="{kind}-{index}.png"):
    """Copy the images of a folder, or some of them, under other names."""
    for kind in ("circle", "cross", "square"):
        (target / kind).mkdir(parents=True)
        for index, path in enumerate(sorted((folder / kind).iterdir())):
            if keep(index):
                shutil.copy(path, target / kind / name.format(kind=kind, index=index))
    return target


def _as_npz(folder, target):
    images, labels = fp.datasets.image_folder(folder)
    np.savez(target, images=images[:, 0], labels=labels, class_names=["circle", "cross", "square"])
    return target


def _as_idx(folder, target):
    images, labels = fp.datasets.image_folder(folder)
    target.mkdir()
    (target / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(images[:, 0]))
    (target / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(labels.astype(np.uint8)))
    return target


def _as_zip(folder, target):
    return shutil.make_archive(str(target), "zip", folder)


def _as_bitmaps(folder, target):
    for path in sorted(folder.rglob("*.png")):
        (target / path.parent.name).mkdir(parents=True, exist_ok=True)
        Image.open(path).save(target / path.parent.name / f"{path.stem}.bmp")
    return target


def _as_label_file(folder, target):
    target.mkdir()
    rows = ["file,label"]
    for path in sorted(folder.rglob("*.png")):
        shutil.copy(path, target / f"{path.parent.name}{path.name}")
        rows.append(f"{path.parent.name}{path.name},{path.parent.name}")
    (target / "labels.csv").write_text("\n".join(rows))
    return target


@pytest.mark.parametrize(
    "form", [_copied, _as_npz, _as_zip, _as_bitmaps, _as_label_file, None, "relative", "absolute"]
)
@pytest.mark.parametrize("size", [(), ("--size", "16x16")])
def test_training_images_are_known_by_their_content(fencepost, model, folder, tmp_path, form, size):
    """Wherever they lie, whatever they are called, in every kind of file: 18 are judged by."""
    if form is None:
        data = []
    elif isinstance(form, str):
        path = os.path.relpath(folder) if form == "relative" else folder.resolve()
        data = ["--data", path]
    else:
        data = ["--data", form(folder, tmp_path / ("other.npz" if form is _as_npz else "other"))]
    if form is _as_npz and size:
        return
    default = fencepost("evaluate", model, "--json").json
    done = fencepost("evaluate", model, *data, *size, "--json")
    assert done.status == 0, done.err
    assert (done.json["images"], done.json["trained_on"]) == (18, 102)
    assert done.json["accuracy"] == default["accuracy"]


def test_classes_by_number_in_idx_files(fencepost, tmp_path, folder):
    images, labels = fp.datasets.image_folder(folder)
    net = fp.Network((1, 16, 16), [fp.Flatten(), fp.Linear(3)])
    net.fit(images[::2], labels[::2], epochs=1, progress=False)
    net.save(tmp_path / "own.st")
    done = fencepost("evaluate", "own.st", "--data", _as_idx(folder, tmp_path / "idx"), "--json")
    assert done.status == 0, done.err
    assert (done.json["images"], done.json["trained_on"]) == (60, 60)


def test_one_file_exchanged_one_missing_and_subsets(
    fencepost, model, folder, tmp_path, draw_figure
):
    data = fp.datasets.image_folder(folder)
    train, _ = data.split_indices(0.15, seed=0)
    changed = _copied(folder, tmp_path / "changed", name="{index:03}.png")
    first = int(train[0])  # of the circles, which come first
    Image.fromarray(draw_figure("circle", 99)).save(changed / "circle" / f"{first:03}.png")
    done = fencepost("evaluate", model, "--data", changed, "--json")
    assert (done.json["images"], done.json["trained_on"]) == (19, 101)
    every_other = _copied(folder, tmp_path / "half", keep=lambda index: index % 2)
    done = fencepost("evaluate", model, "--data", every_other, "--json")
    held_out = 60 - np.isin(np.flatnonzero(np.tile(np.arange(40) % 2, 3)), train).sum()
    assert (done.json["images"], done.json["trained_on"]) == (held_out, 60 - held_out)


def test_only_training_images_say_how_well_they_were_learned(fencepost, model, folder, tmp_path):
    train, _ = fp.datasets.image_folder(folder).split_indices(0.15, seed=0)
    known = _copied(folder, tmp_path / "known", keep=lambda index: index in train)
    for path in [*(known / "cross").iterdir(), *(known / "square").iterdir()]:
        path.unlink()
    done = fencepost("evaluate", model, "--data", known, "--json")
    assert done.status == 0, done.err
    assert done.json["images"] == done.json["trained_on"] == sum(train < 40)
    assert "it does not tell how good the model is on new images" in done.err


def test_training_images_are_counted_as_well_when_asked(fencepost, model, folder):
    done = fencepost("evaluate", model, "--data", folder, "--include-trained")
    assert " of 120)" in done.out
    assert "102 of these 120 images were used in training; accuracy on the other 18: " in done.out


def test_other_data_are_all_used(fencepost, model, tmp_path, write_folder):
    other = write_folder(tmp_path / "other", 5, seed=7)
    shutil.rmtree(other / "cross")
    done = fencepost("evaluate", model, "--data", other)
    assert done.status == 0, done.err
    assert "None of these images has the pixels of a training image. (Copies that" in done.err
    assert "of 10)" in done.out
    assert "confusion" in done.out
    assert "images per second" in done.err


def test_training_images_among_others_are_left_out(
    fencepost, model, folder, tmp_path, write_folder
):
    """A model that fits noise: with the images that it was trained on it looks good."""
    rng = np.random.default_rng(3)
    for kind in ("a", "b", "c", "d"):
        (tmp_path / "leak" / kind).mkdir(parents=True)
        for k in range(20):
            noise = rng.integers(0, 256, (12, 12)).astype(np.uint8)
            Image.fromarray(noise).save(tmp_path / "leak" / kind / f"{k}.png")
    trained = fencepost(
        "train",
        "--data",
        "leak",
        "--epochs",
        40,
        "--augment",
        "none",
        "--plot",
        "none",
        "--json",
    )
    assert trained.status == 0, trained.err
    shutil.copytree(tmp_path / "leak", tmp_path / "elsewhere" / "again")
    for data in ("leak", "./leak", tmp_path / "leak", "elsewhere/again", "elsewhere"):
        done = fencepost("evaluate", trained.json["output"], "--data", data, "--json")
        assert done.json["accuracy"] == trained.json["test_accuracy"]
    everything = fencepost("evaluate", trained.json["output"], "--include-trained", "--json")
    assert everything.json["accuracy"] > 0.8
    assert trained.json["test_accuracy"] < 0.6


def test_features_of_a_backbone_are_known_by_their_pictures(fencepost, folder, tmp_path):
    pytest.importorskip("onnxruntime")
    body = fp.Network((1, 16, 16), [fp.Conv2d(4, 3), fp.ReLU(), fp.Flatten(), fp.Linear(3)])
    body.export(tmp_path / "body.onnx")
    trained = fencepost(
        "train", "--data", folder, "--backbone", "body.onnx", "--out", "head.st", "--epochs", 1,
        "--plot", "none", "--json",
    )  # fmt: skip
    assert trained.status == 0, trained.err
    assert trained.json["test_images"] == 18
    other = _copied(folder, tmp_path / "other")
    done = fencepost("evaluate", "head.st", "--data", other, "--json")
    assert (done.json["images"], done.json["trained_on"]) == (18, 102)


def _without_record(model, target):
    """The model file as older versions wrote it."""
    network = fp.load(model)
    network.trained_on = fp.datasets.content.UNKNOWN
    network.save(target)
    content = target.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    del header["__metadata__"]["trained_on"]
    text = json.dumps(header).encode()
    target.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])
    return target


def test_of_older_model_files_it_is_said_that_it_cannot_be_known(
    fencepost, model, folder, tmp_path
):
    old = _without_record(model, tmp_path / "old.st")
    done = fencepost("evaluate", old, "--json")
    assert (done.json["images"], done.json["trained_on"]) == (18, None)
    assert "If" in done.err and "has not changed since" in done.err
    moved = _copied(folder, tmp_path / "moved")
    done = fencepost("evaluate", old, "--data", moved, "--json")
    assert (done.json["images"], done.json["trained_on"]) == (120, None)
    assert "does not state which images" in done.err


def test_other_sizes_are_resized_and_that_is_said(fencepost, model, tmp_path, write_folder):
    other = write_folder(tmp_path / "other", 3, size=20)
    done = fencepost("evaluate", model, "--data", other)
    assert (done.status, "9 were resized" in done.err) == (0, True)
    refused = fencepost("evaluate", model, "--data", other, "--size", "20")
    assert (refused.status, "--size 16x16" in refused.err) == (2, True)


def test_unknown_class_is_named(fencepost, model, tmp_path, write_folder):
    other = write_folder(tmp_path / "other", 3)
    (other / "cross").rename(other / "star")
    refused = fencepost("evaluate", model, "--data", other)
    assert refused.status == 2
    assert "star" in refused.err


def test_a_model_that_was_made_in_python_needs_data(fencepost, tmp_path):
    network = fp.Network((1, 16, 16), [fp.Flatten(), fp.Linear(2)])
    network.save(tmp_path / "own.st")
    refused = fencepost("evaluate", "own.st")
    assert refused.status == 2
    assert "Use --data" in refused.err


def test_regression(fencepost, tmp_path):
    network = fp.Network((1, 8, 8), [fp.Flatten(), fp.Linear(1)])
    network.save(tmp_path / "own.st")
    images = np.zeros((4, 8, 8), np.uint8)
    np.savez(tmp_path / "a.npz", x=images, y=np.array([0.5, 1, 2, 3]))
    done = fencepost("evaluate", "own.st", "--data", "a.npz", "--json")
    assert done.status == 0, done.err
    assert done.json["images"] == 4
    assert "r_squared" in done.json


def test_decimal_labels_are_classes_only_if_they_are_integers(fencepost, tmp_path):
    def write(name, labels):
        rows = [f"{labels[k % 2]},{k % 5},{k % 3},{k % 7},{k % 11},{3 - k % 2},8,9,4,0.5"
                for k in range(60)]  # fmt: skip
        (tmp_path / name).write_text("\n".join(["label,a,b,c,d,e,f,g,h,size", *rows]))
        return name

    train = ("train", "--epochs", 1, "--plot", "none", "--out", "m.st", "--data")
    done = fencepost(*train, write("whole.csv", "01"))
    assert done.status == 0, done.err
    point = write("point.csv", ["0.0", "1.0"])
    good = fencepost("evaluate", "m.st", "--data", point, "--include-trained", "--json")
    assert good.json["classes"] == ["0", "1"] and good.json["images"] == 60
    measured = write("measured.csv", ["0.0", "1.5"])
    for options, received in (
        (["--data", measured], "'1.5' in signal 2, and 2 different numbers in all"),
        (["--data", "whole.csv", "--label", "size"], "'0.5' in signal 1, and 1 different number"),
    ):
        refused = " ".join(fencepost("evaluate", "m.st", *options).err.split())
        assert "labels must be the classes of the model, 0 and 1. Received: " in refused
        assert received in refused
        assert "choose it with --label NAME; else write these in this one." in refused
    refused = " ".join(fencepost(*train, measured, "--overwrite").err.split())
    assert "labels must be integers, which may be written as 1.0, or names. Received: " in refused
    assert "else write integers or names in this one." in refused
