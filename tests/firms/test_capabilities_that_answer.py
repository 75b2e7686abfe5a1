"""Firms that build a capability because a rival has."""

from __future__ import annotations

import pytest
from markets import firm, market

import cxsim as cx
from cxsim.firms.policies import built

RISE = {"at": 4, "set": {"firms.Bob.customization": 0.8}}


def played(**settings):
    ann = firm(customization=0.1, policy={"capability": {"name": "answer", **settings}})
    firms = {"Ann": ann, "Bob": firm(customization=0.2), "Cy": firm(interaction=0.3)}
    scenario = market(firms, customers=20, periods=14, events=[RISE])
    return cx.run(scenario).firms.query("firm == 'Ann'").set_index("period")


def test_a_level_is_built_in_equal_steps():
    assert [built(0.2, 0.8, k, 3) for k in (1, 2, 3, 9)] == pytest.approx([0.4, 0.6, 0.8, 0.8])


def test_a_rise_is_answered_after_the_lag_up_to_the_rival_s_level_and_nothing_else_is():
    ann = played(lag=2, over=3)
    assert (ann.loc[:5, "customization"] == 0.1).all()
    steps = ann.loc[6:8, "customization"].tolist()
    assert steps == pytest.approx([0.1 + 0.7 / 3, 0.1 + 1.4 / 3, 0.8])
    assert ann.loc[8:, "customization"].tolist() == pytest.approx([0.8] * 6)
    assert ann["interaction"].nunique() == 1


def test_a_rise_smaller_than_the_notice_is_not_answered():
    assert played(notice=0.7)["customization"].nunique() == 1


def test_a_run_continues_from_a_checkpoint_in_the_midst_of_an_answer():
    from cxsim.firms.policies import Answer
    from cxsim.firms.policy import FirmInformation, Public

    def known(period, level):
        own = {"interaction": 0.0, "customization": 0.1}
        return FirmInformation(
            "Ann", period=period, own=own, public={"Bob": Public(customization=level)}
        )

    first = Answer(lag=1, over=4)
    for period, level in enumerate((0.2, 0.8, 0.8)):
        first.decide(known(period, level))
    second = Answer(lag=1, over=4)
    second.set_state(first.get_state())
    assert second.decide(known(3, 0.8)) == first.decide(known(3, 0.8)) != {}
