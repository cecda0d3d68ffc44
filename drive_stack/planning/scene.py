"""The predicted surroundings in coordinates of the ego's lane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import ReferenceLine, reference_line
from drive_stack.types import FloatArray, LaneEstimate, ObjectClass, PlanningInput, Prediction, Track
from drive_stack.vehicle import VehicleParameters

STANDING = 0.5  # slower counts as standing [m/s]
UNLIKELY = 0.03  # less probable hypotheses are left out
CROSSING = 0.4  # a person who moves sideways faster than this crosses [m/s]
AHEAD, BEHIND, BESIDE = 200.0, 80.0, 14.0  # what is looked at [m]


_WORDS = {ObjectClass.PEDESTRIAN: "person", ObjectClass.OBSTACLE: "obstacle"}


@dataclass(frozen=True, slots=True)
class Actor:
    """One tracked object; station and lateral are those of its centre, half sizes along the lane."""

    track: Track
    station: float
    lateral: float
    along: float  # speed along the lane [m/s]
    across: float  # to the left [m/s]
    half_length: float
    half_width: float

    @property
    def rear(self) -> float:
        """Station of its rear end [m]."""
        return self.station - self.half_length

    @property
    def front(self) -> float:
        """Station of its front end [m]."""
        return self.station + self.half_length

    @property
    def person(self) -> bool:
        """Whether it is a pedestrian."""
        return self.track.label is ObjectClass.PEDESTRIAN

    @property
    def word(self) -> str:
        """What it is, for a person."""
        return _WORDS.get(self.track.label, "vehicle")

    @property
    def standing(self) -> bool:
        """Whether it stands still."""
        return abs(self.along) < STANDING and abs(self.across) < STANDING

    @property
    def crosses(self) -> bool:
        """Whether it is a person on the way across the road."""
        return self.person and abs(self.across) > CROSSING


@dataclass(frozen=True, slots=True)
class Futures:
    """All hypotheses of all actors, one row each, at the planner's instants (0 first)."""

    station: FloatArray  # (H, T) of the centre [m]
    lateral: FloatArray  # (H, T) [m]
    probability: FloatArray  # (H,)
    actor: NDArray[np.intp]  # (H,) index into the scene's actors
    half_length: FloatArray  # (H,)
    half_width: FloatArray  # (H,)
    person: NDArray[np.bool_]  # (H,)


@dataclass(frozen=True, slots=True)
class Scene:
    """Lanes and actors. The ego's rear axle is at station 0."""

    line: ReferenceLine
    lanes: LaneEstimate
    actors: tuple[Actor, ...]
    futures: Futures
    times: FloatArray  # (T,) instants of the futures [s]
    ego_front: float  # of the front bumper ahead of the rear axle [m]
    ego_rear: float  # of the rear bumper behind it [m]
    ego_half_width: float

    def lane_centre(self, shift: int) -> float:
        """Lateral of the lane ``shift`` lanes to the left (−1 right) [m]."""
        if shift == 0:
            return 0.0
        beside = self.lanes.left if shift > 0 else self.lanes.right
        return shift * (self.lanes.width + beside.width) / 2.0

    def in_corridor(self, actor: Actor, centre: float, margin: float = 0.25) -> bool:
        """Whether an actor reaches into the strip the ego sweeps along a lateral."""
        return abs(actor.lateral - centre) < actor.half_width + self.ego_half_width + margin


def build_scene(given: PlanningInput, times: FloatArray, car: VehicleParameters) -> Scene:
    """Put every prediction near the ego into lane coordinates, at ``times`` (T,) from now."""
    line = reference_line(given.lanes.path)
    kept = [(p, actor) for p, actor in zip(given.predictions, _actors(given.predictions, line), strict=True)
            if -BEHIND < actor.station < AHEAD and abs(actor.lateral) < BESIDE]  # fmt: skip
    return Scene(
        line=line,
        lanes=given.lanes,
        actors=tuple(actor for _, actor in kept),
        futures=_futures([p for p, _ in kept], [actor for _, actor in kept], line, times),
        times=times,
        ego_front=car.length - car.rear_overhang,
        ego_rear=car.rear_overhang,
        ego_half_width=car.width / 2.0,
    )


def _actors(predictions: tuple[Prediction, ...], line: ReferenceLine) -> list[Actor]:
    if not predictions:
        return []
    tracks = [prediction.track for prediction in predictions]
    station, lateral = line.to_frenet(np.array([track.position for track in tracks]))
    heading = line.heading_at(station)
    actors = []
    for track, s, d, yaw in zip(tracks, station, lateral, heading, strict=True):
        cos, sin = float(np.cos(yaw)), float(np.sin(yaw))
        vx, vy = float(track.velocity[0]), float(track.velocity[1])
        turned = track.heading - float(yaw)
        c, q = abs(float(np.cos(turned))), abs(float(np.sin(turned)))
        actors.append(
            Actor(
                track=track,
                station=float(s),
                lateral=float(d),
                along=vx * cos + vy * sin,
                across=vy * cos - vx * sin,
                half_length=(track.length * c + track.width * q) / 2.0,
                half_width=(track.length * q + track.width * c) / 2.0,
            )
        )
    return actors


def _futures(
    predictions: list[Prediction], actors: list[Actor], line: ReferenceLine, times: FloatArray
) -> Futures:
    rows, owner, chance = [], [], []
    for index, prediction in enumerate(predictions):
        known = np.concatenate([[0.0], prediction.times])
        for hypothesis in prediction.hypotheses:
            if hypothesis.probability < UNLIKELY:
                continue
            points = np.vstack([prediction.track.position, hypothesis.positions])
            rows.append(np.stack([np.interp(times, known, points[:, axis]) for axis in (0, 1)], axis=1))
            owner.append(index)
            chance.append(hypothesis.probability)
    positions = np.array(rows).reshape(len(rows), len(times), 2)
    station, lateral = line.to_frenet(positions)
    owners = np.array(owner, dtype=np.intp)
    return Futures(
        station=station,
        lateral=lateral,
        probability=np.array(chance, dtype=np.float64),
        actor=owners,
        half_length=np.array([actors[i].half_length for i in owner], dtype=np.float64),
        half_width=np.array([actors[i].half_width for i in owner], dtype=np.float64),
        person=np.array([actors[i].person for i in owner], dtype=np.bool_),
    )
