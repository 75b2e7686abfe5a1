"""Packages of a store: what is in one, and what verification elsewhere finds."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from own_mechanisms import own_mechanisms
from ruamel.yaml import YAML

import cxsim as cx
from cxsim.cli.app import run as command
from cxsim.files.sealed import SUMS
from cxsim.study.archive import archive
from cxsim.study.store_folder import StoreError

STUDY = {
    "title": "A dearer Tailor <&>",
    "scenario": "baseline",
    "overrides": {"customers": 40, "periods": 3},
    "factors": {"firms.Tailor.price": [18, 22]},
    "seeds": 3,
    "outputs": ["market_share.Tailor", {"measure": "profit", "by": "period"}],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    cx.sweep(STUDY, store=folder / "store", executor="inline")
    archive(cx.Store(folder / "store"), folder / "package", author="A group", date="2026-11-30")
    return folder


@pytest.fixture
def package(made, tmp_path):
    return Path(shutil.copytree(made / "package", tmp_path / "package"))


def read(path):
    return path.read_text(encoding="utf-8")


def test_the_store_and_the_package_hold_the_same_runs(made):
    there, here = (pd.read_parquet(made / f / "runs") for f in ("store", "package/store"))
    pd.testing.assert_frame_equal(
        *(each.sort_values("run", ignore_index=True) for each in (there, here))
    )


def test_its_metadata_are_a_research_object_crate(package):
    meta = json.loads(read(package / "ro-crate-metadata.json"))
    assert meta["@context"] == "https://w3id.org/ro/crate/1.1/context"
    nodes = {each["@id"]: each for each in meta["@graph"]}
    assert len(nodes) == len(meta["@graph"])
    about = nodes["ro-crate-metadata.json"]
    assert about["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = nodes[about["about"]["@id"]]
    assert {"name", "description", "datePublished", "license"} <= set(root)
    listed = {each["@id"] for each in root["hasPart"]}
    files = {p.relative_to(package).as_posix() for p in package.rglob("*") if p.is_file()}
    assert listed == files - {"ro-crate-metadata.json", SUMS}
    for name in listed:
        data = (package / name).read_bytes()
        assert nodes[name]["sha256"] == hashlib.sha256(data).hexdigest()
        assert nodes[name]["contentSize"] == str(len(data))
    for each in meta["@graph"]:  # what is referred to is there
        for value in each.values():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict) and "w3id" not in one["@id"]:
                    assert one["@id"] in nodes


def test_scenarios_have_their_defaults_and_columns_their_meaning(package):
    (path,) = (package / "scenarios").iterdir()
    whole = cx.load(path)
    assert whole.digest == path.stem
    assert "exit_rate" in read(path)
    with (package / "codebook.csv").open(encoding="utf-8") as file:
        book = {row["column"]: row for row in csv.DictReader(file)}
    assert book["market_share.Tailor"]["unit"]
    runs = pd.read_parquet(package / "store" / "runs")
    assert set(runs.columns) <= set(book)


def test_the_description_says_the_scenarios_own_values_in_both_forms(package):
    (page,) = (package / "odd").glob("*.html")
    text = read(page)
    for heading in ("Purpose and patterns", "Process overview and scheduling", "Submodels"):
        assert f"<h2>{heading}</h2>" in text
    assert "40 customers simulated" in text
    assert "<td>firms.Tailor.price</td><td>20.0</td>" in text
    with zipfile.ZipFile(page.with_suffix(".docx")) as packed:
        assert packed.testzip() is None
        for name in packed.namelist():
            ET.fromstring(packed.read(name))
        document = ET.fromstring(packed.read("word/document.xml"))
    words = [each.text for each in document.iter() if each.tag.endswith("}t")]
    place = words.index("firms.Tailor.price")
    assert words[place + 1] == "20.0"


def test_it_says_how_to_cite_it_and_names_versions(package):
    cited = YAML(typ="safe").load(read(package / "CITATION.cff"))
    assert cited["cff-version"] == "1.2.0"
    assert cited["authors"] == [{"name": "A group"}]
    assert str(cited["date-released"]) == "2026-11-30"
    assert cited["references"][0]["version"] == cx.__version__
    assert "--hash=sha256:" in read(package / "environment" / "requirements.lock")
    (session,) = json.loads(read(package / "versions.json")).values()
    assert session["versions"]["cxsim"] == cx.__version__


def test_verification_elsewhere_repeats_runs_and_leaves_the_package_as_it_is(package, capsys):
    before = sorted(package.rglob("*"))
    assert command(["verify", str(package), "--sample", "2"]) == 0
    files = sum(path.is_file() for path in package.rglob("*")) - 1
    said = f"{files} files are as they were written; 2 runs made again: all equal to the bit"
    assert said in " ".join(capsys.readouterr().out.split())
    assert sorted(package.rglob("*")) == before


def test_changed_and_missing_files_are_named(package, capsys):
    (package / "codebook.csv").write_text("other\n", encoding="utf-8")
    (package / "LICENSE.txt").unlink()
    assert command(["verify", str(package), "--sample", "0"]) == 1
    said = capsys.readouterr().out
    assert "codebook.csv: expected SHA-256" in said
    assert "LICENSE.txt: expected a file, found none" in said
    assert "2 were damaged" in said


def test_a_run_that_comes_out_otherwise_is_named(made, tmp_path, capsys):
    folder = Path(shutil.copytree(made / "store", tmp_path / "store"))
    rows = cx.Store(folder).frame().to_dict("records")
    shutil.rmtree(folder / "runs")
    (folder / "runs").mkdir()
    wrong = [
        {**row, "market_share.Tailor": 0.5, "message": None, "traceback": None} for row in rows
    ]
    cx.Store(folder).write(wrong)
    archive(cx.Store(folder), tmp_path / "package")
    assert command(["verify", str(tmp_path / "package"), "--sample", "1"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "market_share.Tailor is stored as 0.5, now 0." in said
    assert "0 of 1 runs made again are equal to the bit" in said


def test_what_is_no_package_or_no_store_of_a_study_is_refused(made, tmp_path, capsys):
    assert command(["verify", str(tmp_path)]) in (1, 2)
    assert "expected a package (cxsim archive), found none" in capsys.readouterr().err
    empty = cx.Store(tmp_path / "empty")
    with pytest.raises(StoreError, match="expected a study of a scenario, found none"):
        archive(empty, tmp_path / "p")
    store = cx.Store(made / "store")
    with pytest.raises(ValueError, match="date: expected YYYY-MM-DD, found 'soon'"):
        archive(store, tmp_path / "p", date="soon")
    with pytest.raises(ValueError, match="license: expected an SPDX identifier"):
        archive(store, tmp_path / "p", licence="any one")
    assert not (tmp_path / "p").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    assert command(["archive", str(made / "store"), "-o", str(tmp_path / "full")]) == 2


def test_modules_of_ones_own_are_in_it_and_need_trust(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("CXSIM_TRUST", str(tmp_path))
    with own_mechanisms(tmp_path):
        plan = {
            "scenario": "seasons.yaml", "overrides": {"customers": 10, "periods": 2},
            "factors": {"season_amplitude": [0.5]}, "seeds": 1, "outputs": ["price"],
        }  # fmt: skip
        cx.sweep(plan, store="s", executor="inline")
        assert command(["archive", "s"]) == 0
    monkeypatch.chdir(tmp_path / "home" if (tmp_path / "home").exists() else "/")
    with own_mechanisms(tmp_path):
        assert command(["verify", str(tmp_path / "s-package")]) == 2
        assert "expected code of a trusted folder" in capsys.readouterr().err
        monkeypatch.setenv("CXSIM_TRUST", str(tmp_path / "s-package" / "modules"))
        assert command(["verify", str(tmp_path / "s-package")]) == 0
