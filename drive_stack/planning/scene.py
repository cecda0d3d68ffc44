"""The present and predicted surroundings in coordinates of the ego lane."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import ReferenceLine, reference_line
from drive_stack.objects.classes import GROUPS, ClassGroup, class_name
from drive_stack.types import Cause, FloatArray, LaneEstimate, ObjectClass, PlanningInput, Prediction, Track
from drive_stack.vehicle import VehicleParameters

MAX_OFFSET, SIDE_MARGIN = 0.7, 0.1  # of the ego from a lane's centre; to the lane's edge [m]
STATIONARY_SPEED = 0.5  # a slower actor is stationary [m/s]
MIN_PROBABILITY = 0.03  # of a hypothesis that is considered
CROSSING_SPEED = 0.4  # lateral speed from which a pedestrian is crossing [m/s]
MAX_AHEAD, MAX_BEHIND, MAX_LATERAL = 200.0, 80.0, 14.0  # range of considered actors [m]


_DESCRIPTIONS = {
    ObjectClass.CAR: "vehicle",
    ObjectClass.LARGE_VEHICLE: "vehicle",
    ObjectClass.PEDESTRIAN: "person",
    ObjectClass.CARGO: "lost cargo",
}  # others by the name of their class


@dataclass(frozen=True, slots=True)
class Actor:
    """One tracked object. Station and lateral are those of its centre; half sizes are along the lane axes."""

    track: Track
    station: float  # [m]
    lateral: float  # [m]
    longitudinal_speed: float  # along the lane [m/s]
    lateral_speed: float  # positive to the left [m/s]
    half_length: float  # [m]
    half_width: float  # [m]

    @property
    def rear(self) -> float:
        """Station of its rear end [m]."""
        return self.station - self.half_length

    @property
    def front(self) -> float:
        """Station of its front end [m]."""
        return self.station + self.half_length

    @property
    def pedestrian(self) -> bool:
        """Whether it is a pedestrian, or an animal or cyclist who may turn as suddenly."""
        return GROUPS[self.track.label] is ClassGroup.PEDESTRIANS

    @property
    def description(self) -> str:
        """Name of its class in texts for users."""
        return _DESCRIPTIONS.get(self.track.label) or class_name(self.track.label)

    @property
    def stationary(self) -> bool:
        """Whether it does not move."""
        return abs(self.longitudinal_speed) < STATIONARY_SPEED and abs(self.lateral_speed) < STATIONARY_SPEED

    @property
    def crosses(self) -> bool:
        """Whether it is a pedestrian who is crossing the road."""
        return self.pedestrian and abs(self.lateral_speed) > CROSSING_SPEED


@dataclass(frozen=True, slots=True)
class Futures:
    """All hypotheses of all actors, one row each, at the instants of the planner, starting at 0."""

    station: FloatArray  # (H, T) of the centre [m]
    lateral: FloatArray  # (H, T) [m]
    probability: FloatArray  # (H,)
    actor: NDArray[np.intp]  # (H,) index into the scene's actors
    half_length: FloatArray  # (H,)
    half_width: FloatArray  # (H,)
    pedestrian: NDArray[np.bool_]  # (H,)

    def laterals_soon(self, min_probability: float) -> dict[int, list[float]]:
        """Laterals [m] of the actors, by their index, at half of the horizon.

        Each actor has one for each of its hypotheses that has at least ``min_probability``.
        """
        rows = np.flatnonzero(self.probability >= min_probability)
        laterals: dict[int, list[float]] = {}
        for actor, lateral in zip(
            self.actor[rows].tolist(), self.lateral[rows, self.lateral.shape[1] // 2].tolist(), strict=True
        ):
            laterals.setdefault(actor, []).append(lateral)
        return laterals


@dataclass(frozen=True, slots=True)
class Scene:
    """Lanes and actors. The rear axle of the ego is at station 0."""

    line: ReferenceLine
    lanes: LaneEstimate
    actors: tuple[Actor, ...]
    futures: Futures
    times: FloatArray  # (T,) instants of the futures [s]
    ego_front: float  # distance of the front bumper ahead of the rear axle [m]
    ego_rear: float  # distance of the rear bumper behind the rear axle [m]
    ego_half_width: float

    def lane_centre(self, shift: int) -> float:
        """Lateral of the centre of the lane ``shift`` lanes to the left (−1: right) [m]."""
        if shift == 0:
            return 0.0
        adjacent = self.lanes.left if shift > 0 else self.lanes.right
        return shift * (self.lanes.width + adjacent.width) / 2.0

    def distance_to(self, actor: Actor) -> float:
        """Distance along the lane from the ego's front to the rear end of an actor, ≥ 0 [m]."""
        return max(actor.rear - self.ego_front, 0.0)

    def cause(self, actor: Actor) -> Cause:
        """An actor as the cause of a speed."""
        return Cause(actor.description, actor.track.id, self.distance_to(actor))

    def passing_lateral(self, actor: Actor, centre: float) -> float:
        """Lateral [m] at which the ego would pass an actor in the lane around ``centre`` [m].

        This is the lane's centre, except next to a stationary vehicle across the road, which is wider than
        its lane: the ego passes it as far to the other side as the lane allows.
        """
        if not actor.stationary or 2.0 * actor.half_width <= self.lanes.width:
            return centre
        offset = min(self.lanes.width / 2.0 - self.ego_half_width - SIDE_MARGIN, MAX_OFFSET)
        return centre + float(np.sign(centre - actor.lateral)) * max(offset, 0.0)

    def in_corridor(self, actor: Actor, centre: float, margin: float = 0.25) -> bool:
        """Whether an actor is in the strip that the ego sweeps along the lateral ``centre`` [m]."""
        return abs(actor.lateral - centre) < actor.half_width + self.ego_half_width + margin


def build_scene(inputs: PlanningInput, times: FloatArray, car: VehicleParameters) -> Scene:
    """Transform predictions near the ego to lane coordinates at ``times`` (T,) from now [s]."""
    line = reference_line(inputs.lanes.path)
    nearby = [
        (prediction, actor)
        for prediction, actor in zip(inputs.predictions, _actors(inputs.predictions, line), strict=True)
        if -MAX_BEHIND < actor.station < MAX_AHEAD and abs(actor.lateral) < MAX_LATERAL
    ]
    return Scene(
        line=line,
        lanes=inputs.lanes,
        actors=tuple(actor for _, actor in nearby),
        futures=_futures([p for p, _ in nearby], [actor for _, actor in nearby], line, times),
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
    places = zip(tracks, station.tolist(), lateral.tolist(), heading.tolist(), strict=True)
    for track, s, d, yaw in places:
        cos, sin = math.cos(yaw), math.sin(yaw)
        vx, vy = track.velocity.tolist()
        turned = track.heading - yaw
        c, q = abs(math.cos(turned)), abs(math.sin(turned))
        actors.append(
            Actor(
                track=track,
                station=s,
                lateral=d,
                longitudinal_speed=vx * cos + vy * sin,
                lateral_speed=vy * cos - vx * sin,
                half_length=(track.length * c + track.width * q) / 2.0,
                half_width=(track.length * q + track.width * c) / 2.0,
            )
        )
    return actors


def _interpolated(points: FloatArray, known: FloatArray, times: FloatArray) -> FloatArray:
    """Points (H, T, 2) at ``times`` (T,), between points (H, P, 2) at the ascending times ``known`` (P,).

    The first and the last point continue beyond the known times.
    """
    after = np.clip(np.searchsorted(known, times), 1, len(known) - 1)
    fraction = (times - known[after - 1]) / (known[after] - known[after - 1])
    fraction = np.clip(fraction, 0.0, 1.0)[:, None]
    return np.asarray((1.0 - fraction) * points[:, after - 1] + fraction * points[:, after])


def _futures(
    predictions: list[Prediction], actors: list[Actor], line: ReferenceLine, times: FloatArray
) -> Futures:
    probable = [
        (index, prediction, hypothesis)
        for index, prediction in enumerate(predictions)
        for hypothesis in prediction.hypotheses
        if hypothesis.probability >= MIN_PROBABILITY
    ]
    owner = [index for index, _, _ in probable]
    probability = [hypothesis.probability for _, _, hypothesis in probable]
    positions = np.empty((len(probable), len(times), 2))
    first = 0
    for _, group in groupby(probable, key=lambda entry: id(entry[1].times)):
        entries = list(group)
        known = np.concatenate([[0.0], probable[first][1].times])
        points = np.empty((len(entries), len(known), 2))
        points[:, 0] = [prediction.track.position for _, prediction, _ in entries]
        points[:, 1:] = [future.positions for _, _, future in entries]
        positions[first : first + len(points)] = _interpolated(points, known, times)
        first += len(points)
    station, lateral = line.to_frenet(positions)
    owners = np.array(owner, dtype=np.intp)
    return Futures(
        station=station,
        lateral=lateral,
        probability=np.array(probability, dtype=np.float64),
        actor=owners,
        half_length=np.array([actors[i].half_length for i in owner], dtype=np.float64),
        half_width=np.array([actors[i].half_width for i in owner], dtype=np.float64),
        pedestrian=np.array([actors[i].pedestrian for i in owner], dtype=np.bool_),
    )
