"""One wrong key or value gives one clear line: file, line, key, expected, found, nearest name."""

from __future__ import annotations

import pickle
from pathlib import Path
from textwrap import dedent

import pytest

from cxsim.scenario import Scenario, ScenarioError


def mistakes():
    """Read the catalogue: ``OLD => NEW``, then the message, indented."""
    text = Path(__file__).with_name("messages.txt").read_text(encoding="utf-8")
    for block in text.split("\n\n")[1:]:
        change, _, message = block.partition("\n")
        old, new = change.replace("\\n", "\n").split(" => ")
        yield pytest.param(old, new, dedent(message).strip(), id=change)


@pytest.mark.parametrize(("old", "new", "message"), list(mistakes()))
def test_one_mistake_gives_one_line(complaint, old, new, message):
    assert complaint(old=old, new=new) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "market.yaml: expected a mapping of parameters, found an empty file"),
        ("- 1\n- 2\n", "market.yaml: expected a mapping of parameters, found [1, 2]"),
        ("firms: {}\nsegments: {All: {share: 1}}\n",
         "market.yaml:1: firms: expected a mapping by name of at least 1, found an empty mapping"),
        ("firms:\n  A: {price: 1\n  B: {price: 2}\n",
         ("market.yaml:3: expected YAML, found a mistake at column 4: expected ',' or '}', "
         "but got ':'")),
        ("firms:\n\tA: 1\n",
         ("market.yaml:2: expected YAML, found a mistake at column 1: found character '\\t' that "
         "cannot start any token")),
        ("title: a\n---\ntitle: b\n",
         "market.yaml:2: expected one YAML document, found a second"),
        ("title: !!python/object:os.system {}\n",
         ("market.yaml:1: title: expected a plain value, found the tag "
         "'tag:yaml.org,2002:python/object:os.system'")),
        ("title: *nowhere\n", "market.yaml:1: title: expected a known anchor, found 'nowhere'"),
        ("firms: &f\n  A: *f\n",
         "market.yaml:2: firms.A: expected a value, found an alias to what contains it ('f')"),
        ('title: "\\ud83d"\n',
         "market.yaml:1: title: expected text, found half a character (\\ud800-\\udfff)"),
        ("? [a, b]\n: 1\n", "market.yaml:1: expected a text as key, found a composed one"),
    ],
)  # fmt: skip
def test_text_that_is_no_scenario_at_all(complaint, text, message):
    assert complaint(text) == message


def test_several_mistakes_give_a_line_each_and_a_count(complaint):
    wrong = "\n".join(f"    wrong_{number}: 1" for number in range(8))
    lines = complaint(old="    price: 10", new=f"    price: 10\n{wrong}").splitlines()
    assert len(lines) == 6
    assert lines[0] == (
        "market.yaml:19: firms.Mass.wrong_0: expected a parameter of a firm, found 'wrong_0'"
    )
    assert lines[-1] == "and 3 more problems"


def test_the_problems_can_be_read_one_by_one(write):
    write("market.yaml", "firms: {A: {price: -1}}\nsegments: {All: {share: 2}}\n")
    with pytest.raises(ScenarioError) as caught:
        Scenario.load("market.yaml")
    first, second = caught.value.problems
    assert (first.place.line, first.path) == (1, ("firms", "A", "price"))
    assert (second.place.line, second.path) == (2, ("segments", "All", "share"))


def test_the_error_is_a_value_error_and_survives_the_way_back_from_a_worker(complaint, write):
    write("market.yaml", "firms: 1\n")
    with pytest.raises(ValueError, match="firms") as caught:
        Scenario.load("market.yaml")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_message_stays_on_its_line_and_short_whatever_was_written(complaint):
    message = complaint(old="title: Two roads", new='title: {"a\\nb": ' + "'" + "x" * 500 + "'}")
    assert "\n" not in message
    message = complaint(old="price: 12", new=f"price: '{'x' * 5000}\\n'")
    assert len(message) < 250


def test_the_file_must_be_there_and_readable(write):
    write("market.yaml", "")
    write("folder/other.yaml", "")
    for asked, message in [
        ("marked.yml", "marked.yml: expected a file, found no file (did you mean 'market.yaml'?)"),
        ("folder", "folder: expected a file, found a folder"),
        ("", ": expected a file or the name of a scenario, found ''"),
        ("folder/otter.yaml",
         "folder/otter.yaml: expected a file, found no file (did you mean 'other.yaml'?)"),
    ]:  # fmt: skip
        with pytest.raises(ScenarioError) as caught:
            Scenario.load(asked)
        assert str(caught.value) == message.removeprefix(": ")


def test_a_file_must_be_utf8_and_of_sensible_size(write, tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"periods: 3\ntitle: caf\xe9\n")
    with pytest.raises(ScenarioError, match=r"latin.yaml:2: expected UTF-8 text, found byte 0xe9"):
        Scenario.load(path)
    path.write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(ScenarioError, match="expected at most 1048576 bytes, found more"):
        Scenario.load(path)


def test_a_file_with_a_byte_order_mark_is_read(write, market, tmp_path):
    text = (tmp_path / "market.yaml").read_text(encoding="utf-8")
    (tmp_path / "bom.yaml").write_text(text, encoding="utf-8-sig")
    assert Scenario.load("bom.yaml") == market
