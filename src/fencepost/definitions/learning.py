"""What is minimised in training, and one step of each way to do it.

Steps return new arrays and change nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_float


def softmax(scores: ArrayLike) -> Array:
    """Return exp(sⱼ) / Σₖ exp(sₖ) along the last axis.

    The largest score is subtracted first, which changes nothing and cannot overflow.

    >>> softmax([[0, 0], [1000, 0]])
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    return np.exp(_log_softmax(as_float(scores)))


def cross_entropy(
    scores: ArrayLike,
    targets: ArrayLike,
    *,
    label_smoothing: float = 0.0,
    class_weights: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Return the mean over images of −Σⱼ w(j) · q(j) · log softmax(scores)(j).

    q is 1 for the target's class and 0 for others, mixed with equal shares of `label_smoothing`;
    with weights, the mean is Σ losses / Σ w(target). Both as in PyTorch:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html

    Parameters
    ----------
    scores : array_like, (N, classes)
        Before any softmax.
    targets : array_like of int, (N,), or of float, (N, classes)
        The class of each image; or the shares of all classes, as mixup and CutMix make them, which
        sum to 1 and of which q is made. With class weights w(target) is then the sum over the
        classes of share · w, so that shares of 0 and 1 are a class.
    label_smoothing : float
        C. Szegedy et al., Rethinking the inception architecture, 2015, section 7.
    class_weights : array_like, (classes,), optional
        1 for each class if None.
    sample_weight : array_like, (N,), optional
        How much each image counts, in the sum of the losses and in what it is divided by: an
        image of weight 2 counts as two of weight 1.

    >>> round(cross_entropy([[0, 0, 0, 0]], [2]), 4)  # log 4
    1.3863
    """
    scores = as_float(scores)
    classes = scores.shape[1]
    weights = np.ones(classes) if class_weights is None else as_float(class_weights)
    images = np.ones(len(scores)) if sample_weight is None else as_float(sample_weight)
    shares = np.asarray(targets)
    if shares.ndim == 1:
        shares = np.eye(classes)[shares.astype(int)]
    total = weight = 0.0
    for logarithms, target, own in zip(_log_softmax(scores), shares, images, strict=True):
        for j in range(classes):
            share = label_smoothing / classes + (1 - label_smoothing) * target[j]
            total -= own * weights[j] * share * logarithms[j]
            weight += own * weights[j] * target[j]
    return float(total / weight)


def mean_squared_error(
    values: ArrayLike, targets: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Return the mean of (value − target)² over all images and values.

    With `sample_weight`, (N,), the mean is weighted: an image of weight 2 counts as two.

    >>> mean_squared_error([[1, 2]], [[1, 4]])
    2.0
    """
    squares = (as_float(values) - as_float(targets)) ** 2
    images = np.ones(len(squares)) if sample_weight is None else as_float(sample_weight)
    return float(np.average(squares.reshape(len(squares), -1).mean(axis=1), weights=images))


def sgd_step(
    parameter: ArrayLike,
    gradient: ArrayLike,
    velocity: ArrayLike,
    *,
    rate: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> tuple[Array, Array]:
    """Return parameter and velocity after one step of stochastic gradient descent.

    With g = gradient + weight_decay · parameter: velocity ← momentum · velocity + g, and the
    parameter goes down by rate · velocity, or with Nesterov's look ahead by
    rate · (g + momentum · velocity). As in PyTorch, with velocity 0 before the first step:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html

    >>> sgd_step([1.0], [2.0], [10.0], rate=0.1, momentum=0.5)
    (array([0.3]), array([7.]))
    """
    parameter = as_float(parameter)
    slope = as_float(gradient) + weight_decay * parameter
    velocity = momentum * as_float(velocity) + slope
    step = slope + momentum * velocity if nesterov else velocity
    return parameter - rate * step, velocity


def adam_step(
    parameter: ArrayLike,
    gradient: ArrayLike,
    mean: ArrayLike,
    square: ArrayLike,
    *,
    step: int,
    rate: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[Array, Array, Array]:
    """Return parameter and both moments after one step of Adam; `step` counts from 1.

    With g = gradient + weight_decay · parameter: mean ← β₁ · mean + (1 − β₁) · g and
    square ← β₂ · square + (1 − β₂) · g²; the parameter goes down by
    rate · (mean / (1 − β₁ᵗ)) / (√(square / (1 − β₂ᵗ)) + eps). D. Kingma, J. Ba, Adam, 2014,
    algorithm 1; weight decay as in PyTorch:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html

    >>> parameter, mean, square = adam_step([1.0], [5.0], [0.0], [0.0], step=1, rate=0.1)
    >>> parameter.round(6)  # the first step is of length rate, whatever the gradient's
    array([0.9])
    """
    parameter = as_float(parameter)
    slope = as_float(gradient) + weight_decay * parameter
    mean = betas[0] * as_float(mean) + (1 - betas[0]) * slope
    square = betas[1] * as_float(square) + (1 - betas[1]) * slope**2
    unbiased_mean = mean / (1 - betas[0] ** step)
    unbiased_square = square / (1 - betas[1] ** step)
    return parameter - rate * unbiased_mean / (np.sqrt(unbiased_square) + eps), mean, square


def adamw_step(
    parameter: ArrayLike,
    gradient: ArrayLike,
    mean: ArrayLike,
    square: ArrayLike,
    *,
    step: int,
    rate: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.01,
) -> tuple[Array, Array, Array]:
    """Return parameter and both moments after one step of AdamW; arguments are `adam_step`'s.

    The parameter is first made smaller by rate · weight_decay · parameter, and Adam's step is of
    the gradient alone. I. Loshchilov, F. Hutter, Decoupled weight decay regularization, 2017,
    algorithm 2, with PyTorch's meaning of weight_decay:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html
    """
    decayed = as_float(parameter) * (1 - rate * weight_decay)
    return adam_step(decayed, gradient, mean, square, step=step, rate=rate, betas=betas, eps=eps)


def clip_by_norm(gradient: ArrayLike, max_norm: float) -> Array:
    """Return the gradient, made shorter if its norm is more than `max_norm`.

    The norm is that of all parameters' gradients together. As in PyTorch:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html

    >>> clip_by_norm([3.0, 4.0], 1.0).round(4)
    array([0.6, 0.8])
    """
    gradient = as_float(gradient)
    return gradient * min(1.0, max_norm / (float(np.sqrt((gradient**2).sum())) + 1e-6))


def average_step(average: ArrayLike, values: ArrayLike, *, decay: float, step: int) -> Array:
    """Return the exponential moving average after step `step`, which counts from 1.

    decay · average + (1 − decay) · values, where decay is at most (1 + step) / (10 + step): a
    young average forgets the values that it began with, as
    https://www.tensorflow.org/api_docs/python/tf/train/ExponentialMovingAverage has it.

    >>> average_step([1.0], [2.0], decay=0.999, step=1).round(4)
    array([1.8182])
    """
    decay = min(decay, (1 + step) / (10 + step))
    return decay * as_float(average) + (1 - decay) * as_float(values)


def _log_softmax(scores: Array) -> Array:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return as_float(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
