"""How fast the simulator is, beside what people would use instead: ``make bench``."""
