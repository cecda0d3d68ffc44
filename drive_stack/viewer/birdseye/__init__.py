"""The bird's-eye view."""
