"""Turns a plan into a steering angle and an acceleration."""
