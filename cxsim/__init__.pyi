"""What ``import cxsim`` gives, for type checkers and editors; a test keeps it complete.

At run time names are imported when they are used (``__init__.py``).
"""

from cxsim import analytic as analytic
from cxsim import calibration as calibration
from cxsim import plot as plot
from cxsim._version import __version__ as __version__
from cxsim.calibration import Calibration as Calibration
from cxsim.calibration import CalibrationError as CalibrationError
from cxsim.calibration import LogPanel as LogPanel
from cxsim.calibration import MomentMatch as MomentMatch
from cxsim.calibration import OwnLog as OwnLog
from cxsim.calibration import calibrate as calibrate
from cxsim.calibration import match_moments as match_moments
from cxsim.calibration import own_log as own_log
from cxsim.calibration import panel_from_log as panel_from_log
from cxsim.engine.agents import Customer as Customer
from cxsim.firms.policy import CapabilityPolicy as CapabilityPolicy
from cxsim.firms.policy import FirmInformation as FirmInformation
from cxsim.firms.policy import Policy as Policy
from cxsim.firms.policy import PolicyError as PolicyError
from cxsim.firms.policy import PricingPolicy as PricingPolicy
from cxsim.firms.policy_registry import register_policy as register_policy
from cxsim.identity import IdentityError as IdentityError
from cxsim.identity import inputs as inputs
from cxsim.model.mechanism import Mechanism as Mechanism
from cxsim.parameters import parameter as parameter
from cxsim.report.brief_answers import brief as brief
from cxsim.report.explorer import explore as explore
from cxsim.report.notebook_sweep import gather as gather
from cxsim.report.notebook_sweep import vary as vary
from cxsim.runs import Run as Run
from cxsim.runs import run as run
from cxsim.runs.components import register as register
from cxsim.runs.diary import diary as diary
from cxsim.runs.market import Firm as Firm
from cxsim.runs.market import Market as Market
from cxsim.runs.market import market_class as market_class
from cxsim.runs.simulation import Simulation as Simulation
from cxsim.scenario import EventsLeftOutWarning as EventsLeftOutWarning
from cxsim.scenario import Scenario as Scenario
from cxsim.scenario import ScenarioError as ScenarioError
from cxsim.strategy.break_even import break_even as break_even
from cxsim.strategy.break_even import payback as payback
from cxsim.strategy.break_even import smallest_market as smallest_market
from cxsim.strategy.decide import decide as decide
from cxsim.strategy.decision import Decision as Decision
from cxsim.strategy.driver_contributions import driver_contributions as driver_contributions
from cxsim.strategy.experience_statistics import (
    experience_statistics as experience_statistics,
)
from cxsim.strategy.hold import hold as hold
from cxsim.strategy.one_to_one import one_to_one_conditions as one_to_one_conditions
from cxsim.strategy.price_war import price_war as price_war
from cxsim.strategy.tournament import tournament as tournament
from cxsim.study.comparison import Comparison as Comparison
from cxsim.study.paired_seeds import compare as compare
from cxsim.study.results import StudyResult as StudyResult
from cxsim.study.store import Store as Store
from cxsim.study.stored_runs import replay as replay
from cxsim.study.study import Study as Study
from cxsim.study.sweep import sweep as sweep

load = Scenario.load
