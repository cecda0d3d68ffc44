"""Vehicles behind the barriers: they are seen, but nothing on the road can touch them."""
