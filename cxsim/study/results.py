"""The results of a study: what is stored of it, as frames."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.files.sealed import seal_folder
from cxsim.files.whole import keep_frame, whole_folder
from cxsim.messages import choice, hint
from cxsim.numerics.statistics import half_width, mean_and_error, paired
from cxsim.study.analysis.given_data import delta, features, pawn
from cxsim.study.analysis.points import AnalysisResult, contrast, strategies_of
from cxsim.study.analysis.ranking import ranking
from cxsim.study.analysis.scenario_discovery import discovery, regional
from cxsim.study.analysis.sensitivity import main_effects, morris, sobol
from cxsim.study.store import Store
from cxsim.study.store_folder import StoreError
from cxsim.study.stored_runs import DesignCells
from cxsim.study.study import Study
from cxsim.study.workers import SweepProgress

# -- The results of a study: what is stored of it, as frames -----------------------------------


#: Columns of runs that are neither place nor result.
_TAIL = ("status", "message", "traceback", "run", "seconds", "worker")


#: Columns of the store that name a run's parts; its place in the study says them better.
_FACTS = ("base", "overrides", "scenario", "code", "task", "adopted", "finished")


class StudyResult:
    """The results of a study.

    Attributes
    ----------
    study : Study
    store : Store
    report : SweepProgress
        What was done now, and its overhead.
    """

    def __init__(self, study: Study, store: Store, cells: DesignCells, report: SweepProgress):
        self.study, self.store, self.report = study, store, report
        self._cells = cells

    @cached_property
    def runs(self) -> pd.DataFrame:
        """All runs of the study that are stored, a row each, failed ones too.

        Columns: ``point``, ``strategy``, ``seed``, the factors, the outputs, ``status``,
        ``message``, ``traceback``, ``run`` (the digest), ``seconds``, ``worker``.
        """
        stored = self.store.frame()
        places = self._cells.table()
        factors = [factor.name for factor in self.study.factors]
        drop = [*factors, "strategy", "seed", *_FACTS]
        stored = stored.drop(columns=[name for name in drop if name in stored])
        frame = places.merge(stored, on="run", how="inner")
        frame = frame.dropna(axis=1, how="all") if len(frame) else frame
        for name in ("message", "traceback"):
            frame[name] = frame[name].fillna("") if name in frame else ""
        values = self.study.points.loc[frame["point"]].reset_index(drop=True)
        ours = set(self._columns(frame))
        tail = [name for name in _TAIL if name in frame]
        heads = frame[["point", "strategy", "seed"]]
        outputs = frame[[name for name in frame if name in ours]]
        self._check_numbers(outputs)
        return pd.concat([heads, values, outputs, frame[tail]], axis=1)

    def _check_numbers(self, outputs: pd.DataFrame) -> None:
        """Refuse outputs that are text, which only a file made by other means can hold."""
        from pandas.api.types import is_numeric_dtype

        for name, values in outputs.items():
            if str(name).endswith("@period") or is_numeric_dtype(values):
                continue
            if values.notna().any():
                file = self.store.file_with_text(str(name)) or self.store.folder
                raise StoreError(f"{file}: expected numbers in column {name!r}, found text")

    def _columns(self, frame: pd.DataFrame) -> list[str]:
        if self.study.base is None:
            known = {"point", "strategy", "seed", *_TAIL}
            return [name for name in frame if name not in known]
        kept = {(o.measure, o.level, o.by_period) for o in self.study.outputs}
        columns = []
        for name in frame:
            stem, _, period = str(name).partition("@")
            head, _, tail = stem.partition(".")
            key = (tail, head) if head == "market" else (head, "firm")
            if (*key, bool(period)) in kept:
                columns.append(name)
        return columns

    @property
    def frame(self) -> pd.DataFrame:
        """The runs that went well: points, factors, seeds and outputs, one row a run."""
        good = self.runs[self.runs["status"] == "ok"]
        return good.drop(columns=[*_TAIL], errors="ignore").reset_index(drop=True)

    @property
    def failed(self) -> pd.DataFrame:
        """The runs that failed, with message, traceback and digest."""
        return self.runs[self.runs["status"] != "ok"].reset_index(drop=True)

    @property
    def outputs(self) -> list[str]:
        """Columns of :attr:`frame` that hold one number a run."""
        return [str(n) for n in self._columns(self.runs) if not str(n).endswith("@period")]

    def tidy(self) -> pd.DataFrame:
        """Return the outputs with a row each: point, strategy, seed, measure, firm, value.

        Outputs by period have a column ``period`` too; the market's stand under ``(market)``.
        """
        frame = self.frame
        heads = ["point", "strategy", "seed"]
        parts = []
        for column in self._columns(frame):
            stem, _, by_period = str(column).partition("@")
            head, _, tail = stem.partition(".")
            measure, firm = (tail, "(market)") if head == "market" else (head, tail)
            part = frame[heads].assign(measure=measure, firm=firm, value=frame[column])
            if by_period:
                part["period"] = [np.arange(len(values)) for values in part["value"]]
                part = part.explode(["value", "period"], ignore_index=True)
                part = part.astype({"value": float, "period": int})
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def means(self, confidence: float = 0.95) -> pd.DataFrame:
        """Return means over seeds by point and strategy, with standard errors and intervals.

        Columns: ``point``, ``strategy``, the factors, ``output``, ``mean``, ``se``,
        ``lower``, ``upper``, ``seeds``.

        Parameters
        ----------
        confidence : float
            Of the intervals, in (0, 1).
        """
        rows = []
        for (point, strategy), part in self.frame.groupby(["point", "strategy"], sort=True):
            for output in self.outputs:
                values = part[output].to_numpy(float)
                mean, error = mean_and_error(values)
                half = half_width(error, len(values), confidence)
                rows.append(
                    (point, strategy, output, mean, error, mean - half, mean + half, len(values))
                )
        names = ["point", "strategy", "output", "mean", "se", "lower", "upper", "seeds"]
        return self._with_factors(pd.DataFrame(rows, columns=names))

    def contrasts(self, against: str, confidence: float = 0.95) -> pd.DataFrame:
        """Return the effect of each strategy against one of them, paired by seed, at every point.

        Parameters
        ----------
        against : str
            Name of a strategy.
        confidence : float

        Raises
        ------
        ValueError
            If there is no such strategy.
        """
        if against not in self.study.strategies:
            near = hint(against, self.study.strategies)
            raise ValueError(f"against: expected the name of a strategy, found {against!r}{near}")
        frame = self.frame.set_index(["point", "strategy", "seed"])[self.outputs].sort_index()
        rows = []
        for point in self.study.points.index:
            if (point, against) not in frame.index:
                continue
            one = frame.loc[(point, against)]
            for name in self.study.strategies:
                if name == against or (point, name) not in frame.index:
                    continue
                other = frame.loc[(point, name)]
                seeds = one.index.intersection(other.index)
                for output in self.outputs:
                    a = one.loc[seeds, output].to_numpy(float)
                    b = other.loc[seeds, output].to_numpy(float)
                    if len(a):
                        rows.append({"point": point, "strategy": name, "output": output,
                                     **{k: float(v) for k, v in paired(a, b, confidence).items()},
                                     "seeds": len(a)})  # fmt: skip
        columns = ["point", "strategy", "output", "difference", "se", "lower", "upper",
                   "width_ratio", "seeds"]  # fmt: skip
        return self._with_factors(pd.DataFrame(rows, columns=columns))

    def analyse(
        self, analyses: Iterable[str] | None = None, outputs: Iterable[str] | None = None
    ) -> list[AnalysisResult]:
        """Make analyses of the runs that went well.

        Parameters
        ----------
        analyses : iterable of str, optional
            Names (see :func:`analyse`); default: those the study names.
        outputs : iterable of str, optional
            Columns; default: all that hold one number a run.

        Raises
        ------
        ValueError
            If an analysis does not fit the design.
        """
        names = self.study.analysis if analyses is None else analyses
        columns = self.outputs if outputs is None else outputs
        return analyse(self.frame, self.study.problem(), names, outputs=columns)

    def findings(
        self, analyses: Iterable[str] | None = None, outputs: Iterable[str] | None = None
    ) -> dict[tuple[str, str], AnalysisResult | str]:
        """Make analyses one by one, so that an output which carries none does not stop the others.

        Parameters
        ----------
        analyses, outputs : iterable of str, optional
            As for :meth:`analyse`.

        Returns
        -------
        dict
            By output and analysis: the finding, or in words why these runs allow none (an
            output that never varies, a design of another kind).

        Raises
        ------
        ValueError
            If there is no such analysis or output.
        """
        names = list(self.study.analysis if analyses is None else analyses)
        columns = list(self.outputs if outputs is None else outputs)
        for name in names:
            choice(name, "analysis", ANALYSES)
        for column in columns:
            choice(column, "output", self.outputs)
        made: dict[tuple[str, str], AnalysisResult | str] = {}
        for output in columns:
            for name in names:
                try:
                    (made[output, name],) = self.analyse([name], [output])
                except ValueError as error:
                    made[output, name] = str(error).removeprefix(f"{output}: ")
        return made

    def save(self, folder: str | Path) -> Path:
        """Write the runs and their means as Parquet, and the study, whole or not at all.

        Parameters
        ----------
        folder : str or Path
            Replaced if it is there.
        """
        with whole_folder(folder, sign="study.json") as draft:
            keep_frame(self.runs, draft / "runs.parquet")
            keep_frame(self.means(), draft / "means.parquet")
            text = json.dumps(self.study.to_dict(), indent=1, default=str)
            (draft / "study.json").write_text(text + "\n", encoding="utf-8")
            seal_folder(draft)
        return Path(folder)

    def _with_factors(self, frame: pd.DataFrame) -> pd.DataFrame:
        for place, factor in enumerate(self.study.factors, 2):
            values = self.study.points[factor.name].reindex(frame["point"]).to_numpy()
            frame.insert(place, factor.name, values)
        return frame

    def __repr__(self) -> str:
        return f"<StudyResult of {self.study.name!r}: {self.report.sentence()}>"

    def _repr_html_(self) -> str:
        table = self.means().head(20).to_html(index=False, float_format=lambda v: f"{v:,.4g}")
        return (
            f"<p>{escape(self.study.title or self.study.name)}: {self.report.sentence()}</p>{table}"
        )


# -- All analyses that a study names, in one call ----------------------------------------------


#: Analyses by name.
ANALYSES: dict[str, Callable[..., AnalysisResult]] = {
    "main_effects": main_effects,
    "sobol": sobol,
    "morris": morris,
    "delta": delta,
    "pawn": pawn,
    "features": features,
    "regional": regional,
    "discovery": discovery,
    "ranking": ranking,
}


def analyse(
    frame: pd.DataFrame,
    problem: Mapping[str, Any],
    analyses: Iterable[str],
    *,
    outputs: Iterable[str],
    strategy: str | None = None,
    against: str | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[AnalysisResult]:
    """Make every analysis of every output.

    Parameters
    ----------
    frame : DataFrame
        One row per run; see :mod:`cxsim.study.analysis`.
    problem : mapping
        ``names`` of the factors, in the order of the design.
    analyses : iterable of str
        Names, see ``ANALYSES``.
    outputs : iterable of str
    strategy, against : str, optional
        Where strategies were run, all analyses but ``ranking`` look at the advantage of
        ``strategy`` (default: the first) over ``against`` (default: the best of the others);
        ``discovery`` and ``regional`` then ask where there is none (``at_most=0``).
    options : mapping of str to mapping, optional
        Further arguments by name of the analysis.

    Returns
    -------
    list of AnalysisResult
        Output by output, in the order of the analyses. :func:`cxsim.plot.analysis` draws one.

    Raises
    ------
    ValueError
        If a name is unknown, or an analysis does not fit the design.
    """
    chosen = dict(options or {})
    wanted = list(analyses)
    for name in (*wanted, *chosen):
        if name not in ANALYSES:
            known = ", ".join(ANALYSES)
            raise ValueError(
                f"analysis: expected one of {known}, found {name!r}{hint(name, ANALYSES)}"
            )
    several = "strategy" in frame.columns and frame["strategy"].nunique() > 1
    if several and strategy is None:
        strategy = strategies_of(frame)[0]
    findings = []
    for output in outputs:
        runs, label = frame, output
        if several:
            runs = contrast(frame, output, strategy=str(strategy), against=against)
            label = f"lead of {strategy} over {against or 'the best other'} in {output}"
            runs = runs.rename(columns={output: label})
        for name in wanted:
            given = dict(chosen.get(name, {}))
            if name == "ranking":
                findings.append(ranking(frame, problem, output=output, **given))
                continue
            if (
                several
                and name in ("discovery", "regional")
                and not {"at_least", "at_most"} & {*given}
            ):
                given["at_most"] = 0.0
            findings.append(ANALYSES[name](runs, problem, output=label, **given))
    return findings
