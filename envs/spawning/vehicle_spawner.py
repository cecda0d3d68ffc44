"""Spawns the scripted vehicles of a scenario and creates their scripts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from drive_stack.errors import ConfigError
from drive_stack.geometry import extents
from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.types import ObjectClass
from drive_stack.world_state import Conditions

from ..bodies import BODIES, HELD_OUT_PAINTS, PAINTS, Body
from ..contacts import RAIL_BEYOND_PAVEMENT, RAIL_CLEARANCE
from ..lane_change import min_change_duration
from ..occupancy import Occupancy
from ..scenarios.actors import (
    Actor,
    BlindMerge,
    Braking,
    BrakingAfterCutIn,
    CutIn,
    CutOut,
    Drift,
    LaneName,
    Lead,
    Queue,
    Stopped,
    round_to_count,
)
from ..scenarios.conditions import max_scripted_deceleration
from ..scenarios.entries import MIN_CUT_IN_SPEED, PARKED_GAP, QUEUE_STAGGER
from ..scenarios.lanes import named_lane, place_lateral
from ..scripts import (
    BrakeAfterLaneChange,
    HardBrake,
    JamDissolves,
    LaneCutIn,
    LaneCutOut,
    LaneDrift,
    Script,
)
from ..traffic import Traffic
from .pedestrian_spawner import ParkedOccluder


@dataclass(frozen=True, slots=True)
class Appearance:
    """The drawn body type, paint and dimensions [m] of a vehicle."""

    body: int  # index into BODIES
    colour: tuple[int, int, int]
    length: float
    width: float
    height: float

    def extents(self, heading: float) -> tuple[float, float]:
        """Length along the road and width across it at a heading relative to the road [rad]."""
        along, across = extents(np.asarray(self.length), np.asarray(self.width), np.asarray(heading))
        return float(along), float(across)


@dataclass(slots=True)
class VehicleSpawner:
    """Spawns the scripted vehicles of one episode and collects their scripts."""

    road: RoadMap
    traffic: Traffic
    start: float  # station of the ego's start, from which `at` is measured [m]
    ego_front: float  # station of the ego's front bumper [m]
    ego_lane: int
    ego_speed: float  # [m/s]
    limit: float  # speed limit at the ego's start [m/s]
    conditions: Conditions
    rng: np.random.Generator
    next_id: int
    occupancy: Occupancy
    now: float = 0.0  # time at which the vehicles appear [s]
    scripts: list[Script] = field(default_factory=list)
    _entry: str = ""  # the entry of the scenario whose vehicles are being spawned

    def add(self, actor: Actor, entry: str) -> None:
        """Spawn the vehicles of one entry of the scenario file.

        Args:
            actor: The entry.
            entry: Its name in error messages, such as ``actors.0``.

        Raises:
            ConfigError: If the place of a vehicle is occupied, or the drawn values are impossible.
        """
        self._entry = entry
        if isinstance(actor, Lead):
            self._add_lead(actor)
        elif isinstance(actor, Stopped):
            self._add_stopped(actor)
        elif isinstance(actor, CutIn):
            self._add_cut_in(actor)
        elif isinstance(actor, BlindMerge):
            self._add_blind_merge(actor)
        elif isinstance(actor, Drift):
            self._add_drift(actor)
        elif isinstance(actor, CutOut):
            self._add_cut_out(actor)
        else:
            self._add_queue(actor)

    def park_occluder(self, occluder: ParkedOccluder) -> None:
        """Spawn the parked vehicles that hide a pedestrian."""
        self._entry, front = occluder.entry, occluder.front
        for name in (occluder.spec.body, occluder.spec.second):
            if name is not None:
                appearance = self._draw_appearance(name)
                lateral = occluder.left_side - appearance.width / 2.0
                self._spawn_parked(appearance, front - appearance.length / 2.0, lateral)
                front -= appearance.length + PARKED_GAP

    def _add_lead(self, actor: Lead) -> None:
        rng, appearance = self.rng, self._draw_appearance(actor.body)
        gap = 0.0
        if actor.gap is not None:
            gap = actor.gap.draw(rng)
        if actor.headway is not None:
            gap = max(gap, actor.headway.draw(rng) * self.ego_speed)
        speed = self.ego_speed if actor.speed_kmh is None else actor.speed_kmh.draw(rng) / 3.6
        station = self.ego_front + gap + appearance.length / 2.0
        vehicle = self._spawn_driving(appearance, self._lane(actor.lane, station), station, speed)
        if actor.brakes is not None:
            after = self.now + actor.brakes.after.draw(rng)
            script = self._draw_braking(vehicle, actor.brakes, after=after)
            if actor.brakes.times > 1:
                script.times, script.pause = actor.brakes.times, actor.brakes.pause.draw(rng)
            self.scripts.append(script)

    def _add_stopped(self, actor: Stopped) -> None:
        station, appearance = self.start + actor.at.draw(self.rng), self._draw_appearance(actor.body)
        centre = place_lateral(self.road, actor.place, actor.lane, self.ego_lane, station)
        lateral = centre + actor.offset.draw(self.rng)
        heading = 0.0 if actor.yaw_deg is None else math.radians(actor.yaw_deg.draw(self.rng))
        along, _ = appearance.extents(heading)
        self._spawn_parked(appearance, station + along / 2.0, lateral, heading=heading, unlit=actor.unlit)

    def _draw_braking(self, vehicle: int, brakes: Braking | BrakingAfterCutIn, *, after: float) -> HardBrake:
        """Draw a braking manoeuvre that starts at the time ``after`` [s]."""
        deceleration = min(brakes.deceleration.draw(self.rng), max_scripted_deceleration(self.conditions))
        to_speed, hold = brakes.to_kmh.draw(self.rng) / 3.6, brakes.hold.draw(self.rng)
        return HardBrake(vehicle, after, deceleration, to_speed, hold)

    def _add_cut_in(self, actor: CutIn) -> None:
        rng, (appearance, lane) = self.rng, self._draw_adjacent(actor)
        gap, slower = actor.gap.draw(rng), actor.slower_kmh.draw(rng) / 3.6
        after, duration = actor.after.draw(rng), self._feasible_duration(actor.duration.draw(rng))
        if actor.headway is not None:
            gap = actor.headway.draw(rng) * self.ego_speed
        vehicle = self._spawn_falling_back(appearance, lane, gap, slower, after)
        self.scripts.append(LaneCutIn(vehicle, gap, self.now + after, duration))
        if actor.brakes is not None:
            delay = actor.brakes.delay.draw(rng)
            brake = self._draw_braking(vehicle, actor.brakes, after=float("inf"))
            self.scripts.append(BrakeAfterLaneChange(lane, delay, brake))

    def _add_blind_merge(self, actor: BlindMerge) -> None:
        rng, (appearance, lane) = self.rng, self._draw_adjacent(actor)
        ahead, after = actor.ahead.draw(rng), actor.after.draw(rng)
        duration = self._feasible_duration(actor.duration.draw(rng))
        vehicle = self._spawn_falling_back(appearance, lane, ahead, 0.0, after)
        self.scripts.append(LaneCutIn(vehicle, None, after, duration))

    def _add_drift(self, actor: Drift) -> None:
        rng, (appearance, lane) = self.rng, self._draw_adjacent(actor)
        gap, slower, after = actor.gap.draw(rng), actor.slower_kmh.draw(rng) / 3.6, actor.after.draw(rng)
        distance, duration, hold = (q.draw(rng) for q in (actor.distance, actor.duration, actor.hold))
        vehicle = self._spawn_falling_back(appearance, lane, gap, slower, after)
        script = LaneDrift(vehicle, gap, self.now + after, distance, self._feasible_duration(duration), hold)
        self.scripts.append(script)

    def _draw_adjacent(self, actor: CutIn | BlindMerge | Drift) -> tuple[Appearance, int]:
        """Draw the appearance of a vehicle, and its lane among those next to the ego's."""
        appearance = self._draw_appearance(actor.body)
        sides = {"left": (-1,), "right": (1,), "either": (-1, 1)}[actor.side]
        adjacent = [self.road.adjacent_lane(self.ego_lane, side, self.ego_front) for side in sides]
        lanes = [lane for lane in adjacent if lane >= 0]
        return appearance, lanes[int(self.rng.integers(len(lanes)))]

    def _spawn_falling_back(
        self, appearance: Appearance, lane: int, gap: float, slower: float, after: float
    ) -> int:
        """Spawn a vehicle that is ``gap`` [m] ahead of the ego at the time ``after`` [s]; returns its id.

        It is ``slower`` [m/s] than the ego, whose speed is assumed constant.
        """
        speed = self.ego_speed - slower
        if speed < MIN_CUT_IN_SPEED - 1e-9:  # dense traffic lowers the ego's initial speed
            raise ConfigError(
                f"{self.occupancy.episode}: {self._entry}.slower_kmh: at most "
                f"{max(self.ego_speed - MIN_CUT_IN_SPEED, 0.0) * 3.6:.1f}, as the ego starts with "
                f"{self.ego_speed * 3.6:.1f} km/h in this traffic"
            )
        station = self.ego_front + gap + slower * after + appearance.length / 2.0
        return self._spawn_driving(appearance, lane, station, speed)

    def _add_cut_out(self, actor: CutOut) -> None:
        rng = self.rng
        standing, lead = self._draw_appearance(None), self._draw_appearance(actor.body)
        rear = self.start + actor.at.draw(rng)
        lane = self.road.lanes[self.ego_lane]
        station = rear + standing.length / 2.0
        self._spawn_parked(standing, station, lane.lateral_at(station))
        gap = actor.headway.draw(rng) * self.ego_speed
        vehicle = self._spawn_driving(
            lead, self.ego_lane, self.ego_front + gap + lead.length / 2.0, self.ego_speed
        )
        reveal, duration = actor.reveal.draw(rng), self._feasible_duration(actor.duration.draw(rng))
        self.scripts.append(LaneCutOut(vehicle, rear, reveal, duration))

    def _add_queue(self, actor: Queue) -> None:
        rng, tail = self.rng, self.start + actor.at.draw(self.rng)
        speed = self.limit if actor.to_kmh is None else actor.to_kmh.draw(rng) / 3.6
        ids = []
        for index, lane in enumerate(self.road.lanes):
            if lane.kind is not LaneKind.MAIN or not lane.covers(tail):
                continue
            rear = tail + float(rng.uniform(0.0, QUEUE_STAGGER))
            for _ in range(round_to_count(actor.per_lane, actor.per_lane.draw(rng))):
                appearance = self._draw_appearance(None, any_class=True)
                ids.append(
                    self._spawn_driving(appearance, index, rear + appearance.length / 2.0, 0.0, target=speed)
                )
                rear += appearance.length + actor.spacing.draw(rng)
        self.scripts.append(JamDissolves(tuple(ids), tail, actor.dissolves.draw(rng)))

    def _feasible_duration(self, duration: float) -> float:
        """A lane change's duration [s], extended where the grip of the road does not allow it."""
        width = self.road.lanes[self.ego_lane].width
        return max(duration, min_change_duration(width, self.conditions.grip))

    def _lane(self, name: LaneName, station: float) -> int:
        return named_lane(self.road, name, self.ego_lane, station)

    def _draw_appearance(self, name: str | None, *, any_class: bool = False) -> Appearance:
        """Draw body type, paint and dimensions.

        The body type is the one called ``name``; if that is None, it is drawn among those of ordinary
        traffic, cars only unless ``any_class``.
        """
        rng, held_out = self.rng, self.conditions.held_out_appearance
        candidates = [body for body in BODIES if _is_candidate(body, name, any_class, held_out)]
        # a body that ordinary traffic lacks has no weight, but is the only candidate
        weights = np.array([body.weight or 1.0 for body in candidates])
        body = candidates[int(rng.choice(len(candidates), p=weights / weights.sum()))]
        paints = PAINTS + HELD_OUT_PAINTS if held_out else PAINTS
        colour = paints[int(rng.integers(len(paints)))]
        length, width, height = (
            float(rng.uniform(*limits)) for limits in (body.length, body.width, body.height)
        )
        return Appearance(BODIES.index(body), colour, length, width, height)

    def _spawn_driving(
        self, appearance: Appearance, lane: int, station: float, speed: float, *, target: float | None = None
    ) -> int:
        """Spawn a moving scripted vehicle in the middle of a lane; returns its id."""
        self._spawn(appearance, lane, station, None, speed, speed if target is None else target)
        return self.next_id - 1

    def _spawn_parked(
        self,
        appearance: Appearance,
        station: float,
        lateral: float,
        *,
        heading: float = 0.0,
        unlit: bool = False,
    ) -> None:
        """Spawn a parked vehicle between the guard rails, with its hazard lights on unless it is unlit.

        ``heading`` is relative to the road's direction [rad].
        """
        right, left = self.road.paved(station)
        margin = RAIL_BEYOND_PAVEMENT - appearance.extents(heading)[1] / 2.0 - RAIL_CLEARANCE
        lateral = min(max(lateral, right - margin), left + margin)
        lane = self.road.lane_at(station, lateral)
        row = self._spawn(appearance, lane, station, lateral, 0.0, 0.0, heading=heading)
        self.traffic.park(row, heading=heading, unlit=unlit)

    def _spawn(
        self,
        appearance: Appearance,
        lane: int,
        station: float,
        lateral: float | None,
        speed: float,
        target: float,
        *,
        heading: float = 0.0,
    ) -> int:
        """Spawn a scripted vehicle at ``lateral``, or in the middle of its lane if that is None.

        Returns its row in the traffic's arrays. Raises `ConfigError` if its place is occupied.
        """
        actual_lateral = self.road.lanes[lane].lateral_at(station) if lateral is None else lateral
        self.occupancy.claim_box(station, actual_lateral, *appearance.extents(heading), self._entry)
        row = self.traffic.spawn(
            id=self.next_id, body=appearance.body, colour=appearance.colour, length=appearance.length,
            width=appearance.width, height=appearance.height, lane=lane, station=station, lateral=lateral,
            speed=speed, target_speed=target,
        )  # fmt: skip
        self.traffic.scripted[row] = True
        self.next_id += 1
        return row


def _is_candidate(body: Body, name: str | None, any_class: bool, held_out: bool) -> bool:
    if name is not None:
        return body.name == name
    ordinary = body.weight > 0.0 and (held_out or not body.held_out)
    return ordinary and (any_class or body.label is ObjectClass.CAR)
