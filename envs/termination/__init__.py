"""When and how an episode ends."""
