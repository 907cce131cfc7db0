"""Whatever may be given for an array: its values, or an error that says what would do."""

from __future__ import annotations

import array
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import fencepost as fp
from fencepost.arrays import as_array

VALUES = (np.arange(35.0).reshape(5, 7) * 3) % 11
KERNEL = np.array([[1.0, 2, 0], [0, 1, 3]])
RULE = "f must be an array of numbers. Received: "
NET = fp.Network((1, 5, 7), [fp.Flatten(), fp.Linear(2)])

# Every way in which an array comes in: what is refused by one is refused by all.
USES = {
    "f": lambda values: fp.convolve(values, KERNEL),
    "g": lambda values: fp.correlate(np.eye(9), values),
    "mask": lambda values: fp.convolve(VALUES, KERNEL, mask=values),
    "pool": lambda values: fp.max_pool(values, 1),
    "image": lambda values: fp.filter_image(values, KERNEL),
    "kernel": fp.Kernel,
    "factor": fp.Kernel.from_factors,
    "gradient": fp.image_gradient,
    "predict": NET.predict,
    "fit": lambda values: NET.fit(values, [0, 1], epochs=1),
    "labels": lambda values: NET.fit(np.zeros((5, 1, 5, 7)), values, epochs=1),
    "dataset": lambda values: fp.datasets.Dataset(values, [0, 1]),
    "targets": lambda values: fp.datasets.Dataset(np.zeros((5, 1, 5, 7)), values),
}


class Foreign:
    """An array of another library: it gives NumPy its values, or a reason why not."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        if isinstance(self.values, Exception):
            raise self.values
        return np.array(self.values, dtype)


class Subclass(np.ndarray):
    pass


def read_only():
    values = VALUES.copy()
    values.flags.writeable = False
    return values


def unaligned():
    octets = np.frombuffer(b"\0" + VALUES.tobytes(), np.uint8)
    return octets[1:].view(np.float64).reshape(VALUES.shape)


TAKEN = {
    "list": VALUES.tolist(),
    "tuples": tuple(map(tuple, VALUES.tolist())),
    "arrays": list(VALUES),
    "memory view": memoryview(VALUES),
    "array.array": [array.array("d", row) for row in VALUES],
    "big-endian": VALUES.astype(">f8"),
    "big-endian integers": VALUES.astype(">u2"),
    "float16": VALUES.astype(np.float16),
    "negative strides": np.ascontiguousarray(VALUES[::-1, ::-1])[::-1, ::-1],
    "Fortran": np.asfortranarray(VALUES),
    "strided": np.repeat(np.repeat(VALUES, 2, 0), 3, 1)[::2, ::3],
    "read-only": read_only(),
    "unaligned": unaligned(),
    "subclass": VALUES.view(Subclass),
    "matrix": VALUES.view(np.matrix),
    "foreign": Foreign(VALUES),
    "no mask": np.ma.masked_array(VALUES),
}


@pytest.mark.parametrize("values", TAKEN.values(), ids=TAKEN)
def test_what_holds_numbers_is_taken_with_its_values(values):
    result = as_array("f", values)
    assert type(result) is np.ndarray
    np.testing.assert_array_equal(result, VALUES)
    np.testing.assert_array_equal(fp.convolve(values, KERNEL), fp.convolve(VALUES, KERNEL))
    assert fp.Kernel(values) == fp.Kernel(VALUES)


OBJECTS = "dtype object. If it holds numbers, np.asarray(…, float) makes them so."
REFUSED = [
    ([[1, 2], [3]], "rows of different lengths."),
    ([np.ones(2), np.ones(3)], "rows of different lengths."),
    (None, "None."),
    ("abc", "'abc'."),
    (b"abc", "b'abc'."),
    ({"a": 1}, "{'a': 1}."),
    ({1, 2}, "a set. Use a list of what is in it."),
    (map(int, "12"), "a map. Use a list of what is in it."),
    ([1, None], OBJECTS),
    ([10**30], OBJECTS),
    ([Fraction(1, 3)], OBJECTS),
    (np.array([Decimal("0.1")]), OBJECTS),
    (["1", "2"], "dtype <U1. If it holds numbers, np.asarray(…, float) makes them so."),
    (np.array(["2020-01-01"], "M8[D]"), "dtype datetime64[D]. Count from one of them: (t - t[0])"),
    (np.array([1], "m8[s]"), "dtype timedelta64[s]. Count in a unit: t / np.timedelta64(1"),
    (np.zeros(2, "f4,i4"), "dtype [('f0', '<f4'), ('f1', '<i4')]. Choose one of its"),
    (np.ma.masked_greater([1, 5], 3), "1 masked element, which would be used. Fill it"),
    ([np.ma.masked_less([1, 5], 3), [0, 1]], "1 masked element, which would be used. Fill it"),
    (Foreign(RuntimeError("it is on a GPU.\nTrace")), "a Foreign: it is on a GPU."),
    (Foreign(KeyError()), "a Foreign: NumPy does not take it."),
]  # fmt: skip


@pytest.mark.parametrize(("values", "received"), REFUSED)
def test_others_are_refused_with_what_would_do(values, received):
    with pytest.raises(fp.DataError) as caught:
        as_array("f", values)
    assert str(caught.value).startswith(RULE + received)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("values", [values for values, _ in REFUSED])
def test_no_use_of_an_array_lets_a_foreign_exception_through(use, values):
    if (use == "mask" and values is None) or (use == "f" and np.ma.isMaskedArray(values)):
        return  # which has a meaning
    with pytest.raises(fp.FencepostError):
        USES[use](values)


def test_sparse_arrays_say_how_they_become_dense():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(fp.DataError, match=r"Received: a sparse csr_array. Use .toarray\(\)"):
        as_array("f", sparse.csr_array(VALUES))


def test_a_palette_is_no_array_of_pixels():
    from PIL import Image

    picture = Image.fromarray(VALUES.astype(np.uint8)).convert("P")
    with pytest.raises(fp.DataError, match=r"indices into a palette. Use .convert\(\"RGB\"\)"):
        fp.convolve(picture, KERNEL)
    assert np.shape(fp.filter_image(picture, KERNEL)) == (5, 7, 3)


def test_columns_of_pandas_with_missing_values():
    pandas = pytest.importorskip("pandas")
    series = pandas.Series([1, None, 3], dtype="Int64")
    frame = pandas.DataFrame({"a": series, "b": pandas.Series([1.5, 2.5, None], dtype="Float32")})
    np.testing.assert_array_equal(as_array("f", series), [1, np.nan, 3])
    np.testing.assert_array_equal(as_array("f", frame), [[1, 1.5], [np.nan, 2.5], [3, np.nan]])
    for words in (pandas.Series(["1", "2"]), pandas.DataFrame({"a": [1, 2], "b": ["1", "2"]})):
        with pytest.raises(fp.DataError, match="dtype "):
            as_array("f", words)


@pytest.mark.filterwarnings("ignore::UserWarning")  # what PyTorch calls a beta or a prototype
class TestTensors:
    @pytest.fixture
    def torch(self):
        return pytest.importorskip("torch")

    def test_are_taken_with_their_values(self, torch):
        plain = torch.from_numpy(VALUES)
        both = torch.complex(plain, 2 * plain)
        narrow = [torch.bfloat16, torch.float16, torch.float8_e4m3fn, torch.uint8, torch.int64]
        for tensor in [
            *(plain.to(dtype) for dtype in narrow),
            plain.float(),
            plain.t().contiguous().t(),
            plain.repeat_interleave(2, 0)[::2],
            torch.nn.Parameter(plain, requires_grad=False),
            both.conj().real,
            list(plain),
        ]:
            np.testing.assert_array_equal(as_array("f", tensor), VALUES)
        np.testing.assert_array_equal(as_array("f", both.conj()), VALUES - 2j * VALUES)
        np.testing.assert_array_equal(as_array("f", both.conj().imag), -2 * VALUES)
        np.testing.assert_array_equal(as_array("f", both.to(torch.complex32)), VALUES * (1 + 2j))

    def test_are_refused_with_what_would_do(self, torch):
        plain = torch.from_numpy(VALUES)
        refused = {
            plain.clone().requires_grad_(): r"a tensor with gradients, .* Use \.detach\(\)",
            torch.nn.Parameter(plain.clone()) * 2: r"a tensor with gradients, .* Use \.detach\(\)",
            plain.to("meta"): "on the device meta, which has no values",
            plain.to_sparse(): r"of layout torch.sparse_coo. Use \.to_dense\(\)",
            plain.to_sparse_csr(): r"of layout torch.sparse_csr. Use \.to_dense\(\)",
            torch.nested.nested_tensor([plain[0], plain[0, :3]]): "a nested tensor",
            torch.quantize_per_tensor(plain.float(), 1, 0, torch.quint8): r"\.dequantize\(\)",
        }
        for tensor, message in refused.items():
            for use in USES.values():
                with pytest.raises(fp.FencepostError, match=message):
                    use(tensor)
