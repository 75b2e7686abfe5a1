"""A change of names is distinguished from a change of numbers."""

from __future__ import annotations

from lab.states import differences, digest

BEFORE = {"a market": {"customers": {"supplier": digest([1, 2])}, "totals": {}}}


def after(name, values):
    return {"a market": {"customers": {name: digest(values)}, "totals": {}}}


def test_another_name_for_the_same_numbers_is_no_difference():
    assert differences(BEFORE, after("chosen_firm", [1, 2])) == []


def test_a_column_with_other_numbers_is_named_as_it_was_and_as_it_is():
    was, now = differences(BEFORE, after("supplier", [1, 3]))
    assert was.startswith("a market: customers: was supplier")
    assert now.startswith("a market: customers: is supplier")


def test_type_and_shape_are_part_of_what_is_compared():
    assert differences(BEFORE, after("supplier", [1.0, 2.0]))
    assert differences(BEFORE, after("supplier", [[1, 2]]))


def test_a_market_on_one_side_alone_is_named():
    assert differences(BEFORE, {}) == ["a market: on one side alone"]
