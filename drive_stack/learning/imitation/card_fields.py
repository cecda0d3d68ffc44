"""Keys of the policy's cards, see `drive_stack.runtime.weights`."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from drive_stack.learning.training.recordings import RecordingFacts
from drive_stack.policy.image_network import Layout
from drive_stack.runtime.weights import Card


class ValidationErrors(TypedDict):
    """Mean errors on validation rows, see `training.Errors`."""

    loss: float
    sideways: float
    forward: float
    hints: float


class DriveFigures(TypedDict):
    """Results of some drives."""

    episodes: int
    successes: int
    at_fault: int  # episodes with an at-fault collision
    route_completion: float  # mean, 0 … 1
    lane_offset_m: float | None  # mean distance from the lane's centre [m]


class ClosedLoopFigures(TypedDict):
    """Results of all drives on one split of seeds, and by scenario."""

    seeds: list[int]  # first and last
    all: DriveFigures
    by_scenario: dict[str, DriveFigures]


class PolicyCard(Card):
    """The card of each of the policy's networks; evaluations add the key that is not required."""

    date: str
    layout: Layout
    weights: int  # number of trained parameters
    rounds: dict[str, int]  # name → epochs
    round: str  # the last one
    minutes: float
    recordings: dict[str, RecordingFacts]
    validation: ValidationErrors
    closed_loop: NotRequired[dict[str, ClosedLoopFigures]]  # split of seeds → figures
