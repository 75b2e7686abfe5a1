"""Machine code on disk, keyed by digest: several folders to read, the first writable to write."""

from __future__ import annotations

import contextlib
import pickle
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.registry import cpu_target
from numba.core.runtime.nrt import rtsys

__all__ = ["DigestCache"]

#: What reading a file cut short, or made where other modules were at hand, ends in.
_BROKEN = (EOFError, ValueError, ImportError, AttributeError, pickle.UnpicklingError)


#: Functions that are there once numba is imported. Readying its compiler takes several times as
#: long as loading all passes of a run, and they call no others.
_AT_HAND = {
    "numba_do_raise",
    "numba_gil_ensure",
    "numba_gil_release",
    "numba_ldexp",
    "numba_runtime_build_excinfo_struct",
    "numba_unpickle",
    "sqrt",
}


def _calls(result: Any) -> set[str]:
    """Return the functions outside that machine code calls, without the interpreter's."""
    functions = result.library._final_module.functions
    names = {function.name for function in functions if function.is_declaration}
    return {name for name in names if not name.startswith(("llvm.", "Py", "_Py", "NRT_"))}


def _ready() -> None:
    """Load all that is needed to compile, and what that brings along."""
    cpu_target.target_context.refresh()


class _Locator:
    """Tells numba's cache where to look, and that what it finds there is fresh."""

    def __init__(self, folder: Path, digest: str):
        self.folder = folder
        self.digest = digest

    def get_cache_path(self) -> str:
        return str(self.folder)

    def ensure_cache_path(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def get_source_stamp(self) -> str:
        return self.digest

    def get_disambiguator(self) -> str:
        return self.digest


class _Impl(FunctionCache._impl_class):  # type: ignore[misc, valid-type]
    """numba's way of storing a compile result, with our locator in place of a file's."""

    def __init__(self, function: Any, locator: _Locator):
        self._lineno = function.__code__.co_firstlineno
        self._locator = locator
        self._filename_base = self.get_filename_base(function.__name__, "")

    def check_cachable(self, result: Any) -> bool:
        return not result.lifted and not result.library.has_dynamic_globals

    def reduce(self, data: Any) -> Any:
        """Return what is stored; loading it readies the compiler if it calls what that brings."""
        if _calls(data) - _AT_HAND:
            data = data._replace(reload_init=[*data.reload_init, _ready])
        return super().reduce(data)


class DigestCache(FunctionCache):
    """A cache of one function's machine code under a digest of all that it does."""

    def __init__(self, function: Any, digest: str, folders: list[Path]):
        self._name = repr(function)
        self._py_func = function
        self._folders = folders
        self._impl = _Impl(function, _Locator(folders[0], digest))
        self._cache_path = str(folders[0])
        self._files = [
            IndexDataCacheFile(str(folder), self._impl.filename_base, digest) for folder in folders
        ]
        self._cache_file = self._files[0]
        self.enable()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what the first folder that has it holds, None if none does."""
        initialize, load = rtsys.initialize, self._load_overload  # or it is not a file that fails
        for file in self._files:
            self._cache_file = file
            with contextlib.suppress(OSError, *_BROKEN):
                initialize(target_context)  # numba's own way would ready the compiler
                found = load(sig, target_context)
                if found is not None:
                    return found
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write to the first folder that lets us."""
        for folder, file in zip(self._folders, self._files, strict=True):
            self._cache_file = file
            self._impl.locator.folder = folder
            with contextlib.suppress(OSError):  # read-only or full: try the next, else do without
                try:
                    super().save_overload(sig, data)
                except _BROKEN:  # an index cut short: start it anew
                    file.flush()
                    super().save_overload(sig, data)
                return
