"""The core market, which every scenario has."""
