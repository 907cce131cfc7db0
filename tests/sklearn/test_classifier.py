"""`CNNClassifier` learns, whatever samples and labels look like, and goes where estimators go."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn.base")

from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fencepost as fp
from fencepost.sklearn import CNNClassifier


@pytest.fixture(scope="module")
def digits():
    return load_digits(return_X_y=True)


def test_digits(digits):
    X, y = digits
    scores = cross_val_score(CNNClassifier(input_shape=(1, 8, 8), random_state=0), X, y, cv=3)
    assert scores.mean() > 0.94


def test_rows_whose_order_means_nothing():
    pytest.importorskip("pandas")
    iris = load_iris(as_frame=True)
    names = iris.target_names[iris.target]
    classifier = CNNClassifier(random_state=0)
    assert cross_val_score(classifier, iris.data, names, cv=3).mean() > 0.9
    classifier.fit(iris.data, names)
    assert classifier.feature_names_in_.tolist() == iris.data.columns.tolist()
    assert classifier.network_.class_names == ("setosa", "versicolor", "virginica")


def test_samples_of_any_shape_are_the_same_samples(digits):
    X, y = digits
    X, y = X[:400].astype(np.uint8), y[:400]

    def fitted(samples, **arguments):
        return CNNClassifier(epochs=3, random_state=0, **arguments).fit(samples, y)

    flat = fitted(X, input_shape=(8, 8))
    expected = flat.predict_proba(X)
    for samples in (X.reshape(-1, 8, 8), X.reshape(-1, 1, 8, 8), X.reshape(-1, 8, 8).tolist()):
        other = fitted(samples)
        assert other.network_.input_shape == (1, 8, 8)
        assert other.n_features_in_ == 64
        np.testing.assert_allclose(other.predict_proba(samples), expected, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(other.predict(X), other.predict(samples))
    colours = np.stack([X.reshape(-1, 8, 8)] * 3, axis=1)
    assert fitted(colours).network_.input_shape == (3, 8, 8)
    assert fitted(X, signals=True).network_.input_shape == (1, 64)
    assert fitted(colours.reshape(-1, 3, 64), signals=True).network_.input_shape == (3, 64)


@pytest.mark.parametrize(
    "labels", [["a", "b"], [7, -1], [True, False], [1.0, 2.0], np.array(["x", "y"], object)]
)
def test_labels_of_any_type(labels):
    labels = np.asarray(labels)
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 60)
    X = random.normal(size=(60, 3)) + 4 * truth[:, None]
    classifier = CNNClassifier(random_state=0).fit(X, labels[truth])
    np.testing.assert_array_equal(classifier.classes_, np.unique(labels))
    predicted = classifier.predict(X)
    assert predicted.dtype == labels.dtype
    np.testing.assert_array_equal(predicted, labels[truth])
    np.testing.assert_allclose(classifier.predict_proba(X).sum(axis=1), 1, rtol=1e-6)


def test_pipeline_search_clone_and_pickle(digits):
    X, y = digits[0][:300], digits[1][:300]
    pipeline = make_pipeline(StandardScaler(), CNNClassifier(input_shape=(8, 8), random_state=0))
    grid = {
        "cnnclassifier__network": ["small_cnn", [fp.Conv2d(6, 3), fp.ReLU()]],
        "cnnclassifier__epochs": [1, 8],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert search.best_params_["cnnclassifier__epochs"] == 8
    best = search.best_estimator_
    copy = pickle.loads(pickle.dumps(best))
    np.testing.assert_array_equal(copy.predict_proba(X), best.predict_proba(X))
    again = clone(best).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), best.predict_proba(X))


def test_classes_of_unequal_size():
    random = np.random.default_rng(0)
    y = np.repeat([0, 1], [300, 15])
    X = random.normal(size=(315, 4)) + y[:, None]
    found = {
        str(weight): CNNClassifier(class_weight=weight, epochs=20, random_state=0)
        .fit(X, y).predict(X)[y == 1].mean()
        for weight in (None, "balanced", {0: 1, 1: 20})
    }  # fmt: skip
    assert found["None"] < 0.5 < found["balanced"] == found["{0: 1, 1: 20}"]


@pytest.mark.parametrize("weight", [None, "balanced", {"a": 2.0}])
def test_a_weight_is_a_repetition(weight):
    random = np.random.default_rng(0)
    X, y = random.normal(size=(20, 6)), random.choice(["a", "b"], 20)
    counts = random.integers(0, 4, 20)
    classifier = CNNClassifier(class_weight=weight, random_state=0)
    weighted = clone(classifier).fit(X, y, sample_weight=counts).predict_proba(X)
    repeated = clone(classifier).fit(X.repeat(counts, 0), y.repeat(counts)).predict_proba(X)
    np.testing.assert_array_equal(weighted, repeated)


def test_samples_of_weight_0_do_not_count(digits):
    X, y = digits[0][:300], digits[1][:300]
    weights = (y < 5).astype(float)
    classifier = CNNClassifier(epochs=5, random_state=0).fit(X, y, sample_weight=weights)
    assert classifier.classes_.tolist() == [0, 1, 2, 3, 4]
    other = CNNClassifier(epochs=5, random_state=0).fit(X[y < 5], y[y < 5])
    np.testing.assert_array_equal(classifier.predict_proba(X), other.predict_proba(X))


def test_one_class_is_none(digits):
    with pytest.raises(
        ValueError, match=r"at least two classes\. Received: 1 class, 'a', among the"
    ):
        CNNClassifier().fit(digits[0][:20], ["a"] * 20)


def test_warm_start_goes_on(digits):
    X, y = digits[0][:500], digits[1][:500]
    classifier = CNNClassifier(epochs=1, warm_start=True, random_state=0).fit(X, y)
    first = classifier.history_["loss"][-1]
    assert classifier.fit(X, y).history_["loss"][-1] < first
    with pytest.raises(ValueError, match="needs data like those of the last fit"):
        classifier.fit(X, y > 4)
    with pytest.raises(ValueError, match="needs the classes of the last fit"):
        classifier.fit(X, y + 1)


def test_a_network_is_trained_on_from_its_weights(digits):
    X, y = digits
    trained = CNNClassifier(input_shape=(8, 8), epochs=8, random_state=0).fit(X, y).network_
    before = trained.parameter_vector.copy()
    tuned = CNNClassifier(trained, input_shape=(8, 8), epochs=1, lr=1e-4).fit(X[:500], y[:500])
    assert tuned.score(X, y) > 0.9
    np.testing.assert_array_equal(trained.parameter_vector, before)


def test_early_stopping(digits):
    X, y = digits[0][:500], digits[1][:500]
    classifier = CNNClassifier(
        epochs=200, validation_fraction=0.2, early_stopping=2, random_state=0
    ).fit(X, y)
    assert classifier.n_iter_ == len(classifier.history_) < 200


def test_network_predicts_by_itself(digits, tmp_path):
    X, y = digits
    classifier = CNNClassifier(fp.models.small_cnn, input_shape=(8, 8), epochs=2).fit(X, y)
    classifier.network_.save(tmp_path / "digits.safetensors")
    network = fp.load(tmp_path / "digits.safetensors")
    images = X.reshape(-1, 1, 8, 8).astype(np.float32)
    np.testing.assert_array_equal(network.predict(images), classifier.predict(X))
