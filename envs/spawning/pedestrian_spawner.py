"""Draws the people of a scenario: where they stand, how tall they are, what they wear and mean to do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from drive_stack.road_map import RoadMap
from drive_stack.vehicle import VehicleParameters
from envs.contacts import RAIL_BEYOND_PAVEMENT, RAIL_CLEARANCE
from envs.occupancy import Occupancy
from envs.pedestrians import AT_REST, Mode, Motion, Person, body_radius
from envs.scenarios.actors import whole
from envs.scenarios.entries import STEP_OUT
from envs.scenarios.lanes import named_lane
from envs.scenarios.people import Bystanders, Crosser, Hiding, Walker

_CLOTH = ((34, 40, 58), (120, 30, 34), (196, 190, 178), (52, 84, 60), (30, 30, 32), (210, 170, 60),
          (70, 104, 150), (150, 150, 154), (222, 222, 220), (112, 70, 96))  # fmt: skip
_TROUSERS = ((36, 44, 66), (28, 28, 30), (88, 84, 78), (60, 52, 44), (140, 132, 116), (24, 34, 48))
_HAIR = ((30, 24, 20), (70, 46, 28), (120, 88, 50), (150, 148, 144), (190, 156, 96), (18, 18, 20))
_SKIN = ((236, 196, 170), (214, 168, 136), (176, 124, 92), (130, 88, 62), (92, 60, 44))
_EDGE = 0.2  # people who wait to cross stand this far off the pavement, before the rail [m]
_GROUP_SPACING = 0.8  # [m]


@dataclass(frozen=True, slots=True)
class HidingPlace:
    """A vehicle to park on the right shoulder: its front bumper's station and its left side's lateral."""

    spec: Hiding
    front: float
    left_side: float
    entry: str  # of the scenario


@dataclass(slots=True)
class Crowd:
    """Collects the people of one episode."""

    road: RoadMap
    start: float  # station from which `at` counts [m]
    lane: int  # the ego's
    car: VehicleParameters
    rng: np.random.Generator
    next_id: int
    people: list[Person]
    hiding: list[HidingPlace]
    entries: list[str] = field(default_factory=list)  # of the scenario, one for each of `people`
    _entry: str = ""

    def add(self, spec: Bystanders | Walker | Crosser, entry: str) -> None:
        """Draw the people of one entry of the scenario; ``entry`` says which, such as ``people.0``."""
        self._entry = entry
        if isinstance(spec, Bystanders):
            self._add_bystanders(spec)
        elif isinstance(spec, Walker):
            self._add_walker(spec)
        else:
            self._add_crossers(spec)

    def settle(self, occupancy: Occupancy) -> tuple[Person, ...]:
        """Everybody at a free place, clear of the guard rails.

        People make way for one another, and those who only stand make way for vehicles: they stand at the
        nearest free place along the road. Raises `ConfigError` where a vehicle stands on somebody else.
        """
        settled = []
        for person, entry in zip(self.people, self.entries, strict=True):
            radius = body_radius(child=person.child)
            lateral = self._clear_of_rail(person.station, person.lateral, radius)
            if person.mode is not Mode.STAND:
                occupancy.refuse_disc(person.station, lateral, radius, entry, but="people.")
            station = occupancy.free_disc_station(person.station, lateral, radius)
            occupancy.add_disc(station, lateral, radius, entry)
            settled.append(replace(person, station=station, lateral=lateral))
        return tuple(settled)

    def _add_bystanders(self, spec: Bystanders) -> None:
        rng = self.rng
        centre = self.start + spec.at.draw(rng)
        spread, children = spec.spread.draw(rng), spec.children.draw(rng)
        for _ in range(whole(spec.count, spec.count.draw(rng))):
            station = centre + (float(rng.random()) - 0.5) * spread
            outwards = spec.clear.draw(rng)
            if spec.place == "verge":
                outwards += RAIL_BEYOND_PAVEMENT
                edge = self.road.paved(station)[spec.side == "left"]
            else:
                edge = self._lanes_edge(station, spec.side == "left")
            lateral = edge + outwards * (1.0 if spec.side == "left" else -1.0)
            facing = float(rng.uniform(-np.pi, np.pi))
            self._join(station, lateral, facing, Mode.STAND, child=bool(rng.random() < children))

    def _add_walker(self, spec: Walker) -> None:
        rng = self.rng
        station = self.start + spec.at.draw(rng)
        lane = self.road.lanes[named_lane(self.road, spec.lane, self.lane, station)]
        lateral = lane.lateral_at(station) + (spec.bonnet.draw(rng) - 0.5) * self.car.width
        motion = Motion(
            speed=spec.speed_kmh.draw(rng) / 3.6,
            goal=self.road.paved(station)[0],
            leaves_after=spec.after_limit.draw(rng),
        )
        self._join(station, lateral, np.pi if spec.towards else 0.0, Mode.ALONG, motion=motion)

    def _add_crossers(self, spec: Crosser) -> None:
        rng = self.rng
        station = self.start + spec.at.draw(rng)
        from_left = spec.side == "left"
        towards = -1.0 if from_left else 1.0
        right, left = self.road.paved(station)
        begin, goal = (left + _EDGE, right) if from_left else (right - _EDGE, left)
        if spec.hidden_by is not None:
            begin = self._hide(spec.hidden_by, station)
        motion = self._crossing(spec, towards, goal)
        for number in range(whole(spec.count, spec.count.draw(rng))):
            along = number * _GROUP_SPACING * float(rng.uniform(0.8, 1.3))
            lateral = begin - towards * number * 0.15
            facing = towards * np.pi / 2.0
            self._join(station + along, lateral, facing, Mode.WAIT, child=spec.child, motion=motion)

    def _crossing(self, spec: Crosser, towards: float, goal: float) -> Motion:
        rng, width = self.rng, self.car.width
        speed = spec.speed_kmh.draw(rng) / 3.6
        meets = towards * (spec.bonnet.draw(rng) - 0.5) * width
        if spec.half_way is None or rng.random() >= spec.half_way.chance:
            return Motion(speed, goal, meets)
        hold_at = towards * (spec.half_way.at.draw(rng) - 0.5) * width
        return Motion(speed, goal, meets, hold_at, spec.half_way.hold.draw(rng))

    def _hide(self, spec: Hiding, station: float) -> float:
        """Park what hides them; the lateral where they wait before its bumper."""
        lane = self.road.lanes[self.lane]
        side = lane.lateral_at(station) - self.car.width / 2.0 - spec.clear.draw(self.rng)
        self.hiding.append(HidingPlace(spec, station - STEP_OUT, side, self._entry))
        return side - 1.0

    def _lanes_edge(self, station: float, left: bool) -> float:
        right_edge, left_edge = self.road.paved(station)
        return left_edge - self.road.left_shoulder if left else right_edge + self.road.right_shoulder

    def _join(
        self,
        station: float,
        lateral: float,
        facing: float,
        mode: Mode,
        *,
        child: bool = False,
        motion: Motion = AT_REST,
    ) -> None:
        height = self.rng.uniform(1.05, 1.40) if child else np.clip(self.rng.normal(1.71, 0.09), 1.5, 1.95)
        person = Person(
            self.next_id, station, lateral, facing, mode, float(height), child, _clothes(self.rng), motion
        )
        self.people.append(person)
        self.entries.append(self._entry)
        self.next_id += 1

    def _clear_of_rail(self, station: float, lateral: float, radius: float) -> float:
        """The nearest lateral at which a body of a radius is on one side of the guard rails."""
        right, left = self.road.paved(station)
        for edge, outwards in ((left, 1.0), (right, -1.0)):
            beyond = (lateral - edge) * outwards - RAIL_BEYOND_PAVEMENT  # of the rail
            reach = radius + RAIL_CLEARANCE
            if abs(beyond) < reach:
                clear = reach if beyond >= 0.0 else -reach
                return edge + outwards * (RAIL_BEYOND_PAVEMENT + clear)
        return lateral


def _clothes(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Colours ``(4, 3)`` of top, trousers, hair and skin."""
    palettes = (_CLOTH, _TROUSERS, _HAIR, _SKIN)
    return np.array([palette[int(rng.integers(len(palette)))] for palette in palettes], dtype=np.uint8)
