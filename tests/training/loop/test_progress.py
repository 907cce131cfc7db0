"""What is shown, and where: a bar at a terminal and in notebooks, lines elsewhere, or nothing."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from fencepost.training import fit
from fencepost.training.loop import progress
from training.small import bars, dense_net

IMAGES, LABELS = bars(160)
VALIDATION = bars(60, seed=9)
CODE = """
import numpy as np
import fencepost as fp
net = fp.Network((4,), [fp.Linear(2)])
history = net.fit(np.eye(4).repeat(9, 0), np.repeat([0, 1], 18), epochs=2{options})
"""


def test_the_bar_is_on_standard_error(capsys):
    fit(dense_net(), IMAGES, LABELS, epochs=2, validation=VALIDATION, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "epoch 1/2" in err and "epoch 2/2" in err and "images/s" in err and "validation" in err


def test_without_a_terminal_there_is_a_line_for_each_epoch(capsys):
    fit(dense_net(), IMAGES, LABELS, epochs=3, validation=VALIDATION)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and len(lines) == 3
    assert lines[0].startswith("epoch 1/3  loss ") and "  validation " in lines[0]
    assert lines[0].endswith("  best")
    fit(dense_net(), IMAGES, LABELS, time_limit=0.05)
    assert capsys.readouterr().err.startswith("epoch 1  loss ")


@pytest.mark.parametrize("nothing", [False, 0])
def test_nothing_is_shown_where_nothing_is_wanted(capsys, nothing):
    fit(dense_net(), IMAGES, LABELS, epochs=2, progress=nothing)
    assert capsys.readouterr() == ("", "")


def test_a_script_writes_lines_and_keeps_standard_output_for_itself():
    code = CODE.format(options="") + "print('mine')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "mine\n"
    assert [line[:10] for line in done.stderr.splitlines()] == ["epoch 1/2 ", "epoch 2/2 "]


def test_a_program_without_standard_error_trains(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert len(fit(dense_net(), IMAGES, LABELS, epochs=1)) == 1


def test_at_a_terminal_there_is_a_bar(monkeypatch):
    monkeypatch.setattr(sys, "stderr", type("Terminal", (), {"isatty": lambda self: True})())
    assert isinstance(progress.choose(None, 2), progress.Bar)
    assert type(progress.choose(False, 2)) is progress.Progress


def test_no_thread_takes_the_lines_of_a_page_into_the_bar(capsys):
    bar = progress.Bar(2, page=True)
    before = threading.active_count()
    bar.start(0.0)
    bar.advance(0.5, 0, 0.25, None, 100.0)
    assert threading.active_count() == before
    bar.close()


@pytest.mark.parametrize("widgets", [True, False])
def test_a_notebook_shows_a_bar_or_lines(widgets):
    nbformat = pytest.importorskip("nbformat", reason="Jupyter is not installed")
    nbclient = pytest.importorskip("nbclient", reason="Jupyter is not installed")
    pytest.importorskip("ipykernel", reason="Jupyter is not installed")
    if widgets:
        pytest.importorskip("ipywidgets", reason="ipywidgets are not installed")
    hide = "" if widgets else "import sys; sys.modules['ipywidgets'] = None\n"
    cells = [
        hide + CODE.format(options=""),
        "net.fit(np.eye(4), [0, 1, 0, 1], epochs=1, progress=False);",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(book, kernel_name="python3", startup_timeout=240).execute()
    first, second = book.cells
    assert not second.outputs
    texts = [output.text for output in first.outputs if output.output_type == "stream"]
    assert [line[:10] for line in "".join(texts).splitlines()] == ["epoch 1/2 ", "epoch 2/2 "]
    assert all(output.get("name") != "stderr" for output in first.outputs)
    shown = [key for output in first.outputs for key in output.get("data", {})]
    assert ("application/vnd.jupyter.widget-view+json" in shown) == widgets
