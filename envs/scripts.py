"""Scripts that control scripted vehicles tick by tick.

A script holds only ids and numbers, so that a world can be copied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np

from drive_stack.road_map import RoadMap

from .traffic import Traffic

_MIN_GAP_FRACTION = 0.6  # of the specified gap; a vehicle whose gap is smaller does not cut in
_GAP_TOLERANCE = 0.1  # excess of the specified gap at which a cut-in may start [m]


@dataclass(frozen=True, slots=True)
class ScriptContext:
    """The state of the world at one tick, as scripts need it."""

    time: float  # [s]
    dt: float  # duration of a tick [s]
    ego_front: float  # station of the front bumper [m]
    ego_rear: float  # station of the rear bumper [m]
    ego_speed: float  # [m/s]
    ego_lane: int  # index, -1 off the lanes
    road: RoadMap
    traffic: Traffic


class Script(Protocol):
    """Controls one or more vehicles and keeps its own progress."""

    def step(self, context: ScriptContext) -> None:
        """Command the vehicles for the next tick."""
        ...

    def without(self, vehicle: int) -> Script | None:
        """Return the script after a vehicle has been removed; None if it has nothing to control any more."""
        ...


@dataclass(slots=True)
class OfOneVehicle:
    """The part that scripts of a single vehicle share."""

    id: int

    def without(self, vehicle: int) -> Self | None:
        """See `Script`."""
        return None if vehicle == self.id else self


@dataclass(slots=True)
class HardBrake(OfOneVehicle):
    """Brakes at a given time to a low speed or standstill, holds that, then drives on; may do so again."""

    after: float  # time at which it starts to brake [s]
    deceleration: float  # [m/s²], positive
    to_speed: float  # [m/s]
    hold: float  # duration at the low speed [s]
    times: int = 1  # how often it still brakes
    pause: float = 0.0  # from driving on until it brakes again [s]
    until: float = float("inf")  # time at which it drives on; infinite until it has braked [s]
    done: bool = False

    def step(self, context: ScriptContext) -> None:
        """See `Script`."""
        if self.done or context.time < self.after:
            return
        row = context.traffic.row_of(self.id)
        if context.time >= self.until:
            context.traffic.release(row)
            self.times -= 1
            self.after, self.until = context.time + self.pause, float("inf")
            self.done = self.times == 0
        elif np.isfinite(self.until):
            context.traffic.force_acceleration(row, 0.0)
        elif (excess := float(context.traffic.speed[row]) - self.to_speed) <= 1e-6:
            self.until = context.time + self.hold
            context.traffic.force_acceleration(row, 0.0)
        else:
            # the last tick brakes less, so that it ends at exactly that speed (not needed for a standstill)
            max_deceleration = excess / context.dt if self.to_speed > 0.0 else self.deceleration
            context.traffic.force_acceleration(row, -min(self.deceleration, max_deceleration))


@dataclass(slots=True)
class BrakeAfterLaneChange:
    """Lets a vehicle brake once it has completed its first lane change."""

    lane: int  # in which the vehicle starts
    delay: float  # from the end of the lane change until it brakes [s]
    brake: HardBrake  # its `after` is set when the lane change ends

    def step(self, context: ScriptContext) -> None:
        """See `Script`."""
        if not np.isfinite(self.brake.after):
            traffic, row = context.traffic, context.traffic.row_of(self.brake.id)
            if traffic.target_lane[row] == self.lane or traffic.moves_sideways[row]:
                return
            self.brake.after = context.time + self.delay
        self.brake.step(context)

    def without(self, vehicle: int) -> Self | None:
        """See `Script`."""
        return None if vehicle == self.brake.id else self


@dataclass(slots=True)
class LaneCutIn(OfOneVehicle):
    """Drives in an adjacent lane, then changes into the ego's lane: close ahead of the ego, or blindly."""

    gap: float | None  # bumper to bumper at the start of the lane change [m]; None: whatever is there
    after: float  # earliest time of the lane change [s]
    duration: float  # of the lane change [s]
    done: bool = False

    def step(self, context: ScriptContext) -> None:
        """See `Script`."""
        if self.done or context.time < self.after:
            return
        traffic, row = context.traffic, context.traffic.row_of(self.id)
        lane = int(traffic.lane[row])
        if abs(lane - context.ego_lane) != 1:
            return
        crossable = context.road.may_cross(lane, context.ego_lane, float(traffic.station[row]))
        if crossable and (self.gap is None or _is_at_gap(context, row, self.gap)):
            traffic.force_lane_change(row, context.ego_lane, self.duration)
            self.done = True


@dataclass(slots=True)
class LaneDrift(OfOneVehicle):
    """Drives in an adjacent lane, drifts towards the ego's lane close ahead of the ego, and returns."""

    gap: float  # bumper to bumper at the start of the drift [m]
    after: float  # earliest time of the drift [s]
    distance: float  # to the side [m]
    duration: float  # of the drift and of the return [s]
    hold: float  # between the two [s]
    returns_at: float = float("inf")  # infinite until it has drifted [s]
    done: bool = False

    def step(self, context: ScriptContext) -> None:
        """See `Script`."""
        if self.done or context.time < self.after:
            return
        traffic, row = context.traffic, context.traffic.row_of(self.id)
        lane = int(traffic.lane[row])
        if context.time >= self.returns_at:
            traffic.force_offset(row, 0.0, self.duration)
            self.done = True
        elif np.isfinite(self.returns_at) or abs(lane - context.ego_lane) != 1:
            return
        elif _is_at_gap(context, row, self.gap):
            towards = 1.0 if context.ego_lane < lane else -1.0  # lanes are numbered from the left
            traffic.force_offset(row, towards * self.distance, self.duration)
            self.returns_at = context.time + self.duration + self.hold


@dataclass(slots=True)
class LaneCutOut(OfOneVehicle):
    """Drives ahead of the ego and changes lanes late, close to a stationary car."""

    obstacle_rear: float  # station of the stationary car's rear bumper [m]
    reveal: float  # distance to that car at the start of the lane change [m]
    duration: float  # of the lane change [s]
    released_at: float = float("inf")  # time at which it drives on as ordinary traffic [s]
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
            # it holds its speed; as ordinary traffic it would brake for the stationary car
            traffic.force_acceleration(row, 0.0)
            if self.obstacle_rear - front <= self.reveal:
                self._swerve(context, row)

    def _swerve(self, context: ScriptContext, row: int) -> None:
        lane = int(context.traffic.lane[row])
        for side in (-1, 1):
            station = float(context.traffic.station[row])
            target = context.road.adjacent_lane(lane, side, station)
            may_change = target >= 0 and context.road.may_cross(lane, target, station)
            if may_change and _is_lane_free(context, row, target):
                context.traffic.force_lane_change(row, target, self.duration)
                self.released_at = context.time + self.duration
                return
        context.traffic.release(row)  # both lanes are occupied: it brakes as ordinary traffic
        self.done = True


@dataclass(slots=True)
class JamDissolves:
    """A stationary queue that drives off some time after the ego has come near."""

    ids: tuple[int, ...]
    tail: float  # station of the rearmost bumper [m]
    delay: float  # from the ego's arrival until the queue drives off [s]
    arrival_distance: float = 40.0  # distance of the ego from the tail that counts as arrival [m]
    departure_time: float = float("inf")  # infinite until the ego has arrived [s]
    done: bool = False

    def step(self, context: ScriptContext) -> None:
        """See `Script`."""
        if self.done:
            return
        if not np.isfinite(self.departure_time) and self.tail - context.ego_front <= self.arrival_distance:
            self.departure_time = context.time + self.delay
        for vehicle in self.ids:
            row = context.traffic.row_of(vehicle)
            if context.time >= self.departure_time:
                context.traffic.release(row)
            else:
                context.traffic.force_acceleration(row, 0.0)
        self.done = context.time >= self.departure_time

    def without(self, vehicle: int) -> JamDissolves:
        """See `Script`."""
        return replace(self, ids=tuple(other for other in self.ids if other != vehicle))


def _is_at_gap(context: ScriptContext, row: int, gap: float) -> bool:
    """Whether the gap from the ego to a vehicle ahead has shrunk to ``gap`` [m], but not far below it."""
    traffic = context.traffic
    rear = float(traffic.station[row] - traffic.length[row] / 2.0)
    return _MIN_GAP_FRACTION * gap <= rear - context.ego_front <= gap + _GAP_TOLERANCE


def _is_lane_free(context: ScriptContext, row: int, lane: int) -> bool:
    """Whether no vehicle in ``lane`` is next to a vehicle, or would have to brake if it changed there."""
    traffic = context.traffic
    offset = traffic.station - traffic.station[row]
    half_lengths = (traffic.length + traffic.length[row]) / 2.0
    margin_behind = 4.0 + half_lengths + np.maximum(traffic.speed - traffic.speed[row], 0.0) * 3.0
    in_lane = (traffic.lane == lane) | (traffic.target_lane == lane)
    is_other = np.arange(len(offset)) != row
    front = traffic.station[row] + traffic.length[row] / 2.0
    ego_is_near = context.ego_front > front - traffic.length[row] - 10.0 and context.ego_rear < front
    if context.ego_lane == lane and ego_is_near:
        return False
    return not bool(np.any(is_other & in_lane & (offset < 4.0 + half_lengths) & (offset > -margin_behind)))
