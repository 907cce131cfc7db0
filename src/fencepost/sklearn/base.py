"""What both estimators do: take samples, make and train a network, and ask it."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..arguments import flag, integer
from ..errors import ArgumentError
from ..network import Network
from .networks import build, sample_shape
from .samples import check_samples, distinct

# Small data are passed so often that training takes about so many steps.
_STEPS = 500
_FEWEST_EPOCHS, _MOST_EPOCHS = 10, 300

Floats = NDArray[np.float32]


class NetworkEstimator(BaseEstimator):
    """Base of the estimators, which describe the arguments."""

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
        validation_fraction: float | None = None,
        early_stopping: int | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.network = network
        self.input_shape = input_shape
        self.signals = signals
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.lr = lr
        self.schedule = schedule
        self.loss = loss
        self.augmentation = augmentation
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _start(self, shape: tuple[int, ...], outputs: int, seed: int) -> Network:
        """Return the network to train: the last one with `warm_start`, else a new one."""
        shape = sample_shape(shape, self.input_shape, flag("signals", self.signals))
        before = getattr(self, "network_", None) if flag("warm_start", self.warm_start) else None
        if before is None:
            return build(self.network, shape, outputs, seed)
        if (before.input_shape, before.output_shape) != (shape, (outputs,)):
            raise ArgumentError(
                "warm_start=True needs data like those of the last fit. Received: a network from "
                f"{before.input_shape} to {before.output_shape[0]} outputs, and data that need one "
                f"from {shape} to {outputs}. Use clone(estimator) to start afresh."
            )
        network: Network = before.copy()
        return network

    def _prepare(
        self,
        samples: NDArray[Any],
        targets: NDArray[Any],
        weights: NDArray[np.float64] | None,
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64] | None]:
        """Return the samples to train on: in one form, where one batch holds all of them."""
        if len(samples) > integer("batch_size", self.batch_size, 1):
            return samples, targets, weights
        return distinct(samples, targets, np.ones(len(samples)) if weights is None else weights)

    def _train(
        self,
        network: Network,
        samples: NDArray[Any],
        targets: NDArray[Any],
        weights: NDArray[np.float64] | None,
        seed: int,
    ) -> None:
        """Train `network`, and keep it with its history."""
        if weights is not None and (weights == weights[0]).all():
            weights = None
        epochs = self.epochs
        if epochs is None:
            steps = -(-len(samples) // self.batch_size)
            epochs = min(max(-(-_STEPS // steps), _FEWEST_EPOCHS), _MOST_EPOCHS)
        self.history_ = network.fit(
            samples.reshape(-1, *network.input_shape),
            targets,
            sample_weight=weights,
            epochs=epochs,
            batch_size=self.batch_size,
            optimizer=self.optimizer,
            lr=self.lr,
            schedule=self.schedule,
            loss=self.loss,
            augmentation=self.augmentation,
            validation=self.validation_fraction,
            early_stopping=self.early_stopping,
            seed=seed,
            threads=_threads(self.n_jobs),
            progress=bool(self.verbose),
        )
        self.n_iter_ = len(self.history_)
        self.network_ = network

    def _seed(self) -> int:
        """Return the seed of weights, order and augmentation."""
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _outputs(self, X: Any) -> Floats:
        """Return the network's outputs, (N, outputs)."""
        check_is_fitted(self)
        rows = check_samples(self, X)
        network = self.network_
        count, lanes = len(rows), network.engine_plan.lanes
        if count <= lanes and len(network.input_shape) == 1:
            # Few rows are summed by other loops than many, which round otherwise. With some more,
            # what is predicted of a row does not depend on its company.
            rows = np.resize(rows, (lanes + 1, rows.shape[1]))
        return network(rows.reshape(-1, *network.input_shape))[:count]


def _threads(jobs: int | None) -> int | None:
    """Return the threads that scikit-learn's `n_jobs` means; -1 are all."""
    if jobs is None:
        return None
    if jobs == -1:
        return os.cpu_count()
    return integer("n_jobs", jobs, 1)
