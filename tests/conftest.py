"""Settings for the whole suite."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# No deadline: the first example of a test may compile. Derandomized: a red suite means a change.
settings.register_profile(
    "cxsim", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("cxsim")
