"""`fencepost predict`: photographs of any kind, brought to what the model was trained on."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

import fencepost as fp


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
    assert ("dark strokes on a light ground" in notes) == (how != "enlarged")


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
    assert "1 of 4 images were predicted" in done.err


def test_a_model_of_signals_takes_no_pictures(fencepost, tmp_path):
    network = fp.Network((1, 16), [fp.Flatten(), fp.Linear(2)], class_names=["a", "b"])
    network.save(tmp_path / "own.st")
    Image.new("L", (9, 9)).save(tmp_path / "a.png")
    refused = fencepost("predict", "own.st", "a.png")
    assert refused.status == 2
    assert "(1, 16)" in refused.err


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
