"""Changes of the world and of its picture during an episode, for drives that ask what would have happened."""
