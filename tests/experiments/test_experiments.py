"""The experiments in their quick form: what they claim, and that they draw and print it."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fencepost as fp
from fencepost import experiments
from fencepost.experiments.robustness import NETWORKS, _shifted
from fencepost.plots.images.samples import read_portrait
from plots.texts import faults


@pytest.fixture(scope="module")
def results():
    return {
        "shared_weights": experiments.shared_weights(),
        "location_invariance": experiments.location_invariance(),
        "pooling_robustness": experiments.pooling_robustness(
            seeds=2, epochs=1, images=3000, tests=500
        ),
        "hand_made_and_learned": experiments.hand_made_and_learned(epochs=1, images=2000),
        "kernel_lessons": experiments.kernel_lessons(
            read_portrait(None)[60:160, 50:150], epochs=40
        ),
    }


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


def test_shared_weights_are_the_slid_kernel(results):
    for case in results["shared_weights"].cases:
        assert case.by_edges < 1e-9
        assert case.by_matrix < 1e-9
        assert case.by_network < 1e-2  # of pixels up to 255, in float32
    assert results["shared_weights"].article[-1][1:] == (196_608, 27)


def test_the_feature_map_moves_with_the_input(results):
    cases = results["location_invariance"].cases
    comparable = [case for case in cases if case.comparable]
    assert min(case.elements for case in comparable) > 300
    assert all(case.equal == case.elements for case in comparable)
    assert [case.shift for case in cases if not case.comparable] == [1]
    unpadded = [case.border for case in cases if "no padding" in case.network]
    padded = [case.border for case in cases if "padding 2" in case.network]
    assert all(one < other for one, other in zip(unpadded, padded, strict=True))


def test_both_networks_have_the_same_kernels_and_parameters():
    one, other = (build(0) for build in NETWORKS.values())
    shapes = [[array.shape for array in net.parameters.values()] for net in (one, other)]
    assert shapes[0] == shapes[1]
    assert one.parameter_count == other.parameter_count == 61_706


def test_shifted_digits_lose_accuracy(results):
    result = results["pooling_robustness"]
    for accuracies in result.accuracy.values():
        assert accuracies.shape == (2, 7)
        means = accuracies.mean(axis=0)
        assert means[0] > 0.6
        assert means[6] < means[3] < means[0]
    assert result.ink[0] == 1
    assert all(one >= other for one, other in zip(result.ink, result.ink[1:], strict=False))
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


def test_shifting():
    image = np.arange(1, 10, dtype=np.uint8).reshape(1, 1, 3, 3)
    assert _shifted(image, 1, 0)[0, 0].tolist() == [[0, 0, 0], [1, 2, 3], [4, 5, 6]]
    assert _shifted(image, 0, -1)[0, 0].tolist() == [[2, 3, 0], [5, 6, 0], [8, 9, 0]]


def test_a_network_of_hand_made_kernels_is_recognised():
    net = fp.Network((1, 12, 12), [fp.Conv2d(3, 5)])
    made = [fp.kernels.sobel("x").matrix, -fp.kernels.laplace(4).matrix]
    for channel, matrix in enumerate(made):
        net.layer_kernel(0)[channel, 0] = np.pad(matrix, 1)
    net.layer_kernel(0)[2, 0] = 1
    matches = experiments.hand_made_and_learned(net).matches
    assert [match.correlation for match in matches] == pytest.approx([1, 1, 1])
    assert [match.name.split(",")[0] for match in matches] == ["Sobel", "Laplace", "mean 5 × 5"]
    np.testing.assert_allclose(matches[1].hand_made, matches[1].kernel, atol=1e-6)


def test_random_kernels_are_a_measure(results):
    median, rare = results["hand_made_and_learned"].by_chance
    assert 0.3 < median < rare < 0.9


def test_a_network_without_grey_kernels_is_refused():
    with pytest.raises(fp.ArgumentError, match="must have one input channel"):
        experiments.hand_made_and_learned(fp.Network((3, 8, 8), [fp.Conv2d(2, 3)]))
    with pytest.raises(fp.ArgumentError, match="more than one weight"):
        experiments.hand_made_and_learned(fp.Network((1, 8, 8), [fp.Conv2d(2, 1)]))


@pytest.mark.parametrize(
    "options", [{"seeds": 0}, {"epochs": 0}, {"images": 60_001}, {"tests": 10_001}]
)
def test_bad_numbers(options):
    with pytest.raises(fp.ArgumentError, match=next(iter(options))):
        experiments.pooling_robustness(**options)
