"""Predictions of the trajectories of tracked objects."""
