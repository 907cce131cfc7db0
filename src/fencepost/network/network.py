"""Network: layers whose sizes are checked when they are written, with their weights."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import training
from ..arguments import choice, flag
from ..arguments import seed as seed_of
from ..datasets.content import UNKNOWN, TrainedOn
from ..datasets.dataset import ChannelStatistics
from ..datasets.prepare.input_range import InputRange, as_input_range
from ..errors import ArgumentError, SizeError
from ..layers import Layer
from ..layers.initialization import RULES
from . import (
    evaluation,
    explanation,
    inputs,
    model_files,
    new_classes,
    running,
    sizes,
    travel,
    vectors,
)
from .arguments import (
    as_class_names,
    as_input_shape,
    as_layers,
    as_metadata,
    as_network_arguments,
    as_normalization,
    require_classes,
)
from .chain import LayerChain
from .confidence import calibration
from .evaluation import Evaluation, RegressionEvaluation
from .pictures import Images, named, taken
from .running import Precision
from .vectors import Float32

if TYPE_CHECKING:
    from .._engine import NetworkPlan


class Network(LayerChain, vectors.WithWeights):
    """A sequence of layers with weights; all sizes are checked when it is created.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one image: (channels, height, width), or (channels, width) for signals, or
        (features,).
    layers : sequence of Layer
        At least one.
    normalization : (mean, std), optional
        In the images' own units (0 to 255 for uint8), each a number or one number per channel.
        None: images are used as they are, until `fit` computes mean and standard deviation.
    class_names : sequence of str, optional
        One for each output.
    seed : int
        Seed of the initial weights.
    initialization : {"kaiming_uniform", "he", "glorot", "lecun1998"}
        How weights are initialised; see `fencepost.layers.initialization`.
    exact : bool
        Whether prediction and training use direct sums only. Faster algorithms have up to 10 times
        the rounding error. The environment variable ``FENCEPOST_EXACT=1`` sets this for every
        network.

    Raises
    ------
    SizeError
        If a layer does not fit what comes before it. The error names the layer, shows the sizes
        up to it and what would fit.
    ArgumentError
        If an argument is not as described.

    Examples
    --------
    >>> import fencepost as fp
    >>> net = fp.Network((1, 28, 28), [fp.Conv2d(4, 5), fp.ReLU(), fp.Flatten(), fp.Linear(10)])
    >>> print(net)
       layer         output       parameters  multiply-adds  connections
       input         1 × 28 × 28
    0  Conv2d(4, 5)  4 × 24 × 24         104         57,600       59,904
    1  ReLU()        4 × 24 × 24           –              –            –
    2  Flatten()     2304                  –              –            –
    3  Linear(10)    10               23,050         23,040       23,050
       total                          23,154         80,640       82,954
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        layers: Sequence[Layer],
        *,
        normalization: tuple[ArrayLike, ArrayLike] | None = None,
        class_names: Sequence[str] | None = None,
        seed: int = 0,
        initialization: str = "kaiming_uniform",
        exact: bool = False,
    ) -> None:
        self.input_shape = as_input_shape(input_shape)
        self.layers = as_layers(layers)
        self.seed = seed_of("seed", seed)
        self.exact = flag("exact", exact)
        self.initialization: str = choice("initialization", initialization, tuple(RULES))
        self.rows = sizes.resolve(self.input_shape, self.layers)
        self.output_shape = self.rows[-1].output_shape
        #: Plain data that travels with the model file: what it was trained on, for example.
        self.metadata: dict[str, Any] = {}
        #: Of the training images; those that are far from it are warned of (`DataWarning`).
        self.input_range: InputRange | None = None
        #: How far its probabilities are to be trusted, where `calibrate` has measured it.
        self.calibration: calibration.Calibration | None = None
        #: The images that it was trained on, by their content; `fit` adds to them.
        self.trained_on = TrainedOn()
        self.class_names = class_names
        self.normalization = normalization
        self.engine_weights = vectors.Weights(self.rows, self.initialization, self.seed)
        self.engine_plans: dict[str, NetworkPlan] = {}  # by precision
        self.engine_images = inputs.EngineImages(self.input_shape, self._remark)
        self._flat_output = len(self.output_shape) == 1

    # --- what the network is ------------------------------------------------------------------

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Name of each output, or None."""
        return self._class_names

    @class_names.setter
    def class_names(self, names: Sequence[str] | None) -> None:
        self._class_names = as_class_names(names, self.output_shape)

    @property
    def normalization(self) -> ChannelStatistics | None:
        """Mean and standard deviation per channel, in the images' own units, or None."""
        return self._normalization

    @normalization.setter
    def normalization(self, pair: tuple[ArrayLike, ArrayLike] | None) -> None:
        channels = self.input_shape[0]
        self._normalization = as_normalization(pair, channels)
        if self._normalization is None:
            self._mean, self._scale = np.zeros(channels, np.float32), np.ones(channels, np.float32)
        else:
            self._mean = self._normalization.mean
            self._scale = np.reciprocal(self._normalization.std)
        self.__dict__.pop("_forward", None)  # it is bound to the old arrays

    @property
    def engine_normalization(self) -> tuple[Float32, Float32]:
        """(mean, scale) as the engine takes them: it computes (image - mean) * scale."""
        return self._mean, self._scale

    @property
    def engine_plan(self) -> NetworkPlan:
        """The network as the engine runs it in float32, made when it is first needed."""
        return running.plan(self)

    @property
    def temperature(self) -> float:
        """Temperature by which outputs are divided before the softmax; 1 unless calibrated."""
        return 1.0 if self.calibration is None else self.calibration.temperature

    # --- what it computes ---------------------------------------------------------------------

    def __call__(self, images: ArrayLike) -> Float32:
        """Compute the outputs of the last layer (logits, for a classifier).

        Parameters
        ----------
        images : array, shape (N, *input_shape)
            uint8 and float32 are used as they are, other numbers converted to float32. A single
            image and, with one channel, images without their channel axis are taken too. Values
            are not searched for NaN here.

        Returns
        -------
        array of float32, shape (N, *output_shape)

        Raises
        ------
        DataError
            If the shape is another one, or these are not numbers.
        """
        outputs = running.forward(self, images)
        return outputs if self._flat_output else outputs.reshape(-1, *self.output_shape)

    @overload
    def predict(
        self, images: Images, *, names: Literal[False] = ..., precision: Precision = ...
    ) -> NDArray[np.int64]: ...
    @overload
    def predict(
        self, images: Images, *, names: Literal[True], precision: Precision = ...
    ) -> list[str]: ...
    def predict(
        self, images: Images, *, names: bool = False, precision: Precision = "float32"
    ) -> NDArray[np.int64] | list[str]:
        """Index of the most likely class of each image, int64 (N,), or its name.

        Parameters
        ----------
        images : array, shape (N, *input_shape), or pictures
            Pictures are paths of files, of folders and of archives (zip, tar), Pillow images, uint8
            arrays (H, W, C) of any size, or a list of these. They are converted to the size,
            channels and range of the training images, as ``fencepost predict`` does.
        names : bool
            Whether to return the `class_names`.
        precision : {"float32", "bfloat16"}
            Precision of products in convolutions: bfloat16 is used where it is faster and the
            processor supports it.

        Raises
        ------
        DataError
            Images of another shape, with NaN or infinite values, or that cannot be read.
        ArgumentError
            The network has no classes or no class names, or the processor does not support this
            precision.
        """
        classes: NDArray[np.int64] = self._logits(images, precision).argmax(axis=1)
        return classes if names is False else named(classes, self.class_names, names)

    def predict_proba(self, images: Images, *, precision: Precision = "float32") -> Float32:
        """Probability of each class, float32 (N, classes): softmax of the outputs / `temperature`.

        Parameters and errors are those of `predict`.
        """
        return calibration.probabilities(self._logits(images, precision), self.temperature)

    def evaluate(
        self, images: Images, targets: ArrayLike, *, precision: Precision = "float32"
    ) -> Evaluation | RegressionEvaluation:
        """Evaluate the network on images and targets.

        Parameters
        ----------
        images, precision : array, shape (N, *input_shape), or pictures, as `predict` takes them
        targets : array
            Integers of shape (N,): class indices. Floating-point numbers of shape (N, outputs),
            or any numbers of shape (N,) where there is one output: a regression.

        Returns
        -------
        Evaluation or RegressionEvaluation
            Accuracy, loss, confusion matrix and scores of each class; or error and R².

        Raises
        ------
        DataError
            If images or targets are of another shape or kind, not finite, empty or out of range.
        """
        pieces = inputs.as_checked_pieces(taken(self, images), self.input_shape)
        known = self.trained_on.contains
        done = [(running.outputs(self, piece, precision), known(piece)) for piece in pieces]
        outputs, seen = map(np.concatenate, zip(*done, strict=True))
        expected = inputs.as_targets(targets, len(outputs), outputs.shape[1], self.class_names)
        if expected.dtype == np.float32:
            return evaluation.regression(outputs, expected, seen)
        tempered = calibration.tempered(outputs, self.temperature)
        return evaluation.classification(tempered, expected, self.class_names, seen)

    features = running.features
    layer_kernel = running.layer_kernel
    explain = explanation.explain
    calibrate = calibration.calibrate
    novelty = calibration.novelty
    with_classes = new_classes.with_classes

    # --- how it learns and where it is kept ---------------------------------------------------

    fit = training.fit
    """Train the network: `fencepost.training.fit` with the arguments from `images` on."""

    def config(self) -> dict[str, Any]:
        """Return everything except the weights as plain data, for `Network.from_config`."""
        pair = self.normalization
        return {
            "input_shape": list(self.input_shape),
            "layers": [layer.config() for layer in self.layers],
            "normalization": None if pair is None else [a.astype(float).tolist() for a in pair],
            "class_names": None if self.class_names is None else list(self.class_names),
            "seed": self.seed,
            "initialization": self.initialization,
            "exact": self.exact,
            "input_range": None if self.input_range is None else self.input_range.to_dict(),
            "calibration": None if self.calibration is None else self.calibration.to_dict(),
            "metadata": copy.deepcopy(self.metadata),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Network:
        """Create the network described by `config()`, with new weights.

        Raises ArgumentError or SizeError if it is invalid.
        """
        net = cls(**as_network_arguments(config))
        net.metadata = as_metadata(config)
        net.input_range = as_input_range(config)
        net.calibration = calibration.as_calibration(config)
        return net

    def save(self, path: str | PathLike[str]) -> None:
        """Save the network as a safetensors file, with everything needed for prediction.

        The file contains the weights, layers, input shape, normalisation, class names and metadata.
        It is written completely or not at all. Raises ModelFileError if it cannot be written.
        """
        with self.engine_weights.lent() as arrays:
            model_files.write(path, self.config(), arrays.by_name, self.trained_on)

    export = travel.export
    """Export the network: `fencepost.network.travel.export` with the arguments from `path` on."""

    to_torch = travel.to_torch
    """`fencepost.network.travel.to_torch` of this network."""

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Network:
        """Load a file written by `save`. Raises ModelFileError if it is invalid or damaged."""
        config, tensors, trained_on = model_files.read(path)
        try:
            net = cls.from_config(config)
            net.trained_on = trained_on
        except (ArgumentError, SizeError) as error:
            raise model_files.wrong_description(path, error) from None
        with net.engine_weights.lent() as arrays:
            for name, array in arrays.by_name.items():
                array[...] = tensors[name]
        return net

    def copy(self) -> Network:
        """Return an independent copy of the network."""
        return copy.copy(self)

    def __reduce__(self) -> tuple[Callable[..., Network], tuple[Any, ...]]:
        # Views that were copied one by one would no longer be views of the flat array; and pickle
        # may hand out the memory of what it is given.
        with self.engine_weights.lent() as arrays:
            copies = arrays.parameter_vector.copy(), arrays.state_vector.copy()
        return _rebuild, (self.config(), *copies, self.trained_on)

    # --- inside -------------------------------------------------------------------------------

    @functools.cached_property
    def _forward(self) -> Callable[[NDArray[Any]], Float32]:
        bound: Any = self.engine_weights.bind(self.engine_plan, *self.engine_normalization)
        forward: Callable[[NDArray[Any]], Float32] = bound.forward
        return forward

    def _remark(self, batch: NDArray[Any]) -> str | None:
        if self.input_range is None or not len(batch):
            return None
        return self.input_range.remark(batch, self._mean, self._scale)

    def _logits(self, images: Images, precision: Precision) -> Float32:
        require_classes(self.output_shape)
        batch = inputs.as_checked_batch(taken(self, images), self.input_shape)
        return running.outputs(self, batch, precision)


def load(path: str | PathLike[str]) -> Network:
    """Load a network from a file written by `Network.save`.

    Raises
    ------
    ModelFileError
        If the file cannot be read, is damaged, or is not a model of fencepost's.
    """
    return Network.load(path)


def _rebuild(
    config: Mapping[str, Any], parameters: Float32, state: Float32, trained_on: TrainedOn = UNKNOWN
) -> Network:
    net = Network.from_config(config)
    net.trained_on = trained_on
    net.parameter_vector, net.state_vector = parameters, state
    return net
