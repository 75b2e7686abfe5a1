"""Packages of a store that a journal takes, and whether one holds elsewhere.

A package is a folder: an RO-Crate 1.1 with the merged runs, studies, scenarios with all defaults,
model descriptions, codebook, versions, and checksums of everything.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cxsim._version import __version__
from cxsim.files.sealed import SUMS, seal_folder
from cxsim.files.whole import file_name, whole_folder
from cxsim.scenario.imports import bring_named
from cxsim.scenario.loading import shipped_root
from cxsim.scenario.yaml_text import to_yaml
from cxsim.study.odd import as_docx, as_html, sections
from cxsim.study.store import Store
from cxsim.study.store_folder import StoreError
from cxsim.study.store_upkeep import Verification, compact
from cxsim.study.store_upkeep import verify as verify_store

#: The file by which an RO-Crate is known.
SIGN = "ro-crate-metadata.json"

#: Kinds of files by the ends of their names, for the metadata.
_KINDS = {
    ".csv": "text/csv", ".docx":
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".html": "text/html", ".json": "application/json", ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet", ".py": "text/x-python",
    ".yaml": "application/yaml",
}  # fmt: skip

_CONTAINER = """\
FROM docker.io/library/python:{python}-slim
COPY . /package
RUN pip install --require-hashes -r /package/environment/requirements.lock \\
 && pip install --no-deps cxsim=={cxsim}
CMD ["cxsim", "verify", "/package", "--sample", "20"]
"""

_README = """\
# {title}

Results of {runs:,} simulated runs, made by cxsim {cxsim}, as a package for a journal or repository
(RO-Crate 1.1).

| what | where |
|---|---|
| runs, one row each | `store/runs/*.parquet` |
| what each column means | `codebook.csv` |
| studies: factors, design, seeds, outputs | `studies/` |
| scenarios with all defaults written out | `scenarios/` |
| description of the model after ODD, with the scenario's own values | `odd/` |
| code of mechanisms that are not the package's | `modules/` (if there are any) |
| versions and processes that made the runs | `versions.json` |
| environment, with hashes, and a container file | `environment/` |
| how to cite, licence | `CITATION.cff`, `LICENSE.txt` |
| SHA-256 of every file | `{sums}` |

Repeat a sample of the runs, and compare them to the bit:

    cxsim verify . --sample 20
"""


@dataclass(frozen=True)
class Archive:
    """A package that was written.

    Attributes
    ----------
    folder : Path
    runs, files : int
    """

    folder: Path
    runs: int
    files: int

    def sentence(self) -> str:
        """Return it in words."""
        return f"{self.folder}: {self.runs:,} runs in a package of {self.files:,} files"


def archive(
    store: Store,
    folder: str | Path,
    *,
    title: str = "",
    author: str = "",
    licence: str = "CC-BY-4.0",
    date: str | None = None,
) -> Archive:
    """Write a package of a store; the store stays as it is.

    Parameters
    ----------
    store : Store
    folder : str or Path
        New or empty, or an earlier package.
    title, author : str
        Default: the title of the first study; "not stated".
    licence : str
        SPDX identifier of the licence of the package.
    date : str, optional
        Day of publication, ``YYYY-MM-DD``; default: today.

    Raises
    ------
    StoreError
        If the store holds no study of a scenario.
    ValueError
        If licence or date are none.
    FileExistsError
        If the folder holds something else.
    """
    if not re.fullmatch(r"[A-Za-z0-9.+-]+", licence):
        raise ValueError(f"license: expected an SPDX identifier, found {licence!r}")
    day = date or datetime.now(UTC).strftime("%Y-%m-%d")
    try:
        datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"date: expected YYYY-MM-DD, found {day!r}") from None
    studies = {d: f for d, f in store.studies().items() if "scenario" in f["study"]}
    if not studies:
        raise StoreError(f"{store.folder}: expected a study of a scenario, found none")
    first = next(iter(studies.values()))
    facts = {
        "title": title or str(first["study"].get("title") or first["name"]),
        "author": author or "not stated", "licence": licence, "date": day,
        "runs": len(store), "cxsim": __version__, "sums": SUMS, "python": _python(),
    }  # fmt: skip
    with whole_folder(folder, sign=SIGN) as draft:
        _copy_store(store, draft / "store")
        _write_texts(draft, _texts(store, studies, facts))
        for path in sorted((store.folder / "scenarios").glob("*.yaml")):
            scenario = store.scenario(path.stem)
            parts = sections(scenario)
            (draft / "odd" / f"{path.stem}.docx").write_bytes(as_docx(parts))
            _write_texts(draft, {
                f"odd/{path.stem}.html": as_html(parts),
                f"scenarios/{path.stem}.yaml": scenario.to_yaml(defaults=True),
            })  # fmt: skip
        for name, path in _environment().items():
            shutil.copyfile(path, draft / name)
        _write_texts(draft, {SIGN: json.dumps(_metadata(draft, facts), indent=1) + "\n"})
        seal_folder(draft)
        files = sum(path.is_file() for path in draft.rglob("*"))
    return Archive(Path(folder), len(store), files)


def verify(
    folder: str | Path, *, sample: int = 20, progress: Callable[[int, int], None] | None = None
) -> Verification:
    """Check every file of a package by its checksum, and make some of its runs again.

    Parameters
    ----------
    folder : str or Path
        Of a package. Code of its ``modules`` is imported only if the user trusts that folder.
    sample : int
        Runs that are made again.
    progress : callable, optional
        As for :func:`cxsim.study.store_upkeep.verify`.

    Raises
    ------
    StoreError
        If the folder is no package.
    ScenarioError
        If modules of its own are not trusted, or cannot be imported.
    """
    place = Path(folder)
    if not (place / SIGN).is_file() or not (place / SUMS).is_file():
        raise StoreError(f"{folder}: expected a package (cxsim archive), found none")
    checked, wrong = _checked(place)
    modules = sorted((place / "modules").glob("*.py"))
    bring_named(os.pathsep.join(map(str, modules)))
    with tempfile.TemporaryDirectory(prefix="cxsim-verify-") as own:  # opening a store writes
        shutil.copytree(place / "store", Path(own, "store"))
        found = verify_store(Store(Path(own, "store")), sample=sample, progress=progress)
    damaged = found.damaged + len(wrong)
    return Verification(
        checked, damaged, found.sampled, found.equal, [*wrong, *found.problems]
    )  # fmt: skip


def _checked(place: Path) -> tuple[int, list[str]]:
    """Return how many files are as their checksums say, and a line for each that is not."""
    good, lines = 0, []
    for line in (place / SUMS).read_text(encoding="utf-8").splitlines():
        digest, mark, name = line.partition("  ")
        path = place / name
        if not mark or ".." in Path(name).parts or Path(name).is_absolute():
            continue  # the seal of the list itself
        if not path.is_file():
            lines.append(f"{name}: expected a file, found none")
        elif _sha256(path) != digest:
            lines.append(f"{name}: expected SHA-256 {digest[:16]}..., found another file")
        else:
            good += 1
    return good, lines


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy_store(store: Store, folder: Path) -> None:
    """Copy a store, its runs merged into few files."""
    skip = shutil.ignore_patterns("drafts", "damaged", store.leases_file.name)
    shutil.copytree(store.folder, folder, ignore=skip)
    compact(Store(folder))
    (folder / store.leases_file.name).unlink(missing_ok=True)
    shutil.rmtree(folder / "drafts", ignore_errors=True)


def _texts(
    store: Store, studies: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Any]
) -> dict[str, str]:
    """Return the files of a package that are plain text, by name."""
    table = io.StringIO()
    book = csv.writer(table)
    book.writerow(["column", "kind", "label", "unit", "definition", "summary"])
    for column, entry in store.codebook().items():
        rest = (str(entry.get(key, "")) for key in ("kind", "label", "unit", "definition"))
        book.writerow([column, *rest, str(entry.get("summary", ""))])
    texts = {
        "README.md": _README.format(**facts),
        "CITATION.cff": _citation(facts),
        "LICENSE.txt": f"SPDX-License-Identifier: {facts['licence']}\n",
        "codebook.csv": table.getvalue(),
        "versions.json": json.dumps(store.sessions(), indent=1) + "\n",
        "environment/Containerfile": _CONTAINER.format(**facts),
    }
    for digest, each in studies.items():
        name = f"studies/{file_name(each['name'])}-{digest}.yaml"
        texts[name] = to_yaml(each["study"])
    for module, text in store.sources().items():
        texts[f"modules/{file_name(module)}.py"] = text
    return texts


def _write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    (folder / "odd").mkdir(exist_ok=True)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def _citation(facts: Mapping[str, Any]) -> str:
    """Return a citation of the package that reference managers read, and of the software."""
    authors = [{"name": facts["author"]}]
    return to_yaml({
        "cff-version": "1.2.0",
        "message": "Cite the data set and the software that made it.",
        "type": "dataset",
        "title": facts["title"],
        "authors": authors,
        "date-released": facts["date"],
        "version": facts["date"],
        "license": facts["licence"],
        "references": [{
            "type": "software", "title": "cxsim", "version": facts["cxsim"],
            "authors": [{"name": "The cxsim authors"}], "license": "MIT",
        }],
    })  # fmt: skip


def _environment() -> dict[str, Path]:
    """Return the files of the environment that the package of this software has."""
    inside = shipped_root("params").parent
    lock = inside / "requirements.lock"
    if not lock.is_file():
        raise StoreError(f"{lock}: expected the lock file of this version, found none")
    return {"environment/requirements.lock": lock}


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def _metadata(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a package as RO-Crate 1.1 asks for them (JSON-LD)."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SIGN)
    files = [
        {
            "@id": path.relative_to(folder).as_posix(),
            "@type": "File",
            "name": path.name,
            "contentSize": str(path.stat().st_size),
            "encodingFormat": _KINDS.get(path.suffix, "text/plain"),
            "sha256": _sha256(path),
        }
        for path in paths
    ]
    licence = f"https://spdx.org/licenses/{facts['licence']}"
    graph: list[dict[str, Any]] = [
        {
            "@id": SIGN,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": facts["title"],
            "description": f"{facts['runs']:,} runs of cxsim {facts['cxsim']}, with all that is "
            "needed to repeat them",
            "datePublished": facts["date"],
            "license": {"@id": licence},
            "author": {"@id": "#author"},
            "hasPart": [{"@id": each["@id"]} for each in files],
            "mentions": {"@id": "#runs"},
        },
        {"@id": licence, "@type": "CreativeWork", "name": facts["licence"]},
        {"@id": "#author", "@type": "Organization", "name": facts["author"]},
        {"@id": "#cxsim", "@type": "SoftwareApplication", "name": "cxsim",
         "version": facts["cxsim"], "license": "MIT"},
        {"@id": "#runs", "@type": "CreateAction", "name": "Simulated runs",
         "instrument": {"@id": "#cxsim"}, "endTime": facts["date"],
         "result": [{"@id": e["@id"]} for e in files if e["@id"].startswith("store/runs/")]},
    ]  # fmt: skip
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": [*graph, *files]}
