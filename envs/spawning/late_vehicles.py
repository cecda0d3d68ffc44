"""Scripted vehicles that appear on the way, once the ego has driven far enough."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drive_stack.errors import ConfigError
from drive_stack.world_state import Conditions

from ..occupancy import ClosedLane, Occupancy
from ..scenarios.actors import Actor, CutIn, Drift, Lead
from ..scripts import Script, ScriptContext
from .vehicle_spawner import VehicleSpawner

_RETRY_INTERVAL = 0.5  # of a vehicle whose place is occupied [s]


@dataclass(frozen=True, slots=True)
class LateEntry:
    """What a vehicle that appears late is drawn from; copies of a world share it."""

    actor: Lead | CutIn | Drift
    name: str  # of the entry, such as ``actors.0``
    vehicle_id: int
    seed: int  # of its draws
    conditions: Conditions
    closed_lanes: tuple[ClosedLane, ...]

    def __deepcopy__(self, memo: dict[int, object]) -> LateEntry:
        return self

    def spawn(self, context: ScriptContext) -> tuple[Script, ...] | None:
        """Spawn the vehicle, and return its scripts; None if its place is not free or does not exist."""
        occupancy = Occupancy(context.road)
        context.traffic.occupy(occupancy)
        for closed in self.closed_lanes:
            occupancy.close_lane(closed)
        spawner = VehicleSpawner(
            context.road, context.traffic, context.ego_rear, context.ego_front, context.ego_lane,
            context.ego_speed, 0.0, self.conditions, np.random.default_rng(self.seed), self.vehicle_id,
            occupancy, now=context.time,
        )  # fmt: skip
        try:
            spawner.add(self.actor, self.name)
        except ConfigError:
            return None
        return tuple(spawner.scripts)


@dataclass(slots=True)
class LateVehicle:
    """Lets a vehicle appear once the ego has reached a station, and as soon as its place is free."""

    entry: LateEntry
    station: float  # of the ego's front bumper [m]
    next_try: float = 0.0  # time [s]
    scripts: list[Script] | None = field(default=None)  # those of the vehicle; None until it has appeared

    def step(self, context: ScriptContext) -> None:
        """See `Script`."""
        if self.scripts is not None:
            for script in self.scripts:
                script.step(context)
        elif context.ego_front >= self.station and context.time >= self.next_try and context.ego_lane >= 0:
            scripts = self.entry.spawn(context)
            self.next_try = context.time + _RETRY_INTERVAL
            self.scripts = None if scripts is None else list(scripts)

    def without(self, vehicle: int) -> LateVehicle | None:
        """See `Script`."""
        if vehicle == self.entry.vehicle_id:
            return None
        if self.scripts is not None:
            remaining = (script.without(vehicle) for script in self.scripts)
            self.scripts = [script for script in remaining if script is not None]
        return self


@dataclass(slots=True)
class LateVehicles:
    """Collects the entries of an episode whose vehicles appear late."""

    ego_front: float  # station of the ego's front bumper at the start [m]
    conditions: Conditions
    closed_lanes: tuple[ClosedLane, ...]
    rng: np.random.Generator
    next_id: int
    scripts: list[LateVehicle] = field(default_factory=list)

    def add(self, actor: Actor, name: str) -> bool:
        """Add an entry of the scenario file; returns whether its vehicle appears late."""
        if not isinstance(actor, Lead | CutIn | Drift) or actor.appears_at is None:
            return False
        station, seed = self.ego_front + actor.appears_at.draw(self.rng), int(self.rng.integers(2**31))
        entry = LateEntry(actor, name, self.next_id, seed, self.conditions, self.closed_lanes)
        self.scripts.append(LateVehicle(entry, station))
        self.next_id += 1
        return True
