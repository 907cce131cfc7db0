"""What the README shows is what happens."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import pytest

import fencepost as fp

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_example_runs_and_leaves_a_model(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    some = fp.datasets.mnist("train").subset(range(1280))
    monkeypatch.setattr(fp.datasets, "mnist", lambda part: some)
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    assert "61,706" in capsys.readouterr().out
    net = fp.load("digits.safetensors")
    images, labels = some
    assert net.evaluate(images, labels).accuracy > 0.5


def test_the_size_error_is_shown_as_it_is():
    (session,) = blocks("pycon")
    typed, expected = session.split("\n", 1)
    with pytest.raises(fp.SizeError) as caught:
        eval(typed.removeprefix(">>> "), {"fp": fp})
    shown = "".join(traceback.format_exception_only(caught.type, caught.value))
    assert shown == expected
