"""Drives that show whether the hazards of an episode can be avoided."""
