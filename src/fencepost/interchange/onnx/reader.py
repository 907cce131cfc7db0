"""Read an ONNX file as a `Graph`, without running it and without the onnx package.

The weights stay in the file: only their shapes are read, and the few numbers that decide about
sizes.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping
from pathlib import Path

from fencepost.errors import DataError
from fencepost.files.signatures import resemblance
from fencepost.graph import Graph, Operation, Shape, Value
from fencepost.interchange.onnx.inputs import Inputs, settle
from fencepost.interchange.onnx.operators.calls import Array, Call, Misfit, Result, by
from fencepost.interchange.onnx.operators.folding import fold
from fencepost.interchange.onnx.operators.table import RULES
from fencepost.interchange.onnx.order import ordered
from fencepost.interchange.onnx.wire.messages import Declared, File, Node, attribute, parse
from fencepost.interchange.onnx.wire.protobuf import WireError
from fencepost.interchange.onnx.wire.tensors import LARGEST_SIZE, Tensor, clean, shown

# Numbers that are computed in a model; a hundred thousand nodes about sizes need fewer.
_MOST_FOLDED = 2**20
# Sentences of one kind, beyond which they are only counted.
_MOST_SENTENCES = 20
# Operators that hold graphs of their own, which are not read.
_NESTING = ("If", "Loop", "Scan", "SequenceMap")
# Whatever they are asked about, they answer with its sizes only.
_OF_SHAPES = ("Shape", "Size")
# The same array under another name or type: no operation, as in PyTorch.
_TRANSPARENT = ("Cast", "CastLike", "Identity")
# Types of weights: floating point, and what it is quantised to.
_REALS = (1, 10, 11, 16, 17, 18, 19, 20, 23, 24, 27, 28)
_QUANTISED = (2, 3, 6, 21, 22, 25, 26)


def read(path: str | os.PathLike[str], inputs: Mapping[str, Shape] | Shape | None = None) -> Graph:
    """Read an ONNX file.

    Parameters
    ----------
    path : str or path
        The file. Weights that it keeps in other files are not needed.
    inputs : mapping of str to shape, or shape, optional
        Sizes of the inputs, with the batch, where the file leaves them open or others are to be
        tried. One shape without a name is for a model of one input. Of a batch that is left open,
        1 is taken; a shape with one axis less than the file declares is one without its batch.

    Returns
    -------
    Graph
        Up to the first node that cannot run. Nodes that only compute with constants (the sizes of
        other arrays among them) are no operations of it.

    Raises
    ------
    DataError
        The file cannot be read, is no ONNX file, is damaged, contradicts itself (names that are
        given twice or never, nodes that wait for themselves), or leaves the sizes of inputs open.
    ArgumentError
        `inputs` are no shapes, or are for other inputs than the model's.

    Notes
    -----
    Sizes follow the specification of the ONNX operators, opsets 7 to 28 (onnx.ai/onnx/operators).
    An operator without a rule is named in `Graph.unknown`; its sizes are those that the file
    declares, or unknown. Parameters are the arrays in the file that convolutions, products and
    norms take as weights, and those that are added, multiplied or joined elsewhere, if they have
    more than one number: a single number is taken for a constant.
    """
    target = Path(path)
    try:
        return _Reading(parse(_mapped(target)), target, inputs).model()
    except WireError as error:
        raise DataError(
            f"{target}: the file is damaged, or is no ONNX file: {error}. Export it again."
        ) from None


def _mapped(path: Path) -> memoryview:
    """Look at a file without reading it: only the pages that are looked at enter memory."""
    try:
        if path.exists() and not path.is_file():
            raise DataError(
                f"{path}: an ONNX model must be a file. Received: a folder or a device."
            )
        with path.open("rb") as file:
            start = file.read(10)
            if not start or resemblance(start):
                raise DataError(
                    f"{path}: a model must be an ONNX file, and this is none"
                    f"{resemblance(start)}. Write one with torch.onnx.export."
                )
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(
            f"{path}: the model cannot be read: {reason}. Give the path of an ONNX file."
        ) from None


class _Reading:
    """The arrays of a graph as they become known, node by node."""

    def __init__(self, file: File, path: Path, inputs: Mapping[str, Shape] | Shape | None) -> None:
        if not file.nodes and not file.outputs:
            raise WireError("it has no graph")
        self.file = file
        self.path = path
        try:
            self.nodes = ordered(file)
            self.inputs: Inputs = settle(file, inputs)
        except DataError as error:
            raise DataError(f"{path}: {error}.") from None
        self.declared = {one.name: one.shape for one in (*file.declared, *file.outputs)}
        self.arrays: dict[str, Array] = {
            weight.name: Array(weight.shape, tensor=weight) for weight in file.weights
        }
        for index, (name, shape) in enumerate(
            zip(self.inputs.names, self.inputs.shapes, strict=True)
        ):
            self.arrays[name] = Array(shape, Value(-1, index))
        self.operations: list[Operation] = []
        self.names: dict[str, int] = {}
        self.strangers: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.contradictions: list[str] = []
        self.folded = 0
        self.failure = ""

    def model(self) -> Graph:
        """Go through the nodes, up to the first that cannot run."""
        for node in self.nodes:
            self._take(node)
            if self.failure:
                break
        found = [self.arrays.get(one.name) for one in self.file.outputs]
        return Graph(
            str(self.path),
            self.inputs.names,
            self.inputs.shapes,
            tuple(self.operations),
            tuple(one.value for one in found if one and one.value) if not self.failure else (),
            self.failure,
            (*self._unknown_operators(), *_some(self.open)),
            self._unused(),
            " ".join(self.inputs.notes),
            tuple(_some(self.contradictions)),
        )

    def _take(self, node: Node) -> None:
        """Find out what a node makes of its arrays."""
        rule = RULES.get(node.operator) if not node.domain else None
        # The second input of CastLike only says of what type the first shall be.
        names = node.inputs[:1] if rule and node.operator in _TRANSPARENT else node.inputs
        call = Call(node, tuple(self.arrays[name] if name else None for name in names))
        folds = rule is not None and (node.operator in _OF_SHAPES or not call.data())
        passes = rule is not None and node.operator in _TRANSPARENT and not folds
        name = "" if folds or passes else self._name(node)
        try:
            result = self._unknown(node, name) if rule is None else rule(call)
            shapes = self._shapes(call, result)
            if folds:
                self._fold(call, result)
        except Misfit as misfit:
            self.failure = str(misfit)
            result, shapes = misfit.result or Result(node.operator, "unknown"), ()
        except WireError as error:
            raise WireError(f"in node {shown(node.name or node.operator)}, {error}") from None
        if self.failure or not (folds or passes):
            self.operations.append(self._operation(call, result, name or self._name(node), shapes))
        place = len(self.operations) - 1
        for index, (output, shape) in enumerate(zip(node.outputs, shapes, strict=False)):
            if folds:
                self.arrays[output] = self._constant(call, result, index, shape)
            elif passes:
                self.arrays[output] = Array(shape, call.inputs[0].value if call.inputs[0] else None)
            else:
                self.arrays[output] = Array(shape, Value(place, index))

    def _fold(self, call: Call, result: Result) -> None:
        """Compute the numbers of a constant, unless the file has asked for very many."""
        if self.folded < _MOST_FOLDED:
            result.folded = result.folded or fold(call, result)
            self.folded += sum(one.size for one in result.folded if one is not None)

    def _operation(
        self, call: Call, result: Result, name: str, shapes: tuple[Shape | None, ...]
    ) -> Operation:
        data = [one for one in call.inputs if one is not None and one.value is not None]
        return Operation(
            name,
            result.kind,
            result.role,
            tuple(one.value for one in data if one.value is not None),
            tuple(one.shape for one in data),
            shapes,
            result.windows,
            result.arguments,
            result.weight_shape,
            self._parameters(call, result),
            result.multiply_adds,
        )

    def _constant(self, call: Call, result: Result, index: int, shape: Shape | None) -> Array:
        """Keep what is known of an array that depends on no input, and what it inherits."""
        folded = result.folded[index] if index < len(result.folded) else None
        value = attribute(call.node, "value") if call.node.operator == "Constant" else None
        if isinstance(value, Tensor):
            return Array(shape, tensor=value, literal=True)
        chosen = range(len(call.inputs)) if result.sources is None else result.sources
        sources = tuple(one for place in chosen if (one := call.array(place)) is not None)
        return Array(shape, sources=sources, folded=folded)

    def _shapes(self, call: Call, result: Result) -> tuple[Shape | None, ...]:
        """Complete the shapes of a rule with those that the file declares, and compare them."""
        found = []
        node = call.node
        for index, name in enumerate(node.outputs):
            shape = result.shapes[index] if index < len(result.shapes) else None
            declared = None if self.inputs.changed else self._declared(name)
            if declared is not None:
                shape = self._merged(name, shape, declared, result)
            for size in shape or ():
                if size is not None and size > LARGEST_SIZE:
                    raise Misfit(
                        f"An array may have at most {LARGEST_SIZE:,} cells along an axis.",
                        by(shape or ()),
                        result,
                    )
            found.append(shape)
        if result.unknown and any(one is None or None in one for one in found):
            tensors = [one.tensor for one in call.inputs if one is not None and one.tensor]
            elsewhere = [one.location for one in tensors if one.external]
            where = f" (numbers of {shown(elsewhere[0])}, which is not read)" if elsewhere else ""
            self.open.append(f"{shown(node.name or node.operator)}: {result.unknown}{where}.")
        return tuple(found)

    def _declared(self, name: str) -> Shape | None:
        declared: Declared | None = self.declared.get(name)
        if declared is None:
            return None
        return tuple(
            self.inputs.sizes.get(size) if isinstance(size, str) else size for size in declared
        )

    def _merged(self, name: str, shape: Shape | None, declared: Shape, result: Result) -> Shape:
        if shape is None:
            return declared
        agree = len(shape) == len(declared) and all(
            None in pair or pair[0] == pair[1] for pair in zip(shape, declared, strict=True)
        )
        if not agree:
            self.contradictions.append(
                f"The file declares {shown(name)} as {by(declared)}; {result.kind} makes it "
                f"{by(shape)}, which is used."
            )
            return shape
        return tuple(b if a is None else a for a, b in zip(shape, declared, strict=True))

    def _parameters(self, call: Call, result: Result) -> int:
        """Count what the operation learns, once in the whole model."""
        total = 0
        for index in result.weights:
            total += _learned(call.array(index), loose=False)
        for index in result.loose:
            total += _learned(call.array(index), loose=True)
        return total

    def _unknown(self, node: Node, name: str) -> Result:
        word = f"{node.domain}.{node.operator}" if node.domain else node.operator
        self.strangers.setdefault(word, []).append(name)
        shapes = (None,) * len(node.outputs)
        return Result(clean(node.operator) or "?", "unknown", shapes, multiply_adds=None)

    def _unknown_operators(self) -> list[str]:
        """Name the operators without a rule, each with where it stands."""
        found = []
        for word, names in self.strangers.items():
            where = ", ".join(shown(name) for name in names[:3])
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            nested = " holds a graph of its own, which is not read" if word in _NESTING else ""
            found.append(
                f"The operator {shown(word)} ({where}{more}){nested or ' has no rule here'}: its "
                "sizes are those that the file declares, or unknown; its parameters are not "
                "counted."
            )
        return _some(found)

    def _unused(self) -> tuple[str, ...]:
        """Name the weights that no node takes; a node that is not understood might."""
        if self.failure or self.strangers:
            return ()
        taken = {name for node in self.nodes for name in node.inputs}
        taken |= {one.name for one in self.file.outputs}
        return tuple(clean(one.name) for one in self.file.weights if one.name not in taken)

    def _name(self, node: Node) -> str:
        """Name an operation as the file does, with a number if that name is taken."""
        base = clean(node.name or next(filter(None, node.outputs), "") or node.operator)
        name = base
        while name in self.names:
            self.names[base] += 1
            name = f"{base} ({self.names[base]})"
        self.names[name] = 1
        return name


def _learned(array: Array | None, *, loose: bool) -> int:
    """Count the weights that an array is, or was computed from; those counted before are not."""
    total = 0
    waiting = [] if array is None else [array]
    while waiting:
        one = waiting.pop()
        if one.counted or not one.constant:
            continue
        one.counted = True
        waiting.extend(one.sources)
        weight = one.tensor
        if weight is None:
            continue
        kinds = _REALS if loose else (*_REALS, *_QUANTISED)
        single = weight.cells == 1 and (loose or one is not array)
        if weight.type in kinds and not single and not (one.literal and (loose or _even(one))):
            total += weight.cells
    return total


def _even(array: Array) -> bool:
    """Tell whether all numbers are the same: a norm without parameters is written so."""
    numbers = array.numbers()
    return numbers is not None and len(set(numbers.ravel().tolist())) == 1


def _some(sentences: list[str]) -> list[str]:
    """Return the first sentences, and how many more there are."""
    if len(sentences) <= _MOST_SENTENCES:
        return sentences
    return [*sentences[:_MOST_SENTENCES], f"And {len(sentences) - _MOST_SENTENCES} more like it."]
