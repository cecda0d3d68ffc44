"""Draws the pedestrians of a scenario: position, height, clothes and intended motion."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from drive_stack.road_map import RoadMap
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import WalkerKind

from ..contacts import RAIL_BEYOND_PAVEMENT, RAIL_CLEARANCE
from ..occupancy import Occupancy
from ..pedestrians import AT_REST, Mode, Motion, PedestrianSpec
from ..scenarios.actors import round_to_count
from ..scenarios.animals import CrossingAnimal
from ..scenarios.entries import STEP_OUT_GAP
from ..scenarios.lanes import named_lane
from ..scenarios.pedestrians import Bystanders, Crosser, Cyclist, Hiding, Walker

_TOP = ((34, 40, 58), (120, 30, 34), (196, 190, 178), (52, 84, 60), (30, 30, 32), (210, 170, 60),
          (70, 104, 150), (150, 150, 154), (222, 222, 220), (112, 70, 96))  # fmt: skip
_TROUSERS = ((36, 44, 66), (28, 28, 30), (88, 84, 78), (60, 52, 44), (140, 132, 116), (24, 34, 48))
_HAIR = ((30, 24, 20), (70, 46, 28), (120, 88, 50), (150, 148, 144), (190, 156, 96), (18, 18, 20))
_SKIN = ((236, 196, 170), (214, 168, 136), (176, 124, 92), (130, 88, 62), (92, 60, 44))
_WAITING_DISTANCE = 0.2  # of waiting pedestrians from the pavement's edge; inside the guard rail [m]
_GROUP_SPACING = 0.8  # between pedestrians who cross together [m]


SIZES = {  # length, width, height [m]
    WalkerKind.WHEELCHAIR: (1.1, 0.65, 1.3),
    WalkerKind.CYCLIST: (1.75, 0.6, 1.75),
    WalkerKind.DEER: (1.7, 0.45, 1.25),
    WalkerKind.BOAR: (1.35, 0.5, 0.85),
    WalkerKind.DOG: (0.95, 0.28, 0.75),
}


def _kind(*, wheelchair: bool) -> WalkerKind:
    return WalkerKind.WHEELCHAIR if wheelchair else WalkerKind.PERSON


@dataclass(frozen=True, slots=True)
class ParkedOccluder:
    """One or two vehicles to park on the right shoulder, which hide a pedestrian."""

    spec: Hiding
    front: float  # station of the first vehicle's front bumper [m]
    left_side: float  # lateral of the vehicles' left sides [m]
    entry: str  # entry of the scenario file, such as ``people.0``


@dataclass(slots=True)
class PedestrianSpawner:
    """Draws and collects the pedestrians of one episode."""

    road: RoadMap
    start: float  # station of the ego's start, from which `at` is measured [m]
    lane: int  # index of the ego's lane
    car: VehicleParameters
    rng: np.random.Generator
    next_id: int
    pedestrians: list[PedestrianSpec] = field(default_factory=list)
    occluders: list[ParkedOccluder] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)  # entry of the scenario, one per pedestrian
    _entry: str = ""  # the entry that is being drawn

    def add(self, spec: Bystanders | Walker | Cyclist | Crosser, entry: str) -> None:
        """Draw the pedestrians of one entry of the scenario file; ``entry`` is its name (``people.0``)."""
        self.begin(entry)
        if isinstance(spec, Bystanders):
            self._add_bystanders(spec)
        elif isinstance(spec, Walker):
            self._add_walker(spec)
        elif isinstance(spec, Cyclist):
            self._add_cyclist(spec)
        else:
            self._add_crossers(spec)

    def begin(self, entry: str) -> None:
        """Make ``entry`` the one that appended pedestrians belong to."""
        self._entry = entry

    def place_pedestrians(self, occupancy: Occupancy) -> tuple[PedestrianSpec, ...]:
        """Return all pedestrians at free places, clear of the guard rails, and mark the places as occupied.

        A pedestrian whose place is occupied moves to the nearest free place along the road.

        Raises:
            ConfigError: If the place of a pedestrian who walks or crosses is occupied by anything but
                another pedestrian.
        """
        placed = []
        for pedestrian, entry in zip(self.pedestrians, self.entries, strict=True):
            radius = pedestrian.radius or pedestrian.length / 2.0
            lateral = self._clear_of_rail(pedestrian.station, pedestrian.lateral, radius)
            if pedestrian.mode is not Mode.STAND:
                occupancy.require_free_disc(
                    pedestrian.station, lateral, radius, entry, except_owners=entry.split(".")[0] + "."
                )
            station = occupancy.free_disc_station(pedestrian.station, lateral, radius)
            occupancy.add_disc(station, lateral, radius, entry)
            placed.append(replace(pedestrian, station=station, lateral=lateral))
        return tuple(placed)

    def _add_bystanders(self, spec: Bystanders) -> None:
        rng = self.rng
        centre = self.start + spec.at.draw(rng)
        spread, child_fraction = spec.spread.draw(rng), spec.children.draw(rng)
        for _ in range(round_to_count(spec.count, spec.count.draw(rng))):
            station = centre + (float(rng.random()) - 0.5) * spread
            distance = spec.clear.draw(rng)
            if spec.place == "verge":
                distance += RAIL_BEYOND_PAVEMENT
                edge = self.road.paved(station)[spec.side == "left"]
            else:
                edge = self._lanes_edge(station, left=spec.side == "left")
            lateral = edge + distance * (1.0 if spec.side == "left" else -1.0)
            facing = float(rng.uniform(-np.pi, np.pi))
            is_child = bool(rng.random() < child_fraction)
            self.append(station, lateral, facing, Mode.STAND, child=is_child)

    def _add_walker(self, spec: Walker) -> None:
        rng = self.rng
        station = self.start + spec.at.draw(rng)
        lane = self.road.lanes[named_lane(self.road, spec.lane, self.lane, station)]
        lateral = lane.lateral_at(station) + (spec.bonnet.draw(rng) - 0.5) * self.car.width
        motion = Motion(
            speed=spec.speed_kmh.draw(rng) / 3.6,
            goal=self.road.paved(station)[0],
            leaves_lane_after=spec.after_limit.draw(rng),
        )
        kind = _kind(wheelchair=spec.wheelchair)
        facing = np.pi if spec.towards else 0.0
        self.append(station, lateral, facing, Mode.WALK_ALONG, motion=motion, kind=kind)

    def _add_cyclist(self, spec: Cyclist) -> None:
        station, offset = self.start + spec.at.draw(self.rng), spec.offset.draw(self.rng)
        lateral = self._lanes_edge(station, left=False)
        if spec.place == "lane":
            lane = named_lane(self.road, spec.lane, self.lane, station)
            lateral = self.road.lanes[lane].lateral_at(station)
        motion = Motion(speed=spec.speed_kmh.draw(self.rng) / 3.6)
        self.append(station, lateral - offset, 0.0, Mode.WALK_ALONG, motion=motion, kind=WalkerKind.CYCLIST)

    def _add_crossers(self, spec: Crosser) -> None:
        rng = self.rng
        station = self.start + spec.at.draw(rng)
        from_left = spec.side == "left"
        direction = -1.0 if from_left else 1.0
        right, left = self.road.paved(station)
        if from_left:
            start, goal = left + _WAITING_DISTANCE, right
        else:
            start, goal = right - _WAITING_DISTANCE, left
        if spec.hidden_by is not None:
            start = self._add_occluder(spec.hidden_by, station)
        self._add_group(spec, station, start, goal, direction)
        if spec.both_sides:
            opposite = (right - _WAITING_DISTANCE, left) if from_left else (left + _WAITING_DISTANCE, right)
            self._add_group(spec, station + _GROUP_SPACING, *opposite, -direction)

    def _add_group(self, spec: Crosser, station: float, start: float, goal: float, direction: float) -> None:
        """Add the people of one side, who walk from ``start`` to ``goal`` (laterals) [m]."""
        rng, kind = self.rng, _kind(wheelchair=spec.wheelchair)
        motion = self.draw_crossing(spec, direction, goal)
        for number in range(round_to_count(spec.count, spec.count.draw(rng))):
            distance = number * _GROUP_SPACING * float(rng.uniform(0.8, 1.3))
            lateral = start - direction * number * 0.15
            facing = direction * np.pi / 2.0
            where = station + distance, lateral, facing
            self.append(*where, Mode.WAIT, child=spec.child, motion=motion, kind=kind)

    def draw_crossing(self, spec: Crosser | CrossingAnimal, direction: float, goal: float) -> Motion:
        """Draw the motion of an entry that crosses to the lateral ``goal`` [m]; direction 1 is left."""
        rng, width = self.rng, self.car.width
        speed = spec.speed_kmh.draw(rng) / 3.6
        impact_offset = direction * (spec.bonnet.draw(rng) - 0.5) * width
        if spec.half_way is None or rng.random() >= spec.half_way.chance:
            return Motion(speed, goal, impact_offset)
        pause_offset = direction * (spec.half_way.at.draw(rng) - 0.5) * width
        hold = spec.half_way.hold.draw(rng)
        return Motion(speed, goal, impact_offset, pause_offset, hold, turns_back=spec.half_way.turns_back)

    def _add_occluder(self, spec: Hiding, station: float) -> float:
        """Add parked vehicles behind ``station``; returns the lateral at which the pedestrian waits [m]."""
        lane = self.road.lanes[self.lane]
        left_side = lane.lateral_at(station) - self.car.width / 2.0 - spec.clear.draw(self.rng)
        self.occluders.append(ParkedOccluder(spec, station - STEP_OUT_GAP, left_side, self._entry))
        return left_side - 1.0

    def _lanes_edge(self, station: float, *, left: bool) -> float:
        right_edge, left_edge = self.road.paved(station)
        return left_edge - self.road.left_shoulder if left else right_edge + self.road.right_shoulder

    def append(
        self,
        station: float,
        lateral: float,
        facing: float,
        mode: Mode,
        *,
        child: bool = False,
        motion: Motion = AT_REST,
        kind: WalkerKind = WalkerKind.PERSON,
    ) -> None:
        """Draw height and clothes of a pedestrian and add them; other kinds have the size in `SIZES` [m]."""
        height = self.rng.uniform(1.05, 1.40) if child else np.clip(self.rng.normal(1.71, 0.09), 1.5, 1.95)
        clothes = _draw_clothes(self.rng)
        length, width, height = SIZES.get(kind, (0.0, 0.0, height))
        self.pedestrians.append(
            PedestrianSpec(
                self.next_id,
                station,
                lateral,
                facing,
                mode,
                float(height),
                child,
                clothes,
                motion,
                kind,
                length,
                width,
            )
        )
        self.entries.append(self._entry)
        self.next_id += 1

    def _clear_of_rail(self, station: float, lateral: float, radius: float) -> float:
        """The nearest lateral [m] at which a disc of ``radius`` [m] does not touch a guard rail."""
        right, left = self.road.paved(station)
        clearance = radius + RAIL_CLEARANCE
        for edge, outwards in ((left, 1.0), (right, -1.0)):
            beyond_rail = (lateral - edge) * outwards - RAIL_BEYOND_PAVEMENT
            if abs(beyond_rail) < clearance:
                offset = clearance if beyond_rail >= 0.0 else -clearance
                return edge + outwards * (RAIL_BEYOND_PAVEMENT + offset)
        return lateral


def _draw_clothes(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Colours of top, trousers, hair and skin, RGB 0 to 255, shape (4, 3)."""
    palettes = (_TOP, _TROUSERS, _HAIR, _SKIN)
    return np.array([palette[int(rng.integers(len(palette)))] for palette in palettes], dtype=np.uint8)
