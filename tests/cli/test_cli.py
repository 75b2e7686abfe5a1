"""The command line: what it prints, where it leaves results, and how it ends when it cannot."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from walks import PACKAGE, walk

from cxsim import __version__
from cxsim.cli.app import _HOME, _does, cli
from cxsim.cli.terminal import finish
from cxsim.report.notebooks import workplace
from cxsim.study.comparison import Comparison

SMALL = ["-s", "customers=200", "-s", "periods=40", "--seeds", "3"]

#: The command as a process of its own, whether or not the package is installed.
CXSIM = [sys.executable, "-c", "from cxsim.cli import main; main()"]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refused(result: tuple[int, str, str], *said: str) -> None:
    """Assert that bad input ended in one clear line, exit code 2, and no files."""
    code, out, err = result
    assert code == 2, err
    assert out == ""
    assert len(err.splitlines()) == 1, err
    assert err.startswith("cxsim: ")
    for text in said:
        assert text in err
    assert list(Path().iterdir()) == []


# ------------------------------------------------------------- run and compare


#: Runs a command, and writes the files of the package that its process has imported.
TRACED = """
import json, sys
from pathlib import Path
from cxsim.cli.app import run
place, *words = sys.argv[1:]
code = run(words)
files = [m.__file__ for name, m in sys.modules.items() if name.startswith("cxsim.")]
Path(place).write_text(json.dumps(files))
sys.exit(code)
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A comparison by a process of its own: the folder, what it printed, files it imported."""
    folder = tmp_path_factory.mktemp("compared")
    words = ["compare", "baseline", "copycat", *SMALL, "-j", "2"]
    done = subprocess.run(
        [sys.executable, "-c", TRACED, "files.json", *words],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded = map(Path, json.loads((folder / "files.json").read_text(encoding="utf-8")))
    files = {file.relative_to(PACKAGE).as_posix() for file in loaded if file.stem != "__init__"}
    return folder, done.stdout, done.stderr, files


def test_compare_prints_intervals_and_leaves_one_report(compared):
    root, out, err, _ = compared
    lines = out.splitlines()
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in out + err
    assert "\r" not in out + err

    folder = Path("results/compare-baseline-copycat")
    kept = Comparison.load(root / folder / "comparison")
    said, change = " ".join(lines[: lines.index("")]), kept.headline(goal="net_present_value")
    brief = json.loads((root / folder / "brief.json").read_text(encoding="utf-8"))
    assert said == " ".join(brief["answer"])
    titles = {"copycat": "“A rival copies the one-to-one firm”",
              "baseline": "“One firm in each quadrant, otherwise alike”"}  # fmt: skip
    for name, title in titles.items():
        change = change.replace(name, title)
    assert said.split(" (")[0].split() == change.split(" (")[0].split()
    assert lines[-1] == f"Report: {folder / 'report.html'}"
    assert (root / folder / "report.html").stat().st_size > 100_000

    row = kept.table.query("measure == 'market_share' and firm == 'Mass'").iloc[0]
    start = lines.index("Market share (%, mean over months 24-39)")
    printed = next(line for line in lines[start:] if line.startswith("  Mass"))
    numbers = [float(n) for n in re.findall(r"[+-]?\d+\.?\d*", printed.replace("−", "-"))]
    wanted = [100 * row[k] for k in ("baseline", "baseline_se", "other", "other_se", "difference")]
    assert numbers[:5] == pytest.approx(wanted, abs=0.06)
    assert numbers[5:7] == pytest.approx([100 * row["lower"], 100 * row["upper"]], abs=0.06)
    assert printed.endswith("*") == bool(row["lower"] > 0 or row["upper"] < 0)

    # Progress where nobody watches: a line per stage.
    stages = [line.rsplit(": ", 1)[1] for line in err.splitlines()]
    assert stages == ["starting Python", "simulating", "writing the report"]


def test_a_comparison_goes_through_few_files_of_its_own_process(compared):
    passed = compared[3]
    assert len(passed) <= 60, sorted(passed)
    _, files = walk("One comparison: `cxsim compare baseline copycat`")
    assert {name for name in files if name.startswith("cli/")} <= passed
    for part in ("charts/", "engine/", "runs/", "study/"):
        assert not any(name.startswith(part) for name in passed), "left to the notebook's kernel"


@pytest.fixture
def sleeper():
    """A notebook that would take a minute, and says when it has begun."""
    import nbformat

    book = nbformat.v4.new_notebook()
    code = (
        "import time\n"
        "from cxsim.report.notebooks import tell_progress\n"
        "tell_progress()(1, 2)\n"
        "time.sleep(60)"
    )
    book.cells = [nbformat.v4.new_code_cell(code)]
    nbformat.write(book, "sleeper.ipynb")


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize(
    ("words", "number"),
    [
        (["compare", "baseline", "copycat", "--seeds", "5000"], "SIGINT"),
        (["run", "sleeper.ipynb"], "SIGTERM"),
    ],
    ids=["Ctrl-C", "kill"],
)
def test_a_run_that_is_stopped_leaves_nothing_and_no_kernel(sleeper, words, number):
    process = subprocess.Popen(
        [*CXSIM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr:
        if line.endswith("simulating\n"):
            break
    kernels = children(process.pid)
    assert kernels
    process.send_signal(getattr(signal, number))
    out, err = process.communicate(timeout=120)  # seconds on a quiet machine
    assert process.returncode == 1
    assert out == ""
    assert err.strip() == "cxsim: stopped; nothing was written"
    assert list(Path("results").iterdir()) == []
    assert not any(alive(kernel) for kernel in kernels)


def children(pid: int) -> list[int]:
    return [int(each) for each in ps("-o", "pid=", "--ppid", str(pid)).split()]


def alive(pid: int) -> bool:
    state = ps("-o", "stat=", "-p", str(pid)).strip()
    return bool(state) and not state.startswith("Z")  # dead, and nobody asked yet


def ps(*words: str) -> str:
    return subprocess.run(["ps", *words], capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["compare", "baseline"], ["expected two or more scenarios"]),
        (["compare", "baseline", "copycta"], ["did you mean 'copycat'?"]),
        (["compare", "baseline", "copycat", "--seeds", "0"], ["from 1 to 10000, found '0'"]),
        (["compare", "baseline", "copycat", "--confidence", "2"], ["confidence", "found '2'"]),
        (["compare", "baseline", "copycat", "-s", "firms.Tailr.price=3"], ["mean 'Tailor'"]),
        (["compare", "baseline", "copycat", "-s", "price"], ["expected PATH=VALUE"]),
        (["compare", "baseline", "copycat", "-s", "customers=.nan"], ["customers", "found .nan"]),
        (["compare", "baseline", "copycat", "-o", "/dev/null/x"], ["can be written"]),
        (["compare", "baseline", "a,b"], ["without commas"]),
        (["run", "baselin"], ["did you mean 'baseline'?"]),
        (["run", "baseline", "--seed", "-1"], ["seed: expected a whole number from 0"]),
        (["run", "baseline", "--seed", "9" * 500], ["seed: expected a whole number from 0"]),
        (["run", "baseline", "--checkpoint", "c", "--seed", "9" * 5000], ["whole number from 0"]),
        (["run", "baseline", "--timeout", "0"], ["--timeout"]),
        (["run", "compare", "-p", "seedz=3"], ["did you mean 'seeds'?"]),
        (["run", "compare", "-p", "seeds"], ["expected NAME=VALUE"]),
        (["run", "missing.ipynb"], ["expected a notebook, found no such file"]),
        (["run", "missing.yaml"], ["expected a file, found no file"]),
        (["diff", "baseline", "copycta"], ["did you mean 'copycat'?"]),
        (["check", "nothing.yaml"], ["expected a file, found no file"]),
        (["lab", "nowhere"], ["expected a folder"]),
        (["comapre"], ["did you mean 'compare'?"]),
        (["run", "--sedd", "3", "baseline"], ["--seed"]),
    ],
    ids=lambda value: " ".join(value)[:60],
)
def test_bad_input_is_one_line_and_leaves_nothing(cxsim, words, said):
    refused(cxsim(*words), *said)


def test_a_run_that_takes_too_long_fails(cxsim, sleeper):
    code, _, err = cxsim("run", "sleeper.ipynb", "--timeout", "0.5")
    assert code == 1
    assert err.splitlines()[-1].startswith("cxsim: sleeper.ipynb: not done after 0.5 seconds")
    assert list(Path("results").iterdir()) == []


def test_debug_shows_where_an_error_comes_from(cxsim):
    assert "Traceback" not in cxsim("check", "nothing.yaml")[2]
    assert "Traceback" not in cxsim("run", "nothing.yaml")[2]
    assert "Traceback" in cxsim("run", "nothing.yaml", "--debug")[2]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (MemoryError(), 1, "not enough memory: try fewer customers (-s customers=1000)"),
        (OSError(28, "No space left on device", "x"), 1, "x: no space left on device; nothing"),
        (PermissionError(13, "Permission denied", "x"), 1, "x: permission denied"),
        (RuntimeError("odd\nthing"), 1, "RuntimeError: odd thing (cxsim --debug shows where)"),
        (KeyboardInterrupt(), 1, "stopped; nothing was written"),
        (BrokenPipeError(), 0, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_every_error_has_one_line_and_an_exit_code(capfd, error, code, said):
    def command():
        raise error

    before = os.dup(1)
    try:
        assert finish(command) == code
    finally:
        os.dup2(before, 1)
        os.close(before)
    err = capfd.readouterr().err
    assert len(err.splitlines()) == (said is not None)
    assert err.startswith(f"cxsim: {said}" if said else "")


# ------------------------------------------------------------- check and diff


def test_check_says_what_is_in_a_file(cxsim):
    Path("mine.yaml").write_text("extends: copycat\ntitle: Mine\nfirms: {Tailor: {price: 21}}\n")
    code, out, err = cxsim("check", "mine.yaml", "baseline")
    assert (code, err) == (0, "")
    assert out.splitlines()[:3] == [
        "mine.yaml: ok",
        "  title   Mine",
        "  firms   Mass, Niche, Targeted, Tailor",
    ]
    assert out.count("digest") == 2


def test_check_looks_at_every_file_and_fails_if_one_is_wrong(cxsim):
    Path("good.yaml").write_text("extends: baseline\n")
    Path("bad.yaml").write_text("extends: baseline\ncustomers: 0\nperiod: 12\n")
    Path("worse.yaml").write_text("firms: [\n")
    code, out, err = cxsim("check", "bad.yaml", "good.yaml", "worse.yaml")
    assert code == 2
    assert "good.yaml: ok" in out
    assert "cxsim: bad.yaml:2: customers: expected" in err
    assert "did you mean 'periods'?" in err
    assert "cxsim: worse.yaml:" in err
    assert err.splitlines()[-1] == "cxsim: 2 of 3 files are invalid"


def test_diff_lists_what_differs(cxsim):
    code, out, _ = cxsim("diff", "baseline", "copycat")
    assert code == 0
    assert re.search(r"events\.24\.firms\.Mass\.customization +absent +0\.8", out)
    assert cxsim("diff", "baseline", "baseline")[1] == (
        "baseline and baseline have the same parameters\n"
    )


def test_diff_shows_what_only_one_scenario_has(cxsim):
    Path("drift.yaml").write_text("extends: baseline\nsegments: {Comfort: {need_drift: 0.1}}\n")
    code, out, _ = cxsim("diff", "baseline", "drift.yaml")
    assert code == 0
    assert re.search(r"segments\.Comfort\.need_drift +null +0\.1", out)


def test_diff_fits_a_terminal_whatever_the_values(cxsim):
    Path("long.yaml").write_text(f"extends: baseline\nfirms: {{{'Long' * 40}: {{price: 1}}}}\n")
    out = cxsim("diff", "baseline", "long.yaml")[1]
    assert max(map(len, out.splitlines())) <= 100


# ------------------------------------------------------- list, new, lab, schema


def test_list_names_scenarios_and_notebooks_with_their_titles(cxsim):
    code, out, _ = cxsim("list")
    assert code == 0
    assert re.search(r"^  copycat +A rival copies", out, re.MULTILINE)
    assert re.search(r"^  compare +What changes", out, re.MULTILINE)


def test_new_lays_out_a_folder_that_works(cxsim):
    assert cxsim("new", "work")[0] == 0
    assert Path("work/notebooks/00_start_here.ipynb").is_file()
    assert Path("work/params/scenarios/copycat.yaml").is_file()
    assert cxsim("check", *map(str, Path("work/params").rglob("*.yaml")))[0] == 0
    assert os.access("work/params/mine.yaml", os.W_OK)
    assert [each.name for each in Path().iterdir()] == ["work"], "no drafts"


def test_new_fills_an_empty_folder_and_refuses_any_other(cxsim):
    Path("empty").mkdir()
    assert cxsim("new", "empty")[0] == 0
    code, _, err = cxsim("new", "empty")
    assert code == 2
    assert "found other files in it" in err
    Path("file").touch()
    assert cxsim("new", "file")[0] == 2
    assert cxsim("new", "file/inside")[0] == 2


def test_lab_opens_what_is_there_or_lays_it_out():
    done = subprocess.run(
        [*CXSIM, "lab", "--version"],  # the real JupyterLab, but it leaves again
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\d+\.\d+.*\n", done.stdout)
    assert "cxsim-lab: created" in done.stderr
    assert Path("cxsim-lab/notebooks/compare.ipynb").is_file()
    assert workplace() == workplace("cxsim-lab") == (Path("cxsim-lab"), False)


def test_schema_prints_a_json_schema(cxsim):
    assert "factors" in json.loads(cxsim("schema", "--study")[1])["properties"]
    schema = json.loads(cxsim("schema")[1])
    assert schema["$schema"].startswith("https://json-schema.org")
    assert "firms" in schema["properties"]


# ----------------------------------------------------------------------- warm


def warm(*words: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*CXSIM, "warm", *words],
        capture_output=True, text=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.mark.slow
def test_warm_fills_a_folder_that_may_then_be_shared_read_only():
    first = warm("--folder", "shared")
    assert first.returncode == 0, first.stderr
    passes, compiled, found = re.fullmatch(
        r"(\d+) passes in [\d.]+ s: (\d+) compiled, (\d+) found in shared\n", first.stdout
    ).groups()
    assert int(passes) >= int(compiled) > 10
    assert int(found) == int(passes) - int(compiled)

    for file in Path("shared").rglob("*"):
        file.chmod(0o444)
    both = os.pathsep.join(["shared", "own"])
    again = warm(CXSIM_CACHE_DIR=both)
    assert f"0 compiled, {passes} found in shared" in again.stdout
    assert not Path("own").exists()


def test_warm_says_if_nothing_can_be_kept():
    Path("file").touch()
    done = warm("--folder", "file")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "cxsim: file: expected a folder that can be written, found none"
    )


# ------------------------------------------------------- starting and printing


@pytest.mark.parametrize("words", [["--help"], ["check", "baseline"], ["list"], ["new", "work"]])
def test_what_needs_no_simulation_does_not_wait_for_it(words):
    heavy = {"papermill", "numba", "matplotlib", "pandas", "IPython", "nbconvert", "mesa"}
    code = (
        "import sys\nfrom cxsim.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit as end: assert not end.code, end.code\n"
        f"loaded = {heavy!r} & set(sys.modules)\nassert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_imports_nothing_that_commands_need():
    heavy = {"numpy", "pydantic", "ruamel", "cxsim.scenario", "cxsim.cli.run_and_compare"}
    code = (
        "import sys\nfrom cxsim.cli import main\n"
        f"try: main(['--help'])\nexcept SystemExit: print({heavy!r} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")


def test_help_says_of_each_command_what_the_command_says_of_itself():
    for name, home in _HOME.items():
        command = cli.get_command(None, name)
        assert _does(home, 100) == command.get_short_help_str(100), name


def test_version_and_help(cxsim):
    assert cxsim("--version")[1] == f"cxsim {__version__}\n"
    assert "compare" in cxsim("-h")[1]
    assert cxsim("-h")[1] == cxsim()[1]
    assert "--seeds" in cxsim("compare", "-h")[1]


def test_a_reader_who_leaves_early_is_no_error():
    done = subprocess.run(
        f"{subprocess.list2cmdline(CXSIM[:1])} -c '{CXSIM[2]}' schema | head -1",
        shell=True, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "{\n"
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_a_failure():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [*CXSIM, "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("cxsim: no space left on device")
    assert len(done.stderr.splitlines()) == 1


def test_a_terminal_without_the_characters_shows_others():
    done = subprocess.run(
        [*CXSIM, "list"],
        capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a terminal")
def test_on_a_terminal_progress_is_one_bar_that_is_gone_at_the_end():
    import pty
    import termios

    code = (
        "from cxsim.cli.terminal import Screen\n"
        "with Screen('cxsim compare') as screen:\n"
        "    screen('starting Python', 0, 0)\n"
        "    for k in range(5): screen('simulating', k, 4)\n"
        "print('done')"
    )
    parent, child = pty.openpty()
    termios.tcsetwinsize(child, (24, 80))
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=child, text=True, check=True
    )
    os.close(child)
    shown = b""
    while chunk := _read(parent):
        shown += chunk
    os.close(parent)
    text = shown.decode("utf-8")
    assert done.stdout == "done\n"
    assert "\n" not in text
    assert "cxsim compare: simulating" in text
    assert "3/4" in text
    assert re.search(r"\r +\r$", text), "wiped"


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # what Linux says at the end of a terminal
        return b""


def test_long_work_is_announced_and_what_memory_cannot_hold_is_refused(cxsim, monkeypatch, capsys):
    from cxsim.cli import run_and_compare

    refused(
        cxsim("run", "baseline", "-s", "customers=900000000", "-o", "big"),
        "900,000,000 customers",
        "memory",
    )
    monkeypatch.setattr(run_and_compare, "LONG", 1000)
    run_and_compare.announce(["baseline"], ["customers=200", "periods=6"], 3, 1)
    assert re.search(r"This will take about .* of memory, .* on disk\.", capsys.readouterr().err)


def test_short_work_is_not_announced(capsys):
    from cxsim.cli.run_and_compare import announce

    announce(["baseline", "copycat"], ["customers=200"], 20, 1)
    assert capsys.readouterr().err == ""


# ----------------------------------------------------------------------- decide


def test_decide_says_what_is_wrong_before_anything_runs(cxsim):
    refused(cxsim("decide", "baseline", "--firm", "Tailr"), "did you mean 'Tailor'")
    refused(cxsim("decide", "--options", "{a: {firms.Mass.prise: 1}, b: {}}"), "price")
    refused(cxsim("decide", "--points", "3"), "points: expected a whole number from 16")
    refused(cxsim("decide", "--panel", "nowhere.csv"), "nowhere.csv: expected a file")
