"""A fuzzer of files and texts: whatever they hold, they are read or refused.

``PYTHONPATH=src:tests python -m fuzz.fuzzer TARGET FINDINGS -max_total_time=600`` runs one of
``fuzz.targets.TARGETS``; what follows are libFuzzer's options. Each input that raises anything but
the package's own errors, or a warning, or that does not survive being written and read again, is
written to the folder FINDINGS, once for each place in the code. Made small, it becomes a file in
``fuzz/findings``, which a test reads. Needs ``pip install atheris``.
"""

from __future__ import annotations

import hashlib
import sys
import traceback
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["fencepost", "tifffile"]):
    from fuzz import targets


def main() -> None:
    """Run one target until a limit of libFuzzer ends it."""
    name, findings, *options = sys.argv[1:]
    warnings.simplefilter("error")
    corpus, found = Path(findings, "corpus-" + name), Path(findings, name)
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for seed in targets.TARGETS[name][1]():
        (corpus / hashlib.sha1(seed).hexdigest()[:12]).write_bytes(seed)
    places = set()

    def run(data: bytes) -> None:
        try:
            targets.run(name, data)
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            place = next((f for f in reversed(frames) if "fencepost" in f.filename), frames[-1])
            key = (type(error).__name__, place.filename, place.lineno)
            if key not in places:
                places.add(key)
                (found / f"{len(places):03}").write_bytes(data)
                (found / f"{len(places):03}.txt").write_text(traceback.format_exc())

    limits = ["-max_len=8192", "-timeout=60", f"-artifact_prefix={found}/"]
    atheris.Setup([sys.argv[0], str(corpus), *limits, *options], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
