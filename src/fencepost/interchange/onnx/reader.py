"""Read an ONNX file as a `Graph`, without running it and without the onnx package.

The weights stay in the file: only their shapes are read, and the few values that decide about
sizes.
"""

from __future__ import annotations

import copy
import mmap
import os
from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from pathlib import Path

from ...errors import DataError
from ...files.mapped import Mapped, memory_of
from ...files.signatures import resemblance
from ...graph import Graph, Operation, Shape, Value
from ..facts import shape_text
from .inputs import Given, Inputs, resolve_inputs
from .operators import RULES
from .operators.control import CONTROL, Outcome, branch
from .operators.folding import fold
from .operators.microsoft import DOMAIN, MICROSOFT
from .operators.ml import ML, ML_DOMAIN
from .operators.node import Array, NodeCall, NodeError, NodeFacts, Rule
from .operators.sequences import followed
from .order import named_alike, ordered
from .parameters import parameters
from .wire.messages import DeclaredShape, File, Node, attribute, parse_file
from .wire.protobuf import WireError
from .wire.tensors import MAX_SIZE, Tensor, printable, quote

# Values that are computed in a model; a hundred thousand nodes about sizes need fewer.
_MAX_FOLDED = 2**20
# Sentences of one kind, beyond which they are only counted.
_MAX_SENTENCES = 20
# Nodes of graphs within nodes; more are not read, for loops in loops would take for ever.
_MAX_NESTED = 2**14
_DOMAINS: Mapping[str, Mapping[str, Rule]] = {"": RULES, DOMAIN: MICROSOFT, ML_DOMAIN: ML}
# Whatever enters them, only its sizes matter.
_OF_SHAPES = ("Shape", "Size")
# The same array under another name or type: no operation, as in PyTorch.
_TRANSPARENT = ("Cast", "CastLike", "Identity")
# PyTorch's names of the weights of an operator that has one, two or (recurrent) three of them.
_NORM = ("weight", "bias", "running_mean", "running_var")
_WEIGHTS = {1: ("weight",), 2: _NORM, 3: ("weight_ih", "weight_hh", "bias")}


def read_onnx(path: str | os.PathLike[str], inputs: Given | None = None) -> Graph:
    """Read an ONNX file.

    `path`: The file. Weights that it keeps in other files are not needed. `inputs`: Sizes of the
    inputs, with the batch, where the file leaves them open or others are to be tried: by name, or
    in their order. Of a batch that is left open, 1 is taken; a shape with one axis less than the
    file declares is one without its batch.

    Returns Graph: Up to the first node that cannot run. Nodes that only compute with constants (the
    sizes of other arrays among them) are no operations of it.

    Raises DataError: The file cannot be read, is no ONNX file, is damaged, contradicts itself
    (names that are given twice or never, nodes that wait for themselves), or leaves the sizes of
    inputs open. Raises ArgumentError: `inputs` are no shapes, or are for other inputs than the
    model's.

    Sizes follow the specification of the ONNX operators, opsets 7 to 28 (onnx.ai/onnx/operators).
    An operator without a rule is named in `Graph.unknown`; its sizes are those that the file
    declares, or unknown. Parameters are the arrays in the file that convolutions, products and
    norms take as weights, and those that are added, multiplied or joined elsewhere, if they have
    more than one element: a scalar is taken for a constant.
    """
    return read_with_calls(path, inputs, keep=False)[0]


def read_with_calls(
    path: str | os.PathLike[str],
    inputs: Given | None = None,
    *,
    keep: bool = True,
) -> tuple[Graph, File]:
    """Read an ONNX file as `read_onnx` does, with what stands in it.

    With `keep`, the `source` of each operation is its `NodeCall`.
    """
    target = Path(path)
    content, mapped = _mapped(target)
    try:
        file = parse_file(content)
        file.check = mapped.check
        graph = _Reader(file, target, inputs, keep).graph()
        mapped.check()
        return graph, file
    except WireError as error:
        mapped.check()
        raise DataError(
            f"{target}: the file is damaged or is not an ONNX file: {error}. Export it again."
        ) from None


def _mapped(path: Path) -> tuple[memoryview, Mapped]:
    """Map a file into memory: only the pages that are needed are read."""
    try:
        if path.exists() and not path.is_file():
            raise DataError(
                f"{path}: an ONNX model must be a file. Received: a folder or a device."
            )
        with path.open("rb") as file:
            start = file.read(10)
            if not start or resemblance(start):
                raise DataError(
                    f"{path}: a model must be an ONNX file, and this is not one"
                    f"{resemblance(start)}. Write one with torch.onnx.export."
                )
            content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            remedy = "Wait until it is written, and read it again."
            return content, Mapped(memory_of(content), file.fileno(), str(path), remedy)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(
            f"{path}: the model cannot be read: {reason}. Use the path of an ONNX file."
        ) from None


class _Reader:
    """The arrays of a graph as they become known, node by node."""

    def __init__(self, file: File, path: Path, inputs: Given | None, keep: bool) -> None:
        self.keep = keep
        if not file.nodes and not file.outputs:
            raise WireError("it has no graph")
        self.file = file
        self.path = path
        try:
            self.nodes = ordered(file)
            self.alike = named_alike(self.nodes)
            self.inputs: Inputs = resolve_inputs(file, inputs)
        except DataError as error:
            raise DataError(f"{path}: {error}.") from None
        self.declared: dict[str, DeclaredShape | None] = {
            array.name: array.shape for array in (*file.declared, *file.outputs)
        }
        self.arrays: MutableMapping[str, Array] = _constants(file)
        self.initializers = set(self.arrays)
        named = zip(self.inputs.names, self.inputs.shapes, strict=True)
        for index, (name, shape) in enumerate(named):
            self.arrays[name] = Array(shape, Value(-1, index))
        self.operations: list[Operation] = []
        self.names: dict[str, int] = {}
        self.unsupported: dict[str, list[str]] = {}
        self.undetermined: list[str] = []
        self.contradictions: list[str] = []
        self.folded = 0
        self.nested = 0
        self.measured: set[Value] = set()
        self.refused: dict[str, str] = {}
        self.disputed: dict[str, str] = {}
        self.failure = ""

    def graph(self) -> Graph:
        """Read the nodes, up to the first that cannot run."""
        for node in self.nodes:
            self._read_node(node)
            if self.failure:
                break
        arrays = [self.arrays.get(output.name) for output in self.file.outputs]
        values = [one.value for array in arrays if array for one in array.parts if one.value]
        return Graph(
            str(self.path),
            self.inputs.names,
            self.inputs.shapes,
            tuple(self.operations),
            tuple(values) if not self.failure else (),
            self.failure,
            (*self._unsupported_operators(), *_first_sentences(self.undetermined)),
            self._unused(),
            " ".join(self.inputs.notes),
            tuple(_first_sentences(self.contradictions)),
            frozenset(self.measured),
            self.refused,
            self.disputed,
        )

    def _read_node(self, node: Node) -> None:
        """Find out what a node makes of its arrays."""
        rule = _DOMAINS.get(node.domain, {}).get(node.operator)
        # The second input of CastLike only says of what type the first shall be.
        names = node.inputs[:1] if rule and node.operator in _TRANSPARENT else node.inputs
        entering = tuple(self.arrays[name] if name else None for name in (*names, *node.captured))
        call = NodeCall(node, entering, self.file.opset)
        control = CONTROL.get(node.operator) if node.bodies and not node.domain else None
        if control is not None:
            body = branch(call)
            if body is not None and self._inlined(node, body):
                return
            rule = lambda call: control(call, self._evaluated)  # noqa: E731
        if rule is not None and node.operator in _OF_SHAPES:
            self.measured |= {array.value for array in entering if array and array.value}
        folds = rule is not None and (node.operator in _OF_SHAPES or not call.data_inputs())
        passes = rule is not None and node.operator in _TRANSPARENT and not folds
        name = "" if folds or passes else self._unique_name(node)
        try:
            if followed(call, self.arrays, self._read_node):
                return
            facts = self._unknown(node, name) if rule is None else rule(call)
            shapes = self._completed_shapes(call, facts)
            if folds and self.folded < _MAX_FOLDED:  # a file may ask for very many
                facts.folded = facts.folded or (() if node.domain else fold(call, facts))
                self.folded += sum(values.size for values in facts.folded if values is not None)
        except NodeError as error:
            self.failure = str(error)
            facts, shapes = error.facts or NodeFacts(node.operator, "unknown"), ()
        except WireError as error:
            raise WireError(f"in node {quote(node.name or node.operator)}, {error}") from None
        if self.failure or not (folds or passes):
            given = [part for array in call.inputs if array is not None for part in array.parts]
            operation = facts.operation(
                name or self._unique_name(node),
                [array.value for array in given if array.value is not None],
                [array.shape for array in given if array.value is not None],
                shapes,
                parameters(call, facts),
                self._weights(call, facts),
            )
            self.operations.append(replace(operation, source=call) if self.keep else operation)
            facts.refused = facts.refused or self.alike.get(tuple(node.outputs), "")
            if not self.failure:
                self.refused |= {operation.name: facts.refused} if facts.refused else {}
                self.disputed |= {operation.name: facts.disputed} if facts.disputed else {}
        last = len(self.operations) - 1
        for index, (output, shape) in enumerate(zip(node.outputs, shapes, strict=False)):
            if folds:
                self.arrays[output] = _constant(call, facts, index, shape)
            elif passes:
                self.arrays[output] = Array(shape, call.inputs[0].value if call.inputs[0] else None)
            else:
                self.arrays[output] = Array(shape, Value(last, index))

    def _inlined(self, node: Node, body: File) -> bool:
        """Read the nodes of a graph in place of the node that runs it, and nothing else of it."""
        if not self._nests(body):
            return False
        self.declared |= {array.name: array.shape for array in (*body.declared, *body.outputs)}
        constants = _constants(body)
        self.initializers |= constants.keys()
        around = self.arrays
        self.arrays = ChainMap(constants, around)
        for one in ordered(body, around):
            self._read_node(one)
            if self.failure:
                break
        made = [self.arrays.get(output.name, Array(None)) for output in body.outputs]
        self.arrays = around
        self.arrays.update(zip(node.outputs, made, strict=False))
        return True

    def _evaluated(self, body: File, given: Mapping[str, Array]) -> Outcome:
        """Read a graph for what it makes, without its operations in the model."""
        if not self._nests(body):
            return Outcome(failure="there are too many graphs in it")
        inner = copy.copy(self)
        inner.arrays = ChainMap({**_constants(body), **given}, self.arrays)
        inner.declared = {array.name: array.shape for array in (*body.declared, *body.outputs)}
        inner.operations, inner.names, inner.measured = [], {}, set()
        inner.undetermined, inner.contradictions, inner.refused, inner.disputed = [], [], {}, {}
        for node in ordered(body, inner.arrays):
            inner._read_node(node)
            if inner.failure:
                break
        self.folded, self.nested = inner.folded, inner.nested
        work = [operation.multiply_adds for operation in inner.operations]
        known = [count for count in work if count is not None]
        return Outcome(
            tuple(inner.arrays.get(output.name) for output in body.outputs),
            sum(operation.parameters for operation in inner.operations),
            sum(known) if len(known) == len(work) else None,
            inner.failure,
        )

    def _nests(self, body: File) -> bool:
        """Count the nodes of graphs within nodes; tell whether there are too many."""
        self.nested += len(body.nodes)
        return self.nested <= _MAX_NESTED

    def _weights(self, call: NodeCall, facts: NodeFacts) -> dict[str, str]:
        """Name the initializers that an operation has as weights, by PyTorch's names of them."""
        indices = facts.weights + ((3, 4) if call.operator == "BatchNormalization" else ())
        return {
            name: call.node.inputs[index]
            for name, index in zip(_WEIGHTS.get(len(facts.weights), ()), indices, strict=False)
            if call.has(index) and call.node.inputs[index] in self.initializers
        }

    def _completed_shapes(self, call: NodeCall, facts: NodeFacts) -> tuple[Shape | None, ...]:
        """Complete the shapes of a rule with those that the file declares, and compare them."""
        completed = []
        node = call.node
        for index, name in enumerate(node.outputs):
            shape = facts.shapes[index] if index < len(facts.shapes) else None
            declared = None if self.inputs.changed else self.declared.get(name)
            if declared is not None:
                shape = self._merged(name, shape, declared, facts)
            if any(size is not None and size > MAX_SIZE for size in shape or ()):
                raise NodeError(
                    f"An array may have at most {MAX_SIZE:,} elements along an axis.",
                    shape_text(shape or ()),
                    facts,
                )
            completed.append(shape)
        if facts.unknown and any(shape is None or None in shape for shape in completed):
            tensors = [array.tensor for array in call.inputs if array is not None and array.tensor]
            elsewhere = [tensor.location for tensor in tensors if tensor.external]
            where = f" (values of {quote(elsewhere[0])}, which is not read)" if elsewhere else ""
            self.undetermined.append(
                f"{quote(node.name or node.operator)}: {facts.unknown}{where}."
            )
        return tuple(completed)

    def _merged(
        self, name: str, shape: Shape | None, declared: DeclaredShape, facts: NodeFacts
    ) -> Shape:
        """Put a shape and a declared one together; the declared one is worth less."""
        sizes = self.inputs.sizes
        known = tuple(sizes.get(size) if isinstance(size, str) else size for size in declared)
        if shape is None:
            return known
        agree = len(shape) == len(known) and all(
            None in pair or pair[0] == pair[1] for pair in zip(shape, known, strict=True)
        )
        if agree:
            return tuple(b if a is None else a for a, b in zip(shape, known, strict=True))
        self.contradictions.append(
            f"The file declares {quote(name)} as {shape_text(known)}; {facts.kind} makes it "
            f"{shape_text(shape)}, which is used."
        )
        return shape

    def _unknown(self, node: Node, name: str) -> NodeFacts:
        word = f"{node.domain}.{node.operator}" if node.domain else node.operator
        self.unsupported.setdefault(word, []).append(name)
        kind = printable(node.operator) or "?"
        shapes = (None,) * len(node.outputs)
        return NodeFacts(kind, "unknown", multiply_adds=None, shapes=shapes)

    def _unsupported_operators(self) -> list[str]:
        """Name the operators without a rule, each with where it stands."""
        sentences = []
        for word, names in self.unsupported.items():
            where = ", ".join(quote(name) for name in names[:3])
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            sentences.append(
                f"The operator {quote(word)} ({where}{more}) has no rule here: its sizes are those "
                "that the file declares, or unknown; its parameters are not counted."
            )
        return _first_sentences(sentences)

    def _unused(self) -> tuple[str, ...]:
        """Name the weights that no node takes; a node that is not understood might."""
        if self.failure or self.unsupported:
            return ()
        taken = {name for node in self.nodes for name in (*node.inputs, *node.captured)}
        taken |= {output.name for output in self.file.outputs}
        return tuple(printable(w.name) for w in self.file.weights if w.name not in taken)

    def _unique_name(self, node: Node) -> str:
        """Name an operation as the file does, with a count if that name is taken."""
        base = printable(node.name or next(filter(None, node.outputs), "") or node.operator)
        name = base
        while name in self.names:
            self.names[base] += 1
            name = f"{base} ({self.names[base]})"
        self.names[name] = 1
        return name


def _constant(call: NodeCall, facts: NodeFacts, index: int, shape: Shape | None) -> Array:
    """Keep what is known of an array that depends on no input, and what it inherits."""
    folded = facts.folded[index] if index < len(facts.folded) else None
    value = attribute(call.node, "value") if call.operator == "Constant" else None
    if isinstance(value, Tensor):
        return Array(shape, tensor=value, literal=True)
    chosen = range(len(call.inputs)) if facts.sources is None else facts.sources
    sources = tuple(array for i in chosen if (array := call.array(i)) is not None)
    return Array(shape, sources=sources, folded=folded, made_by=call)


def _constants(graph: File) -> dict[str, Array]:
    """Return the arrays that stand in a graph, by name."""
    return {weight.name: Array(weight.shape, tensor=weight) for weight in graph.weights}


def _first_sentences(sentences: list[str]) -> list[str]:
    """Return the first sentences, and how many more there are."""
    if len(sentences) <= _MAX_SENTENCES:
        return sentences
    more = len(sentences) - _MAX_SENTENCES
    return [*sentences[:_MAX_SENTENCES], f"And {more} more like it."]
