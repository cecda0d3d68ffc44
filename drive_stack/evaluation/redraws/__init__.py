"""Redraw of paired courses whose hazard even UN R157's careful driver could not avoid."""
