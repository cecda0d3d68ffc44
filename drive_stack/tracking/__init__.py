"""Follows objects over time."""
