"""What an episode's scores are computed from: the ego's course, step by step."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from drive_stack.evaluation.metrics.fault import Verdict, ego_inside_lanes, ego_inside_one_lane, judge
from drive_stack.evaluation.metrics.ttc import time_to_collision
from drive_stack.evaluation.on_road import OnRoad, on_road
from drive_stack.evaluation.surroundings import Surroundings, look_around
from drive_stack.types import Contact, FloatArray
from drive_stack.world_state import WorldState

RECENT = 120  # steps that are kept of everybody, to tell who could have avoided what


@dataclass
class EpisodeLog:
    """Grows by one row at each agent step; `add` the state after reset first."""

    dt: float
    time: list[float] = field(default_factory=list)
    speed: list[float] = field(default_factory=list)
    acceleration: list[float] = field(default_factory=list)
    yaw_rate: list[float] = field(default_factory=list)
    station: list[float] = field(default_factory=list)
    in_lane: list[bool] = field(default_factory=list)
    ttc: list[float] = field(default_factory=list)
    around: list[Surroundings] = field(default_factory=list)
    recent: deque[OnRoad] = field(default_factory=lambda: deque(maxlen=RECENT))
    contacts: list[tuple[Contact, Verdict]] = field(default_factory=list)
    route: tuple[float, float] = (0.0, 1.0)

    def add(self, state: WorldState) -> None:
        """Note one instant, and judge contacts that are new in it."""
        ego = state.ego
        self.time.append(state.time)
        self.speed.append(ego.speed)
        self.acceleration.append(ego.acceleration)
        self.yaw_rate.append(ego.yaw_rate)
        self.station.append(ego.station)
        self.in_lane.append(ego_inside_lanes(state))
        scene = on_road(state)
        self.ttc.append(time_to_collision(scene))
        self.around.append(look_around(state, scene))
        self.recent.append(scene)
        self.route = (state.route_start, state.route_end)
        inside = ego_inside_one_lane(state)
        for contact in state.contacts[len(self.contacts) :]:
            self.contacts.append((contact, judge(contact, inside_one_lane=inside)))

    @property
    def distance(self) -> float:
        """Driven so far [m]."""
        speed = np.asarray(self.speed)
        return float(np.sum((speed[1:] + speed[:-1]) * np.diff(self.time)) / 2.0)

    @property
    def duration(self) -> float:
        """So far [s]."""
        return self.time[-1] - self.time[0]

    def distance_by(self, elapsed: float) -> float:
        """Driven by a time since the start [m]."""
        time, speed = np.asarray(self.time) - self.time[0], np.asarray(self.speed)
        driven = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) * np.diff(time) / 2.0)])
        return float(np.interp(elapsed, time, driven))

    @property
    def route_completion(self) -> float:
        """Farthest point of the route reached, 0 … 1."""
        start, end = self.route
        return float(np.clip((max(self.station) - start) / (end - start), 0.0, 1.0))

    @property
    def off_lane_share(self) -> float:
        """Share of the distance driven with the ego's centre outside every lane, 0 … 1."""
        weights = np.asarray(self.speed)
        outside = ~np.asarray(self.in_lane)
        return float(np.sum(weights * outside) / np.sum(weights)) if weights.sum() > 0.0 else 0.0

    @property
    def min_ttc(self) -> float | None:
        """Least time to collision [s]; None if it never came within the horizon."""
        least = min(self.ttc)
        return least if np.isfinite(least) else None

    @property
    def lateral_acceleration(self) -> FloatArray:
        """``(T,)`` [m/s²]."""
        return np.asarray(np.multiply(self.speed, self.yaw_rate), dtype=np.float64)
