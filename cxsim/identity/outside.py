"""What lies outside of a project's own code: libraries, and what they read from elsewhere."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import re
import sys
import sysconfig
from pathlib import Path
from typing import Any

__all__ = ["is_library", "reads_elsewhere", "version_of"]

#: What reads a file, an environment, a network or another program, by full name.
_READS = re.compile(
    r"""
    (builtins|io|_io|codecs|gzip|bz2|lzma|tarfile|zipfile|os|posix|nt)\.(open|fdopen|popen)
    | _io\.\w*(FileIO|Reader|Writer|Random|TextIOWrapper)
    | (builtins|sys)\.(input|argv|stdin)
    | (os|posix|nt)\.(environb?|getenvb?|listdir|scandir|walk|stat|read|system|urandom)
    | os\.path\.(exists|isfile|isdir|getmtime|getsize)
    | (glob|pathlib|shutil|subprocess|socket|sqlite3|urllib\.request|http\.client|ftplib
       |requests|httpx|importlib\.resources|fileinput|mmap|getpass|secrets)
      (\.\w+)*\.(?!Path$|PurePath$|PosixPath$|WindowsPath$|PurePosixPath$|PureWindowsPath$)\w+
    | pathlib\.\w+\.(read_\w+|open|iterdir|glob|rglob|exists|is_file|is_dir|stat|cwd|home)
    | (builtins)\.(eval|exec|__import__|globals|compile)
    | importlib\.(import_module|__import__)
    | \w[\w.]*\.(read_[a-z]\w*|load|loadtxt|load_\w+|loadmat|genfromtxt|fromfile|memmap|scan_\w+
                 |open_\w+|fetch\w*|imread|urlopen|urlretrieve|ParquetFile|ExcelFile|HDFStore)
    """,
    re.VERBOSE,
)
#: Attributes that say the same of whatever they are asked.
_READING = frozenset({"read_text", "read_bytes", "iterdir"})
_DYNAMIC = re.compile(r"builtins\.(eval|exec|__import__|globals|compile)|importlib\.\w+")


@functools.cache
def is_library(module: str) -> bool:
    """Return whether a module is Python's own or comes with an installed distribution.

    cxsim itself counts as the project's own code, installed or not.

    Parameters
    ----------
    module : str
        Its full name.
    """
    top = module.partition(".")[0]
    if top == "cxsim" or top in ("__main__", "__mp_main__", ""):
        return False
    if top in sys.stdlib_module_names or top in sys.builtin_module_names:
        return True
    found = sys.modules.get(top)
    places = [getattr(found, "__file__", None), *(getattr(found, "__path__", None) or ())]
    if found is None:
        try:
            spec = importlib.util.find_spec(top)
        except (ImportError, ValueError):
            return False
        places = [] if spec is None else [spec.origin, *(spec.submodule_search_locations or ())]
    installed = _installed()
    return any(p is not None and any(f in Path(p).parents for f in installed) for p in places)


@functools.cache
def _installed() -> tuple[Path, ...]:
    folders = {sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")}
    found = {Path(folder) for folder in folders if folder}
    found |= {Path(part) for part in sys.path if part.endswith(("site-packages", "dist-packages"))}
    return tuple(found)


@functools.cache
def version_of(module: str) -> str:
    """Return the version of the distribution that a module comes with, "" for Python's own.

    Parameters
    ----------
    module : str
        Its full name.
    """
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top in sys.builtin_module_names:
        return ""
    said = getattr(sys.modules.get(top), "__version__", None)
    if isinstance(said, str):
        return said
    for name in (top, *importlib.metadata.packages_distributions().get(top, ())):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return ""


def reads_elsewhere(name: str) -> bool:
    """Return whether a library's function takes in what no fingerprint of code can see.

    Parameters
    ----------
    name : str
        Module and qualified name, or the bare name of an attribute.
    """
    return name in _READING or _READS.fullmatch(name) is not None


def is_dynamic(name: str) -> bool:
    """Return whether a function runs code that is known only then.

    Parameters
    ----------
    name : str
        Module and qualified name.
    """
    return _DYNAMIC.fullmatch(name) is not None


def qualified(value: Any) -> tuple[str, str]:
    """Return module and qualified name of a function or class; the module "" if it has none.

    Parameters
    ----------
    value : object
    """
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    module = getattr(value, "__module__", None)
    owner = getattr(value, "__self__", None)
    if module is None and owner is not None:  # a method of a type written in C
        module = getattr(type(owner), "__module__", "")
    module = "" if not isinstance(module, str) else module
    return module, name if isinstance(name, str) else type(value).__qualname__
