"""Holds the ego's start, the route and everything along it against the road of a scenario file.

Every value that a quantity can take is held, not one draw. What depends on two drawn places is left to
`envs.occupancy`, but for entries that overlap whatever is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from drive_stack.errors import FieldError, Keys
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import Weather
from envs.scenarios.actors import LaneName
from envs.scenarios.conditions import ConditionsSpec, grip_bounds, visibility_speed_limit
from envs.scenarios.lanes import LaneLayout, layouts
from envs.scenarios.quantity import Quantity
from envs.scenarios.roads import LENGTH, Curve, RoadSpec, SBend
from envs.scenarios.route import EgoStart, NavigationStep, SpeedZone
from envs.speed_limits import curve_limit, posted_limit

ROAD_BEYOND_ROUTE = 300.0  # so that there is something to see at the route's end [m]
MAX_BEYOND_PAVEMENT = 0.75  # an entry may ask for so much; the guard rail, 0.5 m out, holds the body [m]
_NEAREST_START = 10.0  # the ego's rear axle from the road's begin [m]
_SHORTEST_ROUTE = 10.0  # [m]
_CAR = VehicleParameters()
EGO_FRONT = _CAR.length - _CAR.rear_overhang  # ahead of the ego's start [m]
NEAREST = math.ceil(EGO_FRONT + 1.0)  # ahead of the ego's start, what is on its road is at least so far [m]


@dataclass(frozen=True, slots=True)
class ScenarioContext:
    """What the entries of a file are held against: the road and the ego's start, as they may be drawn."""

    road: RoadSpec
    ego: EgoStart
    layouts: tuple[LaneLayout, ...]
    speed: tuple[float, float]  # least and greatest first speed of the ego [m/s]
    limit: tuple[float, float]  # least and greatest of the general limit [m/s]
    grip: tuple[float, float]  # least and greatest [m/s²]
    time_limit: float  # [s]

    @property
    def ahead(self) -> float:
        """How much road there is ahead of the ego's start [m]."""
        return LENGTH - self.ego.station.bounds[1]

    @property
    def road_end(self) -> str:
        """The road's end, in words."""
        return f"the road ends {self.ahead:g} m ahead of the ego's start"

    def stations(self, near: float, far: float) -> tuple[float, float]:
        """The stations of what lies so far ahead of the ego's start, least and greatest."""
        return self.ego.station.bounds[0] + near, self.ego.station.bounds[1] + far

    def must_have_lane(self, name: LaneName, near: float, far: float, *places: Keys) -> None:
        """Refuse a lane that is missing in a layout, between two distances ahead of the ego's start [m]."""
        if name in ("leftmost", "rightmost"):
            return
        begin, end = self.stations(near, far)
        for layout in self.layouts:
            if layout.index(name, begin, end) is None:
                raise FieldError(f"{_missing(name, layout, end)} (ego.lane is {self.ego.lane})", *places)


def require_within(quantity: Quantity, low: float, high: float, why: str, *places: Keys) -> None:
    """Refuse a quantity that can be drawn outside ``low`` … ``high``."""
    least, greatest = quantity.bounds
    if least < low - 1e-9 or greatest > high + 1e-9:
        if high < low:
            raise FieldError(f"does not fit ({why})", *places)
        raise FieldError(f"must lie within {_up(low):g} … {_down(high):g} ({why})", *places)


def build_context(
    road: RoadSpec,
    ego: EgoStart,
    limit_kmh: Quantity,
    zones: tuple[SpeedZone, ...],
    conditions: ConditionsSpec,
    time_limit: float,
) -> ScenarioContext:
    """Check the ego's start, and gather what the entries are held against."""
    require_within(
        ego.station,
        _NEAREST_START,
        LENGTH - ROAD_BEYOND_ROUTE - _SHORTEST_ROUTE,
        f"the road is {LENGTH:g} m long and goes on {ROAD_BEYOND_ROUTE:g} m behind the route",
        ("ego", "station"),
    )
    if ego.lane == "ramp" and road.kind != "on_ramp":
        raise FieldError("a ramp needs a road of kind on_ramp", ("ego", "lane"), ("road", "kind"))
    drawn = layouts(road, ego)
    _check_start(ego, drawn)
    _check_pose(road, ego, drawn)
    grip = grip_bounds(conditions)
    low, high = (bound / 3.6 for bound in limit_kmh.bounds)
    if conditions.weather.get(Weather.FOG, 0.0) > 0.0:
        low = min(low, posted_limit(visibility_speed_limit(conditions.fog_visibility.bounds[0])))
    first = min([low, *(zone.limit_kmh.bounds[0] / 3.6 for zone in zones)])
    if isinstance(road, Curve | SBend):
        first = min(first, curve_limit(1.0 / road.radius.bounds[0], grip[0]))
    speed = ego.speed_share.bounds[0] * first, ego.speed_share.bounds[1] * high
    return ScenarioContext(road, ego, drawn, speed, (low, high), grip, time_limit)


def check_route(ego: EgoStart, route_length: Quantity, *, is_set: bool) -> None:
    """Refuse a route that reaches too near to the road's end; ``is_set`` in the file, not by default."""
    route, start = ("route_length",), ("ego", "station")
    allowed = LENGTH - ROAD_BEYOND_ROUTE - ego.station.bounds[1]
    if route_length.bounds[1] > allowed and is_set:
        raise FieldError(f"at most {allowed:g} m from where the ego starts", route, start)
    if route_length.bounds[1] > allowed:
        allowed = LENGTH - ROAD_BEYOND_ROUTE - route_length.bounds[1]
        raise FieldError(f"at most {allowed:g} where no route_length is given", start)
    if route_length.bounds[0] < _SHORTEST_ROUTE:
        raise FieldError(f"at least {_SHORTEST_ROUTE:g} m", route)


def check_zones(zones: tuple[SpeedZone, ...], context: ScenarioContext) -> None:
    """Refuse zones that hold nowhere, or that lower nothing."""
    for index, zone in enumerate(zones):
        _check_stretch(zone, context, ("speed_zones", index))
        if zone.limit_kmh.bounds[0] >= context.limit[1] * 3.6 - 1e-9:
            allowed = f"must be below {context.limit[1] * 3.6:g}, which speed_limit_kmh allows anyway"
            raise FieldError(allowed, ("speed_zones", index, "limit_kmh"), ("speed_limit_kmh",))


def check_navigation(steps: tuple[NavigationStep, ...], context: ScenarioContext) -> None:
    """Refuse steps that hold nowhere."""
    for index, step in enumerate(steps):
        _check_stretch(step, context, ("navigation", index))
        if step.where == "ramp" and context.road.kind != "on_ramp":
            raise FieldError("a ramp needs a road of kind on_ramp", ("navigation", index, "where"))


def _check_stretch(stretch: SpeedZone | NavigationStep, context: ScenarioContext, keys: Keys) -> None:
    begin, end = stretch.begin.bounds, stretch.end.bounds
    if begin[1] >= end[0]:
        raise FieldError(
            f"must be greater than begin, which is up to {begin[1]:g}", (*keys, "end"), (*keys, "begin")
        )
    require_within(stretch.begin, 0.0, context.ahead, context.road_end, (*keys, "begin"), ("ego", "station"))


def _check_start(ego: EgoStart, drawn: tuple[LaneLayout, ...]) -> None:
    """Refuse a start beyond or right at the end of the ego's lane."""
    far = ego.station.bounds[1] + NEAREST
    ends = min(layout.ends[layout.ego][0] for layout in drawn)
    if ends < far:
        raise FieldError(
            f"at most {_down(ends - NEAREST):g} (the ego's lane may end {ends:g} m along the road)",
            ("ego", "station"),
            ("ego", "lane"),
        )


def _check_pose(road: RoadSpec, ego: EgoStart, drawn: tuple[LaneLayout, ...]) -> None:
    """Keep the ego's middle in its lane, and all of its body on the pavement."""
    yaw = math.radians(max(abs(bound) for bound in ego.yaw_deg.bounds))
    aside = EGO_FRONT * math.sin(yaw) + _CAR.width / 2.0 * math.cos(yaw)
    half = road.lane_width.bounds[0] / 2.0
    left = min(half, min(left_edge(road, layout, layout.ego) for layout in drawn) - aside)
    right = min(half, min(right_edge(road, layout, layout.ego) for layout in drawn) - aside)
    why = "the ego's middle stays in its lane, its body on the pavement"
    require_within(ego.offset, -right, left, why, ("ego", "offset"), ("ego", "yaw_deg"))


def left_edge(road: RoadSpec, layout: LaneLayout, lane: int) -> float:
    """Least distance from a lane's middle to the pavement's left edge [m]."""
    certain = sum(end[0] >= LENGTH for end in layout.ends[:lane])
    return (certain + 0.5) * road.lane_width.bounds[0] + road.left_shoulder.bounds[0]


def right_edge(road: RoadSpec, layout: LaneLayout, lane: int) -> float:
    """Least distance from a lane's middle to the pavement's right edge [m]."""
    certain = sum(end[0] >= LENGTH for end in layout.ends[lane + 1 :])
    return (certain + 0.5) * road.lane_width.bounds[0] + road.right_shoulder.bounds[0]


def _missing(name: LaneName, layout: LaneLayout, far: float) -> str:
    if name == "ego":
        return f"the ego's lane may end before {far:g} m along the road"
    side = "left" if name == "left_of_ego" else "right"
    place = f"lane {layout.ego + 1} of {layout.main}" if layout.ego < layout.main else "the ramp"
    return f"no lane {side} of the ego's where it begins in {place}, up to {far:g} m along the road"


def _up(value: float) -> float:
    """Rounded to centimetres, so that what a message allows is allowed."""
    return math.ceil(value * 100.0 - 1e-6) / 100.0


def _down(value: float) -> float:
    return math.floor(value * 100.0 + 1e-6) / 100.0
