"""What other libraries call it: words of Keras, scikit-learn, PyTorch and SciPy, and ours.

Where a word has a natural meaning here, it works and is not in these tables. All else is answered
with what to write instead, when somebody writes it.
"""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Sequence

from .arguments import nearest

# An argument elsewhere: the argument that it is here, and what to write. A text without an argument
# says what to do of functions that have none like it.
_KNOWN = "leave it out, what comes in is known"
_AFTER = "a layer after it, such as ReLU()"
_ARGUMENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "X": (("images", "images"), ("image", "image")),
    "x": (("images", "images"), ("image", "image")),
    "inputs": (("images", "images"),),
    "data": (("images", "images"), ("path", "path"), ("f", "f")),
    "y": (("labels", "labels"), ("targets", "targets")),
    "y_true": (("targets", "targets"),),
    "labels": (("targets", "targets"),),
    "targets": (("labels", "labels"),),
    "img": (("image", "image"),),
    "in1": (("f", "f"),),
    "in2": (("g", "g"),),
    "input": (("f", "f"), ("images", "images"), ("image", "image")),
    "weights": (("g", "g"), ("sample_weight", "sample_weight")),
    "a": (("f", "f"),),
    "v": (("g", "g"),),
    "n_epochs": (("epochs", "epochs"),),
    "num_epochs": (("epochs", "epochs"),),
    "nb_epoch": (("epochs", "epochs"),),
    "max_iter": (("epochs", "epochs"),),
    "validation_split": (("validation", "validation=0.1"),),
    "validation_data": (("validation", "validation=(images, labels)"),),
    "validation_fraction": (("validation", "validation=0.1"),),
    "val": (("validation", "validation=0.1, or validation=(images, labels)"),),
    "verbose": (
        ("progress", "progress=False for no output, True for a progress bar"),
        ("", "nothing is printed, leave it out"),
    ),
    "batch_size": (("", "images are computed in batches by themselves, leave it out"),),
    "pretrained": (("", "fp.from_torch and fp.from_onnx bring trained weights, leave it out"),),
    "horizontal_flip": (("flip", "flip"),),
    "vertical_flip": (("vflip", "vflip"),),
    "rotation_range": (("rotate", "rotate"),),
    "train": (("split", 'split="train", or "test"'),),
    "download": (("", "nothing is downloaded, leave it out"),),
    "callbacks": (("on_epoch", "on_epoch=function; early_stopping and checkpoint have arguments"),),
    "patience": (("early_stopping", "early_stopping=5"),),
    "class_weight": (("balance", 'balance="weights", or loss=CrossEntropy(class_weights=…)'),),
    "class_weights": (("balance", 'balance="weights", or loss=CrossEntropy(class_weights=…)'),),
    "weight": (("class_weights", "class_weights"), ("g", "g")),
    "learning_rate": (("lr", "lr"),),
    "criterion": (("loss", "loss"),),
    "loss_fn": (("loss", "loss"),),
    "optim": (("optimizer", "optimizer"),),
    "scheduler": (("schedule", "schedule"),),
    "lr_scheduler": (("schedule", "schedule"),),
    "transform": (("augmentation", "augmentation"), ("size", "size")),
    "augment": (("augmentation", "augmentation"),),
    "random_state": (("seed", "seed"),),
    "n_jobs": (("threads", "threads"),),
    "num_workers": (("threads", "threads"),),
    "workers": (("threads", "threads"),),
    "shuffle": (("", "training images are shuffled in each epoch, by seed"),),
    "metrics": (("", "accuracy is measured in any case; see the History that fit returns"),),
    "in_channels": (("", _KNOWN),),
    "in_features": (("", _KNOWN),),
    "num_features": (("", _KNOWN),),
    "num_channels": (("", _KNOWN),),
    "normalized_shape": (("", _KNOWN),),
    "input_dim": (("", _KNOWN),),
    "input_shape": (("", "the shape of one image is the first argument of Network"),),
    "activation": (("", _AFTER),),
    "filters": (("out_channels", "out_channels"),),
    "units": (("out_features", "out_features"),),
    "num_groups": (("groups", "groups"),),
    "pool_size": (("kernel_size", "kernel_size"),),
    "strides": (("stride", "stride"),),
    "dilation_rate": (("dilation", "dilation"),),
    "use_bias": (("bias", "bias"),),
    "padding_mode": (("", "layers pad with zeros"),),
    "ceil_mode": (("remainder", 'remainder="pad" for True, "crop" for False'),),
    "return_indices": (("", "leave it out"),),
    "count_include_pad": (("", "leave it out"),),
    "rate": (("p", "p"),),
    "alpha": (("negative_slope", "negative_slope"),),
    "epsilon": (("eps", "eps"),),
    "inplace": (("", "leave it out"),),
    "dim": (("axis", "axis"), ("axes", "axes"), ("", "leave it out")),
    "axis": (("axes", "axes"), ("", "leave it out")),
    "start_dim": (("", "Flatten flattens all axes of an image; leave it out"),),
    "device": (("", 'GPUs are for training: fit(…, backend="torch", device="cuda")'),),
    "dtype": (("", "networks compute in float32; leave it out"),),
    "name": (("", "layers are numbered from 0; leave it out"),),
    "img_size": (("size", "size"),),
    "image_size": (("size", "size"),),
    "target_size": (("size", "size"),),
    "color_mode": (("channels", "channels=1 or channels=3"),),
    "classes": (("class_names", "class_names"),),
    "ksize": (("size", "size"), ("kernel_size", "kernel_size")),
    "sigmaX": (("sigma", "sigma"),),
    "borderType": (("boundary", "boundary"),),
    "cval": (("boundary", "boundary=0, the number itself"),),
    "fillvalue": (("boundary", "boundary=0, the number itself"),),
    "padding": (("mode", 'mode="same"'), ("boundary", "boundary")),
    "border": (("boundary", "boundary"),),
}

#: What losses and optimizers are called elsewhere, in lower case.
VALUES = {
    "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "crossentropy": "cross_entropy",
    "crossentropyloss": "cross_entropy",
    "log_loss": "cross_entropy",
    "mean_squared_error": "mse",
    "mseloss": "mse",
    "squared_error": "mse",
}

# A name elsewhere: what to write, by the class or module that was asked for it.
_PREDICTS = "predictions are always those outside training: leave it out"
_GPU = 'GPUs are for training: net.fit(…, backend="torch", device="cuda"). Leave it out'
_NAMES: dict[str, dict[str, str]] = {
    "Network": {
        "eval": _PREDICTS,
        "train": "net.fit(images, labels) trains; " + _PREDICTS,
        "compile": "give optimizer, lr and loss to net.fit(images, labels, …)",
        "build": "a network is built when it is written: leave it out",
        "fit_generator": "net.fit(images, labels)",
        "partial_fit": "net.fit(images, labels, epochs=1), which goes on from today's weights",
        "score": "net.evaluate(images, labels).accuracy",
        "accuracy": "net.evaluate(images, labels).accuracy",
        "predict_classes": "net.predict(images)",
        "predict_on_batch": "net(images)",
        "predict_log_proba": "np.log(net.predict_proba(images))",
        "decision_function": "net(images)",
        "forward": "net(images)",
        "call": "net(images)",
        "transform": "net.features(images), the outputs of every layer",
        "classes_": "net.class_names",
        "classes": "net.class_names",
        "n_features_in_": "net.input_shape",
        "state_dict": "{**net.parameters, **net.state}; net.save(path) writes them",
        "load_state_dict": "net.parameters[name][:] = array; fp.load(path) reads a saved network",
        "get_weights": "net.parameters, arrays by name such as 0.weight",
        "set_weights": "net.parameters[name][:] = array",
        "weights": "net.parameters, arrays by name such as 0.weight",
        "trainable_variables": "net.parameters.values()",
        "save_weights": "net.save(path)",
        "load_weights": "fp.load(path)",
        "named_parameters": "net.parameters.items()",
        "buffers": "net.state.values()",
        "named_buffers": "net.state.items()",
        "modules": "net.layers",
        "children": "net.layers",
        "named_children": "enumerate(net.layers)",
        "add": "layers are given as a list: fp.Network(input_shape, [*net.layers, layer])",
        "append": "layers are given as a list: fp.Network(input_shape, [*net.layers, layer])",
        "pop": "fp.Network(net.input_shape, net.layers[:-1])",
        "count_params": "net.parameter_count",
        "get_config": "net.config()",
        "get_params": "net.config(); fencepost.sklearn.CNNClassifier is an estimator",
        "set_params": "fencepost.sklearn.CNNClassifier is an estimator",
        "history": "net.fit(…) returns the History",
        "optimizer": "net.fit(…, optimizer=…)",
        "to": _GPU,
        "cuda": _GPU,
        "cpu": "networks compute on the CPU: leave it out",
        "float": "networks compute in float32: leave it out",
        "half": "networks compute in float32: leave it out",
        "double": "networks compute in float32: leave it out",
        "device": "networks compute on the CPU",
        "zero_grad": "net.fit(images, labels) takes the steps",
        "backward": "net.fit(images, labels) takes the steps",
        "requires_grad_": "net.fit trains all layers: leave it out",
        "clone": "net.copy()",
        "to_onnx": 'net.export("model.onnx")',
        "plot": "fp.plots.volumes(net)",
    },
    "Layer": {
        "weight": 'net.parameters["0.weight"], with the index of the layer',
        "weights": 'net.parameters["0.weight"], with the index of the layer',
        "bias": 'net.parameters["0.bias"], with the index of the layer',
        "kernel": 'net.parameters["0.weight"], or net.layer_kernel(0), flipped',
        "get_weights": 'net.parameters["0.weight"], with the index of the layer',
        "set_weights": 'net.parameters["0.weight"][:] = array, with the index of the layer',
        "output": "net.features(images), the outputs of every layer",
    },
    "History": {
        "history": 'history["loss"]; all columns: history.to_dict()',
        "epoch": "history.epochs",
        "loss": 'history["loss"]',
        "accuracy": 'history["accuracy"]',
        "plot": "fp.plots.history(history)",
        "params": "history.settings",
    },
    "Evaluation": {
        "acc": "accuracy",
        "score": "accuracy",
        "confusion_matrix": "confusion",
        "plot": "fp.plots.confusion(evaluation)",
    },
    "Dataset": {
        "X": "images",
        "x": "images",
        "data": "images",
        "y": "targets",
        "labels": "targets",
        "target": "targets",
        "classes": "class_names",
        "class_to_idx": "class_names, whose index is the label",
        "shape": "images.shape",
        "batch": "net.fit(…, batch_size=64) makes the batches",
        "shuffle": "net.fit shuffles in each epoch",
        "take": "dataset.subset(range(100))",
    },
    "fencepost": {
        "Sequential": "fp.Network(input_shape, layers)",
        "Model": "fp.Network(input_shape, layers)",
        "Module": "fp.Network(input_shape, layers)",
        "nn": "the layers are fp.Conv2d, fp.Linear, …, and fp.Network takes a list of them",
        "layers": "the layers are fp.Conv2d, fp.Linear, …",
        "optim": "fp.training has SGD, Adam, AdamW and the schedules",
        "optimizers": "fp.training has SGD, Adam and AdamW",
        "losses": "fp.training has CrossEntropy and MeanSquaredError",
        "utils": "fp.datasets reads data; net.fit makes the batches",
        "transforms": "fp.training.Augmentation",
        "Dense": "fp.Linear(out_features)",
        "Activation": "fp.ReLU(), fp.Tanh(), …",
        "Input": "the shape of one image is the first argument of fp.Network",
        "BatchNormalization": "fp.BatchNorm2d()",
        "LayerNormalization": "fp.LayerNorm()",
        "MaxPooling2D": "fp.MaxPool2d(kernel_size)",
        "MaxPooling1D": "fp.MaxPool1d(kernel_size)",
        "AveragePooling2D": "fp.AvgPool2d(kernel_size)",
        "AveragePooling1D": "fp.AvgPool1d(kernel_size)",
        "GlobalAveragePooling2D": "fp.GlobalAvgPool()",
        "GlobalMaxPooling2D": "fp.GlobalMaxPool()",
        "AdaptiveMaxPool2d": "fp.GlobalMaxPool()",
        "Conv2DTranspose": "fp.ConvTranspose2d(out_channels, kernel_size)",
        "UpSampling2D": "fp.Upsample(scale_factor=2)",
        "Dropout2d": "fp.Dropout(p)",
        "load_model": "fp.load(path)",
        "DataLoader": "net.fit makes the batches; fp.datasets reads data",
        "fit": "net.fit(images, labels)",
        "manual_seed": "the seed= of fp.Network and of net.fit",
        "set_seed": "the seed= of fp.Network and of net.fit",
        "no_grad": "predictions keep no gradients: leave it out",
        "cuda": _GPU,
        "Tensor": "arrays of NumPy",
        "tensor": "arrays of NumPy",
        "save": "net.save(path)",
        "to_torch": "net.to_torch()",
        "imread": "fp.filtering.read_image(path)",
        "imwrite": "fp.filtering.write_image(path, picture)",
        "filter2D": "fp.filter_image(image, kernel)",
        "GaussianBlur": 'fp.filter_image(image, "gaussian:sigma=2")',
        "gaussian_filter": 'fp.filter_image(image, "gaussian:sigma=2")',
        "Sobel": 'fp.filter_image(image, "sobel:x")',
        "convolve2d": "fp.convolve(f, g), over any number of axes",
        "correlate2d": "fp.correlate(f, g), over any number of axes",
        "fftconvolve": 'fp.convolve(f, g, method="fft")',
    },
    "fencepost.training": {
        "CrossEntropyLoss": "CrossEntropy",
        "MSELoss": "MeanSquaredError",
        "SparseCategoricalCrossentropy": "CrossEntropy",
        "CosineAnnealingLR": "Cosine",
        "OneCycleLR": "OneCycle",
        "StepLR": "Step",
        "EarlyStopping": "net.fit(…, early_stopping=5)",
        "ModelCheckpoint": 'net.fit(…, checkpoint="run.ckpt")',
    },
    "fencepost.plots": {
        "show": 'figures show themselves in notebooks; fp.plots.save(figure, "a.png") writes one',
        "imshow": "fp.datasets.Dataset and fp.Picture show themselves in notebooks",
    },
    "fencepost.datasets": {
        "ImageFolder": "image_folder(path)",
        "load_data": "mnist()",
        "load_mnist": "mnist()",
        "load_digits": "mnist()",
        "image_dataset_from_directory": "image_folder(path)",
        "flow_from_directory": "image_folder(path)",
    },
}
_PACKAGES = ("kernels", "training", "datasets", "models", "plots", "estimation", "experiments",
             "filtering", "check")  # fmt: skip


def of_argument(name: str, known: Sequence[str]) -> str:
    """Say what an argument is called in a function that takes those `known`; nothing if unclear.

    >>> of_argument("validation_split", ["images", "validation"])
    'Here: validation=0.1.'
    >>> of_argument("epoch", ["images", "epochs"])
    'Did you mean "epochs"?'
    """
    for argument, text in _ARGUMENTS.get(name, ()):
        if argument in known or not argument:
            return f'Did you mean "{text}"?' if text == argument else f"Here: {text}."
    return nearest(name, known)


def of_missing(lacking: Sequence[str], values: Sequence[object]) -> str:
    """Say what stands in another's place, where some arguments are missing; nothing if unclear."""
    if {"labels", "targets"} & {*lacking} and any(type(v).__name__ == "Dataset" for v in values):
        return "A data set is unpacked: (*dataset)."
    if "layers" in lacking:
        return "The shape of one image comes first: fp.Network((1, 28, 28), [layer, layer, …])."
    return ""


def of_name(owner: str, name: str, known: Sequence[str], bases: Sequence[str] = ()) -> str:
    """Say what a name is called in a class or module that has those `known`; nothing if unclear.

    >>> of_name("Network", "score", ["fit"])
    'Here: net.evaluate(images, labels).accuracy.'
    >>> of_name("fencepost", "Adam", ["Network"])
    'Here: fp.training.Adam.'
    """
    for one in (owner, *bases):
        if text := _NAMES.get(one, {}).get(name):
            return f"Here: {text}."
    if owner != __package__:
        return nearest(name, known)
    elsewhere = {
        word: f"fp.{package}.{word}"
        for package in _PACKAGES
        for word in importlib.import_module(f".{package}", __package__).__all__
    }
    if name in elsewhere:
        return f"Here: {elsewhere[name]}."
    if importlib.util.find_spec(f".{name}", __package__) is not None:
        return f"It is imported by itself: import {__package__}.{name}"
    if hint := nearest(name, known):
        return hint
    words = difflib.get_close_matches(name, elsewhere, n=1, cutoff=0.75)
    return "".join(f'Did you mean "{elsewhere[word]}"?' for word in words)
