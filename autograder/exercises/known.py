"""Placeholder until the known solutions are merged."""
