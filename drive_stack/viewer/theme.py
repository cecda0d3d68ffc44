"""Colours of the viewer: a dark theme that is distinguishable with any kind of colour vision.

The object colours are from Okabe and Ito's palette (Color Universal Design, 2008), lightened for a
dark ground.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from drive_stack.types import ObjectClass
from drive_stack.viewer.headline import Urgency

Colour: TypeAlias = tuple[int, int, int]

_CLASSES: Mapping[ObjectClass, Colour] = {
    ObjectClass.CAR: (86, 180, 233),
    ObjectClass.LARGE_VEHICLE: (240, 165, 40),
    ObjectClass.PEDESTRIAN: (240, 140, 200),
    ObjectClass.OBSTACLE: (228, 92, 60),
    ObjectClass.MOTORCYCLE: (120, 150, 250),
    ObjectClass.CYCLIST: (250, 190, 225),
    ObjectClass.WHEELCHAIR_USER: (200, 110, 170),
    ObjectClass.ANIMAL: (190, 150, 110),
    ObjectClass.CARGO: (250, 140, 120),
    ObjectClass.EMERGENCY_VEHICLE: (60, 130, 255),
    ObjectClass.OVERTURNED_CAR: (150, 210, 235),
}


@dataclass(frozen=True, slots=True)
class Theme:
    """Every colour on the screen."""

    background: Colour = (13, 17, 23)
    panel: Colour = (22, 27, 34)
    panel_edge: Colour = (42, 49, 58)
    text: Colour = (232, 237, 243)
    muted: Colour = (152, 163, 176)
    faint: Colour = (72, 82, 94)
    accent: Colour = (64, 214, 176)
    warning: Colour = (244, 206, 70)
    danger: Colour = (255, 108, 80)
    terrain: Colour = (24, 32, 32)
    shoulder: Colour = (43, 49, 57)
    road: Colour = (55, 61, 70)
    ramp: Colour = (62, 66, 72)
    marking: Colour = (206, 212, 220)
    truth: Colour = (150, 160, 172)
    truth_fill: Colour = (88, 97, 110)
    obstacle: Colour = (232, 120, 50)
    brake_lamp: Colour = (255, 66, 60)
    indicator: Colour = (255, 190, 40)
    rejected: Colour = (118, 128, 140)
    lane_line: Colour = (120, 235, 255)
    classes: Mapping[ObjectClass, Colour] = field(default_factory=lambda: dict(_CLASSES))

    def speed_colour(self, fraction: float) -> Colour:
        """Colour of a speed as a fraction 0 … 1 of the limit: orange (standstill) over yellow to green."""
        stops = (self.danger, self.warning, self.accent)
        place = min(max(fraction, 0.0), 1.0) * (len(stops) - 1)
        index = min(int(place), len(stops) - 2)
        return mix(stops[index], stops[index + 1], place - index)

    def urgency_colour(self, urgency: Urgency) -> Colour:
        """Colour of a headline: green, amber or red."""
        return (self.accent, self.warning, self.danger)[urgency]


def mix(first: Colour, second: Colour, fraction: float) -> Colour:
    """Interpolate two colours; ``fraction`` 0 gives the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * fraction) for a, b in zip(first, second, strict=True))
    return red, green, blue
