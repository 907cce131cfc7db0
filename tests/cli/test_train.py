"""`fencepost train`: what it writes, says and remembers."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

import fencepost as fp

JSON_KEYS = {
    "model",
    "parameters",
    "epochs",
    "train_seconds",
    "seconds",
    "images_per_second",
    "test_accuracy",
    "output",
    "plot",
}


def test_folder_of_images(fencepost, folder, tmp_path):
    done = fencepost("train", "--data", folder, "--epochs", 20)
    assert done.status == 0, done.err
    assert {path.name for path in tmp_path.iterdir()} == {
        "figures-small_cnn.safetensors",
        "figures-small_cnn.png",
    }
    with Image.open(tmp_path / "figures-small_cnn.png") as picture:
        assert picture.size == (1430, 1210)
    for said in (
        "16 × 16 pixels, 1 channel, 3 classes (circle, cross, square)",
        "102 training images, 18 test images",
        "held out for testing",
        "Conv2d",  # the table of sizes
        "20 epochs in batches of 16",
        "augmentation shift=1,rotate=5,scale=0.05",
        "Saved figures-small_cnn.safetensors.",
        "Saved figures-small_cnn.png.",
    ):
        assert said in done.err
    assert done.out.startswith("Test accuracy: ")
    assert "Most frequent error" in done.out or "No errors." in done.out
    assert len([line for line in done.err.splitlines() if line.startswith("epoch ")]) == 20


def test_json_is_one_object_and_right(fencepost, folder, tmp_path):
    arguments = ["--data", folder, "--epochs", 12, "--out", "a.safetensors", "--plot", "none"]
    done = fencepost("train", *arguments, "--json")
    assert done.status == 0, done.err
    result = done.json
    assert result.keys() >= JSON_KEYS
    network = fp.load(tmp_path / "a.safetensors")
    assert result["model"] == "small_cnn"
    assert result["parameters"] == network.parameter_count
    assert result["epochs"] == 12
    assert result["output"] == "a.safetensors"
    assert result["plot"] is None
    assert 0 < result["train_seconds"] < result["seconds"]
    assert result["images_per_second"] > 0
    assert "102 training images" in done.err
    # The very images that were held out, evaluated again from the file.
    _, test = fp.datasets.image_folder(folder).split(0.15, seed=0)
    again = network.evaluate(test.images, test.targets)
    assert result["test_accuracy"] == again.accuracy
    assert result["test_accuracy"] > 0.6
    assert network.class_names == ("circle", "cross", "square")


def test_same_seed_same_weights_and_another_seed_others(fencepost, folder, tmp_path):
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        settings = ["--epochs", 2, "--seed", seed, "--out", f"{out}.st", "--plot", "none"]
        assert fencepost("train", "--data", folder, *settings).status == 0
    first, same, other = (fp.load(tmp_path / f"{name}.st").parameter_vector for name in "abc")
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_validation_chooses_and_is_drawn(fencepost, folder):
    settings = ["--validation", 0.2, "--epochs", 3, "--model", "lenet5", "--augment", "none"]
    done = fencepost("train", "--data", folder, *settings)
    assert done.status == 0, done.err
    assert "validation" in done.err
    assert "augmentation none" in done.err


def test_every_setting_arrives(fencepost, folder):
    settings = [
        *("--epochs", 1, "--batch-size", 7, "--lr", 0.01, "--optimizer", "sgd"),
        *(
            "--schedule",
            "cosine",
            "--augment",
            "flip,noise=3",
            "--threads",
            1,
            "--weight-decay",
            0.002,
        ),
        *("--label-smoothing", 0.1, "--clip-norm", 2, "--ema", 0.9, "--balance", "oversample"),
    ]
    done = fencepost("train", "--data", folder, *settings, "--plot", "none")
    assert done.status == 0, done.err
    assert (
        "Training: 1 epoch in batches of 7, sgd, learning rate 0.01 (cosine), "
        "weight decay 0.002, augmentation flip,noise=3, label smoothing 0.1, gradient norm at "
        "most 2, weights averaged with decay 0.9, classes balanced by oversample." in done.err
    )


@pytest.mark.parametrize(
    ("stopping", "outcome"),
    [
        (("--target", "60%", "--epochs", 60), "reached the target"),
        (("--patience", 2, "--epochs", 60, "--lr", 1e-9), "stopped early"),
        (("--time", "2s"), "finished"),
    ],
)
def test_when_training_stops(fencepost, folder, stopping, outcome):
    options = ["--data", folder, "--plot", "none", "--augment", "none", "--json"]
    done = fencepost("train", *options, *stopping)
    assert done.status == 0, done.err
    assert done.json["outcome"] == outcome
    assert done.json["epochs"] < 60 or outcome == "finished"
    held_out = "10 % of the training data are held out for validation." in done.err
    assert held_out == (outcome != "finished")
    assert (done.json["best_epoch"] is not None) == held_out
    assert [figures["name"] for figures in done.json["per_class"]] == done.json["classes"]
    assert 0 < done.json["macro_f1"] <= 1 or done.json["test_accuracy"] == 0


def test_the_last_epoch_is_left_if_the_best_is_not_wanted(fencepost, folder, tmp_path):
    base = ["train", "--data", folder, "--plot", "none", "--epochs", 4, "--validation", 0.2]
    base += ["--optimizer", "sgd", "--lr", 0.5, "--schedule", "constant", "--model", "lenet5"]
    first = fencepost(*base, "--out", "best.st", "--restore-best", "--json")
    second = fencepost(*base, "--out", "last.st", "--no-restore-best", "--json")
    best, last = fp.load(tmp_path / "best.st"), fp.load(tmp_path / "last.st")
    same = np.array_equal(best.parameter_vector, last.parameter_vector)
    assert same == (first.json["best_epoch"] == second.json["epochs"])


def test_classes_of_unequal_size(fencepost, tmp_path, write_folder):
    root = write_folder(tmp_path / "unequal", 20)
    for path in sorted((root / "cross").iterdir())[5:]:
        path.unlink()
    done = fencepost("train", "--data", root, "--epochs", 1, "--plot", "none")
    assert "cross has 4 images. To balance them: --balance weights, or oversample." in done.err
    assert "macro-F1" in done.out and "precision" in done.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--target", "110%"), "--target must be a percentage, such as 99%"),
        (("--time", "soon"), "--time must be a time, such as 60s"),
        (("--patience", 0), "--patience must be an integer, at least 1"),
        (("--clip-norm", 0), "--clip-norm must be a finite number, more than 0"),
        (("--ema", 1), "--ema must be a number, more than 0 and less than 1"),
        (("--label-smoothing", 1), "--label-smoothing must be a number, at least 0 and less"),
        (("--balance", "equal"), '--balance must be one of "weights", "oversample"'),
        (("--lr", "1e9"), "--lr times --weight-decay must be less than 1: each step multiplies"),
        (("--weight-decay", 400), "Received: --lr 0.003, --weight-decay 400. Usual are 0.0001"),
        (("--seed", 2**64), "--seed must be an integer, at least 0, at most 9223372036854775807"),
        (("--seeds", 10**9), "--seeds must be an integer, at least 1, at most 1000. Received: --s"),
        (("--validation", 20), "--validation must be a fraction between 0 and 1, such as 0.1."),
        (("--fit", ""), '--fit must be one of "crop", "pad", "stretch". Received: --fit'),
        (("--cache", ""), "--cache must be a folder, or none for no cache. Received: --cache"),
        (("--find-lr", ""), "--find-lr must name a file. Received: ., which is a folder."),
        (("--data", ""), "data must be a folder or a file on this computer. Received: ''. Use its"),
        (("--augment", "shift=1e9"), "shift must be less than each side, 16 pixels"),
        (("--augment", "fill=300"), "fill must be a value that pixels have. Received: fill=300, "),
        (("--augment", "noise=300"), "noise must be at most the range of the images' values, 255"),
        (("--augment", "jitter=20"), "jitter takes a fraction, such as jitter=0.2, up to 2"),
    ],
)
def test_settings_that_cannot_be(fencepost, folder, options, words):
    refused = fencepost("train", "--data", folder, *options)
    assert refused.status == 2
    assert words in refused.err


def test_a_batch_larger_than_the_data_is_all_of_them(fencepost, folder, tmp_path):
    weights = []
    for batch_size in (10**3, 10**20):
        out = tmp_path / f"{batch_size}.st"
        options = ("--epochs", 2, "--batch-size", batch_size, "--out", out, "--plot", "none")
        done = fencepost("train", "--data", folder, *options)
        assert done.status == 0, done.err
        weights.append(fp.load(out).parameter_vector)
    assert np.array_equal(*weights)


def test_a_training_that_taught_nothing_says_so(fencepost, folder):
    settings = ["--epochs", 1, "--lr", 1e-9, "--plot", "none"]
    done = fencepost("train", "--data", folder, *settings)
    assert done.status == 0, done.err
    right = int(done.out.split("% (")[1].split()[0])
    assert ("no better than always predicting the most frequent class (6 of 18)" in done.out) == (
        right <= 6
    )


def test_divergence_is_reported(fencepost, folder, tmp_path):
    done = fencepost(
        *("train", "--data", folder, "--model", "lenet5", "--epochs", 9),
        *("--optimizer", "sgd", "--lr", 1e30, "--schedule", "constant"),
    )
    assert done.status == 2
    assert "loss" in done.err
    assert "lr" in done.err
    assert not list(tmp_path.iterdir())


def test_a_model_is_overwritten_where_that_is_said(fencepost, folder, tmp_path):
    (tmp_path / "a.st").write_text("something else")
    settings = ["--epochs", 1, "--out", "a.st", "--plot", "none"]
    done = fencepost("train", "--data", folder, *settings)
    assert done.status == 2 and "--overwrite" in done.err
    assert (tmp_path / "a.st").read_text() == "something else"
    done = fencepost("train", "--data", folder, *settings, "--overwrite")
    assert "Saved a.st." in done.err
    assert fp.load(tmp_path / "a.st").class_names == ("circle", "cross", "square")


def test_mixed_sizes_with_size(fencepost, tmp_path, write_folder):
    root = write_folder(tmp_path / "mixed", 12)
    Image.fromarray(np.zeros((30, 20), np.uint8)).save(root / "circle" / "other.png")
    done = fencepost("train", "--data", root, "--epochs", 1)
    assert done.status == 0, done.err
    assert "The size 16 × 16 was chosen" in done.err
    done = fencepost("train", "--data", root, "--epochs", 1, "--size", "20x24", "--overwrite")
    assert done.status == 0, done.err
    assert "20 × 24 pixels" in done.err


def test_colour_and_test_folder(fencepost, tmp_path, write_folder):
    write_folder(tmp_path / "data" / "train", 10, colour=True)
    write_folder(tmp_path / "data" / "test", 4, colour=True, seed=1)
    done = fencepost("train", "--data", tmp_path / "data", "--epochs", 1, "--json")
    assert done.status == 0, done.err
    assert done.json["train_images"] == 30
    assert done.json["test_images"] == 12
    assert done.json["test_images_in_training"] == 0
    assert done.json["held_out"] is None
    assert "3 channels" in done.err


@pytest.mark.parametrize("parts", [True, False])
def test_images_in_training_and_test_are_said_and_not_judged_by(
    fencepost, tmp_path, write_folder, parts
):
    """Copies under other names: in a part of their own; in the same folder they are not split."""
    write_folder(tmp_path / "data" / "train", 10)
    write_folder(tmp_path / "more", 10, seed=1)
    for kind in ("circle", "cross", "square"):
        target = tmp_path / "data" / ("test" if parts else "train") / kind
        target.mkdir(parents=True, exist_ok=True)
        for k in range(4 if parts else 2):
            shutil.copy(tmp_path / "data" / "train" / kind / f"{k:03}.png", target / f"copy{k}.png")
            if parts:
                shutil.copy(tmp_path / "more" / kind / f"{k:03}.png", target)
    data = tmp_path / "data" if parts else tmp_path / "data" / "train"
    done = fencepost("train", "--data", data, "--epochs", 1, "--out", "a.st", "--json")
    assert done.status == 0, done.err
    assert done.json["test_images_in_training"] == (12 if parts else 0)
    said = "12 of the 24 test images" if parts else "6 of the 36 are copies of others"
    assert said in done.err
    evaluated = fencepost("evaluate", "a.st", "--json")
    assert evaluated.json["images"] == done.json["test_images"]
    assert evaluated.json["accuracy"] == done.json["test_accuracy"]


def test_rare_classes_are_tested_where_they_can_be_and_named(fencepost, tmp_path, write_folder):
    """Of a class of two images one is held out; one that cannot be tested is named."""
    root = write_folder(tmp_path / "data", 20)
    for kind, kept in (("cross", 2), ("square", 1)):
        for path in sorted((root / kind).iterdir())[kept:]:
            path.unlink()
    done = fencepost("train", "--data", root, "--epochs", 1, "--out", "a.st", "--json")
    assert done.status == 0, done.err
    assert [one["count"] for one in done.json["per_class"]] == [3, 1, 0]
    assert "Not tested, for lack of images: square." in done.err
    assert "fewer than 3 images: cross (1)." in done.err
    assert "No errors." not in done.err
    evaluated = fencepost("evaluate", "a.st")
    assert "Not tested, for lack of images: square." in evaluated.out


def test_a_test_part_that_is_the_training_part(fencepost, tmp_path, write_folder):
    write_folder(tmp_path / "data" / "train", 6)
    shutil.copytree(tmp_path / "data" / "train", tmp_path / "data" / "test")
    done = fencepost("train", "--data", tmp_path / "data", "--epochs", 1, "--json")
    assert "All test images are training images as well" in done.err
    assert done.json["test_images_in_training"] == done.json["test_images"] == 18


def test_signals(fencepost, signals, tmp_path):
    done = fencepost("train", "--data", signals, "--label", "kind", "--epochs", 15, "--json")
    assert done.status == 0, done.err
    assert done.json["test_accuracy"] > 0.8
    assert "32 samples, 1 channel, 2 classes (fast, slow)" in done.err
    assert (tmp_path / "waves-small_cnn.png").is_file()


LAYERS = "Conv2d(4, 3, padding=1), ReLU, MaxPool2d(2, remainder='crop'), Flatten"


@pytest.mark.parametrize("last", ["", ", Linear(3)"])
@pytest.mark.parametrize("in_file", [False, True])
def test_layers_as_a_model(fencepost, folder, tmp_path, last, in_file):
    model = LAYERS + last
    if in_file:
        (tmp_path / "network.txt").write_text(model)
        model = "network.txt"
    arguments = ["--data", folder, "--epochs", 1, "--plot", "none", "--model", model]
    done = fencepost("train", *arguments)
    assert done.status == 0, done.err
    assert ("Added Linear(3): an output for each class." in done.err) == (not last)
    name = "network" if in_file else "layers"
    network = fp.load(tmp_path / f"figures-{name}.safetensors")
    assert (network.output_shape, len(network.layers)) == ((3,), 5)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("Flatten, Linear(4)", "must have an output for each class, or be left out"),
        ("Flatten, Linera(3)", 'Did you mean "Linear"?'),
        ("Conv2d(4, 99), Flatten", "kernel is larger than its input"),
        ("resnet19", "resnet18"),
    ],
)
def test_models_that_are_none(fencepost, folder, model, words):
    refused = fencepost("train", "--data", folder, "--model", model)
    assert refused.status == 2
    assert words in " ".join(refused.err.split())


def test_the_learning_rate_is_found_and_drawn(fencepost, folder, tmp_path):
    done = fencepost("train", "--data", folder, "--find-lr", "rates.png", "--json")
    assert done.status == 0, done.err
    assert {path.name for path in tmp_path.iterdir()} == {"rates.png"}
    assert 1e-6 < done.json["suggested_lr"] < 10
    assert f"To train with it: --lr {done.json['suggested_lr']:.2g}" in done.err
    # Beside it a plot of what a training will see; neither trains.
    shown = ["--show-augmentation", "seen.png", "--epochs", 0]
    both = fencepost("train", "--data", folder, "--find-lr", "again.png", *shown)
    assert both.status == 0, both.err
    assert {path.name for path in tmp_path.iterdir()} == {"rates.png", "again.png", "seen.png"}
    refused = fencepost("train", "--data", folder, "--find-lr", "rates.txt")
    assert refused.status == 2
    assert ".png" in refused.err


def test_bad_files_are_left_out_and_listed_at_the_end(fencepost, tmp_path, write_folder):
    root = write_folder(tmp_path / "data", 12)
    (root / "cross" / "empty.png").touch()
    (root / "circle" / "text.jpg").write_text("none")
    settings = ["--data", root, "--epochs", 1, "--plot", "none", "--out", "a.st"]
    refused = fencepost("train", *settings)
    assert refused.status == 2
    assert "circle/text.jpg is not an image" in refused.err
    assert "cross/empty.png is empty" in refused.err and "--skip-bad" in refused.err
    done = fencepost("train", *settings, "--skip-bad")
    assert done.status == 0, done.err
    assert done.err.splitlines()[-3:] == [
        "Skipped 2 files that cannot be used (--skip-bad):",
        "  circle/text.jpg is not an image that can be read",
        "  cross/empty.png is empty",
    ]
    done = fencepost("evaluate", "a.st", "--json")  # as it was trained
    assert (done.status, len(done.json["left_out"])) == (0, 2)


def test_a_cache_changes_nothing_but_the_time(fencepost, tmp_path, write_folder):
    root = write_folder(tmp_path / "data", 12, size=20, colour=True)
    base = ["train", "--data", root, "--epochs", 2, "--size", 16, "--plot", "none"]
    said = [
        fencepost(*base, "--out", f"{k}.st", "--cache", cache).err
        for k, cache in enumerate(("none", "decoded", "decoded"))
    ]
    weights = [fp.load(tmp_path / f"{k}.st").parameter_vector for k in range(3)]
    assert (weights[0] == weights[1]).all() and (weights[1] == weights[2]).all()
    assert "Decoded into the cache decoded" in said[1]
    assert "Read from the cache decoded" in said[2]
    unwritable = fencepost(*base, "--cache", root / "cross" / "000.png")
    assert unwritable.status == 2 and "the cache must be a folder" in unwritable.err


def test_a_label_file_and_proportions_that_the_model_remembers(fencepost, tmp_path, write_folder):
    root = write_folder(tmp_path / "data", 10)
    rows = ["file;kind"]
    (tmp_path / "photos").mkdir()
    for kind in ("circle", "cross"):
        for path in sorted((root / kind).iterdir()):
            name = f"{kind} {path.name}"
            with Image.open(path) as image:
                image.resize((24, 16)).save(tmp_path / "photos" / name)
            rows.append(f"{name};{kind}")
    (tmp_path / "photos" / "labels.csv").write_text("\n".join(rows))
    done = fencepost(
        *("train", "--data", "photos", "--size", 12, "--fit", "pad", "--epochs", 1),
        *("--out", "a.st", "--plot", "none"),
    )
    assert done.status == 0, done.err
    assert "its column 'file' names the images, the column 'kind' the classes" in done.err
    prediction = fencepost("predict", "a.st", f"photos/{name}", "--json").json["predictions"][0]
    data = fp.datasets.image_folder(tmp_path / "photos", (12, 12), fit="pad")
    probabilities = fp.load(tmp_path / "a.st").predict_proba(data.images[-1:])[0]
    assert (data.images[-1, 0, :2] == 0).all()
    assert prediction["probability"] == pytest.approx(probabilities.max(), abs=1e-6)
    assert fencepost("evaluate", "a.st", "--json").json["images"] == 3


def test_several_seeds_and_a_report(fencepost, folder, tmp_path):
    base = ["train", "--data", folder, "--epochs", 2, "--plot", "none", "--model", "lenet5"]
    done = fencepost(*base, "--seeds", 3, "--seed", 5, "--report", "a.html", "--json")
    assert done.status == 0, done.err
    result = done.json
    assert result["seeds"] == [5, 6, 7] and len(result["test_accuracies"]) == 3
    assert result["mean_test_accuracy"] == pytest.approx(np.mean(result["test_accuracies"]))
    assert result["test_accuracy"] == result["test_accuracies"][0]
    assert "Of 3 networks, that of seed 5 is saved: the first." in done.err
    assert "Over 3 seeds (5 to 7)" in done.err
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "lenet5 on figures" in page and "Over 3 seeds" in page
    alone = fencepost(*base, "--seed", 7, "--out", "b.st", "--json")
    assert alone.json["test_accuracies"] != [] and alone.json["std_test_accuracy"] is None


def test_several_seeds_are_kept_and_gone_on_with(fencepost, folder, tmp_path):
    base = ["train", "--data", folder, "--epochs", 2, "--plot", "none", "--model", "lenet5"]
    base += ["--seeds", 2, "--checkpoint", "run.ckpt", "--json"]
    first = fencepost(*base)
    assert first.status == 0, first.err
    assert sorted(path.name for path in tmp_path.glob("*.ckpt")) == [
        "run-seed0.ckpt",
        "run-seed1.ckpt",
    ]
    (tmp_path / "run-seed1.ckpt").unlink()  # stopped before it began
    again = fencepost(*base, "--resume")
    assert again.json["test_accuracies"] == first.json["test_accuracies"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--report", "a.pdf"), "--report must be a .html file"),
        (("--report", "nowhere/a.html"), "--report must name a file in a folder that exists"),
    ],
)
def test_seeds_and_reports_that_cannot_be(fencepost, folder, options, words):
    refused = fencepost("train", "--data", folder, *options)
    assert refused.status == 2
    assert words in refused.err


@pytest.mark.parametrize("validation", [(), ("--validation", 0.2)])
def test_the_model_is_calibrated_on_images_held_out(fencepost, folder, tmp_path, validation):
    settings = ["--epochs", 2, "--model", "lenet5", "--plot", "none", "--out", "a.st"]
    done = fencepost("train", "--data", folder, *settings, *validation)
    assert done.status == 0, done.err
    calibration = fp.load(tmp_path / "a.st").calibration
    assert calibration.count == (20 if validation else 18)
    assert calibration.novelty.space is not None
