"""Keys of the policy's cards, see `drive_stack.runtime.weights`."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from drive_stack.learning.training.closed_loop import ClosedLoopFigures
from drive_stack.learning.training.recordings import RecordingFacts
from drive_stack.policy.image_network import Layout
from drive_stack.runtime.weights import Card


class ValidationErrors(TypedDict):
    """Mean errors on validation rows, see `training.Errors`; the study states only those of the controls."""

    sideways: float
    forward: float
    loss: NotRequired[float]
    hints: NotRequired[float]


class PolicyCard(Card):
    """The card of each of the policy's networks; the study and evaluations add what is not required."""

    date: str
    layout: Layout
    weights: int  # number of trained parameters
    rounds: dict[str, int]  # name → epochs
    round: str  # the last one
    minutes: float
    recordings: dict[str, RecordingFacts]
    validation: ValidationErrors
    threads: NotRequired[int]
    labels: NotRequired[dict[str, int]]  # kind of label → how many
    closed_loop: NotRequired[dict[str, ClosedLoopFigures]]  # split of seeds → figures
