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
    StreamEndEvent,
)
from ruamel.yaml.representer import RoundTripRepresenter

from cxsim.files.whole import whole_file
from cxsim.messages import Place, Problem, ScenarioError

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
        return _Reader(YAML(typ="base", pure=True).parse(text)).document()
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
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else None
        reason = getattr(error, "reason", None) or "cannot be read"
        raise YamlError(f"expected YAML, found a mistake: {reason}", line) from None
    except Exception as error:  # noqa: BLE001 - the scanner's own slips on odd text
        raise YamlError(f"expected YAML, found text that cannot be read ({error})") from None


@dataclass
class _Node:
    """A value as read, what is in it by key or number with its line, and how many values it is."""

    value: Any
    below: dict[Any, tuple[int, _Node]] = field(default_factory=dict)
    size: int = 1

    def mark(self, lines: dict[KeyPath, int], path: KeyPath) -> dict[KeyPath, int]:
        """Enter the lines of all that is below."""
        for key, (line, node) in self.below.items():
            lines[*path, key] = line
            node.mark(lines, (*path, key))
        return lines


class _Reader:
    """Reads one document from parser events, counting as it goes.

    Ruamel's own loaders would not do: the round-trip one takes 1.7 times as long, gives an item
    that is an alias the line of its anchor, knows no keys when an alias is at fault, and reads
    ``1_000`` and ``2024-01-31`` as more than texts.
    """

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.anchors: dict[str, _Node | None] = {}
        self.size = 0

    def document(self) -> Document:
        next(self.events)  # the stream starts
        event = next(self.events)
        if isinstance(event, StreamEndEvent):
            return Document(None, {})
        root = self.node(next(self.events), ())
        next(self.events)  # the document ends
        event = next(self.events)
        if isinstance(event, DocumentStartEvent):
            raise YamlError("expected one YAML document, found a second", _line(event))
        return Document(root.value, root.mark({}, ()))

    def node(self, event: Any, path: KeyPath) -> _Node:
        before = self.size
        self.count(1, event, path)
        if isinstance(event, AliasEvent):
            return self.alias(event, path)
        tag = getattr(event, "tag", None)
        if tag is not None and not (isinstance(event, ScalarEvent) and tag == _STR):
            raise YamlError(f"expected a plain value, found the tag {str(tag)!r}",
                            _line(event), path)  # fmt: skip
        if len(path) > MAX_DEPTH:
            text = f"expected at most {MAX_DEPTH} levels, found more"
            raise YamlError(text, _line(event), path[:3])
        if event.anchor:
            self.anchors[event.anchor] = None  # being read: an alias to it would be endless
        if isinstance(event, ScalarEvent):
            node = _Node(self.scalar(event, path))
        elif isinstance(event, MappingStartEvent):
            node = self.mapping(path)
        else:
            node = self.sequence(path)
        node.size = self.size - before
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def count(self, size: int, event: Any, path: KeyPath) -> None:
        self.size += size
        if self.size > MAX_VALUES:
            text = f"expected at most {MAX_VALUES} values (aliases counted each time), found more"
            raise YamlError(text, _line(event), path[:3])

    def alias(self, event: Any, path: KeyPath) -> _Node:
        name = event.anchor
        if name not in self.anchors:
            raise YamlError(f"expected a known anchor, found {name!r}", _line(event), path)
        node = self.anchors[name]
        if node is None:
            text = f"expected a value, found an alias to what contains it ({name!r})"
            raise YamlError(text, _line(event), path)
        self.count(node.size - 1, event, path)
        return node

    def scalar(self, event: Any, path: KeyPath) -> Any:
        text = str(event.value)
        if any("\ud800" <= c <= "\udfff" for c in text):
            what = "expected text, found half a character (\\ud800-\\udfff)"
            raise YamlError(what, _line(event), path)
        is_plain = not event.style and event.tag is None
        return plain_scalar(text) if is_plain else text

    def mapping(self, path: KeyPath) -> _Node:
        written: dict[str, tuple[int, _Node]] = {}
        merged: dict[str, tuple[int, _Node]] | None = None
        while not isinstance(event := next(self.events), MappingEndEvent):
            key, line = self.key(event, path), _line(event)
            here = (*path, key)
            if key in written:
                raise YamlError(
                    f"expected each key once, found {key!r} on line {written[key][0]} "
                    f"and again on line {line}",
                    line,
                    here,
                )
            written[key] = line, self.node(next(self.events), here)
            if key == MERGE and not event.style:
                merged = _merged(*written[key], here)
        if merged is not None:
            del written[MERGE]
            written = {**merged, **written}  # what is merged gives way to what is written
        return _Node({key: node.value for key, (_, node) in written.items()}, written)

    def key(self, event: Any, path: KeyPath) -> str:
        if not isinstance(event, ScalarEvent):
            raise YamlError("expected a text as key, found a composed one", _line(event), path)
        key = self.node(event, path).value
        if not isinstance(key, str):
            written = str(event.value)
            quoted = f" (write it in quotes: '{written}')" if written else ""
            text = f"expected a text as key, found {written or 'nothing'}{quoted}"
            raise YamlError(text, _line(event), path)
        return key

    def sequence(self, path: KeyPath) -> _Node:
        items: dict[int, tuple[int, _Node]] = {}
        while not isinstance(event := next(self.events), SequenceEndEvent):
            number = len(items)
            items[number] = _line(event), self.node(event, (*path, number))
        return _Node(tuple(node.value for _, node in items.values()), items)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _merged(line: int, node: _Node, path: KeyPath) -> dict[str, tuple[int, _Node]]:
    """Return the entries that ``<<`` brings in: of several mappings the first counts."""
    parts = [part for _, part in node.below.values()] if isinstance(node.value, tuple) else [node]
    if not parts or not all(isinstance(part.value, dict) for part in parts):
        raise YamlError("expected a mapping to merge, or a list of them", line, path)
    result: dict[str, tuple[int, _Node]] = {}
    for part in parts:
        for key, entry in part.below.items():
            result.setdefault(key, entry)
    return result


# -- What an unquoted word of YAML means -------------------------------------------------------


#: The key that brings another mapping's entries in, as in ``<<: *alike``.
MERGE = "<<"


_WORDS = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)


_DECIMAL = re.compile(r"[-+]?[0-9]+")


_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")


_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


#: Largest whole number that is a double.
_MOST = int(sys.float_info.max)


def plain_scalar(text: str) -> Any:
    """Return the value of an unquoted word by the core schema of YAML 1.2.

    Parameters
    ----------
    text : str

    Returns
    -------
    str, int, float, bool or None

    Examples
    --------
    >>> plain_scalar("12"), plain_scalar("1e3"), plain_scalar("yes"), plain_scalar("null")
    (12, 1000.0, 'yes', None)
    """
    if text in _WORDS:
        return _WORDS[text]
    if _DECIMAL.fullmatch(text):
        return whole(int(text)) if len(text) <= 400 else float(text)  # Python reads no longer ones
    if _BASED.fullmatch(text):
        return whole(int(text, 0))
    if _FLOAT.fullmatch(text):
        return float(text)
    return float(text.replace(".", "")) if _NO_NUMBER.fullmatch(text) else text


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


for _kind, _write in (
    (str, _Representer.text),
    (list, _Representer.row),
    (float, _Representer.number),
    (type(None), _Representer.nothing),
):
    _Representer.add_representer(_kind, _write)


_Careful.add_representer(str, _Careful.text)


def to_yaml(data: dict[str, Any]) -> str:
    """Return plain data as YAML 1.2 that :func:`~cxsim.scenario.yaml_text.parse` gives back.

    Parameters
    ----------
    data : dict
        Plain data.

    Returns
    -------
    str
    """
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
