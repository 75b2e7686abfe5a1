"""Settings for the whole suite."""

from __future__ import annotations

import os
import signal

import pytest
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


def _settings_of_the_place() -> dict[str, str]:
    """What decides where code is kept and found, here and in processes that a test starts."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("CXSIM_", "NUMBA_", "XDG_")) or name in ("HOME", "PATH", "PYTHONPATH")
    }


@pytest.fixture(autouse=True)
def _leaves_the_place_as_it_was():
    """A cache left behind had every later test compile anew, a minute each."""
    before = _settings_of_the_place()
    yield
    after = _settings_of_the_place()
    for name in before.keys() | after.keys():
        os.environ.pop(name, None)
    os.environ.update(before)
    assert after == before


@pytest.fixture
def cxsim(capsys):
    """Call the command line in this process; return exit code, output and errors."""
    from cxsim.cli import main

    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err or "--debug" in words
        return ended.value.code, out, err

    return call
