"""Syntax trees of functions and modules, and the names of libraries outside of a project.

The text behind a function in memory is looked up in its file. Docstrings, comments and
positions do not count. A file may have been edited since it was imported, so the tree counts
only if what it compiles to is the code in memory; else that code itself does, which is the same
on one version of Python alone.
"""

from __future__ import annotations

import ast
import functools
import gc
import hashlib
import importlib.metadata
import importlib.util
import inspect
import linecache
import re
import sys
import sysconfig
from collections.abc import Iterable
from opcode import opmap
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

# -- What lies outside of a project's own code: libraries, and what they read from elsewhere ---


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


# -- What a function says, without how it is written: its syntax tree, checked against what runs


#: A name and the attributes asked of it, as in ``margins.margin``.
Chain = tuple[str, ...]


_HAS_DOCSTRING = 0x4000000  # a flag of code from Python 3.13 on


_LOAD_CONST = opmap["LOAD_CONST"]


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


_SCOPES = (*_FUNCTIONS, ast.ClassDef)


class Text(NamedTuple):
    """The syntax tree of a function, as a digest.

    Attributes
    ----------
    digest : bytes
        Of its tree, defaults and annotations of its own arguments aside.
    chains : tuple of tuple of str
        Names that it may take from outside, with the attributes asked of them.
    imports : dict
        Names that it imports itself: module, attribute (or None) and level.
    attributes : frozenset of str
        Attributes that it asks of anything.
    files : frozenset of str
        Texts in it that may be names of scenario or study files.
    exact : bool
        Whether it is of a tree; else ``chains`` are all names in the code.
    """

    digest: bytes
    chains: tuple[Chain, ...]
    imports: dict[str, tuple[str, str | None, int]]
    attributes: frozenset[str]
    files: frozenset[str]
    exact: bool


class _File:
    """A file that was read: what its functions say, and, if asked, what they compile to."""

    def __init__(self, filename: str, lines: list[str], writer: _Writer):
        self.lines = lines
        self.texts = writer.texts
        self.whole = _hashed(*(word.encode("utf-8", "surrogatepass") for word in writer.out))
        self._filename = filename

    @functools.cached_property
    def codes(self) -> dict[str, list[CodeType]]:
        """All code in it by qualified name."""
        found: dict[str, list[CodeType]] = {}
        todo = [compile("".join(self.lines), self._filename, "exec", dont_inherit=True)]
        for code in todo:
            found.setdefault(code.co_qualname, []).append(code)
            todo += [c for c in code.co_consts if isinstance(c, CodeType)]
        return found


_files: dict[str, _File | None] = {}


#: Texts by what code does, for functions that came from another process without their file.
_given: dict[bytes, Text] = {}


_texts: dict[int, tuple[CodeType, Text]] = {}


def text_of(code: CodeType, module_globals: dict[str, Any] | None = None) -> Text:
    """Return what a function's code says.

    Parameters
    ----------
    code : code
    module_globals : dict, optional
        Where the code runs; needed for files inside archives.
    """
    known = _texts.get(id(code))
    if known is None:
        if len(_texts) > 50_000:
            _texts.clear()
        own = _of_code(code)
        text = _found(code, module_globals) or _given.get(own.digest) or own
        known = _texts[id(code)] = (code, text)
    return known[1]


def texts_of(codes: Iterable[CodeType]) -> dict[bytes, Text]:
    """Return what functions say by what their code does, for processes that lack the files.

    Parameters
    ----------
    codes : iterable of code
    """
    return {_of_code(code).digest: text_of(code) for code in codes}


def learn(texts: dict[bytes, Text]) -> None:
    """Take what functions say that arrive from another process.

    Parameters
    ----------
    texts : dict
        Of :func:`texts_of`. They count only for code that does just what it did there.
    """
    _given.update(texts)


def tree_of_file(filename: str, codes: Iterable[CodeType]) -> bytes:
    """Return the digest of a whole file's tree, and of code in memory that is not in it.

    Parameters
    ----------
    filename : str
    codes : iterable of code
        Functions of the file, as they are in memory.
    """
    file = _file(filename, None)
    odd = [code for code in codes if file is None or _fresh(file, code) is None]
    parts = [b"" if file is None else file.whole, *sorted(_of_code(code).digest for code in odd)]
    return _hashed(*parts)


def _found(code: CodeType, module_globals: dict[str, Any] | None) -> Text | None:
    file = _file(code.co_filename, module_globals)
    fresh = None if file is None else _fresh(file, code)
    if file is None or fresh is None:
        return None
    texts = file.texts.get((fresh.co_firstlineno, code.co_name), [])
    if len(texts) == 1:
        return texts[0]
    if not texts:
        return None
    # Several on a line, as lambdas may be: the code says which, the trees of all what it means.
    own = _of_code(code)
    digest = _hashed(own.digest, *(text.digest for text in texts))
    return own._replace(digest=digest)


def _file(filename: str, module_globals: dict[str, Any] | None) -> _File | None:
    linecache.checkcache(filename)
    lines = linecache.getlines(filename, module_globals)
    known = _files.get(filename)
    if known is not None and known.lines is lines:
        return known
    made = _files[filename] = _read(filename, lines) if lines else None
    return made


def _read(filename: str, lines: list[str]) -> _File | None:
    collecting = gc.isenabled()
    gc.disable()  # a tree is many small objects, of which none is garbage yet
    try:
        writer = _Writer()
        writer.write(ast.parse("".join(lines)))
        return _File(filename, lines, writer)
    except (SyntaxError, ValueError, RecursionError):  # no Python any more
        return None
    finally:
        if collecting:
            gc.enable()


def _fresh(file: _File, code: CodeType) -> CodeType | None:
    """Return the code in a file that does what the code in memory does, None if there is none."""
    wanted = _essence(code)
    there = [c for c in file.codes.get(code.co_qualname, ()) if _essence(c) == wanted]
    there.sort(key=lambda c: c.co_firstlineno != code.co_firstlineno)
    return there[0] if there else None


# --- trees ------------------------------------------------------------------------


class _Writer:
    """Writes trees as lists of words, functions as digests of their own."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.chains: set[Chain] = set()
        self.imports: dict[str, tuple[str, str | None, int]] = {}
        self.attributes: set[str] = set()
        self.files: set[str] = set()
        self.texts: dict[tuple[int, str], list[Text]] = {}

    def write(self, node: Any, chained: bool = False) -> None:
        kind = node.__class__
        out = self.out
        if kind in _SCOPES:
            self._scope(node)
            return
        out.append(kind.__name__)
        if kind is ast.Attribute:
            self.attributes.add(node.attr)
            if not chained and (chain := _chain(node)):
                self.chains.add(chain)
            out.append(node.attr)
            self.write(node.value, True)
            return
        if kind is ast.Name:
            if not chained:
                self.chains.add((node.id,))
            out.append(node.id)
            return
        if kind is ast.Constant:
            out.append(f"{node.value.__class__.__name__} {_stable(node.value)}")
            if _is_file_name(node.value):
                self.files.add(node.value)
            return
        if kind is ast.Import or kind is ast.ImportFrom:
            self._imported(node)
        for name in kind._fields:
            value = getattr(node, name, None)
            if value is None or name in ("ctx", "type_comment", "kind", "type_ignores"):
                continue
            if value.__class__ is list:
                if value:
                    out.append(name)
                    self._list(value)
            elif isinstance(value, ast.AST):
                out.append(name)
                self.write(value)
            else:
                out.append(f"{name} {value!r}")
        out.append(")")

    def _list(self, values: list[Any]) -> None:
        for value in values:
            if isinstance(value, ast.AST):
                if not _is_remark(value):
                    self.write(value)
            else:
                self.out.append(repr(value))
        self.out.append("]")

    def _scope(self, node: Any) -> None:
        """Write a function or class: what is evaluated outside of it, then a digest of the rest."""
        lines = [node.lineno]
        for decorator in getattr(node, "decorator_list", ()):
            lines.append(decorator.lineno)
            self.write(decorator)
        for each in getattr(node, "type_params", ()):
            self.write(each)
        if isinstance(node, ast.ClassDef):
            self.out.append(f"class {node.name}")
            for each in (*node.bases, *node.keywords, *node.body):
                if not _is_remark(each):
                    self.write(each)
            return
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is None:
                self.out.append("None")
            else:
                self.write(default)
        arguments = _arguments(node.args)
        for each in (*arguments, node.args.vararg, node.args.kwarg):
            if each is not None and each.annotation is not None:
                self.write(each.annotation)
        if getattr(node, "returns", None) is not None:
            self.write(node.returns)
        name = getattr(node, "name", "<lambda>")
        text = self._function(node, arguments)
        self.texts.setdefault((min(lines), name), []).append(text)
        self.out.append(f"{name} {text.digest.hex()}")
        self.chains |= set(text.chains)
        self.imports |= text.imports
        self.attributes |= text.attributes
        self.files |= text.files

    def _function(self, node: Any, arguments: list[ast.arg]) -> Text:
        inner = _Writer()
        inner.texts = self.texts
        args = node.args
        inner.out += [type(node).__name__, *(each.arg for each in arguments)]
        inner.out.append(f"{len(args.posonlyargs)} {len(args.kwonlyargs)}")
        inner.out += [each.arg if each else "-" for each in (args.vararg, args.kwarg)]
        for each in [node.body] if isinstance(node, ast.Lambda) else node.body:
            if not _is_remark(each):
                inner.write(each)
        digest = _hashed(*(word.encode("utf-8", "surrogatepass") for word in inner.out))
        chains = tuple(sorted(inner.chains))
        attributes, files = frozenset(inner.attributes), frozenset(inner.files)
        return Text(digest, chains, inner.imports, attributes, files, exact=True)

    def _imported(self, node: Any) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                place = (node.module or "", alias.name, node.level)
            elif alias.asname:
                place = (alias.name, None, 0)
            else:
                place = (alias.name.partition(".")[0], None, 0)
            self.imports[alias.asname or alias.name.partition(".")[0]] = place


def _arguments(args: ast.arguments) -> list[ast.arg]:
    return [*args.posonlyargs, *args.args, *args.kwonlyargs]


def _is_remark(node: ast.AST) -> bool:
    """Whether it is a text that stands alone, such as a docstring, or nothing at all."""
    if isinstance(node, ast.Pass):
        return True
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _chain(node: ast.expr) -> Chain | None:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return (node.id, *reversed(names))
    return None


# --- code in memory ---------------------------------------------------------------


def names_in(code: CodeType) -> frozenset[str]:
    """Return the names that code asks for outside of its own variables, nested code included.

    Parameters
    ----------
    code : code
    """
    found = set(code.co_names) | set(code.co_freevars)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= names_in(constant)
    return frozenset(found)


def _of_code(code: CodeType) -> Text:
    names = names_in(code)
    chains = tuple((name,) for name in sorted(names))
    files = frozenset(filter(_is_file_name, code.co_consts))
    return Text(_hashed(repr(_essence(code)).encode()), chains, {}, names, files, exact=False)


def _is_file_name(value: Any) -> bool:
    return isinstance(value, str) and value.endswith((".yaml", ".yml")) and len(value) < 500


def _essence(code: CodeType) -> tuple[Any, ...]:
    """Return what code does, without where it stands and what its docstring says."""
    constants = [_stable_constant(constant) for constant in code.co_consts]
    if constants and _documented(code):
        constants[0] = "docstring"
    return (
        code.co_name, code.co_code, tuple(constants), code.co_names, code.co_varnames,
        code.co_freevars, code.co_cellvars, code.co_flags & ~_HAS_DOCSTRING, code.co_argcount,
        code.co_posonlyargcount, code.co_kwonlyargcount, code.co_exceptiontable,
    )  # fmt: skip


def _documented(code: CodeType) -> bool:
    """Whether the first constant is a docstring and nothing else."""
    if code.co_name == "<lambda>" or not isinstance(code.co_consts[0], str):
        return False
    if not code.co_flags & inspect.CO_NEWLOCALS or not code.co_flags & inspect.CO_OPTIMIZED:
        return False  # a class's or a module's: its code stores the docstring
    if sys.version_info >= (3, 13):
        return bool(code.co_flags & _HAS_DOCSTRING)
    words = code.co_code
    return not any(
        words[at] == _LOAD_CONST and words[at + 1] == 0 for at in range(0, len(words), 2)
    )


def _stable_constant(constant: Any) -> Any:
    if isinstance(constant, CodeType):
        return _essence(constant)
    if isinstance(constant, tuple):
        return tuple(_stable_constant(each) for each in constant)
    return f"{constant.__class__.__name__} {_stable(constant)}"


def _stable(value: Any) -> str:
    """Return the text of a constant; sets are in no order of their own."""
    if isinstance(value, (set, frozenset)):
        return str(sorted(map(_stable, value)))
    return repr(value)


def _hashed(*parts: bytes) -> bytes:
    made = hashlib.sha256()
    for part in parts:
        made.update(len(part).to_bytes(8, "little"))
        made.update(part)
    return made.digest()[:16]
