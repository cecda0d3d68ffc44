"""Conversion of an OpenSCENARIO file to a scenario file, with a list of what was not carried over.

The scenario has a straight road without other traffic. Lead vehicles, standing vehicles, cut-ins and
pedestrians who cross keep their places, speeds and times as far as a scenario file can express them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import ValidationError

from drive_stack.config import first_problem
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened

from ..scenarios.scenario import Scenario
from .document import Document, child
from .storyboard import Entity, LaneChange, Start, Storyboard, Trigger, read_storyboard

EGO_FRONT = 3.75  # from the ego's rear axle to its front bumper [m]
EGO_NAMES = ("ego", "hero", "host")
KMH = 3.6  # 1 m/s
LIMITS = (30.0, 130.0)  # allowed speed limits [km/h]
MAX_LANES = 4
BODIES = {"truck": "box_truck", "semitrailer": "semi_trailer", "bus": "bus", "van": "van"}
REAR_OF_REFERENCE = 0.95  # of the vehicle in front; headways are between reference points [m]
AFTER_UNKNOWN = 4.0  # when a lead brakes whose trigger cannot be carried over [s]
MAX_NOTE = 300  # characters
FREE_ROAD = 300.0  # behind the last entry [m]

Value = float | str | Mapping[str, "Value"]
Entry = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Conversion:
    """The text of a scenario file, and what was not carried over."""

    text: str
    notes: tuple[str, ...]  # one line each


def convert(path: Path) -> Conversion:
    """Convert a file.

    Raises:
        ConfigError: If the file is not OpenSCENARIO XML, has no entity that is the ego, if the ego's lane,
            place or speed is not known, or if the result is not a valid scenario.
    """
    document = Document(path)
    board = read_storyboard(document)
    converter = _Converter(path, board)
    content = converter.scenario(_description(document), _road_file(document))
    try:
        Scenario.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: cannot be converted: {first_problem(error)}") from None
    notes = tuple(shortened(note, MAX_NOTE) for note in converter.notes)
    header = [f"# Converted from {path.name}. Not carried over:", *(f"# - {note}" for note in notes)]
    body = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    return Conversion("\n".join([*header, body]), notes)


@dataclass(slots=True)
class _Converter:
    path: Path
    board: Storyboard
    notes: list[str] = field(default_factory=list)

    def scenario(self, description: str, road_file: str) -> dict[str, object]:
        """The content of the scenario file."""
        ego, start, speed = self._ego()
        speeds = [entity.speed or 0.0 for entity in self.board.entities.values()]
        limit = min(max(max(speeds) * KMH, LIMITS[0]), LIMITS[1])
        lanes, lane = self._lanes(start)
        self.notes += [
            f"the road network {road_file}: the road is straight and has {lanes} lanes",
            "weather, time of day and the stop trigger",
            *(note for note in self.board.skipped if not note.startswith(f"{ego.name}: ")),
        ]
        if ego.lane_changes or ego.speed_changes:
            self.notes.append(f"{ego.name}: its manoeuvres, because an agent drives it")
        actors: list[Entry] = []
        people: list[Entry] = []
        for entity in self.board.entities.values():
            if entity is ego:
                continue
            entry = self._entry(entity, start, speed)
            if entry is not None:
                (people if entity.is_pedestrian else actors).append(entry)
        if not actors and not people:
            reasons = "; ".join(self.notes[2:]) or "it has none besides the ego"
            raise ConfigError(f"{self.path}: none of its entities can be converted: {reasons}")
        if _rounded(limit) > _rounded(speed * KMH):
            self.notes.append(f"{ego.name}: that it keeps {speed * KMH:g} km/h; the limit is {limit:g} km/h")
        furthest = max(self._reach(entry) for entry in (*actors, *people))
        return {
            "name": re.sub(r"\W+", "_", self.path.stem).strip("_").lower() or "converted",
            "description": description,
            "source": f"OpenSCENARIO file {self.path.name}.",
            "road": {"kind": "straight", "lanes": lanes},
            "speed_limit_kmh": _rounded(limit),
            "ego": {"lane": lane, "speed_share": min(_rounded(speed * KMH / limit), 1.0)},
            "route_length": _rounded(max(600.0, furthest + FREE_ROAD)),
            "traffic": {"density": 0.0},
            "actors": actors,
            "people": people,
        }

    def _ego(self) -> tuple[Entity, Start, float]:
        named = [e for e in self.board.entities.values() if e.name.lower() in EGO_NAMES]
        if not named:
            found = shortened(", ".join(self.board.entities)) or "none"
            raise ConfigError(f"{self.path}: no entity is named Ego, Hero or Host (found: {found})")
        ego = named[0]
        if ego.start is None:
            raise ConfigError(f"{self.path}: {ego.name}: needs a LanePosition in Init, to know its lane")
        if ego.start.lane >= 0:
            raise ConfigError(
                f"{self.path}: {ego.name}: drives in a lane with a positive number; only lanes with negative "
                "numbers can be converted, in which traffic drives along the road"
            )
        if not ego.speed:
            raise ConfigError(f"{self.path}: {ego.name}: needs an absolute speed above zero in Init")
        return ego, ego.start, ego.speed

    def _lanes(self, start: Start) -> tuple[int, str]:
        """Number of lanes, and the ego's, from the lanes that vehicles use."""
        used = {
            entity.start.lane
            for entity in self.board.entities.values()
            if entity.start is not None and not entity.is_pedestrian and not entity.start.oncoming
        }
        left, right = max(used), min(used)
        if left - right >= MAX_LANES:
            raise ConfigError(f"{self.path}: uses {left - right + 1} lanes; a road has at most {MAX_LANES}")
        if left == right:
            return 2, "rightmost"
        place = "leftmost" if start.lane == left else "rightmost" if start.lane == right else "middle"
        if left - right == MAX_LANES - 1 and start.lane == left - 1:
            raise ConfigError(
                f"{self.path}: the ego is in the second of four lanes, which cannot be expressed"
            )
        return left - right + 1, place

    def _entry(self, entity: Entity, ego: Start, ego_speed: float) -> Entry | None:
        """The entry of an entity; None with a note if there is none."""
        if entity.start is None:
            self.notes.append(f"{entity.name}: has no position that can be converted")
            return None
        ahead = entity.start.station - ego.station
        if entity.is_pedestrian:
            return self._pedestrian(entity, entity.start, ego, ahead)
        if entity.start.oncoming:
            self.notes.append(f"{entity.name}: is in a lane of the opposite direction")
            return None
        gap = ahead - entity.rear - EGO_FRONT
        if gap < 1.0:
            self.notes.append(
                f"{entity.name}: starts behind or next to the ego, where no vehicle can be placed"
            )
            return None
        entry = self._vehicle(entity, entity.start, ego, gap, ego_speed)
        if entry is not None and entity.category.lower() in BODIES:
            entry["body"] = BODIES[entity.category.lower()]
        return entry

    def _vehicle(
        self, entity: Entity, start: Start, ego: Start, gap: float, ego_speed: float
    ) -> Entry | None:
        speed = entity.speed or 0.0
        into_ego_lane = [change for change in entity.lane_changes if change.target == ego.lane]
        if start.lane != ego.lane and into_ego_lane:
            return self._cut_in(entity, into_ego_lane[0], start.lane - ego.lane, gap, ego_speed)
        if entity.lane_changes:
            self.notes.append(f"{entity.name}: its lane change, because it does not lead into the ego's lane")
        lane = {0: "ego", 1: "left_of_ego", -1: "right_of_ego"}.get(start.lane - ego.lane)
        if lane is None:
            self.notes.append(f"{entity.name}: is more than one lane away from the ego")
            return None
        if speed * KMH < 1.0:
            if entity.speed_changes:
                self.notes.append(f"{entity.name}: that it drives off")
            return {"kind": "stopped", "at": _rounded(gap + EGO_FRONT), "lane": lane}
        entry: Entry = {
            "kind": "lead",
            "lane": lane,
            "gap": _rounded(gap),
            "speed_kmh": _rounded(speed * KMH),
        }
        brakes = self._braking(entity, speed, gap, ego_speed)
        return entry | {"brakes": brakes} if brakes is not None else entry

    def _cut_in(
        self, entity: Entity, change: LaneChange, to_the_left: int, gap: float, ego_speed: float
    ) -> Entry | None:
        closing = ego_speed - (entity.speed or 0.0)
        if abs(to_the_left) != 1:
            self.notes.append(f"{entity.name}: its cut-in, because it crosses more than one lane")
            return None
        if closing < 0.0:
            self.notes.append(f"{entity.name}: its cut-in, because it is faster than the ego")
            return None
        after = self._time_of(change.trigger, gap, closing, ego_speed)
        if after is None:
            self.notes.append(f"{entity.name}: its cut-in, because of its trigger ({change.trigger.name})")
            return None
        if entity.speed_changes:
            self.notes.append(f"{entity.name}: its changes of speed, because a cut-in has none")
        entry: Entry = {
            "kind": "cut_in",
            "side": "left" if to_the_left > 0 else "right",
            "gap": _rounded(gap - closing * after),
            "slower_kmh": _rounded(closing * KMH),
            "after": _rounded(after),
        }
        if change.duration is None:
            self.notes.append(f"{entity.name}: the dynamics of its lane change, which takes 2 to 4 s instead")
            return entry
        return entry | {"duration": _rounded(change.duration)}

    def _braking(self, entity: Entity, speed: float, gap: float, ego_speed: float) -> Entry | None:
        """The first deceleration of a lead vehicle."""
        slower = [change for change in entity.speed_changes if change.target < speed]
        if len(entity.speed_changes) > len(slower[:1]):
            self.notes.append(f"{entity.name}: its changes of speed, except for the first braking")
        if not slower:
            return None
        change = slower[0]
        after = self._time_of(change.trigger, gap, ego_speed - speed, ego_speed)
        if after is None:
            name = change.trigger.name or change.trigger.kind
            self.notes.append(f"{entity.name}: when it brakes ({name}); it brakes after {AFTER_UNKNOWN:g} s")
            after = AFTER_UNKNOWN
        entry: Entry = {"after": _rounded(after), "to_kmh": _rounded(change.target * KMH)}
        if change.deceleration is None:
            self.notes.append(f"{entity.name}: that it loses speed at once; it brakes with 4 m/s²")
            return entry
        return entry | {"deceleration": _rounded(change.deceleration)}

    def _time_of(self, trigger: Trigger, gap: float, closing: float, ego_speed: float) -> float | None:
        """When a trigger fires if both vehicles keep their speeds [s]; None if that is not known or never."""
        if trigger.kind == "time":
            return trigger.value
        if trigger.kind == "other":
            return None
        distance = trigger.value * {"headway": ego_speed, "ttc": closing, "distance": 1.0}[trigger.kind]
        bumpers = distance if trigger.freespace else distance - EGO_FRONT - REAR_OF_REFERENCE
        if gap <= bumpers:
            return 0.0
        return (gap - bumpers) / closing if closing > 0.0 else None

    def _pedestrian(self, entity: Entity, start: Start, ego: Start, ahead: float) -> Entry | None:
        if ahead < 0.0:
            self.notes.append(f"{entity.name}: stands behind the ego")
            return None
        side = "right" if start.lane < ego.lane else "left"
        speeds = [change.target for change in entity.speed_changes if change.target > 0.0]
        speed = next(iter(speeds), entity.speed or 0.0)
        if speed <= 0.0 and not entity.walks:
            return {"kind": "bystanders", "at": _rounded(ahead), "side": side, "count": 1.0}
        self.notes.append(
            f"{entity.name}: its path and its trigger; the pedestrian crosses so that an ego that keeps its "
            "speed would hit them"
        )
        entry: Entry = {"kind": "crosser", "at": _rounded(ahead), "side": side}
        return entry | {"speed_kmh": _rounded(speed * KMH)} if speed > 0.0 else entry

    def _reach(self, entry: Entry) -> float:
        place = entry.get("at", entry.get("gap", 0.0))
        return float(place) if isinstance(place, int | float) else 0.0


def _rounded(value: float) -> float:
    return round(value, 2)


def _description(document: Document) -> str:
    header = child(document.root, "FileHeader")
    text = document.text(header, "description") if header is not None else ""
    return shortened(text.strip() or "Converted from OpenSCENARIO.", 200)


def _road_file(document: Document) -> str:
    file = child(document.root, "RoadNetwork", "LogicFile")
    return shortened(document.text(file, "filepath"), 200) if file is not None else "(none)"
