"""Every named kernel by what defines it: sums, moments, responses to flats, slopes, spots."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.kernels import catalogue
from kernels.responses import moments, response

PAIRS = ("sobel", "prewitt", "scharr", "frei_chen", "gaussian_derivative", "central_difference")
SUM_ONE = ("identity", "mean", "gaussian", "binomial", "disk", "motion", "sharpen", "unsharp")
SUM_ZERO = ("laplace", "log", "dog")


def flat(x, y):
    return 7.0


def impulse(x, y):
    return (x == 0) & (y == 0)


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


@pytest.mark.parametrize("name", SUM_ONE)
@pytest.mark.parametrize("ndim", [1, 2])
def test_smoothing_and_sharpening_keep_a_flat_picture(name, ndim):
    if ndim == 1 and not catalogue.ENTRIES[name].has_axes(1):
        pytest.skip("for images only")
    kernel = fp.kernels.parse(name, ndim)
    assert kernel.ndim == ndim
    assert kernel.sum == pytest.approx(1, abs=1e-12)
    assert response(kernel, flat) == pytest.approx(7)
    assert kernel.symmetry.centre == "even"


@pytest.mark.parametrize("name", SUM_ZERO)
@pytest.mark.parametrize("ndim", [1, 2])
def test_second_derivatives_see_neither_flats_nor_slopes_and_spots_bright(name, ndim):
    kernel = fp.kernels.parse(name, ndim)
    assert response(kernel, flat) == pytest.approx(0, abs=1e-12)
    assert response(kernel, lambda x, y: 3 * x) == pytest.approx(0, abs=1e-12)
    assert response(kernel, impulse) > 0
    assert response(kernel, lambda x, y: x**2) < 0


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_respond_to_rising_brightness(name):
    x, y = fp.kernels.pair(name)
    for kernel in (x, y):
        assert response(kernel, flat) == pytest.approx(0, abs=1e-12)
    right, down = (lambda x, y: x), (lambda x, y: y)
    assert response(x, right) > 0
    assert response(y, down) == pytest.approx(response(x, right))
    assert response(x, down) == pytest.approx(0, abs=1e-12)
    assert response(x, lambda x, y: x > 0) > 0  # a step from dark to bright
    np.testing.assert_allclose(y.matrix, x.matrix.T)
    assert x.symmetry.left_right == "odd"


@pytest.mark.parametrize(
    "kernel, slope",
    [
        (fp.kernels.sobel("x"), 8),
        (fp.kernels.prewitt("x"), 6),
        (fp.kernels.scharr("x"), 32),
        (fp.kernels.central_difference("x"), 1),
        (fp.kernels.difference("x"), 1),
        (fp.kernels.gaussian_derivative("x", 0.1), 1),
        (fp.kernels.gaussian_derivative("x", 2.5), 1),
    ],
)
def test_response_to_a_slope_of_one(kernel, slope):
    assert response(kernel, lambda x, y: x) == pytest.approx(slope)


@pytest.mark.parametrize("sigma", [0.1, 0.7, 3.0])
def test_second_derivative_of_a_parabola_is_one(sigma):
    kernel = fp.kernels.gaussian_derivative("y", sigma, order=2)
    assert response(kernel, lambda x, y: y**2 / 2) == pytest.approx(1)
    assert response(kernel, lambda x, y: x**2) == pytest.approx(0, abs=1e-9)
    assert response(kernel, flat) == pytest.approx(0, abs=1e-9)
    assert response(fp.kernels.log(sigma), lambda x, y: x**2 / 2) == pytest.approx(-1)


# ---------------------------------------------------------------- the article's


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


# ---------------------------------------------------------------- smoothing


@pytest.mark.parametrize("sigma", [0.8, 1.0, 2.0, 5.5])
def test_gaussian_has_the_variance_that_it_says(sigma):
    for ndim in (1, 2):
        mean, covariance = moments(fp.kernels.gaussian(sigma, ndim=ndim))
        np.testing.assert_allclose(mean, 0, atol=1e-12)
        # What lies beyond 4 sigma is cut off: 0.1 % of the variance.
        assert covariance[0, 0] == pytest.approx(sigma**2, rel=0.005)
    assert covariance[0, 1] == pytest.approx(0, abs=1e-12)


def test_anisotropic_gaussian_points_where_it_is_turned():
    _, covariance = moments(fp.kernels.gaussian((1.0, 3.0), angle=30))
    values, vectors = np.linalg.eigh(covariance)
    np.testing.assert_allclose(values, [1, 9], rtol=0.01)
    angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])) % 180
    assert angle == pytest.approx(30, abs=0.2)
    wide = fp.kernels.gaussian((1.0, 3.0))
    assert wide.shape == (9, 25)
    upright = fp.kernels.gaussian((1.0, 3.0), angle=90, size=(25, 25))
    level = fp.kernels.gaussian((1.0, 3.0), size=(25, 25))
    np.testing.assert_allclose(upright.matrix, level.matrix.T, atol=1e-15)


def test_gaussians_add_their_variances():
    both = fp.kernels.gaussian(3.0, ndim=1) * fp.kernels.gaussian(4.0, ndim=1)
    one = fp.kernels.gaussian(5.0, size=both.shape[0], ndim=1)
    np.testing.assert_allclose(both.matrix, one.matrix, atol=1e-4)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
def test_binomial_is_the_mean_of_two_over_and_over(size):
    kernel = fp.kernels.identity(ndim=1)
    for _ in range(size - 1):
        kernel = kernel * fp.Kernel([0.5, 0.5], origin=0)
    np.testing.assert_array_equal(fp.kernels.binomial(size, ndim=1).matrix, kernel.matrix)
    distance = np.arange(size) - (size - 1) / 2
    assert (fp.kernels.binomial(size, ndim=1).matrix * distance**2).sum() == (size - 1) / 4


@pytest.mark.parametrize("radius", [0.3, 0.5, 1.0, 1.7, 2.5, 6.2])
def test_disk_weighs_pixels_by_the_area_covered(radius):
    kernel = fp.kernels.disk(radius)
    rows = kernel.shape[0]
    fine = (np.arange(400 * rows) + 0.5) / 400 - rows / 2
    inside = fine[:, None] ** 2 + fine**2 <= radius**2
    areas = inside.reshape(rows, 400, rows, 400).mean(axis=(1, 3)) / (np.pi * radius**2)
    np.testing.assert_allclose(kernel.matrix, areas, atol=2e-4)
    for turned in (kernel.rotated(90), kernel.flipped(0)):
        np.testing.assert_allclose(turned.matrix, kernel.matrix, atol=1e-10)


@pytest.mark.parametrize("angle", [0, 20, 45, 90, 123, 180, -60])
@pytest.mark.parametrize("length", [1, 4, 9.5, 30])
def test_motion_blurs_along_its_angle(length, angle):
    kernel = fp.kernels.motion(length, angle)
    assert kernel.sum == pytest.approx(1)
    mean, covariance = moments(kernel)
    np.testing.assert_allclose(mean, 0, atol=1e-12)
    if length > 5:
        _, vectors = np.linalg.eigh(covariance)
        found = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
        assert abs((found - angle + 90) % 180 - 90) < 1.5
        assert np.trace(covariance) == pytest.approx(length**2 / 12, rel=0.05, abs=0.2)
    np.testing.assert_allclose(fp.kernels.motion(5).matrix, np.full((1, 5), 0.2))


# ---------------------------------------------------------------- directions


@pytest.mark.parametrize("name", ["kirsch", "robinson", "prewitt_compass"])
def test_a_compass_responses_most_to_its_own_direction(name):
    found = fp.kernels.compass(name)
    assert len(found) == 8
    for k, label in enumerate(found.labels):
        angle = k * np.pi / 4

        def rising(x, y, angle=angle):
            return x * np.cos(angle) - y * np.sin(angle)

        responses = [response(kernel, rising) for kernel in found]
        assert int(np.argmax(responses)) == k
        assert response(found[label], flat) == pytest.approx(0)
        assert found[label] == found["E"].rotated(45 * k)
        turned = found.direction([np.array([response]) for response in responses])[0]
        assert np.cos(turned + angle) == pytest.approx(1)
    assert fp.kernels.compass("robinson")["E"] == fp.kernels.sobel("x")
    assert fp.kernels.compass("robinson", levels=3)["S"] == fp.kernels.prewitt("y")


@pytest.mark.parametrize("name", [*PAIRS, "roberts", "difference"])
@pytest.mark.parametrize("degrees", [0, 30, 100, 180, -135])
def test_pairs_tell_length_and_direction(name, degrees):
    pair = fp.kernels.pair(name)
    angle = np.radians(degrees)
    responses = [
        np.array([response(kernel, lambda x, y: x * np.cos(angle) + y * np.sin(angle))])
        for kernel in pair
    ]
    assert np.cos(pair.direction(responses)[0] - angle) == pytest.approx(1)
    assert -np.pi < pair.direction(responses)[0] <= np.pi
    one = abs(response(pair.x, lambda x, y: x))
    along = np.sqrt(2) * one if name == "roberts" else one
    assert pair.magnitude(responses)[0] == pytest.approx(along)


def test_frei_chens_basis_is_orthonormal_and_finds_edges_at_any_contrast():
    basis = fp.kernels.frei_chen_basis()
    flatly = np.stack([kernel.matrix.ravel() for kernel in basis])
    np.testing.assert_allclose(flatly @ flatly.T, np.eye(9), atol=1e-15)

    def magnitude(picture):
        return basis.magnitude([np.array([response(kernel, picture)]) for kernel in basis])[0]

    assert magnitude(lambda x, y: x) == pytest.approx(1)
    assert magnitude(lambda x, y: 0.01 * y) == pytest.approx(1)
    assert magnitude(flat) == pytest.approx(0, abs=1e-7)
    assert magnitude(lambda x, y: 0) == 0
    assert magnitude(lambda x, y: x == 0) < 0.5  # a line is none


@pytest.mark.parametrize("light, x, y", [("NW", 1, 1), ("E", -1, 0), ("S", 0, -1), ("sw", 1, -1)])
def test_emboss_brightens_what_rises_away_from_the_light(light, x, y):
    kernel = fp.kernels.emboss(light)
    assert kernel.sum == 1
    assert response(kernel, lambda i, j: x * i + y * j) > 0
    assert response(kernel, lambda i, j: y * i - x * j) == pytest.approx(0)


@pytest.mark.parametrize("angle", [0, 30, 90, 135])
def test_gabor_responses_to_stripes_of_its_width_and_angle(angle):
    kernel = fp.kernels.gabor(6.0, angle)

    def stripes(width, degrees):
        turned = np.radians(degrees)
        return lambda x, y: np.cos(2 * np.pi * (x * np.cos(turned) - y * np.sin(turned)) / width)

    own = response(kernel, stripes(6.0, angle))
    assert own > 5 * abs(response(kernel, stripes(6.0, angle + 90)))
    assert own > 2 * abs(response(kernel, stripes(12.0, angle)))
    assert fp.kernels.gabor(6.0, phase=90).symmetry.left_right == "odd"


# ---------------------------------------------------------------- outside systems


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


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda k: k.gaussian(-1), "finite number, more than 0. Received: sigma=-1"),
        (lambda k: k.gaussian(0.0), "finite number, more than 0. Received: sigma=0.0"),
        (lambda k: k.gaussian(np.nan), "finite number, more than 0. Received: sigma=nan"),
        (lambda k: k.gaussian("2"), "finite number, more than 0. Received: sigma='2'"),
        (lambda k: k.gaussian((1, 2, 3)), "sigma must be one value or 2 of them, one per axis"),
        (lambda k: k.gaussian(size=4), "a middle element: 3 or 5. Received: size=4"),
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
        (lambda k: k.sobel("x", 4), "size must be odd, so that there is a middle element: 3 or 5"),
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
