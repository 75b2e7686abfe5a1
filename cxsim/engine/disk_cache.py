"""Machine code on disk, by digest: read from several folders, written to the first writable.

numba's own cache hands what it finds to pickle and LLVM, which a damaged file can end by a
signal. Here a file's name says of what, for which machine and by which numba it is, and its first
line holds the digest of its bytes, which is looked at before anything else does.
"""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

import numba
from numba.core.compiler import CompileResult
from numba.core.registry import cpu_target
from numba.core.runtime.nrt import rtsys
from numba.core.serialize import dumps

from cxsim.engine.code_folders import keep_code, read_code
from cxsim.files.sealed import DamagedError, DamagedWarning

#: What reading code made where other modules were at hand ends in.
_BROKEN = (EOFError, ValueError, ImportError, AttributeError, pickle.UnpicklingError)

#: Damaged files that this process has reported.
_said: set[Path] = set()

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


class DigestCache:
    """A cache of one function's machine code under a digest of all that it does.

    It has the interface that numba's dispatchers expect of a cache.

    Parameters
    ----------
    function : function
    digest : str
    folders : list of Path
        Those that may be used.
    """

    def __init__(self, function: Any, digest: str, folders: list[Path]):
        self._stem = f"{function.__name__}-{digest}"
        self._folders = folders

    @property
    def cache_path(self) -> str:
        """The first folder."""
        return str(self._folders[0]) if self._folders else ""

    def _name(self, sig: Any, codegen: Any) -> str:
        """Return the name of a file: what it was compiled of, for what, by what."""
        made_by = (numba.__version__, sys.implementation.cache_tag, codegen.magic_tuple())
        for_what = hashlib.sha256(repr((str(sig), made_by)).encode()).hexdigest()[:16]
        return f"{self._stem}.{for_what}.nbc"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what the first folder that has it holds, None if none does."""
        initialize, rebuild = rtsys.initialize, CompileResult._rebuild  # or no file is at fault
        name = self._name(sig, target_context.codegen())
        for path in (folder / name for folder in self._folders):
            with contextlib.suppress(OSError, *_BROKEN):
                try:
                    code = read_code(path)
                except DamagedError as error:
                    if path not in _said:  # numba looks again before it compiles
                        _said.add(path)
                        what = f"{error} (compiled again; cxsim cache --verify looks at all)"
                        warnings.warn(what, DamagedWarning, stacklevel=2)
                    continue
                initialize(target_context)  # numba's own way would ready the compiler
                return rebuild(target_context, *pickle.loads(code))
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write to the first writable folder."""
        if any(not each.can_cache for each in data.lifted) or data.library.has_dynamic_globals:
            return
        if _calls(data) - _AT_HAND:  # loading it readies the compiler, which brings what it calls
            data = data._replace(reload_init=[*data.reload_init, _ready])
        code = dumps(data._reduce())
        for folder in self._folders:
            with contextlib.suppress(OSError):  # read-only or full: try the next, else do without
                path = folder / self._name(sig, data.codegen)
                keep_code(path, code)
                _said.discard(path)
                return

    def flush(self) -> None:
        """Keep everything: code on disk stays valid."""
