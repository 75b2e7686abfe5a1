"""A notebook is checked, run and judged; it leaves a folder that is whole, or none."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import IPython.core.interactiveshell  # noqa: F401 (which copies of this process need not import)
import nbformat
import numpy as np
import papermill
import pytest

from cxsim.report.notebook_parameters import checked, declared, join_overrides, split_overrides
from cxsim.report.notebook_run import ONLY_IN_NOTEBOOK, CellError, NotebookError, to_html
from cxsim.report.notebook_run import run_notebook as run_notebook_somehow
from cxsim.report.notebooks import NotebookInputError, find_notebook
from cxsim.scenario import ScenarioError

PARAMETERS = """
n: int = 3  # how many, 1 to 10
rate: float = 0.5  # a share, 0 to 1
name: str = "x"  # a name
loud: bool = False
output: str = ""  # folder for data
"""

SUMMARY = """
import json, pathlib
summary = {"status": "ok", "made_by": "cxsim", "n": n}
if output:
    (pathlib.Path(output) / "summary.json").write_text(json.dumps(summary))
"""

#: In a copy of this process, as commands do; whatever threads the tests are run with.
run_notebook = functools.partial(run_notebook_somehow, kernel=False)

both_ways = pytest.mark.parametrize("kernel", [False, True], ids=["copy", "kernel"])


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Work in an empty folder; return a function that writes a notebook of cells into it."""
    monkeypatch.chdir(tmp_path)

    def write(*codes: str, parameters: str = PARAMETERS, end: str = SUMMARY) -> Path:
        book = nbformat.v4.new_notebook()
        book.metadata["kernelspec"] = {
            "name": "somebodys_own", "display_name": "?", "language": "python"
        }  # fmt: skip
        book.cells.append(nbformat.v4.new_markdown_cell("# What is <this>?"))
        if parameters:
            cell = nbformat.v4.new_code_cell(parameters.strip())
            cell.metadata["tags"] = ["parameters"]
            book.cells.append(cell)
        for code in (*codes, end):
            book.cells.append(nbformat.v4.new_code_cell(textwrap.dedent(code).strip()))
        path = tmp_path / "tiny.ipynb"
        nbformat.write(book, path)
        return path

    return write


def here() -> list[str]:
    """Return all names in the current folder, hidden ones included."""
    return sorted(each.name for each in Path().iterdir())


# ------------------------------------------------------------------ a good run


@both_ways
def test_a_run_leaves_notebook_report_and_summary_and_is_quiet(write, capfd, kernel):
    path = write("print('n is', n)\n1 + n", "import sys; print('psst', file=sys.stderr)")
    result = run_notebook(path, {"n": "7"}, output_folder="new/place", kernel=kernel)

    assert result.folder == Path("new/place")
    assert sorted(each.name for each in result.folder.iterdir()) == [
        "report.html", "summary.json", "tiny.ipynb",
    ]  # fmt: skip
    assert result.summary["n"] == 7
    assert result.summary == json.loads((result.folder / "summary.json").read_text("utf-8"))

    page = result.report.read_text(encoding="utf-8")
    assert "<title>What is &lt;this&gt;?</title>" in page
    assert "n is 7" in page
    assert "8" in page
    assert "print(" not in page, "code is hidden"
    assert "psst" not in page, "so is chatter"
    assert capfd.readouterr() == ("", "")


def test_the_executed_notebook_names_its_final_place_and_no_draft(write):
    result = run_notebook(write("n"), output_folder="out{n}")
    text = result.notebook.read_text(encoding="utf-8")
    assert 'output = \\"out{n}\\"' in text
    assert ".out{n}-" not in text
    assert str(Path.cwd()) not in json.dumps(json.loads(text)["metadata"])


def test_a_result_is_replaced_and_other_files_are_not(write):
    path = write("n")
    run_notebook(path, {"n": 1}, output_folder="out")
    assert run_notebook(path, {"n": 2}, output_folder="out").summary["n"] == 2

    Path("out/notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(NotebookInputError, match=r"out: .*found notes\.txt in it"):
        run_notebook(path, {"n": 3}, output_folder="out")
    assert Path("out/notes.txt").read_text(encoding="utf-8") == "mine"
    assert json.loads(Path("out/summary.json").read_text("utf-8"))["n"] == 2


def test_a_notebook_without_parameters_is_judged_by_its_cells(write):
    result = run_notebook(write("6 * 7", parameters="", end="pass"), output_folder="out")
    assert result.summary["status"] == "ok"
    assert "42" in result.report.read_text(encoding="utf-8")


def test_progress_is_told_from_within_the_notebook(write):
    path = write(
        """
        import time
        from cxsim.report.notebooks import tell_progress
        tell = tell_progress("counting")
        tell(1, 2)
        time.sleep(0.5)
        """
    )
    told = []
    run_notebook(path, output_folder="out", progress=lambda *what: told.append(what))
    assert told[0][0] == "starting Python"
    assert ("counting", 1, 2) in told
    assert told[-1][0] == "writing the report"


def test_the_kernel_is_of_this_environment_whatever_kernels_are_installed(write, monkeypatch):
    spec = Path("jupyter/kernels/python3/kernel.json")
    spec.parent.mkdir(parents=True)
    spec.write_text('{"argv": ["/nowhere/python", "{connection_file}"], "display_name": "old"}')
    monkeypatch.setenv("JUPYTER_PATH", str(Path("jupyter").resolve()))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    path = write("import sys; print(sys.executable)")
    result = run_notebook(path, output_folder="out", kernel=True)
    assert sys.executable in result.report.read_text(encoding="utf-8")


# ------------------------------------------- a copy writes what papermill would


def plainly(book) -> list:
    """Return a notebook's cells without ids and times."""
    cells = json.loads(json.dumps(book["cells"]))
    for cell in cells:
        del cell["id"]
        cell["metadata"].pop("execution", None)
        for time_ in ("start_time", "end_time", "duration"):
            cell["metadata"].get("papermill", {}).pop(time_, None)
        for output in cell.get("outputs", ()):
            output.pop("traceback", None)
    return cells


SHOWN = """
import asyncio, sys, warnings
from IPython.display import HTML, clear_output, display
import matplotlib.pyplot as plt

print("one"); print("two", file=sys.stderr); display(HTML("<b>three</b>"))
handle = display("four", display_id=True)
handle.update("five")
plt.figure(figsize=(1, 1)).add_subplot().plot([1, 2])
HTML("<i>six</i>")
"""


@pytest.mark.parametrize("end", ["n + rate", "{}['no']"], ids=["whole", "failed"])
def test_a_copy_writes_the_notebook_that_plain_papermill_writes(write, end):
    cells = (SHOWN, "%matplotlib inline\n!echo seven", "await asyncio.sleep(0, 'eight')", "n;")
    cells += ("print('nine'); clear_output(); __name__", "help", "asyncio.get_running_loop() and 0")
    path, given = write(*cells, end=f"{SUMMARY}\n{end}"), {"n": 4, "name": 'a "b" \\ \n\u00e9'}
    with contextlib.suppress(CellError):
        run_notebook(path, given, output_folder="out")
    with contextlib.suppress(papermill.PapermillExecutionError):
        papermill.execute_notebook(
            str(path), "theirs.ipynb", given, kernel_name="python3", progress_bar=False
        )
    folder = Path("out") if Path("out").is_dir() else Path("out.failed")
    ours, theirs = (
        nbformat.read(file, as_version=4) for file in (folder / path.name, "theirs.ipynb")
    )
    nbformat.validate(ours)
    for cell in (*ours.cells, *theirs.cells):
        if "injected-parameters" in cell.metadata.tags:
            cell.source = "".join(x for x in cell.source.splitlines(True) if "output" not in x)
    assert plainly(ours) == plainly(theirs)
    assert ours.metadata.language_info == theirs.metadata.language_info
    assert ours.metadata.kernelspec == theirs.metadata.kernelspec
    assert set(ours.metadata.papermill) == set(theirs.metadata.papermill)
    assert ours.metadata.papermill.exception == theirs.metadata.papermill.exception


def test_the_process_that_is_copied_is_left_alone(write):
    before = set(sys.modules["__main__"].__dict__), sys.stdout, list(sys.path), Path.cwd()
    run_notebook(write("import os\nos.chdir('/')\nn_of_a_notebook = 1"), output_folder="out")
    assert (
        set(sys.modules["__main__"].__dict__),
        sys.stdout,
        list(sys.path),
        Path.cwd(),
    ) == before


def test_nothing_that_a_notebook_started_outlives_it(write):
    code = "import subprocess\nprint(subprocess.Popen(['sleep', '60']).pid)"
    result = run_notebook(write(code), output_folder="out")
    number = re.search(r"<pre>(\d+)", result.report.read_text("utf-8"))[1]
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        while Path(f"/proc/{number}/stat").read_text().split()[2] != "Z":
            time.sleep(0.01)


# ----------------------------------------------------------------- failed runs


@both_ways
def test_a_cell_that_fails_is_named_and_the_notebook_kept_beside(write, kernel):
    path = write("if n == 3:\n    1 / 0")
    with pytest.raises(CellError) as caught:
        run_notebook(path, output_folder="out", kernel=kernel)
    assert str(caught.value) == (
        "tiny.ipynb: cell 3 failed: ZeroDivisionError: division by zero (see out.failed/tiny.ipynb)"
    )
    assert here() == ["out.failed", "tiny.ipynb"]
    assert "ZeroDivisionError" in Path("out.failed/tiny.ipynb").read_text(encoding="utf-8")

    run_notebook(path, {"n": 4}, output_folder="out")
    assert here() == ["out", "tiny.ipynb"], "what failed before is out of date"


@both_ways
def test_a_killed_kernel_is_a_failure_even_in_the_last_cell(write, capfd, kernel):
    path = write(end=SUMMARY + "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(NotebookError, match=r"tiny\.ipynb: its Python was killed at cell 3"):
        run_notebook(path, output_folder="out", kernel=kernel)
    assert here() == ["tiny.ipynb"]
    assert capfd.readouterr() == ("", "")


@both_ways
def test_what_a_dying_kernel_says_is_passed_on(write, kernel):
    path = write("import os\nos.write(2, b'out of luck\\n')\nos._exit(3)")
    with pytest.raises(NotebookError, match=r"out of luck"):
        run_notebook(path, output_folder="out", kernel=kernel)


@both_ways
def test_a_notebook_that_takes_too_long_is_stopped(write, kernel):
    path = write("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)")
    with pytest.raises(NotebookError, match=r"not done after 2 seconds, so it was stopped \(at"):
        run_notebook(path, output_folder="out", kernel=kernel, timeout=2)
    assert here() == ["tiny.ipynb"]


def test_a_notebook_that_ends_without_its_summary_has_failed(write):
    with pytest.raises(NotebookError, match=r"ended without writing summary\.json"):
        run_notebook(write("n", end="pass"), output_folder="out")
    assert here() == ["tiny.ipynb"]


def test_a_failed_run_leaves_an_earlier_result_alone(write):
    path = write("assert n == 3")
    run_notebook(path, output_folder="out")
    with pytest.raises(CellError, match="AssertionError"):
        run_notebook(path, {"n": 4}, output_folder="out")
    assert json.loads(Path("out/summary.json").read_text("utf-8"))["n"] == 3


def test_a_kernel_that_does_not_start_is_given_a_second_chance(write, monkeypatch):
    # As when somebody else takes the port between choosing and using it.
    Path("fake").mkdir()
    Path("fake/ipykernel_launcher.py").write_text(
        textwrap.dedent(
            """
            import pathlib, runpy, sys
            times = pathlib.Path(__file__).with_name("times")
            times.write_text(times.read_text() + "x" if times.exists() else "x")
            if len(times.read_text()) < int(pathlib.Path(__file__).with_name("from").read_text()):
                sys.exit("address already in use")
            sys.path.remove(str(pathlib.Path(__file__).parent))
            runpy.run_module("ipykernel_launcher", run_name="__main__")
            """
        )
    )
    paths = [str(Path("fake").resolve()), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    path = write("n")
    Path("fake/from").write_text("2")
    assert run_notebook(path, output_folder="out", kernel=True).summary["status"] == "ok"
    assert Path("fake/times").read_text() == "xx"

    Path("fake/from").write_text("9")
    with pytest.raises(NotebookError, match=r"did not start.*address already in use"):
        run_notebook(path, output_folder="again", kernel=True)
    assert Path("fake/times").read_text() == "xxxx", "two attempts, no more"
    assert "again" not in here()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs limits on file size")
@pytest.mark.parametrize(
    "code",
    [
        "open(output + '/data', 'w').write('x' * 200_000)",
        pytest.param("print('x' * 200_000)", marks=pytest.mark.slow),
    ],
)
def test_a_full_disk_is_one_line_and_nothing_stays(write, code):
    path = write(code)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
    unwatched = {k: v for k, v in os.environ.items() if not k.startswith("COV")}  # it writes too
    done = subprocess.run(
        [sys.executable, "-c", limit + "from cxsim.cli import main; main()",
         "run", str(path), "-o", "out"],
        capture_output=True, text=True, check=False, env=unwatched,
    )  # fmt: skip
    assert done.returncode == 1
    assert "file too large" in done.stderr.splitlines()[-1].lower()
    assert "Traceback" not in done.stderr
    assert "out" not in here()
    assert not [name for name in here() if name.startswith(".")]


# --------------------------------------------------------- checks before a run


def fails(path, parameters=None, folder="out") -> str:
    """Return what is said of a run that must not start; make sure that it leaves nothing."""
    before = here()
    with pytest.raises((NotebookInputError, ScenarioError)) as caught:
        run_notebook(path, parameters, output_folder=folder)
    assert here() == before
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"m": 3}, "tiny.ipynb: m: found no parameter of this name (known: "),
        ({"nme": "x"}, "tiny.ipynb: nme: found no parameter of this name (did you mean 'name'?)"),
        ({"n": 0}, "tiny.ipynb: n: expected a whole number from 1 to 10, found 0"),
        ({"n": "eleven"}, "tiny.ipynb: n: expected a whole number from 1 to 10, found 'eleven'"),
        ({"n": 2.5}, "tiny.ipynb: n: expected a whole number from 1 to 10, found 2.5"),
        ({"n": True}, "tiny.ipynb: n: expected a whole number from 1 to 10, found true"),
        ({"rate": float("nan")}, "tiny.ipynb: rate: expected a number from 0 to 1, found .nan"),
        ({"rate": "inf"}, "tiny.ipynb: rate: expected a number from 0 to 1, found 'inf'"),
        ({"rate": None}, "tiny.ipynb: rate: expected a number from 0 to 1, found null"),
        ({"loud": "perhaps"}, "tiny.ipynb: loud: expected true or false, found 'perhaps'"),
        ({"name": 5}, "tiny.ipynb: name: expected a text, found 5"),
    ],
)
def test_names_types_and_ranges_are_checked_before_a_kernel_starts(write, given, message):
    assert fails(write("n"), given).startswith(message)


def test_all_that_is_wrong_is_said_at_once(write):
    assert len(fails(write("n"), {"n": 0, "rate": 7, "m": 1}).splitlines()) == 3


def test_what_is_given_arrives_as_a_plain_value_of_the_declared_type(write):
    given = {"n": np.int64(4), "rate": "1e-3", "name": Path("a/b"), "loud": "yes"}
    assert checked(write(), given) == {
        "n": 4,
        "rate": 0.001,
        "name": str(Path("a/b")),
        "loud": True,
    }
    assert type(checked(write(), {"n": np.int64(4)})["n"]) is int


def test_the_comment_of_a_parameter_is_its_help_and_its_range(write):
    n = declared(write())["n"]
    assert (n.kind, n.default, n.help, n.low, n.high) == (int, 3, "how many, 1 to 10", 1, 10)
    odd = declared(write(parameters='text: str = "a # b"  # not 1 to 5, words'))["text"]
    assert (odd.default, odd.low) == ("a # b", float("-inf"))


@pytest.mark.parametrize(
    "line", ["a, b = 1, 2", "a = 1", "a: list = []", "a: int = len('x')", "a:"]
)
def test_a_cell_of_parameters_holds_one_annotated_value_a_line(write, line):
    assert "parameters cell, line 1: expected" in fails(write(parameters=line))


def test_scenarios_and_overrides_are_loaded_before_a_kernel_starts(write):
    path = write(
        parameters='scenarios: str = "baseline,copycat"\noverrides: str = ""\nscenario: str = "x"'
    )
    ok = {"scenario": "baseline"}
    assert "did you mean 'copycat'" in fails(path, {**ok, "scenarios": "baseline,copycta"})
    assert "two or more" in fails(path, {**ok, "scenarios": "baseline"})
    assert "x: expected a file" in fails(path)
    wrong = fails(path, {**ok, "overrides": "firms.Tailr.price=3, customers=0"})
    assert "did you mean 'Tailor'" in wrong
    Path("short.yaml").write_text("extends: baseline\nperiods: 30\n")
    said = fails(path, {**ok, "scenarios": "baseline,short.yaml"})
    assert "periods: expected the same" in said
    assert "30 in short.yaml" in said


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("none.ipynb", None, "found no such file"),
        ("broken.ipynb", "{", "found no JSON"),
        ("list.ipynb", "[]", "found other JSON"),
        ("r.ipynb", '{"cells": [], "metadata": {"kernelspec": {"language": "R"}}}', "found 'R'"),
    ],
)
def test_what_is_no_notebook_is_refused(write, name, content, what):
    write()
    if content is not None:
        Path(name).write_text(content, encoding="utf-8")
    assert what in fails(name)


def test_a_notebook_is_found_by_name_by_path_and_almost(write):
    write()
    assert find_notebook("tiny.ipynb") == Path("tiny.ipynb")
    assert find_notebook("compare").name == "compare.ipynb"
    assert find_notebook("compare.ipynb").is_file()
    with pytest.raises(NotebookInputError, match=r"did you mean 'tiny\.ipynb'"):
        find_notebook("tny.ipynb")
    with pytest.raises(NotebookInputError, match="did you mean 'scenario'"):
        find_notebook("scenaro")


@pytest.mark.parametrize("folder", ["tiny.ipynb", "tiny.ipynb/deeper", "."])
def test_an_output_folder_that_cannot_be_is_refused(write, folder):
    # A file in the place of a folder: refused even to those who may write everywhere.
    assert fails(write("n"), folder=folder).startswith(f"{Path(folder)}: expected a")


def test_a_summary_of_somebody_else_does_not_make_a_folder_ours(write):
    Path("out").mkdir()
    Path("out/summary.json").write_text('{"files": ["summary.json"]}', encoding="utf-8")
    assert "found summary.json in it" in fails(write("n"))


# ---------------------------------------------------------------------- pieces


@pytest.mark.parametrize(
    "parts",
    [
        [],
        ["firms.Tailor.price=12"],
        ["a.b=1", "c=[1, 2]", 'd={x: 1, y: "p, q"}'],
        ["title=don't, panic", "a=2"],
        ["title='one, two'", 'b="three \\", four"'],
    ],
)
def test_overrides_survive_the_way_through_one_text(parts):
    from cxsim.scenario import parse_override

    text = join_overrides(parts)
    assert [parse_override(each) for each in split_overrides(text)] == [
        parse_override(each) for each in parts
    ]


def test_cells_about_the_notebook_are_not_in_its_report(write):
    path = write("n")
    book = nbformat.read(path, as_version=4)
    note = nbformat.v4.new_markdown_cell("Press *Run*.", metadata={"tags": [ONLY_IN_NOTEBOOK]})
    book.cells.insert(1, note)
    nbformat.write(book, path)
    page = to_html(path, title="A & B")
    assert "Press" not in page
    assert "<title>A &amp; B</title>" in page


def test_printed_pages_bear_title_day_and_page_number_and_no_title_ends_the_style(write):
    run = run_notebook(write("n"), output_folder="out")
    page = to_html(run.notebook, title='"}</style><b>x')
    style = page[page.index("@page {") : page.index("</style>")]
    assert "Run on " in style
    assert '"Page " counter(page) " of " counter(pages)' in style
    assert r'@top-left { content: "\000022 \00007d \00003c \00002f style\00003e ' in style
    assert "<b>x" not in page
