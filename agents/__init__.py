"""Drivers, put together from what `drive_stack` offers."""
