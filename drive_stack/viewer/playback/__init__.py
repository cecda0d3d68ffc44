"""The pace of what is shown, the way back to earlier frames, and the timeline of a replay."""
