"""What a model's code has at hand and need not use is not called unused; what was forgotten is."""

from __future__ import annotations

import dataclasses

import pytest

import fencepost as fp

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from interchange.torch.modules import Net, conv  # noqa: E402

nn, F = torch.nn, torch.nn.functional


def unused(module, shape=(4, 6, 6)):
    report = fp.check.check(module, shape)
    return [finding.operation for finding in report.findings if finding.code == "FP401"]


def test_what_a_part_returns_beside_other_arrays():
    pair = Net(lambda self, x: (self.c(x), x.flatten(1)), c=conv(4, 4))
    assert not unused(Net(lambda self, x: self.pair(x)[0], pair=pair))
    # What learns or multiplies costs time, whoever returns it.
    costly = Net(lambda self, x: (self.c(x), self.d(x)), c=conv(4, 4), d=conv(4, 4))
    assert unused(Net(lambda self, x: self.pair(x)[0], pair=costly)) == ["pair.d"]
    alone = Net(lambda self, x: x.flatten(1))
    assert unused(Net(lambda self, x: (self.part(x), x + 1)[1], part=alone)) == ["part.flatten"]


def test_elements_that_are_picked_and_given_a_name():
    def named(self, x):
        first, rest = x[:, :1], x[:, 1:]
        return first.relu() if rest is not None else x

    assert not unused(Net(named))

    def dropped(self, x):
        x[:, :2]
        return x.relu()

    assert unused(Net(dropped)) == ["getitem"]


def test_the_last_turn_of_a_loop():
    def halved(self, x):
        total = 0
        for _ in range(3):
            total = total + x
            x = x / 2
        return total

    assert not unused(Net(halved))

    def forgotten(self, x):
        y = x / 2
        _ = y / 2
        return y

    assert unused(Net(forgotten)) == ["div:2"]


def test_arrays_in_objects_are_outputs_and_those_in_modules_are_held():
    class Cache:
        def __init__(self, keys):
            self.layers = [keys]

    model = Net(lambda self, x: (x.relu(), Cache(x[:, :2])))
    assert not unused(model)
    report = fp.check.check(model, (4, 6, 6))
    assert [value.operation for value in report.graph.outputs] == [0, 1]

    def remembering(self, x):
        self.seen = torch.tanh(x)
        return x.relu()

    assert not unused(Net(remembering))


def test_objects_that_hold_each_other_are_looked_through_once():
    class Part:
        """Each of 50 holds all: looked through anew by each, they would never end."""

    parts = [Part() for _ in range(50)]
    for part in parts:
        part.others = parts

    def forward(self, x):
        parts[-1].array = torch.tanh(x)
        return x.relu(), parts[0]

    report = fp.check.check(Net(forward), (4, 6, 6))
    assert len(report.graph.outputs) == 2


@dataclasses.dataclass
class Node:
    """A tree whose nodes know what they are in."""

    parent: object = None
    child: object = None


def containers_of_themselves(array):
    listed, named, node = [array], {"array": array}, Node()
    listed.append(listed)
    named["itself"] = {"inside": [named]}
    node.child = Node(parent=node, child=array)
    return [listed, named, node]


def taken_out(holder):
    if isinstance(holder, Node):
        return holder.child.child
    return holder["array"] if isinstance(holder, dict) else holder[0]


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize("where", ["attribute", "argument", "result", "result of a part"])
def test_containers_that_hold_themselves_are_looked_through_once(where, which):
    def holder(array):
        return containers_of_themselves(array)[which]

    class Part(nn.Module):
        def forward(self, x, other=None):
            return holder(x.relu()) if where == "result of a part" else x.relu()

    def forward(self, x):
        if where == "argument":
            return self.inner(x, holder(x))
        y = self.inner(x)
        if where == "result of a part":
            return taken_out(y)
        return holder(y) if where == "result" else y

    model = Net(forward, inner=Part())
    if where == "attribute":
        model.held = holder(torch.ones(2))
    report = fp.check.check(model, (4, 6, 6))
    assert [operation.name for operation in report.graph.operations] == ["inner.relu"]
    assert [value.operation for value in report.graph.outputs] == [0]
