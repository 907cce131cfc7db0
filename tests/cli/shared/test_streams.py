"""Streams that are closed, full, or know few characters; the name of standard input."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from PIL import Image

from cli.refusal import refused

pytestmark = pytest.mark.skipif(os.name != "posix", reason="shells of Unix")
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def shell(environment, line, folder, **more):
    """Run a line in a shell, with `fencepost` in it as the command."""
    line = line.replace("fencepost", f"{sys.executable} -m fencepost")
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, env=environment | more, capture_output=True, check=False
    )


def test_a_terminal_of_ascii_gets_every_line(environment, tmp_path):
    done = shell(environment, 'fencepost size 1x8x8 "Conv2d(6, 5)"', tmp_path, **ASCII)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"6 ? 4 ? 4" in done.stdout
    done = shell(environment, 'fencepost size 1x8x8 "Conv2d(6, 5)" --json', tmp_path, **ASCII)
    assert json.loads(done.stdout)["layers"]


def test_names_of_files_that_are_no_utf8_are_written_as_they_are(environment, tmp_path):
    name = b"caf\xe9.png"
    try:
        Image.new("L", (8, 8)).save(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    done = shell(environment, "fencepost filter *.png -k mean -o out.png", tmp_path)
    assert done.returncode == 0
    done = shell(environment, "fencepost filter *.png -k mean -o filtered", tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "filtered" / os.fsdecode(name)).exists()
    done = shell(environment, "fencepost predict x.safetensors *.png", tmp_path)
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("fencepost --version >&-", 0),
        ("fencepost kernels sobel >&-", 0),
        ("fencepost kernels sobel >&- 2>&-", 0),
        ("fencepost kernels nonsense 2>&-", 2),
        ("fencepost kernels nonsense 2>/dev/full", 2),
        ("fencepost kernels sobel >/dev/full", 2),
    ],
)
def test_closed_and_full_streams_leave_no_traceback(environment, tmp_path, line, status):
    done = shell(environment, line, tmp_path)
    assert done.returncode == status
    assert b"Traceback" not in done.stderr + done.stdout


def test_a_file_does_not_take_the_place_of_a_closed_stream(environment, tmp_path):
    Image.new("L", (8, 8), 7).save(tmp_path / "a.png")
    done = shell(environment, "fencepost filter a.png -k mean -o b.png >&- 2>&-", tmp_path)
    assert done.returncode == 0
    assert Image.open(tmp_path / "b.png").getpixel((4, 4)) == 7


def test_standard_input_is_refused_by_name(fencepost, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for line in (
        "filter - -k mean -o x.png", "filter a.png -k mean -o -", "train --data -",
        "filter a.png -k mean --out=-", "filter a.png -k mean -o-", "predict a.st b.png -",
        "check -", "convolve - --kernel mean --delimiter - -o x.csv", "train --model -",
    ):  # fmt: skip
        refused(fencepost(*line.split()), "files are read and written by their names")
    assert not os.path.exists("-")


def test_a_dash_by_itself_is_a_value_of_an_option_that_takes_no_file(fencepost, tmp_path):
    (tmp_path / "a.csv").write_text("1-2\n3-4\n5-6\n")
    line = "convolve a.csv --kernel mean -o x.csv --delimiter -"
    refused(fencepost(*line.split()), "delimiter must be one character that does not occur in nu")
    rows = [f"{'ab'[k % 2]},{k * k % 37},{k % 5},{k % 3},{k % 7},{k % 11},3,8,9" for k in range(60)]
    (tmp_path / "b.csv").write_text("\n".join(["-,p,q,r,s,t,u,v,w", *rows]))
    trained = "train --data b.csv --label - --epochs 1 --plot none --out m.st"
    done = fencepost(*trained.split())
    assert done.status == 0, done.err
    done = fencepost("evaluate", "m.st", "--label=-", "--json")
    assert done.json["classes"] == ["a", "b"]


def test_a_folder_that_was_deleted_is_said(environment, tmp_path):
    (tmp_path / "gone").mkdir()
    Image.new("L", (8, 8), 7).save(tmp_path / "a.png")
    image = tmp_path / "a.png"
    done = shell(
        environment, f"rmdir ../gone; fencepost filter {image} -k mean -o b.png", tmp_path / "gone"
    )
    assert done.returncode == 2
    assert b"The current folder has been deleted" in done.stderr
