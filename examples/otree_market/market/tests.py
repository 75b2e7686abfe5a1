"""Bots for `otree test market`: a decision that must be refused, one that counts, one too late."""

from otree.api import Bot, Submission, SubmissionMustFail, expect

from . import Decide, Results, team_of, view_of


class PlayerBot(Bot):
    def play_round(self):
        me, number = self.player.id_in_group, self.player.round_number
        told = view_of(self.player)
        expect(told["round"], number)
        expect(told["mine"]["team"], team_of(self.player))
        held = told["held"]
        wrong = {"price": 99, "customization": held["customization"]}
        yield SubmissionMustFail(Decide, wrong)
        if me == 4:  # closed its browser
            yield Submission(Decide, {}, timeout_happened=True, check_html=False)
        else:
            price = held["price"] + (0.5 if me == 2 else -0.5 if me == 1 else 0.0)
            values = {"price": price, "customization": held["customization"], "forecast": 25}
            yield Submission(Decide, values, check_html=False)
        yield Submission(Results, check_html=False)
        (last,) = view_of(self.player)["mine"]["history"][-1:]
        expect(last["round"], number)
        expect(last["held"], me == 4)  # by the ledger of the engine
