"""Odd places to run in: no home, a full disk, somebody else's language, two users on one store."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import pytest

import cxsim as cx
from cxsim.engine.code_folders import cache_folders
from cxsim.study.store import Store
from cxsim.study.store_folder import StoreError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="places of POSIX systems")

ROOT = Path(__file__).resolve().parents[2]
CXSIM = "from cxsim.cli import main; main()"
SMALL = ("-s", "customers=200", "-s", "periods=6")

#: Code compiled already is taken from where it is.
CACHE = os.pathsep.join(map(str, cache_folders()))

#: Runs a market, keeps it in every way, and prints a digest of all that was written.
DIGEST = """
import hashlib, json
from pathlib import Path
import cxsim as cx
result = cx.run("bad_service", seed=3, overrides={"customers": 200, "periods": 6}, panel=20)
result.save("run")
result.to_csv("csv")
result.scenario.save("scenario.yaml")
said = hashlib.sha256()
for path in sorted(Path().rglob("*")):
    if path.is_file() and path.name != "summary.json":  # which says when
        lines = path.read_bytes().splitlines(keepends=True)
        if path.name == "SHA256SUMS":  # all that it says of the other files
            lines = [line for line in lines[1:] if not line.endswith(b"  summary.json\\n")]
        said.update(path.name.encode() + b"".join(lines))
said.update(repr(sorted(result.summary().itertuples(index=False))).encode())
print(said.hexdigest())
"""

STUDY = """\
scenario: baseline
overrides: {customers: 100, periods: 6}
factors: {firms.Tailor.price: {values: [17, 18, 19, 20, 21, 22, 23, 24]}}
seeds: 4
outputs: [market_share]
"""


def environment(**changes):
    """An environment with nothing in it but what Python needs to find the package."""
    path = os.pathsep.join([str(ROOT), *filter(None, sys.path[1:])])
    return {"PATH": os.environ["PATH"], "PYTHONPATH": path, "CXSIM_CACHE_DIR": CACHE, **changes}


def python(code, *words, cwd, env, before=()):
    return subprocess.run(
        [*before, sys.executable, "-c", code, *words], cwd=cwd, env=env, capture_output=True,
        encoding="utf-8", errors="replace", check=False, timeout=300,
    )  # fmt: skip


# ---------------------------------------------------- languages, clocks and homes


@pytest.fixture(scope="module")
def languages(tmp_path_factory):
    """A folder with German and Turkish, made from the system's descriptions of them."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef"):
        for name in ("de_DE", "tr_TR"):
            make = ["localedef", "-i", name, "-f", "UTF-8", str(folder / f"{name}.UTF-8")]
            subprocess.run(make, capture_output=True, check=False)
    return folder


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory):
    """The digest of what is written in an ordinary place."""
    done = python(DIGEST, cwd=tmp_path_factory.mktemp("ordinary"), env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    return done.stdout


OLD = {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512_SKX"}
NEW = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "3"}


@pytest.mark.parametrize(
    "changes",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "Asia/Kathmandu"},
        {"LC_ALL": "de_DE.UTF-8", "TZ": "America/St_Johns", "HOME": "/nowhere", **OLD},
        {"LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7", **NEW},
    ],
    ids=[
        "ASCII in Nepal",
        "German in Newfoundland, without a home, on an old processor",
        "Turkish on Kiribati, on another processor",
    ],
)
def test_the_same_bytes_come_out_in_every_language_time_zone_and_processor(
    changes, languages, ordinary, tmp_path
):
    language = changes["LC_ALL"]
    if language != "C":
        if not (languages / language).is_dir():
            pytest.skip(f"{language} cannot be made here")
        changes = {**changes, "LOCPATH": str(languages)}
    code = f"import locale; locale.setlocale(locale.LC_ALL, '')\n{DIGEST}"
    done = python(code, cwd=tmp_path, env=environment(**changes))
    assert done.returncode == 0, done.stderr
    assert done.stdout == ordinary
    assert not Path("/nowhere").exists()


def test_folders_and_names_in_any_script(tmp_path):
    place = tmp_path / "Kundenbindung (Übung) – 顧客 😀 %20 $HOME"
    place.mkdir()
    names = {"Zoë & Söhne": 19, "東京 <b>": 21, "😀": 20, "İstanbul's": 22}
    text = "extends: baseline\ntitle: Ünïcödé “quoted”\nfirms:\n  Mass: null\n  Tailor: null\n"
    text += "".join(f'  "{name}": {{price: {price}}}\n' for name, price in names.items())
    file = place / "märkte 市場 😀.yaml"
    file.write_text(text, encoding="utf-8")
    env = environment(HOME=str(place), LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    checked = python(CXSIM, "check", file.name, cwd=place, env=env)
    assert checked.returncode == 0, checked.stderr
    words = ["run", file.name, "--checkpoint", "läuft.ck", *SMALL]
    done = python(CXSIM, *words, cwd=place, env=env)
    assert done.returncode == 0, done.stderr
    (kept,) = (place / "results").glob("long-*")  # ASCII leaves little of the name
    run = cx.Run.load(kept)
    assert set(names) <= set(run.scenario.firms)
    run.to_csv(place / "csv ü")
    assert set(names) <= set(pd.read_csv(place / "csv ü" / "firms.csv")["firm"])
    (place / "studie.yaml").write_text(
        f"scenario: {file.name}\noverrides: {{customers: 50, periods: 3}}\nseeds: 2\n"
        f'outputs: [market_share]\nfactors: {{"firms.東京 <b>.price": [20, 21]}}\n',
        encoding="utf-8",
    )
    env["LC_ALL"] = "C.UTF-8"  # files that files name are looked for in the system's encoding
    swept = python(CXSIM, "sweep", "studie.yaml", "-j", "1", cwd=place, env=env)
    assert swept.returncode == 0, swept.stderr
    assert "market_share.😀" in Store(place / "results" / "sweep-studie").frame().columns


@pytest.mark.slow
def test_a_report_is_made_without_a_home_in_a_folder_with_a_strange_name(tmp_path):
    place = tmp_path / "Übung 1 – 顧客 {x}"
    place.mkdir()
    (place / "odd.yaml").write_text(
        "extends: baseline\nname: ../../../odd\ntitle: <script>alert(1)</script> $^$\n"
        "currency: $\nfirms:\n  Mass: null\n  <script>alert(2)<>: {price: 20}\n",
        encoding="utf-8",
    )
    env = environment(TZ="Asia/Kathmandu", HOME="/nowhere", MPLCONFIGDIR=str(tmp_path / "fonts"))
    words = ["compare", "baseline", "odd.yaml", *SMALL, "-s", "periods=30", "--seeds", "2"]
    done = python(CXSIM, *words, "-p", "svg=true", cwd=place, env=env)
    assert done.returncode == 0, done.stderr
    results = place / "results" / "compare-baseline-odd"
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "<script>alert(" not in page
    assert {each.name for each in results.glob("matrix-*")} == {
        "matrix-baseline.svg", "matrix-.._.._.._odd.svg",
    }  # fmt: skip
    assert sorted(each.name for each in place.iterdir()) == ["odd.yaml", "results"]
    assert {each.name for each in tmp_path.iterdir()} == {place.name, "fonts"}


def test_files_are_opened_with_an_encoding_of_ours(tmp_path):
    """Python itself says where one is left to the machine."""
    code = f"""
import warnings
warnings.filterwarnings("error", category=EncodingWarning, module="cxsim")
{DIGEST}
from cxsim.cli import main
main(["new", "work"])
"""
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", code], cwd=tmp_path,
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "work" / "params").is_dir()


# ------------------------------------------------------------ what cannot be written


@pytest.fixture
def open_folder():
    """A folder that others can look into; pytest keeps its own closed, whatever is done to them."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def nobody():
    """What starts a program as another user, and the Python that such a user can start."""
    if os.name == "nt" or os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs to be root, to become somebody else")
    before = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    code = (
        "import sys, subprocess; import cxsim; subprocess.run([sys.executable, '-V'], check=True)"
    )
    for program in (sys.executable, f"/usr/bin/{version}"):
        with contextlib.suppress(OSError):
            env = environment()
            tried = subprocess.run([*before, program, "-c", code], env=env, cwd="/",
                                   capture_output=True, check=False)  # fmt: skip
            if tried.returncode == 0:
                return [*before, program]
    pytest.skip("there is no Python here that another user can start")


def test_a_home_and_a_folder_that_cannot_be_written(open_folder):
    start = nobody()
    home, mine = open_folder / "home", open_folder / "mine"
    home.mkdir(mode=0o555)
    mine.mkdir()
    mine.chmod(0o777)
    env = environment(HOME=str(home), CXSIM_CACHE_DIR=str(home / "cache"))
    run = "import cxsim as cx; r = cx.run('baseline', overrides={'customers': 50, 'periods': 2},"
    run += " engine='agents'); print(len(r.firms))"

    def call(code, *words, cwd):
        return subprocess.run([*start, "-c", code, *words], cwd=cwd, env=env, text=True,
                              capture_output=True, check=False)  # fmt: skip

    assert call(run, cwd=home).stdout == "8\n"
    for words in (["new", "work"], ["run", "baseline", *SMALL]):
        done = call(CXSIM, *words, cwd=home)
        assert done.returncode == 2, done.stderr
        assert done.stderr.splitlines()[-1].endswith(
            "expected a folder that can be written, found permission denied"
        )
    done = call(CXSIM, "new", "work", cwd=mine)
    assert done.returncode == 0, done.stderr
    done = call(CXSIM, "check", "work/params/mine.yaml", cwd=mine)
    assert done.returncode == 0, done.stderr
    done = call(CXSIM, "warm", cwd=mine)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(
        "expected a folder that can be written, found none"
    )
    assert list(home.iterdir()) == []


@pytest.fixture
def full_disk(tmp_path):
    """A disk of 100 kB, nearly all of it taken."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    (folder / "taken").write_bytes(bytes(80_000))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of zipfile
def test_a_full_disk_keeps_what_was_there_and_gets_no_half_of_a_file(full_disk):
    result = cx.run("baseline", overrides={"customers": 100, "periods": 60})
    before = sorted(full_disk.iterdir())
    big = result.scenario.override({"description": "long " * 8000})
    for keep in (
        lambda: result.save(full_disk / "run"),
        lambda: result.to_xlsx(full_disk / "run.xlsx"),
        lambda: big.save(full_disk / "scenario.yaml"),
        lambda: cx.plot.save(cx.plot.market_shares(result.firms), full_disk / "shares.png"),
    ):
        with pytest.raises((OSError, ValueError), match=r"(?i)no space left|errno 28"):
            keep()
        assert sorted(full_disk.iterdir()) == before


def test_a_store_on_a_full_disk_says_so_and_keeps_its_runs(full_disk):
    store = Store(full_disk / "store")
    store.write([{"run": "0" * 16, "status": "ok", "finished": 1.0}])
    rows = [{"run": f"{k:016x}", "status": "ok", "finished": 1.0, "message": os.urandom(40).hex()}
            for k in range(1, 1000)]  # fmt: skip
    with pytest.raises(StoreError, match=r"could not be written \(no space left on device"):
        store.write(rows)
    assert len(Store(full_disk / "store").frame()) == 1
    assert list((full_disk / "store" / "drafts").iterdir()) == []
    (full_disk / "taken").unlink()
    store.write(rows)
    assert len(Store(full_disk / "store")) == 1000


def test_a_command_on_a_full_disk_says_so_in_one_line(full_disk):
    (full_disk / "study.yaml").write_text(STUDY, encoding="utf-8")
    (full_disk / "taken").write_bytes(bytes(97_000))
    for words in (["new", "work"], ["sweep", "study.yaml", "-j", "1"],
                  ["run", "baseline", *SMALL, "--checkpoint", "c"]):  # fmt: skip
        done = python(CXSIM, *words, cwd=full_disk, env=dict(os.environ))
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
        assert "no space left" in done.stderr.splitlines()[-1].lower()
        assert not (full_disk / "work").exists()


# ------------------------------------------------------------ two users on one store

SWEEP = """
import cxsim as cx
from slow import slow
factors = {"x": {"values": list(range(40))}}
study = cx.Study.from_dict({"factors": factors, "design": "grid", "seeds": 10}, model=slow)
assert len(cx.sweep(study, store="store", executor="inline").frame) == 400
"""


def test_two_users_work_on_one_store_at_once(open_folder):
    start = nobody()
    shared = open_folder / "shared"
    (shared / "store").mkdir(parents=True)
    (shared / "store").chmod(0o1777)  # open to all, as /tmp is
    (shared / "slow.py").write_text(
        "import time\ndef slow(point, seed):\n    time.sleep(0.01)\n    return point['x'] + seed\n"
    )
    env = environment(HOME="/nowhere", PYTHONDONTWRITEBYTECODE="1")
    mine, theirs = (
        subprocess.Popen([*before, "-c", SWEEP], cwd=shared, env=env, text=True,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for before in ([sys.executable], start)
    )  # fmt: skip
    for process in (mine, theirs):
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    files = sorted((shared / "store" / "runs").iterdir())
    runs = pd.concat([pd.read_parquet(path) for path in files])["run"]
    assert runs.nunique() == 400
    assert len(runs) < 480, "hardly any was done twice"
    assert {path.stat().st_uid for path in files} == {0, 65534}, "both had a part in it"
    # Whoever comes later, finds all of them and runs nothing.
    done = subprocess.run([*start, "-c", SWEEP], cwd=shared, env=env, text=True,
                          capture_output=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted((shared / "store" / "runs").iterdir()) == files


def test_a_store_of_a_private_folder_stays_private(tmp_path):
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    store = Store(folder)
    for path in (*folder.iterdir(), store.claims_file):
        assert not path.stat().st_mode & 0o022, path
