"""`fencepost predict`: photographs of any kind, brought to what the model was trained on."""

from __future__ import annotations

import csv
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import fencepost as fp
from fencepost.cli.predicting.results import class_folder


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """A model of MNIST that learned from a tenth of it, saved as the command saves one."""
    from fencepost.cli.shared import loading
    from fencepost.cli.shared.loading import Source, TrainingData

    train = fp.datasets.mnist("train").subset(range(6000))
    test = fp.datasets.mnist("test")
    network = fp.models.lenet5(seed=0)
    network.class_names = train.class_names
    network.fit(train.images, train.targets, epochs=4, lr=0.003, progress=False)
    loading.remember(network, Source(), TrainingData(train, None, test, None, ""), 0, "lenet5")
    path = tmp_path_factory.mktemp("model") / "digits.st"
    network.save(path)
    return path


def photograph(digit: np.ndarray, how: str, rng: np.random.Generator) -> Image.Image:
    """A digit (28, 28), light on dark, as a photograph of it might be."""
    large = Image.fromarray(digit).resize((224, 224), Image.Resampling.BICUBIC)
    if how == "enlarged":
        return large
    paper = Image.new("L", (640, 480), 0)
    paper.paste(large, (30, 190) if how == "off centre" else (208, 128))
    ink = np.asarray(paper, float) / 255
    pixels = 215 - 160 * ink
    if how == "noisy":
        pixels = pixels + rng.normal(0, 8, pixels.shape)
    if how == "uneven light":
        pixels = pixels * np.linspace(0.65, 1.0, 640)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("how", ["enlarged", "on paper", "off centre", "noisy", "uneven light"])
def test_photographs_of_digits(fencepost, digits, tmp_path, how):
    rng = np.random.default_rng(0)
    images, labels = fp.datasets.mnist("test")
    files = []
    for k in range(20):
        files.append(f"{k:02}.png")
        photograph(images[k, 0], how, rng).save(tmp_path / files[-1])
    done = fencepost("predict", digits, *files, "--json")
    assert done.status == 0, done.err
    said = [prediction["class"] for prediction in done.json["predictions"]]
    right = sum(int(name) == label for name, label in zip(said, labels[:20], strict=True))
    assert right >= 17, f"{right} of 20"
    notes = " ".join(done.json["predictions"][0]["prepared"])
    assert ("dark strokes on a light background" in notes) == (how != "enlarged")


def test_exif_orientation_is_obeyed(fencepost, digits, tmp_path):
    images, labels = fp.datasets.mnist("test")
    upright = photograph(images[0, 0], "on paper", np.random.default_rng(0))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise when it is shown
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    upright.save(tmp_path / "upright.jpg", quality=95)
    done = fencepost("predict", digits, "turned.jpg", "upright.jpg", "--json")
    one, two = done.json["predictions"]
    assert one["class"] == two["class"] == str(labels[0])


def test_top_three_and_what_was_done(fencepost, digits, tmp_path):
    images, _ = fp.datasets.mnist("test")
    ImageOps.invert(Image.fromarray(images[0, 0])).resize((300, 300)).save(tmp_path / "a.png")
    done = fencepost("predict", digits, "a.png", "--json")
    (prediction,) = done.json["predictions"]
    assert prediction["image"] == "a.png"
    probabilities = [top["probability"] for top in prediction["top"]]
    assert len(probabilities) == 3
    assert probabilities == sorted(probabilities, reverse=True)
    assert prediction["class"] == prediction["top"][0]["class"]
    assert prediction["probability"] == probabilities[0]
    done = fencepost("predict", digits, "a.png")
    shown = done.out
    assert shown.startswith(f"a.png: {prediction['class']} (")
    for sentence in prediction["prepared"]:
        assert f"    {sentence}" in done.err


def test_training_images_are_predicted_as_they_are(fencepost, model, folder):
    files = sorted((folder / "cross").iterdir())[:5]
    done = fencepost("predict", model, *files, "--json")
    network = fp.load(model)
    for file, prediction in zip(files, done.json["predictions"], strict=True):
        with Image.open(file) as image:
            probabilities = network.predict_proba(np.asarray(image)[None, None])[0]
        assert prediction["probability"] == pytest.approx(probabilities.max(), abs=1e-6)


def test_resized_as_the_training_images_were(fencepost, folder, tmp_path, write_folder):
    root = write_folder(tmp_path / "data", 8)
    wide = root / "cross" / "wide.png"
    Image.fromarray(np.arange(20 * 50, dtype=np.uint8).reshape(20, 50)).save(wide)
    settings = ["--epochs", 1, "--size", "12x16", "--plot", "none", "--out", "a.st"]
    assert fencepost("train", "--data", root, *settings).status == 0
    prediction = fencepost("predict", "a.st", wide, "--json").json["predictions"][0]
    data = fp.datasets.image_folder(root, (12, 16))
    image = data.images[data.targets == 1][-1:]  # the last of the crosses, by name
    probabilities = fp.load(tmp_path / "a.st").predict_proba(image)[0]
    assert prediction["probability"] == pytest.approx(probabilities.max(), abs=1e-6)
    (said,) = prediction["prepared"]
    assert said == "Resized it to 12 × 16 pixels (crop), as the training images were."
    (tmp_path / "cut.png").write_bytes(wide.read_bytes()[:70])
    refused = fencepost("predict", "a.st", "cut.png")
    assert refused.status == 2
    assert "cut.png" in refused.err


def test_bad_images_are_named_and_the_others_predicted(fencepost, model, folder, tmp_path):
    good = sorted((folder / "cross").iterdir())[0]
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[:60])
    (tmp_path / "text.png").write_text("no image")
    done = fencepost("predict", model, "cut.png", good, "text.png", "gone.png", "--json")
    assert done.status == 2
    cut, fine, text, gone = done.json["predictions"]
    assert "class" in fine
    for prediction, name in ((cut, "cut.png"), (text, "text.png"), (gone, "gone.png")):
        assert name in prediction["error"]
        assert name in done.err
    assert "3 files left out, 1 predicted." in done.err


def test_a_model_of_signals_takes_no_pictures(fencepost, tmp_path):
    network = fp.Network((1, 16), [fp.Flatten(), fp.Linear(2)], class_names=["a", "b"])
    network.save(tmp_path / "own.st")
    Image.new("L", (9, 9)).save(tmp_path / "a.png")
    refused = fencepost("predict", "own.st", "a.png")
    assert refused.status == 2
    assert "signals of 1 × 16" in refused.err


def test_classes_without_names_are_named_by_their_indices(fencepost, tmp_path):
    Image.new("L", (9, 9)).save(tmp_path / "a.png")
    fp.Network((1, 9, 9), [fp.Flatten(), fp.Linear(2)]).save(tmp_path / "own.st")
    (prediction,) = fencepost("predict", "own.st", "a.png", "--json").json["predictions"]
    assert prediction["class"] in ("0", "1")
    fp.Network((1, 9, 9), [fp.Flatten(), fp.Linear(1)]).save(tmp_path / "one.st")
    refused = fencepost("predict", "one.st", "a.png")
    assert (
        refused.status == 2 and "must predict classes. Received: a model of 1 output" in refused.err
    )


def test_python_predicts_files_as_the_command_does(fencepost, tmp_path):
    """Of training images in several sizes, which were resized, and of digits, which are cut out."""
    rng = np.random.default_rng(0)
    for part, count in (("train", 12), ("more", 2)):
        for name, value in (("dark", 60), ("light", 190)):
            folder = tmp_path / part / name
            folder.mkdir(parents=True)
            for k in range(count):
                pixels = np.clip(rng.normal(value, 30, (20 + k, 24, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{k}.png")
    fencepost("train", "--data", "train", "--size", "12x12", "--epochs", "2", "-o", "m.st")
    said = fencepost("predict", "m.st", "more", "--json").json["predictions"]
    net = fp.load(tmp_path / "m.st")
    assert net.predict(tmp_path / "more", names=True) == [row["class"] for row in said]
    probabilities = net.predict_proba([tmp_path / row["image"] for row in said]).max(1)
    assert np.allclose(probabilities, [row["probability"] for row in said], atol=1e-5)


def test_python_predicts_photographs_of_digits_as_the_command_does(fencepost, digits, tmp_path):
    images, _ = fp.datasets.mnist("test")
    for k in range(3):
        photograph(images[k, 0], "on paper", np.random.default_rng(k)).save(tmp_path / f"{k}.png")
    said = fencepost("predict", digits, "0.png", "1.png", "2.png", "--json").json["predictions"]
    net = fp.load(digits)
    given = [Image.open(tmp_path / f"{k}.png") for k in range(3)]
    assert net.predict(given, names=True) == [row["class"] for row in said]


# --- many files, tables, and what is written --------------------------------------------------


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_results_go_to_a_table(fencepost, model, folder, tmp_path):
    files = [*sorted((folder / "cross").iterdir())[:3], *sorted((folder / "circle").iterdir())[:2]]
    done = fencepost("predict", model, *files, "-o", "results.csv")
    assert done.status == 0, done.err
    assert done.out == ""
    assert "Saved results.csv: 5 rows." in done.err
    rows = rows_of(tmp_path / "results.csv")
    assert [row["file"] for row in rows] == list(map(str, files))
    network = fp.load(model)
    said = fencepost("predict", model, *files, "--json").json["predictions"]
    for row, prediction in zip(rows, said, strict=True):
        assert row["class"] == prediction["class"]
        assert float(row["confidence"]) == pytest.approx(prediction["probability"], abs=1e-5)
        assert row["class_2"] == prediction["top"][1]["class"]
        assert [row["class"], row["class_2"], row["class_3"]] == [
            network.class_names[k]
            for k in np.argsort([-_share(row, name) for name in network.class_names])
        ] or len(network.class_names) > 3
    refused = fencepost("predict", model, *files, "-o", "results.csv")
    assert refused.status == 2 and "--overwrite" in refused.err
    assert fencepost("predict", model, *files, "-o", "results.csv", "--overwrite").status == 0
    assert fencepost("predict", model, *files, "-o", "results.txt").status == 2


def _share(row, name):
    return next(
        (float(row[f"confidence{k}"]) for k in ("", "_2", "_3") if row[f"class{k}"] == name), 0.0
    )


def test_patterns_and_folders_are_all_their_images_once(fencepost, model, folder, tmp_path):
    done = fencepost("predict", model, f"{folder}/*/000.png", folder / "cross", "--json")
    names = [prediction["image"] for prediction in done.json["predictions"]]
    assert len(names) == len(set(names)) == 2 + len(list((folder / "cross").iterdir()))
    refused = fencepost("predict", model, f"{folder}/*/none*.png")
    assert refused.status == 2
    assert "the pattern must fit some file" in refused.err


def test_images_are_copied_into_folders_of_their_classes(fencepost, model, folder, tmp_path):
    files = sorted((folder / "cross").iterdir())[:4]
    before = [file.read_bytes() for file in files]
    done = fencepost("predict", model, *files, "--sort-into", "sorted", "--json")
    assert done.status == 0, done.err
    for file, prediction, content in zip(files, done.json["predictions"], before, strict=True):
        assert file.read_bytes() == content  # nothing is moved
        assert (tmp_path / "sorted" / prediction["class"] / file.name).read_bytes() == content
    again = fencepost("predict", model, *files, "--sort-into", "sorted")
    assert again.status == 2 and "--sort-into must name files that do not exist" in again.err
    inside = fencepost("predict", model, folder, "--sort-into", folder / "sorted")
    assert inside.status == 2 and "outside those that are read" in inside.err
    empty = fencepost("predict", model, *files, "--sort-into", "")
    assert empty.status == 2 and "--sort-into must name a folder. Received: ''." in empty.err
    same = tmp_path / "other" / files[0].name
    same.parent.mkdir()
    same.write_bytes(before[0])
    twice = fencepost("predict", model, files[0], same, "--sort-into", "new")
    assert twice.status == 2 and "a name of its own" in twice.err
    assert not (tmp_path / "new").exists()  # nothing is copied before all is known to fit


@pytest.mark.parametrize("kind", ["zip", "tar", "gztar"])
@pytest.mark.parametrize("trained", ["model", "digits"])
def test_an_archive_is_all_its_images(fencepost, folder, tmp_path, kind, trained, request):
    model = request.getfixturevalue(trained)
    some = tmp_path / "some"
    for name in ("circle", "cross"):
        (some / name).mkdir(parents=True)
        for k in range(3):
            shutil.copy(folder / name / f"{k:03}.png", some / name / f"{name}{k}.png")
    (some / "notes.txt").write_text("no image")
    (some / "._hidden.png").write_text("nor this")
    archive = Path(shutil.make_archive(str(tmp_path / "packed"), kind, some))
    expected = fencepost("predict", model, some, "--json").json["predictions"]
    done = fencepost("predict", model, archive, "--json", "--sort-into", "sorted")
    assert done.status == 0, done.err
    for ours, theirs in zip(done.json["predictions"], expected, strict=True):
        name = Path(theirs["image"]).relative_to(some)
        assert ours == theirs | {"image": str(archive / name)}
        copy = tmp_path / "sorted" / ours["class"] / name.name
        assert copy.read_bytes() == (some / name).read_bytes()
    net = fp.load(model)
    assert np.array_equal(net.predict(archive), net.predict(some))


def test_what_is_no_image_in_an_archive_is_listed(fencepost, model, folder, tmp_path):
    with zipfile.ZipFile("mixed.zip", "w") as packed:
        packed.write(folder / "cross" / "000.png", "a/good.png")
        packed.writestr("a/cut.png", (folder / "cross" / "001.png").read_bytes()[:90])
        packed.writestr("b/text.png", "no image")
        link = zipfile.ZipInfo("b/link.png")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "../a/good.png")
    done = fencepost("predict", model, "mixed.zip")
    assert done.status == 2 and done.out.startswith(f"{Path('mixed.zip/a/good.png')}: ")
    listed = done.err.partition("fencepost: ")[2].splitlines()
    assert [line.partition(": ")[0] for line in listed[:3]] == [
        str(Path("mixed.zip", name)) for name in ("a/cut.png", "b/link.png", "b/text.png")
    ]
    assert "a symbolic link: unpack the archive" in listed[1]
    assert listed[3] == "3 files left out, 1 predicted."
    assert fencepost("predict", model, "mixed.zip", "--skip-bad").status == 0
    with zipfile.ZipFile("none.zip", "w") as packed:
        packed.writestr("notes.txt", "no image")
    refused = fencepost("predict", model, "none.zip")
    assert refused.status == 2
    assert "none.zip: an archive must contain images. Received: none." in refused.err


@pytest.mark.parametrize("name", ["../../up", "/root", "a\\b", "..", "", "a/../../b", "con: x?"])
def test_a_class_is_never_a_folder_elsewhere(name, tmp_path):
    folder = (tmp_path / class_folder(name)).resolve()
    assert tmp_path.resolve() in folder.parents


def test_broken_files_are_left_out_and_listed(fencepost, model, folder, tmp_path):
    good = sorted((folder / "cross").iterdir())[:2]
    (tmp_path / "cut.png").write_bytes(good[0].read_bytes()[:40])
    (tmp_path / "text.png").write_text("no picture")
    given = [good[0], "cut.png", good[1], "text.png"]
    done = fencepost("predict", model, *given, "-o", "a.csv", "--sort-into", "b")
    assert done.status == 2
    assert "cut.png" in done.err and "text.png" in done.err
    assert "2 files left out, 2 predicted." in done.err
    assert [row["file"] for row in rows_of(tmp_path / "a.csv")] == list(map(str, good))
    assert len(list((tmp_path / "b").rglob("*.png"))) == 2
    skipped = fencepost("predict", model, *given, "--skip-bad")
    assert skipped.status == 0
    assert len(skipped.out.splitlines()) == 2
    assert "cut.png" in skipped.err


@pytest.fixture(scope="module")
def signals(tmp_path_factory):
    """A model of two kinds of signals, and 20 of them."""
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    waves = np.sin(np.arange(16) * np.where(labels, 1.0, 0.3)[:, None]) + rng.normal(
        0, 0.1, (200, 16)
    )
    network = fp.Network(
        (1, 16),
        [fp.Conv1d(4, 3), fp.ReLU(), fp.Flatten(), fp.Linear(2)],
        class_names=["slow", "fast"],
    )
    network.fit(
        waves[:, None].astype(np.float32), labels, epochs=20, validation=0.2, progress=False
    )
    path = tmp_path_factory.mktemp("signals") / "signals.st"
    network.save(path)
    return path, waves[:20], labels[:20]


def table(path, rows, header=None):
    lines = [",".join(header)] if header else []
    path.write_text("\n".join([*lines, *(",".join(map(str, row)) for row in rows)]) + "\n")


def test_signals_come_from_tables(fencepost, signals, tmp_path):
    model, waves, _ = signals
    names = [f"t{k}" for k in range(16)]
    table(tmp_path / "plain.csv", waves.tolist())
    table(tmp_path / "named.csv", waves.tolist(), names)
    with_labels = [["abc"[k % 3], *wave] for k, wave in enumerate(waves.tolist())]
    table(tmp_path / "labels.csv", with_labels, ["label", *names])
    expected = fp.load(model).predict_proba(waves[:, None].astype(np.float32))
    numbered = [[k, *wave] for k, wave in enumerate(waves.tolist())]
    table(tmp_path / "indexed.csv", numbered, ["", *names])  # as pandas writes it
    table(tmp_path / "ids.csv", [[*wave, 900 - 7 * k] for k, *wave in numbered], [*names, "id"])
    for file in ("plain.csv", "named.csv", "labels.csv", "indexed.csv", "ids.csv"):
        done = fencepost("predict", model, file, "-o", f"{file}.results.csv")
        assert done.status == 0, done.err
        rows = rows_of(tmp_path / f"{file}.results.csv")
        assert [row["row"] for row in rows] == [str(k) for k in range(1, 21)]
        assert [row["class"] for row in rows] == [["slow", "fast"][k] for k in expected.argmax(1)]
        shares = [float(row["confidence"]) for row in rows]
        np.testing.assert_allclose(shares, expected.max(1), atol=1e-5)
    shown = fencepost("predict", model, "plain.csv").out.splitlines()
    assert len(shown) == 20
    assert shown[3].startswith("plain.csv, row 4: ")
    found = fencepost("predict", model, "plain.csv", "--json").json["predictions"][3]
    assert (found["image"], found["row"]) == ("plain.csv", 4)


def test_columns_are_those_of_training_by_their_names(fencepost, tmp_path):
    rng = np.random.default_rng(1)
    names = ["height", "width", "depth", "mass"]
    rows = [["ab"[k % 2], *row] for k, row in enumerate(rng.normal(size=(24, 4)).round(3).tolist())]
    table(tmp_path / "train.csv", rows, ["label", *names])
    train = ("train", "--data", "train.csv", "--epochs", "1", "--out", "m.st")
    done = fencepost(*train)
    assert done.status == 0, done.err
    order = [4, 2, 0, 3, 1]
    mixed = [[row[k] for k in order] for row in rows]
    table(tmp_path / "mixed.csv", mixed, [["label", *names][k] for k in order])
    more = [[*row[::-1], 7, k / 8] for k, row in enumerate(rows)]
    table(tmp_path / "more.csv", more, [*names[::-1], "label", "age", "score"])
    plain = fencepost("predict", "m.st", "train.csv", "--json").json["predictions"]
    tops = [found["top"] for found in plain]
    for file in ("mixed.csv", "more.csv"):
        found = fencepost("predict", "m.st", file, "--json").json["predictions"]
        assert [each["top"] for each in found] == tops
    measured = [
        fencepost("evaluate", "m.st", "--data", file, "--include-trained", "--json").json
        for file in ("train.csv", "mixed.csv")
    ]
    assert measured[0]["accuracy"] == measured[1]["accuracy"]
    assert measured[0]["loss"] == measured[1]["loss"]


def test_tables_that_do_not_fit_say_why(fencepost, signals, tmp_path):
    model, waves, _ = signals
    table(tmp_path / "short.csv", waves[:, :9].tolist())
    done = fencepost("predict", model, "short.csv")
    assert done.status == 2
    assert "signals of 1 × 16, which are 16 values. Received: 9 columns" in done.err
    bad = waves.tolist()
    bad[4][7] = "nan"
    table(tmp_path / "bad.csv", bad)
    done = fencepost("predict", model, "bad.csv")
    assert done.status == 2
    assert "Received: nan in row 5" in done.err
    Image.new("L", (9, 9)).save(tmp_path / "image.png")
    done = fencepost("predict", model, "image.png")
    assert done.status == 2
    assert "the model takes signals of 1 × 16" in done.err
    table(tmp_path / "good.csv", waves.tolist())
    assert fencepost("predict", model, "good.csv", "--sort-into", "x").status == 2


def test_it_is_said_where_a_prediction_is_not_to_be_relied_on(fencepost, signals, tmp_path):
    model, waves, _ = signals
    rng = np.random.default_rng(1)
    table(tmp_path / "noise.csv", (9 * rng.normal(size=(5, 16))).tolist())
    done = fencepost("predict", model, "noise.csv")
    assert done.status == 0
    assert all("; unsure: " in line for line in done.out.splitlines())
    assert done.out.count("unlike the training data") == 5
    assert "Unsure of 5 of 5." in done.err
    assert "warning: the images are far" in done.err
    table(tmp_path / "good.csv", waves.tolist())
    found = fencepost("predict", model, "good.csv", "--json").json["predictions"]
    assert sum("unlike the training data" in one["unsure"] for one in found) <= 1
    sure = fencepost("predict", model, "good.csv", "--unsure-below", "100%", "--json")
    assert all("low confidence" in one["unsure"] for one in sure.json["predictions"])
    assert fencepost("predict", model, "good.csv", "--unsure-below", "x").status == 2


def test_results_alone_are_on_standard_output(fencepost, model, folder):
    file = next((folder / "cross").iterdir())
    done = fencepost("predict", model, file)
    (line,) = done.out.splitlines()
    assert line.startswith(f"{file}: ")
    assert re.search(r"\(\d+\.\d\d %\)", line)


def test_deep_colours_are_predicted_as_they_were_trained_on(fencepost, tmp_path):
    """Of 10 bits in files of 16; Pillow gives their high bytes, which are black."""
    rng = np.random.default_rng(0)
    for name, low in (("dim", 0), ("bright", 500)):
        (tmp_path / "deep" / name).mkdir(parents=True)
        for k in range(20):
            pixels = (low + rng.integers(0, 500, (12, 12, 3))).astype(np.uint16)
            fp.filtering.write_image(tmp_path / "deep" / name / f"{k}.png", pixels)
    trained = fencepost("train", "--data", "deep", "--epochs", 3, "--plot", "none", "-o", "m.st")
    assert "Pixels of more than 8 bits from 0 to 1,023 became 0 to 255." in trained.err
    data = fp.datasets.image_folder(tmp_path / "deep")
    file = tmp_path / "deep" / "dim" / "0.png"
    net = fp.load(tmp_path / "m.st")
    index = data.class_names.index("dim") * 20
    image = fp.filtering.read_image(file).pixels.transpose(2, 0, 1) >> 2
    assert (data.images[index : index + 20] == image).all(axis=(1, 2, 3)).any()
    (said,) = fencepost("predict", "m.st", file, "--json").json["predictions"]
    assert said["class"] == "dim"
    assert np.array_equal(net.predict_proba(file), net.predict_proba(image.astype(np.uint8)[None]))


def test_the_labels_of_a_table_without_names_are_left_out_where_they_stand(fencepost, tmp_path):
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 2
    values = rng.normal(0, 0.2, (90, 12))
    values[labels == 1, 4:8] += 3
    for name, columns in (("first", [labels, values]), ("last", [values, labels])):
        np.savetxt(tmp_path / f"{name}.csv", np.column_stack(columns), "%.4f", delimiter=",")
    np.savetxt(tmp_path / "new.csv", values, "%.4f", delimiter=",")
    trained = fencepost(
        "train", "--data", "first.csv", "--label", 0, "--epochs", 8, "--plot", "none", "-o", "a.st"
    )
    assert trained.status == 0, trained.err
    expected = fencepost("predict", "a.st", "new.csv", "--json").json["predictions"]
    said = fencepost("predict", "a.st", "first.csv", "--json").json["predictions"]
    assert [each["class"] for each in said] == [each["class"] for each in expected]
    refused = fencepost("predict", "a.st", "last.csv")
    assert (refused.status, "Received: 13 columns of numbers" in refused.err) == (2, True)
