"""Reading PyTorch modules of every kind: who feeds whom, where they fail, that they stay as is."""

from __future__ import annotations

import copy

import pytest

import fencepost as fp

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fencepost.check.torch_trace import read  # noqa: E402

nn, F = torch.nn, torch.nn.functional
CPU = "Traced on the CPU, in eval mode, with a batch of 1."


class Net(nn.Module):
    """A module of some layers and a forward that is given: called with it and the inputs."""

    def __init__(self, run, **layers):
        super().__init__()
        self.run = run
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        return self.run(self, x)


def conv(ins=3, outs=4, kernel=3, **more):
    return nn.Conv2d(ins, outs, kernel, **more)


def names(model):
    return [one.name for one in model.operations]


def graph(model):
    """For each operation its name and the names of what enters; "" is the input."""
    made = {-1: "", **dict(enumerate(names(model)))}
    return {one.name: [made[value.operation] for value in one.inputs] for one in model.operations}


# --- who feeds whom -------------------------------------------------------------------------------


def test_layers_and_functions_are_named_after_the_modules_they_are_in():
    block = Net(lambda self, x: x + F.relu(self.c(x)), c=conv(4, 4, padding=1))
    model = read(nn.Sequential(conv(), block), [(3, 8, 8)])
    assert graph(model) == {"0": [""], "1.c": ["0"], "1.relu": ["1.c"], "1.add": ["0", "1.relu"]}
    assert model.outputs == ((3, 0),)
    assert (model.input_names, model.input_shapes) == (("input",), ((1, 3, 8, 8),))


def test_a_module_used_twice_counts_its_parameters_once():
    one = conv(3, 3, padding=1)
    model = read(Net(lambda self, x: self.c(self.c(x)) + self.c(x), c=one), [(3, 8, 8)])
    assert graph(model) == {"c": [""], "c:2": ["c"], "c:3": [""], "add": ["c:2", "c:3"]}
    assert [one.parameters for one in model.operations] == [84, 0, 0, 0]
    assert len({one.multiply_adds for one in model.operations[:3]}) == 1


def test_tied_weights_are_counted_once():
    first, second = nn.Linear(5, 5), nn.Linear(5, 5)
    second.weight = first.weight
    model = read(nn.Sequential(first, second), [(5,)])
    assert [one.parameters for one in model.operations] == [30, 5]


def test_what_changes_in_place_is_followed():
    def run(self, x):
        x = self.c(x)
        before = x
        x += 1
        F.relu(x, inplace=True)
        x.mul_(2)
        return before  # the same array: all has been done to it

    model = read(Net(run, c=conv()), [(3, 8, 8)])
    assert graph(model) == {"c": [""], "add": ["c"], "relu": ["add"], "mul": ["relu"]}
    assert model.outputs == ((3, 0),)


def test_a_copy_before_a_change_in_place_keeps_what_was():
    def run(self, x):
        kept = self.c(x)
        x = kept.clone()
        return torch.relu_(x) + kept

    model = read(Net(run, c=conv()), [(3, 8, 8)])
    assert graph(model) == {"c": [""], "relu": ["c"], "add": ["relu", "c"]}


def test_assignment_into_an_array_of_zeros():
    def run(self, x):
        wide = torch.zeros(1, 5, *x.shape[2:])
        wide[:, :3] = x
        return self.c(wide)

    model = read(Net(run, c=conv(5)), [(3, 8, 8)])
    assert graph(model) == {"setitem": [""], "c": ["setitem"]}
    assert model.operations[0].role == "unknown"


def test_names_and_types_of_an_array_are_no_operations():
    def run(self, x):
        x = self.c(x.contiguous().float()).detach().to("cpu").data
        return x.type_as(x), len(x), x.size(), x.dtype, x.numel()

    model = read(Net(run, c=conv()), [(3, 8, 8)])
    assert (names(model), model.outputs) == (["c"], ((0, 0),))


def test_several_outputs_of_one_operation():
    def run(self, x):
        a, b = x.chunk(2, dim=1)
        return {"b": [b, 3], "a": (a, None)}, (torch.zeros(3), x)

    model = read(Net(run), [(4, 8, 8)])
    assert model.operations[0].output_shapes == ((1, 2, 8, 8),) * 2
    assert model.outputs == ((0, 1), (0, 0), (-1, 0))


def test_several_inputs_and_their_types():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(9, 6)
            self.scale = nn.Linear(6, 6)

        def forward(self, tokens, *rest):
            return self.scale(self.words(tokens)) * rest[0] + rest[1]

    model = read(Two(), [(5,), (5, 6), (6,)], "two", ["int64", "", "float64"])
    assert model.input_names == ("tokens", "rest0", "rest1")
    assert graph(model) == {
        "words": [""],
        "scale": ["words"],
        "mul": ["scale", ""],
        "add": ["mul", ""],
    }
    assert model.operations[-1].inputs == ((2, 0), (-1, 2))
    assert (model.source, model.failure) == ("two", "")
    assert "Embedding" in str(read(Two(), [(5,), (5, 6), (6,)]).operations[-1])


def test_inputs_are_of_the_type_of_the_parameters():
    for kind in (torch.float64, torch.float16):
        model = read(nn.Sequential(conv().to(kind), nn.ReLU()), [(3, 8, 8)])
        assert (model.failure, len(model.operations)) == ("", 2)


def test_parameters_that_are_used_without_a_layer():
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Parameter(torch.zeros(1, 1, 6))
            self.place = nn.Parameter(torch.zeros(5, 6))

        def forward(self, x):
            return torch.cat([self.first.expand(len(x), -1, -1), x], 1) + self.place

    model = read(Tokens(), [(4, 6)])
    assert [(one.kind, one.role, one.parameters) for one in model.operations] == [
        ("Cat", "join", 6),
        ("Add", "pointwise", 30),
    ]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_weights_that_are_computed_from_others():
    layers = nn.Sequential(
        nn.utils.parametrizations.weight_norm(conv(3, 4)),
        nn.utils.parametrizations.spectral_norm(conv(4, 4)),
        nn.utils.weight_norm(conv(4, 4)),
    )
    with torch.no_grad():
        layers(torch.zeros(1, 3, 9, 9))
    model = read(layers, [(3, 9, 9)])
    assert names(model) == ["0", "1", "2"]
    assert model.parameters == sum(p.numel() for p in layers.parameters())
    assert model.unused == ()


def test_a_layer_that_pads_by_itself_is_two_operations():
    model = read(nn.Sequential(conv(padding=1, padding_mode="circular")), [(3, 8, 8)])
    assert [(one.name, one.kind, one.role) for one in model.operations] == [
        ("0.pad", "Pad", "pad"),
        ("0", "Conv2d", "windows"),
    ]
    assert [(w.before, w.after) for w in model.operations[0].windows] == [(1, 1), (1, 1)]


def test_a_layer_of_ones_own_is_what_it_does():
    class Same(nn.Conv2d):
        """Pads as TensorFlow does, and scales its weight."""

        def forward(self, x):
            x = F.pad(x, (0, 1, 0, 1))
            return F.conv2d(x, self.weight * 2, self.bias, self.stride, groups=self.groups)

    model = read(nn.Sequential(Same(3, 4, 3, stride=2)), [(3, 8, 8)])
    assert names(model) == ["0.pad", "0"]
    assert model.operations[1].describe() == "Conv2d(4, 3, stride=2)"
    assert model.operations[1].parameters == 112


def test_identities_and_empty_containers():
    layers = nn.Sequential(nn.Identity(), nn.Sequential(), nn.Dropout(0.3), conv())
    model = read(layers, [(3, 8, 8)])
    assert [(one.name, one.kind, one.role) for one in model.operations[:2]] == [
        ("0", "Identity", "pointwise"),
        ("2", "Dropout", "pointwise"),
    ]
    assert graph(model)["3"] == ["2"]


def test_lazy_layers_take_what_arrives():
    layers = nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    model = read(layers, [(3, 8, 8)])
    assert [one.parameters for one in model.operations] == [112, 0, 0, 290]
    assert all(nn.parameter.is_lazy(one) for one in layers.parameters())


def test_layers_that_are_not_known_are_one_operation_each():
    def run(self, x):
        x = x.flatten(2).transpose(1, 2)
        x, _ = self.attention(x, x, x)
        x, (h, _) = self.lstm(x)
        return x, h

    layers = {"attention": nn.MultiheadAttention(4, 2, batch_first=True), "lstm": nn.LSTM(4, 5)}
    module = Net(run, **layers)
    model = read(module, [(4, 3, 3)])
    one, other = model.operations[-2:]
    assert (one.name, one.kind, one.role) == ("attention", "MultiheadAttention", "unknown")
    assert (one.input_shapes, one.output_shapes) == (((1, 9, 4),) * 3, ((1, 9, 4), (1, 9, 9)))
    assert (other.kind, other.output_shapes[0]) == ("LSTM", (1, 9, 5))
    assert {one.multiply_adds, other.multiply_adds, model.multiply_adds} == {None}
    assert model.parameters == sum(p.numel() for p in module.parameters())
    assert [sentence.split()[1] for sentence in model.unknown] == ["MultiheadAttention", "LSTM"]


def test_modules_that_nothing_uses_are_named():
    side = nn.Sequential(conv(), nn.Sequential(conv(4), nn.BatchNorm2d(4)))
    module = Net(lambda self, x: self.c(x), c=conv(), side=side)
    module.alone = nn.Parameter(torch.zeros(3))
    module.c.extra = nn.Parameter(torch.zeros(3))
    assert read(module, [(3, 8, 8)]).unused == ("side", "alone", "c.extra")


def test_a_compiled_module_is_read_as_what_it_was():
    model = read(torch.compile(nn.Sequential(conv(), nn.ReLU())), [(3, 8, 8)])
    assert names(model) == ["_orig_mod.0", "_orig_mod.1"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_scripted_modules_are_not_seen_into():
    scripted = torch.jit.script(nn.Sequential(conv(4, 5), nn.ReLU()))
    model = read(nn.Sequential(conv(), scripted, conv(5)), [(3, 9, 9)])
    assert graph(model) == {"0": [""], "1": ["0"], "2": ["1"]}
    one = model.operations[1]
    assert (one.role, one.output_shape, one.parameters) == ("unknown", (1, 5, 5, 5), 185)
    assert model.unused == ()


def test_functions_that_know_their_gradient_are_seen_into():
    class Swish(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * torch.sigmoid(x)

    model = read(Net(lambda self, x: Swish.apply(self.c(x)), c=conv()), [(3, 8, 8)])
    assert graph(model) == {"c": [""], "sigmoid": ["c"], "mul": ["c", "sigmoid"]}


# --- models that fail ---------------------------------------------------------------------------


def failing(module, *shapes):
    model = read(module, list(shapes))
    assert model.failure
    assert (model.outputs, model.unused) == ((), ())
    assert all(one.output_shapes for one in model.operations[:-1])
    last = model.operations[-1]
    assert last.output_shapes == ()
    return model, last


def message(module, *shapes):
    """What PyTorch says on the CPU, in one line."""
    with pytest.raises(Exception) as caught:
        module(*(torch.zeros(1, *shape) for shape in shapes))
    return " ".join(str(caught.value).split())


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
        ([nn.Embedding(5, 2)], (3,), "0", (1, 3)),
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


def test_exceptions_of_the_models_own_are_told_with_their_place():
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
    assert model.failure.endswith(f"test_torch_trace.py, line {line}, in run)")
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

    model = read(Net(run, c=conv(), d=conv(5)), [(3, 8, 8)])
    assert (names(model), model.failure) == (["c", "c:2"], "")


def test_recursion_and_interrupts_pass():
    def again(self, x):
        return self(x)

    def stop(self, x):
        raise KeyboardInterrupt

    with pytest.raises(RecursionError):
        read(Net(again), [(3,)])
    with pytest.raises(KeyboardInterrupt):
        read(Net(stop), [(3,)])


# --- models that look at values -----------------------------------------------------------------

LOOKS = {
    "bool": lambda self, x: x if x.sum() > 0 else self.c(x),
    "item": lambda self, x: self.c(x)[:, : int(x.abs().max().item()) + 2],
    "numpy": lambda self, x: self.c(torch.from_numpy(x.numpy() + 1)),
    "nonzero": lambda self, x: self.c(x)[:, : len(torch.nonzero(x)) + 2],
    "getitem": lambda self, x: self.c(x)[:, [1 in x[x > 0], 2]],
    "tolist": lambda self, x: self.c(x) + x.flatten()[:1].tolist()[0],
}


@pytest.mark.parametrize("name", LOOKS)
def test_models_that_look_at_values_run_on_zeros(name):
    model = read(Net(LOOKS[name], c=conv(padding=1)), [(3, 8, 8)])
    assert (model.how, model.failure) == (CPU, "")
    assert model.unknown[0] == (
        f"The model looks at values ({name} in forward), so the model ran on zeros: other values "
        "may lead to other sizes."
    )
    (one,) = (one for one in model.operations if one.name == "c")
    assert one.output_shape == (1, 4, 8, 8)


def test_what_went_by_way_of_numpy_is_unknown():
    model = read(Net(LOOKS["numpy"], c=conv()), [(3, 8, 8)])
    assert [(one.kind, one.role) for one in model.operations] == [
        ("Net", "unknown"),
        ("Conv2d", "windows"),
    ]
    assert graph(model)["c"] == ["forward"]


def test_values_are_those_of_the_model_itself():
    module = Net(lambda self, x: self.c(x)[:, : int(self.c.bias.sum())], c=conv())
    with torch.no_grad():
        module.c.bias.fill_(0.5)
    assert read(module, [(3, 8, 8)]).operations[-1].output_shape == (1, 2, 6, 6)


def test_code_that_cannot_do_without_values():
    def run(self, x):
        if x.device.type == "meta":
            raise NotImplementedError("no meta")
        return self.c(x)

    model = read(Net(run, c=conv()), [(3, 8, 8)])
    assert (model.failure, model.how, names(model)) == ("", CPU, ["c"])
    assert "NotImplementedError: no meta" in model.unknown[0]


def test_constants_may_lie_anywhere():
    def run(self, x):
        return (self.c(x) + self.grid + self.many[0] + torch.ones(6) + table) * len(self.many)

    table = torch.ones(6)
    module = Net(run, c=conv())
    module.grid, module.many = torch.ones(6), [torch.ones(6)]
    module.register_buffer("place", torch.zeros(6))
    model = read(module, [(3, 8, 8)])
    assert "meta" in model.how
    assert names(model) == ["c", "add", "add:2", "add:3", "add:4", "mul"]


def test_what_does_not_depend_on_the_input_is_said_so():
    model = read(Net(lambda self, x: torch.zeros(3)), [(3, 8, 8)])
    assert model.operations == ()
    assert model.unknown[0].startswith("What the model returns cannot be followed back")


# --- the module stays as it is ------------------------------------------------------------------


def everything(module):
    return {
        "state": {name: one.clone() for name, one in module.state_dict().items()},
        "places": {name: (id(one), one.device) for name, one in module.named_parameters()},
        "buffers": {name: (id(one), one.device) for name, one in module.named_buffers()},
        "grads": [one.requires_grad for one in module.parameters()],
        "modes": [one.training for one in module.modules()],
        "hooks": [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in module.modules()],
        "attributes": [sorted(vars(one)) for one in module.modules()],
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
    model = read(module, [(3, 8, 8)])
    assert ("CPU" in model.how) == (device == "cpu")
    after = everything(module)
    assert all(torch.equal(one, after["state"][name]) for name, one in before.pop("state").items())
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


def test_a_module_without_values_is_read_too():
    with torch.device("meta"):
        module = Net(LOOKS["bool"], c=conv())
    assert read(module, [(3, 8, 8)]).how == CPU


# --- arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3, [(3, 8, 8)]), r"must be a torch\.nn\.Module\. Received: an int"),
        ((conv, [(3, 8, 8)]), r"must be a torch\.nn\.Module\. Received: a function"),
        ((conv(), (3, 8, 8)), "one for each input: "),
        ((conv(), []), "one for each input: "),
        ((conv(), "3x8x8"), "one for each input: "),
        ((conv(), [(3, 0, 8)]), "must be at least 1. Received: a size=0"),
        ((conv(), [(3, 8.5, 8)]), "a size must be an integer"),
        ((conv(), [(3, 8, 8), (3,)]), r"Conv2d\.forward takes .* Received: 2 shapes"),
        ((conv(), [(3, 8, 8)], "", ["float99"]), 'dtype must be one of .*Did you mean "float'),
        ((conv(), [(3, 8, 8)], "", ["int64", ""]), "Received: 2 for 1 input"),
    ],
)
def test_arguments_that_are_none(arguments, words):
    with pytest.raises(fp.ArgumentError, match=words):
        read(*arguments)


def test_modules_that_cannot_be_copied():
    module = nn.Sequential(conv())
    module.file = (one for one in "abc")
    with pytest.raises(TypeError):
        copy.deepcopy(module)
    with pytest.raises(fp.DataError, match=r"cannot be copied .*TypeError: cannot pickle"):
        read(module, [(3, 8, 8)])
