"""Speed of the simulator compared with alternative programs: ``make bench``."""
