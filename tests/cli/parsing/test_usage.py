"""What is said of a command line that cannot be read."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cli.refusal import refused


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("trian", 'There is no command trian. Did you mean "train"? See `fencepost --help`.'),
        ("xyz", "There is no command xyz. See `fencepost --help`."),
        ("train --epoch 3", 'There is no option --epoch. Did you mean "--epochs"'),
        ("train --plto a.png", 'There is no option --plto. Did you mean "--plot"'),
        ("check --explian FP201", 'Did you mean "--explain"'),
        ("train --n-epochs 3", 'There is no option --n-epochs. Did you mean "--epochs"?'),
        ("train --learning-rate 1", 'Did you mean "--lr"?'),
        ("train --random-state 0", 'Did you mean "--seed"?'),
        ("train --gpu", "There is no option --gpu. See"),
        (
            "size --input 3x8x8 ReLU",
            "no option --input. Write it without one, in the order INPUT LA",
        ),
        ("size --input_shape 3x8x8", "Write it without one, in the order INPUT LAYERS. See"),
        ("predict --images a.png", "Write it without one, in the order MODEL IMAGES. See"),
        ("evaluate --modle a", "There is no option --modle. See"),
        ("train -data x", 'There is no option -data. Did you mean "--data"?'),
        ("train help", "Did you mean --help?"),
        ("--epochs 5", "There is no option --epochs before a command. It belongs behind a command"),
        ("-v", "Did you mean --version?"),
        ("version", "Did you mean --version?"),
        ("photo.jpg", "Did you mean fencepost predict MODEL photo.jpg, or fencepost filter"),
        ("a.safetensors", "Did you mean fencepost predict a.safetensors IMAGES?"),
        ("model.onnx", "Did you mean fencepost check model.onnx?"),
        ("data.csv", "Did you mean fencepost train --data data.csv?"),
        ("learn_kernel", 'Did you mean "learn-kernel"?'),
        ("help tarin", 'There is no command tarin. Did you mean "train"?'),
        ("train --epochs x", "--epochs must be an integer, at least 0. Received: --epochs x."),
        ("train --epochs=-3", "--epochs must be an integer, at least 0. Received: --epochs=-3."),
        ("train --lr fast", "--lr must be a number. Received: --lr fast."),
        ("train --threads 0", "an integer, at least 1, at most 1024. Received: --threads 0."),
        (
            "train photos/",
            "train takes no such argument. Received: photos/. Did you mean --data photos/?",
        ),
        ("evaluate a.st b", "Received: b. Did you mean --data b?"),
        ("samples here there", "Received: here there. Did you mean --out here?"),
        ("predict", "MODEL must be given: Model file."),
        ("filter a.png -k sobel", "--out must be given: "),
    ],
)
def test_the_nearest_and_the_rule_are_said(fencepost, line, said):
    done = fencepost(*line.split())
    assert (done.status, done.out) == (2, "")
    assert said in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("", "an argument must not be empty. Received: ''. A variable of the shell"),
        ("https://a.org/b.png", "Received: https://a.org/b.png. Download it first, and use its"),
    ],
)
def test_words_that_a_path_would_change(fencepost, tmp_path, word, said):
    """An empty one would be the current folder, with whatever lies there."""
    for arguments in (("predict", "m.st", word), ("predict", word, "a.png"), ("check", word)):
        done = fencepost(*arguments)
        assert done.status == 2
        assert said in done.err


def test_a_folder_is_no_command(fencepost, tmp_path):
    done = fencepost(tmp_path)
    assert f"Did you mean fencepost train --data {tmp_path}?" in " ".join(done.err.split())
    assert "There is no command ''." in fencepost("").err


@pytest.mark.parametrize("line", ["help train", "train --help", "help"])
def test_help_is_asked_for_in_words(fencepost, line):
    done = fencepost(*line.split())
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("Usage: fencepost train" if "train" in line else "Usage: fencepost ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands_and_options(environment, shell):
    def completed(line):
        words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
        typed = {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
        asked = {"_FENCEPOST_COMPLETE": f"complete_{shell}"}
        return subprocess.run(
            [sys.executable, "-m", "fencepost"],
            env=environment | words | typed | asked,
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    assert "train" in completed("fencepost tra")
    assert "--batch-size" in completed("fencepost train --ba")


@pytest.mark.skipif(os.name != "posix", reason="the shells are those of Unix")
def test_completion_is_installed(environment, tmp_path):
    done = subprocess.run(
        ["/bin/bash", "-c", f"{sys.executable} -m fencepost --install-completion; true"],
        env=environment | {"HOME": str(tmp_path), "SHELL": "/bin/bash"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "completion installed" in done.stdout, done.stderr
    assert list(tmp_path.rglob("fencepost.sh"))


def test_completion_of_an_unknown_shell(fencepost, monkeypatch):
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("tcsh", "/bin/tcsh"))
    for option in ("--install-completion", "--show-completion"):
        refused(fencepost(option), "bash, zsh, fish or PowerShell")
