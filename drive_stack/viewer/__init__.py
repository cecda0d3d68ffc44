"""Draws the observations, traces and controls of an agent and sets the playback speed; simulates nothing."""

import os

# pygame greets on stdout, which belongs to `--json`; this must stand before its first import.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
