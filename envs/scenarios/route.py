"""Entries of a scenario file for the ego's start, speed zones and navigation."""

from __future__ import annotations

from typing import Literal

from drive_stack.config import StrictModel

from .quantity import Angle, Distance, Fraction, Offset, SpeedLimitKmh, between, fixed


class EgoStart(StrictModel):
    """Position and speed of the ego at the start."""

    # a main lane unless `ramp`; middle: the right one of two middle lanes; any: each equally likely
    lane: Literal["leftmost", "rightmost", "middle", "any", "ramp"] = "rightmost"
    station: Distance = fixed(300.0)  # of its rear axle [m]
    speed_share: Fraction = between(0.85, 1.0)  # fraction of the speed limit at the start
    offset: Offset = fixed(0.0)  # from the lane's centre, positive left [m]
    yaw_deg: Angle = fixed(0.0)  # relative to the lane's direction, positive left [°]


class SpeedZone(StrictModel):
    """A lower limit on a segment of the route; begin and end are distances ahead of the ego's start [m]."""

    begin: Distance
    end: Distance  # may be beyond the road's end
    limit_kmh: SpeedLimitKmh


class NavigationStep(StrictModel):
    """A navigation command on a segment of the route; if several apply, the first one is used."""

    command: Literal["follow", "change_left", "change_right"]
    begin: Distance = fixed(0.0)  # ahead of the ego's start [m]
    end: Distance = fixed(5000.0)  # ahead of the ego's start; may be beyond the road's end [m]
    where: Literal["anywhere", "ramp"] = "anywhere"
