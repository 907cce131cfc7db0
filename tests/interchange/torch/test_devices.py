"""Calls on the meta device that are made another way: recurrent layers by their first step."""

import itertools

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402
from torch.nn.utils.rnn import pack_padded_sequence  # noqa: E402
from torch.overrides import TorchFunctionMode  # noqa: E402

from fencepost.interchange.torch.devices import without_steps  # noqa: E402
from fencepost.interchange.torch.function_call import arrays  # noqa: E402

LAYERS = [
    (nn.LSTM, {}),
    (nn.LSTM, {"proj_size": 3}),
    (nn.GRU, {}),
    (nn.RNN, {"nonlinearity": "tanh"}),
    (nn.RNN, {"nonlinearity": "relu"}),
]


class _Without(TorchFunctionMode):
    def __torch_function__(self, func, _, args=(), kwargs=None):
        return without_steps(func, args, kwargs or {})


def _sizes(made):
    return [tuple(array.shape) for array in arrays(made)]


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize(("kind", "options"), LAYERS)
def test_recurrent_layers(kind, options):
    for first, both, layers in itertools.product((False, True), (False, True), (1, 2)):
        options |= {"batch_first": first, "bidirectional": both, "num_layers": layers}
        layer = kind(5, 7, **options)
        on_meta = kind(5, 7, **options, device="meta")
        for shape in ((4, 6, 5), (6, 5), (1, 1, 5)):
            with _Without():
                made = on_meta(torch.empty(shape, device="meta"))
            assert _sizes(made) == _sizes(layer(torch.zeros(shape)))
        packed = pack_padded_sequence(torch.zeros(6, 2, 5), [6, 4], batch_first=False)
        with _Without():
            assert _sizes(layer(packed)[0].data) == [(10, _sizes(made)[0][-1])]


def test_one_step_is_run():
    steps = []

    def lstm(x, *others):
        steps.append(x.shape[0])
        return torch.lstm(x, *others)

    layer = nn.LSTM(5, 7, device="meta")
    x, state = torch.empty(900, 2, 5, device="meta"), torch.empty(1, 2, 7, device="meta")
    given = (x, (state, state), layer._flat_weights, True, 1, 0.0, False, False, False)
    assert _sizes(without_steps(lstm, given, {})) == [(900, 2, 7), (1, 2, 7), (1, 2, 7)]
    assert steps == [1]
