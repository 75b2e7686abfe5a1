"""Word of mouth: messages, the network they travel, awareness."""
