"""What all commands share: help, version, speed of start; and what bad input leads to.

Bad input: status 2, one paragraph that names the culprit, no traceback, no partial file.
"""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from cli.refusal import refused
from fencepost.cli.app import COMMANDS

TRAIN = ["train", "--epochs", "1"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian"], ["trian"]),
        (["train", "--bogus"], ["--bogus", "fencepost train --help"]),
        (["train", "--epochs", "-3"], ["--epochs"]),
        (["train", "--epochs", "many"], ["--epochs"]),
        (["train", "--batch-size", "0"], ["--batch-size"]),
        (["train", "--threads", "0"], ["--threads"]),
        (["train", "--seed", "-1"], ["--seed"]),
        (["train", "--lr", "nan"], ["lr", "nan"]),
        (["train", "--lr", "0"], ["lr", "0"]),
        (["train", "--lr", "inf"], ["lr", "inf"]),
        (["train", "--model", "lenet"], ["lenet5", "Did you mean"]),
        (["train", "--optimizer", "adamm"], ["adamm", "adam"]),
        (["train", "--schedule", "cosinus"], ["cosinus", "cosine"]),
        (["train", "--augment", "shfit=2"], ["shfit", "shift"]),
        (["train", "--validation", "1.5"], ["--validation", "1.5"]),
        (["train", "--validation", "nan"], ["--validation"]),
        (["train", "--size", "32*32"], ["--size", "32x32"]),
        (["train", "--size", "0x4"], ["--size"]),
        (["train", "--resume"], ["--checkpoint"]),
        (["train", "--data", "nowhere"], ["nowhere"]),
        (["train", "--out", "nowhere/a.st"], ["--out", "nowhere", "mkdir"]),
        (["train", "--plot", "nowhere/a.png"], ["--plot", "nowhere"]),
        (["train", "--checkpoint", "nowhere/c"], ["--checkpoint", "nowhere"]),
        (["train", "--out", "/dev/full"], ["--out", "/dev/full", "device"]),
        (["train", "--out", "a.png"], ["--plot", "--out", "a.png"]),
        (["train", "--out", "a", "--checkpoint", "./a"], ["--checkpoint", "--out"]),
        (["train", "--out", "."], ["--out", "folder"]),
        (["evaluate"], ["MODEL"]),
        (["evaluate", "gone.st"], ["gone.st"]),
        (["predict", "gone.st", "a.png"], ["gone.st"]),
    ],
)
def test_arguments(fencepost, tmp_path, arguments, words):
    refused(fencepost(*arguments), *words)
    assert not list(tmp_path.iterdir())


def test_empty_folder(fencepost, tmp_path):
    (tmp_path / "data").mkdir()
    refused(fencepost(*TRAIN, "--data", "data"), "data")


def test_one_class(fencepost, tmp_path):
    (tmp_path / "data" / "cat").mkdir(parents=True)
    Image.new("L", (9, 9)).save(tmp_path / "data" / "cat" / "a.png")
    refused(fencepost(*TRAIN, "--data", "data"), "data", "class")


def test_class_without_images(fencepost, tmp_path, write_folder):
    root = write_folder(tmp_path / "data", 3)
    (root / "star").mkdir()
    done = fencepost(*TRAIN, "--data", root)
    assert "Left out: 1 class without images, star." in done.err


def test_truncated_image(fencepost, tmp_path, write_folder):
    root = write_folder(tmp_path / "data", 3)
    image = root / "cross" / "001.png"
    image.write_bytes(image.read_bytes()[:80])
    refused(fencepost(*TRAIN, "--data", root), "001.png")


def test_numbers_to_be_predicted(fencepost, tmp_path):
    images = np.zeros((4, 8, 8), np.uint8)
    np.savez(tmp_path / "a.npz", x=images, y=np.array([0.5, 1, 2, 3]))
    refused(fencepost(*TRAIN, "--data", "a.npz"), "a.npz", "classes")


def test_images_too_small_for_the_layers(fencepost, tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros((8, 5, 5), np.uint8), labels=np.arange(8) % 2)
    layers = "Conv2d(4, 7), ReLU, Flatten, Linear(2)"
    done = fencepost(*TRAIN, "--data", "a.npz", "--model", layers, "--json")
    refused(done, "7 × 7", "5 × 5")


def test_model_for_other_images(fencepost, folder):
    done = fencepost(*TRAIN, "--data", folder, "--model", "lenet5_1998", "--json")
    refused(done, "lenet5_1998", "3 classes", "small_cnn")


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x10\0\0\0\0\0\0\0{}", None])
def test_file_that_is_no_model(fencepost, model, tmp_path, content):
    whole = model.read_bytes()
    (tmp_path / "a.st").write_bytes(whole[: len(whole) // 2] if content is None else content)
    refused(fencepost("evaluate", "a.st"), "a.st")
    refused(fencepost("predict", "a.st", "b.png"), "a.st")


@pytest.mark.skipif(os.name != "posix", reason="write permission works differently")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write all")
def test_folder_that_must_not_be_written(fencepost, folder, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    done = fencepost(*TRAIN, "--data", folder, "--out", locked / "a.st")
    refused(done, "--out", str(locked))


def run_with_small_files(
    arguments: list[str], folder, limit: int, environment
) -> subprocess.CompletedProcess:
    """As on a disk that fills up: no file may grow over so many bytes."""
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "from fencepost.cli.app import run\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    return subprocess.run(
        check=False,
        args=[sys.executable, "-c", code, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=environment,
    )


@pytest.mark.skipif(os.name != "posix", reason="limits are set as POSIX does")
@pytest.mark.parametrize("kept", [True, False])
def test_full_disk(folder, model, tmp_path, environment, kept):
    """The model that was there stays; nothing half-written is left beside it."""
    old = model.read_bytes()
    if kept:
        (tmp_path / "a.st").write_bytes(old)
    arguments = [*TRAIN, "--data", str(folder), "--out", "a.st", "--plot", "none"]
    done = run_with_small_files(arguments, tmp_path, 4096, environment)
    assert done.returncode == 2, done.stderr
    assert "a.st" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == ({"a.st"} if kept else set())
    if kept:
        assert (tmp_path / "a.st").read_bytes() == old


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_output_to_a_full_disk(model, environment):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            check=False,
            args=[sys.executable, "-m", "fencepost", "evaluate", str(model), "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
    assert done.returncode == 2
    assert "standard output: No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_reader_that_has_had_enough(model, environment):
    process = subprocess.Popen(
        [sys.executable, "-m", "fencepost", "evaluate", str(model)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    assert process.wait() == 141
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


def test_stopped_by_ctrl_c(fencepost, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("fencepost.datasets.bundled.write_samples", stop)
    done = fencepost("samples")
    assert (done.status, done.out, done.err) == (130, "", "\nStopped.\n")


def test_stopped_before_the_commands_are_there(environment):
    code = (
        "import sys\n"
        "class Stop:\n"
        "    def find_spec(name, *_):\n"
        "        if name == 'fencepost.cli.app':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stop)\n"
        "from fencepost.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        check=False, args=[sys.executable, "-c", code], capture_output=True, env=environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_others_are_silent_about_a_home_that_cannot_be_written(environment, tmp_path):
    for name in ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    done = subprocess.run(
        check=False,
        args=[sys.executable, "-m", "fencepost", "kernels", "sobel", "--plot", "k.png"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment | {"HOME": os.devnull},
    )
    assert done.stderr == "Saved k.png.\n"


def test_debug_shows_the_traceback(fencepost, monkeypatch):
    with pytest.raises(fp.ModelFileError):
        fencepost("evaluate", "gone.st", "--debug")
    monkeypatch.setenv("FENCEPOST_DEBUG", "1")
    with pytest.raises(fp.ModelFileError):
        fencepost("--debug", "evaluate", "gone.st")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_an_example(fencepost, command):
    shown = fencepost(command, "--help")
    assert shown.status == 0
    assert "Example" in shown.out
    assert f"fencepost {command} " in shown.out.split("Example", 1)[1]
    assert "--json" in shown.out or command == "tour"  # which serves, and gives no result


def test_help_lists_the_commands(fencepost):
    shown = fencepost("--help")
    assert shown.status == 0
    for name in COMMANDS:
        assert f" {name} " in shown.out


def test_no_command_shows_the_help(fencepost):
    shown = fencepost()
    assert shown.status == 2
    assert "Usage: fencepost" in shown.out
    assert shown.err == ""


def test_version(fencepost):
    assert fencepost("--version").out == f"fencepost {fp.__version__}\n"


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from fencepost.cli.app import run\n"
        "assert run(['train', '--help']) == 0\n"
        "heavy = {'numpy', 'matplotlib', 'PIL', 'safetensors', 'fencepost._engine'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        check=False, args=[sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def imported_by(*arguments):
    """Return the modules that a process of a command line has imported at its end."""
    code = (
        "import sys\n"
        "from fencepost.cli.app import run\n"
        "status = run(sys.argv[1:])\n"
        "print(*sys.modules, file=sys.stderr)\n"
        "sys.exit(status)\n"
    )
    done = subprocess.run(
        check=False, args=[sys.executable, "-c", code, *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_of_the_commands_only_the_asked_one_is_imported(tmp_path):
    commands = {f"fencepost.cli.{where.rpartition('.')[0]}" for where in COMMANDS.values()}
    assert commands <= imported_by("--help")
    assert not commands & imported_by("--version")
    assert commands & imported_by("train", "--help") == {"fencepost.cli.train"}


def test_what_takes_long_is_not_imported_to_filter_a_picture(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    files = [str(tmp_path / name) for name in ("a.png", "b.png")]
    modules = imported_by("filter", files[0], "-k", "sharpen", "-o", files[1])
    assert (tmp_path / "b.png").exists() and "fencepost.filtering" in modules
    # Typer's way to read options, masked arrays, and the formats that Pillow reads seldom.
    assert not modules & {"pydantic", "numpy.ma", "PIL.TgaImagePlugin", "concurrent.futures"}


def test_runs_as_a_module():
    done = subprocess.run(
        check=False,
        args=[sys.executable, "-m", "fencepost", "--version"],
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"fencepost {fp.__version__}\n"
