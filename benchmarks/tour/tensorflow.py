"""The tour's training and inference beside TensorFlow.js: `python -m benchmarks.tour.tensorflow`.

Both train LeNet-5 on the same 6,400 digits of MNIST in one page of one Chromium, in batches of 64
with Nesterov's momentum, one thread each, and take turns. TensorFlow.js is 4.22 from npm with its
WASM back end. That back end lacks one operation that training needs, the gradient of a
convolution's kernel; the page makes it of the back end's own convolution and transpositions.
"""

from __future__ import annotations

import functools
import http.server
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from fencepost.datasets.bundled import FOLDER
from fencepost.tour import SITE

PACKAGES = ("@tensorflow/tfjs@4.22.0", "@tensorflow/tfjs-backend-wasm@4.22.0")
ROUNDS = 5

PAGE = Path(__file__).with_suffix(".html")


def main() -> None:
    """Measure, and print one line a figure."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder = Path(name)
        packages = Path(sys.argv[1]) if sys.argv[1:] else installed(folder)
        shutil.copy(PAGE, folder / "index.html")
        for link, target in (("npm", packages), ("site", SITE), ("mnist", FOLDER)):
            (folder / link).symlink_to(Path(target).absolute())
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Quiet, directory=name)
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.on("console", lambda message: print(message.text))
        page.on("pageerror", lambda error: print(str(error)))
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_function("document.title === 'ready'")
        print(f"outputs before training differ by {page.evaluate('agree()'):.1e}")
        for training in (True, False):
            turns = [page.evaluate(f"turn({str(training).lower()})") for _ in range(ROUNDS)]
            theirs, ours = (sorted(turn[i][0] for turn in turns)[ROUNDS // 2] for i in (0, 1))
            ends = [round(turns[0][i][1], 3) for i in (0, 1)]
            print(
                f"{'training' if training else 'inference'}: TensorFlow.js {theirs:.1f} µs an"
                f" image, fencepost {ours:.1f} µs: {theirs / ours:.2f} times as fast; ends {ends}"
            )
        browser.close()
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files that says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""


def installed(folder: Path) -> Path:
    """Install TensorFlow.js from npm, and return where it lies."""
    subprocess.run(
        [
            "npm",
            "install",
            "--silent",
            "--ignore-scripts",
            "--prefix",
            folder / "packages",
            *PACKAGES,
        ],
        check=True,
    )
    return folder / "packages" / "node_modules"


if __name__ == "__main__":
    main()
