"""Draws the animals of a scenario; they move as pedestrians do."""

from __future__ import annotations

import numpy as np

from drive_stack.world_state import WalkerKind

from ..pedestrians import Mode
from ..scenarios.actors import round_to_count
from ..scenarios.animals import AnimalEntry, StandingAnimal
from ..scenarios.lanes import named_lane
from .pedestrian_spawner import SIZES, PedestrianSpawner

_SPACING = 2.0  # between animals that cross together [m]


def add_animals(spawner: PedestrianSpawner, spec: AnimalEntry, entry: str) -> None:
    """Draw the animals of one entry of the scenario file; ``entry`` is its name (``animals.0``)."""
    spawner.begin(entry)
    rng, road, kind = spawner.rng, spawner.road, WalkerKind[spec.species.upper()]
    station = spawner.start + spec.at.draw(rng)
    if isinstance(spec, StandingAnimal):
        lane = road.lanes[named_lane(road, spec.lane, spawner.lane, station)]
        lateral = lane.lateral_at(station) + spec.offset.draw(rng)
        facing = np.pi / 2.0 * (1.0 if rng.random() < 0.5 else -1.0)
        spawner.append(station, lateral, facing, Mode.STAND, kind=kind)
        return
    direction = -1.0 if spec.side == "left" else 1.0
    right, left = road.paved(station)
    start, goal = (left, right) if spec.side == "left" else (right, left)
    motion = spawner.draw_crossing(spec, direction, goal)
    inside = SIZES[kind][0] / 2.0
    for number in range(round_to_count(spec.count, spec.count.draw(rng))):
        where = station + number * _SPACING, start + direction * inside
        spawner.append(*where, direction * np.pi / 2.0, Mode.WAIT, motion=motion, kind=kind)
