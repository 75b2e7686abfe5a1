"""What memory this process holds, and how much more the machine (or its container) can give."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
from pathlib import Path

__all__ = ["available_memory", "held_memory"]

_PROC = Path("/proc")
_CGROUP = Path("/sys/fs/cgroup")

#: What a process with the package and its libraries holds, where nobody says.
_USUAL = 250 * 2**20


def held_memory() -> int:
    """Return the bytes of memory that this process holds now (a usual value if unknown)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int((_PROC / "self" / "statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(ImportError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return _USUAL


def available_memory(*, proc: Path = _PROC, cgroup: Path = _CGROUP) -> int | None:
    """Return the bytes that this process could still get, None if nobody says.

    The smaller of what the system has to spare and what control groups (containers,
    batch jobs) leave.

    Parameters
    ----------
    proc, cgroup : Path
        Where Linux shows processes and control groups.
    """
    said = [_of_system(proc), _of_groups(proc, cgroup)]
    known = [size for size in said if size is not None]
    return min(known) if known else None


def _of_system(proc: Path) -> int | None:
    if sys.platform == "win32":
        return _of_windows()
    with contextlib.suppress(OSError):
        text = (proc / "meminfo").read_text(encoding="ascii")
        found = re.search(r"^MemAvailable:\s*(\d+) kB", text, re.MULTILINE)
        if found:
            return int(found.group(1)) * 1024
    for name in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"):  # macOS knows the whole only
        with contextlib.suppress(ValueError, OSError, AttributeError):
            return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
    return None


def _of_windows() -> int | None:
    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("physical", "available", "c", "d", "e")),
            *((name, ctypes.c_ulonglong) for name in ("f", "g")),
        )

    status = Status(length=ctypes.sizeof(Status))
    windows = getattr(ctypes, "windll", None)
    if windows is None or not windows.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.available)


def _of_groups(proc: Path, cgroup: Path) -> int | None:
    """Return what the tightest control group above this process leaves, None without a limit."""
    try:
        lines = (proc / "self" / "cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    left: list[int] = []
    for line in lines:
        _, controllers, place = line.split(":", 2)
        if controllers == "":  # version 2
            left += _along(cgroup, place, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            left += _along(
                cgroup / "memory", place, "memory.limit_in_bytes", "memory.usage_in_bytes",
                "total_inactive_file",
            )  # fmt: skip
    return min(left) if left else None


def _along(root: Path, place: str, limit: str, usage: str, spare: str) -> list[int]:
    """Return what each group leaves from the process's own up to the root.

    Inside a container the own group often is the root, whatever the path says.
    """
    parts = [part for part in place.split("/") if part not in ("", "..")]
    folders = [root.joinpath(*parts[:depth]) for depth in range(len(parts), -1, -1)]
    left = []
    for folder in folders:
        with contextlib.suppress(OSError, ValueError):  # "max", or no such file: no limit
            most = int((folder / limit).read_text(encoding="ascii"))
            if most >= 2**60:  # version 1 for "no limit"
                continue
            used = int((folder / usage).read_text(encoding="ascii"))
            left.append(max(0, most - used + _reclaimable(folder, spare)))
    return left


def _reclaimable(folder: Path, name: str) -> int:
    """Return what the system would take back from file caches before a limit is hit."""
    with contextlib.suppress(OSError):
        text = (folder / "memory.stat").read_text(encoding="ascii")
        found = re.search(rf"^{name} (\d+)$", text, re.MULTILINE)
        if found:
            return int(found.group(1))
    return 0
