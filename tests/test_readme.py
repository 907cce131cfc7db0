"""Every line of the README does what the README says, in the order in which it stands there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from PIL import Image

import fencepost as fp

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
sys.path.insert(0, str(ROOT / "docs" / "hooks"))
try:
    import blocks as pages
finally:
    sys.path.remove(str(ROOT / "docs" / "hooks"))


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_first_commands_are_those_of_the_makefile():
    commands = [line.partition("#")[0].split() for line in blocks("sh")[0].splitlines()]
    assert commands == [["make", "demo"], ["make", "test"]]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"\n{target}: " in makefile for _, target in commands)


@pytest.fixture
def one_thread():
    """Beside other tests, two threads would wait for each other more than they compute."""
    before = fp.get_num_threads()
    fp.set_num_threads(1)
    yield
    fp.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_the_five_commands_do_what_is_said_of_them(tmp_path):
    with_outputs = "".join(blocks("console")).replace(
        "\n", "\n...\n"
    )  # whatever comes out is shown
    shown = pages.run(f"```console\n{with_outputs}```", tmp_path)
    outputs = re.split(r"^\$ fencepost (\w+).*\n", shown, flags=re.MULTILINE)[1:]
    assert outputs[::2] == ["samples", "train", "evaluate", "predict", "explain", "predict"]
    said = dict(zip(outputs[:10:2], outputs[1:10:2], strict=True))
    for command in ("train", "evaluate"):
        accuracies = re.findall(r"accuracy:? ([\d.]+) %", said[command], re.IGNORECASE)
        assert float(accuracies[-1]) > 80, said[command]
    # One more of each tree, and what is no leaf.
    assert sum(name in said["predict"] for name in ("birch", "ginkgo", "maple", "oak")) == 4
    table = (tmp_path / "results.csv").read_text(encoding="utf-8").splitlines()
    assert len(table) == 7 and table[0].startswith("file,class,confidence,")
    assert len(list((tmp_path / "sorted").glob("*/*.jpg"))) == 6
    with Image.open(tmp_path / "leaf.png") as drawn, Image.open(ROOT / "docs/leaf.png") as kept:
        assert abs(drawn.height / drawn.width - kept.height / kept.width) < 0.05
    assert (ROOT / "docs" / "leaf.png").stat().st_size < 120_000


def test_the_example_runs_and_shows_its_accuracy(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    some = {part: fp.datasets.mnist(part).subset(range(1280)) for part in ("train", "test")}
    monkeypatch.setattr(fp.datasets, "mnist", some.get)
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    (shown,) = blocks("text")
    pattern = r"^Test accuracy: \d\d\.\d\d% on ([\d,]+) digits$"
    assert re.match(pattern, shown)[1] == "10,000"
    assert re.search(pattern, capsys.readouterr().out, flags=re.MULTILINE)[1] == "1,280"
    assert fp.load("digits.safetensors").evaluate(*some["test"]).accuracy > 0.5


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)", README))))
def test_links_lead_somewhere(target):
    path, _, anchor = next(filter(None, target)).partition("#")
    if path.startswith("https://"):
        return
    assert (ROOT / path).exists()
    if anchor:
        heads = re.findall(r"^#+ (.*)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in [re.sub(r"[^\w]+", "-", head.lower()) for head in heads]
