"""Runs exported networks with checked weights, fixed threads and reproducible results."""
