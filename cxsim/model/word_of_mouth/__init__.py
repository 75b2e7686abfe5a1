"""Word of mouth: messages, social networks, reputation, awareness and advertising."""
