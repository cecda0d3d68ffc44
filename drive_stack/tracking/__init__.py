"""Tracking of objects over time."""
