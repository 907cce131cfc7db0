"""The test of a module is found by its name, or here, with the reason why it is elsewhere.

``src/fencepost/a/b.py`` is tested by ``tests/a/test_b.py``, ``engine/x/y.cpp`` by
``tests/engine/x/test_y.py`` or by the test that its first lines name.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE, ENGINE = (TESTS.parent / name for name in ("src/fencepost", "engine"))

# A folder, modules in it without a test of their own name, where they are tested, and why there.
ELSEWHERE = [
    ("check/rules", "context",
     "check/rules/test_sizes.py", "what the rules share is seen by their findings"),
    ("check", "checking",
     "check/test_report.py", "a report is what all of them make"),
    ("cli/shared", "batch outputs signal_files",
     "cli/test_train.py", "what commands share is tested as commands use it"),
    ("cli/predicting", "results samples",
     "cli/test_predict.py", "what predict takes and gives is tested as the command does it"),
    ("cli/training", "recipe_options",
     "cli/training/test_options.py", "the groups of options are alike"),
    ("cli/training/page", "style",
     "cli/training/page/test_page.py", "how the page looks is seen in a browser"),
    ("convolution/methods",
     "accuracy blocks box candidate choice costs direct exchange factors fft integer_fft recipe "
     "regions separable tiles whole",
     "convolution/test_methods.py", "every method against the others"),
    ("convolution", "blocks",
     "convolution/test_lazy.py", "blocks are cut for arrays of Dask"),
    ("convolution", "apply boundaries operations parsing task",
     "convolution/test_values.py", "a result takes all of them"),
    ("datasets/folders", "listing parts tree",
     "datasets/folders/test_classes.py", "folders as people have them"),
    ("datasets/folders/labels", "json_tables label_tables matching",
     "datasets/folders/labels/test_label_files.py", "label files as people have them"),
    ("datasets/folders", "inspecting messages options sizes",
     "datasets/folders/test_loading.py", "a data set is what all of them make"),
    ("datasets/folders", "filling store",
     "datasets/test_lazy_images.py", "images are waited for, whatever happens meanwhile"),
    ("datasets/prepare", "glyphs",
     "datasets/prepare/test_preparation.py", "one chain from photograph to array"),
    ("definitions", "arrays boundaries",
     "definitions/test_layers.py", "what several definitions share"),
    ("files", "decimals dialects encodings folders rows signatures",
     "filtering/test_picture.py", "files of every kind, damaged in every way"),
    ("filtering",
     "channels masks options pixels responses side_by_side steps",
     "filtering/test_images.py", "an image passes all of them"),
    ("filtering/formats", "row_files",
     "filtering/test_tiles.py", "files are read by rows to be filtered in pieces"),
    ("filtering/formats", "zarr_files",
     "filtering/test_chunked.py", "arrays of every kind are filtered"),
    ("filtering/formats", "deep_colour",
     "filtering/test_picture.py", "files of every kind, damaged in every way"),
    ("graph", "operations",
     "graph/test_receptive_fields.py", "graphs are made of small networks"),
    ("habits", "modules objects values",
     "habits/test_typed.py", "every answer is typed in one way"),
    ("interchange", "facts",
     "check/test_report.py", "what both readers share"),
    ("interchange/backbone", "cutting",
     "interchange/backbone/test_backbone.py", "files of PyTorch are read, run and cached"),
    ("interchange", "exports",
     "interchange/onnx/writer/test_export.py", "what all exports share is seen in files"),
    ("interchange/c", "activations compiler float32 header lowering products program sizes writer",
     "interchange/c/test_export.py", "a header is what all of them make"),
    ("interchange/c/int8", "accuracy",
     "interchange/c/int8/test_format.py", "what is printed is seen in exports"),
    ("interchange/conversion", "arrangements branches joins merging network norms parts resizing",
     "interchange/test_importing.py", "a network is what all of them make"),
    ("interchange/conversion", "rules scales settling values verification windows",
     "interchange/test_importing.py", "a network is what all of them make"),
    ("interchange/onnx", "constants regions",
     "interchange/test_importing.py", "whole files are read"),
    ("interchange/onnx", "parameters",
     "interchange/onnx/test_reader.py", "they are counted over whole files"),
    ("interchange/onnx/wire", "values",
     "interchange/onnx/test_importer.py", "weights of every kind, damaged in every way"),
    ("interchange/torch", "details importer",
     "interchange/test_importing.py", "modules and their exports are compared"),
    ("interchange/onnx/writer", "builder nodes",
     "interchange/onnx/writer/test_export.py", "a file is what all of them make"),
    ("interchange/onnx/operators", "node",
     "interchange/onnx/test_reader.py", "whole files are read"),
    ("interchange/torch", "errors frames function_call names",
     "interchange/torch/test_trace.py", "modules are traced"),
    ("interchange/torch/writer", "layers modules",
     "interchange/torch/writer/test_export.py", "a network is what all of them make"),
    ("layers",
     "activations arguments branched branches convolution dense norm pooling resizing suggestions "
     "windowed",
     "layers/test_base.py", "one table of all layers"),
    ("cli/shared", "layer_text",
     "cli/test_size.py", "texts and files of layers, and what they lack"),
    ("models", "lenet maker",
     "models/test_small.py", "what the named networks are made of is seen in them"),
    ("network", "travel",
     "interchange/onnx/writer/test_export.py", "it only finds the writer"),
    ("planning", "data tokens variants",
     "planning/test_plans.py", "a plan is what all of them make"),
    ("plots", "notebook_figure",
     "plots/images/test_kernel_grids.py", "what all pictures share"),
    ("plots/article", "drawn networks page sequences sizes",
     "plots/article/test_article.py", "one list of all figures"),
    ("plots/signals", "panels",
     "plots/signals/test_lines.py", "what is drawn is compared with the signal"),
    ("training/augmenting", "text",
     "training/test_augmentation.py", "an augmentation is what it reads"),
    ("sklearn", "networks samples",
     "sklearn/test_classifier.py", "seen by what an estimator makes of its samples"),
    ("training", "options",
     "training/test_fitting.py", "every setting is one of fit's"),
    ("training/backends", "backend engine processes",
     "training/test_run.py", "a training passes all of them"),
    ("training/backends/torch", "losses",
     "training/backends/torch/test_backend.py", "losses are seen by what is trained"),
]  # fmt: skip
ENGINE_ELSEWHERE = [
    ("bindings", "arrays module parse",
     "engine/network/test_forward.py", "all of Python's calls pass them"),
    ("bindings", "mappings",
     "files/test_mapped.py", "files that Python maps and others cut"),
    ("arrays", "row strips tile",
     "engine/arrays/correlation/test_correlate.py", "inner loops and threads of correlation"),
    ("arrays/correlation", "fft",
     "engine/arrays/correlation/test_spectral.py", "transforms are seen by what they correlate"),
    ("network", "links plan program taps",
     "engine/network/test_forward.py", "a network is what all of them make"),
    ("network/batch", "fused",
     "engine/network/test_forward.py", "one list of all layers"),
    ("network/batch", "methods",
     "network/test_explanation.py", "what is chosen and what declines is what explain says"),
    ("network/channels", "folding program",
     "engine/network/channels/test_predictor.py", "a prediction passes all of them"),
    ("network/channels/convolution", "methods",
     "engine/network/channels/test_predictor.py", "a prediction passes all of them"),
    ("network/input", "batch_loader",
     "engine/network/training/test_trainer.py", "batches are seen by what is trained"),
    ("network/training", "workspace",
     "engine/network/training/test_trainer.py", "memory is kept between trainings"),
    ("network/winograd", "few_tiles gradient winograd",
     "engine/network/winograd/test_convolution.py", "transforms are seen by what they convolve"),
    ("wasm", "threads",
     "engine/wasm/test_interface.py", "one thread has nothing to show"),
]  # fmt: skip
# Tests that are of no single module, and what they are of.
INTEGRATION = {
    "check/test_architectures.py": "published networks, read and checked as a whole",
    "cli/shared/test_streams.py": "what shells close, fill and pipe",
    "cli/test_filter_alpha.py": "transparency, which every way of filtering meets",
    "cli/training/test_interruptions.py": "trainings that are stopped, and gone on with",
    "training/test_peers.py": "trainings and draws beside others' functions",
    "convolution/test_accuracy.py": "the rounding of every method",
    "convolution/test_bad_input.py": "one table of errors",
    "convolution/test_dtypes.py": "one table of dtypes, for every method",
    "convolution/test_exact.py": "integers, by every method",
    "convolution/test_kernels_and_planes.py": "what filtering stands on",
    "convolution/test_properties.py": "algebra that holds for every method",
    "datasets/test_damaged_files.py": "files of every kind, damaged in every way",
    "experiments/test_experiments.py": "every experiment, run and drawn in one way",
    "interchange/onnx/operators/test_specification.py": "every operator, as ONNX defines it",
    "interchange/test_weights.py": "where weights are, in files and modules",
    "engine/network/input/test_noise.py": "the numbers that augmentation draws",
    "engine/network/test_gradients.py": "every operation's gradient, checked in one way",
    "engine/network/test_torch.py": "every operation, compared with PyTorch",
    "engine/test_operation_heads.py": "the first lines of every operation",
    "habits/test_typed.py": "every answer of the tables, as code that runs",
    "graph/test_receptive_fields_measured.py": "receptive fields as gradients of PyTorch show them",
    "interchange/onnx/test_exports.py": "files that PyTorch exports",
    "interchange/onnx/test_hostile_files.py": "files made to break the reader",
    "interchange/torch/test_architectures.py": "published networks, traced",
    "kernels/test_volumes.py": "named kernels of more than two axes",
    "plots/networks/test_every_network.py": "every picture of every kind of network",
    "plots/test_texts.py": "tests/plots/texts.py, which finds texts that cannot be read",
    "filtering/test_alpha.py": "transparency of images in memory",
    "filtering/test_large_gaussians.py": "kernels axis by axis, some rows of an image at a time",
    "filtering/test_picture_modes.py": "pictures of floats, inks, palettes and bits",
    "filtering/test_pillow_images.py": "images of Pillow",
    "filtering/test_quick.py": "the short path of small images",
    "filtering/test_writing.py": "picture files that are written",
    "faults/test_disks.py": "every command that writes, on disks that are full or gone",
    "faults/test_kills.py": "trainings that are killed, and gone on with",
    "fuzz/test_findings.py": "what the fuzzer has found",
    "properties/test_images.py": "what is true of every image and picture file",
    "properties/test_missing.py": "what is true wherever elements are missing",
    "properties/test_sums.py": "what is true of every convolution, by its definition",
    "properties/test_tables.py": "what is true of every table",
    "properties/test_waves.py": "what is true of every sound file",
    "tour/test_inputs.py": "how the pages read the shape of an input",
    "tour/test_pages.py": "the pages, in a browser",
    "tour/test_refusals.py": "the pages, in a browser, with what they cannot take",
    "tour/test_site.py": "the pages' files",
    "test_docs.py": "the site: docs/ and its hooks",
    "test_examples.py": "examples/",
    "test_gradient_check.py": "tests/gradient_check.py, which must find a planted error",
    "test_house.py": "the map in CONTRIBUTING.md, and the linter's contract",
    "test_mirror.py": "this file",
    "test_package.py": "public names, docstrings' examples, the time of the import",
    "test_readme.py": "README.md",
    "test_words.py": "words in the package, the engine and the docs",
    "test_shape_lists.py": "tests/shapes/, the lists of shapes",
}


def modules(root: Path, pattern: str) -> list[str]:
    paths = (path.relative_to(root).with_suffix("") for path in root.rglob(pattern))
    return sorted(path.as_posix() for path in paths if not path.name.startswith("__"))


def own_test(module: str) -> str:
    folder, _, name = module.rpartition("/")
    return f"{folder}/test_{name}.py".lstrip("/")


def elsewhere(table: list[tuple[str, str, str, str]]) -> dict[str, str]:
    """Return the tests of the table's modules."""
    return {
        f"{folder}/{name}".lstrip("/"): test
        for folder, names, test, _ in table
        for name in names.split()
    }


@pytest.mark.parametrize("module", modules(PACKAGE, "*.py"))
def test_a_module_has_a_test(module):
    check(module, own_test(module), elsewhere(ELSEWHERE))


@pytest.mark.parametrize("module", modules(ENGINE, "*.cpp"))
def test_a_file_of_the_engine_has_a_test(module):
    head = (ENGINE / f"{module}.cpp").read_text(encoding="utf-8").split("\n")[:3]
    named = re.search(r"// Test: tests/(engine/[\w/]+\.py)", "\n".join(head))
    own = named[1] if named else f"engine/{own_test(module)}"
    check(module, own, elsewhere(ENGINE_ELSEWHERE))


def check(module: str, own: str, others: dict[str, str]) -> None:
    if (TESTS / own).exists():
        assert module not in others, f"{module} has a test: no exception any more"
    else:
        assert module in others, f"write tests/{own}, or say why the test is elsewhere"
        assert (TESTS / others[module]).exists(), others[module]


def test_a_test_has_a_module():
    expected = {own_test(module) for module in modules(PACKAGE, "*.py")}
    expected |= {f"engine/{own_test(module)}" for module in modules(ENGINE, "*.[ch]*")}
    expected |= {*elsewhere(ELSEWHERE).values(), *elsewhere(ENGINE_ELSEWHERE).values()}
    tests = {path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")}
    unexpected = sorted(tests - expected - INTEGRATION.keys())
    assert not unexpected, "say in INTEGRATION what they are tests of"
    assert tests >= INTEGRATION.keys()


def test_exceptions_are_modules():
    assert elsewhere(ELSEWHERE).keys() <= set(modules(PACKAGE, "*.py"))
    assert elsewhere(ENGINE_ELSEWHERE).keys() <= set(modules(ENGINE, "*.cpp"))
