"""A scenario file can start from another one and say only what differs."""

from __future__ import annotations

import pytest

from cxsim.scenario import Scenario, ScenarioError


def refusal(name):
    with pytest.raises(ScenarioError) as caught:
        Scenario.load(name)
    return str(caught.value)


def test_a_variant_has_all_that_it_does_not_say(market, write):
    write("variant.yaml", "extends: market.yaml\nfirms: {Tailor: {price: 15}}\n")
    variant = Scenario.load("variant.yaml")
    assert variant.firms["Tailor"].price == 15
    assert variant.firms["Tailor"].interaction == 0.9
    assert list(variant.firms) == ["Tailor", "Mass"]
    assert variant == market.override({"firms.Tailor.price": 15})


def test_firms_segments_and_starts_merge_by_name_and_keep_their_order(market, write):
    write(
        "variant.yaml",
        """\
        extends: market.yaml
        segments:
          Families: {share: 0.5, need_sd: 2}
          Seniors: {share: 0.1}
        firms:
          Clone: {price: 11}
        initial:
          Tailor: {share: 0.2}
        """,
    )
    variant = Scenario.load("variant.yaml")
    assert list(variant.firms) == ["Tailor", "Mass", "Clone"]
    assert list(variant.segments) == ["Families", "Singles", "Seniors"]
    assert variant.segments["Families"].need_mean == (1, 0)
    assert {name: start.share for name, start in variant.initial.items()} == {
        "Mass": 0.5, "Tailor": 0.2,
    }  # fmt: skip


def test_groups_merge_by_key_and_lists_are_replaced(market, write):
    write(
        "variant.yaml",
        """\
        extends: market.yaml
        segments: {Families: {need_mean: [0, 2]}}
        firms: {Tailor: {promotions: {depth: 0.3}}}
        replace_events: []
        """,
    )
    variant = Scenario.load("variant.yaml")
    assert variant.segments["Families"].need_mean == (0, 2)
    assert variant.firms["Tailor"].promotions.depth == 0.3
    assert variant.firms["Tailor"].promotions.chance == 0.1
    assert variant.events == ()


def test_null_takes_a_firm_a_segment_or_a_start_out(market, write):
    write(
        "variant.yaml",
        """\
        extends: market.yaml
        segments: {Singles: null, Families: {share: 1}}
        firms: {Mass: null}
        initial: {Mass: null}
        replace_events: []
        """,
    )
    variant = Scenario.load("variant.yaml")
    assert list(variant.firms) == ["Tailor"]
    assert list(variant.segments) == ["Families"]
    assert variant.initial == {}


def test_null_takes_a_firm_out_of_values_by_firm(market, write):
    write(
        "tastes.yaml",
        "extends: market.yaml\n"
        "segments: {Singles: {brand_taste_sd: {Tailor: 1, Mass: 2}}}\n"
        "replace_events: []\ninitial: {Mass: null}\n",
    )
    write("variant.yaml", "extends: tastes.yaml\nfirms: {Mass: null}\n")
    assert "brand_taste_sd.Mass: expected the name of a firm" in refusal("variant.yaml")
    write(
        "variant.yaml",
        "extends: tastes.yaml\nfirms: {Mass: null}\n"
        "segments: {Singles: {brand_taste_sd: {Mass: null}}}\n",
    )
    singles = Scenario.load("variant.yaml").segments["Singles"]
    assert singles.brand_taste_sd == {"Tailor": 1}


def test_null_is_a_value_where_a_parameter_can_be_null(market, write):
    write("a.yaml", "extends: market.yaml\nsegments: {Singles: {exit_rate_beta: [1, 2]}}\n")
    write("b.yaml", "extends: a.yaml\nsegments: {Singles: {exit_rate_beta: null}}\n")
    assert Scenario.load("a.yaml").segments["Singles"].exit_rate_beta == (1, 2)
    assert Scenario.load("b.yaml").segments["Singles"].exit_rate_beta is None


def test_a_variant_does_not_speak_in_its_parents_words(market, write):
    write("variant.yaml", "extends: market.yaml\n")
    variant = Scenario.load("variant.yaml")
    assert (market.name, market.title, market.claim) == (
        "market", "Two roads", "Learning relationships last",
    )  # fmt: skip
    assert (variant.name, variant.title, variant.claim) == ("variant", "", "")


def test_variants_of_variants_and_other_folders(market, write):
    write("more/one.yaml", "extends: ../market.yaml\nperiods: 30\n")
    write("more/two.yaml", "extends: one.yaml\nfirms: {Mass: {price: 9}}\n")
    two = Scenario.load("more/two.yaml")
    assert (two.periods, two.firms["Mass"].price) == (30, 9)


def test_messages_name_the_file_that_a_wrong_value_came_from(market, write):
    write("one.yaml", "extends: market.yaml\nfirms:\n  Tailor:\n    price: -1\n")
    write("two.yaml", "extends: one.yaml\nperiods: 0\n")
    assert refusal("two.yaml").splitlines() == [
        (
            "one.yaml:4: firms.Tailor.price: expected a number of at least 0 (currency per unit), "
            "found -1"
        ),
        "two.yaml:2: periods: expected a whole number from 1 to 100000 (periods), found 0",
    ]


def test_a_wrong_value_of_the_parent_that_the_variant_replaces_does_no_harm(market, write):
    write("one.yaml", "extends: market.yaml\nperiods: 0\n")
    write("two.yaml", "extends: one.yaml\nperiods: 12\n")
    assert Scenario.load("two.yaml").periods == 12


def test_a_cycle_is_shown(write):
    write("a.yaml", "title: x\nextends: b.yaml\n")
    write("b.yaml", "extends: c.yaml\n")
    write("c.yaml", "extends: a.yaml\n")
    assert refusal("a.yaml") == (
        "c.yaml:1: extends: expected no cycle, found a.yaml -> b.yaml -> c.yaml -> a.yaml"
    )
    write("own.yaml", "extends: own.yaml\n")
    assert refusal("own.yaml") == (
        "own.yaml:1: extends: expected no cycle, found own.yaml -> own.yaml"
    )


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("marked.yaml", ("expected a file, found no file 'marked.yaml' "
                        "(did you mean 'market.yaml'?)")),
        ("market", ("expected a file or the name of a scenario, found neither 'market' "
                   "(did you mean 'market.yaml'?)")),
        ("3", "expected a file or the name of a scenario, found 3"),
        ("''", "expected a file or the name of a scenario, found ''"),
        ("sub", "expected a file, found a folder (sub)"),
    ],
)  # fmt: skip
def test_what_is_extended_must_be_there(market, write, extends, message):
    write("sub/x.yaml", "")
    write("variant.yaml", f"title: x\nextends: {extends}\n")
    assert refusal("variant.yaml") == f"variant.yaml:2: extends: {message}"


def test_a_mapping_in_python_can_extend_a_file_too(market):
    variant = Scenario.from_dict({"extends": "market.yaml", "firms": {"Mass": {"price": 9}}})
    assert variant == market.override({"firms.Mass.price": 9})
    assert variant.name == "scenario"
