"""The log of an episode, from which its scores are computed: the ego's motion step by step."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.metrics.fault import Verdict, evaluate_contact
from drive_stack.evaluation.metrics.merging import merged
from drive_stack.evaluation.metrics.ttc import (
    BEHIND,
    NavsimTimeToCollision,
    nuplan_time_to_collision,
    time_to_collision,
)
from drive_stack.evaluation.road_scene import RoadScene, bearings, road_scene
from drive_stack.evaluation.surroundings import Surroundings, compute_surroundings
from drive_stack.types import Contact, FloatArray
from drive_stack.world_state import WorldState

MAX_SCENES = 120  # recent steps for which all actors are kept, to evaluate avoidability
OFF_LANE_TOLERANCE = (
    0.5  # CARLA counts the ego's centre as outside beyond this distance from the lane's edge [m]
)


@dataclass
class EpisodeLog:
    """Grows by one row at each agent step; the first state to `add` is the one after reset."""

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
    surroundings: list[Surroundings] = field(default_factory=list)
    recent_scenes: deque[RoadScene] = field(default_factory=lambda: deque(maxlen=MAX_SCENES))
    contacts: list[tuple[Contact, Verdict]] = field(default_factory=list)  # by nuPlan's rule
    navsim_verdicts: list[Verdict] = field(default_factory=list)  # of the same contacts, by NAVSIM's
    route: tuple[float, float] = (0.0, 1.0)
    centre_ahead: float = 0.0  # from the rear axle to the body's centre [m]
    _navsim_ttc: NavsimTimeToCollision | None = None

    def add(self, state: WorldState) -> None:
        """Add one instant, and evaluate the contacts that are new in it."""
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
        scene = road_scene(state)
        surroundings = compute_surroundings(state, scene)
        self.surroundings.append(surroundings)
        self.recent_scenes.append(scene)
        new_contacts = state.contacts[len(self.contacts) :]
        at_fault = self._evaluate_contacts(new_contacts, scene, surroundings)
        self._add_ttc(scene, surroundings, at_fault=at_fault)

    def _evaluate_contacts(
        self, contacts: tuple[Contact, ...], scene: RoadScene, surroundings: Surroundings
    ) -> bool:
        """Add new contacts with their verdicts; whether nuPlan finds the ego at fault for one of them."""
        at_fault = False
        placement = surroundings.placement
        angles = bearings(scene.ego, scene.others, self.centre_ahead)
        for contact in contacts:
            rows = np.flatnonzero(scene.ids == contact.actor_id)
            behind = bool(angles[rows[0]] > BEHIND) if len(rows) else None
            verdict = evaluate_contact(contact, inside_one_lane=placement.inside_one_lane, behind=behind)
            navsim = evaluate_contact(
                contact, inside_one_lane=not placement.between_lanes_navsim, behind=behind
            )
            first = all(contact.actor_id != earlier.actor_id for earlier, _ in self.contacts)
            at_fault |= verdict.at_fault and first
            self.contacts.append((contact, verdict))
            self.navsim_verdicts.append(navsim)
        return at_fault

    def _add_ttc(self, scene: RoadScene, surroundings: Surroundings, *, at_fault: bool) -> None:
        self.ttc.append(time_to_collision(scene))
        collided = frozenset(contact.actor_id for contact, _ in self.contacts)
        between = not surroundings.placement.inside_one_lane
        self.nuplan_ttc.append(
            0.0
            if at_fault
            else nuplan_time_to_collision(scene, self.centre_ahead, between_lanes=between, collided=collided)
        )
        if self._navsim_ttc is None:
            self._navsim_ttc = NavsimTimeToCollision(self.dt, self.centre_ahead)
        self._navsim_ttc.add(scene, between_lanes=surroundings.placement.between_lanes_navsim)

    @property
    def distance(self) -> float:
        """Distance driven so far [m]."""
        speed = np.asarray(self.speed)
        return float(np.sum((speed[1:] + speed[:-1]) * np.diff(self.time)) / 2.0)

    @property
    def duration(self) -> float:
        """Duration so far [s]."""
        return self.time[-1] - self.time[0]

    def distance_at(self, elapsed: float) -> float:
        """Distance driven within ``elapsed`` [s] since the start [m]."""
        time, speed = np.asarray(self.time) - self.time[0], np.asarray(self.speed)
        driven = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) * np.diff(time) / 2.0)])
        return float(np.interp(elapsed, time, driven))

    @property
    def route_completion(self) -> float:
        """Farthest point of the route that was reached, as a fraction 0 … 1."""
        start, end = self.route
        return float(np.clip((max(self.station) - start) / (end - start), 0.0, 1.0))

    @property
    def collisions(self) -> list[Contact]:
        """Contacts merged as CARLA merges them."""
        positions = [
            (
                float(np.interp(contact.time, self.time, self.x)),
                float(np.interp(contact.time, self.time, self.y)),
            )
            for contact, _ in self.contacts
        ]
        return merged(
            [(contact, position) for (contact, _), position in zip(self.contacts, positions, strict=True)]
        )

    def at_fault_contacts(self, *, navsim: bool = False) -> tuple[Contact, ...]:
        """At-fault contacts by the rule of nuPlan or NAVSIM; of each actor only the first contact counts."""
        verdicts = self.navsim_verdicts if navsim else [verdict for _, verdict in self.contacts]
        first: dict[int, tuple[Contact, Verdict]] = {}
        for (contact, _), verdict in zip(self.contacts, verdicts, strict=True):
            first.setdefault(contact.actor_id, (contact, verdict))
        return tuple(contact for contact, verdict in first.values() if verdict.at_fault)

    @property
    def off_lane_fraction(self) -> float:
        """Fraction of the distance driven with the ego's centre outside all lanes, 0 … 1.

        As in CARLA's OutsideRouteLanesTest, half a metre beyond a lane's edge is still inside, and the
        distance of a step belongs to where the ego is at its end.
        """
        outside = np.array(
            [instant.placement.outside_lanes > OFF_LANE_TOLERANCE for instant in self.surroundings]
        )
        total = float(self.step_distances.sum())
        return float(self.step_distances[outside].sum()) / total if total > 0.0 else 0.0

    @property
    def step_distances(self) -> FloatArray:
        """``(T,)`` distance driven since the previous instant, 0 at the first [m]."""
        return np.concatenate([[0.0], np.hypot(np.diff(self.x), np.diff(self.y))])

    @property
    def lanes(self) -> NDArray[np.int_]:
        """``(T,)`` index of the lane that holds the ego's centre, −1 off the lanes."""
        return np.array([instant.placement.lane for instant in self.surroundings])

    @property
    def lane_offsets(self) -> FloatArray:
        """``(T,)`` offset of the ego's centre from the nearest lane centre, positive to the left [m]."""
        return np.array([instant.placement.lane_offset for instant in self.surroundings])

    @property
    def min_ttc(self) -> float | None:
        """Minimum time to collision [s]; None if it was never within the horizon."""
        minimum = min(self.ttc)
        return minimum if np.isfinite(minimum) else None

    @property
    def ttc_within_navsim_bound(self) -> bool:
        """Whether NAVSIM's time-to-collision check holds throughout."""
        return self._navsim_ttc is None or self._navsim_ttc.within_bound

    @property
    def longitudinal_acceleration(self) -> FloatArray:
        """``(T,)`` longitudinal acceleration of the body's centre [m/s²]."""
        yaw_rate = np.asarray(self.yaw_rate)
        return np.asarray(np.asarray(self.acceleration) - yaw_rate**2 * self.centre_ahead)

    @property
    def lateral_acceleration(self) -> FloatArray:
        """``(T,)`` lateral acceleration of the body's centre [m/s²]."""
        yaw_rate = np.asarray(self.yaw_rate)
        yaw_acceleration = np.gradient(yaw_rate, self.dt) if len(yaw_rate) > 1 else np.zeros_like(yaw_rate)
        return np.asarray(np.asarray(self.speed) * yaw_rate + yaw_acceleration * self.centre_ahead)
