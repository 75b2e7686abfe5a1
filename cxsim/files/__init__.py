"""Files: written whole, sealed by their digests, and read back only if they are right."""
