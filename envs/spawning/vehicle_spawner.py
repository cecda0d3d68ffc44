"""Puts a scenario's scripted vehicles on the road and writes their scripts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drive_stack.errors import ConfigError
from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.types import ObjectClass
from drive_stack.world_state import Conditions
from envs.bodies import BODIES, HELD_OUT_PAINTS, PAINTS, Body
from envs.contacts import RAIL_BEYOND_PAVEMENT, RAIL_CLEARANCE
from envs.lane_change import min_change_duration
from envs.occupancy import Occupancy
from envs.scenarios.actors import Actor, CutIn, CutOut, LaneName, Lead, Queue, Stopped, whole
from envs.scenarios.conditions import max_scripted_deceleration
from envs.scenarios.entries import MIN_CUT_IN_SPEED, PARKED_BEHIND, QUEUE_STAGGER
from envs.scenarios.lanes import named_lane
from envs.scripts import HardBrake, JamDissolves, LaneCutIn, LaneCutOut, Script
from envs.spawning.pedestrian_spawner import HidingPlace
from envs.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Look:
    """A vehicle's body and paint, drawn."""

    body: int  # index into BODIES
    colour: tuple[int, int, int]
    length: float
    width: float
    height: float


@dataclass(slots=True)
class Casting:
    """Collects the scripted vehicles of one episode."""

    road: RoadMap
    traffic: Traffic
    start: float  # station from which `at` counts [m]
    ego_front: float  # station [m]
    ego_lane: int
    ego_speed: float
    limit: float  # [m/s]
    conditions: Conditions
    rng: np.random.Generator
    next_id: int
    occupancy: Occupancy
    scripts: list[Script] = field(default_factory=list)
    _entry: str = ""  # of the scenario, whose vehicles are being put on the road

    def add(self, actor: Actor, entry: str) -> None:
        """Put one entry of the scenario on the road; ``entry`` says which, such as ``actors.0``."""
        self._entry = entry
        if isinstance(actor, Lead):
            self._add_lead(actor)
        elif isinstance(actor, Stopped):
            self._add_stopped(actor)
        elif isinstance(actor, CutIn):
            self._add_cut_in(actor)
        elif isinstance(actor, CutOut):
            self._add_cut_out(actor)
        else:
            self._add_queue(actor)

    def hide(self, place: HidingPlace) -> None:
        """Park the vehicles behind which somebody waits."""
        self._entry, front = place.entry, place.front
        for name in (place.spec.body, place.spec.second):
            if name is not None:
                look = self._look(name)
                lateral = place.left_side - look.width / 2.0
                self._park(look, front - look.length / 2.0, lateral)
                front -= look.length + PARKED_BEHIND

    def _add_lead(self, actor: Lead) -> None:
        rng, look = self.rng, self._look(actor.body)
        gap = 0.0
        if actor.gap is not None:
            gap = actor.gap.draw(rng)
        if actor.headway is not None:
            gap = max(gap, actor.headway.draw(rng) * self.ego_speed)
        speed = self.ego_speed if actor.speed_kmh is None else actor.speed_kmh.draw(rng) / 3.6
        station = self.ego_front + gap + look.length / 2.0
        vehicle = self._drive(look, self._lane(actor.lane, station), station, speed)
        if actor.brakes is not None:
            brakes = actor.brakes
            after, deceleration = brakes.after.draw(rng), brakes.deceleration.draw(rng)
            deceleration = min(deceleration, max_scripted_deceleration(self.conditions))
            to_speed, hold = brakes.to_kmh.draw(rng) / 3.6, brakes.hold.draw(rng)
            self.scripts.append(HardBrake(vehicle, after, deceleration, to_speed, hold))

    def _add_stopped(self, actor: Stopped) -> None:
        station, look = self.start + actor.at.draw(self.rng), self._look(actor.body)
        right, left = self.road.paved(station)
        if actor.place == "lane":
            middle = self.road.lanes[self._lane(actor.lane, station)].lateral_at(station)
        elif actor.place == "right_shoulder":
            middle = right + self.road.right_shoulder / 2.0
        else:
            middle = left - self.road.left_shoulder / 2.0
        self._park(look, station + look.length / 2.0, middle + actor.offset.draw(self.rng))

    def _add_cut_in(self, actor: CutIn) -> None:
        rng, look = self.rng, self._look(actor.body)
        sides = {"left": (-1,), "right": (1,), "either": (-1, 1)}[actor.side]
        adjacent = [self.road.neighbour(self.ego_lane, side, self.ego_front) for side in sides]
        lanes = [lane for lane in adjacent if lane >= 0]
        lane = lanes[int(rng.integers(len(lanes)))]
        gap, slower = actor.gap.draw(rng), actor.slower_kmh.draw(rng) / 3.6
        after, duration = actor.after.draw(rng), self._possible(actor.duration.draw(rng))
        speed = self.ego_speed - slower
        if speed < MIN_CUT_IN_SPEED - 1e-9:  # dense traffic lowers the ego's first speed
            raise ConfigError(
                f"{self.occupancy.episode}: {self._entry}.slower_kmh: at most "
                f"{max(self.ego_speed - MIN_CUT_IN_SPEED, 0.0) * 3.6:.1f}, as the ego begins with "
                f"{self.ego_speed * 3.6:.1f} km/h in this traffic"
            )
        station = self.ego_front + gap + slower * after + look.length / 2.0
        vehicle = self._drive(look, lane, station, speed)
        self.scripts.append(LaneCutIn(vehicle, gap, after, duration))

    def _add_cut_out(self, actor: CutOut) -> None:
        rng = self.rng
        standing, lead = self._look(None), self._look(actor.body)
        rear = self.start + actor.at.draw(rng)
        lane = self.road.lanes[self.ego_lane]
        station = rear + standing.length / 2.0
        self._park(standing, station, lane.lateral_at(station))
        gap = actor.headway.draw(rng) * self.ego_speed
        vehicle = self._drive(lead, self.ego_lane, self.ego_front + gap + lead.length / 2.0, self.ego_speed)
        reveal, duration = actor.reveal.draw(rng), self._possible(actor.duration.draw(rng))
        self.scripts.append(LaneCutOut(vehicle, rear, reveal, duration))

    def _add_queue(self, actor: Queue) -> None:
        rng, tail = self.rng, self.start + actor.at.draw(self.rng)
        speed = self.limit if actor.to_kmh is None else actor.to_kmh.draw(rng) / 3.6
        ids = []
        for index, lane in enumerate(self.road.lanes):
            if lane.kind is not LaneKind.MAIN or not lane.covers(tail):
                continue
            rear = tail + float(rng.uniform(0.0, QUEUE_STAGGER))
            for _ in range(whole(actor.per_lane, actor.per_lane.draw(rng))):
                look = self._look(None, any_class=True)
                ids.append(self._drive(look, index, rear + look.length / 2.0, 0.0, target=speed))
                rear += look.length + actor.spacing.draw(rng)
        self.scripts.append(JamDissolves(tuple(ids), tail, actor.dissolves.draw(rng)))

    def _possible(self, duration: float) -> float:
        """The duration of a lane change [s], longer where the tyres give no more on a wet road."""
        width = self.road.lanes[self.ego_lane].width
        return max(duration, min_change_duration(width, self.conditions.grip))

    def _lane(self, name: LaneName, station: float) -> int:
        return named_lane(self.road, name, self.ego_lane, station)

    def _look(self, name: str | None, *, any_class: bool = False) -> Look:
        """A drawn body and paint: the named body, or a usual one (cars only unless ``any_class``)."""
        rng, held_out = self.rng, self.conditions.held_out_looks
        usable = [body for body in BODIES if _usable(body, name, any_class, held_out)]
        shares = np.array([body.share for body in usable])
        body = usable[int(rng.choice(len(usable), p=shares / shares.sum()))]
        paints = PAINTS + HELD_OUT_PAINTS if held_out else PAINTS
        colour = paints[int(rng.integers(len(paints)))]
        length, width, height = (
            float(rng.uniform(*limits)) for limits in (body.length, body.width, body.height)
        )
        return Look(BODIES.index(body), colour, length, width, height)

    def _drive(
        self, look: Look, lane: int, station: float, speed: float, *, target: float | None = None
    ) -> int:
        """Spawn a scripted vehicle that drives; its id."""
        self._spawn(look, lane, station, None, speed, speed if target is None else target)
        return self.next_id - 1

    def _park(self, look: Look, station: float, lateral: float) -> None:
        """Spawn a vehicle that stands with its hazard lights on, inside the guard rails."""
        right, left = self.road.paved(station)
        reach = RAIL_BEYOND_PAVEMENT - look.width / 2.0 - RAIL_CLEARANCE
        lateral = min(max(lateral, right - reach), left + reach)
        lane = self.road.lane_at(station, lateral)
        row = self._spawn(look, lane, station, lateral, 0.0, 0.0)
        self.traffic.park(row)

    def _spawn(
        self, look: Look, lane: int, station: float, lateral: float | None, speed: float, target: float
    ) -> int:
        """Spawn a scripted vehicle; its row. Raises `ConfigError` where its place is taken."""
        across = self.road.lanes[lane].lateral_at(station) if lateral is None else lateral
        self.occupancy.claim_box(station, across, look.length, look.width, self._entry)
        row = self.traffic.spawn(
            id=self.next_id, body=look.body, colour=look.colour, length=look.length, width=look.width,
            height=look.height, lane=lane, station=station, lateral=lateral, speed=speed, target_speed=target,
        )  # fmt: skip
        self.traffic.scripted[row] = True
        self.next_id += 1
        return row


def _usable(body: Body, name: str | None, any_class: bool, held_out: bool) -> bool:
    if name is not None:
        return body.name == name
    return (held_out or not body.held_out) and (any_class or body.label is ObjectClass.CAR)
