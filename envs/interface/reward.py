"""The reward of the environment: a sum of terms that ranks what a driver did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.types import Contact, ContactKind

from ..world import World

Weight: TypeAlias = Annotated[float, Field(ge=0.0)]

_LONGITUDINAL, _LATERAL, _JERK = 4.0, 4.0, 8.0  # uncomfortable values [m/s², m/s², m/s³]
_LANE_OFFSET = 1.75  # offset from the lane centre of the cost 1: on a lane line [m]
_MAX_LANE_COST = 4.0  # on a shoulder, far from any lane
_SPEED_TOLERANCE = 1.0  # speed above the limit that costs nothing [m/s]
_SEVERE_SPEED, _SEVERE_SPEED_OF_PEDESTRIANS = 30.0, 15.0  # impact speeds of the full severity [m/s]


class RewardWeights(StrictModel):
    """Weights of the terms. Each is the greatest amount that its term adds up to in one episode.

    With the default weights, no progress is worth a collision: it costs at least 200, and all progress earns
    100. Standing still is the worst that a driver without a collision can do.
    """

    progress: Weight = 100.0  # earned by the whole route, in proportion to the distance
    time: Weight = 50.0  # lost by the whole time limit; a failed episode also loses the time that is left
    speeding: Weight = 300.0  # lost by driving at twice the speed limit, and 1 m/s more, for the time limit
    comfort: Weight = 10.0  # lost by accelerations and jerk that are uncomfortable for the whole time limit
    lane_keeping: Weight = 10.0  # lost by driving on a lane line for the time limit; four times on a shoulder
    success: Weight = 50.0  # earned by the end of the route
    collision: Weight = 200.0  # lost by any collision
    severity: Weight = 600.0  # lost in addition by a severe one, in proportion to the impact speed squared
    off_road: Weight = 300.0  # lost by leaving the road


@dataclass(frozen=True, slots=True)
class RewardTerms:
    """The terms of one step; the reward is their sum."""

    progress: float = 0.0
    time: float = 0.0
    speeding: float = 0.0
    comfort: float = 0.0
    lane_keeping: float = 0.0
    success: float = 0.0
    collision: float = 0.0
    off_road: float = 0.0

    def total(self) -> float:
        """The reward."""
        return (
            self.progress + self.time + self.speeding + self.comfort + self.lane_keeping
            + self.success + self.collision + self.off_road
        )  # fmt: skip

    def as_dict(self) -> dict[str, float]:
        """The terms by name."""
        return {name: getattr(self, name) for name in self.__slots__}


class Reward:
    """Computes the terms of each step of one episode.

    Args:
        weights: Weights of the terms.
        world: The world at the start of the episode.
        dt: Duration of a step [s].
    """

    def __init__(self, weights: RewardWeights, world: World, dt: float) -> None:
        self._weights = weights
        self._world = world
        self._dt = dt
        self._progress = 0.0  # at the last step, as a fraction of the route
        self._acceleration = world.ego.acceleration  # at the last step [m/s²]
        self._contacts = 0  # number until the last step

    def step(self, speed_limit: float) -> RewardTerms:
        """Return the terms of the step that has just been done.

        Args:
            speed_limit: Limit at the start of the step [m/s].
        """
        world, weights = self._world, self._weights
        step_fraction = self._dt / world.scenario.time_limit
        progress = min(world.progress / world.route_length, 1.0)
        contacts = world.contacts[self._contacts :]
        terms = RewardTerms(
            progress=weights.progress * (progress - self._progress),
            time=-weights.time * (step_fraction + self._time_left()),
            speeding=-weights.speeding * step_fraction * _excess(world.ego.speed, speed_limit),
            comfort=-weights.comfort * step_fraction * self._discomfort(),
            lane_keeping=-weights.lane_keeping * step_fraction * _lane_cost(world),
            success=weights.success if world.outcome == "completed" else 0.0,
            collision=-weights.collision - weights.severity * _severity(contacts) if contacts else 0.0,
            off_road=-weights.off_road if world.outcome == "off_road" else 0.0,
        )
        self._progress, self._contacts = progress, self._contacts + len(contacts)
        self._acceleration = world.ego.acceleration
        return terms

    def _time_left(self) -> float:
        """Fraction of the time limit that is left when the episode ends with a failure, else 0."""
        if self._world.outcome not in ("collision", "off_road", "stuck"):
            return 0.0
        return max(1.0 - self._world.time / self._world.scenario.time_limit, 0.0)

    def _discomfort(self) -> float:
        """Cost of accelerations and jerk, 0 to 1."""
        ego = self._world.ego
        jerk = (ego.acceleration - self._acceleration) / self._dt
        lateral = ego.speed * ego.yaw_rate
        longitudinal = ego.acceleration / _LONGITUDINAL
        return min(longitudinal**2 + (lateral / _LATERAL) ** 2 + (jerk / _JERK) ** 2, 1.0)


def _excess(speed: float, speed_limit: float) -> float:
    """Speed above the limit and the tolerance, as a fraction of the limit."""
    return max(speed - speed_limit - _SPEED_TOLERANCE, 0.0) / speed_limit


def _lane_cost(world: World) -> float:
    """Cost of the distance to the centre of the nearest lane: 0 at it, 1 on its line, at most 4."""
    ego, road = world.ego, world.road
    lane = road.lane_at(ego.station, ego.lateral)
    if lane < 0:
        return _MAX_LANE_COST
    offset = ego.lateral - road.lanes[lane].lateral_at(ego.station)
    return min((offset / _LANE_OFFSET) ** 2, _MAX_LANE_COST)


def _severity(contacts: tuple[Contact, ...]) -> float:
    """Severity of the worst contact, 0 to 1: its kinetic energy relative to that of a severe one."""
    return max(min(contact.impact_speed / _severe_speed(contact.kind), 1.0) ** 2 for contact in contacts)


def _severe_speed(kind: ContactKind) -> float:
    return _SEVERE_SPEED_OF_PEDESTRIANS if kind is ContactKind.PEDESTRIAN else _SEVERE_SPEED
