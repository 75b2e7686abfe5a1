"""Frames that are built when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Frames"]


class Frames(Mapping[str, "pd.DataFrame"]):
    """Frames by name, some there and some to be built: most runs are asked for one or two.

    Parameters
    ----------
    frames : mapping of str to DataFrame or callable
        A callable takes nothing and returns the frame.
    attrs : mapping, optional
        What every frame carries in its ``attrs``.
    """

    def __init__(
        self,
        frames: Mapping[str, pd.DataFrame | Callable[[], pd.DataFrame]],
        attrs: Mapping[str, Any] | None = None,
    ):
        self._frames = dict(frames)
        self._attrs = dict(attrs or {})

    def __getitem__(self, name: str) -> pd.DataFrame:
        frame = self._frames[name]
        if callable(frame):
            frame = self._frames[name] = frame()
        frame.attrs.update(self._attrs)
        return frame

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __getstate__(self) -> dict[str, Any]:
        return {"_frames": dict(self), "_attrs": self._attrs}  # what builds them does not travel
