"""Writing through views: the path is followed, and nothing is accused that is used."""

import pytest

import fencepost as fp

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

SHAPE = (1, 3, 8, 8)


class Written(torch.nn.Module):
    """A convolution, whose output is written somewhere, and one that takes what was written."""

    def __init__(self, write):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 3, 3, padding=1)
        self.head = torch.nn.Conv2d(3, 3, 3, padding=1)
        self.write = write
        self.register_buffer("memory", torch.zeros(2, 3, 8, 8))

    def forward(self, x):
        return self.head(self.write(self, x, self.conv(x)))


def zeros(*shape):
    return torch.zeros(*(shape or SHAPE))


def each(function):
    """Make a case of what writes `a` into `y`."""

    def case(self, x, a):
        y = zeros()
        function(y, a)
        return y

    return case


def through(view, shape=SHAPE):
    """Make a case of what writes `a` through a view of `y`."""

    def case(self, x, a):
        y = zeros(*shape)
        view(y, x).copy_(a)
        return y.view(SHAPE)

    return case


def loop(self, x, a):
    y = torch.zeros_like(x)
    for index in range(len(x)):
        y[index].copy_(a[index])
    return y


def parts(self, x, a):
    y = zeros()
    for own, other in zip(y.unbind(1), a.unbind(1), strict=True):
        own.copy_(other)
    return y


def halves(self, x, a):
    y = zeros()
    first, second = y.split([1, 2], 1)
    first.copy_(a[:, :1])
    second += a[:, 1:]
    return y


def memory(self, x, a):
    self.memory[0].copy_(a[0])
    return self.memory


def later(self, x, a):
    """A view that is older than what is written to its whole."""
    y = zeros()
    view = y[:, :3]
    y += a
    return view


def through_other(self, x, a):
    y = zeros()
    first, second = y[0], y.view(3, 64)
    first.copy_(a[0])
    return second.view(SHAPE)


def exchanged(self, x, a):
    y = zeros()
    y.data = a
    return y


def enlarged(self, x, a):
    y = torch.empty(0)
    torch.mul(a, 2, out=y)
    return y


def masked(self, x, a):
    a[:, :1].masked_fill_(torch.zeros(1, 1, 8, 8, dtype=torch.bool), 0.0)
    return a


def turned(self, x, a):
    b = a.view(3, 64)
    b.t_()
    return b.t().reshape(SHAPE)


def squeezed(self, x, a):
    a.squeeze_(0)
    return a.unsqueeze_(0)


def of_numpy(self, x, a):
    return torch.from_numpy(a.numpy() * 2)


CASES = {
    "an item": loop,
    "+=": each(lambda y, a: y.__iadd__(a)),
    "stack of slices": lambda self, x, a: torch.stack([a[:, i] for i in range(3)], 1),
    "index_put_": each(lambda y, a: y.index_put_((torch.tensor([0]),), a)),
    "index_put_ in a view": each(lambda y, a: y[0].index_put_((torch.tensor([0]),), a[0, :1])),
    "masked_fill_": masked,
    "setitem": each(lambda y, a: y.__setitem__((slice(None), slice(2)), a[:, :2])),
    "setitem of a view": each(lambda y, a: y[0].__setitem__(1, a[0, 1])),
    "scatter_": each(
        lambda y, a: y.view(3, 64).scatter_(1, torch.zeros(3, 64, dtype=torch.long), a.view(3, 64))
    ),
    ".data": each(lambda y, a: y.data.copy_(a)),
    ".data =": exchanged,
    "detach": each(lambda y, a: y.detach().add_(a)),
    "out=": each(lambda y, a: torch.add(a, 1, out=y)),
    "out= of a view": each(lambda y, a: torch.add(a[:, :1], 1, out=y[:, :1])),
    "out= that is enlarged": enlarged,
    "cat(out=)": each(lambda y, a: torch.cat([a[:, :1], a[:, 1:]], 1, out=y)),
    "view_as": through(lambda y, x: y.view_as(x), (1, 3, 64)),
    "as_strided": through(lambda y, x: y.as_strided(SHAPE, (192, 64, 8, 1)), (192,)),
    "unbind": parts,
    "split": halves,
    "chunk": each(lambda y, a: y.chunk(3, 1)[0].copy_(a[:, :1])),
    "narrow": each(lambda y, a: y.narrow(1, 0, 1).copy_(a[:, :1])),
    "select": each(lambda y, a: y.select(1, 0).copy_(a[:, 0])),
    "transposed view": each(lambda y, a: y.transpose(2, 3).add_(a)),
    "t_": turned,
    "squeeze_": squeezed,
    "a buffer": memory,
    "a view of before": later,
    "a view through another": through_other,
    "foreach": each(lambda y, a: torch._foreach_add_([y], [a])),
    "NumPy": of_numpy,
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_is_used(name):
    report = fp.check.check(Written(CASES[name]), (3, 8, 8))
    graph = report.graph
    accused = [finding for finding in report.findings if finding.code in ("FP401", "FP403")]
    assert not accused and not graph.failure
    assert graph.parameters == 2 * (3 * 3 * 9 + 3)
    # From what is returned, every operation before it is come to.
    reached, waiting = set(), [value.operation for value in graph.outputs]
    while waiting:
        index = waiting.pop()
        if index >= 0 and index not in reached:
            reached.add(index)
            waiting += [value.operation for value in graph.operations[index].inputs]
    assert {"conv", "head"} <= {graph.operations[index].name for index in reached}


def test_what_depends_on_a_write_through_a_view_is_said_to():
    report = fp.check.check(Written(loop), (3, 8, 8))
    written = next(o for o in report.graph.operations if o.kind == "CopySlices")
    assert (written.role, written.reason) == ("unknown", "part of it was written through a view")
    assert written.input_shapes == ((3, 8, 8),) and written.output_shape == SHAPE
    finding = next(f for f in report.findings if f.operation == written.name)
    assert finding.code == "FP402" and finding.message == (
        "part of it was written through a view; receptive fields after it are unknown."
    )
    (data,) = (o for o in report.to_dict()["operations"] if o["name"] == written.name)
    assert data["reason"] == written.reason
    assert "part of it was written through a view" in report.text()


def test_what_does_not_lie_under_a_view_is_not_written():
    def halves(self, x, a):
        first, second = a.chunk(2, 1)
        torch.relu_(first)
        return torch.cat([first, second], 1)

    kinds = [o.kind for o in fp.check.check(Written(halves), (3, 8, 8)).graph.operations]
    assert kinds == ["Conv2d", "Chunk", "ReLU", "Cat", "Conv2d"]


def test_what_is_written_and_not_used_is_said():
    def idle(self, x, a):
        y = zeros()
        y[0].copy_(a[0])
        return x

    findings = fp.check.check(Written(idle), (3, 8, 8)).findings
    (finding,) = (f for f in findings if f.code == "FP401")
    assert finding.operation == "copy" and "conv" in finding.message


@pytest.mark.parametrize(
    "function",
    [
        lambda self, x, a: torch.nn.functional.interpolate(x, size=a.shape[-2:]),
        lambda self, x, a: x.view(a.size()),
        lambda self, x, a: x * a.mean().item(),
        lambda self, x, a: torch.tensor(a.tolist()),
    ],
)
def test_what_the_code_reads_itself_is_not_accused(function):
    findings = fp.check.check(Written(function), (3, 8, 8)).findings
    assert not [f for f in findings if f.code in ("FP401", "FP403")]
