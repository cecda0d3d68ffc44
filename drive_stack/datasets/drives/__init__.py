"""Recordings of drives for imitation learning: observations, the expert's controls and the ground truth."""
