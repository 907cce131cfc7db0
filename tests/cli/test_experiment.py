"""`fencepost experiment` and `fencepost learn-kernel`."""

from __future__ import annotations

import pytest

import fencepost as fp
from cli.refusal import refused
from fencepost.cli.experiment import EXPERIMENTS


def test_all_are_listed(fencepost):
    done = fencepost("experiment")
    assert done.status == 0
    assert all(name in done.out for name in EXPERIMENTS)
    names = [item["name"] for item in fencepost("experiment", "--json").json["experiments"]]
    assert names == list(EXPERIMENTS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_function_and_its_quick_form_exist(name):
    import inspect

    _, function, fewer = EXPERIMENTS[name]
    parameters = inspect.signature(getattr(fp.experiments, function)).parameters
    assert fewer.keys() <= parameters.keys()


@pytest.mark.parametrize("name", ["location-invariance", "shared_weights"])
def test_one_is_run_and_drawn(fencepost, tmp_path, name):
    out = tmp_path / "result.svg"
    done = fencepost("experiment", name, "--plot", out, "--json")
    assert done.status == 0
    assert done.json["experiment"] == name.replace("_", "-")
    assert done.json["cases"]
    assert out.stat().st_size > 1000


def test_unknown_experiments_and_places(fencepost, tmp_path):
    refused(fencepost("experiment", "shared-weight"), 'Did you mean "shared-weights"')
    refused(fencepost("experiment", "shared-weights", "--plot", tmp_path / "a.txt"), ".png")
