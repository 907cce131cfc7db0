"""The sum of a convolution written out, in 1D and 2D."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp

F = [10, 9, 10, 9, 10, 1, 10, 9, 10, 8]
THIRD = [1 / 3] * 3


def test_1d_as_the_formula_is_written_out():
    terms = fp.convolution_terms(F, THIRD, at=5)
    first, *others = str(terms).splitlines()
    assert first == "y(5) = f(3)·g(2) + f(4)·g(1) + f(5)·g(0)"
    assert others == ["     = 9·0.3333 + 10·0.3333 + 1·0.3333", "     = 6.667"]
    assert [term.f_at for term in terms] == [(3,), (4,), (5,)]
    assert [term.g_at for term in terms] == [(2,), (1,), (0,)]
    assert [term.f for term in terms] == [9, 10, 1]
    assert terms.total == pytest.approx(20 / 3)


def test_undefined_terms_are_omitted():
    assert str(fp.convolution_terms(F, THIRD, at=0)).startswith("y(0) = f(0)·g(0)\n")
    assert str(fp.convolution_terms(F, [1, 2, 4], at=11)).splitlines() == [
        "y(11) = f(9)·g(2)",
        "      = 8·4",
        "      = 32",
    ]
    empty = fp.convolution_terms(F, THIRD, at=-1)
    assert str(empty) == "y(−1) = 0, because there are no terms"
    assert (len(empty), empty.total) == (0, 0)


def test_a_centred_origin_has_negative_coordinates():
    text = str(fp.convolution_terms(F, [1, 2, 4], at=5, origin="centre"))
    assert text.splitlines()[0] == "y(5) = f(4)·g(1) + f(5)·g(0) + f(6)·g(−1)"
    assert text.splitlines()[1] == "     = 10·4 + 1·2 + 10·1"


def test_2d_flips_over_both_axes():
    terms = fp.convolution_terms([[1, 2], [3, 4]], [[5, 6], [7, 8]], at=(1, 1))
    assert str(terms).splitlines() == [
        "y(1, 1) = f(0, 0)·g(1, 1) + f(0, 1)·g(1, 0) + f(1, 0)·g(0, 1) + f(1, 1)·g(0, 0)",
        "        = 1·8 + 2·7 + 3·6 + 4·5",
        "        = 60",
    ]


def test_long_sums_break_between_terms():
    lines = str(fp.convolution_terms(np.ones((5, 5)), np.ones((3, 3)), at=(2, 2))).splitlines()
    assert all(len(line) <= 88 for line in lines)
    assert lines[0].startswith("y(2, 2) = f(0, 0)·g(2, 2) + ")
    assert lines[1].startswith("          + f(")
    assert lines[-1] == "        = 9"
    assert "".join(lines).count("·") == 18


@pytest.mark.parametrize("boundary", ["zero", "reflect", "wrap", 3])
@pytest.mark.parametrize("origin", ["first", "centre", (1, 0)])
def test_totals_are_what_convolve_computes(boundary, origin):
    random = np.random.default_rng(5)
    f, g = random.integers(-9, 10, (4, 5)), random.integers(-9, 10, (3, 2))
    expected = fp.convolve(f, g, "same", boundary=boundary, origin=origin)
    for at in np.ndindex(f.shape):
        assert (
            fp.convolution_terms(f, g, at, origin=origin, boundary=boundary).total == expected[at]
        )


def test_complex_and_negative_values_print():
    assert "= −1·2 + 3·−4" in str(fp.convolution_terms([-1, 3], [-4, 2], at=1))
    assert str(fp.convolution_terms([1j], [2j], at=0)).endswith("(−2+0j)")


def test_errors():
    with pytest.raises(fp.ArgumentError, match=r"the same number of axes\. Received: 1 and 2"):
        fp.convolution_terms(F, [[1]], at=0)
    with pytest.raises(fp.ArgumentError, match=r"at must be 2 coordinates.*Received: at=3"):
        fp.convolution_terms([[1]], [[1]], at=3)
    with pytest.raises(fp.ArgumentError, match="at must be an integer"):
        fp.convolution_terms(F, THIRD, at=0.5)
    with pytest.raises(fp.DataError, match="f must have at least one element"):
        fp.convolution_terms([], THIRD, at=0)
