"""Files with anything in them: what must hold of them, and a search for those where it does not."""
