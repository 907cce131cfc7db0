"""The experiments in their quick form: what they claim, and that they draw and print it."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fencepost as fp
from fencepost import experiments
from plots.texts import faults


@pytest.mark.parametrize(
    "name",
    [
        "shared_weights",
        "location_invariance",
        "pooling_robustness",
        "hand_made_and_learned",
        "kernel_lessons",
    ],
)
def test_a_result_is_text_data_and_a_picture(results, name, tmp_path):
    result = results[name]
    assert len(str(result).splitlines()) > 3
    json.dumps(result.to_dict(), allow_nan=False)
    figure = result.plot()
    assert figure.axes
    assert faults(figure) == []
    assert fp.plots.save(figure, tmp_path / f"{name}.svg").stat().st_size > 1000
    given = figure.add_subplot()
    assert result.plot(ax=given) is given


def test_shifted_digits_lose_accuracy(results):
    result = results["pooling_robustness"]
    for accuracies in result.accuracy.values():
        assert accuracies.shape == (2, 7)
        means = accuracies.mean(axis=0)
        assert means[0] > 0.6
        assert means[6] < means[3] < means[0]
    assert result.ink[0] == 1
    assert all(item >= other for item, other in zip(result.ink, result.ink[1:], strict=False))
    gain, error = result.gain
    one, other = result.accuracy.values()
    np.testing.assert_allclose(gain, one.mean(axis=0) - other.mean(axis=0))
    assert (error >= 0).all()
    assert "standard errors" in result.verdict


def test_what_contradicts_the_article_is_said(results):
    result = results["pooling_robustness"]
    one, other = (100 * found[:, -1].mean() for found in result.accuracy.values())
    assert f"shifted by 6 pixels, with {100 * result.ink[6]:.0f} % of the ink" in result.limits
    assert f"{one:.0f} % with pooling and {other:.0f} % without pooling" in result.limits
    alike = len({(both[:, 1] > 0.5).sum() for both in result.edited.values()}) == 1
    assert ("does not distinguish them" in result.limits) == alike
    assert result.limits in str(result)


@pytest.mark.parametrize(
    "options", [{"seeds": 0}, {"epochs": 0}, {"images": 60_001}, {"tests": 10_001}]
)
def test_bad_numbers(options):
    with pytest.raises(fp.ArgumentError, match=next(iter(options))):
        experiments.pooling_robustness(**options)
