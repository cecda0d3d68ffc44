"""Scenario files: their models, and the checks that hold them against the road."""
