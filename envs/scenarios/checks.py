"""Checks that the ego's start and the route of a scenario file fit on its road.

The checks cover every value that can be drawn. Overlaps of two drawn places are left to `envs.occupancy`,
except for those that occur in every draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from drive_stack.errors import FieldError, Keys
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import Weather

from ..speed_limits import curve_limit, posted_limit
from .actors import LaneName, Place
from .conditions import ConditionsSpec, grip_bounds, surface_speed_limit, visibility_speed_limit
from .lanes import LaneLayout, layouts
from .quantity import Quantity
from .roads import Curve, RoadSpec, SBend, Winding
from .route import EgoStart, NavigationStep, SpeedZone

ROAD_BEYOND_ROUTE = 300.0  # minimum length of the road beyond the route's end [m]
MAX_BEYOND_PAVEMENT = 0.75  # that an entry may specify; the body itself stays inside the guard rail [m]
_MIN_START_STATION = 10.0  # of the ego's rear axle [m]
_MIN_ROUTE_LENGTH = 10.0  # [m]
_CAR = VehicleParameters()
EGO_FRONT = _CAR.length - _CAR.rear_overhang  # front bumper ahead of the ego's start [m]
MIN_DISTANCE = math.ceil(EGO_FRONT + 1.0)  # of entries on the road, ahead of the ego's start [m]


@dataclass(frozen=True, slots=True)
class ScenarioContext:
    """All values of the road, the ego's start and the conditions that can be drawn."""

    road: RoadSpec
    ego: EgoStart
    layouts: tuple[LaneLayout, ...]
    speed: tuple[float, float]  # minimum and maximum initial speed of the ego [m/s]
    limit: tuple[float, float]  # minimum and maximum general limit [m/s]
    grip: tuple[float, float]  # minimum and maximum [m/s²]
    time_limit: float  # [s]
    driven: tuple[float, float] = (0.0, 0.0)  # min and max by the ego when an entry appears [m]

    @property
    def ahead(self) -> float:
        """Minimum length of the road ahead of the ego's start, or of where an entry appears [m]."""
        return self.road.total_length - self.ego.station.bounds[1] - self.driven[1]

    @property
    def road_end(self) -> str:
        """Description of the road's end for error messages."""
        start = "start" if self.driven == (0.0, 0.0) else "place by then"
        return f"the road ends {self.ahead:g} m ahead of the ego's {start}"

    def stations(self, near: float, far: float) -> tuple[float, float]:
        """Minimum and maximum station of a segment, given as distances ahead of the ego's start [m]."""
        low, high = (station + way for station, way in zip(self.ego.station.bounds, self.driven, strict=True))
        return low + near, high + far

    def must_have_lane(self, name: LaneName, near: float, far: float, *places: Keys) -> None:
        """Raise `FieldError` if a lane is missing in a layout between two distances from the start [m]."""
        if name in ("leftmost", "rightmost") or self.driven[1] > 0.0:  # the ego's lane by then is not known
            return
        begin, end = self.stations(near, far)
        for layout in self.layouts:
            if layout.index(name, begin, end) is None:
                raise FieldError(f"{_missing(name, layout, end)} (ego.lane is {self.ego.lane})", *places)


def require_within(quantity: Quantity, low: float, high: float, why: str, *places: Keys) -> None:
    """Raise `FieldError` if a quantity can be drawn outside ``low`` … ``high``.

    ``why`` explains the bounds; ``places`` are the keys that the error names.
    """
    minimum, maximum = quantity.bounds
    if minimum < low - 1e-9 or maximum > high + 1e-9:
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
    """Check the ego's start and collect the values that the entries are checked against.

    Raises:
        FieldError: If the ego cannot start there.
    """
    require_within(
        ego.station,
        _MIN_START_STATION,
        road.total_length - ROAD_BEYOND_ROUTE - _MIN_ROUTE_LENGTH,
        f"the road is {road.total_length:g} m long and goes on {ROAD_BEYOND_ROUTE:g} m behind the route",
        ("ego", "station"),
    )
    if ego.lane == "ramp" and road.kind != "on_ramp":
        raise FieldError("a ramp needs a road of kind on_ramp", ("ego", "lane"), ("road", "kind"))
    lane_layouts = layouts(road, ego)
    _check_start(ego, lane_layouts)
    _check_pose(road, ego, lane_layouts)
    grip = grip_bounds(conditions)
    low, high = (bound / 3.6 for bound in limit_kmh.bounds)
    if conditions.weather.get(Weather.FOG, 0.0) > 0.0:
        low = min(low, posted_limit(visibility_speed_limit(conditions.fog_visibility.bounds[0])))
    if conditions.surface is not None:
        low = min(low, posted_limit(surface_speed_limit(low, grip[0])))
    min_limit = min([low, *(zone.limit_kmh.bounds[0] / 3.6 for zone in zones)])
    for radius in _radii(road):
        min_limit = min(min_limit, curve_limit(1.0 / radius.bounds[0], grip[0]))
    speed = ego.speed_share.bounds[0] * min_limit, ego.speed_share.bounds[1] * high
    return ScenarioContext(road, ego, lane_layouts, speed, (low, high), grip, time_limit)


def _radii(road: RoadSpec) -> tuple[Quantity, ...]:
    """The radii of all arcs [m]."""
    if isinstance(road, Winding):
        return tuple(bend.radius for bend in road.bends)
    return (road.radius,) if isinstance(road, Curve | SBend) else ()


def check_route(road: RoadSpec, ego: EgoStart, route_length: Quantity, *, is_set: bool) -> None:
    """Raise `FieldError` if the route ends too near to the road's end.

    ``is_set`` says whether the file gives the length of the route.
    """
    route, start = ("route_length",), ("ego", "station")
    allowed = road.total_length - ROAD_BEYOND_ROUTE - ego.station.bounds[1]
    if route_length.bounds[1] > allowed and is_set:
        raise FieldError(f"at most {allowed:g} m from where the ego starts", route, start)
    if route_length.bounds[1] > allowed:
        allowed = road.total_length - ROAD_BEYOND_ROUTE - route_length.bounds[1]
        raise FieldError(f"at most {allowed:g} where no route_length is given", start)
    if route_length.bounds[0] < _MIN_ROUTE_LENGTH:
        raise FieldError(f"at least {_MIN_ROUTE_LENGTH:g} m", route)


def check_zones(zones: tuple[SpeedZone, ...], context: ScenarioContext) -> None:
    """Raise `FieldError` for zones that are empty or do not lower the limit."""
    for index, zone in enumerate(zones):
        _check_segment(zone, context, ("speed_zones", index))
        if zone.limit_kmh.bounds[0] >= context.limit[1] * 3.6 - 1e-9:
            allowed = f"must be below {context.limit[1] * 3.6:g}, which speed_limit_kmh allows anyway"
            raise FieldError(allowed, ("speed_zones", index, "limit_kmh"), ("speed_limit_kmh",))


def check_navigation(steps: tuple[NavigationStep, ...], context: ScenarioContext) -> None:
    """Raise `FieldError` for steps that are empty."""
    for index, step in enumerate(steps):
        _check_segment(step, context, ("navigation", index))
        if step.where == "ramp" and context.road.kind != "on_ramp":
            raise FieldError("a ramp needs a road of kind on_ramp", ("navigation", index, "where"))


def _check_segment(segment: SpeedZone | NavigationStep, context: ScenarioContext, keys: Keys) -> None:
    begin, end = segment.begin.bounds, segment.end.bounds
    if begin[1] >= end[0]:
        raise FieldError(
            f"must be greater than begin, which is up to {begin[1]:g}", (*keys, "end"), (*keys, "begin")
        )
    require_within(segment.begin, 0.0, context.ahead, context.road_end, (*keys, "begin"), ("ego", "station"))


def _check_start(ego: EgoStart, lane_layouts: tuple[LaneLayout, ...]) -> None:
    """Raise `FieldError` if the ego starts at or beyond the end of its lane."""
    far = ego.station.bounds[1] + MIN_DISTANCE
    ends = min(layout.ends[layout.ego][0] for layout in lane_layouts)
    if ends < far:
        raise FieldError(
            f"at most {_down(ends - MIN_DISTANCE):g} (the ego's lane may end {ends:g} m along the road)",
            ("ego", "station"),
            ("ego", "lane"),
        )


def _check_pose(road: RoadSpec, ego: EgoStart, lane_layouts: tuple[LaneLayout, ...]) -> None:
    """Raise `FieldError` unless the ego's centre is in its lane and its body on the pavement."""
    yaw = math.radians(max(abs(bound) for bound in ego.yaw_deg.bounds))
    half_width = EGO_FRONT * math.sin(yaw) + _CAR.width / 2.0 * math.cos(yaw)
    half = road.lane_width.bounds[0] / 2.0
    left = min(half, min(left_edge(road, layout, layout.ego) for layout in lane_layouts) - half_width)
    right = min(half, min(right_edge(road, layout, layout.ego) for layout in lane_layouts) - half_width)
    why = "the ego's centre stays in its lane, its body on the pavement"
    require_within(ego.offset, -right, left, why, ("ego", "offset"), ("ego", "yaw_deg"))


def lane_edges(
    road: RoadSpec, layout: LaneLayout, name: LaneName, begin: float, end: float
) -> tuple[float, float]:
    """Distances from the centre of a named lane between two stations [m] to the edges of the pavement.

    Returns those to the right and to the left [m]; of the rightmost main lane if the lane may be missing.
    """
    index = layout.index(name, begin, end)
    lane = layout.main - 1 if index is None else index
    return right_edge(road, layout, lane), left_edge(road, layout, lane)


def place_edges(
    context: ScenarioContext, place: Place, name: LaneName, near: float, far: float
) -> tuple[float, float]:
    """Minimum distances from the centre of a lane or shoulder to the edges of the pavement, in every layout.

    The place extends between two distances ahead of the ego's start [m]. Returns those to the right and to
    the left [m].
    """
    road, (begin, end) = context.road, context.stations(near, far)
    sides = []
    for layout in context.layouts:
        pavement_width = left_edge(road, layout, 0) + right_edge(road, layout, 0)
        if place == "lane":
            sides.append(lane_edges(road, layout, name, begin, end))
        elif place == "right_shoulder":
            outer = road.right_shoulder.bounds[0] / 2.0
            sides.append((outer, pavement_width - outer))
        else:
            outer = road.left_shoulder.bounds[0] / 2.0
            sides.append((pavement_width - outer, outer))
    rights, lefts = zip(*sides, strict=True)
    return min(rights), min(lefts)


def left_edge(road: RoadSpec, layout: LaneLayout, lane: int) -> float:
    """Return the minimum distance from a lane's centre to the pavement's left edge [m]."""
    certain = sum(end[0] >= road.total_length for end in layout.ends[:lane])
    return (certain + 0.5) * road.lane_width.bounds[0] + road.left_shoulder.bounds[0]


def right_edge(road: RoadSpec, layout: LaneLayout, lane: int) -> float:
    """Return the minimum distance from a lane's centre to the pavement's right edge [m]."""
    certain = sum(end[0] >= road.total_length for end in layout.ends[lane + 1 :])
    return (certain + 0.5) * road.lane_width.bounds[0] + road.right_shoulder.bounds[0]


def _missing(name: LaneName, layout: LaneLayout, far: float) -> str:
    if name == "ego":
        return f"the ego's lane may end before {far:g} m along the road"
    side = "left" if name == "left_of_ego" else "right"
    place = f"lane {layout.ego + 1} of {layout.main}" if layout.ego < layout.main else "the ramp"
    return f"no lane {side} of the ego's where it starts in {place}, up to {far:g} m along the road"


def _up(value: float) -> float:
    """Round up to centimetres, so that a value that a message allows is valid."""
    return math.ceil(value * 100.0 - 1e-6) / 100.0


def _down(value: float) -> float:
    return math.floor(value * 100.0 + 1e-6) / 100.0
