"""What the notebook of a debrief shows: a ledger read, played again and graded."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import pandas as pd

from classroom.game.debrief import debrief_frames, export, values_of_seeds, worth_of_decisions
from classroom.game.example import example_ledger
from classroom.game.grading import grades
from classroom.game.ledger import GameError, Ledger
from classroom.game.market import Market, replay
from classroom.game.server import debrief_page
from classroom.game.views import shown
from cxsim.files import whole_folder
from cxsim.messages import cells
from cxsim.scenario import Scenario

__all__ = ["Debrief"]


class Debrief:
    """A game that was played, and all that can be said of it.

    Parameters
    ----------
    path : str or Path
        Of a ledger; empty for an example.
    seeds : int
        Other seeds beside the one that was played.
    progress : callable, optional
        Is told how many seeds are done, and of how many.

    Attributes
    ----------
    frames : dict of str to DataFrame
        As :func:`classroom.game.debrief.debrief_frames` returns them.
    worth : DataFrame
        As :func:`classroom.game.debrief.worth_of_decisions` returns it.

    Raises
    ------
    GameError
        If there is no ledger, or no round of it is closed.
    """

    def __init__(
        self, path: str | Path, seeds: int, *, progress: Callable[[int, int], None] | None = None
    ) -> None:
        if path:
            self.ledger = Ledger(path)
        else:
            self._folder = tempfile.TemporaryDirectory()
            self.ledger = example_ledger(Path(self._folder.name) / "example.db")
        self.state = self.ledger.state
        if not self.state.played:
            raise GameError(f"{path}: expected a round that is closed, found none")
        done = iter(range(1, seeds + 1))
        tell = (lambda: progress(next(done), seeds)) if progress else None
        self._others = values_of_seeds(self.ledger, seeds, progress=tell) if seeds else []
        self._market = Market(self.state.game)
        self.frames = debrief_frames(self.state, self._market, self._others)
        self.worth = worth_of_decisions(self.state, self.frames)

    @property
    def title(self) -> str:
        """Title of the game."""
        return self.state.game.rules.title

    @property
    def scenario(self) -> Scenario:
        """The market with all decisions as events; with the game's seed its run is the game."""
        return self._market.scenario(self.state.moves(), self.state.played)

    @property
    def results(self) -> pd.DataFrame:
        """All measures by period and firm; a firm that a team runs has the team's name."""
        made = self.frames["results"]
        teams = {firm: team for team, firm in self.state.seats.items()}
        return made.assign(firm=made["firm"].map(lambda firm: teams.get(firm, firm)))

    @property
    def counterfactuals(self) -> pd.DataFrame:
        """What each team would have reached with other decisions of its own, thousands."""
        made = self.frames["counterfactuals"]
        made = made[(made["of"] == made["firm"]) | (made["of"] == "")]
        numbers = ["actual", "value", "difference", "mean", "lower", "upper"]
        return pd.concat([made[["team", "case"]], made[numbers] / 1000.0], axis=1)

    @cached_property
    def grades(self) -> pd.DataFrame:
        """As :func:`classroom.game.grading.grades` returns them."""
        results = self._market.of(self.state)
        assert results is not None
        return grades(self.state, results, self._others)

    @cached_property
    def replayed(self) -> dict[int, bool]:
        """Whether each round, played again here, comes out as it did."""
        return replay(self.state, self._market)

    def finding(self) -> str:
        """Return in one sentence whose decisions were worth most."""
        best = self._beside_still.loc[self._beside_still["difference"].idxmax()]
        gain, unit = float(best["difference"]), self.state.game.unit(best["unit"])
        over = "In the seed played"
        if self._others:
            over = f"Mean over {len(self._others)} other seeds"
        if gain <= 0.0:
            return f"{over}, no team earned more than it would have by holding still."
        return (
            f"{over}, the decisions of {best['firm']} were worth most beside holding still: "
            f"{shown(round(gain), 'currency')} {unit}."
        )

    def headline(self) -> str:
        """Return the finding, and how sure it is."""
        if len(self._others) < 2:
            luck = "One market holds luck: add other seeds before anybody draws a lesson."
            return f"{self.finding()} {luck}"
        table = self._beside_still
        gains = int((table["lower"] > 0.0).sum())
        return (
            f"{self.finding()} The gain is positive and its interval excludes zero for {gains} of "
            f"{len(table)} teams."
        )

    @property
    def _beside_still(self) -> pd.DataFrame:
        return self.worth[self.worth["scenario"] == "holding still"]

    def write(self, folder: str | Path) -> Path:
        """Write all tables, grades, events, the scenario and the page of the debrief to a folder.

        Parameters
        ----------
        folder : str or Path

        Returns
        -------
        Path
            The folder.
        """
        with whole_folder(folder, sign="events.json") as draft:
            export(self.ledger, draft, self._others, render=debrief_page)
            cells(self.grades).to_csv(draft / "grades.csv", index=False, lineterminator="\n")
        return Path(folder)
