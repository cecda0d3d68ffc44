"""What a driver knows of the road's grip."""

from __future__ import annotations

from drive_stack.types import Observation
from drive_stack.vehicle import road_grip


class RainSensorGrip:
    """A `GripEstimator` that takes the road for wet while the rain sensor reports rain, else for dry.

    Snow, standing water and a road that is still wet after rain are not noticed: a car feels the grip only
    when its tyres slip. The posted speed limit is lower there.
    """

    def estimate(self, observation: Observation) -> float:
        """The grip of a wet or a dry road [m/s²]."""
        return road_grip(wet=observation.rain)
