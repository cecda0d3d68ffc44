"""Protocols of the pipeline stages, of an agent, and of the access to a simulated world.

Implementations are injected; this module imports none of them. Records, frames and units are those of
`drive_stack.types`: the ego frame has x forward, y left and its origin on the ground below the rear axle.

The stages run in this order in every step, `Platform.dt` seconds apart:

    image ─ Detector ─ Lifter ─ Tracker ─┐
      └──── LaneDetector ────────────────┴─ Predictor ─ Planner ─ controllers ─ Control

A stage with a ``reset`` method keeps a state over time. ``reset`` is called once before each episode and
discards that state. The same inputs after a reset give the same outputs. A stage does not modify its inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from drive_stack.camera_model import CameraModel
from drive_stack.interventions.scene import SceneIntervention
from drive_stack.types import (
    Control,
    Detection,
    FloatArray,
    FrameLabels,
    GroundEstimate,
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

if TYPE_CHECKING:  # importing it loads numba, which the process of an agent does not need
    from drive_stack.world_state import WorldState


@dataclass(frozen=True, slots=True)
class Platform:
    """The car, its camera and its control rate; the same for every agent."""

    car: VehicleParameters
    camera: CameraModel
    dt: float = 0.1  # time between two observations [s]


class Detector(Protocol):
    """Detects objects in a single image."""

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """Detect the objects in one image.

        Args:
            image: (H, W, 3) uint8 RGB of the front camera.

        Returns:
            The detections in any order, empty where there are none. Boxes are clipped to the image [px];
            confidences are 0 … 1.

        Raises:
            ConfigError: the network was exported for images of another size.
        """
        ...


class LaneDetector(Protocol):
    """Estimates the ego lane and its adjacent lanes, filtered over time."""

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        ...

    def estimate(self, image: Image | None, speed: float, yaw_rate: float) -> LaneEstimate:
        """Estimate the lanes at the present step.

        Args:
            image: (H, W, 3) uint8 RGB of the front camera. None where no usable image exists: the last
                estimate is then propagated by the motion of the ego.
            speed: of the ego since the last step, ≥ 0 [m/s].
            yaw_rate: of the ego since the last step, positive to the left [rad/s].

        Returns:
            The lanes in the ego frame. The path has at least two points with increasing stations; the
            confidence is 0 (nothing known) … 1.
        """
        ...


class Lifter(Protocol):
    """Computes positions on the road from detections in the image."""

    def lift(
        self, detections: tuple[Detection, ...], ground: GroundEstimate | None = None
    ) -> tuple[LiftedObject, ...]:
        """Place the detections of one image in the ego frame.

        Args:
            detections: of the present image.
            ground: the road's surface as estimated with the lanes; None where it is taken for level.

        Returns:
            The objects whose position can be computed, in the order of ``detections``; there may be fewer.
            Positions are (2,) [m] with covariances (2, 2) [m²].
        """
        ...


class Tracker(Protocol):
    """Tracks objects over time. Ids are unique until the next reset."""

    def reset(self) -> None:
        """Discard all tracks; ids start again at the first one."""
        ...

    def update(self, objects: tuple[LiftedObject, ...], speed: float, yaw_rate: float) -> tuple[Track, ...]:
        """Update the tracks with the objects of the present image.

        Args:
            objects: all objects of the present image, in the present ego frame; may be empty.
            speed: of the ego at the present image, ≥ 0 [m/s].
            yaw_rate: of the ego at the present image, positive to the left [rad/s].

        Returns:
            All confirmed tracks in the present ego frame. A track that was not matched with an object is
            propagated; `Track.missed` counts the steps.
        """
        ...


class Predictor(Protocol):
    """Predicts the possible trajectories of tracks."""

    def predict(self, tracks: tuple[Track, ...], lanes: LaneEstimate) -> tuple[Prediction, ...]:
        """Predict every track over the horizon of the predictor.

        Returns:
            One prediction for each track, in the same order. Each has at least one hypothesis with (T, 2)
            positions [m] and (T,) headings [rad] in the present ego frame. The probabilities of one
            prediction add up to 1.
        """
        ...


class Planner(Protocol):
    """Plans a trajectory."""

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        ...

    def plan(self, inputs: PlanningInput) -> Plan:
        """Plan the trajectory of the rear axle from the present step on.

        Returns:
            A plan in the present ego frame with T ≥ 2 points and ``times[0] == 0``. A planner always returns
            a plan: where no candidate is feasible, the plan brakes.
        """
        ...


class LateralController(Protocol):
    """Computes the steering angle that follows a plan."""

    def reset(self) -> None:
        """Discard the state of the previous episode; the wheels point straight ahead."""
        ...

    def steer(self, plan: Plan, speed: float, yaw_rate: float) -> float:
        """Compute the steering command of the present step. It is called exactly once a step.

        Args:
            plan: the plan of the present step, in the present ego frame.
            speed: of the ego, ≥ 0 [m/s].
            yaw_rate: of the ego, positive to the left [rad/s].

        Returns:
            Road-wheel angle within ± ``car.max_steering``, positive to the left [rad].
        """
        ...


class LongitudinalController(Protocol):
    """Computes the acceleration that follows a plan."""

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        ...

    def accelerate(self, plan: Plan, speed: float) -> float:
        """Compute the acceleration command of the present step. It is called exactly once a step.

        Args:
            plan: the plan of the present step, in the present ego frame.
            speed: of the ego, ≥ 0 [m/s].

        Returns:
            Acceleration within ``car.min_acceleration`` … ``car.max_acceleration``, negative when
            braking [m/s²].
        """
        ...


class GripEstimator(Protocol):
    """Estimates the grip of the road."""

    def estimate(self, observation: Observation) -> float:
        """Estimate the maximum horizontal acceleration that the tyres transmit on this road [m/s²].

        Args:
            observation: of the present step.

        Returns:
            Radius of the friction circle, > 0 [m/s²].
        """
        ...


@runtime_checkable
class DiagnosticSource(Protocol):
    """A controller that can report a problem of its last step. The pipeline adds it to the trace's notes."""

    @property
    def diagnostic(self) -> str | None:
        """Description of the problem in the last step; None where there was none."""
        ...


@runtime_checkable
class ControlFeedback(Protocol):
    """A driver or controller that models its car from its own commands, and can be told of others."""

    def applied(self, control: Control) -> None:
        """Take ``control`` as that of the present step in place of the own one, after which it is called."""
        ...


class Agent(Protocol):
    """A driver of the ego."""

    @property
    def name(self) -> str:
        """Name in tables, reports and the viewer."""
        ...

    @property
    def privileged(self) -> bool:
        """Whether any part of the agent reads the ground truth."""
        ...

    @property
    def trace(self) -> StepTrace | None:
        """Intermediate results of the last step; None where the agent provides none."""
        ...

    def reset(self, seed: int) -> None:
        """Start an episode: discard the state of the previous one.

        Args:
            seed: the only source of randomness that the agent may use in the episode.
        """
        ...

    def act(self, observation: Observation) -> Control:
        """Drive one step.

        Returns:
            Steering [rad] and acceleration [m/s²]. The environment limits them to what the car can do; where
            one is not finite, the car brakes firmly.

        Raises:
            AgentError: the agent failed. An evaluation records this, or any other exception, as the agent's
                error and goes on with the next episode.
        """
        ...


@runtime_checkable
class ClosableAgent(Protocol):
    """An agent that owns a resource, such as a process."""

    def close(self) -> None:
        """Release the resource. The agent is not used afterwards."""
        ...


def close_agent(agent: Agent) -> None:
    """Release the resources of an agent, if it owns any. The agent is not used afterwards."""
    if isinstance(agent, ClosableAgent):
        agent.close()


def report_applied(receiver: object, control: Control) -> None:
    """Tell a driver or a controller which control was applied in place of its own, if it takes note."""
    if isinstance(receiver, ControlFeedback):
        receiver.applied(control)


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
