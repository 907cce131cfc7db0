"""Missing elements: results are those of the definition, by every method, and masks are NaN."""

from __future__ import annotations

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import fencepost as fp
from fencepost import definitions
from properties.draws import PADS, drawn, shapes


@drawn(
    80, st.data(), st.integers(1, 2), st.sampled_from(["reflect", "wrap", "zero", 1.5]),
    st.sampled_from(["auto", "direct", "fft"]),
)  # fmt: skip
def test_normalized_sums_are_those_of_the_definition(data, axes, boundary, method):
    shape, kernel = data.draw(shapes(axes)), data.draw(shapes(axes))
    f = data.draw(hnp.arrays(float, shape, elements=st.integers(-9, 9)))
    g = data.draw(hnp.arrays(float, kernel, elements=st.integers(1, 9)))
    f[data.draw(hnp.arrays(bool, shape))] = np.nan
    origin = tuple(data.draw(st.integers(0, k - 1)) for k in kernel)
    name = boundary if boundary in PADS else "fill"
    fill = boundary if isinstance(boundary, float) else 0.0
    expected = [
        definitions.normalized_convolution_at(f, g, at, origin, name, fill)
        for at in np.ndindex(f.shape)
    ]
    options = {"boundary": boundary, "method": method, "origin": origin}
    result = fp.convolve(f, g, "same", nan="ignore", **options)
    np.testing.assert_allclose(result.ravel(), expected, atol=1e-9)
    missing = np.isnan(f)
    masked = fp.convolve(
        np.ma.masked_array(np.nan_to_num(f), missing), g, "same", nan="ignore", **options
    )
    np.testing.assert_allclose(masked.filled(np.nan).ravel(), expected, atol=1e-9)
    spread = fp.convolve(f, g, "same", **options)
    touched = fp.convolve(
        missing.astype(int),
        np.ones(kernel, int),
        "same",
        **{**options, "boundary": boundary if boundary in PADS else 0},
    )
    np.testing.assert_array_equal(np.isnan(spread), touched > 0)


@drawn(60, st.data(), st.sampled_from(["u1", "u2", "f4", "f8"]), st.booleans())
def test_images_without_what_is_masked(data, dtype, colour):
    shape = data.draw(shapes(2))
    image = data.draw(
        hnp.arrays(dtype, (*shape, 3) if colour else shape, elements=st.integers(0, 200))
    )
    mask = data.draw(hnp.arrays(bool, shape))
    kernel = fp.Kernel(
        data.draw(hnp.arrays(float, (3, 3), elements=st.integers(1, 9)))
    ).normalised()
    result = fp.filter_image(image, kernel, nan="ignore", mask=mask)
    floats = image.astype(float)
    floats[mask] = np.nan
    planes = np.moveaxis(floats, -1, 0) if colour else floats[None]
    expected = np.stack(
        [fp.convolve(p, kernel, "same", boundary="reflect", nan="ignore") for p in planes], -1
    )
    expected = expected if colour else expected[..., 0]
    if np.dtype(dtype).kind == "u":
        assert (np.abs(result - np.nan_to_num(expected)) <= 0.501).all()
    else:
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-4)


@drawn(40, st.data())
def test_nothing_missing_changes_nothing(data):
    shape = data.draw(shapes(2))
    f = data.draw(hnp.arrays(float, shape, elements=st.floats(-9, 9)))
    g = data.draw(hnp.arrays(float, shapes(2), elements=st.floats(-9, 9)))
    assume(abs(g.sum()) > 1e-6)
    expected = fp.convolve(f, g)
    np.testing.assert_array_equal(fp.convolve(f, g, nan="ignore"), expected)
    np.testing.assert_array_equal(fp.convolve(f, g, mask=np.zeros(shape, bool)), expected)
