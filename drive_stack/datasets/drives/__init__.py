"""Recordings of drives, to learn from: what an agent saw, what the expert would have done, what was true."""
