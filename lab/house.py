"""Count the house: files, floors, circles, lines of code and of documentation, by part.

``python -m lab.house`` prints the figures of today beside those of ``lab/house.json``, which were
counted before the house was put in order; ``--keep`` writes them anew.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EARLIER = Path(__file__).with_name("house.json")
#: From the ground up; a module may import from its own part and from lower floors only.
FLOORS: list[set[str]] = [
    {"_lazy", "_version", "analytic", "files", "identity", "messages", "numerics", "parameters"},
    {"firms", "model"},
    {"engine", "scenario"},
    {"runs"},
    {"calibration", "charts", "study"},
    {"strategy"},
    {"plot", "report"},
    {"cli"},
    {"__main__"},
]
#: What is counted, and from which tops a part is shown for each folder.
TOPS = ("cxsim", "classroom", "lab", "validation", "benchmarks", "fuzz", "docs", "tests")
#: Tokens that are no code of their own.
_SPACE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
          tokenize.ENCODING, tokenize.ENDMARKER}  # fmt: skip
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass
class Counted:
    """Figures of some files.

    Attributes
    ----------
    files, raw, code, documentation : int
        Number of files, and of their lines: all, those of code (without blanks, comments and
        docstrings), those of docstrings.
    lengths : list of int
        Lines of code of each function.
    arguments : list of int
        Parameters of each function.
    """

    files: int = 0
    raw: int = 0
    code: int = 0
    documentation: int = 0
    lengths: list[int] = field(default_factory=list)
    arguments: list[int] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Return them by name, as they are printed."""
        lengths = sorted(self.lengths) or [0]
        return {
            "files": self.files,
            "raw": self.raw,
            "code": self.code,
            "docs/code": round(self.documentation / max(self.code, 1), 2),
            "functions": len(self.lengths),
            "mean length": round(sum(lengths) / len(lengths), 1),
            "90 %": lengths[int(0.9 * (len(lengths) - 1))],
            "parameters": max(self.arguments, default=0),
        }


def _docstrings(tree: ast.Module) -> set[int]:
    """Return the lines of all docstrings."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, *_FUNCTION)) and ast.get_docstring(node):
            text = node.body[0]
            lines.update(range(text.lineno, (text.end_lineno or text.lineno) + 1))
    return lines


def _code_lines(source: str, docstrings: set[int]) -> set[int]:
    """Return the lines that hold code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _SPACE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines - docstrings


def count(paths: Iterable[Path]) -> Counted:
    """Count some files; ``__init__.py`` counts as lines and not as a file.

    Parameters
    ----------
    paths : iterable of Path
    """
    found = Counted()
    for path in paths:
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        docstrings = _docstrings(tree)
        code = _code_lines(source, docstrings)
        found.files += path.name != "__init__.py"
        found.raw += source.count("\n")
        found.code += len(code)
        found.documentation += len(docstrings)
        for node in ast.walk(tree):
            if isinstance(node, _FUNCTION):
                inside = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                given = node.args
                found.lengths.append(len(code.intersection(inside)))
                found.arguments.append(
                    len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs)
                )
    return found


# -- imports -----------------------------------------------------------------------------


def modules(top: str = "cxsim") -> dict[str, Path]:
    """Return the files of a package by module name.

    Parameters
    ----------
    top : str
    """
    found = {}
    for path in sorted((ROOT / top).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imported(tree: ast.Module, known: dict[str, Path]) -> Iterator[str]:
    """Yield the modules that a module imports when it is imported itself."""
    todo: list[ast.stmt] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in known else node.module
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            todo += [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.stmt)]


def imports(top: str = "cxsim") -> dict[str, set[str]]:
    """Return which modules each module imports at its top.

    Parameters
    ----------
    top : str
    """
    known = modules(top)
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found[name] = {m for m in _imported(tree, known) if m in known and m != name}
    return found


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups that import each other, by Tarjan's algorithm.

    Parameters
    ----------
    graph : dict of str to set of str
    """
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in order:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == order[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def part_of(module: str) -> str:
    """Return the part that a module belongs to: what stands directly below the package."""
    return module.split(".")[1] if "." in module else "__init__"


def floors(graph: dict[str, set[str]]) -> dict[str, int]:
    """Return the floor of each part, from 1 up, as its imports have it.

    Parameters
    ----------
    graph : dict of str to set of str
        Of modules.
    """
    below: dict[str, set[str]] = defaultdict(set)
    for name, others in graph.items():
        here = part_of(name)
        below[here] |= {part_of(m) for m in others} - {here, "__init__"}
    height: dict[str, int] = {}

    def floor(part: str, way: tuple[str, ...] = ()) -> int:
        if part in way:
            return 0  # a circle, which is counted by itself
        if part not in height:
            height[part] = 1 + max((floor(p, (*way, part)) for p in below[part]), default=0)
        return height[part]

    for part in sorted(below):
        floor(part)
    height.pop("__init__", None)
    return height


def figures() -> dict[str, dict[str, float]]:
    """Return all figures: by top, by part of the package, and of the house."""
    found: dict[str, dict[str, float]] = {}
    for top in TOPS:
        paths = sorted((ROOT / top).rglob("*.py")) if (ROOT / top).is_dir() else []
        if paths:
            found[top] = count(paths).figures()
    parts: dict[str, list[Path]] = defaultdict(list)
    for name, path in modules().items():
        parts[part_of(name) if (ROOT / "cxsim" / part_of(name)).is_dir() else "top level"].append(
            path
        )
    for part, paths in sorted(parts.items()):
        found[f"cxsim/{part}"] = count(paths).figures()
    graph = imports()
    names = Counter(path.name for path in modules().values() if path.name != "__init__.py")
    found["house"] = {
        "files": found["cxsim"]["files"],
        "floors": max(floors(graph).values()),
        "circles": len(circles(graph)),
        "share a basename": sum(n for n in names.values() if n > 1),
    }
    return found


def table(now: dict[str, dict[str, float]], before: dict[str, dict[str, float]]) -> str:
    """Return both as text, those of before in brackets where they differ."""
    lines = []
    for name in [*now, *(n for n in before if n not in now)]:
        here, there = now.get(name, {}), before.get(name, {})
        cells = []
        for key in here or there:
            value, old = here.get(key, 0), there.get(key, 0)
            cells.append(f"{key} {value:,}" + (f" ({old:,})" if old != value else ""))
        lines.append(f"{name:22s} {'; '.join(cells)}")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--keep", action="store_true", help="write the earlier figures anew")
    reader.add_argument("--circles", action="store_true", help="name what imports each other")
    given = reader.parse_args()
    now = figures()
    if given.keep:
        EARLIER.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    before = json.loads(EARLIER.read_text(encoding="utf-8")) if EARLIER.is_file() else {}
    print(table(now, before))
    if given.circles:
        for circle in circles(imports()):
            print("circle:", ", ".join(circle))
        for part, floor in sorted(floors(imports()).items(), key=lambda each: each[1]):
            print(floor, part)


if __name__ == "__main__":
    main()
