"""Runs single stages on the recorded inputs of a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeAlias

from drive_stack.pipeline.driving import Stages
from drive_stack.types import LiftedObject, Plan, PlanningInput, Prediction, Track
from drive_stack.vehicle import road_grip
from golden_traces.codec import as_stored
from golden_traces.trace import Inputs, Outputs, Step

Replay: TypeAlias = Callable[[Stages, Step], object]

REPLAYS: dict[str, Replay] = {
    "lifter": lambda stages, step: stages.lifter.lift(step.inputs.detections, step.inputs.lanes.ground),
    "tracker": lambda stages, step: _track(stages, step.inputs, step.outputs.lifter),
    "predictor": lambda stages, step: stages.predictor.predict(step.outputs.tracker, step.inputs.lanes),
    "planner": lambda stages, step: _plan(stages, step.inputs, step.outputs.predictor),
    "lateral": lambda stages, step: _steer(stages, step.inputs, step.outputs.planner),
    "longitudinal": lambda stages, step: _accelerate(stages, step.inputs, step.outputs.planner),
}


def reset(stages: Stages) -> None:
    """Reset all stages before a trace."""
    for stage in (stages.tracker, stages.planner, stages.lateral, stages.longitudinal):
        stage.reset()


def replay_stage(stages: Stages, stage: str, steps: Iterable[Step]) -> list[object]:
    """Present outputs of one stage at each step, on its recorded inputs."""
    reset(stages)
    return [REPLAYS[stage](stages, step) for step in steps]


def run_stages(stages: Stages, inputs: Iterable[Inputs]) -> tuple[Step, ...]:
    """Run all stages, each on the outputs of those before it, with floats rounded as in a file."""
    reset(stages)
    return tuple(Step(step, _run_stages(stages, step)) for step in inputs)


def _run_stages(stages: Stages, inputs: Inputs) -> Outputs:
    objects = as_stored(tuple[LiftedObject, ...], stages.lifter.lift(inputs.detections, inputs.lanes.ground))
    tracks = as_stored(tuple[Track, ...], _track(stages, inputs, objects))
    predictions = as_stored(tuple[Prediction, ...], stages.predictor.predict(tracks, inputs.lanes))
    plan = as_stored(Plan, _plan(stages, inputs, predictions))
    return Outputs(
        objects, tracks, predictions, plan, _steer(stages, inputs, plan), _accelerate(stages, inputs, plan)
    )


def _track(stages: Stages, inputs: Inputs, objects: tuple[LiftedObject, ...]) -> tuple[Track, ...]:
    return stages.tracker.update(objects, inputs.speed, inputs.yaw_rate)


def _plan(stages: Stages, inputs: Inputs, predictions: tuple[Prediction, ...]) -> Plan:
    plan = stages.planner.plan(
        PlanningInput(
            speed=inputs.speed,
            acceleration=inputs.acceleration,
            yaw_rate=inputs.yaw_rate,
            speed_limit=inputs.speed_limit,
            command=inputs.command,
            blind_spot_left=inputs.blind_spot_left,
            blind_spot_right=inputs.blind_spot_right,
            lanes=inputs.lanes,
            predictions=predictions,
            grip=road_grip(wet=inputs.rain),
        )
    )
    return replace(plan, rejected=())


def _steer(stages: Stages, inputs: Inputs, plan: Plan) -> float:
    return stages.lateral.steer(plan, inputs.speed, inputs.yaw_rate)


def _accelerate(stages: Stages, inputs: Inputs, plan: Plan) -> float:
    return stages.longitudinal.accelerate(plan, inputs.speed)
