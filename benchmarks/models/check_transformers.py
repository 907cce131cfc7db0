"""Each size that `check` states of small models of transformers, beside what runs.

`python -m benchmarks.models.check_transformers`: one model of each kind that `AutoModel` knows,
built from its configuration with few and narrow layers, without weights and without the network. A
model that cannot be made small so, or does not run on zeros, is left out; how many are, and why, is
printed. `--only` takes those whose names match. Results are kept in `build/transformers.jsonl`.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import json
import re
import signal
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .check_coverage import Outcome, of_module, table

KEPT = Path("build/transformers.jsonl")
#: The most that the numbers in a configuration may be, whose names end so.
SMALL = {
    "hidden_size": 64, "embed_dim": 64, "d_model": 64, "n_embd": 64, "dim": 64,
    "intermediate_size": 96, "ffn_dim": 96, "d_ff": 96, "inner_dim": 96,
    "layers": 2, "n_layer": 2, "num_heads": 4, "attention_heads": 4, "n_head": 4,
    "key_value_heads": 4, "head_dim": 16, "d_kv": 16, "vocab_size": 120,
    "num_experts": 4, "n_routed_experts": 4, "num_local_experts": 4, "image_size": 64,
    "num_frames": 4,
}  # fmt: skip
MOST_PARAMETERS = 60_000_000
#: Seconds for a model: to make it, to run it and to check it.
PATIENCE = 60


def small(config: Any) -> Any:
    """Make the numbers of a configuration, and of those within it, small."""
    for name, value in list(vars(config).items()):
        if hasattr(value, "to_diff_dict"):
            small(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            for ending, most in SMALL.items():
                if name.endswith(ending) and value > most:
                    with contextlib.suppress(Exception):
                        setattr(config, name, most)
        elif name in ("depths", "layers") and isinstance(value, list):
            setattr(config, name, [1] * len(value))
    for name in ("pad_token_id", "bos_token_id", "eos_token_id"):
        if isinstance(getattr(config, name, None), int):
            setattr(config, name, 1)
    return config


def inputs(module: Any, config: Any) -> dict[str, tuple[int, ...]]:
    """Return the input of a model: tokens, an image, some images or sound, without the batch."""
    name = module.main_input_name
    vision = getattr(config, "vision_config", config)
    side = getattr(vision, "image_size", 64)
    side = side if isinstance(side, int) else side[0]
    image = (int(getattr(vision, "num_channels", 3) or 3), side, side)
    shapes = {"input_ids": (12,), "input_values": (16000,), "input_features": (80, 200)}
    if name == "pixel_values":
        frames = getattr(config, "num_frames", None)
        return {name: (frames, *image) if frames else image}
    given = {name: shapes[name]}
    if getattr(config, "is_encoder_decoder", False):
        given["decoder_input_ids"] = (7,)
    if name == "input_ids" and hasattr(config, "vision_config") and hasattr(config, "text_config"):
        given["pixel_values"] = image
    return given


def _make(kind: Any) -> Any:
    """Return a small model and the shapes of its inputs."""
    from transformers import AutoModel

    config = small(kind())
    module = AutoModel.from_config(config).eval()
    return module, inputs(module, config)


@contextlib.contextmanager
def _patience(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def of_kind(name: str, kind: Any) -> Outcome:
    """Check a small model of one kind, and run it."""
    outcome = Outcome("transformers", name)
    try:
        with _patience(PATIENCE), contextlib.redirect_stderr(io.StringIO()):
            module, shapes = _make(kind)
            if sum(p.numel() for p in module.parameters()) > MOST_PARAMETERS:
                outcome.left_out = "more parameters than are run here"
                return outcome
            return of_module("transformers", name, lambda: module, shapes)
    except Exception as error:
        outcome.left_out = f"does not build: {type(error).__name__}"
        return outcome


def main() -> None:
    """Check each kind of model that is not done, and print the table."""
    from transformers.models.auto.modeling_auto import MODEL_MAPPING
    from transformers.utils import logging

    parser = argparse.ArgumentParser(prog="python -m benchmarks.models.check_transformers")
    parser.add_argument("--only", default="", help="kinds whose names match this")
    parser.add_argument("--again", action="store_true", help="those that are kept, too")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.set_verbosity_error()
    kept: dict[str, Outcome] = {}
    if KEPT.exists():
        for line in KEPT.read_text(encoding="utf-8").splitlines():
            outcome = Outcome(**json.loads(line))
            kept[outcome.model] = outcome
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    done = set() if given.again else set(kept)
    with KEPT.open("a", encoding="utf-8") as file:
        for kind in MODEL_MAPPING:
            name = kind.model_type
            if name in done or not re.search(given.only, name):
                continue
            done.add(name)
            outcome = kept[name] = of_kind(name, kind)
            file.write(json.dumps(asdict(outcome)) + "\n")
            file.flush()
            state = outcome.left_out or (
                f"{outcome.right} right, {outcome.unknown} unknown, {len(outcome.wrong)} wrong, "
                f"{len(outcome.errors)} false errors, {outcome.seconds:.2f} s"
            )
            print(
                f"{name}: {state}",
                *outcome.wrong[:3],
                *outcome.errors[:3],
                sep="\n    ",
                flush=True,
            )
    ran = [outcome for outcome in kept.values() if not outcome.left_out]
    print(*table(ran), sep="\n")
    why = collections.Counter(o.left_out.split(":")[0] for o in kept.values() if o.left_out)
    print(*(f"{count} {reason}" for reason, count in why.most_common()), sep="\n")


if __name__ == "__main__":
    main()
