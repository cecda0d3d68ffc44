"""Labelled camera frames for the detector and the lane network."""
