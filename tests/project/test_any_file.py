"""Whatever is in a file, it is read or refused in a few lines, and nothing else happens.

``tests/scenario/test_any_input.py`` does the same for values handed over in Python;
``make fuzz`` searches for longer, guided by the code that is reached.
"""

from __future__ import annotations

import copy
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxsim.calibration import CalibrationError, calibrate, read_panel
from cxsim.calibration.panel import NO_PURCHASE
from cxsim.calibration.targets import read_targets
from cxsim.cli import main
from cxsim.files.whole import LONGEST, MAX_TABLE_BYTES, file_name, is_file
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.validation import RESERVED, TAKEN
from cxsim.scenario.yaml_text import parse
from cxsim.study.designs import MOST
from cxsim.study.study import Study
from cxsim.study.sweep import default_store
from examples import examples
from lab.fuzz.seeds import seeds
from lab.fuzz.targets import TARGETS, untouched

SEEDS = seeds()

#: Files that would take forever, or all memory, or do something, if they were let.
NASTY = {
    "a billion laughs": "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{k + 1}: &a{k + 1} [{', '.join([f'*a{k}'] * 9)}]\n" for k in range(9)),
    "laughs by merging": "a0: &a0 {x: 1}\n"
    + "".join(f"a{k + 1}: &a{k + 1} {{<<: [{', '.join([f'*a{k}'] * 9)}]}}\n" for k in range(9)),
    "an alias to itself": "a: &a {b: *a}\n",
    "deep brackets": "[" * 50_000,
    "deep braces": "{a: " * 50_000,
    "deep dashes": "- " * 50_000,
    "deep indentation": "".join(f"{' ' * k}a:\n" for k in range(1200)),
    "a whole number of many digits": f"customers: {'9' * 100_000}\n",
    "a hexadecimal one": f"customers: 0x{'f' * 100_000}\n",
    "an exponent beyond bounds": "customers: 1e999999999\n",
    "a key without end": f"? {'a' * 500_000}\n: 1\n",
    "a text without end": f"title: {'x' * 900_000}\n",
    "many keys": "".join(f"a{k}: &a{k} 1\n" for k in range(20_000)),
    "many blank lines": "#\n" * 300_000,
    "an object of Python": "!!python/object/apply:os.system ['exit 1']\n",
    "a tag of one's own": "%TAG ! tag:example.org,2000:\n---\nfirms: !firm {price: 1}\n",
    "a module that ends Python": "extends: baseline\nfirms: {Mass: {policy: {pricing: 'ends:X'}}}",
    "nothing": "",
    "one zero": "\0",
    "a mark of order": "\ufeff",
    "half a character": "title: \udcff\n",
    "carriage returns": "a: 1\r" * 1000,
    "a path upwards": "extends: ../../etc/passwd\nscenario: ../../etc/passwd\nfactors: {}\n",
    "a device": "extends: /dev/zero\nscenario: /dev/zero\nfactors: {}\n",
    "a name that no system takes": f"extends: {'a' * 5000}\nscenario: {'a' * 300}\nfactors: []",
    "a name with a zero": 'extends: "a\\0b"\nscenario: "a\\0b"\nfactors: {}\n',
}  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_files_that_ship_are_fine(name):
    for data in SEEDS[name]:
        TARGETS[name](data)


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("name", TARGETS)
def test_a_nasty_file_is_refused_quickly(name, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ends.py").write_text("raise SystemExit(0)\n")
    TARGETS[name](text.encode("utf-8", errors="surrogateescape"))


@settings(max_examples=examples(200))
@given(data=st.data(), name=st.sampled_from([*TARGETS]))
def test_a_good_file_with_pieces_taken_out_moved_or_overwritten(data, name):
    raw = data.draw(st.sampled_from(SEEDS[name]).map(lambda each: each[:4000]))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(raw)))
        end = min(len(raw), start + data.draw(st.integers(0, 30)))
        other = data.draw(st.integers(0, len(raw)))
        piece = data.draw(
            st.binary(max_size=8)
            | st.sampled_from(
                [b": ", b"[", b"{", b"- ", b"\n", b"&a ", b"*a", b"0x1", b".nan", b"-1"]
            )
            | st.just(raw[other : other + 20])
        )
        raw = raw[:start] + piece + raw[end:]
    TARGETS[name](raw)


# ------------------------------------------------------------------------ studies

numbers = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 0xFFFF**40, 5e-324])
scalars = st.none() | st.booleans() | numbers | st.text(max_size=6)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip

STUDIES = [parse(text.decode()).value for text in SEEDS["study"][-3:]]


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, tuple):
        for number in range(len(value)):
            yield from places(value[number], (*path, number))


def replaced(value, path, new):
    if not path:
        return new
    key, *rest = path
    if isinstance(value, tuple):
        return tuple(replaced(v, rest, new) if k == key else v for k, v in enumerate(value))
    made = copy.copy(value)
    made[key] = replaced(value[key], rest, new)
    return made


@settings(max_examples=examples(300))
@given(data=st.data(), study=st.sampled_from(STUDIES), value=values)
def test_a_study_with_any_value_at_any_place(data, study, value):
    changed = replaced(study, data.draw(st.sampled_from([*places(study)])), value)
    if not isinstance(changed, dict):
        return
    with untouched():
        try:
            made = Study.from_dict(changed)
        except ScenarioError as error:
            made = error
        else:
            if made.design.count(made.factors) < 1000:
                assert made.digest == Study.from_dict(made.to_dict()).digest
    assert not isinstance(made, ScenarioError) or len(str(made).splitlines()) <= 6


GRID = {"scenario": "baseline", "design": "grid"}
PRICES = {f"firms.{name}.price": {"low": 1, "high": 2} for name in ("Tailor", "Mass", "Niche")}


@pytest.mark.parametrize(
    "study",
    [
        {**GRID, "factors": {name: {**each, "levels": 1000} for name, each in PRICES.items()}},
        {**GRID, "factors": {"firms.Mass.price": {"low": 1, "high": 2, "levels": 1_000_000},
                             "firms.Niche.price": [1, 2, 3, 4, 5, 6, 7, 8]}},
        {"scenario": "baseline", "factors": PRICES,
         "design": {"kind": "saltelli", "size": 2**22}},
        {"scenario": "baseline", "factors": PRICES,
         "design": {"kind": "morris", "size": 10_000_000}},
    ],
    ids=["grid", "one long grid", "saltelli", "morris"],
)  # fmt: skip
def test_a_study_of_more_points_than_memory_holds_is_refused_before_they_are_made(study):
    with pytest.raises(ScenarioError, match=rf"expected at most {MOST:,} values .* points of"):
        Study.from_dict(study)


@pytest.mark.parametrize(
    "design",
    [
        {"kind": "grid"},
        {"kind": "latin_hypercube", "size": 7},
        {"kind": "sobol", "size": 8},
        {"kind": "saltelli", "size": 4},
        {"kind": "saltelli", "size": 4, "second_order": False},
        {"kind": "morris", "size": 3},
    ],
    ids=str,
)
def test_points_are_counted_as_they_are_made(design):
    factors = {
        "firms.Mass.price": {"low": 1, "high": 2},
        "firms.Niche.price": {"low": 3, "high": 4},
    }
    if design["kind"] == "grid":
        factors["firms.Niche.price"] = {"values": [3, 3.5, 4]}
    study = Study.from_dict({"scenario": "baseline", "factors": factors, "design": design})
    assert study.design.count(study.factors) == len(study.points)


@pytest.mark.parametrize("name", ["a" * 300 + ".csv", "a\0b.csv", "/nowhere/./x.csv", "../x.csv"])
def test_a_table_of_points_that_cannot_be_had_is_refused(name):
    design = {"kind": "list", "file": name}
    with pytest.raises(ScenarioError, match=r"design\.file: expected a table of points"):
        Study.from_dict({"scenario": "baseline", "factors": ["firms.Mass.price"], "design": design})


# ------------------------------------------------------------------------- panels

cells = st.sampled_from(["1", "2", "Ann", "Bob", "outside", "", "nan", "-1", "1e400", "0x1", "=1"])
names = st.text(st.characters(codec="utf-8"), max_size=6)


@settings(max_examples=examples(200))
@given(data=st.data())
def test_a_panel_of_any_cells_under_any_names(data):
    head = data.draw(
        st.lists(
            st.sampled_from(["customer", "period", "choice", "firm", "chosen", "price"])
            | names.map(lambda name: f"price.{name}")
            | names,
            min_size=1, max_size=7,
        )
    )  # fmt: skip
    rows = data.draw(st.lists(st.lists(cells | names, max_size=8), max_size=6))
    text = "\n".join(",".join(row) for row in [head, *rows])
    TARGETS["panel"](text.encode())


@settings(max_examples=examples(120))
@given(firms=st.lists(names, min_size=2, max_size=4, unique=True))
def test_firms_of_a_panel_have_names_that_a_scenario_can_have(firms):
    frame = pd.DataFrame({"customer": [1, 1], "period": [1, 2], "choice": [firms[0]] * 2})
    for name in firms:
        frame[f"price.{name}"] = [1.0, 2.0]
    try:
        panel = read_panel(frame)
    except CalibrationError:
        return
    base = Scenario.load("baseline").to_dict()["firms"]["Mass"]
    made = Scenario.from_dict({
        "firms": dict.fromkeys(panel.firms, base), "segments": {"All": {"share": 1.0}},
    })  # fmt: skip
    assert tuple(made.firms) == panel.firms
    assert not any(set(name) & set(RESERVED) or name.casefold() in TAKEN for name in panel.firms)


@settings(max_examples=examples(30), suppress_health_check=list(HealthCheck))
@given(
    choices=st.lists(st.sampled_from(["Ann", "Bob", NO_PURCHASE]), min_size=1, max_size=30),
    price=st.sampled_from([0.0, 1.0, 1e-300, 1e300]),
)
def test_estimates_of_a_small_or_odd_panel_end_in_a_scenario_or_in_one_line(choices, price):
    n = len(choices)
    panel = pd.DataFrame({
        "customer": [k // 3 for k in range(n)], "period": [k % 3 for k in range(n)],
        "choice": choices, "price.Ann": [price + k % 2 for k in range(n)], "price.Bob": 1.0,
    })  # fmt: skip
    try:
        result = calibrate(panel, permutations=1, draws=16)
    except CalibrationError as error:
        result = error
    if isinstance(result, CalibrationError):
        assert len(str(result).splitlines()) == 1
    else:
        assert result.scenario().digest


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_a_table_is_measured_before_it_is_unpacked(kind, tmp_path):
    """A table of zeros packs to next to nothing."""
    path = tmp_path / f"bomb.{kind}"
    if kind == "csv":
        with path.open("wb") as file:
            file.truncate(MAX_TABLE_BYTES + 1)
    elif kind == "xlsx":
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("xl/worksheets/sheet1.xml", "w") as sheet,
        ):
            for _ in range(MAX_TABLE_BYTES // 2**20 + 1):
                sheet.write(bytes(2**20))
    else:
        zeros = pa.table({"zero": np.zeros(2**20, int)})
        with pq.ParquetWriter(path, zeros.schema) as file:
            for _ in range(MAX_TABLE_BYTES // 2**23 + 1):
                file.write_table(zeros)
    assert kind == "csv" or path.stat().st_size < 2**20
    with pytest.raises(CalibrationError, match=r"expected a table, found [\d,]+ MiB of data"):
        read_panel(path)


def test_a_file_of_targets_is_not_read_beyond_its_limit(tmp_path):
    path = tmp_path / "targets.yaml"
    with path.open("wb") as file:
        file.truncate(2**32)
    with pytest.raises(ScenarioError, match="expected at most 1048576 bytes"):
        read_targets(path, base="baseline")


@pytest.mark.parametrize("number", [10**400, 0xFF**2000], ids=["decimal", "hexadecimal"])
def test_whole_numbers_that_no_double_holds_are_infinite_wherever_they_stand(number):
    with pytest.raises(ScenarioError, match=r"price.*found \.inf"):
        Scenario.load("baseline", {"firms.Mass.price": number})
    with pytest.raises(ScenarioError, match=r"high is \.inf"):
        Study.from_dict({"scenario": "baseline",
                         "factors": {"firms.Mass.price": {"low": 1, "high": number}}})  # fmt: skip
    with pytest.raises(CalibrationError, match=r"expected a number, found \.inf"):
        read_targets({"parameters": {"firms.Mass.price": [1, number]}, "targets": []},
                     base="baseline")  # fmt: skip


# --------------------------------------------------------------------- file names


@given(
    st.text() | st.sampled_from(["../../x", "/etc/x", "CON", "nul.txt", "a:b", "x. ", "COM1", ".."])
)
def test_a_name_of_a_file_is_one_on_every_system(text):
    name = file_name(text)
    assert 0 < len(name.encode()) <= LONGEST + 1
    assert not set(name) & set('<>:"/\\|?*\0')
    assert name.isprintable()
    assert not name.startswith(".")
    assert not name.endswith((".", " "))
    assert name.split(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9"}
    assert Path("folder", name).parent == Path("folder")
    assert file_name(name) == name


@pytest.mark.parametrize(
    "name", ["../../x", "/tmp/x", "a/../../../x", "..", "CON", "é" * 300, "\0"]
)
def test_a_study_of_any_name_keeps_its_runs_below_results(name):
    study = Study.from_dict({**GRID, "factors": {"firms.Mass.price": [1, 2]}}, name=name)
    store = default_store(study)
    assert store.parent == Path("results")
    assert (Path.cwd() / store).resolve().parent == (Path.cwd() / "results").resolve()


@pytest.mark.parametrize(
    "words",
    [["check"], ["run"], ["diff", "baseline"], ["sweep"], ["calibrate"], ["compare", "baseline"]],
    ids=" ".join,
)
@pytest.mark.parametrize("name", ["a" * 300, "a" * 300 + ".yaml", "/dev/zero", "a" * 5000 + ".csv"])
def test_a_name_that_no_system_takes_is_bad_input(words, name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([*words, name])
    out, err = capsys.readouterr()
    assert ended.value.code == 2, err
    assert out == ""
    assert len(err.splitlines()) == 1
    assert len(err) < 6000
    assert list(Path().iterdir()) == []


def test_what_only_looks_like_a_file_is_none(tmp_path):
    assert not is_file("a\0b")
    assert not is_file("a" * 5000)
    assert not is_file(tmp_path)
    assert is_file(__file__)


def test_watching_notices_what_is_written_and_started(tmp_path):
    import subprocess

    for act in (
        lambda: (tmp_path / "a").write_text("b"),
        (tmp_path / "c").mkdir,
        lambda: subprocess.run(["true"], check=False),
    ):
        with pytest.raises(AssertionError), untouched():
            act()
    with untouched():
        assert Path(__file__).read_bytes()
