"""All vehicles next to the road: the opposite traffic, and those parked on service areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.objects.vehicles import concatenate_vehicles, select_vehicles
from drive_stack.road_map import RoadMap
from drive_stack.world_state import Conditions, VehicleStates

from ..scenarios.scenery import ScenerySpec
from .opposite_traffic import AHEAD, BEHIND, OppositeTraffic, draw_opposite_traffic
from .parked import draw_parked

_MAX_OPPOSITE = 10_000  # vehicles; the ids of parked vehicles come after theirs


@dataclass(frozen=True, slots=True)
class Background:
    """The vehicles of one episode, of which at least one group exists."""

    opposite: OppositeTraffic | None
    parked: VehicleStates | None

    def states(self, time: float, station: float) -> VehicleStates:
        """Return the vehicles near an ego at ``station`` [m] at ``time`` [s] since the start."""
        groups = []
        if self.opposite is not None:
            groups.append(self.opposite.states(time, station))
        if self.parked is not None:
            ahead = self.parked.station - station
            near = np.flatnonzero((ahead > -BEHIND) & (ahead < AHEAD))
            groups.append(select_vehicles(self.parked, near))
        return groups[0] if len(groups) == 1 else concatenate_vehicles(*groups)


def draw_background(
    spec: ScenerySpec,
    road: RoadMap,
    conditions: Conditions,
    limit: float,
    rng: np.random.Generator,
    first_id: int,
) -> Background | None:
    """Draw the vehicles of an episode at a speed ``limit`` [m/s]; None if there are none."""
    scenery, held_out = conditions.scenery, conditions.held_out_appearance
    opposite = None
    if scenery.opposite is not None and spec.opposite_traffic is not None:
        density = spec.opposite_traffic.draw(rng)
        opposite = draw_opposite_traffic(
            road, scenery.opposite, density, limit, rng, first_id, held_out=held_out
        )
    parked = draw_parked(road, scenery.service_areas, rng, first_id + _MAX_OPPOSITE, held_out=held_out)
    return None if opposite is None and parked is None else Background(opposite, parked)
