"""A scenario that is over after a few seconds."""

from __future__ import annotations

from pathlib import Path

SHORT = """\
name: short
description: A few seconds of driving.
source: made for this test
road: {{kind: straight}}
speed_limit_kmh: 110
route_length: {{min: {least}, max: {most}}}
time_limit: 20
traffic: {{density: {density}}}
"""


def short_course(folder: Path, *, least: float, most: float, density: float) -> Path:
    """Its file; the route is ``least`` to ``most`` metres long, with ``density`` vehicles a km and lane."""
    path = folder / "short.yaml"
    path.write_text(SHORT.format(least=least, most=most, density=density))
    return path
