"""Lateral controllers compared: closed loop, on reference paths, with the dynamics they are handed."""
