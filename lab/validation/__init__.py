"""What the simulator is checked against: ``make validation`` writes docs/validation.md."""
