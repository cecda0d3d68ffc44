"""Protocols of the access to a simulated world and to its ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from drive_stack.interfaces.platform import Platform
from drive_stack.interfaces.stages import (
    Detector,
    GripEstimator,
    LaneDetector,
    LateralController,
    Lifter,
    LongitudinalController,
    Predictor,
    Tracker,
)
from drive_stack.interventions.scene import SceneIntervention
from drive_stack.types import FloatArray, FrameLabels, Image

if TYPE_CHECKING:  # importing it loads numba, which the process of an agent does not need
    from drive_stack.world_state import WorldState


class TruthSource(Protocol):
    """Access to the ground truth. Only oracles and privileged agents receive one."""

    def world_state(self) -> WorldState:
        """The complete state of the world at the present step, in the world frame."""
        ...

    def labels(self) -> FrameLabels:
        """Ground-truth labels of the image of the last observation."""
        ...

    def forecast(self, horizon: float, dt: float) -> dict[int, FloatArray]:
        """Simulate the future of all other actors.

        A copy of the world is stepped forward, in which the ego keeps its speed and its lane.

        Args:
            horizon: length of the forecast [s].
            dt: time between two instants of the forecast [s].

        Returns:
            For each actor id, (T, 3) future x [m], y [m] and yaw [rad] in the world frame at the times
            dt, 2·dt, …, horizon.
        """
        ...


class OracleStages(Protocol):
    """Factory of the oracle of each stage, which computes the stage's output from the ground truth.

    The environment provides it.
    """

    def detector(self) -> Detector:
        """A detector that returns the boxes of the camera's labels."""
        ...

    def lanes(self) -> LaneDetector:
        """A lane detector that reads the road map."""
        ...

    def lifter(self) -> Lifter:
        """A lifter that returns the true position of each detected object."""
        ...

    def tracker(self) -> Tracker:
        """A tracker that returns the true state of every actor near the ego, visible or not."""
        ...

    def predictor(self) -> Predictor:
        """A predictor that simulates a copy of the world."""
        ...

    def lateral(self) -> LateralController:
        """A lateral controller that knows the wheel angle and compensates the steering lag."""
        ...

    def longitudinal(self) -> LongitudinalController:
        """A longitudinal controller that knows the acceleration and compensates its lag."""
        ...

    def grip(self) -> GripEstimator:
        """An estimator that knows the surface of the road."""
        ...


class WorldAccess(Protocol):
    """What the unwrapped environment provides in addition to gymnasium's interface."""

    @property
    def platform(self) -> Platform:
        """The car that the environment simulates."""
        ...

    @property
    def truth(self) -> TruthSource:
        """Access to the ground truth of the present episode."""
        ...

    @property
    def oracles(self) -> OracleStages:
        """Factory of the oracle stages."""
        ...

    def picture(self, state: WorldState) -> Image:
        """The camera's image of a state of the present episode, such as one between two steps.

        Returns:
            (H, W, 3) uint8 RGB.

        Raises:
            RuntimeError: the environment has no camera.
        """
        ...

    def intervene(self, interventions: Sequence[SceneIntervention]) -> None:
        """Change the scene of all following episodes, each change from its time on; none if empty.

        Each call replaces the interventions of earlier ones.
        """
        ...
