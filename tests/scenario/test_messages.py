"""One wrong key or value gives one clear line: file, line, key, expected, found, nearest name."""

from __future__ import annotations

import pickle

import pytest

from cxsim.scenario import Scenario, ScenarioError


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        # a value out of range, of the wrong type, or none
        ("0.9\n    cust", "1.5\n    cust",
         "market.yaml:14: firms.Tailor.interaction: expected a number from 0 to 1 (share), found 1.5"),
        ("price: 12", "price: -3",
         "market.yaml:13: firms.Tailor.price: expected a number of at least 0 (currency per unit), "
         "found -3"),
        ("price: 12", "price: .nan",
         "market.yaml:13: firms.Tailor.price: expected a number of at least 0 (currency per unit), "
         "found .nan"),
        ("price: 12", "price: -.inf",
         "market.yaml:13: firms.Tailor.price: expected a number of at least 0 (currency per unit), "
         "found -.inf"),
        ("price: 12", "price: true",
         "market.yaml:13: firms.Tailor.price: expected a number of at least 0 (currency per unit), "
         "found true"),
        ("price: 12", "price: '12'",
         "market.yaml:13: firms.Tailor.price: expected a number of at least 0 (currency per unit), "
         "found '12' (a text: drop the quotes)"),
        ("price: 12", "price: 12 EUR",
         "market.yaml:13: firms.Tailor.price: expected a number of at least 0 (currency per unit), "
         "found '12 EUR'"),
        ("price: 12", "price:",
         "market.yaml:13: firms.Tailor.price: expected a number of at least 0 (currency per unit), "
         "found null"),
        ("price: 12", "price: [1, 2]",
         "market.yaml:13: firms.Tailor.price: expected a number of at least 0 (currency per unit), "
         "found [1, 2]"),
        ("price: 12", "price: {amount: 12}",
         "market.yaml:13: firms.Tailor.price: expected a number of at least 0 (currency per unit), "
         "found a mapping of 1"),
        ("periods: 24", "periods: 2.5",
         "market.yaml:3: periods: expected a whole number from 1 to 100000 (periods), found 2.5"),
        ("periods: 24", "customers: 0",
         "market.yaml:3: customers: expected a whole number from 1 to 1000000000 (customers), found 0"),
        ("periods: 24", "market_size: 0",
         "market.yaml:3: market_size: expected a number above 0 and up to 1000000000000 (customers), "
         "found 0"),
        ("periods: 24", "needs: 9",
         "market.yaml:3: needs: expected a whole number from 1 to 8 (dimensions), found 9"),
        ("periods: 24", "title2: x",
         "market.yaml:3: title2: expected a parameter or section of a scenario, found 'title2' "
         "(did you mean 'title'?)"),
        ("title: Two roads", "title: 2",
         "market.yaml:1: title: expected a text, found 2"),
        # words
        ("periods: 24", "outside_option: yes",
         "market.yaml:3: outside_option: expected true or false, found 'yes' (did you mean true?)"),
        ("periods: 24", "switching_cost_form: bonnus",
         "market.yaml:3: switching_cost_form: expected one of cost, bonus, found 'bonnus' "
         "(did you mean 'bonus'?)"),
        # keys
        ("customization: 0.9", "customisation: 0.9",
         "market.yaml:15: firms.Tailor.customisation: expected a parameter of a firm, "
         "found 'customisation' (did you mean 'customization'?)"),
        ("depth: 0.2", "dept: 0.2",
         "market.yaml:16: firms.Tailor.promotions.dept: expected a parameter of promotions, "
         "found 'dept' (did you mean 'depth'?)"),
        ("promotions: {chance: 0.1, depth: 0.2}", "promotions: often",
         "market.yaml:16: firms.Tailor.promotions: expected a mapping of parameters "
         "(chance, depth, display_value), found 'often'"),
        ("    price: 12\n", "",
         "market.yaml:12: firms.Tailor.price: expected a number of at least 0 (currency per unit), "
         "found nothing"),
        ("firms:\n", "firm:\n",
         "market.yaml:11: firm: expected a parameter or section of a scenario, found 'firm' "
         "(did you mean 'firms'?)"),
        # lists
        ("need_mean: [1, 0]", "need_mean: [1, 0, 0]",
         "market.yaml:7: segments.Families.need_mean: expected a list of 2 numbers, "
         "one for each need (distance) or null, found [1.0, 0.0, 0.0]"),
        ("need_mean: [1, 0]", "need_mean: 1",
         "market.yaml:7: segments.Families.need_mean: expected a list of 2 numbers, "
         "one for each need (distance) or null, found 1"),
        ("need_mean: [1, 0]", "need_mean: [1, x]",
         "market.yaml:7: segments.Families.need_mean.1: expected a number (distance), found 'x'"),
        ("need_mean: [1, 0]", "turnover_beta: [1, 0]",
         "market.yaml:7: segments.Families.turnover_beta.1: expected a number above 0, found 0.0"),
        # by firm
        ("need_mean: [1, 0]", "brand_taste_sd: {Tailor: 1, Mas: 2}",
         "market.yaml:7: segments.Families.brand_taste_sd.Mas: expected the name of a firm, "
         "found 'Mas' (did you mean 'Mass'?)\n"
         "market.yaml:7: segments.Families.brand_taste_sd: expected a value for each firm, "
         "found none for Mass"),
        ("need_mean: [1, 0]", "brand_taste_sd: {Tailor: 1, Mass: -2}",
         "market.yaml:7: segments.Families.brand_taste_sd.Mass: expected a number of at least 0 "
         "(currency per unit), found -2"),
        ("need_mean: [1, 0]", "brand_taste_sd: -2",
         "market.yaml:7: segments.Families.brand_taste_sd: expected a number of at least 0, "
         "for all firms or for each by name (currency per unit), found -2"),
        # between parts
        ("share: 0.4", "share: 0.5",
         "market.yaml:4: segments: expected shares that sum to 1, found a sum of 1.1"),
        ("need_mean: [1, 0]", "purchase_rate: 1.5",
         "market.yaml:7: segments.Families.purchase_rate: expected a number from 0 to 1 (per period) "
         "unless purchase_rate_shape is given, found 1.5"),
        ("Mass: {share: 0.5, tenure: 3}", "Mas: {share: 0.5}",
         "market.yaml:20: initial.Mas: expected the name of a firm, found 'Mas' "
         "(did you mean 'Mass'?)"),
        ("Mass: {share: 0.5, tenure: 3}", "{Mass: {share: 0.6}, Tailor: {share: 0.6}}",
         "market.yaml:19: initial: expected shares that sum to at most 1, found a sum of 1.2"),
        ("Mass: {share: 0.5, tenure: 3}", "Mass: {share: 0.5, knowledge: 1}",
         "market.yaml:20: initial.Mass.knowledge: expected a number of at least 0 and below 1 "
         "(share), found 1"),
        ("periods: 24", "warm_up: 12",
         "market.yaml:19: initial: expected no initial customers with a warm_up, "
         "found a warm_up of 12"),
        # names
        ("  Tailor:", "  Out.side:",
         "market.yaml:12: firms.Out.side: expected a name without any of . * / \\ =, found ."),
        ("  Tailor:", "  outside:",
         "market.yaml:12: firms.outside: expected a name other than outside and none, "
         "found 'outside'"),
        ("  Tailor:", "  '':",
         "market.yaml:12: firms.: expected a name without blanks around it, found ''"),
        ("  Tailor:", "  3:",
         "market.yaml:12: firms: expected a text as key, found 3 (write it in quotes: '3')"),
        ("  Tailor:", "  Mass:",
         "market.yaml:17: firms.Mass: expected each key once, found 'Mass' on line 12 "
         "and again on line 17"),
        # events
        ("at: 6", "at: 24",
         "market.yaml:22: events.0.at: expected a period below 24 (periods), found 24"),
        ("at: 6", "at: -1",
         "market.yaml:22: events.0.at: expected a whole number of at least 0 (period), found -1"),
        ("firms.Mass.price: 8", "firms.Mas.price: 8",
         "market.yaml:23: events.0.set.firms.Mas.price: expected the name of a firm, found 'Mas' "
         "(did you mean 'Mass'?)"),
        ("firms.Mass.price: 8", "firms.*.prize: 8",
         "market.yaml:23: events.0.set.firms.*.prize: expected a parameter of a firm, found 'prize' "
         "(did you mean 'price'?)"),
        ("firms.Mass.price: 8", "firms.Mass.price: cheap",
         "market.yaml:23: events.0.set.firms.Mass.price: expected a number of at least 0 "
         "(currency per unit), found 'cheap'"),
        ("firms.Mass.price: 8", "segments.Families.share: 0.5",
         "market.yaml:23: events.0.set.segments.Families.share: expected a parameter that may change "
         "during a run, found 'segments.Families.share'"),
        ("firms.Mass.price: 8", "needs: 3",
         "market.yaml:23: events.0.set.needs: expected a parameter that may change during a run, "
         "found 'needs'"),
        ("firms.Mass.price: 8", "firms.Mass: {price: 8}",
         "market.yaml:23: events.0.set.firms.Mass: expected the path of one parameter, "
         "found 'firms.Mass'"),
        ("firms.Mass.price: 8", "firms.Mass.price.amount: 8",
         "market.yaml:23: events.0.set.firms.Mass.price.amount: expected nothing below "
         "firms.Mass.price, found 'amount'"),
        ("firms.Mass.price: 8", "segments.Singles.need_mean.2: 8",
         "market.yaml:23: events.0.set.segments.Singles.need_mean.2: expected the number of an item "
         "below 2, found 2"),
        ("firms.Mass.price: 8", "segments.Singles.purchase_rate: 2",
         "market.yaml:23: events.0.set.segments.Singles.purchase_rate: expected a number from 0 to 1 "
         "(per period) unless purchase_rate_shape is given, found 2.0"),
        ("    set: {firms.Mass.price: 8}", "    over: 3\n    set: {firms.Mass.active: false}",
         "market.yaml:24: events.0.set.firms.Mass.active: expected a number to change over 3 periods, "
         "found false"),
    ],
)  # fmt: skip
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
         "market.yaml:3: expected YAML, found a mistake at column 4: expected ',' or '}', "
         "but got ':'"),
        ("firms:\n\tA: 1\n",
         "market.yaml:2: expected YAML, found a mistake at column 1: found character '\\t' that "
         "cannot start any token"),
        ("title: a\n---\ntitle: b\n",
         "market.yaml:2: expected one YAML document, found a second"),
        ("title: !!python/object:os.system {}\n",
         "market.yaml:1: title: expected a plain value, found the tag "
         "'tag:yaml.org,2002:python/object:os.system'"),
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
        ("marked.yaml", "marked.yaml: expected a file, found no file (did you mean 'market.yaml'?)"),
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
