"""What a stage now gives otherwise than recorded, in lines a person can read."""

from __future__ import annotations

from drive_stack.pipeline import Stages
from golden_traces.codec import encode
from golden_traces.compare import Tolerance, differences
from golden_traces.pictures import Sight
from golden_traces.replay import answers
from golden_traces.trace import Step

EXACT = Tolerance()
BOXES = Tolerance(absolute=0.75)  # [px]
BY_NETWORK = Tolerance(relative=0.01, absolute=0.02)  # processors sum a network's layers in other orders
SHOWN = 12  # changes, before the rest are only counted

_FIELDS = {
    "lifter": "objects",
    "tracker": "tracks",
    "predictor": "predictions",
    "planner": "",
    "lateral": "steering",
    "longitudinal": "acceleration",
}


def stage_changes(stages: Stages, steps: tuple[Step, ...], stage: str) -> list[str]:
    """Stage, step, field, was and is, of one stage replayed alone."""
    found: list[str] = []
    for index, (step, now) in enumerate(zip(steps, answers(stages, stage, steps), strict=True)):
        was = encode(getattr(step.gave, stage))
        changes = differences(was, encode(now), EXACT, _FIELDS[stage])
        found += [f"{stage}, step {index}, {change}" for change in changes]
    return found


def sight_changes(was: Sight, now: Sight) -> list[str]:
    """The same of detector and lanes on one picture."""
    found: list[str] = []
    for stage, tolerance in (("detector", BOXES), ("lanes", BY_NETWORK), ("lanes_later", BY_NETWORK)):
        before, after = encode(getattr(was, stage)), encode(getattr(now, stage))
        found += [f"{stage}, {change}" for change in differences(before, after, tolerance, stage)]
    return found


def report(changes: list[str], where: str) -> str:
    """How many, and the first of them."""
    more = f"\n  … and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    return "\n  ".join([f"{where}: {len(changes)} changed", *changes[:SHOWN]]) + more
