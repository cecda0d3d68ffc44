"""Paints that tell vehicles apart from those next to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from .mix import RGB, DrawnVehicle
from .records import Records

NEIGHBOUR_DISTANCE = 40.0  # along the road, within which no two vehicles look alike [m]


def distinct_from_traffic(
    vehicle: DrawnVehicle, station: float, rows: Records, paints: Sequence[RGB]
) -> DrawnVehicle:
    """Return a vehicle for a place [m] that has another paint than vehicles of its body near there."""
    near = (rows["alive"] == 1) & (np.abs(rows["station"] - station) < NEIGHBOUR_DISTANCE)
    alike = rows["colour"][near & (rows["body"] == vehicle.body)]
    return _repainted(vehicle, {(red, green, blue) for red, green, blue in alike.tolist()}, paints)


def distinct_in_line(vehicles: Sequence[DrawnVehicle], paints: Sequence[RGB]) -> list[DrawnVehicle]:
    """Return vehicles of which none looks like the two before it."""
    line: list[DrawnVehicle] = []
    for vehicle in vehicles:
        taken = {other.colour for other in line[-2:] if other.body == vehicle.body}
        line.append(_repainted(vehicle, taken, paints))
    return line


def _repainted(vehicle: DrawnVehicle, taken: Collection[RGB], paints: Sequence[RGB]) -> DrawnVehicle:
    """Return a vehicle with its own paint, or the next one that is not ``taken``. Nothing is drawn for it."""
    first = paints.index(vehicle.colour)
    order = (*paints[first:], *paints[:first])
    return replace(vehicle, colour=next((paint for paint in order if paint not in taken), vehicle.colour))
