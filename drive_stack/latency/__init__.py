"""Compensation of the time between the exposure of an image and the present step."""
