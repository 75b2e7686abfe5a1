"""The folder of a store: its parts, its format, and its small files, each verified when read."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxsim.files import on_disk
from cxsim.scenario import Scenario
from cxsim.scenario.loading import read_yaml
from cxsim.sealed import (
    DamagedError,
    digest_name,
    parsed_json,
    put_aside,
    read_text,
    sealed_json,
    sealed_text,
    unsealed,
)

__all__ = ["StoreError", "StoreFolder"]

_SIGN = "store.json"
_PARTS = ("runs", "scenarios", "studies", "sessions", "codebooks", "codes", "drafts")
_ASIDE = "damaged"
#: Beginning of the names of files that say which code a study runs.
_AGREED = "study-"
_FORMAT = 2
#: The sign of a store of the first format, whose files carried no digests.
_FIRST = json.dumps({"made_by": "cxsim", "kind": "store of runs", "format": 1}).encode()
_FIRST_RUNS = re.compile(r"\d{20}-[0-9a-f]{8}\.parquet")
#: Drafts older than this many seconds are left from a process that was killed.
_STALE = 86_400


class StoreError(RuntimeError):
    """A store that cannot be read or written."""


class StoreFolder:
    """A store's folder, made if need be.

    Parameters
    ----------
    path : Path
        A new or empty folder, or an earlier store.

    Raises
    ------
    StoreError
        If the folder holds something else, or cannot be made.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            self._open()
        except OSError as error:
            what = f"expected a folder for a store, found {said(error)}"
            raise StoreError(f"{path}: {what}") from None
        self._clean()

    @property
    def runs(self) -> Path:
        """The folder of the files of runs."""
        return self.path / "runs"

    @property
    def claims(self) -> Path:
        """The file by which processes say what they work on."""
        return self.path / "claims.lock"

    # -- opening ---------------------------------------------------------------------

    def _open(self) -> None:
        sign = self.path / _SIGN
        if not sign.is_file():
            # Its own parts without a sign: another sweep is just about to put it there.
            if self.path.exists() and self._others():
                raise self._no_store()
            self._make_parts()
            try:
                self._put_sign()
            except StoreError:
                if not sign.is_file():  # else another user's sweep has just put it there
                    raise
        data = sign.read_bytes()
        try:
            facts = {"format": 1} if data == _FIRST else parsed_json(unsealed(data, sign), sign)
        except DamagedError as error:
            if self._others() or not self.runs.is_dir():
                raise self._no_store() from None
            self.put_aside(sign, error, "it is written anew")
            facts = {"format": 1}
        self._make_parts()
        if facts.get("format") == 1:
            self._carry_over()
        elif facts.get("format") != _FORMAT:
            raise StoreError(
                f"{self.path}: expected a store of format {_FORMAT} or 1, "
                f"found format {facts.get('format')}"
            )

    def _others(self) -> bool:
        """Whether the folder holds what no store has."""
        mine = {*_PARTS, _SIGN, _ASIDE, self.claims.name}
        return any(each.name not in mine for each in self.path.iterdir())

    def _no_store(self) -> StoreError:
        return StoreError(
            f"{self.path}: expected a new folder or an earlier store, found other files"
        )

    def _make_parts(self) -> None:
        for part in (self.path / name for name in _PARTS):
            if not part.is_dir():
                part.mkdir(parents=True, exist_ok=True)
                _open_to_others(part, like=self.path)
        if not self.claims.exists():
            self.claims.touch()
            _open_to_others(self.claims, like=self.path)

    def _put_sign(self) -> None:
        facts = {"made_by": "cxsim", "kind": "store of runs", "format": _FORMAT}
        self.put(self.path / _SIGN, sealed_json(facts))

    def _carry_over(self) -> None:
        """Give the files of a store of the first format their digests.

        Whoever is stopped in the middle of it, or does it beside another process, finds the rest
        to do: what has a digest already is left alone, and the sign comes last.
        """
        for path in self.runs.glob("*.parquet"):
            if _FIRST_RUNS.fullmatch(path.name):
                with contextlib.suppress(FileNotFoundError):
                    name = digest_name(path.stem, path.read_bytes(), ".parquet")
                    path.replace(path.with_name(name))
        for part, seal in (("scenarios", _sealed_yaml), ("studies", _sealed_study)):
            for path in (self.path / part).iterdir():
                data = path.read_bytes()
                with contextlib.suppress(DamagedError):
                    unsealed(data, path)
                    continue
                try:
                    self.put(path, seal(data, path))
                except (DamagedError, UnicodeDecodeError) as error:
                    self.put_aside(path, error, "the store goes on without it")
        self._put_sign()

    def _clean(self) -> None:
        """Take away drafts of processes that were killed long ago."""
        for draft in (self.path / "drafts").glob("*"):
            try:
                if time.time() - draft.stat().st_mtime > _STALE:
                    draft.unlink()
            except OSError:
                continue

    # -- files -----------------------------------------------------------------------

    def put(self, path: Path, data: bytes) -> None:
        """Write a file that appears whole or not at all, and outlasts a power cut once it does.

        Parameters
        ----------
        path : Path
        data : bytes

        Raises
        ------
        StoreError
            If it cannot be written (a full disk); nothing is left of it then.
        """
        draft = self.path / "drafts" / uuid.uuid4().hex
        try:
            draft.write_bytes(data)
            on_disk(draft)
            draft.replace(path)
            on_disk(path.parent)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise StoreError(f"{self.path}: a file could not be written ({said(error)})") from error

    def put_aside(self, path: Path, error: Exception, meaning: str) -> None:
        """Move a damaged file out of the way, and warn of it.

        Parameters
        ----------
        path : Path
        error : Exception
            Its message names the file.
        meaning : str
            What follows for the user.
        """
        put_aside(path, self.path / _ASIDE, error, meaning)

    def keep_scenario(self, scenario: Scenario) -> None:
        """Keep a base scenario, if it is not there already and whole.

        Parameters
        ----------
        scenario : Scenario
        """
        path = self.path / "scenarios" / f"{scenario.digest}.yaml"
        if self._content(path) is None:
            self._keep(path, sealed_text(scenario.to_yaml()))

    def scenario(self, digest: str) -> Scenario:
        """Return a base scenario by its digest.

        Parameters
        ----------
        digest : str

        Raises
        ------
        StoreError
            If it is not kept here, or damaged.
        """
        path = self.path / "scenarios" / f"{digest}.yaml"
        if not path.is_file():
            raise StoreError(f"{self.path}: expected scenario {digest}, found no such file")
        if self._content(path) is None:
            raise StoreError(
                f"{path}: expected a scenario, found a damaged file "
                "(run the study again: the scenario is kept anew, and no run is done twice)"
            )
        # Code that it names is looked for in the current folder, never in the store.
        return Scenario.from_dict(read_yaml(path)[0], name=path.stem)

    def keep_study(self, digest: str, facts: Mapping[str, Any]) -> None:
        """Keep a study, if it is not there already and whole.

        Parameters
        ----------
        digest : str
        facts : mapping
        """
        path = self.path / "studies" / f"{digest}.json"
        if self._content(path) is None:
            self._keep(path, sealed_json(facts))

    def keep_session(self, facts: Mapping[str, Any]) -> str:
        """Keep what a process that writes here is, under a name of its own, and return that.

        Parameters
        ----------
        facts : mapping
        """
        name = _new_name()
        self.put(self.path / "sessions" / f"{name}.json", sealed_json(facts))
        return name

    def keep_codebook(self, columns: Mapping[str, Mapping[str, Any]]) -> str:
        """Keep what columns hold, in a file named by its content, and return the name.

        Parameters
        ----------
        columns : mapping of str to mapping
        """
        data = sealed_json({"columns": columns})
        path = self.path / "codebooks" / f"{hashlib.sha256(data).hexdigest()[:16]}.json"
        if self._content(path) is None:
            self._keep(path, data)
        return path.stem

    def codebook(self) -> dict[str, Any]:
        """Return what the columns of all runs hold, by column, as who wrote last says."""
        books = {name: book["columns"] for name, book in self._all("codebooks").items()}
        order = [str(each.get("codebook")) for each in self.sessions().values()]
        return {k: v for name in (*books, *order) for k, v in books.get(name, {}).items()}

    def sessions(self) -> dict[str, dict[str, Any]]:
        """Return which processes have written here, by name, in order of their beginning."""
        return self._all("sessions")

    def studies(self) -> dict[str, dict[str, Any]]:
        """Return the studies that are kept here, by digest."""
        return self._all("studies")

    def _all(self, part: str) -> dict[str, dict[str, Any]]:
        paths = sorted((self.path / part).glob("*.json"))
        found = {path.stem: self._content(path) for path in paths}
        return {digest: parsed_json(text, Path(digest)) for digest, text in found.items() if text}

    def keep_code(self, name: str, facts: Mapping[str, Any]) -> None:
        """Keep what runs were made by, if it is not there already and whole.

        Parameters
        ----------
        name : str
        facts : mapping
        """
        path = self.path / "codes" / f"{name}.json"
        if self._content(path) is None:
            self._keep(path, sealed_json(facts))

    def agree(self, study: str, facts: Mapping[str, Any]) -> None:
        """Keep which code a study runs from now on; what was said before stays where it is.

        Parameters
        ----------
        study : str
        facts : mapping
        """
        path = self.path / "codes" / f"{_AGREED}{study}-{_new_name()}.json"
        self.put(path, sealed_json(facts))

    def agreed(self, study: str) -> dict[str, Any]:
        """Return which code a study runs, by what was said last; nothing if nobody said.

        Parameters
        ----------
        study : str
        """
        names = sorted(p.stem for p in (self.path / "codes").glob(f"{_AGREED}{study}-*.json"))
        return next((facts for name in reversed(names) if (facts := self.code(name))), {})

    def codes(self) -> set[str]:
        """Return the names of all code that is kept."""
        names = {path.stem for path in (self.path / "codes").glob("*.json")}
        return {name for name in names if not name.startswith(_AGREED)}

    def code(self, name: str) -> dict[str, Any]:
        """Return what is kept of some code, nothing if it is missing or damaged."""
        path = self.path / "codes" / f"{name}.json"
        text = self._content(path)
        return parsed_json(text, path) if text else {}

    def _keep(self, path: Path, data: bytes) -> None:
        """Write a file that is the same whoever writes it.

        In a folder open to all (``/tmp``) nobody can replace another user's file: where one was
        quicker, it is there.
        """
        try:
            self.put(path, data)
        except StoreError:
            if self._content(path) is None:
                raise

    def _content(self, path: Path) -> str | None:
        """Return a small file as it was written; None if it is missing or now put aside."""
        try:
            return read_text(path)
        except FileNotFoundError:
            return None
        except DamagedError as error:
            self.put_aside(path, error, "the store goes on without it")
            return None


def _new_name() -> str:
    """Return a name of a file that nobody else takes; later ones sort behind earlier ones."""
    return f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"


def said(error: OSError) -> str:
    """Return what the system says of an error, in lower case."""
    return (error.strerror or str(error)).lower()


def _sealed_yaml(data: bytes, path: Path) -> bytes:  # noqa: ARG001 - as the other takes it
    return sealed_text(data.decode())


def _sealed_study(data: bytes, path: Path) -> bytes:
    return sealed_json(parsed_json(data, path))


def _open_to_others(path: Path, *, like: Path) -> None:
    """Let those write who may write to the folder of the store: a group, or everybody."""
    shared = like.stat().st_mode & 0o3022
    with contextlib.suppress(OSError):  # it is somebody else's, who has seen to it
        path.chmod(path.stat().st_mode | (shared if path.is_dir() else shared & 0o022))
