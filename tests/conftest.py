"""What holds for every test: none depends on how fast the machine is, or on a draw of the day."""

from __future__ import annotations

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
