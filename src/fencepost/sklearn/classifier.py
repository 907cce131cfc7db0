"""`CNNClassifier`: a convolutional network as a classifier of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from ..errors import DataError
from ..network.evaluation import log_softmax
from .base import NetworkEstimator
from .samples import check_fit_data, check_weights

__all__ = ["CNNClassifier"]


class CNNClassifier(ClassifierMixin, NetworkEstimator):
    """A convolutional network as a classifier of scikit-learn.

    Parameters
    ----------
    network : None, str, list of layers, Network or function
        The name of a model, such as ``"resnet9"``; layers, of which a last `Linear` that is left
        out is added; a `fencepost.Network`, a copy of which is trained on from its weights; or a
        function of ``(input_shape, outputs, seed=)``, such as ``fencepost.models.small_cnn``. None
        makes one for the data: `small_cnn` for images and signals of 8 elements or more along each
        axis, a single convolution for smaller ones, and two dense layers of 64 for rows of features
        whose order means nothing.
    input_shape : tuple of int, optional
        What a flat row is: (channels, height, width), or (height, width) of one channel. By default
        samples are what their shape says: (N, C, H, W), (N, H, W), or rows of features (N, F).
    signals : bool
        Whether samples are signals, along whose last axis alone kernels slide: (N, C, W) or (N, W).
    epochs : int, optional
        Passes over the samples. By default so many that training takes about 500 steps, at least
        10 and at most 300.
    batch_size, optimizer, lr, schedule, loss, augmentation, early_stopping
        As in `fencepost.training.fit`.
    class_weight : {"balanced"} or dict, optional
        What samples of each class weigh; "balanced" lets every class count alike.
    validation_fraction : float, optional
        The share of the samples that is held out to choose the best epoch by.
    warm_start : bool
        Whether `fit` goes on from the weights of the last one, with a learning rate that rises and
        falls anew.
    random_state : int, RandomState instance or None
        What weights, the order of samples and augmentation follow from.
    n_jobs : int, optional
        Threads of training; -1 for one on each core.
    verbose : bool
        Whether progress is shown.

    Attributes
    ----------
    classes_ : ndarray
        The labels, of whatever type, sorted; one for each output.
    network_ : fencepost.Network
        The trained network: `network_.save` writes it, `network_.export` makes ONNX of it.
    history_ : fencepost.training.History
        Loss and accuracy of each epoch.
    n_iter_ : int
        Epochs of training.
    n_features_in_ : int
        Elements of a sample.
    feature_names_in_ : ndarray of str
        Names of the columns, where X had some.

    Notes
    -----
    `fit` raises what `fencepost.training.fit` raises; all of it are ValueErrors, but for a training
    that diverges. Samples of weight 0 are left out. Where one batch holds all samples, a sample of
    weight 2 is the same as that sample given twice, bit for bit; where there are more, a batch's
    loss is divided by the sum of its weights.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fencepost.sklearn import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = CNNClassifier(input_shape=(8, 8), random_state=0).fit(X[:1000], y[:1000])
    >>> classifier.score(X[1000:], y[1000:]) > 0.95
    True
    """

    def __init__(
        self,
        network: Any = None,
        *,
        input_shape: Any = None,
        signals: bool = False,
        epochs: int | None = None,
        batch_size: int = 64,
        optimizer: Any = None,
        lr: float | None = None,
        schedule: Any = None,
        loss: Any = None,
        augmentation: Any = None,
        class_weight: Any = None,
        validation_fraction: float | None = None,
        early_stopping: int | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: bool | int = False,
    ) -> None:
        super().__init__(
            network,
            input_shape=input_shape,
            signals=signals,
            epochs=epochs,
            batch_size=batch_size,
            optimizer=optimizer,
            lr=lr,
            schedule=schedule,
            loss=loss,
            augmentation=augmentation,
            validation_fraction=validation_fraction,
            early_stopping=early_stopping,
            warm_start=warm_start,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> CNNClassifier:
        """Train a network on samples and their labels.

        Parameters
        ----------
        X : array_like, shape (N, C, H, W), (N, H, W) or (N, F)
        y : array_like, shape (N,)
            Strings, integers or truths.
        sample_weight : array_like, shape (N,), optional
            How much each sample counts.
        """
        samples, y, shape = check_fit_data(self, X, y)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        weights = check_weights(sample_weight, samples)
        if weights is not None:
            samples, y, weights = samples[weights > 0], y[weights > 0], weights[weights > 0]
        classes, targets = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise DataError(
                "y must have at least two classes. Received: 1 class, "
                f"{classes.tolist()[0]!r}, among the {len(y):,} samples that count."
            )
        seed = self._seed()
        network = self._start(shape, len(classes), seed)
        before = np.asarray(getattr(self, "classes_", classes))
        if self.warm_start and not np.array_equal(before, classes):
            raise DataError(
                "warm_start=True needs the classes of the last fit. Received: "
                f"{classes.tolist()} after {before.tolist()}."
            )
        if self.class_weight is not None:
            weights = np.ones(len(y)) if weights is None else weights
            weights = weights * self._class_weights(classes, targets, y, weights)[targets]
        samples, targets, weights = self._prepare(samples, targets.astype(np.int64), weights)
        self.classes_ = classes
        names = [str(label) for label in classes]
        network.class_names = names if len(set(names)) == len(names) else None
        self._train(network, samples, targets, weights, seed)
        return self

    def _class_weights(
        self,
        classes: NDArray[Any],
        targets: NDArray[Any],
        y: NDArray[Any],
        weights: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        if isinstance(self.class_weight, str) and self.class_weight == "balanced":
            counts = np.bincount(targets, weights)
            balanced: NDArray[np.float64] = counts.sum() / (len(classes) * counts)
            return balanced
        given: NDArray[np.float64] = compute_class_weight(self.class_weight, classes=classes, y=y)
        return given

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each sample, (N,), as `y` had them."""
        outputs = self._outputs(X)
        labels: NDArray[Any] = self.classes_[outputs.argmax(axis=1)]
        return labels

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Return the probability of each of `classes_`: (N, classes), float32."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> NDArray[np.float32]:
        """Return the logarithm of the probability of each of `classes_`."""
        return log_softmax(self._outputs(X)).astype(np.float32)
