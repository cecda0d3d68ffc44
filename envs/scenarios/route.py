"""What a scenario file may say about where the ego starts and what it finds along its route."""

from __future__ import annotations

from typing import Literal

from drive_stack.config import StrictModel
from envs.scenarios.quantity import Angle, Distance, Fraction, Offset, SpeedLimitKmh, between, fixed


class EgoStart(StrictModel):
    """Where and how fast the ego begins."""

    # of the main lanes but for `ramp`; the right one of two middle lanes; any: each equally likely
    lane: Literal["leftmost", "rightmost", "middle", "any", "ramp"] = "rightmost"
    station: Distance = fixed(300.0)  # of its rear axle on the road [m]
    speed_share: Fraction = between(0.85, 1.0)  # of the limit there
    offset: Offset = fixed(0.0)  # to the left of the lane's middle [m]
    yaw_deg: Angle = fixed(0.0)  # to the left of the lane's direction [°]


class SpeedZone(StrictModel):
    """A lower limit over a part of the route, in metres ahead of the ego's start."""

    begin: Distance
    end: Distance  # may lie beyond the road's
    limit_kmh: SpeedLimitKmh


class NavigationStep(StrictModel):
    """What the navigation asks over a part of the route; of several that hold, the first."""

    command: Literal["follow", "change_left", "change_right"]
    begin: Distance = fixed(0.0)  # ahead of the ego's start [m]
    end: Distance = fixed(5000.0)  # may lie beyond the road's
    where: Literal["anywhere", "ramp"] = "anywhere"
