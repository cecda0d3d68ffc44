"""Protocols of the pipeline's stages; `drive_stack.interfaces` shows in which order they run."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from drive_stack.types import (
    Detection,
    GroundEstimate,
    Image,
    LaneEstimate,
    LiftedObject,
    Observation,
    Plan,
    PlanningInput,
    Prediction,
    Track,
)


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
