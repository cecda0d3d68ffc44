"""Changes of the world and of its image during an episode, for drives that ask what would have happened."""
