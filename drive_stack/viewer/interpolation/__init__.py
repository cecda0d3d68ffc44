"""What a video shows between two steps of a drive."""
