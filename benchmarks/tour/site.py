"""The tour measured in Chromium: `python -m benchmarks.tour.site`, with playwright there.

Times are those that the pages show themselves: a stroke to its classification with all maps drawn,
a kernel over a megapixel with its display, and a training of LeNet-5 on MNIST.
"""

from __future__ import annotations

import io
import shutil
import time

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from fencepost.tour import Server

EPOCHS = 3


def main() -> None:
    """Measure, and print one line a figure."""
    with Server() as server, sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        print(
            f"first page, cold: {np.median([first(browser, server.url) for _ in range(5)]):.2f} s"
        )
        print(f"a stroke, to all maps: {np.median(strokes(browser, server.url)):.1f} ms")
        print(f"3 × 3 on a megapixel: {np.median(kernels(browser, server.url)):.1f} ms")
        for epoch, (seconds, accuracy) in enumerate(training(browser, server.url), 1):
            print(f"{epoch} epochs of LeNet-5: {seconds:.1f} s, {100 * accuracy:.2f} %")
        browser.close()


def first(browser: Browser, url: str) -> float:
    """Seconds until the first page shows its sum."""
    page = browser.new_context().new_page()
    begin = time.perf_counter()
    page.goto(url)
    page.wait_for_selector("[data-value]")
    return time.perf_counter() - begin


def strokes(browser: Browser, url: str) -> list[float]:
    """Milliseconds of each move of the pen."""
    page = browser.new_context().new_page()
    page.goto(f"{url}#draw")
    page.wait_for_selector("[data-best]")
    page.get_by_role("button", name="Clear").click()
    box = page.locator("canvas.draw").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 150, box["y"] + 40)
    page.mouse.down()
    times = []
    for step in range(40):
        x = box["x"] + 150 - 60 * np.sin(step / 6)
        page.mouse.move(float(x), box["y"] + 40 + 5 * step)
        page.wait_for_timeout(60)
        times.append(shown(page, "data-ms"))
    return times


def kernels(browser: Browser, url: str) -> list[float]:
    """Milliseconds from a change of the kernel to the picture."""
    page = browser.new_context().new_page()
    page.goto(f"{url}#kernels")
    page.wait_for_selector("[data-ms]")
    picture = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), np.uint8)
    Image.fromarray(noise).save(picture, "png")
    page.locator("input[accept='image/*']").set_input_files(
        {"name": "noise.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    page.wait_for_timeout(1500)
    times = []
    for change in range(20):
        page.locator(".matrix input").nth(4).fill(str(8 + change / 100))
        page.wait_for_timeout(200)
        times.append(shown(page, "data-ms"))
    return times


def training(browser: Browser, url: str) -> list[tuple[float, float]]:
    """Seconds and accuracy after each epoch."""
    page = browser.new_context().new_page()
    page.goto(f"{url}#train")
    page.get_by_role("button", name="Train").click()
    page.wait_for_selector("[data-accuracy]", timeout=300_000)
    results = [(shown(page, "data-seconds"), shown(page, "data-accuracy"))]
    while len(results) < EPOCHS:
        page.wait_for_timeout(100)
        now = shown(page, "data-seconds"), shown(page, "data-accuracy")
        if now[0] != results[-1][0]:
            results.append(now)
    return results


def shown(page, name: str) -> float:
    """Return the number that a page keeps under a name."""
    return float(page.locator(f"[{name}]").get_attribute(name))


if __name__ == "__main__":
    main()
