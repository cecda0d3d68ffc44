"""Drive Stack: the stages of a driver, and what measures them."""

__version__ = "0.1.0"
