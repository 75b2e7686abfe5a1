"""YAML 1.2 text as plain values, with the line of every key and item.

The values are mappings, tuples, texts, numbers, booleans and ``None``: the core
schema of YAML 1.2, in which ``yes`` is a text and ``1e3`` a number, with the merge
key ``<<`` of YAML 1.1. Tags that would build anything else are refused, as are two
equal keys in one mapping.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.error import YAMLError as RuamelError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from ruamel.yaml.representer import RoundTripRepresenter

from cxsim.files.whole import whole_file
from cxsim.messages import Place, Problem, ScenarioError

__all__ = [
    "MAX_BYTES",
    "MERGE",
    "Document",
    "YamlError",
    "parse",
    "plain_scalar",
    "to_yaml",
    "whole",
    "write_whole",
]


# -- YAML 1.2 text as plain values, with the line of every key and item ------------------------


#: Largest text read, in bytes.
MAX_BYTES = 1 << 20


#: Most values in one text, those repeated by aliases counted each time.
MAX_VALUES = 100_000


#: Deepest nesting.
MAX_DEPTH = 40


_STR = "tag:yaml.org,2002:str"


KeyPath = tuple[str | int, ...]


class YamlError(ValueError):
    """A text that is not acceptable YAML.

    Attributes
    ----------
    line : int or None
        Line of the problem, counted from 1.
    path : tuple
        Keys that lead to it, as far as known.
    reason : str
        What is wrong, in words.
    """

    def __init__(self, reason: str, line: int | None = None, path: KeyPath = ()) -> None:
        super().__init__(reason)
        self.reason, self.line, self.path = reason, line, path


@dataclass(frozen=True)
class Document:
    """One YAML document: its value and the line of each key and list item by path."""

    value: Any
    lines: dict[KeyPath, int] = field(repr=False)


@lru_cache(maxsize=32)
def parse(text: str) -> Document:
    """Read one YAML document.

    Parameters
    ----------
    text : str
        YAML 1.2. The result is cached and shared: treat it as read-only.

    Raises
    ------
    YamlError
        If the text is not YAML, has more than one document, repeats a key, uses
        tags, or grows beyond the limits of this module.
    """
    if len(text) > MAX_BYTES:
        raise YamlError(f"expected at most {MAX_BYTES} bytes, found {len(text)} characters")
    try:
        return _Builder(YAML(typ="base", pure=True).parse(text)).document()
    except YamlError:
        raise
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(str(error.problem or error.context or "cannot be read").split())
        at = f" at column {mark.column + 1}" if mark else ""
        raise YamlError(
            f"expected YAML, found a mistake{at}: {reason}", mark.line + 1 if mark else None
        ) from None
    except RuamelError as error:
        line = None
        position = getattr(error, "position", None)
        if isinstance(position, int):
            line = text.count("\n", 0, position) + 1
        reason = getattr(error, "reason", None) or "cannot be read"
        raise YamlError(f"expected YAML, found a mistake: {reason}", line) from None
    except Exception as error:  # noqa: BLE001 - the scanner's own slips on odd text
        raise YamlError(f"expected YAML, found text that cannot be read ({error})") from None


@dataclass(frozen=True)
class _Anchored:
    """A value that aliases may repeat: with the lines below it and how many values it is."""

    value: Any
    lines: dict[KeyPath, int]
    size: int


class _Builder:
    """Builds one document from parser events, counting as it goes."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.lines: dict[KeyPath, int] = {}
        self.anchors: dict[str, _Anchored | None] = {}
        self.size = 0
        self.order: list[KeyPath] = []

    def document(self) -> Document:
        next(self.events)  # the stream starts
        event = next(self.events)
        if isinstance(event, StreamEndEvent):
            return Document(None, {})
        value = self.value(next(self.events), ())
        next(self.events)  # the document ends
        event = next(self.events)
        if isinstance(event, DocumentStartEvent):
            raise YamlError("expected one YAML document, found a second", event.start_mark.line + 1)
        return Document(value, self.lines)

    def value(self, event: Any, path: KeyPath) -> Any:
        self.count(1, event, path)
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent):
            return self.alias(event, path)
        tag = getattr(event, "tag", None)
        if tag is not None and not (isinstance(event, ScalarEvent) and tag == _STR):
            raise YamlError(f"expected a plain value, found the tag {str(tag)!r}", line, path)
        if len(path) > MAX_DEPTH:
            raise YamlError(f"expected at most {MAX_DEPTH} levels, found more", line, path[:3])
        if isinstance(event, ScalarEvent):
            value = self.scalar(event, path)
            if event.anchor:
                self.anchors[event.anchor] = _Anchored(value, {}, 1)
            return value
        anchor, before, known = event.anchor, self.size, len(self.order)
        if anchor:
            self.anchors[anchor] = None  # under construction: an alias to it would be endless
        if isinstance(event, MappingStartEvent):
            value = self.mapping(path)
        elif isinstance(event, SequenceStartEvent):
            value = self.sequence(path)
        else:  # pragma: no cover - the parser yields no other events here
            raise YamlError("expected a value", line, path)
        if anchor:
            below = {where[len(path) :]: self.lines[where] for where in self.order[known:]}
            self.anchors[anchor] = _Anchored(value, below, self.size - before + 1)
        return value

    def mark(self, path: KeyPath, line: int) -> None:
        self.lines[path] = line
        self.order.append(path)

    def count(self, size: int, event: Any, path: KeyPath) -> None:
        self.size += size
        if self.size > MAX_VALUES:
            raise YamlError(
                f"expected at most {MAX_VALUES} values (aliases counted each time), found more",
                event.start_mark.line + 1,
                path[:3],
            )

    def alias(self, event: Any, path: KeyPath) -> Any:
        line = event.start_mark.line + 1
        if event.anchor not in self.anchors:
            raise YamlError(f"expected a known anchor, found {event.anchor!r}", line, path)
        anchored = self.anchors[event.anchor]
        if anchored is None:
            raise YamlError(
                f"expected a value, found an alias to what contains it ({event.anchor!r})",
                line,
                path,
            )
        self.count(anchored.size - 1, event, path)
        for below, at in anchored.lines.items():
            self.mark((*path, *below), at)
        return anchored.value

    def scalar(self, event: Any, path: KeyPath) -> Any:
        text = str(event.value)
        if any("\ud800" <= c <= "\udfff" for c in text):
            raise YamlError(
                "expected text, found half a character (\\ud800-\\udfff)",
                event.start_mark.line + 1,
                path,
            )
        is_plain = not event.style and event.tag is None
        return plain_scalar(text) if is_plain else text

    def mapping(self, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        seen: dict[str, int] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            line = event.start_mark.line + 1
            key = self.key(event, path)
            if key in seen:
                raise YamlError(
                    f"expected each key once, found {key!r} on line {seen[key]} "
                    f"and again on line {line}",
                    line,
                    (*path, key),
                )
            seen[key] = line
            self.mark((*path, key), line)
            known = len(self.order)
            value = self.value(next(self.events), (*path, key))
            if key == MERGE and not event.style:
                merged = self.merge(value, path, known, set(result))
            else:
                result[key] = value
        return {**merged, **result}  # what is merged gives way to what is written

    def key(self, event: Any, path: KeyPath) -> str:
        line = event.start_mark.line + 1
        if not isinstance(event, ScalarEvent):
            raise YamlError("expected a text as key, found a composed one", line, path)
        key = self.value(event, path)
        if not isinstance(key, str):
            written = str(event.value)
            raise YamlError(
                f"expected a text as key, found {written or 'nothing'}"
                + (f" (write it in quotes: '{written}')" if written else ""),
                line,
                path,
            )
        return key

    def merge(self, value: Any, path: KeyPath, known: int, written: set[str]) -> dict[str, Any]:
        """Return what ``<<`` brings in, its lines marked as if it stood here."""
        here = (*path, MERGE)
        parts = value if isinstance(value, tuple) else (value,)
        if not parts or not all(isinstance(part, dict) for part in parts):
            text = "expected a mapping to merge, or a list of them"
            raise YamlError(text, self.lines[here], here)
        below = [(where[len(here) :], self.lines[where]) for where in self.order[known:]]
        result: dict[str, Any] = {}
        for number, part in enumerate(parts):
            skip = (number,) if isinstance(value, tuple) else ()
            new = [key for key in part if key not in result]
            result.update((key, part[key]) for key in new)
            for where, line in below:
                inner = where[len(skip) :]
                is_new = where[: len(skip)] == skip and inner and inner[0] in new
                if is_new and inner[0] not in written:
                    self.mark((*path, *inner), line)
        return result

    def sequence(self, path: KeyPath) -> tuple[Any, ...]:
        result: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            here = (*path, len(result))
            self.mark(here, event.start_mark.line + 1)
            result.append(self.value(event, here))
        return tuple(result)


# -- What an unquoted word of YAML means -------------------------------------------------------


#: The key that brings another mapping's entries in, as in ``<<: *alike``.
MERGE = "<<"


_NULL = re.compile(r"~|null|Null|NULL|")


_TRUE = re.compile(r"true|True|TRUE")


_FALSE = re.compile(r"false|False|FALSE")


_INT = re.compile(r"[-+]?[0-9]+")


_OCT = re.compile(r"0o[0-7]+")


_HEX = re.compile(r"0x[0-9a-fA-F]+")


_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


_INF = re.compile(r"[-+]?\.(inf|Inf|INF)")


#: Largest whole number that is a double.
_MOST = int(sys.float_info.max)


_NAN = re.compile(r"\.nan|\.NaN|\.NAN")


def plain_scalar(text: str) -> Any:
    """Return what an unquoted word means by the core schema of YAML 1.2.

    Examples
    --------
    >>> plain_scalar("12"), plain_scalar("1e3"), plain_scalar("yes"), plain_scalar("null")
    (12, 1000.0, 'yes', None)
    """
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INT.fullmatch(text):
        return whole(int(text)) if len(text) <= 400 else float(text)  # Python reads no longer ones
    if _OCT.fullmatch(text) or _HEX.fullmatch(text):
        return whole(int(text, 0))
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INF.fullmatch(text):
        return float("-inf") if text.startswith("-") else float("inf")
    if _NAN.fullmatch(text):
        return float("nan")
    return text


def whole(value: int) -> int | float:
    """Return a whole number; one that no double can hold is infinite, as decimals are.

    Examples
    --------
    >>> whole(12), whole(-(10**400))
    (12, -inf)
    """
    if -_MOST <= value <= _MOST:
        return value
    return math.inf if value > 0 else -math.inf


# -- A scenario as YAML text -------------------------------------------------------------------


#: Texts that need no quotes anywhere: words with single spaces and harmless marks.
_BARE = re.compile(r"[^\W_](?:[\w.,;*()/%+=-]| (?! |$))*")


class _Representer(RoundTripRepresenter):
    """Writes what the reader of this package reads back as the same value."""

    def text(self, value: str) -> Any:
        style: str | None = '"'
        if _BARE.fullmatch(value) and isinstance(plain_scalar(value), str):
            style = None
        elif "\n" in value and _is_block(value):
            style = ">" if max(map(len, value.split("\n"))) > 90 else "|"
        return self.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    def row(self, value: list[Any]) -> Any:
        flat = all(not isinstance(item, (dict, list)) for item in value)
        return self.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flat)

    def number(self, value: float) -> Any:
        text = repr(value).replace("inf", ".inf").replace("nan", ".nan")
        return self.represent_scalar("tag:yaml.org,2002:float", text)

    def nothing(self, _: None) -> Any:
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


class _Careful(_Representer):
    """Puts every text in quotes, on one line."""

    def text(self, value: str) -> Any:
        return self.represent_scalar("tag:yaml.org,2002:str", value, style='"')


def _is_block(value: str) -> bool:
    """Whether a text can stand below its key as it is."""
    lines = value.split("\n")
    return value[:1].strip() != "" and all(
        line.isprintable() and not line.endswith(" ") for line in lines
    )


_Representer.add_representer(str, _Representer.text)


_Representer.add_representer(list, _Representer.row)


_Representer.add_representer(float, _Representer.number)


_Representer.add_representer(type(None), _Representer.nothing)


_Careful.add_representer(str, _Careful.text)


def to_yaml(data: dict[str, Any]) -> str:
    """Return plain data as YAML 1.2 that :func:`~cxsim.scenario.yaml_text.parse` gives back."""
    text = _dumped(data, _Representer, width=100)
    # The emitter breaks some long lines of odd characters where no space was.
    if parse(text).value != _as_read(data):
        text = _dumped(data, _Careful, width=MAX_BYTES)
    return text


def _as_read(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_read(held) for key, held in value.items()}
    return tuple(map(_as_read, value)) if isinstance(value, list) else value


def _dumped(data: dict[str, Any], representer: type[_Representer], width: int) -> str:
    yaml = YAML(typ="rt", pure=True)
    yaml.Representer = representer
    yaml.allow_unicode = True
    yaml.width = width
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def write_whole(path: Path, text: str) -> Path:
    """Write a file whole or not at all: under a temporary name beside it, then renamed.

    Raises
    ------
    ScenarioError
        If it cannot be written; nothing is left behind.
    """
    try:
        path.parent.stat()  # a folder that is not there is not made up
        with whole_file(path) as draft:
            draft.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        problem = f"expected a file that can be written, found {reason}"
        raise ScenarioError(Problem(Place(str(path)), (), problem)) from None
    return path
