"""Trainings that are killed (kill -9) at random moments: ``python -m faults.kills 200``.

Run it with ``PYTHONPATH=src:tests``. Commands that write everything `fencepost train` can write are
forked, killed, and started again with ``--resume``, until as many kills as are asked for have been
dealt. A kill falls after a random time, or at one of the moments (or up to 3 ms after it) at which
a file is opened to be written, renamed, removed or made. After each, every file under its own name
must be whole; at the end model and checkpoint are those of an undisturbed run, bit for bit, and
nothing else is left.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

import fencepost as fp
from faults.commands import is_written, make_data, start
from fencepost.training.checkpoints import Checkpoint

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "tempfile.mkstemp")
KILLS_OF_EACH = 4  # of one training, before it is left alone

SAVED = "--threads 1 --resume --out a.st --checkpoint c.ckpt"
ALL = f"{SAVED} --plot a.png --report r.html --show-augmentation s.png"
COMMANDS = {
    "folder": f"train --data photos --cache cache --epochs 6 --augment shift=1 {ALL}",
    "validation": "train --data photos --cache none --epochs 6 --validation 0.2 --ema 0.9 "
    f"--patience 3 --balance oversample --clip-norm 1 {ALL}",
    "from": f"train --data photos --cache cache --from model.st --epochs 6 {ALL}",
    "seeds": f"train --data photos --cache cache --epochs 3 --seeds 2 {ALL}",
    "npz": f"train --data arrays.npz --epochs 6 --model small_cnn {ALL}",
    "signals": f"train --data signals.csv --epochs 6 --plot a.svg {SAVED}",
    "backbone": "train --data photos --cache cache --backbone b.onnx --epochs 6 --plot a.png "
    f"--report r.html {SAVED}",
}
READ = (
    "photos", "cache", "home", "arrays.npz", "large.npy", "signals.csv", "tone.wav", "load.csv",
    "b.onnx",
)  # fmt: skip


def armed(kill_at: int, delay: float) -> None:
    """Have this process kill itself, so many seconds after so many files were touched."""
    moments = [0]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event not in CHANGES and is_written(event, arguments) is None:
            return
        moments[0] += 1
        if moments[0] != kill_at:
            return
        if delay:
            threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL)).start()
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def check_files(folder: Path, done: bool) -> None:
    """Assert that every file is whole or bears the name of an unfinished one."""
    for path in folder.iterdir():
        if path.name.startswith(".") and path.name.endswith(".partial"):
            assert not done, f"{path.name} is left"
        elif path.suffix == ".st":
            fp.load(path)
        elif path.suffix == ".ckpt":
            Checkpoint.load(path)
        elif path.suffix == ".png":
            with Image.open(path) as image:
                image.load()
        elif path.suffix in (".html", ".svg"):
            assert path.read_text().rstrip().endswith(("</html>", "</svg>")), path.name
        else:
            assert path.name in READ, f"{path.name} is nobody's"
    for features in (folder / "home").rglob("*.npy"):
        if not features.name.startswith("."):
            np.load(features)


def same(one: Path, other: Path) -> None:
    """Assert that two trainings came to the same weights and the same histories."""
    first, second = fp.load(one / "a.st"), fp.load(other / "a.st")
    assert first.parameter_vector.tobytes() == second.parameter_vector.tobytes()
    assert first.state_vector.tobytes() == second.state_vector.tobytes()
    names = {path.name for path in one.glob("*.ckpt")}
    assert names == {path.name for path in other.glob("*.ckpt")} and names
    for name in names:
        ends = [Checkpoint.load(folder / name) for folder in (one, other)]
        for key, array in ends[0].arrays.items():
            assert array.tobytes() == ends[1].arrays[key].tobytes(), key
        losses = [[(e.loss, e.accuracy, e.validation_loss) for e in end.history] for end in ends]
        assert losses[0] == losses[1]


def deal(kills: int, seed: int, names: tuple[str, ...], said: bool = False) -> Counter[str]:
    """Deal so many kills, in turn to each of the commands; return how many of which kind fell."""
    draw = random.Random(seed)
    dealt: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as root:
        data, killed = Path(root, "data"), Path(root, "killed")
        data.mkdir()
        make_data(data)
        undisturbed = {}
        for name in names:
            shutil.copytree(data, whole := Path(root, f"whole-{name}"))
            begin = time.monotonic()
            status, words = start(COMMANDS[name], whole).end()
            assert status == 0, words
            check_files(whole, done=True)
            undisturbed[name] = whole, time.monotonic() - begin
        while dealt.total() < kills:
            for name, (whole, seconds) in undisturbed.items():
                shutil.copytree(data, killed)
                most = min(KILLS_OF_EACH, kills - dealt.total())
                dealt += killed_and_resumed(COMMANDS[name], killed, seconds, draw, most)
                same(whole, killed)
                shutil.rmtree(killed)
                if said:
                    print(f"{dealt.total()} kills", file=sys.stderr, flush=True)
    return dealt


def killed_and_resumed(
    command: str, folder: Path, seconds: float, draw: random.Random, most: int
) -> Counter[str]:
    """Kill one training, which takes so many seconds, several times, and let it end."""
    dealt: Counter[str] = Counter()
    for _ in range(most):
        if draw.random() < 0.5:
            training = start(command, folder)
            time.sleep(draw.uniform(0, seconds))
            training.kill()
            kind = "at a random time"
        else:
            at, delay = draw.randrange(1, 30), draw.choice([0.0, draw.uniform(0, 0.003)])
            training = start(command, folder, lambda at=at, delay=delay: armed(at, delay))
            kind = "while files were written"
        status, words = training.end()
        assert status in (0, -signal.SIGKILL), words
        dealt[kind] += status == -signal.SIGKILL
        check_files(folder, done=False)
    status, words = start(command, folder).end()
    assert status == 0, words
    check_files(folder, done=True)
    return dealt


def main() -> None:
    """Deal as many kills as are asked for, and say how it went."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    begin = time.monotonic()
    dealt = deal(kills, int(sys.argv[2]) if len(sys.argv) > 2 else 0, tuple(COMMANDS), said=True)
    print(
        f"{dealt.total()} kills ({', '.join(f'{n} {kind}' for kind, n in dealt.items())}) of "
        f"{len(COMMANDS)} commands in {time.monotonic() - begin:.0f} s: each training ended bit "
        "for bit as if undisturbed, every file was whole, nothing was left."
    )


if __name__ == "__main__":
    main()
