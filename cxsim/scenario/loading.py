"""Scenario files as plain data, with what they extend; every value keeps its line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cxsim.files.whole import is_file
from cxsim.messages import Place, Problem, ScenarioError, found, hint
from cxsim.scenario.calendar import ADD, REPLACE, Entry, added, entries, fitted, periods_of
from cxsim.scenario.fields import Spec
from cxsim.scenario.schema import TEXTS
from cxsim.scenario.yaml_text import MAX_BYTES, MAX_DEPTH, MAX_VALUES, YamlError, parse, whole

# -- Scenario files as plain data, with what they extend; every value keeps its line -----------


Keys = tuple[str | int, ...]


#: Key under which a file states the digest of what it extends.
DIGEST = "extends_digest"


@dataclass(frozen=True)
class Base:
    """What a file extends, where it states the digest of that.

    Attributes
    ----------
    source : Source
        What is extended, as it is now.
    digest : str
        What it was when the file was written.
    place : Place
        Where the digest stands.
    """

    source: Source
    digest: str
    place: Place


@dataclass(frozen=True)
class Source:
    """A scenario as written, before validation.

    Attributes
    ----------
    raw : dict
        Its data, what it extends merged in.
    where : dict
        For each key the place its value came from; a value has the place of the
        nearest key above it that is listed.
    name : str
        Name where the data give none.
    place : Place
        What the scenario as a whole came from.
    late : tuple of Entry
        Events left out because the run was shortened to end before them.
    folder : str
        Where code is looked for that is named outside of any file: the current folder.
    folders : dict
        Real folder of each file that it came from, by what places call the file.
    bases : tuple of Base
        What it extends where a file states the digest of that.
    """

    raw: dict[str, Any]
    where: dict[Keys, Place] = field(repr=False)
    name: str
    place: Place
    late: tuple[Entry, ...] = ()
    folder: str = field(default_factory=lambda: real_folder("."), repr=False)
    folders: Mapping[str, str] = field(default_factory=dict, repr=False)
    bases: tuple[Base, ...] = field(default=(), repr=False)

    def folder_of(self, keys: Keys) -> str:
        """Return the folder of the file that the value at ``keys`` came from.

        Parameters
        ----------
        keys : tuple of str or int

        Returns
        -------
        str
            A real path.
        """
        return self.folders.get(self.at(keys).source, self.folder)

    def at(self, keys: Keys) -> Place:
        """Return the place of the value at ``keys``, or of what contains it.

        Parameters
        ----------
        keys : tuple of str or int

        Returns
        -------
        Place
            File and line.
        """
        for length in range(len(keys), 0, -1):
            if keys[:length] in self.where:
                return self.where[keys[:length]]
        return self.place


def real_folder(folder: str | Path) -> str:
    """Return the real path of a folder; as it is, where the current folder is gone."""
    try:
        return os.path.realpath(folder)
    except OSError:
        return str(folder)


def read_yaml(path: Path) -> tuple[Any, dict[Keys, Place]]:
    """Read one YAML file: its value, and the place of every key.

    Parameters
    ----------
    path : Path
        A file of at most 1 MiB in UTF-8.

    Raises
    ------
    ScenarioError
        If it cannot be read or is not YAML 1.2.
    """
    place = Place(shown_path(path))

    def fail(text: str, line: int | None = None, keys: Keys = ()) -> ScenarioError:
        return ScenarioError(Problem(Place(place.source, line), keys, text))

    if path.exists() and not is_file(path) and not path.is_dir():
        raise fail("expected a file, found something else")  # a pipe would keep us waiting
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise fail(f"expected a file that can be read, found {reason(error)}") from None
    if len(data) > MAX_BYTES:
        raise fail(f"expected at most {MAX_BYTES} bytes, found more")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise fail(f"expected UTF-8 text, found byte 0x{data[error.start]:02x}", line) from None
    try:
        document = parse(text)
    except YamlError as problem:
        raise fail(problem.reason, problem.line, problem.path) from None
    return document.value, {k: Place(place.source, at) for k, at in document.lines.items()}


def read(path: Path, root: Spec) -> Source:
    """Read a scenario file and everything it extends.

    Parameters
    ----------
    path : Path
        The file.
    root : Spec
        What a scenario may contain; says which mappings are by name.

    Raises
    ------
    ScenarioError
        If a file cannot be read or found, is not a mapping, or extends itself.
    """
    return _read(Path(path), root, ())


def _read(path: Path, root: Spec, chain: tuple[Path, ...]) -> Source:
    written = Source(*read_yaml(path), path.stem, Place(shown_path(path)))
    return _extend(written, path.parent, root, (*chain, path))


def read_mapping(
    data: Any, root: Spec, *, name: str = "scenario", folder: Path | None = None
) -> Source:
    """Take a scenario from a mapping.

    Parameters
    ----------
    data : mapping
    root : Spec
        What a scenario may contain.
    name : str
        What messages call it.
    folder : Path, optional
        Where what it extends, and code that it names, is looked for; default the current folder.

    Raises
    ------
    ScenarioError
        If it is not a mapping of plain values, or what it extends is at fault.
    """
    place, folder = Place(name), folder or Path()
    raw = plain(data, place)
    written = Source(raw, dict.fromkeys(_keys(raw), place), name, place)
    return replace(_extend(written, folder, root, ()), folder=real_folder(folder))


def _keys(value: Any, keys: Keys = ()) -> Iterator[Keys]:
    """Yield the keys of a value and of all that is in it."""
    if keys:
        yield keys
    if isinstance(value, (dict, tuple)):
        for key, held in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _keys(held, (*keys, key))


def _extend(written: Source, folder: Path, root: Spec, chain: tuple[Path, ...]) -> Source:
    """Return what was written with what it extends; ``chain`` are the files that led to it."""
    raw: Any = written.raw
    place = written.place
    if not isinstance(raw, dict):
        what = "an empty file" if raw is None else found(raw)
        raise ScenarioError(Problem(place, (), f"expected a mapping of parameters, found {what}"))
    # The real folder, while we know where we are: code is looked for there when a run starts.
    folders = {place.source: real_folder(folder)} if chain else {}
    raw = root.whole(raw)
    if REPLACE in raw:
        raw[REPLACE] = root.whole({ADD: raw[REPLACE]})[ADD]
    written = replace(written, raw=raw, folders=folders)
    if "extends" in raw:
        parent = _read(_extended(written, folder, chain), root, chain)
        return _joined(parent, replace(written, bases=_bases(parent, written)), root)
    for key, instead in ((REPLACE, " (here write events)"), (DIGEST, "")):
        if key in raw:
            text = f"expected only in a file that extends another{instead}"
            raise ScenarioError(Problem(written.at((key,)), (key,), text))
    return written


def _bases(parent: Source, written: Source) -> tuple[Base, ...]:
    """Return what a file extends if it states its digest, and what that extends so."""
    if DIGEST not in written.raw:
        return parent.bases
    stated, place = written.raw[DIGEST], written.at((DIGEST,))
    if not (isinstance(stated, str) and re.fullmatch("[0-9a-f]{16}", stated)):
        text = f"expected 16 hex digits in quotes, found {found(stated)}"
        raise ScenarioError(Problem(place, (DIGEST,), text))
    return (*parent.bases, Base(parent, stated, place))


def _extended(written: Source, folder: Path, chain: tuple[Path, ...]) -> Path:
    """Return the file that is extended."""
    name, asked = written.raw["extends"], (written.at(("extends",)), ("extends",))
    if not isinstance(name, str) or not name:
        text = f"expected a file or the name of a scenario, found {found(name)}"
        raise ScenarioError(Problem(*asked, text))
    path = find(name, folder=folder, asked=asked)
    resolved = [each.resolve() for each in chain]
    if path.resolve() in resolved:
        cycle = [*chain[resolved.index(path.resolve()) :], path]
        shown = " -> ".join(each.name for each in cycle)
        raise ScenarioError(Problem(*asked, f"expected no cycle, found {shown}"))
    return path


def _joined(parent: Source, written: Source, root: Spec) -> Source:
    """Return the data of both, then the events that are added to the parent's or replace them."""
    own = {key: value for key, value in written.raw.items() if key not in ("extends", DIGEST)}
    calendar = {key: own.pop(key) for key in (REPLACE, ADD) if key in own}
    both = _imports(parent, written)
    # Every file speaks for itself: a variant does not carry its parent's name and claim.
    inherited = {key: value for key, value in parent.raw.items() if key not in TEXTS}
    where: dict[Keys, Place] = {}
    raw = _merge(inherited, own, root, (), parent.where, written.where, where)
    if both:
        raw["imports"] = tuple(name for name, _ in both)
        where |= {("imports", number): place for number, (_, place) in enumerate(both)}
    late, stated = parent.late, range(0)
    for key, events in calendar.items():
        new = entries(calendar, written.where, key) if isinstance(events, tuple) else events
        first = len(stated) if key == ADD and REPLACE in calendar else None
        raw, where, numbers = added(
            raw, where, new, replace=key == REPLACE, place=written.at((key,)), key=key
        )
        stated = numbers if first is None else range(first + len(numbers))
        late = () if key == REPLACE else late
    before = periods_of(parent.raw)
    if before is not None:
        raw, where, late = fitted(raw, where, late, before=before, stated=stated)
    folders = {**parent.folders, **written.folders}
    return replace(written, raw=raw, where=where, late=late, folders=folders)


def _imports(parent: Source, written: Source) -> list[tuple[Any, Place]]:
    """Return what both import and where they say so, the parent's first; empty if not both do."""
    both: list[tuple[Any, Place]] = []
    for source in (parent, written):
        names = source.raw.get("imports")
        if not isinstance(names, tuple):
            return []
        known = [name for name, _ in both]
        both += [(n, source.at(("imports", k))) for k, n in enumerate(names) if n not in known]
    return both


def _merge(
    parent: Any,
    child: Any,
    spec: Spec | None,
    keys: Keys,
    parent_where: Mapping[Keys, Place],
    child_where: Mapping[Keys, Place],
    where: dict[Keys, Place],
) -> Any:
    """Merge mappings key by key, the child's values first; anything else is the child's."""
    if not (isinstance(parent, dict) and isinstance(child, dict)):
        _copy_places(keys, child, child_where, where)
        return child
    if keys in child_where:
        where[keys] = child_where[keys]
    merged: dict[str, Any] = {}
    for key in (*parent, *(key for key in child if key not in parent)):
        here = (*keys, key)
        below = spec.child(key) if spec else None
        if key not in child:
            merged[key] = parent[key]
            _copy_places(here, parent[key], parent_where, where)
        elif key not in parent:
            merged[key] = child[key]
            _copy_places(here, child[key], child_where, where)
        elif child[key] is None and spec and spec.values and below and not below.nullable:
            continue  # null under a mapping by name takes the name out
        else:
            both = (parent_where, child_where, where)
            merged[key] = _merge(parent[key], child[key], below, here, *both)
    return merged


def _copy_places(
    keys: Keys, value: Any, source: Mapping[Keys, Place], where: dict[Keys, Place]
) -> None:
    """Copy the places of a value and of all that is in it."""
    if keys in source:
        where[keys] = source[keys]
    if isinstance(value, dict):
        for key, held in value.items():
            _copy_places((*keys, key), held, source, where)
    elif isinstance(value, tuple):
        for number, held in enumerate(value):
            _copy_places((*keys, number), held, source, where)


def plain(value: Any, place: Place, keys: Keys = ()) -> Any:
    """Return plain data: dictionaries with text keys, tuples, and scalars.

    Numbers and arrays of NumPy become Python's; models of this package become
    dictionaries of what was set in them. Anything else is left for validation
    to refuse.

    Parameters
    ----------
    value : object
        As Python code may give it.
    place : Place
        What it came from, for messages.
    keys : tuple of str or int
        Where it stands.

    Returns
    -------
    object

    Raises
    ------
    ScenarioError
        If a key is no text, or the data are too deep or too many (or contain themselves).
    """
    return _plain(value, place, keys, [0])


def _plain(value: Any, place: Place, keys: Keys, count: list[int]) -> Any:
    count[0] += 1
    if len(keys) > MAX_DEPTH or count[0] > MAX_VALUES:
        limit = f"{MAX_DEPTH} levels" if len(keys) > MAX_DEPTH else f"{MAX_VALUES} values"
        raise ScenarioError(Problem(place, keys[:3], f"expected at most {limit}, found more"))
    if isinstance(value, str):
        if any("\ud800" <= c <= "\udfff" for c in value):
            raise ScenarioError(Problem(place, keys, "expected text, found half a character"))
        return str(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return whole(value)
    if isinstance(value, float):
        return float(value)
    if hasattr(value, "model_dump"):
        value = value.model_dump(exclude_unset=True)
    elif hasattr(value, "tolist") and hasattr(value, "dtype"):
        value = value.tolist()
        if not isinstance(value, list):
            return _plain(value, place, keys, count)
    if isinstance(value, Mapping):
        result: dict[str, Any] = {}
        for key, held in value.items():
            if not isinstance(key, str):
                text = f"expected a text as key, found {found(key)}"
                raise ScenarioError(Problem(place, keys, text))
            result[_plain(key, place, keys, count)] = _plain(held, place, (*keys, key), count)
        return result
    if isinstance(value, (list, tuple)):
        return tuple(_plain(v, place, (*keys, i), count) for i, v in enumerate(value))
    return value


# -- Which file a scenario's name or path means ------------------------------------------------


def find(
    name_or_path: str | Path,
    *,
    folder: Path | None = None,
    asked: tuple[Place, tuple[str | int, ...]] | None = None,
) -> Path:
    """Return the file of a scenario.

    Parameters
    ----------
    name_or_path : str or Path
        A file, or the name of a scenario that ships with the package. A file of
        that name comes first.
    folder : Path, optional
        What a relative path starts from (default: the current folder).
    asked : tuple of Place and keys, optional
        Which value of which file asks for it, for messages.

    Raises
    ------
    ScenarioError
        If it is neither; with the nearest name that exists.
    """
    folder = folder or Path()
    text = str(name_or_path)
    place, keys = asked or (Place(text), ())

    def fail(what: str) -> ScenarioError:
        return ScenarioError(Problem(place, keys, what))

    if not text or "\0" in text:
        raise fail(f"expected a file or the name of a scenario, found {found(text)}")
    path = folder / text
    shipped = shipped_scenarios()
    try:
        if path.is_file():
            return path
        is_folder = path.is_dir()
        exists = path.exists()
    except OSError as error:
        raise fail(f"expected a file, found {reason(error)}") from None
    if text in shipped:
        return shipped[text]
    if is_folder:
        raise fail("expected a file, found a folder" + (f" ({text})" if asked else ""))
    if exists:
        raise fail("expected a file, found something else")
    subject = f" {found(text)}" if asked else ""
    is_path = isinstance(name_or_path, Path) or any(mark in text for mark in "/\\")
    if is_path or text.endswith((".yaml", ".yml")):
        near = hint(path.name, _files(path.parent), listed=0)
        if not near and path.stem in shipped:
            near = f" (did you mean {path.stem!r}?)"
        raise fail(f"expected a file, found no file{subject}{near}")
    raise fail(
        f"expected a file or the name of a scenario, found neither{subject}"
        + hint(text, [*shipped, *_files(folder)], listed=20)
    )


def shown_path(path: Path) -> str:
    """Return a file's label in messages: its path from the current folder, if it is below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def _files(folder: Path) -> list[str]:
    try:
        return [each.name for each in folder.iterdir() if each.suffix in (".yaml", ".yml")]
    except OSError:
        return []


def reason(error: OSError) -> str:
    """Return the operating system's message, in lower case."""
    return error.strerror.lower() if error.strerror else type(error).__name__


# -- Where the scenario files and notebooks that come with the package are ---------------------


_PACKAGE = Path(__file__).resolve().parent.parent


def shipped_root(kind: str = "params") -> Path:
    """Return the folder of what ships with the package.

    Parameters
    ----------
    kind : {"params", "notebooks"}
        Which of the two. An installed package carries them inside itself; in a
        checkout they lie beside it.

    Raises
    ------
    ValueError
        If ``kind`` is neither.
    """
    if kind not in ("params", "notebooks"):
        raise ValueError(f"expected 'params' or 'notebooks', found {kind!r}")
    inside = _PACKAGE / "_shipped" / kind
    return inside if inside.is_dir() else _PACKAGE.parent / kind


def shipped_scenarios() -> dict[str, Path]:
    """Return the scenario files that ship, by name, in order of name."""
    folder = shipped_root("params") / "scenarios"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def shipped_studies() -> dict[str, Path]:
    """Return the study files that ship, by name, in order of name."""
    folder = shipped_root("params") / "studies"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
