"""Starting points of a search: shipped files, small ones of every kind, and likely words."""

from __future__ import annotations

from cxsim.model.mechanism_registry import registered
from cxsim.scenario import Scenario, shipped_scenarios
from cxsim.scenario.loading import shipped_studies
from cxsim.study.study_file import study_schema

__all__ = ["seeds", "words"]

_PANEL = """\
customer,period,choice,price.Ann,price.Bob,feat.Ann,feat.Bob
1,1,Ann,1.5,2,0,1
1,2,Bob,1.5,1,0,1
2,1,outside,1,2,1,0
2,3,Bob,1.25,2,1,0
"""

_LONG = """\
customer;period;firm;chosen;price
1;1;Ann;1;1,5
1;1;Bob;0;2
2;1;Ann;0;1,5
2;1;Bob;1;2,25
"""

_TARGETS = """\
base: baseline
settings: {customers: 200}
parameters: {firms.Tailor.price: [10, 30], segments.*.ordering_effort: [0, 2]}
targets:
  - {measure: market_share, firm: Tailor, value: 0.3, se: 0.01, periods: [10, 20]}
  - {measure: concentration, value: 0.3, se: 0.1}
"""

_OPTIONS = """\
options:
  stay: {}
  cut: {firms.Tailor.price: 18}
"""

_STUDIES = (
    """\
scenario: baseline
factors:
  firms.Tailor.price: [10, 20]
  x: {low: 0.1, high: 1, scale: log, paths: {firms.Mass.interaction: {times: 0.5}}}
design: {kind: latin_hypercube, size: 4}
seeds: 2
outputs: [market_share, {measure: profit, firms: [Mass], by: period}]
""",
    """\
scenario: {extends: baseline}
factors: [firms.Mass.price]
design: {kind: list, points: [{firms.Mass.price: 3}]}
strategies: {a: {}, b: {firms.Niche.price: 3}}
stopping: {output: market_share.Mass, of: a, against: b, half_width: 0.1}
analysis: [ranking]
""",
    """\
scenario: baseline
factors: {firms.Mass.price: {low: 1, high: 3, levels: 2}}
design: grid
""",
)

_OVERRIDES = (
    "firms.Tailor.price=21", "segments.*.ordering_effort=0.3",
    "events=[{at: 3, set: {firms.*.price: 2}}]",
    "firms.Mass.policy.pricing=adaptive", "initial={Mass: {share: 0.4}}",
)  # fmt: skip


def seeds() -> dict[str, list[bytes]]:
    """Return files to start from, by target."""
    return {
        "scenario": [path.read_bytes() for path in shipped_scenarios().values()]
        + [Scenario.load(name).to_yaml().encode() for name in ("baseline_full", "bad_service")],
        "study": [path.read_bytes() for path in shipped_studies().values()]
        + [text.encode() for text in _STUDIES],
        "panel": [_PANEL.encode(), _LONG.encode()],
        "targets": [_TARGETS.encode(), _OPTIONS.encode()],
        "override": [text.encode() for text in _OVERRIDES],
    }


def words() -> list[str]:
    """Return keys, names and marks that a random search would not find by itself."""
    found = {"no_purchase", "outside", "customer", "period", "choice", "chosen", "firm", "price",
             "!!", "<<: *a",
             "&a", "*a", "? ", "|", ">", ".inf", ".nan", "0x", "0o", "1e999", "~", "%YAML", "---",
             "...", "\\u", "\\x00", "null", "module:Class", "../", "@period"}  # fmt: skip
    for mechanism in registered():
        for group in (mechanism.market, mechanism.firm, mechanism.segment):
            found |= set(group.model_fields) if group is not None else set()
    found |= set(study_schema()["properties"])
    found |= set(Scenario.json_schema()["properties"])
    return sorted(found)
