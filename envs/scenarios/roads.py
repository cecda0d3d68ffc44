"""The kinds of road of a scenario file; each draws its parameters and builds a road map.

All roads start with a straight, so that an episode starts in a steady state, and are long enough for traffic
to be removed and added out of view.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import Field, FiniteFloat, model_validator

from drive_stack.config import StrictModel
from drive_stack.errors import FieldError, Keys
from drive_stack.road_map import Lane, LaneKind, RoadMap, build_road

from .grades import GradeChange, check_grades, draw_profile
from .quantity import WHOLE, Quantity, between, within

LENGTH, MAX_LENGTH = 2600.0, 8000.0  # of a road, unless the file sets another; at most [m]
_FIRST_STRAIGHT = _LAST_STRAIGHT = 50.0  # minimum length of the straights at the road's ends [m]
_MAX_TURN = 1.2  # change of heading over one arc [rad]


LaneCount: TypeAlias = Annotated[Quantity, WHOLE, within(2.0, 4.0)]
LaneWidth: TypeAlias = Annotated[Quantity, within(3.5, 3.75)]  # [m]
ShoulderWidth: TypeAlias = Annotated[Quantity, within(0.5, 4.0)]  # [m]
Radius: TypeAlias = Annotated[Quantity, within(200.0, 5000.0)]  # [m]
Place: TypeAlias = Quantity  # station; `_check_end` bounds it [m]
PieceLength: TypeAlias = Annotated[Quantity, within(1.0, MAX_LENGTH)]  # [m]
Side: TypeAlias = Literal["left", "right", "either"]


class CrossSection(StrictModel):
    """The keys of all kinds of road: lanes, paved shoulders and grades."""

    lanes: LaneCount = Quantity(choices=(2, 3, 4))
    lane_width: LaneWidth = Quantity(choices=(3.5, 3.75))
    left_shoulder: ShoulderWidth = between(0.75, 1.25)
    right_shoulder: ShoulderWidth = between(2.5, 3.25)
    grades: tuple[GradeChange, ...] = ()  # in driving order; the road is level before the first
    total_length: FiniteFloat = Field(default=LENGTH, ge=LENGTH, le=MAX_LENGTH)  # of the road [m]

    @model_validator(mode="after")
    def _grades_in_order(self) -> CrossSection:
        check_grades(self.grades)
        return self

    def draw_lanes(self, rng: np.random.Generator) -> tuple[Lane, ...]:
        """Draw the main lanes, which are centred on the reference line and as long as the road."""
        count, width = round(self.lanes.draw(rng)), self.lane_width.draw(rng)
        centre = (count - 1) / 2.0
        return tuple(Lane((centre - index) * width, width, 0.0, self.total_length) for index in range(count))

    def assemble(
        self, pieces: tuple[tuple[float, float], ...], lanes: tuple[Lane, ...], rng: np.random.Generator
    ) -> RoadMap:
        """Build the road from ``pieces`` of (length [m], curvature [1/m]) and a final straight."""
        rest = self.total_length - sum(length for length, _ in pieces)
        left, right = self.left_shoulder.draw(rng), self.right_shoulder.draw(rng)
        profile = draw_profile(self.grades, rng)
        return build_road(
            (*pieces, (rest, 0.0)), lanes, left_shoulder=left, right_shoulder=right, profile=profile
        )


class Straight(CrossSection):
    """A straight road."""

    kind: Literal["straight"] = "straight"

    def build(self, rng: np.random.Generator) -> RoadMap:
        """Draw the road."""
        return self.assemble((), self.draw_lanes(rng), rng)


class Curve(CrossSection):
    """A straight, one arc, a straight."""

    kind: Literal["curve"] = "curve"
    radius: Radius = Quantity(choices=(250, 500, 1000))
    side: Side = "either"
    begins: Place = between(420.0, 520.0)  # station [m]
    length: PieceLength = between(300.0, 600.0)  # of the arc; less if it would turn by more than 1.2 rad [m]

    @model_validator(mode="after")
    def _ends_on_the_road(self) -> Curve:
        _check_end(self, self.begins, _max_arc(self.length, self.radius))
        return self

    def build(self, rng: np.random.Generator) -> RoadMap:
        """Draw the road."""
        lanes, curvature = self.draw_lanes(rng), 1.0 / self.radius.draw(rng)
        sign, begins, length = _sign(self.side, rng), self.begins.draw(rng), self.length.draw(rng)
        return self.assemble(((begins, 0.0), (_arc(length, curvature), sign * curvature)), lanes, rng)


class SBend(CrossSection):
    """Two consecutive arcs in opposite directions; ``side`` is that of the first."""

    kind: Literal["s_bend"] = "s_bend"
    radius: Radius = Quantity(choices=(250, 500, 1000))
    side: Side = "either"
    begins: Place = between(420.0, 500.0)  # station [m]
    length: PieceLength = between(200.0, 350.0)  # of each arc; less if it would turn by more than 1.2 rad [m]
    between_arcs: PieceLength = between(20.0, 80.0)  # straight [m]

    @model_validator(mode="after")
    def _ends_on_the_road(self) -> SBend:
        arcs = 2.0 * _max_arc(self.length, self.radius)
        _check_end(self, self.begins, arcs + self.between_arcs.bounds[1])
        return self

    def build(self, rng: np.random.Generator) -> RoadMap:
        """Draw the road."""
        lanes, curvature = self.draw_lanes(rng), 1.0 / self.radius.draw(rng)
        sign, begins, length = _sign(self.side, rng), self.begins.draw(rng), self.length.draw(rng)
        arc, middle = _arc(length, curvature), self.between_arcs.draw(rng)
        pieces = ((begins, 0.0), (arc, sign * curvature), (middle, 0.0), (arc, -sign * curvature))
        return self.assemble(pieces, lanes, rng)


class OnRamp(CrossSection):
    """A straight road with a ramp that joins from the right along half a cosine."""

    kind: Literal["on_ramp"] = "on_ramp"
    lanes: LaneCount = Quantity(choices=(2, 3))
    opens: Place = between(500.0, 580.0)  # station from which lane changes are allowed [m]
    merge_length: PieceLength = between(250.0, 300.0)  # [m]
    approach: Annotated[Quantity, within(0.0, 15.0)] = between(
        5.0, 8.0
    )  # initial extra distance of the ramp to the right [m]

    @model_validator(mode="after")
    def _ends_on_the_road(self) -> OnRamp:
        _check_end(self, self.opens, self.merge_length.bounds[1], ("opens",))
        return self

    def build(self, rng: np.random.Generator) -> RoadMap:
        """Draw the road."""
        main, opens = self.draw_lanes(rng), self.opens.draw(rng)
        width, end = main[-1].width, opens + self.merge_length.draw(rng)
        ramp = Lane(main[-1].offset - width, width, 0.0, end, LaneKind.RAMP, opens, self.approach.draw(rng))
        return self.assemble((), (*main, ramp), rng)


class LaneDrop(CrossSection):
    """A straight road whose outermost lane on one side ends."""

    kind: Literal["lane_drop"] = "lane_drop"
    lanes: LaneCount = Quantity(choices=(3, 4))
    side: Side = "right"
    drops: Place = between(680.0, 800.0)  # station [m]

    @model_validator(mode="after")
    def _ends_on_the_road(self) -> LaneDrop:
        _check_end(self, self.drops, 0.0, ("drops",))
        return self

    def build(self, rng: np.random.Generator) -> RoadMap:
        """Draw the road."""
        lanes, left, drops = self.draw_lanes(rng), _sign(self.side, rng) > 0.0, self.drops.draw(rng)
        return self.assemble((), _with_end(lanes, drops, left=left), rng)


class Bend(StrictModel):
    """One arc of a winding road."""

    begins: Place  # station [m]
    radius: Radius
    length: PieceLength  # less if it would turn by more than 1.2 rad [m]
    side: Side = "either"

    @property
    def end(self) -> float:
        """Maximum station of the end [m]."""
        return self.begins.bounds[1] + _max_arc(self.length, self.radius)


class Winding(CrossSection):
    """Any number of bends in driving order; the outermost lane on one side may end."""

    kind: Literal["winding"] = "winding"
    lanes: LaneCount = Quantity(choices=(3,))
    bends: tuple[Bend, ...] = ()
    drops: Place | None = None  # station at which the outermost lane ends; none ends if not set [m]
    drops_side: Literal["left", "right"] = "right"

    @model_validator(mode="after")
    def _in_order_on_the_road(self) -> Winding:
        for index, bend in enumerate(self.bends):
            _check_end(self, bend.begins, bend.end - bend.begins.bounds[1], ("bends", index, "begins"))
            before = self.bends[index - 1].end if index > 0 else 0.0
            if bend.begins.bounds[0] < before:
                allowed = f"at least {before:g}, where the bend before it may end"
                raise FieldError(allowed, ("bends", index, "begins"))
        if self.drops is not None:
            _check_end(self, self.drops, 0.0, ("drops",))
        return self

    def build(self, rng: np.random.Generator) -> RoadMap:
        """Draw the road."""
        lanes, pieces, station = self.draw_lanes(rng), list[tuple[float, float]](), 0.0
        for bend in self.bends:
            begins, curvature = bend.begins.draw(rng), 1.0 / bend.radius.draw(rng)
            length = _arc(bend.length.draw(rng), curvature)
            pieces += [(begins - station, 0.0), (length, _sign(bend.side, rng) * curvature)]
            station = begins + length
        if self.drops is not None:
            lanes = _with_end(lanes, self.drops.draw(rng), left=self.drops_side == "left")
        return self.assemble(tuple(pieces), lanes, rng)


RoadSpec: TypeAlias = Straight | Curve | SBend | OnRamp | LaneDrop | Winding


def _with_end(lanes: tuple[Lane, ...], end: float, *, left: bool) -> tuple[Lane, ...]:
    """The lanes, of which the outermost one on a side ends at the station ``end`` [m]."""
    ending = lanes[0] if left else lanes[-1]
    short = Lane(ending.offset, ending.width, ending.start, end)
    return (short, *lanes[1:]) if left else (*lanes[:-1], short)


def _sign(side: Side, rng: np.random.Generator) -> float:
    """+1 for left, −1 for right; a number is taken from ``rng`` even if the side is fixed."""
    drawn = 1.0 if rng.random() < 0.5 else -1.0
    return {"left": 1.0, "right": -1.0, "either": drawn}[side]


def _check_end(road: CrossSection, begins: Quantity, length: float, keys: Keys = ("begins",)) -> None:
    """Raise `FieldError` if a segment would extend into the road's last `_LAST_STRAIGHT` metres."""
    low, high = _FIRST_STRAIGHT, road.total_length - 2.0 * _LAST_STRAIGHT
    if begins.bounds[0] < low or begins.bounds[1] > high:
        raise FieldError(f"must lie within {low:g} … {high:g}", keys)
    if begins.bounds[1] + length > road.total_length - _LAST_STRAIGHT:
        allowed = road.total_length - _LAST_STRAIGHT - length
        text = f"at most {allowed:g}" if allowed >= 50.0 else "nowhere"
        raise FieldError(
            f"{text} (what starts there is up to {length:g} m long, the road {road.total_length:g} m)", keys
        )


def _max_arc(length: Quantity, radius: Quantity) -> float:
    return min(length.bounds[1], _MAX_TURN * radius.bounds[1])


def _arc(length: float, curvature: float) -> float:
    return min(length, _MAX_TURN / curvature)
