"""Market research: surveys, what firms believe, and what they do about it."""
