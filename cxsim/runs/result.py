"""A run is a value: tidy frames, the scenario and where it all comes from."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxsim.files.sealed import read_folder, seal_folder
from cxsim.files.whole import keep_frame, whole_file, whole_folder
from cxsim.messages import AttributeHints, cells, hint
from cxsim.model.probes.churn import churn_reason_frame, cohort_frame
from cxsim.model.probes.customers import customer_frame, reach_frame
from cxsim.model.probes.purchase_probability import (
    price_elasticity_frame,
    word_of_mouth_effect_frame,
)
from cxsim.model.word_of_mouth.network import ties_frames
from cxsim.runs.measures.frames import (
    FRAMES,
    firm_frame,
    market_frame,
    switching_frame,
    tenure_frame,
    touchpoint_frame,
)
from cxsim.runs.simulation import Simulation
from cxsim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

# -- A run is a value: tidy frames, the scenario and where it all comes from -------------------


class Run(AttributeHints):
    """The results of one run of a scenario.

    Frames are properties: ``firms``, ``market``, ``switching`` and ``tenure`` always, the others
    None unless they were asked for; each is built when it is first looked at.

    Attributes
    ----------
    scenario : Scenario
    provenance : dict
        Versions, digests, seed and time.
    """

    def __init__(
        self,
        frames: Mapping[str, pd.DataFrame],
        scenario: Scenario,
        provenance: Mapping[str, Any],
        summary: Mapping[str, Mapping[str, float]],
    ):
        self._frames = frames
        self.scenario = scenario
        self.provenance = dict(provenance)
        self._summary = {level: dict(values) for level, values in summary.items()}

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return int(self.provenance["seed"])

    @property
    def frames(self) -> Mapping[str, pd.DataFrame]:
        """All frames by name; each is built when it is first asked for."""
        return self._frames

    @property
    def firms(self) -> pd.DataFrame:
        """Measures by period and firm."""
        return self._frames["firms"]

    @property
    def market(self) -> pd.DataFrame:
        """Measures of the market by period."""
        return self._frames["market"]

    @property
    def brand_switching(self) -> pd.DataFrame:
        """Purchases by period, origin and destination."""
        return self._frames["brand_switching"]

    @property
    def tenure(self) -> pd.DataFrame:
        """Customers and stayers by period, firm and tenure band."""
        return self._frames["tenure"]

    @property
    def touchpoints(self) -> pd.DataFrame | None:
        """Performance met, delivered and believed in, None without a journey."""
        return self._frames.get("touchpoints")

    @property
    def cohorts(self) -> pd.DataFrame | None:
        """Survival and realized value by cohort, None if not asked for."""
        return self._frames.get("cohorts")

    @property
    def churn_reasons(self) -> pd.DataFrame | None:
        """Losses by the term that decided them, None if not asked for."""
        return self._frames.get("churn_reasons")

    @property
    def price_elasticities(self) -> pd.DataFrame | None:
        """Own and cross price elasticities by period, None if not asked for."""
        return self._frames.get("price_elasticities")

    @property
    def word_of_mouth_effects(self) -> pd.DataFrame | None:
        """Effects of word of mouth on purchase probabilities, None if not asked for."""
        return self._frames.get("word_of_mouth_effects")

    @property
    def purchase_frequency(self) -> pd.DataFrame | None:
        """Penetration and purchase frequency by firm, None if customers were not asked for."""
        return self._frames.get("purchase_frequency")

    @property
    def customers(self) -> pd.DataFrame | None:
        """Final customers, None if not asked for."""
        return self._frames.get("customers")

    @property
    def network_customers(self) -> pd.DataFrame | None:
        """A sample of customers tied to each other, None if the network was not asked for."""
        return self._frames.get("network_customers")

    @property
    def network_edges(self) -> pd.DataFrame | None:
        """Links between receivers and senders in that sample, None if not asked for."""
        return self._frames.get("network_edges")

    @property
    def panel(self) -> pd.DataFrame | None:
        """Purchase panel, None if not asked for."""
        return self._frames.get("panel")

    def frame(self, name: str) -> pd.DataFrame:
        """Return a frame by name: one of the above, or one that a mechanism keeps.

        Parameters
        ----------
        name : str
            Such as ``"firms"`` or ``"touchpoints"``.

        Raises
        ------
        KeyError
            If the run has none of that name; those it has are listed.
        """
        if name not in self._frames:
            near = hint(name, self._frames, listed=0)
            raise KeyError(f"expected one of {', '.join(self._frames)}, found {name!r}{near}")
        return self._frames[name]

    def summary(self) -> pd.DataFrame:
        """Return each measure summarized over the run, as the measure declares.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``firm`` (``"(market)"`` for the market's) and ``value``;
            ``attrs["windows"]`` says over which periods, by measure.
        """
        import pandas as pd

        from cxsim.runs.measures.measure_registry import measures, window_words

        rows = [
            (measure, firm, value)
            for firm, values in self._summary.items()
            for measure, value in values.items()
        ]
        made = pd.DataFrame(rows, columns=["measure", "firm", "value"])
        last, period = int(self.scenario.periods) - 1, str(self.scenario.period_length)
        made.attrs["windows"] = {
            m.name: window_words(m.summary, 0, last, period)
            for m in (*measures("market"), *measures("firm"))
        }
        return made

    # -- keeping it ------------------------------------------------------------------

    def save(self, folder: str | Path) -> Path:
        """Write Parquet files, ``scenario.yaml`` and ``summary.json`` to a folder.

        The folder appears whole or not at all; one that is there is replaced.

        Parameters
        ----------
        folder : str or Path

        Raises
        ------
        OSError
            If it cannot be written.
        """
        content = {"provenance": self.provenance, "summary": self._summary}
        with whole_folder(folder, sign="summary.json") as draft:
            for name, frame in self._frames.items():
                keep_frame(frame, draft / f"{name}.parquet")
            (draft / "scenario.yaml").write_text(self.scenario.to_yaml(), encoding="utf-8")
            (draft / "summary.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
            seal_folder(draft)
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """Read a run that :meth:`save` has written.

        Parameters
        ----------
        folder : str or Path

        Raises
        ------
        FileNotFoundError
            If the folder holds no saved run.
        DamagedError
            If a file of it is not as it was written.
        """
        import pandas as pd

        folder = Path(folder)
        if not (folder / "summary.json").exists():
            raise FileNotFoundError(f"{folder}: expected a saved run, found no summary.json")
        files = read_folder(folder)
        content = json.loads(files["summary.json"])
        names = [name.removesuffix(".parquet") for name in files if name.endswith(".parquet")]
        frames = {
            name: pd.read_parquet(BytesIO(files[f"{name}.parquet"]))
            for name in sorted(names, key=place)
        }
        scenario = Scenario.load(folder / "scenario.yaml")
        return cls(frames, scenario, content["provenance"], content["summary"])

    def to_csv(self, folder: str | Path) -> list[Path]:
        """Write one CSV file per frame and return their paths.

        Parameters
        ----------
        folder : str or Path
            Made if it is not there.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, frame in [*self._frames.items(), ("summary", self.summary())]:
            paths.append(folder / f"{name}.csv")
            with whole_file(paths[-1]) as draft:
                cells(frame).to_csv(draft, index=False)
        return paths

    def to_xlsx(self, path: str | Path) -> Path:
        """Write a workbook with one sheet per frame, the summary and the provenance.

        Parameters
        ----------
        path : str or Path
        """
        import pandas as pd

        facts = pd.DataFrame(
            [(k, json.dumps(v) if isinstance(v, dict) else v) for k, v in self.provenance.items()],
            columns=["what", "value"],
        )
        sheets = {"summary": self.summary(), **self._frames, "provenance": facts}
        with whole_file(path) as draft, pd.ExcelWriter(draft, engine="openpyxl") as book:
            for name, frame in sheets.items():
                cells(frame).to_excel(book, sheet_name=name, index=False)
        return Path(path)

    # -- showing it ------------------------------------------------------------------

    def __repr__(self) -> str:
        return (
            f"<Run of {self.scenario.name!r}: seed {self.seed}, {self.scenario.periods} periods, "
            f"{len(self.scenario.firms)} firms, digest {self.provenance['digest']}>"
        )

    def _repr_html_(self) -> str:
        shown = [
            "quadrant",
            "market_share",
            "retention_rate",
            "switching_cost",
            "customer_lifetime_value_new",
            "profit",
        ]
        last = self.firms[self.firms["period"] == self.firms["period"].max()]
        table = last.set_index("firm")[shown].to_html(float_format=lambda v: f"{v:,.3g}")
        title = escape(self.scenario.title or self.scenario.name)
        return (
            f"<h4>{title}</h4><p>Period {self.scenario.periods - 1}, seed {self.seed}, one run: "
            f"compare several seeds before you conclude.</p>{table}"
        )


# -- Frames that are built when they are first asked for ---------------------------------------


class Frames(Mapping[str, "pd.DataFrame"]):
    """Frames by name, some there and some to be built: most runs are asked for one or two.

    Parameters
    ----------
    frames : mapping of str to DataFrame or callable
        A callable takes nothing and returns the frame.
    attrs : mapping, optional
        What every frame carries in its ``attrs``.
    """

    def __init__(
        self,
        frames: Mapping[str, pd.DataFrame | Callable[[], pd.DataFrame]],
        attrs: Mapping[str, Any] | None = None,
    ):
        self._frames = dict(frames)
        self._attrs = dict(attrs or {})

    def __getitem__(self, name: str) -> pd.DataFrame:
        frame = self._frames[name]
        if callable(frame):
            frame = self._frames[name] = frame()
        frame.attrs.update(self._attrs)
        return frame

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __getstate__(self) -> dict[str, Any]:
        return {"_frames": dict(self), "_attrs": self._attrs}  # what builds them does not travel


# -- Which frames a run leaves, and in which order they are listed -----------------------------


def frames_of(simulation: Simulation, wanted: Collection[str]) -> dict[str, Any]:
    """Return the frames of a finished simulation, or functions that build them, by name.

    Parameters
    ----------
    simulation : Simulation
    wanted : collection of str
        What was measured beside the measures of every run.
    """
    ledger, scenario = simulation.ledger, simulation.scenario
    mechanisms = simulation.mechanisms
    frames: dict[str, Any] = {
        "firms": lambda: firm_frame(ledger, scenario, mechanisms),
        "market": lambda: market_frame(ledger, mechanisms),
        "brand_switching": lambda: switching_frame(ledger, scenario),
        "tenure": lambda: tenure_frame(ledger, scenario),
    }
    for mechanism in mechanisms:
        frames |= {name: partial(make, ledger, scenario) for name, make in mechanism.frames.items()}
    if scenario.journey is not None:
        frames["touchpoints"] = lambda: touchpoint_frame(ledger, scenario)
    if "cohorts" in wanted:
        frames["cohorts"] = lambda: cohort_frame(ledger, scenario)
    if "price_elasticity" in wanted:
        frames["price_elasticities"] = lambda: price_elasticity_frame(ledger, scenario)
    if "network_sample" in wanted:
        frames["network_customers"], frames["network_edges"] = ties_frames(simulation)
    if "word_of_mouth_effects" in wanted:
        frames["word_of_mouth_effects"] = lambda: word_of_mouth_effect_frame(ledger, scenario)
    if "churn_reasons" in wanted:
        frames["churn_reasons"] = lambda: churn_reason_frame(ledger, scenario, mechanisms)
    if "customers" in wanted:  # built at once: later they would keep all customers in memory
        frames["customers"] = customer_frame(simulation)
        frames["purchase_frequency"] = reach_frame(frames["customers"], list(scenario.firms))
    return frames


def place(name: str) -> tuple[int, str]:
    """Place of a frame among files and sheets; those of mechanisms come last."""
    return (FRAMES.index(name) if name in FRAMES else len(FRAMES), name)
