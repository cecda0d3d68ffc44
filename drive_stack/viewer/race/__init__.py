"""View of a race between several agents."""
