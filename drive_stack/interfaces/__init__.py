"""Protocols of the pipeline stages, of an agent, and of the access to a simulated world.

Other code imports them from this package, not from its modules.

Implementations are injected; this package imports none of them. Records, frames and units are those of
`drive_stack.types`: the ego frame has x forward, y left and its origin on the ground below the rear axle.

The stages run in this order in every step, `Platform.dt` seconds apart:

    image ─ Detector ─ Lifter ─ Tracker ─┐
      └──── LaneDetector ────────────────┴─ Predictor ─ Planner ─ controllers ─ Control

A stage with a ``reset`` method keeps a state over time. ``reset`` is called once before each episode and
discards that state. The same inputs after a reset give the same outputs. A stage does not modify its inputs.
"""

from drive_stack.interfaces.agent import Agent, ClosableAgent, ControlFeedback, close_agent, report_applied
from drive_stack.interfaces.platform import Platform
from drive_stack.interfaces.stages import (
    Detector,
    DiagnosticSource,
    GripEstimator,
    LaneDetector,
    LateralController,
    Lifter,
    LongitudinalController,
    Planner,
    Predictor,
    Tracker,
)
from drive_stack.interfaces.world import OracleStages, TruthSource, WorldAccess

__all__ = [  # noqa: RUF022 - in the order of the page in the reference
    "Platform",
    "Detector",
    "LaneDetector",
    "Lifter",
    "Tracker",
    "Predictor",
    "Planner",
    "LateralController",
    "LongitudinalController",
    "GripEstimator",
    "DiagnosticSource",
    "Agent",
    "ClosableAgent",
    "close_agent",
    "ControlFeedback",
    "report_applied",
    "TruthSource",
    "OracleStages",
    "WorldAccess",
]
