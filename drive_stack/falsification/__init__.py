"""Falsification: search a scenario's parameters for solvable courses on which a driver fails."""
