"""What each stage of a driver said, against the truth of the same frame."""
