"""Which keys of a scenario can be varied, read from its pydantic model."""
