"""Draws what an agent sees, thinks and does; owns the pace, computes no simulation."""

import os

# pygame greets on stdout, which belongs to `--json`; this must stand before its first import.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
