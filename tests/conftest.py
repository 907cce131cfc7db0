"""What holds for every test (none depends on how fast the machine is, or on a draw of the day), and
a browser for some.
"""

from __future__ import annotations

import shutil

import pytest

try:
    from hypothesis import HealthCheck, settings
except ModuleNotFoundError:  # then the tests that draw by it are skipped
    pass
else:
    # Hypothesis gives each example 200 ms, and ends where it draws slowly: on a busy machine any
    # does. Whatever it drew at random, it would find in a change that has nothing to do with it.
    settings.register_profile(
        "same everywhere",
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("same everywhere")


@pytest.fixture(scope="module")
def browser():
    """A Chromium, for tests of pages."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="there is no playwright")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if found is None:
        pytest.skip("there is no Chromium")
    with sync_api.sync_playwright() as driver:
        options = {"args": ["--no-sandbox"], "timeout": 240_000}
        chromium = driver.chromium.launch(executable_path=found, **options)
        yield chromium
        chromium.close()
