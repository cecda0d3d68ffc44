"""Protocols of the stages and of an agent; implementations are injected, never imported here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from drive_stack.camera_model import CameraModel
from drive_stack.types import (
    Control,
    Detection,
    FloatArray,
    FrameLabels,
    Image,
    LaneEstimate,
    LiftedObject,
    Observation,
    Plan,
    PlanningInput,
    Prediction,
    StepTrace,
    Track,
)
from drive_stack.vehicle import VehicleParameters

if TYPE_CHECKING:  # it brings numba, which an agent's process need not load
    from drive_stack.world_state import WorldState


@dataclass(frozen=True, slots=True)
class Platform:
    """The car an agent is built for; the same for every agent."""

    car: VehicleParameters
    camera: CameraModel
    dt: float = 0.1  # time between two observations [s]


class Detector(Protocol):
    """Finds objects in one image."""

    def detect(self, image: Image) -> tuple[Detection, ...]: ...


class LaneDetector(Protocol):
    """Estimates the lanes from the image, filtered over time; without one, from what it remembers."""

    def reset(self) -> None: ...

    def estimate(self, image: Image | None, speed: float, yaw_rate: float) -> LaneEstimate: ...


class Lifter(Protocol):
    """Places detections on the road."""

    def lift(self, detections: tuple[Detection, ...]) -> tuple[LiftedObject, ...]: ...


class Tracker(Protocol):
    """Follows objects over time; ids are unique until the next reset."""

    def reset(self) -> None: ...

    def update(
        self, objects: tuple[LiftedObject, ...], speed: float, yaw_rate: float
    ) -> tuple[Track, ...]: ...


class Predictor(Protocol):
    """Says where tracks may go."""

    def predict(self, tracks: tuple[Track, ...], lanes: LaneEstimate) -> tuple[Prediction, ...]: ...


class Planner(Protocol):
    """Chooses a trajectory."""

    def reset(self) -> None: ...

    def plan(self, given: PlanningInput) -> Plan: ...


class LateralController(Protocol):
    """Steering angle [rad] that follows the plan."""

    def reset(self) -> None: ...

    def steer(self, plan: Plan, speed: float, yaw_rate: float) -> float: ...


class LongitudinalController(Protocol):
    """Acceleration [m/s²] that follows the plan."""

    def reset(self) -> None: ...

    def accelerate(self, plan: Plan, speed: float) -> float: ...


@runtime_checkable
class Remarking(Protocol):
    """A controller that may have something to say about its last step; the trace notes it."""

    @property
    def remark(self) -> str | None: ...


class Agent(Protocol):
    """Anything that drives the ego."""

    @property
    def name(self) -> str: ...

    @property
    def privileged(self) -> bool:
        """Whether any part of it reads the truth."""
        ...

    @property
    def trace(self) -> StepTrace | None:
        """What it thought in its last step, where it can say."""
        ...

    def reset(self, seed: int) -> None: ...

    def act(self, observation: Observation) -> Control: ...


@runtime_checkable
class ClosableAgent(Protocol):
    """An agent that holds something that must be let go of, such as a process."""

    def close(self) -> None: ...


def close_agent(agent: Agent) -> None:
    """Let go of what an agent holds, if anything; it drives no more."""
    if isinstance(agent, ClosableAgent):
        agent.close()


class TruthSource(Protocol):
    """A reader of the truth; only oracles and privileged agents are handed one."""

    def world_state(self) -> WorldState: ...

    def labels(self) -> FrameLabels:
        """Labels of the frame that was last observed."""
        ...

    def forecast(self, horizon: float, dt: float) -> dict[int, FloatArray]:
        """Actor id → ``(T, 3)`` future x, y, yaw in the world frame at dt, 2·dt, …, horizon.

        From a copy of the world stepped on with the ego holding its speed and lane.
        """
        ...


class OracleStages(Protocol):
    """Makes the oracle of each stage; the environment supplies it."""

    def detector(self) -> Detector: ...

    def lanes(self) -> LaneDetector: ...

    def lifter(self) -> Lifter: ...

    def tracker(self) -> Tracker: ...

    def predictor(self) -> Predictor: ...

    def lateral(self) -> LateralController: ...

    def longitudinal(self) -> LongitudinalController: ...


class WorldAccess(Protocol):
    """What the unwrapped environment offers beside gymnasium's interface."""

    @property
    def platform(self) -> Platform: ...

    @property
    def truth(self) -> TruthSource: ...

    @property
    def oracles(self) -> OracleStages: ...
