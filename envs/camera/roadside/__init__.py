"""Pictures of what is next to the road."""
