"""Acceptance of the classroom market: real servers, real sockets, kills and forgeries."""
