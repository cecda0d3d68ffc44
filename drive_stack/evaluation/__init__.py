"""Drives episodes and evaluates them: rollouts, metrics and scores."""
