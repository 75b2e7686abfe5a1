"""Scenario files are YAML 1.2 with merge keys; every value has a line."""

from __future__ import annotations

import math

import pytest

from cxsim.scenario.yaml_text import MAX_VALUES, YamlError, parse


def refusal(text):
    with pytest.raises(YamlError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("-3", -3), ("+3", 3), ("012", 12), ("0o14", 12), ("0xC", 12),
        ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("1E-3", 0.001),
        ("-.inf", -math.inf),
        ("true", True), ("FALSE", False), ("null", None), ("~", None), ("", None),
        ("yes", "yes"), ("No", "No"), ("on", "on"), ("1_000", "1_000"), ("1:30", "1:30"),
        ("2024-01-31", "2024-01-31"), ("12 EUR", "12 EUR"), ("'12'", "12"), ('"a\\tb"', "a\tb"),
        ("!!str 12", "12"), ("[1, a]", (1, "a")), ("{a: 1}", {"a": 1}), ("=", "="), ("-", (None,)),
    ],
)  # fmt: skip
def test_the_core_schema(text, value):
    read = parse(text).value
    assert read == value
    assert type(read) is type(value)


def test_nan_is_read_so_that_it_can_be_refused_where_it_stands():
    assert math.isnan(parse(".nan").value)


def test_a_whole_number_of_any_length_can_be_read():
    assert parse("9" * 100).value == int("9" * 100)
    assert parse("9" * 10_000).value == math.inf


def test_every_key_and_item_has_its_line():
    document = parse("a: 1\nb:\n  - x\n  - y: 2\n# a comment\nc: {d: 3,\n    e: 4}\n")
    assert document.lines == {
        ("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 4, ("b", 1, "y"): 4,
        ("c",): 6, ("c", "d"): 6, ("c", "e"): 7,
    }  # fmt: skip


def test_an_alias_stands_for_what_was_anchored_with_the_lines_it_came_from():
    document = parse("a: &x\n  p: [1]\nb: *x\n")
    assert document.value == {"a": {"p": (1,)}, "b": {"p": (1,)}}
    assert document.lines[("b",)] == 3
    assert document.lines[("b", "p", 0)] == 2


def test_a_merge_brings_in_what_is_not_written():
    document = parse("a: &x\n  p: 1\n  q: 2\nb:\n  q: 3\n  <<: *x\n")
    assert document.value["b"] == {"p": 1, "q": 3}
    assert document.lines[("b", "p")] == 2
    assert document.lines[("b", "q")] == 5


def test_of_several_merged_the_first_counts():
    text = "- &x {p: 1}\n- &y {p: 2, q: 2}\n- <<: [*x, *y]\n  r: 3\n"
    assert parse(text).value[2] == {"p": 1, "q": 2, "r": 3}


def test_the_merge_key_in_quotes_is_a_key():
    assert parse("'<<': 3").value == {"<<": 3}


@pytest.mark.parametrize("value", ["3", "[]", "[1]", "null"])
def test_only_mappings_can_be_merged(value):
    error = refusal(f"a: 1\n<<: {value}\n")
    assert (error.line, error.reason) == (2, "expected a mapping to merge, or a list of them")


def test_equal_keys_are_refused_with_both_lines():
    error = refusal("a:\n  b: 1\n  c: 2\n  b: 3\n")
    assert (error.line, error.path) == (4, ("a", "b"))
    assert error.reason == "expected each key once, found 'b' on line 2 and again on line 4"
    assert "'<<' on line 1 and again on line 2" in refusal("<<: {a: 1}\n<<: {b: 1}").reason


def test_aliases_that_multiply_are_refused_before_they_fill_the_memory():
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    error = refusal("\n".join(lines))
    assert f"expected at most {MAX_VALUES} values" in error.reason
    assert error.line == 6


def test_depth_is_limited():
    assert "expected at most 40 levels" in refusal("[" * 1000).reason
    assert "expected at most 40 levels" in refusal("a: " + "{b: " * 100).reason


def test_text_of_any_length_is_refused_beyond_the_limit():
    assert "expected at most 1048576 bytes" in refusal("a" * (1 << 20) + "b").reason


@pytest.mark.parametrize(
    "text",
    ["a: b: c", "[1, 2", "{a: 1", "'a", '"\\q"', "a:\n\tb: 1", "*x", "%YAML 3.0\n---\n", "@a",
     "a: !", "\x00", "a\n  b: c\n d", ": :", "- - -\n -", "!<> a", '"\\U99999999"'],
)  # fmt: skip
def test_text_that_is_no_yaml_is_refused_in_few_words(text):
    reason = refusal(text).reason
    assert reason.startswith("expected ")
    assert len(reason) < 200
