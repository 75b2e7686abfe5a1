"""What ``import cxsim`` gives, for type checkers and editors; a test keeps it complete.

At run time names are imported when they are used (``__init__.py``).
"""

from cxsim.scenario import Scenario as Scenario

load = Scenario.load
