"""Settings for the whole suite."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

# No deadline: the first example of a test may compile. Derandomized: a red suite means a change.
settings.register_profile(
    "cxsim", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("cxsim")

# A shell ignores Ctrl-C on behalf of what it starts in the background, and children inherit
# that: the tests of stopping would send a signal that nobody may hear.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
