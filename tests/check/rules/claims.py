"""What repairs say, taken apart, put into the network and run: `failures` of a random network.

``PYTHONPATH=src:tests python -m check.rules.claims 0 5000`` tries so many seeds and prints those
repairs that cannot be built, or that do not do what they say.
"""

from __future__ import annotations

import ast
import collections
import re
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import nn

import fencepost as fp
from check.rules.broken_networks import Broken, Node, build, random_network

_SHAPE = r"−?\d+(?: × −?\d+)*"
_VALUE = r"(?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\"\w+\"|\w+)"
_ARGUMENTS = rf"\w+={_VALUE}(?:, \w+={_VALUE})*"
_PART = "|".join(
    (
        rf"(?P<least>an input of at least ({_SHAPE}) here)",
        rf"(?P<here>an input of {_SHAPE}(?: or {_SHAPE})* here)",
        rf"(?P<model>a model input of {_SHAPE}(?:(?:,| or) {_SHAPE})*)",
        r"(?P<flatten>a Flatten before it \(→ [\d,]+ features\))",
        r"(?P<rows>flatten\(1\) \(→ [\d,]+ features for each input\))",
        rf"(?P<pad>F\.pad\(x, \(.*?\)\) before it \(→ {_SHAPE}\))",
        rf"(?P<pool>an average pool of {_VALUE} before it and stride={_VALUE} \(→ {_SHAPE}\))",
        rf"(?P<typed>{_ARGUMENTS} in \w+(?: and {_ARGUMENTS} in \w+)*(?: \(→ {_SHAPE}\))?"
        rf"|{_ARGUMENTS}(?: \(→ {_SHAPE}\))?)",
    )
)
_SENTENCES = (
    rf"It fits with an input of (?P<reading>{_SHAPE}): [^.]*\.",
    r"It fits with (?P<parts>.*?)\.",
    r"Nothing is left over with (?P<parts>.*?)\.",
    r"Every element is used with (?P<parts>.*?)\.",
    r"The same size without a shift: (?P<parts>.*?)\.",
    r"The same size without unevenness: (?P<parts>.*?)\.",
    r"Every weight is used with (?P<parts>.*?)\.",
    r"At most half the kernel: (?P<parts>.*?)\.",
    r"The same output with 1 of every [\d,]+ weights: (?P<parts>.*?); or pool less before it\.",
)
_REMARKS = (
    r"x\.expand\((?P<expand>[-\d, ]+)\) turns a grey image into three channels\.",
    r"flatten\(1\) gives (?P<features>[\d,]+) features for each input\.",
    r"A Flatten before it gives (?P<before>[\d,]+) features for each input\.",
    rf"ceil_mode=False gives (?P<ceil>{_SHAPE})\.",
    r"For \w+, use (?P<other>\w+)\.",
    r"Put \w+ before Flatten and Linear, which remove these axes\.",
    r"object_size=(?P<object>\d+) compares it with an object of \d+ pixels instead\.",
    r"A pool or a stride of 2 in an early layer doubles what all later layers add\.",
    r"The same padding before and after on both paths centres them\.",
)


class Wrong(Exception):
    """A repair that cannot be built, or does not do what it says."""


@dataclass
class Claim:
    """A part of a repair, and the finding that it stands in."""

    network: Broken
    index: int
    code: str
    kind: str
    text: str


def claims(network: Broken) -> Iterator[Claim]:
    """Every claim of every repair about a network."""
    report = fp.check.check(build(network), network.shape)
    for finding in report.findings:
        name = re.match(r"n(\d+)", finding.operation)
        index = int(name[1]) if name else -1
        yield from _of_repair(network, index, finding.code, finding.repair)
    for shape in report.exact_inputs:
        yield Claim(network, -1, "exact", "exact", " × ".join(map(str, shape[1:])))


def _of_repair(network: Broken, index: int, code: str, repair: str) -> Iterator[Claim]:
    left = repair
    while left:
        for pattern in (*_SENTENCES, *_REMARKS):
            match = re.match(
                pattern.replace(r"(?P<parts>.*?)", r"(?P<parts>.*?)") + r"(?: |$)", left
            )
            if match:
                break
        else:
            raise Wrong(f"{code} says what no test understands: {left}")
        left = left[match.end() :]
        for kind, text in match.groupdict().items():
            if kind == "parts":
                yield from _parts(network, index, code, text)
            elif text:
                yield Claim(network, index, code, kind, text)


def _parts(network: Broken, index: int, code: str, text: str) -> Iterator[Claim]:
    position = 0
    while position < len(text):
        match = re.compile(rf"(?:{_PART})(?:, | or |$)").match(text, position)
        if match is None:
            raise Wrong(f"{code} says what no test understands: {text[position:]}")
        kind, part = next((k, v) for k, v in match.groupdict().items() if v)
        yield Claim(network, index, code, kind, part)
        position = match.end()


def sizes(text: str) -> tuple[int, ...]:
    return tuple(int(n.replace(",", "").replace("−", "-")) for n in text.split(" × "))


def run(network: Broken) -> list[tuple[int, ...]]:
    """What comes out of each node of a network that must run."""
    made = [torch.zeros(1, *network.shape)]
    try:
        module = build(network)
        with torch.no_grad():
            for index, node in enumerate(network.nodes):
                part = getattr(module, f"n{index}")
                made.append(part(*(made[value + 1] for value in node.inputs)))
    except (RuntimeError, ValueError, TypeError) as error:
        raise Wrong(f"node {len(made) - 1}: {' '.join(str(error).split())[:150]}") from None
    return [tuple(array.shape) for array in made[1:]]


def entering(network: Broken, index: int) -> tuple[int, ...]:
    """The shape of what enters a node, with the batch."""
    value = network.nodes[index].inputs[0]
    return (1, *network.shape) if value < 0 else run(network.until(value))[-1]


def alone(network: Broken, index: int, shape: tuple[int, ...] | None = None) -> Broken:
    """A network of one node, for the shape that enters it or another."""
    node = replace(network.nodes[index], inputs=(-1,))
    return Broken((shape or entering(network, index))[1:], (node,))


def codes_of(network: Broken, index: int) -> set[str]:
    report = fp.check.check(build(network), network.shape)
    return {f.code for f in report.findings if f.operation.startswith(f"n{index}")}


def keywords(text: str) -> dict:
    call = ast.parse(f"f({text})", mode="eval").body
    return {word.arg: ast.literal_eval(word.value) for word in call.keywords}


def must(condition: bool, text: str) -> None:
    if not condition:
        raise Wrong(text)


def verify(claim: Claim) -> None:
    """Build what a claim proposes, and run it; raise Wrong if it is not so."""
    network, index, kind, text = claim.network, claim.index, claim.kind, claim.text
    if kind == "reading":
        run(replace(network, shape=sizes(text)))
    elif kind in ("exact", "model"):
        stated = text.removeprefix("a model input of ")
        for shape in map(sizes, re.split(", | or ", stated)):
            changed = replace(network, shape=shape)
            run(changed if index < 0 else changed.until(index))
            if kind == "exact":
                report = fp.check.check(build(changed), shape)
                must(
                    not {"FP201", "FP202"} & {f.code for f in report.findings}, "some is left over"
                )
    elif kind in ("here", "least"):
        stated = re.sub(r"^an input of (at least )?| here$", "", text)
        before = entering(network, index)
        for shape in map(sizes, re.split(", | or ", stated)):
            each = shape * (len(before) - 2) if len(shape) == 1 else shape
            changed = alone(network, index, (*before[:2], *each))
            run(changed)
            if kind == "here":
                must(not codes_of(changed, 0) & {"FP201", "FP202"}, "some is left over")
    elif kind == "flatten":
        changed = network.with_before(index, Node("Flatten", (), {}))
        made = run(changed.until(index + 1))
        must(made[index][1] == sizes(text.split("→ ")[1].split()[0])[0], "other features")
    elif kind == "before":
        changed = network.with_before(index, Node("Flatten", (), {}))
        must(run(changed.until(index))[-1][1:] == sizes(text), "other features")
    elif kind in ("rows", "features"):
        stated = text if kind == "features" else text.split("→ ")[1].split()[0]
        node = replace(network.nodes[index], kind="Flatten", arguments={})
        changed = replace(network, nodes=(*network.nodes[:index], node))
        must(run(changed)[-1][1:] == sizes(stated), "other features")
    elif kind == "pad":
        pad = ast.literal_eval(re.search(r"x, (\(.*?\))\)", text)[1])
        changed = alone(network, index).with_before(0, Node("Pad", (), {"pad": pad}))
        must(run(changed)[-1][2:] == stated_output(text), "another size")
        must(not codes_of(changed, 1) & {"FP201", "FP202"}, "some is left over")
    elif kind == "pool":
        match = re.search(rf"pool of ({_VALUE}) before it and stride=({_VALUE}) ", text)
        pool, stride = map(ast.literal_eval, match.groups())
        changed = alone(network, index).changed(0, stride=stride)
        changed = changed.with_before(0, Node("AvgPool", (), {"kernel_size": pool}))
        must(run(changed)[-1][2:] == stated_output(text), "another size")
        must(not codes_of(changed, 1) & {"FP203", "FP204"}, "elements are stepped over")
    elif kind == "ceil":
        changed = alone(network, index).changed(0, ceil_mode=False)
        must(run(changed)[-1][2:] == sizes(text), "another size")
    elif kind == "expand":
        sizes_ = ast.literal_eval(f"({text})")
        run(network.with_before(index, Node("Expand", (), {"sizes": sizes_})).until(index + 1))
    elif kind == "object":
        report = fp.check.check(build(network), network.shape, object_size=int(text))
        must("FP302" not in {finding.code for finding in report.findings}, "FP302 is found again")
    elif kind == "other":
        must(hasattr(nn, text), "there is no such layer")
    else:
        _typed(claim)


def stated_output(text: str) -> tuple[int, ...]:
    return sizes(re.search(rf"→ ({_SHAPE})\)$", text)[1])


def _typed(claim: Claim) -> None:
    network, index, text = claim.network, claim.index, claim.text
    arguments = text.partition(" (→")[0]
    elsewhere = re.findall(rf"({_ARGUMENTS}) in n(\d+)", arguments)
    changed = network
    if elsewhere:
        for given, place in elsewhere:
            changed = changed.changed(int(place), **keywords(given))
        made = run(changed.until(index))
        target = int(elsewhere[0][1])
    else:
        changed = alone(network, index).changed(0, **keywords(arguments))
        made, target = run(changed), 0
        codes = codes_of(changed, 0)
        must(claim.code not in codes, f"{claim.code} is found again")
        if claim.code == "FP205":
            must(not codes & {"FP201", "FP202"}, "some is left over")
        if claim.code in ("FP206", "FP209", "FP210", "FP208"):
            before = run(alone(network, index))[0]
            must(made[0] == before, f"{made[0]} and not {before}")
    if "→" in text:
        must(made[target][2:] == stated_output(text), f"it makes {made[target]}")


def failures(seed: int) -> list[str]:
    """What is wrong with the repairs of a seed's network; and how many there were."""
    network = random_network(seed)
    wrong = []
    try:
        found = list(claims(network))
    except Wrong as error:
        return [f"{seed}: {error}"]
    for claim in found:
        try:
            verify(claim)
        except Wrong as error:
            wrong.append(f"{seed} {claim.code}: {claim.text}: {error}")
        COUNTS[claim.code, claim.kind] += 1
    return wrong


#: How many claims there were, by code and kind.
COUNTS: collections.Counter[tuple[str, str]] = collections.Counter()


def main() -> None:
    """Try the seeds from the first number to before the second."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    first, last = map(int, sys.argv[1:3])
    start, wrong = time.perf_counter(), 0
    for seed in range(first, last):
        for line in failures(seed):
            wrong += 1
            print(line, flush=True)
    seconds = time.perf_counter() - start
    print(f"{last - first:,} networks, {COUNTS.total():,} repairs, {wrong} wrong, {seconds:.0f} s")
    for (code, kind), count in sorted(COUNTS.items()):
        print(f"  {code} {kind}: {count:,}")


if __name__ == "__main__":
    main()
