"""Runs stages alone on what a trace recorded as their input."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeAlias

from drive_stack.pipeline import Stages
from drive_stack.types import LiftedObject, Plan, PlanningInput, Prediction, Track
from drive_stack.vehicle import road_grip
from golden_traces.codec import as_stored
from golden_traces.trace import Gave, Given, Step

Replay: TypeAlias = Callable[[Stages, Step], object]

REPLAYS: dict[str, Replay] = {
    "lifter": lambda stages, step: stages.lifter.lift(step.given.detections),
    "tracker": lambda stages, step: _track(stages, step.given, step.gave.lifter),
    "predictor": lambda stages, step: stages.predictor.predict(step.gave.tracker, step.given.lanes),
    "planner": lambda stages, step: _plan(stages, step.given, step.gave.predictor),
    "lateral": lambda stages, step: _steer(stages, step.given, step.gave.planner),
    "longitudinal": lambda stages, step: _accelerate(stages, step.given, step.gave.planner),
}


def reset(stages: Stages) -> None:
    """Begin a trace."""
    for stage in (stages.tracker, stages.planner, stages.lateral, stages.longitudinal):
        stage.reset()


def answers(stages: Stages, stage: str, steps: Iterable[Step]) -> list[object]:
    """What one stage gives now at each step, on its recorded inputs alone."""
    reset(stages)
    return [REPLAYS[stage](stages, step) for step in steps]


def answer_all(stages: Stages, given: Iterable[Given]) -> tuple[Step, ...]:
    """What all stages give, each on what the one before gave, as a file would hold it."""
    reset(stages)
    return tuple(Step(one, _through(stages, one)) for one in given)


def _through(stages: Stages, given: Given) -> Gave:
    objects = as_stored(tuple[LiftedObject, ...], stages.lifter.lift(given.detections))
    tracks = as_stored(tuple[Track, ...], _track(stages, given, objects))
    predictions = as_stored(tuple[Prediction, ...], stages.predictor.predict(tracks, given.lanes))
    plan = as_stored(Plan, _plan(stages, given, predictions))
    return Gave(
        objects, tracks, predictions, plan, _steer(stages, given, plan), _accelerate(stages, given, plan)
    )


def _track(stages: Stages, given: Given, objects: tuple[LiftedObject, ...]) -> tuple[Track, ...]:
    return stages.tracker.update(objects, given.speed, given.yaw_rate)


def _plan(stages: Stages, given: Given, predictions: tuple[Prediction, ...]) -> Plan:
    plan = stages.planner.plan(
        PlanningInput(
            speed=given.speed,
            acceleration=given.acceleration,
            yaw_rate=given.yaw_rate,
            speed_limit=given.speed_limit,
            command=given.command,
            blind_spot_left=given.blind_spot_left,
            blind_spot_right=given.blind_spot_right,
            lanes=given.lanes,
            predictions=predictions,
            grip=road_grip(wet=given.rain),
        )
    )
    return replace(plan, rejected=())


def _steer(stages: Stages, given: Given, plan: Plan) -> float:
    return stages.lateral.steer(plan, given.speed, given.yaw_rate)


def _accelerate(stages: Stages, given: Given, plan: Plan) -> float:
    return stages.longitudinal.accelerate(plan, given.speed)
