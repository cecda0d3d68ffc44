"""Differences between recorded and present outputs of a stage, as readable lines."""

from __future__ import annotations

from drive_stack.pipeline.driving import Stages
from golden_traces.codec import encode
from golden_traces.compare import Tolerance, differences
from golden_traces.images import ImageOutputs
from golden_traces.replay import replay_stage
from golden_traces.trace import Step

EXACT = Tolerance()
BOXES = Tolerance(absolute=0.75)  # [px]
BY_NETWORK = Tolerance(relative=0.01, absolute=0.02)  # results of networks differ slightly between processors
MAX_SHOWN = 12  # changes in a report; the rest are counted

_FIELDS = {
    "lifter": "objects",
    "tracker": "tracks",
    "predictor": "predictions",
    "planner": "",
    "lateral": "steering",
    "longitudinal": "acceleration",
}


def stage_changes(stages: Stages, steps: tuple[Step, ...], stage: str) -> list[str]:
    """One line for each change of a replayed stage: stage, step, field, recorded and present value."""
    changed: list[str] = []
    for index, (step, now) in enumerate(zip(steps, replay_stage(stages, stage, steps), strict=True)):
        was = encode(getattr(step.outputs, stage))
        fields = differences(was, encode(now), EXACT, _FIELDS[stage])
        changed += [f"{stage}, step {index}, {field}" for field in fields]
    return changed


def image_changes(was: ImageOutputs, now: ImageOutputs) -> list[str]:
    """One line for each change of detector and lanes on one image."""
    changed: list[str] = []
    for stage, tolerance in (("detector", BOXES), ("lanes", BY_NETWORK), ("lanes_later", BY_NETWORK)):
        before, after = encode(getattr(was, stage)), encode(getattr(now, stage))
        changed += [f"{stage}, {change}" for change in differences(before, after, tolerance, stage)]
    return changed


def report(changes: list[str], name: str) -> str:
    """The number of changes and the first ones."""
    more = f"\n  … and {len(changes) - MAX_SHOWN} more" if len(changes) > MAX_SHOWN else ""
    return "\n  ".join([f"{name}: {len(changes)} changed", *changes[:MAX_SHOWN]]) + more
