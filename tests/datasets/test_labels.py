"""Labels as Keras, scikit-learn, pandas and CSV files have them are classes, or refused."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.datasets.labels import as_class_indices, is_one_hot, is_regression, named_classes
from fencepost.errors import DataError

COUNT, CLASSES = 30, 3
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 1, 6, 6), dtype=np.uint8)
LABELS = np.arange(COUNT) % CLASSES
WORDS = np.array(["cat", "dog", "owl"])[LABELS]
ONE_HOT = np.eye(CLASSES)[LABELS]


def network(outputs=CLASSES, **options):
    return fp.Network((1, 6, 6), [fp.Conv2d(3, 3), fp.Flatten(), fp.Linear(outputs)], **options)


def trained(labels, **options):
    net = network()
    history = net.fit(IMAGES, labels, epochs=1, progress=False, **options)
    return net, history


EXPECTED = trained(LABELS)[0].parameter_vector

FORMS = {
    **{f"one-hot {t}": ONE_HOT.astype(t) for t in ("u1", "i8", "f4", "f8", "f2", "?")},
    "one-hot lists": ONE_HOT.tolist(),
    "floats": LABELS.astype(float),
    "float32": LABELS.astype("f4"),
    "column": LABELS[:, None],
    "column of floats": LABELS[:, None].astype(float),
    "objects": LABELS.astype(object),
    "list": LABELS.tolist(),
    "words": WORDS,
    "list of words": WORDS.tolist(),
    "bytes": WORDS.astype("S3"),
    "objects that are words": WORDS.astype(object),
    "column of words": WORDS[:, None],
}


@pytest.mark.parametrize("form", FORMS)
def test_labels_in_every_form_train_and_are_evaluated_as_classes(form):
    labels = FORMS[form]
    net, history = trained(labels)
    assert history.settings["loss"]["name"] == "cross_entropy"
    assert np.array_equal(net.parameter_vector, EXPECTED)
    evaluation = net.evaluate(IMAGES, labels)
    assert evaluation.labels.tolist() == LABELS.tolist()
    assert net.class_names == (("cat", "dog", "owl") if "word" in form or form == "bytes" else None)
    net.fit(IMAGES, labels, epochs=1, validation=(IMAGES, labels), progress=False)


def test_a_column_and_a_series_of_pandas_are_labels():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame({"class": WORDS, "index": LABELS})
    for labels in (frame["class"], frame["class"].astype("category"), frame[["index"]]):
        assert np.array_equal(trained(labels)[0].parameter_vector, EXPECTED)


def test_class_names_that_the_network_has_decide_the_order():
    names = ("owl", "dog", "cat")
    net = network(class_names=names)
    net.fit(IMAGES, WORDS, epochs=1, progress=False)
    assert net.class_names == names
    assert net.evaluate(IMAGES, WORDS).labels.tolist() == (2 - LABELS).tolist()
    with pytest.raises(fp.DataError, match=r"one of the classes owl, dog, cat\. Received: 'bee'"):
        net.evaluate(IMAGES[:1], ["bee"])


@pytest.mark.parametrize(
    ("outputs", "labels", "message"),
    [
        (5, ONE_HOT, "End the network with Linear(3)"),
        (
            5,
            WORDS,
            "as many classes as the network has outputs, 5. Received: 3 classes (cat, dog, ",
        ),
        (3, np.full((COUNT, 3), 1 / 3), "For classes use labels.argmax(1)"),
        (3, np.where(LABELS == 1, np.nan, LABELS), "labels[1] = nan"),
        (3, [None, *WORDS[1:]], "labels[0] = None. Leave such images out."),
        (
            3,
            [*WORDS[:-1].tolist(), float("nan")],
            "have the class of every image. Received: labels[29] = 'nan'",
        ),
        (3, LABELS - 1, "Received: -1 to 1"),
        (3, LABELS + 1, "labels - 1"),
        (3, LABELS + 0.5, "must be integer class indices"),
        (2, np.where(LABELS > 0, 2, 0), "np.unique(labels, return_inverse=True)[1]"),
        (3, (ONE_HOT + np.roll(ONE_HOT, 1, 1)).astype(int), "exactly one class"),
        (3, np.arange(COUNT * 3).reshape(COUNT, 3), 'loss="mse"'),
        (1, LABELS > 0, "end the network with Linear(2)"),
        (1, WORDS, "end the network with Linear(3)"),
    ],
)
def test_labels_that_are_not_clear_are_refused_with_what_would_do(outputs, labels, message):
    with pytest.raises(fp.DataError) as error:
        network(outputs).fit(IMAGES, labels, epochs=1, progress=False)
    assert message in str(error.value)


def test_what_was_a_regression_is_one_still():
    values = np.random.default_rng(1).normal(size=(COUNT, CLASSES))
    assert trained(values)[1].settings["loss"] == {"name": "mse"}
    shares = np.full((COUNT, CLASSES), 1 / 3)
    assert trained(shares, loss="mse")[1].settings["loss"] == {"name": "mse"}
    net, history = trained(ONE_HOT, loss="mse")
    assert history.settings["loss"] == {"name": "mse"}
    assert isinstance(net.evaluate(IMAGES, values), type(net.evaluate(IMAGES, shares)))
    assert (
        network(1).fit(IMAGES, LABELS, epochs=1, progress=False).settings["loss"]["name"] == "mse"
    )


def test_a_classifier_is_not_evaluated_as_a_regression():
    net = network(class_names=("a", "b", "c"))
    with pytest.raises(fp.DataError, match="one class index per image"):
        net.evaluate(IMAGES, np.full((COUNT, CLASSES), 1 / 3))


def test_a_missing_class_is_no_mistake():
    net, history = trained(np.where(LABELS == 1, 2, LABELS))
    assert history.settings["loss"]["name"] == "cross_entropy"
    assert net.evaluate(IMAGES, LABELS).confusion.shape == (3, 3)


@pytest.mark.parametrize("targets", [ONE_HOT, ONE_HOT.astype(int), LABELS[:, None], WORDS])
def test_a_data_set_holds_classes(targets):
    data = fp.datasets.Dataset(IMAGES, targets)
    assert data.targets.tolist() == LABELS.tolist()
    assert len(data.class_names) == CLASSES
    named = fp.datasets.Dataset(IMAGES, WORDS, ("owl", "dog", "cat"))
    assert named.targets.tolist() == (2 - LABELS).tolist()


def test_the_parts():
    assert not is_one_hot(np.zeros((0, 3)))
    assert not is_one_hot(np.ones((2, 1)))
    assert is_regression(np.zeros((2, 2)), 2)
    assert not is_regression(np.zeros(2), 2)
    assert as_class_indices(np.array([0.5, 1.0])).dtype == float
    assert fp.training.find_lr(network(), IMAGES, WORDS, steps=10).suggestion > 0


@pytest.mark.parametrize("missing", ["nan", "NaN", "<NA>", "", b"nan"])
@pytest.mark.parametrize("as_objects", [False, True])
def test_names_that_pandas_writes_for_missing_labels_are_no_class(missing, as_objects):
    other = b"cat" if isinstance(missing, bytes) else "cat"
    labels = np.array([other, missing, other], object if as_objects else None)
    with pytest.raises(
        DataError, match=r"^labels must have the class of every image\. Rec.*\[1\] = '"
    ):
        named_classes(labels)
    with pytest.raises(DataError, match="must have the class of every image"):
        as_class_indices(labels, class_names=("cat", "dog"))
    assert named_classes(np.array(["none", "NA", "cat"])) == ("NA", "cat", "none")
