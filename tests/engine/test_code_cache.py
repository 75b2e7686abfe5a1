"""Compiled code on disk is verified before it is run, and taken from trusted folders only."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from markets import lively

from cxsim.cli import main
from cxsim.engine import compiling
from cxsim.engine.code_folders import UnsafeFolderWarning, refusal, usable_folders
from cxsim.files.sealed import DamagedWarning
from cxsim.runs.simulation import Simulation

needs_posix = pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")


def plus(x: float) -> float:
    return x + 1.0


def one_pass(n, amounts):
    for i in range(n):
        amounts[i] = plus(amounts[i])


def compiled():
    """Compile a pass, or load it from the cache, as a new process would."""
    compiling._passes.clear()
    return compiling.compiled_pass(one_pass, tuple(map(compiling.kind_of, (1, np.zeros(1)))))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("CXSIM_CACHE_DIR", str(folder))
    monkeypatch.setattr(compiling, "_passes", {})
    compiled()
    return folder


def cxsim(*words):
    with pytest.raises(SystemExit) as end:
        main(list(words))
    return end.value.code


def only(folder):
    (path,) = folder.iterdir()
    return path


def test_a_damaged_file_is_named_once_and_compiled_again(cache):
    path = only(cache)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.warns(DamagedWarning, match=f"{path.name}: expected what was written") as said:
        compiled()
    assert len(said) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled()  # it was written anew


def test_a_file_is_for_its_owner_alone_to_write(cache):
    assert not (only(cache).stat().st_mode | cache.stat().st_mode) & 0o022


@needs_posix
@pytest.mark.parametrize(("mode", "who"), [(0o775, "a group"), (0o757, "everybody")])
def test_a_folder_that_others_can_write_is_not_used(mode, who, cache):
    cache.chmod(mode)
    before = only(cache).stat().st_mtime_ns
    with pytest.warns(
        UnsafeFolderWarning, match=rf"that {who} can write \(to fix it: chmod -R go-w"
    ):
        compiled()
    assert only(cache).stat().st_mtime_ns == before
    assert "\n" not in refusal(cache)


@needs_posix
@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give files away")
def test_a_folder_of_another_user_is_not_used_but_for_roots(cache, monkeypatch):
    os.chown(cache, 12345, -1)
    assert "of another user (number 12345)" in refusal(cache)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert refusal(cache) is None
    os.chown(cache, 0, -1)
    assert refusal(cache) is None
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert refusal(cache) is None  # root's, read-only: a classroom's


@needs_posix
def test_a_file_that_others_can_write_is_compiled_again(cache):
    only(cache).chmod(0o666)
    with pytest.warns(DamagedWarning, match=r"found a file that everybody can write"):
        compiled()


@needs_posix
def test_of_several_folders_those_that_can_be_trusted_are_used(cache, tmp_path, monkeypatch):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setenv("CXSIM_CACHE_DIR", os.pathsep.join([str(shared), str(cache)]))
    with pytest.warns(UnsafeFolderWarning, match="shared: expected a cache that only its owner"):
        assert usable_folders() == [cache]


@needs_posix
def test_warming_a_folder_that_others_can_write_is_refused_in_one_line(tmp_path, capsys):
    tmp_path.chmod(0o777)
    assert cxsim("warm", "--folder", str(tmp_path)) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert f"{tmp_path}: expected a cache that only its owner" in line


def test_cache_shows_verifies_and_clears(cache, capsys):
    assert cxsim("cache") == 0
    assert f"{cache}: 1 compiled passes, " in capsys.readouterr().out
    assert cxsim("cache", "--verify") == 0
    assert "1 of 1 are whole" in capsys.readouterr().out
    path = only(cache)
    path.write_bytes(path.read_bytes()[:-1])
    (cache / "old-12.py311.nbi").write_bytes(b"an index of an earlier version")
    assert cxsim("cache", "--verify") == 1
    out = capsys.readouterr().out
    assert f"{path}: expected what was written, found other bytes" in out
    assert "1 of earlier versions, not used" in out
    assert cxsim("cache", "--clear") == 0
    assert "2 files deleted" in capsys.readouterr().out
    assert not list(cache.iterdir())


def test_cache_of_a_folder_that_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CXSIM_CACHE_DIR", str(tmp_path / "none"))
    assert cxsim("cache", "--verify", "--clear") == 0
    assert "0 compiled passes" in capsys.readouterr().out


@pytest.mark.slow
def test_a_run_on_a_damaged_cache_has_the_same_numbers(tmp_path, monkeypatch):
    monkeypatch.setenv("CXSIM_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(compiling, "_passes", {})
    scenario = lively(customers=20, periods=1)

    def shares():
        simulation = Simulation(scenario)
        simulation.step()
        return simulation.ledger.count("purchases")

    expected = shares()
    path = max(Path(tmp_path).iterdir(), key=lambda file: file.stat().st_size)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    compiling._passes.clear()
    with pytest.warns(DamagedWarning, match="compiled again"):
        np.testing.assert_array_equal(shares(), expected)
