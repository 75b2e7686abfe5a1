"""A market for four teams in oTree: decide, wait, see; the engine computes in another process."""

import json
import os
import urllib.error
import urllib.request

from otree.api import (
    BaseConstants,
    BaseGroup,
    BasePlayer,
    BaseSubsession,
    Page,
    WaitPage,
    models,
)

ENGINE = f"http://127.0.0.1:{os.environ.get('ENGINE_PORT', '8790')}"


def engine(action, **given):
    """Ask the engine; what it refuses is an error with its words."""
    request = urllib.request.Request(
        f"{ENGINE}/{action}",
        json.dumps(given).encode(),
        {"Authorization": f"Bearer {os.environ['ENGINE_TOKEN']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        raise RuntimeError(json.loads(error.read())["error"]) from None


class C(BaseConstants):
    NAME_IN_URL = "market"
    PLAYERS_PER_GROUP = 4
    NUM_ROUNDS = 4


class Subsession(BaseSubsession):
    pass


class Group(BaseGroup):
    pass


class Player(BasePlayer):
    price = models.FloatField(label="Price, EUR per unit")
    customization = models.FloatField(label="Customization, 0 to 1")
    forecast = models.FloatField(
        label="Your market share in this round, %", min=0, max=100, blank=True
    )
    reason = models.LongStringField(label="Why? At most 200 characters", blank=True)
    held = models.BooleanField(initial=False)


# -- Who is who --------------------------------------------------------------------------------


def team_of(player):
    """The team by its label, never by order of arrival; without labels, by the participant."""
    return player.participant.vars["team"]


def market_of(group):
    """The name of the group's market, the same in all rounds."""
    return f"{group.session.code}-{group.id_in_subsession}"


def view_of(player):
    """What the engine lets the player's team see; the market is made when first asked for."""
    group = player.group
    teams = sorted(team_of(each) for each in group.get_players())
    engine("begin", name=market_of(group), teams=teams)
    return engine("view", name=market_of(group), team=team_of(player))


# -- Pages -------------------------------------------------------------------------------------


class Arrive(WaitPage):
    """All four have come before the market is made: labels are known only then."""

    @staticmethod
    def is_displayed(player):
        return player.round_number == 1

    title_text = "Waiting for the other teams"

    @staticmethod
    def after_all_players_arrive(group):
        for player in group.get_players():
            participant = player.participant
            participant.vars["team"] = participant.label or participant.code


class Decide(Page):
    form_model = "player"

    @staticmethod
    def get_form_fields(player):
        """The fields, with the values of before in them: oTree asks here before it fills them."""
        for field in view_of(player)["mine"]["fields"]:
            if player.field_maybe_none(field["name"]) is None:
                setattr(player, field["name"], float(field["value"]))
        return ["price", "customization", "forecast", "reason"]

    @staticmethod
    def get_timeout_seconds(player):
        return player.session.config["seconds"] or None

    @staticmethod
    def vars_for_template(player):
        told = view_of(player)
        return {"mine": told["mine"], "news": told["public"]["news"]}

    @staticmethod
    def error_message(player, values):
        """The words of the game's own check."""
        given = {key: value for key, value in values.items() if value not in (None, "")}
        made = engine("check", name=market_of(player.group), team=team_of(player), decision=given)
        return "; ".join(f"{key}: {text}" for key, text in made["problems"].items())

    @staticmethod
    def before_next_page(player, timeout_happened):
        """Who has not sent a decision holds the values of before: oTree would write zeros."""
        if timeout_happened:
            held = view_of(player)["held"]
            player.price, player.customization = held["price"], held["customization"]
            player.forecast, player.reason, player.held = None, "", True


class Wait(WaitPage):
    title_text = "Waiting for the other teams"

    @staticmethod
    def after_all_players_arrive(group):
        decisions = {}
        for player in group.get_players():
            if not player.held:
                given = {"price": player.price, "customization": player.customization}
                given["forecast"] = player.field_maybe_none("forecast")
                given["reason"] = player.field_maybe_none("reason") or ""
                decisions[team_of(player)] = given
        engine("close", name=market_of(group), number=group.round_number, decisions=decisions)


def headed(rows):
    """Rows with label and unit in one head; a share is shown in per cent and needs none."""
    for row in rows:
        unit = row["unit"].replace("share", "").strip()
        row["head"] = f"{row['label']} ({unit})" if unit and unit != "customers" else row["label"]
    return rows


class Results(Page):
    @staticmethod
    def vars_for_template(player):
        told = view_of(player)
        public = told["public"]
        headed(public["facts"])
        headed(told["mine"]["books"])
        rows = [
            {"firm": firm["firm"], "team": firm["team"],
             "cells": [fact["cells"][k] for fact in public["facts"]]}
            for k, firm in enumerate(public["firms"])
        ]  # fmt: skip
        return {"mine": told["mine"], "public": public, "rows": rows}


page_sequence = [Arrive, Decide, Wait, Results]
