"""`fit`: from a network, images and labels to a trained network.

Checks and resolves every argument, then hands over to the loop in ``run``.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import flag, integer, real
from ..arguments import seed as seed_of
from ..arrays import ANY, as_array
from ..datasets.dataset import Dataset
from ..errors import ArgumentError, DataError
from ..remedies import in_python, setting, spelled
from ..threads import as_threads, get_num_threads
from .augmentation import Augmentation, as_augmentation
from .backends.backend import Arrays, Backend
from .backends.choice import Choice
from .batches import require_normalizable
from .checkpoints import Checkpoint, compare_settings, with_more_epochs
from .data import DataSpec, Subset, Validation, as_weights, content_hash, normalization_of, split
from .history import Epoch, History
from .loop import progress as progress_bars
from .loop.measuring import (
    calibrate,
    compare_ranges,
    warn_of_changes,
    warn_of_copies,
    warn_of_last_channels,
    warn_of_standstill,
)
from .losses import CrossEntropy, Loss, as_loss, check_balance
from .optimizers import Optimizer, as_optimizer
from .options import RunOptions
from .run import TrainingRun
from .schedules import Schedule, as_schedule
from .trainable import Trainable

_EPOCHS = 10


def fit(
    net: Trainable,
    images: ArrayLike,
    labels: ArrayLike,
    *,
    epochs: int | None = None,
    batch_size: int = 64,
    optimizer: Optimizer | str | None = None,
    lr: float | None = None,
    schedule: Schedule | str | None = None,
    loss: Loss | str | None = None,
    augmentation: Augmentation | str | None = None,
    sample_weight: ArrayLike | None = None,
    balance: str | None = None,
    clip_norm: float | None = None,
    ema: float | None = None,
    validation: Validation = None,
    early_stopping: int | None = None,
    target_accuracy: float | None = None,
    time_limit: float | None = None,
    keep_best: bool = True,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_seconds: float = 10.0,
    resume: bool = False,
    seed: int = 0,
    threads: int | None = None,
    backend: str = "engine",
    device: str = "auto",
    progress: bool | None = None,
    on_epoch: Callable[[Epoch], object] | None = None,
) -> History:
    """Train `net` on images and labels.

    Parameters
    ----------
    net : Network
        Its weights are changed in place. Without a normalisation it gets one: the mean and
        standard deviation of each channel of `images`.
    images : array_like, shape (N, C, H, W), (N, C, W) or (N, F)
        As the network's input; uint8 or float32 are used where they are, without a copy. Those of
        a folder may be decoded as they are needed (`fencepost.datasets.LazyImages`).
    labels : array_like
        Class indices, shape (N,), or for regression floats, shape (N, F) or, of a network with one
        output, any numbers, shape (N,). Classes may be one-hot rows, shape (N, classes), or names,
        which become the network's `class_names`, sorted, if it has none.
    epochs : int, optional
        Passes over the images: 10, or with a `time_limit` as many as there is time for.
    batch_size : int
        Images per step. The last batch of an epoch may be smaller (if it were of one image, it is
        left out).
    optimizer : SGD, Adam, AdamW or their names, default Adam
    lr : float, optional
        The peak learning rate, in place of the optimizer's own.
    schedule : Constant, Step, Cosine, OneCycle or their names, default OneCycle
    loss : CrossEntropy, MeanSquaredError, "cross_entropy" or "mse"
        By default cross-entropy if the labels are classes, else the mean squared error.
    augmentation : Augmentation or text such as "light", "strong" or "shift=2,rotate=10"
        Of images only: labels that are maps of them, such as masks, are not changed.
    sample_weight : array_like, shape (N,), optional
        How much each image counts: one of weight 2 as two of weight 1. A batch's loss is divided
        by the sum of its weights, as PyTorch divides by that of class weights. Validation is not
        weighted.
    balance : {"weights", "oversample"}, optional
        For classes of unequal size. "weights": each class counts alike in the loss, see
        `CrossEntropy.balanced`. "oversample": each class is shown equally often, in epochs of as
        many images as there are.
    clip_norm : float, optional
        The largest norm that the gradient of all parameters together may have; a larger one is
        scaled down (PyTorch's ``clip_grad_norm_``).
    ema : float, optional
        Decay of an exponential moving average of the weights, such as 0.999: after each step it
        moves towards them by 1 - ema (more in the first steps), and BatchNorm's statistics with
        it, as PyTorch's ``AveragedModel(use_buffers=True)``. Validation uses the average, and the
        network ends with it.
    validation : (images, labels), Dataset or float, optional
        Measured after each epoch; the classes of a `Dataset` are matched by name. A fraction such
        as 0.1 is taken out of the images at random, of each class in the same proportion, and
        copies of an image are not separated. Copies of training images are warned of. At the end a
        classifier is calibrated with them: see `fencepost.Network.calibrate`.
    early_stopping : int, optional
        Stop after this many epochs without improvement in validation (accuracy, or loss in
        regression).
    target_accuracy : float, optional
        Stop after the first epoch whose validation accuracy is at least this, such as 0.99.
    time_limit : float, optional
        Seconds that training may take, validation included. The schedule is stretched over them,
        and the last epoch may be incomplete. The result depends on the machine's speed.
    keep_best : bool
        With validation: leave the network with the weights of its best epoch, however training
        ends. Of equally good epochs, the earliest counts.
    checkpoint : path, optional
        Written at the start, after each epoch, every `checkpoint_seconds` within it, and at Ctrl-C.
        If the disk fills up during training, a warning is given and training continues.
    resume : bool
        Continue from `checkpoint` if it exists: the result is the same, bit for bit, as that of an
        uninterrupted run. Needs the same settings and data; the number of threads is taken from the
        checkpoint. A finished run continues if `epochs` is larger now: with the optimizer's state,
        under the schedule of all epochs together. (Without a checkpoint, `fit` starts from the
        network's weights, with a new optimizer state and schedule.)
    seed : int
        Seed for the order of images, augmentation and dropout (the initial weights have the
        network's own seed). The same seed and threads give the same weights, bit for bit.
    threads : int, optional
        By default `fencepost.get_num_threads()`, shared among the processes of a machine.
    backend : {"engine", "torch"}
        What runs the training steps. PyTorch takes the same steps on the same batches and gives the
        same network, up to rounding; dropout uses other random numbers. If `torchrun` started
        several processes, all call `fit` with the same arguments, each takes its share of every
        batch, and the first alone reports and writes the checkpoint.
    device : {"auto", "cpu", "cuda"}
        For PyTorch: "auto" uses a GPU if there is one, and "cuda" requires one.
    progress : bool, optional
        True for a bar on standard error, False for nothing. By default a bar at a terminal and in
        notebooks, elsewhere a line for each epoch.
    on_epoch : callable, optional
        Called with an `Epoch` after each epoch; training stops if it returns True.

    Raises
    ------
    ArgumentError
        A setting out of range, or settings other than the checkpoint's.
    DataError
        Images or labels that do not fit, or a checkpoint that cannot be read or written.
    DivergedError
        The loss became NaN or infinite. The network has its last good weights.
    TrainingError
        Another of several processes has ended. `resume` continues from the checkpoint.
    KeyboardInterrupt
        Ctrl-C. The network is usable, and the checkpoint written.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> from fencepost.training import fit
    >>> images = np.zeros((200, 1, 8, 8), np.uint8)
    >>> images[:100, :, :, 2] = images[100:, :, 5] = 255  # a vertical or a horizontal bar
    >>> labels = np.repeat([0, 1], 100)
    >>> net = fp.Network((1, 8, 8), [fp.Conv2d(4, 3), fp.ReLU(), fp.Flatten(), fp.Linear(2)])
    >>> history = fit(net, images, labels, epochs=5)
    >>> history["accuracy"][-1]
    1.0
    """
    path = _checkpoint_path(checkpoint, flag("resume", resume))
    checkpoint_seconds = real("checkpoint_seconds", checkpoint_seconds, 0)
    chosen = Choice(backend, device)
    processes = chosen.processes
    stored = None if path is None else processes.from_first(lambda: _stored(path, resume))
    if threads is None:
        threads = max(1, get_num_threads() // processes.local_count)
        threads = threads if stored is None else int(stored.settings["threads"])
    outputs = math.prod(net.output_shape)
    if epochs is None and time_limit is None:
        epochs = _EPOCHS
    targets = as_array("labels", labels, kinds=ANY)
    options = RunOptions(
        epochs=None if epochs is None else integer("epochs", epochs, 1),
        batch_size=integer("batch_size", batch_size, 1),
        optimizer=as_optimizer(optimizer, lr=lr),
        schedule=as_schedule(schedule),
        loss=as_loss(loss, targets, outputs),
        augmentation=as_augmentation(augmentation, net.input_shape),
        seed=seed_of("seed", seed),
        threads=as_threads("threads", threads),
        keep_best=flag("keep_best", keep_best),
        patience=_patience(early_stopping, validation),
        target_accuracy=_target(target_accuracy, validation),
        time_limit=_optional("time_limit", time_limit, 0, above=True),
        clip_norm=_optional("clip_norm", clip_norm, 0, above=True),
        average_decay=_optional("ema", ema, 0, 1, above=True, below=True),
        oversample=balance == "oversample",
    )
    options.loss.check_outputs(outputs)
    _require_logits(net, options.loss)
    check_balance(balance, options.loss)
    spec = DataSpec.of(net, options.loss, targets)
    warn_of_last_channels(net.input_shape)
    given = spec.checked(images, labels, training=True)
    given = given.weighted(as_weights(sample_weight, len(given)))
    if options.augmentation is not None:
        options.augmentation.check_input(net.input_shape, given.sample())
        options.augmentation.check_targets(net.input_shape, given.own_targets)
    training, held_out = split(given, validation, spec, options.seed)
    if balance == "weights" and isinstance(options.loss, CrossEntropy):
        labels = training.own_targets
        weighted = CrossEntropy.balanced(labels, outputs, options.loss.label_smoothing)
        options = dataclasses.replace(options, loss=weighted)
    require_normalizable(net, len(training), options.batch_size)
    mean, std = net.normalization or normalization_of(given)
    with net.engine_weights.lent() as (parameters, state, *_):
        arrays = Arrays(parameters, state, mean, np.reciprocal(std))
        # No step takes more images than there are: room is made for these.
        most = max(len(training), processes.count)
        largest = dataclasses.replace(options, batch_size=min(options.batch_size, most))
        computing = chosen.make(net, arrays, largest, training.sample())
        settings = _settings(
            net, arrays, computing, options, training, held_out, with_data=path is not None
        )
        run = TrainingRun(computing, arrays, options, training, held_out, settings)
        if path is not None:
            if stored is not None:
                stored = with_more_epochs(stored, settings)
                compare_settings(path, stored.settings, settings)
                run.restore(path, stored)
            run.save_to(path, checkpoint_seconds)
        net.normalization, net.class_names = (mean, std), spec.class_names
        given_apart = isinstance(validation, Dataset | tuple | list)
        compare_ranges(net, arrays, given, held_out if given_apart else None)
        net.calibration = None
        shown = progress if processes.is_first else False
        before = parameters.copy()
        try:
            history = run.train(progress_bars.choose(shown, options.epochs), on_epoch)
        finally:  # what was trained for one step only was trained
            used = [subset.hashes() for subset in (training, held_out) if subset is not None]
            net.trained_on = net.trained_on.with_hashes(used)
    if held_out is not None and len(net.input_shape) > 1 and processes.is_first:
        warn_of_copies(*used)
    if processes.is_first:
        warn_of_changes(training, held_out)
        if stored is None and time_limit is None and len(history):
            with net.engine_weights.lent() as (parameters, *_):
                warn_of_standstill(before, parameters, options.optimizer.lr)
    if held_out is not None and options.loss.counts_classes:
        calibrate(net, training, held_out, len(history) * len(training))
    return history


def _require_logits(net: Trainable, loss: Loss) -> None:
    layers = net.config()["layers"]
    if isinstance(loss, CrossEntropy) and layers and layers[-1]["type"] == "Softmax":
        raise ArgumentError(
            "cross-entropy takes the softmax of the outputs, as predictions do, so the last layer "
            "must be the one before it. Received: a network that ends with Softmax(), which would "
            "be taken twice. Leave it out."
        )


def _optional(name: str, value: float | None, *bounds: float, **open_ends: bool) -> float | None:
    return None if value is None else real(name, value, *bounds, **open_ends)


def _target(accuracy: float | None, validation: Validation) -> float | None:
    if accuracy is not None and validation is None:
        raise ArgumentError(
            f"{spelled('target_accuracy')} needs validation data to be measured with. Received: "
            f"none. Use {setting('validation', 0.1)}"
            f"{in_python(', or validation=(images, labels)')}."
        )
    return _optional("target_accuracy", accuracy, 0, 1, above=True)


def _patience(early_stopping: int | None, validation: Validation) -> int | None:
    if early_stopping is None:
        return None
    if validation is None:
        raise ArgumentError(
            f"{spelled('early_stopping')} needs validation data to decide when to stop. Received: "
            f"none. Use {setting('validation', 0.1)}"
            f"{in_python(', or validation=(images, labels)')}."
        )
    return integer("early_stopping", early_stopping, 1)


def _checkpoint_path(checkpoint: str | os.PathLike[str] | None, resume: bool) -> Path | None:
    if checkpoint is None:
        if resume:
            raise ArgumentError(
                f"{setting('resume', True)} needs a checkpoint. Received: none. Use "
                f"{setting('checkpoint', 'FILE')}, the same as in the run that was stopped."
            )
        return None
    path = Path(checkpoint)
    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else f"lies in {path.parent}, which is not a folder"
        raise DataError(
            f"{spelled('checkpoint')} must be a file in a folder that exists. Received: {path}, "
            f"which {what}. "
            "Make the folder first, or use another path."
        )
    return path


def _stored(path: Path, resume: bool) -> Checkpoint | None:
    """Load the checkpoint to go on from; refuse to write over a run that can still be resumed."""
    if not path.exists():
        return None
    checkpoint = Checkpoint.load(path)
    if resume:
        return checkpoint
    if checkpoint.history.outcome == "running":
        raise ArgumentError(
            f"the checkpoint {path} holds an unfinished training (after "
            f"{len(checkpoint.history)} epochs), and would be overwritten. Use "
            f"{setting('resume', True)} to resume it, or another path, or remove the file."
        )
    return None


def _settings(
    net: Trainable,
    arrays: Arrays,
    backend: Backend,
    options: RunOptions,
    training: Subset,
    validation: Subset | None,
    with_data: bool,
) -> dict[str, Any]:
    """Return given that decides how a run goes, as JSON has it.

    Two runs with the same settings, from the same weights, are the same. Fingerprints of the data
    cost time, so they are made only if there will be a checkpoint.
    """
    settings: dict[str, Any] = {
        field.name: _plain(getattr(options, field.name)) for field in dataclasses.fields(options)
    }
    settings["images"] = len(training)
    settings["validation images"] = 0 if validation is None else len(validation)
    settings["engine"] = backend.describe()
    if with_data:
        layers = json.dumps(net.config()["layers"])
        settings["layers (fingerprint)"] = content_hash(np.frombuffer(layers.encode(), np.uint8))
        settings["normalization (fingerprint)"] = content_hash(arrays.mean, arrays.scale)
        settings["training data (fingerprint)"] = training.fingerprint()
        settings["validation data (fingerprint)"] = (
            None if validation is None else validation.fingerprint()
        )
    resolved: dict[str, Any] = json.loads(json.dumps(settings))
    return resolved


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {"name": getattr(value, "name", type(value).__name__), **dataclasses.asdict(value)}
    return value
