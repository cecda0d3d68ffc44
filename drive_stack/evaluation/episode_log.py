"""What an episode's scores are computed from: the ego's course, step by step."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.metrics.fault import Verdict, judge
from drive_stack.evaluation.metrics.merging import merged
from drive_stack.evaluation.metrics.ttc import (
    BEHIND,
    NavsimTimeToCollision,
    nuplan_time_to_collision,
    time_to_collision,
)
from drive_stack.evaluation.on_road import OnRoad, bearings, on_road
from drive_stack.evaluation.surroundings import Surroundings, look_around
from drive_stack.types import Contact, FloatArray
from drive_stack.world_state import WorldState

RECENT = 120  # steps that are kept of everybody, to tell who could have avoided what
OFF_LANE_TOLERANCE = 0.5  # beyond a lane's edge before CARLA takes the ego's centre for outside [m]


@dataclass
class EpisodeLog:
    """Grows by one row at each agent step; `add` the state after reset first."""

    dt: float
    time: list[float] = field(default_factory=list)
    x: list[float] = field(default_factory=list)  # of the rear axle, in the world
    y: list[float] = field(default_factory=list)
    speed: list[float] = field(default_factory=list)
    acceleration: list[float] = field(default_factory=list)
    yaw_rate: list[float] = field(default_factory=list)
    station: list[float] = field(default_factory=list)
    ttc: list[float] = field(default_factory=list)
    nuplan_ttc: list[float] = field(default_factory=list)
    around: list[Surroundings] = field(default_factory=list)
    recent: deque[OnRoad] = field(default_factory=lambda: deque(maxlen=RECENT))
    contacts: list[tuple[Contact, Verdict]] = field(default_factory=list)  # by nuPlan's rule
    navsim_verdicts: list[Verdict] = field(default_factory=list)  # of the same contacts, by NAVSIM's
    route: tuple[float, float] = (0.0, 1.0)
    centre_ahead: float = 0.0  # from the rear axle to the body's centre [m]
    _navsim_ttc: NavsimTimeToCollision | None = None

    def add(self, state: WorldState) -> None:
        """Note one instant, and judge contacts that are new in it."""
        ego = state.ego
        self.time.append(state.time)
        self.x.append(ego.x)
        self.y.append(ego.y)
        self.speed.append(ego.speed)
        self.acceleration.append(ego.acceleration)
        self.yaw_rate.append(ego.yaw_rate)
        self.station.append(ego.station)
        self.route = (state.route_start, state.route_end)
        self.centre_ahead = state.car.centre_ahead
        scene = on_road(state)
        around = look_around(state, scene)
        self.around.append(around)
        self.recent.append(scene)
        charged = self._judge(state.contacts[len(self.contacts) :], scene, around)
        self._note_ttc(scene, around, charged=charged)

    def _judge(self, new: tuple[Contact, ...], scene: OnRoad, around: Surroundings) -> bool:
        """Judge new contacts; whether nuPlan charges the ego with one of them."""
        charged = False
        angles = bearings(scene.ego, scene.others, self.centre_ahead)
        for contact in new:
            rows = np.flatnonzero(scene.ids == contact.actor_id)
            behind = bool(angles[rows[0]] > BEHIND) if len(rows) else None
            place = around.place
            verdict = judge(contact, inside_one_lane=place.inside_one_lane, behind=behind)
            navsim = judge(contact, inside_one_lane=not place.between_lanes_navsim, behind=behind)
            first = all(contact.actor_id != earlier.actor_id for earlier, _ in self.contacts)
            charged |= verdict.at_fault and first
            self.contacts.append((contact, verdict))
            self.navsim_verdicts.append(navsim)
        return charged

    def _note_ttc(self, scene: OnRoad, around: Surroundings, *, charged: bool) -> None:
        self.ttc.append(time_to_collision(scene))
        collided = frozenset(contact.actor_id for contact, _ in self.contacts)
        between = not around.place.inside_one_lane
        self.nuplan_ttc.append(
            0.0
            if charged
            else nuplan_time_to_collision(scene, self.centre_ahead, between_lanes=between, collided=collided)
        )
        if self._navsim_ttc is None:
            self._navsim_ttc = NavsimTimeToCollision(self.dt, self.centre_ahead)
        self._navsim_ttc.add(scene, between_lanes=around.place.between_lanes_navsim)

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
    def collisions(self) -> list[Contact]:
        """Contacts merged as CARLA merges them."""
        places = [
            (
                float(np.interp(contact.time, self.time, self.x)),
                float(np.interp(contact.time, self.time, self.y)),
            )
            for contact, _ in self.contacts
        ]
        return merged([(contact, place) for (contact, _), place in zip(self.contacts, places, strict=True)])

    def charged(self, *, navsim: bool = False) -> tuple[Contact, ...]:
        """Contacts of the ego's own fault; of each actor only the first contact counts."""
        verdicts = self.navsim_verdicts if navsim else [verdict for _, verdict in self.contacts]
        first: dict[int, tuple[Contact, Verdict]] = {}
        for (contact, _), verdict in zip(self.contacts, verdicts, strict=True):
            first.setdefault(contact.actor_id, (contact, verdict))
        return tuple(contact for contact, verdict in first.values() if verdict.at_fault)

    @property
    def off_lane_share(self) -> float:
        """Share of the distance driven with the ego's centre outside every lane, 0 … 1.

        As in CARLA's OutsideRouteLanesTest, half a metre beyond a lane's edge is still inside, and the
        distance of a step belongs to where the ego is at its end.
        """
        outside = np.array([one.place.outside_lanes > OFF_LANE_TOLERANCE for one in self.around])
        total = float(self.steps_m.sum())
        return float(self.steps_m[outside].sum()) / total if total > 0.0 else 0.0

    @property
    def steps_m(self) -> FloatArray:
        """``(T,)`` distance since the instant before, 0 at first [m]."""
        return np.concatenate([[0.0], np.hypot(np.diff(self.x), np.diff(self.y))])

    @property
    def lanes(self) -> NDArray[np.int_]:
        """``(T,)`` index of the lane that holds the ego's centre, −1 off the lanes."""
        return np.array([one.place.lane for one in self.around])

    @property
    def lane_offsets(self) -> FloatArray:
        """``(T,)`` of the ego's centre, to the left of the nearest lane's middle [m]."""
        return np.array([one.place.lane_offset for one in self.around])

    @property
    def min_ttc(self) -> float | None:
        """Least time to collision [s]; None if it never came within the horizon."""
        least = min(self.ttc)
        return least if np.isfinite(least) else None

    @property
    def ttc_within_navsim_bound(self) -> bool:
        """Whether NAVSIM's time-to-collision check holds throughout."""
        return self._navsim_ttc is None or self._navsim_ttc.within_bound

    @property
    def longitudinal_acceleration(self) -> FloatArray:
        """``(T,)`` of the body's centre [m/s²]."""
        turning = np.asarray(self.yaw_rate)
        return np.asarray(np.asarray(self.acceleration) - turning**2 * self.centre_ahead)

    @property
    def lateral_acceleration(self) -> FloatArray:
        """``(T,)`` of the body's centre [m/s²]."""
        turning = np.asarray(self.yaw_rate)
        quickening = np.gradient(turning, self.dt) if len(turning) > 1 else np.zeros_like(turning)
        return np.asarray(np.asarray(self.speed) * turning + quickening * self.centre_ahead)
