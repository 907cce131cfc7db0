"""By which name each array enters a PyTorch module."""

import pytest

import fencepost as fp

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fencepost.interchange.torch.inputs import module_inputs  # noqa: E402
from interchange.torch.modules import Net  # noqa: E402


class Several(torch.nn.Module):
    def forward(self, left, right, /, scale=None, *more, bias=None, **others):
        total = left + right
        return total if scale is None else total * scale


class Plain(torch.nn.Module):
    def forward(self, image, mask):
        return image * mask


def test_the_order_is_that_of_forward():
    given = {"mask": (1, 8, 8), "image": (3, 8, 8)}
    inputs = module_inputs(Plain(), given)
    assert inputs.names == ("image", "mask") and inputs.positional == 2
    assert inputs.shapes == ((1, 3, 8, 8), (1, 1, 8, 8))
    for order in (given, dict(reversed(given.items()))):
        graph = fp.check.check(Plain(), order).graph
        assert graph.input_names == ("image", "mask") and not graph.failure
        assert graph.input_shapes == inputs.shapes


def test_what_has_a_default_may_be_left_out():
    given = {"bias": (3,), "right": (3,), "left": (3,), "anything": (3,)}
    inputs = module_inputs(Several(), given)
    assert inputs.names == ("left", "right", "bias", "anything") and inputs.positional == 2
    assert fp.check.check(Several(), given).ok


def test_a_module_without_a_signature_takes_names_as_they_are():
    module = torch.jit.script(Plain())
    graph = fp.check.check(module, {"mask": (1, 8, 8), "image": (3, 8, 8)}).graph
    assert not graph.failure and set(graph.input_names) == {"image", "mask"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"image": (3, 8, 8), "msk": (3, 8, 8)}, ['"image" and "mask"', 'Did you mean "mask"']),
        ({"image": (3, 8, 8)}, ['pass a shape for "mask", too']),
        ({}, ["Received: none"]),
        ({"image": 3, "mask": (3,)}, ["a shape must be the sizes of one input"]),
        ([(3, 8, 8)], ['forward takes "image" and "mask"', "1 shape"]),
        (3, ["input_shapes must be a list of shapes"]),
    ],
)
def test_what_is_refused(given, words):
    with pytest.raises(fp.ArgumentError) as caught:
        module_inputs(Plain(), given)
    for word in words:
        assert word in str(caught.value)


def test_indices_are_found_behind_calls_that_take_an_array_twice():
    """Were each path back to the input followed for itself, there would be 2⁶⁰."""

    def forward(self, x):
        for _ in range(60):
            x = torch.kron(x.flatten()[:2], x.flatten()[:2])[:2]
        return self.words(x)

    graph = fp.check.check(Net(forward, words=torch.nn.Embedding(9, 4)), (2,)).graph
    assert not graph.failure and graph.operations[-1].output_shape == (2, 4)
