"""Draws the initial state of an episode from (scenario, seed) and places it on the road."""
