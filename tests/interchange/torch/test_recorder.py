"""PyTorch modules that fail, or depend on values: where and why; and that they stay as they are."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fencepost.interchange.torch.trace import read_module  # noqa: E402
from interchange.torch.modules import CPU, Net, conv, graph, message, names  # noqa: E402

nn = torch.nn


# --- models that fail ---------------------------------------------------------------------------


def failing(module, *shapes):
    model = read_module(module, list(shapes))
    assert model.failure
    assert (model.outputs, model.unused) == ((), ())
    assert all(operation.output_shapes for operation in model.operations[:-1])
    last = model.operations[-1]
    assert last.output_shapes == ()
    return model, last


@pytest.mark.parametrize(
    ("layers", "shape", "name", "met"),
    [
        ([conv(), conv(5)], (3, 8, 8), "1", (1, 4, 6, 6)),
        ([conv(), conv(4, 4, 7)], (3, 8, 8), "1", (1, 4, 6, 6)),
        ([conv(), nn.Flatten(), nn.Linear(100, 3)], (3, 8, 8), "2", (1, 144)),
        ([conv(), nn.Linear(100, 3)], (3, 8, 8), "1", (1, 4, 6, 6)),
        ([nn.MaxPool2d(9)], (3, 8, 8), "0", (1, 3, 8, 8)),
        ([nn.AvgPool2d(2, padding=2)], (3, 8, 8), "0", (1, 3, 8, 8)),
        ([nn.BatchNorm2d(4)], (3, 8, 8), "0", (1, 3, 8, 8)),
        ([nn.ReflectionPad2d(9)], (3, 8, 8), "0", (1, 3, 8, 8)),
        ([nn.PixelShuffle(2)], (3, 8, 8), "0", (1, 3, 8, 8)),
        ([nn.ConvTranspose2d(5, 2, 2)], (3, 8, 8), "0", (1, 3, 8, 8)),
        ([nn.ReLU(), nn.Embedding(5, 2)], (3,), "1", (1, 3)),
        ([nn.Flatten(), nn.Softmax(2)], (3,), "1", (1, 3)),
    ],
)
def test_layers_that_fail(layers, shape, name, met):
    module = nn.Sequential(*layers)
    model, last = failing(module, shape)
    assert (last.name, last.kind) == (name, type(layers[-1]).__name__)
    assert last.input_shapes == (met,)
    assert len(model.operations) == len(layers)
    assert model.failure == message(module, shape)
    assert model.unknown == ()


def test_what_a_failing_layer_would_have_done_is_known():
    _, last = failing(nn.Sequential(conv(), conv(4, 8, 7, stride=2, padding=0)), (3, 8, 8))
    assert last.describe() == "Conv2d(8, 7, stride=2)"
    assert [window.span for window in last.windows] == [-1, -1]
    assert (last.weight_shape, last.parameters, last.multiply_adds) == ((8, 4, 7, 7), 1576, None)
    _, last = failing(nn.Sequential(nn.Flatten(), nn.Linear(100, 3)), (3, 8, 8))
    assert (last.describe(), last.role, last.weight_shape) == ("Linear(3)", "dense", (3, 100))


def test_joins_that_fail():
    def run(self, x):
        return self.join([self.a(x), self.b(x)])

    for join in (lambda pair: torch.cat(pair, 1), lambda pair: pair[0] + pair[1]):
        module = Net(run, a=conv(), b=conv(kernel=5), join=join)
        model, last = failing(module, (3, 8, 8))
        assert graph(model)[last.name] == ["a", "b"]
        assert (last.role, last.input_shapes) == ("join", ((1, 4, 6, 6), (1, 4, 4, 4)))
        assert model.failure == message(module, (3, 8, 8))


def test_views_that_fail():
    module = Net(lambda self, x: self.fc(self.c(x).view(-1, 100)), c=conv(), fc=nn.Linear(100, 3))
    model, last = failing(module, (3, 8, 8))
    assert (last.name, last.describe()) == ("view", "View(shape=(-1, 100))")
    assert model.failure == "shape '[-1, 100]' is invalid for input of size 144"


def test_checks_of_a_layer_before_it_does_anything():
    model, last = failing(nn.Sequential(conv(), nn.Flatten(), nn.BatchNorm2d(4)), (3, 8, 8))
    assert (last.name, last.kind, last.input_shapes) == ("2", "BatchNorm2d", ((1, 144),))
    assert model.failure.startswith("ValueError: expected 4D input (got 2D input)")
    model, last = failing(nn.Sequential(nn.LSTM(7, 2)), (5, 6))
    assert (last.name, last.kind) == ("0", "LSTM")
    assert "input.size(-1) must be equal to input_size" in model.failure


def test_attention_that_fails_is_named_as_the_layer():
    module = Net(lambda self, x: self.a(x, x, x), a=nn.MultiheadAttention(8, 2))
    _, last = failing(module, (3, 6))
    assert (last.name, last.kind) == ("a", "MultiheadAttention")


def test_exceptions_of_the_models_own_are_reported_with_their_line():
    def run(self, x):
        x = self.c(x)
        if x.shape[1] != 5:
            raise KeyError("five\n channels")
        return x

    block = Net(run, c=conv(4))
    model, last = failing(nn.Sequential(conv(), block), (3, 8, 8))
    assert names(model) == ["0", "1.c", "1"]
    assert (last.kind, last.role, last.input_shapes) == ("Net", "unknown", ((1, 4, 6, 6),))
    line = run.__code__.co_firstlineno + 3
    assert model.failure.startswith("KeyError: 'five\\n channels' (")
    assert model.failure.endswith(f"test_recorder.py, line {line}, in run)")
    model, last = failing(block, (4, 8, 8))
    assert last.name == "forward"


def test_an_exception_that_wraps_another_is_that_of_the_operation():
    def run(self, x):
        try:
            return self.d(self.c(x))
        except RuntimeError as error:
            raise ValueError("a bad block") from error

    model, last = failing(Net(run, c=conv(), d=conv(5)), (3, 8, 8))
    assert last.name == "d"
    assert model.failure.startswith("Given groups=1, weight of size [4, 5, 3, 3]")


def test_exceptions_that_the_model_handles_are_no_failure():
    def run(self, x):
        try:
            return self.d(self.c(x))
        except RuntimeError:
            return self.c(x)

    model = read_module(Net(run, c=conv(), d=conv(5)), [(3, 8, 8)])
    assert (names(model), model.failure) == (["c", "c:2"], "")


def test_recursion_and_interrupts_pass():
    def again(self, x):
        return self(x)

    def stop(self, x):
        raise KeyboardInterrupt

    with pytest.raises(RecursionError):
        read_module(Net(again), [(3,)])
    with pytest.raises(KeyboardInterrupt):
        read_module(Net(stop), [(3,)])


# --- models that depend on values --------------------------------------------------------------

LOOKS = {
    "bool": lambda self, x: x if x.sum() > 0 else self.c(x),
    "item": lambda self, x: self.c(x)[:, : int(x.abs().max().item()) + 2],
    "numpy": lambda self, x: self.c(torch.from_numpy(x.numpy() + 1)),
    "nonzero": lambda self, x: self.c(x)[:, : len(torch.nonzero(x)) + 2],
    "getitem": lambda self, x: self.c(x)[:, [1 in x[x > 0], 2]],
    "pack_padded_sequence": lambda self, x: (
        nn.utils.rnn.pack_padded_sequence(x[0], [8] * 8).data.sum() + self.c(x)
    ),
    "tolist": lambda self, x: self.c(x) + x.flatten()[:1].tolist()[0],
}


@pytest.mark.parametrize("name", LOOKS)
def test_models_that_depend_on_values_run_on_zeros(name):
    model = read_module(Net(LOOKS[name], c=conv(padding=1)), [(3, 8, 8)])
    assert (model.how, model.failure) == (CPU, "")
    assert model.unknown[0] == (
        f"The model depends on values ({name} in forward), so the model ran on zeros: other values "
        "may lead to other sizes."
    )
    (one,) = (operation for operation in model.operations if operation.name == "c")
    assert one.output_shape == (1, 4, 8, 8)


def test_what_is_only_inspected_is_not_shown_unless_it_learns():
    def run(self, x):
        y = self.c(x)
        if y.mean() + self.gate(x).abs().max() > 99:
            return x
        return y.abs() if y.abs().sum().item() == 1 else y * y.mean()

    model = read_module(Net(run, c=conv(), gate=conv()), [(3, 8, 8)])
    assert graph(model) == {"c": [""], "gate": [""], "mean:2": ["c"], "mul": ["c", "mean:2"]}
    assert model.outputs == ((3, 0),)


def test_what_went_by_way_of_numpy_is_unknown():
    model = read_module(Net(LOOKS["numpy"], c=conv()), [(3, 8, 8)])
    assert [(operation.kind, operation.role) for operation in model.operations] == [
        ("Net", "unknown"),
        ("Conv2d", "windows"),
    ]
    assert graph(model)["c"] == ["forward"]


def test_a_model_that_handles_every_exception_runs_on_zeros_all_the_same():
    def run(self, x):
        try:
            return self.c(x) if x.sum() > -1 else x
        except:  # noqa: E722
            return x

    model = read_module(Net(run, c=conv()), [(3, 8, 8)])
    assert (names(model), model.how) == (["c"], CPU)


def test_values_are_those_of_the_model_itself():
    module = Net(lambda self, x: self.c(x)[:, : int(self.c.bias.sum())], c=conv())
    with torch.no_grad():
        module.c.bias.fill_(0.5)
    assert read_module(module, [(3, 8, 8)]).operations[-1].output_shape == (1, 2, 6, 6)


def test_code_that_cannot_do_without_values():
    def run(self, x):
        if x.device.type == "meta":
            raise NotImplementedError("no meta")
        return self.c(x)

    model = read_module(Net(run, c=conv()), [(3, 8, 8)])
    assert (model.failure, model.how, names(model)) == ("", CPU, ["c"])
    assert "NotImplementedError: no meta" in model.unknown[0]


def test_constants_may_lie_anywhere():
    def run(self, x):
        return (self.c(x) + self.grid + self.many[0] + torch.ones(6) + table) * len(self.many)

    table = torch.ones(6)
    module = Net(run, c=conv())
    module.grid, module.many = torch.ones(6), [torch.ones(6)]
    module.register_buffer("place", torch.zeros(6))
    model = read_module(module, [(3, 8, 8)])
    assert "meta" in model.how
    assert names(model) == ["c", "add", "add:2", "add:3", "add:4", "mul"]


def test_what_does_not_depend_on_the_input_is_said_so():
    model = read_module(Net(lambda self, x: torch.zeros(3)), [(3, 8, 8)])
    assert model.operations == ()
    assert model.unknown[0].startswith("What the model returns cannot be traced back")


# --- the module stays as it is ------------------------------------------------------------------


def everything(module):
    return {
        "state": {name: item.clone() for name, item in module.state_dict().items()},
        "places": {
            name: (id(parameter), parameter.device) for name, parameter in module.named_parameters()
        },
        "buffers": {name: (id(buffer), buffer.device) for name, buffer in module.named_buffers()},
        "grads": [parameter.requires_grad for parameter in module.parameters()],
        "modes": [part.training for part in module.modules()],
        "hooks": [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in module.modules()],
        "attributes": [sorted(vars(part)) for part in module.modules()],
    }


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_the_module_is_left_as_it_is(device):
    def run(self, x):
        self.calls += 1
        self.seen.append(x.shape)
        self.steps += 1
        x = self.n(self.c(x))
        if device == "cpu" and x.sum() > 9:
            return x
        with torch.no_grad():
            self.c.weight.mul_(0)
        return x + torch.rand(1)

    module = Net(run, c=conv(), n=nn.BatchNorm2d(4))
    module.calls, module.seen = 0, []
    module.register_buffer("steps", torch.zeros(1))
    module.n.eval()
    module.c.bias.requires_grad_(False)
    module.n.register_forward_hook(lambda *_: None)
    before, state = everything(module), torch.get_rng_state()
    model = read_module(module, [(3, 8, 8)])
    assert ("CPU" in model.how) == (device == "cpu")
    after = everything(module)
    assert all(
        torch.equal(item, after["state"][name]) for name, item in before.pop("state").items()
    )
    del after["state"]
    assert after == before
    assert (module.calls, module.seen, module.training) == (0, [], True)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled()


def test_what_fails_leaves_nothing_behind_either():
    module = nn.Sequential(conv(), conv(5))
    before = everything(module)
    del before["state"]
    failing(module, (3, 8, 8))
    after = everything(module)
    del after["state"]
    assert after == before
    torch.zeros(3) + 1  # no one listens any more


def test_what_the_module_prints_does_not_go_to_stdout(capsys):
    def run(self, x):
        print("shape", tuple(x.shape))
        return self.c(x)

    read_module(Net(run, c=conv()), [(3, 8, 8)])
    assert capsys.readouterr() == ("", "shape (1, 3, 8, 8)\n")


def test_a_module_without_values_is_read_too():
    with torch.device("meta"):
        module = Net(LOOKS["bool"], c=conv())
    assert read_module(module, [(3, 8, 8)]).how == CPU
