"""Functions that answer calls which do not fit: as functions of Python are, in all else."""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
import weakref

import pytest

import fencepost as fp
from fencepost import _engine


def add(a, b=1, *, c=0):
    """Add."""
    if a == "raises":
        raise TypeError("from within")
    return a + b + c


def answer(function, arguments, named):
    if "d" in named:
        return ValueError(f"{function.__name__} {arguments} {named}")
    if "fails" in named:
        raise RuntimeError("the answer")
    return None


@pytest.fixture(params=_engine.levels().values(), ids=_engine.levels().keys())
def answering(request):
    return request.param.Answering(add, answer)


def test_calls_are_handed_on(answering):
    assert answering(1) == 2 and answering(1, 2) == 3 and answering(1, b=2, c=3) == 6
    assert answering(*(1, 2), c=4) == 7
    assert list(map(answering, [1, 2])) == [2, 3]


def test_an_error_of_the_call_is_answered_and_no_other(answering):
    with pytest.raises(ValueError, match=r"add \(1,\) \{'d': 2\}") as error:
        answering(1, d=2)
    assert error.value.__context__ is None
    with pytest.raises(TypeError, match="from within"):
        answering("raises")
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        answering()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_where_the_answer_fails_the_error_stays(answering):
    with pytest.raises(TypeError, match="unexpected keyword argument 'fails'"):
        answering(1, fails=True)


def test_what_is_no_pair_of_functions_is_refused():
    with pytest.raises(TypeError):
        _engine.Answering(add)


@pytest.mark.parametrize("function", [fp.convolve, fp.correlate, fp.filter_image])
def test_it_is_shown_as_the_function(function):
    assert inspect.isroutine(function) and callable(function)
    assert inspect.signature(function) == inspect.signature(function.__wrapped__)
    assert function.__doc__ == function.__wrapped__.__doc__
    assert function.__module__.startswith("fencepost.")
    assert repr(function) == repr(function.__wrapped__)
    assert pickle.loads(pickle.dumps(function)) is function
    assert copy.copy(function) is copy.deepcopy(function) is function


def test_in_a_class_it_is_a_method(answering):
    class Number(int):
        plus = answering

    assert Number(3).plus(4) == 7
    assert Number.plus(3) == 4


def test_it_is_collected_with_what_it_holds(answering):
    def function():
        return None

    held = type(answering)(function, answer)
    held.itself = held
    gone = weakref.ref(function)
    del function, held
    gc.collect()
    assert gone() is None
