"""Public names: listed, and wrong ones answered with what is meant, in modules, objects, calls."""

from __future__ import annotations

import importlib
import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest

import fencepost as fp
from fencepost import habits
from fencepost.errors import CallError

ANSWERING = ["fencepost"] + [
    f"fencepost.{name}"
    for name in ("check", "datasets", "datasets.prepare", "estimation", "experiments", "filtering",
                 "kernels", "models", "plots", "training")
]  # fmt: skip
PACKAGES = ANSWERING + [
    f"fencepost.{name}"
    for name in ("convolution", "datasets.folders", "definitions", "graph", "layers", "network",
                 "planning", "sizing", "tour")
]  # fmt: skip


@pytest.mark.parametrize("name", PACKAGES)
def test_dir_lists_the_public_names_and_no_other(name):
    package = importlib.import_module(name)
    assert sorted(dir(package)) == sorted(package.__all__)
    assert all(getattr(package, public) is not None for public in package.__all__)


def functions():
    for name in ANSWERING:
        package = importlib.import_module(name)
        for public in package.__all__:
            value = getattr(package, public)
            if inspect.isroutine(value):
                yield f"{name}.{public}", value
            elif inspect.isclass(value) and not issubclass(value, (Exception, tuple)):
                if not inspect.isabstract(value):
                    yield f"{name}.{public}", value
                for method, function in inspect.getmembers(value, inspect.isfunction):
                    if not method.startswith("_"):
                        yield f"{name}.{public}.{method}", function


FUNCTIONS = dict(functions())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_argument_that_no_function_has_is_answered_with_those_that_it_has(name):
    function = FUNCTIONS[name]
    if any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values()):
        assert name.rpartition(".")[2] in {"pair", "compass"}, name
        return
    with pytest.raises(CallError, match=f"has no argument {chr(34)}zzz{chr(34)}. It takes"):
        function(zzz=1)


def test_there_are_functions_to_ask():
    assert len(FUNCTIONS) > 250
    assert {"fencepost.Network.fit", "fencepost.Conv2d", "fencepost.kernels.gaussian"} <= {
        *FUNCTIONS
    }


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            fp.models.resnet18,
            'resnet18 needs "input_shape" and "classes". It takes input_',
        ),
        (lambda: fp.Conv2d(4), 'Conv2d needs "kernel_size"'),
        (lambda: fp.Flatten(1), "Flatten takes no argument by position. Received: 1."),
        (lambda: fp.training.Adam(0.1, lr=0.2), 'Adam is given "lr" twice.'),
        (lambda: fp.models.lenet5(sed=1), 'lenet5 has no argument "sed". Did you mean "seed"?'),
        (lambda: fp.datasets.mnist(spilt="test"), 'Did you mean "split"?'),
        (lambda: fp.kernels.gaussian(sgima=1), 'Did you mean "sigma"?'),
        (lambda: fp.max_pool([1, 2], 2, strid=1), 'Did you mean "stride"?'),
        (lambda: fp.plots.save(None, "x.png", dpi_=2), 'save has no argument "dpi_"'),
        (
            lambda: fp.datasets.Dataset(image=1, label=2),
            'Dataset has no argument "image". Did you mean "images"? '
            'Dataset has no argument "label".',
        ),
    ],
)
def test_calls_that_do_not_fit_say_how_they_would(call, message):
    with pytest.raises(CallError) as error:
        call()
    assert message in str(error.value)
    assert isinstance(error.value, TypeError)
    assert isinstance(error.value, fp.ArgumentError)


class NetworkOfNothing:
    class_names = normalization = None
    input_shape = (1,)

    @property
    def output_shape(self):
        return 1 + "a"


def test_a_type_error_from_within_stays_what_it_is():
    with pytest.raises(TypeError, match="unsupported operand") as error:
        fp.training.fit(NetworkOfNothing(), np.zeros((2, 1)), [0, 1])
    assert not isinstance(error.value, CallError)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: fp.Netwrk, "module 'fencepost' has no attribute 'Netwrk'. Did you mean \"Network"),
        (lambda: fp.Conv2D, 'Did you mean "Conv2d"'),
        (lambda: fp.Adam, "Here: fp.training.Adam."),
        (lambda: fp.sobel, "Here: fp.kernels.sobel."),
        (lambda: fp.mnist, "Here: fp.datasets.mnist."),
        (lambda: fp.sklearn_, "module 'fencepost' has no attribute 'sklearn_'."),
        (lambda: fp.kernels.gausian, 'Did you mean "gaussian"?'),
        (lambda: fp.plots.histroy, 'Did you mean "history"?'),
        (lambda: fp.models.LeNet5, 'Did you mean "lenet5"'),
        (lambda: fp.training.Adma, 'Did you mean "Adam"'),
        (lambda: fp.ReLU().outputshape, "'ReLU' object has no attribute 'outputshape'. Did you"),
        (lambda: fp.training.History().epochz, 'Did you mean "epochs"'),
        (lambda: fp.kernels.sobel().matrx, 'Did you mean "matrix"?'),
    ],
)
def test_names_that_are_not_there_are_answered_with_the_nearest(ask, message):
    with pytest.raises(AttributeError) as error:
        ask()
    assert message in str(error.value)


def test_a_package_that_is_imported_by_itself_says_so():
    assert (
        habits.of_name("fencepost", "tour", []) == "It is imported by itself: import fencepost.tour"
    )


def test_asking_whether_a_name_is_there_imports_nothing():
    code = (
        "import sys, fencepost\n"
        "assert not hasattr(fencepost, 'Dense') and not hasattr(fencepost, '__wrapped__')\n"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "function", [fp.kernels.gaussian, fp.from_onnx, fp.convolve, fp.Network.fit, fp.models.lenet5]
)
def test_public_functions_can_be_pickled(function):
    assert pickle.loads(pickle.dumps(function)) is function


def test_signatures_are_those_of_the_functions():
    parameters = inspect.signature(fp.Network.fit).parameters
    assert {"epochs", "validation", "progress"} <= set(parameters)
    assert list(inspect.signature(fp.Conv2d).parameters)[:3] == [
        "out_channels", "kernel_size", "stride",
    ]  # fmt: skip
    for name, function in FUNCTIONS.items():
        kinds = {p.kind for p in inspect.signature(function).parameters.values()}
        if inspect.Parameter.VAR_KEYWORD in kinds:
            assert name.rpartition(".")[2] in {"pair", "compass"}, name
