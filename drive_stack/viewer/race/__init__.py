"""Several agents side by side."""
