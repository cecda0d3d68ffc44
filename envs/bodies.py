"""Vehicle bodies and paints of the traffic.

Some of both are held out: they never appear on training seeds.
"""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.types import ObjectClass


@dataclass(frozen=True, slots=True)
class Body:
    """A type of vehicle; its dimensions are uniform in (min, max) [m]."""

    name: str
    label: ObjectClass
    length: tuple[float, float]
    width: tuple[float, float]
    height: tuple[float, float]
    weight: float  # relative frequency in ordinary traffic; 0: only where a scenario asks for it
    held_out: bool = False  # never appears on training seeds


BODIES: tuple[Body, ...] = (
    Body("hatchback", ObjectClass.CAR, (3.7, 4.3), (1.70, 1.82), (1.45, 1.55), 0.24),
    Body("sedan", ObjectClass.CAR, (4.5, 5.0), (1.78, 1.90), (1.40, 1.50), 0.26),
    Body("suv", ObjectClass.CAR, (4.4, 4.9), (1.85, 1.98), (1.65, 1.80), 0.18),
    Body("estate", ObjectClass.CAR, (4.5, 4.9), (1.80, 1.90), (1.45, 1.55), 0.10),
    Body("van", ObjectClass.LARGE_VEHICLE, (5.0, 6.4), (1.95, 2.10), (2.2, 2.7), 0.08),
    Body("box_truck", ObjectClass.LARGE_VEHICLE, (7.0, 9.0), (2.35, 2.50), (3.0, 3.6), 0.06),
    Body("semi_trailer", ObjectClass.LARGE_VEHICLE, (14.0, 16.5), (2.50, 2.55), (3.7, 4.0), 0.06),
    Body("bus", ObjectClass.LARGE_VEHICLE, (11.0, 12.5), (2.50, 2.55), (3.0, 3.3), 0.02),
    Body("pickup", ObjectClass.CAR, (5.1, 5.5), (1.90, 2.00), (1.75, 1.90), 0.08, held_out=True),
    Body("roadster", ObjectClass.CAR, (3.9, 4.3), (1.72, 1.82), (1.20, 1.28), 0.05, held_out=True),
    Body("tanker", ObjectClass.LARGE_VEHICLE, (12.0, 14.0), (2.50, 2.55), (3.4, 3.7), 0.03, held_out=True),
    Body("motorcycle", ObjectClass.MOTORCYCLE, (2.0, 2.3), (0.75, 0.90), (1.35, 1.50), 0.0),  # with its rider
    Body(
        "police_car", ObjectClass.EMERGENCY_VEHICLE, (4.6, 4.9), (1.82, 1.90), (1.6, 1.7), 0.0, held_out=True
    ),
    Body(
        "overturned_car",
        ObjectClass.OVERTURNED_CAR,
        (4.5, 4.9),
        (1.78, 1.90),
        (1.38, 1.46),
        0.0,
        held_out=True,
    ),
)

MOTORCYCLE = next(index for index, body in enumerate(BODIES) if body.name == "motorcycle")


def ordinary_bodies(*, held_out: bool) -> tuple[int, ...]:
    """Return the indices of the bodies of ordinary traffic, with those held out of training or without."""
    return tuple(
        index for index, body in enumerate(BODIES) if body.weight > 0.0 and (held_out or not body.held_out)
    )


PAINTS: tuple[tuple[int, int, int], ...] = (
    (236, 237, 238),  # white
    (24, 25, 27),  # black
    (92, 96, 101),  # grey
    (182, 186, 190),  # silver
    (28, 58, 120),  # blue
    (150, 26, 30),  # red
    (38, 70, 52),  # dark green
    (98, 72, 52),  # brown
    (214, 198, 164),  # beige
    (66, 110, 160),  # light blue
)

HELD_OUT_PAINTS: tuple[tuple[int, int, int], ...] = (
    (232, 134, 28),  # orange
    (226, 206, 40),  # yellow
    (106, 52, 122),  # violet
    (110, 176, 80),  # lime
)
