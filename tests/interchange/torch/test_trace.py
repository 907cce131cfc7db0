"""Reading PyTorch modules of every kind: who feeds whom, and what is wrong with arguments."""

from __future__ import annotations

import pytest

import fencepost as fp

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fencepost.interchange.torch.trace import read_module  # noqa: E402
from interchange.torch.modules import Net, conv, graph, names  # noqa: E402

nn, F = torch.nn, torch.nn.functional


# --- who feeds whom -------------------------------------------------------------------------------


def test_layers_and_functions_are_named_after_the_modules_they_are_in():
    block = Net(lambda self, x: x + F.relu(self.c(x)), c=conv(4, 4, padding=1))
    model = read_module(nn.Sequential(conv(), block), [(3, 8, 8)])
    assert graph(model) == {"0": [""], "1.c": ["0"], "1.relu": ["1.c"], "1.add": ["0", "1.relu"]}
    assert model.outputs == ((3, 0),)
    assert (model.input_names, model.input_shapes) == (("input",), ((1, 3, 8, 8),))


def test_a_module_used_twice_counts_its_parameters_once():
    one = conv(3, 3, padding=1)
    model = read_module(Net(lambda self, x: self.c(self.c(x)) + self.c(x), c=one), [(3, 8, 8)])
    assert graph(model) == {"c": [""], "c:2": ["c"], "c:3": [""], "add": ["c:2", "c:3"]}
    assert [operation.parameters for operation in model.operations] == [84, 0, 0, 0]
    assert len({operation.multiply_adds for operation in model.operations[:3]}) == 1


def test_tied_weights_are_counted_once():
    first, second = nn.Linear(5, 5), nn.Linear(5, 5)
    second.weight = first.weight
    model = read_module(nn.Sequential(first, second), [(5,)])
    assert [operation.parameters for operation in model.operations] == [30, 5]


def test_what_changes_in_place_is_followed():
    def run(self, x):
        x = self.c(x)
        before = x
        x += 1
        F.relu(x, inplace=True)
        x.mul_(2)
        return before  # the same array: all has been done to it

    model = read_module(Net(run, c=conv()), [(3, 8, 8)])
    assert graph(model) == {"c": [""], "add": ["c"], "relu": ["add"], "mul": ["relu"]}
    assert model.outputs == ((3, 0),)


def test_a_copy_before_a_change_in_place_keeps_what_was():
    def run(self, x):
        kept = self.c(x)
        x = kept.clone()
        return torch.relu_(x) + kept

    model = read_module(Net(run, c=conv()), [(3, 8, 8)])
    assert graph(model) == {"c": [""], "relu": ["c"], "add": ["relu", "c"]}


def test_assignment_into_an_array_of_zeros():
    def run(self, x):
        wide = torch.zeros(1, 5, *x.shape[2:])
        wide[:, :3] = x
        return self.c(wide)

    model = read_module(Net(run, c=conv(5)), [(3, 8, 8)])
    assert graph(model) == {"setitem": [""], "c": ["setitem"]}
    assert model.operations[0].role == "unknown"


def test_names_and_types_of_an_array_are_no_operations():
    def run(self, x):
        x = self.c(x.contiguous().float()).detach().to("cpu").data
        return x.type_as(x), len(x), x.size(), x.dtype, x.numel()

    model = read_module(Net(run, c=conv()), [(3, 8, 8)])
    assert (names(model), model.outputs) == (["c"], ((0, 0),))


def test_several_outputs_of_one_operation():
    def run(self, x):
        a, b = x.chunk(2, dim=1)
        return {"b": [b, 3], "a": (a, None)}, (torch.zeros(3), x)

    model = read_module(Net(run), [(4, 8, 8)])
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

    model = read_module(Two(), [(5,), (5, 6), (6,)], "two", ["int64", "", "float64"])
    assert model.input_names == ("tokens", "rest0", "rest1")
    assert graph(model) == {
        "words": [""],
        "scale": ["words"],
        "mul": ["scale", ""],
        "add": ["mul", ""],
    }
    assert model.operations[-1].inputs == ((2, 0), (-1, 2))
    assert (model.source, model.failure) == ("two", "")
    assert model.how.endswith("with a batch of 1, tokens in int64.")
    # The input of an embedding is found out to be one.
    assert read_module(Two(), [(5,), (5, 6), (6,)], "two").operations == model.operations
    assert (
        read_module(Two(), [(5,), (5, 6), (6,)], "two", ["", "", ""]).operations[-1].name == "words"
    )


def test_inputs_are_of_the_type_of_the_parameters():
    for kind in (torch.float64, torch.float16):
        model = read_module(nn.Sequential(conv().to(kind), nn.ReLU()), [(3, 8, 8)])
        assert (model.failure, len(model.operations)) == ("", 2)


def test_parameters_that_are_used_without_a_layer():
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Parameter(torch.zeros(1, 1, 6))
            self.place = nn.Parameter(torch.zeros(5, 6))

        def forward(self, x):
            return torch.cat([self.first.expand(len(x), -1, -1), x], 1) + self.place

    model = read_module(Tokens(), [(4, 6)])
    assert [
        (operation.kind, operation.role, operation.parameters) for operation in model.operations
    ] == [
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
    model = read_module(layers, [(3, 9, 9)])
    assert names(model) == ["0", "1", "2"]
    assert model.parameters == sum(p.numel() for p in layers.parameters())
    assert model.unused == ()


def test_a_layer_that_pads_by_itself_is_two_operations():
    model = read_module(nn.Sequential(conv(padding=1, padding_mode="circular")), [(3, 8, 8)])
    assert [(operation.name, operation.kind, operation.role) for operation in model.operations] == [
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

    model = read_module(nn.Sequential(Same(3, 4, 3, stride=2)), [(3, 8, 8)])
    assert names(model) == ["0.pad", "0"]
    assert model.operations[1].describe() == "Conv2d(4, 3, stride=2)"
    assert model.operations[1].parameters == 112


def test_identities_and_empty_containers():
    layers = nn.Sequential(nn.Identity(), nn.Sequential(), nn.Dropout(0.3), conv())
    model = read_module(layers, [(3, 8, 8)])
    assert [
        (operation.name, operation.kind, operation.role) for operation in model.operations[:2]
    ] == [
        ("0", "Identity", "pointwise"),
        ("2", "Dropout", "pointwise"),
    ]
    assert graph(model)["3"] == ["2"]


def test_an_own_train_that_returns_nothing():
    class Frozen(nn.Sequential):
        def train(self, mode=True):
            super().train(mode)

    assert names(read_module(Frozen(conv(), nn.BatchNorm2d(4)), [(3, 8, 8)])) == ["0", "1"]


def test_lazy_layers_take_what_arrives():
    layers = nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    model = read_module(layers, [(3, 8, 8)])
    assert [operation.parameters for operation in model.operations] == [112, 0, 0, 290]
    assert all(nn.parameter.is_lazy(parameter) for parameter in layers.parameters())


def test_layers_that_are_not_known_are_one_operation_each():
    fold = nn.Fold(4, 2)
    module = Net(lambda self, x: self.fold(self.c(x).flatten(2)), c=conv(kernel=1), fold=fold)
    model = read_module(module, [(3, 3, 3)])
    *_, last = model.operations
    assert (last.name, last.kind, last.role) == ("fold", "Fold", "unknown")
    assert last.output_shape == (1, 1, 4, 4)
    assert (last.multiply_adds, model.multiply_adds) == (None, None)
    assert model.parameters == sum(p.numel() for p in module.parameters())
    assert [sentence.split()[1] for sentence in model.unknown] == ["Fold"]


def test_modules_that_nothing_uses_are_named():
    side = nn.Sequential(conv(), nn.Sequential(conv(4), nn.BatchNorm2d(4)))
    module = Net(lambda self, x: self.c(x), c=conv(), side=side)
    module.alone = nn.Parameter(torch.zeros(3))
    module.c.extra = nn.Parameter(torch.zeros(3))
    assert read_module(module, [(3, 8, 8)]).unused == ("side", "alone", "c.extra")


def test_a_compiled_module_is_read_as_what_it_was():
    model = read_module(torch.compile(nn.Sequential(conv(), nn.ReLU())), [(3, 8, 8)])
    assert names(model) == ["_orig_mod.0", "_orig_mod.1"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_scripted_modules_are_not_seen_into():
    scripted = torch.jit.script(nn.Sequential(conv(4, 5), nn.ReLU()))
    model = read_module(nn.Sequential(conv(), scripted, conv(5)), [(3, 9, 9)])
    assert graph(model) == {"0": [""], "1": ["0"], "2": ["1"]}
    one = model.operations[1]
    assert (one.role, one.output_shape, one.parameters) == ("unknown", (1, 5, 5, 5), 185)
    assert model.unused == ()
    alone = read_module(scripted, [(4, 7, 7)])
    assert (names(alone), alone.parameters, alone.unused) == (["forward"], 185, ())


def test_functions_that_know_their_gradient_are_seen_into():
    class Swish(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * torch.sigmoid(x)

    model = read_module(Net(lambda self, x: Swish.apply(self.c(x)), c=conv()), [(3, 8, 8)])
    assert graph(model) == {"c": [""], "sigmoid": ["c"], "mul": ["c", "sigmoid"]}


# --- arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3, [(3, 8, 8)]), r"must be a torch\.nn\.Module\. Received: an int"),
        ((conv, [(3, 8, 8)]), r"must be a torch\.nn\.Module\. Received: a function"),
        ((conv(), (3, 8, 8)), "one for each input: "),
        ((conv(), []), "one for each input: "),
        ((conv(), "3x8x8"), "one for each input: "),
        ((conv(), [(3, 0, 8)]), "must be an integer, at least 1. Received: a size=0"),
        ((conv(), [(3, 8.5, 8)]), "a size must be an integer"),
        ((conv(), [(3, 8, 8), (3,)]), r"Conv2d\.forward takes .* Received: 2 shapes"),
        ((conv(), [(3, 8, 8)], "", ["float99"]), 'dtype must be one of .*Did you mean "float'),
        ((conv(), [(3, 8, 8)], "", ["int64", ""]), "Received: 2 for 1 input"),
    ],
)
def test_arguments_that_are_none(arguments, words):
    with pytest.raises(fp.ArgumentError, match=words):
        read_module(*arguments)


# --- inputs that hold indices --------------------------------------------------------------------


def test_indices_that_are_looked_at_before_they_are_looked_up():
    def forward(self, x):
        if 5 in x[:, [-1, 0]]:
            raise ValueError
        return self.words(x.view(-1, x.size(-1))) + self.places(x[:, :1] * 0 + x)

    model = read_module(Net(forward, words=nn.Embedding(9, 4), places=nn.Embedding(9, 4)), [(6,)])
    assert not model.failure
    assert list(model.outputs) == [(len(model.operations) - 1, 0)]
    assert model.operations[-1].output_shape == (1, 6, 4)
    assert "x in int64" in model.how


def test_of_several_inputs_only_those_with_indices_are_integers():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(9, 4)

        def forward(self, words, x):
            return self.words(words[..., 0]) + x

    model = read_module(Two(), [(6, 2), (6, 4)])
    assert not model.failure
    assert "words in int64" in model.how
    assert " x in " not in model.how


def test_padding_by_numbers_that_are_arrays():
    def forward(self, x):
        total = self.k - 1
        return F.pad(x, (total // 2, total - total // 2))

    module = Net(forward)
    module.register_buffer("k", torch.tensor(4))
    model = read_module(module, [(3, 8)])
    assert model.operations[-1].output_shape == (1, 3, 11)
    assert [(w.before, w.after) for w in model.operations[-1].windows] == [(1, 2)]


# --- what runs is not said to fail, and what is used not to be unused -----------------------------


def test_what_a_module_keeps_for_later_is_used():
    def keep(self, x):
        self.losses.append(self.d(x).mean())
        self.aux = self.e(x)
        return self.c(x)

    module = Net(keep, c=conv(), d=conv(), e=conv())
    module.losses = []
    report = fp.check.check(module, (3, 8, 8))
    assert "FP401" not in {finding.code for finding in report.findings}
    assert {"c", "d", "e"} <= set(names(report.graph))


def test_nested_tensors_have_sizes_that_differ():
    def run(self, x):
        rows = self.c(x).flatten(2).transpose(1, 2)[0]
        nested = torch.nested.nested_tensor([rows[:5], rows[:9]])
        return torch.nested.to_padded_tensor(F.relu(nested), 0.0)

    report = fp.check.check(Net(run, c=conv()), (3, 8, 8))
    assert report.ok
    shapes = {operation.kind: operation.output_shape for operation in report.graph.operations}
    assert shapes["ReLU"] == (2, None, 4) and shapes["NestedToPaddedTensor"] == (2, 9, 4)


def test_what_runs_only_where_nothing_is_recorded_is_no_error():
    def run(self, x):
        if torch.overrides._get_current_function_mode() is not None:
            raise RuntimeError("a mode is active")
        return self.d(x)

    report = fp.check.check(
        Net(lambda self, x: run(self, self.c(x)), c=conv(), d=conv(4)), (3, 8, 8)
    )
    assert report.ok and not report.graph.outputs
    assert any("runs, but not while its calls are recorded" in f.message for f in report.findings)
    assert not {"FP401", "FP403"} & {finding.code for finding in report.findings}


def test_a_model_that_needs_a_batch_of_2_is_given_one():
    def halves(self, x):
        a, b = x.chunk(2)
        return self.c(a) + self.c(b)

    report = fp.check.check(Net(halves, c=conv()), (3, 8, 8))
    assert report.ok and not report.at_least("error")
    assert "With a batch of 1 it fails, so that 2 was used: ValueError" in str(report)
    assert "with a batch of 2." in report.graph.how
    assert [o.output_shape for o in report.graph.operations][-1] == (1, 4, 6, 6)
    assert report.graph.input_shapes == ((2, 3, 8, 8),)


@pytest.mark.parametrize("form", ["program", "module"])
def test_exported_programs_are_the_layers_they_were_made_of(form):
    layers = nn.Sequential(conv(3, 4, 3, stride=2), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True))
    program = torch.export.export(layers.eval(), (torch.zeros(1, 3, 16, 16),))
    report = fp.check.check(program if form == "program" else program.module(), (3, 16, 16))
    kinds = [(o.kind, o.output_shape) for o in report.graph.operations]
    assert kinds[0] == ("Conv2d", (1, 4, 7, 7)) and kinds[-1] == ("MaxPool2d", (1, 4, 4, 4))
    assert report.ok and report.graph.parameters == 112


def test_inputs_that_are_hashed_are_integers():
    module = Net(lambda self, x: self.e((x + 1) * 31 % 16), e=nn.Embedding(16, 4))
    report = fp.check.check(module, (12,))
    assert report.ok and "x in int64" in report.graph.how
    assert report.graph.operations[-1].output_shape == (1, 12, 4)
