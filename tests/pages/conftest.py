"""One browser for all pages of a module."""

from browser import browser

__all__ = ["browser"]
