"""Chooses what to do and the trajectory that does it."""
