"""The options of `train`: what each group makes of what it was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from fencepost.cli.training.options import (
    DataOptions,
    OutputOptions,
    RunOptions,
    ValidationOptions,
)
from fencepost.cli.training.recipe_options import RecipeOptions
from fencepost.errors import ArgumentError


def test_data_say_where_they_are_and_how_to_read_them():
    source = DataOptions("photos/", size="32x40", channels=1).source()
    assert (source.data, source.size, source.channels) == ("photos/", (32, 40), 1)
    with pytest.raises(ArgumentError, match="--size must be HEIGHTxWIDTH"):
        DataOptions(size="large").source()


def test_a_recipe_takes_the_names_of_fit():
    given = RecipeOptions(epochs=3, augmentation="flip").given()
    assert (given["epochs"], given["augmentation"]) == (3, "flip")
    assert "augment" not in given


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0])
def test_validation_is_a_fraction(fraction):
    with pytest.raises(
        ArgumentError, match="--validation must be a fraction between 0 and 1, such"
    ):
        ValidationOptions(fraction).check()
    ValidationOptions(0.5).check()


def test_resuming_needs_a_checkpoint():
    with pytest.raises(ArgumentError, match="Use --checkpoint FILE"):
        RunOptions(resume=True).check()


def test_files_are_named_after_data_and_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert OutputOptions().files("a-b", None, False) == (Path("a-b.safetensors"), Path("a-b.png"))
    none = OutputOptions(out=Path("c.st"), plot=Path("none")).files("a-b", None, False)
    assert none == (Path("c.st"), None)
    with pytest.raises(ArgumentError, match="two files"):
        OutputOptions(out=Path("c.st")).files("a-b", Path("c.st"), False)


@pytest.mark.parametrize("option", ["out", "plot", "report"])
def test_a_search_for_the_learning_rate_writes_nothing_else(tmp_path, monkeypatch, option):
    monkeypatch.chdir(tmp_path)
    given = {option: Path(f"a.{'html' if option == 'report' else 'png'}")}
    options = OutputOptions(find_lr=Path("rates.png"), **given)
    with pytest.raises(ArgumentError, match=f"find-lr trains nothing.*Received: --{option} a"):
        options.files("a-b", None, False)
    with pytest.raises(ArgumentError, match=r"Received: --checkpoint a\.ckpt as well"):
        OutputOptions(find_lr=Path("rates.png")).files("a-b", Path("a.ckpt"), False)
    Path("a-b.safetensors").touch()  # what a training would write is not in its way
    OutputOptions(find_lr=Path("rates.png")).files("a-b", None, False)
