"""Every named kernel by what defines it: sums, moments, responses to flats, slopes, spots."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.kernels import catalogue

PAIRS = ("sobel", "prewitt", "scharr", "frei_chen", "gaussian_derivative", "central_difference")
SUM_ONE = ("identity", "mean", "gaussian", "binomial", "disk", "motion", "sharpen", "unsharp")
SUM_ZERO = ("laplace", "log", "dog")


def test_every_name_is_tested_and_has_one_line_and_a_source():
    names = set(fp.kernels.names())
    assert names - {*PAIRS, *SUM_ONE, *SUM_ZERO} == {
        "difference", "roberts", "kirsch", "robinson", "prewitt_compass", "frei_chen_basis",
        "gabor", "emboss",
    }  # fmt: skip
    for name in names:
        entry = catalogue.ENTRIES[name]
        assert entry.summary.endswith(".")
        assert entry.source
        assert getattr(fp.kernels, name) is entry.function


def test_the_articles_kernels():
    third = fp.kernels.mean(3, ndim=1)
    np.testing.assert_allclose(third.matrix, [1 / 3] * 3)
    np.testing.assert_allclose(fp.kernels.mean().matrix, np.full((3, 3), 1 / 9))
    laplace = np.full((3, 3), -1)
    laplace[1, 1] = 8
    np.testing.assert_array_equal(fp.kernels.laplace().matrix, laplace)
    np.testing.assert_array_equal(
        fp.kernels.sharpen().matrix, [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
    )
    edge = fp.kernels.difference(ndim=1)
    np.testing.assert_array_equal(edge.matrix, [1, -1])
    assert edge.origin == (0,)
    # Sobel as it is drawn, over the picture: turned by 180° for convolution.
    drawn = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    np.testing.assert_array_equal(fp.kernels.sobel("x").flipped().matrix, drawn)
    np.testing.assert_array_equal(fp.kernels.sobel("y").flipped().matrix, np.transpose(drawn))


def test_opencv():
    cv2 = pytest.importorskip("cv2")
    for size, sigma in [(3, 0.9), (7, 2.0), (31, 4.4)]:
        ours = fp.kernels.gaussian(sigma, size, ndim=1).matrix
        np.testing.assert_allclose(ours, cv2.getGaussianKernel(size, sigma).ravel(), atol=1e-12)
    ours = fp.kernels.gaussian(size=11, ndim=1).matrix
    np.testing.assert_allclose(ours, cv2.getGaussianKernel(11, 0).ravel(), atol=1e-12)
    for size in (3, 5, 7):  # for correlation: the signs of x are the other
        across, down = cv2.getDerivKernels(1, 0, size, ktype=cv2.CV_64F)
        np.testing.assert_array_equal(
            fp.kernels.sobel("x", size).flipped().matrix, np.outer(down, across)
        )
    across, down = cv2.getDerivKernels(0, 1, cv2.FILTER_SCHARR, ktype=cv2.CV_64F)
    np.testing.assert_array_equal(fp.kernels.scharr("y").flipped().matrix, np.outer(down, across))
    for angle, phase in [(0, 0), (30, 40), (200, -90)]:
        theirs = cv2.getGaborKernel(
            (17, 21), 3, np.radians(-angle), 7, 0.6, np.radians(-phase), cv2.CV_64F
        )
        ours = fp.kernels.gabor(7, angle, 3, 0.6, phase, size=(21, 17))
        np.testing.assert_allclose(ours.matrix, theirs, atol=1e-12)
    spot = np.zeros((5, 5))
    spot[2, 2] = 1
    theirs = cv2.Laplacian(spot, cv2.CV_64F, ksize=1)[1:4, 1:4]
    np.testing.assert_array_equal(-fp.kernels.laplace(4).matrix, theirs)


def test_scipy():
    ndimage = pytest.importorskip("scipy.ndimage")
    spot = np.zeros((33, 33))
    spot[16, 16] = 1

    def middle(filtered, kernel):
        return filtered[tuple(slice(16 - n // 2, 17 + n // 2) for n in kernel.shape)]

    kernel = fp.kernels.gaussian((1.3, 2.1))
    np.testing.assert_allclose(
        kernel.matrix, middle(ndimage.gaussian_filter(spot, (1.3, 2.1)), kernel), atol=1e-15
    )
    for axis, direction in enumerate("yx"):
        for name, function in (("sobel", ndimage.sobel), ("prewitt", ndimage.prewitt)):
            kernel = fp.kernels.pair(name)[direction]
            np.testing.assert_array_equal(kernel.matrix, middle(function(spot, axis), kernel))
    kernel = fp.kernels.laplace(4)
    np.testing.assert_array_equal(-kernel.matrix, middle(ndimage.laplace(spot), kernel))
    for sigma in (1.0, 2.0):
        kernel = fp.kernels.log(sigma)
        theirs = middle(ndimage.gaussian_laplace(spot, sigma), kernel)
        # SciPy samples the derivatives; here they are scaled besides, to respond as a Laplacian.
        np.testing.assert_allclose(-kernel.matrix, theirs, atol=5e-3 * np.abs(theirs).max())
        kernel = fp.kernels.gaussian_derivative("x", sigma)
        theirs = middle(ndimage.gaussian_filter(spot, sigma, order=(0, 1)), kernel)
        np.testing.assert_allclose(kernel.matrix, theirs, atol=2e-3 * np.abs(theirs).max())


def test_scikit_image():
    filters = pytest.importorskip("skimage.filters")
    spot = np.zeros((15, 15))
    spot[7, 7] = 1.0

    for name in ("sobel", "prewitt", "scharr"):
        for axis, direction in enumerate("yx"):
            kernel = fp.kernels.pair(name)[direction].normalised()
            theirs = getattr(filters, name)(spot, axis=axis)[6:9, 6:9]
            np.testing.assert_allclose(kernel.matrix, theirs, atol=1e-15)
    theirs = filters.roberts_pos_diag(spot)[6:9, 6:9]
    ours = fp.kernels.roberts("x").matrix
    assert {tuple(np.abs(theirs[theirs != 0]))} == {tuple(np.abs(ours[ours != 0]))}


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda k: k.gaussian(-1), "finite number, more than 0. Received: sigma=-1"),
        (lambda k: k.gaussian(0.0), "finite number, more than 0. Received: sigma=0.0"),
        (lambda k: k.gaussian(np.nan), "finite number, more than 0. Received: sigma=nan"),
        (lambda k: k.gaussian("2"), "finite number, more than 0. Received: sigma='2'"),
        (lambda k: k.gaussian((1, 2, 3)), "sigma must be one value or 2 of them, one per axis"),
        (lambda k: k.gaussian(size=4), "a central element: 3 or 5. Received: size=4"),
        (lambda k: k.gaussian(1e9), "sigma must be at most 131,072, so that"),
        (lambda k: k.gaussian(1, ndim=9), "ndim must be an integer, at most 8. Received: ndim=9"),
        (lambda k: k.gabor(ndim=3), "ndim must be an integer, at most 2. Received: ndim=3"),
        (lambda k: k.sobel(ndim=1), "ndim must be an integer, at least 2. Received: ndim=1"),
        (lambda k: k.mean(0), "size must be an integer, at least 1. Received: size=0"),
        (lambda k: k.mean(2.5), "size must be an integer, at least 1. Received: size=2.5"),
        (lambda k: k.mean(5000).matrix, "at most 16,777,216 weights. Received: 5000 × 5000"),
        (lambda k: k.disk(0), "a number, more than 0 and at most 500. Received: radius=0"),
        (lambda k: k.disk(501), "more than 0 and at most 500. Received: radius=501"),
        (lambda k: k.motion(-3), "more than 0 and at most 1000. Received: length=-3"),
        (lambda k: k.motion(3, np.inf), "angle must be a number"),
        (lambda k: k.sobel("z"), "direction must be one of \"x\", \"y\". Received: direction='z'"),
        (lambda k: k.sobel(
            "x", 4), "size must be odd, so that the kernel has a central element: 3 or 5"
        ),
        (lambda k: k.sobel("x", 33), "size must be an integer, at most 31. Received: size=33"),
        (lambda k: k.gaussian_derivative(order=3), "order must be an integer, at most 2"),
        (lambda k: k.gaussian_derivative(size=1), "size must be at least 3 for a derivative"),
        (lambda k: k.log(0.01), "finite number, at least 0.1. Received: sigma=0.01"),
        (lambda k: k.dog(1, -2), "finite number, more than 0. Received: sigma2=-2"),
        (lambda k: k.laplace(6), "neighbours must be one of \"4\", \"8\""),
        (lambda k: k.kirsch("NNE"), "direction must be one of \"E\", \"NE\""),
        (lambda k: k.robinson(levels=4), "levels must be one of \"5\", \"3\""),
        (lambda k: k.sharpen(-1), "finite number, at least 0. Received: amount=-1"),
        (lambda k: k.gabor(0), "finite number, more than 0. Received: wavelength=0"),
        (lambda k: k.pair("kirsch"), "Kernels with directions x, y are difference, "),
        (lambda k: k.compass("sobel"), "are kirsch, robinson, prewitt_compass. Received: 'sobel'"),
        (lambda k: k.pair("sobol"), "There is no kernel named \"sobol\". Did you mean \"sobel\"?"),
    ],
)  # fmt: skip
def test_wrong_arguments(make, message):
    with pytest.raises(fp.ArgumentError) as caught:
        make(fp.kernels)
    assert message in str(caught.value)
