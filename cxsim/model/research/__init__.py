"""Market research: surveys, perceived performance, service recovery and improvement."""
