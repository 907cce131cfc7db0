"""`CNNRegressor`: a convolutional network as a regressor of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from ..layers import Linear
from ..network import Network
from .base import NetworkEstimator
from .samples import check_fit_data, check_weights

__all__ = ["CNNRegressor"]


class CNNRegressor(RegressorMixin, NetworkEstimator):
    """A convolutional network as a regressor of scikit-learn, of one target or several.

    A network that ends in `Linear` learns targets less their mean, in units of their standard
    deviation; both are then put into that layer, so that `network_` gives the targets themselves.

    Parameters
    ----------
    network, input_shape, signals, epochs, batch_size, optimizer, lr, schedule, loss, augmentation
        As for `CNNClassifier`.
    validation_fraction, early_stopping, warm_start, random_state, n_jobs, verbose
        As for `CNNClassifier`.

    Attributes
    ----------
    network_ : fencepost.Network
        The trained network: `network_.save` writes it, `network_.export` makes ONNX of it.
    history_ : fencepost.training.History
        Loss of each epoch.
    n_iter_ : int
        Epochs of training.
    n_features_in_ : int
        Elements of a sample.
    feature_names_in_ : ndarray of str
        Names of the columns, where X had some.

    Examples
    --------
    >>> import numpy as np
    >>> from fencepost.sklearn import CNNRegressor
    >>> X = np.random.default_rng(0).random((400, 8, 8))
    >>> y = 100 * X[:, 2:6, 2:6].mean(axis=(1, 2))  # how bright the middle is
    >>> regressor = CNNRegressor(lr=0.01, random_state=0).fit(X[:300], y[:300])
    >>> regressor.score(X[300:], y[300:]) > 0.8
    True
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> CNNRegressor:
        """Train a network on samples and their targets.

        Parameters
        ----------
        X : array_like, shape (N, C, H, W), (N, H, W) or (N, F)
        y : array_like, shape (N,) or (N, targets)
        sample_weight : array_like, shape (N,), optional
            How much each sample counts.
        """
        samples, y, shape = check_fit_data(
            self, X, y, multi_output=True, y_numeric=True, ensure_min_samples=2
        )
        weights = check_weights(sample_weight, samples)
        targets = np.asarray(y, np.float64)
        if weights is not None:
            samples, targets = samples[weights > 0], targets[weights > 0]
            weights = weights[weights > 0]
        flat = targets.ndim == 1
        targets = targets.reshape(len(targets), -1)
        seed = self._seed()
        network = self._start(shape, targets.shape[1], seed)
        samples, targets, weights = self._prepare(samples, targets, weights)
        if isinstance(network.layers[-1], Linear):
            mean = np.average(targets, 0, weights)
            std = np.sqrt(np.average((targets - mean) ** 2, 0, weights))
            std[std == 0] = 1
        else:
            mean, std = np.zeros(targets.shape[1]), np.ones(targets.shape[1])
        if getattr(self, "network_", None) is not None and self.warm_start:
            _rescale(network, -mean / std, 1 / std)
        standardized = ((targets - mean) / std).astype(np.float32)
        self._train(network, samples, standardized, weights, seed)
        _rescale(network, mean, std)
        self._flat = flat
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the targets of each sample: (N,) or (N, targets), as `y` had them."""
        outputs = self._outputs(X).astype(np.float64)
        return outputs[:, 0] if self._flat else outputs


def _rescale(network: Network, shift: NDArray[np.float64], factor: NDArray[np.float64]) -> None:
    """Make every output `factor` times what it was, plus `shift`."""
    if not isinstance(network.layers[-1], Linear):
        return
    last = len(network.layers) - 1
    with network.engine_weights.lent() as arrays:
        weight, bias = (arrays.parameters[f"{last}.{name}"] for name in ("weight", "bias"))
        weight[...] = weight * factor[:, None]
        bias[...] = bias * factor + shift
