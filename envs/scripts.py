"""What scripted vehicles do, tick by tick. A script holds ids and numbers only, so a world can be copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from drive_stack.road_map import RoadMap
from envs.traffic import Traffic

_TOO_NEAR = 0.6  # of its gap: nobody cuts in before an ego that is nearer
_GAP_TOLERANCE = 0.1  # as far may the gap be from the one that is written [m]


@dataclass(frozen=True, slots=True)
class ScriptContext:
    """What a script may look at."""

    time: float  # [s]
    dt: float  # until the next tick [s]
    ego_front: float  # station [m]
    ego_rear: float
    ego_speed: float
    ego_lane: int
    road: RoadMap
    traffic: Traffic


class Script(Protocol):
    """Directs vehicles; each keeps its own progress."""

    def step(self, context: ScriptContext) -> None:
        """Give this tick's orders."""
        ...


@dataclass(slots=True)
class HardBrake:
    """Brakes at a time, stands or crawls, then drives on."""

    id: int
    after: float  # [s]
    deceleration: float  # [m/s²], positive
    to_speed: float  # [m/s]
    hold: float  # [s]
    until: float = float("inf")  # when it drives on, once known [s]
    done: bool = False

    def step(self, context: ScriptContext) -> None:
        """See `Script`."""
        if self.done or context.time < self.after:
            return
        row = context.traffic.row_of(self.id)
        if context.time >= self.until:
            context.traffic.release(row)
            self.done = True
        elif np.isfinite(self.until):
            context.traffic.force_acceleration(row, 0.0)
        elif (excess := float(context.traffic.speed[row]) - self.to_speed) <= 1e-6:
            self.until = context.time + self.hold
            context.traffic.force_acceleration(row, 0.0)
        else:
            # the last tick brakes less so that it ends at that speed; standing still ends by itself
            hardest = excess / context.dt if self.to_speed > 0.0 else self.deceleration
            context.traffic.force_acceleration(row, -min(self.deceleration, hardest))


@dataclass(slots=True)
class LaneCutIn:
    """Drives beside the ego's lane, then changes into it close ahead of the ego."""

    id: int
    gap: float  # bumper to bumper as it begins [m]
    after: float  # earliest [s]
    duration: float  # [s]
    done: bool = False

    def step(self, context: ScriptContext) -> None:
        """See `Script`."""
        if self.done or context.time < self.after:
            return
        traffic, row = context.traffic, context.traffic.row_of(self.id)
        lane = int(traffic.lane[row])
        if abs(lane - context.ego_lane) != 1:
            return
        rear = float(traffic.station[row] - traffic.length[row] / 2.0)
        ahead = rear - context.ego_front
        crossable = context.road.may_cross(lane, context.ego_lane, float(traffic.station[row]))
        if _TOO_NEAR * self.gap <= ahead <= self.gap + _GAP_TOLERANCE and crossable:
            traffic.force_lane_change(row, context.ego_lane, self.duration)
            self.done = True


@dataclass(slots=True)
class LaneCutOut:
    """Leads the ego and swerves out of the lane late, before a standing car."""

    id: int
    obstacle_rear: float  # station of the standing car's rear bumper [m]
    reveal: float  # [m]
    duration: float  # [s]
    released_at: float = float("inf")  # [s]
    done: bool = False

    def step(self, context: ScriptContext) -> None:
        """See `Script`."""
        if self.done:
            return
        traffic, row = context.traffic, context.traffic.row_of(self.id)
        if context.time >= self.released_at:
            traffic.release(row)
            self.done = True
        elif np.isfinite(self.released_at):
            return
        else:
            front = float(traffic.station[row] + traffic.length[row] / 2.0)
            # it holds its speed: left to itself it would brake for what it sees ahead
            traffic.force_acceleration(row, 0.0)
            if self.obstacle_rear - front <= self.reveal:
                self._swerve(context, row)

    def _swerve(self, context: ScriptContext, row: int) -> None:
        lane = int(context.traffic.lane[row])
        for side in (-1, 1):
            station = float(context.traffic.station[row])
            target = context.road.neighbour(lane, side, station)
            open_line = target >= 0 and context.road.may_cross(lane, target, station)
            if open_line and _free_beside(context, row, target):
                context.traffic.force_lane_change(row, target, self.duration)
                self.released_at = context.time + self.duration
                return
        context.traffic.release(row)  # hemmed in: it brakes like anybody
        self.done = True


@dataclass(slots=True)
class JamDissolves:
    """A standing queue that drives off some time after the ego has come up to it."""

    ids: tuple[int, ...]
    tail: float  # station of its last bumper [m]
    wait: float  # [s]
    near: float = 40.0  # [m]
    at: float = float("inf")  # [s]
    done: bool = False

    def step(self, context: ScriptContext) -> None:
        """See `Script`."""
        if self.done:
            return
        if not np.isfinite(self.at) and self.tail - context.ego_front <= self.near:
            self.at = context.time + self.wait
        for vehicle in self.ids:
            row = context.traffic.row_of(vehicle)
            if context.time >= self.at:
                context.traffic.release(row)
            else:
                context.traffic.force_acceleration(row, 0.0)
        self.done = context.time >= self.at


def _free_beside(context: ScriptContext, row: int, lane: int) -> bool:
    """Whether nobody in ``lane`` is beside the vehicle or so near behind that they would have to brake."""
    traffic = context.traffic
    apart = traffic.station - traffic.station[row]
    room = (traffic.length + traffic.length[row]) / 2.0
    behind = 4.0 + room + np.maximum(traffic.speed - traffic.speed[row], 0.0) * 3.0
    there = (traffic.lane == lane) | (traffic.target_lane == lane)
    others = np.arange(len(apart)) != row
    ego_there = context.ego_lane == lane
    front = traffic.station[row] + traffic.length[row] / 2.0
    ego_close = (
        ego_there and context.ego_front > front - traffic.length[row] - 10.0 and context.ego_rear < front
    )
    return not ego_close and not bool(np.any(others & there & (apart < 4.0 + room) & (apart > -behind)))
