"""The command line, called in the process of the tests."""

from __future__ import annotations

import pytest

from cxsim.cli import main


@pytest.fixture
def cxsim(capsys):
    """Call the command line in this process; return exit code, output and errors."""

    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err or "--debug" in words
        return ended.value.code, out, err

    return call
