"""What a storyboard says about each entity: where it starts, how fast, and what it does when."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from .document import Document, Element, child, descendants

_CONDITIONS = (
    "SimulationTimeCondition",
    "TimeHeadwayCondition",
    "TimeToCollisionCondition",
    "RelativeDistanceCondition",
    "StoryboardElementStateCondition",
)
REAR = 0.95  # from the reference point to the rear bumper of a vehicle without a bounding box [m]


@dataclass(frozen=True, slots=True)
class Start:
    """Where an entity is placed by ``Init``."""

    lane: int  # see `lane_index`
    station: float  # along the road, of the reference point [m]
    oncoming: bool = False  # placed in a lane of the opposite direction, and not turned around


@dataclass(frozen=True, slots=True)
class Trigger:
    """The first condition that starts an event."""

    kind: Literal["time", "headway", "ttc", "distance", "other"]
    value: float = 0.0  # [s]; of a distance [m]
    freespace: bool = False  # whether distances are measured between bumpers
    name: str = ""  # of another condition


@dataclass(frozen=True, slots=True)
class LaneChange:
    """A change to a lane."""

    target: int  # see `lane_index`
    duration: float | None  # [s]; None where another dimension is given
    trigger: Trigger


@dataclass(frozen=True, slots=True)
class SpeedChange:
    """A change to a speed."""

    target: float  # [m/s]
    deceleration: float | None  # [m/s²]; None for a sudden change
    trigger: Trigger


@dataclass(slots=True)
class Entity:
    """An entity of the file; filled while the storyboard is read."""

    name: str
    is_pedestrian: bool
    category: str  # of the vehicle, such as car or truck; of a catalog, its entry
    rear: float = REAR  # from the reference point to the rear bumper [m]
    start: Start | None = None
    speed: float | None = None  # at the start [m/s]
    lane_changes: list[LaneChange] = field(default_factory=list)
    speed_changes: list[SpeedChange] = field(default_factory=list)
    walks: bool = False  # along a trajectory or to a position


@dataclass(slots=True)
class Storyboard:
    """All entities, and what was found and is not understood."""

    entities: dict[str, Entity]
    skipped: list[str] = field(default_factory=list)


def read_storyboard(document: Document) -> Storyboard:
    """Read entities, ``Init`` and the events of all stories.

    Raises:
        ConfigError: If a number that is needed is not one.
    """
    board = Storyboard({entity.name: entity for entity in _entities(document)})
    _Reader(document, board).read()
    return board


def _entities(document: Document) -> Iterator[Entity]:
    for item in document.root.iterfind("Entities/ScenarioObject"):
        name = document.text(item, "name")
        catalog, vehicle = item.find("CatalogReference"), item.find("Vehicle")
        if catalog is not None:
            entry = document.text(catalog, "entryName")
            yield Entity(name, "edestrian" in document.text(catalog, "catalogName"), entry)
        elif vehicle is not None:
            yield Entity(name, False, document.text(vehicle, "vehicleCategory"), _rear(document, vehicle))
        elif item.find("Pedestrian") is not None:
            yield Entity(name, True, "pedestrian")


def _rear(document: Document, vehicle: Element) -> float:
    centre, size = child(vehicle, "BoundingBox", "Center"), child(vehicle, "BoundingBox", "Dimensions")
    if centre is None or size is None:
        return REAR
    return document.number(size, "length") / 2.0 - document.number(centre, "x")


class _Reader:
    def __init__(self, document: Document, board: Storyboard) -> None:
        self._document, self._board = document, board

    def read(self) -> None:
        root = self._document.root
        for private in root.iterfind("Storyboard/Init/Actions/Private"):
            entity = self._entity(private)
            if entity is not None:
                self._read_init(private, entity)
        for act in root.iterfind("Storyboard/Story/Act"):
            if self._trigger(act) != Trigger("time"):
                self._skip(f"act {self._document.text(act, 'name')}: its start trigger")
        for group in root.iterfind("Storyboard/Story/Act/ManeuverGroup"):
            actors = [self._entity(actor) for actor in group.iterfind("Actors/EntityRef")]
            for event in group.iterfind("Maneuver/Event"):
                for entity in actors:
                    if entity is not None:
                        self._read_event(event, entity)

    def _entity(self, element: Element) -> Entity | None:
        return self._board.entities.get(self._document.text(element, "entityRef"))

    def _skip(self, note: str) -> None:
        if note not in self._board.skipped:
            self._board.skipped.append(note)

    def _read_init(self, private: Element, entity: Entity) -> None:
        for action in private.iterfind("PrivateAction"):
            position = child(action, "TeleportAction", "Position")
            speed = child(action, "LongitudinalAction", "SpeedAction")
            if position is not None:
                entity.start = self._start(position, entity)
            elif speed is not None:
                entity.speed = self._target_speed(speed, entity)
            else:
                self._skip(f"{entity.name}: {_describe(action)} at the start")

    def _start(self, position: Element, entity: Entity) -> Start | None:
        number = self._document.number
        lane, relative = position.find("LanePosition"), position.find("RelativeLanePosition")
        if lane is not None:
            index = lane_index(int(number(lane, "laneId")))
            orientation = lane.find("Orientation")
            turn = number(orientation, "h", 0.0) if orientation is not None else 0.0
            return Start(index, number(lane, "s"), oncoming=index >= 0 and math.cos(turn) > 0.0)
        reference = self._entity(relative) if relative is not None else None
        if relative is not None and reference is not None and reference.start is not None:
            index = reference.start.lane + int(number(relative, "dLane"))
            return Start(index, reference.start.station + number(relative, "ds"))
        self._skip(f"{entity.name}: its position, a {_describe(position)}")
        return None

    def _target_speed(self, action: Element, entity: Entity) -> float | None:
        absolute = child(action, "SpeedActionTarget", "AbsoluteTargetSpeed")
        if absolute is not None:
            return self._document.number(absolute, "value")
        relative = child(action, "SpeedActionTarget", "RelativeTargetSpeed")
        reference = self._entity(relative) if relative is not None else None
        if relative is None or reference is None or reference.speed is None:
            self._skip(f"{entity.name}: a target speed relative to an unknown one")
            return None
        value = self._document.number(relative, "value")
        if self._document.text(relative, "speedTargetValueType") == "factor":
            return value * reference.speed
        return reference.speed + value

    def _read_event(self, event: Element, entity: Entity) -> None:
        trigger = self._trigger(event)
        for action in event.iterfind("Action/PrivateAction"):
            lane_change = child(action, "LateralAction", "LaneChangeAction")
            speed = child(action, "LongitudinalAction", "SpeedAction")
            if lane_change is not None:
                self._read_lane_change(lane_change, entity, trigger)
            elif speed is not None:
                self._read_speed_change(speed, entity, trigger)
            elif entity.is_pedestrian and action.find("RoutingAction") is not None:
                entity.walks = True
            else:
                self._skip(f"{entity.name}: {_describe(action)}")

    def _read_lane_change(self, action: Element, entity: Entity, trigger: Trigger) -> None:
        number = self._document.number
        relative = child(action, "LaneChangeTarget", "RelativeTargetLane")
        absolute = child(action, "LaneChangeTarget", "AbsoluteTargetLane")
        reference = self._entity(relative) if relative is not None else None
        if relative is not None and reference is not None and reference.start is not None:
            target = reference.start.lane + int(number(relative, "value"))
        elif absolute is not None:
            target = lane_index(int(number(absolute, "value")))
        else:
            self._skip(f"{entity.name}: a lane change to an unknown lane")
            return
        dynamics = child(action, "LaneChangeActionDynamics")
        in_time = dynamics is not None and self._document.text(dynamics, "dynamicsDimension") == "time"
        duration = number(dynamics, "value") if dynamics is not None and in_time else None
        entity.lane_changes.append(LaneChange(target, duration, trigger))

    def _read_speed_change(self, action: Element, entity: Entity, trigger: Trigger) -> None:
        target = self._target_speed(action, entity)
        if target is None:
            return
        if trigger.kind == "time" and trigger.value <= 0.0 and not entity.speed_changes:
            entity.speed = target  # an event at the very start
            return
        dynamics = child(action, "SpeedActionDynamics")
        value = abs(self._document.number(dynamics, "value", 0.0)) if dynamics is not None else 0.0
        dimension = self._document.text(dynamics, "dynamicsDimension") if dynamics is not None else ""
        if dimension == "time" and value > 0.0 and entity.speed is not None:
            value = abs(entity.speed - target) / value
        elif dimension != "rate":
            value = 0.0
        entity.speed_changes.append(SpeedChange(target, value or None, trigger))

    def _trigger(self, event: Element) -> Trigger:
        conditions = event.findall("StartTrigger/ConditionGroup/Condition")
        if not conditions:
            return Trigger("time")  # the event starts with its act
        if len(conditions) > 1:
            self._skip(f"event {self._document.text(event, 'name')}: all conditions but the first")
        known = next(descendants(conditions[0], *_CONDITIONS), None)
        if known is not None:
            return self._known_trigger(known)
        kinds = [inner.tag for inner in conditions[0].iter() if inner.tag.endswith("Condition")]
        return Trigger("other", name=kinds[-1])

    def _known_trigger(self, element: Element) -> Trigger:
        if element.tag == "StoryboardElementStateCondition":
            at_start = self._document.text(element, "storyboardElementType") in ("act", "story")
            return Trigger("time") if at_start else Trigger("other", name=element.tag)
        value = self._document.number(element, "value")
        freespace = self._document.text(element, "freespace") == "true"
        if element.tag == "SimulationTimeCondition":
            return Trigger("time", value)
        rule = self._document.text(element, "rule")
        if not rule.startswith("less"):
            return Trigger("other", name=f"{element.tag} with the rule {rule}")
        if element.tag == "TimeHeadwayCondition":
            return Trigger("headway", value, freespace)
        return Trigger("ttc" if element.tag == "TimeToCollisionCondition" else "distance", value, freespace)


def lane_index(number: int) -> int:
    """OpenDRIVE's number of a lane without the gap at 0: −1 stays −1, and 1, to its left, becomes 0."""
    return number if number < 0 else number - 1


def _describe(element: Element) -> str:
    """The innermost names of an action or a position, such as ``ControllerAction``."""
    inner = next(iter(element), None)
    if inner is None:
        return element.tag
    deeper = next(iter(inner), None)
    return deeper.tag if deeper is not None and deeper.tag.endswith("Action") else inner.tag
