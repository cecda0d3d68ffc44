"""The view from above."""
