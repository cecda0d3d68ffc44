"""Hand-made drives towards the car number 1 of `view_samples`, which is in the ego's lane."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import view_samples

from drive_stack.evaluation.batch.rows import error_result
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import Status
from drive_stack.narration.hazard import Hazard
from drive_stack.narration.race_log import RaceLog, Step
from drive_stack.objects.classes import ClassGroup
from drive_stack.types import Cause, Contact, ContactKind, ObjectClass, Side, Track
from drive_stack.viewer.headline import Headline, headline
from drive_stack.viewer.records import RaceFrame, ViewFrame
from drive_stack.world_state import WorldState

CAR = Hazard(1, "vehicle", ClassGroup.VEHICLES)
TRACK = 3  # that `view_samples.tracks` gives to this car
HIT = Contact(4.0, 1, ContactKind.VEHICLE, Side.FRONT, 17.5, 20.0, 2.5, ObjectClass.CAR)
ROW = error_result(BatchTask("stalled_car", 7, "a", label="a", config_hash=""), "")
DONE = replace(ROW, status=Status.COMPLETED, error=None, duration_s=9.0, driving_score=100.0)
CRASHED = replace(
    ROW,
    status=Status.COLLISION,
    error=None,
    collision_with="vehicle",
    at_fault=True,
    avoidable=True,
    avoidable_reason="braking in time would have avoided it",
    impact_speed_mps=17.5,
    distance_m=314.0,
    duration_s=4.0,
    driving_score=28.0,
)


def world(ahead: float, speed: float = 20.0, contacts: tuple[Contact, ...] = ()) -> WorldState:
    """The ego with its front bumper ``ahead`` m from the rear bumper of the car, which is 4.6 m long."""
    sample = view_samples.world()
    front = sample.car.length - sample.car.rear_overhang
    station = float(sample.vehicles.station[0]) - 4.6 / 2.0 - front - ahead
    xy, yaw = sample.road.to_world(np.array([station]), np.array([0.0]))
    place = {"x": float(xy[0, 0]), "y": float(xy[0, 1]), "yaw": float(yaw[0])}
    ego = replace(sample.ego, **place, station=station, lateral=0.0, speed=speed)
    return replace(sample, ego=ego, contacts=contacts)


def tracked(state: WorldState) -> tuple[Track, ...]:
    """A driver's list of objects, with nothing but this car."""
    return tuple(track for track in view_samples.tracks(state) if track.id == TRACK)


def braking(acceleration: float, track_id: int | None = TRACK) -> Headline:
    """The headline of braking for a track; None: by a driver that gives no reasons."""
    plan = replace(view_samples.plan(view_samples.world()), cause=Cause("car", track_id, 30.0))
    found = headline(acceleration, plan if track_id is not None else None)
    assert found is not None
    return found


def step(
    elapsed: float,
    ahead: float,
    *,
    speed: float = 20.0,
    sees: bool = False,
    says: Headline | None = None,
    hits: bool = False,
    outcome: str | None = None,
) -> Step:
    """One step of a drive."""
    state = replace(world(ahead, speed, (HIT,) if hits else ()), time=elapsed)
    return Step(elapsed, state, says, tracked(state) if sees else (), outcome)


def log_of(*drives: tuple[Step, ...]) -> RaceLog:
    """The log of drives, as the frames of a race give it; a drive that has ended keeps its last frame."""
    log = RaceLog()
    for index in range(max(map(len, drives))):
        frames = tuple(_frame(drive[min(index, len(drive) - 1)]) for drive in drives)
        log.observe(RaceFrame(frames, progress=(0.0,) * len(frames), scores=(0.0,) * len(frames)))
    return log


def _frame(one: Step) -> ViewFrame:
    sample = view_samples.view_frame(one.outcome)
    assert sample.trace is not None
    return replace(
        sample, state=one.state, headline=one.headline, trace=replace(sample.trace, tracks=one.tracks)
    )
