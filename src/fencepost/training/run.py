"""The training loop: slices of steps, epochs, the best weights, checkpoints, Ctrl-C.

The whole state of a run is in `TrainingRun`: arrays that a backend changes in place, and how far
it is. All randomness follows from the seed and the index of the step, so a run that is put back to
any step boundary goes on exactly as before.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, DivergedError
from ..remedies import in_python, setting
from ..text import plural
from .backends.backend import Arrays, Backend
from .batches import batch_sizes
from .checkpoints import Checkpoint
from .data import Subset
from .history import Epoch, History
from .loop.interrupts import Interrupts
from .loop.pace import Pace
from .loop.progress import Progress
from .loop.stopping import outcome
from .options import RunOptions
from .trainable import Floats

# One call of the backend runs about this long: rarely enough to cost nothing, often enough that
# Ctrl-C and the progress bar feel immediate.
SLICE_SECONDS = 0.1


class _Stopped(Exception):
    """Ctrl-C was pressed, and a step boundary reached."""


class TrainingRun:
    """One training, from its first step or from a checkpoint's, to its end."""

    def __init__(
        self,
        backend: Backend,
        model: Arrays,
        options: RunOptions,
        training: Subset,
        validation: Subset | None,
        settings: dict[str, Any],
    ) -> None:
        self._backend = backend
        self._processes = backend.processes
        self._model = model
        self._options = options
        self._training = training
        self._validation = validation
        self._settings = settings
        self._sizes = batch_sizes(len(training), options.batch_size)
        self._slots = backend.slots
        self._losses = np.zeros(len(self._sizes), np.float32)
        self._epoch = 0
        self._step = 0
        self._correct = 0
        self._seconds = 0.0
        self._pace = Pace(options, len(self._sizes))
        self._validation_steps = len(validation or ()) / options.batch_size
        self._best: tuple[Floats, Floats] | None = None
        self._good = self._evaluated()
        self._lowest_loss: float | None = None
        self._steps_per_slice = 1
        self._saved_at = time.monotonic()
        self._path: Path | None = None
        self._save_seconds = 0.0
        self.history = History(settings=settings)

    def save_to(self, path: Path, every: float) -> None:
        """Write checkpoints to `path` from now on: now, each epoch, and every so many seconds."""
        if not self._processes.is_first:
            return
        self._path, self._save_seconds = path, every
        try:
            self._checkpoint().save(path)
        except OSError as error:
            raise DataError(
                f"the checkpoint {path} cannot be written: {error.strerror or error}. "
                "Use a path in an existing, writable folder with enough space."
            ) from error

    def restore(self, path: Path, checkpoint: Checkpoint) -> None:
        """Put the run where `checkpoint` left it."""
        arrays = {**self._arrays(), **self._best_arrays(empty=True)}
        fits = all(
            name in arrays
            and arrays[name].shape == array.shape
            and arrays[name].dtype == array.dtype
            for name, array in checkpoint.arrays.items()
        )
        if not fits or not self._arrays().keys() <= checkpoint.arrays.keys():
            raise DataError(
                f"the arrays of the checkpoint {path} are not those of this network. "
                "Use the network that it was written for, or start afresh."
            )
        epochs, running = self._options.epochs, checkpoint.history.outcome == "running"
        if checkpoint.step > len(self._sizes) or (
            epochs is not None and checkpoint.epoch > epochs - running
        ):
            raise DataError(
                f"the checkpoint {path} is damaged: it is at step {checkpoint.step} of epoch "
                f"{checkpoint.epoch + 1}, but an epoch has {len(self._sizes)} steps"
                + ("." if epochs is None else f", the training {plural(epochs, 'epoch')}.")
            )
        for name, array in self._arrays().items():
            array[...] = checkpoint.arrays[name]
        if "best_parameters" in checkpoint.arrays:
            best = checkpoint.arrays["best_parameters"], checkpoint.arrays["best_state"]
            self._best = (best[0].copy(), best[1].copy())
        self._good = self._evaluated()
        self._pace.start(checkpoint.spent)
        self._epoch, self._step = checkpoint.epoch, checkpoint.step
        self._correct, self._seconds = checkpoint.correct, checkpoint.seconds
        self.history = checkpoint.history
        self._backend.load()

    def train(self, progress: Progress, on_epoch: Callable[[Epoch], object] | None) -> History:
        """Train to the end.

        Raises KeyboardInterrupt: After Ctrl-C, at a step boundary, with the checkpoint written.
        Raises DivergedError: When the loss became NaN or infinite, with the last good weights put
        back.
        """
        with Interrupts(terminate=self._processes.count > 1) as interrupts:
            progress.start(self._pace.fraction(self._done))
            try:
                while self.history.outcome == "running":
                    self._train_epoch(interrupts, progress)
                    self._end_epoch(interrupts, progress, on_epoch)
                self._check_stopped(interrupts)
            except _Stopped:
                self._backend.store()
                self._save()
                raise KeyboardInterrupt from None
            finally:
                progress.close()
                self._use_best()
        return self.history

    def _train_epoch(self, interrupts: Interrupts, progress: Progress) -> None:
        """Take the steps up to the end of the epoch."""
        options, data = self._options, self._training
        order = data.order(options.seed, self._epoch, options.oversample)
        data.expect(order[self._step * options.batch_size :])
        # Of several processes each must take part in every step: none may stop while it waits.
        stop = (lambda: interrupts.requested) if self._processes.count == 1 else None
        while self._step < len(self._sizes) and not (self._step and self._out_of_time()):
            self._check_stopped(interrupts)
            first = self._step
            steps = self._processes.agree(self._pace.fitting(self._steps_per_slice))
            last = min(first + steps, len(self._sizes))
            offset = self._epoch * len(self._sizes)
            rates = self._rates(range(offset + first, offset + last))
            chosen = order[first * options.batch_size : int(self._sizes[:last].sum())]
            asked = time.perf_counter()
            if not data.ready(chosen, stop):
                continue
            begin = time.perf_counter()
            losses, correct = self._backend.run(
                data.images,
                data.targets,
                chosen,
                rates,
                offset + first,
                data.weights,
            )
            elapsed = time.perf_counter() - begin
            data.check()
            self._losses[first:last] = losses
            self._step, self._correct = last, self._correct + correct
            self._seconds += begin - asked + elapsed
            self._pace.step_took((begin - asked + elapsed) / (last - first), self._validation_steps)
            self._check(losses, offset + first)
            ideal = int(SLICE_SECONDS * (last - first) / max(elapsed, 1e-9))
            self._steps_per_slice = max(1, min(ideal, 4 * self._steps_per_slice))
            self._report(progress)
            if self._path and time.monotonic() - self._saved_at > self._save_seconds:
                self._backend.store()
                self._save()

    def _end_epoch(
        self, interrupts: Interrupts, progress: Progress, on_epoch: Callable[[Epoch], object] | None
    ) -> None:
        """Validate, note what happened, keep what is best, decide whether to go on."""
        begin = time.perf_counter()
        validation_loss, validation_accuracy = self._validate(interrupts)
        self._pace.reserve = time.perf_counter() - begin
        self._backend.store()
        loss, accuracy = self._figures()
        record = Epoch(
            epoch=self._epoch + 1,
            loss=loss,
            accuracy=accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            lr=self._pace.rate(self._done - 1),
            seconds=self._seconds,
            images_per_second=self._speed(),
        )
        if self._lowest_loss is None:
            self._lowest_loss = float(self._losses[0])  # that of the weights it began with
        if loss <= self._lowest_loss:
            self._lowest_loss = loss
            self._good = self._evaluated()
        self.history.epochs.append(record)
        self.history.best_epoch = _best_epoch(self.history.epochs)
        is_best = self.history.best_epoch == record.epoch
        if is_best and self._options.keep_best:
            self._best = self._evaluated()
        self._epoch, self._step, self._correct, self._seconds = self._epoch + 1, 0, 0, 0.0
        progress.epoch_done(record, is_best)
        asked = on_epoch is not None and self._processes.is_first and on_epoch(record) is True
        asked_to_stop = bool(self._processes.agree(asked))
        self.history.outcome = outcome(
            self._options, self.history, self._out_of_time(), asked_to_stop
        )
        self._save()

    def _validate(self, interrupts: Interrupts) -> tuple[float | None, float | None]:
        if self._validation is None:
            return None, None
        loss = self._options.loss
        total = weight = 0.0
        correct = 0
        for images, targets in self._validation.chunks():
            self._check_stopped(interrupts)
            outputs = self._backend.forward(images)
            chunk_total, chunk_weight = loss.totals(outputs, targets)
            total, weight = total + chunk_total, weight + chunk_weight
            if loss.counts_classes:
                correct += int((outputs.argmax(axis=1) == targets).sum())
        mean = total / weight if weight else 0.0
        if not np.isfinite(mean):
            self._diverged("the validation loss", mean, self._done - 1)
        return mean, correct / len(self._validation) if loss.counts_classes else None

    def _figures(self) -> tuple[float, float | None]:
        """Return mean loss and accuracy of the epoch so far."""
        sizes = self._sizes[: self._step]
        images = int(sizes.sum())
        loss = float(np.dot(self._losses[: self._step].astype(np.float64), sizes)) / images
        return loss, self._correct / images if self._options.loss.counts_classes else None

    def _report(self, progress: Progress) -> None:
        loss, accuracy = self._figures()
        done = self._pace.fraction(self._done)
        progress.advance(done, self._epoch, loss, accuracy, self._speed())

    @property
    def _done(self) -> int:
        """How many steps are done."""
        return self._epoch * len(self._sizes) + self._step

    def _speed(self) -> float:
        """Images per second in this epoch."""
        return float(self._sizes[: self._step].sum()) / max(self._seconds, 1e-9)

    def _evaluated(self) -> tuple[Floats, Floats]:
        """Return a copy of parameters and state as they are evaluated: averages, if there are."""
        parameters, state = self._backend.averages or (self._model.parameters, self._model.state)
        return parameters.copy(), state.copy()

    def _rates(self, steps: range) -> Floats:
        # They may follow from the time, which no two processes have the same of.
        return self._processes.from_first(lambda: self._pace.rates(steps))

    def _out_of_time(self) -> bool:
        return bool(self._processes.agree(self._pace.out_of_time()))

    def _check_stopped(self, interrupts: Interrupts) -> None:
        """Stop where Ctrl-C was pressed in any of the processes."""
        if self._processes.agree(interrupts.requested):
            raise _Stopped

    def _check(self, losses: Floats, first: int) -> None:
        if not np.isfinite(losses).all():
            bad = int(np.argmin(np.isfinite(losses)))
            self._diverged("the loss", float(losses[bad]), first + bad)

    def _diverged(self, what: str, value: float, step: int) -> None:
        lr = self._options.optimizer.lr
        parameters, state = self._best or self._good
        self._model.parameters[...], self._model.state[...] = parameters, state
        raise DivergedError(
            f"training diverged: {what} became {value} at step {step + 1} (epoch "
            f"{self._epoch + 1}), where the learning rate was {self._pace.rate(step):.3g}. "
            "The network was reset to its last good weights. Try a lower learning rate, such as "
            f"{setting('lr', float(f'{lr / 10:g}'))}"
            f"{in_python('; a warm-up, such as schedule=fencepost.training.Cosine(warmup=0.1)')}; "
            "BatchNorm after each convolution; and look for extreme values among the images or "
            "targets."
        )

    def _use_best(self) -> None:
        best = self._best or self._backend.averages
        if best is not None:
            self._model.parameters[...], self._model.state[...] = best

    def _arrays(self) -> dict[str, NDArray[Any]]:
        names = ("average_parameters", "average_state")
        return dict(zip(names, self._backend.averages or (), strict=False)) | {
            "parameters": self._model.parameters,
            "state": self._model.state,
            "slots": self._slots,
            "losses": self._losses,
        }

    def _best_arrays(self, empty: bool = False) -> dict[str, NDArray[Any]]:
        best = (self._model.parameters, self._model.state) if empty else self._best
        return {} if best is None else {"best_parameters": best[0], "best_state": best[1]}

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            settings=self._settings,
            arrays={**self._arrays(), **self._best_arrays()},
            epoch=self._epoch,
            step=self._step,
            correct=self._correct,
            seconds=self._seconds,
            spent=self._pace.spent,
            history=self.history,
        )

    def _save(self) -> None:
        """Save, if asked to at all; if it fails, warn and go on.

        A disk that is full now may not be so later, and the earlier checkpoint is complete: hours
        of training are not thrown away for it.
        """
        if self._path is None:
            return
        self._saved_at = time.monotonic()
        try:
            self._checkpoint().save(self._path)
        except OSError as error:
            warnings.warn(
                f"the checkpoint {self._path} could not be written: {error.strerror or error}. "
                "Training continues; the previous checkpoint is kept, and the next will be tried.",
                RuntimeWarning,
                stacklevel=2,
            )


def _best_epoch(epochs: list[Epoch]) -> int | None:
    """Return the epoch with the best validation (accuracy, else loss); of equals the earliest."""
    scores = [
        -epoch.validation_loss if epoch.validation_accuracy is None else epoch.validation_accuracy
        for epoch in epochs
        if epoch.validation_loss is not None
    ]
    return 1 + scores.index(max(scores)) if scores else None
