"""Monitors that notice a camera or a detector that has failed."""
