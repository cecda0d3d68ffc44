"""Drive Stack: the stages of a driver, and what measures them."""

from drive_stack.support.telemetry import opt_out

__version__ = "0.1.0"

opt_out()
